"""The chat-completions dialect of OpenAI, as llama.cpp, vLLM and others speak it. Pure.

Bytes of a server-sent event stream -> payloads (`SseParser`); what those say: `chat/chunks.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from voice_avatar.engines.chat.roles import in_strict_order
from voice_avatar.errors import ContextExceeded, LlmFailed, LlmTimeout
from voice_avatar.events.payloads import (
    LlmRequest,
    Message,
    Tool,
)
from voice_avatar.stages.llm import ControlTokens
from voice_avatar.tools.offers import CHOICES
from voice_avatar.tools.schema_guard import guarded

MAX_EVENT_BYTES = 1 << 20
"""Longest event taken. A chunk has a few hundred bytes; more is not a chat server."""

DONE = b"[DONE]"
"""Payload after the last chunk."""


_KNOWN = ControlTokens(())


def failure(status: int, body: bytes) -> LlmFailed:
    """Returns the error for a refused request.

    The server's own words are looked at but not passed on: they may quote the prompt.

    Args:
        status: HTTP status, 0 where there is none.
        body: what came with it.
    """
    said = body[:4096].decode("utf-8", "replace").lower()
    if status in (0, 400, 413, 422) and _is_about_context(said):
        return ContextExceeded("The conversation is too long for the language model.")
    match status:
        case 401 | 403:
            return LlmFailed("The language model server refused the API key.")
        case 404:
            return LlmFailed("The language model server has no such model or address.")
        case 408 | 504:
            return LlmTimeout("The language model server did not answer in time.")
        case 429:
            return LlmFailed("The language model server is overloaded.")
        case 0:
            return LlmFailed("The language model failed.")
    return LlmFailed(f"The language model server answered with status {status}.")


def _is_about_context(said: str) -> bool:
    """Whether an error report is about the prompt's length.

    llama.cpp: type "exceed_context_size_error"; OpenAI: code "context_length_exceeded"; vLLM and
    SGLang: "maximum context length" or "max_model_len"; TGI: "inputs tokens + max_new_tokens".
    """
    return any(
        mark in said
        for mark in ("context_size", "context size", "context_length", "context length")
    ) or any(mark in said for mark in ("max_model_len", "max_new_tokens", "context window"))


def request_body(model: str, request: LlmRequest, stop: Sequence[str]) -> dict[str, object]:
    """Returns the body of a streaming request.

    Whoever answers it fills a template in with text, and tells nobody its control tokens: here
    those go that are known anyway.
    """
    request = _KNOWN.defused_request(request)
    body: dict[str, object] = {
        "model": model,
        "messages": [message_body(message) for message in in_strict_order(request.messages)],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if stop:
        body["stop"] = list(stop)
    if request.tools:
        body["tools"] = [guarded_tool_body(tool) for tool in request.tools]
        body["tool_choice"] = request.tool_choice
        if request.tool_choice not in CHOICES:
            named = {"name": request.tool_choice}
            body["tool_choice"] = {"type": "function", "function": named}
    return body


def message_body(message: Message) -> dict[str, object]:
    """Returns a message as chat templates and chat servers take it."""
    body: dict[str, object] = {"role": message.role, "content": message.content}
    if message.calls:
        body["tool_calls"] = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.calls
        ]
    if message.role == "tool":
        body["tool_call_id"] = message.call_id
    return body


def tool_body(tool: Tool) -> dict[str, object]:
    """Returns a tool as chat templates take it, which only tell the model of it."""
    return _tool_body(tool, tool.description, msgspec.json.decode(tool.parameters))


def guarded_tool_body(tool: Tool) -> dict[str, object]:
    """Returns a tool as chat servers take it, which also make a grammar of its parameters.

    What may not go into a grammar is told in the description.
    """
    schema = msgspec.json.decode(tool.parameters)
    safe = guarded(schema)
    if safe == schema:
        return tool_body(tool)
    told = f"{tool.description}\nJSON schema of its parameters: {tool.parameters}".lstrip()
    return _tool_body(tool, told, safe)


def _tool_body(tool: Tool, description: str, parameters: object) -> dict[str, object]:
    function = {"name": tool.name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


class SseParser:
    """Server-sent events: bytes, cut anywhere, in; the `data` of whole events out.

    As the WHATWG standard has it: lines end in CR, LF or CRLF; a blank line ends an event; `data`
    lines are joined by LF; comments and other fields are skipped; one leading BOM is skipped. What
    is unfinished when the stream ends is dropped.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._ended_in_cr = False
        self._is_first_line = True

    def push(self, block: bytes) -> list[bytes]:
        """Takes bytes and returns the payloads of the events that they complete.

        Raises:
            LlmFailed: an event is longer than `MAX_EVENT_BYTES`.
        """
        if self._ended_in_cr and block[:1] == b"\n":
            block = block[1:]
            self._ended_in_cr = False
        if not block:
            return []
        self._ended_in_cr = block.endswith(b"\r")
        events: list[bytes] = []
        lines = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines[:-1]:
            self._line += line
            self._take_line(bytes(self._line), events)
            self._line.clear()
        self._line += lines[-1]
        if self._size + len(self._line) > MAX_EVENT_BYTES:
            raise LlmFailed("The language model sent something unreadable.")
        return events

    def _take_line(self, line: bytes, events: list[bytes]) -> None:
        if self._is_first_line:
            self._is_first_line = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            if self._data:
                events.append(b"\n".join(self._data))
            self._data.clear()
            self._size = 0
            return
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value) + 1
