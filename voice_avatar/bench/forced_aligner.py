"""When each phone of a known text is heard in a recording: forced alignment by PocketSphinx.

PocketSphinx is a recogniser of its own lineage: its acoustic model was trained on people, its
pronunciations are those of the CMU dictionary, and it knows nothing of the voice that it listens
to. Both are inside its wheel. It finds the words first, the phones inside each word second.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from voice_avatar.errors import EngineUnavailable

ALIGNER_HZ: Final = 16_000
FRAME_S: Final = 0.01
"""PocketSphinx works in frames of 10 ms; no boundary is known closer than that."""

PADS_S: Final = (0.25, 0.05)
"""Silence put around the recording: the model expects some before the first phone. Where the search
dies on the way (one text in forty), the next pad moves it over the spot."""

SILENCE: Final = "SIL"

_WORD: Final = re.compile(r"[a-z']+")


@dataclass(frozen=True, slots=True)
class HeardPhone:
    """A phone where the aligner hears it.

    Attributes:
        name: ARPAbet without stress ("AA", "B", "CH").
        start_s: from the first sample of the recording, seconds.
        end_s: likewise.
        is_word_start: whether a word begins with it.
    """

    name: str
    start_s: float
    end_s: float
    is_word_start: bool = False


def align(text: str, samples: npt.NDArray[np.int16]) -> list[HeardPhone]:
    """Returns the phones of `text` in a recording, pauses left out.

    Args:
        text: what is said, in English; numbers must be words.
        samples: mono at `ALIGNER_HZ`.

    Returns:
        Phones in order; none when the aligner cannot follow the text through the recording.

    Raises:
        EngineUnavailable: PocketSphinx is not installed.
        ValueError: a word is not in its dictionary.
    """
    decoder = _decoder()
    words = _WORD.findall(text.lower().replace("’", "'"))
    if unknown := [word for word in words if decoder.lookup_word(word) is None]:
        raise ValueError(f"not in the dictionary of the aligner: {', '.join(unknown)}")
    pcm = samples.astype("<i2").tobytes()
    found = (_phones(decoder, words, pcm, pad_s) for pad_s in PADS_S)
    return next(filter(None, found), [])


def _phones(decoder: Any, words: Sequence[str], pcm: bytes, pad_s: float) -> list[HeardPhone]:
    """Returns the phones of `words`, as `align` does, with one pad."""
    pad = bytes(2 * round(pad_s * ALIGNER_HZ))
    try:
        decoder.set_align_text(" ".join(words))
        _listen(decoder, pad + pcm + pad)
        decoder.set_alignment()
        _listen(decoder, pad + pcm + pad)
    except RuntimeError:  # PocketSphinx has no other error
        return []
    return [
        HeardPhone(
            phone.name,
            phone.start * FRAME_S - pad_s,
            (phone.start + phone.duration) * FRAME_S - pad_s,
            first == 0,
        )
        for word in decoder.get_alignment() or ()
        for first, phone in enumerate(word)
        if phone.name != SILENCE
    ]


@cache
def _decoder() -> Any:
    try:
        from pocketsphinx import Decoder
    except ImportError as error:
        raise EngineUnavailable("PocketSphinx is missing: pip install pocketsphinx") from error
    return Decoder(lm=None, samprate=ALIGNER_HZ, loglevel="FATAL")


def _listen(decoder: Any, pcm: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)  # whole, so that its level is known from the start
    decoder.end_utt()
