"""A chat-completions server for tests: real sockets, scripted answers."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

CONTEXT_WORDS = 500
"""Longest prompt that `tell` takes, in words."""


@dataclass
class Exchange:
    """One request under way."""

    headers: dict[str, str]
    body: dict[str, Any]
    writer: asyncio.StreamWriter

    async def head(self, status: str = "200 OK", *headers: str, length: int | None = None) -> None:
        """Sends the response's head; a body without length is chunked."""
        size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        lines = [f"HTTP/1.1 {status}", size, *headers, "", ""]
        self.writer.write("\r\n".join(lines).encode())
        await self.writer.drain()

    async def send(self, data: bytes) -> None:
        """Sends one HTTP chunk."""
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    async def event(self, payload: dict[str, Any]) -> None:
        await self.send(b"data: " + json.dumps(payload).encode() + b"\n\n")

    async def text(self, text: str, finish_reason: str | None = None) -> None:
        delta = {"content": text} if text else {}
        await self.event({"choices": [{"delta": delta, "finish_reason": finish_reason}]})

    async def done(self) -> None:
        await self.send(b"data: [DONE]\n\n")
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def refuse(self, status: str, said: str, *headers: str) -> None:
        """Answers with an error in OpenAI's form."""
        data = json.dumps({"error": {"message": said}}).encode()
        await self.head(status, *headers, length=len(data))
        self.writer.write(data)
        await self.writer.drain()

    def drop(self) -> None:
        """Cuts the connection."""
        self.writer.transport.abort()


Answer = Callable[[Exchange], Awaitable[None]]


async def tell(exchange: Exchange) -> None:
    """Answers like a model that never stops by itself, up to `max_tokens`, then to the word 40."""
    prompt = " ".join(message["content"] for message in exchange.body["messages"])
    if len(prompt.split()) > CONTEXT_WORDS:
        await exchange.refuse("400 Bad Request", "maximum context length is 500 tokens")
        return
    await exchange.head("200 OK", "Content-Type: text/event-stream")
    count = min(exchange.body["max_tokens"], 40)
    for number in range(count):
        await exchange.text(f"word{number} ")
        await asyncio.sleep(0.002)
    await exchange.text("", "length" if count == exchange.body["max_tokens"] else "stop")
    usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": count}
    await exchange.event({"choices": [], "usage": usage})
    await exchange.done()


async def hang(exchange: Exchange) -> None:
    """Takes the request and never answers."""
    await asyncio.Event().wait()


async def tell_models(exchange: Exchange) -> None:
    """Answers which models there are: none."""
    data = b'{"object":"list","data":[]}'
    await exchange.head("200 OK", "Content-Type: application/json", length=len(data))
    exchange.writer.write(data)
    await exchange.writer.drain()


@dataclass
class ChatServer:
    """What the server was asked, and what it is going to answer.

    Attributes:
        url: base URL, up to and with "/v1".
        answers: used up one per request; then `tell`.
        requests: every request so far.
        connections: connections accepted so far.
        running: requests being answered.
        vanished: requests whose client went away before their answer was complete.
        models: answers what is asked without a body; no such request counts as one.
        asked: paths of those.
    """

    url: str = ""
    answers: deque[Answer] = field(default_factory=deque)
    requests: list[Exchange] = field(default_factory=list)
    connections: int = 0
    running: int = 0
    vanished: int = 0
    models: Answer = tell_models
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection."""
        self.connections += 1
        try:
            while (exchange := await self._read(reader, writer)) is not None:
                if not exchange.body:
                    await self._answer(self.models, exchange, reader)
                    continue
                self.requests.append(exchange)
                answer = self.answers.popleft() if self.answers else tell
                await self._answer(answer, exchange, reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, answer: Answer, exchange: Exchange, reader: asyncio.StreamReader
    ) -> None:
        """Answers, and notices when the client hangs up meanwhile."""
        self.running += 1
        work = asyncio.ensure_future(answer(exchange))
        gone = asyncio.ensure_future(reader.read(1))
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        self.running -= 1
        is_gone = gone.done() and not work.done()
        self.vanished += is_gone
        for task in (work, gone):
            task.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await task
        if is_gone:
            raise ConnectionError

    async def _read(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Exchange | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode().split("\r\n")[:-2]
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        if "content-length" not in headers:
            self.asked.append(first.split()[1])
            return Exchange(headers, {}, writer)
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        return Exchange(headers, body, writer)


@asynccontextmanager
async def chat_server() -> AsyncIterator[ChatServer]:
    """Runs a server on a free port."""
    chat = ChatServer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(asyncio.CancelledError):
            await chat.serve(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    chat.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield chat
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


@contextmanager
def chat_server_in_thread() -> Iterator[ChatServer]:
    """Runs a server in an event loop of its own, in a thread of its own."""
    started: Future[tuple[ChatServer, Callable[[], object]]] = Future()

    async def run() -> None:
        stopping, loop = asyncio.Event(), asyncio.get_running_loop()
        async with chat_server() as chat:
            started.set_result((chat, lambda: loop.call_soon_threadsafe(stopping.set)))
            await stopping.wait()

    thread = threading.Thread(target=asyncio.run, args=[run()])
    thread.start()
    chat, stop = started.result()
    try:
        yield chat
    finally:
        stop()
        thread.join()
