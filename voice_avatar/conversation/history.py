"""What was said, as the prompts show it: append-only, cut rarely and in one large step. Pure.

An LLM server keeps the key-value cache of a prompt's prefix. A prompt that only grows at its end is
read in milliseconds; one whose beginning moves is read anew. So history is never rewritten, and
when it no longer fits, so many of the oldest exchanges go at once that the next turns fit again.

Whoever sends much must not cost more than he sends: each text is counted once, when it is first
shown, and from then on its count is added up; of what goes unanswered, so much is kept that the
next turn is no more work than the one before.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from voice_avatar.events.payloads import Message, ToolCall
from voice_avatar.stages.llm import chars_within, defused, estimate_tokens

CountTokens = Callable[[str], int]
Role = Literal["system", "user", "assistant", "tool"]

FORGOTTEN: Final = "…"
"""Stands for turns that were forgotten, and between a result and a user's turn."""

_REMEMBERED_CHARS: Final = 524_288
"""Characters of texts whose counts are remembered: a window of 128k tokens."""

_LEAST_REMEMBERED: Final = 4
"""Texts whose counts are remembered however long they are."""

_WORDS: Final = re.compile(r" *[^ ]+| +")

_BLOCK_WORDS: Final = 32
"""Words of a text that is too long that are counted at once, from its end on."""

_BLOCK_CHARS: Final = 48
"""A word that is too long by itself is counted in blocks of this size."""


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """How much of the conversation the model is shown.

    Attributes:
        kept_fraction: of the room for history, how much stays filled after a cut, 0..1. Half: a
            cut then comes only once per half a window of talk.
        message_tokens: tokens that a chat template adds to a message, at most (ChatML 5, Llama 3
            and Gemma 5, Mistral 4; the rest is reserve).
        plain_context_tokens: window to assume where the engine does not know its own, tokens.
        results_fraction: of the model's window, how much the results of one reply's tool calls may
            take, 0..1; beyond it their ends are cut.
        opening: user message put before a greeting, because some chat templates refuse a
            conversation that the assistant begins; "" = none.
    """

    kept_fraction: float = 0.5
    message_tokens: int = 8
    plain_context_tokens: int = 4096
    results_fraction: float = 0.25
    opening: str = "Hello!"


@dataclass(slots=True)
class _Entry:
    """Something that was said, and the name by which it can be found again; "" = it has none."""

    key: str
    role: Role
    text: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""

    def joins(self, other: _Entry) -> bool:
        """Whether both are words of one message."""
        is_plain = not (self.calls or other.calls)
        return is_plain and self.role == other.role != "tool"


@dataclass(slots=True)
class _Shown:
    """A message as prompts show it.

    Attributes:
        message: it.
        first: place of its first entry.
        tokens: of what was counted of it.
        rest: texts of it that were not counted yet, each as it stands there.
    """

    message: Message
    first: int
    tokens: int = 0
    rest: list[str] = field(default_factory=list)

    def size(self, count: CountTokens, message_tokens: int) -> int:
        """Returns the tokens of it; `count` sees each of its texts once."""
        for text in self.rest:
            self.tokens += count(text)
        self.rest.clear()
        frames = message_tokens * (1 + len(self.message.calls))
        calls = (estimate_tokens(f"{call.name} {call.arguments}") for call in self.message.calls)
        return self.tokens + frames + sum(calls)

    def more(self, message: Message) -> _Shown:
        """Returns a message of the same role with more words at its end, or calls."""
        before, text = self.message.content, message.content
        added = [f" {text}" if before else text] if text else []
        joined = Message(message.role, " ".join(filter(None, (before, text))), message.calls)
        return _Shown(joined, self.first, self.tokens, self.rest + added)


def _alone(message: Message, first: int) -> _Shown:
    return _Shown(message, first, rest=[message.content])


