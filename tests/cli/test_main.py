"""The command line: what it explains, refuses and exits with."""

from __future__ import annotations

import subprocess
import sys

import pytest
from kit.command_line import Capture, run

from voice_avatar import __version__
from voice_avatar.cli.main import main

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("here")]


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, voice_avatar.cli.main as cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'msgspec', 'websockets', 'asyncio', 'rich', 'prometheus_client'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in ("serve", "chat", "say", "doctor", "models", "replay", "bench"):
        assert command in done.stdout


@pytest.mark.parametrize(
    "command",
    "serve chat say doctor models replay models-list models-pull models-verify models-path".split(),
)
def test_every_command_explains_itself(command: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main([*command.split("-"), "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert f"usage: voice-avatar {command.replace('-', ' ')}" in text
    assert "-h, --help" in text


def test_the_version_is_told(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"voice-avatar {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["dance"], ["say"], ["models"], ["serve", "--what"], ["replay"]]
)
def test_a_wrong_command_line_exits_with_2(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: voice-avatar" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["say", "x", "--set", "tts.voise=joe"], "config_invalid: There is no option 'tts.voise'"),
        (["say", "x", "--set", "tts.voice"], "config_invalid: --set wants STAGE.KEY=VALUE"),
        (["say", "x", "--preset", "huge"], "config_invalid: There is no preset 'huge'"),
        (["say", "x", "--config", "no.toml"], "config_invalid: The configuration file cannot"),
        (["say", "x", "--set", "tts.engine=pipr"], "config_invalid: There is no tts engine"),
        (["serve", "--port", "http"], "config_invalid: server.port must be a whole number"),
        (["serve", "--persona", "nobody"], "persona_invalid: "),
        (["chat", "--wav", "no.wav"], "audio_unsupported: no.wav cannot be read"),
        (["chat", "--wav", "voice-avatar.toml"], "audio_unsupported: Not a PCM WAV file"),
        (["chat", "--url", "ws://127.0.0.1:9", "--text", "x"], "connection_failed: "),
        (["replay", "."], "config_invalid: There is no recorded session"),
        (["models", "pull", "whisper-bse"], "model_unknown: "),
    ],
)
def test_a_foreseen_error_is_one_line_with_its_code_and_exit_1(
    arguments: list[str], line: str, capsys: Capture
) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"voice-avatar: {line}")


def test_the_environment_and_the_command_line_go_over_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("VOICE_AVATAR_TTS_ENGINE", "none")
    assert main(["say", "Hello."]) == 1
    assert main(["say", "Hello.", "--set", "tts.engine=scripted"]) == 0


def test_bench_without_a_name_says_which_there_are(capsys: Capture) -> None:
    assert main(["bench"]) == 2
    assert "{v2v,interrupt,load," in capsys.readouterr().err
    assert main(["bench", "--help"]) == 0
    assert main(["bench", "nothing"]) == 2


def test_bench_passes_its_arguments_on() -> None:
    done = run("bench", "stt", "--help")
    assert done.returncode == 0
    assert "--min-window" in done.stdout
