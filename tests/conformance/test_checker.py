"""The conformance checker: our server passes, and broken ones fail the rule that they break."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from kit.talk import tone
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from voice_avatar.cli.main import main
from voice_avatar.client import connection
from voice_avatar.config import load
from voice_avatar.conformance.checker import Result, as_json, check, line, summary
from voice_avatar.conformance.probe import Target
from voice_avatar.conformance.rules.catalogue import RULES
from voice_avatar.conformance.scenarios import SCENARIOS, audio, cues, done, started
from voice_avatar.conformance.scripted_server import serve_scenarios
from voice_avatar.conformance.transcript import (
    ORDER_RULES,
    Seen,
    broken_rules,
    read_binary,
    read_text,
)
from voice_avatar.conformance.vectors.sessions import ready
from voice_avatar.engines.scripted import (
    ScriptedLlm,
    ScriptedStt,
    ScriptedTts,
    ScriptedTurn,
    ScriptedVad,
)
from voice_avatar.errors import VoiceAvatarError
from voice_avatar.server.port import AvatarServer
from voice_avatar.stages.engines import Engines
from voice_avatar.wire import cue_messages, turn_messages
from voice_avatar.wire.fields import PATH, ServerMessage
from voice_avatar.wire.frame_codec import AudioFrame, pack_audio
from voice_avatar.wire.text import encode_text

pytestmark = pytest.mark.virtual_time

SECRET = "Secret-0123456789-abcde"
REPLY = (
    "This is an answer [gesture:wave] of some length. It has two sentences [face:happy] and more."
)

Mutate = Callable[[str | bytes], list[str | bytes]]


# ---------------------------------------------------------------------------------------------
# The rules of order, on sessions by hand


def session(*frames: ServerMessage | AudioFrame | str | bytes) -> list[Seen]:
    seen: list[Seen] = []
    seq = 0
    for frame in (ready(), *frames):
        if isinstance(frame, ServerMessage):
            seen.append(read_text(encode_text(frame, seq=seq, ts_ms=float(seq))))
            seq += 1
        elif isinstance(frame, str):
            seen.append(read_text(frame))
        else:
            seen.append(read_binary(frame if isinstance(frame, bytes) else pack_audio(frame)))
    return seen


def frames_of(*steps: object) -> list[ServerMessage | AudioFrame]:
    flat = [one for step in steps for one in (step if isinstance(step, list) else [step])]
    return [step.frame for step in flat]


REPLY_1 = frames_of(started(1), cues(1, 1.0), audio(1, 0, 0), audio(1, 1, 480))
ENDED = [*frames_of(done(1, "interrupted", 0))]
PAUSED = turn_messages.ReplyPaused(reply_id=1, at_ms=0.0)
CUT = turn_messages.ReplyInterrupted(reply_id=1, at_ms=1.0, reason="voice", spoken_text="")


def test_a_session_in_order_breaks_no_rule() -> None:
    assert not list(broken_rules(session(*REPLY_1, CUT, *ENDED, *frames_of(started(2)))))


@pytest.mark.parametrize(
    ("rule", "frames"),
    [
        ("frames.readable", ['{"type":"state","seq":1}']),
        ("frames.readable", [b"\x02"]),
        ("order.seq", ['{"type":"state","seq":5,"ts_ms":9.0,"state":"idle"}']),
        ("order.seq", ['{"type":"state","seq":1,"ts_ms":-1.0,"state":"idle"}']),
        ("order.one_reply", frames_of(started(2), started(3))),
        ("order.one_reply", [*frames_of(started(2), done(2, "failed", 0), started(1))]),
        ("order.started_first", frames_of(cues(1, 1.0))),
        ("order.started_first", frames_of(audio(1, 0, 0))),
        ("order.done_once", [*REPLY_1, CUT, *ENDED, *ENDED]),
        ("order.done_once", [*REPLY_1, CUT, *ENDED, *frames_of(audio(1, 2, 960))]),
        ("order.cues_first", frames_of(started(1), audio(1, 0, 0), cues(1, 1.0))),
        ("order.never_back", frames_of(started(1), cues(1, 1.0), cues(1, 1.0))),
        ("order.audio", frames_of(started(1), audio(1, 0, 0), audio(1, 1, 0))),
        ("order.audio", frames_of(started(1), audio(1, 1, 0))),
        ("order.audio_done", [*REPLY_1, *frames_of(done(1, "completed", 960))]),
        (
            "order.audio_done",
            [*REPLY_1, turn_messages.ReplyAudioDone(reply_id=1, sample_count=961)],
        ),
        ("order.interrupted", [*REPLY_1, CUT, *frames_of(audio(1, 2, 960))]),
        ("order.interrupted", [*REPLY_1, CUT, *frames_of(cues(1, 9.0))]),
        ("order.paused", [*REPLY_1, PAUSED, *frames_of(audio(1, 2, 960))]),
        ("order.turn", [turn_messages.TurnEnded(turn_id=1, reason="vad", silence_ms=1.0)]),
        (
            "order.turn",
            [
                turn_messages.ReplyStarted(
                    reply_id=1, stream=1, turn_id=9, rate_hz=16_000, codec="pcm16"
                )
            ],
        ),
        (
            "order.names",
            [
                *frames_of(started(1)),
                cue_messages.Face(
                    reply_id=1,
                    t_ms=0.0,
                    expression="smug",
                    intensity=1.0,
                    valence=0.0,
                    arousal=0.0,
                    fade_ms=0.0,
                    hold_ms=0.0,
                    source="llm",
                ),
            ],
        ),
    ],
)  # fmt: skip
def test_a_session_out_of_order_breaks_the_rule_of_that_name(
    rule: str, frames: list[ServerMessage | AudioFrame | str | bytes]
) -> None:
    assert rule in {broken.rule for broken in broken_rules(session(*frames))}


def test_gestures_whose_sync_points_decrease_break_a_rule() -> None:
    gesture = next(one for one in frames_of(cues(1, 1.0)) if isinstance(one, cue_messages.Gesture))
    data = json.loads(encode_text(gesture, seq=2, ts_ms=2.0)) | {"relax_ms": 900.0}
    seen = session(*frames_of(started(1)), json.dumps(data))
    assert [broken.rule for broken in broken_rules(seen)] == ["order.sync_points"]


def test_every_rule_has_a_name_of_its_own_and_a_section_of_the_document() -> None:
    names = [one.name for one in RULES] + list(ORDER_RULES)
    assert len(names) == len(set(names))
    assert all(1 <= one.section <= 15 for one in RULES)


def test_results_are_told_as_a_table_and_as_json() -> None:
    results = [
        Result("a.b", 3, "It is so.", "pass"),
        Result("a.c", 4, "It is not so.", "fail", "it was otherwise"),
    ]
    assert line(results[1]).startswith("fail  a.c ")
    assert line(results[1]).endswith("<- it was otherwise")
    assert summary(results) == "1 passed, 1 failed, 0 skipped"
    told = json.loads(as_json("ws://x", results))
    assert (told["pass"], told["fail"], told["rules"][1]["why"]) == (1, 1, "it was otherwise")


# ---------------------------------------------------------------------------------------------
# Against servers


@asynccontextmanager
async def our_server() -> AsyncIterator[str]:
    engines = Engines(
        ScriptedVad(), ScriptedTurn(), ScriptedStt(), ScriptedLlm((REPLY,)), ScriptedTts()
    )
    settings = load.load("", {}, {"server.port": "0", "server.tokens": SECRET}, None)
    server = AvatarServer(settings, lambda: engines)
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(30):
            while not server.is_ready:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        yield f"ws://127.0.0.1:{server.port}{PATH}"
    finally:
        server.stop()
        await serving


@asynccontextmanager
async def broken_server(
    url: str, mutate: Mutate, close: Callable[[int], int] = lambda code: code
) -> AsyncIterator[str]:
    """Our server behind a relay that changes what the server says."""

    async def up(socket: ServerConnection, server: connection.ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for data in socket:
                await server.send(data)
            await server.close()
            return
        server.transport.abort()  # a line that was cut is one on the other side too

    async def handle(socket: ServerConnection) -> None:
        async with connect(
            url,
            max_size=None,
            compression=None,
            additional_headers={"Authorization": f"Bearer {SECRET}"},
        ) as server:
            going_up = asyncio.create_task(up(socket, server))
            with suppress(ConnectionClosed):
                async for data in server:
                    for frame in mutate(data):
                        await socket.send(frame)
            code = server.close_code or 1000
            with suppress(ConnectionClosed):
                await socket.close(close(1000 if code == 1006 else code))
            going_up.cancel()
            await asyncio.gather(going_up, return_exceptions=True)

    async with serve(handle, "127.0.0.1", 0, compression=None, max_size=None) as listening:
        yield f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}{PATH}"


@pytest.mark.realtime
async def test_our_server_keeps_every_rule() -> None:
    async with our_server() as url:
        target = Target(url, SECRET, 8.0, tone(1.2))
        results = await check(target)
    assert not [line(result) for result in results if result.outcome == "fail"]
    skipped = {result.rule for result in results if result.outcome == "skip"}
    assert skipped <= {"hello.timeout", "binary.overrun_close"}
    assert {"resume.gone", "resume.goes_on", "resume.audio"} <= {one.rule for one in results}
    assert len(results) - len(skipped) > 70


def late_cues() -> Mutate:
    """Holds back every visemes message until two frames of audio have passed."""
    held: list[str | bytes] = []

    def mutate(data: str | bytes) -> list[str | bytes]:
        if isinstance(data, str) and '"type":"visemes"' in data:
            held.append(data)
            return []
        if isinstance(data, bytes) and held:
            given = [data, *held]
            held.clear()
            return given
        return [data]

    return mutate


def renumbered(data: str | bytes) -> list[str | bytes]:
    return [data.replace('"seq":1,', '"seq":7,') if isinstance(data, str) else data]


def replaced(old: str, new: str) -> Mutate:
    return lambda data: [data.replace(old, new) if isinstance(data, str) else data]


def audio_twice(data: str | bytes) -> list[str | bytes]:
    return [data, data] if isinstance(data, bytes) else [data]


def done_twice(data: str | bytes) -> list[str | bytes]:
    return [data, data] if isinstance(data, str) and '"reply.done"' in data else [data]


def stale_audio() -> Mutate:
    last: list[bytes] = []

    def mutate(data: str | bytes) -> list[str | bytes]:
        if isinstance(data, bytes):
            last[:] = [data]
        elif '"type":"reply.interrupted"' in data and last:
            return [data, *last]
        return [data]

    return mutate


def silent(kind: str) -> Mutate:
    return lambda data: [] if isinstance(data, str) and f'"type":"{kind}"' in data else [data]


def says_nothing_was_missed(data: str | bytes) -> list[str | bytes]:
    return [re.sub(r'"replayed":\d+', '"replayed":0', data) if isinstance(data, str) else data]


def lossy() -> Mutate:
    """Loses every fifth frame of audio."""
    count = itertools.count()

    def mutate(data: str | bytes) -> list[str | bytes]:
        is_lost = isinstance(data, bytes) and next(count) % 5 == 4
        return [] if is_lost else [data]

    return mutate


def kept(code: int) -> int:
    return code


def always_1011(code: int) -> int:
    return 1011


@pytest.mark.realtime
@pytest.mark.parametrize(
    ("rule", "only", "mutate", "close"),
    [
        ("order.cues_first", "turn.text", late_cues(), kept),
        ("order.seq", "text.ping", renumbered, kept),
        ("order.audio", "turn.text", audio_twice, kept),
        ("order.interrupted", "interrupt.message", stale_audio(), kept),
        ("order.done_once", "turn.text", done_twice, kept),
        ("frames.readable", "hello.ready", replaced('"limits"', '"limit"'), kept),
        ("text.bad_json", "text.bad_json", replaced('"bad_json"', '"bad_field"'), kept),
        ("text.bad_field", "text.bad_field", replaced('"ref":"input.text"', '"ref":""'), kept),
        ("text.unknown_type", "text.unknown_type", silent("warning"), kept),
        ("hello.version", "hello.version", lambda data: [data], always_1011),
        ("text.too_big", "text.too_big", lambda data: [data], always_1011),
        ("hello.visemes", "hello.visemes", replaced('"sil"', '"rest"'), kept),
        ("turn.visemes", "turn.visemes", replaced('"set":"ovr15"', '"set":"vrm5"'), kept),
        ("interrupt.message", "interrupt.message", silent("reply.interrupted"), kept),
        ("turn.text", "turn.text", replaced('"completed"', '"failed"'), kept),
        ("session.close", "session.close", lambda data: [data], always_1011),
        ("resume.goes_on", "resume.goes_on", says_nothing_was_missed, kept),
        ("resume.audio", "resume.audio", lossy(), kept),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
async def test_a_broken_server_fails_the_rule_that_it_breaks(
    rule: str, only: str, mutate: Mutate, close: Callable[[int], int]
) -> None:
    async with our_server() as url, broken_server(url, mutate, close) as broken:
        results = await check(Target(broken, None, 4.0, tone(1.2)), [only])
    failed = {result.rule: result.why for result in results if result.outcome == "fail"}
    assert rule in failed
    assert failed[rule]


@pytest.mark.realtime
async def test_a_server_that_is_not_there_fails_every_rule_and_the_command_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["conformance", "--url", "ws://127.0.0.1:9", "--only", "hello.*", "--json"]
    code = await asyncio.to_thread(main, [*arguments, "--timeout", "1"])
    told = json.loads(capsys.readouterr().out)
    assert code == 1
    assert told["pass"] == 0
    assert told["fail"] >= 10


# ---------------------------------------------------------------------------------------------
# The scripted server, with the Python client


@pytest.mark.realtime
@pytest.mark.parametrize(
    "name",
    [
        *("reply", "interruption", "late_frames", "pause_resume", "pause_interruption", "slow"),
        *("gap_and_repeat", "bad_frames", "goaway"),
    ],
)
async def test_the_python_client_passes_the_scenario(name: str) -> None:
    async with (
        serve_scenarios("127.0.0.1", 0) as url,
        connection.connect(f"{url}?scenario={name}") as avatar,
    ):
        async with asyncio.timeout(30):
            async for _ in avatar:
                pass
        assert (avatar._socket.close_reason) == "passed"
        assert SCENARIOS[name].steps


@pytest.mark.realtime
async def test_a_client_that_does_not_stop_fails_the_scenario() -> None:
    hello = {"type": "session.hello", "client": {"name": "interruption"}}
    report = {"type": "playback.report", "reply_id": 1, "state": "playing", "played_samples": 480}
    async with serve_scenarios("127.0.0.1", 0) as url, connect(url) as socket:
        await socket.send(json.dumps(hello))
        await socket.send(json.dumps(report))
        with suppress(ConnectionClosed):
            async with asyncio.timeout(30):
                async for _ in socket:
                    pass
        assert socket.close_code == 1008
        assert socket.close_reason == "no playback.report stopped came within 5 s"


@pytest.mark.realtime
async def test_a_cut_session_is_resumed_with_what_was_missed() -> None:
    hello = {"type": "session.hello", "client": {"name": "cut_resume"}}

    def report(state: str, played: int) -> str:
        return json.dumps(
            {"type": "playback.report", "reply_id": 1, "state": state, "played_samples": played}
        )

    texts: list[dict[str, object]] = []
    ends: list[int] = []
    async with serve_scenarios("127.0.0.1", 0) as url:
        async with connect(url) as socket:
            await socket.send(json.dumps(hello))
            await socket.send(report("started", 4800))
            with suppress(ConnectionClosed):
                texts.append(json.loads(await socket.recv()))
                async for _ in socket:
                    pass
            assert socket.close_code == 1006
        offer = texts[0]["resume"]
        assert isinstance(offer, dict)
        resume = {"session_id": "s1", "token": offer["token"], "last_seq": 2}
        async with connect(url) as socket:
            await socket.send(json.dumps(hello | {"resume": resume}))
            again = [json.loads(await socket.recv())]
            async with asyncio.timeout(30):
                async for data in socket:
                    if isinstance(data, bytes):
                        ends.append(int.from_bytes(data[8:16], "little") + (len(data) - 16) // 2)
                        await socket.send(report("playing", ends[-1]))
                    else:
                        again.append(json.loads(data))
                        if again[-1]["type"] == "reply.audio_done":
                            await socket.send(report("finished", ends[-1]))
            assert socket.close_reason == "passed"
    assert again[0]["type"] == "session.resumed"
    assert again[0]["seq"] == 2
    assert [one["seq"] for one in again[1:]] == list(range(3, 3 + len(again) - 1))
    assert ends[0] == 4800 + 480
    assert ends == list(range(5280, 50 * 480 + 1, 480))


@pytest.mark.realtime
@pytest.mark.parametrize("code", [1011, 4001, 4408, 4503])
async def test_a_close_scenario_closes_with_its_code(code: int) -> None:
    async with serve_scenarios("127.0.0.1", 0) as url:
        if code == 4001:
            with pytest.raises(VoiceAvatarError) as refused:
                async with connection.connect(f"{url}?scenario=unauthorized"):
                    pass
            assert refused.value.code == "unauthorized"
        async with connect(f"{url}?scenario=close_{code}") as socket:
            await socket.send('{"type":"session.hello"}')
            with suppress(ConnectionClosed):
                async for _ in socket:
                    pass
            assert socket.close_code == code