class _Memory:
    """Counts of the texts that were asked for last: each is counted once."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._chars = 0

    def asking(self, count_tokens: CountTokens) -> CountTokens:
        """Returns what counts, and asks `count_tokens` only for what is not remembered."""

        def count(text: str) -> int:
            known = self._counts.get(text)
            if known is not None:
                self._counts.move_to_end(text)
                return known
            self._counts[text] = counted = count_tokens(text)
            self._chars += len(text)
            while self._chars > _REMEMBERED_CHARS and len(self._counts) > _LEAST_REMEMBERED:
                self._chars -= len(self._counts.popitem(last=False)[0])
            return counted

        return count


class History:
    """What was said in one conversation, oldest first.

    Neighbours of one role are one message in a prompt, because chat templates want user and
    assistant to alternate; here they stay apart, so that each can be changed or taken out. A call
    of a tool is in a prompt only together with its result, which follows it at once: templates and
    servers refuse a call that nothing answers.
    """

    def __init__(self, options: HistoryOptions, max_run_chars: int = 8192) -> None:
        """`max_run_chars`: of neighbours of one role, that many characters are kept at most."""
        self._options = options
        self._max_run_chars = max_run_chars
        self._entries: list[_Entry] = []
        self._run_chars = 0  # of the neighbours at the end, at least
        self._shown: list[_Shown] | None = []  # None = to be made anew
        self._memory = _Memory()

    @property
    def messages(self) -> tuple[Message, ...]:
        """What the next prompt will hold, if it fits, without the system message."""
        return tuple(shown.message for shown in self._merged())

    def add_user(self, text: str, key: str = "") -> None:
        """Appends what the user said; two turns without a reply between them become one."""
        self.insert(key, Message("user", text))

    def add_assistant(self, text: str, key: str = "") -> None:
        """Appends what was heard of a reply. Nothing heard: nothing is added."""
        self._put(len(self._entries), _Entry(key, "assistant", defused(text).strip()))

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
            self._shown = None
            if text.strip():
                self._entries[place].text = text.strip()
                self._bound(place)
            else:
                del self._entries[place]

    def _places(self, key: str) -> list[int]:
        """Returns where that key is, the last place first."""
        return [n for n in reversed(range(len(self._entries))) if key == self._entries[n].key]

    def _put(self, at: int, entry: _Entry) -> None:
        if not (entry.text or entry.calls or entry.role == "tool"):
            return
        is_last = at == len(self._entries)
        self._entries.insert(at, entry)
        if self._shown is not None and is_last and not entry.calls and entry.role != "tool":
            self._show(self._shown, at, {})
        else:
            self._shown = None
        if is_last:
            is_joined = at > 0 and entry.joins(self._entries[at - 1])
            self._run_chars = len(entry.text) + 1 + (self._run_chars if is_joined else 0)
        if not is_last or self._run_chars > self._max_run_chars:
            self._bound(at)

    def _bound(self, at: int) -> None:
        """Forgets the oldest of the neighbours at a place, in one step, if they are too long."""
        entries, low, high = self._entries, at, at + 1
        while low > 0 and entries[low - 1].joins(entries[at]):
            low -= 1
        while high < len(entries) and entries[high].joins(entries[at]):
            high += 1
        chars = sum(len(entry.text) + 1 for entry in entries[low:high])
        if chars > self._max_run_chars and high - low > 1:
            room = int(self._max_run_chars * self._options.kept_fraction)
            room -= len(entries[high - 1].text)  # the newest is kept in any case
            kept = self._kept(low, high - 1, room, lambda text: len(text) + 1)
            chars = sum(len(entry.text) + 1 for entry in entries[kept:high]) + len(FORGOTTEN) + 1
            self._forget_run(low, kept)
            high -= kept - low - 1
        if high == len(entries):
            self._run_chars = chars

    def _kept(self, low: int, high: int, room: int, cost: CountTokens) -> int:
        """Returns from which place on, but not before `low`, all entries before `high` fit."""
        while high > low and (room := room - cost(self._entries[high - 1].text)) >= 0:
            high -= 1
        return high

    def _forget_run(self, low: int, kept: int) -> None:
        """Forgets neighbours from `low` to before `kept`; a mark stands for them."""
        self._entries[low:kept] = [_Entry("", self._entries[kept - 1].role, FORGOTTEN)]
        self._shown = None

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

        Over budget, the oldest exchanges are forgotten for good, in one large step; of a last
        exchange that nobody answered, the oldest turns. A last turn that is too long by itself
        loses its beginning in this prompt (the question of a long text mostly stands at its end).

        Args:
            system: system message, never cut; "" = none.
            extra_user: what the user says now; None or blank = nothing.
            count_tokens: counts, or estimates from above; always the same function.
            context_tokens: the model's window, 0 = unknown.
            max_reply_tokens: room to leave for the reply, and for the tools that are offered.
            calls: calls with their results that are not yet in history either.
        """
        count = self._memory.asking(count_tokens)
        window = context_tokens or self._options.plain_context_tokens
        head = (Message("system", system),) if system else ()
        room = window - max_reply_tokens
        room -= sum(self._sizes([_alone(message, 0) for message in head], count, room))
        extra = defused(extra_user or "").strip()
        talk = self._talk(extra, calls, count)
        if sum(sizes := self._sizes(talk, count, room)) > room:
            self._forget(talk, sizes, room, keeps_last=bool(calls))
            talk = self._talk(extra, calls, count)
            if talk and not calls and sum(self._sizes(talk, count, room)) > room:
                talk = self._newest(extra, room, count)
                if talk and talk[0].size(count, self._options.message_tokens) > room:
                    talk = [self._cut(talk[0], room, count_tokens)]
        return (*head, *(shown.message for shown in talk))

    def _merged(self) -> list[_Shown]:
        """Returns the messages of history."""
        if self._shown is None:
            self._shown = []
            results = {it.call_id: it.text for it in self._entries if it.role == "tool"}
            for place in range(len(self._entries)):
                self._show(self._shown, place, results)
        return self._shown

    def _show(self, merged: list[_Shown], place: int, results: dict[str, str]) -> None:
        """Adds an entry to the messages of all before it."""
        entry = self._entries[place]
        calls = tuple(call for call in entry.calls if call.call_id in results)
        if entry.role == "tool" or not (entry.text or calls):
            return
        is_first = all(shown.message.role == "system" for shown in merged)
        if is_first and entry.role == "assistant" and self._options.opening:
            merged.append(_alone(Message("user", self._options.opening), place))
        message = Message(entry.role, entry.text, calls)
        if merged and (merged[-1].message.role, entry.role) == ("tool", "user"):
            merged.append(_alone(Message("assistant", FORGOTTEN), place))
        if merged and merged[-1].message.role == entry.role:
            merged[-1] = merged[-1].more(message)
        else:
            merged.append(_alone(message, place))
        first = merged[-1].first
        for call in calls:
            answer = Message("tool", results[call.call_id], call_id=call.call_id)
            merged.append(_alone(answer, first))

    def _talk(self, extra: str, calls: tuple[Message, ...], count: CountTokens) -> list[_Shown]:
        """Returns the messages with what is not in history yet."""
        talk, end = [*self._merged()], len(self._entries)
        if talk:  # before words are added to it that are not here next time
            talk[-1].size(count, self._options.message_tokens)
        if extra:
            said = Message("user", extra)
            if talk and talk[-1].message.role == "tool":
                talk.append(_alone(Message("assistant", FORGOTTEN), end))
            if talk and talk[-1].message.role == "user":
                talk[-1] = talk[-1].more(said)
            else:
                talk.append(_alone(said, end))
        last = talk[-1].message if talk else None
        if calls and last is not None and last.role == "assistant" and not last.calls:
            # The assistant's last words are said once.
            talk[-1] = talk[-1].more(calls[0])
            calls = calls[1:]
        return [*talk, *(_alone(message, end) for message in calls)]

    def _sizes(self, messages: list[_Shown], count: CountTokens, room: int) -> list[int]:
        """Returns the tokens of the last messages, the last first, until they exceed the room.

        What is far over budget is not even counted.
        """
        sizes: list[int] = []
        left = room
        for shown in reversed(messages):
            sizes.append(shown.size(count, self._options.message_tokens))
            left -= sizes[-1]
            if left < 0:
                break
        return sizes

    def _forget(self, talk: list[_Shown], sizes: list[int], room: int, *, keeps_last: bool) -> None:
        """Drops the oldest exchanges; the last stays if it fits, and a user turn always.

        `keeps_last` tells whether the last exchange is under way: without its question, what was
        called and what came back mean nothing.
        """
        left = int(room * self._options.kept_fraction)
        first: int | None = None
        for back, size in enumerate(sizes, 1):
            left -= size
            if left >= 0 and talk[-back].message.role == "user":
                first = len(talk) - back
        if first is None:
            starts = [i for i, shown in enumerate(talk) if shown.message.role == "user"]
            first = starts[-1] if starts else len(talk)
            is_answered = first < len(talk) - 1 and not keeps_last
            is_counted = len(talk) - first <= len(sizes)
            if is_answered and not (is_counted and sum(sizes[: len(talk) - first]) <= room):
                first = len(talk)
        del self._entries[: talk[first].first if first < len(talk) else None]
        self._shown = None

    def _newest(self, extra: str, room: int, count: CountTokens) -> list[_Shown]:
        """Forgets the oldest of the turns that nobody answered; the newest stays.

        Called where there is nothing else in history. Returns the one message that is left.
        """
        self._entries = [entry for entry in self._entries if entry.role == "user"]
        texts = [entry.text for entry in self._entries]
        last = extra or (texts.pop() if texts else "")

        def cost(text: str) -> int:
            return count(f" {text}")

        room = int(room * self._options.kept_fraction) - self._options.message_tokens
        if texts:
            room -= cost(FORGOTTEN) + cost(last)
            self._forget_run(0, self._kept(0, len(texts), room, cost))
        self._shown = None
        return self._talk(extra, (), count)

    def _cut(self, shown: _Shown, room: int, count_tokens: CountTokens) -> _Shown:
        """Returns a message without its beginning, so that it fits."""
        message = shown.message
        words = _last_words(message.content, room - self._options.message_tokens, count_tokens)
        return _alone(Message(message.role, words), shown.first)


