"""Generated text -> display text and tags, one character at a time. Pure.

Tags, markdown marks, link targets and emoji come out; what remains is what captions show. Code and
formulas are shown as they are written. Every
decision depends on the characters so far and never on how they were cut into deltas.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from voice_avatar.text.characters import is_han
from voice_avatar.text.spans import LONGEST_FORMULA
from voice_avatar.text.tags import CodeEdge, Tag, has_key, is_tag, parse_tag
from voice_avatar.vocabulary import Vocabulary

MAX_TAG_CHARS = 48
"""A '[' that is not closed within so many characters is text (reference section 4.1)."""

_MAX_URL_CHARS = 2_000
_MARKS = frozenset("*_#>-+=~|`")
_LINE_ENDS = frozenset("\n\r\v\f\x85\u2028\u2029")
_AFTER_TAG = frozenset(",.!?;:)")

Item = str | Tag | CodeEdge
"""A visible character, white space before one, or what stands between two."""

_EMOJI = (
    (0x200D, 0x200D),  # zero-width joiner
    (0x20E3, 0x20E3),  # keycap
    (0x231A, 0x231B),
    (0x23E9, 0x23FA),
    (0x2600, 0x27BF),  # miscellaneous symbols, dingbats
    (0x2B1B, 0x2B55),
    (0x3030, 0x303D),
    (0xFE00, 0xFE0F),  # variation selectors
    (0x1F000, 0x1FAFF),
    (0xE0020, 0xE007F),  # tags of flags
)
"""Blocks of the Unicode standard that hold emoji and what joins them."""

_FIRST_EMOJI = 0x200D


def is_emoji(char: str) -> bool:
    """Whether the character is an emoji or a part of one."""
    code = ord(char)
    return code >= _FIRST_EMOJI and any(first <= code <= last for first, last in _EMOJI)


class MarkupReader:
    """Takes markup out of one reply.

    Attributes:
        unknown_tags: how many tags were dropped because nobody knows them.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.unknown_tags = 0
        self._vocabulary = vocabulary
        self._out: list[Item] = []
        self._step: Callable[[str], None] = self._text
        self._before = ""  # last visible character of this line
        self._separator = ""  # white space owed before the next visible character
        self._is_silent = True  # nothing was shown yet
        self._run = ""  # equal marks that may be markup or text
        self._body = ""  # what followed a '[' or a '('
        self._depth = 0  # open parentheses in a link's target
        self._is_row = False  # in a table
        self._owes_comma = False  # between two cells of it
        self._is_after_tag = False
        self._last_emoji: Tag | None = None
        self._formula_end = ""  # what ends the formula that is open
        self._formula_chars = 0
        self._is_dollar = False  # a dollar sign came that may open one
        self._line = ""  # of code: its beginning, as long as it may be the end of the block
        self._blank = ""  # white space of code, owed before its next visible character

    def push(self, delta: str) -> list[Item]:
        """Reads on; returns visible characters, one by one, with the tags between them.

        White space comes out only before a visible character: one space, or one newline; in code,
        all of it.
        """
        for char in delta:
            self._step(char)
        out, self._out = self._out, []
        return out

    def flush(self) -> list[Item]:
        """Ends the reply."""
        if self._run:
            self._settle("")
        if self._step == self._tag:
            self._give_up_tag()
        elif self._step == self._after_tag:
            self._close_tag()
        elif self._step == self._target:
            self._give_up_target()
        elif self._step == self._fence and self._before:
            self._step = self._text
            for each in self._body:
                self._step(each)
        elif self._step in (self._code, self._code_line):
            self._end_code()
            self._step = self._text
        return self.push("")

    # -- text

    def _text(self, char: str) -> None:
        is_dollar, self._is_dollar = self._is_dollar, False
        if is_dollar and not self._formula_end and (char.isalpha() or char in "\\({|"):
            self._formula_end, self._formula_chars = "$", 0
        if self._formula_end:
            self._in_formula(char)
            return
        if self._run:
            if char == self._run[0] or (self._is_row and char in "-:" and self._run[0] in "-:"):
                self._run += char
                return
            self._settle(char)
            if self._step != self._text:
                self._step(char)
                return
        if char.isspace():
            self._space(char)
        elif char == "[" and not (self._before == "\\" and not self._separator):
            self._body, self._step = "", self._tag
        elif char in _MARKS or (char == ":" and self._is_row):
            self._run = char
        elif is_emoji(char):
            self._emoji(char)
        elif char.isprintable():
            self._show(char)

    def _space(self, char: str) -> None:
        if char in _LINE_ENDS:
            self._separator, self._before = "\n", ""
            self._is_row = self._owes_comma = False
        elif self._before and not self._separator:
            self._separator = " "

    def _show(self, char: str) -> None:
        if self._owes_comma:
            self._owes_comma = False
            self._out.append(",")
            self._separator = " "
        if self._is_after_tag:
            self._is_after_tag = False
            self._separator = self._joint(char)
        if self._separator and not self._is_silent:
            self._out.append(self._separator)
        self._is_silent = False
        self._last_emoji = None
        opener = self._before + char if not self._separator else char
        self._is_dollar = char == "$" and not opener[:-1].isalnum()
        self._before = char
        self._out.append(char)
        self._separator = ""
        if end := _FORMULA_ENDS.get(opener[-2:]):
            self._formula_end, self._formula_chars = end, 0

    def _in_formula(self, char: str) -> None:
        """Shows a character of a formula: marks in it are no markdown."""
        self._formula_chars += 1
        end, self._formula_end = self._formula_end, ""
        last = self._before
        if char.isspace():
            self._space(char)
            is_over = end == "$" and char in _LINE_ENDS
        else:
            if char.isprintable() and not is_emoji(char):
                self._show(char)
            is_over = last != "\\" if char == end else last + char == end
        self._is_dollar = False
        is_open = not is_over and self._formula_chars <= LONGEST_FORMULA
        self._formula_end = end if is_open else ""

    def _joint(self, char: str) -> str:
        """White space where a tag stood: "Hi [x], you" and "one[x]two" need other than theirs."""
        if self._separator == " " and char in _AFTER_TAG:
            return ""
        if not self._separator and self._before and char.isalnum():
            return "" if is_han(char) or is_han(self._before) else " "
        return self._separator

    def _emoji(self, char: str) -> None:
        self._is_after_tag = True
        if known := self._vocabulary.emoji.get(char):
            tag = Tag(*known)
            if tag != self._last_emoji:
                self._out.append(tag)
            self._last_emoji = tag

    # -- marks of markdown

    def _settle(self, after: str) -> None:
        """Decides what a run of marks is, now that the character after it is known."""
        run, self._run = self._run, ""
        is_line_start = not self._before
        is_spaced = (is_line_start or bool(self._separator), after == "" or after.isspace())
        if run[0] == "`":
            if len(run) >= 3:
                self._body, self._step = "", self._fence
            return
        if run[0] == "~" and len(run) >= 3 and is_line_start:
            self._body, self._step = "", self._fence
            return
        if run[0] == "|" and (self._is_row or is_line_start):
            self._is_row = True
            self._owes_comma = not is_line_start
            return
        if not _is_mark(run, is_line_start, self._is_row, is_spaced, self._before, after):
            for char in run:
                self._show(char)

    def _fence(self, char: str) -> None:
        """Skips the rest of a line that opens a block of code, if that is what it does."""
        if char not in _LINE_ENDS:
            self._body += char
            if char in "`" or not (self._before == "" or _IS_FENCE_INFO(self._body)):
                text, self._body = self._body, ""
                self._step = self._text
                for each in text:
                    self._step(each)
        else:
            self._step = self._code
            self._space(char)
            self._line, self._blank = "", ""
            self._out.append(CodeEdge(is_begin=True))

    def _code(self, char: str) -> None:
        """Shows a block of code as it is written, but for the line that ends it."""
        if char in _LINE_ENDS:
            if _is_fence(self._line):
                self._end_code()
                self._step, self._line = self._text, ""
                return
            self._show_code(self._line)
            self._line = ""
            self._blank += "\n"
        else:
            self._line += char
            if not _may_be_fence(self._line):
                self._show_code(self._line)
                self._line = ""
                self._step = self._code_line

    def _code_line(self, char: str) -> None:
        """Shows the rest of a line of code."""
        if char in _LINE_ENDS:
            self._step = self._code
            self._blank += "\n"
        else:
            self._show_code(char)

    def _show_code(self, text: str) -> None:
        for char in text:
            if char.isspace():
                self._blank += char
            elif char.isprintable():
                if not self._is_silent and (blank := self._separator + self._blank):
                    self._out.append(blank)
                self._blank = self._separator = ""
                self._is_silent = False
                self._out.append(char)

    def _end_code(self) -> None:
        if self._line and not _is_fence(self._line):
            self._show_code(self._line)
        self._line = self._blank = ""
        self._separator, self._before = "\n", ""
        self._out.append(CodeEdge(is_begin=False))

    # -- tags and links

    def _tag(self, char: str) -> None:
        if char == "]":
            if has_key(self._body, self._vocabulary):
                self._close_tag()
            else:
                self._step = self._after_tag
        elif char == "[" or char in _LINE_ENDS:
            self._give_up_tag()
            self._step(char)
        else:
            self._body += char
            if len(self._body) > MAX_TAG_CHARS:
                self._give_up_tag()

    def _after_tag(self, char: str) -> None:
        if char != "(":
            self._close_tag()
            self._step(char)
            return
        text, self._body = self._body, ""
        self._as_text(text)
        self._depth, self._step = 1, self._target

    def _close_tag(self) -> None:
        self._step = self._text
        if not is_tag(self._body):
            self._as_text(f"[{self._body}]")
            return
        self._is_after_tag = True
        if tag := parse_tag(self._body, self._vocabulary):
            self._out.append(tag)
        else:
            self.unknown_tags += 1

    def _give_up_tag(self) -> None:
        """A '[' stays open: a tag that was cut off is dropped, anything else is text."""
        self._step = self._text
        if has_key(self._body, self._vocabulary) and " " not in self._body:
            self.unknown_tags += 1
            self._is_after_tag = True
        else:
            self._as_text("[" + self._body)

    def _target(self, char: str) -> None:
        """Skips a link's target."""
        if char in _LINE_ENDS or len(self._body) > _MAX_URL_CHARS:
            self._give_up_target()
            self._step(char)
            return
        self._body += char
        self._depth += (char == "(") - (char == ")")
        if self._depth == 0:
            self._step = self._text

    def _give_up_target(self) -> None:
        self._step = self._text
        self._as_text("(" + self._body)

    def _as_text(self, text: Iterable[str]) -> None:
        """Shows text that was held back; it holds no tag any more."""
        self._step = self._text
        for char in text:
            if char in "[]":
                if self._run:
                    self._settle(char)
                self._show(char)
            else:
                self._step(char)


