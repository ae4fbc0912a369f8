"""Replies out of band: made and sent like any other, and in nobody's history. Pure.

The session decides on them as on every reply, so that defaults, bounds, language and tools are what
is set now, and a recording of the session holds them. But they have no turn and no gate, nothing
paces them, and whatever is said in the conversation does not touch them: they are not in its slots
(`states.SLOTS`), and any number may run at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from voice_avatar.conversation.prompts import Prompts
from voice_avatar.conversation.tool_calls import told_of
from voice_avatar.events.commands import CancelReply, Command
from voice_avatar.events.inputs import (
    AudioSent,
    ReplyFailed,
    ReplyGenerated,
    ReplyReady,
    ReplyRequest,
    ReplyTextAdded,
    SegmentPlanned,
    ToolCallMade,
)
from voice_avatar.events.notices import Notice, ReplyDone, ReplyStarted, ReplyStatus

OUT_OF_BAND_FROM = 1_000_000_000
"""Their ids begin here: those of the conversation never come so far, so that whoever drops what is
left of a cut reply and of all before it drops nothing of theirs."""

ReplyEvent = (
    ReplyTextAdded
    | ToolCallMade
    | SegmentPlanned
    | ReplyReady
    | AudioSent
    | ReplyGenerated
    | ReplyFailed
)
"""What is told of a reply while it is made and sent."""


@dataclass(slots=True)
class _Beside:
    """One of them: what was written of it, and whether it has failed."""

    text: str = ""
    is_failed: bool = False


class OutOfBand:
    """The replies that run beside one conversation."""

    def __init__(self, prompts: Prompts, rate_hz: int) -> None:
        """`rate_hz` is the clock of the replies."""
        self._prompts = prompts
        self._rate_hz = rate_hz
        self._last_id = OUT_OF_BAND_FROM - 1
        self._running: dict[int, _Beside] = {}

    def __contains__(self, reply_id: int | None) -> bool:
        return reply_id in self._running

    def ask(self, request: ReplyRequest, language: str) -> list[Command | Notice]:
        """Starts a reply in a language, ISO 639-1."""
        self._last_id += 1
        reply_id = self._last_id
        self._running[reply_id] = _Beside()
        start = self._prompts.start_beside(reply_id, request, language)
        # First, before anything of it can come: its maker is only commanded.
        return [start, ReplyStarted(reply_id, 0, self._rate_hz, request.ask_id)]

    def reply_event(self, event: ReplyEvent) -> list[Notice]:
        """Takes what became of a reply; one that is over already tells nothing."""
        reply = self._running.get(event.reply_id)
        if reply is None:
            return []
        match event:
            case ReplyTextAdded(_, text):
                reply.text += text
            case ToolCallMade(reply_id, call):
                return [told_of(reply_id, call)]
            case ReplyFailed():
                reply.is_failed = True
            case AudioSent(reply_id, until):  # once, when all of it is out
                del self._running[reply_id]
                status: ReplyStatus = "failed" if reply.is_failed else "completed"
                return [ReplyDone(reply_id, status, reply.text, until)]
            case _:
                pass
        return []

    def cancel(self, reply_id: int) -> list[Command | Notice]:
        """Ends one of them; how much of it was played, nobody knows."""
        reply = self._running.pop(reply_id)
        return [CancelReply(reply_id), ReplyDone(reply_id, "interrupted", reply.text, 0)]
