"""What an engine's reply says, read: calls as text are calls, and reasoning is nothing to say.

And what keeps one conversation of an engine apart from the others: the mark of its tools' results,
and the salt of its prefix cache.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from voice_avatar.errors import ToolCallInvalid
from voice_avatar.events.payloads import (
    LlmDelta,
    LlmRequest,
    LlmThinking,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from voice_avatar.tools.as_text import Delta, ToolTextReader, forced_schema
from voice_avatar.tools.unspoken import Unspoken


@dataclass(slots=True)
class ThoughtHabit:
    """Whether a server's replies begin within reasoning: its template writes the opening mark.

    Nobody is told so. It is seen when reasoning ends that never began, and holds until a reply has
    no such end.

    Attributes:
        is_seen: whether the last reply did so.
    """

    is_seen: bool = False


async def with_calls(
    deltas: AsyncGenerator[LlmDelta, None],
    request: LlmRequest,
    *,
    is_held: bool = False,
    habit: ThoughtHabit | None = None,
) -> AsyncGenerator[LlmDelta, None]:
    """Yields what an engine's reply says, without what nobody should hear; its calls as calls.

    Closing it closes `deltas`. Calls as text are left out where there may be none.

    Args:
        deltas: what the engine says.
        request: what it was asked.
        is_held: whether it is held to a schema where a call has to be made: then the text is one
            call without marks.
        habit: of the engine's server; None = its replies never begin within reasoning.
    """
    reading = _Reading(request, is_held=is_held, habit=habit or ThoughtHabit())
    async with aclosing(deltas):
        async for delta in deltas:
            for part in reading.take(delta):
                yield part


class _Reading:
    """Reads one reply."""

    def __init__(self, request: LlmRequest, *, is_held: bool, habit: ThoughtHabit) -> None:
        self._may_call = bool(request.tools) and request.tool_choice != "none"
        is_forced = is_held and forced_schema(request) is not None
        self._reader: ToolTextReader | None = ToolTextReader(is_forced=is_forced)
        self._unspoken = Unspoken()
        self._habit = habit
        self._waiting: list[str] | None = [] if habit.is_seen else None
        self._count = 0

    def take(self, delta: LlmDelta) -> list[LlmDelta]:
        """Takes what the engine says and returns what is to be passed on."""
        match delta:
            case TextDelta(text):
                clean = self._settled(text)
                is_silent = self._unspoken.is_hiding or self._waiting is not None
                out = self._read(clean) if clean else []
                return out or ([LlmThinking()] if is_silent else [])
            case LlmThinking():
                return [delta]
            case ToolCallStarted(_, name):
                # Whatever was held back as the beginning of a mark was none.
                return [*self._end(), self._started(name)]
            case ToolCallDelta(_, text):
                return [ToolCallDelta(self._count - 1, text)]
            case _:
                return [*self._end(), delta]

    def _settled(self, text: str) -> str:
        """Returns the clean text; of a server whose replies begin in reasoning, once that ends."""
        clean = self._unspoken.push(text)
        if self._unspoken.has_lone_end:
            self._habit.is_seen, self._waiting = True, None
        if self._waiting is not None:
            self._waiting.append(clean)
            return ""
        return clean

    def _read(self, text: str) -> list[LlmDelta]:
        if self._reader is None:
            return []
        try:
            return self._numbered(self._reader.push(text))
        except ToolCallInvalid:
            return self._broken()

    def _end(self) -> list[LlmDelta]:
        """Lets out what is held: the reply ends, or goes on with a call of the server's own."""
        held = "".join(self._waiting or ()) + self._unspoken.finish()
        if self._waiting is not None:
            self._habit.is_seen, self._waiting = False, None
        out = self._read(held)
        reader, self._reader, self._unspoken = self._reader, ToolTextReader(), Unspoken()
        if reader is not None:
            try:
                out += self._numbered(reader.finish())
            except ToolCallInvalid:
                out += self._broken(reader)
        return out

    def _broken(self, reader: ToolTextReader | None = None) -> list[LlmDelta]:
        """What should be a call is none: it is passed on as one, for the model to be told so."""
        reader, self._reader = reader or self._reader, None
        if not self._may_call or (reader is not None and reader.is_started):
            return []
        return [self._started("")]

    def _started(self, name: str) -> ToolCallStarted:
        self._count += 1
        return ToolCallStarted(self._count - 1, name)

    def _numbered(self, parts: list[Delta]) -> list[LlmDelta]:
        out: list[LlmDelta] = []
        for part in parts:
            match part:
                case TextDelta():
                    out.append(part)
                case ToolCallStarted(_, name) if self._may_call:
                    out.append(self._started(name))
                case ToolCallDelta(_, text) if self._may_call:
                    out.append(ToolCallDelta(self._count - 1, text))
        return out


class CacheSalts:
    """Salts and marks that nobody outside this process can know or choose.

    An engine that finds a prompt's beginning in a cache of all users answers sooner: by the time
    that it takes, anybody could tell whether somebody else has said something. With a salt of its
    own, each conversation finds only what is its own.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def of(self, cache_key: str) -> str:
        """Returns the salt of a conversation, by the id that the server gave it."""
        key = cache_key.encode("utf-8", "replace")
        return hashlib.blake2b(key, key=self._secret, digest_size=16).hexdigest()

    def tag(self, cache_key: str) -> str:
        """Returns a short mark of a conversation that nobody else can write."""
        return self.of(f"tag {cache_key}")[:12]
