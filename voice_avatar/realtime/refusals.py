"""What is wrong with a client's event, in the words of the protocol. Pure."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from voice_avatar.realtime import server_events as se

CODES: Final[dict[str, str]] = {
    "invalid_event": "Not JSON, not an object, or without `type`.",
    "invalid_value": "A value is out of range, or means nothing here.",
    "invalid_type": "A value has the wrong type.",
    "missing_required_parameter": "A field that must be there is not.",
    "unknown_parameter": "A field that the protocol does not have.",
    "unsupported": "The protocol has it, this server has not.",
    "input_audio_buffer_commit_empty": "A commit of less than 100 ms of audio.",
    "conversation_already_has_active_response": "`response.create` while a response is written.",
    "response_cancel_not_active": "`response.cancel` while none is.",
    "item_create_invalid_item_id": "An item of that id is there already.",
    "item_create_invalid_previous_item_id": "There is no item to put it after.",
    "item_create_invalid_call_id": "There is no function call of that id without an output.",
    "item_delete_invalid_item_id": "There is no such item.",
    "item_retrieve_invalid_item_id": "There is no such item.",
    "item_truncate_invalid_item_id": "There is no such item, or it has no audio.",
    "rate_limit_exceeded": "Events or audio come too fast; the connection closes.",
    "session_expired": "Nothing was said for too long; the connection closes.",
    "server_overloaded": "There is no room for another session; the connection closes.",
    "server_error": "The server failed; the connection closes.",
    "server_shutting_down": "The server is about to stop; finish, then connect anew.",
}
"""Every code of an `error` event; docs/realtime.md lists the same."""

_PATH: Final = re.compile(r" - at `\$?\.?([^`]*)`$")
_FIELD: Final = re.compile(r"field `([^`]+)`")


class Refusal(Exception):  # noqa: N818 - an answer to the client
    """An event is not accepted; the session goes on.

    Attributes:
        code: one of `CODES`.
        message: for a person.
        param: the field that it is about, None = none.
    """

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        assert code in CODES
        self.code = code
        self.message = message
        self.param = param


def refusal_of(error: msgspec.ValidationError) -> Refusal:
    """Returns what a decoder's error means to the client."""
    text = str(error)
    found = _PATH.search(text)
    path = str(found[1]) if found else ""
    what = text[: found.start()] if found else text
    field = _FIELD.search(what)
    if field is not None:
        param = f"{path}.{field[1]}".lstrip(".")
        is_unknown = "unknown field" in what
        code = "unknown_parameter" if is_unknown else "missing_required_parameter"
        verb = "Unknown" if is_unknown else "Missing required"
        return Refusal(code, f"{verb} parameter: '{param}'.", param)
    about = path or None
    is_value = "enum" in what or ">=" in what or "<=" in what or "length" in what or "tag" in what
    name = f" for '{about}'" if about else ""
    kind = "value" if is_value or what.startswith("Invalid") else "type"
    return Refusal(f"invalid_{kind}", f"Invalid {kind}{name}: {what}.", about)


def error_event(refusal: Refusal, event_id: str | None) -> se.ErrorEvent:
    """Returns the `error` event that answers a client's event of that id."""
    body = se.ErrorBody(
        type="invalid_request_error",
        code=refusal.code,
        message=refusal.message,
        param=refusal.param,
        event_id=event_id,
    )
    return se.ErrorEvent(error=body)
