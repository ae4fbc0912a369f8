"""Extension events, for who asks for them."""

from __future__ import annotations

from kit.realtime_scene import RealtimeScene, one, types


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
