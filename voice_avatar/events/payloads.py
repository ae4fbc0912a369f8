"""What passes between the engines and the pipeline: audio, words, speech plans. Pure.

The first of five families, in the order in which an utterance meets them:

1. what engines exchange with the pipeline (here: windows, transcripts, deltas, spans, pieces);
2. `inputs.SessionInput`: what may be given to `conversation.session.Session.receive`;
3. `commands.Command`: what the session asks the pipeline to do;
4. `notices.Notice`: what a client is told; a wire dialect (`wire/telling.py`) encodes them;
5. `cues`: of these, what mouth, face and body do, on the reply's clock.

All are frozen, slotted, without behaviour. Units are in the names: `_s` seconds, `_ms`
milliseconds, `_hz` hertz; a bare `start`, `end`, `sample` or `until` is an integer sample index of
the stream that the docstring names. There are two kinds of stream: the *microphone* stream (16 kHz,
one per session, index 0 = first sample received) and one *reply* stream per reply (the session's
output rate, index 0 = first sample of that reply). PCM is `bytes`: signed 16-bit little-endian
mono.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

IS_SPEECH: Final = 0.5
"""Probability of speech from which on a window counts as speech to a listener."""


MIC_HZ = 16_000
"""Rate of the microphone stream inside the server (what whisper, Silero and Smart Turn take)."""

WINDOW_SAMPLES = 512
"""Samples of one VAD window: 32 ms at 16 kHz (fixed by Silero VAD)."""

TAIL_SAMPLES = 256
"""The last part of a window by which a sound is seen to fall away: 16 ms, a few periods of a voice
(against 10 and 24 ms: `bench endpoint`, docs/decisions.md)."""


@dataclass(frozen=True, slots=True)
class AudioWindow:
    """One VAD window of the microphone stream, made by `hearing/capture.py`.

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
        is_echo: whether the words were the avatar's own, and are left out of `text`.
        is_invented: whether there were words, but not of anybody: the recogniser's own.
    """

    text: str
    language: str = "en"
    avg_logprob: float = 0.0
    audio_s: float = 0.0
    is_echo: bool = False
    is_invented: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that the client can do and the language model may ask for.

    Attributes:
        name: what the model calls it (`tools/offers.py` says which names may be).
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
        flaw: why it cannot be made, for the model to read; "" = it can.
    """

    call_id: str
    name: str
    arguments: str
    flaw: str = ""


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


@dataclass(frozen=True, slots=True)
class LlmThinking:
    """The model writes what nobody is to hear: a sign of life, and nothing else."""


LlmDelta = TextDelta | ToolCallStarted | ToolCallDelta | LlmThinking | LlmDone

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
