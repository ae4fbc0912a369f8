"""A response as its events, from `response.created` to `response.done`. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from voice_avatar.audio import g711
from voice_avatar.audio.pcm import StreamResampler, sample_count
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.items import Item, Items
from voice_avatar.realtime.settings import form_shown, rate_hz


@dataclass(frozen=True, slots=True)
class ResponseTerms:
    """What a response is made of.

    Attributes:
        modality: text, or audio with its transcript.
        form: of its audio.
        voice: that speaks.
        max_tokens: as the client set it, None = it did not.
        conversation_id: to which it is added, None = to none.
        metadata: the client's own.
    """

    modality: ce.Modality
    form: ce.Format
    voice: str
    max_tokens: int | None
    conversation_id: str | None
    metadata: dict[str, str] | None = None

    @property
    def is_out_of_band(self) -> bool:
        """Whether it belongs to no conversation."""
        return self.conversation_id is None


@dataclass(slots=True)
class Response:
    """A response under way.

    Attributes:
        response_id: its id.
        reply_id: of the session's reply that it shows.
        terms: what it is made of.
        output: items so far.
        is_done: whether `response.done` was sent.
        failure: what went wrong, None = nothing yet.
        tokens: read and written.
        is_cut_short: whether it wanted to be longer than it may.
        is_cancelled: whether the client wants it to end.
    """

    response_id: str
    reply_id: int
    terms: ResponseTerms
    items: Items
    new_id: Callable[[str], str]
    reply_hz: int
    key: str = ""
    output: list[Item] = field(default_factory=list)
    is_done: bool = False
    failure: se.StatusError | None = None
    tokens: tuple[int, int] = (0, 0)
    is_cut_short: bool = False
    is_cancelled: bool = False
    _message: Item | None = None
    _text: str = ""
    _resampler: StreamResampler | None = None

    def created(self) -> list[se.ServerEvent]:
        """Begins."""
        return [se.ResponseCreated(response=self._body("in_progress"))]

    @property
    def message(self) -> Item | None:
        """The message that is being written, or was last."""
        return self._message

    # -- pieces

    def text(self, piece: str) -> list[se.ServerEvent]:
        """More text was written."""
        out = self.opened()
        self._text += piece
        kind = se.TextDelta if self.terms.modality == "text" else se.TranscriptDelta
        return [*out, kind(**self._place(), delta=piece)]

    def audio(self, pcm: bytes, *, is_last: bool = False) -> list[se.ServerEvent]:
        """More speech was made."""
        out = self.opened()
        assert self._message is not None
        self._message.audio += sample_count(pcm)
        data = self._coded(pcm, is_last=is_last)
        if not data:
            return out
        return [*out, se.AudioDelta(**self._place(), delta=b64encode(data).decode())]

    def _coded(self, pcm: bytes, *, is_last: bool) -> bytes:
        wanted_hz = rate_hz(self.terms.form)
        if wanted_hz != self.reply_hz:
            if self._resampler is None:
                self._resampler = StreamResampler(self.reply_hz, wanted_hz)
            pcm = self._resampler.push(pcm, is_last=is_last)
        match self.terms.form:
            case ce.PcmFormat():
                return pcm
            case ce.MulawFormat():
                return g711.encode(pcm, "mulaw")
            case _:
                return g711.encode(pcm, "alaw")

    def opened(self) -> list[se.ServerEvent]:
        """Returns what begins the message; nothing if it has begun."""
        if self._message is not None:
            return []
        item = Item(self.new_id("item"), role="assistant", status="in_progress")
        item.key, item.reply_id = self.key, self.reply_id
        self._message = item
        self.output.append(item)
        out = self._item_added(item)
        is_text = self.terms.modality == "text"
        part = se.ContentBody(type="text", text="")
        if not is_text:
            part = se.ContentBody(type="audio", transcript="")
        return [*out, se.PartAdded(**self._place(), part=part)]

    def _item_added(self, item: Item) -> list[se.ServerEvent]:
        place = {"response_id": self.response_id, "output_index": self.output.index(item)}
        out: list[se.ServerEvent] = [se.OutputItemAdded(**place, item=item.shown())]  # type: ignore[arg-type]
        if self.terms.conversation_id is not None:
            previous_id = self.items.last_id
            self.items.append(item)
            out.append(se.ItemAdded(previous_item_id=previous_id, item=item.shown()))
        return out

    def _place(self) -> dict[str, Any]:
        assert self._message is not None
        return {
            "response_id": self.response_id,
            "item_id": self._message.item_id,
            "output_index": self.output.index(self._message),
        }

    # -- calls of functions

    def call_began(self, call_id: str, name: str) -> list[se.ServerEvent]:
        """The model begins to write a call."""
        item = Item(self.new_id("item"), "function_call", status="in_progress")
        item.name, item.call_id = name, call_id
        self.output.append(item)
        return self._item_added(item)

    def call_written(self, call_id: str, piece: str) -> list[se.ServerEvent]:
        """More of its arguments was written."""
        item = self.call(call_id)
        if item is None:
            return []
        return [se.ArgumentsDelta(**self._call_place(item), delta=piece)]

    def call_made(self, call_id: str, name: str, arguments: str) -> list[se.ServerEvent]:
        """It is whole."""
        out: list[se.ServerEvent] = []
        item = self.call(call_id)
        if item is None:
            out += self.call_began(call_id, name)
            item = self.output[-1]
        item.arguments, item.status = arguments, "completed"
        done = se.ArgumentsDone(**self._call_place(item), name=name, arguments=arguments)
        return [*out, done, *self._item_done(item)]

    def call_broken(self, call_id: str) -> list[se.ServerEvent]:
        """It cannot be made: its item, if it was begun, ends without its arguments."""
        item = self.call(call_id)
        if item is None or item.status != "in_progress":
            return []
        item.status = "incomplete"
        return self._item_done(item)

    def call(self, call_id: str) -> Item | None:
        """Returns the item of a call."""
        calls = (item for item in self.output if item.kind == "function_call")
        return next((item for item in calls if item.call_id == call_id), None)

    def _call_place(self, item: Item) -> dict[str, Any]:
        return {
            "response_id": self.response_id,
            "item_id": item.item_id,
            "output_index": self.output.index(item),
            "call_id": item.call_id,
        }

    def _close_calls(self) -> list[se.ServerEvent]:
        """Ends the calls that were never whole."""
        out: list[se.ServerEvent] = []
        for item in self.output:
            if item.kind == "function_call" and item.status == "in_progress":
                item.status = "incomplete"
                out += self._item_done(item)
        return out

    # -- the end

    def close_message(self, *, is_whole: bool) -> list[se.ServerEvent]:
        """Ends the message that is being written."""
        item = self._message
        if item is None or item.status != "in_progress":
            return []
        place = self._place()
        item.status = "completed" if is_whole else "incomplete"
        out: list[se.ServerEvent] = []
        if self.terms.modality == "text":
            item.contents = [("output_text", self._text)]
            out.append(se.TextDone(**place, text=self._text))
            part = se.ContentBody(type="text", text=self._text)
        else:
            item.contents = [("output_audio", self._text)]
            out.append(se.AudioDone(**place))
            out.append(se.TranscriptDone(**place, transcript=self._text))
            part = se.ContentBody(type="audio", transcript=self._text)
        out.append(se.PartDone(**place, part=part))
        return [*out, *self._item_done(item)]

    def _item_done(self, item: Item) -> list[se.ServerEvent]:
        index = self.output.index(item)
        out: list[se.ServerEvent] = [
            se.OutputItemDone(response_id=self.response_id, output_index=index, item=item.shown())
        ]
        if self.terms.conversation_id is not None and item in self.items:
            previous_id = self.items.before(item)
            out.append(se.ItemDone(previous_item_id=previous_id, item=item.shown()))
        return out

    def completed(self) -> list[se.ServerEvent]:
        """Ends as what it has become: complete, too long, or failed."""
        if self.failure is not None:
            details = se.StatusDetails(type="failed", error=self.failure)
            return self._end("failed", details)
        if self.is_cut_short:
            details = se.StatusDetails(type="incomplete", reason="max_output_tokens")
            return self._end("incomplete", details)
        return self._end("completed", None)

    def cancelled(self, *, by_voice: bool) -> list[se.ServerEvent]:
        """Ends before it is complete."""
        reason: Any = "turn_detected" if by_voice else "client_cancelled"
        return self._end("cancelled", se.StatusDetails(type="cancelled", reason=reason))

    def _end(self, status: se.Status, details: se.StatusDetails | None) -> list[se.ServerEvent]:
        if self.is_done:
            return []
        out = self.close_message(is_whole=status == "completed") + self._close_calls()
        self.is_done = True
        return [*out, se.ResponseDone(response=self._body(status, details))]

    def _body(self, status: se.Status, details: se.StatusDetails | None = None) -> se.ResponseBody:
        terms = self.terms
        speech = {"format": form_shown(terms.form), "voice": terms.voice}
        return se.ResponseBody(
            id=self.response_id,
            status=status,
            status_details=details,
            output=tuple(item.shown() for item in self.output),
            conversation_id=terms.conversation_id,
            output_modalities=(terms.modality,),
            max_output_tokens=terms.max_tokens or "inf",
            audio={"output": speech},
            metadata=terms.metadata,
            usage=None if status == "in_progress" else self._usage(),
        )

    def _usage(self) -> se.Usage:
        read, written = self.tokens
        return se.Usage(
            total_tokens=read + written,
            input_tokens=read,
            output_tokens=written,
            input_token_details=se.InputTokens(text_tokens=read),
            output_token_details=se.OutputTokens(text_tokens=written),
        )
