"""What happens to a conversation: the inputs of its session. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voice_avatar.events.cues import Feeling, TimedWord
from voice_avatar.events.payloads import Message, Tool, ToolCall, Transcript


@dataclass(frozen=True, slots=True)
class VadFrame:
    """Speech probability of one window of the microphone stream.

    Attributes:
        start: microphone sample index of the window's first sample.
        probability: 0..1.
        dbfs: RMS level, dB relative to full scale (<= 0, floor -100).
        tail_dbfs: RMS level of the window's last `TAIL_SAMPLES`, likewise.
        f0_hz: pitch of the voice, hertz; 0 = no voice, or nobody asked.
    """

    start: int
    probability: float
    dbfs: float = -100.0
    tail_dbfs: float = 0.0
    f0_hz: float = 0.0


@dataclass(frozen=True, slots=True)
class Transcribed:
    """A `Transcribe` command is done. `transcript` is None when the recogniser failed."""

    request_id: int
    transcript: Transcript | None


@dataclass(frozen=True, slots=True)
class TurnScored:
    """A `ScoreTurn` command is done: probability 0..1 that the user has finished."""

    request_id: int
    probability: float


@dataclass(frozen=True, slots=True)
class TextInput:
    """The user typed a turn."""

    text: str


@dataclass(frozen=True, slots=True)
class TalkPressed:
    """Push-to-talk went down: everything until `TalkReleased` is one turn."""


@dataclass(frozen=True, slots=True)
class TalkReleased:
    """Push-to-talk went up."""


@dataclass(frozen=True, slots=True)
class CommitInput:
    """End the user's turn now, whatever the endpointing thinks.

    Attributes:
        start: microphone sample from which all audio is the turn where no speech was found in it;
            None = then there is nothing to commit.
    """

    start: int | None = None


@dataclass(frozen=True, slots=True)
class ClearInput:
    """Forget the user's unfinished turn."""


@dataclass(frozen=True, slots=True)
class InterruptRequest:
    """The client asks to stop the reply (button, Esc). None = whatever reply is current."""

    reply_id: int | None = None


PlaybackState = Literal["started", "playing", "paused", "stalled", "finished", "stopped"]


@dataclass(frozen=True, slots=True)
class ClientLost:
    """The client's connection is lost; it may come back."""


@dataclass(frozen=True, slots=True)
class ClientBack:
    """The client is connected again."""


@dataclass(frozen=True, slots=True)
class PlaybackReport:
    """What the client's loudspeaker has really played.

    Attributes:
        reply_id: which reply.
        played: reply samples played so far.
        state: what playback does now.
        latency_s: how much later than played a sample is heard, seconds.
    """

    reply_id: int
    played: int
    state: PlaybackState = "playing"
    latency_s: float = 0.0


Answered = Literal["all", "detected", "none"]


@dataclass(frozen=True, slots=True)
class Endpointing:
    """How the end of a turn is found, in place of what is configured. None = as configured.

    Attributes:
        silence_s: silence that ends a turn, whatever was said, seconds.
        patience: factor on all delays.
        preroll_s: audio before the detected start of speech that is decoded too, seconds.
        speech_probability: from which on a window counts as speech.
    """

    silence_s: float | None = None
    patience: float = 1.0
    preroll_s: float | None = None
    speech_probability: float | None = None


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """Settings of the running session change. None = leave as it is.

    Attributes:
        language: ISO 639-1, "" = detect it.
        system_prompt: the whole system message.
        endpointing: whether silence ends a turn, or the client alone.
        answered: which turns are answered without being asked for: all, those whose end was
            detected (and not those that the client commits), or none.
        is_interruptible: whether a voice over the reply may end it.
        max_reply_tokens: tokens generated per reply at most.
        temperature: of generation; 0 = greedy.
        is_silent: whether replies are text alone.
        detection: how the end of a turn is found from now on.
        tools: all tools, in place of those before.
        tool_choice: see `LlmRequest`; a name that is no tool's counts as "auto".
        follows_up: whether results are waited for, and a reply with them follows by itself; else
            calls are only told, and the client keeps calls and results in history itself.
    """

    language: str | None = None
    system_prompt: str | None = None
    endpointing: Literal["auto", "manual"] | None = None
    answered: Answered | None = None
    is_interruptible: bool | None = None
    max_reply_tokens: int | None = None
    temperature: float | None = None
    is_silent: bool | None = None
    detection: Endpointing | None = None
    tools: tuple[Tool, ...] | None = None
    tool_choice: str | None = None
    follows_up: bool | None = None


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """The client asks for a reply. While one is live it is refused (`ReplyRefused`).

    One out of band is never refused: it runs beside whatever is said, answers no turn, and nothing
    of it is in history. `InterruptRequest` with its id ends it.

    What is None is as it is set for the session.

    Attributes:
        ask_id: comes back in `ReplyStarted` or `ReplyRefused`.
        instructions: the whole system message.
        messages: what the model is shown instead of the conversation so far.
        max_tokens: tokens generated at most.
        temperature: of generation.
        is_silent: whether it is text alone.
        tools: what may be called.
        tool_choice: see `LlmRequest`.
        is_out_of_band: whether it is made beside the conversation.
    """

    ask_id: str
    instructions: str | None = None
    messages: tuple[Message, ...] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    is_silent: bool | None = None
    tools: tuple[Tool, ...] | None = None
    tool_choice: str | None = None
    is_out_of_band: bool = False


