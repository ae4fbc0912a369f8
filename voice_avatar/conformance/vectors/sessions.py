"""Vectors of whole sessions: frames of a server, and what a client does with each. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from voice_avatar.client.rules.reactions import Action, Reactions
from voice_avatar.wire import (
    client_messages,
    cue_messages,
    server_messages,
    session_messages,
    turn_messages,
)
from voice_avatar.wire.fields import ServerMessage
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind, pack_audio
from voice_avatar.wire.negotiation import ServerOffer, negotiate
from voice_avatar.wire.text import encode_text

Case = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A message with a number that is not the next one."""

    seq: int
    message: ServerMessage


Frame = ServerMessage | Numbered | AudioFrame | str | bytes | int
"""A message, an audio frame, a text frame or a binary frame by hand, or a close code."""

_LOST: Final = 1006


def ready(token: str | None = None, session_id: str = "s1") -> session_messages.SessionReady:
    """A `session.ready` as a server answers to `session.hello` without wishes."""
    agreed = negotiate(client_messages.SessionHello(), ServerOffer())
    return session_messages.SessionReady(
        session_id=session_id,
        audio_in=agreed.audio_in,
        audio_out=agreed.audio_out,
        settings=agreed.settings,
        gestures=("beat_right",),
        expressions=("happy",),
        voices=("voice",),
        languages=("en",),
        limits=session_messages.Limits(
            text_bytes=262_144,
            binary_bytes=65_536,
            input_chars=8_192,
            hello_ms=10_000.0,
            mic_burst_ms=2_000.0,
            mic_realtime_factor=2.0,
            max_ahead_ms=2_000.0,
            idle_ms=0.0,
        ),
        server=session_messages.ServerInfo(version="1.0.0"),
        resume=None if token is None else offer(token),
    )


def offer(token: str) -> session_messages.ResumeOffer:
    """How to come back."""
    return session_messages.ResumeOffer(token=token, ttl_s=60.0)


def resumed(last_seq: int, replayed: int, token: str) -> Numbered:
    """The session goes on after `last_seq`."""
    message = session_messages.SessionResumed(replayed=replayed, lost=False, resume=offer(token))
    return Numbered(last_seq, message)


def started(reply_id: int) -> turn_messages.ReplyStarted:
    """A reply begins."""
    return turn_messages.ReplyStarted(
        reply_id=reply_id,
        stream=reply_id & 0xFFFF,
        turn_id=1,
        rate_hz=24_000,
        codec="pcm16",
    )


def mouth(reply_id: int, t_ms: float = 0.0) -> cue_messages.Visemes:
    """A mouth that opens and closes within 100 ms."""
    return cue_messages.Visemes(
        reply_id=reply_id,
        set="ovr15",
        keys=((t_ms, 0, 1.0), (t_ms + 50.0, 10, 1.0), (t_ms + 100.0, 0, 1.0)),
        until_ms=t_ms + 100.0,
    )


def audio(reply_id: int, seq: int, pts: int, samples: int = 4, flags: int = 0) -> AudioFrame:
    """A short frame of reply audio; the first of a reply has START."""
    mark = FrameFlag(flags) | (FrameFlag.START if seq == 0 else FrameFlag.NONE)
    pcm = b"".join((n + 1).to_bytes(2, "little") for n in range(samples))
    return AudioFrame(FrameKind.AUDIO_OUT, reply_id, seq, pts, pcm, mark)


def interrupted(reply_id: int) -> turn_messages.ReplyInterrupted:
    """A reply is cut."""
    return turn_messages.ReplyInterrupted(
        reply_id=reply_id, at_ms=0.2, reason="voice", spoken_text="Hi"
    )


def done(reply_id: int, status: str = "completed") -> turn_messages.ReplyDone:
    """A reply is over."""
    return msgspec.convert(
        {
            "type": "reply.done",
            "reply_id": reply_id,
            "status": status,
            "spoken_text": "Hi there!",
            "played_samples": 8,
        },
        turn_messages.ReplyDone,
    )


