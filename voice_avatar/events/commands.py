"""What a session has done for it: commands to the pipeline. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voice_avatar.events.cues import Feeling
from voice_avatar.events.payloads import Message, Tool


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
