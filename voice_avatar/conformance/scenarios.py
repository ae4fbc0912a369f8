"""What the scripted server does with a client: a scenario for each thing that can happen. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from voice_avatar.events.notices import ReplyStatus
from voice_avatar.wire import cue_messages, server_messages, session_messages, turn_messages
from voice_avatar.wire.codes import CLOSE_CODES, CloseCode
from voice_avatar.wire.fields import ServerMessage
from voice_avatar.wire.frame_codec import FRAME_S, AudioFrame, FrameFlag, FrameKind

RATE_HZ: Final = 24_000
FRAME: Final = int(RATE_HZ * FRAME_S)
AHEAD_FRAMES: Final = 10
"""Frames that are sent at once before the rest goes out in real time: 200 ms."""

TEXT: Final = "Hi there, this is a scripted reply."


@dataclass(frozen=True, slots=True)
class Send:
    """Sends a message, which is numbered, or a frame as it is; SEQ in a text is its number."""

    frame: ServerMessage | AudioFrame | str | bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Lets time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Expect:
    """Waits for a message of the client, or the scenario fails.

    Attributes:
        type: of the message.
        state: of a `playback.report`, "" for any.
        reply_id: of a `playback.report`, 0 for any.
        within_s: how long, seconds.
    """

    type: str
    state: str = ""
    reply_id: int = 0
    within_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Forbid:
    """Fails the scenario if the client has played more of a reply than so many samples."""

    reply_id: int
    samples: int


@dataclass(frozen=True, slots=True)
class Close:
    """Closes the connection; the scenario is passed if all before was."""

    code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """Cuts the connection without a close frame; the session is kept."""


Step = Send | Wait | Expect | Forbid | Close | Cut


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario.

    Attributes:
        text: what happens.
        steps: after `session.ready`.
        resumed: after the client came back, and what it missed was sent again.
        is_kept: whether a session that is resumed is still there.
        answers: whether the hello is answered by `session.ready`; if not, `steps` come at once.
    """

    text: str
    steps: Sequence[Step]
    resumed: Sequence[Step] = ()
    is_kept: bool = True
    answers: bool = True


def started(reply_id: int) -> Send:
    """A reply begins."""
    return Send(
        turn_messages.ReplyStarted(
            reply_id=reply_id, stream=reply_id, turn_id=0, rate_hz=RATE_HZ, codec="pcm16"
        )
    )


def cues(reply_id: int, seconds: float) -> list[Step]:
    """Caption, mouth and one gesture for a reply of so many seconds."""
    end_ms = seconds * 1000
    words, at, char = TEXT.split(" "), 0.0, 0
    timed = []
    for word in words:
        timed.append((word, at, at + end_ms / len(words), char))
        at += end_ms / len(words)
        char += len(word) + 1
    keys = [(n * 100.0, 0 if n % 2 == 0 else 10, 1.0) for n in range(int(end_ms / 100) + 1)]
    return [
        Send(turn_messages.ReplyText(reply_id=reply_id, text=TEXT, char=0)),
        Send(
            turn_messages.ReplySegment(
                reply_id=reply_id,
                index=0,
                text=TEXT,
                start_ms=0.0,
                end_ms=end_ms,
                words=tuple((w, round(a, 1), round(b, 1), c) for w, a, b, c in timed),
            )
        ),
        Send(
            cue_messages.Visemes(reply_id=reply_id, set="ovr15", keys=tuple(keys), until_ms=end_ms)
        ),
        Send(
            cue_messages.Gesture(
                reply_id=reply_id,
                id=f"g{reply_id}",
                lexeme="beat_right",
                kind="beat",
                mode="right",
                amplitude=0.6,
                start_ms=0.0,
                stroke_start_ms=200.0,
                stroke_ms=260.0,
                stroke_end_ms=340.0,
                relax_ms=400.0,
                end_ms=700.0,
                source="prosody",
            )
        ),
    ]


def audio(reply_id: int, seq: int, pts: int, samples: int = FRAME, flags: int = 0) -> Send:
    """A frame of a quiet tone."""
    pcm = b"".join(
        int(4000 * math.sin(2 * math.pi * 200 * (pts + n) / RATE_HZ)).to_bytes(
            2, "little", signed=True
        )
        for n in range(samples)
    )
    mark = FrameFlag(flags) | (FrameFlag.START if seq == 0 else FrameFlag.NONE)
    return Send(AudioFrame(FrameKind.AUDIO_OUT, reply_id, seq, pts, pcm, mark))


