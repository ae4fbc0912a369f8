"""What becomes of movements when their reply is interrupted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.client.rules.retraction import RETRACTION_MS, retracted
from voice_avatar.wire import cue_messages

VECTORS = Path(__file__).parents[3] / "unity_client_protocol" / "vectors" / "retraction.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
TYPES = {
    "gesture": cue_messages.Gesture,
    "head": cue_messages.Head,
    "gaze": cue_messages.Gaze,
    "face": cue_messages.Face,
}


def movement(plain: dict[str, Any]) -> Any:
    return msgspec.convert(plain, TYPES[plain["type"]])


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_the_cases_that_all_clients_share(case: dict[str, Any]) -> None:
    shown = retracted(movement(case["sent"]), case["at_ms"])
    assert shown == (None if case["shown"] is None else movement(case["shown"]))


@given(st.lists(st.floats(0, 5000), min_size=6, max_size=6).map(sorted), st.floats(0, 6000))
def test_a_cut_gesture_keeps_the_order_of_its_points_and_rests_soon(
    points: list[float], at_ms: float
) -> None:
    names = ("start_ms", "stroke_start_ms", "stroke_ms", "stroke_end_ms", "relax_ms", "end_ms")
    gesture = cue_messages.Gesture(
        reply_id=1, id="g1", lexeme="wave", kind="emblem", mode="right", amplitude=1.0,
        source="llm", **dict(zip(names, points, strict=True)),
    )  # fmt: skip
    shown = retracted(gesture, at_ms)
    if shown is None:
        assert points[0] >= at_ms
        return
    times = [getattr(shown, name) for name in names]
    assert times == sorted(times)
    assert times[-1] <= max(at_ms, min(points[-1], at_ms + RETRACTION_MS))
    assert all(time == point for time, point in zip(times, points, strict=True) if point <= at_ms)
    assert retracted(shown, at_ms) == shown
