"""Do hands strike with the voice? Apexes against stressed vowels, gaps and gaze of a track. Pure.

An apex is compared with the start of the stressed vowel next to it, once as the voice planned it
(its stress mark included) and once as an aligner that knows nothing of the voice hears it. Offsets
are apex minus vowel, in ms: positive = the hand is late. The aligner's own error is in the second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from voice_avatar.acting.mouth.viseme_tables import Kind, SymbolTable
from voice_avatar.bench.figures.phone_pairs import (
    VOWELS,
    HeardPhone,
    PlannedSound,
    paired,
    planned_sounds,
)
from voice_avatar.bench.figures.results import Figure
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.events.cues import GazeCue, GestureCue
from voice_avatar.events.payloads import SpeechPlan

LATE_MS: Final = 40.0
"""An apex that comes so much after its vowel counts as late: viewers forgive early gestures, not
late ones (Wang & Neff 2013); the figure is the project's aim."""


@dataclass(frozen=True, slots=True)
class Apex:
    """The apex of a gesture, and the stressed vowel next to it.

    Attributes:
        lexeme: of the gesture.
        source: what asked for it.
        stroke_s: the apex, seconds from the first sample.
        planned_s: where the plan begins the vowel.
        heard_s: where the aligner hears it; None = it has no such phone.
    """

    lexeme: str
    source: str
    stroke_s: float
    planned_s: float
    heard_s: float | None

    @property
    def planned_ms(self) -> float:
        """Apex minus planned vowel, ms."""
        return 1000.0 * (self.stroke_s - self.planned_s)

    @property
    def heard_ms(self) -> float | None:
        """Apex minus heard vowel, ms; None = not heard."""
        return None if self.heard_s is None else 1000.0 * (self.stroke_s - self.heard_s)


def apexes(
    gestures: Iterable[GestureCue],
    plans: Sequence[tuple[int, SpeechPlan]],
    heard: Sequence[HeardPhone],
    table: SymbolTable,
    rate_hz: int,
) -> list[Apex]:
    """Returns the apexes of a spoken text, each with the stressed vowel that is nearest to it.

    Args:
        gestures: of the text.
        plans: of its chunks, with their first samples.
        heard: its phones, as an aligner hears them; none = it could not follow.
        table: of the voice's symbols.
        rate_hz: the clock of gestures and plans.
    """
    sounds = [s for at, plan in plans for s in planned_sounds(plan.spans, table, at)]
    pairs = dict(paired([s.symbol for s in sounds], [p.name for p in heard])) if heard else {}
    stressed = [
        index
        for at, plan in plans
        for mark in _primary_marks(plan, table, at)
        if (index := _vowel_after(mark, sounds, table)) is not None
    ]
    found = []
    for gesture in gestures if stressed else ():
        nearest = min(stressed, key=lambda index: abs(sounds[index].start - gesture.stroke))
        phone = heard[pairs[nearest]] if nearest in pairs else None
        heard_s = phone.start_s if phone is not None and phone.name in VOWELS else None
        stroke_s, planned_s = gesture.stroke / rate_hz, sounds[nearest].start / rate_hz
        found.append(Apex(gesture.lexeme, gesture.source, stroke_s, planned_s, heard_s))
    return found


def _primary_marks(plan: SpeechPlan, table: SymbolTable, offset: int) -> list[int]:
    """Returns where primary stress is marked: the first sample of each mark."""
    kinds = (
        (span, table.kinds.get(table.aliases.get(span.symbol, span.symbol))) for span in plan.spans
    )
    return [offset + span.start for span, kind in kinds if kind is Kind.PRIMARY]


