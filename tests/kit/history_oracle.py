"""History as it was when every prompt counted all of it anew: slow, and right for short talks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from voice_avatar.conversation.history import CountTokens, HistoryOptions, Role
from voice_avatar.events.payloads import Message, ToolCall
from voice_avatar.stages.llm import defused, estimate_tokens


@dataclass(slots=True)
class _Entry:
    """Something that was said, and the name by which it can be found again; "" = it has none."""

    key: str
    role: Role
    text: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""


class OldHistory:
    """What was said in one conversation, oldest first.

    Neighbours of one role are one message in a prompt, because chat templates want user and
    assistant to alternate; here they stay apart, so that each can be changed or taken out. A call
    of a tool is in a prompt only together with its result, which follows it at once: templates and
    servers refuse a call that nothing answers.
    """

    def __init__(self, options: HistoryOptions) -> None:
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
        """Puts in a message; one without text or calls is not put in.

        Args:
            key: name by which it can be found again.
            message: what was said; chat templates' control tokens in it become plain text.
            after: key of what it follows, "" = it comes first; None, or not there = last.
        """
        at = len(self._entries)
        if after is not None:
            at = 0 if not after else next((n + 1 for n in self._places(after)), at)
        text = defused(message.content).strip()
        self._put(at, _Entry(key, message.role, text, message.calls, message.call_id))

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
        if entry.text or entry.calls or entry.role == "tool":
            self._entries.insert(at, entry)

    def add_calls(self, calls: tuple[Message, ...]) -> None:
        """Appends calls of tools with their results, as `ToolCalls.messages` makes them."""
        for message in calls:
            self.insert("", message)

    def results_tokens(self, context_tokens: int) -> int:
        """Returns the room for the results of one reply's calls, tokens."""
        window = context_tokens or self._options.plain_context_tokens
        return int(window * self._options.results_fraction)

    def prompt(
        self,
        system: str,
        extra_user: str | None,
        count_tokens: CountTokens,
        context_tokens: int,
        max_reply_tokens: int,
        calls: tuple[Message, ...] = (),
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
            max_reply_tokens: room to leave for the reply, and for the tools that are offered.
            calls: calls with their results that are not yet in history either.
        """
        options = self._options
        window = context_tokens or options.plain_context_tokens
        head = (Message("system", system),) if system else ()
        room = window - max_reply_tokens - self._size(head, count_tokens)
        talk = _appended(_joined(self.messages, extra_user), calls)
        if self._size(talk, count_tokens) > room:
            self._forget(talk, room, count_tokens, keeps_last=bool(calls))
            talk = _appended(_joined(self.messages, extra_user), calls)
            if talk and not calls and self._size(talk, count_tokens) > room:
                talk = self._last_words(talk[-1], room, count_tokens)
        return (*head, *talk)

    def _merged(self) -> list[tuple[Message, int]]:
        """Returns the messages, each with the place of its first entry."""
        merged: list[tuple[Message, int]] = []
        if self._entries and self._entries[0].role == "assistant" and self._options.opening:
            merged.append((Message("user", self._options.opening), 0))
        results = {it.call_id: it.text for it in self._entries if it.role == "tool"}
        for place, entry in enumerate(self._entries):
            calls = tuple(call for call in entry.calls if call.call_id in results)
            if entry.role == "tool" or not (entry.text or calls):
                continue
            message, first = Message(entry.role, entry.text, calls), place
            if merged and (merged[-1][0].role, entry.role) == ("tool", "user"):
                merged.append((Message("assistant", "…"), place))
            if merged and merged[-1][0].role == entry.role:
                before, first = merged.pop()
                message = replace(message, content=f"{before.content} {entry.text}".strip())
            merged.append((message, first))
            for call in calls:
                answer = Message("tool", results[call.call_id], call_id=call.call_id)
                merged.append((answer, first))
        return merged

    def _size(self, messages: tuple[Message, ...], count_tokens: CountTokens) -> int:
        total = len(messages) * self._options.message_tokens
        for message in messages:
            text = message.content
            if text not in self._sizes:
                self._sizes[text] = count_tokens(text)
            total += self._sizes[text]
            for call in message.calls:
                total += estimate_tokens(f"{call.name} {call.arguments}")
                total += self._options.message_tokens
        return total

    def _forget(
        self,
        talk: tuple[Message, ...],
        room: int,
        count_tokens: CountTokens,
        *,
        keeps_last: bool,
    ) -> None:
        """Drops the oldest exchanges; the last stays if it fits, and a user turn always.

        `keeps_last` tells whether the last exchange is under way: without its question, what was
        called and what came back mean nothing.
        """
        target = int(room * self._options.kept_fraction)
        starts = [i for i, message in enumerate(talk) if message.role == "user"]
        first = next((i for i in starts if self._size(talk[i:], count_tokens) <= target), None)
        if first is None:
            first = starts[-1] if starts else len(talk)
            is_answered = first < len(talk) - 1 and not keeps_last
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


def _appended(messages: Sequence[Message], calls: tuple[Message, ...]) -> tuple[Message, ...]:
    """Returns the messages with calls after them; the assistant's last words are said once."""
    if not calls:
        return tuple(messages)
    last = messages[-1] if messages else None
    if last is None or last.role != "assistant" or last.calls:
        return (*messages, *calls)
    first = replace(calls[0], content=f"{last.content} {calls[0].content}".strip())
    return (*messages[:-1], first, *calls[1:])


def _joined(messages: tuple[Message, ...], extra_user: str | None) -> tuple[Message, ...]:
    """Returns the messages with one more user turn, merged into a last one of the user's."""
    extra = defused(extra_user or "").strip()
    if not extra:
        return messages
    if messages and messages[-1].role == "user":
        return (*messages[:-1], Message("user", f"{messages[-1].content} {extra}"))
    if messages and messages[-1].role == "tool":
        messages = (*messages, Message("assistant", "…"))
    return (*messages, Message("user", extra))
