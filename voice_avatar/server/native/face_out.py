"""The face track of a connection: notices in, binary frames out, each before its audio."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from voice_avatar.acting.face.blinks import Chance
from voice_avatar.acting.face.render import Face, FaceFrames
from voice_avatar.acting.face.tables import Curves
from voice_avatar.audio.pcm import sample_count
from voice_avatar.events.cues import FaceCue, GazeCue, VisemeTrack
from voice_avatar.events.notices import (
    Notice,
    ReplyAudio,
    ReplyDone,
    ReplyInterrupted,
    ReplyStarted,
)
from voice_avatar.wire.face_frame import MOST_FRAMES, FaceFrame, pack_face
from voice_avatar.wire.frame_codec import FrameFlag

BLOCK_S: Final = 0.2
"""Faces go out so many seconds ahead at a time where the mouth is known: five messages a second,
and no more than this is wasted by an interruption."""


class FaceOut:
    """Frames of the face for one connection: rendered, cut and numbered."""

    def __init__(self, chance: Chance, hz: int, rate_hz: int, rest: Curves | None = None) -> None:
        """Makes it.

        Args:
            chance: for the blinks.
            hz: frames per second.
            rate_hz: of the reply's samples.
            rest: (52,) of the persona's face when nothing moves it; None = neutral.
        """
        self._face = Face(chance, hz, rest)
        self._hz = hz
        self._rate_hz = rate_hz
        self._reply_id: int | None = None
        self._seq = 0
        self._until = 0
        self._over_s: float | None = None

    def note(self, notice: Notice, now_s: float) -> None:
        """Takes a notice on its way to the client, at `now_s`."""
        match notice:
            case ReplyStarted(reply_id=reply_id):
                rest_s = 0.0 if self._over_s is None else now_s - self._over_s
                self._face.begin(self._rate_hz, rest_s)
                self._reply_id, self._seq, self._until, self._over_s = reply_id, 0, 0, now_s
            case VisemeTrack() | FaceCue() | GazeCue() if notice.reply_id == self._reply_id:
                self._face.add(notice)
            case ReplyInterrupted(reply_id=reply_id, at=at) if reply_id == self._reply_id:
                self._face.cut(at)
                self._reply_id, self._over_s = None, now_s
            case ReplyDone(reply_id=reply_id) if reply_id == self._reply_id:
                self._reply_id, self._over_s = None, now_s
            case _:
                pass

    def frames(self, audio: ReplyAudio) -> list[bytes]:
        """Returns the frames that go out before this audio; mostly none, they are ahead."""
        if audio.reply_id != self._reply_id:  # it was cut, or is none of this conversation's
            return []
        end = audio.start + sample_count(audio.pcm)
        if self._until >= end and not audio.is_last:
            return []
        ahead = end if audio.is_last else end + round(BLOCK_S * self._rate_hz)
        self._until = max(end, min(self._face.known, ahead))
        faces = self._face.render(self._until)
        weights = quantised(faces)
        return [
            self._pack(audio, faces.first + at, weights[at : at + MOST_FRAMES], len(weights) - at)
            for at in range(0, max(1, len(weights)), MOST_FRAMES)
            if len(weights) or audio.is_last
        ]

    def _pack(
        self, audio: ReplyAudio, first: int, weights: npt.NDArray[np.uint8], left: int
    ) -> bytes:
        flags = FrameFlag.START if self._seq == 0 else FrameFlag.NONE
        if audio.is_last and left <= MOST_FRAMES:
            flags |= FrameFlag.END
        pts = round(first * self._rate_hz / self._hz)
        packed = pack_face(
            FaceFrame(audio.reply_id & 0xFFFF, self._seq, pts, self._hz, weights, flags)
        )
        self._seq += 1
        return packed


def quantised(frames: FaceFrames) -> npt.NDArray[np.uint8]:
    """Returns weights 0..1 as bytes."""
    weights: npt.NDArray[np.uint8] = np.rint(frames.weights * 255.0).astype(np.uint8)
    return weights
