"""How English amounts are read aloud: money, percentages, degrees, measures. Pure."""

from __future__ import annotations

import re

from voice_avatar.text.numbers_en import cardinal, number_words

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
SIGNED = rf"[-−+]?{NUMBER}"
TO = r"\s?[-–—~～]\s?"
SCALE_NAMES = {
    "k": "thousand", "m": "million", "b": "billion", "t": "trillion", "mn": "million",
    "bn": "billion", "tn": "trillion",
}  # fmt: skip
SCALE = r"(?:\s?(million|billion|trillion|thousand)\b|(bn|mn|tn|[KkMmBbT])\b)?"
_CENT = ("cent", "cents")
_CURRENCIES = {
    "$": ("dollar", "dollars", *_CENT),
    "US$": ("US dollar", "US dollars", *_CENT),
    "C$": ("Canadian dollar", "Canadian dollars", *_CENT),
    "A$": ("Australian dollar", "Australian dollars", *_CENT),
    "NZ$": ("New Zealand dollar", "New Zealand dollars", *_CENT),
    "HK$": ("Hong Kong dollar", "Hong Kong dollars", *_CENT),
    "S$": ("Singapore dollar", "Singapore dollars", *_CENT),
    "NT$": ("Taiwan dollar", "Taiwan dollars", *_CENT),
    "R$": ("real", "reais", "centavo", "centavos"),
    "€": ("euro", "euros", *_CENT),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "sen", "sen"),
    "￥": ("yuan", "yuan", "fen", "fen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₽": ("ruble", "rubles", "kopek", "kopeks"),
    "₺": ("lira", "lira", "kurus", "kurus"),
    "₿": ("bitcoin", "bitcoin", "cent", "cents"),
    "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"),
    "SEK": ("Swedish krona", "Swedish kronor", "ore", "ore"),
}
_CURRENCIES |= {
    "USD": _CURRENCIES["US$"],
    "CAD": _CURRENCIES["C$"],
    "AUD": _CURRENCIES["A$"],
    "HKD": _CURRENCIES["HK$"],
    "EUR": _CURRENCIES["€"],
    "GBP": _CURRENCIES["£"],
    "JPY": _CURRENCIES["¥"],
    "CNY": _CURRENCIES["￥"],
    "RMB": _CURRENCIES["￥"],
    "INR": _CURRENCIES["₹"],
    "KRW": _CURRENCIES["₩"],
    "BTC": _CURRENCIES["₿"],
}
_CODE = r"(?:USD|CAD|AUD|HKD|EUR|GBP|JPY|CNY|RMB|INR|KRW|BTC|CHF|SEK)"
_SIGNS = r"(?:(?:US|NZ|HK|NT|C|A|S|R)?\$|[€£¥￥₹₩₽₺₿])"
SIGN = rf"(\b{_CODE}\s?|{_SIGNS})"
SIGN_AFTER = rf"\s?({_CODE}\b|[€£¥￥₹₩₽₺₿])"


def _is_one(text: str) -> bool:
    return text.lstrip("+-−") in ("1", "1.0")


def _scale(name: str | None, letter: str | None) -> str:
    return name or (SCALE_NAMES[letter.lower()] if letter else "")


def _amount(sign: str, text: str, scale: str) -> str:
    one, many, small_one, small_many = _CURRENCIES[sign.strip()]
    whole, _, fraction = text.partition(".")
    if scale:
        return f"{number_words(text)} {scale} {many}"
    if len(fraction) != 2:
        return f"{number_words(text)} {one if _is_one(text) else many}"
    cents = int(fraction)
    said = f"{number_words(whole or '0')} {one if _is_one(whole) else many}"
    return (
        f"{said} and {cardinal(cents)} {small_one if cents == 1 else small_many}" if cents else said
    )


_PERIODS = {
    "hr": "hour", "yr": "year", "mo": "month", "wk": "week", "kg": "kilogram", "lb": "pound",
    "gal": "gallon",
}  # fmt: skip


def money(match: re.Match[str]) -> str:
    """Reads "$5", "-$3.50", "USD 2 million", "$20/month"."""
    minus, sign, text, name, letter, per = match.groups()
    said = _amount(sign, text, _scale(name, letter))
    return ("minus " if minus else "") + said + (f" per {_PERIODS.get(per, per)}" if per else "")


def money_after(match: re.Match[str]) -> str:
    """Reads "5 €", "300 USD", "2.5 million EUR"."""
    text, name, letter, sign, per = match.groups()
    said = _amount(sign, text, _scale(name, letter))
    return said + (f" per {_PERIODS.get(per, per)}" if per else "")


