"""The settings of a Realtime session: what is in force, and what that means to the core. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from voice_avatar.events.inputs import Endpointing, SettingsChanged
from voice_avatar.events.payloads import Tool
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime.refusals import Refusal
from voice_avatar.tools.offers import flaw

PCM_HZ: Final = 24_000
G711_HZ: Final = 8_000

PREFIX_PADDING_MS: Final = 300
SILENCE_MS: Final = 500
THRESHOLD: Final = 0.5
"""What the protocol says `server_vad` has where the client does not say."""

_PATIENCE: Final = {"low": 1.6, "medium": 1.0, "auto": 1.0, "high": 0.75}
"""Factor on all delays of the endpointing for each eagerness: with 1.6 a user who is surely not
finished is waited for by 1.9 s, with 0.75 by 0.9 s; the protocol only says "longer" and "quicker"
(at most 8, 4 and 2 s)."""

_NO_PARAMETERS: Final = {"type": "object", "properties": {}}

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Offer:
    """What this server has.

    Attributes:
        model: language model.
        voice: voice.
        transcriber: recogniser.
        languages: ISO 639-1 codes that it knows.
        instructions: system prompt of a session that sets none.
        max_tokens: tokens per response where the client sets no limit.
        temperature: likewise.
        viseme_sets: names of the sets of visemes.
    """

    model: str
    voice: str
    transcriber: str
    languages: tuple[str, ...] = ("en",)
    instructions: str = ""
    max_tokens: int = 160
    temperature: float = 0.0
    viseme_sets: tuple[str, ...] = ("ovr15",)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings in force.

    Attributes:
        session_id: for the client.
        model: what the client calls the model; there is one here, whatever its name.
        instructions: system prompt.
        modality: what responses are made of; audio comes with its transcript.
        turns: turn detection, None = the client commits.
        transcription: whether the client gets the user's words, and how; None = it does not.
        noise_reduction: as the client set it; the server's own is a matter of its configuration.
        hears: format of the microphone.
        speaks: format of replies.
        max_tokens: per response, None = the server's own limit.
        temperature: None = the server's own.
        tools: functions that may be called.
        tool_choice: how they are chosen.
        avatar: extension events that are sent.
        viseme_set: of `avatar.visemes`.
    """

    session_id: str
    model: str
    instructions: str
    modality: ce.Modality = "audio"
    turns: ce.TurnDetection | None = field(default_factory=ce.SemanticVad)
    transcription: ce.Transcription | None = None
    noise_reduction: dict[str, Any] | None = None
    hears: ce.Format = field(default_factory=ce.PcmFormat)
    speaks: ce.Format = field(default_factory=ce.PcmFormat)
    max_tokens: int | None = None
    temperature: float | None = None
    tools: tuple[ce.Function, ...] = ()
    tool_choice: ce.ToolChoice = "auto"
    avatar: tuple[str, ...] = ()
    viseme_set: str = "ovr15"

    @property
    def is_answering(self) -> bool:
        """Whether a detected turn is answered by itself."""
        return self.turns is not None and self.turns.create_response is not False

    @property
    def is_interruptible(self) -> bool:
        """Whether a voice ends a response."""
        return self.turns is not None and self.turns.interrupt_response is not False

    @property
    def idle_s(self) -> float | None:
        """Silence after a response after which the next one comes by itself, seconds."""
        if not isinstance(self.turns, ce.ServerVad) or self.turns.idle_timeout_ms is None:
            return None
        return self.turns.idle_timeout_ms / 1000


def rate_hz(form: ce.Format) -> int:
    """Returns the sample rate of a format."""
    return PCM_HZ if isinstance(form, ce.PcmFormat) else G711_HZ


def modality_of(requested: tuple[ce.Modality, ...]) -> ce.Modality:
    """Returns what a response is made of; audio with text is audio, as in the beta."""
    return "audio" if "audio" in requested else "text"


def tokens_of(requested: int | Literal["inf"] | None) -> int | None:
    """Returns a limit on tokens, None = no own one."""
    return None if requested == "inf" else requested


