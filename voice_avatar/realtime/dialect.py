"""The Realtime protocol over the session: events and notices in, steps out. Pure.

`receive` takes a client's event, `notice` the session's, `tick` the time; each returns
steps in their order. What interrupts, when a turn ends and what was heard is the session's
business; here it is put into the words of the protocol.

The user's side is in `turns.py` and `microphone.py`, the avatar's in `response_book.py`, and what
was said of both in `items.py`, which the client edits by `item_edits.py`. Here is where they meet:

- a response that is asked for waits for the words of a committed turn;
- speech over a response that is heard is announced when it interrupts, or the response is over;
- if nobody speaks for `idle_timeout_ms` after a response, that is a turn, and the next one comes.

A response is done for the client when all of it was sent, which is before it was played; for the
session the reply lives on until then, so that a voice over it still interrupts. Clients of this
protocol do not say what they have played: it is taken to run in real time until a
`conversation.item.truncate` says how far it came, or the client asks for the next response.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from voice_avatar.conversation.replies import turn_key
from voice_avatar.events import inputs, notices
from voice_avatar.events.inputs import HistoryAdded
from voice_avatar.events.notices import Notice
from voice_avatar.events.payloads import Message
from voice_avatar.realtime import avatar, beta
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.item_edits import ItemEdits
from voice_avatar.realtime.items import Items
from voice_avatar.realtime.large_events import LargeEvent
from voice_avatar.realtime.microphone import LEAST_MS, Microphone
from voice_avatar.realtime.refusals import Refusal, error_event
from voice_avatar.realtime.response_book import ResponseBook
from voice_avatar.realtime.responses import Response
from voice_avatar.realtime.settings import (
    Offer,
    Settings,
    core_settings,
    rate_hz,
    settings_shown,
    updated,
)
from voice_avatar.realtime.steps import Hear, Step
from voice_avatar.realtime.turns import UserTurns

_IDLE = "(silence)"
"""What the model is shown of a user who says nothing for `idle_timeout_ms`."""

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
        self._conversation_id = new_id("conv")
        self._items = Items(new_id)
        self._microphone = Microphone()
        self._turns = UserTurns(self._items, self._microphone, new_id)
        self._book = ResponseBook(
            self._items,
            new_id,
            conversation_id=self._conversation_id,
            voice=offer.voice,
            reply_hz=reply_hz,
            rate_limits=rate_limits,
        )
        self._edits = ItemEdits(
            self._items, self._book, reply_hz=reply_hz, heard_tolerance=heard_tolerance
        )
        self._transcript = ""
        self._idle_at_s: float | None = None
        self._idle_from_ms = 0

    # -- the interface

    def open(self) -> list[Step]:
        """Returns what comes first."""
        out: list[Step] = [core_settings(self.settings, self._offer)]
        out.append(se.SessionCreated(session=settings_shown(self.settings, self._offer)))
        if self.is_beta:
            body = {"id": self._conversation_id, "object": "realtime.conversation"}
            out.append(se.ConversationCreated(conversation=body))
        return out

    def receive(self, data: str | bytes, now_s: float) -> list[Step]:
        """Takes a client's event; what is wrong with it is answered by an `error` event."""
        try:
            raw = ce.decode(data)
        except Refusal as refusal:
            return [error_event(refusal, None)]
        return self._receive(raw, None)

    def receive_large(self, event: LargeEvent) -> list[Step]:
        """Takes a client's event that was read elsewhere, for its size."""
        if event.refusal is not None:
            return [error_event(event.refusal, None)]
        return self._receive(event.raw, event.audio)

    def _receive(self, raw: dict[str, Any], audio: bytes | None) -> list[Step]:
        event_id: str | None = None
        try:
            # Before the rest is checked: the client wants its id back whatever else is wrong.
            given = raw.get("event_id")
            event_id = given[:512] if isinstance(given, str) else None
            event = ce.typed(beta.ga_event(raw) if self.is_beta else raw)
            if audio is not None and isinstance(event, ce.AudioAppend):
                return self._append(audio)
            return self._event(event)
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
        if not self._book.is_quiet or self._turns.is_active:
            return []
        out: list[Step] = [*self._turns.idle(self._idle_from_ms)]
        key = f"item-{self._items.last_id}"
        out.append(HistoryAdded(key, Message("user", _IDLE)))
        return [*out, *self._ask(ce.ResponseRequest())]

    # -- the client's events

    def _event(self, event: ce.AnyClientEvent) -> list[Step]:
        match event:
            case ce.AudioAppend(audio=audio):
                return self._append(audio)
            case ce.SessionUpdate(session=changes):
                return self._update(changes)
            case ce.AudioCommit():
                return self._commit()
            case ce.AudioClear():
                self._microphone.empty()
                return [inputs.ClearInput(), se.BufferCleared()]
            case ce.OutputClear():
                message = "There is no output audio buffer over a WebSocket: it is the client's."
                raise Refusal("unsupported", message, "type")
            case ce.ItemCreate():
                return self._edits.create(event)
            case ce.ItemRetrieve(item_id=item_id):
                return self._edits.retrieve(item_id)
            case ce.ItemDelete(item_id=item_id):
                return self._edits.delete(item_id)
            case ce.ItemTruncate():
                return self._edits.truncate(event)
            case ce.ResponseCreate():
                return self._response_create(event)
            case _:
                return self._book.cancel(event.response_id)

    def _append(self, audio: str | bytes) -> list[Step]:
        pcm = self._microphone.append(audio, self.settings.hears)
        return [Hear(pcm, rate_hz(self.settings.hears))] if pcm else []

    def _update(self, changes: ce.Session) -> list[Step]:
        self.settings = updated(self.settings, changes, self._offer, avatar.EVENTS)
        if self.settings.idle_s is None:
            self._idle_at_s = None
        return [
            core_settings(self.settings, self._offer),
            se.SessionUpdated(session=settings_shown(self.settings, self._offer)),
        ]

    def _commit(self) -> list[Step]:
        buffered_ms = self._microphone.buffered_ms
        if buffered_ms < LEAST_MS:
            message = (
                "Error committing input audio buffer: buffer too small. Expected at least "
                f"{LEAST_MS}ms of audio, but buffer only has {buffered_ms:.2f}ms of audio."
            )
            raise Refusal("input_audio_buffer_commit_empty", message)
        self._idle_at_s = None
        form = self.settings.hears
        # Where the buffer begins, before it is emptied; and the silence after it was, for that is
        # not the client's. The session hears the silence and then ends the turn.
        start = self._microphone.start_sample
        played: list[Step] = [] if self.settings.turns else self._book.played()
        committed = self._turns.commit()
        tail = Hear(self._microphone.tail(form), rate_hz(form))
        return [*played, *committed, tail, inputs.CommitInput(start)]

    # -- responses that are asked for

    def _response_create(self, event: ce.ResponseCreate) -> list[Step]:
        request = event.response or ce.ResponseRequest()
        if request.conversation == "none":
            return [self._book.ask_beside(request, self.settings)]
        # What cannot be had is said at once, though the request may have to wait.
        self._book.check(request, self.settings)
        if self._turns.is_waiting:  # the words that it answers are not known yet
            self._book.queue(event)
            return []
        return self._ask(request)

    def _unqueue(self) -> list[Step]:
        """Asks for the response that has waited for the words of a turn."""
        event = None if self._turns.is_waiting else self._book.unqueue()
        if event is None:
            return []
        try:
            return self._ask(event.response or ce.ResponseRequest())
        except Refusal as refusal:  # an item that it refers to was deleted meanwhile
            return [error_event(refusal, event.event_id)]

    def _ask(self, request: ce.ResponseRequest) -> list[Step]:
        out = self._book.ask(request, self.settings)
        self._idle_at_s = None
        return out

    # -- notices

    def notice(self, notice: Notice, now_s: float) -> list[Step]:
        """Takes a notice of the session."""
        match notice:
            case notices.UserSpeechStarted(sample):
                return self._speech_started(sample)
            case notices.UserSpeechStopped(sample):
                self._turns.speech_stopped(sample)
                return []
            case notices.TranscriptFinal(_, text):
                self._transcript = text
                return []
            case notices.TurnEnded(turn_id):
                key = turn_key(turn_id)
                ended = self._turns.ended(key, self._transcript, self.settings)
                return [*ended, *self._unqueue()]
            case notices.TurnForgotten(_, reason):
                gone = self._turns.forgotten(self.settings, is_failure=reason == "failed")
                return [*gone, *self._avatar(notice, None), *self._unqueue()]
            case notices.ErrorNotice(code, message):
                self._book.trouble(code, message)
                return []
            case _:
                return self._of_reply(notice, now_s)

    def _speech_started(self, sample: int) -> list[Step]:
        self._idle_at_s = None
        is_held = self._book.is_live_heard and self.settings.is_interruptible
        is_silent = self.settings.turns is None  # the client ends its turns itself
        return [*self._turns.speech_started(sample, is_held=is_held or is_silent)]

    def _of_reply(self, notice: Notice, now_s: float) -> list[Step]:
        match notice:
            case notices.ReplyStarted(reply_id):
                out = self._book.started(notice, self.settings)
                if self._book.is_live(reply_id):
                    self._idle_at_s = None
                return out
            case notices.ReplyRefused(ask_id):
                return [error_event(self._book.refused(ask_id), None)]
            case notices.ReplyInterrupted(reply_id, _, reason):
                by_voice = reason == "voice"
                # The speech that interrupts is announced before the end of what it interrupts.
                speech = self._announced() if by_voice else []
                return [*speech, *self._book.interrupted(reply_id, by_voice=by_voice)]
            case notices.ReplyDone(reply_id):
                was_live = self._book.is_live(reply_id)
                out = self._book.over(notice)
                return [*out, *self._nothing_is_said(now_s)] if was_live else out
            case _:
                response = self._book.of(notice)
                if response is None:
                    return self._avatar(notice, None)
                if response.is_done:
                    return []
                # An extension event names the item, which the piece may begin.
                return [*self._book.piece(notice, response), *self._avatar(notice, response)]

    def _nothing_is_said(self, now_s: float) -> list[Step]:
        """The response of the conversation is over, and the user's silence begins to count."""
        out = self._announced()  # what the user says now is said over nothing
        if self.settings.idle_s is not None and not self._turns.is_active:
            self._idle_at_s = now_s + self.settings.idle_s
            self._idle_from_ms = self._microphone.now_ms
        return out

    def _announced(self) -> list[Step]:
        """Announces that the user speaks, if that has waited, unless the client ends its turns."""
        return [] if self.settings.turns is None else [*self._turns.announce()]

    def _avatar(self, notice: Notice, response: Response | None) -> list[Step]:
        if not self.settings.avatar:
            return []
        made = avatar.avatar_event(notice, response, self.settings, self._reply_hz)
        return [] if made is None else [made]
