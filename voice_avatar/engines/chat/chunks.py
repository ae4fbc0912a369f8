"""The chunks of a chat-completions stream: payloads -> what they say -> text and calls. Pure.

What can be read is used and what cannot is passed over and counted: servers differ, and one odd
chunk must not end a reply.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from voice_avatar.engines.chat.half_characters import HalfCharacters
from voice_avatar.engines.chat_stream import failure
from voice_avatar.events.payloads import (
    LlmDelta,
    LlmThinking,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from voice_avatar.tools.offers import json_object


class Usage(msgspec.Struct, frozen=True):
    """Tokens of a request."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Function(msgspec.Struct, frozen=True):
    """What a piece of a call says."""

    name: str | None = None
    arguments: str | None = None


class CallPiece(msgspec.Struct, frozen=True):
    """A piece of a tool call.

    Attributes:
        index: which call of the reply; None = the server does not count, and sends each whole.
        function: name (mostly in the first piece only) and arguments to append.
        call_id: the server's name for the call, mostly in the first piece only; "" = none.
    """

    index: int | None = None
    function: Function = Function()
    call_id: str = ""


class Chunk(msgspec.Struct, frozen=True):
    """What one payload says.

    Attributes:
        text: text to append, mostly one token, often "".
        finish_reason: why generation ended, None while it goes on.
        usage: token counts, mostly in a chunk of their own after the last text.
        calls: pieces of tool calls, in order, after the text.
        skipped: parts of it that could not be read and were passed over.
        is_thinking: whether there is reasoning in it, in a field of its own.
    """

    text: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    calls: tuple[CallPiece, ...] = ()
    skipped: int = 0
    is_thinking: bool = False


def read_chunk(payload: bytes | str) -> Chunk:
    """Reads one payload of the stream: what of it can be read; the rest is counted.

    Raises:
        LlmFailed: it is an error report. ContextExceeded is a kind of it.
    """
    whole = _decoded(payload)
    if not isinstance(whole, dict):
        return Chunk(skipped=1)
    if whole.get("error") or whole.get("object") == "error" or whole.get("type") == "error":
        raise failure(0, json.dumps(whole).encode())
    reading = _Reading()
    choices = whole.get("choices")
    if isinstance(choices, list):
        for choice in choices[:1]:  # one was asked for; others would be the same reply once more
            reading.choice(choice)
    elif choices is not None:
        reading.skipped += 1
    return Chunk(
        reading.text,
        reading.finish_reason,
        _usage(whole.get("usage")),
        tuple(reading.calls),
        reading.skipped,
        reading.is_thinking,
    )


def _decoded(payload: bytes | str) -> Any:
    """Returns a payload's JSON, None where it is none.

    Half a character, as an escape or as bytes, is a lone surrogate in it: `ChunkReader` joins them.
    """
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        text = payload if isinstance(payload, str) else payload.decode("utf-8", "surrogateescape")
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _usage(given: object) -> Usage | None:
    if not isinstance(given, dict):
        return None
    return Usage(_count(given.get("prompt_tokens")), _count(given.get("completion_tokens")))


def _count(given: object) -> int:
    return given if isinstance(given, int) and not isinstance(given, bool) and given > 0 else 0


class _Reading:
    """What was read of a chunk so far."""

    def __init__(self) -> None:
        self.text = ""
        self.finish_reason: str | None = None
        self.calls: list[CallPiece] = []
        self.skipped = 0
        self.is_thinking = False

    def choice(self, choice: object) -> None:
        if not isinstance(choice, dict):
            self.skipped += 1
            return
        # A server that does not stream sends the whole message at once.
        delta = choice.get("delta") or choice.get("message") or {}
        if isinstance(delta, dict):
            self._delta(delta)
        else:
            self.skipped += 1
        if not self.text and isinstance(choice.get("text"), str):
            self.text = choice["text"]
        reason = choice.get("finish_reason")
        self.finish_reason = reason if isinstance(reason, str) and reason else None

    def _delta(self, delta: dict[str, Any]) -> None:
        self.text += self._content(delta.get("content"))
        self.is_thinking |= any(delta.get(name) for name in _REASONING_FIELDS)
        if not self.text and isinstance(delta.get("refusal"), str):
            self.text = delta["refusal"]  # said in place of the content
        pieces = delta.get("tool_calls") or []
        if isinstance(pieces, dict):
            pieces = [pieces]
        if isinstance(delta.get("function_call"), dict):  # as the API had it before tools
            pieces = [*(pieces if isinstance(pieces, list) else ()), delta]
        if not isinstance(pieces, list):
            self.skipped += 1
            return
        for piece in pieces:
            if isinstance(piece, dict):
                self._piece(piece)
            else:
                self.skipped += 1

    def _content(self, content: object) -> str:
        """Returns the text of a content: itself, or that of its parts that are to be read."""
        if content is None or isinstance(content, str):
            return content or ""
        parts = [content] if isinstance(content, dict) else content
        if not isinstance(parts, list):
            self.skipped += 1
            return ""
        text = ""
        for part in parts:
            if isinstance(part, str):
                text += part
            elif isinstance(part, dict) and part.get("type", "text") in _TEXT_PARTS:
                inner = part.get("text")
                if isinstance(inner, dict):
                    inner = inner.get("value")
                text += inner if isinstance(inner, str) else ""
            elif isinstance(part, dict) and part.get("type") in _REASONING_PARTS:
                self.is_thinking = True
            else:
                self.skipped += 1
        return text

    def _piece(self, piece: dict[str, Any]) -> None:
        function = piece.get("function") or piece.get("function_call") or {}
        if not isinstance(function, dict):
            self.skipped += 1
            return
        name, arguments = function.get("name"), function.get("arguments")
        if isinstance(arguments, dict | list):  # Ollama's own form has an object here
            arguments = json.dumps(arguments, ensure_ascii=False)
        index, call_id = piece.get("index"), piece.get("id")
        is_number = isinstance(index, int) and not isinstance(index, bool)
        self.calls.append(
            CallPiece(
                index if is_number else None,
                Function(
                    name if isinstance(name, str) else None,
                    arguments if isinstance(arguments, str) else None,
                ),
                call_id if isinstance(call_id, str) else "",
            )
        )


