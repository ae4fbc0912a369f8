"""Which server is measured, and what a result says of it; whole runs without models."""

from __future__ import annotations

import argparse
import wave
from pathlib import Path

import msgspec
import pytest
from kit.edge import hush, tone

from voice_avatar.bench.callers.server_options import (
    CONDITIONS,
    add_server_arguments,
    server_command,
    server_settings,
    sets_as_text,
    settings_of,
    settings_shown,
)
from voice_avatar.bench.figures.results import Run
from voice_avatar.bench.measures import interrupt, load
from voice_avatar.errors import ConfigError

HZ = 16_000

SCRIPTED = [
    word
    for stage in ("vad", "turn", "stt", "llm", "tts")
    for word in ("--set", f"{stage}.engine=scripted")
]


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_server_arguments(parser)
    return parser.parse_args(words)


def test_a_server_that_is_started_has_the_published_conditions_unless_it_is_told() -> None:
    assert server_settings(parsed()) == CONDITIONS
    given = parsed("--set", "session.max_reply_tokens = 20", "--set", "turn.patience=2")
    assert server_settings(given) == {
        "session.max_reply_tokens": "20",
        "session.temperature": "0.0",
        "turn.patience": "2",
    }
    assert server_settings(parsed("--url", "ws://x")) == {}


def test_a_persona_is_found_from_any_folder_and_told_by_its_name() -> None:
    settings = settings_of(["server.persona=ava.toml"])
    assert Path(settings["server.persona"]).is_absolute()
    assert settings_shown(parsed(), settings) == {
        "preset": "embedded",
        "server": {**CONDITIONS, "server.persona": "ava.toml"},
    }


@pytest.mark.parametrize(
    "words",
    [
        ("--set", "nonsense"),
        ("--url", "ws://x", "--set", "turn.patience=1"),
        ("--dialect", "pipecat"),
    ],
)
def test_what_cannot_be_started_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError):
        server_settings(parsed(*words))


def test_a_command_asks_for_the_same_server() -> None:
    assert server_command(parsed()) == {"url": None, "dialect": None, "preset": None}
    args = parsed("--serve", "laptop")
    assert server_command(args)["preset"] == "laptop"
    args = parsed("--url", "ws://x", "--dialect", "pcm")
    assert server_command(args) == {"url": "ws://x", "dialect": "pcm", "preset": None}
    assert sets_as_text(["a.b=1", "c.d=2"]) == " --set a.b=1 --set c.d=2"


# -- whole runs


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


@pytest.mark.realtime
def test_the_load_of_a_server_says_of_whom(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    load.add_arguments(parser)
    words = ["--scripted", "--sessions", "1", "--turns", "1"]
    measured = again(load.run(parser.parse_args(words)))
    assert measured.subject["name"] == "voice-avatar"
    assert measured.subject["engines"] == "scripted"
    assert set(measured.subject["models"]) >= {"stt", "llm", "tts"}
