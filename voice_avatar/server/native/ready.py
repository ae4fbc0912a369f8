"""What a client of `voice-avatar.v1` is told when its session begins. Pure.

`Limits` is made once, when the engines are loaded; `session.ready` is what of it holds for one
session, with what was agreed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voice_avatar import __version__
from voice_avatar.acting.gesture.mood import Baseline
from voice_avatar.acting.presence.autonomic import Autonomic, autonomic
from voice_avatar.audio import opus
from voice_avatar.config.load import Config
from voice_avatar.personas.persona import Persona
from voice_avatar.server.rates import (
    FRAME_BURST,
    FRAMES_PER_S,
    MESSAGE_BURST,
    MESSAGES_PER_S,
    TEXT_BYTES_PER_MIN,
    TURN_BURST,
    TURNS_PER_S,
)
from voice_avatar.stages.engines import Engines
from voice_avatar.vocabulary import vocabulary
from voice_avatar.wire import negotiation, session_messages
from voice_avatar.wire.fields import (
    HELLO_TIMEOUT_S,
    MAX_AHEAD_S,
    MAX_INPUT_CHARS,
    MAX_TEXT_BYTES,
    SLOW_CONSUMER_CLOSE_S,
)
from voice_avatar.wire.frame_codec import (
    MAX_BINARY_BYTES,
    MIC_BURST_S,
    MIC_CATCH_UP_S,
    MIC_REALTIME_FACTOR,
)

_REPLY_RATES_HZ = (24_000, 16_000, 22_050, 44_100, 48_000)
"""Rates of reply audio besides the voice's own, which comes first: it is not resampled."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server offers, and within which limits.

    Attributes:
        offer: what can be agreed on.
        models: models at work.
        hello_timeout_s: time for the hello, seconds.
        slow_consumer_s: time that one frame may wait to be read, seconds.
        max_ahead_s: for the limits that the client is told, seconds.
        idle_timeout_s: likewise, seconds; 0 = never.
        input_chars: likewise, characters of a typed turn.
        bodies: what the body of each persona does by itself.
    """

    offer: negotiation.ServerOffer
    models: session_messages.Models
    hello_timeout_s: float = HELLO_TIMEOUT_S
    slow_consumer_s: float = SLOW_CONSUMER_CLOSE_S
    max_ahead_s: float = MAX_AHEAD_S
    idle_timeout_s: float = 0.0
    input_chars: int = MAX_INPUT_CHARS
    bodies: Mapping[str, session_messages.Autonomic] = field(default_factory=dict)


def limits_of(
    config: Config, engines: Engines, personas: Mapping[str, Persona], language: str
) -> Limits:
    """Returns what a server offers.

    Args:
        config: its options.
        engines: its engines, loaded.
        personas: by the names under which they are offered, the default first.
        language: ISO 639-1 code of a session that asks for none.
    """
    voice = engines.tts.capabilities
    words = vocabulary()
    others = [code for code in engines.stt.capabilities.languages if code != language]
    return Limits(
        negotiation.ServerOffer(
            codecs=("pcm16", "opus") if opus.available() else ("pcm16",),
            rates_hz=tuple(dict.fromkeys((voice.rate_hz, *_REPLY_RATES_HZ))),
            personas=tuple(personas),
            voices=(voice.voice,),
            languages=(language, *others),
            gestures=words.gesture_names,
            expressions=words.expression_names,
        ),
        models_of(engines),
        hello_timeout_s=config.server.hello_timeout_s,
        slow_consumer_s=config.server.slow_consumer_s,
        max_ahead_s=config.playout.max_ahead_s,
        idle_timeout_s=config.session.idle_timeout_s,
        input_chars=min(config.session.max_text_chars, MAX_INPUT_CHARS),
        bodies={
            name: body_of(autonomic(who.energy), who.baseline) for name, who in personas.items()
        },
    )


def models_of(engines: Engines) -> session_messages.Models:
    """Returns the names of the models at work."""
    return session_messages.Models(
        stt=engines.stt.capabilities.model,
        llm=engines.llm.capabilities.model,
        tts=engines.tts.capabilities.voice,
        vad=engines.vad.capabilities.model,
        turn=engines.turn.capabilities.model if engines.turn else "",
    )


def body_of(made: Autonomic, rest: Baseline) -> session_messages.Autonomic:
    """Returns what a client is told of what a persona's body does by itself."""

    def span(span_s: tuple[float, float]) -> tuple[float, float]:
        return span_s[0] * 1000, span_s[1] * 1000

    return session_messages.Autonomic(
        blinks_at_rest_per_min=made.blinks_at_rest_per_min,
        blinks_talking_per_min=made.blinks_talking_per_min,
        blink_close_ms=made.blink_close_ms,
        blink_open_ms=made.blink_open_ms,
        breath_hz=made.breath_hz,
        weight_shift_ms=span(made.weight_shift_s),
        gaze_shift_ms=span(made.gaze_shift_s),
        energy=made.energy,
        expression=rest.expression,
        valence=rest.valence,
        arousal=rest.arousal,
    )


def session_ready(
    limits: Limits,
    session_id: str,
    agreed: negotiation.Agreed,
    resume: session_messages.ResumeOffer | None,
) -> session_messages.SessionReady:
    """Returns the first message of a session.

    Args:
        limits: of the server.
        session_id: of the session.
        agreed: with the client.
        resume: with what it may come back; None = it cannot.
    """
    return session_messages.SessionReady(
        session_id=session_id,
        audio_in=agreed.audio_in,
        audio_out=agreed.audio_out,
        settings=agreed.settings,
        gestures=agreed.gestures,
        expressions=agreed.expressions,
        voices=limits.offer.voices,
        languages=limits.offer.languages,
        limits=session_messages.Limits(
            text_bytes=MAX_TEXT_BYTES,
            binary_bytes=MAX_BINARY_BYTES,
            input_chars=limits.input_chars,
            hello_ms=limits.hello_timeout_s * 1000,
            mic_burst_ms=MIC_BURST_S * 1000,
            mic_realtime_factor=MIC_REALTIME_FACTOR,
            max_ahead_ms=limits.max_ahead_s * 1000,
            idle_ms=limits.idle_timeout_s * 1000,
            mic_catch_up_ms=MIC_CATCH_UP_S * 1000,
            text_per_s=MESSAGES_PER_S,
            text_burst_count=int(MESSAGE_BURST),
            binary_per_s=FRAMES_PER_S,
            binary_burst_count=int(FRAME_BURST),
            turns_per_s=TURNS_PER_S,
            turn_burst_count=int(TURN_BURST),
            turn_bytes_per_min=int(TEXT_BYTES_PER_MIN),
        ),
        server=session_messages.ServerInfo(version=__version__),
        models=limits.models,
        autonomic=limits.bodies.get(agreed.settings.persona),
        resume=resume,
    )
