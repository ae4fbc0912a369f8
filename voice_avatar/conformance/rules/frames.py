"""Rules of text and binary frames. PROTOCOL.md, sections 3, 4 and 12."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from websockets.exceptions import ConnectionClosed

from voice_avatar.conformance.probe import RuleBroken, Session, Target
from voice_avatar.conformance.rules.catalogue import demand, rule
from voice_avatar.wire import server_messages
from voice_avatar.wire.fields import MAX_TEXT_BYTES
from voice_avatar.wire.frame_codec import MAX_BINARY_BYTES, AudioFrame, FrameKind, pack_audio

_BAD_JSON: Final = ("{", "", "[1]", "null", '{"text":1}', '{"type":1}', '{"type":"x",}')
_BAD_FIELD: Final[tuple[dict[str, object], ...]] = (
    {"type": "input.text"},
    {"type": "input.text", "text": ""},
    {"type": "input.text", "text": "x" * 8193},
    {"type": "playback.report", "reply_id": -1, "played_samples": 0},
    {"type": "playback.report", "reply_id": 1, "played_samples": 1.5},
    {"type": "session.update", "language": "English"},
    {"type": "input.start", "mode": "?"},
    {"type": "clock.ping", "t0_ms": "1"},
)


@rule("text.bad_json", 3, "What is no JSON object with a type: `bad_json`, the session goes on.")
async def _(server: Target) -> None:
    async with server.session() as session:
        for text in (*_BAD_JSON, '{"type":"clock.ping","t0_ms":NaN}'):
            await session.send(text)
            error = await session.first(server_messages.ErrorMessage)
            demand(error.code == "bad_json", f"{text[:40]!r}: {error.code}")
            demand(not error.fatal, f"{text[:40]!r}: the error is fatal")
        await session.is_open()


@rule("text.bad_field", 3, "A field that is missing or wrong: `bad_field` with ref.")
async def _(server: Target) -> None:
    async with server.session() as session:
        for message in _BAD_FIELD:
            await session.send(message)
            error = await session.first(server_messages.ErrorMessage)
            demand(error.code == "bad_field", f"{message['type']}: {error.code}")
            demand(error.ref == message["type"], f"{message['type']}: ref {error.ref!r}")
        await session.is_open()


@rule("text.unknown_type", 14, "A type that is not known: a warning, the session goes on.")
async def _(server: Target) -> None:
    async with server.session() as session:
        await session.send({"type": "input.dance"})
        await session.first(server_messages.WarningMessage, code="unknown_type")
        await session.is_open()


@rule("text.experimental", 3, "Types that begin with x. are ignored in silence.")
async def _(server: Target) -> None:
    async with server.session() as session:
        before = len(
            session.codes(server_messages.WarningMessage)
            + session.codes(server_messages.ErrorMessage)
        )
        await session.send({"type": "x.dance", "how": {"fast": [1, 2]}})
        await session.is_open()
        after = session.codes(server_messages.WarningMessage) + session.codes(
            server_messages.ErrorMessage
        )
        demand(len(after) == before, f"the server said {after[before:]}")


@rule("text.unknown_fields", 14, "Fields that are not known are ignored.")
async def _(server: Target) -> None:
    async with server.session(x_mood="good", client={"name": "c", "added": 1}) as session:
        await session.send({"type": "clock.ping", "t0_ms": 5, "x_more": {"a": [None]}})
        await session.first(server_messages.ClockPong, t0_ms=5.0)


@rule("text.not_utf8", 13, "A text frame that is not UTF-8: close 1007.")
async def _(server: Target) -> None:
    async with server.session() as session:
        await session.socket.send(b'{"type":"input.text","text":"\xff"}', text=True)
        closed = await session.closes()
        demand(closed == 1007, f"closed with {closed}")


@rule("text.too_big", 1, "A text frame over the limit: close 1009.")
async def _(server: Target) -> None:
    async with server.session() as session:
        await session.send('{"type":"input.commit"' + " " * MAX_TEXT_BYTES + "}")
        closed = await session.closes()
        demand(closed == 1009, f"closed with {closed}")


@rule("text.biggest", 1, "A text frame of just the limit is read.")
async def _(server: Target) -> None:
    async with server.session() as session:
        head, tail = '{"type":"input.clear"', "}"
        await session.send(head + " " * (MAX_TEXT_BYTES - len(head) - len(tail)) + tail)
        await session.is_open()


@rule("text.too_many_errors", 3, "After 100 errors the server closes with 4000.")
async def _(server: Target) -> None:
    async with server.session() as session:
        for _ in range(100):
            await session.send("{")
            await session.first(server_messages.ErrorMessage, code="bad_json")
        await session.send("{")
        closed = await session.closes()
        demand(closed == 4000, f"closed with {closed}")


@rule("text.ping", 5, "clock.pong has the ping's t0_ms, and t1_ms <= t2_ms on one clock.")
async def _(server: Target) -> None:
    async with server.session() as session:
        await session.send({"type": "clock.ping", "t0_ms": -3.5})
        one = await session.first(server_messages.ClockPong, t0_ms=-3.5)
        await asyncio.sleep(0.1)
        await session.send({"type": "clock.ping", "t0_ms": 1e12})
        two = await session.first(server_messages.ClockPong, t0_ms=1e12)
        demand(one.t1_ms <= one.t2_ms <= two.t1_ms <= two.t2_ms, "the clock goes back")
        passed_ms = two.t1_ms - one.t1_ms
        demand(90 <= passed_ms <= 2000, f"{passed_ms:.0f} ms instead of 100")


@rule("frames.websocket_ping", 1, "WebSocket pings are answered.")
async def _(server: Target) -> None:
    async with server.raw() as session:
        await session.greet()
        async with asyncio.timeout(server.timeout_s):
            await (await session.socket.ping())


async def _bad_frame(session: Session, name: str, data: bytes) -> None:
    await session.send(data)
    error = await session.first(server_messages.ErrorMessage)
    demand(error.code == "bad_frame", f"{name}: {error.code}")
    demand(error.ref == "binary", f"{name}: ref {error.ref!r}")


@rule("binary.bad_frame", 4, "A frame with a wrong header or payload: `bad_frame`.")
async def _(server: Target) -> None:
    good = pack_audio(AudioFrame(FrameKind.AUDIO_IN, 0, 0, 0, bytes(4)))
    wrong = {
        "empty": b"",
        "half a header": good[:8],
        "half a sample": good + b"\x00",
        "no payload": good[:16],
        "pts out of range": good[:15] + b"\xff" + good[16:],
        "kind 2": b"\x02" + good[1:],
        "Opus, not agreed on": good[:1] + b"\x08" + good[2:],
    }
    async with server.session() as session:
        for name, data in wrong.items():
            await _bad_frame(session, name, data)
        await session.is_open()


@rule("binary.unknown_kind", 4, "Kinds that are not known are ignored.")
async def _(server: Target) -> None:
    async with server.session() as session:
        before = len(session.codes(server_messages.ErrorMessage))
        await session.send(b"\xc8" + bytes(19))
        await session.is_open()
        demand(len(session.codes(server_messages.ErrorMessage)) == before, "an error came")


@rule("binary.too_big", 1, "A binary frame over the limit: close 1009.")
async def _(server: Target) -> None:
    async with server.session() as session:
        await session.send(bytes((1, 0)) + bytes(MAX_BINARY_BYTES))
        closed = await session.closes()
        demand(closed == 1009, f"closed with {closed}")


@rule("binary.repeat", 4, "A frame that comes twice is dropped, without an error.")
async def _(server: Target) -> None:
    async with server.session() as session:
        one = session.microphone(bytes(640))
        for data in (one, session.microphone(bytes(640))):
            await session.send(data)
        await session.send(one[:1] + b"\x00" + one[2:])
        await session.is_open()
        demand(
            not session.codes(server_messages.ErrorMessage),
            f"{session.codes(server_messages.ErrorMessage)}",
        )


@rule("binary.gap", 4, "Samples that are missing: an `input_gap` warning.")
async def _(server: Target) -> None:
    async with server.session() as session:
        await session.send(session.microphone(bytes(640)))
        session.skip_microphone(16_000)
        await session.send(session.microphone(bytes(640)))
        await session.first(server_messages.WarningMessage, code="input_gap")
        await session.is_open()


@rule("binary.overrun", 4, "Microphone audio faster than allowed: an `input_overrun` warning.")
async def _(server: Target) -> None:
    async with server.session() as session:
        await session.speak(bytes(32_000 * 6), every_s=0.0)
        await session.first(server_messages.WarningMessage, code="input_overrun")
        await session.is_open()


@rule("binary.overrun_close", 4, "5 s of audio that is too fast: close 4429.", is_slow=True)
async def _(server: Target) -> None:
    async with server.session() as session:
        # Three times real time: a server that is flooded could not get its close through.
        end_s = time.monotonic() + 10.0 + server.timeout_s
        try:
            await session.speak(bytes(32_000 * 3), every_s=0.0)
            while time.monotonic() < end_s:
                await session.speak(bytes(3_200), every_s=0.0)
                await session.next(1 / 30)
        except (ConnectionClosed, RuleBroken):
            pass  # it closed while this was sending
        closed = await session.closes()
        demand(closed == 4429, f"closed with {closed}")
