"""The order of what a server sends, held against a session and over a resumed connection."""

from __future__ import annotations

import pytest

from voice_avatar.bench.callers.promises import Promises
from voice_avatar.wire import server_messages, session_messages, turn_messages
from voice_avatar.wire.fields import ServerMessage
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind, pack_audio
from voice_avatar.wire.text import encode_text

STARTED = turn_messages.ReplyStarted(
    seq=0, reply_id=1, stream=1, turn_id=0, rate_hz=16_000, codec="pcm16"
)
SEGMENT = turn_messages.ReplySegment(
    seq=1, reply_id=1, index=0, text="Hi.", start_ms=0.0, end_ms=40.0, words=()
)
AUDIO_DONE = turn_messages.ReplyAudioDone(seq=2, reply_id=1, sample_count=640)
DONE = turn_messages.ReplyDone(
    seq=3, reply_id=1, status="completed", spoken_text="Hi.", played_samples=640
)
CUT = turn_messages.ReplyInterrupted(seq=1, reply_id=1, at_ms=0.0, reason="message", spoken_text="")


def audio(seq: int, stream: int = 1, **rest: int) -> bytes:
    flags = FrameFlag.NONE if seq else FrameFlag.START
    pts = rest.get("pts", 320 * seq)
    return pack_audio(AudioFrame(FrameKind.AUDIO_OUT, stream, seq, pts, bytes(640), flags))


def broken(*sent: ServerMessage | bytes, promises: Promises | None = None) -> list[str]:
    promises = promises or Promises()
    for one in sent:
        if isinstance(one, bytes):
            promises.audio(one)
        else:
            promises.text(encode_text(one, seq=one.seq, ts_ms=0.0))  # type: ignore[arg-type]
    return promises.broken


def test_a_reply_as_it_should_be_breaks_nothing() -> None:
    assert broken(STARTED, SEGMENT, audio(0), audio(1), AUDIO_DONE, DONE) == []


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ((STARTED, AUDIO_DONE), "seq 2 after 0"),
        ((SEGMENT,), "reply.segment of a reply that is not live"),
        ((STARTED, audio(0), SEGMENT), "reply.segment after its audio"),
        ((STARTED, audio(1)), "frame 1 of audio instead of 0"),
        ((STARTED, audio(0), audio(1, pts=321)), "sample 321 instead of 320"),
        ((STARTED, CUT, audio(0)), "audio after reply.interrupted"),
        ((audio(0),), "audio of a reply that is not live"),
        ((STARTED, SEGMENT, audio(0), AUDIO_DONE), "tells 640 samples, 320 came"),
        ((b"\x02",), "unreadable frame"),
    ],
)
def test_a_broken_promise_is_told(sent: tuple[ServerMessage | bytes, ...], why: str) -> None:
    assert why in broken(*sent)[0]


def test_after_a_resume_what_comes_again_is_passed_over() -> None:
    promises = Promises()
    resumed = session_messages.SessionResumed(
        seq=1, replayed=1, lost=False, resume=session_messages.ResumeOffer(token="b", ttl_s=5.0)
    )
    assert broken(STARTED, SEGMENT, audio(0), promises=promises) == []
    sent = (resumed, SEGMENT, audio(0), audio(1), AUDIO_DONE, DONE)
    assert broken(*sent, promises=promises) == []
    assert promises.reply is not None
    assert promises.reply.is_over
    assert broken(
        server_messages.ClockPong(seq=5, t0_ms=0.0, t1_ms=0.0, t2_ms=0.0), promises=promises
    )
