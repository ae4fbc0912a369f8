"""Tags, text rules and the feeling of words -> expressions on the reply's clock. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voice_avatar.acting.gesture.mood import SHOWN, Baseline, Mood, decayed, face_of, moved
from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.rules import Rule
from voice_avatar.acting.gesture.spoken_chunk import LONG_AGO, SpokenChunk
from voice_avatar.acting.gesture.word_feelings import word_feelings
from voice_avatar.events.cues import CueSource, FaceCue, GestureCue
from voice_avatar.events.payloads import Cue
from voice_avatar.vocabulary import Expression, vocabulary

_LEAD_S: Final = 0.1
"""Expressions begin a little before the word they belong to."""
_TAG_WEIGHT: Final = 0.8
_RULE_WEIGHT: Final = 0.35
_WORD_WEIGHT: Final = 0.3
"""How far a tag, a rule and a word take the mood along to theirs. Ours."""
_MOOD_GAP_S: Final = 1.5
"""Least time between two expressions that a mood shows by itself: faces are slow. Ours."""
_MOOD_FADE_MS: Final = 500
_MOOD_HOLD_MS: Final = 4000
_FLASH_GAP_S: Final = 6.0
_FLASH: Final = 0.3
"""Brows rise with the beat on a new word (BEAT: eyebrow flash), at most this often and so far."""


@dataclass(frozen=True, slots=True)
class _Request:
    """Something that moves the face, at reply sample `at`.

    Attributes:
        at: when.
        source: what asks for it.
        face: expression; None = a word that is only felt.
        intensity: 0..1.
        felt: where it takes the mood.
    """

    at: int
    source: CueSource
    face: Expression | None
    intensity: float
    felt: Mood


class ExpressionPlanner:
    """Plans the expressions of one reply, chunk by chunk, and keeps its mood.

    Attributes:
        mood: what is felt as the last chunk ends.
    """

    def __init__(
        self,
        options: GestureOptions,
        language: str,
        reply_id: int,
        *,
        baseline: Baseline,
        mood: Mood,
        shown: frozenset[str] | None,
        offered: frozenset[str] | None,
    ) -> None:
        """Begins a reply.

        Args:
            options: how much to move.
            language: ISO 639-1, for the feeling of words.
            reply_id: which reply.
            baseline: where the mood goes by itself.
            mood: what is felt as it begins.
            shown: expressions that the client can show, None = all.
            offered: those of them that tags may ask for, None = all.
        """
        self.mood = mood
        self._options = options
        self._language = language
        self._reply_id = reply_id
        self._baseline = baseline
        self._shown = shown
        self._offered = offered
        self._at = 0  # where on the clock the mood is
        self._face = baseline.expression
        self._face_until = 0  # when the baseline is shown again
        self._tag_until = LONG_AGO  # an expression that a tag asked for lasts till then
        self._last_rule = LONG_AGO
        self._last_mood = LONG_AGO
        self._last_flash = LONG_AGO
        self._is_first = True

    def plan(
        self,
        chunk: SpokenChunk,
        cues: Sequence[Cue],
        hits: Sequence[tuple[int, Rule]],
        gestures: Sequence[GestureCue],
    ) -> list[FaceCue]:
        """Plans one chunk: its expressions, by start."""
        planned: list[FaceCue] = []
        if self._is_first:
            self._is_first = False
            planned += self._by_mood(chunk, chunk.offset)
        for request in self._requests(chunk, cues, hits):
            self._pass(request.at, chunk.rate_hz)
            planned += self._by_request(request, chunk)
        planned += self._flash(chunk, gestures, planned)
        self._pass(chunk.end, chunk.rate_hz)
        return sorted(planned, key=lambda cue: cue.sample)

    def _pass(self, at: int, rate_hz: int) -> None:
        """Lets the mood decay up to reply sample `at`."""
        if at > self._at:
            self.mood = decayed(self.mood, self._baseline, (at - self._at) / rate_hz)
            self._at = at
        if at >= self._face_until:
            self._face = self._baseline.expression

    def _requests(
        self, chunk: SpokenChunk, cues: Sequence[Cue], hits: Sequence[tuple[int, Rule]]
    ) -> list[_Request]:
        """What moves the face, by time; at one moment tags come first and words last."""

        def at(index: int) -> int:
            word = chunk.word(index)
            start = chunk.offset if word is None else word.start
            return max(chunk.offset, start - chunk.samples(_LEAD_S))

        requests: list[_Request] = []
        for cue in cues:
            is_offered = self._offered is None or cue.value in self._offered
            if cue.kind == "face" and is_offered and (face := self._expression(cue.value)):
                felt = Mood(face.valence, face.arousal)
                requests.append(_Request(at(cue.word), "llm", face, face.intensity, felt))
        for index, rule in hits:
            if rule.face and (face := self._expression(rule.face.name)):
                asked = rule.face.amount
                intensity = face.intensity if asked is None else asked
                felt = Mood(face.valence, face.arousal)
                requests.append(_Request(at(index), "rule", face, intensity, felt))
        if self._options.has_rules:
            requests += [
                _Request(at(word.word), "rule", None, 0.0, Mood(word.valence, word.arousal))
                for word in word_feelings(chunk.text.words, self._language)
            ]
        return sorted(requests, key=lambda request: request.at)

    def _expression(self, name: str) -> Expression | None:
        is_shown = self._shown is None or name in self._shown
        return vocabulary().expressions.get(name) if is_shown else None

    def _by_request(self, request: _Request, chunk: SpokenChunk) -> list[FaceCue]:
        face, at = request.face, request.at
        if face is None:
            self.mood = moved(self.mood, request.felt, _WORD_WEIGHT)
            return self._by_mood(chunk, at)
        if request.source == "llm":
            self._tag_until = at + chunk.samples(face.hold_ms / 1000)
            self.mood = moved(self.mood, request.felt, _TAG_WEIGHT)
        else:
            # Brows move on any face; another mood would contradict the model's.
            is_soon = at - self._last_rule < chunk.samples(self._options.face_gap_s)
            if is_soon or (not _is_brow(face) and at < self._tag_until):
                return []
            self._last_rule = at
            if not _is_brow(face):
                self.mood = moved(self.mood, request.felt, _RULE_WEIGHT)
        return [self._cue(face, request.intensity, at, request.source, chunk)]

    def _by_mood(self, chunk: SpokenChunk, at: int) -> list[FaceCue]:
        """Shows the mood where it calls for another expression than the one that is shown."""
        shown = [name for name in SHOWN if self._expression(name)]
        name, intensity = face_of(self.mood, self._baseline, self._face, shown)
        is_soon = at - self._last_mood < chunk.samples(_MOOD_GAP_S) or at < self._tag_until
        is_rest = name == self._baseline.expression
        face = self._expression(name)
        if name == self._face or is_soon or is_rest or face is None:
            return []
        self._last_mood = at
        return [self._cue(face, intensity * face.intensity, at, "rule", chunk, is_mood=True)]

    def _flash(
        self, chunk: SpokenChunk, gestures: Sequence[GestureCue], planned: Sequence[FaceCue]
    ) -> list[FaceCue]:
        """Raises the brows with the first beat, where the face does nothing else."""
        face = self._expression("brow_raise")
        beat = next((gesture for gesture in gestures if gesture.source == "prosody"), None)
        if face is None or beat is None or not self._options.has_rules:
            return []
        at = max(chunk.offset, beat.stroke - chunk.samples(face.fade_ms / 1000))
        gap = chunk.samples(self._options.face_gap_s)
        is_busy = any(abs(at - cue.sample) < gap for cue in planned)
        if is_busy or at - self._last_flash < chunk.samples(_FLASH_GAP_S):
            return []
        self._last_flash = at
        return [self._cue(face, _FLASH, at, "prosody", chunk)]

    def _cue(
        self,
        face: Expression,
        intensity: float,
        at: int,
        source: CueSource,
        chunk: SpokenChunk,
        *,
        is_mood: bool = False,
    ) -> FaceCue:
        fade_ms, hold_ms = face.fade_ms, face.hold_ms
        if is_mood:
            fade_ms, hold_ms = _MOOD_FADE_MS, _MOOD_HOLD_MS
        if not _is_brow(face):
            self._face = face.name
            lasts_s = (fade_ms + hold_ms) / 1000 if hold_ms else float("inf")
            self._face_until = at + chunk.samples(min(lasts_s, 3600.0))
        return FaceCue(
            self._reply_id,
            at,
            face.name,
            round(min(1.0, intensity * self._options.vigour), 3),
            round(self.mood.valence, 3),
            round(self.mood.arousal, 3),
            fade_ms,
            hold_ms,
            source,
        )


def _is_brow(face: Expression) -> bool:
    return face.name.startswith("brow_")
