"""Stretches of text that begin and end by themselves: formulas, elements of HTML. Pure."""

from __future__ import annotations

import re

ELEMENT = (
    r"(?:a|abbr|article|aside|audio|b|big|blockquote|body|br|button|center|code|dd|del|details|div"
    r"|dl|dt|em|figure|figcaption|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input"
    r"|ins|kbd|label|li|link|main|mark|meta|nav|ol|option|p|path|pre|q|s|samp|script|section|select"
    r"|small|span|strong|style|sub|summary|sup|svg|table|tbody|td|textarea|tfoot|th|thead|time|title"
    r"|tr|tt|u|ul|var|video|wbr"
    r"|speak|voice|prosody|emphasis|break|say-as|phoneme|lexicon|sentence|paragraph|mark|desc"
    r"|(?:mstts|amazon|google):[a-z-]+)"
)
"""Names of elements in HTML and SSML."""

DOLLAR = (
    r"(?<![A-Za-z0-9\\$])\$(?:(?=[\\({|])|(?=[A-Za-z](?![A-Za-z0-9]))|(?=[A-Za-z]{1,3}[\^_(])"
    r"|(?=-?\d+(?:\.\d+)?(?:[\^\\_]|(?![kmbt]\b)[a-z](?![A-Za-z])|\s?[=+*/<>-]\s?[\w\\]+[^$\n]{0,99}\$)))"
)
"""A dollar sign that opens a formula and no price: "$x", "$\\frac", "$2n", "$(a"."""

LONGEST_GROUP = 300
"""Characters after which what is said as one takes no more."""

LONGEST_FORMULA = 200
"""Characters after which a formula that was not closed is none."""

BLOCKS = ("pre", "script", "style", "svg", "math", "textarea")
"""Elements whose inside is no text to be read."""

LONGEST_BLOCK = 4_000
_OPEN_BLOCK = re.compile(
    rf"<({'|'.join(BLOCKS)})\b[^<>]*>(?:(?!</\1).)*$|\\begin\{{(\w+\*?)\}}(?:(?!\\end\{{\2\}}).)*$",
    re.IGNORECASE | re.DOTALL,
)
_OPEN = re.compile(
    rf"</?{ELEMENT}(?:\s[^<>]*)?$|<!--(?:(?!-->).)*$"
    rf"|\\\((?:(?!\\\)).){{0,{LONGEST_FORMULA}}}$|\\\[(?:(?!\\\]).){{0,{LONGEST_FORMULA}}}$"
    rf"|\$\$[^$]{{0,{LONGEST_FORMULA}}}$",
    re.IGNORECASE | re.DOTALL,
)
_ARGUMENT = re.compile(r"\\[A-Za-z]+\s?\{")
_DISPLAYED = re.compile(rf"\$\$[^$]{{0,{LONGEST_FORMULA}}}\$\$")
_FORMULA = re.compile(rf"{DOLLAR}[^$\n]{{0,{LONGEST_FORMULA}}}(?:\$|$)")


def is_open(group: str) -> bool:
    """Whether a formula or an element begins in a text and does not end in it."""
    may_be_block = len(group) <= LONGEST_BLOCK and ("<" in group or "\\begin" in group)
    if may_be_block and _OPEN_BLOCK.search(group):
        return True
    if len(group) > LONGEST_GROUP:
        return False
    if "<" not in group and "\\" not in group and "$" not in group:
        return False
    if match := _ARGUMENT.search(group):
        argument = group[match.start() :]
        if argument.count("{") > argument.count("}") and len(argument) <= LONGEST_FORMULA:
            return True
    group = _DISPLAYED.sub("", group)
    if _OPEN.search(group):
        return True
    formulas = [match[0] for match in _FORMULA.finditer(group)]
    return bool(formulas) and group.endswith(formulas[-1]) and not formulas[-1].endswith("$")
