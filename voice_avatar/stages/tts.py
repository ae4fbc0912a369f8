"""Speech synthesis: the engine Protocol, its options, and which symbols belong to which word. Pure.

A synthesizer spells a whole chunk at once, because sounds depend on their neighbours; what comes
out is a row of symbols in which the words of the text are no longer marked: espeak writes "of the"
as one group, "2023" as several. `align_words` finds the words again by spelling each of them alone
and aligning the two spellings.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from voice_avatar.events.payloads import (
    PhonemeSpan,
    SpeakableChunk,
    SpeechPiece,
    SpeechPlan,
    WordSpan,
)

NO_WORD: Final = -1
"""Word index of pauses, gaps between words and sentence marks."""

BREAKS: Final = frozenset(" .,;:!?^$。，、；：！？…—")
"""Symbols between words: the word gap, sentence marks, and Piper's start (^) and end ($)."""


@dataclass(frozen=True, slots=True)
class TtsOptions:
    """How replies are spoken.

    What only one synthesizer knows stands beside that engine (`PiperOptions`).

    Attributes:
        engine: name of the synthesizer.
        voice: voice name in the model store, or the path of a Piper voice (X.onnx, with
            X.onnx.json beside it).
        speaker: name or number of the speaker in a voice of several; "" = the voice's default.
        length_scale: duration of sounds, times the voice's own (1.2 = a fifth slower).
        gain: loudness, times the voice's own; what would go beyond -4 dBFS is rounded off to
            stay under -1 dBFS (1.4: the voice joe speaks at -22 dBFS and peaks at -5 dBFS).
        seed: of the variation; equal text then sounds equal on every run.
        threads: CPU threads of the network; 0 = by the plan of `[threads]`.
    """

    engine: str = "piper"
    voice: str = "en_US-joe-medium"
    speaker: str = ""
    length_scale: float = 1.0
    gain: float = 1.4
    seed: int = 0
    threads: int = 0


@dataclass(frozen=True, slots=True)
class TtsCapabilities:
    """What a synthesizer is.

    Attributes:
        name: engine name.
        voice: voice name, e.g. "en_US-joe-medium".
        language: ISO 639-1 code of the voice.
        espeak_voice: espeak-ng voice that spells its phonemes ("en-us", "cmn"), "" if none.
        phoneme_type: "espeak", "pinyin", "text" or "" when it gives no phonemes.
        rate_hz: sample rate of its audio.
        has_durations: whether plans are exact.
    """

    name: str
    voice: str
    language: str
    espeak_voice: str
    phoneme_type: str
    rate_hz: int
    has_durations: bool


class TtsEngine(Protocol):
    """Synthesizer. Synchronous; the pipeline reads the iterator from its TTS thread."""

    @property
    def capabilities(self) -> TtsCapabilities:
        """What this synthesizer is."""

    def synthesize(self, chunk: SpeakableChunk) -> Generator[SpeechPlan | SpeechPiece, None, None]:
        """Speaks a chunk: exactly one SpeechPlan, then SpeechPiece+ that follow one another
        without a gap and sum to the plan's sample count. Nothing speakable: a plan of 0 samples
        and no pieces. `chunk.pause_s` is added by the caller, not by the engine.

        Closing the iterator stops the work at the next piece.

        Raises:
            TtsFailed: the voice failed on this chunk.
        """


# ---------------------------------------------------------------------------------------------
# Words

_GAP: Final = " "
_SKIP_COST: Final = 1.0
"""A sound that only one of the two spellings has."""
_SKIP_GAP_COST: Final = 0.5
"""A word gap that only one of them has: words are often merged or split."""
_CHANGE_COST: Final = 1.1
"""Another sound in the same place; a little over a skip, so that a chain of equal sounds wins."""
_NEVER: Final = 100.0
"""A sound in the place of a word gap."""
_SAME_COST: Final = 1e-6
"""Sums of the costs above differ by more, or are equal but for rounding."""


