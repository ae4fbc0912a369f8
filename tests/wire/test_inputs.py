"""What client messages mean to the session."""

from __future__ import annotations

import pytest
from kit.wire_examples import POSE

from voice_avatar.errors import InvalidMessage
from voice_avatar.events import inputs
from voice_avatar.wire import client_messages
from voice_avatar.wire.inputs import session_input


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (client_messages.InputStart(mode="ptt"), inputs.TalkPressed()),
        (client_messages.InputStart(mode="vad"), None),
        (client_messages.InputStop(mode="ptt"), inputs.TalkReleased()),
        (client_messages.InputStop(mode="vad"), inputs.CommitInput()),
        (client_messages.InputCommit(), inputs.CommitInput()),
        (client_messages.InputClear(), inputs.ClearInput()),
        (client_messages.InputText(text="Hi"), inputs.TextInput("Hi")),
        (client_messages.Interrupt(), inputs.InterruptRequest(None)),
        (client_messages.Interrupt(reply_id=3), inputs.InterruptRequest(3)),
        (
            client_messages.PlaybackReport(reply_id=3, state="stalled", played_samples=480),
            inputs.PlaybackReport(3, 480, "stalled"),
        ),
        (client_messages.UserGaze(), inputs.UserGaze()),
        (client_messages.UserGaze(target="vase"), inputs.UserGaze("vase")),
        (
            client_messages.UserGaze(
                head=POSE, avatar=(0.0, 1.6, -1.5), hands=client_messages.Hands(right=POSE)
            ),
            inputs.UserGaze(
                head=inputs.HeadPose(POSE.pos, POSE.rot),
                avatar=(0.0, 1.6, -1.5),
                hands=(POSE.pos,),
            ),
        ),
        (client_messages.ClockPing(t0_ms=1.0), None),
        (client_messages.SessionHello(), None),
    ],
)
def test_a_client_message_is_this_event_to_the_session(
    message: client_messages.AnyClientMessage, event: inputs.SessionInput | None
) -> None:
    assert session_input(message) == event


@pytest.mark.parametrize(
    "message",
    [
        client_messages.UserGaze(target="away_up"),
        client_messages.UserGaze(
            head=client_messages.Pose(pos=(0.0, 0.0, 0.0), rot=(0.0, 0.0, 0.0, 0.0))
        ),
        client_messages.UserGaze(
            head=client_messages.Pose(pos=(0.0, 0.0, 0.0), rot=(1.0, 1.0, 0.0, 0.0))
        ),
        client_messages.UserGaze(
            hands=client_messages.Hands(
                left=client_messages.Pose(pos=(0.0,) * 3, rot=(0.5, 0.0, 0.0, 0.0))
            )
        ),
    ],
)
def test_a_gaze_that_means_nothing_is_refused(message: client_messages.UserGaze) -> None:
    with pytest.raises(InvalidMessage):
        session_input(message)


def test_a_rotation_of_few_digits_is_taken() -> None:
    rough = client_messages.Pose(pos=(0.0, 0.0, 0.0), rot=(0.0, 0.71, 0.0, 0.71))
    assert session_input(client_messages.UserGaze(head=rough)) is not None


def test_a_report_tells_how_much_later_than_played_a_sample_is_heard() -> None:
    report = client_messages.PlaybackReport(
        reply_id=1, state="playing", played_samples=480, output_latency_ms=300.0
    )
    assert session_input(report) == inputs.PlaybackReport(1, 480, "playing", 0.3)
