"""What is said as one: no chunk ends in it, however long chunks may be."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voice_avatar.events.payloads import SpeakableChunk
from voice_avatar.text.characters import is_han
from voice_avatar.text.chunking import Chunker, ChunkingOptions
from voice_avatar.text.groups import groups, holds, is_clear_comma, parts
from voice_avatar.text.speakable import speakable


def chunks_of(
    text: str, language: str, options: ChunkingOptions
) -> tuple[str, list[SpeakableChunk]]:
    """Returns what is shown of a reply, and its chunks."""
    chunker = Chunker(options, language)
    first, last = chunker.push(text), chunker.flush()
    return first.text + last.text, [*first.chunks, *last.chunks]


def joined(spoken: list[str]) -> str:
    """Returns spoken texts as one: with a space between them, but for Han."""
    said = ""
    for part in filter(None, spoken):
        is_wide = said and (is_han(said[-1]) or said[-1] in "，。！？；、" or is_han(part[0]))
        said += part if is_wide or not said else " " + part
    return said


def in_groups(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in groups(text, language)]


@pytest.mark.parametrize(
    ("language", "whole"),
    [
        # Sign, number and unit.
        *(
            ("en", whole)
            for whole in (
                "$1,234.50", "100.4 °F", "5 km", "20 %", "$5 million", "12 p.m.", "3 1/2", "30 mph",
                "USD 300", "5 kg", "72 in", "10 o'clock", "-5 °C", "350 degrees", "2 ft", "500 BC",
                # Dates and times.
                "March 5, 2024", "Mar. 5th, 2024", "5 March 2024", "3rd of May, 1987",
                "21st of June 2020",
                "9:00 - 10:30", "3 – 5 pm", "July 4",
                # Digits in groups.
                "4111 1111 1111 1111", "+1 (555) 123-4567", "555 123 4567", "IL 62704",
                # Names, titles, numbered things.
                "Mr. Smith", "Dr. Ng", "St. Louis", "J. R. R. Tolkien", "Henry VIII", "No. 5",
                "pp. 10-12", "Chapter IV", "War II", "U.S. Army", "Room 302", "Flight 370",
                "221B Baker Street", "1600 Pennsylvania Ave.", "Queen Elizabeth I",
                # Mathematics, addresses, elements.
                "x >= 3", "a + b = c", "5 × 3", "z != 5", r"$x = \frac{1}{2}$", r"\(a + b\)",
                "https://shop.example.co.uk/cart?id=77", "info@example.com", "v2.3.1",
                '<a href="x" class="y z">',
            )
        ),
        *(
            ("zh", whole)
            for whole in (
                "3.14元", "2024年3月5日", "5 公", "3 月 5 日", "1,234.50元", "138 1234 5678",
                "第3章", "10:30", "100.4 °F", "¥5 万",
            )
        ),
        *(
            ("fr", whole)
            for whole in (
                "1 234,50 €", "12,50 €", "5 km", "20 %", "M. Dupont", "Dr. Martin", "3 mars 2024",
                "20 h 30", "Louis XIV", "n° 5", "06 12 34 56 78",
            )
        ),
    ],
)  # fmt: skip
def test_what_is_said_as_one_is_one_group(language: str, whole: str) -> None:
    assert in_groups(whole, language) == [whole]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two", ["one", "two"]),
        ("It is 5. 6 came.", ["It", "is", "5.", "6", "came."]),
        ("10, 9, 8, go", ["10,", "9,", "8,", "go"]),
        ("Then I went", ["Then", "I", "went"]),
        ("good - by", ["good -", "by"]),
        ("3 cats", ["3", "cats"]),
        ("At 5 we left", ["At", "5", "we", "left"]),
        ("one\ntwo", ["one", "two"]),
        ("5\nkm", ["5", "km"]),
        ("我有3只猫", ["我", "有3只", "猫"]),
        ("好，我。“你", ["好，", "我。", "“你"]),
        ("", []),
    ],
)
def test_what_is_not_said_as_one_may_be_parted(text: str, expected: list[str]) -> None:
    assert in_groups(text) == expected


def test_the_first_character_often_shows_that_a_group_is_over() -> None:
    assert holds("tour", " ", "c", "en", is_whole=False) is False
    assert holds("5", " ", "k", "en", is_whole=False) is None
    assert holds("5", " ", "km", "en") is True
    assert holds("Mr.", " ", "S", "en", is_whole=False) is True


def test_a_word_and_a_comma_are_over_whatever_follows() -> None:
    assert is_clear_comma("don't,")
    assert not is_clear_comma("1,")
    assert parts("well,", "1")
    assert not parts("a.b,", "c")


def test_a_run_without_an_end_is_cut_an_address_later() -> None:
    assert [len(part) for part in in_groups("x" * 700)] == [300, 300, 100]
    assert [len(part) for part in in_groups("https://a.io/" + "x" * 700)] == [713]
    assert max(len(part) for part in in_groups("https://a.io/" + "x" * 7000)) == 2000


# -- the property: chunks say what the whole says

_PIECES = st.sampled_from(
    [
        *("Hello", "Dr.", "3.14", "e.g.", "U.S.", "one", "and", "a.b", "https://x.io/a?b=c", "I"),
        *("of", "May,", "3rd", "1987", "-", "y", "!e"),
        *("$1,234.50", "100.4", "°F", "km", "p.m.", "March", "5,", "2024", "Henry", "VIII", "St."),
        *("221B", "Baker", "Street", "x", ">=", "!=", "3", "+1", "(555)", "123-4567", "%", "$x$"),
        *("你好", "，", "。", "？", "3月", "5日", "元", "第", "个", "“", "公里", "分之", "No.", ),
        *("M.", ",", ".", "!", "?", "...", "—", "-", ":", '"', "”", "$", "(", ")", "/", "'", "&"),
        *(" ", " ", " ", " ", " ", "\n"),
    ]
)  # fmt: skip
_LIMITS = st.builds(
    ChunkingOptions,
    first_min_words=st.integers(1, 4),
    first_max_words=st.integers(1, 12),
    growth=st.sampled_from([1.0, 2.0, 100.0]),
    max_words=st.integers(1, 25),
    sentence_min_words=st.integers(1, 4),
    max_chars=st.sampled_from([1, 10, 300]),
)


@given(
    st.lists(_PIECES, max_size=30).map("".join) | st.text(max_size=80),
    _LIMITS,
    st.sampled_from(["en", "zh", "fr", "it"]),
)
@example("Tickets bought online cost $1,234.50 plus tax.", ChunkingOptions(), "en")
@example("，p.m. 3.14", ChunkingOptions(1, 1, 1.0, 1, 1, 1), "en")
@example("well,” (no)\n- 5 ! 6 km", ChunkingOptions(1, 1, 1.0, 1, 1, 1), "en")
@settings(max_examples=600)
def test_chunks_of_any_length_say_what_the_whole_says(
    text: str, options: ChunkingOptions, language: str
) -> None:
    shown, chunks = chunks_of(text, language, options)
    assert joined([chunk.spoken for chunk in chunks]) == speakable(shown, language).spoken


@given(st.lists(_PIECES, max_size=30).map("".join), _LIMITS, st.sampled_from(["en", "zh", "fr"]))
def test_no_chunk_ends_inside_a_run(text: str, options: ChunkingOptions, language: str) -> None:
    shown, chunks = chunks_of(text, language, options)
    at = 0
    for chunk in chunks:
        at = shown.index(chunk.text, at) + len(chunk.text)
        if at == len(shown) or shown[at].isspace():
            continue
        # Han stands on both sides, or its punctuation, or a word and its comma end there.
        left, right = chunk.text.rstrip("\"'”’»)]）」』】》〉!?.,;:-–—…"), shown[at:].lstrip("“‘（")
        is_wide = is_han((left or "a")[-1]) and is_han((right or "a")[0])
        assert is_wide or re.search(r"[。！？，、；：]\W*$|[^\W\d],$", chunk.text)


# -- the made sentences: 24 % of such were torn

_LEADS = {
    "en": (
        "Tickets bought online cost", "Adult fever starts near the", "Just mail our team today",
        "We said that it was", "The one that I saw was", "And so he went on to",
    ),
    "zh": ("在网上买这个的价格是", "我们昨天说过的就是", "请您一定要记住这里是"),
    "fr": ("Les billets achetés en ligne coûtent", "Nous avons dit que c'était", "Écrivez à"),
}  # fmt: skip
_THINGS = {
    "en": (
        "$1,234.50", "€12.99", "$5 million", "£3.20", "¥500", "$0.99", "March 5, 2024",
        "5 March 2024", "2024-03-05", "3/5/2024", "Jan. 3", "10:30 a.m.", "3–5 pm", "9:00 - 10:30",
        "14:05", "5 p.m.", "221B Baker Street", "1600 Pennsylvania Ave.", "Springfield, IL 62704",
        "12 Main St.", "https://shop.example.co.uk/cart?id=77",
        "www.example.com/a,b", "example.org/x_y?z=1,2",
        "info@example.com", "j.doe-2@mail.example.co.uk", "100.4 °F", "-5 °C", "5 km", "3.5 kg",
    ),
    "zh": (
        "1,234.50元", "3.14元", "$1,234.50", "2024年3月5日", "2024 年 3 月 5 日", "10:30", "5 公里",
        "100.4 °F", "https://example.com/a?b=1", "info@example.com", "138 1234 5678", "20 %",
    ),
    "fr": (
        "1 234,50 €", "12,50 €", "le 3 mars 2024", "20 h 30", "5 km", "https://example.fr/a?b=1",
        "info@example.fr", "M. Dupont", "06 12 34 56 78", "20 %",
    ),
}  # fmt: skip
_TAILS = {
    "en": (" plus tax.", ".", " usually."),
    "zh": ("。", "左右吧。"),
    "fr": (".", " environ."),
}
SENTENCES = [
    (language, thing, f"{lead}{'' if language == 'zh' else ' '}{thing}{tail}")
    for language in _LEADS
    for lead, thing, tail in itertools.product(
        _LEADS[language], _THINGS[language], _TAILS[language]
    )
]


def test_no_made_sentence_is_torn() -> None:
    torn = []
    for language, thing, text in SENTENCES:
        _, chunks = chunks_of(text, language, ChunkingOptions())
        is_whole = any(_holds_all(thing, chunk.text) for chunk in chunks)
        said = joined([chunk.spoken for chunk in chunks])
        if not is_whole or said != speakable(text, language).spoken:
            torn.append(text)
    assert len(SENTENCES) > 450
    assert torn == []


def _holds_all(thing: str, text: str) -> bool:
    """Whether a chunk holds a price, date … whole; an address may be parted at its comma."""
    parts_of_it = thing.split(", ") if re.fullmatch(r".*, [A-Z]{2} \d{5}", thing) else [thing]
    return any(part in text for part in parts_of_it)
