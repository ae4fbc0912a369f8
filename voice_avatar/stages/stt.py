"""Speech recognition: the engine Protocol, transcript guards, text normalisation. Pure.

A recogniser of the Whisper kind always says something. `guarded_text` puts these guards between
what it says and the conversation. Each acts on what is surely no speech, because what they take
away from a person is gone: by the recogniser's own word, how likely the sound is no speech at all
(`no_speech`), and by time, because nobody says more than a mouth can.

1. text invented on noise has a poor mean log-probability (`SttOptions.reject_logprob`);
2. a decoder that lost its place repeats a phrase until its budget ends (`trim_loops`);
3. sound descriptions are no speech, and text without a letter or digit is no text (`normalised`);
4. nor are the credits and farewells that it learnt from films and videos, where they are all that
   was heard, and heard in no voice (`is_credit`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
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
_NOTES = re.compile(r"[♩♪♫♬]+")
_ASIDE = re.compile(
    r"(?P<sure>\[[^\]]*\]|【[^】]*】)|\((?P<round>[^)]*)\)|（(?P<wide>[^）]*)）"
    r"|\*(?P<star>[^\W\d_][^*]*)\*"
)
"""What may describe a sound; nobody speaks square brackets, but a recogniser writes round ones
around an area code, too, and around what somebody said by the way."""


def normalised(text: str) -> str:
    """Returns text as it is shown and given to the LLM.

    NFC; sound descriptions ("[Music]", "(laughs)", notes) go; white space is single, and gone
    between characters of scripts that write none; a dialogue dash at the start goes. Text without
    a letter or digit is "".
    """
    text = _NOTES.sub(" ", unicodedata.normalize("NFC", text))
    # All that was heard is in brackets: then it is no speech, whatever it is called.
    is_alone = not any(map(str.isalnum, _ASIDE.sub("", text)))
    text = _ASIDE.sub(lambda aside: _without_sound(aside, is_alone=is_alone), text)
    text = _BETWEEN_UNSPACED.sub("", " ".join(text.split())).lstrip("-–— ")
    return text if any(c.isalnum() for c in text) else ""


def _without_sound(aside: re.Match[str], *, is_alone: bool) -> str:
    """Returns what stands in brackets as it is, or a space where it describes a sound."""
    if aside["sure"] is not None:
        return " "
    inside = aside[aside.lastgroup or 0]
    if any(map(str.isdigit, inside)):
        return aside[0]
    return " " if is_alone or _sounds().search(inside) else aside[0]


@cache
def _sounds() -> re.Pattern[str]:
    """What sounds are called, in all languages: a recogniser often describes them in English."""
    return _any(languages.language(code).sounds for code in languages.codes())


def _any(patterns: Iterable[Iterable[str]]) -> re.Pattern[str]:
    return re.compile("|".join(chain.from_iterable(patterns)) or "(?!)", re.IGNORECASE)


# ---------------------------------------------------------------------------------------------
# Guards

_HAN = re.compile(rf"(?=\w)[{_UNSPACED}]")
_UNIT = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}-]+")
_STUTTER = re.compile(r"([^\W\d_]{1,4}?)\1{9,}")
"""A syllable said ten times or more without a space ("hahaha…", "aaaa…")."""

_REPEATS: Final = {1: 6, 2: 5, 3: 4}
"""Units of a phrase -> times in a row from which it is a loop; people do say "no, no, no, no"."""

_LONG_REPEATS: Final = 3
"""The same for longer phrases."""

_CUT_UNITS: Final = 4
"""Units said again at the end of a text that its budget cut off, from which it is a loop."""


_MOST_LETTERS_PER_S: Final = 25.0
"""Faster than this nobody speaks (fast readers: 20)."""

_MOST_HAN_PER_S: Final = 10.0
"""Likewise, characters of scripts without spaces (fast speakers: 7)."""


def trim_loops(text: str, *, is_cut: bool = False, audio_s: float | None = None) -> str:
    """Returns `text` with stutters said once, and with a loop at its end said once.

    A loop is a phrase said many times in a row; the longer the phrase, the fewer times. A decoder
    that has lost its place goes on until its budget ends, so that a loop ends the text; what people
    say six times they often say something after, and that is kept with all six. Nor is a loop what
    can be said in the time that it took, where that is known, or a digit, which is dictated.

    Args:
        text: raw text.
        is_cut: whether decoding stopped at its token budget, which is how most loops end.
        audio_s: the seconds in which all of it was said; None = not known.
    """
    text = _STUTTER.sub(r"\1", text)
    is_sayable = audio_s is not None and _shortest_s(text) <= audio_s
    if is_sayable and not is_cut:
        return text
    units = [(m.end(), _bare(m.group())) for m in _UNIT.finditer(text)]
    words = [word for _, word in units]
    for start in range(len(words)):
        for length in range(1, len(words) - start):
            again = _said_again(words, start, length)
            if start + length + again < len(words) - 1:  # a last word may be cut in half
                continue
            is_loop = again >= length * (_REPEATS.get(length, _LONG_REPEATS) - 1)
            is_cut_loop = is_cut and again >= _CUT_UNITS
            phrase = words[start : start + length]
            is_dictated = not is_cut and all(map(str.isdigit, phrase))
            if (is_loop or is_cut_loop) and not is_dictated:
                return text[: units[start + length - 1][0]]
    return text


_LEAST_WORDS: Final = 3
_LEAST_DIGITS: Final = 3
"""From so many words, or digits in a row, on a phrase said twice is looked at: what is shorter
("bye bye", "go left, go left") people say twice and more, and no decoder does so over a pause."""


def has_repeat(text: str) -> bool:
    """Returns whether a longer phrase, or a group of digits, stands in a text twice in a row.

    People say things twice, and so does a decoder over a pause, which goes on with what it has just
    written instead of what comes next ("… 555 0147 0147"): every word of it is likely.
    """
    return bool(_repeats(text))


def without_repeats(text: str, apart: str) -> str:
    """Returns a text without what stands in it twice in a row and was said once.

    Args:
        text: what was decoded as a whole: it has the words right, for it has their context.
        apart: what was decoded of the same audio between its pauses: what was said twice is there
            twice, if in other words ("bye bye bye" alone, and "555" in a telephone number).
    """
    likeness = _likeness(text, apart)
    for start, end in reversed(_repeats(text)):
        once = text[:start].rstrip() + text[end:]
        if (alike := _likeness(once, apart)) > likeness:
            text, likeness = once, alike
    return text


def _likeness(text: str, other: str) -> float:
    """Returns how many letters two texts have in common, in order: 0..1 (both are the same)."""
    first, second = ("".join(filter(str.isalnum, each.casefold())) for each in (text, other))
    common = [0] * (len(second) + 1)
    for letter in first:
        before = 0
        for at, each in enumerate(second, 1):
            longest = before + 1 if each == letter else max(common[at], common[at - 1])
            before, common[at] = common[at], longest
    return 2 * common[-1] / max(1, len(first) + len(second))


def _repeats(text: str) -> list[tuple[int, int]]:
    """Returns where a phrase is said again at once, as characters of the text, in order."""
    spans = [(m.end(), _bare(m.group())) for m in _UNIT.finditer(text)]
    units = [(end, word) for end, word in spans if any(map(str.isalnum, word))]
    words = [word for _, word in units]
    found = []
    start = 0
    while start < len(words):
        for length in range((len(words) - start) // 2, 0, -1):
            phrase = words[start : start + length]
            if phrase == words[start + length : start + 2 * length] and _is_long(phrase):
                found.append((units[start + length - 1][0], units[start + 2 * length - 1][0]))
                start += length - 1
                break
        start += 1
    return found


def _is_long(phrase: list[str]) -> bool:
    """Returns whether a phrase that is said twice is looked at."""
    if any(_said_again(phrase, 0, period) == len(phrase) - period for period in (1, 2)):
        return len(phrase) == 1 and phrase[0].isdigit() and len(phrase[0]) >= _LEAST_DIGITS
    return len(phrase) >= _LEAST_WORDS


def _shortest_s(text: str) -> float:
    """Returns the seconds in which the fastest of speakers could say a text."""
    han = len(_HAN.findall(text))
    letters = sum(map(str.isalnum, text)) - han
    return letters / _MOST_LETTERS_PER_S + max(0, han) / _MOST_HAN_PER_S


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
    """Returns whether a text is nothing but a subtitle credit or a video's farewell.

    Whisper learnt them from films and videos and says them on silence and music, with high
    probability. People say them too, to an avatar that has shown something: the words alone decide
    nothing.
    """
    bare = text.strip().strip(_EDGES)
    return bool(bare) and _credits().fullmatch(bare) is not None


_EDGES: Final = " \t\n.,!?;:…-–—\"'。，！？；：、"


@cache
def _credits() -> re.Pattern[str]:
    """The credits of all languages: those of one are also invented in sound of another."""
    return _any(languages.language(code).credits for code in languages.codes())


_NO_SPEECH: Final = 0.3
"""From so high a probability of no speech on text is doubted. Of 20 sentences said by a voice the
highest is 0.14 (in its own language; read with an accent 0.28), of 40 s of noises the lowest 0.45,
the median 0.87 (docs/decisions.md)."""

_SPOKEN_DOUBT: Final = 2.0
"""How much poorer a text may be that was surely said by somebody: an accent, a bad line."""


def guarded_text(
    text: str,
    *,
    avg_logprob: float,
    options: SttOptions,
    is_cut: bool = False,
    audio_s: float | None = None,
    no_speech: float | None = None,
) -> str:
    """Returns what a recogniser said after all guards; "" when nothing credible was said.

    Args:
        text: raw text; Chinese in simplified characters.
        avg_logprob: its mean log-probability per token.
        options: thresholds.
        is_cut: see `trim_loops`.
        audio_s: likewise.
        no_speech: probability that nobody speaks in the audio; None = it is not known.
    """
    is_voice = no_speech is not None and no_speech < _NO_SPEECH
    if avg_logprob < options.reject_logprob * (_SPOKEN_DOUBT if is_voice else 1.0):
        return ""
    text = normalised(trim_loops(text, is_cut=is_cut, audio_s=audio_s))
    return "" if not is_voice and is_credit(text) else text