def align_words(symbols: Sequence[str], spellings: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Finds the word of every symbol.

    Minimal-cost alignment (Needleman-Wunsch) of the chunk's symbols with the symbols of its words
    spelled one by one. Words come out in order and contiguous.

    Args:
        symbols: the chunk as spelled in one go.
        spellings: its words, each spelled alone; may be empty for a word that has no sound.

    Returns:
        One word index per symbol, `NO_WORD` for what stands between words.
    """
    places = [i for i, symbol in enumerate(symbols) if symbol == _GAP or symbol not in BREAKS]
    row = [symbols[i] for i in places]
    wanted: list[tuple[int, str]] = []
    for word, spelling in enumerate(spellings):
        wanted.append((word, _GAP))
        wanted += [(word, s) for s in spelling if s == _GAP or s not in BREAKS]
    found = [NO_WORD] * len(symbols)
    if row and wanted:
        for place, word in zip(places, _align(row, wanted), strict=True):
            found[place] = word
    return _closed(symbols, found)


def _align(row: list[str], wanted: list[tuple[int, str]]) -> list[int]:
    """Returns the word for each symbol of `row`."""
    codes = {symbol: i for i, symbol in enumerate({_GAP: 0} | dict.fromkeys(row))}
    row_codes = np.array([codes[s] for s in row])
    is_gap = row_codes == 0
    skips = np.where(is_gap, _SKIP_GAP_COST, _SKIP_COST)
    # Cost of skipping the first j symbols of the row: makes a run of skips one vector operation.
    skipped = np.concatenate(([0.0], np.cumsum(skips)))
    costs: npt.NDArray[np.float64] = np.empty((len(wanted) + 1, len(row) + 1))
    costs[0] = skipped
    changes = np.empty((len(wanted), len(row)))
    for k, (_, symbol) in enumerate(wanted):
        code = codes.get(symbol, -1)
        changes[k] = np.where(
            row_codes == code, 0.0, np.where(is_gap | (code == 0), _NEVER, _CHANGE_COST)
        )
        leave = costs[k] + (_SKIP_GAP_COST if symbol == _GAP else _SKIP_COST)
        leave[1:] = np.minimum(leave[1:], costs[k, :-1] + changes[k])
        costs[k + 1] = np.minimum.accumulate(leave - skipped) + skipped
    return _trace(costs, changes, skips, wanted)


def _trace(
    costs: npt.NDArray[np.float64],
    changes: npt.NDArray[np.float64],
    skips: npt.NDArray[np.float64],
    wanted: list[tuple[int, str]],
) -> list[int]:
    """Walks the cheapest path back and returns the word of each symbol of the row."""
    k, j = len(wanted), costs.shape[1] - 1
    words = [wanted[0][0]] * j
    while j > 0:
        if k > 0 and abs(costs[k, j] - costs[k - 1, j - 1] - changes[k - 1, j - 1]) < _SAME_COST:
            k, j = k - 1, j - 1
            word, symbol = wanted[k]
            words[j] = NO_WORD if symbol == _GAP else word
        elif abs(costs[k, j] - costs[k, j - 1] - skips[j - 1]) < _SAME_COST:
            j -= 1
            words[j] = wanted[max(k - 1, 0)][0]
        else:
            k -= 1
    return words


def _closed(symbols: Sequence[str], found: list[int]) -> tuple[int, ...]:
    """Gives breaks inside a word to that word and takes gaps at its edges away."""
    words = [NO_WORD if symbols[i] in BREAKS else word for i, word in enumerate(found)]
    before = NO_WORD
    start = 0
    for i, word in enumerate(words):
        if word == NO_WORD:
            continue
        if word == before:
            words[start:i] = [word] * (i - start)
        before, start = word, i + 1
    return tuple(words)


def word_spans(spans: Sequence[PhonemeSpan], words: int) -> tuple[WordSpan, ...]:
    """Returns one span per word, in order, from the phonemes that carry its index.

    A word without a sound of its own (a dash, an emoji) gets zero samples where the next one
    begins, so that no word is ever lost.

    Args:
        spans: the phonemes of a chunk.
        words: number of words of the chunk.
    """
    end_of_all = spans[-1].end if spans else 0
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    for span in spans:
        starts.setdefault(span.word, span.start)
        ends[span.word] = span.end
    out: list[WordSpan] = []
    next_start = max((ends[w] for w in ends if w != NO_WORD), default=end_of_all)
    for word in reversed(range(words)):
        next_start = starts.get(word, next_start)
        out.append(WordSpan(word, next_start, ends.get(word, next_start)))
    return tuple(reversed(out))
