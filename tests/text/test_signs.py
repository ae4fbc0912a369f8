"""Operators, formulas, elements of HTML and SSML, entities."""

from __future__ import annotations

import pytest

from voice_avatar.text.signs import decoded, heard
from voice_avatar.text.speakable import speakable


@pytest.mark.parametrize(
    ("language", "text", "spoken"),
    [
        ("en", "If x >= 3 and z != 5",
         "If x greater than or equal to three and z not equal to five"),
        ("en", "a <= b, c == d, e -> f", "a less than or equal to b, c equals d, e to f"),
        ("en", "a && !b, Solve 3x - 7 = 14, x - y = 2",
         "a and not b, Solve three x minus seven equals fourteen, x minus y equals two"),
        ("en", "5×10⁻³, 10²³ and 5²",
         "five times ten to the power of minus three, ten to the power of twenty-three "
         "and five squared"),
        ("en", "good - by", "good, by"),
        ("en", "p && q || r", "p and q or r"),
        ("en", "A ∩ B ≠ ∅", "A intersection B not equal to the empty set"),
        ("en", "f(x) = x^2", "f of x equals x squared"),
        ("en", r"so $\frac{1}{2}$ it is, for $5", "so one over two it is, for five dollars"),
        ("en", r"\(a + b\) and \[c\] and $$d$$", "a plus b and c and d"),
        ("en", r"use \frac{a}{b} here", "use a over b here"),
        ("en", r"use \foo{a} here", "use a formula here"),
        ("en", "Buy:<ul><li><b>milk</b></li><li>eggs &amp; flour</li></ul>That&#x27;s all.<br>Bye.",
         "Buy, milk, eggs and flour. That's all. Bye."),
        ("en", 'See <a href="https://x.io/a?b=c">here</a>, <!-- not this --> ok', "See here, ok"),
        ("en", '<speak>Hi<break time="500ms"/>you <prosody rate="slow">there</prosody></speak>',
         "Hi, you there."),
        ("en", "a<b, c>5 and < 3", "a less than b, c greater than five and less than three"),
        ("en", "say <name> to <host-name>", "say name to host name"),
        ("en", "a < b and c > d", "a less than b and c greater than d"),
        ("en", "1 &lt; 2 &gt; 0", "one less than two greater than zero"),
        ("en", "5&nbsp;km, AT&amp;T", "five kilometers, AT and T"),
        ("en", "R&D; and Q&A", "R and D; and Q and A"),
        ("en", r"It is \textbf{very important} now", "It is very important now"),
        ("en", r"\begin{align} a &= b \\ c &= d \end{align}", "a equals b, c equals d"),
        ("en", r"\begin{matrix} a & b \end{matrix} here", "a formula here"),
        ("en", "See <pre>for x in y:\n  print(x)</pre> there", "See a block of code there"),
        ("en", "<style>p { x: y }</style>Hi", "Hi"),
        ("en", r"C:\Users\bob", "C colon backslash Users backslash bob"),
        ("zh", "x >= 3，z != 5", "x大于等于三，z不等于五"),
        ("zh", r"解是$\frac{1}{2}$。", "解是二分之一。"),
        ("zh", "买<b>牛奶</b>&amp;鸡蛋", "买牛奶和鸡蛋"),
        ("fr", "x >= 3", "x supérieur ou égal à trois"),
        ("fr", r"soit $\frac{1}{2}$", "soit un sur deux"),
        ("it", r"a <b>c</b> $\frac{1}{2}$ d", "a c d"),
    ],
)  # fmt: skip
def test_markup_is_not_read_and_mathematics_is_read_right(
    language: str, text: str, spoken: str
) -> None:
    assert speakable(text, language).spoken == spoken


def test_what_was_written_keeps_its_place() -> None:
    text = "fish &amp; that&#39;s all"
    words = [text[word.start : word.end] for word in speakable(text, "en").words]
    assert words == ["fish", "&amp;", "that&#39;s", "all"]


def test_an_entity_is_a_character_that_stands_where_it_was_written() -> None:
    assert decoded("a &amp; b") == ("a & b", [0, 1, 2, 7, 8, 9])
    assert decoded("AT&T; a & b") == ("AT&T; a & b", None)
    assert decoded("&nosuch; b") == ("&nosuch; b", [*range(11)])
    assert decoded("a & b") == ("a & b", None)


def test_an_element_between_words_is_the_pause_that_it_makes() -> None:
    assert "." in heard("</p><p>")
    assert "," in heard("<br/>")
    assert not set(heard("<b> &nbsp; </b>")) & set(";,.<>")
