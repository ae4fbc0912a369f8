"""What the language model is shown and asked for: prompts, their limits, and reading ahead. Pure.

An LLM server keeps the cache of a prompt's beginning, so that a prompt is read before it is needed
(`warm`): while the user speaks, after settings change, and with the user's words as they come.
What is read must be what the reply's prompt will begin with, so nothing is read before history is
final: a late report of the client may still change what was heard of the last reply.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from voice_avatar.conversation.history import FORGOTTEN, History
from voice_avatar.conversation.replies import Replies, Reply
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.conversation.tool_calls import ToolCalls, prompt_tokens
from voice_avatar.events.commands import Command, StartReply, WarmPrefix
from voice_avatar.events.inputs import ReplyRequest, SettingsChanged
from voice_avatar.events.payloads import Message
from voice_avatar.turns.cues import words_of
from voice_avatar.turns.facts import TurnCommitted, TurnReady


class Prompts:
    """The prompts of one session and the commands to make replies of them.

    Attributes:
        system: the whole system message, "" = none.
    """

    def __init__(
        self,
        setup: SessionSetup,
        replies: Replies,
        calls: ToolCalls,
        *,
        count_tokens: Callable[[str], int],
        meant: Callable[[float], str],
    ) -> None:
        """Makes the prompts.

        Args:
            setup: what the conversation is made of.
            replies: with the history.
            calls: with the tools that are offered.
            count_tokens: the LLM's.
            meant: returns the id of the object that the user means at a time, "" = none.
        """
        self.system = setup.system_prompt
        self._replies = replies
        self._calls = calls
        self._count_tokens = count_tokens
        self._meant = meant
        self._memory = setup.history
        self._max_text_chars = setup.session.max_text_chars
        self._context_tokens = setup.context_tokens
        self._max_reply_tokens = setup.session.max_reply_tokens
        self._temperature = setup.session.temperature
        self._is_silent = False

    def limit(self, change: SettingsChanged) -> None:
        """Changes how long, how free and how loud the next replies are."""
        if change.is_silent is not None:
            self._is_silent = change.is_silent
        if change.max_reply_tokens is not None:
            self._max_reply_tokens = self._bounded(change.max_reply_tokens)
        if change.temperature is not None:
            self._temperature = change.temperature

    # -- prompts

    def prompt(self, text: str | None, calls: tuple[Message, ...] = ()) -> tuple[Message, ...]:
        """Returns the prompt with what the user says, None = nothing, and calls with results."""
        return self._replies.history.prompt(
            self.system,
            text,
            self._count_tokens,
            self._context_tokens,
            self._max_reply_tokens + prompt_tokens(self._calls.tools),
            calls,
        )

    def prompt_of(self, request: ReplyRequest) -> tuple[Message, ...]:
        """Returns the prompt of a reply that is asked for."""
        history = self._replies.history
        if request.messages is not None:
            history = History(self._memory, self._max_text_chars)
            for message in request.messages:
                history.insert("", message)
        instructions = self.system if request.instructions is None else request.instructions
        roles = [message.role for message in history.messages if message.role != "system"]
        last = roles[-1] if roles else ""
        # Chat templates want a user's turn, or a result, for the assistant to answer.
        text = {"": self._memory.opening or FORGOTTEN, "assistant": FORGOTTEN}.get(last)
        return history.prompt(
            instructions,
            text,
            self._count_tokens,
            self._context_tokens,
            (self._max_reply_tokens if request.max_tokens is None else request.max_tokens)
            + prompt_tokens(self._calls.tools if request.tools is None else request.tools),
        )

    def results(self, text: str) -> tuple[Message, ...]:
        """Returns the answered calls as messages, after what their reply said besides."""
        room = self._replies.history.results_tokens(self._context_tokens)
        return self._calls.messages(text.strip(), room)

    def warm(self, text: str | None, now_s: float) -> list[Command]:
        """Lets the LLM read the prompt of a reply to come, once the last reply is final."""
        if not self._replies.is_final(now_s):
            return []
        if text is None and not self._replies.history.messages:
            text = self._memory.opening  # some chat templates refuse a prompt without a user's turn
        return [WarmPrefix(self.prompt(text), self._calls.tools)]

    # -- replies

    def bounded(self, request: ReplyRequest) -> ReplyRequest:
        """Returns a request for a reply that leaves the model room to read."""
        if request.max_tokens is None:
            return request
        return replace(request, max_tokens=self._bounded(request.max_tokens))

    def _bounded(self, tokens: int) -> int:
        """Returns a limit of at most half the model's window; many clients ask for 4096 tokens."""
        return min(tokens, self._context_tokens // 2) if self._context_tokens else tokens

    def start(
        self,
        reply: Reply,
        messages: tuple[Message, ...],
        language: str,
        now_s: float,
        turn: TurnReady | TurnCommitted | None = None,
        request: ReplyRequest | None = None,
    ) -> StartReply:
        """Returns the command to make a reply.

        Args:
            reply: which.
            messages: its prompt.
            language: of the session, ISO 639-1; a turn's own goes over it.
            now_s: when, seconds.
            turn: that it answers, None = none.
            request: goes over what is set for the session.
        """
        request = request or ReplyRequest("")
        reply.is_silent = self._is_silent if request.is_silent is None else request.is_silent
        return StartReply(
            reply.reply_id,
            messages,
            turn.language if turn else language,
            speech_end_s=turn.speech_end_s if turn else None,
            transcript_s=turn.text_s if turn else None,
            meant=self._meant(now_s),
            feeling=self._replies.feeling(now_s),
            max_tokens=self._max_reply_tokens if request.max_tokens is None else request.max_tokens,
            temperature=self._temperature if request.temperature is None else request.temperature,
            is_silent=reply.is_silent,
            tools=self._calls.tools if request.tools is None else request.tools,
            tool_choice=self._calls.choice(
                request.tools, request.tool_choice, is_follow_up=reply.is_follow_up
            ),
        )

    def start_beside(self, reply_id: int, request: ReplyRequest, language: str) -> StartReply:
        """Returns the command to make a reply out of band: nothing of the talk moves its body."""
        request = self.bounded(request)
        return StartReply(
            reply_id,
            self.prompt_of(request),
            language,
            max_tokens=self._max_reply_tokens if request.max_tokens is None else request.max_tokens,
            temperature=self._temperature if request.temperature is None else request.temperature,
            is_silent=self._is_silent if request.is_silent is None else request.is_silent,
            tools=self._calls.tools if request.tools is None else request.tools,
            tool_choice=self._calls.choice(request.tools, request.tool_choice, is_follow_up=False),
            is_out_of_band=True,
        )


def question_key(text: str, language: str) -> str:
    """Returns what two transcripts have in common when they ask the same thing."""
    return f"{language} {' '.join(words_of(text, language))}"
