"""A drawing of a spoken text: everything of the track is in it, at its time."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from voice_avatar.cli import speech_plot
from voice_avatar.cli.say import say
from voice_avatar.config.load import Config
from voice_avatar.errors import ConfigError

TRACK: dict[str, Any] = {
    "text": "Hi <b>",
    "rate_hz": 1000,
    "phonemes": [["h", 0, 100], ["a", 100, 400]],
    "visemes": [[0.0, 10, 0.0], [200.0, 10, 0.8], [400.0, 0, 1.0]],
    "gestures": [
        {
            **{"type": "gesture", "lexeme": "wave", "start_ms": 0.0, "stroke_start_ms": 100.0},
            **{"stroke_ms": 150.0, "stroke_end_ms": 200.0, "relax_ms": 200.0, "end_ms": 500.0},
        },
        {"type": "head", "lexeme": "nod", "start_ms": 100.0, "end_ms": 300.0},
        {"type": "face", "expression": "happy", "t_ms": 0.0, "fade_ms": 100, "hold_ms": 200},
    ],
    "captions": [{"words": [["Hi", 0.0, 400.0, 0]]}],
}
PCM = b"\x00\x40" * 500


def hints(svg: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(svg).iter() if one.tag.endswith("title")]


def test_words_phonemes_mouth_and_movements_are_drawn_with_their_times() -> None:
    found = hints(speech_plot.drawing(TRACK, PCM))
    assert "Hi: 0 to 400 ms" in found
    assert "a: 100 to 400 ms" in found
    assert "aa: 0.8 at 200 ms" in found
    assert "nod: 100 to 300 ms" in found
    assert "happy: 0 to 300 ms" in found
    assert "wave, stroke: 100 to 200 ms" in found
    assert not any("hold" in hint for hint in found)  # this one has none


def test_a_page_needs_nothing_else_and_text_in_it_is_text() -> None:
    page = speech_plot.page(TRACK, PCM)
    assert "<script" not in page
    assert "<link" not in page
    assert page.count("http") == page.count("http://www.w3.org/2000/svg")
    assert "Hi &lt;b&gt;" in page
    assert "<b>" not in page


def test_silence_without_a_track_can_be_drawn() -> None:
    empty: dict[str, Any] = {**TRACK, "visemes": [], "gestures": [], "phonemes": [], "captions": []}
    assert hints(speech_plot.drawing(empty, b"")) == ["Hi <b>"]


def test_another_kind_of_file_is_refused_before_anything_is_said() -> None:
    with pytest.raises(ConfigError, match=r"\.html"):
        say(Config(), "Hi.", "en", None, is_json=False, plot="out.gif")


@pytest.mark.models
def test_a_picture_shows_what_was_said(tmp_path: Path) -> None:
    picture = tmp_path / "hi.png"
    say(Config(), "Hi.", "en", None, is_json=False, plot=str(picture))
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert width > 300 < height
