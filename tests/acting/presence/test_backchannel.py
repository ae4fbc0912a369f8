"""The moments at which a voice invites a nod."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.acting.presence.backchannel import (
    DELAY_S,
    GAP_S,
    LOW_S,
    SPEECH_S,
    BackchannelCues,
    PitchRange,
)
from voice_avatar.events.inputs import VadFrame
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES

WINDOW_S = WINDOW_SAMPLES / MIC_HZ


class Speaker:
    """Somebody who speaks, and what it invites.

    Attributes:
        signs_s: when a sign was due, seconds.
    """

    def __init__(self) -> None:
        self.cues = BackchannelCues()
        self.now_s = 0.0
        self.signs_s: list[float] = []

    def say(self, seconds: float, f0_hz: float, probability: float = 0.9) -> None:
        for _ in range(round(seconds / WINDOW_S)):
            start = round(self.now_s * MIC_HZ)
            self.now_s += WINDOW_S
            if self.cues.step(VadFrame(start, probability, f0_hz=f0_hz)):
                self.signs_s.append(self.now_s)

    def talk(self, seconds: float = 3.0) -> None:
        """Talks between 150 and 250 Hz, three quarters of the time above 160."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            for f0_hz in (220.0, 250.0, 230.0, 210.0, 190.0, 160.0, 180.0, 200.0):
                self.say(WINDOW_S, f0_hz)

    def hush(self, seconds: float) -> None:
        self.say(seconds, 0.0, probability=0.05)


def test_a_low_stretch_is_answered_seven_tenths_of_a_second_later() -> None:
    speaker = Speaker()
    speaker.talk()
    low_s = speaker.now_s
    speaker.say(0.16, 120.0)
    assert speaker.cues.is_due
    speaker.talk(1.0)
    assert len(speaker.signs_s) == 1
    assert DELAY_S <= speaker.signs_s[0] - (low_s + LOW_S) <= DELAY_S + 2 * WINDOW_S


def test_the_answer_comes_in_the_pause_when_the_low_stretch_ended_the_phrase() -> None:
    speaker = Speaker()
    speaker.talk()
    speaker.say(0.16, 120.0)
    speaker.hush(1.0)
    assert len(speaker.signs_s) == 1


def test_a_dip_that_is_too_short_invites_nothing() -> None:
    speaker = Speaker()
    speaker.talk()
    speaker.say(2 * WINDOW_S, 120.0)
    speaker.talk(1.0)
    assert speaker.signs_s == []


def test_one_window_without_a_voice_does_not_end_a_low_stretch_but_two_do() -> None:
    for unvoiced, signs in ((1, 1), (2, 0)):
        speaker = Speaker()
        speaker.talk()
        speaker.say(2 * WINDOW_S, 120.0)
        speaker.say(unvoiced * WINDOW_S, 0.0)
        speaker.say(2 * WINDOW_S, 120.0)
        speaker.talk(1.0)
        assert len(speaker.signs_s) == signs


def test_what_is_low_in_one_voice_is_not_in_another() -> None:
    low = Speaker()
    for _ in range(20):
        for f0_hz in (100.0, 110.0, 130.0, 120.0):
            low.say(WINDOW_S, f0_hz)
    low.say(0.16, 120.0)
    low.hush(1.0)
    assert low.signs_s == []


def test_a_monotone_invites_nothing() -> None:
    speaker = Speaker()
    speaker.say(20.0, 120.0)
    assert speaker.signs_s == []


def test_a_voice_that_is_not_known_yet_invites_nothing() -> None:
    speaker = Speaker()
    speaker.say(0.5, 200.0)
    speaker.say(0.3, 100.0)
    speaker.hush(1.0)
    assert speaker.signs_s == []


def test_low_pitch_in_the_first_seven_tenths_of_a_second_of_speech_invites_nothing() -> None:
    speaker = Speaker()
    speaker.talk()
    speaker.hush(0.5)
    speaker.say(SPEECH_S - 0.1, 100.0)
    speaker.hush(1.0)
    assert speaker.signs_s == []


def test_silence_and_noise_invite_nothing() -> None:
    speaker = Speaker()
    speaker.hush(5.0)
    speaker.say(5.0, 0.0)
    assert speaker.signs_s == []


def test_what_was_invited_is_void_once_the_speaker_has_lost_the_floor() -> None:
    speaker = Speaker()
    speaker.talk()
    speaker.say(0.16, 120.0)
    speaker.cues.leave()
    speaker.hush(1.0)
    assert speaker.signs_s == []


def test_a_sign_given_for_another_reason_counts() -> None:
    speaker = Speaker()
    speaker.talk()
    speaker.say(0.16, 120.0)
    speaker.cues.answered(round(speaker.now_s * MIC_HZ))
    speaker.hush(1.0)
    assert speaker.signs_s == []


def test_the_range_of_a_voice_follows_a_new_speaker() -> None:
    voice = PitchRange()
    for _ in range(300):
        voice.add(200.0)
    assert voice.is_low(120.0)
    for _ in range(3000):
        voice.add(120.0)
    assert not voice.is_low(125.0)
    assert not voice.is_low(200.0)


def test_a_long_session_does_not_overflow_the_range() -> None:
    voice = PitchRange()
    for index in range(100_000):
        voice.add(150.0 + index % 100)
    assert voice.is_known
    assert voice.is_low(155.0)
    assert not voice.is_low(200.0)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 40),
            st.sampled_from([0.0, 5.0, 90.0, 130.0, 180.0, 300.0, 9000.0]),
            st.sampled_from([0.0, 0.4, 0.6, 1.0]),
        ),
        max_size=40,
    )
)
def test_whatever_is_said_signs_keep_their_distance(
    steps: list[tuple[int, float, float]],
) -> None:
    speaker = Speaker()
    speaker.talk()
    for windows, f0_hz, probability in steps:
        speaker.say(windows * WINDOW_S, f0_hz, probability)
    gaps = [later - sooner for sooner, later in pairwise(speaker.signs_s)]
    assert gaps == pytest.approx(gaps)
    assert all(gap >= GAP_S for gap in gaps)
