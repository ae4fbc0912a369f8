"""What is said as one and may not be torn: "$5 million", "100.4 °F", "Mr. Smith". Pure.

A text is made of atoms, and atoms of groups. Between two atoms there is white space, or Han on both
sides. A group is read without a look at its neighbours, and a chunk is some groups: that is why the
chunks of a text, however long they may be, say together what the whole text says.

Everything here looks only at the text since the start of the group, so that it makes no difference
where a chunk began.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from voice_avatar import languages
from voice_avatar.text.abbreviations import is_initials, last_two_words
from voice_avatar.text.characters import CLOSERS, MARKS, WIDE_MARKS, WIDE_OPENERS, is_han
from voice_avatar.text.spans import LONGEST_GROUP, is_open

_LONGEST = LONGEST_GROUP

_LONGEST_ADDRESS = 2_000
"""The same for an address: what is behind its "?" is not read, but it must be known to be there."""

_ADDRESS = re.compile(r"\W*(?:\w+://|www\.|mailto:|data:)", re.IGNORECASE)
_CLEAR_COMMA = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*,")
_SEEN = 80
"""Characters at the end of a group that are looked at."""


def is_clear_comma(atom: str) -> bool:
    """Whether an atom is a word of letters alone and a comma: whatever follows, it is over."""
    return (
        atom.endswith(",")
        and _CLEAR_COMMA.fullmatch(atom) is not None
        and not _MONTH_ATOM.fullmatch(atom)  # "3rd of May, 1987"
    )


def parts(atom: str, char: str) -> bool:
    """Whether an atom is over although `char` follows it without white space."""
    if len(atom) >= _LONGEST and (len(atom) >= _LONGEST_ADDRESS or not _ADDRESS.match(atom)):
        return True
    if is_clear_comma(atom):
        return True
    if char in MARKS or char in CLOSERS:
        return False
    bare = atom.rstrip(_MARKS_AND_CLOSERS)
    tail, last = atom[len(bare) :], bare[-1:]
    is_wide = is_han(char) or char in WIDE_OPENERS
    if any(mark in WIDE_MARKS for mark in tail):
        return not (last.isdigit() and char.isdigit())
    return is_wide and bool(last) and is_han(last)


_MARKS_AND_CLOSERS = "".join(sorted(MARKS | CLOSERS))


def holds(
    group: str, separator: str, atom: str, language: str, *, is_whole: bool = True
) -> bool | None:
    """Whether an atom belongs to the group before it.

    Args:
        group: text of the group so far, never empty.
        separator: white space between them.
        atom: as much of it as is known, at least its first character.
        language: of the text.
        is_whole: whether that is all of it.

    Returns:
        None = what is to come of the atom will show it (only if it is not whole).
    """
    if is_open(group):
        return True
    if len(group) >= _LONGEST:
        return False
    if "\n" in separator:
        return False
    seen = group[-_SEEN:]
    if not separator:
        return _HAN_JOINT.search(seen + atom[0]) is not None
    if len(seen) == len(group) and not _HAS_WORD.search(seen):
        # A sign alone belongs to what it stands before; marks and closers end what was before.
        return any(char not in MARKS and char not in CLOSERS for char in group)
    if _is_sure(seen, atom[0], language):
        return True
    if not _may_hold(seen, atom[0]):
        return False
    return _holds_atom(seen, atom, language) if is_whole else None


def groups(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yields start and end of every group of a text; white space between them is in none."""
    start = end = -1
    for first, last in _atoms(text):
        if start < 0:
            start = first
        elif not holds(text[start:end], text[end:first], text[first:last], language):
            yield start, end
            start = first
        end = last
    if start >= 0:
        yield start, end


def _atoms(text: str) -> Iterator[tuple[int, int]]:
    for run in re.finditer(r"\S+", text):
        start = run.start()
        if len(run[0]) < _LONGEST and run[0].isascii() and "," not in run[0]:
            yield run.span()
            continue
        for at in range(start + 1, run.end()):
            if parts(text[start:at], text[at]):
                yield start, at
                start = at
        yield start, run.end()


# -- what belongs together

