"""How English is read aloud: numbers, dates, amounts, abbreviations, addresses. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from voice_avatar.text import roman
from voice_avatar.text.amounts_en import (
    NUMBER,
    SCALE,
    SCALE_NAMES,
    SIGN,
    SIGN_AFTER,
    SIGNED,
    TO,
    UNIT,
    cents,
    degrees,
    feet,
    many_of,
    money,
    money_after,
    money_range,
    percent,
    quantity,
)
from voice_avatar.text.codes_en import (
    dashed,
    digit_groups,
    house,
    is_code,
    lettered,
    parted_thousands,
    spaced_groups,
    zip_code,
)
from voice_avatar.text.dates_en import (
    CLOCK,
    DAY,
    HALF,
    MONTH,
    day_month,
    days,
    hour,
    hour_range,
    iso_date,
    month_day,
    month_days,
    season,
    slash_date,
    time_of_day,
    time_range,
)
from voice_avatar.text.numbers_en import cardinal, digits, number_words, ordinal, year

# -- numbers


def _plain_number(match: re.Match[str]) -> str:
    text = match[0]
    if is_code(text, match.string[: match.start()]):
        return digits(text)
    is_year = len(text) == 4 and text.isdigit() and 1100 <= int(text) <= 2099
    return year(int(text)) if is_year else number_words(text)


# -- words with digits, addresses

_RUNS = re.compile(r"\d+\.\d+|\d+|π|[^\W\d_π]+")
_LONE_LETTER = re.compile(r"\b([A-Z]) ")


def _mixed(text: str) -> str:
    """Reads "B2B", "GPT-4", "A4": letters as they are, digits as a number, long ones singly."""
    said = " ".join(
        _digit_run(run) if run[0].isdecimal() else _letters(run) for run in _RUNS.findall(text)
    )
    return _LONE_LETTER.sub(r"\1-", said)  # espeak takes a lone A for the article


def _digit_run(run: str) -> str:
    if "." in run:
        return number_words(run)
    return digits(run) if len(run) > 3 or run[0] == "0" else cardinal(int(run))


_ADDRESS_SIGNS = {
    ".": "dot",
    "/": "slash",
    "-": "dash",
    "_": "underscore",
    "@": "at",
    ":": "colon",
    "+": "plus",
    "\\": "backslash",
}


def _address(match: re.Match[str]) -> str:
    text = re.sub(r"^(?:https?://)?(?:www\.)?", "", match[0], flags=re.IGNORECASE)
    text = re.split(r"[?#]", text)[0].strip("/")
    parts = re.findall(r"\d+|[^\W\d_]+|[./@:_+-]", text)
    said = (
        _digit_run(part) if part[0].isdecimal() else _ADDRESS_SIGNS.get(part) or _letters(part)
        for part in parts
    )
    return " ".join(said)


# -- other numbers


def _range(match: re.Match[str]) -> str:
    first, last = match[1], match[2]
    if _IS_MATHS.search(match.string):
        return f"{number_words(first)} minus {number_words(last)}"
    is_whole = first.isdecimal() and last.isdecimal()
    if is_whole and len(first) == 4 and len(last) in (2, 4) and 1100 <= int(first) <= 2099:
        return f"{year(int(first))} to {year(int(last))}"
    return f"{number_words(first)} to {number_words(last)}"


_PARTS = {"2": "half", "3": "third", "4": "quarter"}


def _fraction(match: re.Match[str]) -> str:
    return _part(int(match[1]), match[2])


def _part(top: int, bottom: str) -> str:
    if top == int(bottom) and top > 9:
        return f"{cardinal(top)} {cardinal(top)}"
    if bottom in ("0", "1") or int(bottom) > 20 or top >= int(bottom):
        return f"{cardinal(top)} over {cardinal(int(bottom))}"
    part = _PARTS.get(bottom) or ordinal(int(bottom))
    return f"{cardinal(top)} {part if top == 1 else 'halves' if part == 'half' else part + 's'}"


def _mixed_number(match: re.Match[str]) -> str:
    said = f"{cardinal(int(match[1]))} and {_part(int(match[2]), match[3])}"
    return f"{said} {many_of(match[4])}" if match[4] else said


def _ordinal(match: re.Match[str]) -> str:
    return ordinal(int(match[1].replace(",", "")))


def _decade(match: re.Match[str]) -> str:
    words = year(int(match[1])) if len(match[1]) == 4 else cardinal(int(match[1]))
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


def _dotted(match: re.Match[str]) -> str:
    said = " point ".join(_digit_run(part) for part in match[2].split("."))
    return ("version " if match[1] else "") + said


def _by(match: re.Match[str]) -> str:
    return " by ".join(number_words(part) for part in re.split(r"\s?[x×]\s?", match[0]))


_IS_MATHS = re.compile(r"[=≠≈<>≤≥√^÷×*+]")


def _lettered(match: re.Match[str]) -> str:
    return lettered(match, SCALE_NAMES[match[2].lower()])


def _minus(match: re.Match[str]) -> str:
    if _IS_MATHS.search(match.string):
        return "minus"
    is_range = match.string[match.start() - 1].isdigit() and match.string[match.end()].isdigit()
    return "to" if is_range else ""


def _times(match: re.Match[str]) -> str:
    return " times ".join(number_words(part) for part in re.split(r"\s?[x×*]\s?", match[0]))


def _multiple(match: re.Match[str]) -> str:
    times = "x" if _IS_MATHS.search(match.string) else "times"
    return f"{number_words(match[1])} {times}"


def _scientific(match: re.Match[str]) -> str:
    return f"{number_words(match[1])} times ten to the power of {number_words(match[2])}"


# -- words

_ABBREVIATIONS = {
    "mr": "Mister", "mrs": "Missus", "ms": "Miz", "dr": "Doctor", "prof": "Professor",
    "gen": "General", "sen": "Senator", "rep": "Representative", "capt": "Captain",
    "lt": "Lieutenant", "col": "Colonel", "sgt": "Sergeant", "maj": "Major", "rev": "Reverend",
    "hon": "Honorable", "gov": "Governor", "pres": "President", "mt": "Mount", "jr": "Junior",
    "sr": "Senior", "inc": "Incorporated", "ltd": "Limited", "corp": "Corporation",
    "co": "Company", "bros": "Brothers", "dept": "Department", "ave": "Avenue",
    "hwy": "Highway", "pkwy": "Parkway", "ln": "Lane", "blvd": "Boulevard",
    "rd": "Road", "e.g": "for example", "i.e": "that is",
    "etc": "et cetera", "vs": "versus", "approx": "approximately", "est": "estimated",
    "min": "minimum", "max": "maximum", "incl": "including", "excl": "excluding", "cf": "compare",
    "ca": "circa", "al": "al", "tbsp": "tablespoon", "tsp": "teaspoon",
}  # fmt: skip
_ABBREVIATION = "|".join(re.escape(a) for a in sorted(_ABBREVIATIONS, key=len, reverse=True))
_COUNTED = {
    "no": "number", "nos": "numbers", "#": "number", "№": "number",
    "fig": "figure", "figs": "figures",
    "vol": "volume", "pp": "pages", "p": "page", "ch": "chapter", "sec": "section",
    "art": "article", "eq": "equation", "ver": "version", "ext": "extension",
}  # fmt: skip


def _abbreviation(match: re.Match[str]) -> str:
    return _ABBREVIATIONS[match[1].lower()]


_STREET_BEFORE = re.compile(r"^\d+\w* (?:.* )?(?:[A-Z]\w*|\d+(?:st|nd|rd|th)) $")


def _saint_or_street(match: re.Match[str]) -> str:
    before, after = match.string[: match.start()], match.string[match.end() :].strip()
    return "Street" if _STREET_BEFORE.match(before) or not after else "Saint"


def _drive_or_doctor(match: re.Match[str]) -> str:
    return "Drive" if _STREET_BEFORE.match(match.string[: match.start()]) else "Doctor"


def _counted(match: re.Match[str]) -> str:
    said = f"{_COUNTED[match[1].lower()]} {number_words(match[2])}"
    return f"{said} to {number_words(match[3])}" if match[3] else said


def _initials(match: re.Match[str]) -> str:
    letters = [char for char in match[0] if char.isalpha()]
    return "-".join(letters).upper()


def _roman(match: re.Match[str]) -> str:
    """Reads "VIII" behind "Henry" or "Chapter"; "" = it is none, and a word."""
    numeral, before = match[1].upper(), match.string[: match.start()]
    is_possessive = match[0][-2:] in ("'s", "’s")
    if re.match(r"\s(?:century|centuries)\b", match.string[match.end() :]):
        return ordinal(roman.value(numeral))
    if not roman.is_number(numeral, before):
        return _word(match)
    number = roman.value(numeral)
    said = f"the {ordinal(number)}" if roman.is_ruler(before) else cardinal(number)
    return said + ("'s" if is_possessive else "")


def _path(match: re.Match[str]) -> str:
    parts = re.findall(r"\d+|[^\W\d_]+|[./\\:_-]", match[0])
    return " ".join(
        _digit_run(part) if part.isdecimal() else _ADDRESS_SIGNS.get(part) or part for part in parts
    )


_POWERS = {"²": " squared", "³": " cubed"}
_VULGAR = {"½": "one half", "⅓": "one third", "⅔": "two thirds", "¼": "one quarter",
           "¾": "three quarters", "⅛": "one eighth"}  # fmt: skip


def _word(match: re.Match[str]) -> str:
    return _letters(match[0].replace("’", "'"))


def _letters(text: str) -> str:
    """Returns a run of what Unicode counts as letters, with its odd numerals in words."""
    if text.isascii():
        return text
    if text == "π":
        return "pi"
    said = "".join(char if _is_letter(char) else _odd_number(char) for char in text)
    return " ".join(said.split())


def _is_letter(char: str) -> bool:
    return not char.isnumeric() or char.isalpha()


def _odd_number(char: str) -> str:
    """Words for numerals that are no decimal digits: ½, ², Ⅷ, ①."""
    if char in _POWERS:
        return _POWERS[char]
    if char in _VULGAR:
        return f" {_VULGAR[char]} "
    value = unicodedata.numeric(char, -1.0)
    return f" {cardinal(int(value))} " if value >= 0 and value.is_integer() else " "


def _mixed_word(match: re.Match[str]) -> str:
    return _mixed(match[0])


def _said(words: str) -> Callable[[re.Match[str]], str]:
    return lambda _: words


_NOT_IN_WORD = r"(?<![\w.])"
_END = r"(?!\w)"
_LETTER = r"(?:[^\W\d_][\u0300-\u036f]*)"
_DOMAIN = r"(?:com|org|net|io|ai|dev|app|edu|gov|co|uk|cn|de|fr|jp|info|tv|me|us|eu|ca|au|gg|xyz)"
_PER = (
    r"(?:\s?/\s?(hour|day|week|month|year|night|person|minute|second|unit|share|seat|user|hr|yr"
    r"|mo|wk|kg|lb|gal))?"
)

RULES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    # Addresses; a stop or comma behind them is the sentence's.
    (r"(?i:https?://|www\.)[^\s<>\"]*[\w/]", _address),
    (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", _address),
    (rf"\b(?:[A-Za-z0-9-]+\.)+{_DOMAIN}\b(?:/[\w./?=&%#-]*[\w/])?", _address),
    # Dates and times.
    (rf"{_NOT_IN_WORD}(\d{{4}})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]){_END}", iso_date),
    (rf"{_NOT_IN_WORD}(0?[1-9]|1[0-2])/(0?[1-9]|[12]\d|3[01])/(\d{{4}}|\d\d){_END}", slash_date),
    (rf"{_NOT_IN_WORD}(1[3-9]|2\d|3[01])/(0?[1-9]|1[0-2])/(\d{{4}}|\d\d){_END}", slash_date),
    (
        rf"\b({MONTH}) (\d\d?)(?:st|nd|rd|th)?{TO}(\d\d?)(?:st|nd|rd|th)?(?:,? (\d{{4}}))?"
        r"(?![\w:%]|[.,]\d)",
        month_days,
    ),
    (rf"\b({MONTH}) (\d\d?)(?:st|nd|rd|th)?(?:,? (\d{{4}}))?(?![\w:%]|[.,]\d)", month_day),
    (
        rf"{_NOT_IN_WORD}(\d\d?)(?:st|nd|rd|th)? (?:of )?({MONTH})(?:,? (\d{{4}}))?{_END}",
        day_month,
    ),
    (rf"{_NOT_IN_WORD}{CLOCK}{HALF}?{TO}{CLOCK}{HALF}?", time_range),
    (rf"{_NOT_IN_WORD}{CLOCK}{HALF}?", time_of_day),
    (rf"{_NOT_IN_WORD}(\d\d?){HALF}?{TO}(\d\d?){HALF}", hour_range),
    (rf"{_NOT_IN_WORD}(\d\d?){HALF}", hour),
    (rf"{_NOT_IN_WORD}((?:19|20)\d\d)/(\d\d){_END}(?!/)", season),
    # Telephone numbers: with a country code, with an area code in brackets, in three groups.
    (
        rf"(?<!\w)(?=\+(?:[ ().-]{{0,2}}\d){{8,15}}(?!\d))\+\d{{1,3}}"
        rf"(?:[ .-]?\(?\d{{1,4}}\)?){{2,6}}{_END}",
        digit_groups,
    ),
    (rf"\(\d{{3}}\) ?\d{{3}}-\d{{4}}{_END}", digit_groups),
    (rf"{_NOT_IN_WORD}(?:1-)?\d{{3}}-\d{{3}}-\d{{4}}{_END}", digit_groups),
    (rf"{_NOT_IN_WORD}\d{{3}}-\d{{4}}{_END}", digit_groups),
    (rf"{_NOT_IN_WORD}\d{{3}}\.\d{{3}}\.\d{{4}}{_END}", digit_groups),
    (rf"{_NOT_IN_WORD}(\d{{5}})-(\d{{4}}){_END}", zip_code),
    # Thousands parted by spaces; cards, telephones and lists.
    (
        rf"{_NOT_IN_WORD}\d{{1,3}}(?:(?: 000)+|(?: \d{{3}}){{2,}})(?![ -]?[\w]|\.\d)",
        parted_thousands,
    ),
    (rf"{_NOT_IN_WORD}\d+(?: \d+){{2,}}(?![\w/]|[.,:-]\d)", spaced_groups),
    (rf"{_NOT_IN_WORD}\d+(?:-\d+){{2,}}{_END}(?!\s?=)", dashed),
    (r"(?<![\w.])[A-Za-z]:(?:\\[\w.-]+)+", _path),
    # Amounts.
    (rf"{SIGN}({NUMBER}){TO}[$€£¥￥₹]?({NUMBER}){SCALE}{_END}", money_range),
    (rf"((?<!\w)[-−])?{SIGN}({NUMBER}){SCALE}{_PER}{_END}", money),
    (rf"{_NOT_IN_WORD}({NUMBER}){SCALE}{SIGN_AFTER}{_PER}", money_after),
    (rf"{_NOT_IN_WORD}({NUMBER})\s?¢", cents),
    (rf"{_NOT_IN_WORD}(?:({SIGNED})%?{TO})?({SIGNED})\s?[%％]", percent),
    (
        rf"{_NOT_IN_WORD}(?:({SIGNED})(?:\s?°)?[CFK]?{TO})?({SIGNED})\s?(?:°\s?([CFK]\b)?|℃|℉)",
        degrees,
    ),
    (rf"{_NOT_IN_WORD}(\d)['’′]\s?(\d\d?)(?:\"|''|”|″)", feet),
    (rf"{_NOT_IN_WORD}(\d\d?)\s?(?:ft|feet|foot)\.? (\d\d?)\s?(?:inches|inch|in)\b", feet),
    (rf"{_NOT_IN_WORD}({NUMBER})\s?[×*]\s?({NUMBER})(?=\s?[\^=])", _times),
    (rf"{_NOT_IN_WORD}(\d+(?:\.\d+)?)[eE]([-+]?\d+){_END}", _scientific),
    (r"(?<=\d)!(?=\s?[=+*/×-])", _said("factorial")),
    (rf"{_NOT_IN_WORD}(?:({NUMBER}){TO})?({SIGNED})\s?({UNIT})(?![\w²³/])\.?", quantity),
    # Other numbers.
    (rf"{_NOT_IN_WORD}(\d{{4}}|\d\d?)(?:'|’)?s{_END}", _decade),
    (rf"{_NOT_IN_WORD}(\d{{1,12}}(?:,\d{{3}})*)(?:st|nd|rd|th){_END}", _ordinal),
    (rf"{_NOT_IN_WORD}24/7{_END}", _said("twenty-four seven")),
    (
        rf"{_NOT_IN_WORD}(\d{{1,3}})\s(\d{{1,2}})/(\d{{1,2}})(?:\s?({UNIT})\.?)?{_END}(?!/)",
        _mixed_number,
    ),
    (rf"{_NOT_IN_WORD}(\d{{1,4}})/(\d{{1,4}}){_END}(?!/)", _fraction),
    (rf"(?<![\w.])(v)?(\d+(?:\.\d+){{2,}}){_END}", _dotted),
    (rf"\b(v)(\d+(?:\.\d+)*){_END}", _dotted),
    (rf"{_NOT_IN_WORD}{NUMBER}(?:\s?[x×]\s?{NUMBER})+(?![\w⁻⁺])", _by),
    (rf"{_NOT_IN_WORD}({NUMBER})[–—:-]({NUMBER})(?![\w-])", _range),
    (rf"{_NOT_IN_WORD}({NUMBER})(k|M|B|(?<=\d\d)K){_END}", _lettered),
    (rf"{_NOT_IN_WORD}(\d+)([A-Z]){_END}(?= [A-Z])", house),
    (rf"{_NOT_IN_WORD}({NUMBER})x{_END}", _multiple),
    (
        r"\b([Nn]os?|[Ff]igs?|[Vv]ol|pp|p|[Cc]h|[Ss]ec|[Aa]rt|[Ee]q|[Vv]er|[Ee]xt)\. ?"
        r"(\d+(?:\.\d+)*)(?:[-–](\d+))?\b",
        _counted,
    ),
    (rf"(#|№) ?(\d+)(?:[-–](\d+))?{_END}", _counted),
    (r"(?<=[\w²³)])\s[-–−]\s(?=[\w(√])", _minus),
    (rf"(?<![\w)])[-−+]{NUMBER}(?![\w]|\.\d)", _plain_number),
    (rf"{_NOT_IN_WORD}{NUMBER}(?![\w]|\.\d)", _plain_number),
    (rf"\b({DAY})\.?{TO}({DAY})\b\.?", days),
    # A dash between two amounts.
    (r"(?<=[\d%°CFKMBkmg])[–—-](?=[$€£¥-]?\d)", _said("to")),
    # Words.
    (r"(?<![\w/.])[/~](?:[A-Za-z_][\w.-]*/)+[\w.-]*[\w/]|(?<![\w/.<])/[a-z][\w.-]*", _path),
    (rf"(?<=\d)/(?={NUMBER})", _said("out of")),
    (r"(?<=\d)\s/\s(?=\d)", _said("divided by")),
    (r"π", _said("pi")),
    (r"\b([CFJ])#", lambda match: match[1] + " sharp"),
    (rf"\b({roman.NUMERAL})(?:['’]s)?(?!\w|\.\w|['’]\w)", _roman),
    (r"(?<=[Ss]cene )([ivx]{1,5})(?=[\s,.;]|$)", _roman),
    (r"\bSt\.(?=\s|$)", _saint_or_street),
    (r"\bDr\.(?=\s|$|[,;])", _drive_or_doctor),
    (rf"\b(?i:({_ABBREVIATION}))\.(?!\w)", _abbreviation),
    (r"\bPh\.?D\b\.?", _said("P-H-D")),
    (
        r"\b[A-Za-z]\.(?:\s?[A-Z]\.)+(?!\w)|\b[A-HJ-Z]\.(?=\s[A-Z])|\b[a-z]\.[a-z]\.(?!\w)",
        _initials,
    ),
    (r"\bw/o\b", _said("without")),
    (r"\bw/(?=\s|$)", _said("with")),
    (r"\bC\+\+", _said("C plus plus")),
    (rf"#(?=\d*{_LETTER})", _said("hashtag")),
    (r"(?<![\w.])\d+\.\d+[^\W\d_]\w*", _mixed_word),
    (r"\w*(?:[^\W\d]\d|\d[^\W\d])\w*(?:-\w+)*|[^\W\d_]+(?:-\w*\d\w*)+(?:\.\d+)?", _mixed_word),
    (r"[\u3040-\u30ff\u3400-\u9fff]", lambda match: match[0]),
    (rf"{_LETTER}+(?:['’-]{_LETTER}+)*", _word),
    (r"\d+", lambda match: _digit_run(match[0])),
    # Signs.
    (r"(?<=\w)\.(?=[a-z\d])", _said("dot")),
    (r"&", _said("and")),
    (r"@", _said("at")),
    (r"\+", _said("plus")),
    (r"=", _said("equals")),
    (r"(?<=\d)\s*[*×]\s*(?=\d)", _said("times")),
    (r"÷", _said("divided by")),
    (r"±", _said("plus or minus")),
    (r"[~≈](?=\s?[\d$€£¥])", _said("about")),
    (r"(?<=\s)<(?=\s)", _said("less than")),
    (r"(?<=\s)>(?=\s)", _said("greater than")),
    (r"≤", _said("at most")),
    (r"≥", _said("at least")),
    (r"(?<=[\w)])\s?\^\s?(?=[\w(])", _said("to the power of")),
    (r"[→⇒]", _said("to")),
    (r"%", _said("percent")),
    (r"°", _said("degrees")),
    (r"§", _said("section")),
    (r"√", _said("the square root of")),
    (r"∞", _said("infinity")),
)
"""Tried in this order at every place of the text."""
