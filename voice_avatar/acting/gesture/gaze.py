"""Where the avatar looks while it speaks, on the reply's clock. Pure.

It looks away as a turn begins and to the user as a sentence ends (BEAT). In between it looks away
now and then, so that over a long reply it looks at the user for `GestureOptions.mutual` of the time
and never stares. Where no cue says otherwise it looks at the user.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.rules import Rule
from voice_avatar.acting.gesture.spoken_chunk import SpokenChunk
from voice_avatar.acting.variation import GOLDEN, drawn
from voice_avatar.events.cues import CueSource, GazeCue
from voice_avatar.events.payloads import Cue
from voice_avatar.vocabulary import vocabulary

TAG_GAZE_S: Final = 1.5
"""How long a gaze tag holds."""
SHORT_S: Final = 1.6
"""A whole answer up to this long is given to the user's face."""
STARE_S: Final = 4.0
"""After so long at the user the eyes leave at the next word (reference 4.4: at most 4 to 5 s)."""

_LEAST_MUTUAL_S: Final = 0.7
"""Eyes that have just come back do not leave again. Ours."""
_LEAST_AWAY_S: Final = 0.5
_AWAY_S: Final = (1.1, 2.6)
"""Shortest and longest look away in the middle of a reply. Ours; Lee & Badler's mean is 0.9 s."""
_LONG_AWAY_S: Final = 1.0
"""From here on the head goes along."""
_HEAD: Final = {"user": 1.0, "short": 0.2, "long": 0.5}
"""How much of a gaze shift the head takes over: people turn eyes first, and the head for what
lasts. Ours."""
_AWAY: Final = ("away_side", "away_up", "away_side", "down", "away_up")


class GazePlanner:
    """Plans the gaze of one reply, chunk by chunk."""

    def __init__(self, options: GestureOptions, reply_id: int) -> None:
        self._options = options
        self._reply_id = reply_id
        self._is_turn_start = True
        self._begin = 0  # where the reply's first word is
        self._until = 0  # where the last cue ends
        self._away = 0  # samples looked away
        self._since = 0  # since when the eyes are on the user
        self._looks = 0  # looks away in the middle

    def plan(
        self, chunk: SpokenChunk, cues: Sequence[Cue], hits: Sequence[tuple[int, Rule]]
    ) -> list[GazeCue]:
        """Plans one chunk: its gaze cues, by start; none overlap."""
        planned: list[GazeCue] = []
        for start, length_s, target, source in self._requests(chunk, cues, hits):
            self._look(planned, chunk, target, start, chunk.samples(length_s), source)
        if chunk.words and self._options.mutual < 1:
            self._avert(planned, chunk)
        planned.sort(key=lambda cue: cue.start)
        self._note(planned)
        return planned

    def _requests(
        self, chunk: SpokenChunk, cues: Sequence[Cue], hits: Sequence[tuple[int, Rule]]
    ) -> Iterator[tuple[int, float, str, CueSource]]:
        """Yields start, length (seconds), target and source of what is asked for, tags first."""
        places = vocabulary().gaze
        for cue in cues:
            if cue.kind == "gaze" and cue.value in places:
                is_trailing = cue.word >= len(chunk.words)
                start = chunk.speech_end if is_trailing else chunk.words[cue.word].start
                yield start, TAG_GAZE_S, places[cue.value], "llm"
        for index, rule in hits:
            if rule.gaze:
                length_s = rule.gaze.duration_ms / 1000
                yield chunk.words[index].start, length_s, places[rule.gaze.name], "rule"
        if not chunk.words:
            return
        speech_s = (chunk.speech_end - chunk.offset) / chunk.rate_hz
        if self._is_turn_start:
            self._is_turn_start = False
            self._begin = self._since = chunk.offset
            if speech_s > SHORT_S or not chunk.is_sentence_end:
                target = "away_side" if self._reply_id % 2 else "away_up"
                yield chunk.offset, min(self._options.away_s, speech_s / 2), target, "rule"
        if chunk.is_sentence_end:
            start = chunk.words[-1].start
            yield start, (chunk.end - start) / chunk.rate_hz, "user", "rule"

    def _look(
        self,
        planned: list[GazeCue],
        chunk: SpokenChunk,
        target: str,
        start: int,
        length: int,
        source: CueSource,
    ) -> None:
        end = min(start + length, chunk.limit)
        start = max(start, self._until)
        is_taken = any(start < other.end and other.start < end for other in planned)
        if end <= start or is_taken:
            return
        is_long = end - start >= chunk.samples(_LONG_AWAY_S)
        kind = "user" if target == "user" else "long" if is_long else "short"
        planned.append(GazeCue(self._reply_id, target, start, end, source, _HEAD[kind]))

    def _avert(self, planned: list[GazeCue], chunk: SpokenChunk) -> None:
        """Adds looks away where the eyes have been on the user for more than their share."""
        given = sorted(planned, key=lambda cue: cue.start)
        away, since = self._away, self._since
        for index, word in enumerate(chunk.words):
            at = word.start
            while given and given[0].start <= at:
                cue = given.pop(0)
                if cue.target != "user":
                    away, since = away + cue.end - cue.start, cue.end
            # Eyes that rest on the user because a cue says so stay there until it ends.
            is_held = any(cue.start <= at < cue.end for cue in planned) or at < self._until
            stared = at - since
            if is_held or stared < chunk.samples(_LEAST_MUTUAL_S):
                continue
            spoken = max(1, at - self._begin)
            is_due = (spoken - away) / spoken > self._options.mutual
            is_boundary = index in chunk.text.clause_starts or stared > chunk.samples(STARE_S / 3)
            is_stare = stared >= chunk.samples(STARE_S)
            if not is_stare and not (is_due and is_boundary):
                continue
            end = min([at + self._away_samples(chunk), chunk.speech_end, *(c.start for c in given)])
            if end - at < chunk.samples(_LEAST_AWAY_S):
                continue
            target = _AWAY[(self._looks + self._reply_id) % len(_AWAY)]
            self._look(planned, chunk, target, at, end - at, "prosody")
            self._looks += 1
            away, since = away + end - at, end

    def _away_samples(self, chunk: SpokenChunk) -> int:
        """Returns how long the next look away is; lengths vary, the same for the same reply."""
        least_s, most_s = _AWAY_S
        share = drawn(GOLDEN * (self._looks + 1), self._reply_id)
        return chunk.samples(least_s + (most_s - least_s) * share)

    def _note(self, planned: Sequence[GazeCue]) -> None:
        for cue in planned:
            self._until = max(self._until, cue.end)
            if cue.target != "user":
                self._away += cue.end - cue.start
                self._since = cue.end
