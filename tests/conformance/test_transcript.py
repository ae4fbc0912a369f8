"""What a server has sent, and the order that it has to keep."""

from __future__ import annotations

import json

import pytest

from voice_avatar.conformance.scenarios import audio, cues, done, started
from voice_avatar.conformance.transcript import Seen, broken_rules, read_binary, read_text
from voice_avatar.conformance.vectors.sessions import ready
from voice_avatar.wire import cue_messages, turn_messages
from voice_avatar.wire.fields import ServerMessage
from voice_avatar.wire.frame_codec import AudioFrame, pack_audio
from voice_avatar.wire.text import encode_text


def session(*frames: ServerMessage | AudioFrame | str | bytes) -> list[Seen]:
    seen: list[Seen] = []
    seq = 0
    for frame in (ready(), *frames):
        if isinstance(frame, ServerMessage):
            seen.append(read_text(encode_text(frame, seq=seq, ts_ms=float(seq))))
            seq += 1
        elif isinstance(frame, str):
            seen.append(read_text(frame))
        else:
            seen.append(read_binary(frame if isinstance(frame, bytes) else pack_audio(frame)))
    return seen


def frames_of(*steps: object) -> list[ServerMessage | AudioFrame]:
    flat = [one for step in steps for one in (step if isinstance(step, list) else [step])]
    return [step.frame for step in flat]


REPLY_1 = frames_of(started(1), cues(1, 1.0), audio(1, 0, 0), audio(1, 1, 480))
ENDED = [*frames_of(done(1, "interrupted", 0))]
PAUSED = turn_messages.ReplyPaused(reply_id=1, at_ms=0.0)
CUT = turn_messages.ReplyInterrupted(reply_id=1, at_ms=1.0, reason="voice", spoken_text="")


def test_a_session_in_order_breaks_no_rule() -> None:
    assert not list(broken_rules(session(*REPLY_1, CUT, *ENDED, *frames_of(started(2)))))


@pytest.mark.parametrize(
    ("rule", "frames"),
    [
        ("frames.readable", ['{"type":"state","seq":1}']),
        ("frames.readable", [b"\x02"]),
        ("order.seq", ['{"type":"state","seq":5,"ts_ms":9.0,"state":"idle"}']),
        ("order.seq", ['{"type":"state","seq":1,"ts_ms":-1.0,"state":"idle"}']),
        ("order.one_reply", frames_of(started(2), started(3))),
        ("order.one_reply", [*frames_of(started(2), done(2, "failed", 0), started(1))]),
        ("order.started_first", frames_of(cues(1, 1.0))),
        ("order.started_first", frames_of(audio(1, 0, 0))),
        ("order.done_once", [*REPLY_1, CUT, *ENDED, *ENDED]),
        ("order.done_once", [*REPLY_1, CUT, *ENDED, *frames_of(audio(1, 2, 960))]),
        ("order.cues_first", frames_of(started(1), audio(1, 0, 0), cues(1, 1.0))),
        ("order.never_back", frames_of(started(1), cues(1, 1.0), cues(1, 1.0))),
        ("order.audio", frames_of(started(1), audio(1, 0, 0), audio(1, 1, 0))),
        ("order.audio", frames_of(started(1), audio(1, 1, 0))),
        ("order.audio_done", [*REPLY_1, *frames_of(done(1, "completed", 960))]),
        (
            "order.audio_done",
            [*REPLY_1, turn_messages.ReplyAudioDone(reply_id=1, sample_count=961)],
        ),
        ("order.interrupted", [*REPLY_1, CUT, *frames_of(audio(1, 2, 960))]),
        ("order.interrupted", [*REPLY_1, CUT, *frames_of(cues(1, 9.0))]),
        ("order.paused", [*REPLY_1, PAUSED, *frames_of(audio(1, 2, 960))]),
        ("order.turn", [turn_messages.TurnEnded(turn_id=1, reason="vad", silence_ms=1.0)]),
        (
            "order.turn",
            [
                turn_messages.ReplyStarted(
                    reply_id=1, stream=1, turn_id=9, rate_hz=16_000, codec="pcm16"
                )
            ],
        ),
        (
            "order.names",
            [
                *frames_of(started(1)),
                cue_messages.Face(
                    reply_id=1,
                    t_ms=0.0,
                    expression="smug",
                    intensity=1.0,
                    valence=0.0,
                    arousal=0.0,
                    fade_ms=0.0,
                    hold_ms=0.0,
                    source="llm",
                ),
            ],
        ),
    ],
)  # fmt: skip
def test_a_session_out_of_order_breaks_the_rule_of_that_name(
    rule: str, frames: list[ServerMessage | AudioFrame | str | bytes]
) -> None:
    assert rule in {broken.rule for broken in broken_rules(session(*frames))}


def test_gestures_whose_sync_points_decrease_break_a_rule() -> None:
    gesture = next(one for one in frames_of(cues(1, 1.0)) if isinstance(one, cue_messages.Gesture))
    data = json.loads(encode_text(gesture, seq=2, ts_ms=2.0)) | {"relax_ms": 900.0}
    seen = session(*frames_of(started(1)), json.dumps(data))
    assert [broken.rule for broken in broken_rules(seen)] == ["order.sync_points"]
