"""`bench load`: what a curve says of a server, and users who talk with one."""

from __future__ import annotations

import asyncio

import pytest
from edge import BRISK, engines, running

from voice_avatar.bench.capacity import (
    LoadPoint,
    capacity,
    memory_per_session_mb,
    paced_capacity,
)
from voice_avatar.bench.load_client import Spec, User, shares, tone_utterances
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.protocol import PATH


def point(sessions: int, p95_s: float | None, **rest: float) -> LoadPoint:
    return LoadPoint(sessions, p95_s, p95_s, 10, **rest)  # type: ignore[arg-type]


def test_the_capacity_is_the_largest_load_before_the_first_that_is_not_held() -> None:
    curve = [point(1, 0.4), point(4, 0.59), point(2, 0.5), point(8, 0.61), point(16, 0.5)]
    assert capacity(curve) == 4


@pytest.mark.parametrize("fault", [{"missed": 1}, {"underruns": 1}])
def test_a_load_with_a_missed_turn_or_an_underrun_is_not_held(fault: dict[str, float]) -> None:
    assert capacity([point(1, 0.4), point(2, 0.4, **fault)]) == 1
    late = {"loop_p99_s": 0.001}
    assert paced_capacity([point(1, 0.4, **late), point(2, 0.4, **late, **fault)]) == 1


def test_a_server_that_does_not_answer_has_no_capacity() -> None:
    assert capacity([point(1, None)]) == 0
    assert capacity([]) == 0


def test_pacing_limits_the_load_where_it_is_told() -> None:
    curve = [point(1, 0.4, loop_p99_s=0.002), point(50, 0.4, loop_p99_s=0.03)]
    assert paced_capacity(curve) == 1
    assert paced_capacity([point(1, 0.4)]) is None


def test_memory_grows_per_session_between_the_ends_of_the_curve() -> None:
    curve = [point(5, 0.4, rss_mb=120.0), point(1, 0.4, rss_mb=100.0), point(3, 0.4)]
    assert memory_per_session_mb(curve) == pytest.approx(5.0)
    assert memory_per_session_mb(curve[:1]) is None


def test_users_are_dealt_to_processes_evenly() -> None:
    assert shares(5, 2) == [(0, 2, 4), (1, 3)]
    assert shares(2, 4) == [(0,), (1,)]


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
async def test_users_ask_hear_the_reply_to_its_end_and_ask_again() -> None:
    voice = ScriptedTts(symbol_samples=BRISK)
    async with running(engines("Hello, my friend. It is late.", tts=voice)) as server:
        users = [User(spec(server.url + PATH), number) for number in range(2)]
        await asyncio.gather(*(user.run() for user in users))
        turns = [turn for user in users for turn in user.turns]
        assert [(t.user, t.turn) for t in turns] == [(0, 0), (0, 1), (1, 0), (1, 1)]
        assert {turn.trouble for turn in turns} == {""}
        assert all(turn.v2v_s is not None and turn.v2v_s > 0 for turn in turns)
        assert all(turn.audio_s > 0.3 for turn in turns)
        await server.settled()


@pytest.mark.realtime
async def test_a_server_that_is_not_there_is_trouble_in_every_turn() -> None:
    user = User(spec("ws://127.0.0.1:9" + PATH), 0)
    await user.run()
    assert len(user.turns) == 2
    assert all(turn.trouble and turn.v2v_s is None for turn in user.turns)
