"""Tags, text rules and stress -> gestures on the reply's clock. Pure.

A gesture's stroke falls on the start of the stressed vowel of its word: apexes of beats do in
most cases, and gestures that come after their word look worse than early ones (reference 4.2).
Who asks first is served first: the model's tags, then text rules, then beats on stressed words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.rules import Move, Rule
from voice_avatar.acting.gesture.spoken_chunk import LONG_AGO, SpokenChunk
from voice_avatar.acting.variation import GOLDEN, drawn
from voice_avatar.events.cues import CueSource, GestureCue
from voice_avatar.events.payloads import Cue
from voice_avatar.vocabulary import Lexeme, vocabulary

_LLM_GAP_S: Final = 0.4
"""Two strokes asked for by tags cannot be closer: an arm needs the time."""
LEAST_PREPARATION_S: Final = 0.12
"""A rule's gesture that has less is left out rather than jerked."""
_LASTING_MS: Final = 400
"""An emblem whose stroke takes so long is a movement of its own, several swings of a hand."""
_QUICK_S: Final = 0.2
"""An arm is up within so much: the shortest preparation in the literature."""
_CHAIN_S: Final = 0.25
"""Hands that would rest for less stay up (gesture units, Kipp)."""
_APEX: Final = 0.4
"""The part of a stroke that precedes its apex."""
_BEATS: Final = (("beat_right", 0.5), ("beat_left", 0.75), ("beat_both", 1.0))
"""Beats, and up to where of 0..1 each is drawn: right hands prevail."""
_EARLY_S: Final = 0.02
"""Beats come so much before their vowel: better early than late, and a plan is not known closer."""
_SWING: Final = 0.3
"""How much the amplitudes of beats differ, of their mean."""
_RUN: Final = 2
"""So many beats of one kind may follow one another."""
_GIVEN: Final = 0.3
"""What a word that was said before loses of its prominence: given words are not accented."""


@dataclass(frozen=True, slots=True)
class _Request:
    """A gesture that something asks for, at reply sample `at`."""

    at: int
    clause: int
    lexeme: Lexeme
    amplitude: float
    source: CueSource


