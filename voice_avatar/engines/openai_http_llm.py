"""Any server that speaks OpenAI's chat completions over HTTP: vLLM, llama.cpp, SGLang, a cloud.

One request is one POST whose answer is a server-sent event stream. Closing the generator closes
that stream, which is how such a server learns that nobody listens any more.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import msgspec

from voice_avatar.engines.chat.chunks import Chunk, ChunkReader, Usage, read_chunk
from voice_avatar.engines.chat.refused import Refused
from voice_avatar.engines.chat_stream import (
    DONE,
    MAX_EVENT_BYTES,
    SseParser,
    failure,
    request_body,
)
from voice_avatar.engines.elsewhere.server_pulse import ServerPulse
from voice_avatar.engines.tool_stream import CacheSalts, ThoughtHabit, with_calls
from voice_avatar.errors import ContextExceeded, EngineUnavailable, LlmFailed, LlmTimeout
from voice_avatar.events.payloads import LlmDelta, LlmDone, LlmRequest, LlmThinking
from voice_avatar.stages.llm import LlmCapabilities, LlmOptions, estimate_tokens
from voice_avatar.tools.as_text import in_plain_words

if TYPE_CHECKING:
    import httpx

    from voice_avatar.models.store import ModelStore

T = TypeVar("T")

_log = logging.getLogger(__name__)

_RETRY_STATUS = frozenset({429, 500, 502, 503, 504})
_RETRY_AFTER_S = 0.2
"""Pause before the second try where the server does not name one."""

_RETRY_AFTER_LIMIT_S = 2.0
"""A server that wants a longer pause than this gets no second try: a listener would not wait."""

_DRAIN_S = 0.1
"""Wait for the end of the body after its last event; only a body read to its end leaves the
connection usable for the next request."""

_END = Chunk()
"""Stands for the event that ends a stream."""

_KEEP_ALIVE_S = 60.0
_KEEP_ALIVE_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class OpenAiHttpOptions:
    """Which server of OpenAI's chat completions answers, and how it is spoken to.

    Attributes:
        base_url: URL up to and with "/v1".
        api_key_env: environment variable that holds the API key, "" = no key.
        connect_timeout_s: longest wait for a connection, seconds.
        warms_by_request: whether `warm` sends a request for one token (worth it only where the
            server caches prefixes and answers a single tenant).
    """

    base_url: str = "http://127.0.0.1:8000/v1"
    api_key_env: str = ""
    connect_timeout_s: float = 2.0
    warms_by_request: bool = False


_DEFAULTS = OpenAiHttpOptions()


def load(
    options: LlmOptions, store: ModelStore, own: OpenAiHttpOptions = _DEFAULTS
) -> OpenAiHttpLlm:
    """Makes the client; connects at the first request.

    Raises:
        EngineUnavailable: httpx is not installed, or the API key's variable is not set.
    """
    del store  # the server has the model
    try:
        import httpx
    except ImportError as error:
        raise EngineUnavailable("httpx is not installed: pip install httpx") from error
    headers = {"Accept": "text/event-stream", "Content-Type": "application/json"}
    if own.api_key_env:
        key = os.environ.get(own.api_key_env, "")
        if not key:
            raise EngineUnavailable(
                f"The environment variable {own.api_key_env} (llm.openai_http.api_key_env)"
                " is not set"
            )
        headers["Authorization"] = f"Bearer {key}"
    client = httpx.AsyncClient(
        base_url=own.base_url.rstrip("/"),
        headers=headers,
        # Reading is timed here, by token: a server may send comments while the user waits.
        timeout=httpx.Timeout(own.connect_timeout_s, read=None),
        limits=httpx.Limits(
            max_connections=None,
            max_keepalive_connections=_KEEP_ALIVE_CONNECTIONS,
            keepalive_expiry=_KEEP_ALIVE_S,
        ),
    )
    return OpenAiHttpLlm(client, options, warms_by_request=own.warms_by_request)


class _Lost(Exception):  # noqa: N818 - not an error yet: a second try may succeed
    """The request failed in a way that a second try may mend.

    Attributes:
        failure: what to raise if there is no second try.
        pause_s: how long to wait before it, seconds.
    """

    def __init__(self, failure: LlmFailed, pause_s: float = _RETRY_AFTER_S) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.pause_s = pause_s


class OpenAiHttpLlm:
    """An `LlmEngine` on a chat-completions server."""

    def __init__(
        self, client: httpx.AsyncClient, options: LlmOptions, *, warms_by_request: bool
    ) -> None:
        """`warms_by_request`: see `OpenAiHttpOptions`."""
        self._client = client
        self._options = options
        self._pulse = ServerPulse(client)
        self._warms_by_request = warms_by_request
        self._waits: set[asyncio.Timeout] = set()
        self._is_closed = False
        self._refused = Refused()
        self._habit = ThoughtHabit()
        self._salts = CacheSalts()
        self._has_warned = False

    @property
    def capabilities(self) -> LlmCapabilities:
        """See `LlmEngine`."""
        options = self._options
        return LlmCapabilities(
            "openai_http", options.model, options.context_tokens, self._warms_by_request
        )

    def count_tokens(self, text: str) -> int:
        """See `LlmEngine`; an estimate, because the tokenizer is on the server."""
        return estimate_tokens(text)

    async def generate(self, request: LlmRequest) -> AsyncGenerator[LlmDelta, None]:
        """See `LlmEngine`. Tries twice, as long as nothing has come."""
        if self._is_closed:
            raise LlmFailed("The language model was stopped.")
        deadline_s = _now_s() + self._options.first_token_timeout_s
        may_retry = True
        while True:
            try:
                attempt = self._pulse.watched(self._attempt(request, deadline_s))
                async with aclosing(with_calls(attempt, request, habit=self._habit)) as items:
                    async for item in items:
                        may_retry = may_retry and isinstance(item, LlmThinking)
                        yield item
                return
            except _Lost as lost:
                if not may_retry or lost.pause_s > _RETRY_AFTER_LIMIT_S:
                    raise lost.failure from lost
                may_retry = False
                await self._timed(asyncio.sleep(lost.pause_s), deadline_s)

    async def warm(self, request: LlmRequest) -> None:
        """See `LlmEngine`. Does nothing unless `warms_by_request` is set."""
        if self._warms_by_request:
            async with aclosing(self.generate(replace(request, max_tokens=1))) as items:
                async for _ in items:
                    pass

    async def beat(self) -> bool:
        """See `LlmEngine`; a token is asked for only where one was waited for in vain."""
        return await self._pulse.beat(self.generate)

    async def aclose(self) -> None:
        """See `LlmEngine`."""
        self._is_closed = True
        for wait in tuple(self._waits):
            wait.reschedule(0)
        while self._waits:  # noqa: ASYNC110 - a turn of the loop or two
            await asyncio.sleep(0)
        await self._client.aclose()

    async def _attempt(
        self, request: LlmRequest, deadline_s: float
    ) -> AsyncGenerator[LlmDelta, None]:
        reason, usage, reader, is_over = "", Usage(), ChunkReader(), False
        has_said = False
        response = await self._response(request, deadline_s)
        try:
            async with aclosing(self._chunks(response, deadline_s)) as chunks:
                async for chunk in chunks:
                    if chunk is _END:
                        reason = reason or "stop"
                    reason, usage = chunk.finish_reason or reason, chunk.usage or usage
                    for delta in reader.push(chunk):
                        has_said = has_said or not isinstance(delta, LlmThinking)
                        yield delta
            # Some servers never name a reason. A body that ends as it should is an end.
            is_over = has_said
        except (_Lost, LlmTimeout):
            if not reason:  # else only the token counts are lost
                raise
        finally:
            await response.aclose()
            self._warn_once(reader.skipped)
        for delta in reader.finish():
            is_over = True
            yield delta
        if not reason and not is_over:
            raise _Lost(LlmFailed("The language model server broke off."))
        yield LlmDone(
            "length" if reason == "length" else "stop",
            usage.prompt_tokens,
            usage.completion_tokens,
        )

    async def _response(self, request: LlmRequest, deadline_s: float) -> httpx.Response:
        """Sends the request, without what the server refuses, until its head says success."""
        while True:
            if request.tools and not self._refused.has_tools:
                words = in_plain_words(request, self._salts.tag(request.cache_key))
                request = replace(request, messages=words, tools=())
            body = request_body(self._options.model, request, self._options.stop)
            body = self._refused.applied(body)
            response = await self._timed(self._post(body), deadline_s)
            if response is not None:
                return response

    async def _post(self, body: dict[str, object]) -> httpx.Response | None:
        """Sends a request and returns the response, once its head says that it succeeded.

        None = it was refused for a parameter, without which it can be sent again.
        """
        try:
            content = msgspec.json.encode(body)
        except UnicodeEncodeError as error:
            raise LlmFailed("The prompt is not valid text.") from error
        response = await self._client.send(
            self._client.build_request("POST", "chat/completions", content=content), stream=True
        )
        status = response.status_code
        if status == 200:
            return response
        try:
            report = await response.aread()
        finally:
            await response.aclose()
        said = failure(status, report)
        is_about_context = isinstance(said, ContextExceeded)
        parameter = "" if is_about_context else self._refused.learn(status, report, body)
        _log.warning(
            "the language model server refused a request",
            extra={"status": status, "parameter": parameter},
        )
        if parameter:
            return None
        if status in _RETRY_STATUS:
            raise _Lost(said, _pause_s(response.headers.get("retry-after", "")))
        raise said

    async def _chunks(
        self, response: httpx.Response, deadline_s: float
    ) -> AsyncGenerator[Chunk, None]:
        kind = response.headers.get("content-type", "")
        read = _Lines() if "json" in kind else SseParser()
        blocks = response.aiter_bytes()
        while (block := await self._timed(anext(blocks, None), deadline_s)) is not None:
            for payload in read.push(block):
                if payload.strip() == DONE:
                    deadline_s = _now_s() + _DRAIN_S
                    yield _END
                    continue
                chunk = read_chunk(payload)
                yield chunk
                if chunk.text or chunk.calls or chunk.is_thinking:
                    deadline_s = _now_s() + self._options.between_tokens_timeout_s
        if isinstance(read, _Lines):
            for payload in read.finish():
                yield read_chunk(payload)

    def _warn_once(self, skipped: int) -> None:
        if skipped and not self._has_warned:
            self._has_warned = True
            _log.warning(
                "the language model server sends what cannot be read; it is passed over",
                extra={"skipped": skipped},
            )

    async def _timed(self, work: Awaitable[T], deadline_s: float) -> T:
        """Awaits something, until the deadline or until the engine is closed."""
        import httpx

        wait = asyncio.timeout_at(0 if self._is_closed else deadline_s)
        self._waits.add(wait)
        try:
            async with wait:
                return await work
        except TimeoutError as error:
            if self._is_closed:
                raise LlmFailed("The language model was stopped.") from error
            raise LlmTimeout("The language model server did not answer in time.") from error
        except httpx.TransportError as error:
            raise _Lost(LlmFailed("The language model server cannot be reached.")) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise LlmFailed("The language model server sent something unreadable.") from error
        finally:
            self._waits.discard(wait)


class _Lines:
    """A body that is no event stream but JSON: events by another name, or one object for all."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._events: SseParser | None = None

    def push(self, block: bytes) -> list[bytes]:
        """Takes bytes and returns the payloads that they complete.

        Raises:
            LlmFailed: it is too long.
        """
        if self._events is None:
            self._body += block
            if len(self._body) > MAX_EVENT_BYTES:
                raise LlmFailed("The language model sent something unreadable.")
            if not self._body.lstrip() or self._body.lstrip()[:1] in b"{[":
                return []
            self._events, block = SseParser(), bytes(self._body)
        return self._events.push(block)

    def finish(self) -> list[bytes]:
        """Returns what is left at the end: an object, or one a line."""
        if self._events is not None or not self._body.strip():
            return []
        try:
            msgspec.json.decode(self._body)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return [line for line in bytes(self._body).splitlines() if line.strip()]
        return [bytes(self._body)]


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _pause_s(retry_after: str) -> float:
    """Returns the pause of a Retry-After header, seconds; a date is not worth parsing here."""
    return float(retry_after) if retry_after.isdecimal() else _RETRY_AFTER_S
