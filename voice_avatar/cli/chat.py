"""`voice-avatar chat`: a conversation by microphone, from WAV files, or typed."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from voice_avatar.audio.pcm import dbfs, sample_count
from voice_avatar.audio.wav import write_wav
from voice_avatar.cli.serve import engine_of, engines_of, with_uvloop
from voice_avatar.client.audio import SoundPlayer, microphone, read_wav
from voice_avatar.client.connection import AvatarConnection, connect
from voice_avatar.client.playback import AudioReceived, FacesReceived, Reply
from voice_avatar.config.load import Config
from voice_avatar.errors import AudioUnsupported, ConnectionFailed
from voice_avatar.server.port import AvatarServer
from voice_avatar.wire import turn_messages

_SPEECH_FLOOR_DB = 30.0
"""Audio quieter than the loudest by this many dB counts as silence when the end is searched for."""

_STEP_S = 0.01
_REPLY_TIMEOUT_S = 60.0

_GREETING_S = 1.0
"""Time for a greeting to begin; then it is taken that there is none."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What the command line asks for.

    Attributes:
        url: server, None = one inside this process.
        token: bearer token.
        wavs: recordings to say, in order.
        texts: texts to type, in order, after the recordings.
        speech_end_s: end of the speech in the recordings, seconds; None = found by level.
        out: WAV file for the replies, None = none.
        is_json: print one JSON object per reply instead of lines for people.
    """

    url: str | None
    token: str | None
    wavs: tuple[str, ...]
    texts: tuple[str, ...]
    speech_end_s: float | None
    out: str | None
    is_json: bool


def chat(config: Config, request: ChatRequest) -> int:
    """Holds the conversation.

    Raises:
        AudioUnsupported: a recording cannot be read.
        VoiceAvatarError: no server, or no conversation with it.
    """
    said = [_recording(path, request.speech_end_s) for path in request.wavs]
    return with_uvloop(_chat(config, request, said))


@dataclass(frozen=True, slots=True)
class Recorded:
    """Something to say.

    Attributes:
        pcm: 16-bit mono.
        rate_hz: its rate.
        end_s: where its speech ends, seconds.
        how: how that was found.
    """

    pcm: bytes
    rate_hz: int
    end_s: float
    how: str


def _recording(path: str, end_s: float | None) -> Recorded:
    try:
        pcm, rate_hz = read_wav(path)
    except OSError as error:
        raise AudioUnsupported(f"{path} cannot be read: {error.strerror}.") from error
    if end_s is not None:
        return Recorded(pcm, rate_hz, end_s, "given")
    how = f"last 10 ms within {_SPEECH_FLOOR_DB:g} dB of the loudest"
    return Recorded(pcm, rate_hz, speech_end_s(pcm, rate_hz), how)


async def _chat(config: Config, request: ChatRequest, said: Sequence[Recorded]) -> int:
    async with _server_url(config, request.url) as url:
        if not request.wavs and not request.texts:
            return await _talk(url, request.token)
        async with connect(url, token=request.token) as avatar:
            return await _turns(avatar, request, said)


@asynccontextmanager
async def _server_url(config: Config, url: str | None) -> AsyncIterator[str]:
    """Yields the URL of a server: the one asked for, or one inside this process."""
    if url is not None:
        yield url.replace("http://", "ws://").replace("https://", "wss://")
        return
    config = replace(config, server=replace(config.server, host="127.0.0.1", port=0, tokens=()))
    server = AvatarServer(
        config, lambda: engines_of(config), lambda stage: engine_of(config, stage)
    )
    is_ready = asyncio.Event()
    serving = asyncio.create_task(server.serve(lambda _: is_ready.set()))
    waiting = asyncio.create_task(is_ready.wait())
    await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        if serving.done():
            serving.result()
        yield f"ws://127.0.0.1:{server.port}"
    finally:
        server.stop()
        await serving


# -- by microphone


async def _talk(url: str, token: str | None) -> int:
    """Talks by microphone and loudspeaker of this machine, until Ctrl-C.

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


# -- from WAV files, or typed


async def _turns(avatar: AvatarConnection, request: ChatRequest, said: Sequence[Recorded]) -> int:
    seen = _Seen()
    watching = asyncio.create_task(seen.watch(avatar))
    try:
        await _hear_greeting(avatar, seen)
        replies = [await _say(avatar, recording, request, seen) for recording in said]
        replies += [await _type(avatar, text, request, seen) for text in request.texts]
    except TimeoutError:
        raise ConnectionFailed("No reply: nothing was understood, or the server hangs.") from None
    finally:
        watching.cancel()
    if request.out:
        write_wav(request.out, b"".join(bytes(r.audio) for r in replies), replies[0].rate_hz)
    return 0


