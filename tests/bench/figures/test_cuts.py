"""When a reply fell silent, and what was heard of it."""

from __future__ import annotations

import pytest

from voice_avatar.bench.figures.cuts import HeardAudio, cut_of
from voice_avatar.bench.figures.line_events import (
    AudioCame,
    LineEvent,
    ReplyBegan,
    ReplyEnded,
    ReplyPaused,
    ReplyResumed,
    SpeechNoticed,
)

HZ = 16_000


def piece(at_s: float, seconds: float = 0.5, reply: str = "1") -> AudioCame:
    return AudioCame(at_s, reply, b"\1\1" * int(seconds * HZ), HZ)


# -- cuts


def test_a_reply_falls_silent_when_the_word_of_the_interruption_comes() -> None:
    events: list[LineEvent] = [
        piece(0.0),
        piece(0.1),
        piece(0.6),
        SpeechNoticed(0.95, is_end=False),
        ReplyEnded(1.1, "1", is_interrupted=True),
    ]
    cut = cut_of(events, 0.8, 5.0, buffer_s=0.0)
    assert cut.is_cut
    assert cut.told_s == cut.last_played_s == pytest.approx(0.3)
    assert cut.noticed_s == pytest.approx(0.15)
    assert cut.last_sent_s is None  # all was there before the onset
    assert cut.stale_frames == 0


def test_audio_after_the_word_of_the_interruption_is_stale_and_counts_as_sent() -> None:
    events: list[LineEvent] = [
        piece(0.0, 2.0),
        ReplyEnded(1.0, "1", is_interrupted=True),
        piece(1.2),
        piece(1.3, reply="2"),
    ]
    cut = cut_of(events, 0.8, 5.0, buffer_s=0.0)
    assert cut.stale_frames == 1
    assert cut.last_sent_s == pytest.approx(0.4)
    assert cut.last_played_s == pytest.approx(0.2)


def test_a_reply_that_talks_on_is_no_cut_and_is_no_void_trial() -> None:
    cut = cut_of([piece(0.0, 4.0), ReplyBegan(3.0, "2")], 0.8, 5.0, buffer_s=0.0)
    assert not cut.is_cut
    assert not cut.is_void
    assert cut.is_answered
    assert cut.last_played_s == pytest.approx(3.2)


@pytest.mark.parametrize("onset_s", [0.5, 3.0])
def test_a_reply_that_was_over_by_itself_makes_a_trial_void(onset_s: float) -> None:
    assert cut_of([piece(0.0, 1.0)], onset_s, 5.0, buffer_s=0.0).is_void


def test_what_is_told_after_the_trial_was_not_caused_by_it() -> None:
    events: list[LineEvent] = [piece(0.0, 9.0), ReplyEnded(4.0, "1", is_interrupted=True)]
    assert not cut_of(events, 0.5, 3.0, buffer_s=0.0).is_cut


def test_a_loudspeaker_plays_pieces_one_after_the_other_and_waits_only_for_the_first() -> None:
    speaker = HeardAudio(0.1)
    assert speaker.take(piece(1.0)) == pytest.approx(1.1)
    assert speaker.take(piece(1.01)) == pytest.approx(1.6)
    assert speaker.played(1.6) == HZ // 2
    speaker.flush(1.85)
    assert speaker.until_s(9.0) == 1.85
    assert speaker.played(9.0) == pytest.approx(0.75 * HZ, abs=2)


def test_a_loudspeaker_that_is_paused_keeps_what_it_has_and_goes_on_with_the_next_sample() -> None:
    speaker = HeardAudio(0.0)
    speaker.take(piece(1.0))
    speaker.pause(1.2)
    assert speaker.take(piece(1.3)) == pytest.approx(1.5)  # on its own time
    assert speaker.played(5.0) == pytest.approx(0.2 * HZ, abs=2)
    speaker.resume(3.2)
    assert speaker.played(3.3) == pytest.approx(0.3 * HZ, abs=2)
    assert speaker.until_s(3.3) == pytest.approx(4.0)


