"""The JSON messages of protocol v1, as they stand on the wire. Pure.

This file is the single source of the schemas in `unity_client_protocol/schema`: every message,
field, unit and limit is declared here once, enforced on decoding by msgspec, and read out by
`protocol_schema.py`. How messages become bytes, and notices become messages, is in `protocol.py`.

Names: a field that ends in `_ms` is milliseconds (a float, sent with 0.1 ms), one that ends in
`_samples` or `_count` is an integer. Times of a reply count from that reply's first sample, times
of the microphone from the first microphone sample of the session. A `char` is an index in Unicode
code points. Fields that a receiver does not know are ignored, so fields may be added later.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from voice_avatar.events import (
    CancelReason,
    CueSource,
    EndReason,
    GestureKind,
    GestureMode,
    PlaybackState,
    ReplyStatus,
)
from voice_avatar.tools import (
    MAX_DESCRIPTION_CHARS,
    MAX_OUTPUT_CHARS,
    MAX_TOOLS,
    NAME_PATTERN,
)

PROTOCOL_VERSION = 1
"""The one version that this code speaks."""

SUBPROTOCOL = "voice-avatar.v1"
"""Its WebSocket subprotocol name."""

MAX_INTEGER = 2**53 - 1
"""Largest integer that a JavaScript number holds exactly (ECMA-262 MAX_SAFE_INTEGER)."""

MAX_MS = 86_400_000.0
"""Longest time on the wire: a day."""

MAX_INPUT_CHARS = 8_192
"""Longest typed turn, characters."""

MAX_INSTRUCTIONS_CHARS = 16_384
"""Longest system prompt that a client may set, characters."""

MAX_RESUME_TOKEN_CHARS = 128
"""Longest resume token, characters."""

MAX_LIST = 256
"""Most entries of a list that a client may send."""

Integer = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Millis = Annotated[float, Meta(ge=0, le=MAX_MS)]
SignedMillis = Annotated[float, Meta(ge=-MAX_MS, le=MAX_MS)]
ClockMillis = Annotated[float, Meta(ge=-1e15, le=1e15)]
Unit = Annotated[float, Meta(ge=0, le=1)]
SignedUnit = Annotated[float, Meta(ge=-1, le=1)]
Coordinate = Annotated[float, Meta(ge=-1e4, le=1e4)]
Position = tuple[Coordinate, Coordinate, Coordinate]
RateHz = Annotated[int, Meta(ge=8_000, le=48_000)]
VersionNumber = Annotated[int, Meta(ge=1, le=255)]
Name = Annotated[str, Meta(max_length=64)]
Names = Annotated[tuple[Name, ...], Meta(max_length=MAX_LIST)]
LanguageCode = Annotated[str, Meta(pattern="^[a-z]{2,3}$")]
ToolName = Annotated[str, Meta(pattern=NAME_PATTERN)]
CallId = Annotated[str, Meta(max_length=64)]
Codec = Literal["pcm16", "opus"]
Endpointing = Literal["auto", "manual"]


class Part(Struct, frozen=True, kw_only=True):
    """An object inside a message."""


class ClientMessage(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A message from the client."""


