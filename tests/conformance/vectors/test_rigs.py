"""The vectors of rigs' names: they are well formed. Clients run them (client_vectors, RigTests)."""

from __future__ import annotations

from voice_avatar.acting.mouth.viseme_sets import ARKIT, VISEME_SETS
from voice_avatar.conformance.vectors.rigs import rigs

CASES = rigs()["cases"]


def test_every_case_is_of_bones_or_of_shapes_and_has_its_own_name() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)
    for case in CASES:
        assert ("nodes" in case) != ("shapes" in case)


def test_parents_come_before_their_children_and_bones_are_nodes() -> None:
    for case in CASES:
        nodes = case.get("nodes", [])
        for at, (name, parent, kind) in enumerate(nodes):
            assert name
            assert -1 <= parent < at
            assert kind in ("joint", "node", "mesh", "skin")
        bones = case.get("bones", {})
        assert all(nodes[at][2] != "skin" for at in bones.values())
        assert len({*bones.values()}) == len(bones)


def test_a_mixamo_skeleton_has_all_sixteen_bones() -> None:
    (case,) = [case for case in CASES if case["name"] == "bones: Mixamo, of a second file"]
    assert len(case["bones"]) == 16
    assert case["nodes"][case["bones"]["leftUpperArm"]][0] == "mixamorig1:LeftArm"


def test_shapes_are_named_by_their_index() -> None:
    for case in (case for case in CASES if "shapes" in case):
        count = len(case["shapes"])
        assert {*case["visemes"]} <= {*VISEME_SETS["ovr15"]}
        assert {*case["arkit"]} <= {*ARKIT}
        rows = [row for table in ("visemes", "expressions") for row in case[table].values()]
        assert all(0 <= at < count and 0 < much <= 1 for row in rows for at, much in row)
        assert all(0 <= at < count for own in case["arkit"].values() for at in own)
