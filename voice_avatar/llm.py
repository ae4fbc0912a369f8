"""Generation: the engine Protocol. Pure."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from voice_avatar.events import LlmDone, LlmRequest, TextDelta


@dataclass(frozen=True, slots=True)
class LlmCapabilities:
    """What an LLM engine is.

    Attributes:
        name: engine name.
        model: model name.
        context_tokens: prompt + completion limit, 0 when unknown.
        has_prefix_cache: whether `warm` makes the next `generate` start sooner.
    """

    name: str
    model: str
    context_tokens: int
    has_prefix_cache: bool


class LlmEngine(Protocol):
    """Language model. The only asynchronous engine."""

    @property
    def capabilities(self) -> LlmCapabilities: ...

    def generate(self, request: LlmRequest) -> AsyncGenerator[TextDelta | LlmDone, None]:
        """Generates a reply: TextDelta*, then exactly one LlmDone.

        Closing the generator (`aclose`) or cancelling the task that reads it aborts the request
        inside the engine before it returns.

        Raises:
            LlmFailed: the model or server failed; LlmTimeout and ContextExceeded are kinds of it.
        """

    async def warm(self, request: LlmRequest) -> None:
        """Reads the prompt into the prefix cache without generating. May do nothing."""

    def count_tokens(self, text: str) -> int:
        """Returns the tokens of `text`, exactly or estimated from above. Fast (< 1 ms)."""

    async def aclose(self) -> None:
        """Stops the engine and frees what it holds. Running requests end with LlmFailed."""
