"""`bench load`: a whole run."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
import pytest

from voice_avatar.bench.figures.results import Run
from voice_avatar.bench.measures import load


def again(run: Run) -> Run:
    return msgspec.json.decode(msgspec.json.encode(run), type=Run)


@pytest.mark.realtime
def test_the_load_of_a_server_says_of_whom(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    load.add_arguments(parser)
    words = ["--scripted", "--sessions", "1", "--turns", "1"]
    measured = again(load.run(parser.parse_args(words)))
    assert measured.subject["name"] == "voice-avatar"
    assert measured.subject["engines"] == "scripted"
    assert set(measured.subject["models"]) >= {"stt", "llm", "tts"}