_HAS_WORD = re.compile(r"[^\W_]")
_MONTH = (
    r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec|january|february|march|april|august"
    r"|september|october|november|december|janv|févr|avr|juill|déc|janvier|février|mars|avril|mai"
    r"|juin|juillet|août|septembre|octobre|novembre|décembre)\.?"
)
COUNTED = (
    r"(?:chapters?|parts?|acts?|scenes?|volumes?|phases?|sections?|titles?|types?|levels?|bowl|war"
    r"|articles?|amendments?|rooms?|flights?|seats?|gates?|apartments?|apt|flats?|suites?|units?"
    r"|rows?|platforms?|bus|routes?|highway|interstate|lines?|versions?|codes?|pin|zip|extensions?"
    r"|ext|order|ticket|account|card|number|phone|tel|call|dial|ending|in"
    r"|chapitres?|tomes?|ligne|salle|vol|porte|place|postal|numéro|téléphone"
    r"|score|won|lost|beat|by|leads?|led|drew|tied|mach"
    r"|usd|eur|gbp|cny|rmb|jpy|chf|inr|aud|cad|hkd|nt|us|hk)"
)
"""Words in front of a number that tell what kind of number it is, lower case."""

_OPERATOR = r"(?:[+=<>×÷±*/^≤≥≠≈→⇒#№§~&@$€£¥₹√∞∈∑∏∫|\\]|[<>=!:]=|==|=>|->|=)"
_ENTITY = re.compile(r"&(?:lt|gt|le|ge|ne|times|minus|plusmn|divide);$")
_DASH = r"[-–—−~～]"
_TAKES_NUMBER = re.compile(
    rf"(?:^|[\s(\[\"'“‘«])(?:{_MONTH}|{COUNTED}[.:]?|(?-i:[A-Z]{{1,3}})|n°|h|{_OPERATOR}+)$"
    rf"|(?:\d|\d\)|\d{_DASH})$|\d ?(?:ft|feet|foot|h)$"
    r"|\b(?:pin|codes?|password|passcode|zip|account|ending|card|order|ticket|tracking|id|number"
    r"|phone|digits)(?: number)? (?:is|are|was|in|at|to)$"
    rf"|\d(?:st|nd|rd|th)? (?:of )?{_MONTH},$"
    rf"|(?:^|\s)(?:\d*[b-hj-z]|\d+[a-z])[²³]? {_DASH}$"
    rf"|\d\s?(?:[ap]\.?m\.?\s?)?{_DASH}$"
    rf"|\b{_MONTH} \d\d?(?:st|nd|rd|th|er)?,$",
    re.IGNORECASE,
)
_NUMBER_START = re.compile(r"[(\[]*[-−+±~≈<>≤≥]*[(]?(?:US|HK|NT|A|C)?[$€£¥￥₹]?\.?\d")
_UNITS = (
    r"[kcmnµμ]?m[²³]?|[kmµμ]?g|[mcd]?l|[mµμn]?s|[kmgt]?h?z|[kmgtp]i?b|[kmg]bps|[kmg]?w|[kmg]?wh"
    r"|[km]?v|m?ah?|k?cal|k?j|k?pa|bar|psi|mi|ft|yd|in|oz|lbs?|h|hr|hrs|min|mins|sec|secs|h|px|fps"
    r"|rpm|bpm|db|ha|[kmt]|mph|kph|mpg|tbsp|tsp|cups?|gal|fl|sq|pt|qt|mol|ppm|dpi|mp|k|kn|n|ω"
)
_UNIT_AFTER = re.compile(
    r"(?:(?:[ap]\.?\s?m\.?|o['’]clock|noon|midnight|million|billion|trillion|thousand|hundred"
    r"|dozen|millions?|milliards?|billions?|mille|percent|euros?|dollars?|yuan|pounds?|cents?"
    rf"|degrees?|degrés?|fahrenheit|celsius|{_MONTH}|ad|bc|bce|ce|of|x|over"
    rf"|all|{_UNITS}|[a-z]{{1,5}}/[a-zµ²³]{{1,5}}|°\s?[cfk]|hours?|years?"
    r"|inch(?:es)?|feet|foot|miles?|meters?|metres?|kilometers?|kilometres?|USD|EUR|GBP|CNY|RMB"
    r"|JPY|CHF)(?:[-–—~～]\S*)?[.,;:!?)\]\"'”’»…]*|(?:k|M|Mds?)?[€$£¥%°℃℉‰²³].*)$",
    re.IGNORECASE,
)
_NUMBER_END = re.compile(r"\d(?:st|nd|rd|th|er|e|ers)?[%°)\"'′″]?$")
_LETTERED = re.compile(r"(?:^|[\s(])\d+[A-Za-z]$")
_STREET = re.compile(
    r"^\d+[A-Za-z]?(?:-\d+)?(?: [NSEW]\.?)?(?: (?:[A-Z][\w'’-]*|\d+(?:st|nd|rd|th))){0,3}$"
)
_NAME = re.compile(r"(?:^|[\s(\"“‘'])[A-ZÀ-Þ][\w'’-]*$")
_ROMAN = re.compile(r"(?!I\b|[CDLM]\b)[IVXLCDM]+(?:['’]s|e|er|ème)?[.,;:!?)\]\"'”’»…]*$")
_TITLES = (
    r"(?:^|[\s(\"“])(?:King|Queen|Pope|Emperor|Tsar|Czar|Prince|Princess|Roi|roi|Reine|reine|Pape"
    r"|pape|Empereur|empereur)"
)
_TITLE = re.compile(rf"{_TITLES}$")
_TITLED = re.compile(rf"{_TITLES} [A-ZÀ-Þ]\w+$")
_CAPITAL = re.compile(r"[A-ZÀ-Þ]")
_HAN_JOINT = re.compile(
    r"[码号线话编证][是为]$|[码号线话编证][:：]\d$|比分[是为]?$|\d[取获大战险完击][胜败]$|\d[领落][先后]$"
    r"|\d\s?分之$|\d[电报急火]$|\d[电报急火][话警救]$|[万亿千百]分之$|第\d+[章节条课页]$|\d[平立][方米]$"
    r"|\d平方[米公千厘毫]$|\d[公千厘毫分英][里米斤克升寸尺分]$|\d[百千万亿]+[百千万亿元块]$"
)
_HAN_EDGE = re.compile(r"[\d%℃°]$")