class _Seen:
    """What the server told, counted by type from one reply's end to the next.

    Attributes:
        greeting: set once a reply to nobody has begun.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._done = 0
        self._changed = asyncio.Event()
        self.greeting = asyncio.Event()

    async def watch(self, avatar: AvatarConnection) -> None:
        """Counts until the session ends."""
        async for event in avatar:
            if isinstance(event, AudioReceived):
                self._counts["audio"] += 1
                continue
            if isinstance(event, FacesReceived):
                self._counts["faces"] += 1
                continue
            self._counts[str(event.__struct_config__.tag)] += 1
            if isinstance(event, turn_messages.ReplyStarted) and event.turn_id == 0:
                self.greeting.set()
            if isinstance(event, turn_messages.ReplyDone):
                self._done = event.reply_id
                self._changed.set()

    async def until(self, reply: Reply) -> dict[str, int]:
        """Returns what was told up to the end of `reply`, and begins anew."""
        while self._done < reply.reply_id:
            self._changed.clear()
            await self._changed.wait()
        counts = dict(self._counts)
        self._counts.clear()
        return counts


async def _hear_greeting(avatar: AvatarConnection, seen: _Seen) -> None:
    """Lets the avatar finish its greeting: whoever talks into it interrupts it."""
    try:
        async with asyncio.timeout(_GREETING_S):
            await seen.greeting.wait()
    except TimeoutError:
        return
    async with asyncio.timeout(_REPLY_TIMEOUT_S):
        await seen.until(await avatar.next_reply())


async def _type(avatar: AvatarConnection, text: str, request: ChatRequest, seen: _Seen) -> Reply:
    async with asyncio.timeout(_REPLY_TIMEOUT_S):
        reply = await avatar.ask(text)
    _report(reply, Timing(None, "", 0), request, await seen.until(reply))
    return reply


@dataclass(frozen=True, slots=True)
class Timing:
    """When a recording was answered.

    Attributes:
        v2v_ms: from the end of its speech to the first audible sample of the reply; None = no
            speech, or nothing audible.
        speech_end: how the end of the speech was found.
        cut_offs: replies that began before the speech was over.
    """

    v2v_ms: float | None
    speech_end: str
    cut_offs: int


async def _say(
    avatar: AvatarConnection, recording: Recorded, request: ChatRequest, seen: _Seen
) -> Reply:
    """Streams a recording in real time and returns the reply to its end."""
    pcm, rate_hz, end_s = recording.pcm, recording.rate_hz, recording.end_s
    started_s = time.monotonic()
    streaming = asyncio.create_task(avatar.stream(pcm, rate_hz))
    cut_offs = 0
    try:
        async with asyncio.timeout(sample_count(pcm) / rate_hz + _REPLY_TIMEOUT_S):
            while True:
                reply = await avatar.next_reply()
                audible_s = reply.first_audible_s
                if audible_s is None or audible_s > started_s + end_s:
                    break
                cut_offs += 1
    finally:
        streaming.cancel()
        await asyncio.gather(streaming, return_exceptions=True)
    v2v_ms = None if audible_s is None else (audible_s - started_s - end_s) * 1000
    _report(reply, Timing(v2v_ms, recording.how, cut_offs), request, await seen.until(reply))
    return reply


def speech_end_s(pcm: bytes, rate_hz: int) -> float:
    """Returns where the speech of a clean recording ends, seconds, by its level alone."""
    step = int(rate_hz * _STEP_S) * 2
    levels = np.array([dbfs(pcm[at : at + step]) for at in range(0, len(pcm), step)] or [-100.0])
    loud = np.flatnonzero(levels > levels.max() - _SPEECH_FLOOR_DB)
    return float((loud[-1] + 1) * _STEP_S)


def _report(reply: Reply, timing: Timing, request: ChatRequest, counts: dict[str, int]) -> None:
    v2v_ms = timing.v2v_ms
    if not request.is_json:
        print(f"you:    {reply.user_text}")
        wait = "" if v2v_ms is None else f"   ({v2v_ms:.0f} ms after your last word)"
        print(f"avatar: {reply.spoken_text}{wait}", flush=True)
        return
    fields: dict[str, Any] = {
        "user_text": reply.user_text,
        "reply_text": reply.text,
        "spoken_text": reply.spoken_text,
        "status": reply.status,
        "v2v_ms": None if v2v_ms is None else round(v2v_ms, 1),
        "speech_end": timing.speech_end,
        "cut_offs": timing.cut_offs,
        "audio_s": round(reply.audio_s, 3),
        "rate_hz": reply.rate_hz,
        "visemes": reply.visemes,
        "gestures": [msgspec.to_builtins(cue) for cue in reply.cues],
        "captions": [msgspec.to_builtins(segment) for segment in reply.segments],
        "metrics": None if reply.metrics is None else msgspec.to_builtins(reply.metrics),
        "events": counts,
    }
    print(msgspec.json.encode(fields).decode(), flush=True)
