"""What a session tells the client, before it is put into any protocol's words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from voice_avatar.events.cues import (
    BodyCue,
    FaceCue,
    GazeCue,
    GestureCue,
    HeadCue,
    ReplySegment,
    VisemeTrack,
)
from voice_avatar.events.payloads import ToolCall


class State(StrEnum):
    """State of the conversation, as the avatar shows it."""

    IDLE = "idle"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The conversation's state changed."""

    state: State


@dataclass(frozen=True, slots=True)
class UserSpeechStarted:
    """The user began to speak at microphone sample `sample`."""

    sample: int
    probability: float


@dataclass(frozen=True, slots=True)
class UserSpeechStopped:
    """The user stopped speaking at microphone sample `sample` (may go on: see TurnEnded)."""

    sample: int


@dataclass(frozen=True, slots=True)
class TranscriptInterim:
    """What the user has said so far; may change.

    Attributes:
        turn_id: which turn of the user.
        text: whole text so far.
        stable_chars: leading characters that did not change since the last one.
        language: ISO 639-1.
    """

    turn_id: int
    text: str
    stable_chars: int
    language: str


@dataclass(frozen=True, slots=True)
class TranscriptFinal:
    """What the user said; written to history."""

    turn_id: int
    text: str
    language: str


EndReason = Literal["vad", "semantic", "ptt", "text", "commit"]
DropReason = Literal["wordless", "invented", "echo", "aside", "cleared", "failed"]


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The user's turn is committed.

    Attributes:
        turn_id: which turn.
        reason: what ended it: "semantic" (turn model), "vad" (silence), "ptt", "text", "commit".
        silence_s: silence waited for, seconds (0 for ptt, text and commit).
    """

    turn_id: int
    reason: EndReason
    silence_s: float


@dataclass(frozen=True, slots=True)
class TurnForgotten:
    """What began as a turn of the user was none: noise, or a listener's word.

    Attributes:
        turn_id: which turn.
        reason: "wordless" (no words in it), "invented" (only words that a recogniser writes where
            nobody speaks), "echo" (the words that the avatar was saying), "aside"
            (only said while listening to the reply), "cleared" (the client took it back) or
            "failed" (the recogniser did).
    """

    turn_id: int
    reason: DropReason = "wordless"


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """A reply begins; nothing of it was sent before.

    Attributes:
        reply_id: its id.
        turn_id: the user's turn that it answers, 0 for none.
        rate_hz: its sample clock.
        ask_id: of the `ReplyRequest` that it answers, "" for none.
    """

    reply_id: int
    turn_id: int
    rate_hz: int
    ask_id: str = ""


@dataclass(frozen=True, slots=True)
class ReplyRefused:
    """A `ReplyRequest` came while a reply is live."""

    ask_id: str


@dataclass(frozen=True, slots=True)
class ReplyText:
    """Text of the reply as it is generated.

    Attributes:
        reply_id: which reply.
        text: to append.
        char: index of its first character in the reply's whole text.
    """

    reply_id: int
    text: str
    char: int


@dataclass(frozen=True, slots=True)
class ReplyWritten:
    """The LLM has written all of the reply's text.

    Attributes:
        reply_id: which reply.
        prompt_tokens: tokens of the prompt, 0 when unknown.
        tokens: tokens generated.
        is_cut: whether it wanted to write more than it may.
    """

    reply_id: int
    prompt_tokens: int
    tokens: int
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class ReplyCallStarted:
    """The reply begins to write a call; `ToolCalled` follows once it is whole.

    Attributes:
        reply_id: which reply.
        call_id: the call's id.
        name: the tool's name.
    """

    reply_id: int
    call_id: str
    name: str


@dataclass(frozen=True, slots=True)
class ReplyCallDelta:
    """A piece of a call's arguments as they are written; not yet known to be valid.

    Attributes:
        reply_id: which reply.
        call_id: the call's id.
        text: to append.
    """

    reply_id: int
    call_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A tool is to be called; told only once the turn is committed.

    Attributes:
        reply_id: the reply that calls it.
        call_id: the call's id, for `ToolResult`.
        name: the tool's name.
        arguments: a JSON object, as JSON text.
    """

    reply_id: int
    call_id: str
    name: str
    arguments: str


CancelReason = Literal["interrupted", "timeout", "failed"]


@dataclass(frozen=True, slots=True)
class ToolCancelled:
    """Nobody waits for the result of a call any more.

    Attributes:
        reply_id: the reply that called it.
        call_id: the call's id.
        reason: "interrupted" (the user goes on), "timeout" (the reply goes on without), or
            "failed" (the reply that called it failed).
    """

    reply_id: int
    call_id: str
    reason: CancelReason


