"""What a client sends: one type per event, in the names of today (GA). Pure.

Fields that the protocol has are all here, also those that change nothing in this server; any other
is refused, as the protocol wants it. `UNSET` is a field that was left out.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType

from voice_avatar.realtime.refusals import Refusal, refusal_of
from voice_avatar.wire.fields import MAX_INPUT_CHARS, MAX_INSTRUCTIONS_CHARS

MAX_APPEND_BYTES: Final = 15 * 1024 * 1024
"""Largest audio of one `input_audio_buffer.append`, bytes."""

MAX_EVENT_BYTES: Final = MAX_APPEND_BYTES * 4 // 3 + 4096
"""Largest event: that audio in base64."""

MAX_WORD_CHARS: Final = 512
"""Longest name of anything, characters."""

Word = Annotated[str, Meta(max_length=MAX_WORD_CHARS)]
Words = Annotated[tuple[Word, ...], Meta(max_length=256)]
Noise = Annotated[dict[Word, Word | None], Meta(max_length=8)]
Instructions = Annotated[str, Meta(max_length=MAX_INSTRUCTIONS_CHARS)]
Id = Annotated[str, Meta(min_length=1, max_length=512)]
Modality = Literal["text", "audio"]
Tokens = Annotated[int, Meta(ge=1, le=4096)]
Index = Annotated[int, Meta(ge=0)]
Millis = Annotated[int, Meta(ge=0)]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of an event; fields that it does not have are refused."""


class PcmFormat(Part, frozen=True, kw_only=True, tag_field="type", tag="audio/pcm"):
    """PCM16, mono."""

    rate: Literal[24000] = 24000


class MulawFormat(Part, frozen=True, kw_only=True, tag_field="type", tag="audio/pcmu"):
    """G.711 mu-law, 8 kHz."""


class AlawFormat(Part, frozen=True, kw_only=True, tag_field="type", tag="audio/pcma"):
    """G.711 A-law, 8 kHz."""


Format = PcmFormat | MulawFormat | AlawFormat


class ServerVad(Part, frozen=True, kw_only=True, tag_field="type", tag="server_vad"):
    """A turn ends after so much silence."""

    threshold: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    prefix_padding_ms: Annotated[int, Meta(ge=0, le=5000)] | None = None
    silence_duration_ms: Annotated[int, Meta(ge=50, le=10_000)] | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None
    idle_timeout_ms: Annotated[int, Meta(ge=1000, le=600_000)] | None = None


class SemanticVad(Part, frozen=True, kw_only=True, tag_field="type", tag="semantic_vad"):
    """A turn ends where the turn model, the words and the silence say so."""

    eagerness: Literal["low", "medium", "high", "auto"] | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None


TurnDetection = ServerVad | SemanticVad


class Transcription(Part, frozen=True, kw_only=True):
    """Whether and how the client gets the user's words as text."""

    model: Word | None = None
    language: Annotated[str, Meta(min_length=2, max_length=16)] | None = None
    prompt: Annotated[str, Meta(max_length=MAX_INPUT_CHARS)] | None = None
    delay: Word | None = None
    keywords: Words | None = None
    languages: Words | None = None


class AudioInput(Part, frozen=True, kw_only=True):
    """Microphone audio."""

    format: Format | UnsetType | None = UNSET
    noise_reduction: Noise | UnsetType | None = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    turn_detection: TurnDetection | UnsetType | None = UNSET


class AudioOutput(Part, frozen=True, kw_only=True):
    """Reply audio."""

    format: Format | UnsetType | None = UNSET
    voice: str | dict[str, Any] | UnsetType | None = UNSET
    speed: Annotated[float, Meta(ge=0.25, le=1.5)] | UnsetType | None = UNSET


class Audio(Part, frozen=True, kw_only=True):
    """Audio both ways."""

    input: AudioInput | None = None
    output: AudioOutput | None = None


