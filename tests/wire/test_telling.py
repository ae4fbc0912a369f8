"""How notices are told."""

from __future__ import annotations

import msgspec
import pytest
from kit.notice_frames import audio_frame, encode_notice

from voice_avatar.acting.mouth.viseme_sets import VISEME_SETS
from voice_avatar.events import cues, notices
from voice_avatar.wire import cue_messages, server_messages, session_messages, turn_messages
from voice_avatar.wire.fields import ServerMessage
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind, unpack_audio
from voice_avatar.wire.telling import Preferences, to_message
from voice_avatar.wire.text import decode_server_text

RATE_HZ = 24_000
DIALECT = Preferences(RATE_HZ)
TRACK = cues.VisemeTrack(
    1,
    (
        cues.VisemePose(0, ((0, 1.0),)),
        cues.VisemePose(481, ((1, 0.12345), (10, 0.5))),
        cues.VisemePose(960, ()),
    ),
    1200,
)


TOLD: list[tuple[notices.Notice, ServerMessage]] = [
    (notices.StateChanged(notices.State.THINKING), session_messages.State(state="thinking")),
    (
        notices.UserSpeechStarted(8000, 0.98765),
        turn_messages.InputSpeechStarted(t_ms=500, probability=0.988),
    ),
    (notices.UserSpeechStopped(16_001), turn_messages.InputSpeechStopped(t_ms=1000.1)),
    (
        notices.TranscriptInterim(2, "Hel", 1, "en"),
        turn_messages.TranscriptInterim(turn_id=2, text="Hel", stable_chars=1, language="en"),
    ),
    (
        notices.TranscriptFinal(2, "Hello.", "en"),
        turn_messages.TranscriptFinal(turn_id=2, text="Hello.", language="en"),
    ),
    (
        notices.TurnEnded(2, "vad", 0.32),
        turn_messages.TurnEnded(turn_id=2, reason="vad", silence_ms=320),
    ),
    (
        notices.TurnForgotten(3, "echo"),
        turn_messages.TurnDropped(turn_id=3, reason="echo"),
    ),
    (
        notices.ReplyStarted(70_000, 2, RATE_HZ),
        turn_messages.ReplyStarted(
            reply_id=70_000, stream=4464, turn_id=2, rate_hz=RATE_HZ, codec="pcm16"
        ),
    ),
    (notices.ReplyText(1, "Hi", 4), turn_messages.ReplyText(reply_id=1, text="Hi", char=4)),
    (
        cues.ReplySegment(1, 0, "Hi", 0, 2400, (cues.TimedWord("Hi", 240, 1200, 0),)),
        turn_messages.ReplySegment(
            reply_id=1, index=0, text="Hi", start_ms=0, end_ms=100, words=(("Hi", 10, 50, 0),)
        ),
    ),
    (
        TRACK,
        cue_messages.Visemes(
            reply_id=1,
            set="ovr15",
            keys=((0, 0, 1), (20, 1, 0.123), (20, 10, 0.5), (40, 0, 0)),
            until_ms=50,
        ),
    ),
    (
        cues.GestureCue(1, "g1", "wave", "emblem", "both", 0.7, 0, 24, 48, 72, 96, 120, "llm"),
        cue_messages.Gesture(
            reply_id=1,
            id="g1",
            lexeme="wave",
            kind="emblem",
            mode="both",
            amplitude=0.7,
            start_ms=0,
            stroke_start_ms=1,
            stroke_ms=2,
            stroke_end_ms=3,
            relax_ms=4,
            end_ms=5,
            source="llm",
        ),
    ),
    (
        cues.HeadCue(1, "nod", 0.5, 2, 24, 48, 72, "rule"),
        cue_messages.Head(
            reply_id=1,
            lexeme="nod",
            amount=0.5,
            repeats=2,
            start_ms=1,
            stroke_ms=2,
            end_ms=3,
            source="rule",
        ),
    ),
    (
        cues.GazeCue(1, "user", 24, 48, "state"),
        cue_messages.Gaze(reply_id=1, target="user", start_ms=1, end_ms=2, source="state"),
    ),
    (
        cues.FaceCue(1, 24, "happy", 0.8, 0.7, -0.2, 250, 0, "llm"),
        cue_messages.Face(
            reply_id=1,
            t_ms=1,
            expression="happy",
            intensity=0.8,
            valence=0.7,
            arousal=-0.2,
            fade_ms=250,
            hold_ms=0,
            source="llm",
        ),
    ),
    (
        cues.BodyCue("gesture", "think", 0.5, 0),
        cue_messages.Body(
            kind="gesture", lexeme="think", amplitude=0.5, duration_ms=0, source="state"
        ),
    ),
    (notices.ReplyAudioDone(1, 2400), turn_messages.ReplyAudioDone(reply_id=1, sample_count=2400)),
    (notices.ReplyPaused(1, 1200), turn_messages.ReplyPaused(reply_id=1, at_ms=50)),
    (notices.ReplyResumed(1, 1224), turn_messages.ReplyResumed(reply_id=1, from_ms=51)),
    (
        notices.ReplyInterrupted(1, 1200, "ptt", "Hi"),
        turn_messages.ReplyInterrupted(reply_id=1, at_ms=50, reason="ptt", spoken_text="Hi"),
    ),
    (
        notices.ReplyDone(1, "failed", "", 12),
        turn_messages.ReplyDone(reply_id=1, status="failed", spoken_text="", played_samples=12),
    ),
    (
        notices.ToolCalled(1, "call_1_0", "look", "{}"),
        turn_messages.ToolCall(reply_id=1, call_id="call_1_0", name="look", arguments="{}"),
    ),
    (
        notices.ToolCancelled(1, "call_1_0", "timeout"),
        turn_messages.ToolCancelled(reply_id=1, call_id="call_1_0", reason="timeout"),
    ),
    (
        notices.StageMarks(1, -0.01234, 0.2, None, 0.3, 0.4, 0.5, 0.6, True, 7),
        server_messages.Metrics(
            reply_id=1,
            stt_ms=-12.3,
            commit_ms=200,
            llm_start_ms=None,
            ttft_ms=300,
            first_chunk_ms=400,
            ttfa_ms=500,
            sent_ms=600,
            is_speculative=True,
            wasted_tokens=7,
        ),
    ),
    (
        notices.WarningNotice("input_gap", "Gone."),
        server_messages.WarningMessage(code="input_gap", message="Gone."),
    ),
    (
        notices.ErrorNotice("llm_failed", "Oh.", is_fatal=True),
        server_messages.ErrorMessage(code="llm_failed", message="Oh.", fatal=True),
    ),
]


