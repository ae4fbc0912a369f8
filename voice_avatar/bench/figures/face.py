"""Figures of a face track: closures, jumps, and how the mouth follows the sound. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from voice_avatar.acting.face.tables import Curves, face_tables
from voice_avatar.acting.mouth.viseme_sets import ARKIT
from voice_avatar.acting.mouth.viseme_tables import PP, SymbolTable
from voice_avatar.bench.figures.phone_pairs import planned_sounds
from voice_avatar.events.payloads import SpeechPlan

REACHED: Final = 0.9
"""Share of the closing shapes of PP from which on lips count as closed."""

JAW_SHUT: Final = 0.05
"""Most that the jaw is open at a closure: 2 mm, if it opens to 4 cm."""

LAGS_MS: Final = 250
"""Lags that are tried, both ways."""

QUIET_DB: Final = 40.0
"""So far below the loudest place a sound counts as silence."""
PAUSE_S: Final = 0.15
"""An onset follows so much silence."""
OPEN: Final = 0.05
"""A mouth counts as open from this much jaw on."""

_CLOSING: Final = face_tables().visemes[PP] > 0
_JAW: Final = ARKIT.index("jawOpen")


@dataclass(frozen=True, slots=True)
class Closure:
    """A p, b or m of the plan.

    Attributes:
        symbol: as the voice spells it.
        start_s: when it begins, seconds.
        end_s: when it ends.
        reached: most of the closing shapes' least share in its frames, 0..1.
        jaw: how far the jaw is open there.
    """

    symbol: str
    start_s: float
    end_s: float
    reached: float
    jaw: float

    @property
    def is_closed(self) -> bool:
        """Whether lips and jaw are shut in one of its frames."""
        return self.reached >= REACHED and self.jaw <= JAW_SHUT


def closures(
    plans: Sequence[tuple[int, SpeechPlan]],
    table: SymbolTable,
    rate_hz: int,
    faces: Curves,
    hz: int,
) -> list[Closure]:
    """Returns the closures of a reply, each at the frame that shows it best.

    A frame counts from one before the sound's start, where lips that close early already are, to
    its end.

    Args:
        plans: first sample and plan of each chunk.
        table: what the voice's symbols are.
        rate_hz: of the samples.
        faces: (frames, 52) from sample 0 on.
        hz: frames per second.
    """
    full = face_tables().visemes[PP][_CLOSING]
    found = []
    for at, plan in plans:
        for sound in planned_sounds(plan.spans, table, at):
            shapes = table.shapes.get(sound.symbol, ())
            if not shapes or dict(shapes[0]).get(PP, 0.0) < REACHED:
                continue
            first = max(0, int(np.floor(sound.onset * hz / rate_hz)))
            last = min(len(faces) - 1, int(np.ceil(sound.end * hz / rate_hz)))
            if first > last:
                continue
            shares = (faces[first : last + 1][:, _CLOSING] / full).min(axis=1)
            best = int(np.argmax(np.minimum(shares, 1.0) - faces[first : last + 1, _JAW]))
            found.append(
                Closure(
                    sound.symbol,
                    sound.onset / rate_hz,
                    sound.end / rate_hz,
                    float(shares[best]),
                    float(faces[first + best, _JAW]),
                )
            )
    return found


def envelope(pcm: bytes, rate_hz: int, hz: int, frames: int) -> npt.NDArray[np.float64]:
    """Returns the loudness of audio at frames, RMS over three frames' time, 0..1."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float64) / 32768
    sums = np.concatenate(([0.0], np.cumsum(samples**2)))
    middles = np.arange(frames) * rate_hz / hz
    half = 1.5 * rate_hz / hz
    first = np.clip(middles - half, 0, samples.size).astype(int)
    last = np.clip(middles + half, 0, samples.size).astype(int)
    power = (sums[last] - sums[first]) / np.maximum(last - first, 1)
    loud: npt.NDArray[np.float64] = np.sqrt(power)
    return loud


def opening(faces: Curves) -> Curves:
    """Returns how far the mouth is open at each frame: the jaw."""
    return faces[:, _JAW]


def correlations(loud: npt.NDArray[np.float64], jaw: Curves, hz: int) -> dict[int, float]:
    """Returns lag in frames -> correlation; a positive lag is a mouth ahead of the sound."""
    most = LAGS_MS * hz // 1000
    found = {}
    for lag in range(-most, most + 1):
        sound = loud[max(0, lag) : len(loud) + min(0, lag)]
        mouth = jaw[max(0, -lag) : len(jaw) + min(0, -lag)]
        found[lag] = float(np.corrcoef(sound, mouth)[0, 1])
    return found


def onset_leads_ms(loud: npt.NDArray[np.float64], jaw: Curves, hz: int) -> list[float]:
    """Returns, for each sound after silence, how long before it the mouth opens, ms.

    A mouth that opens is looked for from 200 ms before to 200 ms after; where it is open all the
    time nothing opens, and nothing is counted. Lips that are closed for the first sound (m, b) open
    late, and tell so.
    """
    is_loud = loud > loud.max() * 10 ** (-QUIET_DB / 20)
    quiet = int(PAUSE_S * hz)
    reach = hz // 5
    leads = []
    for n in range(quiet, len(loud) - reach):
        if not is_loud[n] or is_loud[n - quiet : n].any():
            continue
        window = jaw[n - min(n, reach) : n + reach] >= OPEN
        if window.any() and not window[0]:
            leads.append(1000.0 * (min(n, reach) - int(np.argmax(window))) / hz)
    return leads