def _is_sure(group: str, first: str, language: str) -> bool:
    """Whether the first character of the atom is enough to know that it belongs to the group."""
    if is_han(first):
        return _HAN_EDGE.search(group) is not None
    if first.isdigit() and is_han(group[-1]):
        return True
    return group[-1] == "." and _binds_by_stop(group, first, language)


def _may_hold(group: str, first: str) -> bool:
    """Whether an atom with this first character can belong to the group at all."""
    if not first.isalnum():
        return first not in "\"“”‘’'«" or group[-1].isdigit()
    if first.isdigit():
        return _TAKES_NUMBER.search(group) is not None or _ENTITY.search(group) is not None
    token = group[group.rfind(" ") + 1 :]
    if first.islower() and token.isalpha() and token.islower():
        # Most words are seen off here.
        return (token in _CODE_WORDS and first in "iwatnv") or token in ("sq", "fl")
    return (
        any(char.isdigit() for char in token)
        or _OPERATORS_AT_END.search(group) is not None
        or _ENTITY.search(group) is not None
        or (first in "IVXLCDM" and _COUNTED_END.search(group) is not None)
        or (_CAPITAL.match(first) is not None and _NAME.search(group) is not None)
        or (_STREET.match(group) is not None)
        or _DAY_OF.search(group) is not None
        or _GOES_ON.search(f"{group} {first}") is not None
        or _VARIABLE_MINUS.search(group) is not None
        or (first.isupper() and _SAINT.search(group) is not None)
    )


_VARIABLE_MINUS = re.compile(rf"(?:^|\s)(?:\d*[b-hj-z]|\d+[a-z])[²³]? {_DASH}$")
_VARIABLE = re.compile(r"\d*[a-z][²³]?[.,;:!?)]*$")
_SAINT = re.compile(r"(?:^|[\s(])St\.$")
_STARTERS = frozenset(
    "the it he she they we you i a an in on at then this that there his her its our my your turn"
    " take go but and so if when where what who how as for from after before no yes".split()
)
"""Words that begin a sentence behind "Main St." and name no saint."""