@dataclass(frozen=True, slots=True)
class HistoryAdded:
    """The client adds a message to what was said.

    Attributes:
        key: name by which it can be found again; turns are "turn-<id>", replies "reply-<id>".
        message: what was said.
        after: key of what it follows, "" = it comes first; None = last.
    """

    key: str
    message: Message
    after: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryCut:
    """The client says what is left of a message of the past, a reply that is over included.

    Attributes:
        key: which one.
        text: all that is left of it; "" = nothing.
    """

    key: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back.

    Attributes:
        call_id: the call that it answers.
        output: for the model: JSON or plain text.
    """

    call_id: str
    output: str


@dataclass(frozen=True, slots=True)
class ToolCallMade:
    """The LLM wrote a whole and valid call."""

    reply_id: int
    call: ToolCall


@dataclass(frozen=True, slots=True)
class ReplyTextAdded:
    """The LLM wrote speakable text (tags already out); for captions, not for history."""

    reply_id: int
    text: str


@dataclass(frozen=True, slots=True)
class SegmentPlanned:
    """A chunk has its place on the reply's clock; its audio follows.

    Attributes:
        reply_id: which reply.
        index: the chunk's index.
        text: display text of the chunk.
        start: first reply sample.
        end: one past the last reply sample (the chunk's own pause included).
        words: caption words.
        feeling: at its end; None = not known.
    """

    reply_id: int
    index: int
    text: str
    start: int
    end: int
    words: tuple[TimedWord, ...]
    feeling: Feeling | None = None


@dataclass(frozen=True, slots=True)
class ReplyReady:
    """The first audio of a reply is made and waits behind its gate."""

    reply_id: int


@dataclass(frozen=True, slots=True)
class AudioSent:
    """Reply audio went out to the client.

    Attributes:
        reply_id: which reply.
        until: one past the last reply sample sent.
    """

    reply_id: int
    until: int


@dataclass(frozen=True, slots=True)
class ReplyGenerated:
    """Everything of the reply has been synthesised: `sample_count` samples in all."""

    reply_id: int
    sample_count: int


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """Generation or synthesis of the reply failed.

    Attributes:
        reply_id: which reply.
        code: code of the error (`errors.py`).
        message: for a person.
        sample_count: reply samples made before it failed; they are still played.
    """

    reply_id: int
    code: str
    message: str
    sample_count: int = 0


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went by. Due whenever `Session.deadline_s` is reached."""


Position = tuple[float, float, float]
"""x, y, z in the client's world: metres, right-handed, y up."""


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Where a head is and where it points: along its own -z.

    Attributes:
        pos: where it is.
        rot: unit quaternion x, y, z, w.
    """

    pos: Position
    rot: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class UserGaze:
    """Where the user is and looks.

    Attributes:
        target: "avatar", an object's id, "" = nothing that has a name; None = not said.
        head: the user's head; None = not tracked.
        avatar: where the avatar's head is, in the same world; None = not said.
        hands: where the hands are that are tracked.
    """

    target: str | None = None
    head: HeadPose | None = None
    avatar: Position | None = None
    hands: tuple[Position, ...] = ()


SessionInput = (
    VadFrame
    | Transcribed
    | TurnScored
    | TextInput
    | TalkPressed
    | TalkReleased
    | CommitInput
    | ClearInput
    | InterruptRequest
    | PlaybackReport
    | ClientLost
    | ClientBack
    | SettingsChanged
    | ReplyRequest
    | HistoryAdded
    | HistoryCut
    | ToolResult
    | UserGaze
    | ReplyTextAdded
    | ToolCallMade
    | SegmentPlanned
    | ReplyReady
    | AudioSent
    | ReplyGenerated
    | ReplyFailed
    | Tick
)
