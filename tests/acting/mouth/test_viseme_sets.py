"""The sets that clients may ask for: each mapping, and what holds for any speech in all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.acting.mouth.viseme_sets import ARKIT, AZURE, VISEME_SETS, VRM, to_set
from voice_avatar.acting.mouth.viseme_tables import (
    VISEMES,
    Kind,
    azure_viseme,
    read_table,
    symbol_table,
)
from voice_avatar.acting.mouth.visemes import POSES_PER_S, viseme_poses
from voice_avatar.events.payloads import PhonemeSpan

RATE_HZ = 16_000
TABLE = symbol_table("en-us")
SOUNDS = sorted(s for s, k in TABLE.kinds.items() if k in {Kind.VOWEL, Kind.CONSONANT})

# Azure's documentation, IPA of each id.
AZURE_IPA = {
    1: "æ ə",
    2: "ɑ",
    3: "ɔ",
    4: "ɛ",
    5: "ɝ",
    6: "j i ɪ",
    7: "w u",
    8: "o",
    13: "ɹ",
    15: "s z",
    16: "ʃ ʒ",
    17: "ð",
    18: "f v",
    19: "d t n",
    20: "k ɡ ŋ",
    21: "p b m",
}


def test_the_sets_have_as_many_shapes_as_their_names_say() -> None:
    assert {name: len(shapes) for name, shapes in VISEME_SETS.items()} == {
        "ovr15": 15,
        "arkit52": 52,
        "vrm5": 5,
        "azure22": 22,
    }
    assert all(len(set(shapes)) == len(shapes) for shapes in VISEME_SETS.values())


def test_the_tables_name_no_shape_that_the_sets_do_not_have() -> None:
    tables = read_table("sets.toml")
    assert set(tables["arkit"]) == set(VISEMES) - {"sil"}
    assert {shape for row in tables["arkit"].values() for shape in row} <= set(ARKIT)
    assert {shape for row in tables["vrm"].values() for shape in row} <= set(VRM)
    assert {str(viseme) for viseme, _ in tables["azure"]["poses"]} <= set(AZURE)


def test_left_and_right_move_alike() -> None:
    for row in read_table("sets.toml")["arkit"].values():
        assert all(row[n] == row[n.replace("Left", "Right")] for n in row if n.endswith("Left"))
        assert sum(n.endswith("Left") for n in row) == sum(n.endswith("Right") for n in row)


@pytest.mark.parametrize(("viseme", "symbols"), AZURE_IPA.items())
def test_azures_ids_are_those_of_its_documentation(viseme: int, symbols: str) -> None:
    assert [azure_viseme(TABLE.shapes[s][0]) for s in symbols.split()] == [viseme] * len(
        symbols.split()
    )


@pytest.mark.parametrize(
    ("diphthong", "ids"),
    [("aʊ", [2, 7]), ("ɔɪ", [8, 6]), ("aɪ", [2, 6]), ("eɪ", [4, 6]), ("oʊ", [8, 7])],
)
def test_diphthongs_are_two_of_azures_ids(diphthong: str, ids: list[int]) -> None:
    assert [azure_viseme(shape) for shape in TABLE.shapes[diphthong]] == ids


def test_azure_lips_that_share_a_pose_with_the_tongue_go_to_the_tongue() -> None:
    assert azure_viseme(((4, 0.5), (12, 0.5))) == 19
    assert azure_viseme(()) == 0


def test_a_set_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        to_set(((0, 1.0),), "ovr16")


@given(
    sounds=st.lists(st.tuples(st.sampled_from(SOUNDS), st.integers(3, 30)), min_size=1),
    name=st.sampled_from(sorted(VISEME_SETS)),
)
def test_any_speech_stays_within_bounds_in_every_set(
    sounds: list[tuple[str, int]], name: str
) -> None:
    spans, at = [], 0
    for symbol, length in sounds:
        spans.append(PhonemeSpan(symbol, at, at + 160 * length))
        at += 160 * length
    poses = viseme_poses(spans, rate_hz=RATE_HZ, espeak_voice="en-us")
    for pose in poses:
        told = to_set(pose.weights, name)
        assert all(0 <= shape < len(VISEME_SETS[name]) and 0 < w <= 1 for shape, w in told)
        assert len({shape for shape, _ in told}) == len(told)
        if name != "arkit52":  # ARKit's shapes add up to a face, not to one
            assert sum(w for _, w in told) <= 1.0 + 1e-6
    free = [p.sample for p in poses if not {v for v, w in p.weights if w >= 0.9} & {1, 2}]
    for i, first in enumerate(free):
        assert sum(s - first < RATE_HZ for s in free[i:]) <= POSES_PER_S + 2  # two at the edges


def test_poses_carry_over_to_other_sets() -> None:
    closed, opened = ((1, 1.0),), ((10, 1.0),)
    assert [ARKIT[i] for i, _ in to_set(opened, "arkit52")] == [
        "jawOpen",
        "mouthLowerDownLeft",
        "mouthLowerDownRight",
    ]
    assert to_set(closed, "vrm5") == ()
    assert to_set(opened, "vrm5") == ((0, 1.0),)
    assert to_set(closed, "azure22") == ((21, 1.0),)
    assert to_set((), "azure22") == ((0, 1.0),)
    assert to_set(closed, "ovr15") == closed
    assert len(set(ARKIT)) == 52
    with pytest.raises(KeyError):
        to_set(closed, "unheard")
