"""Generation: the engine Protocol, its options, an estimate of tokens. Pure."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from voice_avatar.events.payloads import LlmDelta, LlmRequest, Message, ToolCall

_PIECES = re.compile(r"[A-Za-z]+|\s+|[^\sA-Za-z]")

_CONTROL = re.compile(
    r"<(?=\||\uff5c|</?SYS>>|/?SYS>>|/?s>|/?(?:bos|eos|pad|unk|mask|sep|cls|think|thinking|tools?|function"
    r"|functions|parameter|result|results|unused\d+|[a-z]+(?:_[a-z]+)+)(?:[ =][^<>]{0,80})?>)"
    r"|\[(?=/?(?:INST|THINK|ARGS|IMG|PREFIX|SUFFIX|MIDDLE|[A-Z]+(?:_[A-Z]+)+)\])",
    re.IGNORECASE,
)
"""Where control tokens begin, as far as they are known without a tokenizer: ChatML, Llama 3, Phi,
DeepSeek (`<|`), Llama 2 and Mistral (`<s>`, `<<SYS>>`, `[INST]`), Gemma (`<start_of_turn>`), calls
of tools and thoughts (`<tool_call>`, `<think>`, `[TOOL_RESULTS]`)."""

_OPENERS = "<["


@dataclass(frozen=True, slots=True)
class LlmOptions:
    """Which model answers, how much it may compute with, and how long it may take.

    What only one engine knows stands beside that engine (`LlamaCppOptions`, …).

    Attributes:
        engine: "llamacpp" (embedded), "openai_http" (any server with /v1/chat/completions),
            "vllm" (in this process) or "scripted" (tests).
        model: name in the model table, a path (GGUF file for llama.cpp, folder for vLLM), or the
            name that the HTTP server knows.
        context_tokens: prompt + completion per conversation, tokens; of a server elsewhere: what
            it was started with, 0 = unknown.
        stop: texts that end a reply, besides the model's own end token.
        first_token_timeout_s: longest wait for the first token, seconds. A model that reasons
            first, and shows that it does, has three times as long until its first word.
        between_tokens_timeout_s: longest wait for each further token, seconds.
        threads: CPU threads of a model that computes on these cores; 0 = by the plan of
            `[threads]`. With more than there are cores free while others compute, llama.cpp falls
            to a tenth of its speed and less.
        slots: conversations that a model in this server serves at once; llama.cpp keeps a prefix
            cache per slot, and each slot takes memory for `context_tokens`.
    """

    engine: str = "llamacpp"
    model: str = "smollm2-135m-instruct"
    context_tokens: int = 2048
    stop: tuple[str, ...] = ()
    first_token_timeout_s: float = 10.0
    between_tokens_timeout_s: float = 5.0
    threads: int = 0
    slots: int = 4


@dataclass(frozen=True, slots=True)
class LlmCapabilities:
    """What an LLM engine is.

    Attributes:
        name: engine name.
        model: model name.
        context_tokens: prompt + completion limit, 0 when unknown.
        has_prefix_cache: whether `warm` makes the next `generate` start sooner.
        prefix_caches: how many caches there are that know nothing of one another: a new
            conversation may get any of them.
    """

    name: str
    model: str
    context_tokens: int
    has_prefix_cache: bool
    prefix_caches: int = 1


class LlmEngine(Protocol):
    """Language model. The only asynchronous engine."""

    @property
    def capabilities(self) -> LlmCapabilities:
        """What it is; may be asked at any time."""

    def generate(self, request: LlmRequest) -> AsyncGenerator[LlmDelta, None]:
        """Generates a reply: text and calls of tools in order, then exactly one LlmDone.

        While the model reasons, `LlmThinking` tells that it is at work.

        A call is a ToolCallStarted and then its ToolCallDelta*, with nothing in between; the next
        call, text or the end shows that it is whole. Whether its arguments are JSON is for the
        caller to check. With the tool choice "required" or a name there is a call at least, as far
        as the model's tokens suffice.

        Closing the generator (`aclose`) or cancelling the task that reads it aborts the request
        inside the engine before it returns.

        Raises:
            LlmFailed: the model or server failed; LlmTimeout, ContextExceeded and ToolCallInvalid
                are kinds of it.
        """

    async def warm(self, request: LlmRequest) -> None:
        """Reads the prompt into the prefix cache without generating. May do nothing."""

    async def beat(self) -> bool:
        """Answers once it has shown that it works; does next to nothing, and harms no cache.

        Returns:
            Whether it has shown that it generates; False = that it is there, and no more: of what
            it has been asked for, that tells nothing.

        Raises:
            LlmFailed: it does not work.
        """

    def count_tokens(self, text: str) -> int:
        """Returns the tokens of `text`, exactly or estimated from above. Fast (< 1 ms)."""

    async def aclose(self) -> None:
        """Stops the engine and frees what it holds. Running requests end with LlmFailed."""


def estimate_tokens(text: str) -> int:
    """Returns an estimate, from above for prose, of the tokens of `text`.

    For engines whose tokenizer is out of reach. A run of n ASCII letters counts n / 3, rounded up;
    white space what exceeds one character; anything else its UTF-8 bytes, which is what a
    byte-level vocabulary spends on a script that it does not know.
    """
    return sum(map(_estimate, _PIECES.findall(text)))


def _estimate(piece: str) -> int:
    if piece.isspace():
        return len(piece) - 1
    if piece.isascii():
        return (len(piece) + 2) // 3
    return len(piece.encode("utf-8", "replace"))


def chars_within(text: str, tokens: int) -> int:
    """Returns how many characters of the beginning of `text` are estimated below `tokens`.

    In one pass: whoever sends a long text must not have it counted again and again.
    """
    left = tokens - 1  # what they may take at most
    for match in _PIECES.finditer(text):
        cost = _estimate(match[0])
        if cost > left:
            if match[0].isspace():
                return match.start() + max(0, left + 1)
            is_letters = len(match[0]) > 1
            return match.start() + (max(0, 3 * left) if is_letters else 0)
        left -= cost
    return len(text)


def defused(text: str) -> str:
    """Returns `text` without the control tokens of chat templates.

    Chat templates are filled in as text, so a user who types "<|im_end|>" would end his own
    message and write the next one. A space after the opening bracket makes it plain text.
    """
    return _CONTROL.sub(_apart, text)


def _apart(found: re.Match[str]) -> str:
    return f"{found[0]} "


class ControlTokens:
    """The control tokens of one model, by its own tokenizer: what may be typed is none of them."""

    def __init__(self, tokens: Iterable[str]) -> None:
        """`tokens`: special and added ones; those that are plain words or spaces stay."""
        known = sorted({token for token in tokens if len(token) > 2 and token[0] in _OPENERS})
        rests = "|".join(re.escape(token[1:]) for token in known)
        self._pattern = re.compile(f"[{re.escape(_OPENERS)}](?={rests})") if known else None

    def defused(self, text: str) -> str:
        """Returns a text that holds none of them, and none that are known anyway."""
        text = defused(text)
        return text if self._pattern is None else self._pattern.sub(_apart, text)

    def defused_request(self, request: LlmRequest) -> LlmRequest:
        """Returns a request in which there are none: in no message, call or tool.

        Names of tools have no brackets (`tools/offers.py`), but a client may tell of calls that
        were never made.
        """
        messages = tuple(self._defused_message(message) for message in request.messages)
        tools = tuple(
            replace(
                tool,
                description=self.defused(tool.description),
                parameters=self._defused_json(tool.parameters),
            )
            for tool in request.tools
        )
        return replace(request, messages=messages, tools=tools)

    def _defused_message(self, message: Message) -> Message:
        calls = tuple(
            ToolCall(
                self.defused(call.call_id),
                self.defused(call.name),
                self._defused_json(call.arguments),
            )
            for call in message.calls
        )
        return replace(
            message,
            content=self.defused(message.content),
            calls=calls,
            call_id=self.defused(message.call_id),
        )

    def _defused_json(self, text: str) -> str:
        """Returns JSON text that holds none, however its strings were written.

        A space in a string changes that string alone, and one after a bracket nothing.
        """
        with suppress(msgspec.MsgspecError, ValueError, RecursionError):
            plain = msgspec.json.encode(msgspec.json.decode(text)).decode()
            if (safe := self.defused(plain)) != plain:
                return safe
        return self.defused(text)
