"""Speech over the reply: when the reply waits for it, and for how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.listener_talk import PAUSING, WINDOW_S, committed, only, over_reply

from voice_avatar.events.commands import Transcribe
from voice_avatar.events.inputs import VadFrame
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.stages.turn import InterruptOptions, TurnOptions
from voice_avatar.stages.vad import VadOptions
from voice_avatar.turns.barge_in import Overlap
from voice_avatar.turns.facts import BargeIn, MayBargeIn, NoBargeIn, Output, TurnDropped
from voice_avatar.turns.phases import Phase

# -- the hold alone

HOLDING = TurnOptions(interrupt=InterruptOptions(pause_s=0.064, wait_s=2.5, speech_s=0.7))


class Ear:
    """A hold, and the microphone in front of it.

    Attributes:
        is_undecided: whether the listener still wonders.
        turned: what the hold said, in order, and when.
    """

    def __init__(self, turn: TurnOptions = HOLDING) -> None:
        self.hold = Overlap(VadOptions(stir_probability=0.4), turn)
        self.is_reply_heard = True
        self.is_undecided = False
        self.now_s = 50.0
        self.turned: list[bool] = []

    def settle(self) -> None:
        self.hold.is_reply_live = self.is_reply_heard
        fact = self.hold.settle(self.now_s, is_undecided=self.is_undecided)
        if fact is not None:
            self.turned.append(fact == MayBargeIn())

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


# -- a reply that waits


def holds(outputs: list[Output]) -> list[Output]:
    return [item for item in outputs if isinstance(item, MayBargeIn | NoBargeIn | BargeIn)]


def test_the_reply_is_asked_to_wait_before_the_voice_is_a_turn() -> None:
    talk = over_reply(PAUSING)
    assert talk.speak(0.064) == [MayBargeIn()]
    assert talk.listener.phase is Phase.QUIET


def test_what_seemed_a_voice_and_is_no_speech_lets_it_go_on_at_once() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.064)
    assert talk.hush(0.32) == [NoBargeIn()]
    assert talk.listener.phase is Phase.QUIET


def test_an_interruption_ends_the_wait_by_itself() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.768)
    assert holds(talk.text("Tell me")) == [BargeIn()]
    talk.is_over_reply = False
    talk.speak(0.32)
    talk.hush(0.064)
    talk.text("Tell me more.")
    talk.score(0.95)
    talk.hush(1.0)
    assert holds(talk.log) == [MayBargeIn(), BargeIn()]


@pytest.mark.parametrize("text", ["", "Mm-hmm.", "Oh."])
def test_a_cough_or_a_hum_lets_it_go_on_as_soon_as_it_is_known(text: str) -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    assert holds(talk.hush(0.128)) == []
    assert talk.text(text) == [NoBargeIn()]
    assert talk.only(TurnDropped) == []  # the turn itself is open a little longer


def test_a_guess_of_the_recogniser_lets_it_go_on_like_a_cough() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    talk.hush(0.128)
    assert talk.text("Bye.", logprob=-0.7) == [NoBargeIn()]


def test_a_short_sound_without_words_stops_the_reply_for_less_than_half_a_second() -> None:
    talk = over_reply(PAUSING)
    onset_s = talk.now_s
    talk.speak(0.224)
    talk.hush(0.192)  # the recogniser takes 0.13 s
    assert talk.text("") == [NoBargeIn()]
    assert talk.now_s - onset_s < 0.5


def test_a_short_sound_is_waited_for_no_longer_even_if_the_recogniser_is_slow() -> None:
    talk = over_reply(PAUSING)
    onset_s = talk.now_s
    talk.speak(0.224)
    assert NoBargeIn() in talk.hush(0.256)
    assert talk.now_s - onset_s < 0.5
    assert BargeIn() in talk.text("Hey.")


def test_a_longer_sound_is_waited_for_until_its_words_are_known() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.288)
    assert holds(talk.hush(1.0)) == []
    assert holds(talk.text("Mm.")) == [NoBargeIn()]


def test_words_of_assent_let_it_go_on_once_nothing_follows_them() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.384)
    talk.hush(0.064)
    assert holds(talk.text("Okay, great.")) == []
    assert holds(talk.hush(0.416)) == []
    assert holds(talk.hush(0.064)) == [NoBargeIn()]


def test_words_of_assent_that_begin_a_sentence_keep_it_waiting() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.384)
    talk.hush(0.064)
    talk.text("Okay, great.")
    talk.hush(0.32)
    talk.speak(0.384)
    assert holds(talk.text("Okay, great. Would you")) == [BargeIn()]
    assert holds(talk.log) == [MayBargeIn(), BargeIn()]


def test_a_word_after_a_hum_makes_it_wait_again() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.384)
    talk.hush(0.128)
    talk.text("Mhm.")
    talk.hush(0.16)
    talk.speak(0.192)
    talk.hush(0.064)
    talk.text("Mhm. Stop.")
    assert holds(talk.log) == [MayBargeIn(), NoBargeIn(), MayBargeIn(), BargeIn()]


def test_while_the_reply_waits_the_words_are_asked_for_later_and_length_says_less() -> None:
    talk = over_reply(PAUSING)
    assert only(talk.speak(0.736), Transcribe) == []
    assert len(only(talk.speak(0.032), Transcribe)) == 1
    assert talk.speak(0.992) == []
    assert holds(talk.speak(0.064)) == [BargeIn()]


def test_noise_that_goes_on_lets_it_go_on_once_no_word_was_found_in_a_second() -> None:
    talk = over_reply(PAUSING)
    for _ in range(round(5.0 / WINDOW_S)):
        talk.window(0.9)
        if talk.questions:
            talk.text("")
        if talk.only(NoBargeIn):
            break
    assert holds(talk.log) == [MayBargeIn(), NoBargeIn()]
    assert talk.sample / MIC_HZ == pytest.approx(1.2, abs=0.3)
    talk.speak(2.0)
    assert holds(talk.log) == [MayBargeIn(), NoBargeIn()]


def test_words_in_noise_interrupt_though_the_reply_went_on() -> None:
    talk = over_reply(PAUSING)
    for _ in range(round(2.0 / WINDOW_S)):
        talk.window(0.9)
        if talk.questions:
            talk.text("")
    talk.speak(1.0)
    assert holds(talk.text("Please be quiet now")) == [BargeIn()]


def test_a_recogniser_that_fails_lets_it_go_on() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    talk.hush(0.128)
    assert talk.no_text() == [TurnDropped("failed"), NoBargeIn()]


def test_a_recogniser_that_hangs_lets_it_go_on_and_may_interrupt_later() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.384)
    assert holds(talk.hush(2.0)) == []
    assert holds(talk.hush(0.25)) == [NoBargeIn()]
    assert holds(talk.text("Stop.")) == [BargeIn()]


def test_a_dead_microphone_lets_it_go_on_after_the_stall() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.064)
    assert talk.stall(1.0) == [NoBargeIn()]
    assert talk.listener.deadline_s is None


def test_a_dead_microphone_in_the_middle_of_a_word_waits_for_the_word() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    assert holds(talk.stall(1.0)) == []
    assert holds(talk.text("Mhm.")) == [NoBargeIn()]
    assert talk.listener.phase is Phase.QUIET


def test_a_dead_microphone_and_a_recogniser_that_hangs_end_the_wait_by_the_clock() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    talk.stall(1.0)
    assert holds(talk.stall(5.0)) == [NoBargeIn()]
    assert talk.listener.deadline_s is None


def test_a_reply_that_ends_while_it_waits_is_not_told_to_go_on() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    talk.is_over_reply = False
    talk.speak(0.192)
    talk.hush(0.064)
    talk.text("Yes.")
    talk.score(0.95)
    assert committed(talk.hush(0.3)) == [("Yes.", "semantic")]
    assert holds(talk.log) == [MayBargeIn()]


def test_a_commit_keeps_it_waiting_for_the_words_and_ends_it_with_them() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    assert holds(talk.commit()) == []
    assert committed(talk.text("Mhm.")) == [("Mhm.", "commit")]
    assert holds(talk.log) == [MayBargeIn()]


def test_a_commit_of_a_cough_lets_it_go_on() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    talk.hush(0.128)
    talk.commit()
    assert talk.text("") == [TurnDropped(), NoBargeIn()]


def test_taking_the_turn_back_lets_it_go_on_even_if_the_user_talks_on() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    assert talk.clear() == [TurnDropped("cleared"), NoBargeIn()]
    assert holds(talk.speak(1.0)) == []


def test_mhm_that_interrupted_by_its_length_is_a_turn() -> None:
    talk = over_reply()
    talk.speak(0.75)
    talk.is_over_reply = False
    talk.text("Mhm")
    talk.hush(0.064)
    talk.text("Mhm.")
    talk.score(0.95)
    assert committed(talk.hush(0.3)) == [("Mhm.", "semantic")]
