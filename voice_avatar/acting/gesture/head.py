"""Tags and text rules -> head movements on the reply's clock. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.rules import Move, Rule
from voice_avatar.acting.gesture.spoken_chunk import LONG_AGO, SpokenChunk
from voice_avatar.events.cues import CueSource, HeadCue, Side
from voice_avatar.events.payloads import Cue
from voice_avatar.vocabulary import HeadLexeme, vocabulary


class HeadPlanner:
    """Plans the head movements of one reply, chunk by chunk."""

    def __init__(self, options: GestureOptions, reply_id: int) -> None:
        self._options = options
        self._reply_id = reply_id
        self._last = LONG_AGO
        self._side: Side = "left" if reply_id % 2 else "right"

    def plan(
        self, chunk: SpokenChunk, cues: Sequence[Cue], hits: Sequence[tuple[int, Rule]]
    ) -> list[HeadCue]:
        """Plans one chunk: its head movements, those of tags first."""
        asked: list[tuple[int, Move, CueSource]] = [
            (cue.word, Move(cue.value), "llm") for cue in cues if cue.kind == "head"
        ]
        words = [chunk.word(index) for index, _, _ in asked]
        taken = [self._last, *(chunk.offset if word is None else word.anchor for word in words)]
        asked += [(index, rule.head, "rule") for index, rule in hits if rule.head]
        planned = []
        for index, move, source in asked:
            lexeme = vocabulary().heads.get(move.name)
            if lexeme is None:
                continue
            word = chunk.word(index)
            rise = chunk.samples(lexeme.rise_ms / 1000)
            stroke = min(chunk.offset + rise, chunk.limit) if word is None else word.anchor
            if source == "rule":
                gap = chunk.samples(self._options.head_gap_s if move.gap_s is None else move.gap_s)
                if any(abs(stroke - at) < gap for at in taken):
                    continue
                taken.append(stroke)
            planned.append(self._cue(chunk, lexeme, move, stroke, source))
            self._last = max(self._last, stroke)
        return planned

    def _cue(
        self, chunk: SpokenChunk, lexeme: HeadLexeme, move: Move, stroke: int, source: CueSource
    ) -> HeadCue:
        repeats = move.repeats or lexeme.repeats
        fall = chunk.samples(lexeme.fall_ms / 1000) * repeats // lexeme.repeats
        amount = lexeme.amount if move.amount is None else move.amount
        return HeadCue(
            self._reply_id,
            lexeme.name,
            round(amount * self._options.vigour, 3),
            repeats,
            max(chunk.offset, stroke - chunk.samples(lexeme.rise_ms / 1000)),
            stroke,
            min(stroke + fall, chunk.limit),
            source,
            self._turn(lexeme.name, move),
        )

    def _turn(self, name: str, move: Move) -> Side:
        """Which side first: as a rule says; else tilts go from side to side."""
        if move.side is not None:
            self._side = move.side
        elif name == "tilt":
            self._side = "left" if self._side == "right" else "right"
        else:
            return "right"
        return self._side
