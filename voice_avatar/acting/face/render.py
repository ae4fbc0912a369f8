"""The whole face as curves: ARKit's 52 shapes, frame by frame, on the reply's sample clock. Pure.

Mouth poses, expressions and gaze come in as the reply is planned; frames go out up to a sample.
Four rules make the face:

1. the mouth belongs to speech: an expression keeps a share of its mouth shapes while the avatar
   talks, and none where lips must meet;
2. a mood fades in, is held and decays to the baseline; brow flashes come on top;
3. eyes jump to a target and stay; lids blink by chance, rather at gaze shifts and clause ends;
4. no shape changes faster than its limit. Opening shapes give way and closing shapes come early,
   so that a closure is reached.

Between replies the client lets the face go to all zero as `released` says, and the next reply
begins there.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from voice_avatar.acting.face.blinks import Blinks, Chance
from voice_avatar.acting.face.curves import Glide, Pulses, Times, eased, limited
from voice_avatar.acting.face.mouth_frames import MouthFrames
from voice_avatar.acting.face.tables import LIMIT_HZ, Curves, face_tables
from voice_avatar.acting.mouth.viseme_sets import ARKIT
from voice_avatar.acting.mouth.viseme_tables import SIL
from voice_avatar.events.cues import FaceCue, GazeCue, VisemeTrack

KEPT_S: Final = 10.0
"""Frames so far back are remembered for an interruption, seconds: more than is ever sent ahead."""

JOIN_S: Final = 0.3
"""A reply's first frame is what was shown; what differs is gone after so long, seconds (our
choice: a face turns to another in about that)."""

_SHAPES: Final = len(ARKIT)
_LIDS: Final = np.array([name.startswith("eyeBlink") for name in ARKIT])
_WIDE: Final = np.array([name.startswith("eyeWide") for name in ARKIT])
_IN_LEFT, _OUT_LEFT = ARKIT.index("eyeLookInLeft"), ARKIT.index("eyeLookOutLeft")
_IN_RIGHT, _OUT_RIGHT = ARKIT.index("eyeLookInRight"), ARKIT.index("eyeLookOutRight")
_UP: Final = [ARKIT.index("eyeLookUpLeft"), ARKIT.index("eyeLookUpRight")]
_DOWN: Final = [ARKIT.index("eyeLookDownLeft"), ARKIT.index("eyeLookDownRight")]


@dataclass(frozen=True, slots=True)
class FaceFrames:
    """Frames of the face in a row.

    Attributes:
        first: number of the first, counted from the reply's first sample; frame n stands at
            n / hz seconds.
        weights: (frames, 52), 0..1.
    """

    first: int
    weights: Curves


def rest_face(expression: str = "neutral", intensity: float = 0.0) -> Curves:
    """Returns the 52 weights of a face that does nothing but show this expression.

    Raises:
        ValueError: no such expression.
    """
    tables = face_tables()
    row: Curves = tables.shapes[tables.expressions.index(expression)]
    face: Curves = np.clip(row * np.float32(intensity), 0.0, 1.0)
    return face


def released(shown: Curves, after_s: float, rest: Curves) -> Curves:
    """Returns what a face shows a while after its reply ended or was cut.

    Mouth and lids are at rest after `release_fast_s`, the rest of the face after `release_slow_s`.

    Args:
        shown: (52,) of the last frame shown.
        after_s: time since, seconds.
        rest: (52,) to come to.
    """
    tables = face_tables()
    over_s = np.where(tables.mouth | _LIDS, tables.release_fast_s, tables.release_slow_s)
    face: Curves = shown + eased(after_s / over_s) * (rest - shown)
    return face


class Face:
    """The face of one avatar, reply after reply."""

    def __init__(self, chance: Chance, hz: int = 60, rest: Curves | None = None) -> None:
        """Makes a face at rest.

        Args:
            chance: for its blinks.
            hz: frames per second, of `viseme_sets.FACE_HZ`.
            rest: (52,) that moods decay to in a reply, see `rest_face`; None = neutral.
        """
        self._tables = face_tables()
        self._chance = chance
        self._hz = hz
        self._rest = rest_face() if rest is None else rest
        self._most = self._tables.limit * (LIMIT_HZ / hz)
        self._ahead = int(np.ceil(1.0 / self._most.min()))
        self._shown = rest_face()
        self._kept: deque[FaceFrames] = deque()
        self.begin(24_000)

    def begin(self, rate_hz: int, rest_s: float = 0.0) -> None:
        """Begins a reply.

        Args:
            rate_hz: of its samples.
            rest_s: time since the last reply was over, seconds.
        """
        self._rate_hz = rate_hz
        self._shown = self._joined = released(self._shown, rest_s, rest_face())
        self._next = 0
        self._known = 0
        self._talk = 0.0
        self._mouth = MouthFrames(rate_hz, self._hz)
        self._mood = Glide(np.zeros(len(self._tables.expressions), np.float32))
        self._flashes = Pulses(len(self._tables.expressions))
        self._gaze = Glide(np.zeros(2, np.float32))
        self._looks_at = self._tables.gaze.targets["user"]
        self._blinks = Blinks(self._tables.blink, self._chance)
        self._kept.clear()

    # -- in

    def add(self, cue: VisemeTrack | FaceCue | GazeCue) -> None:
        """Takes what the reply plans; what lies before the next frame takes place with it."""
        match cue:
            case VisemeTrack():
                for rest_s in self._mouth.add(cue.poses):
                    self._blinks.invite(rest_s)
                self._known = max(self._known, cue.until)
            case FaceCue():
                self._express(cue)
            case GazeCue():
                self._look(cue)

    def _second(self, sample: int) -> float:
        return max(sample / self._rate_hz, self._next / self._hz)

    def _express(self, cue: FaceCue) -> None:
        tables = self._tables
        if cue.expression not in tables.expressions:
            return
        index = tables.expressions.index(cue.expression)
        start_s = self._second(cue.sample)
        up_s = start_s + cue.fade_ms / 1000
        end_s = up_s + cue.hold_ms / 1000
        if cue.expression in tables.flashes:
            gone_s = end_s + tables.flash_decay_s
            self._flashes.add(index, cue.intensity, (start_s, up_s, end_s, gone_s))
            return
        target = np.zeros(len(tables.expressions), np.float32)
        target[index] = cue.intensity
        self._mood.go(start_s, target, cue.fade_ms / 1000)
        if cue.hold_ms:
            self._mood.go(end_s, np.zeros_like(target), tables.mood_decay_s)

    def _look(self, cue: GazeCue) -> None:
        targets = self._tables.gaze.targets
        start_s = self._second(cue.start)
        left, up = targets.get(cue.target, targets["object"])
        eyes = 1.0 - cue.head  # the head takes the rest of the turn
        self._shift(start_s, (left * eyes, up * eyes))
        if cue.target != "user":
            self._shift(max(start_s, cue.end / self._rate_hz), targets["user"])

    def _shift(self, at_s: float, target: tuple[float, float]) -> None:
        gaze = self._tables.gaze
        degrees = float(np.hypot(*np.subtract(target, self._looks_at)))
        if degrees == 0.0:
            return
        self._looks_at = target
        over_s = gaze.saccade_s + gaze.saccade_s_deg * degrees
        self._gaze.go(at_s, np.array(target, np.float32) / np.float32(gaze.full_deg), over_s)
        if degrees >= gaze.blink_deg:
            self._blinks.invite(at_s)

    # -- out

    def render(self, until: int) -> FaceFrames:
        """Returns the frames that are due before reply sample `until`, each only once.

        The mouth is known up to the last `VisemeTrack`; beyond, it stays as it is.
        """
        first = self._next
        end = max(first, -int(-until * self._hz // self._rate_hz))
        if end == first:
            return FaceFrames(first, np.zeros((0, _SHAPES), np.float32))
        times = np.arange(first, end + self._ahead) / self._hz
        curves = self._raw(first, times, end - first)
        tables, before = self._tables, self._shown
        keeps = tables.keeps_peak
        slow = np.empty_like(curves)
        slow[:, ~keeps] = limited(curves[:, ~keeps], before[~keeps], self._most[~keeps])
        slow[:, keeps] = 1 - limited(1 - curves[:, keeps], 1 - before[keeps], self._most[keeps])
        frames = FaceFrames(first, np.clip(slow[: end - first], 0.0, 1.0))
        self._shown = frames.weights[-1]
        self._next = end
        self._keep(frames)
        return frames

    @property
    def known(self) -> int:
        """Reply sample up to which the mouth is known."""
        return self._known

    def cut(self, played: int) -> None:
        """The reply is interrupted: of its frames, those up to sample `played` were shown."""
        number = played * self._hz // self._rate_hz
        for frames in reversed(self._kept):
            if frames.first <= number:
                self._shown = frames.weights[min(number - frames.first, len(frames.weights) - 1)]
                return
        if self._kept:
            self._shown = self._kept[0].weights[0]

    def _keep(self, frames: FaceFrames) -> None:
        self._kept.append(frames)
        while self._kept[0].first < frames.first - KEPT_S * self._hz:
            self._kept.popleft()

    def _raw(self, first: int, times: Times, count: int) -> Curves:
        """Returns the face without limits; `count` of the frames go out, the others look ahead."""
        tables = self._tables
        visemes = self._mouth.at(first, times)
        talk = self._talking(visemes, count)
        moods = self._mood.at(times)
        # The baseline gives way to a mood as far as that is there.
        share = np.clip(moods.sum(axis=1, keepdims=True), 0.0, 1.0)
        moods += self._flashes.at(times)
        curves = moods @ tables.shapes + (1 - share) * self._rest
        room = np.clip(1.0 - visemes @ tables.closed, 0.0, 1.0)
        room *= 1.0 - (1.0 - tables.speaking) * talk
        curves[:, tables.mouth] *= room[:, None]
        curves += visemes @ tables.visemes
        self._add_eyes(curves, times, talk)
        # What a reply begins with is what was shown.
        if times[0] < JOIN_S:
            away = self._joined - self._rest
            away = np.where(tables.mouth | _LIDS, 0.0, away).astype(np.float32)
            curves += (1 - eased(times / JOIN_S))[:, None] * away
        face: Curves = np.clip(curves, 0.0, 1.0)
        return face

    def _talking(self, visemes: Curves, count: int) -> Curves:
        """Returns 1 in speech, falling to 0 within `settle_s` before and after it."""
        step = np.float32(1 / (self._tables.settle_s * self._hz))
        is_open = 1.0 - (visemes.sum(axis=1) - visemes[:, SIL] >= self._tables.open)
        before = np.array([1.0 - self._talk], np.float32)
        talk = 1 - limited(is_open.astype(np.float32)[:, None], before, np.array([step]))[:, 0]
        self._talk = float(talk[count - 1])
        talking: Curves = np.clip(talk, 0.0, 1.0)
        return talking

    def _add_eyes(self, curves: Curves, times: Times, talk: Curves) -> None:
        left, up = self._gaze.at(times).T
        curves[:, _OUT_LEFT] += np.maximum(left, 0)
        curves[:, _IN_RIGHT] += np.maximum(left, 0)
        curves[:, _IN_LEFT] += np.maximum(-left, 0)
        curves[:, _OUT_RIGHT] += np.maximum(-left, 0)
        curves[:, _UP] += np.maximum(up, 0)[:, None]
        curves[:, _DOWN] += np.maximum(-up, 0)[:, None]

        def is_talking(at_s: float) -> bool:
            return bool(np.interp(at_s, times, talk) >= 0.5)

        self._blinks.until(float(times[-1]), is_talking)
        shut = self._blinks.at(times)[:, None]
        curves[:, _LIDS] = np.maximum(curves[:, _LIDS], shut)
        curves[:, _WIDE] *= 1 - shut


def steps_over(weights: Curves, hz: int, *, quantum: float = 0.0) -> int:
    """Returns how often a shape changes by more than its limit from one frame to the next.

    Args:
        weights: (frames, 52), consecutive.
        hz: frames per second.
        quantum: what rounding may add to a step.
    """
    most = face_tables().limit * (LIMIT_HZ / hz) + quantum + 1e-5
    return int((np.abs(np.diff(weights, axis=0)) > most).sum())
