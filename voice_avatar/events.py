"""All types that cross files: frozen, slotted, without behaviour.

Four families, in the order in which an utterance meets them:

1. what engines exchange with the pipeline (windows, transcripts, deltas, spans, pieces);
2. `SessionInput`: what may be given to `session.Session.receive`;
3. `Command`: what the session asks the pipeline to do;
4. `Notice`: what a client is told; a wire dialect (`protocol.py`) encodes them.

Units are in the names: `_s` seconds, `_ms` milliseconds, `_hz` hertz; a bare `start`, `end`,
`sample` or `until` is an integer sample index of the stream that the docstring names. There are
two kinds of stream: the *microphone* stream (16 kHz, one per session, index 0 = first sample
received) and one *reply* stream per reply (the session's output rate, index 0 = first sample of
that reply). PCM is `bytes`: signed 16-bit little-endian mono.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

MIC_HZ = 16_000
"""Rate of the microphone stream inside the server (what whisper, Silero and Smart Turn take)."""

WINDOW_SAMPLES = 512
"""Samples of one VAD window: 32 ms at 16 kHz (fixed by Silero VAD)."""

TAIL_SAMPLES = 256
"""The last part of a window by which a sound is seen to fall away: 16 ms, a few periods of a voice
(against 10 and 24 ms: `bench endpoint`, docs/decisions.md)."""


# ---------------------------------------------------------------------------------------------
# 1. Between engines and the pipeline


@dataclass(frozen=True, slots=True)
class AudioWindow:
    """One VAD window of the microphone stream, made by `capture.py`.

    Attributes:
        start: microphone sample index of the first sample.
        pcm: exactly `WINDOW_SAMPLES` samples.
        is_gap: True where part of the window stands in for lost packets (zeros).
    """

    start: int
    pcm: bytes
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recogniser made of a stretch of the microphone stream.

    Attributes:
        text: normalised text, "" when nothing credible was said.
        language: ISO 639-1 code in which it was decoded.
        avg_logprob: mean log-probability per token; 0.0 when unknown.
        audio_s: seconds of audio decoded.
    """

    text: str
    language: str = "en"
    avg_logprob: float = 0.0
    audio_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that the client can do and the language model may ask for.

    Attributes:
        name: what the model calls it (`tools.py` says which names may be).
        description: when to use it, for the model.
        parameters: JSON schema of its arguments, an object, as JSON text.
    """

    name: str
    description: str = ""
    parameters: str = '{"type":"object","properties":{}}'


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the language model makes.

    Attributes:
        call_id: unique within the session.
        name: the tool's name.
        arguments: a JSON object, as JSON text.
    """

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat prompt.

    Attributes:
        role: whose it is; "tool" = what a tool gave back.
        content: its text.
        calls: calls that the assistant made after that text.
        call_id: which call a tool's message answers.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class LlmRequest:
    """What the LLM is asked.

    Attributes:
        messages: the prompt; byte-stable from one turn to the next except at its end.
        max_tokens: cap on generated tokens.
        temperature: 0 = greedy.
        cache_key: the session id; an engine with prefix slots keeps one per key.
        priority: lower runs first (vLLM); speculation uses 1, committed replies 0.
        tools: tools that the model may call; part of the prompt, and so as stable as it.
        tool_choice: "auto" = the model decides, "none" = it may not call, "required" = it has to,
            or the name of the one tool that it has to call.
    """

    messages: tuple[Message, ...]
    max_tokens: int = 160
    temperature: float = 0.0
    cache_key: str = ""
    priority: int = 0
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of generated text, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallStarted:
    """The model begins a call. Calls do not overlap: it ends with the next one, or with the reply.

    Attributes:
        index: 0, 1, 2 … within the reply.
        name: the tool's name, whole.
    """

    index: int
    name: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of the arguments of a call, never empty; all pieces together are JSON text.

    Attributes:
        index: which call.
        text: to append.
    """

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class LlmDone:
    """Generation ended by itself.

    Attributes:
        finish_reason: "stop" or "length".
        prompt_tokens: tokens of the prompt, 0 when unknown.
        completion_tokens: tokens generated, 0 when unknown.
    """

    finish_reason: Literal["stop", "length"]
    prompt_tokens: int = 0
    completion_tokens: int = 0


LlmDelta = TextDelta | ToolCallStarted | ToolCallDelta | LlmDone


CueKind = Literal["face", "gesture", "gaze", "head", "pause"]


@dataclass(frozen=True, slots=True)
class Cue:
    """A reply tag such as `[gesture:wave]`, taken out of the text.

    Attributes:
        kind: what it moves.
        value: the lexeme ("wave", "happy", "away") or, for a pause, seconds as a decimal string.
        word: index into the chunk's words of the word it stands before; `len(words)` = at the end.
    """

    kind: CueKind
    value: str
    word: int


@dataclass(frozen=True, slots=True)
class ChunkWord:
    """One display word (or inseparable group, such as a date) of a chunk.

    Attributes:
        start: first character in `SpeakableChunk.text`.
        end: one past its last character there.
        spoken_start: first character in `SpeakableChunk.spoken`.
        spoken_end: one past its last character there.
    """

    start: int
    end: int
    spoken_start: int
    spoken_end: int


@dataclass(frozen=True, slots=True)
class SpeakableChunk:
    """A stretch of reply for the synthesizer: a clause or a sentence.

    Attributes:
        index: 0, 1, 2 … within the reply.
        text: what captions and history show (no tags, no markup).
        spoken: what the synthesizer is given (numbers, dates, symbols as words).
        words: in order, covering every word of `text` and of `spoken`.
        cues: tags, in order.
        pause_s: silence to add after it, seconds (>= 0).
        is_sentence_end: whether the chunk ends a sentence (else it ends at a clause).
    """

    index: int
    text: str
    spoken: str
    words: tuple[ChunkWord, ...] = ()
    cues: tuple[Cue, ...] = ()
    pause_s: float = 0.0
    is_sentence_end: bool = True


@dataclass(frozen=True, slots=True)
class PhonemeSpan:
    """One phoneme symbol and the samples it covers.

    Attributes:
        symbol: as the voice's id map spells it (one NFD code point, or a diphthong key).
        start: first sample, on the axis of the plan that holds it (0 = start of the chunk).
        end: one past its last sample; spans of a plan are contiguous and sum to the audio.
        word: index of the chunk word it belongs to, -1 for pauses and sentence marks.
    """

    symbol: str
    start: int
    end: int
    word: int = -1


@dataclass(frozen=True, slots=True)
class WordSpan:
    """The samples in which a chunk word is spoken (axis: the chunk)."""

    word: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SpeechPlan:
    """What the synthesizer is about to say; precedes the chunk's audio.

    Attributes:
        sample_count: exact length of the chunk's audio in samples at the voice's rate.
        spans: phonemes; empty where a voice has no durations (`is_exact` is then False).
        words: one span per chunk word, in order, where known.
        is_exact: whether spans come from the voice's own durations (else they were fitted).
    """

    sample_count: int
    spans: tuple[PhonemeSpan, ...]
    words: tuple[WordSpan, ...]
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class SpeechPiece:
    """A piece of the chunk's audio.

    Attributes:
        start: sample index within the chunk.
        pcm: samples at the voice's rate.
    """

    start: int
    pcm: bytes


# ---------------------------------------------------------------------------------------------
# 2. What a session receives


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
    """

    reply_id: int
    played: int
    state: PlaybackState = "playing"


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
class TimedWord:
    """A caption word on the reply's sample clock.

    Attributes:
        text: as displayed.
        start: first reply sample.
        end: one past its last reply sample.
        char: index of its first character in the reply's whole text.
    """

    text: str
    start: int
    end: int
    char: int


