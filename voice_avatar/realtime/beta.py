"""The names of the protocol's beta. Pure.

A beta client's events become those of today before they are read; the server's events get the
beta's names, as JSON, before they go out.
"""

from __future__ import annotations

from typing import Any, Final

_NAMES: Final = {
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "conversation.item.added": "conversation.item.created",
}
_CONTENT: Final = {"output_text": "text", "output_audio": "audio"}
_CONTENT_BACK: Final = {"text": "output_text", "audio": "output_audio"}
_FORMATS: Final[dict[str, dict[str, Any]]] = {
    "pcm16": {"type": "audio/pcm", "rate": 24000},
    "g711_ulaw": {"type": "audio/pcmu"},
    "g711_alaw": {"type": "audio/pcma"},
}
_FORMAT_NAMES: Final = {form["type"]: name for name, form in _FORMATS.items()}

SUBPROTOCOL: Final = "openai-beta.realtime-v1"
"""Subprotocol by which a browser asks for the beta."""

HEADER: Final = "realtime=v1"
"""Value of the header `OpenAI-Beta` by which others do."""


# -- from the client


def ga_event(event: dict[str, Any]) -> dict[str, Any]:
    """Returns a beta client's event in the names of today; what it does not know stays."""
    match event["type"]:
        case "session.update" if isinstance(event.get("session"), dict):
            return event | {"session": _ga_session(event["session"])}
        case "response.create" if isinstance(event.get("response"), dict):
            return event | {"response": _ga_response(event["response"])}
        case "conversation.item.create" if isinstance(event.get("item"), dict):
            return event | {"item": _ga_item(event["item"])}
        case _:
            return event


def _moved(body: dict[str, Any], name: str, new: str) -> None:
    if name in body:
        body[new] = body.pop(name)


def _ga_format(name: Any) -> Any:
    return _FORMATS.get(name, name) if isinstance(name, str) else name


def _ga_session(session: dict[str, Any]) -> dict[str, Any]:
    body = dict(session)
    heard: dict[str, Any] = {}
    spoken: dict[str, Any] = {}
    for name, new in (
        ("input_audio_transcription", "transcription"),
        ("input_audio_noise_reduction", "noise_reduction"),
        ("turn_detection", "turn_detection"),
    ):
        if name in body:
            heard[new] = body.pop(name)
    if "input_audio_format" in body:
        heard["format"] = _ga_format(body.pop("input_audio_format"))
    _speech(body, spoken)
    audio = {"input": heard} if heard else {}
    if spoken:
        audio["output"] = spoken
    if audio and "audio" not in body:
        body["audio"] = audio
    for name in ("client_secret", "turn_detection_type"):
        body.pop(name, None)
    return _ga_common(body)


def _ga_response(response: dict[str, Any]) -> dict[str, Any]:
    body, spoken = dict(response), {}  # type: dict[str, Any], dict[str, Any]
    _speech(body, spoken)
    if spoken and "audio" not in body:
        body["audio"] = {"output": spoken}
    if isinstance(body.get("input"), list):
        body["input"] = [_ga_item(one) for one in body["input"]]
    return _ga_common(body)


def _speech(body: dict[str, Any], spoken: dict[str, Any]) -> None:
    if "output_audio_format" in body:
        spoken["format"] = _ga_format(body.pop("output_audio_format"))
    for name in ("voice", "speed"):
        if name in body:
            spoken[name] = body.pop(name)


def _ga_common(body: dict[str, Any]) -> dict[str, Any]:
    _moved(body, "modalities", "output_modalities")
    _moved(body, "max_response_output_tokens", "max_output_tokens")
    return body


def _ga_item(item: Any) -> Any:
    if not isinstance(item, dict) or not isinstance(item.get("content"), list):
        return item
    return item | {"content": [_ga_content(part) for part in item["content"]]}


def _ga_content(part: Any) -> Any:
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        return part
    return part | {"type": _CONTENT_BACK.get(part["type"], part["type"])}


# -- to the client


def beta_event(event: dict[str, Any]) -> dict[str, Any] | None:
    """Returns an event in the beta's names; None where the beta has no such event."""
    kind = event["type"]
    if kind in ("conversation.item.done", "input_audio_buffer.timeout_triggered"):
        return None
    body = event | {"type": _NAMES.get(kind, kind)}
    if "session" in body:
        body["session"] = _beta_session(body["session"])
    if "item" in body:
        body["item"] = _beta_item(body["item"])
    if "response" in body:
        body["response"] = _beta_response(body["response"])
    return body


def _beta_session(session: dict[str, Any]) -> dict[str, Any]:
    body = {name: value for name, value in session.items() if name not in ("type", "audio")}
    heard, spoken = session["audio"]["input"], session["audio"]["output"]
    is_text = body.pop("output_modalities") == ["text"]
    return body | {
        "modalities": ["text"] if is_text else ["audio", "text"],
        "voice": spoken["voice"],
        "speed": spoken["speed"],
        "input_audio_format": _FORMAT_NAMES[heard["format"]["type"]],
        "output_audio_format": _FORMAT_NAMES[spoken["format"]["type"]],
        "input_audio_transcription": heard["transcription"],
        "input_audio_noise_reduction": heard["noise_reduction"],
        "turn_detection": heard["turn_detection"],
        "max_response_output_tokens": body.pop("max_output_tokens"),
    }


def _beta_item(item: dict[str, Any]) -> dict[str, Any]:
    if "content" not in item:
        return item
    content = [
        part | {"type": _CONTENT.get(part["type"], part["type"])} for part in item["content"]
    ]
    return item | {"content": content}


def _beta_response(response: dict[str, Any]) -> dict[str, Any]:
    body = {name: value for name, value in response.items() if name != "audio"}
    spoken = response["audio"]["output"]
    is_text = tuple(body.pop("output_modalities")) == ("text",)
    return body | {
        "modalities": ["text"] if is_text else ["audio", "text"],
        "voice": spoken["voice"],
        "output_audio_format": _FORMAT_NAMES[spoken["format"]["type"]],
        "output": [_beta_item(item) for item in body["output"]],
    }
