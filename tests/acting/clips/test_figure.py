"""The pictures of the clips."""

from __future__ import annotations

from pathlib import Path

from voice_avatar.acting.clips import figure, library
from voice_avatar.acting.clips.skeleton import SIDES, Pose, palm, placed

NAMES = library.names()
DOCS = Path(__file__).parents[3] / "docs" / "gestures"


def at_stroke(name: str) -> Pose:
    clip = library.clip(name)
    turns = clip.at(clip.sync_s["stroke"]).rotations
    return Pose({**library.rest().rotations, **turns})


def test_the_pictures_are_those_of_the_clips() -> None:
    made = figure.sheets()
    assert {path.name for path in DOCS.glob("*.svg")} == made.keys()
    for name, text in made.items():
        assert (DOCS / name).read_text("utf-8") == text, (
            "run python -m voice_avatar.acting.clips.figure"
        )
    for name in NAMES:
        assert any(f">{name}</text>" in text for text in made.values())


def test_a_picture_shows_a_raised_hand_higher_than_a_resting_one() -> None:
    def top(posed: Pose) -> float:
        return min(figure._seen(palm(placed(posed), side))[1] for side in SIDES)

    assert top(at_stroke("raise_hand")) < top(library.rest()) - 100
