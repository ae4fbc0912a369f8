"""What is read alike in every language: formulas, operators, elements of HTML. Pure.

An element is not read, and a formula is read whole. The words are the language's (`maths.toml`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

from voice_avatar.languages import Maths
from voice_avatar.text.latex import COMMANDS, formula
from voice_avatar.text.spans import BLOCKS, DOLLAR, ELEMENT, LONGEST_FORMULA

Rule = tuple[str, Callable[[re.Match[str]], str]]

_ATTRIBUTE = r"\s+[\w:.-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?"
TAG = rf"(?i:</?{ELEMENT}(?:{_ATTRIBUTE})*\s*/?>|<!--.*?-->)"
"""An element's beginning or end, or a comment."""

_TAG = re.compile(TAG, re.DOTALL)
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{1,6}|#[xX][0-9A-Fa-f]{1,5});")
_BLOCK = re.compile(r"(?i)</(?:p|h[1-6]|ul|ol|div|table|section|speak|s|pre|blockquote)\s*>")
_LINE = re.compile(r"(?i)<(?:br|li|/li|td|/td|/tr|/th|break|hr|dt|dd|option|p|h[1-6])\b[^<>]*>")

_OPERATORS = {
    "!==": "≠", "===": "=", "!=": "≠", "<>": "≠", ">=": "≥", "<=": "≤", "==": "=", ":=": "=",
    "=>": "⇒", "->": "→", "&&": "∧", "||": "∨", "=~": "≈",
}  # fmt: skip
_ALONE = "∑∏∫≠≡∝∈∉⊂∪∩∂∇⇔∀∃∅∧∨¬∥⊥∠±∓"
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_GREEK = "αβγδεζηθικλμνξπρστφχψω"
_GRIDS = tuple(
    rf"\begin{{{kind}"
    for kind in (
        "matrix",
        "pmatrix",
        "bmatrix",
        "vmatrix",
        "array",
        "cases",
        "tabular",
        "Bmatrix",
        "Vmatrix",
    )
)
"""What is written in rows and columns, and can't be said in a row."""

_BRACES = r"\{(?:[^{}\n]|\{(?:[^{}\n]|\{[^{}\n]*\})*\})*\}"
_COMMAND = (
    rf"\\(?:(?:{'|'.join(sorted(COMMANDS))})(?![A-Za-z])|[A-Za-z]+(?=\{{))"
    rf"(?:\[[^\]\n]*\])?(?:\s?{_BRACES})*(?:[\^_](?:{_BRACES}|\w))*"
)
"""A command without a formula around it, if it can be no path."""


def rules(maths: Maths | None, number: Callable[[str], str]) -> tuple[Rule, ...]:
    """Returns the rules that are tried before those of the language.

    Args:
        maths: its words; None = formulas and signs are left out.
        number: says a written number.
    """

    def say_formula(match: re.Match[str]) -> str:
        source = next((group for group in match.groups() if group is not None), match[0])
        return formula(source, maths, number) if maths else ""

    def say_block(match: re.Match[str]) -> str:
        is_code = match[0][1:4].lower() in ("pre", "tex")
        return maths.forms["code"] if maths and is_code else ""

    def say_environment(match: re.Match[str]) -> str:
        if match[0].startswith(_GRIDS):
            return maths.forms["formula"] if maths else ""
        source = re.sub(r"\\(?:begin|end)\{\w+\*?\}|&", "", match[0]).replace("\\\\", ",")
        return formula(source, maths, number) if maths else ""

    most = LONGEST_FORMULA
    formulas: tuple[Rule, ...] = (
        (rf"\$\$([^$]{{1,{most}}})\$\$", say_formula),
        (rf"\\\[((?:(?!\\\]).){{1,{most}}})\\\]", say_formula),
        (rf"\\\(((?:(?!\\\)).){{1,{most}}})\\\)", say_formula),
        (rf"{DOLLAR}([^$\n]{{1,{most}}}?)(?<!\s)\$(?!\d)", say_formula),
        (rf"(?<![\w\\]){_COMMAND}", say_formula),
    )
    elements: tuple[Rule, ...] = (
        ("|".join(rf"(?is:<{name}\b[^<>]*>.*?</{name}\s*>)" for name in BLOCKS), say_block),
        (r"(?s:\\begin\{\w+\*?\}.*?\\end\{\w+\*?\})", say_environment),
        (TAG, _silent),
    )
    if maths is None:
        return (*elements, *formulas)
    words, forms = maths.signs, maths.forms

    def say_sign(match: re.Match[str]) -> str:
        return words.get(_OPERATORS.get(match[0], match[0]), "")

    def say_power(match: re.Match[str]) -> str:
        power = match[1].strip("{}")
        form = forms["squared"] if power == "2" else forms["power"]
        return form.format("", number(power)).strip()

    def say_superscript(match: re.Match[str]) -> str:
        power = "".join(
            "-" if char == "⁻" else str(_SUPERSCRIPTS.index(char)) for char in match[2].lstrip("⁺")
        )
        form = forms["squared"] if power == "2" else forms["power"]
        return form.format(number(match[1]), number(power))

    def say_function(match: re.Match[str]) -> str:
        return forms["of"].format(match[1], match[2])

    longest = sorted(_OPERATORS, key=len, reverse=True)
    return (
        *elements,
        *formulas,
        ("|".join(map(re.escape, longest)), say_sign),
        (r"<([A-Za-z][\w-]*)>", _inside),
        (r"(?:(?<=[\w)\s])|^)[<>](?=\s?[\w(.$€£-])", say_sign),
        (f"[{_ALONE}]", say_sign),
        (r"≈(?!\s?[\d$€£¥])", say_sign),
        (r"(?<![\w!])!(?=[a-zA-Z(])", lambda _: words["¬"]),
        (rf"(?<![\w.])(\d+)([⁻⁺]?[{_SUPERSCRIPTS}]+)", say_superscript),
        (rf"(?<!\w)[{_GREEK}](?!\w)", say_sign),
        (r"(?<![\w.])([a-zA-Z])\(([a-z])\)", say_function),
        (r"(?<=[\w)])\s?\^\s?(-?\d+|\{-?\d+\})", say_power),
    )


def _silent(_: re.Match[str]) -> str:
    return ""


def _inside(match: re.Match[str]) -> str:
    """Reads "<name>", which stands for something: by its words."""
    return " ".join(re.findall(r"[^\W\d_]+", match[1]))


def heard(gap: str) -> str:
    """Returns what stands between words, with its elements as the pauses that they are."""
    if "<" in gap:
        gap = _TAG.sub(" ", _LINE.sub(",", _BLOCK.sub(".", gap)))
    return _ENTITY.sub(" ", gap) if "&" in gap else gap


def decoded(text: str) -> tuple[str, list[int] | None]:
    """Returns a text with the characters that its entities stand for ("&amp;").

    Returns:
        The text, and for each of its characters, and its end, the place where it was written; None
        where nothing was changed.
    """
    if "&" not in text or not _ENTITY.search(text):
        return text, None
    parts: list[str] = []
    places: list[int] = []
    for piece, start, end in _pieces(text):
        parts.append(piece)
        places += range(start, end) if len(piece) == end - start else [start] * len(piece)
    return "".join(parts), [*places, len(text)]


def _pieces(text: str) -> Iterator[tuple[str, int, int]]:
    at = 0
    for match in _ENTITY.finditer(text):
        char = html.unescape(match[0])
        if char == match[0] or len(char) != 1:
            continue
        yield text[at : match.start()], at, match.start()
        yield char.replace("\xa0", " "), match.start(), match.end()
        at = match.end()
    yield text[at:], at, len(text)
