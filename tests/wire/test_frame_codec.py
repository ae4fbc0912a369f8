"""Binary frames: what goes in comes out, order and losses, and how fast they may come."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.errors import MalformedFrame, MessageTooBig
from voice_avatar.wire.frame_codec import (
    HEADER_BYTES,
    MAX_BINARY_BYTES,
    AudioFrame,
    FrameArrival,
    FrameFlag,
    FrameKind,
    FrameOrder,
    MicBudget,
    pack_audio,
    unpack_audio,
)

frames = st.builds(
    AudioFrame,
    st.just(FrameKind.AUDIO_IN),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF_FFFF),
    st.integers(0, 2**53 - 1),
    st.binary(min_size=2, max_size=80).map(lambda b: b[: len(b) // 2 * 2]),
    st.integers(0, 15).map(FrameFlag),
)


@given(frames)
def test_a_frame_comes_out_as_it_went_in(frame: AudioFrame) -> None:
    assert unpack_audio(pack_audio(frame), FrameKind.AUDIO_IN) == frame


@given(st.binary(max_size=80))
def test_no_frame_raises_anything_but_a_protocol_error(data: bytes) -> None:
    with suppress(MalformedFrame):
        unpack_audio(data, FrameKind.AUDIO_IN)


def raw(kind: int = 1, flags: int = 0, pts: int = 0, payload: bytes = b"ab") -> bytes:
    return struct.pack("<BBHIQ", kind, flags, 0, 0, pts) + payload


@pytest.mark.parametrize(
    "data",
    [
        b"",
        raw()[: HEADER_BYTES - 1],
        raw(kind=2),
        raw(payload=b""),
        raw(payload=b"abc"),
        raw(pts=2**53),
        raw(pts=2**64 - 1),
    ],
)
def test_a_frame_that_breaks_the_rules_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedFrame):
        unpack_audio(data, FrameKind.AUDIO_IN)


def test_an_empty_last_frame_and_an_odd_opus_packet_are_fine() -> None:
    end = unpack_audio(raw(flags=2, payload=b""), FrameKind.AUDIO_IN)
    assert end is not None
    assert end.flags == FrameFlag.END
    assert unpack_audio(raw(flags=8, payload=b"abc"), FrameKind.AUDIO_IN) is not None


def test_later_kinds_and_flags_are_ignored() -> None:
    assert unpack_audio(raw(kind=3), FrameKind.AUDIO_IN) is None
    assert unpack_audio(raw(kind=0), FrameKind.AUDIO_IN) is None
    later = unpack_audio(raw(flags=0xF1), FrameKind.AUDIO_IN)
    assert later is not None
    assert later.flags == FrameFlag.START


def test_a_frame_over_the_limit_goes_neither_out_nor_in() -> None:
    payload = bytes(MAX_BINARY_BYTES - HEADER_BYTES)
    assert unpack_audio(raw(payload=payload), FrameKind.AUDIO_IN) is not None
    with pytest.raises(MessageTooBig):
        unpack_audio(raw(payload=payload + b"ab"), FrameKind.AUDIO_IN)
    with pytest.raises(MessageTooBig):
        pack_audio(AudioFrame(FrameKind.AUDIO_IN, 0, 0, 0, payload + b"ab"))


def numbered(seq: int, stream: int = 0, flags: FrameFlag = FrameFlag.NONE) -> AudioFrame:
    return AudioFrame(FrameKind.AUDIO_IN, stream, seq & 0xFFFF_FFFF, 0, b"ab", flags)


def test_losses_and_repeats_show_in_the_numbers_of_frames() -> None:
    order = FrameOrder()
    assert order.arrived(numbered(5)) == FrameArrival()
    assert order.arrived(numbered(6)) == FrameArrival()
    assert order.arrived(numbered(9)) == FrameArrival(lost_frames=2)
    assert order.arrived(numbered(8)) == FrameArrival(is_stale=True)
    assert order.arrived(numbered(9)) == FrameArrival(is_stale=True)
    assert order.arrived(numbered(10)) == FrameArrival()


def test_the_numbers_of_frames_go_round_at_32_bits() -> None:
    order = FrameOrder()
    order.arrived(numbered(2**32 - 2))
    assert order.arrived(numbered(2**32 - 1)) == FrameArrival()
    assert order.arrived(numbered(0)) == FrameArrival()
    assert order.arrived(numbered(2**32 - 1)) == FrameArrival(is_stale=True)
    assert order.arrived(numbered(3)) == FrameArrival(lost_frames=2)


def test_a_new_stream_or_a_start_begins_a_new_count() -> None:
    order = FrameOrder()
    order.arrived(numbered(100))
    assert order.arrived(numbered(0, stream=1)) == FrameArrival()
    assert order.arrived(numbered(1, stream=1)) == FrameArrival()
    again = AudioFrame(FrameKind.AUDIO_IN, 1, 0, 640, b"ab", FrameFlag.START)
    assert order.arrived(again) == FrameArrival()


def test_a_first_frame_that_came_before_is_a_repeat() -> None:
    order = FrameOrder()
    first = AudioFrame(FrameKind.AUDIO_OUT, 1, 0, 0, b"ab", FrameFlag.START)
    second = AudioFrame(FrameKind.AUDIO_OUT, 1, 1, 480, b"ab")
    for frame in (first, second):
        assert order.arrived(frame) == FrameArrival()
    for frame in (first, second):  # a resumed session
        assert order.arrived(frame) == FrameArrival(is_stale=True)
    assert order.arrived(AudioFrame(FrameKind.AUDIO_OUT, 1, 2, 960, b"ab")) == FrameArrival()


def test_microphone_audio_may_come_at_twice_real_time_after_a_burst_of_two_seconds() -> None:
    budget = MicBudget(0.0)
    assert all(budget.take(0.02, 0.0) for _ in range(99))
    assert budget.take(0.019, 0.0)
    assert not budget.take(0.02, 0.0)
    passed = sum(budget.take(0.02, n * 0.01) for n in range(1, 101))
    assert passed == pytest.approx(100, abs=2)


def test_too_much_audio_for_five_seconds_is_the_end() -> None:
    budget = MicBudget(0.0)
    assert not budget.is_exhausted(0.0)
    assert not budget.take(2.5, 0.0)
    assert not budget.take(3.5, 1.0)
    assert not budget.is_exhausted(4.9)
    assert budget.is_exhausted(5.0)


def test_a_bucket_that_is_half_full_again_is_recovered_and_a_little_audio_is_not() -> None:
    budget = MicBudget(0.0)
    assert budget.take(2.0, 0.0)
    assert not budget.take(0.02, 0.0)
    assert budget.take(0.02, 0.02)
    assert budget.is_exhausted(5.0)
    assert budget.take(0.02, 6.0)
    assert not budget.is_exhausted(60.0)


def test_what_a_stalled_line_held_back_may_come_together() -> None:
    budget = MicBudget(0.0)
    assert all(budget.take(0.02, n * 0.02) for n in range(100))
    assert all(budget.take(0.02, 6.0) for _ in range(200))
    assert not budget.is_over


def test_a_stall_gives_no_more_than_the_time_that_is_missing_and_the_burst() -> None:
    budget = MicBudget(0.0)
    passed = sum(budget.take(0.02, 4.0) for _ in range(1000))
    assert passed == pytest.approx(300, abs=2)
    later = sum(budget.take(0.02, 1000.0) for _ in range(2000))
    assert later == pytest.approx(600, abs=2)


def test_a_frame_may_be_due_in_part() -> None:
    assert MicBudget(0.0).take(2.5, 1.0)
    assert not MicBudget(0.0).take(3.5, 1.0)
