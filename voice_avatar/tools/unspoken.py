"""What of a model's text is not for ears: reasoning, control tokens, the user's turn. Pure.

A model, or the server that should have read its output, lets marks through: `<think>` blocks, the
control tokens of its chat template, harmony's channels, calls in forms of their own. Here they are
taken out of a stream that may be cut anywhere, and calls are written in the one form that
`as_text.ToolTextReader` reads. Ordinary text comes out at once; only what may begin a mark waits.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

import msgspec

from voice_avatar.tools.call_forms import Call, calls_in
from voice_avatar.tools.marks import Kind, Mark, next_mark, unfinished
from voice_avatar.tools.offers import MAX_ARGUMENTS_CHARS

_HEADER_CHARS: Final = 200
"""Longest line that names whose turn begins, characters."""

_RECIPIENT: Final = re.compile(r"to=([\w.:-]{1,80})")

_PLAIN_CALLS: Final = ("<tool_call>", "<|tool_call|>", "[TOOL_CALLS]")
"""Marks after which `ToolTextReader` reads JSON as it comes."""

_NO_CALL: Final = ("", "{}")
"""Stands for a block that is none: a call of nothing, which the model is told of."""

_LEAST_CHARS: Final = 3
_HALVES: Final = ("<|", "</", "<\uff5c")
"""At the end of a reply, what begins a mark is half a mark where it is that long, or one of these:
the reply was cut in the middle of it."""


class _At(Enum):
    """Where the reader stands."""

    TEXT = auto()
    THOUGHT = auto()
    PEEK = auto()
    CALL = auto()
    HEADER = auto()
    CHANNEL = auto()
    HIDDEN = auto()
    OVER = auto()


class Unspoken:
    """Takes out of one reply what nobody should hear or see.

    Attributes:
        has_lone_end: whether reasoning ended that never began: the template had begun it.
    """

    def __init__(self, *, begins_in_thought: bool = False) -> None:
        """`begins_in_thought`: the prompt ends in the mark that begins reasoning."""
        self._at = _At.THOUGHT if begins_in_thought else _At.TEXT
        self._depth = 1 if begins_in_thought else 0
        self._held = ""
        self._out: list[str] = []
        self._block = ""
        self._opener: Mark | None = None
        self._recipient = ""
        self._has_said = False
        self._ends_in_space = True
        self._eats_space = False
        self._is_harmony = False
        self._is_passing = False
        self.has_lone_end = False

    @property
    def is_hiding(self) -> bool:
        """Whether what comes now is reasoning, or else nothing to hear."""
        return self._at in (_At.THOUGHT, _At.HIDDEN, _At.HEADER, _At.CHANNEL)

    def push(self, text: str) -> str:
        """Takes text; returns what is to be read of it and of what was held."""
        self._held += text
        while self._step():
            pass
        return self._flush()

    def finish(self) -> str:
        """Ends the reply: returns what was held back, as far as it is text."""
        held, self._held = self._held, ""
        if self._at is _At.TEXT and not (len(held) >= _LEAST_CHARS or held in _HALVES):
            self._say(held)
        elif self._at in (_At.PEEK, _At.CALL):
            self._block += held
            self._end_call()
        self._at = _At.OVER
        return self._flush()

    def _flush(self) -> str:
        text = "".join(self._out)
        self._out.clear()
        return text

    # -- what comes out

    def _say(self, text: str) -> None:
        if self._eats_space and self._ends_in_space:
            text = text.lstrip()
        if not text:
            return
        self._eats_space = False
        self._ends_in_space = text[-1].isspace()
        self._has_said = self._has_said or not text.isspace()
        self._out.append(text)

    def _say_calls(self, calls: list[Call]) -> None:
        for name, arguments in calls:
            quoted = msgspec.json.encode(name).decode()
            self._say(f'<tool_call>{{"name":{quoted},"arguments":{arguments}}}</tool_call>')

    # -- what comes in

    def _step(self) -> bool:
        """Takes a step; returns whether there may be another."""
        if self._at is _At.OVER:
            self._held = ""
            return False
        if self._at is _At.PEEK:
            return self._peek()
        mark = next_mark(self._held)
        if mark is None:
            return self._without_mark()
        before, self._held = self._held[: mark.start], self._held[mark.end :]
        if self._at is _At.HEADER and "\n" in before:
            self._held = before + mark.text + self._held
            return self._without_mark()
        if self._at is _At.TEXT:
            self._say(before)
            self._eats_space = True
        elif self._at in (_At.CALL, _At.HEADER, _At.CHANNEL):
            self._block += before
        self._take(mark)
        return True

    def _without_mark(self) -> bool:
        """Takes what is held, up to where a mark may begin."""
        if self._at is _At.HEADER and "\n" in self._held:
            line, _, self._held = self._held.partition("\n")
            self._block += line
            self._begin_turn()
            return True
        end = len(self._held) - unfinished(self._held)
        text, self._held = self._held[:end], self._held[end:]
        if self._at is _At.TEXT:
            self._say(text)
        elif self._at in (_At.CALL, _At.HEADER, _At.CHANNEL):
            self._block += text
            is_header = self._at is not _At.CALL
            if len(self._block) > (_HEADER_CHARS if is_header else 2 * MAX_ARGUMENTS_CHARS):
                self._block = ""
                self._at = _At.HIDDEN
                self._say_calls([] if is_header else [_NO_CALL])
        return False

    def _take(self, mark: Mark) -> None:
        match self._at:
            case _At.THOUGHT:
                self._in_thought(mark)
            case _At.CALL:
                self._in_call(mark)
            case _At.HEADER:
                self._in_header(mark)
            case _At.CHANNEL if mark.kind is Kind.MESSAGE:
                self._begin_message()
            case _At.CHANNEL if mark.kind in (Kind.OTHER, Kind.THOUGHT):
                pass  # `<|constrain|>` and the like
            case _:
                self._in_text(mark)

    def _in_text(self, mark: Mark) -> None:
        """A mark in text, or in what is hidden of a channel."""
        is_hidden = self._at is not _At.TEXT
        match mark.kind:
            case Kind.THOUGHT if not is_hidden:
                self._at, self._depth = _At.THOUGHT, 1
            case Kind.THOUGHT_END if not is_hidden:
                self.has_lone_end = True
                self._out.clear()  # it was reasoning; what has gone out before cannot be taken back
                self._has_said, self._ends_in_space = False, True
            case Kind.CALL if not is_hidden:
                self._begin_call(mark)
            case Kind.TURN_END:
                self._end_turn(mark)
            case Kind.TURN_START:
                self._at, self._block = _At.HEADER, ""
            case Kind.CHANNEL:
                self._is_harmony = True
                self._at, self._block = _At.CHANNEL, ""
            case Kind.ROLE:
                is_own = mark.name in ("assistant", "bot", "model")
                self._at = _At.TEXT if is_own and not self._has_said else _At.OVER
            case Kind.OTHER if self._is_passing and "tool_call" in mark.text and not is_hidden:
                self._is_passing = False
                self._say("</tool_call>")
            case _:
                pass

    def _in_thought(self, mark: Mark) -> None:
        if mark.kind is Kind.THOUGHT:
            self._depth += 1
        elif mark.kind is Kind.THOUGHT_END:
            self._depth -= 1
            if self._depth == 0:
                self._at, self._eats_space = _At.TEXT, True
        elif mark.kind in (Kind.TURN_END, Kind.TURN_START, Kind.CHANNEL):
            self._depth = 0
            self._in_text_after_thought(mark)

    def _in_text_after_thought(self, mark: Mark) -> None:
        """A turn ends within a thought: with it the thought does."""
        self._at = _At.HIDDEN
        self._in_text(mark)

    def _end_turn(self, mark: Mark) -> None:
        if self._is_harmony and mark.name == "end":
            self._at = _At.HIDDEN  # a message of several
        elif self._has_said:
            self._at = _At.OVER
        elif self._at is _At.CHANNEL:
            self._at = _At.HIDDEN

    # -- whose turn, which channel

    def _in_header(self, mark: Mark) -> None:
        if mark.kind is Kind.CHANNEL:
            found = _RECIPIENT.search(self._block)
            is_own = self._is_own(self._block)
            self._is_harmony = True
            self._block = f"{found[0]} " if found else ""
            self._at = _At.CHANNEL if is_own else _At.OVER
        elif mark.kind is Kind.MESSAGE:
            self._begin_turn()
        else:
            self._begin_turn()
            if self._at is _At.TEXT:
                self._in_text(mark)

    def _begin_turn(self) -> None:
        """The line that says whose turn begins is whole."""
        may_go_on = self._is_own(self._block) and (self._is_harmony or not self._has_said)
        self._at, self._block, self._eats_space = _At.OVER, "", True
        if may_go_on:
            self._at = _At.TEXT

    @staticmethod
    def _is_own(header: str) -> bool:
        return header.strip().lower().startswith(("assistant", "model")) or not header.strip()

    def _begin_message(self) -> None:
        """The name of a channel is whole: what follows is said, a call, or neither."""
        found = _RECIPIENT.search(self._block)
        is_final = self._block.strip().lower().startswith("final")
        self._block, self._eats_space = "", True
        if found is not None and found[1] != "user":
            self._recipient = found[1]
            self._opener = None
            self._at = _At.CALL
        else:
            self._at = _At.TEXT if is_final else _At.HIDDEN

    # -- calls

    def _begin_call(self, mark: Mark) -> None:
        self._opener, self._recipient = mark, ""
        is_part = mark.name in ("function", "invoke")
        self._block = mark.text if is_part else ""
        self._at = _At.PEEK if mark.text in _PLAIN_CALLS else _At.CALL

    def _peek(self) -> bool:
        """Looks whether JSON follows, which is passed on as it comes, or a form of its own."""
        rest = self._held.lstrip()
        if not rest:
            return False
        if self._opener is not None and (rest[0] == "{" or re.match(r"\[\s*\{", rest)):
            self._at, self._held = _At.TEXT, rest
            self._say(self._opener.text)
            self._is_passing = True
            return True
        if rest.strip() == "[":
            return False
        self._at = _At.CALL
        return True

    def _in_call(self, mark: Mark) -> None:
        """A mark in a call: its end, the end of the turn, or part of its form."""
        opened = self._opener
        if mark.kind in (Kind.TURN_END, Kind.TURN_START, Kind.ROLE, Kind.CHANNEL):
            self._end_call()
            self._in_text(mark)
        elif opened is not None and _ends(opened, mark):
            self._end_call()
        else:
            self._block += mark.text

    def _end_call(self) -> None:
        calls = calls_in(self._block, self._recipient)
        if not calls and self._block.strip():
            calls = [_NO_CALL]
        self._block, self._recipient, self._at = "", "", _At.TEXT
        self._say_calls(calls)
        self._has_said = self._has_said or bool(calls)
        self._eats_space = True


def _ends(opener: Mark, mark: Mark) -> bool:
    """Whether a mark ends the call that the other one began."""
    if mark.text.startswith(("</", "<|/", "[/")) or mark.text == "<tool_call|>":
        return mark.name == opener.name or mark.text == "<tool_call|>"
    ends = opener.name.replace("begin", "end").replace("start", "end")
    return ends != opener.name and mark.name == ends
