"""Calls of tools for engines whose model writes them as text (see `tools/as_text.py`)."""

from __future__ import annotations

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
