"""`voice-avatar serve`, from its URL to its last signal, and `replay`."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kit.command_line import Capture, run, told

from voice_avatar.cli.main import main
from voice_avatar.client.connection import connect
from voice_avatar.client.playback import AudioReceived
from voice_avatar.config.describe import describe
from voice_avatar.errors import ConnectionFailed
from voice_avatar.wire import session_messages

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("here")]


def test_the_help_of_serve_has_every_option_with_its_meaning(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main(["serve", "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    for option in describe():
        assert f"\n  {option.key} ({option.type}, default {option.default})" in text
        assert option.help in text
    assert {"--preset", "--config", "--record", "--port"} <= set(re.findall(r"--\w+", text))


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Runs `voice-avatar serve` and gives its process and URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "voice_avatar", "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield process, line.removeprefix("voice-avatar is ready: ").strip()
    finally:
        process.kill()
        process.communicate()


def test_a_server_prints_its_url_records_drains_and_can_be_replayed(
    here: Path, question: str, capsys: Capture
) -> None:
    arguments = ("--record", "kept", "--set", "server.log_format=json")
    with serving(*arguments) as (process, url):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", url)
        assert main(["chat", "--url", url, "--wav", question, "--json"]) == 0
        assert told(capsys)[0]["user_text"] == "One two three."
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0
    logged = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert {"ready", "session opened", "reply over", "session closed"} <= {
        record["event"] for record in logged
    }
    assert "three" not in err + out
    assert main(["replay", "kept"]) == 0
    assert re.search(r"\d+ steps, 0 differ", capsys.readouterr().out)
    events = next((here / "kept").glob("*/events.jsonl"))
    steps = [json.loads(line) for line in events.read_text().splitlines()]
    for step in steps:
        if step["event"] and step["event"]["type"] == "Transcribed":
            step["event"]["transcript"]["text"] = "Once upon a time."
    events.write_text("".join(f"{json.dumps(step)}\n" for step in steps))
    assert main(["replay", str(events.parent)]) == 1
    assert "TranscriptFinal" in capsys.readouterr().out


def test_a_second_signal_ends_a_server_that_drains(here: Path) -> None:
    greeting = "I can talk for a long while. " * 10
    persona = f'name = "Talker"\nprompt = "You talk."\ngreeting = "{greeting}"\n'
    (here / "talker.toml").write_text(persona)
    with serving("--persona", "talker.toml") as (process, url):
        asyncio.run(_cut_short(process, url))
        assert process.wait(120) == 128 + signal.SIGINT


async def _cut_short(process: subprocess.Popen[str], url: str) -> None:
    """Lets the greeting begin, and asks the server twice to stop: the client hears of both."""
    async with connect(url.replace("http", "ws", 1)) as avatar:
        async for event in avatar:
            if isinstance(event, AudioReceived):
                break
        process.send_signal(signal.SIGINT)
        async for event in avatar:
            if isinstance(event, session_messages.SessionGoaway):
                break
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        with pytest.raises(ConnectionFailed, match="lost"):
            await asyncio.wait_for(avatar.next_reply(), 120)


def test_a_server_with_a_token_is_talked_to_with_it(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICE_AVATAR_SERVER_TOKENS", "hunter2-hunter2-Hunter2")
    with serving() as (_, url):
        assert main(["chat", "--url", url, "--text", "Hello?"]) == 1
        assert "unauthorized" in capsys.readouterr().err
        assert (
            main(["chat", "--url", url, "--text", "Hello?", "--token", "hunter2-hunter2-Hunter2"])
            == 0
        )


def test_a_token_is_not_taken_from_the_command_line(capsys: Capture) -> None:
    assert main(["serve", "--set", "server.tokens=hunter2"]) == 1
    said = capsys.readouterr().err
    assert "VOICE_AVATAR_SERVER_TOKENS" in said
    assert "hunter2-hunter2-Hunter2" not in said


def test_a_second_server_on_a_port_says_that_it_is_taken() -> None:
    with serving() as (_, url):
        port = url.strip("/").rpartition(":")[2]
        second = run("serve", "--port", port)
    assert second.returncode == 1
    assert "config_invalid: Cannot listen on 127.0.0.1" in second.stderr
