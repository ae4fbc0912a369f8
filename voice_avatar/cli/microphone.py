"""`voice-avatar chat` without a file: microphone and loudspeaker of this machine."""

from __future__ import annotations

import asyncio

from voice_avatar.client.audio import SoundPlayer, microphone
from voice_avatar.client.connection import AvatarConnection, connect
from voice_avatar.wire import turn_messages


async def talk(url: str, token: str | None) -> int:
    """Talks until Ctrl-C.

    Raises:
        AudioUnsupported: no sound library, or no sound device.
    """
    player = SoundPlayer()
    try:
        async with connect(url, token=token, player=player) as avatar:
            print("Speak; Ctrl-C ends. A headset keeps the avatar from hearing itself.")
            printing = asyncio.create_task(_print_turns(avatar))
            try:
                async with microphone(avatar.ready.audio_in.rate_hz) as frames:
                    async for pcm in frames:
                        await avatar.send_audio(pcm)
            finally:
                printing.cancel()
    finally:
        player.close()
    return 0


async def _print_turns(avatar: AvatarConnection) -> None:
    async for event in avatar:
        match event:
            case turn_messages.TranscriptFinal(text=text) if text:
                print(f"you:    {text}")
            case turn_messages.ReplyDone(spoken_text=text):
                print(f"avatar: {text}")
            case _:
                pass
