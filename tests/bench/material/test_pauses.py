"""Pauses between the words of a recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from kit.bench_clips import HZ, two_words

from voice_avatar.bench.material.clips import quietest_s, read_clips
from voice_avatar.bench.material.pauses import pause_at_s, with_pauses


@pytest.mark.parametrize("unknown", [{"text": ""}, {"text": "xyzzyq"}, {"language": "fr"}], ids=str)
def test_where_words_cannot_be_found_the_quietest_place_is_taken(unknown: dict[str, str]) -> None:
    clip = replace(two_words(), **unknown)  # type: ignore[arg-type]
    assert pause_at_s(clip) == quietest_s(clip)


def test_a_clip_without_pauses_asked_for_has_none() -> None:
    assert with_pauses(two_words(), ()) == []


@pytest.mark.parametrize(
    ("name", "between_s"),
    [("en_goforward", (1.0, 1.3)), ("en_dialog_chromecast_6", (1.2, 1.75))],
    ids=["forward | ten", "sure | would"],
)
def test_a_pause_is_put_between_the_words_of_a_recording(
    speech_dir: Path, name: str, between_s: tuple[float, float]
) -> None:
    (clip,) = (clip for clip in read_clips(speech_dir) if clip.name == name)
    assert between_s[0] <= pause_at_s(clip) <= between_s[1]
    short, long = with_pauses(clip, (0.5, 1.0))
    assert (short.inserted_s, long.inserted_s) == (0.5, 1.0)
    assert long.end - short.end == HZ // 2
