"""`voice-avatar chat` without a file: microphone and loudspeaker of this machine."""

from __future__ import annotations

import asyncio

from voice_avatar import wire
from voice_avatar.client import AvatarConnection, connect
from voice_avatar.client_audio import SoundPlayer, microphone


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
            case wire.TranscriptFinal(text=text) if text:
                print(f"you:    {text}")
            case wire.ReplyDone(spoken_text=text):
                print(f"avatar: {text}")
            case _:
                pass
