"""Extension events, for who asks for them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.realtime_parts import RATE_HZ, SETTINGS, response
from kit.realtime_scene import RealtimeScene, one, types

from voice_avatar.events.cues import ReplySegment
from voice_avatar.events.notices import (
    Notice,
    ReplyDone,
    State,
    StateChanged,
    TurnForgotten,
    WarningNotice,
)
from voice_avatar.realtime.avatar import (
    ENCODABLE,
    AvatarState,
    AvatarTurnDropped,
    AvatarWarning,
    avatar_event,
    events_named,
)


def test_extension_events_come_only_to_who_asks_for_them() -> None:
    plain = RealtimeScene()
    plain.say("Hello.")
    plain.answer()
    assert not [kind for kind in types(plain.told) if kind.startswith("avatar.")]
    scene = RealtimeScene()
    told = scene.update(x_avatar={"events": ["captions", "state"]})
    session = one(told, "session.updated")["session"]
    assert session["x_avatar"] == {"events": ["captions", "state"], "viseme_set": "ovr15"}
    scene.say("Hello.")
    told = scene.answer("Good day.", 1.0)
    caption = one(told, "avatar.caption")
    assert caption["text"] == "Good day."
    assert caption["words"][1] == ["day.", 500.0, 1000.0, 5]
    assert caption["item_id"] == scene.last_item
    assert caption["response_id"] == one(told, "response.done")["response"]["id"]
    assert "avatar.state" in types(scene.told)
    scene.update(x_avatar=None)
    scene.pass_time(30.0)
    assert "avatar.state" not in types(scene.told[-1:])


# -- the events alone


def test_names_in_a_query_count_once_and_unknown_ones_never() -> None:
    assert events_named("visemes,tail,state,visemes") == ("visemes", "state")
    assert events_named("") == ()


@pytest.mark.parametrize("notice", [StateChanged(State.SPEAKING), ReplyDone(1, "completed", "", 0)])
def test_what_nobody_asked_for_or_has_no_event_is_none(notice: Notice) -> None:
    assert avatar_event(notice, None, replace(SETTINGS, avatar=("gaze",)), RATE_HZ) is None


def test_what_belongs_to_no_response_says_so() -> None:
    settings = replace(SETTINGS, avatar=("state",))
    assert avatar_event(StateChanged(State.SPEAKING), None, settings, RATE_HZ) == AvatarState(
        response_id=None, item_id=None, state="speaking"
    )


def test_who_asks_is_told_of_the_microphone_and_of_turns_that_were_none() -> None:
    settings = replace(SETTINGS, avatar=("hearing",))
    warning = WarningNotice("input_silent", "The microphone is dead.")
    assert avatar_event(warning, None, settings, RATE_HZ) == AvatarWarning(
        response_id=None, item_id=None, code="input_silent", message="The microphone is dead."
    )
    dropped = TurnForgotten(3, "invented")
    assert avatar_event(dropped, None, settings, RATE_HZ) == AvatarTurnDropped(
        response_id=None, item_id=None, turn_id=3, reason="invented"
    )
    scene = RealtimeScene()
    scene.update(x_avatar={"events": ["hearing"]})
    scene.say("")
    assert one(scene.told, "avatar.turn_dropped")["reason"] == "wordless"


def test_an_event_before_its_message_has_a_response_and_no_item() -> None:
    settings = replace(SETTINGS, avatar=("captions",))
    made = avatar_event(ReplySegment(1, 0, "One.", 0, 24_000, ()), response(), settings, RATE_HZ)
    assert made is not None
    assert (made.response_id, made.item_id) == ("resp_1", None)


def test_every_event_has_a_name_of_its_own() -> None:
    tags = [str(kind.__struct_config__.tag) for kind in ENCODABLE]
    assert len(tags) == len(set(tags))
    assert all(tag.startswith("avatar.") for tag in tags)
