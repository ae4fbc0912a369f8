"""How English is read aloud: numbers, dates, amounts, abbreviations, addresses. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from voice_avatar.text.dates_en import (
    CLOCK,
    HALF,
    MONTH,
    day_month,
    hour,
    hour_range,
    iso_date,
    month_day,
    slash_date,
    time_of_day,
    time_range,
)
from voice_avatar.text.numbers_en import cardinal, digits, number_words, ordinal, year

# -- numbers


def _plain_number(match: re.Match[str]) -> str:
    text = match[0]
    is_year = len(text) == 4 and text.isdigit() and 1100 <= int(text) <= 2099
    return year(int(text)) if is_year else number_words(text)


# -- words with digits, addresses

_RUNS = re.compile(r"\d+|[^\W\d_]+")
_LONE_LETTER = re.compile(r"\b([A-Z]) ")


def _mixed(text: str) -> str:
    """Reads "B2B", "GPT-4", "A4": letters as they are, digits as a number, long ones singly."""
    said = " ".join(
        _digit_run(run) if run[0].isdecimal() else _letters(run) for run in _RUNS.findall(text)
    )
    return _LONE_LETTER.sub(r"\1-", said)  # espeak takes a lone A for the article


def _digit_run(run: str) -> str:
    return digits(run) if len(run) > 3 or run[0] == "0" else cardinal(int(run))


_ADDRESS_SIGNS = {".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", ":": "colon"}


def _address(match: re.Match[str]) -> str:
    text = re.sub(r"^(?:https?://)?(?:www\.)?", "", match[0], flags=re.IGNORECASE)
    text = re.split(r"[?#]", text)[0].strip("/")
    parts = re.findall(r"\d+|[^\W\d_]+|[./@:_-]", text)
    said = (
        _digit_run(part) if part[0].isdecimal() else _ADDRESS_SIGNS.get(part) or _letters(part)
        for part in parts
    )
    return " ".join(said)


# -- amounts

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_SIGNED = rf"[-−+]?{_NUMBER}"
_TO = r"\s?[-–—]\s?"
_SCALE_NAMES = {"k": "thousand", "m": "million", "b": "billion", "t": "trillion"}
_SCALE = r"(?:\s?(million|billion|trillion|thousand)\b|([KkMB])\b)?"
_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "US$": ("US dollar", "US dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "sen", "sen"),
    "￥": ("yuan", "yuan", "fen", "fen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
}
_SIGN = r"(US\$|[$€£¥￥₹])"


def _is_one(text: str) -> bool:
    return text.lstrip("+-−") in ("1", "1.0")


def _scale(name: str | None, letter: str | None) -> str:
    return name or (_SCALE_NAMES[letter.lower()] if letter else "")


def _money(match: re.Match[str]) -> str:
    sign, text, name, letter, per = match.groups()
    one, many, small_one, small_many = _CURRENCIES[sign]
    scale = _scale(name, letter)
    whole, _, fraction = text.partition(".")
    if scale:
        said = f"{number_words(text)} {scale} {many}"
    elif len(fraction) == 2:
        cents = int(fraction)
        said = f"{number_words(whole or '0')} {one if _is_one(whole) else many}"
        if cents:
            said += f" and {cardinal(cents)} {small_one if cents == 1 else small_many}"
    else:
        said = f"{number_words(text)} {one if _is_one(text) else many}"
    return said + (f" per {per}" if per else "")


def _money_range(match: re.Match[str]) -> str:
    sign, first, last, name, letter = match.groups()
    scale = _scale(name, letter)
    said = f"{number_words(first)} to {number_words(last)}"
    return f"{said} {scale} {_CURRENCIES[sign][1]}".replace("  ", " ")


def _percent(match: re.Match[str]) -> str:
    first = f"{number_words(match[1])} to " if match[1] else ""
    return f"{first}{number_words(match[2])} percent"


def _degrees(match: re.Match[str]) -> str:
    first = f"{number_words(match[1])} to " if match[1] else ""
    unit = {"C": " Celsius", "F": " Fahrenheit", "K": " Kelvin"}.get(match[3] or "", "")
    if "℃" in match[0]:
        unit = " Celsius"
    elif "℉" in match[0]:
        unit = " Fahrenheit"
    noun = "degree" if _is_one(match[2]) else "degrees"
    return f"{first}{number_words(match[2])} {noun}{unit}"


_UNITS = {
    "km/h": "kilometer per hour", "kph": "kilometer per hour", "mph": "mile per hour",
    "m/s": "meter per second", "km²": "square kilometer", "m²": "square meter",
    "m³": "cubic meter", "km": "kilometer", "cm": "centimeter", "mm": "millimeter",
    "nm": "nanometer", "µm": "micrometer", "m": "meter", "mi": "mile", "ft": "foot",
    "yd": "yard", "kg": "kilogram", "mg": "milligram", "g": "gram", "lbs": "pound",
    "lb": "pound", "oz": "ounce", "ml": "milliliter", "mL": "milliliter", "L": "liter",
    "ms": "millisecond", "µs": "microsecond", "mins": "minute", "min": "minute",
    "secs": "second", "sec": "second", "hrs": "hour", "hr": "hour", "GB": "gigabyte",
    "MB": "megabyte", "KB": "kilobyte", "kB": "kilobyte", "TB": "terabyte",
    "Mbps": "megabit per second", "Gbps": "gigabit per second", "GHz": "gigahertz",
    "MHz": "megahertz", "kHz": "kilohertz", "Hz": "hertz", "dB": "decibel", "kWh": "kilowatt hour",
    "kW": "kilowatt", "MW": "megawatt", "W": "watt", "kV": "kilovolt", "V": "volt",
    "mAh": "milliamp hour", "kcal": "kilocalorie", "kJ": "kilojoule", "px": "pixel",
    "fps": "frame per second", "rpm": "revolution per minute", "bpm": "beat per minute",
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_INVARIABLE = frozenset({"hertz", "gigahertz", "megahertz", "kilohertz"})


def _plural(noun: str) -> str:
    if noun in _INVARIABLE:
        return noun
    head, per, rest = noun.partition(" per ")
    return ("feet" if head == "foot" else head + "s") + per + rest


def _quantity(match: re.Match[str]) -> str:
    first = f"{number_words(match[1])} to " if match[1] else ""
    noun = _UNITS[match[3]]
    return f"{first}{number_words(match[2])} {noun if _is_one(match[2]) else _plural(noun)}"


def _feet(match: re.Match[str]) -> str:
    return f"{cardinal(int(match[1]))} foot {cardinal(int(match[2]))}"


# -- other numbers


def _range(match: re.Match[str]) -> str:
    first, last = match[1], match[2]
    is_whole = first.isdecimal() and last.isdecimal()
    if is_whole and len(first) == 4 and len(last) in (2, 4) and 1100 <= int(first) <= 2099:
        return f"{year(int(first))} to {year(int(last))}"
    return f"{number_words(first)} to {number_words(last)}"


_PARTS = {"2": "half", "3": "third", "4": "quarter"}


def _fraction(match: re.Match[str]) -> str:
    top, bottom = int(match[1]), match[2]
    if bottom in ("0", "1") or int(bottom) > 20 or top >= int(bottom):
        return f"{cardinal(top)} over {cardinal(int(bottom))}"
    part = _PARTS.get(bottom) or ordinal(int(bottom))
    return f"{cardinal(top)} {part if top == 1 else 'halves' if part == 'half' else part + 's'}"


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


def _phone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    said = ", ".join(digits(group) for group in groups)
    return ("plus " if match[0].startswith("+") else "") + said


def _scaled(match: re.Match[str]) -> str:
    return f"{number_words(match[1])} {_SCALE_NAMES[match[2].lower()]}"


# -- words

_ABBREVIATIONS = {
    "mr": "Mister", "mrs": "Missus", "ms": "Miz", "dr": "Doctor", "prof": "Professor",
    "gen": "General", "sen": "Senator", "rep": "Representative", "capt": "Captain",
    "lt": "Lieutenant", "col": "Colonel", "sgt": "Sergeant", "maj": "Major", "rev": "Reverend",
    "hon": "Honorable", "gov": "Governor", "pres": "President", "mt": "Mount", "jr": "Junior",
    "sr": "Senior", "inc": "Incorporated", "ltd": "Limited", "corp": "Corporation",
    "co": "Company", "bros": "Brothers", "dept": "Department", "ave": "Avenue",
    "blvd": "Boulevard", "rd": "Road", "e.g": "for example", "i.e": "that is",
    "etc": "et cetera", "vs": "versus", "approx": "approximately", "est": "estimated",
    "min": "minimum", "max": "maximum", "incl": "including", "excl": "excluding", "cf": "compare",
    "ca": "circa", "al": "al", "tbsp": "tablespoon", "tsp": "teaspoon",
}  # fmt: skip
_ABBREVIATION = "|".join(re.escape(a) for a in sorted(_ABBREVIATIONS, key=len, reverse=True))
_COUNTED = {
    "no": "number", "nos": "numbers", "#": "number", "fig": "figure", "figs": "figures",
    "vol": "volume", "pp": "pages", "p": "page", "ch": "chapter", "sec": "section",
    "art": "article", "eq": "equation", "ver": "version", "ext": "extension",
}  # fmt: skip


def _abbreviation(match: re.Match[str]) -> str:
    return _ABBREVIATIONS[match[1].lower()]


def _saint_or_street(match: re.Match[str]) -> str:
    after = match.string[match.end() : match.end() + 2].strip()
    return "Saint" if after[:1].isupper() else "Street"


def _counted(match: re.Match[str]) -> str:
    return f"{_COUNTED[match[1].lower()]} {number_words(match[2])}"


def _initials(match: re.Match[str]) -> str:
    letters = [char for char in match[0] if char.isalpha()]
    return "-".join(letters).upper()


_ROMAN = {"I": 1, "V": 5, "X": 10}


def _roman(match: re.Match[str]) -> str:
    values = [_ROMAN[char] for char in match[2]]
    pairs = zip(values, [*values[1:], 0], strict=True)
    number = sum(-value if value < after else value for value, after in pairs)
    return f"{match[1]} {cardinal(number)}"


_POWERS = {"²": " squared", "³": " cubed"}
_VULGAR = {"½": "one half", "⅓": "one third", "⅔": "two thirds", "¼": "one quarter",
           "¾": "three quarters", "⅛": "one eighth"}  # fmt: skip


def _word(match: re.Match[str]) -> str:
    return _letters(match[0].replace("’", "'"))


def _letters(text: str) -> str:
    """Returns a run of what Unicode counts as letters, with its odd numerals in words."""
    if text.isascii():
        return text
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
_PER = r"(?:/(hour|day|week|month|year|night|person|minute|second))?"

RULES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    # Addresses; a stop or comma behind them is the sentence's.
    (r"(?i:https?://|www\.)[^\s<>\"]*[\w/]", _address),
    (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", _address),
    (rf"\b(?:[A-Za-z0-9-]+\.)+{_DOMAIN}\b(?:/[\w./?=&%#-]*[\w/])?", _address),
    # Dates and times.
    (rf"{_NOT_IN_WORD}(\d{{4}})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]){_END}", iso_date),
    (rf"{_NOT_IN_WORD}(0?[1-9]|1[0-2])/(0?[1-9]|[12]\d|3[01])/(\d{{4}}|\d\d){_END}", slash_date),
    (rf"{_NOT_IN_WORD}(1[3-9]|2\d|3[01])/(0?[1-9]|1[0-2])/(\d{{4}}|\d\d){_END}", slash_date),
    (rf"\b({MONTH}) (\d\d?)(?:st|nd|rd|th)?(?:,? (\d{{4}}))?(?![\w:%]|[.,]\d)", month_day),
    (
        rf"{_NOT_IN_WORD}(\d\d?)(?:st|nd|rd|th)? (?:of )?({MONTH})(?:,? (\d{{4}}))?{_END}",
        day_month,
    ),
    (rf"{_NOT_IN_WORD}{CLOCK}{HALF}?{_TO}{CLOCK}{HALF}?", time_range),
    (rf"{_NOT_IN_WORD}{CLOCK}{HALF}?", time_of_day),
    (rf"{_NOT_IN_WORD}(\d\d?){HALF}?{_TO}(\d\d?){HALF}", hour_range),
    (rf"{_NOT_IN_WORD}(\d\d?){HALF}", hour),
    # Telephone numbers: with a country code, with an area code in brackets, in three groups.
    (rf"(?<!\w)\+\d{{1,3}}(?:[ -]?\(?\d{{2,4}}\)?){{2,5}}{_END}", _phone),
    (rf"\(\d{{3}}\) ?\d{{3}}-\d{{4}}{_END}", _phone),
    (rf"{_NOT_IN_WORD}(?:1-)?\d{{3}}-\d{{3}}-\d{{4}}{_END}", _phone),
    (rf"{_NOT_IN_WORD}\d{{3}}-\d{{4}}{_END}", _phone),
    # Amounts.
    (rf"{_SIGN}({_NUMBER}){_TO}[$€£¥￥₹]?({_NUMBER}){_SCALE}{_END}", _money_range),
    (rf"{_SIGN}({_NUMBER}){_SCALE}{_PER}{_END}", _money),
    (rf"{_NOT_IN_WORD}(?:({_SIGNED})%?{_TO})?({_SIGNED})\s?[%％]", _percent),
    (rf"{_NOT_IN_WORD}(?:({_SIGNED})°?{_TO})?({_SIGNED})\s?(?:°\s?([CFK]\b)?|℃|℉)", _degrees),
    (rf"{_NOT_IN_WORD}(\d)'(\d\d?)(?:\"|'')", _feet),
    (rf"{_NOT_IN_WORD}(?:({_NUMBER}){_TO})?({_SIGNED})\s?({_UNIT})(?![\w²³/])", _quantity),
    # Other numbers.
    (rf"{_NOT_IN_WORD}(\d{{4}}|\d\d)(?:'|’)?s{_END}", _decade),
    (rf"{_NOT_IN_WORD}(\d{{1,12}}(?:,\d{{3}})*)(?:st|nd|rd|th){_END}", _ordinal),
    (rf"{_NOT_IN_WORD}24/7{_END}", _said("twenty-four seven")),
    (rf"{_NOT_IN_WORD}(\d{{1,4}})/(\d{{1,4}}){_END}(?!/)", _fraction),
    (rf"(?<![\w.])(v)?(\d+(?:\.\d+){{2,}}){_END}", _dotted),
    (rf"\b(v)(\d+(?:\.\d+)*){_END}", _dotted),
    (rf"{_NOT_IN_WORD}{_NUMBER}(?:\s?[x×]\s?{_NUMBER})+{_END}", _by),
    (rf"{_NOT_IN_WORD}({_NUMBER})[–—:-]({_NUMBER})(?![\w-])", _range),
    (rf"{_NOT_IN_WORD}({_NUMBER})(k|M|B|(?<=\d\d)K){_END}", _scaled),
    (
        r"\b([Nn]os?|[Ff]igs?|[Vv]ol|pp|p|[Cc]h|[Ss]ec|[Aa]rt|[Ee]q|[Vv]er|[Ee]xt)\. ?(\d+)\b",
        _counted,
    ),
    (rf"(#) ?(\d+){_END}", _counted),
    (rf"(?<![\w)])[-−+]{_NUMBER}(?![\w]|\.\d)", _plain_number),
    (rf"{_NOT_IN_WORD}{_NUMBER}(?![\w]|\.\d)", _plain_number),
    # Words.
    (r"π", _said("pi")),
    (r"\b(Chapter|Part|Act|War|Volume|Phase|Section|Title|Type|Level|Bowl) ([IVX]{1,6})\b", _roman),
    (r"\bSt\.(?=\s|$)", _saint_or_street),
    (rf"\b(?i:({_ABBREVIATION}))\.(?!\w)", _abbreviation),
    (r"\bPh\.?D\b\.?", _said("P-H-D")),
    (
        r"\b[A-Za-z]\.(?:\s?[A-Z]\.)+(?!\w)|\b[A-HJ-Z]\.(?=\s[A-Z])|\b[a-z]\.[a-z]\.(?!\w)",
        _initials,
    ),
    (r"\bw/o\b", _said("without")),
    (r"\bw/(?=\s|$)", _said("with")),
    (r"\bC\+\+", _said("C plus plus")),
    (r"\b([CF])#", lambda match: match[1] + " sharp"),
    (rf"#(?={_LETTER})", _said("hashtag")),
    (r"\w*(?:[^\W\d]\d|\d[^\W\d])\w*(?:-\w+)*|[^\W\d_]+(?:-\w*\d\w*)+", _mixed_word),
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
    (r"[~≈](?=\s?\d)", _said("about")),
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
