"""How Mandarin is read aloud: numbers, dates, amounts, addresses, in Han characters. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from voice_avatar.text import roman

_DIGITS = "零一二三四五六七八九"
_GROUPS = ("", "万", "亿", "兆")

# -- numbers


def cardinal(number: int) -> str:
    """Returns a number in Han characters; digit by digit from 10**16 on."""
    if number >= 10**16:
        return digits(str(number))
    if number == 0:
        return "零"
    groups = []  # of four digits, the lowest first
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    said = ""
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if group == 0:
            continue
        if said and (group < 1000 or groups[place + 1] == 0):
            said += "零"
        said += ("两" if group == 2 and place else _group(group)) + _GROUPS[place]
    return said.removeprefix("一") if said.startswith("一十") else said


def _group(group: int) -> str:
    """Returns 1..9999."""
    said = ""
    for value, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = group // value % 10
        if digit:
            if said and group // (value * 10) % 10 == 0 and not said.endswith("零"):
                said += "零"
            said += ("两" if digit == 2 and value == 1000 else _DIGITS[digit]) + name
    return said


def digits(text: str, one: str = "一") -> str:
    """Returns the digits of `text` one by one; on the telephone, 1 is 幺."""
    return "".join(_DIGITS[int(c)] if c != "1" else one for c in text if c.isdigit())


def number_words(text: str) -> str:
    """Reads a written number: "1,234.50", "-3", "007"."""
    sign = "负" if text[:1] in "-−" else "加" if text[:1] == "+" else ""
    whole, point, fraction = text.lstrip("+-−").replace(",", "").partition(".")
    is_code = (len(whole) > 1 and whole[0] == "0") or len(whole) > 12
    words = digits(whole) if is_code else cardinal(int(whole or "0"))
    return sign + words + (f"点{digits(fraction)}" if point and fraction else "")


def _number(match: re.Match[str]) -> str:
    return number_words(match[0])


def _counted(match: re.Match[str]) -> str:
    """A number before a measure word: 2 is 两."""
    return "两" if match[0] == "2" else number_words(match[0])


# -- words with digits, addresses

_RUNS = re.compile(r"\d+|[A-Za-z]+")
_ADDRESS_SIGNS = {".": "点", "/": "斜杠", "-": "杠", "_": "下划线", "@": "艾特", ":": "冒号"}


def _digit_run(run: str) -> str:
    return digits(run) if len(run) > 2 or run[0] == "0" else cardinal(int(run))


def _mixed(match: re.Match[str]) -> str:
    runs = _RUNS.findall(match[0])
    return "".join(_digit_run(run) if run[0].isdigit() else run for run in runs)


def _address(match: re.Match[str]) -> str:
    text = re.sub(r"^(?:https?://)?(?:www\.)?", "", match[0], flags=re.IGNORECASE)
    text = re.split(r"[?#]", text)[0].strip("/")
    parts = re.findall(r"\d+|[A-Za-z]+|[./@:_-]", text)
    return "".join(digits(p) if p[0].isdigit() else _ADDRESS_SIGNS.get(p, p) for p in parts)


# -- dates and times


def _date(match: re.Match[str]) -> str:
    year, month, day = match.groups()
    return f"{digits(year)}年{cardinal(int(month))}月{cardinal(int(day))}日"


def _digitwise(match: re.Match[str]) -> str:
    return digits(match[0])


def _clock(hour: str, minute: str) -> str:
    said = ("两" if int(hour) == 2 else cardinal(int(hour))) + "点"
    if minute == "00":
        return said
    return said + ("零" if minute[0] == "0" else "") + cardinal(int(minute)) + "分"


def _half_day(match: re.Match[str]) -> str:
    return ("上午" if match[3] in "aA" else "下午") + _clock(match[1], match[2] or "00")


def _time(match: re.Match[str]) -> str:
    first = _clock(match[1], match[2])
    return f"{first}到{_clock(match[3], match[4])}" if match[3] else first


# -- amounts

_N = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_S = rf"[-−+]?{_N}"
_TO = r"\s?[-–—~～]\s?"
_CURRENCIES = {
    "$": "美元", "US$": "美元", "HK$": "港元", "NT$": "新台币", "C$": "加元", "A$": "澳元",
    "S$": "新加坡元", "¥": "元", "￥": "元", "€": "欧元", "£": "英镑", "₩": "韩元", "₹": "卢比",
    "₽": "卢布", "USD": "美元", "CNY": "元", "RMB": "元", "EUR": "欧元", "GBP": "英镑",
    "JPY": "日元", "HKD": "港元",
}  # fmt: skip
_CURRENCY = "|".join(re.escape(sign) for sign in sorted(_CURRENCIES, key=len, reverse=True))
_UNITS = {
    "km/h": "公里每小时", "m/s": "米每秒", "km²": "平方公里", "m²": "平方米", "m³": "立方米",
    "km": "公里", "cm": "厘米", "mm": "毫米", "nm": "纳米", "m": "米", "kg": "公斤", "mg": "毫克",
    "g": "克", "ml": "毫升", "mL": "毫升", "L": "升", "ms": "毫秒", "s": "秒", "min": "分钟",
    "h": "小时", "kHz": "千赫", "MHz": "兆赫", "GHz": "吉赫", "Hz": "赫兹", "kWh": "千瓦时",
    "kW": "千瓦", "W": "瓦", "V": "伏", "dB": "分贝", "px": "像素",
    "GB": "GB", "MB": "MB", "KB": "KB",
    "TB": "TB", "t": "吨",
    "ha": "公顷", "cm²": "平方厘米", "cm³": "立方厘米", "mAh": "毫安时", "kcal": "千卡",
    "kJ": "千焦", "Mbps": "兆比特每秒", "μm": "微米", "µm": "微米", "mph": "英里每小时",
    "ft": "英尺", "lb": "磅", "oz": "盎司", "kPa": "千帕", "Pa": "帕",
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))


def _money(match: re.Match[str]) -> str:
    sign, first, last, scale = match.groups()
    said = number_words(first) + (f"到{number_words(last)}" if last else "")
    return said + (scale or "") + _CURRENCIES[sign]


def _percent(match: re.Match[str]) -> str:
    first = f"百分之{number_words(match[1])}到" if match[1] else ""
    return f"{first}百分之{number_words(match[2])}"


def _degrees(match: re.Match[str]) -> str:
    first = f"{number_words(match[1])}到" if match[1] else ""
    amount = match[2]
    said = "零下" + number_words(amount[1:]) if amount[0] in "-−" else number_words(amount)
    scale = "" if match[0].endswith("°") else "华氏" if match[0][-1] in "F℉" else "摄氏"
    return f"{first}{said}{scale}度"


def _quantity(match: re.Match[str]) -> str:
    first = f"{number_words(match[1])}到" if match[1] else ""
    amount = "两" if match[2] == "2" else number_words(match[2])
    return f"{first}{amount}{_UNITS[match[3]]}"


def _money_after(match: re.Match[str]) -> str:
    return number_words(match[1]) + (match[2] or "") + _CURRENCIES[match[3]]


_IS_MATHS = re.compile(r"[=≠≈<>≤≥√^÷×*+]")
_IS_SCORE_BEFORE = re.compile(r"(?:[以胜负败平]|分[是为]?)\s?$")
_IS_SCORE_AFTER = re.compile(r"\s?(?:[取获大战险完]?胜|[领落][先后]|击败|[负平])")
_IS_CODE_BEFORE = re.compile(
    r"(?:[码号线话编证电拨打座栋幢]|QQ|微信|pin|code)(?:是|为|[:：]|\s)*$", re.IGNORECASE
)
_IS_AMOUNT_AFTER = re.compile(r"\s?[元块人个万亿分岁次年月日点号米公]")


def _is_score(match: re.Match[str]) -> bool:
    before, after = match.string[: match.start()], match.string[match.end() :]
    return bool(_IS_SCORE_BEFORE.search(before) or _IS_SCORE_AFTER.match(after))


def _time_or_score(match: re.Match[str]) -> str:
    if match[3] is None and _is_score(match):
        return f"{cardinal(int(match[1]))}比{cardinal(int(match[2]))}"
    return _time(match)


def _any_number(match: re.Match[str]) -> str:
    """Reads digits one by one behind the name of a code, else as a number."""
    text, before = match[0], match.string[: match.start()]
    is_long = text.isdigit() and len(text) >= _LONG
    if is_long or (
        text.isdigit()
        and len(text) > 2
        and _IS_CODE_BEFORE.search(before)
        and not _IS_AMOUNT_AFTER.match(match.string[match.end() :])
    ):
        return digits(text)
    return number_words(text)


_LONG = 11
"""A number of so many digits without commas is a code."""


_IS_NUMBERED = re.compile(r"[图表式例题]\s?$")


def _years(match: re.Match[str]) -> str:
    return f"{digits(match[1])}到{digits(match[2])}"


def _minus(match: re.Match[str]) -> str:
    return "减" if _IS_MATHS.search(match.string) else "到"


def _roman(match: re.Match[str]) -> str:
    """Reads "VIII" behind Han; what is a letter or a placeholder ("X光", "XX") stays."""
    numeral, before = match[0], match.string[: match.start()]
    is_counted = before.endswith("第")
    is_plain = len(numeral) > 1 and set(numeral) <= set("IVX") and set(numeral) != {"X"}
    if is_counted or (is_plain and before and before[-1] >= "\u3400"):
        return cardinal(roman.value(numeral))
    return numeral


def _range(match: re.Match[str]) -> str:
    if _is_score(match):
        return _score(match)
    if _IS_NUMBERED.search(match.string[: match.start()]):
        return f"{number_words(match[1])}杠{number_words(match[2])}"
    if all(len(year) == 4 and 1000 <= int(year) <= 2099 for year in match.groups()):
        return _years(match)
    if _IS_MATHS.search(match.string):
        return f"{number_words(match[1])}减{number_words(match[2])}"
    return f"{number_words(match[1])}到{number_words(match[2])}"


def _score(match: re.Match[str]) -> str:
    return f"{number_words(match[1])}比{number_words(match[2])}"


def _fraction(match: re.Match[str]) -> str:
    return f"{number_words(match[2])}分之{number_words(match[1])}"


def _dotted(match: re.Match[str]) -> str:
    return "点".join(_digit_run(part) for part in match[0].lstrip("vV").split("."))


def _phone(match: re.Match[str]) -> str:
    return digits(match[0], one="幺")


def _numbered(match: re.Match[str]) -> str:
    return number_words(match[1]) + "号"


_VULGAR = {"½": "二分之一", "⅓": "三分之一", "⅔": "三分之二", "¼": "四分之一", "¾": "四分之三"}
_POWERS = {"²": "平方", "³": "立方"}


def _odd(match: re.Match[str]) -> str:
    """Numerals that are no decimal digits, and whatever else counts as a letter."""
    char = match[0]
    if char.isalpha():
        return char
    if char in _VULGAR:
        return _VULGAR[char]
    if char in _POWERS:
        return _POWERS[char]
    value = unicodedata.numeric(char, -1.0)
    return cardinal(int(value)) if value >= 0 and value.is_integer() else ""


def _latin(match: re.Match[str]) -> str:
    return match[0].replace("’", "'")


def _said(words: str) -> Callable[[re.Match[str]], str]:
    return lambda _: words


_ALONE = r"(?<![A-Za-z\d.])"
_END = r"(?![A-Za-z\d])"
_MEASURES = "个位只条张本件次天年周岁种台辆名家杯块元碗瓶双斤公口座层句页小分秒点步套把间份米倍"

RULES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    # Addresses.
    (r"(?i:https?://|www\.)[\x21-\x7e]*[A-Za-z0-9/]", _address),
    (r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", _address),
    (
        r"(?<![A-Za-z0-9])(?:[A-Za-z0-9-]+\.)+(?:com|cn|org|net|io|ai|dev|edu|gov)(?![A-Za-z0-9])"
        r"(?:/[A-Za-z0-9_./?=&%#-]*[A-Za-z0-9_/])?",
        _address,
    ),
    # Dates and times.
    (rf"{_ALONE}(\d{{4}})[-/.](0?[1-9]|1[0-2])[-/.](0?[1-9]|[12]\d|3[01]){_END}", _date),
    (rf"{_ALONE}(\d{{4}})\s?年?{_TO}(\d{{4}})(?=\s?年)", _years),
    (rf"{_ALONE}\d{{4}}(?=\s?年)", _digitwise),
    (
        rf"{_ALONE}([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：][0-5]\d)?"
        rf"(?:{_TO}([01]?\d|2[0-4])[:：]([0-5]\d))?{_END}",
        _time_or_score,
    ),
    (rf"{_ALONE}(1[0-2]|0?\d)(?:[:：]([0-5]\d))?\s?([aApP])\.?[mM]\b\.?", _half_day),
    # Telephone numbers: mobile, area code and number, 400.
    (rf"{_ALONE}(?:\+86[ -]?)?1[3-9]\d[ -]?\d{{4}}[ -]?\d{{4}}{_END}", _phone),
    (rf"{_ALONE}0\d{{2,3}}[- ]\d{{3,4}} ?\d{{4}}{_END}", _phone),
    (rf"{_ALONE}\d{{3,6}}(?:[ -]\d{{3,8}}){{2,}}{_END}", _phone),
    (r"(?<=[打拨])1[12]\d(?!\d)", _phone),
    (rf"{_ALONE}[48]00-\d{{3}}-\d{{4}}{_END}", _phone),
    (rf"{_ALONE}1[12]\d(?=电话|报警|急救)", _phone),
    # Amounts.
    (rf"({_CURRENCY})\s?({_N})(?:{_TO}[$¥￥€£]?({_N}))?\s?([万亿千百]+)?", _money),
    (rf"{_ALONE}({_N})\s?([万亿千百]+)?\s?({_CURRENCY})", _money_after),
    (r"(?<=元)/(?=[\u4e00-\u9fff])", _said("每")),
    (rf"{_ALONE}({_S})\s?‰", lambda match: f"千分之{number_words(match[1])}"),
    (rf"{_ALONE}(?:({_S})[%％]?{_TO})?({_S})\s?[%％]", _percent),
    (rf"{_ALONE}(?:({_S})°?{_TO})?({_S})\s?(?:°\s?[CF]|℃|℉|°)", _degrees),
    (rf"{_ALONE}(?:({_N}){_TO})?({_N})\s?({_UNIT})(?![A-Za-z\d²³/])", _quantity),
    # Other numbers.
    (rf"{_ALONE}(\d{{1,4}}(?:\.\d+)?)/(\d{{1,4}}){_END}(?!/)", _fraction),
    (rf"{_ALONE}[vV]?\d+(?:\.\d+){{2,}}{_END}", _dotted),
    (rf"{_ALONE}(\d{{1,3}})[:：](\d{{1,3}}){_END}", _score),
    (rf"{_ALONE}({_N}){_TO}({_N}){_END}", _range),
    (rf"(?:[Nn]o\.\s?|#)(\d+){_END}", _numbered),
    (r"(?<=[日月年号点分时元块人个米度天岁%％℃\d])\s?[-–—−~～]\s?(?=\d)", _minus),
    (rf"(?<![A-Za-z\d)）])[-−+]{_N}{_END}", _number),
    (rf"{_ALONE}(?<!第)\d+(?=\s?[{_MEASURES}])(?!\s?(?:月|分之))", _counted),
    (
        rf"{_ALONE}({_N})[eE]([-+]?\d+){_END}",
        lambda match: f"{number_words(match[1])}乘以十的{number_words(match[2])}次方",
    ),
    (rf"{_ALONE}{_N}{_END}", _any_number),
    # Words.
    (r"π", _said("派")),
    (rf"(?<![A-Za-z\d]){roman.LETTERS}(?![A-Za-z\d])", _roman),
    (r"[A-Za-z]*\d*[A-Za-z]+-?\d[A-Za-z\d-]*|\d+[A-Za-z][A-Za-z\d-]*", _mixed),
    (r"[A-Za-z]+(?:['’-][A-Za-z]+)*", _latin),
    (r"\d+", lambda match: _digit_run(match[0])),
    (r"[^\W\d_]", _odd),
    # Signs.
    (r"(?<=[A-Za-z\d])\.(?=[a-z\d])", _said("点")),
    (r"&", _said("和")),
    (r"@", _said("艾特")),
    (r"\+", _said("加")),
    (r"=", _said("等于")),
    (r"(?<=\d)\s?[*×]\s?(?=\d)", _said("乘以")),
    (r"÷", _said("除以")),
    (r"[~～≈](?=\s?\d)", _said("约")),
    (r"≤", _said("小于等于")),
    (r"≥", _said("大于等于")),
    (r"(?<=[\s\d])<(?=[\s\d])", _said("小于")),
    (r"(?<=[\s\d])>(?=[\s\d])", _said("大于")),
    (r"[→⇒]", _said("到")),
    (r"[%％]", _said("百分号")),
    (r"°", _said("度")),
    (r"√", _said("根号")),
    (r"∞", _said("无穷")),
)
"""Tried in this order at every place of the text."""
