"""What is known of one turn: its audio, its text, its language."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.listener_talk import EAGER, INTERIM, PARTIAL, TURN, Talk, committed, only

from voice_avatar.events.commands import CancelTranscribe, Transcribe
from voice_avatar.events.inputs import Transcribed
from voice_avatar.events.notices import EndReason, TranscriptInterim
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES, Transcript
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.turns.facts import TurnCommitted, TurnDropped
from voice_avatar.turns.user_turn import Pause, UserTurn, common_prefix, joined, segment_start

# -- interim transcripts and long turns


def test_interim_text_is_told_every_second_with_what_did_not_change() -> None:
    talk = Talk(INTERIM)
    talk.speak(1.1)
    assert talk.text("I went hole") == [TranscriptInterim(1, "I went hole", 0, "en")]
    assert len(only(talk.speak(0.9), Transcribe)) == 0
    assert [question.purpose for question in only(talk.speak(0.2), Transcribe)] == [PARTIAL]
    assert talk.text("I went home") == [TranscriptInterim(1, "I went home", 9, "en")]
    talk.hush(0.064)
    assert only(talk.text("I went home"), TranscriptInterim) == []


def test_while_a_question_is_open_no_other_interim_text_is_asked_for() -> None:
    talk = Talk(INTERIM)
    assert len(only(talk.speak(3.0), Transcribe)) == 1
    assert talk.no_text() == []
    assert len(only(talk.speak(0.1), Transcribe)) == 1


def test_interim_text_may_be_switched_off() -> None:
    assert only(Talk().speak(4.0), Transcribe) == []


def test_a_long_turn_is_decoded_in_parts() -> None:
    talk = Talk()
    [first] = only(talk.speak(5.2), Transcribe)
    assert (first.start, first.purpose) == (0, PARTIAL)
    assert first.end == pytest.approx(5 * MIC_HZ, abs=WINDOW_SAMPLES)
    talk.text("A long story")
    talk.speak(1.0)
    [last] = only(talk.hush(0.064), Transcribe)
    assert last.start == first.end
    talk.score(0.95)
    talk.text("short.")
    assert committed(talk.hush(0.3)) == [("A long story short.", "semantic")]


def test_a_long_chinese_turn_is_joined_without_spaces() -> None:
    talk = Talk(language="zh")
    talk.speak(5.2)
    talk.text("我要说的是", "zh")
    talk.hush(0.064)
    talk.score(0.95)
    talk.text("你好。", "zh")
    assert committed(talk.hush(0.3)) == [("我要说的是你好。", "semantic")]


def test_no_decode_of_an_endless_turn_is_much_longer_than_a_segment() -> None:
    talk = Talk(INTERIM)
    for _ in range(300):
        talk.speak(0.32)
        while talk.questions:
            talk.text("word")
    lengths_s = [(question.end - question.start) / MIC_HZ for question in talk.only(Transcribe)]
    assert max(lengths_s) < TURN.max_segment_s + INTERIM.interim_s + 0.4


def test_a_long_turn_is_cut_at_a_pause_whose_text_is_still_awaited() -> None:
    talk = Talk()
    talk.speak(5.024)
    for _ in range(2):
        talk.hush(0.064)
        talk.speak(0.16)
    assert [question.purpose for question in talk.questions] == [PARTIAL, EAGER, EAGER]
    assert talk.text("A lone") == []  # that one was withdrawn
    assert only(talk.text("A long"), TranscriptInterim) == []
    talk.text("story")
    talk.hush(0.064)
    for _ in range(3):
        talk.score(0.95)
    talk.text("story.")
    assert committed(talk.hush(0.3)) == [("A long story.", "semantic")]


class Slow:
    """A recogniser behind a listener: it answers when it is told to, with what was said there."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.said: list[int] = []
        self.open: dict[int, Transcribe] = {}
        self.most_open = 0
        self.longest_s = 0.0
        self.seen = 0

    def speak(self, windows: int) -> None:
        for _ in range(windows):
            self.said.append(self.talk.sample)
            self.talk.window(0.98, -20.0, -20.0)
            self.look()

    def hush(self, windows: int) -> None:
        for _ in range(windows):
            self.talk.window(0.05, -60.0, -60.0)
            self.look()

    def look(self) -> None:
        log = self.talk.log
        for item in log[self.seen :]:
            if isinstance(item, Transcribe):
                self.open[item.request_id] = item
                self.longest_s = max(self.longest_s, (item.end - item.start) / MIC_HZ)
            elif isinstance(item, CancelTranscribe):
                del self.open[item.request_id]
            self.most_open = max(self.most_open, len(self.open))
        self.seen = len(log)

    def answer(self, *, fails: bool = False) -> None:
        """Answers the oldest question."""
        asked = self.open.pop(min(self.open))
        words = [str(at // 512) for at in self.said if asked.start <= at < asked.end]
        heard = None if fails else Transcript(" ".join(words), "en")
        outputs = self.talk.listener.transcribed(
            Transcribed(asked.request_id, heard), self.talk.now_s
        )
        self.talk.take(outputs)
        self.look()


def test_a_story_with_many_pauses_leaves_two_questions_open() -> None:
    slow = Slow(Talk(TurnOptions()))
    for _ in range(40):
        slow.speak(60)
        slow.hush(9)
    assert slow.most_open == 2
    assert slow.longest_s < 30.0
    while slow.open:
        slow.answer()
        slow.hush(1)
    slow.hush(100)
    [(text, _)] = committed(slow.talk.log)
    assert text.split() == [str(at // 512) for at in slow.said]


@given(
    st.lists(st.tuples(st.integers(4, 90), st.integers(3, 12), st.integers(0, 2)), max_size=14),
    st.booleans(),
)
def test_no_word_of_a_turn_is_lost_or_doubled_however_slow_the_recogniser_is(
    bursts: list[tuple[int, int, int]], has_interims: bool
) -> None:
    turn = replace(INTERIM if has_interims else TURN, plain_silence_s=2.0, engine="none")
    slow = Slow(Talk(turn))
    for speech, pause, answers in bursts:
        slow.speak(speech)
        slow.hush(pause)
        for _ in range(min(answers, len(slow.open))):
            slow.answer()
    slow.hush(2)
    for _ in range(200):
        if slow.open:
            slow.answer()
        slow.hush(1)
    assert slow.most_open <= 2
    assert slow.longest_s <= 5.0 * 1.16 + 0.4
    heard = [word for text, _ in committed(slow.talk.log) for word in text.split()]
    assert heard == [str(at // 512) for at in slow.said]


def test_a_part_at_which_the_recogniser_fails_is_asked_for_once_more() -> None:
    slow = Slow(Talk(TURN))
    slow.speak(200)
    slow.answer(fails=True)
    while slow.open:
        slow.answer()
    slow.speak(20)
    slow.hush(3)
    for _ in range(100):
        if slow.open:
            slow.answer()
        slow.hush(1)
    [(text, _)] = committed(slow.talk.log)
    assert text.split() == [str(at // 512) for at in slow.said]


# -- language


def test_a_language_that_is_set_is_never_detected() -> None:
    talk = Talk(language="zh")
    talk.speak(0.96)
    [question] = only(talk.hush(0.064), Transcribe)
    assert question.language == "zh"
    talk.text("你好", "en")
    assert talk.listener.language == "zh"


def test_the_language_of_the_first_turn_is_locked_when_the_turn_ends() -> None:
    talk = Talk(INTERIM, language=None)
    talk.speak(1.1)
    talk.text("Nee", "nl")
    talk.hush(0.064)
    assert talk.questions[0].language is None
    assert only(talk.text("你好。", "zh"), TranscriptInterim)[0].language == "zh"
    talk.score(0.95)
    assert talk.listener.language is None
    [turn] = only(talk.hush(0.3), TurnCommitted)
    assert (turn.language, talk.listener.language) == ("zh", "zh")


def test_a_turn_that_was_none_locks_no_language() -> None:
    talk = Talk(language=None)
    talk.is_over_reply = True
    talk.speak(0.2)
    talk.hush(0.064)
    talk.text("Mhm.", "de")
    talk.hush(1.0)
    assert talk.only(TurnDropped) == [TurnDropped("aside")]
    assert talk.listener.language is None


# -- the turn alone


def turn_at(start: int = 0, sample: int = 0, *, is_over_reply: bool = False) -> UserTurn:
    return UserTurn.begin(count(1), start, sample, is_over_reply=is_over_reply)


def test_a_new_turn_knows_nothing_of_the_one_before() -> None:
    turn = turn_at(500, 900)
    assert (turn.segment_start, turn.speech_start, turn.speech_end) == (500, 900, 500)
    assert (turn.frozen, turn.interim, turn.language, turn.heard) == ("", "", None, None)
    assert turn.pause == Pause()
    assert turn.questions.asked_end == turn.questions.interim_end == 900


def test_no_two_turns_share_a_pause_or_their_questions() -> None:
    first, second = turn_at(), turn_at()
    first.pause.text = "One."
    assert second.pause.text is None
    assert first.questions is not second.questions


def test_whoever_has_claimed_the_turn_is_neither_a_candidate_nor_an_aside() -> None:
    turn = turn_at(is_over_reply=True)
    assert turn.is_candidate
    assert turn.began_over_reply
    turn.claim()
    assert (turn.is_candidate, turn.began_over_reply) == (False, False)


@pytest.mark.parametrize(
    ("forced", "is_by_client"), [(None, False), ("vad", False), ("ptt", True), ("commit", True)]
)
def test_a_stall_is_not_the_client(forced: EndReason | None, is_by_client: bool) -> None:
    assert Pause(forced).is_ended_by_client is is_by_client


def test_a_pause_keeps_its_text_and_when_it_came() -> None:
    pause = Pause()
    pause.understand(Transcript("Hello.", "en", -0.2), 7.0)
    assert (pause.text, pause.text_s, pause.logprob) == ("Hello.", 7.0, -0.2)


@pytest.mark.parametrize(
    ("last_end", "sample", "start"),
    [(0, 20_000, 15_200), (18_000, 20_000, 18_000), (0, 1000, 0)],
)
def test_the_audio_before_the_speech_belongs_to_it_but_none_of_the_turn_before(
    last_end: int, sample: int, start: int
) -> None:
    assert segment_start(last_end, sample, 0.3) == start


def test_what_is_shown_is_told_once_with_what_did_not_change() -> None:
    turn = turn_at()
    assert turn.show("", 4, "en") == []
    assert turn.show("I went hole", 4, "en") == [TranscriptInterim(4, "I went hole", 0, "en")]
    assert turn.show("I went hole", 4, "en") == []
    assert turn.show("I went home", 4, "en") == [TranscriptInterim(4, "I went home", 9, "en")]
    turn.is_candidate = True
    assert turn.show("I went home and", 4, "en") == []


def test_a_frozen_text_goes_before_what_is_decoded_next_and_ends_a_dip() -> None:
    turn = turn_at()
    turn.questions.fell_away(0, 512, None, has_turn_model=False)
    turn.freeze("A long", 80_000, "en")
    turn.freeze("story", 160_000, "en")
    assert turn.segment_start == 160_000
    assert turn.whole("short.", "en") == "A long story short."
    assert turn.questions.dip is None


def test_a_turn_is_long_by_the_audio_that_is_not_frozen() -> None:
    turn = turn_at(1000)
    assert not turn.is_long(1000 + 5 * MIC_HZ - 1, 5.0)
    assert turn.is_long(1000 + 5 * MIC_HZ, 5.0)


def test_its_language_is_the_locked_one_or_that_in_which_words_were_heard() -> None:
    turn = turn_at()
    assert turn.spoken(None) == "en"
    turn.take_text(Transcript("", "nl"), 512)
    assert turn.spoken(None) == "en"
    turn.take_text(Transcript("你好", "zh"), 1024)
    assert (turn.spoken(None), turn.spoken("de")) == ("zh", "de")
    turn.take_text(None, 2048)
    assert (turn.heard, turn.heard_end, turn.spoken(None)) == (None, 2048, "zh")


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_common_beginning_is_common_and_no_longer(first: str, second: str) -> None:
    length = common_prefix(first, second)
    assert first[:length] == second[:length]
    assert first[length : length + 1] != second[length : length + 1] or first == second


@pytest.mark.parametrize(
    ("first", "second", "language", "text"),
    [
        ("a", "b", "en", "a b"),
        ("你", "好", "zh", "你好"),
        ("", "b", "en", "b"),
        ("a", "", "en", "a"),
    ],
)
def test_texts_are_joined_as_the_language_is_written(
    first: str, second: str, language: str, text: str
) -> None:
    assert joined(first, second, language) == text