def speech(reply_id: int, first: int, count: int, *, pace_s: float = FRAME_S) -> list[Step]:
    """Frames of a reply, the first few at once and the others paced."""
    steps: list[Step] = []
    for n in range(first, first + count):
        if n >= AHEAD_FRAMES:
            steps.append(Wait(pace_s))
        steps.append(audio(reply_id, n, n * FRAME))
    return steps


def done(reply_id: int, status: ReplyStatus, samples: int) -> Send:
    """A reply is over."""
    return Send(
        turn_messages.ReplyDone(
            reply_id=reply_id, status=status, spoken_text=TEXT, played_samples=samples
        )
    )


def state(name: str) -> Send:
    """The avatar's state changes."""
    states: dict[str, Callable[[], session_messages.State]] = {
        "idle": partial(session_messages.State, state="idle"),
        "thinking": partial(session_messages.State, state="thinking"),
        "speaking": partial(session_messages.State, state="speaking"),
        "listening": partial(session_messages.State, state="listening"),
        "interrupted": partial(session_messages.State, state="interrupted"),
    }
    return Send(states[name]())


def whole_reply(reply_id: int, frames: int = 50) -> list[Step]:
    """A reply that the client plays to its end."""
    samples = frames * FRAME
    return [
        state("thinking"),
        started(reply_id),
        *cues(reply_id, frames * FRAME_S),
        state("speaking"),
        *speech(reply_id, 0, frames),
        Send(turn_messages.ReplyAudioDone(reply_id=reply_id, sample_count=samples)),
        Expect("playback.report", "finished", reply_id),
        done(reply_id, "completed", samples),
        state("listening"),
    ]


def _begun(reply_id: int, frames: int = 30) -> list[Step]:
    """A reply that is not over."""
    return [
        started(reply_id),
        *cues(reply_id, 4.0),
        state("speaking"),
        *speech(reply_id, 0, frames),
        Expect("playback.report", "", reply_id),
    ]


def _interrupted(reply_id: int) -> list[Step]:
    return [
        Send(
            turn_messages.ReplyInterrupted(
                reply_id=reply_id, at_ms=400.0, reason="voice", spoken_text="Hi there,"
            )
        )
    ]


_PASSED: Final = Close(CloseCode.NORMAL, "passed")
_PAUSED: Final = Send(turn_messages.ReplyPaused(reply_id=1, at_ms=400.0))

