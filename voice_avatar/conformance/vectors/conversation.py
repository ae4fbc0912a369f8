"""A whole conversation as it stands on the wire, for PROTOCOL.md: scripted, so always the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import structs

from voice_avatar.conformance import scenarios
from voice_avatar.conformance.vectors.sessions import ready
from voice_avatar.events.inputs import PlaybackState
from voice_avatar.wire import client_messages, session_messages, turn_messages
from voice_avatar.wire.fields import ClientMessage, ServerMessage
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind, pack_audio
from voice_avatar.wire.text import encode_text

SHOWN_BYTES: Final = 24
"""Bytes of a binary frame that are written out: the header and four samples."""

_FRAMES: Final = 3
"""Frames of the reply, 20 ms each: long enough to show every kind of frame."""


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A frame of the conversation.

    Attributes:
        is_client: who sends it.
        data: the frame.
    """

    is_client: bool
    data: str | bytes


def conversation() -> Iterator[PrintedLine]:
    """Yields the frames: a hello, a spoken turn, its reply, an interruption, the end."""
    seq = 0
    for item in _script():
        match item:
            case ServerMessage():
                yield PrintedLine(False, encode_text(item, seq=seq, ts_ms=1000.0 + 20 * seq))
                seq += 1
            case ClientMessage():
                yield PrintedLine(True, _short(item))
            case AudioFrame(kind=kind):
                yield PrintedLine(kind is FrameKind.AUDIO_IN, pack_audio(item))


def written() -> str:
    """Returns the conversation as text, one frame a line."""
    return "\n".join(_written(line) for line in conversation())


def _written(line: PrintedLine) -> str:
    arrow = ">" if line.is_client else "<"
    if isinstance(line.data, str):
        return f"{arrow} {line.data}"
    rest = len(line.data) - SHOWN_BYTES
    return f"{arrow} {line.data[:SHOWN_BYTES].hex(' ')} … {rest} bytes more"


def _short(message: ClientMessage) -> str:
    """A client's message without the fields that are as by default, but for its type."""
    fields = structs.asdict(message)
    defaults = {f.name: f.default for f in structs.fields(message)}
    kept = {name: value for name, value in fields.items() if value != defaults[name]}
    told = {"type": message.__struct_config__.tag} | kept
    return msgspec.json.encode(told).decode()


def _microphone(seq: int) -> AudioFrame:
    flags = FrameFlag.START if seq == 0 else FrameFlag.NONE
    return AudioFrame(FrameKind.AUDIO_IN, 0, seq, seq * 320, bytes(640), flags)


def _report(reply_id: int, state: PlaybackState, played: int) -> client_messages.PlaybackReport:
    return client_messages.PlaybackReport(reply_id=reply_id, state=state, played_samples=played)


def _reply(reply_id: int, turn_id: int) -> list[ServerMessage | AudioFrame]:
    begun = turn_messages.ReplyStarted(
        reply_id=reply_id,
        stream=reply_id,
        turn_id=turn_id,
        rate_hz=scenarios.RATE_HZ,
        codec="pcm16",
    )
    return [begun, *_sent(scenarios.cues(reply_id, _FRAMES * 0.02))]


def _sent(steps: Sequence[scenarios.Step]) -> list[ServerMessage | AudioFrame]:
    sent = [step.frame for step in steps if isinstance(step, scenarios.Send)]
    return [one for one in sent if isinstance(one, ServerMessage | AudioFrame)]


def _audio(reply_id: int, n: int, flags: int = 0) -> AudioFrame:
    (frame,) = _sent([scenarios.audio(reply_id, n, n * scenarios.FRAME, flags=flags)])
    assert isinstance(frame, AudioFrame)
    return frame


def _script() -> list[ServerMessage | ClientMessage | AudioFrame]:
    samples = _FRAMES * scenarios.FRAME
    return [
        client_messages.SessionHello(client=client_messages.ClientInfo(name="demo")),
        ready("4fd1", "5f0c"),
        session_messages.State(state="idle"),
        _microphone(0),
        _microphone(1),
        turn_messages.InputSpeechStarted(t_ms=512.0, probability=0.93),
        session_messages.State(state="listening"),
        turn_messages.TranscriptInterim(turn_id=1, text="Hello", stable_chars=0, language="en"),
        turn_messages.InputSpeechStopped(t_ms=1056.0),
        turn_messages.TranscriptFinal(turn_id=1, text="Hello.", language="en"),
        turn_messages.TurnEnded(turn_id=1, reason="semantic", silence_ms=224.0),
        session_messages.State(state="thinking"),
        *_reply(1, 1),
        _audio(1, 0),
        session_messages.State(state="speaking"),
        _report(1, "started", 0),
        _audio(1, 1),
        _audio(1, 2, FrameFlag.END),
        turn_messages.ReplyAudioDone(reply_id=1, sample_count=samples),
        _report(1, "finished", samples),
        turn_messages.ReplyDone(
            reply_id=1, status="completed", spoken_text=scenarios.TEXT, played_samples=samples
        ),
        session_messages.State(state="listening"),
        client_messages.InputText(text="And now?"),
        turn_messages.TurnEnded(turn_id=2, reason="text", silence_ms=0.0),
        session_messages.State(state="thinking"),
        *_reply(2, 2),
        _audio(2, 0),
        session_messages.State(state="speaking"),
        _report(2, "started", 0),
        client_messages.Interrupt(reply_id=2),
        turn_messages.ReplyInterrupted(
            reply_id=2, at_ms=18.4, reason="message", spoken_text="Hi there,"
        ),
        turn_messages.ReplyDone(
            reply_id=2, status="interrupted", spoken_text="Hi there,", played_samples=442
        ),
        session_messages.State(state="interrupted"),
        _report(2, "stopped", 442),
        client_messages.SessionClose(),
    ]