@dataclass(frozen=True, slots=True)
class ReplyAudio:
    """Reply audio: whole frames, as many as may go out together, and at the end what is left.

    Attributes:
        reply_id: which reply.
        start: reply sample index of the first sample.
        pcm: samples.
        is_first: first audio of the reply.
        is_last: last audio of the reply (may be empty).
        due_s: when it was to go out, on the conversation's clock: once it was made, committed, and
            allowed by the playout schedule. None = not known.
    """

    reply_id: int
    start: int
    pcm: bytes
    is_first: bool = False
    is_last: bool = False
    due_s: float | None = None


@dataclass(frozen=True, slots=True)
class ReplyAudioDone:
    """All audio of the reply was sent: `sample_count` samples."""

    reply_id: int
    sample_count: int


ReplyStatus = Literal["completed", "interrupted", "failed"]


@dataclass(frozen=True, slots=True)
class ReplyDone:
    """The reply is over.

    Attributes:
        reply_id: which reply.
        status: how it ended.
        spoken_text: what was played, cut at the last played word.
        played: reply samples played, as reported or estimated.
    """

    reply_id: int
    status: ReplyStatus
    spoken_text: str
    played: int


@dataclass(frozen=True, slots=True)
class ReplyPaused:
    """The reply stands still, because the user may be interrupting it; nothing of it is lost.

    It ends with `ReplyResumed`, `ReplyInterrupted` or `ReplyDone` of the same reply.

    Attributes:
        reply_id: which reply.
        at: reply sample up to which it counts as heard.
    """

    reply_id: int
    at: int


@dataclass(frozen=True, slots=True)
class ReplyResumed:
    """A paused reply goes on where it stood still: it was no interruption.

    Attributes:
        reply_id: which reply.
        start: reply sample from which it goes on, by the last report of the client.
    """

    reply_id: int
    start: int


@dataclass(frozen=True, slots=True)
class ReplyInterrupted:
    """The reply is cut: flush it. Nothing of it follows but `ReplyDone`.

    Attributes:
        reply_id: which reply.
        at: reply sample up to which it counts as heard.
        reason: "voice", "message", "text" or "ptt".
        spoken_text: what was heard, cut at the last played word.
    """

    reply_id: int
    at: int
    reason: Literal["voice", "message", "text", "ptt"]
    spoken_text: str


@dataclass(frozen=True, slots=True)
class WarningNotice:
    """Something was off and handled.

    Attributes:
        code: documented in PROTOCOL.md.
        message: for a person.
        reply_id: of the reply that it is about, 0 = none.
        broken: the call that cannot be made, with its flaw; None = it is about none.
    """

    code: str
    message: str
    reply_id: int = 0
    broken: ToolCall | None = None


@dataclass(frozen=True, slots=True)
class ErrorNotice:
    """Something failed.

    Attributes:
        code: documented in PROTOCOL.md.
        message: for a person.
        is_fatal: whether the connection closes after it.
    """

    code: str
    message: str
    is_fatal: bool = False


@dataclass(frozen=True, slots=True)
class StageMarks:
    """When the stages of a reply happened, for metrics and the bench.

    All values are seconds from the end of the user's speech (negative = before); None = did not
    happen.

    Attributes:
        reply_id: which reply.
        stt_s: the transcript that was answered was ready.
        commit_s: the turn was committed.
        llm_start_s: the LLM was asked.
        ttft_s: first token.
        first_chunk_s: first speakable chunk.
        ttfa_s: first audio out of the synthesizer.
        sent_s: first audio handed to the socket.
        is_speculative: whether work began before commit.
        wasted_tokens: written since the last marks for replies that were withdrawn before any of
            them was sent: what speculation cost.
    """

    reply_id: int
    stt_s: float | None
    commit_s: float | None
    llm_start_s: float | None
    ttft_s: float | None
    first_chunk_s: float | None
    ttfa_s: float | None
    sent_s: float | None
    is_speculative: bool
    wasted_tokens: int = 0


ReplyNotice = (
    ReplyStarted
    | ReplyText
    | ReplyWritten
    | ReplyCallStarted
    | ReplyCallDelta
    | ToolCalled
    | ReplySegment
    | ReplyAudio
    | VisemeTrack
    | GestureCue
    | HeadCue
    | GazeCue
    | FaceCue
    | ReplyAudioDone
    | ReplyDone
    | ReplyPaused
    | ReplyResumed
    | ReplyInterrupted
    | StageMarks
)

Notice = (
    ReplyNotice
    | StateChanged
    | UserSpeechStarted
    | UserSpeechStopped
    | TranscriptInterim
    | TranscriptFinal
    | TurnEnded
    | TurnForgotten
    | ReplyRefused
    | BodyCue
    | ToolCancelled
    | WarningNotice
    | ErrorNotice
)
