"""A window of the microphone costs the same however long the talk has been."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from kit.listener_talk import Talk

MINUTES = 10


class Work:
    """Counts the functions that are called while it is entered."""

    def __init__(self) -> None:
        self.calls = 0

    def __enter__(self) -> Work:
        self.calls = 0
        sys.setprofile(self._count)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _count(self, frame: FrameType, event: str, argument: object) -> None:
        self.calls += event in ("call", "c_call")


def answer_all(talk: Talk) -> None:
    while talk.questions:
        talk.text("And then we went on.")
    while talk.scores:
        talk.score(0.05)


@pytest.mark.parametrize("pause_s", [0.0, 0.3])
@pytest.mark.parametrize("is_answered", [False, True], ids=["engines_silent", "engines_answer"])
def test_a_window_late_in_a_turn_that_never_ends_costs_what_an_early_one_costs(
    pause_s: float, is_answered: bool
) -> None:
    talk, work = Talk(), Work()
    worst_of_minutes: list[int] = []
    for _ in range(MINUTES):
        worst = 0
        for step in range(60):
            for at in range(31):
                is_pause = step % 3 == 0 and at * 0.032 < pause_s
                with work:
                    talk.window(0.05 if is_pause else 0.9)
                worst = max(worst, work.calls)
            if is_answered:
                answer_all(talk)
        worst_of_minutes.append(worst)
    # A window in which something is decided may cost more than others, but not more and more.
    assert max(worst_of_minutes[1:]) <= 1.5 * worst_of_minutes[0] + 20
