"""The mouth of one chunk, told piece by piece with the audio that it belongs to. Pure.

Poses are planned before a sound is made, but how loud it becomes is known only when it is made. So
the track is cut: before each piece of audio goes the part of the track that reaches over its end to
the next pose, so that a client always has a pose on either side of what it plays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from voice_avatar.acting.mouth.loudness import Envelope, VoiceLevel
from voice_avatar.acting.mouth.viseme_tables import AA, EH, FF, IH, OH, OU, PP
from voice_avatar.acting.mouth.visemes import REST
from voice_avatar.audio.pcm import sample_count
from voice_avatar.events.cues import VisemePose, VisemeTrack

VOWELS: Final = frozenset({AA, EH, IH, OH, OU})

REACH_MS: Final = 60
"""A vowel is as loud as the loudest place within this distance of its pose: half a syllable."""
KNOWN_MS: Final = 40
"""So much of the sound after a pose must have been made for its level to count."""
REST_MS: Final = 120
"""A mouth whose voice fails is at rest after this time."""

ENERGY_MS: Final = 50
"""Poses of a mouth that follows the energy alone are this far apart: 20 a second."""
ENERGY_OPEN: Final = 0.6
"""Opening at the voice's usual level."""
ENERGY_PER_DB: Final = 0.03
"""20 dB below the usual level the mouth is shut."""
ENERGY_FLOOR_DBFS: Final = -50.0
"""Below this nobody speaks."""


class ChunkMouth(Protocol):
    """The mouth of a chunk while its audio is made."""

    def push(self, pcm: bytes) -> VisemeTrack | None:
        """Takes the next audio, at the reply's rate.

        Returns:
            What must be told before that audio is sent; None = all of it was told already.
        """

    def finish(self, *, is_cut: bool) -> VisemeTrack:
        """Returns the rest of the track, up to the end of the chunk.

        Args:
            is_cut: whether the voice failed: what is left of the chunk is silence.
        """


class PlannedMouth:
    """Planned poses whose vowels are as large as the voice is loud."""

    def __init__(
        self,
        reply_id: int,
        poses: Sequence[VisemePose],
        *,
        start: int,
        end: int,
        rate_hz: int,
        level: VoiceLevel,
    ) -> None:
        """Makes the mouth.

        Args:
            reply_id: which reply.
            poses: of the chunk, at reply samples, in order.
            start, end: the chunk, reply samples, the pause after it taken in.
            rate_hz: of the reply.
            level: of the voice; it goes on from chunk to chunk.
        """
        self._reply_id = reply_id
        self._poses = list(poses)
        self._start, self._end = start, end
        self._rate_hz = rate_hz
        self._level = level
        self._envelope = Envelope(rate_hz)
        self._made = start
        self._until = start
        self._given = 0
        self._vowel_at = start - rate_hz  # the gain may be anything at first

    def push(self, pcm: bytes) -> VisemeTrack | None:
        """See `ChunkMouth`."""
        self._envelope.push(pcm)
        self._made += sample_count(pcm)
        if self._made <= self._until:
            return None
        poses = []
        while self._given < len(self._poses) and self._until < self._made:
            pose = self._poses[self._given]
            poses.append(self._scaled(pose))
            self._until = max(self._until, pose.sample)
            self._given += 1
        self._until = max(self._until, self._made)
        return VisemeTrack(self._reply_id, tuple(poses), self._until)

    def finish(self, *, is_cut: bool) -> VisemeTrack:
        """See `ChunkMouth`."""
        if is_cut:
            rest_at = min(self._end, self._until + self._samples(REST_MS))
            poses = [VisemePose(rest_at, REST)]
        else:
            poses = [self._scaled(pose) for pose in self._poses[self._given :]]
        self._given = len(self._poses)
        self._until = self._end
        return VisemeTrack(self._reply_id, tuple(poses), self._end)

    def _scaled(self, pose: VisemePose) -> VisemePose:
        """Returns a pose with its vowels as large as the voice is loud there.

        Lips that must meet, and what the tongue does, do not depend on loudness.
        """
        shapes = dict(pose.weights)
        if shapes.keys().isdisjoint(VOWELS) or not shapes.keys().isdisjoint({PP, FF}):
            return pose
        gain = self._level.gain_of(
            self._level_at(pose.sample), (pose.sample - self._vowel_at) / self._rate_hz
        )
        self._vowel_at = pose.sample
        others = sum(w for viseme, w in pose.weights if viseme not in VOWELS)
        own = sum(w for viseme, w in pose.weights if viseme in VOWELS)
        gain = min(gain, (1.0 - others) / own)
        return VisemePose(
            pose.sample,
            tuple((v, int(w * gain * 1000) / 1000 if v in VOWELS else w) for v, w in pose.weights),
        )

    def _level_at(self, sample: int) -> float | None:
        reach = self._samples(REACH_MS)
        if sample + self._samples(KNOWN_MS) > self._made:
            return None
        at = sample - self._start
        return self._envelope.peak_dbfs(at - reach, at + reach)

    def _samples(self, ms: int) -> int:
        return self._rate_hz * ms // 1000


class EnergyMouth:
    """A mouth for speech whose sounds are not known: it opens as far as the voice is loud."""

    def __init__(
        self, reply_id: int, *, start: int, end: int, rate_hz: int, level: VoiceLevel
    ) -> None:
        """Makes the mouth; arguments as those of `PlannedMouth`."""
        self._reply_id = reply_id
        self._start, self._end = start, end
        self._rate_hz = rate_hz
        self._level = level
        self._envelope = Envelope(rate_hz)
        self._made = start
        self._last: int | None = None

    def push(self, pcm: bytes) -> VisemeTrack | None:
        """See `ChunkMouth`."""
        if not pcm:
            return None
        self._envelope.push(pcm)
        self._made += sample_count(pcm)
        poses = []
        step = self._rate_hz * ENERGY_MS // 1000
        at = self._start if self._last is None else self._last + step
        while at < self._made:
            poses.append(self._pose(at, step))
            self._last, at = at, at + step
        return VisemeTrack(self._reply_id, tuple(poses), self._made)

    def finish(self, *, is_cut: bool) -> VisemeTrack:
        """See `ChunkMouth`."""
        return VisemeTrack(self._reply_id, (VisemePose(self._end, REST),), self._end)

    def _pose(self, sample: int, step: int) -> VisemePose:
        at = sample - self._start
        dbfs = self._envelope.peak_dbfs(at - step // 2, at + step // 2 + step % 2)
        if dbfs is None or dbfs < ENERGY_FLOOR_DBFS:
            return VisemePose(sample, REST)
        opening = ENERGY_OPEN + ENERGY_PER_DB * self._level.push(dbfs)
        weight = int(1000 * max(0.0, min(1.0, opening))) / 1000
        return VisemePose(sample, ((AA, weight),) if weight else REST)
