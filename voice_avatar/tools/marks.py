"""The marks that models write and nobody should hear: what they are, and where one may begin. Pure.

A mark is text between brackets: of reasoning (`<think>`), of a chat template (`<|im_end|>`), or of
a call (`<tool_call>`). Names are compared without case, and without what is no letter or digit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

LONGEST_CHARS: Final = 128
"""Longest mark, characters. What is longer is text."""


class Kind(Enum):
    """What a mark does to the text after it."""

    THOUGHT = auto()
    THOUGHT_END = auto()
    CALL = auto()
    TURN_END = auto()
    TURN_START = auto()
    ROLE = auto()
    CHANNEL = auto()
    MESSAGE = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark in a text.

    Attributes:
        kind: what it does.
        start: of it, characters.
        end: of it, characters.
        name: what stands between its brackets, letters and digits, lower case.
        text: as it was written.
    """

    kind: Kind
    start: int
    end: int
    name: str
    text: str


_THOUGHTS: Final = (
    "think thinking thinks thought thoughts reasoning reason reflection scratchpad analysis"
    " rationale deliberation monologue inner_thoughts inner_thought inner_monologue"
    " internal_monologue chain_of_thought cot seed:think antml:thinking reasoning_content"
    " tool_response tool_result tool_results function_results function_response"
).split()
"""Tags around what the model tells itself, and around results, which it cannot know."""

_CALL_TAGS: Final = (
    "tool_call tool_calls toolcall function_call function_calls functioncall functioncalls"
    " minimax:tool_call antml:function_calls tool_use"
).split()

_PLAIN: Final = "s bos eos pad unk mask sep cls start_of_turn end_of_turn end_of_utterance".split()
_SQUARE: Final = (
    "INST SYS TOOL_RESULTS AVAILABLE_TOOLS SYSTEM_PROMPT gMASK sMASK UNK PAD EOS BOS CLS SEP MASK"
    " TOOL_CALLS TOOL_CALL THINK THINKING ARGS CALL_ID TOOL_CONTENT"
).split()