def updated(
    settings: Settings, changes: ce.Session, offer: Offer, known: frozenset[str]
) -> Settings:
    """Returns the settings as `session.update` changes them; `known` are the extension events.

    Raises:
        Refusal: something in it cannot be had; then nothing is changed.
    """
    if changes.type == "transcription":
        raise Refusal("unsupported", "Transcription sessions are not served.", "session.type")
    audio = changes.audio or ce.Audio()
    heard, spoken = audio.input or ce.AudioInput(), audio.output or ce.AudioOutput()
    transcription = _or(heard.transcription, settings.transcription)
    _check_language(transcription, offer)
    tools = checked_tools(changes.tools, "session.tools")
    choice_of(changes.tool_choice, settings.tools if tools is None else changes.tools or ())
    if spoken.speed not in (UNSET, None, 1.0):
        message = "The voice has one speed: 1.0."
        raise Refusal("unsupported", message, "session.audio.output.speed")
    avatar, viseme_set = _avatar(settings, changes.x_avatar, offer, known)
    return replace(
        settings,
        model=changes.model or settings.model,
        instructions=_or(_unset(changes.instructions), settings.instructions),
        modality=modality_of(changes.output_modalities or (settings.modality,)),
        turns=_or(heard.turn_detection, settings.turns),
        transcription=transcription,
        noise_reduction=_or(heard.noise_reduction, settings.noise_reduction),
        hears=_or(heard.format, settings.hears) or ce.PcmFormat(),
        speaks=_or(spoken.format, settings.speaks) or ce.PcmFormat(),
        max_tokens=_or(_unset(changes.max_output_tokens), settings.max_tokens, tokens_of),
        temperature=_or(_unset(changes.temperature), settings.temperature),
        tools=_or(_unset(changes.tools), settings.tools),
        tool_choice=_or(_unset(changes.tool_choice), settings.tool_choice),
        avatar=avatar,
        viseme_set=viseme_set,
    )


def _unset(value: _Value | None) -> _Value | UnsetType:
    return UNSET if value is None else value


def _or(value: Any, before: Any, change: Any = None) -> Any:
    if value is UNSET:
        return before
    return value if change is None else change(value)


def _check_language(words: ce.Transcription | None, offer: Offer) -> None:
    if words is None or words.language is None:
        return
    if words.language.partition("-")[0] not in offer.languages:
        known = ", ".join(offer.languages)
        message = f"Invalid value: '{words.language}'. Supported languages are: {known}."
        raise Refusal("invalid_value", message, "session.audio.input.transcription.language")


def checked_tools(tools: tuple[ce.Function, ...] | None, param: str) -> tuple[Tool, ...] | None:
    """Returns functions as the session knows them, None = as they are.

    Raises:
        Refusal: they cannot be used.
    """
    if tools is None:
        return None
    known = tuple(
        Tool(
            tool.name,
            tool.description or "",
            msgspec.json.encode(tool.parameters or _NO_PARAMETERS).decode(),
        )
        for tool in tools
    )
    if fault := flaw(known):
        raise Refusal("invalid_value", fault, param)
    return known


def choice_of(choice: ce.ToolChoice | None, tools: tuple[ce.Function, ...]) -> str | None:
    """Returns a tool choice as the session knows it, None = as it is.

    Raises:
        Refusal: it names a function that there is not.
    """
    if not isinstance(choice, ce.FunctionChoice):
        return choice
    if choice.name not in {tool.name for tool in tools}:
        message = f"There is no function '{choice.name}' in tools."
        raise Refusal("invalid_value", message, "tool_choice")
    return choice.name


def _avatar(
    settings: Settings,
    request: ce.AvatarRequest | UnsetType | None,
    offer: Offer,
    known: frozenset[str],
) -> tuple[tuple[str, ...], str]:
    if isinstance(request, UnsetType):
        return settings.avatar, settings.viseme_set
    request = request or ce.AvatarRequest()
    viseme_set = request.viseme_set or settings.viseme_set
    for name in request.events:
        if name not in known:
            names = ", ".join(sorted(known))
            message = f"Invalid value: '{name}'. Extension events are: {names}."
            raise Refusal("invalid_value", message, "session.x_avatar.events")
    if viseme_set not in offer.viseme_sets:
        names = ", ".join(offer.viseme_sets)
        message = f"Invalid value: '{viseme_set}'. Viseme sets are: {names}."
        raise Refusal("invalid_value", message, "session.x_avatar.viseme_set")
    return tuple(dict.fromkeys(request.events)), viseme_set


