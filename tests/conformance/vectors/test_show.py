"""The vectors of what is shown: mouths and gestures."""

from __future__ import annotations

import json

from kit.golden_vectors import cases

from voice_avatar.acting.mouth.viseme_sets import VISEME_SETS


def test_a_planned_mouth_of_every_set_opens_and_comes_to_rest() -> None:
    found = {p.values[0]["set"]: p.values[0] for p in cases("mouth") if "planned" in p.id}
    assert set(found) == set(VISEME_SETS)
    for case in found.values():
        shown = [sample["weights"] for sample in case["samples"]]
        assert shown[-1] is None  # beyond until_ms
        assert all(0 < weight <= 1 for pairs in shown if pairs for _, weight in pairs)
        assert len({json.dumps(pairs) for pairs in shown}) > 4


def test_gestures_of_the_vectors_move_without_jumps() -> None:
    for case in (p.values[0] for p in cases("movement")):
        by_id: dict[str, list[tuple[float, float]]] = {}
        for sample in case["samples"]:
            for name, _, weight in sample.get("gestures", ()):
                by_id.setdefault(name, []).append((sample["t_ms"], weight))
                assert 0 <= weight <= 1
