"""`bench interrupt`: a whole run without models."""

from __future__ import annotations

import argparse
import wave
from pathlib import Path

import msgspec
import pytest
from kit.edge import hush, tone

from voice_avatar.bench.figures.results import Run
from voice_avatar.bench.measures import interrupt

HZ = 16_000
SCRIPTED = [
    word
    for stage in ("vad", "turn", "stt", "llm", "tts")
    for word in ("--set", f"{stage}.engine=scripted")
]


def recordings(folder: Path) -> Path:
    for name in ("one", "two"):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, HZ, 0, "NONE", ""))
            file.writeframes(tone(0.8) + hush(0.3))
    return folder


def again(run: Run) -> Run:
    return msgspec.json.decode(msgspec.json.encode(run), type=Run)


@pytest.mark.realtime
def test_interruptions_of_a_server_of_our_own_are_measured_and_say_of_whom(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    interrupt.add_arguments(parser)
    words = ["--clips", str(recordings(tmp_path)), "--turns", "1", "--limit", "1", *SCRIPTED]
    measured = again(interrupt.run(parser.parse_args(words)))
    assert measured.subject["name"] == "voice-avatar"
    assert measured.subject["models"]["stt"]["name"]
    assert measured.settings["server"]["llm.engine"] == "scripted"
    assert measured.items[0]["kind"] == "speech"
    assert {figure.name for figure in measured.figures} >= {"interrupt.stale_frames", "void"}
    assert str(tmp_path) not in measured.command
    assert "llm.engine=scripted" in measured.command