class ServerMessage(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A message from the server.

    Attributes:
        seq: 0, 1, 2 … over all JSON messages of the session.
        ts_ms: server clock when it was sent; only differences mean something.
    """

    seq: Integer = 0
    ts_ms: ClockMillis = 0.0


# ---------------------------------------------------------------------------------------------
# Client to server: session


class VersionRange(Part, frozen=True, kw_only=True):
    """Protocol versions that the client speaks.

    Attributes:
        min: lowest.
        max: highest, >= `min`.
    """

    min: VersionNumber = PROTOCOL_VERSION
    max: VersionNumber = PROTOCOL_VERSION


class ClientInfo(Part, frozen=True, kw_only=True):
    """Who is calling; for logs only.

    Attributes:
        name: program, up to 64 characters.
        version: its version, up to 64 characters.
        platform: "unity-android", "browser", "python" …, up to 64 characters.
    """

    name: Name = ""
    version: Name = ""
    platform: Name = ""


class Auth(Part, frozen=True, kw_only=True):
    """Credentials, for clients that cannot set an Authorization header (browsers).

    Attributes:
        token: bearer token, up to 4096 characters.
    """

    token: Annotated[str, Meta(max_length=4096)]


class AudioWish(Part, frozen=True, kw_only=True):
    """Audio that the client can send or play.

    Attributes:
        codecs: in order of preference; unknown names are passed over. Every client takes "pcm16".
        rate_hz: sample rate, 8000..48000; null = the server's choice.
    """

    codecs: Names = ("pcm16",)
    rate_hz: RateHz | None = None


class Capabilities(Part, frozen=True, kw_only=True):
    """What the client can show.

    Attributes:
        visemes: viseme set wanted: "ovr15", "arkit52", "vrm5" or "azure22"; any other name
            gives "ovr15".
        gestures: lexemes it can play; null = all of the vocabulary.
        expressions: expressions it can show; null = all of the vocabulary.
        gaze: whether it wants `gaze` messages.
        captions: whether it wants `reply.text` and `reply.segment`.
        aec: whether its microphone is free of the avatar's own voice (echo cancelled, headset).
        pause: whether it obeys `reply.paused` and `reply.resumed`; without it neither is sent.
        face_hz: dense face frames per second wanted, 30 or 60; any other number gives none.
    """

    visemes: Name = "ovr15"
    gestures: Names | None = None
    expressions: Names | None = None
    gaze: bool = True
    captions: bool = True
    aec: bool = True
    pause: bool = False
    face_hz: Annotated[int, Meta(ge=0, le=255)] = 0


class ToolOffer(Part, frozen=True, kw_only=True):
    """A function of the client's that the language model may call.

    Attributes:
        name: 1 to 64 letters, digits, "_" and "-"; not "auto", "none" or "required".
        description: when to use it, for the model, up to 1024 characters.
        parameters: JSON Schema of the arguments; its `type` is "object". Up to 8192 characters;
            null = there are no arguments.
    """

    name: ToolName
    description: Annotated[str, Meta(max_length=MAX_DESCRIPTION_CHARS)] = ""
    parameters: dict[str, Any] | None = None


ToolOffers = Annotated[tuple[ToolOffer, ...], Meta(max_length=MAX_TOOLS)]


class Resume(Part, frozen=True, kw_only=True):
    """The session that a client comes back to.

    Attributes:
        session_id: its id, up to 64 characters.
        token: the newest token that the client has of it, up to 128 characters.
        last_seq: highest `seq` that the client has of it; text frames after it are sent again.
    """

    session_id: Name
    token: Annotated[str, Meta(max_length=MAX_RESUME_TOKEN_CHARS)]
    last_seq: Integer


class SessionHello(ClientMessage, frozen=True, kw_only=True, tag="session.hello"):
    """Opens the session; the first frame of the connection, within 10 s.

    Attributes:
        protocol: versions spoken.
        client: who is calling.
        auth: credentials, when no Authorization header was sent.
        audio_in: microphone audio that will be sent.
        audio_out: reply audio that can be played.
        capabilities: what can be shown.
        persona: persona wanted; null = the server's default.
        voice: voice wanted; null = the persona's.
        language: ISO 639 code of the conversation; null = the server's default.
        instructions: system prompt in place of the persona's, up to 16384 characters.
        endpointing: "auto" = the server finds the ends of turns; "manual" = only `input.commit`
            and push-to-talk end one.
        tools: functions of the client's that the model may call, up to 32, and up to 32768
            characters together.
        tool_choice: "auto" = the model decides, "none" = it calls nothing, "required" = every reply
            to a turn begins with a call, or the name of the tool to be called then.
        resume: session to go on with; null = a new one. What is wished for besides counts only
            where that session is gone.
    """

    protocol: VersionRange = VersionRange()
    client: ClientInfo = ClientInfo()
    auth: Auth | None = None
    audio_in: AudioWish = AudioWish()
    audio_out: AudioWish = AudioWish()
    capabilities: Capabilities = Capabilities()
    persona: Name | None = None
    voice: Name | None = None
    language: LanguageCode | None = None
    instructions: Annotated[str, Meta(max_length=MAX_INSTRUCTIONS_CHARS)] | None = None
    endpointing: Endpointing = "auto"
    tools: ToolOffers = ()
    tool_choice: Name = "auto"
    resume: Resume | None = None


class SessionUpdate(ClientMessage, frozen=True, kw_only=True, tag="session.update"):
    """Changes settings of the running session; answered by `session.updated`.

    A field that is absent or null leaves its setting as it is. What the server cannot change gives
    the warning `setting_unavailable`; the others are changed all the same.

    Attributes:
        persona: persona.
        voice: voice.
        language: ISO 639 code of the conversation.
        instructions: system prompt, up to 16384 characters.
        endpointing: "auto" or "manual".
        visemes: viseme set.
        captions: whether `reply.text` and `reply.segment` are wanted.
        tools: all tools from now on, in place of those before; calls under way go on.
        tool_choice: as in `session.hello`.
    """

    persona: Name | None = None
    voice: Name | None = None
    language: LanguageCode | None = None
    instructions: Annotated[str, Meta(max_length=MAX_INSTRUCTIONS_CHARS)] | None = None
    endpointing: Endpointing | None = None
    visemes: Name | None = None
    captions: bool | None = None
    tools: ToolOffers | None = None
    tool_choice: Name | None = None


class SessionClose(ClientMessage, frozen=True, kw_only=True, tag="session.close"):
    """The client is leaving; the server closes with 1000.

    Attributes:
        reason: for the server's log, up to 64 characters.
    """

    reason: Name = ""


# ---------------------------------------------------------------------------------------------
# Client to server: input


class InputStart(ClientMessage, frozen=True, kw_only=True, tag="input.start"):
    """The user opened the microphone.

    Attributes:
        mode: "ptt" = push-to-talk went down, all until `input.stop` is one turn; "vad" = the
            microphone is open and the server finds the turns (the state at the start).
    """

    mode: Literal["ptt", "vad"] = "ptt"


class InputStop(ClientMessage, frozen=True, kw_only=True, tag="input.stop"):
    """The user closed the microphone.

    Attributes:
        mode: "ptt" = push-to-talk went up, the turn ends; "vad" = the microphone is muted, what
            was heard so far is the turn, as after `input.commit`.
    """

    mode: Literal["ptt", "vad"] = "ptt"


class InputCommit(ClientMessage, frozen=True, kw_only=True, tag="input.commit"):
    """Ends the user's turn now; without one, a `nothing_to_commit` warning."""


class InputClear(ClientMessage, frozen=True, kw_only=True, tag="input.clear"):
    """Forgets the user's unfinished turn."""


class InputText(ClientMessage, frozen=True, kw_only=True, tag="input.text"):
    """A typed turn. Interrupts a reply that is playing.

    Attributes:
        text: 1..8192 characters.
    """

    text: Annotated[str, Meta(min_length=1, max_length=MAX_INPUT_CHARS)]


class Interrupt(ClientMessage, frozen=True, kw_only=True, tag="interrupt"):
    """Stops a reply; without one that is spoken, a `nothing_to_interrupt` warning.

    Attributes:
        reply_id: which one; null = the current one.
    """

    reply_id: Integer | None = None


class ToolResult(ClientMessage, frozen=True, kw_only=True, tag="tool.result"):
    """What a tool gave back. Once all calls of a reply have their results, a reply follows.

    For a call that is not waited for any more a `tool_result_late` warning, for one that there
    never was a `tool_call_unknown` error; nothing else happens.

    Attributes:
        call_id: of the `tool.call`.
        output: for the model, JSON or plain text, up to 32768 characters; the server cuts its end
            where the model's window is too small. A tool that failed says so here.
    """

    call_id: CallId
    output: Annotated[str, Meta(max_length=MAX_OUTPUT_CHARS)]


class PlaybackReport(ClientMessage, frozen=True, kw_only=True, tag="playback.report"):
    """What the loudspeaker has played; on each change of state and every 200 ms while playing.

    Attributes:
        reply_id: which reply.
        state: what playback does now. "paused" = it stands still with what it holds, "stalled" =
            it ran empty, "finished" = all was played, "stopped" = flushed.
        played_samples: samples of the reply that came out, at its rate.
        buffered_ms: audio received and not yet played.
        output_latency_ms: delay between counting a sample as played and hearing it.
        client_ms: the client's own clock, for its own use in recordings.
    """

    reply_id: Integer
    state: PlaybackState = "playing"
    played_samples: Integer
    buffered_ms: Millis = 0.0
    output_latency_ms: Millis = 0.0
    client_ms: ClockMillis = 0.0


class Pose(Part, frozen=True, kw_only=True):
    """A pose in the client's world, as in OpenXR and WebXR: right-handed, y up, looks along -z.

    Attributes:
        pos: x, y, z in metres, -10000..10000.
        rot: unit quaternion x, y, z, w, each -1..1; its length may be 0.95 to 1.05.
    """

    pos: Position
    rot: tuple[SignedUnit, SignedUnit, SignedUnit, SignedUnit]


class Hands(Part, frozen=True, kw_only=True):
    """Poses of the user's hands.

    Attributes:
        left: left hand, null when not tracked.
        right: right hand, null when not tracked.
    """

    left: Pose | None = None
    right: Pose | None = None


class UserGaze(ClientMessage, frozen=True, kw_only=True, tag="user.gaze"):
    """Where the user is and looks; at most 10 a second, at least one a second while it is known.

    Attributes:
        head: pose of the user's head, null when not tracked.
        avatar: place of the avatar's head in the same world, null when not known.
        target: what is looked at: "avatar", an id of the client's own for an object or another
            person, "" for none of these; null = the client does not know, and `head` and `avatar`
            tell whether it is the avatar.
        hands: poses of the hands.
    """

    head: Pose | None = None
    avatar: Position | None = None
    target: Name | None = None
    hands: Hands | None = None


class ClockPing(ClientMessage, frozen=True, kw_only=True, tag="clock.ping"):
    """Asks for `clock.pong`; at most one a second.

    Attributes:
        t0_ms: the client's clock.
    """

    t0_ms: ClockMillis


AnyClientMessage = (
    SessionHello
    | SessionUpdate
    | SessionClose
    | InputStart
    | InputStop
    | InputCommit
    | InputClear
    | InputText
    | Interrupt
    | ToolResult
    | PlaybackReport
    | UserGaze
    | ClockPing
)


# ---------------------------------------------------------------------------------------------
# Server to client: session


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
    """

    text_bytes: Integer
    binary_bytes: Integer
    input_chars: Integer
    hello_ms: Millis
    mic_burst_ms: Millis
    mic_realtime_factor: float
    max_ahead_ms: Millis
    idle_ms: Millis


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


# ---------------------------------------------------------------------------------------------
# Server to client: the user's turn


class InputSpeechStarted(ServerMessage, frozen=True, kw_only=True, tag="input.speech_started"):
    """The user began to speak.

    Attributes:
        t_ms: when, on the microphone clock.
        probability: of speech, 0..1.
    """

    t_ms: Millis
    probability: Unit


class InputSpeechStopped(ServerMessage, frozen=True, kw_only=True, tag="input.speech_stopped"):
    """The user stopped speaking, and may go on: `turn.ended` decides.

    Attributes:
        t_ms: when, on the microphone clock.
    """

    t_ms: Millis


class TranscriptInterim(ServerMessage, frozen=True, kw_only=True, tag="transcript.interim"):
    """What the user has said so far; replaces the one before.

    Attributes:
        turn_id: which turn.
        text: all of it.
        stable_chars: leading code points that did not change since the one before.
        language: ISO 639 code.
    """

    turn_id: Integer
    text: str
    stable_chars: Integer
    language: str


class TranscriptFinal(ServerMessage, frozen=True, kw_only=True, tag="transcript.final"):
    """What the user said; one for each turn, before its reply.

    Attributes:
        turn_id: which turn.
        text: all of it.
        language: ISO 639 code.
    """

    turn_id: Integer
    text: str
    language: str


class TurnEnded(ServerMessage, frozen=True, kw_only=True, tag="turn.ended"):
    """The user's turn is over and will be answered.

    Attributes:
        turn_id: which turn.
        reason: what ended it: "semantic" (turn model), "vad" (silence), "ptt", "text", "commit".
        silence_ms: silence waited for; 0 for ptt, text and commit.
    """

    turn_id: Integer
    reason: EndReason
    silence_ms: Millis


# ---------------------------------------------------------------------------------------------
# Server to client: the reply


class ReplyStarted(ServerMessage, frozen=True, kw_only=True, tag="reply.started"):
    """A reply begins. Greater ids are newer.

    Attributes:
        reply_id: its id, >= 1.
        stream: `reply_id` mod 65536, as in the header of its audio.
        turn_id: the turn that it answers; 0 = none (greeting).
        rate_hz: rate of its sample clock.
        codec: of its audio.
    """

    reply_id: Integer
    stream: Annotated[int, Meta(ge=0, le=65_535)]
    turn_id: Integer
    rate_hz: RateHz
    codec: Codec


class ReplyText(ServerMessage, frozen=True, kw_only=True, tag="reply.text"):
    """Text of the reply as it is generated, ahead of its speech and without time.

    Attributes:
        reply_id: which reply.
        text: to append.
        char: index of its first code point in the reply's whole text.
    """

    reply_id: Integer
    text: str
    char: Integer


class ReplySegment(ServerMessage, frozen=True, kw_only=True, tag="reply.segment"):
    """A clause or sentence with its time, for captions; before its audio.

    Attributes:
        reply_id: which reply.
        index: 0, 1, 2 … within the reply.
        text: what a caption shows.
        start_ms: where it begins.
        end_ms: where it ends, its pause included.
        words: `[text, start_ms, end_ms, char]` each.
    """

    reply_id: Integer
    index: Integer
    text: str
    start_ms: Millis
    end_ms: Millis
    words: tuple[tuple[str, Millis, Millis, Integer], ...]


class Visemes(ServerMessage, frozen=True, kw_only=True, tag="visemes"):
    """Mouth poses, before the audio that they belong to.

    Keys with the same time are one pose; what a pose does not list has weight 0 there; between
    two poses every weight runs linearly. Poses never go back in time, over all messages of a
    reply.

    Attributes:
        reply_id: which reply.
        set: viseme set of the indices.
        keys: `[t_ms, viseme, weight]` each, weight 0..1.
        until_ms: up to where the mouth is known; later audio without visemes is animated by its
            energy.
    """

    reply_id: Integer
    set: str
    keys: tuple[tuple[Millis, Annotated[int, Meta(ge=0, le=255)], Unit], ...]
    until_ms: Millis


class Face(ServerMessage, frozen=True, kw_only=True, tag="face"):
    """A facial expression.

    Attributes:
        reply_id: which reply.
        t_ms: when it begins.
        expression: a name of `session.ready.expressions`.
        intensity: 0..1.
        valence: -1 (unpleasant) .. 1 (pleasant).
        arousal: -1 (calm) .. 1 (excited).
        fade_ms: time to reach it.
        hold_ms: time to keep it before it fades back; 0 = until the next one.
        source: what asked for it.
    """

    reply_id: Integer
    t_ms: Millis
    expression: str
    intensity: Unit
    valence: SignedUnit
    arousal: SignedUnit
    fade_ms: Millis
    hold_ms: Millis
    source: CueSource


class Gesture(ServerMessage, frozen=True, kw_only=True, tag="gesture"):
    """A gesture with the sync points of BML 1.0, which never decrease in this order.

    Attributes:
        reply_id: which reply.
        id: unique within the session.
        lexeme: a name of `session.ready.gestures`.
        kind: beat, iconic, deictic, metaphoric or emblem.
        mode: which hand: left, right or both.
        amplitude: 0..1.
        start_ms: the hand leaves its rest.
        stroke_start_ms: the stroke begins.
        stroke_ms: its peak, on the word.
        stroke_end_ms: the stroke ends.
        relax_ms: the hold ends and the hand goes back.
        end_ms: the hand is at rest; up to 600 ms after the last sample of the reply.
        source: what asked for it.
        target: id of the object that it points at, from `user.gaze`; "" = none.
    """

    reply_id: Integer
    id: str
    lexeme: str
    kind: GestureKind
    mode: GestureMode
    amplitude: Unit
    start_ms: Millis
    stroke_start_ms: Millis
    stroke_ms: Millis
    stroke_end_ms: Millis
    relax_ms: Millis
    end_ms: Millis
    source: CueSource
    target: Name = ""


class Head(ServerMessage, frozen=True, kw_only=True, tag="head"):
    """A head movement.

    Attributes:
        reply_id: which reply.
        lexeme: nod, shake, tilt, toss or lower.
        amount: 0..1.
        repeats: how often, >= 1.
        start_ms: it begins.
        stroke_ms: its first peak.
        end_ms: it ends.
        source: what asked for it.
        side: where a tilt, a shake or a toss goes first, as the avatar sees it.
    """

    reply_id: Integer
    lexeme: str
    amount: Unit
    repeats: Integer
    start_ms: Millis
    stroke_ms: Millis
    end_ms: Millis
    source: CueSource
    side: Literal["left", "right"] = "right"


class Gaze(ServerMessage, frozen=True, kw_only=True, tag="gaze"):
    """Where the avatar looks.

    Attributes:
        reply_id: which reply.
        target: user, away_up, away_side, down, or an object id.
        start_ms: it begins.
        end_ms: it ends; then back to the user.
        source: what asked for it.
        head: how much of the turn the head takes over: 0 = the eyes alone, 1 = all of it.
    """

    reply_id: Integer
    target: str
    start_ms: Millis
    end_ms: Millis
    source: CueSource
    head: Unit = 0.0


class Body(ServerMessage, frozen=True, kw_only=True, tag="body"):
    """A movement outside any reply's clock: start it on arrival.

    Attributes:
        kind: "gesture", "head", "gaze", "face" or "posture".
        lexeme: name of the movement (for a gaze: its target, for a face: the expression).
        amplitude: 0..1.
        duration_ms: how long; 0 = until the next `state`.
        source: what asked for it.
        repeats: how often a head movement goes there and back within `duration_ms`.
    """

    kind: Literal["gesture", "head", "gaze", "face", "posture"]
    lexeme: str
    amplitude: Unit
    duration_ms: Millis
    source: CueSource
    repeats: Integer = 1


class ReplyAudioDone(ServerMessage, frozen=True, kw_only=True, tag="reply.audio_done"):
    """All audio of the reply was sent. Not sent for a reply that is interrupted before.

    Attributes:
        reply_id: which reply.
        sample_count: samples of the whole reply, at its rate.
    """

    reply_id: Integer
    sample_count: Integer


class ReplyPaused(ServerMessage, frozen=True, kw_only=True, tag="reply.paused"):
    """The reply stands still: stop playing at once, and keep everything. Only with `pause`.

    A voice was heard over it, and it is not known yet whether it is an interruption. The pause ends
    with `reply.resumed`, `reply.interrupted` or `reply.done` of the same reply.

    Attributes:
        reply_id: which reply.
        at_ms: up to where it counts as heard; the client stops where it is.
    """

    reply_id: Integer
    at_ms: Millis


class ReplyResumed(ServerMessage, frozen=True, kw_only=True, tag="reply.resumed"):
    """A paused reply goes on, with the sample after the last that was played.

    Attributes:
        reply_id: which reply.
        from_ms: from where, by the last playback report; the client goes on where it stopped.
    """

    reply_id: Integer
    from_ms: Millis


class ReplyInterrupted(ServerMessage, frozen=True, kw_only=True, tag="reply.interrupted"):
    """The reply is cut: flush its audio and cues at once. Only `reply.done` follows of it.

    Attributes:
        reply_id: which reply.
        at_ms: up to where it counts as heard.
        reason: "voice" (the user spoke), "message" (`interrupt`), "text" (`input.text`) or "ptt".
        spoken_text: what was heard, cut at the last played word.
    """

    reply_id: Integer
    at_ms: Millis
    reason: Literal["voice", "message", "text", "ptt"]
    spoken_text: str


class ReplyDone(ServerMessage, frozen=True, kw_only=True, tag="reply.done"):
    """The reply is over; one for each `reply.started`, and the last message of it but `metrics`.

    Attributes:
        reply_id: which reply.
        status: completed, interrupted or failed.
        spoken_text: what was played, cut at the last played word; this is what history keeps.
        played_samples: samples played, as reported or estimated.
    """

    reply_id: Integer
    status: ReplyStatus
    spoken_text: str
    played_samples: Integer


class ToolCall(ServerMessage, frozen=True, kw_only=True, tag="tool.call"):
    """The model calls a tool: carry it out and answer with `tool.result`. Only after `turn.ended`.

    The reply goes on playing meanwhile. Without a result within the server's time limit the model
    is told so.

    Attributes:
        reply_id: the reply that calls.
        call_id: for `tool.result`; unique within the session, up to 64 characters.
        name: the tool's name.
        arguments: a JSON object, as JSON text of up to 16384 characters. The server has not
            compared it with the tool's schema.
    """

    reply_id: Integer
    call_id: CallId
    name: str
    arguments: str


class ToolCancelled(ServerMessage, frozen=True, kw_only=True, tag="tool.cancelled"):
    """Nobody waits for the result of a call any more: stop, if that can be.

    It may come after the `reply.done` of the reply that called.

    Attributes:
        reply_id: the reply that called.
        call_id: which call; the client may never have heard of it.
        reason: "interrupted" (the user goes on), "timeout" or "failed" (the reply failed).
    """

    reply_id: Integer
    call_id: CallId
    reason: CancelReason


# ---------------------------------------------------------------------------------------------
# Server to client: about the session


class Metrics(ServerMessage, frozen=True, kw_only=True, tag="metrics"):
    """When the stages of a reply happened, from the end of the user's speech; null = did not.

    Negative values lie before the end of speech (work that began early).

    Attributes:
        reply_id: which reply.
        stt_ms: the transcript that was answered was ready.
        commit_ms: the turn was committed.
        llm_start_ms: the language model was asked.
        ttft_ms: its first token.
        first_chunk_ms: the first speakable chunk.
        ttfa_ms: the first audio out of the synthesizer.
        sent_ms: the first audio handed to the socket.
        is_speculative: whether work began before the commit.
        wasted_tokens: tokens that the language model wrote, since the last `metrics`, for replies
            that were withdrawn before any of them was sent: what answering early cost.
    """

    reply_id: Integer
    stt_ms: SignedMillis | None
    commit_ms: SignedMillis | None
    llm_start_ms: SignedMillis | None
    ttft_ms: SignedMillis | None
    first_chunk_ms: SignedMillis | None
    ttfa_ms: SignedMillis | None
    sent_ms: SignedMillis | None
    is_speculative: bool
    wasted_tokens: Integer = 0


class WarningMessage(ServerMessage, frozen=True, kw_only=True, tag="warning"):
    """Something was off and was handled; the session goes on.

    Attributes:
        code: a code of the warning table.
        message: for a person.
    """

    code: str
    message: str


class ErrorMessage(ServerMessage, frozen=True, kw_only=True, tag="error"):
    """Something failed.

    Attributes:
        code: a code of the error table.
        message: for a person; never a path, a stack trace or a transcript.
        fatal: whether the connection closes after it.
        ref: `type` of the client's message that it answers, "binary" for a frame, "" for none.
    """

    code: str
    message: str
    fatal: bool = False
    ref: str = ""


class ClockPong(ServerMessage, frozen=True, kw_only=True, tag="clock.pong"):
    """Answers `clock.ping`.

    Attributes:
        t0_ms: as in the ping.
        t1_ms: server clock when the ping came in.
        t2_ms: server clock when this went out.
    """

    t0_ms: ClockMillis
    t1_ms: ClockMillis
    t2_ms: ClockMillis


AnyServerMessage = (
    SessionReady
    | SessionResumed
    | SessionUpdated
    | SessionGoaway
    | State
    | InputSpeechStarted
    | InputSpeechStopped
    | TranscriptInterim
    | TranscriptFinal
    | TurnEnded
    | ReplyStarted
    | ReplyText
    | ReplySegment
    | Visemes
    | Face
    | Gesture
    | Head
    | Gaze
    | Body
    | ReplyAudioDone
    | ReplyPaused
    | ReplyResumed
    | ReplyInterrupted
    | ReplyDone
    | ToolCall
    | ToolCancelled
    | Metrics
    | WarningMessage
    | ErrorMessage
    | ClockPong
)