def _vowel_after(mark: int, sounds: Sequence[PlannedSound], table: SymbolTable) -> int | None:
    """Returns the index of the first vowel at or after a stress mark."""
    return next(
        (
            index
            for index, sound in enumerate(sounds)
            if sound.onset >= mark and table.kinds.get(sound.symbol) is Kind.VOWEL
        ),
        None,
    )


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply's movements.

    Attributes:
        length_s: of its audio.
        strokes_s: of its gestures, in order.
        away_s: how long it looked elsewhere than at the user.
        stare_s: the longest time without a look away.
        runs: how many equal beats followed one another at most.
    """

    length_s: float
    strokes_s: tuple[float, ...]
    away_s: float
    stare_s: float
    runs: int


def reply_of(
    gestures: Sequence[GestureCue], gazes: Sequence[GazeCue], samples: int, rate_hz: int
) -> Reply:
    """Returns what a reply of so many samples does."""
    aways = sorted((g.start, min(g.end, samples)) for g in gazes if g.target != "user")
    ends = [0, *(end for _, end in aways)]
    starts = [*(start for start, _ in aways), samples]
    beats = [g.lexeme for g in gestures if g.kind == "beat"]
    run = longest = 0
    for before, lexeme in zip(["", *beats], beats, strict=False):
        run = run + 1 if lexeme == before else 1
        longest = max(longest, run)
    return Reply(
        samples / rate_hz,
        tuple(sorted(g.stroke / rate_hz for g in gestures)),
        sum(max(0, end - start) for start, end in aways) / rate_hz,
        max(start - end for end, start in zip(ends, starts, strict=True)) / rate_hz,
        longest,
    )


def figures(found: Sequence[Apex], replies: Sequence[Reply]) -> list[Figure]:
    """Returns what came out of spoken sentences and of whole replies."""
    heard = [ms for apex in found if (ms := apex.heard_ms) is not None]
    beats = [a for a in found if a.source == "prosody"]
    beats_heard = [ms for apex in beats if (ms := apex.heard_ms) is not None]
    lengths_s = sum(reply.length_s for reply in replies)
    strokes = sum(len(reply.strokes_s) for reply in replies)
    gaps_s = [b - a for reply in replies for a, b in pairwise(reply.strokes_s)]
    mutual = 1 - sum(reply.away_s for reply in replies) / lengths_s if lengths_s else None
    return [
        _offsets(
            "apex.planned", "beats: apex minus vowel as planned", [a.planned_ms for a in beats]
        ),
        _late("apex.planned.late", "beats late by the plan", [a.planned_ms for a in beats]),
        _offsets("apex.heard", "beats: apex minus vowel as heard", beats_heard),
        _late("apex.heard.late", "beats late by the aligner", beats_heard),
        _offsets("apex.all.heard", "all gestures: apex minus vowel as heard", heard),
        _late("apex.all.heard.late", "all gestures late by the aligner", heard),
        Figure(
            name="gestures.per_min",
            title="gestures a minute of speech",
            unit="1",
            value=60 * strokes / lengths_s if lengths_s else None,
            note=f"{strokes} in {lengths_s:.0f} s",
        ),
        Figure(
            name="gestures.gap",
            title="from stroke to stroke",
            unit="s",
            summary=summary(gaps_s) if gaps_s else None,
        ),
        Figure(
            name="beats.run",
            title="equal beats in a row, at most",
            unit="1",
            better="lower",
            value=max((reply.runs for reply in replies), default=None),
        ),
        Figure(
            name="gaze.mutual",
            title="share of long replies that it looks at the user",
            unit="%",
            value=None if mutual is None else 100 * mutual,
            note="41 % while one talks (Lee & Badler 2002)",
        ),
        Figure(
            name="gaze.stare",
            title="longest look at the user without a break",
            unit="s",
            better="lower",
            value=max((reply.stare_s for reply in replies), default=None),
        ),
    ]


def _offsets(name: str, title: str, offsets_ms: Sequence[float]) -> Figure:
    return Figure(
        name=name,
        title=title,
        unit="ms",
        summary=summary(offsets_ms) if offsets_ms else None,
        note="positive = the hand is late",
    )


def _late(name: str, title: str, offsets_ms: Sequence[float]) -> Figure:
    late = sum(ms > LATE_MS for ms in offsets_ms)
    return Figure(
        name=name,
        title=title,
        unit="%",
        better="lower",
        value=100.0 * late / len(offsets_ms) if offsets_ms else None,
        note=f"{late} of {len(offsets_ms)} by more than {LATE_MS:.0f} ms",
    )
