"""When a reply waits for the decision whether it is being interrupted, and for how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.events import MIC_HZ, WINDOW_SAMPLES, VadFrame
from voice_avatar.holding import ReplyHold
from voice_avatar.turn import InterruptOptions, TurnOptions
from voice_avatar.vad import VadOptions

WINDOW_S = WINDOW_SAMPLES / MIC_HZ
TURN = TurnOptions(interrupt=InterruptOptions(pause_s=0.064, wait_s=2.5, speech_s=0.7))


class Ear:
    """A hold, and the microphone in front of it.

    Attributes:
        is_undecided: whether the listener still wonders.
        turned: what the hold said, in order, and when.
    """

    def __init__(self, turn: TurnOptions = TURN) -> None:
        self.hold = ReplyHold(VadOptions(stir_probability=0.4), turn)
        self.is_reply_heard = True
        self.is_undecided = False
        self.now_s = 50.0
        self.turned: list[bool] = []

    def settle(self) -> None:
        turned = self.hold.settle(
            self.now_s, is_reply_heard=self.is_reply_heard, is_undecided=self.is_undecided
        )
        if turned is not None:
            self.turned.append(turned)

    def windows(self, count: int, probability: float) -> None:
        for _ in range(count):
            self.now_s += WINDOW_S
            self.hold.hear(VadFrame(0, probability))
            self.settle()

    def voice(self, count: int) -> None:
        self.windows(count, 0.4)

    def quiet(self, count: int) -> None:
        self.windows(count, 0.39)


def test_a_reply_waits_as_soon_as_there_may_be_a_voice() -> None:
    ear = Ear()
    ear.voice(1)
    assert not ear.hold.is_on
    ear.voice(1)
    assert ear.turned == [True]
    assert ear.hold.is_on


def test_a_click_is_no_voice() -> None:
    ear = Ear()
    for _ in range(5):
        ear.voice(1)
        ear.quiet(1)
    assert ear.turned == []


def test_what_seemed_a_voice_and_is_over_lets_the_reply_go_on_after_three_windows() -> None:
    ear = Ear()
    ear.voice(2)
    ear.quiet(2)
    assert ear.turned == [True]
    ear.quiet(1)
    assert ear.turned == [True, False]


def test_a_dip_in_a_voice_is_not_its_end() -> None:
    ear = Ear()
    ear.voice(2)
    for _ in range(5):
        ear.quiet(2)
        ear.voice(1)
    assert ear.turned == [True]


def test_it_waits_while_the_listener_wonders_even_in_silence() -> None:
    ear = Ear()
    ear.voice(2)
    ear.is_undecided = True
    ear.quiet(20)
    assert ear.turned == [True]
    ear.is_undecided = False
    ear.settle()
    assert ear.turned == [True, False]


def test_no_wait_is_longer_than_the_longest_and_the_same_voice_begins_no_other() -> None:
    ear = Ear()
    ear.is_undecided = True
    ear.voice(2)
    assert ear.hold.deadline_s == pytest.approx(ear.now_s + 2.5)
    ear.voice(78)
    assert ear.turned == [True]
    ear.voice(100)
    assert ear.turned == [True, False]
    assert ear.hold.deadline_s is None
    ear.quiet(3)
    ear.voice(4)
    assert ear.turned == [True, False, True]


def test_a_wait_for_words_that_never_come_ends_too() -> None:
    ear = Ear()
    ear.voice(2)
    ear.is_undecided = True
    ear.quiet(3)
    ear.now_s += 2.5
    ear.settle()
    assert ear.turned == [True, False]


def test_a_voice_that_is_dismissed_is_not_waited_for_until_it_is_over() -> None:
    ear = Ear()
    ear.voice(10)
    ear.hold.dismiss()
    ear.voice(10)
    assert ear.turned == [True, False]
    ear.quiet(3)
    ear.voice(10)
    assert ear.turned == [True, False, True]


def test_a_dismissal_in_silence_does_not_reach_the_next_voice() -> None:
    ear = Ear()
    ear.quiet(3)
    ear.hold.dismiss()
    ear.voice(2)
    assert ear.turned == [True]


def test_each_wait_for_nothing_makes_the_next_one_need_twice_as_much_voice() -> None:
    ear = Ear()
    needed = []
    for _ in range(6):
        before = len(ear.turned)
        count = 0
        while len(ear.turned) == before:
            ear.voice(1)
            count += 1
        needed.append(count)
        ear.quiet(3)
    assert needed == [2, 4, 8, 16, 22, 22]  # 0.7 s at most


def test_an_interruption_makes_it_as_quick_as_at_first() -> None:
    ear = Ear()
    for count in (2, 4, 8):
        ear.voice(count)
        ear.quiet(3)
    ear.hold.end()
    ear.voice(2)
    assert ear.turned[-1] is True
    assert ear.hold.is_on


def test_without_a_reply_there_is_nothing_to_wait() -> None:
    ear = Ear()
    ear.is_reply_heard = False
    ear.voice(50)
    assert ear.turned == []


def test_a_reply_that_is_over_ends_the_wait_without_a_word() -> None:
    ear = Ear()
    ear.voice(2)
    ear.is_reply_heard = False
    ear.voice(1)
    assert ear.turned == [True]
    assert not ear.hold.is_on


def test_a_microphone_that_delivers_nothing_is_no_voice() -> None:
    ear = Ear()
    ear.voice(5)
    ear.hold.hear_nothing()
    ear.settle()
    assert ear.turned == [True, False]


def test_a_reply_never_waits_where_that_is_switched_off() -> None:
    ear = Ear(TurnOptions(interrupt=InterruptOptions(pause_s=0.0)))
    ear.voice(100)
    assert ear.turned == []


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.booleans()), max_size=30))
def test_whatever_is_heard_waiting_begins_and_ends_in_turn_and_ends_in_time(
    steps: list[tuple[int, bool, bool]],
) -> None:
    ear = Ear()
    since_s = None
    for count, is_voice, is_undecided in steps:
        ear.is_undecided = is_undecided
        for _ in range(count):
            said = len(ear.turned)
            ear.windows(1, 0.9 if is_voice else 0.1)
            if len(ear.turned) > said:
                since_s = ear.now_s if ear.turned[-1] else None
            assert since_s is None or ear.now_s - since_s <= 2.5
    assert ear.turned == [index % 2 == 0 for index in range(len(ear.turned))]
