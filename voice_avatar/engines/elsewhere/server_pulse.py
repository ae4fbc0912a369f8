"""Whether a chat server elsewhere answers: asked at no cost, and for a token where it is doubted.

A server that hangs as a whole does not tell its models either, and to ask for those costs nothing.
One whose generation alone hangs does: only a token tells. So one is asked for where a request is
without its first, or the last one was given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from voice_avatar.errors import LlmFailed, LlmTimeout
from voice_avatar.events.payloads import LlmDelta, LlmRequest, Message

if TYPE_CHECKING:
    import httpx

_ANSWER_S = 5.0
"""Longest wait for the list of models; then it is asked for anew, by another connection: the one
before may end where nobody is any more."""

_PAUSE_S = 0.5
"""Time between two questions to a server that does not take them, seconds."""

_AWAY = frozenset({502, 503, 504})
"""What those in front of a server say while it does not answer, and itself while it loads."""

_TRIFLE = LlmRequest((Message("user", "."),), 1)


class ServerPulse:
    """Sees what becomes of the requests of one server, and asks whether it answers."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """`client`'s base URL ends in "/v1"."""
        self._client = client
        self._silent = 0
        self._is_given_up = False

    @property
    def is_doubted(self) -> bool:
        """Whether a request has no token yet, or the last one was given up without its end."""
        return self._silent > 0 or self._is_given_up

    async def watched(
        self, deltas: AsyncGenerator[LlmDelta, None]
    ) -> AsyncGenerator[LlmDelta, None]:
        """Yields what a request gives. Closing it closes `deltas`."""
        self._silent += 1
        is_silent = True
        try:
            async with aclosing(deltas):
                async for delta in deltas:
                    self._is_given_up = False
                    self._silent -= is_silent
                    is_silent = False
                    yield delta
        except LlmTimeout:
            self._is_given_up = True
            raise
        finally:
            self._silent -= is_silent

    async def beat(self, generate: Callable[[LlmRequest], AsyncGenerator[LlmDelta, None]]) -> bool:
        """Returns once the server has answered; however long it does not.

        Args:
            generate: of the engine, watched by this.

        Returns:
            Whether it has given a token; False = none was asked for.

        Raises:
            LlmFailed: its address can never be asked, or the engine was closed.
            LlmTimeout: it tells its models, and gives no token.
        """
        while not await self._has_answered():  # noqa: ASYNC110 - nobody would tell
            await asyncio.sleep(_PAUSE_S)
        if not self.is_doubted:
            return False
        try:
            async with aclosing(generate(_TRIFLE)) as deltas:
                async for _ in deltas:
                    pass
        except LlmTimeout:
            raise
        except LlmFailed:
            self._is_given_up = False  # it refuses, and so it does not hang
        return True

    async def _has_answered(self) -> bool:
        """Asks for the models. Whatever it says to that, even that there is no such page, it lives.

        Raises:
            LlmFailed: as `beat`.
        """
        import httpx

        if self._client.is_closed:
            raise LlmFailed("The language model was stopped.")
        try:
            async with asyncio.timeout(_ANSWER_S):
                response = await self._client.get("models")
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, RuntimeError) as error:
            raise LlmFailed("The language model server cannot be asked.") from error
        except (TimeoutError, httpx.HTTPError):
            return False
        return response.status_code not in _AWAY
