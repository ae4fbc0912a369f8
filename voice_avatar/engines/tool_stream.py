"""Calls of tools for engines whose model writes them as text (see `tools/as_text.py`).

And what keeps one conversation of an engine apart from the others: the mark of its tools' results,
and the salt of its prefix cache.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing

from voice_avatar.events.payloads import LlmDelta, LlmDone, LlmRequest, TextDelta
from voice_avatar.tools.as_text import ToolTextReader, forced_schema


def text_reader(request: LlmRequest) -> ToolTextReader | None:
    """Returns what reads the calls out of a reply's text; None where there may be none."""
    if not request.tools or request.tool_choice == "none":
        return None
    return ToolTextReader(is_forced=forced_schema(request) is not None)


async def with_calls(
    deltas: AsyncGenerator[LlmDelta, None], reader: ToolTextReader | None
) -> AsyncGenerator[LlmDelta, None]:
    """Yields what an engine's reply says, its calls as calls. Closing it closes `deltas`.

    Raises:
        ToolCallInvalid: what should be a call is none.
    """
    async with aclosing(deltas):
        async for delta in deltas:
            match delta:
                case TextDelta(text) if reader is not None:
                    for part in reader.push(text):
                        yield part
                case LlmDone() if reader is not None:
                    for part in reader.finish():
                        yield part
                    yield delta
                case _:
                    yield delta


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
