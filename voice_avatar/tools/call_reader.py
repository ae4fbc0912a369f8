"""Whole calls out of a model's deltas. Pure.

A call is made only if it is of a tool that was offered and its arguments are a JSON object; of any
other the model is told what is wrong with it. Whether the arguments fit the tool's schema is for
whoever carries the call out to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from voice_avatar.errors import ToolCallInvalid
from voice_avatar.events.payloads import Tool, ToolCall, ToolCallDelta, ToolCallStarted
from voice_avatar.tools.offers import MAX_ARGUMENTS_CHARS, MAX_CALLS, call_id_of, json_object

_QUOTED_CHARS: Final = 200
"""Of arguments that cannot be read, the model is shown so many characters."""


class CallReader:
    """Puts the calls of one reply together out of their deltas."""

    def __init__(self, reply_id: int, tools: Sequence[Tool]) -> None:
        self._reply_id = reply_id
        self._names = {tool.name for tool in tools}
        self._started: ToolCallStarted | None = None
        self._arguments = ""

    def start(self, started: ToolCallStarted) -> ToolCall | None:
        """Begins a call; returns the one before, which is whole now.

        Raises:
            ToolCallInvalid: there are too many.
        """
        whole = self.finish()
        if started.index >= MAX_CALLS:
            raise ToolCallInvalid(f"The language model made more than {MAX_CALLS} calls at once.")
        self._started = started
        return whole

    @property
    def is_known(self) -> bool:
        """Whether the call under way is of a tool that there is."""
        return self._started is not None and self._started.name in self._names

    def push(self, delta: ToolCallDelta) -> None:
        """Takes a piece of the arguments."""
        if len(self._arguments) <= MAX_ARGUMENTS_CHARS:
            self._arguments += delta.text

    def finish(self) -> ToolCall | None:
        """Ends the call under way, if there is one, and returns it, with its flaw."""
        started, self._started = self._started, None
        arguments, self._arguments = self._arguments.strip() or "{}", ""
        if started is None:
            return None
        call_id = call_id_of(self._reply_id, started.index)
        if flaw := self._flaw(started.name, arguments):
            return ToolCall(call_id, _named(started.name), "{}", flaw)
        return ToolCall(call_id, started.name, arguments)

    def _flaw(self, name: str, arguments: str) -> str:
        """Returns why a call cannot be made, for the model to read; "" = it can."""
        if not name:
            return "This call could not be read. Write it again."
        if name not in self._names:
            known = ", ".join(sorted(self._names)) or "none"
            return f"There is no tool of this name. There are: {known}."
        if len(arguments) > MAX_ARGUMENTS_CHARS:
            return f"The arguments are too long: at most {MAX_ARGUMENTS_CHARS} characters."
        if json_object(arguments) is None:
            return f"The arguments are not a JSON object: {arguments[:_QUOTED_CHARS]}"
        return ""


def _named(name: str) -> str:
    """Returns a name that every server takes."""
    return re.sub("[^A-Za-z0-9_-]", "_", name)[:64] or "unknown"
