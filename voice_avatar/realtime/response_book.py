"""The responses of one session, from being asked for to being over. Pure.

A response of the conversation is in one place at a time:

    response.create -> queued -> asked ------> written ------> sent -------> over
                                   ^   Reply-     |   response-    Reply-
    the session's own answer to    |   Started    |   .done        Done
    a detected turn begins --------+--------------+

queued   it waits for the words of a turn that the client has committed (`queue`, `unqueue`).
asked    the session has the request; `ReplyStarted` or `ReplyRefused` is on its way.
written  from `response.created` to `response.done`: the *active* one, of which there is one.
sent     the client has all of it, the session plays it on: it can be interrupted, and ends with
         `ReplyDone`, or when the client goes on and so must have played it (`played`).

Written and sent are the *live* one. `response.cancel` takes a queued one back, ends a written one,
and waits for one that is asked for to begin: the session knows no name for it before.

Responses out of band are asked for and written likewise, any number at once. None of them is live,
nobody hears them, and they are gone with their `response.done`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from voice_avatar.conversation.replies import reply_key
from voice_avatar.events import notices
from voice_avatar.events.inputs import InterruptRequest, PlaybackReport, ReplyRequest
from voice_avatar.events.notices import Notice
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.items import Items
from voice_avatar.realtime.refusals import Refusal
from voice_avatar.realtime.reply_pieces import steps_of
from voice_avatar.realtime.requests import reply_request, response_terms
from voice_avatar.realtime.responses import Response, ResponseTerms
from voice_avatar.realtime.settings import Settings
from voice_avatar.realtime.steps import Step

_FAILED = se.StatusError(
    type="server_error", code="server_error", message="The response could not be made."
)

_OF_REPLIES = frozenset(
    {"llm_failed", "llm_timeout", "context_exceeded", "tool_call_invalid", "tts_failed"}
)
"""Codes of what makes a response fail; the session gets along with all else that fails."""


class ResponseBook:
    """The responses of one session.

    Attributes:
        is_live_heard: whether the user hears the live one: some of its audio was sent.
    """

    def __init__(
        self,
        items: Items,
        new_id: Callable[[str], str],
        *,
        conversation_id: str,
        voice: str,
        reply_hz: int,
        rate_limits: Callable[[], Sequence[dict[str, Any]]],
    ) -> None:
        """Makes an empty book.

        Args:
            items: of the conversation.
            new_id: makes an id that begins with the given word.
            conversation_id: for the responses that belong to it.
            voice: that speaks.
            reply_hz: rate of reply audio as the session gives it.
            rate_limits: what may still come; it follows each `response.created`.
        """
        self._items = items
        self._new_id = new_id
        self._conversation_id = conversation_id
        self._voice = voice
        self._reply_hz = reply_hz
        self._rate_limits = rate_limits
        self._queued: ce.ResponseCreate | None = None
        self._asked: dict[str, ResponseTerms] = {}
        self._is_cancel_due = False
        self._responses: dict[int, Response] = {}
        self._live_id = 0
        self.is_live_heard = False
        self._trouble: se.StatusError | None = None

    # -- where things stand

    @property
    def is_quiet(self) -> bool:
        """Whether no response is written or about to be, and none is played."""
        return not self._is_busy and not self._live_id

    @property
    def _is_busy(self) -> bool:
        """Whether a response of the conversation is written, or is about to be."""
        return self._is_asked or self._queued is not None or self._active is not None

    @property
    def _is_asked(self) -> bool:
        """Whether a response of the conversation was asked for and has not begun."""
        return any(not terms.is_out_of_band for terms in self._asked.values())

    @property
    def _active(self) -> Response | None:
        """The response of the conversation that is being written."""
        response = self._responses.get(self._live_id)
        return response if response is not None and not response.is_done else None

    def is_live(self, reply_id: int) -> bool:
        """Whether that reply is the response of the conversation which is written or played."""
        return reply_id == self._live_id

    def of(self, notice: Notice) -> Response | None:
        """Returns the response that a notice is about; None = it is about none."""
        return self._responses.get(getattr(notice, "reply_id", 0))

    # -- asked for

    def check(self, request: ce.ResponseRequest, settings: Settings) -> None:
        """Checks that a response of the conversation may be asked for now.

        Raises:
            Refusal: there is one already, or something in the request cannot be had.
        """
        if self._is_busy:
            active = self._active
            which = f": {active.response_id}" if active is not None else ""
            message = f"Conversation already has an active response in progress{which}."
            raise Refusal("conversation_already_has_active_response", message)
        reply_request(request, settings, self._items, "")

    def queue(self, event: ce.ResponseCreate) -> None:
        """Keeps a request that was checked until the words are known which it answers."""
        self._queued = event

    def unqueue(self) -> ce.ResponseCreate | None:
        """Returns the request that has waited, if there is one; it waits no longer."""
        event, self._queued = self._queued, None
        return event

    def ask(self, request: ce.ResponseRequest, settings: Settings) -> list[Step]:
        """Asks the session for a response of the conversation.

        Raises:
            Refusal: something in the request cannot be had.
        """
        asked = self._ask(request, settings, self._conversation_id)
        # The reply before has to be over in the session before it takes the request for the next.
        return [*self.played(), asked]

    def ask_beside(self, request: ce.ResponseRequest, settings: Settings) -> Step:
        """Asks the session for a response out of band.

        Raises:
            Refusal: something in the request cannot be had.
        """
        return self._ask(request, settings, None)

    def _ask(
        self, request: ce.ResponseRequest, settings: Settings, conversation_id: str | None
    ) -> ReplyRequest:
        """Asks for a reply; what it is made of is kept for when it begins."""
        ask_id = self._new_id("ask")
        asked = reply_request(request, settings, self._items, ask_id)
        # Only now: a request that is refused must not leave anything that is waited for.
        self._asked[ask_id] = response_terms(request, settings, self._voice, conversation_id)
        return asked

    def cancel(self, response_id: str | None) -> list[Step]:
        """Stops a response; None = that of the conversation.

        Raises:
            Refusal: there is none to stop.
        """
        for response in self._responses.values():
            is_meant = response.response_id == response_id
            if is_meant and response.terms.is_out_of_band and not response.is_done:
                stop = InterruptRequest(response.reply_id)
                return [stop, *self._end(response, response.cancelled(by_voice=False))]
        active = self._active
        if active is not None and response_id in (None, active.response_id):
            # The session answers with `ReplyInterrupted`, and that ends it: what was made until
            # then still goes out before `response.done`.
            active.is_cancelled = True
            return [InterruptRequest(active.reply_id)]
        if response_id is None and self._queued is not None:
            self._queued = None
            return []
        if response_id is None and self._is_asked:
            self._is_cancel_due = True
            return []
        raise Refusal("response_cancel_not_active", "Cancellation failed: no active response found")

    # -- as the client plays it

    def played(self) -> list[Step]:
        """Ends a reply that was sent whole: the client goes on, and so has played it."""
        response = self._responses.get(self._live_id)
        if response is None or not response.is_done:
            return []
        played = sum(item.audio for item in response.output)
        return [PlaybackReport(response.reply_id, played, "finished")]

    def cut(self, reply_id: int) -> list[Step]:
        """The client plays no more of a reply, written or played: that interrupts it."""
        out: list[Step] = []
        if reply_id == self._live_id:
            out.append(InterruptRequest(reply_id))
        response = self._responses.get(reply_id)
        if response is not None and not response.is_done:
            response.is_cancelled = True
            out += self._end(response, response.cancelled(by_voice=False))
        return out

    # -- as the session makes it

    def started(self, notice: notices.ReplyStarted, settings: Settings) -> list[Step]:
        """A reply begins: one that was asked for, or the session's own answer to a turn."""
        terms = self._asked.pop(notice.ask_id, None)
        if terms is None:
            own = ce.ResponseRequest()
            terms = response_terms(own, settings, self._voice, self._conversation_id)
        response = Response(
            self._new_id("resp"),
            notice.reply_id,
            terms,
            self._items,
            self._new_id,
            self._reply_hz,
        )
        self._responses[notice.reply_id] = response
        limits = se.RateLimitsUpdated(rate_limits=tuple(self._rate_limits()))
        out: list[Step] = [*response.created(), limits]
        if terms.is_out_of_band:
            return out
        response.key = reply_key(notice.reply_id)
        self._live_id, self.is_live_heard = notice.reply_id, False
        self._trouble = None  # what failed before is no fault of this one
        if self._is_cancel_due:
            self._is_cancel_due = False
            response.is_cancelled = True
            out.append(InterruptRequest(notice.reply_id))
        return out

    def refused(self, ask_id: str) -> Refusal:
        """Returns what the client hears of a request that the session does not take."""
        del self._asked[ask_id]
        message = "Conversation already has an active response in progress."
        return Refusal("conversation_already_has_active_response", message)

    def piece(self, notice: Notice, response: Response) -> Sequence[Step]:
        """More of a response that is being written."""
        match notice:
            case notices.ReplyAudio(reply_id):
                self.is_live_heard |= reply_id == self._live_id
            case notices.ReplyAudioDone(sample_count=count):
                # Without audio, calls and failures may still follow: it ends with `ReplyDone` then,
                # and out of band always.
                if not count or response.terms.is_out_of_band:
                    return []
                response.failure, self._trouble = self._trouble, None
                return self._end(response, response.completed())
            case _:
                pass
        return steps_of(notice, response)

    def trouble(self, code: str, message: str) -> None:
        """Something went wrong; if a response fails by it, the client hears of it at its end."""
        if code in _OF_REPLIES:
            self._trouble = se.StatusError(type="server_error", code=code, message=message)

    def interrupted(self, reply_id: int, *, by_voice: bool) -> list[Step]:
        """The session has cut a reply off."""
        self.is_live_heard = False
        response = self._responses.get(reply_id)
        if response is None or response.is_done:
            return []
        # A client that has cancelled hears of its own cancel, though a voice came as well.
        is_turn = by_voice and not response.is_cancelled
        return self._end(response, response.cancelled(by_voice=is_turn))

    def over(self, notice: notices.ReplyDone) -> list[Step]:
        """The reply was played, or ended before: nothing of it comes any more."""
        out: list[Step] = []
        response = self._responses.pop(notice.reply_id, None)
        if response is not None and not response.is_done:
            if notice.status == "failed":
                response.failure, self._trouble = self._trouble or _FAILED, None
            out += self._end(response, response.completed())
        if notice.reply_id == self._live_id:
            self._live_id, self.is_live_heard = 0, False
        return out

    def _end(self, response: Response, events: list[se.ServerEvent]) -> list[Step]:
        # One of the conversation stays until it was played: a voice over it interrupts it.
        if response.terms.is_out_of_band:
            self._responses.pop(response.reply_id, None)
        return [*events]
