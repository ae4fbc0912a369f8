"""Text -> the symbols that a Piper voice knows.

Voices differ in how they are spelled (`phoneme_type` in their configuration): espeak-ng's IPA for
most, pinyin for newer Chinese ones, plain characters for a few. espeak-ng is one per process and
not thread-safe: all calls go through one lock. Its data are those inside the piper package;
distributions ship dictionaries that are broken for Mandarin.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from voice_avatar.errors import EngineUnavailable

if TYPE_CHECKING:
    from piper.config import PiperConfig
    from piper.phonemize_espeak import EspeakPhonemizer

Speller = Callable[[str], list[list[str]]]
"""Text -> symbols, by sentence."""

PAD: Final = "_"
START: Final = "^"
_GAP: Final = " "
END: Final = "$"

_ESPEAK_LOCK: Final = threading.Lock()

# espeak ends clauses at ASCII marks only; after a full-width one it would run on.
_ASCII_MARKS: Final = str.maketrans(
    {"，": ", ", "、": ", ", "。": ". ", "；": "; ", "：": ": ", "！": "! ", "？": "? ", "…": "; "}
)

_PINYIN_INITIALS: Final = (
    *("zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x"),
    *("r", "z", "c", "s", "y", "w"),
)
_PINYIN: Final = re.compile(rf"({'|'.join(_PINYIN_INITIALS)})?([a-z]+)([1-5])")
_NO_INITIAL: Final = "Ø"
_PINYIN_PAD_AFTER: Final = frozenset("12345。？！—…、，：；.?!,:; ")
"""Pinyin voices are padded after a syllable or a mark, others after every symbol."""


def speller(config: PiperConfig, espeak_voice: str) -> Speller:
    """Returns what spells text for a voice.

    Args:
        config: of the voice.
        espeak_voice: espeak-ng voice, for voices that are spelled by espeak.

    Raises:
        EngineUnavailable: what this spelling needs is not installed, or it is not supported.
    """
    match str(config.phoneme_type.value):
        case "espeak":
            return _espeak(espeak_voice, config)
        case "text":
            return lambda text: [list(unicodedata.normalize("NFD", text))]
        case "pinyin":
            return _pinyin()
        case other:
            raise EngineUnavailable(f"Piper voices spelled in {other!r} are not supported.")


def _espeak(voice: str, config: PiperConfig) -> Speller:
    try:
        from piper.phonemize_espeak import EspeakPhonemizer
    except ImportError as error:
        raise EngineUnavailable("piper-tts is not installed.") from error
    with _ESPEAK_LOCK:
        phonemizer: EspeakPhonemizer = EspeakPhonemizer()

    def spell(text: str) -> list[list[str]]:
        with _ESPEAK_LOCK:
            return phonemizer.phonemize(voice, text.translate(_ASCII_MARKS), config.vowel_clusters)

    try:
        spell("a")
    except RuntimeError as error:
        raise EngineUnavailable(f"espeak-ng has no voice {voice!r}.") from error
    return spell


def _pinyin() -> Speller:
    try:
        import pypinyin
    except ImportError as error:
        raise EngineUnavailable("Pinyin voices need the package pypinyin.") from error

    def spell(text: str) -> list[list[str]]:
        syllables = pypinyin.lazy_pinyin(
            text, style=pypinyin.Style.TONE3, neutral_tone_with_five=True
        )
        symbols: list[str] = []
        for syllable in syllables:
            found = _PINYIN.fullmatch(syllable)
            # What is not Chinese comes back as it was.
            symbols += [found[1] or _NO_INITIAL, found[2], found[3]] if found else syllable
        return [symbols]

    return spell


# Mandarin, as espeak spells it -> the nearest sounds of English. Voices of other languages have ids
# for the Mandarin sounds but never learned them. English b d g are the unaspirated p t k.
_ACCENT: Final = {
    **{"ph": "p", "th": "t", "kh": "k", "p": "b", "t": "d", "k": "ɡ", "χ": "h"},
    **{"tsh": "ts", "ts": "dz", "ts.h": "tʃ", "ts.": "dʒ", "tɕh": "tʃ", "tɕ": "dʒ"},
    **{"s.": "ʃ", "ɕ": "ʃ", "ʐ": "ɹ", "r": "ɹ", "i.": "ɚ", "i\u032a": "ɪ"},
    **{"ai": "aɪ", "ei": "eɪ", "ɑu": "aʊ", "ou": "oʊ", "uo": "wɔː", "onɡ": "ʊŋ", "o-": "ʌ"},
    **{"a": "ɑː", "ɑ": "ɑː", "o": "ɔː", "i": "iː", "u": "uː", "y": "juː", "ə": "ʌ", "yɛ": "uːɛ"},
    **{"iɑ": "jɑː", "iɛ": "jɛ", "iou": "joʊ", "ua": "wɑː", "uai": "waɪ", "uei": "weɪ"},
    **{"uə": "wʌ", "yæ": "wɛ", "ər": "ɑːɹ"},
}
_ACCENTED: Final = re.compile("|".join(map(re.escape, sorted(_ACCENT, key=len, reverse=True))))
_TONES: Final = re.compile("[0-9ɜ]|(?<!o)-")


def with_accent(spell: Speller) -> Speller:
    """Returns a speller of Mandarin for voices that only know English: no tones, its own sounds."""

    def spell_with_accent(text: str) -> list[list[str]]:
        return [
            list(_ACCENTED.sub(lambda found: _ACCENT[found[0]], _TONES.sub("", "".join(symbols))))
            for symbols in spell(text)
        ]

    return spell_with_accent


def has_han(text: str) -> bool:
    """Returns whether a text has Chinese characters."""
    return any("\u3400" <= c <= "\u9fff" or "\uf900" <= c <= "\ufaff" for c in text)


def encode(
    symbols: Sequence[str], ids_of: Mapping[str, Sequence[int]], phoneme_type: str
) -> tuple[list[int], list[int]]:
    """Returns a sentence's ids, and for each id the index of its symbol.

    The sentence gets its start and end marks: index -1 and `len(symbols)`. Symbols that the voice
    does not know have no ids. Pads and word gaps belong to the sound after them: a forced aligner
    hears sounds begin there (closures of m, b, p by 40 ms in the mean; `bench lipsync`).
    """
    ids: list[int] = []
    owners: list[int] = []
    for index, symbol in enumerate([START, *symbols, END], start=-1):
        known = list(ids_of.get(symbol, ()))
        if not known:
            continue
        ids += known
        if symbol != _GAP:  # what waits for a sound is this one's
            owners += [index] * (len(ids) - len(owners))
        if symbol in _PINYIN_PAD_AFTER if phoneme_type == "pinyin" else symbol != END:
            ids += ids_of[PAD]
    return ids, owners
