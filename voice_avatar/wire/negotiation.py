"""What a client and the server agree on: subprotocol, audio, visemes, settings. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from voice_avatar.acting.mouth.viseme_sets import FACE_HZ, VISEME_SETS
from voice_avatar.audio.opus import OPUS_RATES_HZ
from voice_avatar.errors import AudioUnsupported, VersionUnsupported
from voice_avatar.events.payloads import Tool
from voice_avatar.tools.offers import CHOICES
from voice_avatar.wire import client_messages, session_messages
from voice_avatar.wire.fields import PROTOCOL_VERSION, SUBPROTOCOL, Codec
from voice_avatar.wire.text import tools_of


@dataclass(frozen=True, slots=True)
class ServerOffer:
    """What a server can do, to be matched with a client's hello.

    Attributes:
        codecs: "pcm16", and "opus" where a codec library is installed.
        rates_hz: rates of reply audio, the preferred one first.
        personas: names, the default first.
        voices: names, the default first.
        languages: ISO 639 codes, the default first.
        gestures: lexemes that the server can plan.
        expressions: expressions that the server can plan.
    """

    codecs: tuple[Codec, ...] = ("pcm16",)
    rates_hz: tuple[int, ...] = (24_000, 16_000, 22_050, 44_100, 48_000)
    personas: tuple[str, ...] = ("",)
    voices: tuple[str, ...] = ("",)
    languages: tuple[str, ...] = ("en",)
    gestures: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreed:
    """What client and server agreed on.

    Attributes:
        audio_in: microphone audio.
        audio_out: reply audio.
        settings: settings in force.
        gestures: lexemes that both know, in the server's order.
        expressions: expressions that both know, in the server's order.
        can_pause: whether the client obeys `reply.paused`.
        hears_itself: whether the avatar's own voice may come back through its microphone.
        instructions: system prompt in place of the persona's, or None.
        tools: what the model may call at the start.
        unavailable: preferences that could not be met, for `setting_unavailable` warnings.
    """

    audio_in: session_messages.AudioFormat
    audio_out: session_messages.AudioFormat
    settings: session_messages.Settings
    gestures: tuple[str, ...]
    expressions: tuple[str, ...]
    can_pause: bool = False
    hears_itself: bool = False
    instructions: str | None = None
    tools: tuple[Tool, ...] = ()
    unavailable: tuple[str, ...] = ()


def select_subprotocol(offered: Sequence[str]) -> str | None:
    """Picks the WebSocket subprotocol; None = the client offered none and is taken as v1.

    Raises:
        VersionUnsupported: only others were offered (answer HTTP 400).
    """
    if SUBPROTOCOL in offered:
        return SUBPROTOCOL
    if offered:
        raise VersionUnsupported(f"The only subprotocol here is {SUBPROTOCOL}.")
    return None


def negotiate(hello: client_messages.SessionHello, offer: ServerOffer) -> Agreed:
    """Matches a client's hello with what the server can do.

    Raises:
        VersionUnsupported: no protocol version in common.
        AudioUnsupported: no codec or rate in common.
    """
    versions = hello.protocol
    if not versions.min <= PROTOCOL_VERSION <= versions.max:
        raise VersionUnsupported(f"The only protocol version here is {PROTOCOL_VERSION}.")
    can = hello.capabilities
    missing: list[str] = []
    viseme_set = _preferred("viseme set", can.visemes, tuple(VISEME_SETS), missing)
    settings = session_messages.Settings(
        persona=_preferred("persona", hello.persona, offer.personas, missing),
        voice=_preferred("voice", hello.voice, offer.voices, missing),
        language=_preferred("language", hello.language, offer.languages, missing),
        endpointing=hello.endpointing,
        viseme_set=viseme_set,
        visemes=VISEME_SETS[viseme_set],
        captions=can.captions,
        gaze=can.gaze,
        face_hz=can.face_hz if can.face_hz in FACE_HZ else 0,
        tools=tuple(tool.name for tool in hello.tools),
        tool_choice=_choice(hello.tool_choice, tuple(t.name for t in hello.tools), missing),
    )
    if settings.face_hz != can.face_hz:
        missing.append(f"face_hz {can.face_hz}")
    return Agreed(
        audio_in=_format("audio_in", hello.audio_in, offer.codecs, (16_000,), missing),
        audio_out=_format("audio_out", hello.audio_out, offer.codecs, offer.rates_hz, missing),
        settings=settings,
        gestures=_common(offer.gestures, can.gestures),
        expressions=_common(offer.expressions, can.expressions),
        can_pause=can.pause,
        hears_itself=not can.aec,
        instructions=hello.instructions,
        tools=tools_of(hello.tools),
        unavailable=tuple(missing),
    )


def update(
    settings: session_messages.Settings, message: client_messages.SessionUpdate, offer: ServerOffer
) -> tuple[session_messages.Settings, tuple[str, ...]]:
    """Applies `session.update`.

    Persona and voice belong to a session from its start to its end: another one than that in
    force is unavailable.

    Returns:
        The settings in force and the preferences that could not be met.
    """
    missing: list[str] = []
    language = settings.language
    if message.language is not None:
        language = _preferred("language", message.language, (language, *offer.languages), missing)
    _preferred("persona", message.persona, (settings.persona,), missing)
    _preferred("voice", message.voice, (settings.voice,), missing)
    viseme_set = settings.viseme_set
    if message.visemes is not None:
        viseme_set = _preferred("viseme set", message.visemes, (viseme_set, *VISEME_SETS), missing)
    names = settings.tools
    if message.tools is not None:
        names = tuple(tool.name for tool in message.tools)
    changed = msgspec.structs.replace(
        settings,
        language=language,
        endpointing=message.endpointing or settings.endpointing,
        viseme_set=viseme_set,
        visemes=VISEME_SETS[viseme_set],
        captions=settings.captions if message.captions is None else message.captions,
        tools=names,
        tool_choice=_choice(message.tool_choice or settings.tool_choice, names, missing),
    )
    return changed, tuple(missing)


def _preferred(
    what: str, preferred: str | None, offered: tuple[str, ...], missing: list[str]
) -> str:
    if preferred is None or preferred in offered:
        return preferred or offered[0]
    missing.append(f"{what} {preferred!r}")
    return offered[0]


def _choice(preferred: str, names: tuple[str, ...], missing: list[str]) -> str:
    """Returns the tool choice in force: a name that is no tool's leaves it to the model."""
    if preferred in CHOICES or preferred in names:
        return preferred
    missing.append(f"tool choice {preferred!r}")
    return "auto"


