"""Tools that the language model may call: what they may be. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from voice_avatar.events.payloads import Tool

MAX_TOOLS: Final = 32
"""Most tools of a session: each is read by the model before every first token."""

NAME_PATTERN: Final = "^[A-Za-z0-9_-]{1,64}$"
"""Names of tools, as OpenAI's API has them."""

MAX_DESCRIPTION_CHARS: Final = 1024
"""Longest description of a tool, characters."""

MAX_PARAMETERS_CHARS: Final = 8192
"""Longest schema of a tool's arguments, characters of JSON."""

MAX_TOOLS_CHARS: Final = 32_768
"""All tools together, characters of JSON."""

MAX_CALLS: Final = 8
"""Most calls of one reply."""

MAX_ARGUMENTS_CHARS: Final = 16_384
"""Longest arguments of a call, characters."""

MAX_OUTPUT_CHARS: Final = 32_768
"""Longest result of a call, characters."""

CHOICES: Final = frozenset({"auto", "none", "required"})
"""Tool choices that are no names; no tool may be called so."""

_NAME: Final = re.compile(NAME_PATTERN)


def flaw(tools: Sequence[Tool]) -> str:
    """Returns what is wrong with a list of tools, in a sentence; "" = nothing."""
    if len(tools) > MAX_TOOLS:
        return f"There may be {MAX_TOOLS} tools."
    names = [tool.name for tool in tools]
    for tool in tools:
        if not _NAME.fullmatch(tool.name):
            return "A tool's name is 1 to 64 letters, digits, _ and -."
        if tool.name in CHOICES:
            return f"No tool may be called {tool.name!r}."
        if names.count(tool.name) > 1:
            return f"There is more than one tool {tool.name!r}."
        if len(tool.description) > MAX_DESCRIPTION_CHARS:
            return f"The description of {tool.name!r} is over {MAX_DESCRIPTION_CHARS} characters."
        if len(tool.parameters) > MAX_PARAMETERS_CHARS:
            return f"The parameters of {tool.name!r} are over {MAX_PARAMETERS_CHARS} characters."
        schema = json_object(tool.parameters)
        if schema is None or schema.get("type") != "object":
            return f'The parameters of {tool.name!r} are no JSON schema of type "object".'
    if sum(map(size_chars, tools)) > MAX_TOOLS_CHARS:
        return f"All tools together may have {MAX_TOOLS_CHARS} characters."
    return ""


def size_chars(tool: Tool) -> int:
    """Returns the characters of what the model reads of a tool, names and schema."""
    return len(tool.name) + len(tool.description) + len(tool.parameters)


def settled_choice(tools: Sequence[Tool], choice: str) -> str:
    """Returns the tool choice that counts: "auto" for a name that is no tool's."""
    if not tools:
        return "none"
    return choice if choice in CHOICES or any(t.name == choice for t in tools) else "auto"


def call_id_of(reply_id: int, index: int) -> str:
    """Returns the id of a reply's call, unique within the session."""
    return f"call_{reply_id}_{index}"


def json_object(text: str) -> dict[str, Any] | None:
    """Returns a JSON object, None where the text is none."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
