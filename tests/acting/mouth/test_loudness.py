"""How loud a voice is, and how far that opens the mouth."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.acting.mouth.loudness import GAIN, GAIN_PER_S, MEMORY, Envelope, VoiceLevel
from voice_avatar.audio.pcm import FLOOR_DBFS

RATE_HZ = 16_000


def tone(dbfs: float, seconds: float) -> bytes:
    """A tone of an RMS level."""
    t = np.arange(round(RATE_HZ * seconds)) / RATE_HZ
    wave = 32768 * 10 ** (dbfs / 20) * np.sqrt(2) * np.sin(2 * np.pi * 200 * t)
    return wave.astype("<i2").tobytes()


def test_the_envelope_finds_the_loudest_place_within_its_bounds() -> None:
    envelope = Envelope(RATE_HZ)
    envelope.push(tone(-40, 0.1) + tone(-20, 0.1) + tone(-30, 0.1))
    assert envelope.peak_dbfs(0, 1600) == pytest.approx(-40, abs=0.2)
    assert envelope.peak_dbfs(0, 4800) == pytest.approx(-20, abs=0.2)
    assert envelope.peak_dbfs(3200, 4800) == pytest.approx(-30, abs=0.2)
    assert envelope.peak_dbfs(-4000, 1600) == pytest.approx(-40, abs=0.2)


def test_what_was_not_heard_yet_has_no_level() -> None:
    envelope = Envelope(RATE_HZ)
    assert envelope.peak_dbfs(0, 1600) is None
    envelope.push(tone(-20, 0.1))
    assert envelope.peak_dbfs(1600, 3200) is None
    assert envelope.peak_dbfs(1440, 3200) is None  # one step alone


def test_silence_has_the_least_level() -> None:
    envelope = Envelope(RATE_HZ)
    envelope.push(bytes(2 * 1600))
    assert envelope.peak_dbfs(0, 1600) == FLOOR_DBFS


@given(cuts=st.lists(st.integers(0, 4800), max_size=6))
def test_the_envelope_does_not_depend_on_how_the_audio_was_cut(cuts: list[int]) -> None:
    pcm = tone(-40, 0.1) + tone(-20, 0.1) + tone(-30, 0.1)
    whole, parts = Envelope(RATE_HZ), Envelope(RATE_HZ)
    whole.push(pcm)
    for start, end in pairwise([0, *sorted(cuts), 4800]):
        parts.push(pcm[2 * start : 2 * end])
    for start in range(0, 4800, 700):
        assert parts.peak_dbfs(start, start + 900) == whole.peak_dbfs(start, start + 900)


def test_the_first_vowel_is_as_loud_as_usual() -> None:
    assert VoiceLevel().gain_of(-30.0, 1.0) == 1.0


def test_a_quiet_voice_has_as_large_a_mouth_as_a_loud_one() -> None:
    quiet, loud = VoiceLevel(), VoiceLevel()
    levels = [-3.0, 2.0, -8.0, 4.0, 0.0]
    assert [quiet.gain_of(-40 + db, 1.0) for db in levels] == pytest.approx(
        [loud.gain_of(-15 + db, 1.0) for db in levels]
    )


def test_louder_vowels_are_larger_within_bounds() -> None:
    def gain(db: float) -> float:
        level = VoiceLevel(-20.0, MEMORY)
        return level.gain_of(-20.0 + db, 1.0)

    gains = [gain(db) for db in (-60, -9, -4, 0, 3, 40)]
    assert gains == sorted(gains)
    assert (gains[0], gains[-1]) == GAIN
    assert gains[3] == 1.0


def test_a_level_that_is_not_known_leaves_the_gain() -> None:
    level = VoiceLevel(-20.0, MEMORY, 0.8)
    assert level.gain_of(None, 1.0) == 0.8
    assert level.usual_dbfs == -20.0


def test_the_usual_level_follows_slowly_and_an_outlier_hardly() -> None:
    level = VoiceLevel(-20.0, MEMORY)
    level.push(FLOOR_DBFS)
    assert level.usual_dbfs == pytest.approx(-20.0 - 10.0 / MEMORY)
    for _ in range(4 * MEMORY):
        level.push(-30.0)
    assert level.usual_dbfs == pytest.approx(-30.0, abs=0.5)


@given(
    heard=st.lists(
        st.tuples(st.one_of(st.none(), st.floats(-100, 0)), st.floats(0.012, 0.5)), max_size=50
    )
)
def test_the_gain_never_jumps_and_never_leaves_its_bounds(
    heard: list[tuple[float | None, float]],
) -> None:
    level = VoiceLevel()
    before = level.gain
    for dbfs, passed_s in heard:
        gain = level.gain_of(dbfs, passed_s)
        assert abs(gain - before) <= GAIN_PER_S * passed_s + 1e-9
        assert GAIN[0] <= gain <= GAIN[1]
        before = gain