@pytest.mark.parametrize(("notice", "message"), TOLD, ids=lambda one: type(one).__name__)
def test_a_notice_is_told_in_milliseconds_and_fits_the_limits(
    notice: notices.Notice, message: ServerMessage
) -> None:
    text = encode_notice(notice, DIALECT, seq=3, ts_ms=1.0)
    assert isinstance(text, str)
    assert decode_server_text(text) == msgspec.structs.replace(message, seq=3, ts_ms=1.0)


UNTOLD = (
    notices.ReplyWritten(1, 30, 9),
    notices.ReplyCallStarted(1, "call_1_0", "look"),
    notices.ReplyCallDelta(1, "call_1_0", "{}"),
    notices.ReplyRefused("a1"),
)
"""What other protocols tell."""


@pytest.mark.parametrize("notice", UNTOLD, ids=lambda one: type(one).__name__)
def test_what_only_other_protocols_have_is_not_told(notice: notices.Notice) -> None:
    assert encode_notice(notice, DIALECT, seq=3, ts_ms=1.0) is None


def test_every_notice_is_told() -> None:
    kinds = {type(notice) for notice, _ in TOLD} | {notices.ReplyAudio}
    kinds |= {type(notice) for notice in UNTOLD}
    assert kinds == set(notices.Notice.__args__)  # type: ignore[attr-defined]


def test_audio_is_told_as_a_frame_of_its_reply() -> None:
    first = notices.ReplyAudio(65_537, 0, b"ab", is_first=True)
    last = notices.ReplyAudio(65_537, 480, b"", is_last=True)
    assert to_message(first, DIALECT) is None
    data = encode_notice(first, DIALECT, seq=0, ts_ms=0.0)
    assert isinstance(data, bytes)
    assert unpack_audio(data, FrameKind.AUDIO_OUT) == AudioFrame(
        FrameKind.AUDIO_OUT, 1, 0, 0, b"ab", FrameFlag.START
    )
    assert audio_frame(last, seq=9) == AudioFrame(
        FrameKind.AUDIO_OUT, 1, 9, 480, b"", FrameFlag.END
    )


def test_captions_and_gaze_are_told_only_to_those_who_want_them() -> None:
    quiet = Preferences(RATE_HZ, captions=False, gaze=False)
    text = notices.ReplyText(1, "Hi", 0)
    segment = cues.ReplySegment(1, 0, "Hi", 0, 1, ())
    gaze = cues.GazeCue(1, "user", 0, 1, "state")
    for notice in (text, segment, gaze):
        assert encode_notice(notice, quiet, seq=0, ts_ms=0.0) is None
        assert encode_notice(notice, DIALECT, seq=0, ts_ms=0.0) is not None


@pytest.mark.parametrize("viseme_set", VISEME_SETS)
def test_visemes_are_told_in_the_set_that_was_agreed_and_no_pose_is_lost(viseme_set: str) -> None:
    message = to_message(TRACK, Preferences(RATE_HZ, viseme_set=viseme_set))
    assert isinstance(message, cue_messages.Visemes)
    assert message.set == viseme_set
    assert sorted({t for t, _, _ in message.keys}) == [0.0, 20.0, 40.0]
    names = VISEME_SETS[viseme_set]
    assert all(0 <= viseme < len(names) and 0 <= w <= 1 for _, viseme, w in message.keys)
