"""Which server is measured, and what a result says of it."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from voice_avatar.bench.callers.server_options import (
    CONDITIONS,
    add_server_arguments,
    server_command,
    server_settings,
    sets_as_text,
    settings_of,
    settings_shown,
)
from voice_avatar.errors import ConfigError


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
