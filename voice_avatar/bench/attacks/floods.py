"""Floods of one client that has a token: as much as the protocol lets it say, and more."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from voice_avatar.bench.attacks.attack import Attack, Seen
from voice_avatar.bench.attacks.sockets import AttackSocket, Target
from voice_avatar.bench.callers.load_client import tone_utterances
from voice_avatar.bench.material.raw_frames import BINARY, PING, PONG, TEXT, frame
from voice_avatar.wire.frame_codec import FrameFlag, FrameKind, pack_header

_AGAIN_S: Final = 0.2
"""Until one who was cut off comes again, seconds."""

_GAP_SAMPLES: Final = 32_000
_EVENT_BYTES: Final = 15 * 1024 * 1024
_EVENT_CLIENTS: Final = 8
_MIC_HZ: Final = 50.0
_BATCH: Final = 64

Frames = Callable[[], Iterator[bytes]]


async def _steadily(
    target: Target,
    seconds: float,
    seen: Seen,
    per_s: float,
    frames: Frames,
    path: str = "/v1/avatar",
    **hello: Any,
) -> None:
    """Sends so many frames a second; comes again when it is cut off."""
    until_s = time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0:
        try:
            line = await AttackSocket.upgraded(target, path)
        except OSError as error:
            seen.ends[str(error) or type(error).__name__] += 1
            await asyncio.sleep(_AGAIN_S)
            continue
        if path == "/v1/avatar":
            await line.send(_text({"type": "session.hello", **hello}))
        made, due_s = frames(), time.monotonic()
        try:
            async with asyncio.timeout(left_s):
                while True:
                    data = next(made)
                    if not await line.send(data):
                        break
                    seen.sent += len(data)
                    due_s += 1.0 / per_s
                    await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        except TimeoutError:
            pass
        _ended(line, seen)
        await asyncio.sleep(_AGAIN_S)


def _ended(line: AttackSocket, seen: Seen) -> None:
    seen.ends[line.end] += 1
    if line.ended_s is not None:
        seen.closed_s.append(line.ended_s - line.since_s)
    line.cut()


def _text(message: dict[str, Any]) -> bytes:
    return frame(TEXT, json.dumps(message).encode())


def _same(message: dict[str, Any]) -> Frames:
    data = _text(message)

    def repeat() -> Iterator[bytes]:
        while True:
            yield data

    return repeat


def _typed(chars: int) -> Frames:
    return _same({"type": "input.text", "text": ("word " * chars)[:chars]})


def _mic(payload: bytes, step: int, flags: FrameFlag = FrameFlag.NONE) -> Frames:
    """Frames of the microphone, `step` samples from one to the next."""

    def go_on() -> Iterator[bytes]:
        number = 0
        while True:
            flag = flags if number else flags | FrameFlag.START
            head = pack_header(FrameKind.AUDIO_IN, flag, 0, number, number * step)
            yield frame(BINARY, head + payload)
            number += 1

    return go_on


def _talk() -> Iterator[bytes]:
    """An honest talker: says something, and is silent for two seconds."""
    number = 0
    while True:
        for said in tone_utterances():
            pcm = said.pcm + bytes(4 * 16_000)
            for at in range(0, len(pcm) - 639, 640):
                flag = FrameFlag.NONE if number else FrameFlag.START
                head = pack_header(FrameKind.AUDIO_IN, flag, 0, number, number * 320)
                yield frame(BINARY, head + pcm[at : at + 640])
                number += 1


def long_packet() -> bytes:
    """Returns an Opus packet of 120 ms: six times the same 20 ms (RFC 6716, section 3.2.5).

    Raises:
        AudioUnsupported: there is no Opus here.
    """
    from voice_avatar.audio.opus import OpusEncoder

    said = tone_utterances(1)[0].pcm
    one = OpusEncoder(16_000).push(said[:32_000])[20].payload
    return bytes([one[0] & 0xFC | 3, 6]) + 6 * one[1:]


async def _honest(target: Target, seconds: float, seen: Seen) -> None:
    await _steadily(target, seconds, seen, _MIC_HZ, _talk)


async def _long_turns(target: Target, seconds: float, seen: Seen) -> None:
    await _steadily(target, seconds, seen, 10.0, _typed(8000))


async def _short_turns(target: Target, seconds: float, seen: Seen) -> None:
    await _steadily(target, seconds, seen, 40.0, _typed(200))


async def _updates(target: Target, seconds: float, seen: Seen) -> None:
    settings = {"type": "session.update", "instructions": "Be brief. " * 1600, "captions": True}
    await _steadily(target, seconds, seen, 95.0, _same(settings))


async def _gaps(target: Target, seconds: float, seen: Seen) -> None:
    # 6.8 kB/s with the frames' heads.
    await _steadily(target, seconds, seen, 280.0, _mic(b"\0\0", _GAP_SAMPLES))


async def _gaps_within(target: Target, seconds: float, seen: Seen) -> None:
    await _steadily(target, seconds, seen, 48.0, _mic(b"\0\0", _GAP_SAMPLES))


async def _opus(target: Target, seconds: float, seen: Seen) -> None:
    packet = _mic(long_packet(), 1920, FrameFlag.CODEC)
    wish = {"codecs": ["opus", "pcm16"]}
    await _steadily(target, seconds, seen, _MIC_HZ, packet, audio_in=wish)


async def _events(target: Target, seconds: float, seen: Seen) -> None:
    audio = base64.b64encode(bytes(_EVENT_BYTES)).decode()
    append = _same({"type": "input_audio_buffer.append", "audio": audio})
    await asyncio.gather(
        *(
            _steadily(target, seconds, seen, 100.0, append, "/v1/realtime")
            for _ in range(_EVENT_CLIENTS)
        )
    )


async def unread(
    target: Target, seconds: float, seen: Seen, opcode: int, token: str | None = None
) -> None:
    """Sends control frames as fast as they go and reads nothing."""
    batch = frame(opcode, bytes(125)) * _BATCH
    until_s = time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0:
        try:
            line = await AttackSocket.upgraded(target, token=token)
        except OSError as error:
            seen.ends[str(error) or type(error).__name__] += 1
            await asyncio.sleep(_AGAIN_S)
            continue
        line.deafen()
        try:
            async with asyncio.timeout(left_s):
                while await line.send(batch):
                    seen.sent += len(batch)
                    await asyncio.sleep(0)
        except TimeoutError:
            pass
        _ended(line, seen)
        await asyncio.sleep(_AGAIN_S)


async def _pings(target: Target, seconds: float, seen: Seen) -> None:
    await unread(target, seconds, seen, PING)


async def _pongs(target: Target, seconds: float, seen: Seen) -> None:
    await unread(target, seconds, seen, PONG)


FLOODS: Final = (
    Attack("honest", 4, "an honest talker", _honest, is_honest=True),
    Attack("pings", 3, "pings, answers unread", _pings),
    Attack("turns.long", 3, "10 typed turns/s of 8000 characters", _long_turns),
    Attack("turns.short", 3, "40 typed turns/s of 200 characters", _short_turns),
    Attack("updates", 3, "95 session.update/s of 16 kB", _updates),
    Attack("gaps", 3, "280 gaps/s of 2 s in pts (6.8 kB/s)", _gaps),
    Attack("gaps.within", 3, "48 gaps/s of 2 s in pts", _gaps_within),
    Attack("opus", 3, "50 Opus packets/s of 120 ms", _opus),
    Attack("pongs", 3, "pongs", _pongs),
    Attack("realtime", 3, "8 clients, events of 20 MB on /v1/realtime", _events),
)
"""All, in the order in which they are run: what takes most memory last, because it is kept."""
