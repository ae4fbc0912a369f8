"""What a server sends of the session itself: its opening, settings, state and end. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from voice_avatar.wire.fields import (
    PROTOCOL_VERSION,
    Codec,
    Endpointing,
    Integer,
    Millis,
    Part,
    RateHz,
    ServerMessage,
    SignedUnit,
    Unit,
    VersionNumber,
)


class AudioFormat(Part, frozen=True, kw_only=True):
    """Audio agreed on, in one direction. Always one channel.

    Attributes:
        codec: "pcm16" = signed 16-bit little-endian, "opus" = one packet a frame.
        rate_hz: rate of the sample clock, 8000..48000.
    """

    codec: Codec
    rate_hz: RateHz


class Limits(Part, frozen=True, kw_only=True):
    """Limits that the server enforces.

    Attributes:
        text_bytes: largest text frame.
        binary_bytes: largest binary frame.
        input_chars: longest `input.text`.
        hello_ms: time for `session.hello`.
        mic_burst_ms: microphone audio that may come at once.
        mic_realtime_factor: sustained microphone audio per second of real time.
        max_ahead_ms: reply audio sent ahead of what was reported as played.
        idle_ms: the session ends after so long without speech or message; 0 = never.
        mic_catch_up_ms: microphone audio that may come at once, besides, after it did not come for
            as long.
        text_per_s: text frames a second.
        text_burst_count: text frames at once.
        binary_per_s: binary frames a second.
        binary_burst_count: binary frames at once.
        turns_per_s: typed turns (`input.text`) a second.
        turn_burst_count: typed turns at once.
        turn_bytes_per_min: bytes of typed turns a minute, and at once.
    """

    text_bytes: Integer
    binary_bytes: Integer
    input_chars: Integer
    hello_ms: Millis
    mic_burst_ms: Millis
    mic_realtime_factor: float
    max_ahead_ms: Millis
    idle_ms: Millis
    mic_catch_up_ms: Millis = 0.0
    text_per_s: float = 100.0
    text_burst_count: Integer = 500
    binary_per_s: float = 100.0
    binary_burst_count: Integer = 1000
    turns_per_s: float = 1.0
    turn_burst_count: Integer = 5
    turn_bytes_per_min: Integer = 65_536


class Autonomic(Part, frozen=True, kw_only=True):
    """What the body does by itself, and the face at rest. The client makes these movements.

    Attributes:
        blinks_at_rest_per_min: while the avatar does not talk, at intervals like those of chance.
        blinks_talking_per_min: while it talks.
        blink_close_ms: how long the lids take to close.
        blink_open_ms: how long they take to open again.
        breath_hz: breaths a second.
        weight_shift_ms: shortest and longest time between two shifts of weight.
        gaze_shift_ms: likewise between two looks elsewhere while nobody speaks.
        energy: 0..1, how large and lively all of it is.
        expression: of the face at rest; what fades goes back to it.
        valence: -1 (unpleasant) .. 1 (pleasant), at rest.
        arousal: -1 (calm) .. 1 (excited), at rest.
    """

    blinks_at_rest_per_min: float
    blinks_talking_per_min: float
    blink_close_ms: Millis
    blink_open_ms: Millis
    breath_hz: float
    weight_shift_ms: tuple[Millis, Millis]
    gaze_shift_ms: tuple[Millis, Millis]
    energy: Unit
    expression: str
    valence: SignedUnit
    arousal: SignedUnit


class ServerInfo(Part, frozen=True, kw_only=True):
    """What runs the session.

    Attributes:
        name: "voice-avatar".
        version: its version.
    """

    name: str = "voice-avatar"
    version: str


class Models(Part, frozen=True, kw_only=True):
    """Models at work, by stage; "" where a stage has none.

    Attributes:
        stt: speech recognition.
        llm: language model.
        tts: speech synthesis.
        vad: voice activity detection.
        turn: end of turn.
    """

    stt: str = ""
    llm: str = ""
    tts: str = ""
    vad: str = ""
    turn: str = ""


class Settings(Part, frozen=True, kw_only=True):
    """Settings in force, after `session.hello` or `session.update`.

    Attributes:
        persona: persona.
        voice: voice.
        language: ISO 639 code of the conversation.
        endpointing: "auto" or "manual".
        viseme_set: set of the viseme indices in `visemes` messages.
        visemes: names of that set; an index of `visemes.keys` points here.
        captions: whether `reply.text` and `reply.segment` are sent.
        gaze: whether `gaze` is sent.
        face_hz: dense face frames per second, 30 or 60; 0 = none are sent.
        tools: names of the tools that the model may call.
        tool_choice: "auto", "none", "required" or the name of one of them.
    """

    persona: str
    voice: str
    language: str
    endpointing: Endpointing
    viseme_set: str
    visemes: tuple[str, ...]
    captions: bool
    gaze: bool
    face_hz: Annotated[int, Meta(ge=0, le=255)] = 0
    tools: tuple[str, ...] = ()
    tool_choice: str = "auto"


class ResumeOffer(Part, frozen=True, kw_only=True):
    """How to come back to the session after a lost connection.

    Attributes:
        token: secret for one use, opaque; the next one comes with `session.resumed`.
        ttl_s: how long the session is kept after the loss of its connection, seconds.
    """

    token: str
    ttl_s: float


class SessionReady(ServerMessage, frozen=True, kw_only=True, tag="session.ready"):
    """Answers `session.hello`: what was agreed. Audio may be sent from here on.

    Attributes:
        session_id: opaque id, also in the server's logs.
        protocol: version spoken.
        audio_in: microphone audio that the server expects.
        audio_out: reply audio that the server will send.
        settings: settings in force.
        gestures: lexemes that the server will use.
        expressions: expressions that the server will use.
        voices: voices that may be asked for.
        languages: languages that may be asked for.
        limits: limits enforced.
        server: what runs the session.
        models: models at work.
        resume: how to come back after a lost connection; null = this server keeps no sessions.
        autonomic: what the body does by itself; null = as the client likes.
    """

    session_id: str
    protocol: VersionNumber = PROTOCOL_VERSION
    audio_in: AudioFormat
    audio_out: AudioFormat
    settings: Settings
    gestures: tuple[str, ...]
    expressions: tuple[str, ...]
    voices: tuple[str, ...]
    languages: tuple[str, ...]
    limits: Limits
    server: ServerInfo
    models: Models = Models()
    resume: ResumeOffer | None = None
    autonomic: Autonomic | None = None


class SessionResumed(ServerMessage, frozen=True, kw_only=True, tag="session.resumed"):
    """Answers a `session.hello` that goes on with a session; audio may be sent from here on.

    It is no event of the session: its `seq` is the `last_seq` of the hello.

    Attributes:
        replayed: text frames that follow and were sent before, in vain.
        lost: whether others were sent in vain that the server no longer has.
        resume: how to come back the next time.
    """

    replayed: Integer
    lost: bool
    resume: ResumeOffer


class SessionUpdated(ServerMessage, frozen=True, kw_only=True, tag="session.updated"):
    """Answers `session.update`.

    Attributes:
        settings: all settings in force.
    """

    settings: Settings


class SessionGoaway(ServerMessage, frozen=True, kw_only=True, tag="session.goaway"):
    """The server will close soon (1001 or 1012): finish what plays, then reconnect.

    Attributes:
        reconnect_in_ms: how long to wait before reconnecting.
        reason: "shutdown" or "restart".
    """

    reconnect_in_ms: Millis
    reason: Literal["shutdown", "restart"]


class State(ServerMessage, frozen=True, kw_only=True, tag="state"):
    """State of the conversation, for idle animation.

    Attributes:
        state: the new state.
    """

    state: Literal["idle", "listening", "thinking", "speaking", "interrupted"]
