"""What a client asks of a response, in the session's words and in the protocol's. Pure."""

from __future__ import annotations

from voice_avatar.events.inputs import ReplyRequest
from voice_avatar.events.payloads import Message
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime.items import MAX_ITEMS, Items, message_of
from voice_avatar.realtime.refusals import Refusal
from voice_avatar.realtime.responses import ResponseTerms
from voice_avatar.realtime.settings import (
    Settings,
    checked_tools,
    choice_of,
    modality_of,
    tokens_of,
)


def reply_request(
    request: ce.ResponseRequest, settings: Settings, items: Items, ask_id: str
) -> ReplyRequest:
    """Returns what the session is asked for; what the client does not say, the session knows.

    Raises:
        Refusal: something in it cannot be had.
    """
    return ReplyRequest(
        ask_id,
        instructions=request.instructions,
        messages=_messages(request, items),
        max_tokens=tokens_of(request.max_output_tokens),
        temperature=request.temperature,
        is_silent=modality_of(request.output_modalities or (settings.modality,)) == "text",
        tools=checked_tools(request.tools, "response.tools"),
        tool_choice=choice_of(
            request.tool_choice, settings.tools if request.tools is None else request.tools
        ),
        is_out_of_band=request.conversation == "none",
    )


def _messages(request: ce.ResponseRequest, items: Items) -> tuple[Message, ...] | None:
    if request.input is None:
        return None
    if len(request.input) > MAX_ITEMS:
        message = f"There may be {MAX_ITEMS} items."
        raise Refusal("invalid_value", message, "response.input")
    messages: list[Message] = []
    for one in request.input:
        item = items.find(one.id) if isinstance(one, ce.ReferenceItem) else items.made(one)
        if item is None:
            message = "There is no item of a reference in `input`."
            raise Refusal("item_retrieve_invalid_item_id", message, "response.input")
        shown = message_of(item)
        if shown is not None:
            messages.append(shown)
    return tuple(messages)


def response_terms(
    request: ce.ResponseRequest, settings: Settings, voice: str, conversation_id: str | None
) -> ResponseTerms:
    """Returns what the response is made of."""
    form = settings.speaks
    if request.audio is not None and request.audio.output is not None:
        own = request.audio.output.format
        form = own if isinstance(own, ce.Format) else form
    limit = request.max_output_tokens
    return ResponseTerms(
        modality=modality_of(request.output_modalities or (settings.modality,)),
        form=form,
        voice=voice,
        max_tokens=settings.max_tokens if limit is None else tokens_of(limit),
        conversation_id=conversation_id,
        metadata=request.metadata,
    )
