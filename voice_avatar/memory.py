"""What was said, as the prompts show it: append-only, cut rarely and in one large step. Pure.

An LLM server keeps the key-value cache of a prompt's prefix. A prompt that only grows at its end is
read in milliseconds; one whose beginning moves is read anew. So history is never rewritten, and
when it no longer fits, so many of the oldest exchanges go at once that the next turns fit again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from voice_avatar.events import Message
from voice_avatar.llm import defused

CountTokens = Callable[[str], int]
Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class MemoryOptions:
    """How much of the conversation the model is shown.

    Attributes:
        kept_fraction: of the room for history, how much stays filled after a cut, 0..1. Half: a
            cut then comes only once per half a window of talk.
        message_tokens: tokens that a chat template adds to a message, at most (ChatML 5, Llama 3
            and Gemma 5, Mistral 4; the rest is reserve).
        plain_context_tokens: window to assume where the engine does not know its own, tokens.
        opening: user message put before a greeting, because some chat templates refuse a
            conversation that the assistant begins; "" = none.
    """

    kept_fraction: float = 0.5
    message_tokens: int = 8
    plain_context_tokens: int = 4096
    opening: str = "Hello!"


@dataclass(slots=True)
class _Entry:
    """Something that was said, and the name by which it can be found again; "" = it has none."""

    key: str
    role: Role
    text: str


class History:
    """What was said in one conversation, oldest first.

    Neighbours of one role are one message in a prompt, because chat templates want user and
    assistant to alternate; here they stay apart, so that each can be changed or taken out.
    """

    def __init__(self, options: MemoryOptions) -> None:
        self._options = options
        self._entries: list[_Entry] = []
        self._sizes: dict[str, int] = {}

    @property
    def messages(self) -> tuple[Message, ...]:
        """What the next prompt will hold, if it fits, without the system message."""
        return tuple(message for message, _ in self._merged())

    def add_user(self, text: str, key: str = "") -> None:
        """Appends what the user said; two turns without a reply between them become one."""
        self.insert(key, Message("user", text))

    def add_assistant(self, text: str, key: str = "") -> None:
        """Appends what was heard of a reply. Nothing heard: nothing is added."""
        self._put(len(self._entries), _Entry(key, "assistant", text.strip()))

    def insert(self, key: str, message: Message, after: str | None = None) -> None:
        """Puts in a message; one without text is not put in.

        Args:
            key: name by which it can be found again.
            message: what was said; chat templates' control tokens in it become plain text.
            after: key of what it follows, "" = it comes first; None, or not there = last.
        """
        at = len(self._entries)
        if after is not None:
            at = 0 if not after else next((n + 1 for n in self._places(after)), at)
        self._put(at, _Entry(key, message.role, defused(message.content).strip()))

    def rewrite(self, key: str, text: str) -> None:
        """Changes the text of what has this key; without text it is taken out."""
        for place in self._places(key):
            if text.strip():
                self._entries[place].text = text.strip()
            else:
                del self._entries[place]

    def _places(self, key: str) -> list[int]:
        """Returns where that key is, the last place first."""
        return [n for n in reversed(range(len(self._entries))) if key == self._entries[n].key]

    def _put(self, at: int, entry: _Entry) -> None:
        if entry.text:
            self._entries.insert(at, entry)

    def prompt(
        self,
        system: str,
        extra_user: str | None,
        count_tokens: CountTokens,
        context_tokens: int,
        max_reply_tokens: int,
    ) -> tuple[Message, ...]:
        """Returns the prompt: system message, history, and a user turn not yet in history.

        Over budget, the oldest exchanges are forgotten for good, in one large step; a last message
        that is too long by itself loses its beginning in this prompt (the question of a long
        text mostly stands at its end).

        Args:
            system: system message, never cut; "" = none.
            extra_user: what the user says now; None or blank = nothing.
            count_tokens: counts, or estimates from above; always the same function.
            context_tokens: the model's window, 0 = unknown.
            max_reply_tokens: room to leave for the reply.
        """
        options = self._options
        window = context_tokens or options.plain_context_tokens
        head = (Message("system", system),) if system else ()
        room = window - max_reply_tokens - self._size(head, count_tokens)
        talk = _joined(self.messages, extra_user)
        if self._size(talk, count_tokens) > room:
            self._forget(talk, room, count_tokens)
            talk = _joined(self.messages, extra_user)
            if self._size(talk, count_tokens) > room:
                talk = self._last_words(talk[-1], room, count_tokens)
        return (*head, *talk)

    def _merged(self) -> list[tuple[Message, int]]:
        """Returns the messages, each with the place of its first entry."""
        merged: list[tuple[Message, int]] = []
        if self._entries and self._entries[0].role == "assistant" and self._options.opening:
            merged.append((Message("user", self._options.opening), 0))
        for place, entry in enumerate(self._entries):
            if merged and merged[-1][0].role == entry.role:
                before, first = merged.pop()
                message = Message(entry.role, f"{before.content} {entry.text}")
                merged.append((message, first))
            else:
                merged.append((Message(entry.role, entry.text), place))
        return merged

    def _size(self, messages: tuple[Message, ...], count_tokens: CountTokens) -> int:
        total = len(messages) * self._options.message_tokens
        for message in messages:
            text = message.content
            if text not in self._sizes:
                self._sizes[text] = count_tokens(text)
            total += self._sizes[text]
        return total

    def _forget(self, talk: tuple[Message, ...], room: int, count_tokens: CountTokens) -> None:
        """Drops the oldest exchanges; the last stays if it fits, and a user turn always."""
        target = int(room * self._options.kept_fraction)
        starts = [i for i, message in enumerate(talk) if message.role == "user"]
        first = next((i for i in starts if self._size(talk[i:], count_tokens) <= target), None)
        if first is None:
            first = starts[-1] if starts else len(talk)
            is_answered = first < len(talk) - 1
            if is_answered and self._size(talk[first:], count_tokens) > room:
                first = len(talk)
        merged = self._merged()
        del self._entries[: merged[first][1] if first < len(merged) else None]
        self._sizes.clear()

    def _last_words(
        self, message: Message, room: int, count_tokens: CountTokens
    ) -> tuple[Message, ...]:
        """Returns a message without its beginning, cut at a word if what is left has several."""
        room -= self._options.message_tokens
        text = message.content
        low, high = 0, len(text) - 1  # characters to cut: at least low, at most high
        while low < high:
            middle = (low + high) // 2
            if count_tokens(text[middle:]) <= room:
                high = middle
            else:
                low = middle + 1
        _, _, whole_words = text[low:].partition(" ")
        return (Message(message.role, whole_words.strip() or text[low:]),)


def _joined(messages: tuple[Message, ...], extra_user: str | None) -> tuple[Message, ...]:
    """Returns the messages with one more user turn, merged into a last one of the user's."""
    extra = defused(extra_user or "").strip()
    if not extra:
        return messages
    if messages and messages[-1].role == "user":
        return (*messages[:-1], Message("user", f"{messages[-1].content} {extra}"))
    return (*messages, Message("user", extra))
