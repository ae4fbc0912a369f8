"""What is made of a turn: the played track, the waterfall of stages, and the judgement."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from voice_avatar.bench.figures.waterfall import STEPS, waterfall

HZ = 16_000


def piece(
    at_s: float, seconds: float = 0.1, reply: str = "1", *, quiet_s: float = 0.0, **rest: int
) -> AudioCame:
    samples = np.full(int(seconds * HZ), 4000, "<i2")
    samples[: int(quiet_s * HZ)] = 5
    return AudioCame(at_s, reply, samples.tobytes(), HZ, **rest)


def played(*pieces: AudioCame, buffer_s: float = 0.0) -> PlayedTrack:
    track = PlayedTrack(buffer_s)
    for event in pieces:
        track.take(event)
    return track


# -- the played track


def test_a_reply_is_heard_from_its_first_audible_sample() -> None:
    track = played(piece(1.0, quiet_s=0.1), piece(1.05, quiet_s=0.04))
    assert track.replies["1"].arrived_s == 1.0
    assert track.replies["1"].onset_s == pytest.approx(1.14)
    assert track.until_s == pytest.approx(1.2)


def test_a_buffer_delays_a_reply_once() -> None:
    reply = played(piece(1.0), piece(1.12), buffer_s=0.05).replies["1"]
    assert reply.onset_s == pytest.approx(1.05)
    assert reply.until_s == pytest.approx(1.25)
    assert reply.underruns == 0
    assert reply.lead_s == pytest.approx(0.03)


def test_a_late_piece_is_an_underrun_and_its_silence_is_counted() -> None:
    reply = played(piece(1.0), piece(1.3), piece(1.35), piece(1.36)).replies["1"]
    assert reply.underruns == 1
    assert reply.late_s == pytest.approx(0.2)
    assert reply.until_s == pytest.approx(1.6)
    assert reply.lead_s == pytest.approx(-0.2)


def test_audio_that_runs_ahead_has_no_jitter_and_a_paced_one_what_it_came_late() -> None:
    burst = [piece(1.0, 0.02) for _ in range(10)]
    assert played(*burst).replies["1"].jitter_s == 0.0
    assert played(*burst).replies["1"].lead_s is None
    paced = [*burst, piece(1.03, 0.02), piece(1.05, 0.02), piece(1.08, 0.02)]
    assert played(*paced).replies["1"].jitter_s == pytest.approx(0.01)


def test_a_reply_waits_for_the_one_before_it() -> None:
    track = played(piece(1.0, 0.5), piece(1.1, reply="2"))
    assert track.replies["2"].onset_s == pytest.approx(1.5)


def test_a_gap_on_the_clock_of_a_reply_is_silence() -> None:
    reply = played(piece(1.0, start=0), piece(1.0, start=3200)).replies["1"]
    assert reply.until_s == pytest.approx(1.3)
    assert reply.samples == 4800
    assert reply.underruns == 0


def test_a_cut_reply_is_not_played_further() -> None:
    track = played(piece(1.0, 1.0), piece(1.0, reply="2"))
    track.cut("1", 1.25)
    track.cut("2", 1.25)
    track.cut("3", 1.25)
    track.take(piece(1.3))
    assert track.replies["1"].until_s == pytest.approx(1.25)
    assert track.replies["1"].played_samples(2.0) == 4000
    assert track.replies["2"].onset_s is None  # nobody heard it


def test_a_reply_that_is_paused_stands_still_and_goes_on_with_the_next_sample() -> None:
    track = played(piece(1.0, 1.0), piece(1.5, 1.0, quiet_s=0.5))
    track.pause("1", 1.25)
    track.pause("1", 1.4)
    reply = track.replies["1"]
    assert reply.played_samples(9.0) == HZ // 4
    track.take(piece(2.0, 1.0))
    track.resume("1", 3.25)
    assert reply.played_samples(3.5) == HZ // 2
    assert reply.until_s == pytest.approx(6.0)
    assert (reply.underruns, reply.late_s) == (0, 0.0)


def test_speech_that_a_pause_came_before_is_heard_later() -> None:
    track = played(piece(1.0, 1.0, quiet_s=0.5))
    track.pause("1", 1.25)
    track.resume("1", 2.25)
    assert track.replies["1"].onset_s == pytest.approx(2.5)


def test_speech_that_was_heard_before_a_pause_was_heard_then() -> None:
    track = played(piece(1.0, 1.0))
    track.pause("1", 1.25)
    track.resume("1", 2.25)
    track.resume("1", 9.0)
    assert track.replies["1"].onset_s == 1.0


def test_a_reply_that_had_run_dry_before_it_was_paused_has_an_underrun_of_its_own_time() -> None:
    track = played(piece(1.0, 0.1))
    track.pause("1", 1.3)
    track.take(piece(5.0, 0.1))
    track.resume("1", 6.3)
    reply = track.replies["1"]
    assert (reply.underruns, reply.late_s) == (1, pytest.approx(0.2))
    assert reply.until_s == pytest.approx(6.4)


def test_a_paused_reply_that_is_cut_was_heard_up_to_the_pause() -> None:
    track = played(piece(1.0, 1.0))
    track.pause("1", 1.25)
    track.cut("1", 1.75)
    reply = track.replies["1"]
    assert (reply.until_s, reply.samples, reply.paused_s) == (1.25, HZ // 4, None)


def test_what_is_said_of_a_reply_of_which_nothing_came_changes_nothing() -> None:
    track = played()
    track.pause("1", 1.0)
    track.resume("1", 2.0)
    assert track.replies == {}


def test_what_was_played_grows_with_time_up_to_what_came() -> None:
    reply = played(piece(1.0, 0.5)).replies["1"]
    assert [reply.played_samples(at_s) for at_s in (0.9, 1.0, 1.25, 1.5, 9.0)] == [
        0,
        0,
        4000,
        8000,
        8000,
    ]


@given(
    st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 4000)), min_size=1, max_size=30),
    st.floats(0, 0.2),
)
def test_playing_takes_the_sound_and_the_silence_of_underruns(
    pieces: list[tuple[float, int]], buffer_s: float
) -> None:
    at_s, events = 0.0, []
    for wait_s, samples in pieces:
        at_s += wait_s
        events.append(piece(at_s, samples / HZ))
    reply = played(*events, buffer_s=buffer_s).replies["1"]
    sound_s = sum(samples for _, samples in pieces) / HZ
    begun_s = events[0].at_s + buffer_s
    assert reply.until_s == pytest.approx(begun_s + sound_s + reply.late_s, abs=1e-3 * len(pieces))
    assert (reply.underruns == 0) == (reply.late_s == 0)


# -- the waterfall

EARLY = {
    "stt": 0.15,
    "llm_start": 0.151,
    "ttft": 0.2,
    "first_chunk": 0.3,
    "ttfa": 0.35,
    "commit": 0.4,
    "sent": 0.401,
}


def test_an_endpoint_wait_counts_for_what_is_left_when_the_voice_is_ready() -> None:
    fall = waterfall(EARLY, zero_s=0.0, arrived_s=0.405, onset_s=0.42)
    assert fall.steps_s["commit"] == pytest.approx(0.05)
    assert fall.steps_s["stt"] == pytest.approx(0.154)  # the marks are placed by the first audio
    assert fall.steps_s["onset"] == pytest.approx(0.015)
    assert fall.residual_s == pytest.approx(0.004)
    assert fall.total_s == pytest.approx(0.42)


def test_an_endpoint_wait_before_the_work_hides_the_recognition() -> None:
    late = EARLY | {"commit": 0.145, "stt": 0.12}
    fall = waterfall(late, zero_s=0.0, arrived_s=0.401, onset_s=0.401)
    assert fall.steps_s["commit"] == pytest.approx(0.145)
    assert fall.steps_s["stt"] == 0.0
    assert fall.steps_s["llm_start"] == pytest.approx(0.006)


def test_the_time_until_the_pause_is_noticed_is_no_recognition() -> None:
    fall = waterfall(EARLY, zero_s=0.0, arrived_s=0.401, onset_s=0.401, noticed_s=0.07)
    assert fall.steps_s["noticed"] == pytest.approx(0.07)
    assert fall.steps_s["stt"] == pytest.approx(0.08)
    late = waterfall(
        EARLY | {"commit": 0.145}, zero_s=0.0, arrived_s=0.401, onset_s=0.401, noticed_s=0.07
    )
    assert late.steps_s["commit"] == pytest.approx(0.075)


def test_work_that_was_done_before_the_end_of_speech_costs_nothing() -> None:
    marks = {"stt": -0.4, "llm_start": -0.3, "ttft": -0.2, "first_chunk": -0.1, "ttfa": 0.02}
    fall = waterfall(
        marks | {"commit": 0.2, "sent": 0.2}, zero_s=-0.05, arrived_s=0.2, onset_s=0.22
    )
    assert [fall.steps_s[name] for name in ("stt", "llm_start", "ttft", "first_chunk")] == [0] * 4
    assert fall.steps_s["ttfa"] == pytest.approx(0.02)
    assert fall.steps_s["commit"] == pytest.approx(0.18)


_S = st.floats(-2, 3)


@given(
    st.dictionaries(st.sampled_from(sorted(set(STEPS) - {"onset", "noticed"})), _S),
    st.none() | _S,
    _S,
    st.floats(-1, 5),
    st.none() | _S,
)
def test_steps_are_never_negative_and_sum_to_the_wait(
    marks_s: dict[str, float],
    zero_s: float | None,
    arrived_s: float,
    onset_s: float,
    noticed_s: float | None,
) -> None:
    fall = waterfall(
        marks_s, zero_s=zero_s, arrived_s=arrived_s, onset_s=onset_s, noticed_s=noticed_s
    )
    assert set(fall.steps_s) == set(STEPS)
    assert min(fall.steps_s.values()) >= 0.0
    assert fall.total_s == pytest.approx(max(0.0, onset_s), abs=1e-9)


# -- the judgement

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
