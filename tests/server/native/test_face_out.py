"""Faces of a connection: each before its audio, a little ahead, cut like it, without a seam."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from voice_avatar.acting.face.render import FaceFrames, released, rest_face, steps_over
from voice_avatar.acting.mouth.viseme_tables import AA, PP, SIL
from voice_avatar.audio.pcm import silence
from voice_avatar.events.cues import FaceCue, VisemePose, VisemeTrack
from voice_avatar.events.notices import ReplyAudio, ReplyDone, ReplyInterrupted, ReplyStarted
from voice_avatar.server.native.face_out import FaceOut, quantised
from voice_avatar.wire.face_frame import FaceFrame, unpack_face
from voice_avatar.wire.frame_codec import FrameFlag

RATE_HZ = 24_000
PIECE = RATE_HZ // 10
SECONDS = 3


def opened(hz: int = 60) -> FaceOut:
    return FaceOut(random.Random(2), hz, RATE_HZ)


def track(reply_id: int, seconds: float = SECONDS) -> VisemeTrack:
    """Returns a mouth that opens and closes five times a second."""
    shapes = (((PP, 1.0),), ((AA, 0.9),))
    poses = [VisemePose(n * PIECE, shapes[n % 2]) for n in range(round(seconds * 10))]
    poses.append(VisemePose(round(seconds * RATE_HZ), ((SIL, 1.0),)))
    return VisemeTrack(reply_id, tuple(poses), poses[-1].sample)


def piece(reply_id: int, n: int, *, is_last: bool = False) -> ReplyAudio:
    return ReplyAudio(reply_id, n * PIECE, silence(PIECE), is_first=n == 0, is_last=is_last)


def spoken(out: FaceOut, reply_id: int, pieces: int, now_s: float) -> list[list[FaceFrame]]:
    """Returns the frames before each of the first pieces of a reply."""
    out.note(ReplyStarted(reply_id, 1, RATE_HZ), now_s)
    out.note(track(reply_id), now_s)
    out.note(FaceCue(reply_id, 0, "happy", 0.8, 0.8, 0.5, 250, 0, "llm"), now_s)
    last = SECONDS * 10 - 1
    return [
        [unpack_face(data) for data in out.frames(piece(reply_id, n, is_last=n == last))]
        for n in range(pieces)
    ]


def together(frames: list[list[FaceFrame]]) -> np.ndarray:
    return np.concatenate([f.weights for before in frames for f in before]) / np.float32(255)


@pytest.mark.parametrize("hz", [30, 60])
def test_faces_come_before_their_audio_and_at_most_a_block_ahead(hz: int) -> None:
    known_s = 0.0
    for n, before in enumerate(spoken(opened(hz), 1, SECONDS * 10, 0.0)):
        for frame in before:
            assert frame.hz == hz
            assert frame.first(RATE_HZ) == pytest.approx(known_s * hz)
            known_s += len(frame.weights) / hz
        assert (n + 1) / 10 - 1e-6 <= known_s <= (n + 1) / 10 + 0.2 + 1e-6
    assert known_s == pytest.approx(SECONDS)


def test_faces_go_out_in_a_few_messages_numbered_from_0_the_last_of_them_marked() -> None:
    frames = [f for before in spoken(opened(), 7, SECONDS * 10, 0.0) for f in before]
    assert len(frames) <= SECONDS * 5
    assert [f.seq for f in frames] == list(range(len(frames)))
    assert [FrameFlag.START in f.flags for f in frames] == [True] + [False] * (len(frames) - 1)
    assert [FrameFlag.END in f.flags for f in frames] == [False] * (len(frames) - 1) + [True]
    assert {f.stream for f in frames} == {7}


def test_nothing_jumps_within_a_reply_even_after_rounding() -> None:
    weights = together(spoken(opened(), 1, SECONDS * 10, 0.0))
    assert steps_over(weights, 60, quantum=1 / 255) == 0


@pytest.mark.parametrize("gap_s", [0.0, 0.03, 0.4, 3.0])
def test_nothing_jumps_from_an_interruption_to_the_next_reply(gap_s: float) -> None:
    out = opened()
    first = together(spoken(out, 1, 12, 0.0))
    out.note(ReplyInterrupted(1, PIECE * 10, "voice", ""), 5.0)
    out.note(ReplyDone(1, "interrupted", "", PIECE * 10), 5.0)
    assert out.frames(piece(1, 12)) == []
    second = together(spoken(out, 2, 3, 5.0 + gap_s))
    shown = released(first[60], gap_s, rest_face())
    assert steps_over(np.vstack((shown[None], second)), 60, quantum=2 / 255) == 0


def test_a_reply_that_began_elsewhere_has_no_faces() -> None:
    out = opened()
    out.note(track(4), 0.0)
    assert out.frames(piece(4, 3)) == []


def test_a_mouth_that_is_known_piece_by_piece_is_rendered_piece_by_piece() -> None:
    out = opened()
    out.note(ReplyStarted(1, 1, RATE_HZ), 0.0)
    poses = track(1).poses
    got = []
    for n, (now, following) in enumerate(pairwise(poses)):
        out.note(VisemeTrack(1, (now,), following.sample), 0.0)
        got.append([unpack_face(data) for data in out.frames(piece(1, n))])
    assert all(len(before) == 1 for before in got)
    assert steps_over(together(got), 60, quantum=1 / 255) == 0


def test_a_reply_without_audio_ends_without_faces() -> None:
    out = opened()
    out.note(ReplyStarted(1, 1, RATE_HZ), 0.0)
    (end,) = out.frames(ReplyAudio(1, 0, b"", is_first=True, is_last=True))
    frame = unpack_face(end)
    assert len(frame.weights) == 0
    assert frame.flags == FrameFlag.START | FrameFlag.END


def test_weights_are_rounded_to_the_nearest_of_256() -> None:
    faces = FaceFrames(0, np.array([[0.0, 0.5 / 255, 0.499, 1.0]], np.float32))
    assert quantised(faces).tolist() == [[0, 0, 127, 255]]