def _last_words(text: str, room: int, count_tokens: CountTokens) -> str:
    """Returns the end of a text that fits, cut at a word if what is left has several.

    No word is counted more than twice. A character is kept in any case.
    """
    pieces = [match[0] for match in _WORDS.finditer(text)]
    left, kept = room, len(pieces)
    for step in (_BLOCK_WORDS, 1):  # many at once, then those of the block that does not fit
        while kept:
            cost = count_tokens("".join(pieces[max(0, kept - step) : kept]))
            if cost > left:
                break
            left, kept = left - cost, max(0, kept - step)
    return "".join(pieces[kept:]).strip() or _last_chars(pieces[-1].strip(), room, count_tokens)


def _last_chars(word: str, room: int, count_tokens: CountTokens) -> str:
    """Returns the end of a word that fits; a character at least."""
    start, left = len(word), room
    while start > 0:
        block = word[max(0, start - _BLOCK_CHARS) : start]
        cost = count_tokens(block)
        if cost > left:
            low, high = 0, len(block)  # characters to cut of it: more than low, at most high
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (
                    (low, middle) if count_tokens(block[middle:]) <= left else (middle, high)
                )
            return word[start - len(block) + high :] or word[-1]
        start, left = start - len(block), left - cost
    return word


def tail_cut(text: str, room_tokens: int) -> str:
    """Returns a text, defused, whose end is cut where it may have too many tokens ("…" shows it).

    By estimate and not by the model's own count, so that a recorded session runs again as it was.
    """
    text = defused(text).strip()
    if estimate_tokens(text) <= room_tokens:
        return text
    return f"{text[: chars_within(text, room_tokens)].rstrip()}…"