_TEXT_PARTS: Final = frozenset({"text", "output_text", "refusal"})
_REASONING_FIELDS: Final = ("reasoning_content", "reasoning", "reasoning_details", "thinking")
_REASONING_PARTS: Final = frozenset({"thinking", "reasoning", "redacted_thinking"})


class _OpenCall:
    """A call whose pieces come in.

    Attributes:
        piece: the one that began it.
        name: of the tool, "" = not known yet.
        arguments: so far.
        passed_on: how many characters of them were passed on; None = not even its start.
    """

    def __init__(self, piece: CallPiece) -> None:
        self.piece = piece
        self.name = ""
        self.arguments = ""
        self.passed_on: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing can be missing."""
        return bool(self.name) and json_object(self.arguments) is not None


class ChunkReader:
    """Turns the chunks of one reply into what `LlmEngine.generate` yields before its end.

    Pieces that belong nowhere are passed over.

    Attributes:
        skipped: parts of the chunks that could not be read.
    """

    def __init__(self) -> None:
        self._halves = HalfCharacters()
        self._calls: list[_OpenCall] = []
        self._count = 0  # of calls that were begun
        self.skipped = 0

    def push(self, chunk: Chunk) -> list[LlmDelta]:
        """Takes a chunk."""
        self.skipped += chunk.skipped
        out: list[LlmDelta] = []
        if text := self._halves.push(chunk.text):
            out.append(TextDelta(text))
        elif chunk.is_thinking:
            out.append(LlmThinking())
        for piece in chunk.calls:
            call = self._call_of(piece)
            call.name = call.name or piece.function.name or ""
            call.arguments += piece.function.arguments or ""
            self._pass_on(out)
        return out

    def finish(self) -> list[LlmDelta]:
        """Ends the reply: calls come out that came in between the pieces of others."""
        out: list[LlmDelta] = []
        self._pass_on(out, is_end=True)
        return out

    def _call_of(self, piece: CallPiece) -> _OpenCall:
        """Returns the call that a piece belongs to: one that there is, or a new one."""
        for call in reversed(self._calls):
            if self._is_of(piece, call):
                return call
        self._calls.append(_OpenCall(piece))
        return self._calls[-1]

    def _is_of(self, piece: CallPiece, call: _OpenCall) -> bool:
        """Whether a piece goes on with a call.

        Some servers give each call the index 0 and an id of its own, some no index, some repeat
        the name in every piece.
        """
        is_last = call is self._calls[-1]
        is_named = bool(piece.function.name)
        if piece.call_id and call.piece.call_id and (is_named or piece.index is None):
            return piece.call_id == call.piece.call_id and piece.index == call.piece.index
        if piece.index is None:
            return is_last and (not is_named or not call.name)
        if piece.index != call.piece.index:
            return False
        is_again = bool(is_named and piece.function.arguments and call.is_whole)
        return not is_again

    def _pass_on(self, out: list[LlmDelta], *, is_end: bool = False) -> None:
        """Lets out what is known: a call at a time, the next one once the one before is whole."""
        while self._calls:
            call = self._calls[0]
            is_over = is_end or (len(self._calls) > 1 and call.is_whole)
            if call.passed_on is None and call.name:
                call.passed_on = 0
                out.append(ToolCallStarted(self._count, call.name))
                self._count += 1
            elif call.passed_on is None and is_end:
                self.skipped += 1
            if call.passed_on is not None and (rest := call.arguments[call.passed_on :]):
                out.append(ToolCallDelta(self._count - 1, rest))
                call.passed_on = len(call.arguments)
            if not is_over:
                return
            del self._calls[0]
