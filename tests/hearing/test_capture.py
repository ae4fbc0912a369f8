"""Capture: any packets in, 16 kHz windows on one gapless clock out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.audio.pcm import sample_count, scaled, silence
from voice_avatar.errors import AudioInvalid, AudioUnsupported
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES, AudioWindow
from voice_avatar.hearing.capture import Capture, Captured, CaptureOptions

OPTIONS = CaptureOptions(max_gap_s=0.5, clipping_share=0.02)


def numbered(start: int, count: int) -> bytes:
    """Samples that hold their own index."""
    return (np.arange(start, start + count) % 30_000).astype("<i2").tobytes()


def capture(rate_hz: int = MIC_HZ, *, start: int = 0) -> Capture:
    return Capture(OPTIONS, rate_hz, start=start)


def heard(windows: tuple[AudioWindow, ...]) -> bytes:
    return b"".join(window.pcm for window in windows)


def test_packets_of_any_size_become_whole_windows_in_order() -> None:
    mic = capture()
    windows: list[AudioWindow] = []
    for at in range(0, 2000, 100):
        windows += mic.push(numbered(at, 100), at).windows
    assert [window.start for window in windows] == [0, 512, 1024]
    assert heard(tuple(windows)) == numbered(0, 1536)
    assert mic.next_window == 1536


def test_the_stream_may_begin_anywhere_on_both_clocks() -> None:
    mic = capture(start=5120)
    captured = mic.push(numbered(0, 512), 777)
    assert captured == Captured((AudioWindow(5120, numbered(0, 512)),))


def test_a_packet_without_an_index_follows_on() -> None:
    mic = capture()
    assert mic.push(numbered(0, 300)).windows == ()
    assert mic.push(numbered(300, 200), 300) == Captured(())
    assert mic.push(numbered(500, 12)).windows == (AudioWindow(0, numbered(0, 512)),)
    assert mic.push(numbered(512, 512), 512).lost == 0


def test_a_loss_is_filled_with_silence_and_told() -> None:
    mic = capture()
    mic.push(numbered(0, 512), 0)
    captured = mic.push(numbered(1536, 512), 1536)
    assert captured.lost == 1024
    assert captured.windows == (
        AudioWindow(512, silence(512), is_gap=True),
        AudioWindow(1024, silence(512), is_gap=True),
        AudioWindow(1536, numbered(1536, 512)),
    )


def test_a_window_that_is_only_partly_silence_is_a_gap_too() -> None:
    mic = capture()
    mic.push(numbered(0, 500), 0)
    captured = mic.push(numbered(600, 1000), 600)
    assert [window.is_gap for window in captured.windows] == [True, True, False]
    assert heard(captured.windows)[:1200] == numbered(0, 500) + silence(100)


def test_of_a_long_loss_only_the_beginning_is_filled() -> None:
    mic = capture()
    mic.push(numbered(0, 512), 0)
    captured = mic.push(numbered(0, 512), 2**53 - 600)
    assert captured.lost == 2**53 - 600 - 512
    silent = [window for window in captured.windows if window.is_gap]
    assert len(captured.windows) * WINDOW_SAMPLES <= 512 + 0.5 * MIC_HZ
    assert len(silent) == len(captured.windows)


def test_a_repeated_packet_is_dropped() -> None:
    mic = capture()
    mic.push(numbered(0, 512), 0)
    assert mic.push(numbered(0, 512), 0) == Captured((), repeated=512)
    assert mic.push(numbered(512, 512), 512).windows == (AudioWindow(512, numbered(512, 512)),)


def test_of_an_overlapping_packet_only_the_new_part_is_taken() -> None:
    mic = capture()
    mic.push(numbered(0, 512), 0)
    captured = mic.push(numbered(256, 768), 256)
    assert captured.repeated == 256
    assert captured.windows == (AudioWindow(512, numbered(512, 512)),)


def test_a_client_whose_clock_begins_anew_is_heard_at_once() -> None:
    mic = capture()
    mic.push(numbered(0, 512), 1_000_000)
    captured = mic.push(numbered(0, 512), 0)
    assert captured == Captured((AudioWindow(512, numbered(0, 512)),))
    assert mic.push(numbered(512, 512), 512).windows[0].start == 1024


def test_one_wrong_index_does_not_make_the_session_deaf() -> None:
    mic = capture()
    mic.push(numbered(0, 512), 0)
    mic.push(numbered(512, 512), 2**40)
    for pts in (1024, 1536):
        captured = mic.push(numbered(pts, 512), pts)
        assert (captured.lost, captured.repeated, len(captured.windows)) == (0, 0, 1)


def test_half_a_sample_is_refused_and_changes_nothing() -> None:
    mic = capture()
    with pytest.raises(AudioInvalid, match="whole"):
        mic.push(b"\x00\x01\x02", 0)
    assert mic.push(numbered(0, 512), 0).windows == (AudioWindow(0, numbered(0, 512)),)


@pytest.mark.parametrize("rate_hz", [7_999, 96_001])
def test_a_rate_out_of_range_is_refused(rate_hz: int) -> None:
    with pytest.raises(AudioUnsupported):
        capture(rate_hz)


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000])
def test_any_microphone_rate_gives_real_time_windows(rate_hz: int) -> None:
    mic, windows = capture(rate_hz), 0
    packet = rate_hz // 50
    for index in range(100):
        windows += len(mic.push(numbered(index * packet, packet), index * packet).windows)
    assert 2 * MIC_HZ - 3 * WINDOW_SAMPLES <= windows * WINDOW_SAMPLES <= 2 * MIC_HZ


def clipped(share: float, samples: int) -> bytes:
    pcm = np.full(samples, 1000, dtype="<i2")
    hot = int(samples * share)
    pcm[:hot:2], pcm[1:hot:2] = 32767, -32768
    return pcm.tobytes()


def test_clipping_is_reported_once_a_second() -> None:
    mic = capture()
    reports = [mic.push(clipped(0.1, 1600)).faults for _ in range(20)]
    assert [at for at, faults in enumerate(reports) if "input_clipping" in faults] == [9, 19]


def test_a_few_full_scale_samples_are_no_clipping() -> None:
    mic = capture()
    reports = [mic.push(clipped(0.01, 1600)).faults for _ in range(20)]
    assert not any("input_clipping" in faults for faults in reports)


Packets = list[tuple[int, bool, bool]]


@given(
    st.lists(st.tuples(st.integers(1, 900), st.booleans(), st.booleans()), max_size=40),
    st.sampled_from([8_000, 16_000, 48_000]),
)
def test_the_clock_has_no_gap_and_loses_no_time_under_any_loss_and_repeat(
    packets: Packets, rate_hz: int
) -> None:
    """Each packet: how long it is, whether it is lost, whether it comes twice."""
    mic = Capture(CaptureOptions(max_gap_s=60.0), rate_hz)
    windows: list[AudioWindow] = []
    at = first = 0
    is_first, lost, repeated, end = True, 0, 0, 0
    for count, is_lost, is_double in packets:
        if not is_lost:
            if is_first:
                is_first, first = False, at
            for _ in range(2 if is_double else 1):
                captured = mic.push(numbered(at, count), at)
                windows += captured.windows
                lost, repeated = lost + captured.lost, repeated + captured.repeated
            end = at + count
        at += count
    starts = [window.start for window in windows]
    assert starts == list(range(0, len(starts) * WINDOW_SAMPLES, WINDOW_SAMPLES))
    assert all(sample_count(window.pcm) == WINDOW_SAMPLES for window in windows)
    arrived = [(count, is_double) for count, is_lost, is_double in packets if not is_lost]
    assert repeated == sum(count for count, is_double in arrived if is_double)
    if is_first:
        return
    assert lost == end - first - sum(count for count, _ in arrived)
    taken = scaled(end - first, rate_hz, MIC_HZ)
    assert mic.next_window <= taken
    if rate_hz == MIC_HZ:
        assert taken - mic.next_window < WINDOW_SAMPLES
        for window in windows:
            samples = np.frombuffer(window.pcm, "<i2")
            index = np.arange(window.start + first, window.start + first + WINDOW_SAMPLES)
            wrong = samples != index % 30_000
            assert not wrong.any() or (window.is_gap and not samples[wrong].any())


def test_windows_follow_one_another_over_a_restart_of_the_clients_clock() -> None:
    mic = capture()
    windows: list[AudioWindow] = []
    for pts in [0, 600, 100_000_000, 100_000_600, 3, 603]:  # over an hour is no loss
        windows += mic.push(numbered(0, 600), pts).windows
    # Only what was in the making at the jump, less than a window, is left out.
    assert all(b.start - a.start in (512, 1024) for a, b in pairwise(windows))
    assert windows[-1].start < 8192


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("jump_s", [0.3, 2.5, 30.0, 599.0])
def test_over_a_long_loss_the_clock_goes_on_to_the_sample(rate_hz: int, jump_s: float) -> None:
    mic = Capture(CaptureOptions(), rate_hz)
    packet = rate_hz // 50
    for index in range(50):
        mic.push(silence(packet), index * packet)
    at = 50 * packet + int(jump_s * rate_hz)
    click = bytearray(silence(rate_hz // 2))
    click[0:2] = b"\xff\x7f"
    windows = mic.push(bytes(click), at).windows
    assert len(windows) <= (0.1 + 0.5) * MIC_HZ / WINDOW_SAMPLES + 2
    assert all(window.start % WINDOW_SAMPLES == 0 for window in windows)
    loudest = max(windows, key=lambda window: int(np.abs(np.frombuffer(window.pcm, "<i2")).max()))
    where = loudest.start + int(np.argmax(np.abs(np.frombuffer(loudest.pcm, "<i2"))))
    assert abs(where - scaled(at, rate_hz, MIC_HZ)) <= 2


@given(
    st.lists(st.tuples(st.integers(0, 2**53 - 1), st.integers(1, 1000)), max_size=60),
    st.sampled_from([8_000, 16_000, 48_000]),
)
def test_no_pts_makes_more_work_than_its_frame(frames: list[tuple[int, int]], rate_hz: int) -> None:
    mic = Capture(CaptureOptions(), rate_hz)
    last = -WINDOW_SAMPLES
    for pts, count in frames:
        got = mic.push(silence(count), pts).windows
        # What waited from before, the frame, and at most 0.2 s of silence.
        most = 512 * 3 + count * MIC_HZ / rate_hz + 0.2 * MIC_HZ
        assert len(got) * WINDOW_SAMPLES <= most
        assert sum(len(window.pcm) for window in got) <= most * 2
        for window in got:
            assert window.start >= last + WINDOW_SAMPLES
            assert window.start % WINDOW_SAMPLES == 0
            last = window.start


def test_a_client_whose_clock_stands_still_is_told_of_once() -> None:
    mic = capture()
    told = [mic.push(numbered(0, 320), 0).is_standing for _ in range(200)]
    assert told.count(True) == 1


def test_what_is_sent_again_after_a_lost_connection_is_not_told() -> None:
    mic = capture()
    for at in range(0, 2 * MIC_HZ, 320):
        mic.push(numbered(at, 320), at)
    again = [mic.push(numbered(at, 320), at) for at in range(0, 2 * MIC_HZ, 320)]
    assert not any(captured.is_standing or captured.windows for captured in again)
