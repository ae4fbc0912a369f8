"""What else a server sends: figures, warnings, errors, the clock; and the union of it all. Pure."""

from __future__ import annotations

from voice_avatar.wire.cue_messages import Body, Face, Gaze, Gesture, Head, Visemes
from voice_avatar.wire.fields import ClockMillis, Integer, ServerMessage, SignedMillis
from voice_avatar.wire.session_messages import (
    SessionGoaway,
    SessionReady,
    SessionResumed,
    SessionUpdated,
    State,
)
from voice_avatar.wire.turn_messages import (
    InputSpeechStarted,
    InputSpeechStopped,
    ReplyAudioDone,
    ReplyDone,
    ReplyInterrupted,
    ReplyPaused,
    ReplyResumed,
    ReplySegment,
    ReplyStarted,
    ReplyText,
    ToolCall,
    ToolCancelled,
    TranscriptFinal,
    TranscriptInterim,
    TurnDropped,
    TurnEnded,
)


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
    | TurnDropped
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
