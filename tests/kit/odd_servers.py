"""Chat servers that play a stream: the payloads of one reply, as odd as they come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kit.chat_server import Answer, Exchange

STREAMS: dict[str, list[str]] = json.loads(
    (Path(__file__).parents[1] / "data" / "llm_streams.json").read_text()
)
"""Name -> payloads."""


def playing(payloads: Sequence[str | bytes], kind: str = "text/event-stream") -> Answer:
    """Returns an answer that sends these payloads, one an event."""

    async def answer(exchange: Exchange) -> None:
        await exchange.head("200 OK", f"Content-Type: {kind}")
        for payload in payloads:
            data = payload.encode() if isinstance(payload, str) else payload
            await exchange.send(b"data: " + data + b"\n\n")
        exchange.writer.write(b"0\r\n\r\n")
        await exchange.writer.drain()

    return answer


def saying(body: str, kind: str) -> Answer:
    """Returns an answer that is one body."""

    async def answer(exchange: Exchange) -> None:
        data = body.encode()
        await exchange.head("200 OK", f"Content-Type: {kind}", length=len(data))
        exchange.writer.write(data)
        await exchange.writer.drain()

    return answer


def reply(*deltas: str | dict[str, Any], reason: str | None = "stop") -> list[str]:
    """Returns the payloads of a reply: texts, or deltas."""
    out = []
    for delta in deltas:
        content = {"content": delta} if isinstance(delta, str) else delta
        out.append(json.dumps({"choices": [{"index": 0, "delta": content}]}))
    if reason is not None:
        out.append(json.dumps({"choices": [{"delta": {}, "finish_reason": reason}]}))
    return [*out, "[DONE]"]


def call(name: str, arguments: object, index: int | None = 0, key: str = "") -> dict[str, Any]:
    """Returns a delta with one piece of a call."""
    piece: dict[str, Any] = {"function": {"name": name, "arguments": arguments}}
    if index is not None:
        piece["index"] = index
    if key:
        piece["id"] = key
    return {"tool_calls": [piece]}
