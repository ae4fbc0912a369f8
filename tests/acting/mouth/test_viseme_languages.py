"""What espeak-ng really spells, in every language: no symbol is unknown, no tone has a shape.

The data are those inside the piper wheel; no model is needed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from voice_avatar.acting.mouth.heard_boundaries import segments
from voice_avatar.acting.mouth.viseme_tables import VISEMES, Kind, SymbolTable, symbol_table
from voice_avatar.acting.mouth.visemes import viseme_poses
from voice_avatar.events.cues import VisemePose
from voice_avatar.events.payloads import PhonemeSpan

piper = pytest.importorskip("piper")
phonemize_espeak = pytest.importorskip("piper.phonemize_espeak")

RATE_HZ = 16_000
LENGTH = 1280
NUMBERS = "0 1 2 3 4 5 6 7 8 9 10 11 12 15 20 37 48 100 1000 2024."
SENTENCES = {
    "am": "ሰላም እንዴት ነህ?",
    "ar": "السلام عليكم ورحمة الله",
    "cmn": "你好，是四十四只石狮子。儿子吃东西去了。",
    "cs": "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "de": "Ich möchte zwölf Äpfel, bitte, und auch Kirschen.",
    "el": "Καλημέρα, τι κάνεις;",
    "en-us": "The quick brown fox jumps over the lazy dog, with pleasure.",
    "es": "El niño come una manzana y bebe agua.",
    "fr": "Un bon vin blanc, garçon, s'il vous plaît; quel beau jour!",
    "hi": "नमस्ते, आप कैसे हैं?",
    "ja": "こんにちは、ふじさんをみました。",
    "ka": "გამარჯობა, როგორ ხარ?",
    "ko": "안녕하세요, 오늘 날씨가 좋습니다.",
    "pl": "Zażółć gęślą jaźń.",
    "ru": "Здравствуйте, как ваши дела?",
    "sv": "Sju sjösjuka sjömän sköttes av sju sköna sjuksköterskor.",
    "ta": "வணக்கம் நண்பர்களே.",
    "th": "สวัสดีครับ วันนี้อากาศดี",
    "vi": "Xin chào, hôm nay trời đẹp quá, được không?",
    "yue": "你好，今日天氣好好。",
}
Spell = Callable[[str, str], list[str]]


@pytest.fixture(scope="module")
def spell() -> Spell:
    phonemizer = phonemize_espeak.EspeakPhonemizer()

    def spell_all(voice: str, text: str) -> list[str]:
        return [s for sentence in phonemizer.phonemize(voice, text) for s in sentence]

    return spell_all


def voices() -> list[str]:
    """Every voice of the wheel, by the name of its file."""
    folder = Path(piper.__file__).parent / "espeak-ng-data" / "lang"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def spans_of(symbols: list[str]) -> list[PhonemeSpan]:
    return [PhonemeSpan(s, LENGTH * i, LENGTH * (i + 1)) for i, s in enumerate(symbols)]


def sounds_of(symbols: list[str], table: SymbolTable) -> list[str]:
    return [segment.symbol for segment in segments(spans_of(symbols), table)]


def shapes_at(symbols: list[str], index: int, voice: str) -> dict[str, float]:
    """Returns the weights where a symbol begins."""
    poses = viseme_poses(spans_of(symbols), rate_hz=RATE_HZ, espeak_voice=voice)
    found = {p.sample: p for p in poses}.get(LENGTH * index, VisemePose(0, ()))
    return {VISEMES[v]: w for v, w in found.weights}


def test_no_symbol_of_any_voice_is_unknown(spell: Spell) -> None:
    unknown: dict[str, set[str]] = {}
    spoken = 0
    for voice in voices():
        table = symbol_table(voice)
        try:
            symbols = spell(voice, f"{NUMBERS} {SENTENCES.get(voice, '')}")
        except RuntimeError:  # a few voices of the wheel have no dictionary
            continue
        spoken += 1
        for symbol in symbols:
            if table.aliases.get(symbol, symbol) not in table.kinds:
                unknown.setdefault(symbol, set()).add(voice)
    assert unknown == {}
    assert spoken >= 135


@pytest.mark.parametrize("voice", SENTENCES)
def test_the_mouth_moves_within_bounds_in_every_language(spell: Spell, voice: str) -> None:
    symbols = spell(voice, SENTENCES[voice])
    poses = viseme_poses(spans_of(symbols), rate_hz=RATE_HZ, espeak_voice=voice)
    assert len({pose.weights for pose in poses}) > 5
    assert all(one.sample < two.sample for one, two in pairwise(poses))
    assert all(sum(w for _, w in pose.weights) <= 1.0 for pose in poses)


@pytest.mark.parametrize("voice", ["cmn", "yue", "vi", "th"])
def test_tones_have_no_shape_and_belong_to_their_syllable(spell: Spell, voice: str) -> None:
    symbols = spell(voice, SENTENCES[voice])
    tones = [s for s in symbols if s.isdigit() or s == "ɜ"]
    assert len(tones) >= 3
    table = symbol_table(voice)
    assert {table.kinds[s] for s in tones} == {Kind.PART}
    assert not any(table.added[s] for s in tones)
    assert not {*sounds_of(symbols, table)} & {*tones}


def test_the_reversed_e_is_a_vowel_where_it_is_no_tone(spell: Spell) -> None:
    for voice, text, shape in (
        ("en-us", "bird", {"RR": 0.35, "E": 0.4}),
        ("de", "Käfer", {"aa": 0.5}),
    ):
        symbols = spell(voice, text)
        at = symbols.index("ɜ")
        own = {VISEMES[v]: w for v, w in symbol_table(voice).shapes["ɜ"][0]}
        assert own == shape
        assert shapes_at(symbols, at, voice).keys() <= {*shape} | {VISEMES[0]}


def test_mandarins_dot_is_a_retroflex_and_no_pause(spell: Spell) -> None:
    symbols = spell("cmn", "狮子。")  # s . ˈ i . 5 ...
    assert symbols[:2] == ["s", "."]
    assert shapes_at(symbols, 0, "cmn") == {"CH": 0.55, "SS": 0.45}
    poses = viseme_poses(spans_of(symbols), rate_hz=RATE_HZ, espeak_voice="cmn")
    inside = [p for p in poses if 0 < p.sample < LENGTH * (len(symbols) - 1)]
    assert not any(dict(p.weights).get(0) for p in inside)
    vowel = symbols.index("i")
    assert shapes_at(symbols, vowel - 1, "cmn").keys() == {"SS", "E"}  # the stress mark is its own


def test_a_full_stop_after_a_tone_is_a_pause_in_mandarin(spell: Spell) -> None:
    symbols = spell("cmn", "儿子. 你好.")  # as the voices have it: full stops come as ASCII
    stop = next(i for i, s in enumerate(symbols) if s == "." and symbols[i - 1].isdigit())
    more = [*symbols[:stop], ".", ".", *symbols[stop + 1 :]]
    poses = viseme_poses(spans_of(more), rate_hz=RATE_HZ, espeak_voice="cmn")
    silent = range(LENGTH * stop, LENGTH * (stop + 2) + 1)
    assert any(p.sample in silent and p.weights == ((0, 1.0),) for p in poses)


@pytest.mark.parametrize(
    ("voice", "text", "pair", "shape"),
    [
        ("de", "ich", ("c", "\u0327"), {"I": 0.5, "SS": 0.2}),
        ("cs", "Příliš", ("r", "\u031d"), {"CH": 0.5, "RR": 0.3}),
    ],
)
def test_letters_that_nfd_took_apart_are_one_sound(
    spell: Spell, voice: str, text: str, pair: tuple[str, str], shape: dict[str, float]
) -> None:
    symbols = spell(voice, text)
    assert all(unicodedata.normalize("NFD", s) == s for s in symbols)
    assert pair in set(pairwise(symbols))
    table = symbol_table(voice)
    (found,) = table.merged[pair]
    assert {VISEMES[v]: w for v, w in found} == shape


def test_nasal_vowels_keep_the_shape_of_their_vowel(spell: Spell) -> None:
    symbols = spell("fr", SENTENCES["fr"])
    assert "\u0303" in symbols
    table = symbol_table("fr")
    assert table.kinds["\u0303"] is Kind.PART
    assert "\u0303" not in sounds_of(symbols, table)


def test_pinyin_tones_have_no_shape() -> None:
    table = symbol_table("cmn", "pinyin")
    assert {table.kinds[tone] for tone in "12345"} == {Kind.PART}
    assert not any(table.added[tone] for tone in "12345")