class HandPlanner:
    """Plans the gestures of one reply, chunk by chunk.

    Attributes:
        number: number of the next gesture.
    """

    def __init__(
        self,
        options: GestureOptions,
        function_words: frozenset[str],
        reply_id: int,
        first_number: int,
        shown: frozenset[str] | None,
        offered: frozenset[str] | None,
    ) -> None:
        """Begins a reply.

        Args:
            options: how much to move.
            function_words: words that carry no beat.
            reply_id: which reply.
            first_number: number of its first gesture.
            shown: gestures that the client can show, None = all.
            offered: those of them that tags may ask for, None = all.
        """
        self.number = first_number
        self._options = options
        self._function_words = function_words
        self._reply_id = reply_id
        self._shown = shown
        self._offered = offered
        self._last_stroke = LONG_AGO
        self._free_at = 0  # when the hands have finished the last stroke
        self._beats: list[str] = []
        self._said: set[str] = set()

    def plan(
        self, chunk: SpokenChunk, cues: Sequence[Cue], hits: Sequence[tuple[int, Rule]]
    ) -> list[GestureCue]:
        """Plans one chunk: its gestures, by start."""
        chosen: list[_Request] = []
        for request in self._requests(chunk, cues, hits):
            gap_s = self._options.gesture_gap_s if request.source == "rule" else _LLM_GAP_S
            self._choose(request, chosen, gap_s, chunk)
        if self._options.energy > 0:
            self._add_beats(chunk, chosen, hits)
        self._said.update(chunk.text.words)
        chosen.sort(key=lambda request: request.at)
        requests = (
            self._varied(request) if request.source == "prosody" else request for request in chosen
        )
        planned = [self._phases(request, chunk) for request in requests]
        chained = [_chained(a, b.start, chunk.samples(_CHAIN_S)) for a, b in pairwise(planned)]
        return [*chained, *planned[-1:]]

    def _requests(
        self, chunk: SpokenChunk, cues: Sequence[Cue], hits: Sequence[tuple[int, Rule]]
    ) -> list[_Request]:
        """What tags and rules ask for, tags first."""
        asked: list[tuple[int, Move, CueSource]] = [
            (cue.word, Move(cue.value), "llm")
            for cue in cues
            if cue.kind == "gesture" and (self._offered is None or cue.value in self._offered)
        ]
        asked += [(word, rule.gesture, "rule") for word, rule in hits if rule.gesture]
        requests = []
        for index, move, source in asked:
            lexeme = vocabulary().gestures.get(move.name)
            if lexeme is None or not self._can_show(lexeme.name):
                continue
            word = chunk.word(index)
            if word is None:
                lead_ms = lexeme.preparation_ms + _APEX * lexeme.stroke_ms
                at = min(chunk.offset + chunk.samples(lead_ms / 1000), chunk.limit)
            else:
                at = self._reachable(word.anchor, lexeme, chunk)
            amplitude = lexeme.amplitude if move.amount is None else move.amount
            requests.append(_Request(at, chunk.clause(index), lexeme, amplitude, source))
        return requests

    def _reachable(self, at: int, lexeme: Lexeme, chunk: SpokenChunk) -> int:
        """Returns when a gesture that is asked for at `at` strikes.

        A wave, a bow or a clap lasts longer than its word and has no apex to be heard with: at the
        start of a turn ("Hi!") it comes when the arm is up. All others are on time or not at all.
        """
        if lexeme.kind != "emblem" or lexeme.stroke_ms < _LASTING_MS:
            return at
        lead = chunk.samples(_APEX * lexeme.stroke_ms / 1000)
        ready = max(chunk.offset, self._free_at) + chunk.samples(_QUICK_S)
        return max(at, min(ready + lead, chunk.end))

    def _can_show(self, name: str) -> bool:
        return self._shown is None or name in self._shown

    def _choose(
        self, request: _Request, chosen: list[_Request], gap_s: float, chunk: SpokenChunk
    ) -> bool:
        """Adds `request` to `chosen` if there is time for it."""
        gap = chunk.samples(gap_s)
        is_close = any(abs(request.at - other.at) < gap for other in chosen)
        is_second_big = request.lexeme.is_big and any(
            other.lexeme.is_big and other.clause == request.clause for other in chosen
        )
        if is_close or is_second_big:
            return False
        if request.source != "llm":
            room = request.at - max(chunk.offset, self._free_at)
            is_hasty = room < chunk.samples(LEAST_PREPARATION_S)
            if is_hasty or request.at - self._last_stroke < gap:
                return False
        chosen.append(request)
        return True

    # -- beats

    def _add_beats(
        self, chunk: SpokenChunk, chosen: list[_Request], hits: Sequence[tuple[int, Rule]]
    ) -> None:
        """Adds beats, on the most prominent words first; lively people beat more often."""
        gap_s = self._options.beat_gap_s * (2 - self._options.energy)
        amplified = {word + 1: rule.amplify for word, rule in hits if rule.amplify != 1.0}
        words = chunk.text.words
        weights = chunk.weights
        prominent_first = sorted(
            (index for index, weight in enumerate(weights) if weight > 0),
            key=lambda index: _GIVEN * (words[index] in self._said) - weights[index],
        )
        beat = self._next_beat()
        if beat is None:
            return
        for index in prominent_first:
            if words[index] in self._function_words:
                continue
            factor = max(amplified.get(i, 1.0) for i in (index, index + 1))
            at = max(chunk.offset, chunk.words[index].anchor - chunk.samples(_EARLY_S))
            clause = chunk.clause(index)
            self._choose(_Request(at, clause, beat, factor, "prosody"), chosen, gap_s, chunk)

    def _varied(self, request: _Request) -> _Request:
        """Returns a request for a beat made up: only when and how much more were known."""
        beat = self._next_beat() or request.lexeme
        swing = 1 + _SWING * (self._draw(2) - 0.5)
        self._beats.append(beat.name)
        return replace(request, lexeme=beat, amplitude=beat.amplitude * request.amplitude * swing)

    def _next_beat(self) -> Lexeme | None:
        """Returns a beat that differs from those before, where the client shows several."""
        names = [name for name, _ in _BEATS if self._can_show(name)]
        if not names:
            return None
        chosen = next(name for name, until in _BEATS if self._draw(0) < until)
        run = self._beats[-_RUN:]
        if chosen not in names or (len(names) > 1 and run == [chosen] * _RUN):
            others = [name for name in names if name != chosen]
            chosen = others[int(self._draw(1) * len(others))]
        return vocabulary().gestures[chosen]

    def _draw(self, kind: int) -> float:
        """Returns a number of 0..1 that only depends on the reply and on the beat."""
        return drawn(GOLDEN * (len(self._beats) + 1) * (kind + 1), self._reply_id)

    # -- phases

    def _phases(self, request: _Request, chunk: SpokenChunk) -> GestureCue:
        """Lays the phases out around the stroke; preparation gives way where time is short."""
        lexeme, stroke = request.lexeme, request.at

        def span(ms: float) -> int:
            return chunk.samples(ms / 1000)

        lead = span(_APEX * lexeme.stroke_ms)
        earliest = min(max(chunk.offset, self._free_at), stroke)
        start = max(stroke - lead - span(lexeme.preparation_ms), earliest)
        stroke_start = stroke - min(lead, (stroke - start) // 2)
        stroke_end = min(stroke + span(lexeme.stroke_ms) - lead, chunk.limit)
        relax = min(stroke_end + span(lexeme.hold_ms), chunk.limit)
        end = min(relax + span(lexeme.retraction_ms), chunk.limit)
        self._last_stroke, self._free_at = stroke, stroke_end
        self.number += 1
        return GestureCue(
            self._reply_id,
            f"g{self.number - 1}",
            lexeme.name,
            lexeme.kind,
            lexeme.mode,
            min(1.0, round(request.amplitude * self._options.vigour, 3)),
            start,
            stroke_start,
            stroke,
            stroke_end,
            relax,
            end,
            request.source,
        )


def _chained(gesture: GestureCue, next_start: int, gap: int) -> GestureCue:
    """Keeps the hands up between gestures that follow closely, instead of resting them."""
    if next_start >= gesture.end + gap:
        return gesture
    stroke_end = min(gesture.stroke_end, next_start)
    return replace(gesture, stroke_end=stroke_end, relax=next_start, end=next_start)
