"""When an engine hangs: the decision, look by look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.pipeline.engine_watch import (
    AGAIN_S,
    STAGES,
    Action,
    Beat,
    EngineWatch,
    Hang,
    Recovery,
    Vital,
    WatchOptions,
)

OPTIONS = WatchOptions()
IDLE = dict.fromkeys(STAGES, Vital())


class Looks:
    """Looks at the right times, and keeps what was to be done."""

    def __init__(self, options: WatchOptions = OPTIONS) -> None:
        self.watch = EngineWatch(options)
        self.now_s = 100.0
        self.done: list[tuple[float, Action]] = []

    def go_on(self, seconds: float, **vitals: Vital) -> list[Action]:
        """Looks for a while at the same; returns what was to be done meanwhile."""
        start = len(self.done)
        for _ in range(round(seconds / OPTIONS.look_s)):
            self.now_s += OPTIONS.look_s
            done = self.watch.look({**IDLE, **vitals}, self.now_s)
            self.done += [(self.now_s, action) for action in done]
        return [action for _, action in self.done[start:]]


def call(number: int = 1, *, is_beat: bool = False) -> Vital:
    return Vital(((number, is_beat),), begun=number)


@pytest.mark.parametrize(
    ("stage", "limit_s"), [("vad", 5.0), ("turn", 5.0), ("stt", 15.0), ("llm", 15.0), ("tts", 10.0)]
)
def test_a_call_that_lasts_too_long_is_a_hang(stage: str, limit_s: float) -> None:
    looks = Looks()
    assert not any(isinstance(a, Hang) for a in looks.go_on(limit_s, **{stage: call()}))
    assert looks.go_on(1.0, **{stage: call()})[0] == Hang(stage, is_again=False, is_ours=True)
    assert looks.watch.hung == (stage,)


def test_one_call_after_another_is_no_hang() -> None:
    looks = Looks()
    for number in range(60):
        assert not looks.go_on(4.0, stt=call(number))


def test_a_hang_is_told_once_and_over_when_another_engine_is_there() -> None:
    looks = Looks()
    hangs = [a for a in looks.go_on(60.0, tts=call()) if isinstance(a, Hang)]
    assert len(hangs) == 1
    looks.watch.recovered("tts")
    assert looks.watch.hung == ()


def test_a_second_hang_within_a_minute_is_again_and_a_later_one_is_not() -> None:
    looks = Looks()
    looks.go_on(11.0, tts=call(1))
    looks.watch.recovered("tts")
    looks.go_on(11.0, tts=call(2))
    looks.watch.recovered("tts")
    looks.go_on(AGAIN_S + 1.0)
    looks.go_on(11.0, tts=call(3))
    hangs = [a.is_again for _, a in looks.done if isinstance(a, Hang)]
    assert hangs == [False, True, False]


def test_engines_that_are_idle_are_asked_every_ten_seconds() -> None:
    looks = Looks()
    beats = [a for a in looks.go_on(61.0) if isinstance(a, Beat)]
    assert len(beats) == 6 * len(STAGES)


def test_while_anybody_talks_nobody_is_asked() -> None:
    looks = Looks()
    for number in range(60):
        assert not looks.go_on(1.0, vad=Vital((), begun=number))


def test_a_beat_that_is_not_answered_is_a_hang_within_hang_s_of_the_last_sign_of_life() -> None:
    looks = Looks()
    looks.go_on(10.5)
    looks.go_on(5.0, stt=call(7, is_beat=True))
    looks.go_on(1.0, stt=call(7, is_beat=True))
    (at_s,) = [at_s for at_s, a in looks.done if isinstance(a, Hang)]
    assert at_s - 100.0 <= OPTIONS.hang_s + 2 * OPTIONS.look_s


def test_a_language_model_that_says_nothing_for_long_is_asked_before_it_is_given_up() -> None:
    looks = Looks()
    actions = looks.go_on(14.0, llm=call())
    assert actions
    assert set(actions) == {Beat("llm")}


def test_while_the_machine_sleeps_no_engine_hangs() -> None:
    looks = Looks()
    looks.go_on(2.0, stt=call())
    looks.now_s += 3600.0
    assert not looks.go_on(2.0, stt=call())


def test_an_engine_elsewhere_is_not_replaced_and_recovers_by_itself() -> None:
    looks = Looks(WatchOptions(watched_only=frozenset({"llm"})))
    actions = looks.go_on(16.0, llm=call())
    assert Hang("llm", is_again=False, is_ours=False) in actions
    assert looks.go_on(1.0) == [Recovery("llm")]
    assert looks.watch.hung == ()


def test_an_engine_elsewhere_that_hangs_is_asked_whether_it_does_so_still() -> None:
    """Whoever sends users here sends none while it hangs: no request of theirs would tell."""
    looks = Looks(WatchOptions(watched_only=frozenset({"llm"})))
    looks.go_on(16.0, llm=call())
    asked = [a for a in looks.go_on(30.5, llm=call()) if a == Beat("llm")]
    assert len(asked) == 3
    beating = Vital(((1, False), (2, True)), begun=1)
    assert Beat("llm") not in looks.go_on(60.0, llm=beating)


def test_while_one_engine_hangs_the_others_are_asked_too() -> None:
    looks = Looks(WatchOptions(watched_only=frozenset({"llm"})))
    looks.go_on(16.0, llm=call())
    assert Beat("tts") in looks.go_on(11.0, llm=call())


@given(
    st.lists(
        st.tuples(st.sampled_from(STAGES), st.integers(1, 4), st.booleans(), st.floats(0.1, 100.0)),
        max_size=40,
    )
)
def test_a_stage_is_hung_from_its_hang_until_it_recovers(
    steps: list[tuple[str, int, bool, float]],
) -> None:
    watch, now_s, hung = EngineWatch(OPTIONS), 0.0, set[str]()
    for stage, number, is_beat, after_s in steps:
        now_s += after_s
        for action in watch.look({**IDLE, stage: call(number, is_beat=is_beat)}, now_s):
            if isinstance(action, Hang):
                assert action.stage not in hung
                hung.add(action.stage)
            if isinstance(action, Beat):
                assert action.stage not in hung
        assert set(watch.hung) == hung
        if len(hung) > 2:
            watch.recovered(gone := hung.pop())
            assert gone not in watch.hung
