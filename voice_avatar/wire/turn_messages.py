"""What a server sends of turns and replies: the user's words, and the avatar's. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from voice_avatar.events.notices import CancelReason, DropReason, EndReason, ReplyStatus
from voice_avatar.wire.fields import CallId, Codec, Integer, Millis, RateHz, ServerMessage, Unit


class InputSpeechStarted(ServerMessage, frozen=True, kw_only=True, tag="input.speech_started"):
    """The user began to speak.

    Attributes:
        t_ms: when, on the microphone clock.
        probability: of speech, 0..1.
    """

    t_ms: Millis
    probability: Unit


class InputSpeechStopped(ServerMessage, frozen=True, kw_only=True, tag="input.speech_stopped"):
    """The user stopped speaking, and may go on: `turn.ended` or `turn.dropped` decides.

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


class TurnDropped(ServerMessage, frozen=True, kw_only=True, tag="turn.dropped"):
    """The user's turn was none, and will not be answered: the end of each turn but `turn.ended`.

    Attributes:
        turn_id: which turn.
        reason: "wordless" (no words were found in it), "invented" (only words that recognisers
            write where nobody speaks, as credits of films), "echo" (the words that the avatar was
            saying), "aside" (only said while listening to the reply, as "mhm"), "cleared" (by
            `input.clear`, or a typed turn) or "failed" (it could not be recognised).
    """

    turn_id: Integer
    reason: DropReason


class ReplyStarted(ServerMessage, frozen=True, kw_only=True, tag="reply.started"):
    """A reply begins. Greater ids are newer.

    Attributes:
        reply_id: its id, >= 1.
        stream: `reply_id` mod 65536, as in the header of its audio.
        turn_id: the turn that it answers; 0 = none (a greeting, an apology).
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
        words: `[text, start_ms, end_ms, char]` each; `char` is the index of its first code point
            in the reply's whole text, as in `reply.text`.
    """

    reply_id: Integer
    index: Integer
    text: str
    start_ms: Millis
    end_ms: Millis
    words: tuple[tuple[str, Millis, Millis, Integer], ...]


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
