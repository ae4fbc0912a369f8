"""Mouth shapes in the words of ARKit, VRM and Azure."""

from __future__ import annotations

import pytest

from voice_avatar.acting.mouth.viseme_tables import (
    VISEMES,
    arkit_weights,
    azure_viseme,
    vrm_weights,
)
from voice_avatar.acting.mouth.visemes import REST


def test_arkit_shapes_add_up_and_stay_within_one() -> None:
    assert arkit_weights(((10, 0.5), (11, 0.5))) == {
        "jawOpen": 0.485,
        "mouthLowerDownLeft": 0.075,
        "mouthLowerDownRight": 0.075,
        "mouthStretchLeft": 0.15,
        "mouthStretchRight": 0.15,
        "mouthSmileLeft": 0.05,
        "mouthSmileRight": 0.05,
    }
    assert arkit_weights(REST) == {}


def test_vrm_has_no_closed_lips() -> None:
    assert vrm_weights(((1, 1.0),)) == {}
    assert vrm_weights(((10, 0.5), (4, 0.5))) == {"aa": 0.55, "ih": 0.125}


@pytest.mark.parametrize(
    ("weights", "viseme"),
    [(REST, 0), ((), 0), (((1, 1.0),), 21), (((10, 0.25), (11, 0.35)), 1), (((10, 1.0),), 2)],
)
def test_azure_gets_its_nearest_viseme(weights: tuple[tuple[int, float], ...], viseme: int) -> None:
    assert azure_viseme(weights) == viseme


@pytest.mark.parametrize("viseme", range(15))
def test_every_viseme_has_a_name_in_every_set(viseme: int) -> None:
    pose = ((viseme, 1.0),)
    assert bool(arkit_weights(pose)) == (VISEMES[viseme] != "sil")
    assert 0 <= azure_viseme(pose) <= 21