@dataclass(frozen=True, slots=True)
class NowPlaying:
    """What the user's loudspeaker is believed to play.

    Attributes:
        reply_id: which reply.
        sample: reply sample that is heard now.
        is_paused: whether it stands still there.
    """

    reply_id: int
    sample: int
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Feeling:
    """How the avatar feels.

    Attributes:
        valence: -1 (unpleasant) .. 1 (pleasant).
        arousal: -1 (calm) .. 1 (excited).
        age_s: since when nothing moved it, seconds.
    """

    valence: float
    arousal: float
    age_s: float = 0.0


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


# ---------------------------------------------------------------------------------------------
# 3. What the session asks for


class TranscribePurpose(StrEnum):
    """Why a transcription is wanted; the pipeline drops stale partials, never the others.

    EARLY is asked for when the sound falls away, a window or two before the VAD is sure that it is
    a pause: it becomes the EAGER one then, and is withdrawn if the user goes on.
    """

    PARTIAL = "partial"
    EARLY = "early"
    EAGER = "eager"
    INTERRUPT = "interrupt"


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Decode microphone samples [start, end).

    Attributes:
        request_id: echoed in `Transcribed`.
        start: first microphone sample (pre-roll included).
        end: one past the last.
        purpose: see `TranscribePurpose`.
        language: locked language, or None to detect it.
    """

    request_id: int
    start: int
    end: int
    purpose: TranscribePurpose
    language: str | None = None


@dataclass(frozen=True, slots=True)
class CancelTranscribe:
    """The answer to a `Transcribe` is not wanted any more."""

    request_id: int


@dataclass(frozen=True, slots=True)
class ScoreTurn:
    """Ask the turn model about microphone samples [start, end) (it looks at the last 8 s)."""

    request_id: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class StartReply:
    """Generate and synthesise a reply, holding everything back until `OpenGate`.

    Attributes:
        reply_id: grows by one with each reply of the session; replies out of band are counted apart
            (`conversation.out_of_band`).
        messages: the prompt.
        language: language of the reply, ISO 639-1.
        text: when not None, say this instead of asking the LLM (greetings, apologies).
        speech_end_s: when the user stopped speaking, on the session's clock; None for no speech.
        transcript_s: when the transcript that is answered was ready, on the session's clock.
        meant: id of the object that the user looked at, "" = none: what points, points there.
        feeling: what the reply before left; None = none was heard.
        max_tokens: tokens generated at most.
        temperature: of generation; 0 = greedy.
        is_silent: whether it is text alone: no speech is made, and the text stays as it is written.
        tools: tools that may be called.
        tool_choice: see `LlmRequest`.
        is_out_of_band: whether it runs beside the conversation: its gate is open from the start,
            it goes out as it is made, and `AudioSent` comes once, when all of it has gone out.
    """

    reply_id: int
    messages: tuple[Message, ...]
    language: str
    text: str | None = None
    speech_end_s: float | None = None
    transcript_s: float | None = None
    meant: str = ""
    feeling: Feeling | None = None
    max_tokens: int = 160
    temperature: float = 0.0
    is_silent: bool = False
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    is_out_of_band: bool = False


@dataclass(frozen=True, slots=True)
class OpenGate:
    """The turn is committed: let the reply out."""

    reply_id: int


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Stop the reply's work: LLM request, synthesis, sending. Idempotent."""

    reply_id: int


