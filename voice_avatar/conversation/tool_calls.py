"""The tools of a session and the calls under way: from a call to the reply with its result. Pure.

A call is in history only together with its result: some chat templates and servers refuse a prompt
with a call that nothing answers. What is cancelled has a result that says so: the tool may
have done its work, and a model that does not see its call would make it again.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, replace
from typing import Literal

from voice_avatar.conversation.history import tail_cut
from voice_avatar.events.notices import (
    CancelReason,
    ToolCalled,
    ToolCancelled,
    WarningNotice,
)
from voice_avatar.events.payloads import Message, Tool, ToolCall
from voice_avatar.stages.llm import estimate_tokens
from voice_avatar.tools.offers import settled_choice

TIMED_OUT = '{"error":"The tool did not answer in time."}'
"""What the model is told in place of a result that did not come."""

CANCELLED = (
    '{"error":"Cancelled before a result came. It may have been carried out all the same:'
    ' do not call it again unless you are asked to."}'
)
"""What the model is told in place of a result that nobody waited for."""

Verdict = Literal["taken", "late", "unknown"]

_REMEMBERED = 64
"""Calls that are over and whose late results are told from those of calls that never were."""

_FRAME_TOKENS = 24
"""Tokens that a chat template adds to a tool, and twice four of them around all, at most."""


@dataclass(slots=True)
class _Open:
    """One call: when its time is up, and what came back."""

    call: ToolCall
    ends_s: float | None
    output: str | None = None


def told_of(reply_id: int, call: ToolCall) -> ToolCalled | WarningNotice:
    """Returns the notice of a call: itself, or that it cannot be made."""
    if call.flaw:
        return WarningNotice(
            "tool_call_invalid",
            "The language model wrote a call of a tool that cannot be made.",
            reply_id,
            call,
        )
    return ToolCalled(reply_id, call.call_id, call.name, call.arguments)


def error_result(message: str) -> str:
    """Returns the result of a call that was not carried out, for the model to read."""
    return json.dumps({"error": message}, ensure_ascii=False)


def prompt_tokens(tools: tuple[Tool, ...]) -> int:
    """Returns how many tokens the tools take in a prompt, estimated from above."""
    if not tools:
        return 0
    texts = (f"{tool.name} {tool.description} {tool.parameters}" for tool in tools)
    return sum(estimate_tokens(text) + _FRAME_TOKENS for text in texts) + 8 * _FRAME_TOKENS


class ToolCalls:
    """What may be called, and the calls that are not in history yet: all of one reply.

    Attributes:
        tools: what may be called.
        follows_up: whether results are waited for, and a reply with them follows by itself.
        is_whole: whether the reply that called makes no more calls.
        reply_id: that reply.
        turn_id: the user's turn that it answers.
    """

    def __init__(self, timeout_s: float, max_rounds: int) -> None:
        """`timeout_s` 0 = results are waited for without end."""
        self._timeout_s = timeout_s
        self._max_rounds = max_rounds
        self._choice = "auto"
        self._rounds = 0
        self._open: dict[str, _Open] = {}
        self._over: deque[str] = deque(maxlen=_REMEMBERED)
        self.tools: tuple[Tool, ...] = ()
        self.follows_up = True
        self.is_whole = False
        self.reply_id = 0
        self.turn_id = 0

    # -- tools

    def change(
        self, tools: tuple[Tool, ...] | None, choice: str | None, follows_up: bool | None
    ) -> None:
        """Changes settings, None = leave as it is. Calls under way are not touched."""
        self.tools = self.tools if tools is None else tools
        self._choice = choice or self._choice
        self.follows_up = self.follows_up if follows_up is None else follows_up

    def choice(
        self, tools: tuple[Tool, ...] | None, chosen: str | None, *, is_follow_up: bool
    ) -> str:
        """Returns the tool choice of the next reply.

        A choice that demands a call is met by the first: else the model would call for ever.

        Args:
            tools: what it may call; None = the session's.
            chosen: its own choice; None = the session's.
            is_follow_up: whether it uses the results of the one before.
        """
        choice = settled_choice(self.tools if tools is None else tools, chosen or self._choice)
        if not is_follow_up or choice == "none":
            return choice
        return "none" if self._rounds >= self._max_rounds else "auto"

    # -- calls

    @property
    def is_open(self) -> bool:
        """Whether results are waited for, or the reply that uses them."""
        return bool(self._open)

    def begin_turn(self) -> None:
        """The user has said something new."""
        self._rounds = 0

    def announce(
        self, reply_id: int, turn_id: int, call: ToolCall, now_s: float
    ) -> ToolCalled | WarningNotice:
        """Returns the notice of a call of a committed reply; its time runs from now on.

        A call that cannot be made is nobody's to answer: its result says what is wrong with it.
        """
        if reply_id != self.reply_id:
            self.reply_id, self.turn_id = reply_id, turn_id
            self.is_whole = False
            self._rounds += 1
        if self.follows_up:
            ends_s = now_s + self._timeout_s if self._timeout_s else None
            told = error_result(call.flaw) if call.flaw else None
            self._open[call.call_id] = _Open(replace(call, flaw=""), ends_s, told)
        return told_of(reply_id, call)

    def answer(self, call_id: str, output: str) -> Verdict:
        """Takes a result."""
        entry = self._open.get(call_id)
        if entry is None:
            return "late" if call_id in self._over else "unknown"
        if entry.output is not None:
            return "late"
        entry.output = output
        return "taken"

    @property
    def is_due(self) -> bool:
        """Whether the reply with the results may be made: all are there, and it is wanted."""
        is_answered = all(item.output is not None for item in self._open.values())
        return self.is_open and self.is_whole and is_answered

    @property
    def deadline_s(self) -> float | None:
        """When the time of a call is up, None for never."""
        times = (item.ends_s for item in self._open.values() if item.output is None)
        return min((time for time in times if time is not None), default=None)

    def give_time(self, pause_s: float) -> None:
        """Nobody could answer for so long, seconds."""
        for item in self._open.values():
            if item.ends_s is not None:
                item.ends_s += pause_s

    def time_out(self, now_s: float) -> list[ToolCancelled]:
        """Gives the calls whose time is up a result that says so."""
        late = [
            item
            for item in self._open.values()
            if item.output is None and item.ends_s is not None and now_s >= item.ends_s
        ]
        for item in late:
            item.output = TIMED_OUT
        return [ToolCancelled(self.reply_id, item.call.call_id, "timeout") for item in late]

    def cancel(self, reason: CancelReason) -> list[ToolCancelled]:
        """Gives up the calls that are not answered; all stay, for history."""
        lost = [item for item in self._open.values() if item.output is None]
        for item in lost:
            item.output = CANCELLED
        return [ToolCancelled(self.reply_id, item.call.call_id, reason) for item in lost]

    def messages(self, text: str, room_tokens: int) -> tuple[Message, ...]:
        """Returns what history will hold of the calls that are answered: calls, then results.

        Args:
            text: what the reply said besides.
            room_tokens: for all results together; each is cut at its end to its equal share.
        """
        items = [item for item in self._open.values() if item.output is not None]
        if not items:
            return ()
        share = room_tokens // len(items)
        results = (
            Message("tool", tail_cut(item.output or "", share), call_id=item.call.call_id)
            for item in items
        )
        return (Message("assistant", text, tuple(item.call for item in items)), *results)

    def close(self) -> None:
        """They are in history now."""
        self._close(list(self._open))

    def _close(self, call_ids: list[str]) -> None:
        self._over += call_ids
        for call_id in call_ids:
            del self._open[call_id]
