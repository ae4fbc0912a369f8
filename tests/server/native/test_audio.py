"""Reply audio becomes frames: cut to one length, numbered, its first and last marked."""

from __future__ import annotations

import pytest

from voice_avatar.audio import opus
from voice_avatar.events.notices import ReplyAudio
from voice_avatar.server.native.audio import ReplyOut
from voice_avatar.wire import session_messages
from voice_avatar.wire.fields import Codec
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind, unpack_audio

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