_FORMULA_ENDS = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}
"""What opens a formula, and what ends it; a single dollar sign is a price as often."""


_IS_FENCE_INFO = re.compile(r"[\w+#.-]* *").fullmatch
"""What may stand behind the marks that open a block of code within a line."""


def _is_fence(line: str) -> bool:
    """Whether a line ends a block of code."""
    bare = line.strip()
    return len(bare) >= 3 and (not bare.strip("`") or not bare.strip("~"))


def _may_be_fence(line: str) -> bool:
    bare = line.strip()
    return not bare.strip("`") or not bare.strip("~")


def _is_mark(
    run: str,
    is_line_start: bool,
    is_row: bool,
    is_spaced: tuple[bool, bool],
    before: str,
    after: str,
) -> bool:
    """Whether a run of one mark is markdown (then it is not shown)."""
    is_bullet = is_line_start and len(run) == 1 and is_spaced[1] and after != ""
    match run[0]:
        case "*":
            is_spaced_sign = all(is_spaced) and before != "" and after != ""
            is_product = is_spaced_sign or (before.isdigit() and after.isdigit())
            return is_bullet or len(run) > 1 or not is_product
        case "_":
            return not (before.isalnum() and after.isalnum() and not is_spaced[0])
        case "#":
            return is_line_start and len(run) <= 6 and is_spaced[1]
        case ">":
            return is_line_start
        case "-" | ":":
            is_rule = len(run) >= 3 and is_line_start
            return is_bullet or is_rule or (is_row and "--" in run)
        case "+":
            return is_bullet
        case "=":
            return is_line_start and len(run) >= 3
        case _:  # "~", "|"
            return run[0] == "~" and len(run) >= 2
