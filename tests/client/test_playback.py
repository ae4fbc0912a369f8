"""What of a reply is played, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from voice_avatar.client.audio import SimulatedPlayer
from voice_avatar.client.playback import AudioReceived, Playback
from voice_avatar.errors import AudioInvalid
from voice_avatar.wire import turn_messages
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind

pytestmark = pytest.mark.virtual_time

RATE_HZ = 24_000


def pcm_of(samples: int) -> bytes:
    return np.arange(1, samples + 1).astype("<i2").tobytes()


async def test_missing_audio_is_silence_and_repeated_audio_is_dropped() -> None:
    playback = Playback(SimulatedPlayer())
    playback.begin(
        turn_messages.ReplyStarted(reply_id=1, stream=1, turn_id=0, rate_hz=RATE_HZ, codec="pcm16"),
        "",
        None,
    )

    def frame(seq: int, pts: int, payload: bytes) -> AudioFrame:
        return AudioFrame(FrameKind.AUDIO_OUT, 1, seq, pts, payload)

    assert playback.audio(frame(0, 0, pcm_of(4))) == AudioReceived(1, 0, pcm_of(4))
    assert playback.audio(frame(0, 0, pcm_of(4))) is None  # stale
    assert playback.audio(frame(1, 2, pcm_of(4))) == AudioReceived(1, 4, pcm_of(4)[4:])
    assert playback.audio(frame(2, 0, pcm_of(4))) is None  # nothing new in it
    assert playback.audio(frame(4, 8, pcm_of(2))) == AudioReceived(1, 6, bytes(4) + pcm_of(2))
    with pytest.raises(AudioInvalid):
        playback.audio(AudioFrame(FrameKind.AUDIO_OUT, 1, 5, 10, b"opus?", FrameFlag.CODEC))
    other = turn_messages.ReplyAudioDone(reply_id=9, sample_count=5)
    assert playback.audio_done(other) is None


@dataclass
class Scene:
    """A reply of one second, of which a quarter was played."""

    now_s: float = 10.0

    def __post_init__(self) -> None:
        self.player = SimulatedPlayer(lambda: self.now_s)
        self.playback = Playback(self.player, lambda: self.now_s)
        started = turn_messages.ReplyStarted(
            reply_id=1, stream=1, turn_id=1, rate_hz=RATE_HZ, codec="pcm16"
        )
        self.reply = self.playback.begin(started, "", 9.5)
        frame = AudioFrame(FrameKind.AUDIO_OUT, 1, 0, 0, pcm_of(RATE_HZ))
        self.playback.audio(frame)
        self.report()
        self.now_s += 0.25

    def report(self) -> tuple[str, int] | None:
        report = self.playback.due_report()
        return None if report is None else (report.state, report.played_samples)


def test_a_paused_reply_stands_still_says_so_and_goes_on_where_it_stood() -> None:
    scene = Scene()
    scene.playback.receive(turn_messages.ReplyPaused(reply_id=1, at_ms=0.0))
    assert scene.report() == ("paused", RATE_HZ // 4)
    assert scene.playback.report_in_s() is None
    scene.now_s += 5.0
    scene.playback.receive(turn_messages.ReplyPaused(reply_id=1, at_ms=0.0))
    scene.playback.receive(turn_messages.ReplyResumed(reply_id=1, from_ms=0.0))
    assert scene.report() == ("playing", RATE_HZ // 4)
    scene.now_s += 0.25
    assert scene.report() == ("playing", RATE_HZ // 2)


def test_audio_that_comes_while_a_reply_is_paused_is_kept() -> None:
    scene = Scene()
    scene.playback.receive(turn_messages.ReplyPaused(reply_id=1, at_ms=0.0))
    more = AudioFrame(FrameKind.AUDIO_OUT, 1, 1, RATE_HZ, pcm_of(RATE_HZ))
    assert scene.playback.audio(more) == AudioReceived(1, RATE_HZ, pcm_of(RATE_HZ))
    scene.now_s += 5.0
    assert scene.report() == ("paused", RATE_HZ // 4)
    scene.playback.receive(turn_messages.ReplyResumed(reply_id=1, from_ms=0.0))
    scene.now_s += 1.75
    assert scene.report() == ("stalled", 2 * RATE_HZ)


def test_a_paused_reply_that_is_interrupted_was_heard_up_to_the_pause() -> None:
    scene = Scene()
    scene.playback.receive(turn_messages.ReplyPaused(reply_id=1, at_ms=0.0))
    scene.now_s += 1.0
    cut = turn_messages.ReplyInterrupted(reply_id=1, at_ms=0.0, reason="voice", spoken_text="")
    scene.playback.receive(cut)
    assert scene.report() == ("stopped", RATE_HZ // 4)


def test_a_reply_that_was_all_played_when_the_pause_came_is_finished() -> None:
    scene = Scene()
    scene.playback.audio_done(turn_messages.ReplyAudioDone(reply_id=1, sample_count=RATE_HZ))
    scene.now_s += 1.0
    scene.playback.receive(turn_messages.ReplyPaused(reply_id=1, at_ms=0.0))
    assert scene.report() == ("finished", RATE_HZ)


def test_a_reply_that_is_told_to_go_on_without_a_pause_goes_on() -> None:
    scene = Scene()
    scene.playback.receive(turn_messages.ReplyResumed(reply_id=1, from_ms=0.0))
    assert scene.report() == ("playing", RATE_HZ // 4)


def test_a_pause_before_anything_is_audible_lengthens_the_wait_for_it() -> None:
    scene = Scene()
    quiet, loud = np.zeros(RATE_HZ, "<i2"), np.full(480, 9000, "<i2")
    scene.reply.first_audible_s = scene.reply.v2v_ms = None
    frame = AudioFrame(FrameKind.AUDIO_OUT, 1, 1, RATE_HZ, np.append(quiet, loud).tobytes())
    scene.playback.audio(frame)
    audible_s, v2v_ms = scene.reply.first_audible_s, scene.reply.v2v_ms
    assert audible_s == pytest.approx(12.0)
    scene.playback.receive(turn_messages.ReplyPaused(reply_id=1, at_ms=0.0))
    scene.now_s += 0.5
    scene.playback.receive(turn_messages.ReplyResumed(reply_id=1, from_ms=0.0))
    assert scene.reply.first_audible_s == pytest.approx(12.5)
    assert scene.reply.v2v_ms == pytest.approx((v2v_ms or 0) + 500)