def test_a_loudspeaker_that_had_run_dry_is_not_behind_after_a_pause() -> None:
    speaker = HeardAudio(0.0)
    speaker.take(piece(1.0))
    speaker.pause(2.0)
    speaker.resume(3.0)
    assert speaker.until_s(3.0) == pytest.approx(1.5)
    assert speaker.take(piece(3.5)) == pytest.approx(3.5)


def test_a_loudspeaker_obeys_only_what_is_said_of_its_reply() -> None:
    speaker = HeardAudio(0.0)
    speaker.take(piece(1.0))
    speaker.obey(ReplyPaused(1.1, "2"))
    assert speaker.paused_s is None
    speaker.obey(ReplyPaused(1.1, "1"))
    assert speaker.paused_s == 1.1
    speaker.obey(ReplyEnded(1.4, "1"))
    assert speaker.paused_s is None


# -- pauses


def test_a_pause_that_ended_with_the_interruption_is_when_the_reply_fell_silent() -> None:
    events: list[LineEvent] = [
        piece(0.0, 3.0),
        ReplyPaused(1.0, "1"),
        ReplyEnded(1.6, "1", is_interrupted=True),
    ]
    cut = cut_of(events, 0.8, 5.0, buffer_s=0.0)
    assert cut.is_cut
    assert cut.paused_s == cut.last_played_s == pytest.approx(0.2)
    assert cut.told_s == pytest.approx(0.8)
    assert cut.pauses_s == ()


def test_a_reply_that_went_on_in_between_fell_silent_at_the_second_pause() -> None:
    events: list[LineEvent] = [
        piece(0.0, 3.0),
        ReplyPaused(1.0, "1"),
        ReplyResumed(1.5, "1"),
        ReplyPaused(1.9, "1"),
        ReplyEnded(2.2, "1", is_interrupted=True),
    ]
    cut = cut_of(events, 0.8, 5.0, buffer_s=0.0)
    assert cut.paused_s == pytest.approx(0.2)
    assert cut.last_played_s == pytest.approx(1.1)
    assert cut.pauses_s == (pytest.approx(0.5),)


def test_a_reply_that_came_back_was_not_cut_and_what_it_had_to_say_is_not_longer() -> None:
    events: list[LineEvent] = [
        piece(0.0, 2.0),
        ReplyPaused(1.0, "1"),
        piece(1.2, 0.5),
        ReplyResumed(1.5, "1"),
    ]
    cut = cut_of(events, 0.9, 5.0, buffer_s=0.0)
    assert not cut.is_cut
    assert not cut.is_void
    assert cut.left_s == pytest.approx(1.6)
    assert cut.last_played_s == pytest.approx(2.1)


def test_a_reply_that_never_came_back_was_cut() -> None:
    cut = cut_of([piece(0.0, 9.0), ReplyPaused(1.0, "1")], 0.8, 5.0, buffer_s=0.0)
    assert cut.is_cut
    assert cut.told_s is None
    assert cut.last_played_s == pytest.approx(0.2)


def test_a_reply_that_ended_in_its_pause_came_back() -> None:
    events: list[LineEvent] = [piece(0.0, 2.5), ReplyPaused(1.0, "1"), ReplyEnded(1.1, "1")]
    cut = cut_of(events, 0.8, 5.0, buffer_s=0.0)
    assert not cut.is_cut
    assert cut.pauses_s == (pytest.approx(0.1),)


def test_samples_that_are_missing_or_come_twice_are_counted() -> None:
    def at(start: int) -> AudioCame:
        return AudioCame(0.1, "1", bytes(200), HZ, start)

    events: list[LineEvent] = [at(0), at(100), at(250), at(300)]
    assert cut_of(events, 0.11, 5.0, buffer_s=0.0).gap_samples == 100
    assert cut_of([at(0), at(100)], 0.11, 5.0, buffer_s=0.0).gap_samples == 0
