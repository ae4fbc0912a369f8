"""What is made of a turn: the judgement."""

from __future__ import annotations

import pytest
from kit.bench_turns import EARLY, piece

from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.figures.line_events import (
    AudioCame,
    DurationsTold,
    LineEvent,
    Reacted,
    ReplyBegan,
    ReplyEnded,
    SpeechNoticed,
    StagesTold,
    Trouble,
    TurnCommitted,
    UserHeard,
)
from voice_avatar.bench.figures.played import PlayedTrack
from voice_avatar.bench.figures.turns import TurnRecord, TurnResult, judge, said_s

HZ = 16_000


CLIP = Clip("c", bytes(2 * HZ), 14_400, "hello", pauses_s=(0.3,))
END_S = 100.9
"""The 45th frame carries the last sample of speech; frames are sent at their end."""


def turn(*events: LineEvent, stale: frozenset[str] = frozenset()) -> TurnResult:
    track = PlayedTrack()
    for event in sorted(events, key=lambda e: e.at_s):
        if isinstance(event, AudioCame):
            track.take(event)
        elif isinstance(event, ReplyEnded) and event.is_interrupted:
            track.cut(event.reply, event.at_s)
    sent_s = [100.0 + 0.02 * (number + 1) for number in range(-50, 200)]
    ordered = sorted(events, key=lambda e: e.at_s)
    return judge(TurnRecord(CLIP, 3, 50, sent_s, ordered, track, stale, 0.004))


def test_a_wait_lasts_from_the_last_sample_of_speech_to_the_first_sound() -> None:
    result = turn(
        UserHeard(END_S + 0.3, "hello"),
        ReplyBegan(END_S + 0.3, "7"),
        piece(END_S + 0.4, reply="7", quiet_s=0.03),
        ReplyEnded(END_S + 2.0, "7", text="Hi there."),
        Trouble(END_S + 2.0, "slow"),
    )
    assert result.v2v_s == pytest.approx(0.43)
    assert (result.heard, result.reply) == ("hello", "Hi there.")
    assert result.trouble == ("slow",)
    assert not result.is_cut_off
    assert not result.is_missed
    assert result.mic_late_s == 0.004


def test_fillers_are_no_answers() -> None:
    result = turn(
        ReplyBegan(END_S + 0.1, "7", is_filler=True),
        piece(END_S + 0.1, reply="7"),
        ReplyBegan(END_S + 0.6, "8"),
        piece(END_S + 0.7, reply="8"),
    )
    assert result.v2v_s == pytest.approx(0.7)


def test_what_is_left_of_an_earlier_reply_is_no_answer() -> None:
    result = turn(piece(END_S + 0.1, reply="6"), stale=frozenset({"6"}))
    assert result.v2v_s is None
    assert result.is_missed


def test_a_reply_over_the_user_is_a_talk_over_and_neither_a_wait_nor_a_miss() -> None:
    result = turn(UserHeard(END_S - 0.5, "hel"), piece(END_S - 0.3, 1.0, reply="7"))
    assert result.v2v_s is None
    assert result.talk_overs_s == (pytest.approx(-0.3),)
    assert result.commits_s == (pytest.approx(-0.5),)
    assert result.is_cut_off
    assert not result.is_missed


def test_a_turn_that_is_taken_to_be_over_too_early_is_cut_off_though_nothing_was_heard() -> None:
    result = turn(
        UserHeard(END_S - 0.5, "hel"),
        ReplyBegan(END_S - 0.5, "7"),
        ReplyEnded(END_S - 0.4, "7", is_interrupted=True),
        UserHeard(END_S + 0.3, "lo"),
        piece(END_S + 0.4, reply="8"),
    )
    assert result.is_cut_off
    assert result.talk_overs_s == ()
    assert result.v2v_s == pytest.approx(0.4)
    assert result.heard == "hel lo"


def test_where_no_text_is_told_a_reply_says_that_the_turn_was_over() -> None:
    result = turn(ReplyBegan(END_S - 0.2, "7"), piece(END_S + 0.1, reply="7"))
    assert result.commits_s == (pytest.approx(-0.2),)


def test_where_the_end_of_the_turn_is_told_texts_and_replies_say_nothing_of_it() -> None:
    early = turn(
        TurnCommitted(END_S - 0.6), UserHeard(END_S + 0.2, "hel"), ReplyBegan(END_S - 0.5, "7")
    )
    assert early.commits_s == (pytest.approx(-0.6),)
    assert early.is_cut_off
    # A recogniser may tell its text before anybody takes the turn to be over.
    in_time = turn(UserHeard(END_S - 0.2, "hello"), TurnCommitted(END_S + 0.1))
    assert not in_time.is_cut_off


def test_durations_are_the_first_that_were_told() -> None:
    result = turn(
        DurationsTold(END_S + 0.1, {"stt": 0.3}),
        DurationsTold(END_S + 0.2, {"llm": 0.2, "tts": 0.1}),
        DurationsTold(END_S + 0.9, {"tts": 0.5}),
    )
    assert result.durations_s == {"stt": 0.3, "llm": 0.2, "tts": 0.1}


def test_a_reaction_that_was_taken_back_does_not_count() -> None:
    result = turn(
        Reacted(END_S - 0.6, "head:nod"),
        SpeechNoticed(END_S - 0.4, is_end=False),
        Reacted(END_S - 0.3, "state:listening"),
        Reacted(END_S + 0.1, "gaze:away_up"),
        Reacted(END_S + 0.3, "state:thinking"),
        piece(END_S + 0.4),
    )
    assert result.reaction_s == pytest.approx(0.1)


def test_a_sign_after_the_answer_is_no_reaction() -> None:
    result = turn(piece(END_S + 0.4), Reacted(END_S + 0.5, "state:speaking"))
    assert result.reaction_s is None


def test_stages_are_those_of_the_answer_and_sum_to_its_wait() -> None:
    # The server hears the end 10 ms before it was annotated.
    result = turn(
        SpeechNoticed(END_S + 0.05, is_end=True, sample=50 * 320 + 14_240),
        ReplyBegan(END_S + 0.3, "7"),
        piece(END_S + 0.412, reply="7", quiet_s=0.02),
        StagesTold(END_S + 0.5, "6", {"sent": 9.0}),
        StagesTold(END_S + 0.5, "7", EARLY, is_speculative=True),
    )
    assert result.waterfall is not None
    assert result.v2v_s is not None
    assert result.waterfall.total_s == pytest.approx(result.v2v_s)
    assert result.waterfall.residual_s == pytest.approx(0.412 - 0.401 + 0.010)
    assert result.is_speculative


def test_tokens_that_were_wasted_count_for_the_turn_in_which_they_are_told() -> None:
    told = [StagesTold(END_S + 0.5, str(n), {}, wasted_tokens=n) for n in (6, 7)]
    assert turn(*told).wasted_tokens == 13
    assert turn(StagesTold(END_S + 0.5, "7", {})).wasted_tokens is None


def test_a_server_that_tells_no_stages_has_no_waterfall() -> None:
    result = turn(piece(END_S + 0.4))
    assert result.waterfall is None
    assert result.is_speculative is None


def test_a_sample_was_said_before_its_frame_was_sent() -> None:
    sent_s = [1.02, 1.05]
    assert said_s(sent_s, 320) == pytest.approx(1.02)
    assert said_s(sent_s, 480) == pytest.approx(1.04)
    assert said_s(sent_s, 0) == pytest.approx(1.0)
    assert said_s(sent_s, 9999) >= 1.05
