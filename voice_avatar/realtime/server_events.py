"""What the server sends: one type per event, in the names of today (GA). Pure.

`event_id` is put in when an event goes out. `UNSET` is a field that is left out; None is `null`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

_HEARD = "input_audio_buffer"
_WORDS = "conversation.item.input_audio_transcription"
_SAID = "response.output_audio_transcript"
_CALL = "response.function_call_arguments"

Status = Literal["in_progress", "completed", "incomplete", "cancelled", "failed"]
ItemStatus = Literal["in_progress", "completed", "incomplete"]


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an event."""


class ErrorBody(Body, frozen=True, kw_only=True):
    """What is wrong; `event_id` is that of the client's event."""

    type: Literal["invalid_request_error", "server_error"]
    code: str
    message: str
    param: str | None = None
    event_id: str | None = None


class ContentBody(Body, frozen=True, kw_only=True):
    """Content of a message."""

    type: str
    text: str | UnsetType = UNSET
    transcript: str | UnsetType | None = UNSET


class ItemBody(Body, frozen=True, kw_only=True):
    """An item of the conversation: a message, a function call or its output."""

    id: str
    object: Literal["realtime.item"] = "realtime.item"
    type: Literal["message", "function_call", "function_call_output"]
    status: ItemStatus
    role: Literal["user", "assistant", "system"] | UnsetType = UNSET
    content: tuple[ContentBody, ...] | UnsetType = UNSET
    name: str | UnsetType = UNSET
    call_id: str | UnsetType = UNSET
    arguments: str | UnsetType = UNSET
    output: str | UnsetType = UNSET


class InputTokens(Body, frozen=True, kw_only=True):
    """Tokens read; here all are text."""

    text_tokens: int
    audio_tokens: int = 0
    cached_tokens: int = 0


class OutputTokens(Body, frozen=True, kw_only=True):
    """Tokens written; here all are text."""

    text_tokens: int
    audio_tokens: int = 0


class Usage(Body, frozen=True, kw_only=True):
    """What a response took."""

    total_tokens: int
    input_tokens: int
    output_tokens: int
    input_token_details: InputTokens
    output_token_details: OutputTokens


class StatusError(Body, frozen=True, kw_only=True):
    """Why a response failed."""

    type: str
    code: str
    message: str


class StatusDetails(Body, frozen=True, kw_only=True):
    """Why a response is not complete."""

    type: Literal["cancelled", "incomplete", "failed"]
    reason: Literal["turn_detected", "client_cancelled", "max_output_tokens"] | UnsetType = UNSET
    error: StatusError | UnsetType = UNSET


class ResponseBody(Body, frozen=True, kw_only=True):
    """A response."""

    object: Literal["realtime.response"] = "realtime.response"
    id: str
    status: Status
    status_details: StatusDetails | None = None
    output: tuple[ItemBody, ...] = ()
    conversation_id: str | None
    output_modalities: tuple[str, ...]
    max_output_tokens: int | Literal["inf"]
    audio: dict[str, Any]
    metadata: dict[str, str] | None = None
    usage: Usage | None = None


class ServerEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """An event of the server."""

    event_id: str = ""


class ErrorEvent(ServerEvent, frozen=True, kw_only=True, tag="error"):
    """Something is wrong; the session goes on."""

    error: ErrorBody


class SessionCreated(ServerEvent, frozen=True, kw_only=True, tag="session.created"):
    """The first event."""

    session: dict[str, Any]


class SessionUpdated(ServerEvent, frozen=True, kw_only=True, tag="session.updated"):
    """All settings in force."""

    session: dict[str, Any]


class ConversationCreated(ServerEvent, frozen=True, kw_only=True, tag="conversation.created"):
    """The conversation of the session; in the beta only."""

    conversation: dict[str, Any]


class SpeechStarted(ServerEvent, frozen=True, kw_only=True, tag=f"{_HEARD}.speech_started"):
    """The user speaks."""

    audio_start_ms: int
    item_id: str


class SpeechStopped(ServerEvent, frozen=True, kw_only=True, tag=f"{_HEARD}.speech_stopped"):
    """The user has finished."""

    audio_end_ms: int
    item_id: str


class BufferCommitted(ServerEvent, frozen=True, kw_only=True, tag=f"{_HEARD}.committed"):
    """The user's turn is an item now."""

    previous_item_id: str | None
    item_id: str


class BufferCleared(ServerEvent, frozen=True, kw_only=True, tag=f"{_HEARD}.cleared"):
    """The unfinished turn is forgotten."""


