"""Users who talk with one server, and the clock that they share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from kit.edge import BRISK, engines, running
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import CloseCode

from voice_avatar.bench.callers.load_client import Metronome, Spec, User, shares, tone_utterances
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.wire.fields import PATH


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