@dataclass(frozen=True, slots=True)
class WarmPrefix:
    """Let the LLM read this prompt while the user still talks (its prefix is then cached)."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()


@dataclass(frozen=True, slots=True)
class EndSession:
    """Close the session.

    Attributes:
        reason: "idle" so far.
    """

    reason: str


# ---------------------------------------------------------------------------------------------
# 4. What a client is told


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
        is_failure: whether the recogniser failed.
    """

    turn_id: int
    is_failure: bool = False


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
class ReplySegment:
    """A chunk of the reply on its clock, sent before its audio."""

    reply_id: int
    index: int
    text: str
    start: int
    end: int
    words: tuple[TimedWord, ...]


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
class VisemePose:
    """Mouth pose at a sample.

    Between two poses every viseme's weight runs linearly; a viseme that a pose does not list has
    weight 0 there.

    Attributes:
        sample: reply sample index (or chunk index inside `visemes.py`).
        weights: (viseme 0..14, weight 0..1) pairs, at most 3, sum <= 1.
    """

    sample: int
    weights: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class VisemeTrack:
    """Mouth poses up to reply sample `until`, sent before that audio."""

    reply_id: int
    poses: tuple[VisemePose, ...]
    until: int


GestureKind = Literal["beat", "iconic", "deictic", "metaphoric", "emblem"]
GestureMode = Literal["left", "right", "both"]
CueSource = Literal["llm", "rule", "prosody", "state"]
Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class GestureCue:
    """A gesture with BML sync points on the reply's clock (samples, non-decreasing).

    Attributes:
        reply_id: which reply.
        id: unique within the session, e.g. "g3".
        lexeme: name of the movement, from the vocabulary in PROTOCOL.md.
        kind: McNeill's type, or emblem.
        mode: which hand.
        amplitude: 0..1.
        start, stroke_start, stroke, stroke_end, relax, end: sync points, samples.
        source: what asked for it.
        target: id of the object that it points at, "" = none.
    """

    reply_id: int
    id: str
    lexeme: str
    kind: GestureKind
    mode: GestureMode
    amplitude: float
    start: int
    stroke_start: int
    stroke: int
    stroke_end: int
    relax: int
    end: int
    source: CueSource
    target: str = ""


