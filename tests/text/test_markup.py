"""Tags, links, emoji and markdown: what is taken out of the text, and what stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.text.markup import MAX_TAG_CHARS, Item, MarkupReader, is_emoji
from voice_avatar.text.tags import Tag
from voice_avatar.vocabulary import vocabulary


def read(text: str, size: int = 10_000) -> tuple[str, list[Tag], int]:
    reader = MarkupReader(vocabulary())
    items: list[Item] = []
    for at in range(0, len(text), size):
        items += reader.push(text[at : at + size])
    items += reader.flush()
    shown = "".join(item for item in items if isinstance(item, str))
    return shown, [item for item in items if isinstance(item, Tag)], reader.unknown_tags


@pytest.mark.parametrize(
    ("text", "shown", "tags", "unknown"),
    [
        ("Hi [gesture:wave] you", "Hi you", ["wave"], 0),
        ("Hi [gesture:wave], you", "Hi, you", ["wave"], 0),
        ("one[joy]two", "one two", ["happy"], 0),
        ("好[joy]吗", "好吗", ["happy"], 0),
        ("[joy]one", "one", ["happy"], 0),
        ("A [sparkles] b [tone:soft] c", "A b c", [], 2),
        ("[stage direction] yes", "yes", [], 1),
        ("x = [1, 2] and [] ok", "x = [1, 2] and [] ok", [], 0),
        ("see [the docs](https://a.b/c_(d)) now", "see the docs now", [], 0),
        ("see [*the* docs](u) now", "see the docs now", [], 0),
        ("[face:happy](laughs)", "(laughs)", ["happy"], 0),
        ("[joy] (laughs)", "(laughs)", ["happy"], 0),
        ("[a](b\nc", "a(b\nc", [], 0),
        ("[a](b", "a(b", [], 0),
        ("[open\nnext", "[open\nnext", [], 0),
        ("[a [joy] b", "[a b", ["happy"], 0),
        ("cut [gesture:wa", "cut", [], 1),
        ("cut [joy]", "cut", ["happy"], 0),
        ("cut [jo", "cut [jo", [], 0),
        ("cut [face: so he said", "cut [face: so he said", [], 0),
        ("great😀! 😀😃 👍🏽 ❤️ 🦄", "great!", ["happy", "happy", "thumbs_up", "happy"], 0),
    ],
)
def test_tags_links_and_emoji_come_out_of_the_text(
    text: str, shown: str, tags: list[str], unknown: int
) -> None:
    got, found, count = read(text)
    assert (got, [tag.value for tag in found], count) == (shown, tags, unknown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**bold** *it* __b__ _i_ ~~no~~ `code`", "bold it b i no code"),
        ("snake_case stays, 2 * 3 and 2*3 too", "snake_case stays, 2 * 3 and 2*3 too"),
        ("# Title\n## Sub #1 C#", "Title\nSub #1 C#"),
        ("- one\n* two\n+ three\n> four", "one\ntwo\nthree\nfour"),
        ("5 - 3, +1, a -- b, ~5, a > b", "5 - 3, +1, a -- b, ~5, a > b"),
        ("a\n---\nb\n***\nc\n===\nd", "a\nb\nc\nd"),
        ("| a | b |\n|:---|---:|\n| -5 | x: y |\nend", "a, b\n-5, x: y\nend"),
        ("a | b", "a | b"),
        ("```python\nprint(1)\n```\ndone", "print(1)\ndone"),
        ("  spaces \t and\n\n\nlines \r\n", "spaces and\nlines"),
        ("zero\u200bwidth", "zerowidth"),
        ("*", ""),
        ("#", ""),
        ("end -", "end -"),
        ("[a*b", "[ab"),
        ("[1 *x*](", "1 x("),
        ("[x *](y)", "x"),
        ("*[1]*", "[1]"),
        ("[1 *] x", "[1 ] x"),
    ],
)
def test_marks_of_markdown_are_not_shown(text: str, shown: str) -> None:
    assert read(text)[0] == shown


def test_an_open_bracket_is_text_after_48_characters() -> None:
    body = "y" * MAX_TAG_CHARS
    assert read(f"[{body}] z") == ("z", [], 1)
    assert read(f"[{body}y] z") == (f"[{body}y] z", [], 0)


def test_an_open_bracket_is_shown_as_soon_as_it_is_text() -> None:
    reader = MarkupReader(vocabulary())
    assert reader.push("[" + "y" * MAX_TAG_CHARS) == []
    assert "".join(map(str, reader.push("y"))) == "[" + "y" * (MAX_TAG_CHARS + 1)


def test_a_target_that_never_ends_is_text() -> None:
    assert len(read("[a](" + "b" * 3000)[0]) == 3002


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("So:\n```py\nfor i in x:\n    print(i)  # *a*\n\n[1] _b_ **c**\n```\nok",
         "So:\nfor i in x:\n    print(i)  # *a*\n\n[1] _b_ **c**\nok"),
        ("So: ```py\na = [b]\n```\nok", "So:\na = [b]\nok"),
        ("~~~\na_b_ = 1\n~~~", "a_b_ = 1"),
        ("```\nnever *closed*", "never *closed*"),
        ("a ```b c``` d", "a b c d"),
        ("a ```b", "a b"),
        ("$x_{1} * y_{2}$ *and* $5", "$x_{1} * y_{2}$ and $5"),
        (r"\[a_{1} * b\] *c* \(d_{2}\) [e]", r"\[a_{1} * b\] c \(d_{2}\)"),
        ("$$a_{1} * b$$ *c*", "$$a_{1} * b$$ c"),
        ("$5 *or* $6", "$5 or $6"),
        ("$x *is*\n*open*", "$x *is*\nopen"),
    ],
)  # fmt: skip
def test_code_and_formulas_are_shown_as_they_are_written(text: str, shown: str) -> None:
    assert read(text)[0] == shown
    assert read(text, 1)[0] == shown


@given(
    st.text(st.sampled_from("[]()face:joygesturewv *_`#|-\n0.5😀好 a$~\\"), max_size=60),
    st.integers(1, 7),
)
def test_the_result_does_not_depend_on_how_the_text_was_split(text: str, size: int) -> None:
    assert read(text, size) == read(text)


@given(st.text(max_size=80))
def test_what_is_shown_has_no_emoji_and_no_loose_white_space(text: str) -> None:
    shown = read(text)[0]
    assert not any(is_emoji(char) for char in shown)
    assert shown == shown.strip()
    assert "  " not in shown


@given(
    st.sampled_from(["[face:happy]", "[gesture:wave]", "[joy]", "[x:y]"]),
    st.text("ab ,.", max_size=9),
)
def test_a_tag_is_never_shown(tag: str, text: str) -> None:
    assert "[" not in read(f"{text}{tag}{text}")[0]
