"""The Realtime protocol over the session: events and notices in, steps out. Pure.

`receive` takes a client's event, `notice` what the session tells, `tick` the time; each returns
steps in their order. What interrupts, when a turn ends and what was heard is the session's
business; here it is put into the words of the protocol.

A response is done for the client when all of it was sent, which is before it was played; for the
session the reply lives on until then, so that a voice over it still interrupts. Clients of this
protocol do not say what they have played: it is taken to run in real time until a
`conversation.item.truncate` says how far it came, or the client asks for the next response.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from voice_avatar.conversation.playout import heard_text
from voice_avatar.conversation.replies import reply_key, turn_key
from voice_avatar.events import cues, inputs, notices
from voice_avatar.events.inputs import HistoryAdded, HistoryCut, InterruptRequest
from voice_avatar.events.notices import Notice
from voice_avatar.events.payloads import Message
from voice_avatar.realtime import avatar, beta
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.items import Item, Items, message_of
from voice_avatar.realtime.microphone import LEAST_MS, Microphone
from voice_avatar.realtime.refusals import Refusal
from voice_avatar.realtime.requests import request_of, terms_of
from voice_avatar.realtime.responses import Response, ResponseTerms
from voice_avatar.realtime.settings import Offer, Settings, core_settings, rate_hz, told, updated
from voice_avatar.realtime.steps import Hear, Step
from voice_avatar.realtime.turns import UserTurns

_IDLE = "(silence)"
"""What the model is shown of a user who says nothing for `idle_timeout_ms`."""

_FAILED = se.StatusError(
    type="server_error", code="server_error", message="The response could not be made."
)

_OF_REPLIES = frozenset(
    {"llm_failed", "llm_timeout", "context_exceeded", "tool_call_invalid", "tts_failed"}
)
"""Codes of what makes a response fail; the session gets along with all else that fails."""

_ENCODER = msgspec.json.Encoder()


class Dialect:
    """One Realtime session.

    Attributes:
        settings: in force.
        is_beta: whether the client speaks the names of the beta.
    """

    def __init__(
        self,
        offer: Offer,
        settings: Settings,
        *,
        reply_hz: int,
        new_id: Callable[[str], str],
        rate_limits: Callable[[], Sequence[dict[str, Any]]] = tuple,
        is_beta: bool = False,
        heard_tolerance: int = 0,
    ) -> None:
        """Makes the session.

        Args:
            offer: what the server has.
            settings: at first.
            reply_hz: rate of reply audio as the session gives it.
            new_id: makes an id that begins with the given word.
            rate_limits: what may still come, as `rate_limits.updated` shows it.
            is_beta: whether the client speaks the names of the beta.
            heard_tolerance: samples by which a word may be cut off and still counts as heard.
        """
        self.settings = settings
        self.is_beta = is_beta
        self._offer = offer
        self._reply_hz = reply_hz
        self._new_id = new_id
        self._rate_limits = rate_limits
        self._tolerance = heard_tolerance
        self._conversation_id = new_id("conv")
        self._items = Items(new_id)
        self._microphone = Microphone()
        self._turns = UserTurns(self._items, self._microphone, new_id)
        self._responses: dict[int, Response] = {}
        self._asked: dict[str, ResponseTerms] = {}
        self._queued: ce.ResponseCreate | None = None
        self._is_cancel_due = False
        self._live_id = 0
        self._is_live_heard = False
        self._said = ""
        self._trouble: se.StatusError | None = None
        self._idle_at_s: float | None = None
        self._idle_from_ms = 0

    # -- the interface

    def open(self) -> list[Step]:
        """Returns what comes first."""
        out: list[Step] = [core_settings(self.settings, self._offer)]
        out.append(se.SessionCreated(session=told(self.settings, self._offer)))
        if self.is_beta:
            body = {"id": self._conversation_id, "object": "realtime.conversation"}
            out.append(se.ConversationCreated(conversation=body))
        return out

    def receive(self, data: str | bytes, now_s: float) -> list[Step]:
        """Takes a client's event; what is wrong with it is answered by an `error` event."""
        event_id: str | None = None
        try:
            raw = ce.decode(data)
            given = raw.get("event_id")
            event_id = given[:512] if isinstance(given, str) else None
            event = ce.typed(beta.ga_event(raw) if self.is_beta else raw)
            return self._event(event, now_s)
        except Refusal as refusal:
            return [error_event(refusal, event_id)]

    def encode(self, event: se.ServerEvent) -> str:
        """Returns an event as text, with an id of its own, in the names that the client speaks.

        "" = there is no such event in the beta.
        """
        event = msgspec.structs.replace(event, event_id=self._new_id("event"))
        if not self.is_beta:
            return _ENCODER.encode(event).decode()
        body = beta.beta_event(msgspec.to_builtins(event))
        return "" if body is None else _ENCODER.encode(body).decode()

    @property
    def deadline_s(self) -> float | None:
        """When `tick` is due, None = never."""
        return self._idle_at_s

    def tick(self, now_s: float) -> list[Step]:
        """Time goes by."""
        if self._idle_at_s is None or now_s < self._idle_at_s:
            return []
        self._idle_at_s = None
        if self._is_busy or self._live_id or self._turns.is_active:
            return []
        out: list[Step] = [*self._turns.idle(self._idle_from_ms)]
        key = f"item-{self._items.last_id}"
        out.append(HistoryAdded(key, Message("user", _IDLE)))
        return [*out, *self._create(ce.ResponseWish())]

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

    # -- the client's events

    def _event(self, event: ce.AnyClientEvent, now_s: float) -> list[Step]:
        match event:
            case ce.AudioAppend(audio=audio):
                pcm = self._microphone.append(audio, self.settings.hears)
                return [Hear(pcm, rate_hz(self.settings.hears))] if pcm else []
            case ce.SessionUpdate(session=wish):
                return self._update(wish)
            case ce.AudioCommit():
                return self._commit()
            case ce.AudioClear():
                self._microphone.empty()
                return [inputs.ClearInput(), se.BufferCleared()]
            case ce.OutputClear():
                message = "There is no output audio buffer over a WebSocket: it is the client's."
                raise Refusal("unsupported", message, "type")
            case ce.ItemCreate():
                return self._item_create(event)
            case ce.ItemRetrieve(item_id=item_id):
                item = self._item(item_id, "item_retrieve_invalid_item_id")
                return [se.ItemRetrieved(item=item.told())]
            case ce.ItemDelete(item_id=item_id):
                item = self._item(item_id, "item_delete_invalid_item_id")
                self._items.remove(item)
                cut = [HistoryCut(item.key)] if item.key else []
                return [*cut, se.ItemDeleted(item_id=item_id)]
            case ce.ItemTruncate():
                return self._truncate(event)
            case ce.ResponseCreate():
                return self._response_create(event)
            case _:
                return self._response_cancel(event.response_id)

    def _item(self, item_id: str, code: str) -> Item:
        item = self._items.find(item_id)
        if item is None:
            raise Refusal(code, f"There is no item '{item_id}'.", "item_id")
        return item

    def _update(self, wish: ce.Session) -> list[Step]:
        before, known = self.settings, avatar.EVENTS
        self.settings = updated(before, wish, self._offer, known)
        if self.settings.idle_s is None:
            self._idle_at_s = None
        return [
            core_settings(self.settings, self._offer),
            se.SessionUpdated(session=told(self.settings, self._offer)),
        ]

    def _commit(self) -> list[Step]:
        buffered_ms = self._microphone.buffered_ms
        if buffered_ms < LEAST_MS:
            message = (
                "Error committing input audio buffer: buffer too small. Expected at least "
                f"{LEAST_MS}ms of audio, but buffer only has {buffered_ms:.2f}ms of audio."
            )
            raise Refusal("input_audio_buffer_commit_empty", message)
        start = self._microphone.start_sample
        form = self.settings.hears
        self._idle_at_s = None
        out: list[Step] = [] if self.settings.turns else self._played()
        told_ = self._turns.commit()
        tail = Hear(self._microphone.tail(form), rate_hz(form))
        return [*out, *told_, tail, inputs.CommitInput(start)]

    def _item_create(self, event: ce.ItemCreate) -> list[Step]:
        item = self._items.made(event.item)
        if item.kind == "function_call_output" and self._items.call(item.call_id) is None:
            text = f"There is no function call '{item.call_id}'."
            raise Refusal("item_create_invalid_call_id", text, "item.call_id")
        after = self._items.place(item, event.previous_item_id)
        out: list[Step] = []
        message = message_of(item)
        if message is not None:
            item.key = f"item-{item.item_id}"
            out.append(HistoryAdded(item.key, message, after))
        previous_id = self._items.before(item)
        out.append(se.ItemAdded(previous_item_id=previous_id, item=item.told()))
        out.append(se.ItemDone(previous_item_id=previous_id, item=item.told()))
        return out

    def _truncate(self, event: ce.ItemTruncate) -> list[Step]:
        code = "item_truncate_invalid_item_id"
        item = self._item(event.item_id, code)
        has_audio = bool(item.reply_id) and item.audio > 0
        if not has_audio:
            raise Refusal(code, f"Item '{item.item_id}' has no audio of a response.", "item_id")
        if event.content_index:
            raise Refusal("invalid_value", "The message has one content.", "content_index")
        audio_ms = item.audio * 1000 // self._reply_hz
        if event.audio_end_ms > audio_ms:
            message = (
                f"Audio content of {audio_ms}ms is already shorter than {event.audio_end_ms}ms"
            )
            raise Refusal("invalid_value", message, "audio_end_ms")
        out: list[Step] = []
        if item.reply_id == self._live_id:
            out.append(InterruptRequest(item.reply_id))
        response = self._responses.get(item.reply_id)
        if response is not None and not response.is_done:
            response.is_cancelled = True
            out += self._ended(response, response.cancelled(by_voice=False))
        played = event.audio_end_ms * self._reply_hz // 1000
        heard = self._heard(item, played)
        out.append(inputs.PlaybackReport(item.reply_id, played, "stopped"))
        item.contents = [("output_audio", heard)]
        if item.key:
            out.append(HistoryCut(item.key, heard))
        cut = se.ItemTruncated(
            item_id=item.item_id, content_index=0, audio_end_ms=event.audio_end_ms
        )
        return [*out, cut]

    def _heard(self, item: Item, played: int) -> str:
        """Returns what was heard of a reply of which so many samples were played."""
        if played >= item.audio and item.status == "completed":
            return item.text
        return heard_text(item.text, item.words, played, self._tolerance)

    # -- responses that are asked for

    def _response_create(self, event: ce.ResponseCreate) -> list[Step]:
        wish = event.response or ce.ResponseWish()
        if wish.conversation == "none":
            return [self._request(wish, None)]
        if self._is_busy:
            active = self._active
            which = f": {active.response_id}" if active is not None else ""
            message = f"Conversation already has an active response in progress{which}."
            raise Refusal("conversation_already_has_active_response", message)
        request_of(wish, self.settings, self._items, "")  # what cannot be had is said at once
        if self._turns.is_waiting:  # the words that it answers are not known yet
            self._queued = event
            return []
        return self._create(wish)

    def _create(self, wish: ce.ResponseWish) -> list[Step]:
        request = self._request(wish, self._conversation_id)
        self._idle_at_s = None
        return [*self._played(), request]

    def _request(self, wish: ce.ResponseWish, conversation_id: str | None) -> inputs.ReplyRequest:
        """Asks for a reply; what it is made of is kept for when it begins."""
        ask_id = self._new_id("ask")
        request = request_of(wish, self.settings, self._items, ask_id)
        self._asked[ask_id] = self._terms(wish, conversation_id)
        return request

    def _played(self) -> list[Step]:
        """Ends a reply that was sent whole: the client goes on, and so has played it."""
        response = self._responses.get(self._live_id)
        if response is None or not response.is_done:
            return []
        played = sum(item.audio for item in response.output)
        return [inputs.PlaybackReport(response.reply_id, played, "finished")]

    def _terms(self, wish: ce.ResponseWish, conversation_id: str | None) -> ResponseTerms:
        return terms_of(wish, self.settings, self._offer.voice, conversation_id)

    def _response_cancel(self, response_id: str | None) -> list[Step]:
        active = self._active
        for response in self._responses.values():
            is_meant = response.response_id == response_id
            if is_meant and response.terms.is_out_of_band and not response.is_done:
                stop = InterruptRequest(response.reply_id)
                return [stop, *self._ended(response, response.cancelled(by_voice=False))]
        if active is not None and response_id in (None, active.response_id):
            active.is_cancelled = True
            return [InterruptRequest(active.reply_id)]
        if response_id is None and self._queued is not None:
            self._queued = None
            return []
        if response_id is None and self._is_asked:
            self._is_cancel_due = True
            return []
        raise Refusal("response_cancel_not_active", "Cancellation failed: no active response found")

    # -- notices

    def notice(self, notice: Notice, now_s: float) -> list[Step]:
        """Takes what the session tells."""
        match notice:
            case notices.UserSpeechStarted(sample):
                return self._speech_started(sample)
            case notices.UserSpeechStopped(sample):
                self._turns.speech_stopped(sample)
                return []
            case notices.TranscriptFinal(_, text):
                self._said = text
                return []
            case notices.TurnEnded(turn_id):
                key = turn_key(turn_id)
                return [*self._turns.ended(key, self._said, self.settings), *self._unqueue()]
            case notices.TurnForgotten(_, is_failure):
                gone = self._turns.forgotten(self.settings, is_failure=is_failure)
                return [*gone, *self._unqueue()]
            case notices.ErrorNotice(code, message):
                if code in _OF_REPLIES:
                    self._trouble = se.StatusError(type="server_error", code=code, message=message)
                return []
            case _:
                return self._of_reply(notice, now_s)

    def _speech_started(self, sample: int) -> list[Step]:
        self._idle_at_s = None
        is_held = self._is_live_heard and self.settings.is_interruptible
        is_untold = self.settings.turns is None  # the client ends its turns itself
        return [*self._turns.speech_started(sample, is_held=is_held or is_untold)]

    def _unqueue(self) -> list[Step]:
        """Asks for the response that has waited for the words of a turn."""
        event = self._queued
        if event is None or self._turns.is_waiting:
            return []
        self._queued = None
        try:
            return self._create(event.response or ce.ResponseWish())
        except Refusal as refusal:  # an item that it refers to was deleted meanwhile
            return [error_event(refusal, event.event_id)]

    def _of_reply(self, notice: Notice, now_s: float) -> list[Step]:
        match notice:
            case notices.ReplyStarted():
                return self._started(notice)
            case notices.ReplyRefused(ask_id):
                del self._asked[ask_id]
                message = "Conversation already has an active response in progress."
                refusal = Refusal("conversation_already_has_active_response", message)
                return [error_event(refusal, None)]
            case notices.ReplyInterrupted(reply_id, _, reason):
                return self._interrupted(reply_id, by_voice=reason == "voice")
            case notices.ReplyDone():
                return self._over(notice, now_s)
            case _:
                response = self._responses.get(getattr(notice, "reply_id", 0))
                if response is None:
                    return self._avatar(notice, None)
                if response.is_done:
                    return []
                return [*self._piece(notice, response), *self._avatar(notice, response)]

    def _piece(self, notice: Notice, response: Response) -> Sequence[Step]:
        is_beside = response.terms.is_out_of_band
        match notice:
            case notices.ReplyText(_, text):
                return response.text(text)
            case cues.ReplySegment(words=words):
                out = response.opened()
                assert response.message is not None
                response.message.words += words
                return out
            case notices.ReplyWritten(_, prompt_tokens, tokens, is_cut):
                response.tokens, response.is_cut_short = (prompt_tokens, tokens), is_cut
                return []
            case notices.ReplyAudio(pcm=pcm, is_last=is_last):
                self._is_live_heard |= response.reply_id == self._live_id
                return response.audio(pcm, is_last=is_last)
            case notices.ReplyCallStarted(_, call_id, name):
                return response.call_began(call_id, name)
            case notices.ReplyCallDelta(_, call_id, text):
                return response.call_written(call_id, text)
            case notices.ToolCalled(_, call_id, name, arguments):
                return self._called(response, call_id, name, arguments)
            case notices.ReplyAudioDone(sample_count=count) if count and not is_beside:
                response.failure, self._trouble = self._trouble, None
                return self._ended(response, response.completed())
            case _:
                return []

    def _called(
        self, response: Response, call_id: str, name: str, arguments: str
    ) -> Sequence[Step]:
        out: list[Step] = [*response.call_made(call_id, name, arguments)]
        item = response.call(call_id)
        if item is not None and response.terms.conversation_id is not None:
            item.key = f"item-{item.item_id}"
            message = message_of(item)
            assert message is not None
            out.append(HistoryAdded(item.key, message))
        return out

    def _started(self, notice: notices.ReplyStarted) -> list[Step]:
        terms = self._asked.pop(notice.ask_id, None)
        if terms is None:
            terms = self._terms(ce.ResponseWish(), self._conversation_id)
        response = self._response(notice.reply_id, terms)
        if terms.is_out_of_band:
            return [*response.created(), self._limits()]
        response.key = reply_key(notice.reply_id)
        self._live_id, self._is_live_heard = notice.reply_id, False
        self._trouble, self._idle_at_s = None, None
        out: list[Step] = [*response.created(), self._limits()]
        if self._is_cancel_due:
            self._is_cancel_due = False
            response.is_cancelled = True
            out.append(InterruptRequest(notice.reply_id))
        return out

    def _response(self, reply_id: int, terms: ResponseTerms) -> Response:
        made = Response(
            self._new_id("resp"), reply_id, terms, self._items, self._new_id, self._reply_hz
        )
        self._responses[reply_id] = made
        return made

    def _limits(self) -> se.ServerEvent:
        return se.RateLimitsUpdated(rate_limits=tuple(self._rate_limits()))

    def _interrupted(self, reply_id: int, *, by_voice: bool) -> list[Step]:
        out: list[Step] = []
        if by_voice and self.settings.turns is not None:
            out += self._turns.tell()
        self._is_live_heard = False
        response = self._responses.get(reply_id)
        if response is not None and not response.is_done:
            is_turn = by_voice and not response.is_cancelled
            out += self._ended(response, response.cancelled(by_voice=is_turn))
        return out

    def _over(self, notice: notices.ReplyDone, now_s: float) -> list[Step]:
        """The reply was played, or ended before."""
        out: list[Step] = []
        reply_id = notice.reply_id
        response = self._responses.pop(reply_id, None)
        if response is not None and not response.is_done:
            if notice.status == "failed":
                response.failure, self._trouble = self._trouble or _FAILED, None
            out += self._ended(response, response.completed())
        if reply_id != self._live_id:
            return out
        self._live_id, self._is_live_heard = 0, False
        if self.settings.turns is not None:
            out += self._turns.tell()  # what is said now is said over nothing
        if self.settings.idle_s is not None and not self._turns.is_active:
            self._idle_at_s = now_s + self.settings.idle_s
            self._idle_from_ms = self._microphone.now_ms
        return out

    def _ended(self, response: Response, out: list[se.ServerEvent]) -> list[Step]:
        if response.terms.is_out_of_band:
            self._responses.pop(response.reply_id, None)
        return [*out]

    def _avatar(self, notice: Notice, response: Response | None) -> list[Step]:
        if not self.settings.avatar:
            return []
        made = avatar.told(notice, response, self.settings, self._reply_hz)
        return [] if made is None else [made]


def error_event(refusal: Refusal, event_id: str | None) -> se.ErrorEvent:
    """Returns the `error` event that answers a client's event."""
    body = se.ErrorBody(
        type="invalid_request_error",
        code=refusal.code,
        message=refusal.message,
        param=refusal.param,
        event_id=event_id,
    )
    return se.ErrorEvent(error=body)
