"""Fits `data/visemes/boundaries.toml`: where boundaries are heard, from where a voice plans them.

Run as `python -m voice_avatar.bench.boundary_fit [VOICE]`; prints the table. For each pair of
classes of sounds, a line through (duration of the second, duration of the first) -> distance from
planned to heard, by least absolute deviations, so that what the aligner gets wrong altogether does
not count for more than what it gets slightly wrong. Slopes are held back where there is little.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr

from voice_avatar.acting.mouth.heard_boundaries import USUAL_MS, segments, sound_class
from voice_avatar.acting.mouth.viseme_tables import symbol_table
from voice_avatar.bench.figures.phone_pairs import paired
from voice_avatar.bench.material.forced_aligner import ALIGNER_HZ, align_often
from voice_avatar.bench.material.sentences import read_calibration
from voice_avatar.engines.piper_tts import PiperOptions
from voice_avatar.engines.registry import load_engine
from voice_avatar.engines.tables import EngineTables, TtsTables
from voice_avatar.models.store import ModelStore
from voice_avatar.pipeline.spoken import Speech, speak
from voice_avatar.stages.tts import TtsCapabilities, TtsEngine, TtsOptions

LEAST_COUNT: Final = 12
"""Boundaries of a pair that are needed to say anything about it."""
HOLD: Final = (0.5, 3000.0, 3000.0)
"""Ridge on the constant and on the slopes, in weighted counts and squared milliseconds."""
NEAR_MS: Final = 5.0
"""Deviations below this, half a frame, all count the same."""
ROUNDS: Final = 20

Boundary = tuple[float, float, float]
"""(heard minus planned, duration of the sound after it, of the sound before it), ms."""


def boundaries(text: str, speech: Speech, voice: TtsCapabilities) -> Iterator[tuple[str, Boundary]]:
    """Yields "before after" and what was measured, for the boundaries between two sounds."""
    samples = soxr.resample(np.frombuffer(bytes(speech.pcm), "<i2"), speech.rate_hz, ALIGNER_HZ)
    heard = [sure.phone for sure in align_often(text, samples)]
    table = symbol_table(voice.espeak_voice, voice.phoneme_type)
    sounds = [(at, s) for at, plan in speech.plans for s in segments(plan.spans, table)]
    phone_of = dict(paired([s.symbol for _, s in sounds], [p.name for p in heard]))
    ms = 1000.0 / speech.rate_hz
    for i, ((one_at, one), (two_at, two)) in enumerate(pairwise(sounds), 1):
        pair = sound_class(one.symbol, table), sound_class(two.symbol, table)
        if i in phone_of and one_at == two_at and one.end == two.start and all(pair):
            late_ms = 1000.0 * heard[phone_of[i]].start_s - ms * (two_at + two.start)
            own_ms, before_ms = ms * (two.end - two.start), ms * (one.end - one.start)
            yield " ".join(pair), (late_ms, own_ms, before_ms)


def fitted(found: Sequence[Boundary]) -> npt.NDArray[np.float64]:
    """Returns (constant, slope of the duration after, slope of the duration before)."""
    late, own, before = np.array(found).T
    rows = np.stack((np.ones_like(late), own - USUAL_MS, before - USUAL_MS), axis=1)
    weights = np.ones_like(late)
    line: npt.NDArray[np.float64] = np.zeros(3)
    for _ in range(ROUNDS):
        square = rows.T @ (weights[:, None] * rows) + np.diag(HOLD)
        line = np.linalg.solve(square, rows.T @ (weights * late))
        weights = 1.0 / np.maximum(np.abs(late - rows @ line), NEAR_MS)
        weights /= weights.mean()
    return line


def table_of(found: Mapping[str, Sequence[Boundary]]) -> str:
    """Returns the table as TOML. Two vowels in a row are mostly one diphthong, and left alone."""
    rows = (
        (pair, *fitted(seen))
        for pair, seen in sorted(found.items())
        if len(seen) >= LEAST_COUNT and pair != "vowel vowel"
    )
    return "\n".join(f'"{pair}" = [{a:.1f}, {b:.2f}, {c:.2f}]' for pair, a, b, c in rows)


def main(voice: str) -> None:
    """Speaks, aligns, fits and prints."""
    options = TtsOptions(voice=voice)
    tables = EngineTables(tts=TtsTables(PiperOptions(heard_boundaries=False)))
    tts: TtsEngine = load_engine("tts", options, ModelStore(), tables)
    found: defaultdict[str, list[Boundary]] = defaultdict(list)
    for text in read_calibration():
        speech = speak(tts, text, "en")
        for pair, boundary in boundaries(text, speech, tts.capabilities):
            found[pair].append(boundary)
    print(table_of(found))


if __name__ == "__main__":
    main(*sys.argv[1:] or [TtsOptions().voice])
