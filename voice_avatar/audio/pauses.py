"""Where speech pauses within a recording, by its level. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

_FRAME_S: Final = 0.02

_LEAST_S: Final = 0.4
"""Less is a gap between words, or the closure of a consonant."""

_MARGIN_S: Final = 0.15
"""What a piece keeps of the pauses around it: the soft beginnings and ends of words."""

_BELOW_DB: Final = 22.0
"""A frame so far below the loud ones (nine of ten are softer) is no speech."""


def between_pauses(samples: npt.NDArray[np.float32], rate_hz: int) -> list[npt.NDArray[np.float32]]:
    """Returns the pieces of speech between pauses; one piece where there is no pause.

    Args:
        samples: -1..1.
        rate_hz: of them.
    """
    frame = round(_FRAME_S * rate_hz)
    count = len(samples) // frame
    if not count:
        return [samples]
    framed = samples[: count * frame].reshape(count, frame)
    level_db = 10.0 * np.log10(np.mean(np.square(framed, dtype=np.float64), axis=1) + 1e-12)
    loud = np.flatnonzero(level_db >= np.percentile(level_db, 90) - _BELOW_DB)
    # A piece ends where the next loud frame is far away.
    breaks = np.flatnonzero(np.diff(loud) > _LEAST_S / _FRAME_S)
    starts = loud[np.concatenate(([0], breaks + 1))]
    ends = loud[np.concatenate((breaks, [len(loud) - 1]))]
    if len(starts) < 2:
        return [samples]
    margin = round(_MARGIN_S * rate_hz)
    return [
        samples[max(0, int(start) * frame - margin) : (int(end) + 1) * frame + margin]
        for start, end in zip(starts, ends, strict=True)
    ]