def _common(ours: tuple[str, ...], theirs: tuple[str, ...] | None) -> tuple[str, ...]:
    return ours if theirs is None else tuple(name for name in ours if name in theirs)


def _format(
    what: str,
    preferred: client_messages.AudioWish,
    codecs: tuple[Codec, ...],
    rates_hz: tuple[int, ...],
    missing: list[str],
) -> session_messages.AudioFormat:
    is_input = what == "audio_in"
    common = [codec for codec in codecs if codec in preferred.codecs]
    common.sort(key=preferred.codecs.index)
    own_hz = rates_hz
    if common[:1] == ["opus"]:  # whoever leaves the rate to the server gets the codec it prefers
        own_hz = tuple(rate_hz for rate_hz in rates_hz if rate_hz in OPUS_RATES_HZ) or rates_hz
    rate_hz = preferred.rate_hz or own_hz[0]
    if not is_input and rate_hz not in rates_hz:
        raise AudioUnsupported(
            f"{what}: {rate_hz} Hz is not one of {', '.join(map(str, rates_hz))}."
        )
    for codec in common:
        if codec == "opus" and rate_hz not in OPUS_RATES_HZ:
            missing.append(f"{what} opus at {rate_hz} Hz")
            continue
        return session_messages.AudioFormat(codec=codec, rate_hz=rate_hz)
    raise AudioUnsupported(f"{what}: no codec in common, this server has {', '.join(codecs)}.")