@dataclass(frozen=True, slots=True)
class HeadCue:
    """A head movement: lexeme nod | shake | tilt | toss | lower (samples on the reply's clock).

    `side` is where it goes first, as the avatar sees it; a nod has none.
    """

    reply_id: int
    lexeme: str
    amount: float
    repeats: int
    start: int
    stroke: int
    end: int
    source: CueSource
    side: Side = "right"


@dataclass(frozen=True, slots=True)
class GazeCue:
    """A gaze target: user | away_up | away_side | down | an object id (samples).

    `head` is how much of the turn the head takes over, 0 (eyes alone) .. 1.
    """

    reply_id: int
    target: str
    start: int
    end: int
    source: CueSource
    head: float = 0.0


@dataclass(frozen=True, slots=True)
class FaceCue:
    """A facial expression.

    Attributes:
        reply_id: which reply.
        sample: when it begins, reply samples.
        expression: name from the vocabulary (neutral happy sad angry surprised relaxed fearful
            disgusted, and brow_raise, brow_frown, smile).
        intensity: 0..1.
        valence: -1..1.
        arousal: -1..1.
        fade_ms: time to reach it, milliseconds.
        hold_ms: time to keep it before it decays to the baseline; 0 = until changed.
        source: what asked for it.
    """

    reply_id: int
    sample: int
    expression: str
    intensity: float
    valence: float
    arousal: float
    fade_ms: int
    hold_ms: int
    source: CueSource


@dataclass(frozen=True, slots=True)
class BodyCue:
    """A movement outside any reply's clock, to start on arrival (thinking pose, nod, gaze).

    Attributes:
        kind: "gesture", "head", "gaze", "face" or "posture".
        lexeme: name of the movement ("think", "nod", "away_up", "smile", "lean_back").
        amplitude: 0..1.
        duration_ms: how long; 0 = until the next state change.
        source: "state".
        repeats: how often a head movement goes there and back.
    """

    kind: Literal["gesture", "head", "gaze", "face", "posture"]
    lexeme: str
    amplitude: float
    duration_ms: int
    source: CueSource = "state"
    repeats: int = 1


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
    """

    code: str
    message: str


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

Command = (
    Transcribe
    | CancelTranscribe
    | ScoreTurn
    | StartReply
    | OpenGate
    | CancelReply
    | WarmPrefix
    | EndSession
)