def cents(match: re.Match[str]) -> str:
    """Reads "50¢"."""
    return f"{number_words(match[1])} cent{'' if _is_one(match[1]) else 's'}"


def money_range(match: re.Match[str]) -> str:
    """Reads "$5-10", "$5-$10 million"."""
    sign, first, last, name, letter = match.groups()
    scale = _scale(name, letter)
    said = f"{number_words(first)} to {number_words(last)}"
    return f"{said} {scale} {_CURRENCIES[sign.strip()][1]}".replace("  ", " ")


def percent(match: re.Match[str]) -> str:
    """Reads "50%", "5-10 %"."""
    first = f"{number_words(match[1])} to " if match[1] else ""
    return f"{first}{number_words(match[2])} percent"


def degrees(match: re.Match[str]) -> str:
    """Reads "90°", "100.4 °F", "20-25 ℃"."""
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
    "tbsp": "tablespoon", "tsp": "teaspoon", "sq ft": "square foot", "sq mi": "square mile",
    "m/s²": "meter per second squared", "″": "inch", "in.": "inch", "cm²": "square centimeter",
    "cm³": "cubic centimeter", "ft²": "square foot", "dl": "deciliter", "cl": "centiliter",
    "µg": "microgram", "μm": "micrometer", "Wh": "watt hour", "GW": "gigawatt", "mA": "milliamp",
    "mV": "millivolt", "MJ": "megajoule", "Pa": "pascal", "kPa": "kilopascal",
    "hPa": "hectopascal", "PB": "petabyte", "ha": "hectare", "inches": "inch", "hours": "hour",
    "gal": "gallon", "kn": "knot", "ppm": "part per million", "mpg": "mile per gallon",
    "km/s": "kilometer per second", "fl oz": "fluid ounce", "L/min": "liter per minute",
    "mg/dL": "milligram per deciliter", "g/L": "gram per liter", "mg/kg": "milligram per kilogram",
    "kg/m³": "kilogram per cubic meter", "ft/s": "foot per second", "MB/s": "megabyte per second",
    "GB/s": "gigabyte per second", "kWh/day": "kilowatt hour per day",
    "fps": "frame per second", "rpm": "revolution per minute", "bpm": "beat per minute",
}  # fmt: skip
_PER_UNITS = {
    "s": "second", "h": "hour", "hr": "hour", "d": "day", "day": "day", "min": "minute",
    "L": "liter", "l": "liter", "mL": "milliliter", "dL": "deciliter", "kg": "kilogram",
    "g": "gram", "m": "meter", "m²": "square meter", "m³": "cubic meter",
    "cm²": "square centimeter",
    "cm³": "cubic centimeter", "km": "kilometer", "lb": "pound", "week": "week", "year": "year",
}  # fmt: skip
_SIMPLE = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_PER = "|".join(re.escape(unit) for unit in sorted(_PER_UNITS, key=len, reverse=True))
_LONG = "|".join(re.escape(unit) for unit in _UNITS if "/" in unit)
UNIT = rf"(?:{_LONG}|(?:{_SIMPLE})(?:/(?:{_PER}))?)"
_INVARIABLE = frozenset({"hertz", "gigahertz", "megahertz", "kilohertz"})


def _plural(noun: str) -> str:
    if noun in _INVARIABLE:
        return noun
    head, per, rest = noun.partition(" per ")
    words, _, last = head.rpartition(" ")
    many = {"foot": "feet", "inch": "inches"}.get(last, last + "s")
    return f"{words} {many}".lstrip() + per + rest


def many_of(unit: str) -> str:
    """Returns the name of several of a unit."""
    return _plural(_unit(unit))


def _unit(unit: str) -> str:
    if unit in _UNITS:
        return _UNITS[unit]
    first, _, per = unit.rpartition("/")
    return f"{_UNITS[first]} per {_PER_UNITS[per]}"


def quantity(match: re.Match[str]) -> str:
    """Reads "5 km", "10-15 min"."""
    first = f"{number_words(match[1])} to " if match[1] else ""
    noun = _unit(match[3])
    return f"{first}{number_words(match[2])} {noun if _is_one(match[2]) else _plural(noun)}"


def feet(match: re.Match[str]) -> str:
    """Reads "5'10"", "6 ft 2 in"."""
    return f"{cardinal(int(match[1]))} foot {cardinal(int(match[2]))}"
