"""PCM: levels, exact lengths of resampled streams, re-framing, absolute sample indices."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.audio.pcm import (
    FLOOR_DBFS,
    MAX_RATE_HZ,
    MIN_RATE_HZ,
    AudioHistory,
    Reframer,
    StreamResampler,
    dbfs,
    resample,
    sample_count,
    scaled,
    silence,
    to_float,
    to_pcm,
    whole_samples,
)
from voice_avatar.errors import AudioUnsupported

RATES_HZ = (8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000)


def tone(samples: int, rate_hz: int, *, frequency_hz: float = 440.0, level: float = 0.5) -> bytes:
    time_s = np.arange(samples) / rate_hz
    wave = level * np.sin(2 * np.pi * frequency_hz * time_s)
    return to_pcm(wave.astype(np.float32))


def numbered(start: int, count: int) -> bytes:
    """Samples that hold their own index."""
    return np.arange(start, start + count).astype("<i2").tobytes()


def parts(pcm: bytes, cuts: list[int]) -> list[bytes]:
    """Cuts `pcm` at the given samples."""
    ends = [0, *sorted(min(cut, sample_count(pcm)) for cut in cuts), sample_count(pcm)]
    return [pcm[2 * a : 2 * b] for a, b in pairwise(ends)]


def test_silence_has_as_many_samples_as_asked_for() -> None:
    assert sample_count(silence(480)) == 480
    assert set(silence(480)) == {0}


def test_half_a_sample_does_not_count() -> None:
    assert sample_count(b"\x00\x00\x00") == 1


def test_half_a_sample_is_left_for_later() -> None:
    assert whole_samples(b"\x01\x02\x03") == (b"\x01\x02", b"\x03")
    assert whole_samples(b"\x01\x02") == (b"\x01\x02", b"")


@given(st.binary(max_size=400).filter(lambda data: len(data) % 2 == 0))
def test_pcm_survives_the_way_to_floats_and_back(pcm: bytes) -> None:
    assert to_pcm(to_float(pcm)) == pcm


def test_floats_beyond_full_scale_are_clipped_and_nan_is_silence() -> None:
    wild = np.array([2.0, -2.0, np.inf, -np.inf, np.nan], dtype=np.float32)
    assert np.frombuffer(to_pcm(wild), "<i2").tolist() == [32767, -32768, 32767, -32768, 0]


def test_the_level_of_a_full_scale_square_wave_is_0_dbfs() -> None:
    square = np.array([-32768] * 100, dtype="<i2").tobytes()
    assert dbfs(square) == pytest.approx(0.0)


def test_half_the_amplitude_is_6_db_less() -> None:
    loud, soft = tone(1600, 16_000, level=0.5), tone(1600, 16_000, level=0.25)
    assert dbfs(loud) - dbfs(soft) == pytest.approx(20 * math.log10(2), abs=0.01)


@pytest.mark.parametrize("pcm", [b"", silence(100)])
def test_silence_has_the_floor_level(pcm: bytes) -> None:
    assert dbfs(pcm) == FLOOR_DBFS


def test_a_level_under_the_floor_is_the_floor() -> None:
    almost = np.zeros(100_000, dtype="<i2")
    almost[::900] = 1
    assert dbfs(almost.tobytes()) == FLOOR_DBFS


@pytest.mark.parametrize(
    ("samples", "from_hz", "to_hz", "expected"),
    [
        (160, 16_000, 16_000, 160),
        (1, 16_000, 8_000, 1),
        (3, 8_000, 12_000, 5),
        (0, 8_000, 9_000, 0),
    ],
)
def test_a_sample_index_on_another_axis_is_rounded_half_up(
    samples: int, from_hz: int, to_hz: int, expected: int
) -> None:
    assert scaled(samples, from_hz, to_hz) == expected


def test_resampling_to_the_same_rate_changes_nothing() -> None:
    pcm = tone(100, 16_000)
    assert resample(pcm, 16_000, 16_000) == pcm
    assert StreamResampler(16_000, 16_000).push(pcm) == pcm


def test_nothing_resampled_is_nothing() -> None:
    assert resample(b"", 8_000, 16_000) == b""
    assert StreamResampler(8_000, 16_000).push(b"", is_last=True) == b""


@given(st.integers(0, 3000), st.sampled_from(RATES_HZ), st.sampled_from(RATES_HZ))
def test_a_resampled_recording_has_the_exact_length(samples: int, source: int, target: int) -> None:
    out = resample(tone(samples, source), source, target)
    assert sample_count(out) == scaled(samples, source, target)


@given(
    st.integers(0, 4000),
    st.sampled_from(RATES_HZ),
    st.sampled_from(RATES_HZ),
    st.lists(st.integers(0, 4000), max_size=8),
)
def test_a_resampled_stream_has_the_length_of_the_whole_however_it_is_split(
    samples: int, source: int, target: int, cuts: list[int]
) -> None:
    resampler = StreamResampler(source, target)
    pieces = [resampler.push(part) for part in parts(tone(samples, source), cuts)]
    pieces.append(resampler.push(b"", is_last=True))
    assert sum(map(sample_count, pieces)) == scaled(samples, source, target)


@given(st.lists(st.integers(0, 4000), max_size=8))
def test_a_stream_sounds_the_same_however_it_is_split(cuts: list[int]) -> None:
    pcm = tone(4000, 48_000)
    resampler = StreamResampler(48_000, 16_000)
    split = b"".join(resampler.push(part) for part in parts(pcm, cuts))
    split += resampler.push(b"", is_last=True)
    whole = StreamResampler(48_000, 16_000).push(pcm, is_last=True)
    difference = np.abs(to_float(split) - to_float(whole))
    assert float(difference.max()) <= 4 / 32768  # the resampler dithers


def test_a_stream_never_runs_ahead_of_what_it_was_given() -> None:
    resampler = StreamResampler(44_100, 16_000)
    given_samples = taken_samples = 0
    for _ in range(200):
        given_samples += sample_count(resampler.push(tone(441, 44_100)))
        taken_samples += 441
        assert given_samples <= scaled(taken_samples, 44_100, 16_000)


def test_resampling_keeps_the_tone() -> None:
    out = to_float(resample(tone(48_000, 48_000, level=0.5), 48_000, 16_000))[1000:-1000]
    assert float(np.abs(out).max()) == pytest.approx(0.5, abs=0.01)
    spectrum = np.abs(np.fft.rfft(out))
    assert np.fft.rfftfreq(out.size, 1 / 16_000)[int(spectrum.argmax())] == pytest.approx(
        440, abs=2
    )


@pytest.mark.parametrize("rate_hz", [0, MIN_RATE_HZ - 1, MAX_RATE_HZ + 1, -16_000])
def test_a_rate_out_of_range_is_refused(rate_hz: int) -> None:
    with pytest.raises(AudioUnsupported, match="8000 to 96000"):
        StreamResampler(rate_hz, 16_000)
    with pytest.raises(AudioUnsupported):
        StreamResampler(16_000, rate_hz)


@given(st.integers(1, 64), st.lists(st.integers(0, 100), max_size=20))
def test_frames_and_the_rest_are_the_stream_and_every_frame_has_its_size(
    size: int, pushes: list[int]
) -> None:
    reframer, at, got = Reframer(size), 0, b""
    for count in pushes:
        frames = reframer.push(numbered(at, count))
        at += count
        assert all(sample_count(frame) == size for frame in frames)
        got += b"".join(frames)
        assert reframer.waiting == at - sample_count(got) < size
    assert got + reframer.flush() == numbered(0, at)
    assert reframer.flush() == b""


def test_history_tells_which_samples_it_holds() -> None:
    history = AudioHistory(100)
    assert (history.start, history.end) == (0, 0)
    history.append(numbered(0, 60))
    history.append(numbered(60, 60))
    assert (history.start, history.end) == (20, 120)


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        (30, 50, 30, 50),
        (0, 50, 20, 50),
        (100, 500, 100, 120),
        (0, 500, 20, 120),
        (0, 10, 0, 0),
        (200, 300, 0, 0),
        (60, 40, 0, 0),
        (-50, -10, 0, 0),
    ],
)
def test_history_gives_what_is_still_there(start: int, end: int, first: int, last: int) -> None:
    history = AudioHistory(100)
    history.append(numbered(0, 120))
    assert history.read(start, end) == numbered(first, last - first)


def test_forgotten_samples_are_gone_and_the_rest_keeps_its_index() -> None:
    history = AudioHistory(100)
    history.append(numbered(0, 50))
    history.forget(30)
    assert (history.start, history.read(0, 100)) == (30, numbered(30, 20))
    history.forget(10)
    assert history.start == 30
    history.forget(1000)
    assert (history.start, history.end) == (50, 50)


@given(
    st.integers(1, 50),
    st.lists(st.integers(0, 60), max_size=12),
    st.integers(-10, 500),
    st.integers(0, 500),
)
def test_history_is_bounded_and_reads_true(
    capacity: int, pushes: list[int], start: int, count: int
) -> None:
    history, total = AudioHistory(capacity), 0
    for pushed in pushes:
        history.append(numbered(total, pushed))
        total += pushed
    assert history.end == total
    assert history.end - history.start <= capacity
    first, last = max(start, history.start), min(start + count, total)
    assert history.read(start, start + count) == numbered(first, max(0, last - first))
