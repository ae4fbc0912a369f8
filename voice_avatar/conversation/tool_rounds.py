"""From the calls of a reply to the reply that knows their results. Pure.

A call is told when it is whole and the turn committed, never before. Once the reply makes no more
calls and all results are there, a reply with the results in its prompt follows: prepared behind the
one that plays, or live at once. Until then the session waits. The calls come into history with
their results, after the words of their reply, and only what was answered does.
"""

from __future__ import annotations

from voice_avatar.conversation.facts import Outcome
from voice_avatar.conversation.prompts import Prompts
from voice_avatar.conversation.replies import Replies, Reply
from voice_avatar.conversation.tool_calls import ToolCalls
from voice_avatar.events.commands import Command
from voice_avatar.events.notices import CancelReason, Notice
from voice_avatar.events.payloads import ToolCall


class ToolRounds:
    """The rounds of one session.

    Attributes:
        calls: those under way, and what may be called.
    """

    def __init__(self, calls: ToolCalls, replies: Replies, prompts: Prompts) -> None:
        self.calls = calls
        self._replies = replies
        self._prompts = prompts

    @property
    def is_waiting(self) -> bool:
        """Whether the reply is over and the results of its calls are not all there."""
        return self._replies.live is None and self.calls.is_open

    # -- calls

    def call_made(self, reply: Reply, call: ToolCall, now_s: float) -> list[Notice]:
        """Tells a call, or keeps it until the turn is committed."""
        reply.calls.append(call)
        if reply is not self._replies.live:
            return []
        return [self.calls.announce(reply.reply_id, reply.turn_id, call, now_s)]

    def begin(self, live: Reply, now_s: float) -> list[Notice]:
        """The turn is committed: tells what the reply has called meanwhile."""
        return [
            self.calls.announce(live.reply_id, live.turn_id, call, now_s) for call in live.calls
        ]

    def calls_made(self) -> None:
        """Once the live reply makes no more calls, the one with their results may follow."""
        live = self._replies.live
        if live is not None and live.total is not None and live.calls:
            self.calls.is_whole = True

    # -- results

    def follow_up(self, language: str, now_s: float, *, is_user_heard: bool) -> list[Outcome]:
        """Has the results answered, if all are there: behind the reply that plays, or now.

        Args:
            language: of the reply, ISO 639-1.
            now_s: when, seconds.
            is_user_heard: whether a turn of the user is under way: then it is known only at its end
                whether anybody still wants to hear of the results.
        """
        if not self.calls.is_due or self._replies.prepared is not None:
            return []
        if self._replies.live is None and is_user_heard:
            return []
        return self.use_results(language, now_s)

    def use_results(self, language: str, now_s: float) -> list[Outcome]:
        """Has the results answered, all of which are there."""
        live = self._replies.live
        if live is None:
            # The results have to be in history before the prompt is made of it.
            self.settle()
            reply = self._replies.new(self.calls.turn_id, "")
            reply.is_follow_up = True
            start = self._prompts.start(reply, self._prompts.prompt(None), language, now_s)
            return [start, *self._replies.go_live(reply, now_s)]
        reply = self._replies.new(live.turn_id, "")
        reply.is_follow_up = True
        self._replies.prepared = reply
        # What plays is not in history yet: its words go into the prompt as if all were heard, and
        # the calls are settled when it is over. If it is cut, this reply is thrown away.
        prompt = self._prompts.prompt(None, self._prompts.results(live.text))
        return [self._prompts.start(reply, prompt, language, now_s)]

    # -- the end

    def settle(self) -> None:
        """Writes the calls that were answered into history, after the words of their reply."""
        self._replies.settle(self.calls.reply_id, self._prompts.results(""))
        self.calls.close()
        if self._replies.live is None:
            self._replies.write()

    def end(self, reason: CancelReason) -> list[Command | Notice]:
        """Nobody waits for results any more, nor for the reply that would use them."""
        if not self.calls.is_open:
            return []
        lost: list[Command | Notice] = [*self.calls.cancel(reason)]
        prepared = self._replies.prepared
        if prepared is not None and prepared.is_follow_up:
            lost += self._replies.withdraw()
        self.settle()
        return lost
