"""How French is read aloud: dates, times, amounts, addresses; words and signs are data. Pure.

Number words and signs with a name are the language's (`numbers.toml`); the rules here come before
those of every language of that kind (`speakable_plain`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from voice_avatar import languages
from voice_avatar.text import numbers as number_rules
from voice_avatar.text import roman

Rule = tuple[str, Callable[[re.Match[str]], str]]

_MONTHS = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
).split()
_SPACE = "[ \u00a0\u202f]"
_N = rf"(?:\d{{1,3}}(?:{_SPACE}\d{{3}})+(?!\d)(?:,\d+)?|\d+(?:,\d+)?)"
_S = rf"[-−+]?{_N}"
_TO = r"\s?[-–—~～]\s?"
_ALONE = r"(?<![\w.,])"
_END = r"(?!\w)"

# -- numbers


def _words() -> languages.Numbers:
    words = languages.language("fr").numbers
    assert words is not None  # package data, checked by tests
    return words


def number_words(text: str) -> str:
    """Reads a written number: "1 234,5", "-3", "007"."""
    return number_rules.number_words(text, _words())


def _cardinal(number: int) -> str:
    return number_rules.cardinal(number, _words())


def _digits(text: str) -> str:
    return number_rules.digits(text, _words())


def ordinal(number: int, *, is_feminine: bool = False) -> str:
    """Returns "premier", "deuxième", "vingt et unième" …"""
    if number == 1:
        return "première" if is_feminine else "premier"
    said = _cardinal(number)
    if said.endswith("cinq"):
        return said + "uième"
    if said.endswith("neuf"):
        return said[:-1] + "vième"
    if said.endswith(("vingts", "cents", "millions", "milliards")):
        said = said[:-1]
    return said.removesuffix("e") + "ième"


def _ordinal(match: re.Match[str]) -> str:
    return ordinal(int(match[1]), is_feminine=match[2] in ("re", "ère", "ere", "nde"))


def _plural(match: re.Match[str]) -> bool:
    return float(re.sub(r"[^\d,]", "", match[2]).replace(",", ".")) >= 2


def _one(text: str, *, is_feminine: bool) -> str:
    return "une" if is_feminine and text == "1" else number_words(text)


# -- dates and times


def _day(text: str) -> str:
    return "premier" if int(text) == 1 else _cardinal(int(text))


def _date(day: str, month: str, year: str) -> str:
    full = year if len(year) == 4 else "20" + year
    return f"{_day(day)} {_MONTHS[int(month) - 1]} {_cardinal(int(full))}"


def _iso_date(match: re.Match[str]) -> str:
    return _date(match[3], match[2], match[1])


def _slash_date(match: re.Match[str]) -> str:
    return _date(match[1], match[2], match[3])


def _clock(hour: str, minute: str | None) -> str:
    said = "une heure" if int(hour) == 1 else f"{_cardinal(int(hour))} heures"
    if int(hour) == 0:
        said = "zéro heure"
    return f"{said} {_cardinal(int(minute))}" if minute and int(minute) else said


def _time(match: re.Match[str]) -> str:
    said = _clock(match[1], match[2])
    return f"{said} à {_clock(match[3], match[4])}" if match[3] else said


# -- codes


def _pairs(match: re.Match[str]) -> str:
    """Reads a telephone by pairs: "zéro six, douze, …"."""
    country, rest = re.fullmatch(r"(?:\+(\d\d))?(.*)", match[0]).groups()  # type: ignore[union-attr]
    bare = re.sub(r"\D", "", rest)
    first = len(bare) % 2
    pairs = [bare[:first], *(bare[at : at + 2] for at in range(first, len(bare), 2))]
    said = ", ".join(_pair(pair) for pair in pairs if pair)
    return f"plus {_cardinal(int(country))}, {said}" if country else said


def _pair(pair: str) -> str:
    return _digits(pair) if pair[0] == "0" else _cardinal(int(pair))


def _spelt(match: re.Match[str]) -> str:
    return ", ".join(_digits(group) for group in re.findall(r"\d+", match[0]))


_ADDRESS_SIGNS = {
    ".": "point", "/": "slash", "-": "tiret", "_": "tiret bas", "@": "arobase", ":": "deux-points",
}  # fmt: skip


def _address(match: re.Match[str]) -> str:
    text = re.sub(r"^(?:https?://)?(?:www\.)?", "", match[0], flags=re.IGNORECASE)
    text = re.split(r"[?#]", text)[0].strip("/")
    return _spelling(re.findall(r"\d+|[^\W\d_]+|[./@:_-]", text))


def _spelling(parts: list[str]) -> str:
    return " ".join(
        _digit_run(part) if part[0].isdecimal() else _ADDRESS_SIGNS.get(part, part)
        for part in parts
    )


def _digit_run(run: str) -> str:
    return _digits(run) if len(run) > 4 or run[0] == "0" else _cardinal(int(run))


def _mixed(match: re.Match[str]) -> str:
    return _spelling(re.findall(r"\d+|[^\W\d_]+", match[0]))


def _dotted(match: re.Match[str]) -> str:
    said = " point ".join(_digit_run(part) for part in match[2].split("."))
    return f"version {said}" if match[1] else said


# -- amounts

_CURRENCIES = {
    "€": ("euro", "euros"), "$": ("dollar", "dollars"), "£": ("livre", "livres"),
    "¥": ("yen", "yens"), "US$": ("dollar américain", "dollars américains"),
    "EUR": ("euro", "euros"), "USD": ("dollar", "dollars"),
    "CHF": ("franc suisse", "francs suisses"), "GBP": ("livre", "livres"),
    "CAD": ("dollar canadien", "dollars canadiens"),
}  # fmt: skip
_CURRENCY = "|".join(re.escape(sign) for sign in sorted(_CURRENCIES, key=len, reverse=True))
_SCALES = {"k": "mille", "M": "millions", "Md": "milliards", "Mds": "milliards"}


def _amount(text: str, scale: str | None, sign: str) -> str:
    one, many = _CURRENCIES[sign]
    is_feminine = one == "livre"
    whole, _, fraction = text.partition(",")
    if scale:
        name = _SCALES.get(scale, scale)
        joint = " " if name == "mille" else " d'" if many[0] in "aeiouy" else " de "
        if name != "mille" and float(text.replace(",", ".").replace(" ", "")) < 2:
            name = name.rstrip("s")
        return f"{number_words(text)} {name}{joint}{many}"
    noun = one if int(re.sub(r"\D", "", whole) or 0) < 2 else many
    said = f"{_one(whole.lstrip('-−'), is_feminine=is_feminine)} {noun}"
    if len(fraction) == 2 and int(fraction):
        said += f" {_cardinal(int(fraction))}"
    elif fraction and len(fraction) != 2:
        said = f"{number_words(text)} {noun}"
    return f"moins {said}" if text[0] in "-−" and not said.startswith("moins") else said


def _money(match: re.Match[str]) -> str:
    return _amount(match[1], match[2], match[3])


def _money_first(match: re.Match[str]) -> str:
    return _amount(match[2].replace(".", ","), match[3], match[1])


def _percent(match: re.Match[str]) -> str:
    first = f"{number_words(match[1])} à " if match[1] else ""
    return f"{first}{number_words(match[2])} pour cent"


_UNITS = {
    "km/h": "kilomètre à l'heure", "m/s": "mètre par seconde", "km²": "kilomètre carré",
    "m²": "mètre carré", "m³": "mètre cube", "cm²": "centimètre carré", "km": "kilomètre",
    "cm": "centimètre", "mm": "millimètre", "m": "mètre", "kg": "kilo", "mg": "milligramme",
    "g": "gramme", "t": "tonne", "L": "litre", "l": "litre", "ml": "millilitre",
    "mL": "millilitre", "cl": "centilitre", "dl": "décilitre", "min": "minute", "s": "seconde",
    "ms": "milliseconde", "Go": "gigaoctet", "Mo": "mégaoctet", "Ko": "kilooctet",
    "To": "téraoctet", "GHz": "gigahertz", "MHz": "mégahertz", "kHz": "kilohertz", "Hz": "hertz",
    "W": "watt", "kW": "kilowatt", "kWh": "kilowattheure", "V": "volt", "ha": "hectare",
    "°C": "degré", "°F": "degré Fahrenheit", "°": "degré", "dB": "décibel",
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_FEMININE = frozenset({"tonne", "minute", "seconde", "milliseconde"})


def _quantity(match: re.Match[str]) -> str:
    first = f"{number_words(match[1])} à " if match[1] else ""
    noun = _UNITS[match[3].replace(" ", "")]
    said = _one(match[2], is_feminine=noun in _FEMININE)
    if _plural(match) and not noun.endswith("hertz"):
        head, joint, rest = noun.partition(" à " if " à " in noun else " par ")
        noun = " ".join(w if w[0].isupper() else w + "s" for w in head.split()) + joint + rest
    return f"{first}{said} {noun}"


# -- other numbers

_IS_MATHS = re.compile(r"[=≠≈<>≤≥√^÷×*+]")
_PARTS = {"2": "demi", "3": "tiers", "4": "quart"}


def _range(match: re.Match[str]) -> str:
    joint = "moins" if _IS_MATHS.search(match.string) else "à"
    return f"{number_words(match[1])} {joint} {number_words(match[2])}"


def _minus(match: re.Match[str]) -> str:
    return "moins" if _IS_MATHS.search(match.string) else "à"


def _fraction(match: re.Match[str]) -> str:
    top, bottom = int(match[1]), match[2]
    part = _PARTS.get(bottom)
    if part is None or top >= int(bottom):
        return f"{_cardinal(top)} sur {_cardinal(int(bottom))}"
    return f"{_cardinal(top)} {part if top == 1 or part == 'tiers' else part + 's'}"


def _power(match: re.Match[str]) -> str:
    return f"{match[1]} {'au carré' if match[2] == '²' else 'au cube'}"


def _roman(match: re.Match[str]) -> str:
    """Reads "XIV" behind "Louis", "Ier", "XIXe"."""
    if match[1]:
        return ordinal(roman.value(match[1]), is_feminine=match[2] in ("re", "ère"))
    numeral = match[0]
    if roman.is_number(numeral, match.string[: match.start()]):
        return _cardinal(roman.value(numeral))
    return numeral


def _said(words: str) -> Callable[[re.Match[str]], str]:
    return lambda _: words


RULES: tuple[Rule, ...] = (
    # Addresses.
    (r"(?i:https?://|www\.)[^\s<>\"]*[\w/]", _address),
    (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", _address),
    (
        r"\b(?:[A-Za-z0-9-]+\.)+(?:fr|com|org|net|be|ch|ca|eu|io)\b(?:/[\w./?=&%#-]*[\w/])?",
        _address,
    ),
    # Dates and times.
    (rf"{_ALONE}(\d{{4}})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]){_END}", _iso_date),
    (rf"{_ALONE}(0?[1-9]|[12]\d|3[01])/(0?[1-9]|1[0-2])/(\d{{4}}|\d\d){_END}", _slash_date),
    (
        rf"{_ALONE}([01]?\d|2[0-4])\s?h\s?([0-5]\d)?(?:{_TO}([01]?\d|2[0-4])\s?h\s?([0-5]\d)?)?{_END}",
        _time,
    ),
    (
        rf"{_ALONE}([01]?\d|2[0-4]):([0-5]\d)(?:{_TO}([01]?\d|2[0-4]):([0-5]\d))?(?![\w:])",
        _time,
    ),
    # Telephones and cards.
    (rf"(?:\+\d\d[ .-]?\d|{_ALONE}0\d)(?:[ .-]?\d\d){{4}}{_END}", _pairs),
    (rf"{_ALONE}\d{{4}}(?:[ -]\d{{4}}){{3}}{_END}", _spelt),
    # Amounts.
    (rf"{_ALONE}({_S})\s?(k|M|Mds?|millions?|milliards?)?\s?({_CURRENCY})(?![A-Za-z])", _money),
    (rf"({_CURRENCY})\s?(\d+(?:[.,]\d+)?)\s?(k|M|Mds?|millions?|milliards?)?{_END}", _money_first),
    (rf"{_ALONE}(?:({_S})\s?%?{_TO})?({_S})\s?[%％]", _percent),
    (rf"{_ALONE}(?:({_N}){_TO})?({_S})\s?({_UNIT})(?![\w²³/])", _quantity),
    # Other numbers.
    (rf"{_ALONE}(\d{{1,9}})(ers?|res?|ères?|eres?|nde?|e|ème|eme|ième)s?{_END}", _ordinal),
    (rf"{_ALONE}(\d{{1,4}})/(\d{{1,4}}){_END}(?!/)", _fraction),
    (rf"{_ALONE}(v)?(\d+(?:\.\d+){{2,}}){_END}", _dotted),
    (rf"\b(v)(\d+(?:\.\d+)*){_END}", _dotted),
    (rf"{_ALONE}()(\d+\.\d+){_END}", _dotted),
    (rf"{_ALONE}({_N})[-–—]({_N})(?![\w-])", _range),
    (r"(?<=[\w²³)])\s[-–−]\s(?=[\d(])", _minus),
    (r"(?<=\d)\s?[×*x]\s?(?=\d)", _said("fois")),
    (r"÷", _said("divisé par")),
    (r"\b(\w+)([²³])", _power),
    # Words.
    (r"\b(I)(er|re|ère)(?!\w)", _roman),
    (r"\b([IVX]{2,7}|[VX](?=(?:e|ème) (?:si|arr|R)))(e|ème)(?!\w)", _roman),
    (rf"()(?<=[^\W\d_][ -])(?=[IVX]){roman.LETTERS}(?![\w'’]|\.\w)", _roman),
    (r"(?i:\bp\. ?ex\.)", _said("par exemple")),
    (r"\b[A-Za-z]+-?\d+\w*|\b\d+[A-Za-z]\w*", _mixed),
)
"""Tried in this order, before the rules of every language with number words."""