_COUNTED_END = re.compile(rf"\b{COUNTED}$")
_CODE_WORDS = frozenset(
    "pin code codes password passcode zip account ending card order ticket tracking id phone number"
    " digits scene".split()
)
_GOES_ON = re.compile(
    r"(?:\b(?:pin|codes?|password|passcode|zip|account|ending|card|order|ticket|tracking|id|phone"
    r"|number|digits) [iwatn]|\b(?-i:Part|Chapter|Act|War|Volume|Book|Phase|Section) I"
    r"|\d (?:sq|fl)\.? [a-z]|[Ss]cene [ivx]|\bp\. e|\b[IVX]{1,6}(?:e|er|ème)? [cs])$",
    re.IGNORECASE,
)
_GONE_ON = re.compile(
    r"(?:\b(?:pin|codes?|password|passcode|zip|account|ending|card|order|ticket|tracking|id|phone"
    r"|number|digits) (?:is|are|was|in|at|to|number)"
    r"|\b(?-i:Part|Chapter|Act|War|Volume|Book|Phase|Section) I"
    r"|\d (?:sq|fl)\.? \w+|[Ss]cene [ivx]+|\bp\. ex"
    r"|\b[IVX]{1,6}(?:e|er|ème)? (?:century|centuries|siècles?))"
    r"[.,;:!?)]*$",
    re.IGNORECASE,
)


_OPERATORS_AT_END = re.compile(rf"(?:^|\s){_OPERATOR}+$")
_DAY_OF = re.compile(r"\d(?:st|nd|rd|th) of$")
_HALF_DAY = re.compile(r"\d\s?[ap]\.m\.$")
_ENDED = re.compile(r"[.,;:!?…，。、；：！？][\"'”’»)\]）」』】》〉]*$")
_MONTH_ATOM = re.compile(rf"{_MONTH}[.,;:!?)\]]*$", re.IGNORECASE)


def _holds_atom(group: str, atom: str, language: str) -> bool:
    if not _HAS_WORD.search(atom) or _ENTITY.match(atom):
        if _HALF_DAY.search(group) and not atom.strip("-–—"):
            return True
        is_factorial = group[-1] == "!" and _NUMBER_END.search(group[:-1]) is not None
        # In French a space stands before them, and may stand behind an abbreviation's stop.
        is_spaced = group[-1] == "." and atom[0] in "?!;:»"
        is_continued = is_spaced or (is_factorial and atom[0] in "=<>+*/×")
        return is_continued or _ENDED.search(group) is None
    if _SAINT.search(group) and atom[0].isupper():
        return re.split(r"\W", atom)[0].lower() not in _STARTERS
    if _VARIABLE_MINUS.search(group) and _VARIABLE.match(atom):
        return True
    if _GOES_ON.search(f"{group} {atom[0]}") and _GONE_ON.search(f"{group} {atom}"):
        return True
    if _NUMBER_START.match(atom):
        return _TAKES_NUMBER.search(group) is not None or _ENTITY.search(group) is not None
    if _OPERATORS_AT_END.search(group) or _ENTITY.search(group):
        return True
    if _LETTERED.search(group):
        return True
    if _NUMBER_END.search(group) and (_UNIT_AFTER.match(atom) or _CAPITAL.match(atom)):
        return True
    if _DAY_OF.search(group):
        return _MONTH_ATOM.match(atom) is not None
    if _ROMAN.match(atom) and (_NAME.search(group) or _COUNTED_END.search(group)):
        return True
    if _TITLED.search(group) and atom.rstrip(".,;:!?") == "I":
        return True
    if _TITLE.search(group) or _STREET.match(group):
        return _CAPITAL.match(atom) is not None
    return not atom[0].isalnum() and _NUMBER_END.search(group) is not None and atom[0] in "(%°"


def _binds_by_stop(group: str, first: str, language: str) -> bool:
    """Whether the group ends with an abbreviation that what begins so always follows."""
    word = re.split(r"\s", group[:-1])[-1].lstrip("\"'“‘«([（「『")
    writing = languages.language(language).writing
    if is_initials(word):
        return word not in writing.words_of_one_letter
    return bool(writing.always & {word.lower(), last_two_words(group[:-1])}) or (
        first.isdigit() and word.lower() in writing.before_number
    )
