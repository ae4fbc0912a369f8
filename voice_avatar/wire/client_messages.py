"""What a client sends. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from voice_avatar.events.inputs import PlaybackState
from voice_avatar.tools.offers import MAX_DESCRIPTION_CHARS, MAX_OUTPUT_CHARS, MAX_TOOLS
from voice_avatar.wire.fields import (
    MAX_INPUT_CHARS,
    MAX_INSTRUCTIONS_CHARS,
    MAX_RESUME_TOKEN_CHARS,
    PROTOCOL_VERSION,
    CallId,
    ClientMessage,
    ClockMillis,
    Endpointing,
    Integer,
    LanguageCode,
    Millis,
    Name,
    Names,
    Part,
    Position,
    RateHz,
    SignedUnit,
    ToolName,
    VersionNumber,
)


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
            Without it the server compares the microphone with what the loudspeaker plays. Either
            way, words over a reply that are the words of the reply are taken for an echo, unless
            they have interrupted it.
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


class InputStart(ClientMessage, frozen=True, kw_only=True, tag="input.start"):
    """The user opened the microphone.

    Attributes:
        mode: "ptt" = push-to-talk went down, all until `input.stop` is one turn; "vad" = the
            microphone is open and the server finds the turns (the state at the start, and
            what ends a mute).
    """

    mode: Literal["ptt", "vad"] = "ptt"


class InputStop(ClientMessage, frozen=True, kw_only=True, tag="input.stop"):
    """The user closed the microphone.

    Attributes:
        mode: "ptt" = push-to-talk went up, the turn ends; "vad" = the microphone is muted, what
            was heard so far is the turn, as after `input.commit`. What comes until `input.start` is
            heard as silence.
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
            it ran empty, or has nothing yet, "finished" = all was played, "stopped" = flushed.
        played_samples: samples of the reply that came out, at its rate.
        buffered_ms: audio received and not yet played.
        output_latency_ms: delay between counting a sample as played and hearing it; up to 2 s
            count. What was heard is `played_samples` less this.
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