_SESSIONS: Final[dict[str, Sequence[Frame]]] = {
    "a reply": [
        ready(),
        session_messages.State(state="idle"),
        turn_messages.TurnEnded(turn_id=1, reason="text", silence_ms=0.0),
        session_messages.State(state="thinking"),
        started(1),
        mouth(1),
        audio(1, 0, 0),
        session_messages.State(state="speaking"),
        audio(1, 1, 4),
        audio(1, 2, 8, 2, 2),
        turn_messages.ReplyAudioDone(reply_id=1, sample_count=10),
        done(1),
        session_messages.State(state="listening"),
    ],
    "an interruption, and the next reply": [
        ready(),
        started(1),
        mouth(1),
        audio(1, 0, 0),
        interrupted(1),
        done(1, "interrupted"),
        session_messages.State(state="interrupted"),
        started(2),
        audio(2, 0, 0),
        done(2),
    ],
    "what is late of an interrupted reply is dropped": [
        ready(),
        started(1),
        audio(1, 0, 0),
        interrupted(1),
        audio(1, 1, 4),
        mouth(1, 100.0),
        done(1, "interrupted"),
        audio(1, 2, 8),
        started(2),
        mouth(1, 200.0),
        audio(1, 3, 12),
        started(1),
        audio(2, 0, 0),
        done(2),
    ],
    "a pause that ends": [
        ready(),
        started(1),
        audio(1, 0, 0),
        turn_messages.ReplyPaused(reply_id=1, at_ms=0.1),
        turn_messages.ReplyResumed(reply_id=1, from_ms=0.1),
        audio(1, 1, 4),
        done(1),
    ],
    "a pause that becomes an interruption": [
        ready(),
        started(1),
        audio(1, 0, 0),
        turn_messages.ReplyPaused(reply_id=1, at_ms=0.1),
        interrupted(1),
        done(1, "interrupted"),
    ],
    "lost, repeated and overlapping audio": [
        ready(),
        started(1),
        audio(1, 0, 0),
        audio(1, 2, 8),
        audio(1, 1, 4),
        audio(1, 2, 8),
        audio(1, 3, 10),
        audio(1, 4, 10),
        done(1),
    ],
    "reply 65536 + 1 has the stream of reply 1": [
        ready(),
        started(65_537),
        audio(65_537, 0, 0),
        audio(2, 0, 0),
        done(65_537),
    ],
    "what is not known or not readable": [
        ready(),
        '{"type":"avatar.dance","seq":1,"ts_ms":1.0}',
        '{"type":"state","seq":1,"ts_ms":2.0,"state":"dancing"}',
        '{"type":"state","seq":3',
        server_messages.WarningMessage(code="to_come", message="?"),
        server_messages.ErrorMessage(code="stt_failed", message="?"),
        bytes.fromhex("c8010000000000000000000000000000ffff"),
        b"\x02",
        b"",
        session_messages.State(state="idle"),
    ],
    "the server goes away, and comes back slowly": [
        ready(),
        session_messages.SessionGoaway(reconnect_in_ms=1500.0, reason="restart"),
        1012,
        _LOST,
        _LOST,
        1013,
        4503,
        _LOST,
        _LOST,
        _LOST,
        ready(),
        _LOST,
    ],
    "the connection is lost, and no session is kept": [
        ready(),
        started(1),
        audio(1, 0, 0),
        _LOST,
        ready(),
        started(1),
        audio(1, 0, 0),
    ],
    "resumed in a reply: what came already is dropped": [
        ready("A"),
        started(1),
        mouth(1),
        audio(1, 0, 0),
        audio(1, 1, 4),
        _LOST,
        resumed(2, 1, "B"),
        audio(1, 0, 0),
        audio(1, 1, 4),
        audio(1, 2, 8),
        Numbered(2, mouth(1)),
        Numbered(3, mouth(1, 100.0)),
        audio(1, 3, 12),
        Numbered(4, turn_messages.ReplyAudioDone(reply_id=1, sample_count=16)),
        _LOST,
        _LOST,
        _LOST,
        resumed(4, 0, "C"),
        Numbered(5, done(1)),
        _LOST,
    ],
    "resumed after a close for reading too slowly": [
        ready("A"),
        started(1),
        4408,
        resumed(1, 0, "B"),
        audio(1, 0, 0),
    ],
    "resumed after a ping without an answer": [
        ready("A"),
        started(1),
        audio(1, 0, 0),
        1011,
        resumed(1, 0, "B"),
        audio(1, 1, 4),
    ],
    "resumed after an interruption that was missed": [
        ready("A"),
        started(1),
        audio(1, 0, 0),
        _LOST,
        resumed(1, 3, "B"),
        Numbered(2, interrupted(1)),
        Numbered(3, done(1, "interrupted")),
        Numbered(4, started(2)),
        audio(2, 0, 0),
    ],
    "the session is gone: everything begins anew": [
        ready("A"),
        started(7),
        audio(7, 0, 0),
        _LOST,
        Numbered(0, ready("B", "s2")),
        Numbered(1, server_messages.WarningMessage(code="resume_failed", message="?")),
        Numbered(2, started(1)),
        audio(1, 0, 0),
        audio(7, 1, 4),
        _LOST,
    ],
    "another connection took the session over": [ready("A"), started(1), 4009],
    "the server stops: nothing to come back to": [
        ready("A"),
        session_messages.SessionGoaway(reconnect_in_ms=1000.0, reason="shutdown"),
        1001,
    ],
    "a fatal error": [
        ready(),
        server_messages.ErrorMessage(code="internal", message="?", fatal=True),
        1011,
    ],
    **{
        f"close {code}": [ready(), code]
        for code in (
            *(1000, 1001, 1003, 1007, 1008, 1009, 1011, 1012, 1013),
            *(4000, 4001, 4002, 4003, 4004, 4008, 4009, 4010, 4408, 4429, 4503),
        )
    },
}


def sessions() -> Case:
    """Returns the document of sessions."""
    return {
        "about": "Frames of a server in order (`text`, `hex` of a binary frame, or `close` with "
        "its code, 1006 for a connection that is lost) and what a client does with each; see "
        "README.md for the actions. Audio is PCM16; a client that finds samples missing or "
        "twice puts silence in or leaves them out.",
        "cases": [_session(name, frames) for name, frames in _SESSIONS.items()],
    }


def _session(name: str, given: Sequence[Frame]) -> Case:
    reactions, steps, seq = Reactions(), [], 0
    for frame in given:
        actions: Sequence[Action]
        match frame:
            case int():
                step: Case = {"close": frame}
                actions = [reactions.closed(frame)]
            case AudioFrame() | bytes():
                data = frame if isinstance(frame, bytes) else pack_audio(frame)
                step = {"hex": data.hex()}
                actions = reactions.binary(data)
            case _:
                text = frame if isinstance(frame, str) else ""
                if isinstance(frame, session_messages.SessionReady):
                    seq = 0
                if isinstance(frame, Numbered):
                    text = encode_text(frame.message, seq=frame.seq, ts_ms=100.0)
                elif isinstance(frame, ServerMessage):
                    text = encode_text(frame, seq=seq, ts_ms=100.0 + seq)
                    seq += 1
                step = {"text": text}
                actions = reactions.text(text)
        steps.append(step | {"actions": msgspec.to_builtins(actions)})
    return {"name": name, "steps": steps}