class Function(Part, frozen=True, kw_only=True, tag_field="type", tag="function"):
    """A function that the model may call."""

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class FunctionChoice(Part, frozen=True, kw_only=True, tag_field="type", tag="function"):
    """The function that has to be called."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | FunctionChoice


class AvatarRequest(Part, frozen=True, kw_only=True):
    """Which extension events are sent; see `avatar.py`."""

    events: tuple[str, ...] = ()
    viseme_set: str | None = None


class Session(Part, frozen=True, kw_only=True):
    """Settings that are changed. Those after `truncation` are taken and change nothing."""

    type: Literal["realtime", "transcription"] | None = None
    model: Word | None = None
    instructions: Instructions | None = None
    output_modalities: Annotated[tuple[Modality, ...], Meta(min_length=1)] | None = None
    audio: Audio | None = None
    max_output_tokens: Tokens | Literal["inf"] | None = None
    temperature: Annotated[float, Meta(ge=0.0, le=2.0)] | None = None
    tools: tuple[Function, ...] | None = None
    tool_choice: ToolChoice | None = None
    x_avatar: AvatarRequest | UnsetType | None = UNSET
    truncation: Any = None
    include: Any = None
    prompt: Any = None
    tracing: Any = None
    reasoning: Any = None
    parallel_tool_calls: bool | None = None
    id: str | None = None
    object: str | None = None
    expires_at: int | None = None


class Content(Part, frozen=True, kw_only=True):
    """Content of a message."""

    type: Literal["input_text", "input_audio", "input_image", "output_text", "output_audio", "text"]
    text: str | None = None
    audio: str | None = None
    transcript: str | None = None
    image_url: str | None = None
    detail: str | None = None


class MessageItem(Part, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """A message."""

    role: Literal["user", "assistant", "system"]
    content: Annotated[tuple[Content, ...], Meta(min_length=1)]
    id: Id | None = None
    object: str | None = None
    status: str | None = None
    phase: str | None = None


class CallItem(Part, frozen=True, kw_only=True, tag_field="type", tag="function_call"):
    """A call that the model has made."""

    name: str
    arguments: str
    call_id: Id | None = None
    id: Id | None = None
    object: str | None = None
    status: str | None = None


class OutputItem(Part, frozen=True, kw_only=True, tag_field="type", tag="function_call_output"):
    """What a function gave back."""

    call_id: Id
    output: str
    id: Id | None = None
    object: str | None = None
    status: str | None = None


class ReferenceItem(Part, frozen=True, kw_only=True, tag_field="type", tag="item_reference"):
    """An item of the conversation, by its id."""

    id: Id


Item = MessageItem | CallItem | OutputItem
InputItem = MessageItem | CallItem | OutputItem | ReferenceItem
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]],
    Meta(max_length=16),
]


class ResponseRequest(Part, frozen=True, kw_only=True):
    """What is asked of a response; None = as in the session. The last four change nothing."""

    conversation: Literal["auto", "none"] | None = None
    input: tuple[InputItem, ...] | None = None
    instructions: Instructions | None = None
    output_modalities: Annotated[tuple[Modality, ...], Meta(min_length=1)] | None = None
    audio: Audio | None = None
    max_output_tokens: Tokens | Literal["inf"] | None = None
    temperature: Annotated[float, Meta(ge=0.0, le=2.0)] | None = None
    metadata: Metadata | None = None
    tools: tuple[Function, ...] | None = None
    tool_choice: ToolChoice | None = None
    prompt: Any = None
    reasoning: Any = None
    parallel_tool_calls: bool | None = None
    object: str | None = None


class ClientEvent(Part, frozen=True, kw_only=True, tag_field="type"):
    """An event of a client. `event_id` comes back in an `error` about it."""

    event_id: Annotated[str, Meta(max_length=512)] | None = None


class SessionUpdate(ClientEvent, frozen=True, kw_only=True, tag="session.update"):
    """Changes settings."""

    session: Session


class AudioAppend(ClientEvent, frozen=True, kw_only=True, tag="input_audio_buffer.append"):
    """Microphone audio, in base64. It is not answered."""

    audio: str


class AudioCommit(ClientEvent, frozen=True, kw_only=True, tag="input_audio_buffer.commit"):
    """Ends the user's turn."""


class AudioClear(ClientEvent, frozen=True, kw_only=True, tag="input_audio_buffer.clear"):
    """Forgets the user's unfinished turn."""


class OutputClear(ClientEvent, frozen=True, kw_only=True, tag="output_audio_buffer.clear"):
    """Only where the server plays the audio itself (WebRTC, SIP)."""


class ItemCreate(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.create"):
    """Adds an item to the conversation."""

    item: Item
    previous_item_id: Id | None = None


class ItemRetrieve(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.retrieve"):
    """Asks for an item."""

    item_id: Id


class ItemDelete(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.delete"):
    """Takes an item out of the conversation."""

    item_id: Id


class ItemTruncate(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.truncate"):
    """Says how much of a reply was played."""

    item_id: Id
    content_index: Index
    audio_end_ms: Millis


class ResponseCreate(ClientEvent, frozen=True, kw_only=True, tag="response.create"):
    """Asks for a response."""

    response: ResponseRequest | None = None


class ResponseCancel(ClientEvent, frozen=True, kw_only=True, tag="response.cancel"):
    """Stops a response; None = the one of the conversation."""

    response_id: Id | None = None


AnyClientEvent = (
    SessionUpdate
    | AudioAppend
    | AudioCommit
    | AudioClear
    | OutputClear
    | ItemCreate
    | ItemRetrieve
    | ItemDelete
    | ItemTruncate
    | ResponseCreate
    | ResponseCancel
)

_KINDS: Final[dict[str, type[msgspec.Struct]]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(AnyClientEvent)
}

CLIENT_TYPES: Final = tuple(_KINDS)
"""Types of the events that a client sends."""


def decode(data: str | bytes) -> dict[str, Any]:
    """Returns an event as JSON has it.

    Raises:
        Refusal: not UTF-8, not JSON, no object, or without a type.
    """
    try:
        event = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refusal("invalid_event", "The event is not JSON.") from error
    if not isinstance(event, dict):
        raise Refusal("invalid_event", "The event is not an object.")
    if not isinstance(event.get("type"), str):
        raise Refusal("invalid_event", "The event has no `type`.", "type")
    return event


def typed(event: dict[str, Any]) -> AnyClientEvent:
    """Returns an event of a known type with all its fields checked.

    Raises:
        Refusal: it has another type, or a field that is wrong, missing or unknown.
    """
    kind = _KINDS.get(event["type"])
    if kind is None:
        known = ", ".join(f"'{name}'" for name in CLIENT_TYPES)
        message = f"Invalid value: '{event['type'][:64]}'. Supported values are: {known}."
        raise Refusal("invalid_value", message, "type")
    try:
        return msgspec.convert(event, kind)  # type: ignore[return-value]
    except msgspec.ValidationError as error:
        raise refusal_of(error) from error
