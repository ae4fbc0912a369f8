"""Whatever a client sends and whatever happens: documented errors, and events in order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from kit.realtime_scene import Event, RealtimeScene

from voice_avatar.realtime.client_events import CLIENT_TYPES
from voice_avatar.realtime.refusals import CODES

Act = Callable[[RealtimeScene], Any]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
ITEM_IDS = st.sampled_from(["item_1", "item_2", "item_3", "item_4", "mine", "root"])
MODALITIES = st.sampled_from([["text"], ["audio"], ["audio", "text"]])
TURNS = st.sampled_from(
    [
        None,
        {"type": "semantic_vad"},
        {"type": "server_vad", "silence_duration_ms": 300},
        {"type": "server_vad", "idle_timeout_ms": 1500},
        {"type": "server_vad", "create_response": False},
        {"type": "semantic_vad", "interrupt_response": False, "eagerness": "high"},
    ]
)


def content(text: str, role: str) -> list[Event]:
    kind = "output_text" if role == "assistant" else "input_text"
    return [{"type": kind, "text": text}]


MESSAGES = st.builds(
    lambda role, text, item_id: {
        "type": "message",
        "role": role,
        "content": content(text, role),
        **({"id": item_id} if item_id else {}),
    },
    st.sampled_from(["user", "assistant", "system"]),
    st.text(max_size=12),
    st.sampled_from(["", "mine"]),
)
WISHES = st.fixed_dictionaries(
    {},
    optional={
        "conversation": st.sampled_from(["auto", "none"]),
        "output_modalities": MODALITIES,
        "instructions": st.text(max_size=8),
        "input": st.lists(
            MESSAGES | st.builds(lambda i: {"type": "item_reference", "id": i}, ITEM_IDS),
            max_size=2,
        ),
        "max_output_tokens": st.sampled_from([1, 4096, "inf"]),
        "metadata": st.just({"a": "b"}),
    },
)
SENDS = st.one_of(
    st.builds(lambda wish: ("response.create", {"response": wish}), WISHES),
    st.just(("response.create", {})),
    st.builds(
        lambda r: ("response.cancel", {"response_id": r} if r else {}),
        st.sampled_from(["", "resp_1", "resp_2"]),
    ),
    st.builds(
        lambda item, after: (
            "conversation.item.create",
            {"item": item, **({"previous_item_id": after} if after else {})},
        ),
        MESSAGES,
        ITEM_IDS | st.just(""),
    ),
    st.builds(lambda i: ("conversation.item.delete", {"item_id": i}), ITEM_IDS),
    st.builds(lambda i: ("conversation.item.retrieve", {"item_id": i}), ITEM_IDS),
    st.builds(
        lambda i, ms: (
            "conversation.item.truncate",
            {"item_id": i, "content_index": 0, "audio_end_ms": ms},
        ),
        ITEM_IDS,
        st.sampled_from([0, 500, 1500, 99999]),
    ),
    st.just(("input_audio_buffer.commit", {})),
    st.just(("input_audio_buffer.clear", {})),
    st.just(("output_audio_buffer.clear", {})),
    st.builds(
        lambda turns: (
            "session.update",
            {"session": {"audio": {"input": {"turn_detection": turns}}}},
        ),
        TURNS,
    ),
    st.builds(lambda m: ("session.update", {"session": {"output_modalities": m}}), MODALITIES),
)
HAPPENINGS: list[Act] = [
    lambda scene: scene.speak(0.6),
    lambda scene: scene.hush(0.7),
    lambda scene: scene.hush(2.0),
    lambda scene: scene.text("Some words here. ", 1.0),
    lambda scene: scene.answer("Good day to you.", 1.0),
    lambda scene: scene.answer("", 0.0),
    lambda scene: scene.fail(),
    lambda scene: scene.call("weather", "{}"),
    lambda scene: scene.pass_time(3.0),
    lambda scene: setattr(scene, "words", ""),
    lambda scene: setattr(scene, "words", "Wait, stop it please."),
    lambda scene: setattr(scene, "words", "?"),
]
ACTS = st.one_of(
    st.sampled_from(HAPPENINGS),
    SENDS.map(lambda one: lambda scene: scene.send(one[0], **one[1])),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTS, max_size=25))
def test_events_come_in_order_whatever_happens(acts: list[Act]) -> None:
    scene = RealtimeScene()
    for act in acts:
        act(scene)
    scene.words = "And now?"
    scene.hush(1.0)
    scene.answer()
    scene.pass_time(10.0)
    check(scene.told)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CLIENT_TYPES), st.dictionaries(st.text(max_size=12), JSON, max_size=4))
def test_any_fields_are_taken_or_refused_by_a_documented_code(
    kind: str, fields: dict[str, Any]
) -> None:
    scene = RealtimeScene()
    told = scene.raw(json.dumps({**fields, "type": kind}))
    check(scene.told)
    assert len([event for event in told if event["type"] == "error"]) <= 1


FIELDS = st.sampled_from(
    "session response item audio event_id item_id content_index audio_end_ms previous_item_id type"
    " id role content text instructions input output turn_detection format voice tools".split()
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(CLIENT_TYPES),
    st.recursive(
        st.none() | st.integers(-2, 2) | st.sampled_from(["message", "user", "a", "server_vad"]),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(FIELDS, inner, max_size=3),
        max_leaves=10,
    ),
    FIELDS,
    st.booleans(),
)
def test_fields_that_are_almost_right_break_nothing(
    kind: str, value: Any, field: str, is_beta: bool
) -> None:
    scene = RealtimeScene(is_beta=is_beta)
    scene.raw(json.dumps({field: value} | {"type": kind}))
    scene.raw(json.dumps({"type": "session.update", "session": {field: value}}))
    assert {e["error"]["code"] for e in scene.told if e["type"] == "error"} <= set(CODES)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40) | st.text(max_size=40))
def test_bytes_that_are_no_event_are_refused(data: bytes | str) -> None:
    (event,) = RealtimeScene().raw(data)
    assert event["error"]["code"] in ("invalid_event", "invalid_value")


def check(told: list[Event]) -> None:
    """What holds of all that a server ever tells."""
    ids = [event["event_id"] for event in told]
    assert len(ids) == len(set(ids))
    for event in told:
        if event["type"] == "error":
            assert event["error"]["code"] in CODES
    responses: dict[str, list[Event]] = {}
    for event in told:
        of = event.get("response_id") or event.get("response", {}).get("id")
        if of is not None:
            responses.setdefault(of, []).append(event)
    for events in responses.values():
        _check_response([event["type"] for event in events])
    _check_items(told)
    _check_turns(told)


def _check_response(kinds: list[str]) -> None:
    assert kinds[0] == "response.created"
    counts = Counter(kinds)
    assert counts["response.created"] == 1
    assert counts["response.done"] <= 1
    if "response.done" in counts:
        assert kinds[-1] == "response.done"
        for begin, end in (
            ("response.output_item.added", "response.output_item.done"),
            ("response.content_part.added", "response.content_part.done"),
        ):
            assert counts[begin] == counts[end]
    for kind in (
        "response.output_audio",
        "response.output_audio_transcript",
        "response.output_text",
    ):
        if f"{kind}.done" in counts and f"{kind}.delta" in counts:
            last = max(n for n, one in enumerate(kinds) if one == f"{kind}.delta")
            assert last < kinds.index(f"{kind}.done")


def _check_items(told: list[Event]) -> None:
    """Every item is added once before it is done, and follows one that is there."""
    there: list[str] = []
    done: set[str] = set()
    for event in told:
        match event["type"]:
            case "conversation.item.added":
                assert event["item"]["id"] not in there
                assert event["previous_item_id"] in (None, *there)
                there.append(event["item"]["id"])
            case "conversation.item.done":
                assert event["item"]["id"] not in done
                done.add(event["item"]["id"])
            case "conversation.item.deleted":
                there.remove(event["item_id"])
                done.discard(event["item_id"])


def _check_turns(told: list[Event]) -> None:
    """Speech starts and stops in turn; a commit is one of an item."""
    is_speaking = False
    for event in told:
        match event["type"]:
            case "input_audio_buffer.speech_started":
                assert not is_speaking
                is_speaking = True
            case "input_audio_buffer.speech_stopped":
                assert is_speaking
                is_speaking = False