SCENARIOS: Final[dict[str, Scenario]] = {
    "reply": Scenario(
        "a greeting and a second reply, each played to its end",
        [state("idle"), *whole_reply(1), *whole_reply(2), _PASSED],
    ),
    "interruption": Scenario(
        "a reply is cut, and another one follows",
        [
            *_begun(1),
            *_interrupted(1),
            Expect("playback.report", "stopped", 1),
            done(1, "interrupted", 9600),
            state("interrupted"),
            *whole_reply(2),
            _PASSED,
        ],
    ),
    "late_frames": Scenario(
        "audio and cues of a reply come after it was cut: they are dropped",
        [
            *_begun(1),
            *_interrupted(1),
            Expect("playback.report", "stopped", 1),
            audio(1, 30, 30 * FRAME),
            *cues(1, 4.0)[2:],
            done(1, "interrupted", 9600),
            started(2),
            audio(1, 31, 31 * FRAME),
            *cues(2, 1.0),
            *speech(2, 0, 50),
            Send(turn_messages.ReplyAudioDone(reply_id=2, sample_count=50 * FRAME)),
            Expect("playback.report", "finished", 2),
            Forbid(1, 30 * FRAME),
            done(2, "completed", 50 * FRAME),
            _PASSED,
        ],
    ),
    "pause_resume": Scenario(
        "a reply stands still for half a second and goes on",
        [
            *_begun(1),
            _PAUSED,
            Expect("playback.report", "paused", 1),
            Wait(0.5),
            Send(turn_messages.ReplyResumed(reply_id=1, from_ms=400.0)),
            *speech(1, 30, 20),
            Send(turn_messages.ReplyAudioDone(reply_id=1, sample_count=50 * FRAME)),
            Expect("playback.report", "finished", 1),
            done(1, "completed", 50 * FRAME),
            _PASSED,
        ],
    ),
    "pause_interruption": Scenario(
        "a reply stands still and is then cut",
        [
            *_begun(1),
            _PAUSED,
            Expect("playback.report", "paused", 1),
            *_interrupted(1),
            Expect("playback.report", "stopped", 1),
            done(1, "interrupted", 9600),
            _PASSED,
        ],
    ),
    "slow": Scenario(
        "audio comes at half its speed: the client runs empty and goes on",
        [
            started(1),
            *cues(1, 1.0),
            *speech(1, 0, 50, pace_s=2 * FRAME_S),
            Send(turn_messages.ReplyAudioDone(reply_id=1, sample_count=50 * FRAME)),
            Expect("playback.report", "finished", 1),
            done(1, "completed", 50 * FRAME),
            _PASSED,
        ],
    ),
    "gap_and_repeat": Scenario(
        "a frame is missing, one comes twice, one overlaps",
        [
            started(1),
            *cues(1, 1.0),
            *speech(1, 0, 5),
            audio(1, 6, 6 * FRAME),
            audio(1, 6, 6 * FRAME),
            audio(1, 5, 5 * FRAME),
            audio(1, 7, 6 * FRAME + 100),
            *[audio(1, n, n * FRAME) for n in range(8, 25)],
            Send(turn_messages.ReplyAudioDone(reply_id=1, sample_count=25 * FRAME)),
            Expect("playback.report", "finished", 1),
            Forbid(1, 25 * FRAME),
            done(1, "completed", 25 * FRAME),
            _PASSED,
        ],
    ),
    "bad_frames": Scenario(
        "types, kinds, values and bytes that the client does not know or cannot read",
        [
            Send('{"type":"avatar.dance","seq":SEQ,"ts_ms":1.0,"speed":3}'),
            Send('{"type":"state","seq":SEQ,"ts_ms":2.0,"state":"dancing"}'),
            Send('{"type":"state"'),
            Send("[]"),
            Send(b"\xc8" + bytes(19)),
            Send(b"\x02"),
            Send(b""),
            Send(
                server_messages.WarningMessage(code="to_come", message="A code that nobody knows.")
            ),
            Send(server_messages.ErrorMessage(code="to_come", message="Not fatal.")),
            Send(server_messages.ErrorMessage(code="stt_failed", message="Not fatal.")),
            *whole_reply(1),
            _PASSED,
        ],
    ),
    "goaway": Scenario(
        "the server says goodbye, lets the reply finish, and closes with 1001",
        [
            started(1),
            *cues(1, 1.0),
            Send(session_messages.SessionGoaway(reconnect_in_ms=500.0, reason="shutdown")),
            *speech(1, 0, 50),
            Send(turn_messages.ReplyAudioDone(reply_id=1, sample_count=50 * FRAME)),
            Expect("playback.report", "finished", 1),
            done(1, "completed", 50 * FRAME),
            Close(CloseCode.GOING_AWAY, "passed"),
        ],
    ),
    "cut_resume": Scenario(
        "the connection is cut within a reply; the client comes back and misses nothing",
        [*_begun(1), Cut()],
        resumed=[
            Expect("playback.report", "", 1),
            *speech(1, 30, 20),
            Send(turn_messages.ReplyAudioDone(reply_id=1, sample_count=50 * FRAME)),
            Expect("playback.report", "finished", 1),
            Forbid(1, 50 * FRAME),
            done(1, "completed", 50 * FRAME),
            _PASSED,
        ],
    ),
    "cut_gone": Scenario(
        "the connection is cut, and the session is gone when the client comes back",
        [*_begun(1), Cut()],
        resumed=[*whole_reply(1), _PASSED],
        is_kept=False,
    ),
    "no_answer": Scenario("the hello is never answered", [Wait(3600.0)], answers=False),
    "unauthorized": Scenario(
        "the hello is refused",
        [
            Send(server_messages.ErrorMessage(code="unauthorized", message="No.", fatal=True)),
            Close(CloseCode.UNAUTHORIZED, "unauthorized"),
        ],
        answers=False,
    ),
    **{
        f"close_{code.value}": Scenario(
            f"a close with {code.value}: {text}", [Wait(0.2), Close(code.value, code.name.lower())]
        )
        for code, text in CLOSE_CODES.items()
    },
}
"""Name -> scenario."""