def core_settings(settings: Settings, offer: Offer) -> SettingsChanged:
    """Returns what the settings mean to the session."""
    words = settings.transcription
    return SettingsChanged(
        language=words.language.partition("-")[0] if words and words.language else None,
        system_prompt=settings.instructions,
        endpointing="manual" if settings.turns is None else "auto",
        answered="detected" if settings.is_answering else "none",
        is_interruptible=settings.is_interruptible,
        max_reply_tokens=settings.max_tokens or offer.max_tokens,
        temperature=offer.temperature if settings.temperature is None else settings.temperature,
        is_silent=settings.modality == "text",
        detection=_detection(settings.turns),
        tools=checked_tools(settings.tools, "session.tools"),
        tool_choice=choice_of(settings.tool_choice, settings.tools),
        follows_up=False,
    )


def _detection(turns: ce.TurnDetection | None) -> Endpointing:
    match turns:
        case None:
            return Endpointing()
        case ce.ServerVad():
            silence_ms, padding_ms = turns.silence_duration_ms, turns.prefix_padding_ms
            return Endpointing(
                silence_s=(SILENCE_MS if silence_ms is None else silence_ms) / 1000,
                preroll_s=None if padding_ms is None else padding_ms / 1000,
                speech_probability=turns.threshold,
            )
        case _:
            return Endpointing(patience=_PATIENCE[turns.eagerness or "auto"])


def settings_shown(settings: Settings, offer: Offer) -> dict[str, Any]:
    """Returns the settings as `session.created` and `session.updated` show them."""
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": settings.session_id,
        "model": settings.model,
        "output_modalities": [settings.modality],
        "instructions": settings.instructions,
        "tools": [function_shown(tool) for tool in settings.tools],
        "tool_choice": choice_shown(settings.tool_choice),
        "max_output_tokens": settings.max_tokens or "inf",
        "audio": {
            "input": {
                "format": form_shown(settings.hears),
                "transcription": _transcription_shown(settings.transcription, offer),
                "noise_reduction": settings.noise_reduction,
                "turn_detection": _turns_shown(settings.turns),
            },
            "output": {
                "format": form_shown(settings.speaks),
                "voice": offer.voice,
                "speed": 1.0,
            },
        },
        **_avatar_shown(settings),
    }


def form_shown(form: ce.Format) -> dict[str, Any]:
    """Returns a format of audio as JSON has it."""
    shown: dict[str, Any] = msgspec.to_builtins(form)
    return shown


def function_shown(tool: ce.Function) -> dict[str, Any]:
    """Returns a function as JSON has it, without what was not said of it."""
    shown: dict[str, Any] = msgspec.to_builtins(tool)
    return {name: value for name, value in shown.items() if value is not None}


def choice_shown(choice: ce.ToolChoice) -> Any:
    """Returns a choice of functions as JSON has it."""
    return msgspec.to_builtins(choice)


def _transcription_shown(words: ce.Transcription | None, offer: Offer) -> dict[str, Any] | None:
    if words is None:
        return None
    return {
        "model": words.model or offer.transcriber,
        "language": words.language,
        "prompt": words.prompt,
    }


def _turns_shown(turns: ce.TurnDetection | None) -> dict[str, Any] | None:
    match turns:
        case None:
            return None
        case ce.ServerVad():
            padding_ms, silence_ms = turns.prefix_padding_ms, turns.silence_duration_ms
            own: dict[str, Any] = {
                "type": "server_vad",
                "threshold": THRESHOLD if turns.threshold is None else turns.threshold,
                "prefix_padding_ms": PREFIX_PADDING_MS if padding_ms is None else padding_ms,
                "silence_duration_ms": SILENCE_MS if silence_ms is None else silence_ms,
                "idle_timeout_ms": turns.idle_timeout_ms,
            }
        case _:
            own = {"type": "semantic_vad", "eagerness": turns.eagerness or "auto"}
    return own | {
        "create_response": turns.create_response is not False,
        "interrupt_response": turns.interrupt_response is not False,
    }


def _avatar_shown(settings: Settings) -> dict[str, Any]:
    if not settings.avatar:
        return {}
    return {"x_avatar": {"events": list(settings.avatar), "viseme_set": settings.viseme_set}}
