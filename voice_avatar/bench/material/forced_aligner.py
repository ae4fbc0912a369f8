"""When each phone of a known text is heard in a recording: forced alignment by PocketSphinx.

PocketSphinx is a recogniser of its own lineage: its acoustic model was trained on people, its
pronunciations are those of the CMU dictionary, and it knows nothing of the voice that it listens
to. Both are inside its wheel. It finds the words first, the phones inside each word second.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache
from statistics import median
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soxr

from voice_avatar.bench.figures.phone_pairs import HeardPhone
from voice_avatar.errors import EngineUnavailable

ALIGNER_HZ: Final = 16_000
FRAME_S: Final = 0.01
"""PocketSphinx works in frames of 10 ms; no boundary is known closer than that."""
WINDOW_S: Final = 0.025625
"""What it hears of the sound in one frame, from the frame's begin on."""
BOUNDARY_S: Final = (WINDOW_S - FRAME_S) / 2
"""A boundary lies between the middles of what was heard in the frames on either side of it: so much
after the begin of the second. (Where energy falls off by more than 10 dB between vowel and stop, it
does so 10.8 ms after that begin in the mean of 110.)"""

PADS_S: Final = (0.25, 0.05)
"""Silence put around the recording: the model expects some before the first phone. Where the search
dies on the way (one text in forty), the next pad moves it over the spot."""

SILENCE: Final = "SIL"

_WORD: Final = re.compile(r"[a-z']+")


SHIFTS_S: Final = (0.0, 0.0525, 0.105, 0.1075)
"""Silence before the recording, no multiple of a frame: the same sound in other frames."""
SPEEDS: Final = (0.94, 1.06)
"""The recording played slower and faster, as if by somebody else: pitch and formants move, too."""
MOST_SPREAD_S: Final = 0.03
"""An aligner that moves a boundary by more than this, from one hearing of the same recording to the
next, does not know where it is."""


@dataclass(frozen=True, slots=True)
class SurePhone:
    """A phone where several hearings of one recording put it.

    Attributes:
        phone: median start and end.
        spread_s: latest start minus earliest, seconds.
        is_sure: whether all hearings have it, no more than `MOST_SPREAD_S` apart.
    """

    phone: HeardPhone
    spread_s: float
    is_sure: bool


def align_often(text: str, samples: npt.NDArray[np.int16]) -> list[SurePhone]:
    """Returns the phones of `text` as `align` does, from several hearings of the recording.

    Where hearings differ in how a word is pronounced, that of most of them counts.

    Raises:
        EngineUnavailable, ValueError: see `align`.
    """
    hearings: list[list[HeardPhone]] = []
    for shift_s in SHIFTS_S:
        late = np.zeros(round(shift_s * ALIGNER_HZ), np.int16)
        found = align(text, np.concatenate((late, samples)))
        hearings.append([_moved(p, 1.0, shift_s) for p in found])
    for speed in SPEEDS:
        played = soxr.resample(samples, ALIGNER_HZ * speed, ALIGNER_HZ)
        found = align(text, played.astype(np.int16))
        hearings.append([_moved(p, speed, 0.0) for p in found])
    said = Counter(_names(hearing) for hearing in hearings if hearing)
    if not said:
        return []
    names = said.most_common(1)[0][0]
    heard: list[list[HeardPhone]] = [[] for _ in names]
    for hearing in hearings:
        matcher = SequenceMatcher(None, names, _names(hearing), autojunk=False)
        for block in matcher.get_matching_blocks():
            for i in range(block.size):
                heard[block.a + i].append(hearing[block.b + i])
    return [_sure(phones, len(hearings)) for phones in heard]


def _moved(phone: HeardPhone, speed: float, shift_s: float) -> HeardPhone:
    start_s, end_s = phone.start_s * speed - shift_s, phone.end_s * speed - shift_s
    return replace(phone, start_s=start_s, end_s=end_s)


def _names(phones: Sequence[HeardPhone]) -> tuple[str, ...]:
    return tuple(p.name for p in phones)


def _sure(phones: Sequence[HeardPhone], hearings: int) -> SurePhone:
    starts = [p.start_s for p in phones]
    spread_s = max(starts) - min(starts)
    phone = replace(phones[0], start_s=median(starts), end_s=median(p.end_s for p in phones))
    return SurePhone(phone, spread_s, len(phones) == hearings and spread_s <= MOST_SPREAD_S)


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
            phone.start * FRAME_S + BOUNDARY_S - pad_s,
            (phone.start + phone.duration) * FRAME_S + BOUNDARY_S - pad_s,
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