class TimeoutTriggered(ServerEvent, frozen=True, kw_only=True, tag=f"{_HEARD}.timeout_triggered"):
    """Nobody spoke for `idle_timeout_ms`; a response follows."""

    audio_start_ms: int
    audio_end_ms: int
    item_id: str


class ItemAdded(ServerEvent, frozen=True, kw_only=True, tag="conversation.item.added"):
    """An item is in the conversation."""

    previous_item_id: str | None
    item: ItemBody


class ItemDone(ServerEvent, frozen=True, kw_only=True, tag="conversation.item.done"):
    """An item is complete."""

    previous_item_id: str | None
    item: ItemBody


class ItemRetrieved(ServerEvent, frozen=True, kw_only=True, tag="conversation.item.retrieved"):
    """The item that was asked for."""

    item: ItemBody


class ItemDeleted(ServerEvent, frozen=True, kw_only=True, tag="conversation.item.deleted"):
    """The item is gone."""

    item_id: str


class ItemTruncated(ServerEvent, frozen=True, kw_only=True, tag="conversation.item.truncated"):
    """The item is cut to what was heard."""

    item_id: str
    content_index: int
    audio_end_ms: int


class TranscriptionDelta(ServerEvent, frozen=True, kw_only=True, tag=f"{_WORDS}.delta"):
    """A piece of what the user said."""

    item_id: str
    content_index: int = 0
    delta: str


class TranscriptionCompleted(ServerEvent, frozen=True, kw_only=True, tag=f"{_WORDS}.completed"):
    """All that the user said."""

    item_id: str
    content_index: int = 0
    transcript: str
    usage: dict[str, Any]


class TranscriptionFailed(ServerEvent, frozen=True, kw_only=True, tag=f"{_WORDS}.failed"):
    """What the user said could not be recognised."""

    item_id: str
    content_index: int = 0
    error: dict[str, Any]


class ResponseCreated(ServerEvent, frozen=True, kw_only=True, tag="response.created"):
    """A response begins."""

    response: ResponseBody


class ResponseDone(ServerEvent, frozen=True, kw_only=True, tag="response.done"):
    """A response is over; its audio may still play."""

    response: ResponseBody


class RateLimitsUpdated(ServerEvent, frozen=True, kw_only=True, tag="rate_limits.updated"):
    """What may still come."""

    rate_limits: tuple[dict[str, Any], ...]


class OfItem(ServerEvent, frozen=True, kw_only=True):
    """Is about an item of a response."""

    response_id: str
    output_index: int


class OutputItemAdded(OfItem, frozen=True, kw_only=True, tag="response.output_item.added"):
    """An item of the response begins."""

    item: ItemBody


class OutputItemDone(OfItem, frozen=True, kw_only=True, tag="response.output_item.done"):
    """An item of the response is complete."""

    item: ItemBody


class OfPart(OfItem, frozen=True, kw_only=True):
    """Is about the content of an item."""

    item_id: str
    content_index: int = 0


class PartAdded(OfPart, frozen=True, kw_only=True, tag="response.content_part.added"):
    """Content begins."""

    part: ContentBody


class PartDone(OfPart, frozen=True, kw_only=True, tag="response.content_part.done"):
    """Content is complete."""

    part: ContentBody


class AudioDelta(OfPart, frozen=True, kw_only=True, tag="response.output_audio.delta"):
    """A piece of speech, in base64."""

    delta: str


class AudioDone(OfPart, frozen=True, kw_only=True, tag="response.output_audio.done"):
    """All of the speech was sent."""


class TranscriptDelta(OfPart, frozen=True, kw_only=True, tag=f"{_SAID}.delta"):
    """A piece of what is said."""

    delta: str


class TranscriptDone(OfPart, frozen=True, kw_only=True, tag=f"{_SAID}.done"):
    """All that is said."""

    transcript: str


class TextDelta(OfPart, frozen=True, kw_only=True, tag="response.output_text.delta"):
    """A piece of text."""

    delta: str


class TextDone(OfPart, frozen=True, kw_only=True, tag="response.output_text.done"):
    """All of the text."""

    text: str


class ArgumentsDelta(OfItem, frozen=True, kw_only=True, tag=f"{_CALL}.delta"):
    """A piece of the arguments of a call."""

    item_id: str
    call_id: str
    delta: str


class ArgumentsDone(OfItem, frozen=True, kw_only=True, tag=f"{_CALL}.done"):
    """All arguments of a call."""

    item_id: str
    call_id: str
    name: str
    arguments: str
