"""Whole calls out of a model's deltas. Pure.

A call is made only if it is of a tool that was offered and its arguments are a JSON object. Whether
they fit the tool's schema is for whoever carries the call out to say.
"""

from __future__ import annotations

from collections.abc import Sequence

from voice_avatar.errors import ToolCallInvalid
from voice_avatar.events.payloads import Tool, ToolCall, ToolCallDelta, ToolCallStarted
from voice_avatar.tools.offers import MAX_ARGUMENTS_CHARS, MAX_CALLS, call_id_of, json_object


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
            ToolCallInvalid: one of both cannot be made.
        """
        whole = self.finish()
        if started.name not in self._names:
            raise ToolCallInvalid("The language model called a tool that there is not.")
        if started.index >= MAX_CALLS:
            raise ToolCallInvalid(f"The language model made more than {MAX_CALLS} calls at once.")
        self._started = started
        return whole

    def push(self, delta: ToolCallDelta) -> None:
        """Takes a piece of the arguments.

        Raises:
            ToolCallInvalid: they are too long.
        """
        self._arguments += delta.text
        if len(self._arguments) > MAX_ARGUMENTS_CHARS:
            raise ToolCallInvalid("The language model called a tool with too long arguments.")

    def finish(self) -> ToolCall | None:
        """Ends the call under way, if there is one, and returns it.

        Raises:
            ToolCallInvalid: its arguments are no JSON object.
        """
        started, self._started = self._started, None
        arguments, self._arguments = self._arguments.strip() or "{}", ""
        if started is None:
            return None
        if json_object(arguments) is None:
            raise ToolCallInvalid("The language model called a tool with unreadable arguments.")
        return ToolCall(call_id_of(self._reply_id, started.index), started.name, arguments)
