"""Reply audio becomes frames: cut to one length, numbered, its first and last marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.audio import opus
from voice_avatar.errors import AudioInvalid
from voice_avatar.events.notices import ReplyAudio
from voice_avatar.events.payloads import WINDOW_SAMPLES
from voice_avatar.hearing.capture import Capture, CaptureOptions
from voice_avatar.server.closing import Closing
from voice_avatar.server.native.audio import MicrophoneIn, ReplyOut
from voice_avatar.wire import session_messages
from voice_avatar.wire.fields import Codec
from voice_avatar.wire.frame_codec import (
    MIC_BURST_S,
    MIC_REALTIME_FACTOR,
    AudioFrame,
    FrameFlag,
    FrameKind,
    pack_audio,
    unpack_audio,
)

PCM = bytes(range(256)) * 10
"""1280 samples: four frames of 20 ms at 16 kHz."""


def out(codec: Codec = "pcm16", frame_ms: int = 20) -> ReplyOut:
    return ReplyOut(session_messages.AudioFormat(codec=codec, rate_hz=16_000), frame_ms)


def frames(reply: ReplyOut, *audio: ReplyAudio) -> list[AudioFrame]:
    """Returns the frames of some audio as a client reads them."""
    read = [unpack_audio(f, FrameKind.AUDIO_OUT) for a in audio for f in reply.frames(a)]
    assert None not in read
    return read  # type: ignore[return-value]


def test_audio_that_goes_out_together_is_cut_into_frames() -> None:
    got = frames(out(), ReplyAudio(7, 0, PCM, is_first=True), ReplyAudio(7, 1280, PCM[:100]))
    assert [(f.stream, f.seq, f.pts, len(f.payload)) for f in got] == [
        (7, 0, 0, 640),
        (7, 1, 320, 640),
        (7, 2, 640, 640),
        (7, 3, 960, 640),
        (7, 4, 1280, 100),
    ]
    assert b"".join(f.payload for f in got) == PCM + PCM[:100]
    assert [f.flags for f in got] == [FrameFlag.START] + [FrameFlag.NONE] * 4


def test_only_the_last_frame_of_the_last_audio_ends_the_reply() -> None:
    got = frames(
        out(), ReplyAudio(1, 0, PCM, is_first=True), ReplyAudio(1, 1280, PCM, is_last=True)
    )
    assert [FrameFlag.END in f.flags for f in got] == [False] * 7 + [True]
    assert got[-1].pts == 7 * 320


def test_an_end_without_audio_is_a_frame_without_audio() -> None:
    (only,) = frames(out(), ReplyAudio(1, 0, b"", is_first=True, is_last=True))
    assert (only.payload, only.flags) == (b"", FrameFlag.START | FrameFlag.END)


def test_each_reply_is_numbered_from_0() -> None:
    reply = out()
    frames(reply, ReplyAudio(1, 0, PCM, is_first=True))
    assert frames(reply, ReplyAudio(2, 0, PCM, is_first=True))[0].seq == 0


def test_a_frame_is_as_long_as_it_is_told() -> None:
    got = frames(out(frame_ms=10), ReplyAudio(1, 0, PCM, is_first=True))
    assert {len(f.payload) for f in got} == {320}


@pytest.mark.skipif(not opus.available(), reason="needs the extra `opus`")
def test_opus_packets_are_marked_as_such_and_the_last_one_ends_the_reply() -> None:
    reply = out("opus")
    got = frames(reply, ReplyAudio(1, 0, PCM, is_first=True))
    got += frames(reply, ReplyAudio(1, 1280, b"", is_last=True))
    assert all(FrameFlag.CODEC in f.flags for f in got)
    assert [FrameFlag.START in f.flags for f in got] == [True] + [False] * (len(got) - 1)
    assert [FrameFlag.END in f.flags for f in got] == [False] * (len(got) - 1) + [True]
    assert [f.seq for f in got] == list(range(len(got)))


# -- the microphone


def mic_frame(seq: int, pts: int, payload: bytes, flags: FrameFlag = FrameFlag.NONE) -> bytes:
    return pack_audio(AudioFrame(FrameKind.AUDIO_IN, 0, seq, pts, payload, flags))


@given(
    st.lists(
        st.tuples(st.integers(0, 2**53 - 1), st.integers(1, 400), st.floats(0.0, 0.05)),
        max_size=300,
    )
)
def test_hostile_pts_costs_no_more_windows_than_the_budget_allows(
    frames: list[tuple[int, int, float]],
) -> None:
    """Each frame: its `pts`, its samples, how long after the one before it comes."""
    form = session_messages.AudioFormat(codec="pcm16", rate_hz=16_000)
    microphone, mic = MicrophoneIn(form, 0.0), Capture(CaptureOptions(), 16_000)
    now_s, heard, passed = 0.0, 0, 0
    for seq, (pts, count, wait_s) in enumerate(frames):
        now_s += wait_s
        try:
            got = microphone.decode(mic_frame(seq, pts, bytes(2 * count)), now_s)
        except Closing:
            break
        if got.pcm:
            passed += 1
            heard += len(mic.push(got.pcm, got.pts).windows)
    # Jumps are charged 0.2 s and make at most 0.1 s of windows and one that is cut.
    assert heard * WINDOW_SAMPLES / 16_000 <= MIC_BURST_S + MIC_REALTIME_FACTOR * now_s + 0.1


def test_jumps_without_end_are_closed_and_not_heard() -> None:
    form = session_messages.AudioFormat(codec="pcm16", rate_hz=16_000)
    microphone, now_s, passed = MicrophoneIn(form, 0.0), 0.0, 0
    with pytest.raises(Closing):  # noqa: PT012 - which of them it is, is what is asked
        for seq in range(1000):
            now_s = seq / 100
            passed += bool(microphone.decode(mic_frame(seq, seq * 32_000, b"\0\0"), now_s).pcm)
    assert passed <= 11 + now_s * 10


def test_an_opus_packet_counts_as_what_it_decodes_to() -> None:
    form = session_messages.AudioFormat(codec="opus", rate_hz=48_000)
    microphone = MicrophoneIn(form, 0.0)
    packet = bytes((0b1111_1011, 6, 0xFF, 0xFE))  # six frames of 20 ms
    assert opus.packet_s(packet) == pytest.approx(0.12)
    taken = 0
    for seq in range(40):
        frame = mic_frame(seq, seq * 5760, packet, FrameFlag.CODEC)
        try:
            taken += not microphone.decode(frame, 0.0).begins_overrun
        except AudioInvalid:
            taken += 1
        if microphone._budget.is_over:
            break
    assert taken == 16  # of 2 s


def test_a_muted_microphone_is_heard_as_silence_but_for_a_button_that_is_down() -> None:
    form = session_messages.AudioFormat(codec="pcm16", rate_hz=16_000)
    microphone, pcm = MicrophoneIn(form, 0.0), b"\1\2" * 320
    microphone.is_muted = True
    assert microphone.decode(mic_frame(0, 0, pcm), 0.0).pcm == bytes(640)
    microphone.press(True)
    assert microphone.decode(mic_frame(1, 320, pcm), 0.0).pcm == pcm
    microphone.press(False)
    assert microphone.decode(mic_frame(2, 640, pcm), 0.0).pcm == bytes(640)


def test_a_seq_that_stands_still_is_told_once() -> None:
    form = session_messages.AudioFormat(codec="pcm16", rate_hz=16_000)
    microphone = MicrophoneIn(form, 0.0)
    frames = [mic_frame(0, 320 * n, bytes(640)) for n in range(100)]
    told = [microphone.decode(frame, 0.02 * n).is_standing for n, frame in enumerate(frames)]
    assert told.count(True) == 1
