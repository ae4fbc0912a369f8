"""`bench load`: what a curve says of a server, and users who talk with one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from kit.edge import BRISK, engines, running
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from voice_avatar.bench.callers.load_client import Metronome, Spec, User, shares, tone_utterances
from voice_avatar.bench.callers.load_line import LoadLine
from voice_avatar.bench.figures.capacity import (
    LoadPoint,
    capacity,
    memory_per_session_mb,
    paced_capacity,
)
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.errors import ConnectionFailed
from voice_avatar.wire.fields import PATH
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind, pack_audio


def point(sessions: int, p95_s: float | None, **rest: float) -> LoadPoint:
    return LoadPoint(sessions, p95_s, p95_s, 10, **rest)  # type: ignore[arg-type]


def test_the_capacity_is_the_largest_load_before_the_first_that_is_not_held() -> None:
    curve = [point(1, 0.4), point(4, 0.59), point(2, 0.5), point(8, 0.61), point(16, 0.5)]
    assert capacity(curve) == 4


@pytest.mark.parametrize("fault", [{"missed": 1}, {"underruns": 1}])
def test_a_load_with_a_missed_turn_or_an_underrun_is_not_held(fault: dict[str, float]) -> None:
    assert capacity([point(1, 0.4), point(2, 0.4, **fault)]) == 1
    late = {"pacing_p99_s": 0.001}
    assert paced_capacity([point(1, 0.4, **late), point(2, 0.4, **late, **fault)]) == 1


def test_a_server_that_does_not_answer_has_no_capacity() -> None:
    assert capacity([point(1, None)]) == 0
    assert capacity([]) == 0


def test_pacing_limits_the_load_where_it_is_told() -> None:
    curve = [point(1, 0.4, pacing_p99_s=0.002), point(50, 0.4, pacing_p99_s=0.03)]
    assert paced_capacity(curve) == 1
    assert paced_capacity([point(1, 0.4)]) is None


def test_memory_grows_per_session_between_the_ends_of_the_curve() -> None:
    curve = [point(5, 0.4, rss_mb=120.0), point(1, 0.4, rss_mb=100.0), point(3, 0.4)]
    assert memory_per_session_mb(curve) == pytest.approx(5.0)
    assert memory_per_session_mb(curve[:1]) is None


def test_users_are_dealt_to_processes_evenly() -> None:
    assert shares(5, 2) == [(0, 2, 4), (1, 3)]
    assert shares(2, 4) == [(0,), (1,)]


@asynccontextmanager
async def metronome() -> AsyncIterator[Metronome]:
    """Yields a metronome that beats."""
    beats = Metronome()
    beating = asyncio.create_task(beats.run())
    try:
        yield beats
    finally:
        beating.cancel()
        await asyncio.wait([beating])


def spec(url: str, **rest: int) -> Spec:
    wishes = {"sessions": 2, "turns": 2, **rest}
    return Spec(
        url=url,
        token="",
        users=(0, 1),
        utterances=tone_utterances(2),
        rise_s=0.2,
        buffer_s=0.04,
        timeout_s=10.0,
        seed=1,
        **wishes,
    )


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_users_ask_hear_the_reply_to_its_end_and_ask_again() -> None:
    voice = ScriptedTts(symbol_samples=BRISK)
    async with running(engines("Hello, my friend. It is late.", tts=voice)) as server:
        async with metronome() as beats:
            users = [User(spec(server.url + PATH), number, beats) for number in range(2)]
            await asyncio.gather(*(user.run() for user in users))
        assert 0.0 <= beats.late_p99_s < 1.0
        turns = [turn for user in users for turn in user.turns]
        assert [(t.user, t.turn) for t in turns] == [(0, 0), (0, 1), (1, 0), (1, 1)]
        assert {turn.trouble for turn in turns} == {""}
        assert all(turn.v2v_s is not None and turn.v2v_s > 0 for turn in turns)
        assert all(turn.audio_s > 0.3 for turn in turns)
        await server.settled()


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_server_that_is_not_there_is_trouble_in_every_turn() -> None:
    user = User(spec("ws://127.0.0.1:9" + PATH), 0, Metronome())
    await user.run()
    assert len(user.turns) == 2
    assert all(turn.trouble and turn.v2v_s is None for turn in user.turns)


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_user_whose_server_hangs_up_says_so() -> None:
    async def hang_up(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.close(CloseCode.TRY_AGAIN_LATER)

    async with serve(hang_up, "127.0.0.1", 0) as server, metronome() as beats:
        port = server.sockets[0].getsockname()[1]
        user = User(spec(f"ws://127.0.0.1:{port}"), 0, beats)
        await user.run()
    assert [turn.trouble for turn in user.turns] == ["closed 1013"] * 2


class Rower:
    """Speaks so often, and notes when it was called and when that was due."""

    number = 0

    def __init__(self, times: int) -> None:
        self._times = times
        self.calls: list[tuple[float, float]] = []
        self.is_done = asyncio.Event()

    def speak(self, now_s: float, due_s: float) -> bool:
        if len(self.calls) == self._times:
            self.is_done.set()
            return False
        self.calls.append((now_s, due_s))
        return True


async def test_a_metronome_beats_at_absolute_deadlines_and_knows_how_late_it_was() -> None:
    async with metronome() as beats:
        rower = Rower(5)
        beats.add(rower)  # type: ignore[arg-type]
        await rower.is_done.wait()
    due_s = [due for _, due in rower.calls]
    assert [b - a for a, b in pairwise(due_s)] == pytest.approx([0.02] * 4)
    assert all(now >= due for now, due in rower.calls)
    late_s = [now - due for now, due in rower.calls]
    assert min(late_s) <= beats.late_p99_s


# -- the line


class Callee:
    """A server for one line: what came, and what it says first."""

    def __init__(self, *says: str | bytes | list[str]) -> None:
        self._says = says
        self.heard: list[str | bytes] = []

    async def __call__(self, socket: ServerConnection) -> None:
        for said in self._says:
            await socket.send(said)
        async for message in socket:
            self.heard.append(message)


@asynccontextmanager
async def line_to(callee: Callee, heard: list[str | bytes]) -> AsyncIterator[LoadLine]:
    async with serve(callee, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        line = await LoadLine.dial(f"ws://127.0.0.1:{port}/", "", heard.append)
        yield line
        await line.close()


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_line_sends_audio_and_text_and_closes() -> None:
    callee = Callee()
    frame = AudioFrame(FrameKind.AUDIO_IN, 0, 7, 2240, bytes(range(256)) * 2, FrameFlag.START)
    async with line_to(callee, []) as line:
        line.send_audio(frame)
        line.send_text("é")
        assert line.close_code is None
    assert callee.heard == [pack_audio(frame), "é"]
    assert line.close_code == CloseCode.NORMAL_CLOSURE
    line.send_audio(frame)  # a closed line is deaf
    line.send_text("x")


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_line_hears_whole_messages() -> None:
    heard: list[str | bytes] = []
    async with line_to(Callee("one", b"two", ["th", "re", "e"], "four"), heard) as line:
        async with asyncio.timeout(5.0):
            while len(heard) < 4:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert line.close_code is None
    assert heard == ["one", b"two", "three", "four"]


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_line_carries_the_token_and_tells_of_a_refusal() -> None:
    seen: list[str | None] = []

    def refuse(socket: ServerConnection, request: Request) -> Response:
        seen.append(request.headers.get("Authorization"))
        return socket.respond(403, "no\n")

    async with serve(Callee(), "127.0.0.1", 0, process_request=refuse) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectionFailed, match="refuses"):
            await LoadLine.dial(f"ws://127.0.0.1:{port}/", "secret", lambda _: None)
    assert seen == ["Bearer secret"]
