"""What the engines are asked about a turn, and which answers count."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from kit.listener_talk import EAGER, EARLY, INTERIM, INTERRUPT, PARTIAL, TURN, Talk, committed, only

from voice_avatar.events.commands import CancelTranscribe, ScoreTurn, Transcribe
from voice_avatar.events.inputs import Transcribed, TurnScored
from voice_avatar.events.notices import TranscriptInterim, UserSpeechStopped
from voice_avatar.events.payloads import Transcript
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.turns.facts import Output, TurnDropped, TurnMayEnd, TurnReady, UserPaused
from voice_avatar.turns.phases import Phase
from voice_avatar.turns.questions import Asked, Dip, Questions

# -- a sound that falls away


def fallen(turn: TurnOptions = TURN) -> Talk:
    """A user whose voice has just fallen away; the VAD still takes it for speech."""
    talk = Talk(turn)
    for _ in range(30):
        talk.window(0.9, -20.0, -20.0)
    talk.window(0.7, -24.0, -60.0)
    return talk


def paused(talk: Talk) -> list[Output]:
    """The VAD follows."""
    return [item for _ in range(2) for item in talk.window(0.05, -60.0, -60.0)]


def test_a_sound_that_falls_away_is_decoded_and_scored_before_it_is_a_pause() -> None:
    talk = fallen()
    assert talk.log[-2:] == [Transcribe(1, 0, 31 * 512, EARLY, "en"), ScoreTurn(2, 0, 31 * 512)]
    assert talk.listener.phase is Phase.SPEAKING
    assert talk.window(0.5, -60.0, -60.0) == []


def test_what_was_asked_early_serves_the_pause() -> None:
    talk = fallen()
    assert paused(talk) == [UserSpeechStopped(31 * 512), UserPaused()]
    assert talk.score(0.95) == [TurnMayEnd()]
    assert TurnReady in map(type, talk.text("Hello there."))
    assert committed(talk.hush(0.2)) == [("Hello there.", "semantic")]


def test_silence_is_counted_from_where_the_sound_fell_away() -> None:
    talk = fallen()
    for _ in range(3):
        assert talk.window(0.6, -60.0, -60.0) == []
    assert paused(talk)[0] == UserSpeechStopped(31 * 512)
    talk.score(0.95)
    assert committed(talk.text("Hello there.")) == []
    assert committed(paused(talk)) == [("Hello there.", "semantic")]


def test_an_early_answer_may_come_before_the_pause() -> None:
    talk = fallen()
    assert talk.score(0.9) == []
    assert talk.text("Hello there.") == [TranscriptInterim(1, "Hello there.", 0, "en")]
    assert [type(told) for told in paused(talk)] == [
        UserSpeechStopped,
        UserPaused,
        TurnMayEnd,
        TurnReady,
    ]
    assert committed(talk.hush(0.2)) == [("Hello there.", "semantic")]


def test_an_early_question_is_withdrawn_when_the_sound_comes_back() -> None:
    talk = fallen()
    talk.score(0.9)
    assert talk.window(0.9, -20.0, -20.0) == [CancelTranscribe(1)]
    assert talk.text("Hello the") == []
    assert talk.hush(0.064)[1:] == [
        Transcribe(3, 0, 34 * 512, EAGER, "en"),
        ScoreTurn(4, 0, 34 * 512),
        UserPaused(),
    ]


def test_an_early_answer_to_what_went_on_is_not_the_text_of_the_pause() -> None:
    talk = fallen()
    talk.text("Hello the")
    assert talk.window(0.9, -20.0, -20.0) == []
    assert EAGER in [ask.purpose for ask in only(talk.hush(0.064), Transcribe)]
    assert talk.listener.phase is Phase.PAUSED


def test_an_early_question_that_fails_fails_the_turn_only_once_it_is_a_pause() -> None:
    talk = fallen()
    assert talk.no_text() == []
    paused(talk)
    assert [question.purpose for question in talk.questions] == [EAGER]
    assert talk.no_text() == [TurnDropped("failed")]


def test_an_interim_text_that_is_still_awaited_gives_way_to_the_early_question() -> None:
    talk = Talk(INTERIM)
    for _ in range(32):
        talk.window(0.9, -20.0, -20.0)
    assert [question.purpose for question in talk.questions] == [PARTIAL]
    told = talk.window(0.7, -24.0, -60.0)
    assert told[0] == CancelTranscribe(1)
    assert talk.text("Hello") == []


def test_a_sound_that_falls_away_means_nothing_while_the_client_ends_turns() -> None:
    manual = fallen(replace(TURN, endpointing="manual"))
    pressed = Talk()
    pressed.press()
    for level in (-20.0, -20.0, -20.0, -60.0):
        pressed.window(0.9, level, level)
    assert manual.questions == pressed.questions == []


# -- the questions alone


def asked() -> Questions:
    return Questions(count(1), 1000)


def answer(request_id: int, text: str | None = "Hello.") -> Transcribed:
    return Transcribed(request_id, None if text is None else Transcript(text))


def test_questions_are_numbered_across_turns_and_both_engines() -> None:
    ids = count(7)
    first, second = Questions(ids, 0), Questions(ids, 0)
    assert first.text(PARTIAL, 0, 512, None) == [Transcribe(7, 0, 512, PARTIAL, None)]
    assert first.score(0, 512) == ScoreTurn(8, 0, 512)
    assert second.score(0, 512) == ScoreTurn(9, 0, 512)


def test_an_answer_is_taken_once_and_by_the_turn_that_asked() -> None:
    ids = count(1)
    questions, others = Questions(ids, 0), Questions(ids, 0)
    questions.text(EAGER, 0, 512, "en")
    assert others.answered(answer(1)) is None
    assert questions.has_open_text
    assert questions.answered(answer(1)) == Asked(0, 0, 512, EAGER)
    assert not questions.has_open_text
    assert questions.answered(answer(1)) is None


def test_only_what_was_asked_in_this_pause_is_its_text() -> None:
    questions = asked()
    questions.text(EAGER, 0, 512, None)
    questions.begin_epoch()
    questions.text(EAGER, 0, 1024, None)
    questions.text(PARTIAL, 0, 1024, None)
    taken = [questions.answered(answer(request_id)) for request_id in (1, 2, 3)]
    assert [item is not None and questions.is_final(item) for item in taken] == [False, True, False]


def test_two_questions_are_open_at_most_and_the_one_at_work_is_left() -> None:
    questions = asked()
    questions.text(EAGER, 0, 512, None)
    for request_id in range(2, 12):
        questions.begin_epoch()
        out = questions.text_of_pause(None, 0, 512 * request_id, None)
        assert out[-1] == Transcribe(request_id, 0, 512 * request_id, EAGER, None)
        assert out[:-1] == ([CancelTranscribe(request_id - 1)] if request_id > 2 else [])
    assert questions.answered(answer(1)) is not None
    assert questions.awaits_pause


def test_what_is_kept_is_not_withdrawn_and_may_leave_no_room() -> None:
    questions = asked()
    questions.text(EAGER, 0, 512, None)
    assert questions.keep(0, 512) == 1
    assert questions.keep(512, 1024) == 0
    questions.text(EAGER, 512, 1024, None)
    assert questions.text(EAGER, 512, 2048, None)[0] == CancelTranscribe(2)
    assert questions.keep(512, 2048) == 3
    assert not questions.has_room
    assert questions.text_of_pause(None, 2048, 4096, None) == []
    assert questions.fell_away(2048, 4096, None, has_turn_model=True) == []
    questions.answered(answer(1))
    assert questions.has_room
    assert questions.withdraw_all() == [CancelTranscribe(3)]
    assert not questions.has_open_text


def test_a_word_of_the_turn_model_counts_in_its_pause_alone() -> None:
    questions = asked()
    questions.score(0, 512)
    questions.score(0, 1024)
    assert questions.scored(TurnScored(1, 0.5))
    questions.begin_epoch()
    assert not questions.scored(TurnScored(2, 0.5))
    assert not questions.scored(TurnScored(99, 0.5))


def test_the_final_text_is_not_held_up_by_interim_ones() -> None:
    questions = asked()
    questions.text(PARTIAL, 0, 512, None)
    questions.text(INTERRUPT, 0, 512, None)
    assert questions.text_of_pause(None, 0, 1024, None) == [
        CancelTranscribe(1),
        Transcribe(3, 0, 1024, EAGER, None),
    ]
    assert questions.answered(answer(1)) is None
    assert questions.answered(answer(2)) is not None


def test_a_dip_asks_once_and_an_interim_text_is_due_as_if_it_had_not() -> None:
    questions = asked()
    first = questions.fell_away(0, 2048, None, has_turn_model=True)
    assert first == [Transcribe(1, 0, 2048, EARLY, None), ScoreTurn(2, 0, 2048)]
    assert questions.fell_away(0, 2560, None, has_turn_model=True) == []
    assert (questions.asked_end, questions.interim_end) == (2048, 1000)


def test_what_a_dip_asked_serves_the_pause_that_follows() -> None:
    questions = asked()
    questions.fell_away(0, 2048, None, has_turn_model=True)
    questions.begin_epoch()
    dip = questions.end_dip()
    assert questions.text_of_pause(dip, 0, 2560, None) == []
    assert questions.score_of_pause(dip, 0, 2560) == []
    taken = questions.answered(answer(1))
    assert taken == Asked(1, 0, 2048, EAGER)
    assert questions.is_final(taken)
    assert questions.scored(TurnScored(2, 0.9))


def test_what_came_before_the_pause_is_kept_for_it() -> None:
    questions = asked()
    questions.fell_away(0, 2048, None, has_turn_model=True)
    assert not questions.scored(TurnScored(2, 0.9))
    questions.answered(answer(1))
    questions.keep_early(answer(1), 5.0)
    dip = questions.end_dip()
    assert dip == Dip(1, 2048, 2, Transcript("Hello."), 5.0, 0.9)


def test_a_sound_that_comes_back_withdraws_what_is_still_awaited() -> None:
    questions = asked()
    questions.fell_away(0, 2048, None, has_turn_model=False)
    assert questions.came_back() == [CancelTranscribe(1)]
    assert questions.came_back() == []
    questions.fell_away(0, 4096, None, has_turn_model=False)
    questions.answered(answer(2))
    assert questions.came_back() == []


def test_without_a_turn_model_a_dip_asks_the_recogniser_alone() -> None:
    questions = asked()
    assert questions.fell_away(0, 2048, "en", has_turn_model=False) == [
        Transcribe(1, 0, 2048, EARLY, "en")
    ]
    assert questions.score_of_pause(questions.end_dip(), 0, 2560) == [ScoreTurn(2, 0, 2560)]
