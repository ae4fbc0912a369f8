"""Speech recognition: the engine Protocol, transcript guards, text normalisation. Pure.

A recogniser of the Whisper kind always says something. `guarded_text` puts these guards between
what it says and the conversation, in this order:

1. text invented on noise has a poor mean log-probability (`SttOptions.reject_logprob`);
2. a decoder that lost its place repeats a phrase until its budget ends (`trim_loops`);
3. sound descriptions are no speech, and text without a letter or digit is no text (`normalised`);
4. nor are the credits and farewells that it learnt from films and videos (`is_credit`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Final, Protocol

from voice_avatar import languages
from voice_avatar.events.payloads import Transcript


@dataclass(frozen=True, slots=True)
class SttCapabilities:
    """What a recogniser is.

    Attributes:
        name: engine name.
        model: model name.
        languages: ISO 639-1 codes it takes; empty = it does not say.
        detects_language: whether `language=None` works.
        parallel: calls that it takes at once, from as many threads.
    """

    name: str
    model: str
    languages: tuple[str, ...]
    detects_language: bool
    parallel: int = 1


def always() -> bool:
    """Returns True: the answer is wanted whatever happens."""
    return True


class SttEngine(Protocol):
    """Speech recogniser. Synchronous; called from `capabilities.parallel` threads at once."""

    @property
    def capabilities(self) -> SttCapabilities:
        """What this recogniser is."""

    def transcribe(
        self, pcm: bytes, language: str | None, is_wanted: Callable[[], bool] = always
    ) -> Transcript:
        """Decodes one utterance.

        Args:
            pcm: 16 kHz samples, at most 30 s (older samples are cut off).
            language: ISO 639-1 code to decode in; None = detect.
            is_wanted: may be asked between two steps of the work; once it says no, what is left
                may be left out, and the text is then "".

        Returns:
            The transcript after guards: text "" when nothing credible was said.

        Raises:
            SttFailed: the model failed.
        """


@dataclass(frozen=True, slots=True)
class SttOptions:
    """How speech becomes text.

    What only one recogniser knows stands beside that engine (`FasterWhisperOptions`).

    Attributes:
        engine: name of the recogniser.
        model: model name in the store, or a path.
        language: ISO 639-1 code of the session, or "auto": detected on the first turn, then locked.
        languages: codes among which "auto" chooses; empty = all that the model knows.
        threads: CPU threads for one utterance; 0 = by the plan of `[threads]`.
        parallel: utterances decoded at once, on the same weights (2: what is awaited need not
            wait for an interim text).
        reject_logprob: mean log-probability per token below which text counts as invented, <= 0
            (the threshold of Whisper's own fallback).
        quiet_dbfs: level below which audio is not decoded at all, dB relative to full scale.
    """

    engine: str = "faster_whisper"
    model: str = "whisper-base"
    language: str = "en"
    languages: tuple[str, ...] = ()
    threads: int = 0
    parallel: int = 2
    reject_logprob: float = -1.0
    quiet_dbfs: float = -75.0


AUTO: Final = "auto"
"""Value of `SttOptions.language` that asks for detection."""


# ---------------------------------------------------------------------------------------------
# Normalisation

_UNSPACED = (
    "\u2e80-\u2fdf\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff"
)
"""Han, kana, CJK punctuation and full-width forms: written without spaces between words."""

_BETWEEN_UNSPACED = re.compile(rf"(?<=[{_UNSPACED}])\s+(?=[{_UNSPACED}])")
_SOUND_DESCRIPTION = re.compile(r"\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】|\*[^*]*\*|[♩♪♫♬]+")


def normalised(text: str) -> str:
    """Returns text as it is shown and given to the LLM.

    NFC; sound descriptions ("[Music]", "(laughs)", notes) go; white space is single, and gone
    between characters of scripts that write none; a dialogue dash at the start goes. Text without
    a letter or digit is "".
    """
    text = _SOUND_DESCRIPTION.sub(" ", unicodedata.normalize("NFC", text))
    text = _BETWEEN_UNSPACED.sub("", " ".join(text.split())).lstrip("-–— ")
    return text if any(c.isalnum() for c in text) else ""


# ---------------------------------------------------------------------------------------------
# Guards

_UNIT = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}-]+")
_STUTTER = re.compile(r"([^\W\d_]{1,4}?)\1{9,}")
"""A syllable said ten times or more without a space ("hahaha…", "aaaa…")."""

_REPEATS: Final = {1: 6, 2: 5, 3: 4}
"""Units of a phrase -> times in a row from which it is a loop; people do say "no, no, no, no"."""

_LONG_REPEATS: Final = 3
"""The same for longer phrases."""

_CUT_UNITS: Final = 4
"""Units said again at the end of a text that its budget cut off, from which it is a loop."""


def trim_loops(text: str, *, is_cut: bool = False) -> str:
    """Returns `text` with stutters and the first looping phrase said once, nothing after the loop.

    A loop is a phrase said many times in a row; the longer the phrase, the fewer times. What comes
    after a loop was made by a decoder that had lost its place.

    Args:
        text: raw text.
        is_cut: whether decoding stopped at its token budget, which is how most loops end.
    """
    text = _STUTTER.sub(r"\1", text)
    units = [(m.end(), _bare(m.group())) for m in _UNIT.finditer(text)]
    words = [word for _, word in units]
    for start in range(len(words)):
        for length in range(1, len(words) - start):
            again = _said_again(words, start, length)
            is_loop = again >= length * (_REPEATS.get(length, _LONG_REPEATS) - 1)
            is_cut_loop = (
                is_cut and again >= _CUT_UNITS and start + length + again >= len(words) - 1
            )
            if is_loop or is_cut_loop:
                return text[: units[start + length - 1][0]]
    return text


def _said_again(words: list[str], start: int, length: int) -> int:
    """Returns how many words after words[start : start + length] go on repeating that phrase."""
    again = 0
    while start + length + again < len(words) and (
        words[start + again] == words[start + length + again]
    ):
        again += 1
    return again


def _bare(unit: str) -> str:
    """Returns a unit without case and without leading or trailing punctuation."""
    folded = unit.casefold()
    letters = [i for i, c in enumerate(folded) if c.isalnum()]
    return folded[letters[0] : letters[-1] + 1] if letters else folded


def is_credit(text: str) -> bool:
    """Returns whether text is a subtitle credit or a video's farewell.

    Whisper learnt them from films and videos and says them on silence and music, with high
    probability; nobody says them to an avatar.
    """
    return _credits().search(text) is not None


@cache
def _credits() -> re.Pattern[str]:
    """The credits of all languages: those of one are also invented in sound of another."""
    known = (languages.language(code).credits for code in languages.codes())
    return re.compile("|".join(chain.from_iterable(known)), re.IGNORECASE)


def guarded_text(
    text: str, *, avg_logprob: float, options: SttOptions, is_cut: bool = False
) -> str:
    """Returns what a recogniser said after all guards; "" when nothing credible was said.

    Args:
        text: raw text; Chinese in simplified characters.
        avg_logprob: its mean log-probability per token.
        options: thresholds.
        is_cut: see `trim_loops`.
    """
    if avg_logprob < options.reject_logprob:
        return ""
    text = normalised(trim_loops(text, is_cut=is_cut))
    return "" if is_credit(text) else text
