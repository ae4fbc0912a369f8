"""Reads what the language model writes for one reply, and asks once more where it says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing

from voice_avatar.errors import LlmFailed, LlmTimeout
from voice_avatar.events.notices import ReplyWritten
from voice_avatar.events.payloads import (
    LlmDelta,
    LlmDone,
    LlmRequest,
    LlmThinking,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from voice_avatar.pipeline.workers import Workers, given_up
from voice_avatar.stages.llm import LlmOptions
from voice_avatar.tools.first_words import FirstWords
from voice_avatar.tools.repetition import Repetition

LlmSaid = TextDelta | ToolCallStarted | ToolCallDelta

_MAX_TOKEN_CHARS = 16
"""A reply is cut at that many characters for each token that it may have: four times what prose
has. A server elsewhere may not keep to the tokens that it was asked for."""

_THINKING = 3
"""A model that reasons has so many times as long until its first word as one that does not: as
long as it shows that it is at work, and no longer, for somebody waits."""

_TRIES = 2
"""How often a model is asked that says nothing: a person would not wait for a third time."""


class LlmReading:
    """What the language model writes for one reply.

    Attributes:
        tokens: that it wrote so far: pieces of text, until it says how many they were.
        written: what came of it, None = it is not over.
    """

    def __init__(
        self, reply_id: int, request: LlmRequest, *, workers: Workers, options: LlmOptions
    ) -> None:
        self._reply_id = reply_id
        self._request = request
        self._workers = workers
        self._options = options
        self.tokens = 0
        self.written: ReplyWritten | None = None

    async def deltas(self) -> AsyncGenerator[LlmSaid, None]:
        """Yields text and calls; a reply that only repeats itself is cut.

        Raises:
            LlmFailed: it failed, or said nothing, twice.
        """
        for _ in range(_TRIES):
            words = FirstWords()
            async with aclosing(self._once()) as deltas:
                async for delta in deltas:
                    if not isinstance(delta, TextDelta):
                        if held := words.call():
                            yield TextDelta(held)
                        yield delta
                    elif text := words.push(delta.text):
                        yield TextDelta(text)
            if words.has_come:
                return
        self.written = None
        raise LlmFailed("The language model said nothing.")

    async def _once(self) -> AsyncGenerator[LlmSaid, None]:
        """Yields what it writes when it is asked once."""
        wait_s = self._options.first_token_timeout_s
        now_s = asyncio.get_running_loop().time
        until_s = now_s() + _THINKING * wait_s
        left = self._request.max_tokens * _MAX_TOKEN_CHARS
        repetition = Repetition()
        has_said = False
        async with AsyncExitStack() as stack:
            # Left in reverse: the generator is closed first, which aborts the request in the
            # engine, and only then does it no longer count as one.
            stack.enter_context(self._workers.request())
            deltas = self._workers.engines.llm.generate(self._request)
            stack.push_async_callback(given_up, deltas)
            while (delta := await self._next(deltas, wait_s)) is not None:
                if isinstance(delta, LlmDone):
                    self._end(delta)
                    return
                wait_s = self._options.between_tokens_timeout_s
                self.tokens += 1
                if isinstance(delta, LlmThinking):
                    if not has_said:
                        wait_s = min(wait_s, until_s - now_s())
                    continue
                has_said = True
                is_cut = False
                if isinstance(delta, TextDelta):
                    delta = TextDelta(delta.text[:left])
                    left -= len(delta.text)
                    # A server elsewhere need not keep to what it is asked.
                    is_cut = left <= 0 or repetition.push(delta.text)
                yield delta
                if is_cut:
                    self.written = ReplyWritten(self._reply_id, 0, self.tokens, True)
                    return

    async def _next(self, deltas: AsyncGenerator[LlmDelta, None], wait_s: float) -> LlmDelta | None:
        try:
            async with asyncio.timeout(wait_s):
                delta = await anext(deltas, None)
        except TimeoutError as error:
            raise LlmTimeout("The language model did not answer in time.") from error
        self._workers.llm.alive()
        return delta

    def _end(self, done: LlmDone) -> None:
        self.tokens = done.completion_tokens or self.tokens
        is_cut = done.finish_reason == "length"
        self.written = ReplyWritten(self._reply_id, done.prompt_tokens, self.tokens, is_cut)