def _any_of(names: list[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_TAGS: Final = _any_of([*_THOUGHTS, *_CALL_TAGS])

_MARK: Final = re.compile(
    r"<\|[^<>|\n\s][^<>|\n]{0,47}\|>"
    "|<\uff5c[^<>\uff5c\n]{1,48}\uff5c>"
    r"|<\|(?:channel|tool_call|turn|think)>|<(?:channel|tool_call|turn|think)\|>"
    rf"|</?(?:{_TAGS})(?:\s[^<>]{{0,80}})?>"
    r"|<function=[^<>\s]{1,64}>|<invoke name=[^<>]{1,80}>"
    rf"|</?(?:{_any_of(_PLAIN)})>|<unused\d{{1,5}}>|<0x[0-9a-f]{{2}}>|<</?SYS>>"
    rf"|\[/?(?-i:{_any_of(_SQUARE)})\]"
    "|\u25c1/?think\u25b7",
    re.IGNORECASE,
)

_LITERALS: Final = tuple(
    literal.lower()
    for literal in (
        *(f"<{slash}{name}>" for slash in ("", "/") for name in [*_THOUGHTS, *_CALL_TAGS, *_PLAIN]),
        *("<channel|>", "<tool_call|>", "<turn|>", "<think|>", "<<SYS>>", "<</SYS>>"),
        *(
            "<function=",
            "<invoke name=",
            "<unused",
            "<0x",
            "\u25c1think\u25b7",
            "\u25c1/think\u25b7",
        ),
    )
)

_SQUARE_LITERALS: Final = tuple(f"[{slash}{name}]" for slash in ("", "/") for name in _SQUARE)
"""As they are written: `[thinking]` is a stage direction, `[THINK]` is a control token."""

_UNFINISHED: Final = re.compile(
    r"<\|(?:[^<>|\n\s][^<>|\n]{0,47}\|?)?$"
    "|<\uff5c[^<>\uff5c\n]{0,48}\uff5c?$"
    rf"|</?(?:{_TAGS})\s[^<>]{{0,80}}$"
    r"|<function=[^<>\s]{0,64}$|<invoke name=[^<>]{0,80}$"
    r"|<unused\d{0,5}$|<0x[0-9a-f]{0,2}$",
    re.IGNORECASE,
)

_OPENER: Final = re.compile("[<\\[\u25c1]")

_TURN_ENDS: Final = frozenset(
    "imend eotid eomid endofturn end endoftext endofsentence eot eos s return call endofutterance"
    " eod endoftokens endofresponse turnend endofassistant endofmessage eoturn".split()
)
_TURN_STARTS: Final = frozenset("imstart startheaderid startofturn start startofrole turn".split())
_ROLES: Final = frozenset(
    "user assistant system human bot model inst observation tool developer".split()
)
_CALLS: Final = frozenset(
    "toolcall toolcalls pythontag toolcallstart toolcallssectionbegin toolcallsbegin toolcallbegin"
    " functioncallbegin functioncall actionstart".split()
)
_THOUGHT_STARTS: Final = frozenset("beginofthought startthinking thoughtstart thinkstart".split())
_THOUGHT_ENDS: Final = frozenset("endofthought endthinking thoughtend thinkend".split())
_THOUGHT_NAMES: Final = frozenset(re.sub("[^a-z0-9]", "", name) for name in _THOUGHTS)
_CALL_NAMES: Final = frozenset(re.sub("[^a-z0-9]", "", name) for name in _CALL_TAGS)


def next_mark(text: str, start: int = 0) -> Mark | None:
    """Returns the first mark of a text; None = there is none that is whole."""
    found = _MARK.search(text, start)
    if found is None:
        return None
    raw = found[0].lower()
    # Of a tag with attributes only the name counts.
    name = re.sub("[^a-z0-9]", "", raw if raw[1:2] in "|\uff5c" else re.split(r"[\s=]", raw)[0])
    return Mark(_kind(raw, name), found.start(), found.end(), name, found[0])


def _kind(raw: str, name: str) -> Kind:
    is_close = raw[1:2] == "/" or raw[1:3] in ("|/", "\uff5c/") or raw.startswith("<</")
    if raw == "<|channel>":
        return Kind.THOUGHT
    if raw == "<channel|>":
        return Kind.THOUGHT_END
    if name in _THOUGHT_STARTS or (name in _THOUGHT_NAMES and not is_close):
        return Kind.THOUGHT_END if raw.endswith("|>") and raw[1] != "|" else Kind.THOUGHT
    if name in _THOUGHT_ENDS or name in _THOUGHT_NAMES:
        return Kind.THOUGHT_END
    if name in _CALLS or name in _CALL_NAMES or name in ("function", "invoke"):
        return Kind.OTHER if is_close or raw == "<tool_call|>" else Kind.CALL
    if name == "channel":
        return Kind.CHANNEL
    if name in ("message", "endheaderid", "endofrole", "imsep"):
        return Kind.MESSAGE
    if name in _TURN_ENDS and raw != "<s>":
        return Kind.TURN_END
    if raw == "<turn|>":
        return Kind.TURN_END
    if name in _TURN_STARTS:
        return Kind.TURN_START
    if name in _ROLES and not is_close:
        return Kind.ROLE
    return Kind.OTHER


def unfinished(text: str) -> int:
    """Returns how many characters at the end of a text may be the beginning of a mark.

    The text holds no whole mark at its end.
    """
    for found in _OPENER.finditer(text, max(0, len(text) - LONGEST_CHARS)):
        tail = text[found.start() :]
        lower = tail.lower()
        literals = _SQUARE_LITERALS if tail[0] == "[" else _LITERALS
        begun = tail if tail[0] == "[" else lower
        if any(literal.startswith(begun) for literal in literals) or _UNFINISHED.match(tail):
            return len(tail)
    return 0
