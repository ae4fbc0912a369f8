"""The face's tables: complete, within their ranges, and about the shapes that they name."""

from __future__ import annotations

import numpy as np
import pytest

from voice_avatar.acting.face.tables import face_tables, parse
from voice_avatar.acting.mouth.viseme_sets import ARKIT
from voice_avatar.acting.mouth.viseme_tables import PP, VISEMES
from voice_avatar.vocabulary import vocabulary

TABLES = face_tables()


def test_every_expression_of_the_vocabulary_has_shapes() -> None:
    assert set(TABLES.expressions) == set(vocabulary().expressions)


def test_every_expression_but_the_neutral_one_shows() -> None:
    for name, row in zip(TABLES.expressions, TABLES.shapes, strict=True):
        assert (row.max() > 0.2) == (name != "neutral"), name


def test_expressions_are_the_same_on_both_sides() -> None:
    for name in ARKIT:
        if name.endswith("Left") and name not in ("jawLeft", "mouthLeft"):
            left = TABLES.shapes[:, ARKIT.index(name)]
            right = TABLES.shapes[:, ARKIT.index(name.replace("Left", "Right"))]
            assert np.array_equal(left, right), name


def test_flashes_move_brows_and_eyes_only() -> None:
    for name in TABLES.flashes:
        row = TABLES.shapes[TABLES.expressions.index(name)]
        assert row[TABLES.mouth].max() == 0, name


def test_every_gaze_target_of_the_vocabulary_has_a_place_within_the_reach_of_eyes() -> None:
    assert set(vocabulary().gaze.values()) <= set(TABLES.gaze.targets)
    for left, up in TABLES.gaze.targets.values():
        assert np.hypot(left, up) <= TABLES.gaze.full_deg


def test_limits_let_a_shape_through_within_a_fifth_of_a_second() -> None:
    assert TABLES.limit.min() >= 1 / 12
    assert TABLES.limit.max() < 1


def test_the_shapes_that_close_the_mouth_and_the_lids_keep_their_peaks() -> None:
    closes = set(np.array(ARKIT)[TABLES.visemes[PP] > 0])
    kept = set(np.array(ARKIT)[TABLES.keeps_peak])
    assert closes | {"eyeBlinkLeft", "eyeBlinkRight"} <= kept
    assert "jawOpen" not in kept


def test_rows_of_visemes_are_those_of_the_sparse_set() -> None:
    assert TABLES.visemes.shape == (len(VISEMES), len(ARKIT))
    assert TABLES.visemes[PP, ARKIT.index("mouthPressLeft")] == pytest.approx(0.5)


def test_a_shape_that_arkit_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="grinLeft"):
        parse(
            '[expressions.happy]\nlayer = "mood"\ngrin = 1.0\n'
            '[limits]\nother = { most = 0.1, keep = "valley" }\n'
            "[mouth]\n[decay]\n[release]\n"
        )
