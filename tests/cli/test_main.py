"""The command line: what each command prints, writes and exits with."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kit.edge import hush, tone

from voice_avatar import __version__
from voice_avatar.audio.wav import write_wav
from voice_avatar.cli.chat import speech_end_s
from voice_avatar.cli.main import main
from voice_avatar.client.connection import connect
from voice_avatar.client.playback import AudioReceived
from voice_avatar.config.describe import describe
from voice_avatar.errors import ConnectionFailed
from voice_avatar.models.store import ModelStore
from voice_avatar.wire import session_messages

pytestmark = pytest.mark.realtime

STAGES = ("vad", "turn", "stt", "llm", "tts")
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder whose `voice-avatar.toml` needs no model; its own model store."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("VOICE_AVATAR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("VOICE_AVATAR_HOME", str(tmp_path / "models"))
    tables = "".join(f'[{stage}]\nengine = "scripted"\n' for stage in STAGES)
    (tmp_path / "voice-avatar.toml").write_text(tables)
    return tmp_path


@pytest.fixture
def question(tmp_path: Path) -> str:
    """A recording with 1.2 s of speech that ends at 1.4 s."""
    path = tmp_path / "question.wav"
    write_wav(path, hush(0.2) + tone(1.2) + hush(0.4), 16_000)
    return str(path)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "voice_avatar", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def told(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


# -- the line itself


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


def test_the_help_of_serve_has_every_option_with_its_meaning(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main(["serve", "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    for option in describe():
        assert f"\n  {option.key} ({option.type}, default {option.default})" in text
        assert option.help in text
    assert {"--preset", "--config", "--record", "--port"} <= set(re.findall(r"--\w+", text))


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


# -- say


def test_say_writes_the_speech_and_prints_its_whole_track(here: Path, capsys: Capture) -> None:
    text = "[face:happy] Hello, [gesture:wave] my 2 friends. Good bye!"
    assert main(["say", text, "--out", "speech.wav", "--json"]) == 0
    (track,) = told(capsys)
    assert track["text"] == "Hello, my 2 friends. Good bye!"
    with wave.open(str(here / "speech.wav")) as speech:
        assert speech.getnframes() == track["samples"]
        assert speech.getframerate() == track["rate_hz"]
    assert track["audio_s"] == pytest.approx(track["samples"] / track["rate_hz"], abs=0.001)
    ends = [end for _, _, end in track["phonemes"]]
    assert [start for _, start, _ in track["phonemes"][1:]] == ends[:-1]
    assert ends[-1] == track["samples"]
    times = [t_ms for t_ms, _, _ in track["visemes"]]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= track["audio_s"] * 1000 + 1
    assert all(0 <= viseme <= 14 and 0 <= weight <= 1 for _, viseme, weight in track["visemes"])
    kinds = {(cue["type"], cue.get("lexeme") or cue.get("expression")) for cue in track["gestures"]}
    assert {("gesture", "wave"), ("face", "happy")} <= kinds
    words = [word[0] for caption in track["captions"] for word in caption["words"]]
    assert words[:3] == ["Hello,", "my", "2"]


@pytest.mark.models
def test_say_closes_the_lips_of_the_real_voice_on_every_p_b_and_m(
    here: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("VOICE_AVATAR_HOME", str(store.home))
    text = "Please bring Bob my big map. [gesture:wave] Mum paid 25 pounds by post, maybe more!"
    assert main(["say", text, "--set", "tts.engine=piper", "--out", "speech.wav", "--json"]) == 0
    (track,) = told(capsys)
    with wave.open(str(here / "speech.wav")) as speech:
        assert speech.getnframes() == track["samples"]
    spans = track["phonemes"]
    assert [start for _, start, _ in spans[1:]] == [end for _, _, end in spans[:-1]]
    # The sentences' own pauses aside, the phonemes are the audio, to the sample.
    assert spans[0][1] == 0
    assert spans[-1][2] == track["samples"]
    closed = [(start, end) for symbol, start, end in spans if symbol in ("p", "b", "m")]
    assert len(closed) >= 14
    for start, end in closed:
        start_ms, end_ms = (1000 * at / track["rate_hz"] for at in (start, end))
        pressed = [
            weight
            for t_ms, viseme, weight in track["visemes"]
            if viseme == 1 and start_ms - 60 <= t_ms <= end_ms + 60
        ]
        assert max(pressed, default=0) > 0.7
    assert track["visemes"][-1][0] <= 1000 * track["audio_s"] + 1
    assert "wave" in [cue.get("lexeme") for cue in track["gestures"]]
    words = [word[0] for caption in track["captions"] for word in caption["words"]]
    assert " ".join(words) == track["text"]


def test_say_without_json_says_how_long_it_is(capsys: Capture) -> None:
    assert main(["say", "Hello there."]) == 0
    assert re.fullmatch(r"\d\.\d\d s of speech\n", capsys.readouterr().out)


def test_a_wav_file_that_cannot_be_written_is_a_clear_error(capsys: Capture) -> None:
    assert main(["say", "Hello.", "--out", "no/such/folder.wav"]) == 1
    assert "The WAV file cannot be written" in capsys.readouterr().err


# -- chat


def test_chat_says_a_recording_and_prints_one_object(
    here: Path, question: str, capsys: Capture
) -> None:
    assert main(["chat", "--wav", question, "--out", "reply.wav", "--json"]) == 0
    (turn,) = told(capsys)
    assert turn["user_text"] == "One two three."
    assert turn["reply_text"] == turn["spoken_text"] == "You said: One two three."
    assert turn["status"] == "completed"
    assert 100 < turn["v2v_ms"] < 3000
    assert turn["cut_offs"] == 0
    assert "30 dB" in turn["speech_end"]
    assert turn["visemes"]
    assert turn["captions"]
    assert isinstance(turn["gestures"], list)
    assert turn["events"]["reply.done"] == 1
    assert turn["metrics"]["sent_ms"] == pytest.approx(turn["v2v_ms"], abs=400)
    with wave.open(str(here / "reply.wav")) as reply:
        assert reply.getnframes() / reply.getframerate() == pytest.approx(turn["audio_s"], abs=0.01)


def test_chat_takes_several_turns_spoken_and_typed(question: str, capsys: Capture) -> None:
    arguments = ["--wav", question, "--text", "And now?", "--speech-end-s", "1.5", "--json"]
    assert main(["chat", *arguments]) == 0
    spoken, typed = told(capsys)
    assert spoken["speech_end"] == "given"
    assert typed["user_text"] == "And now?"
    assert typed["v2v_ms"] is None


def test_chat_without_json_prints_the_conversation(capsys: Capture) -> None:
    assert main(["chat", "--text", "Are you there?"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["you:    Are you there?", "avatar: You said: Are you there?"]


def test_chat_without_a_sound_library_says_what_to_install(capsys: Capture) -> None:
    pytest.importorskip("numpy")
    try:
        import sounddevice  # noqa: F401
    except (ImportError, OSError):
        assert main(["chat"]) == 1
        assert "microphone" in capsys.readouterr().err
    else:
        pytest.skip("sounddevice is installed")


@pytest.mark.parametrize("rate_hz", [8_000, 48_000])
def test_the_end_of_speech_is_found_by_its_level(rate_hz: int) -> None:
    pcm = hush(0.3, rate_hz) + tone(1.0, rate_hz) + tone(0.5, rate_hz, level=0.001)
    assert speech_end_s(pcm, rate_hz) == pytest.approx(1.3, abs=0.011)


def test_the_end_of_speech_of_nothing_is_where_it_is() -> None:
    assert speech_end_s(b"", 16_000) == pytest.approx(0.01)


# -- serve and replay


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
    monkeypatch.setenv("VOICE_AVATAR_SERVER_TOKENS", "hunter2")
    with serving() as (_, url):
        assert main(["chat", "--url", url, "--text", "Hello?"]) == 1
        assert "unauthorized" in capsys.readouterr().err
        assert main(["chat", "--url", url, "--text", "Hello?", "--token", "hunter2"]) == 0


def test_a_token_is_not_taken_from_the_command_line(capsys: Capture) -> None:
    assert main(["serve", "--set", "server.tokens=hunter2"]) == 1
    said = capsys.readouterr().err
    assert "VOICE_AVATAR_SERVER_TOKENS" in said
    assert "hunter2" not in said


def test_a_second_server_on_a_port_says_that_it_is_taken() -> None:
    with serving() as (_, url):
        port = url.strip("/").rpartition(":")[2]
        second = run("serve", "--port", port)
    assert second.returncode == 1
    assert "config_invalid: Cannot listen on 127.0.0.1" in second.stderr


# -- doctor, models, bench


def test_the_doctor_tells_what_is_there_and_how_fast(capsys: Capture) -> None:
    assert main(["doctor", "--json"]) == 0
    (found,) = told(capsys)
    assert found["libraries"]["websockets"]
    assert found["models"] == []
    assert found["test"]["tts_first_audio_ms"] >= 0
    assert found["test"]["stt_text"]
    assert found["test"]["memory_mb"] > 10
    assert found["advice"]


def test_the_doctor_can_leave_the_test_out(capsys: Capture) -> None:
    assert main(["doctor", "--no-test"]) == 0
    text = capsys.readouterr().out
    assert "websockets" in text
    assert "self-test" not in text
    assert main(["doctor", "--no-test", "--json"]) == 0
    (found,) = told(capsys)
    assert found["test"] == {}
    assert found["system"]


def test_the_doctor_shows_the_thread_plan(capsys: Capture) -> None:
    options = ["--set", "threads.cores=8", "--set", "tts.engine=piper", "--set", "tts.threads=2"]
    assert main(["doctor", "--no-test", "--json", *options]) == 0
    (found,) = told(capsys)
    assert found["system"]["cores planned for"] == 8
    rows = {row["stage"]: row for row in found["threads"]}
    assert list(rows) == list(STAGES)
    assert (rows["tts"]["engine"], rows["tts"]["threads"], rows["tts"]["why"]) == (
        "piper",
        2,
        "option",
    )
    assert {rows[stage]["why"] for stage in ("vad", "turn")} == {"single"}
    assert {rows[stage]["why"] for stage in ("stt", "llm")} == {"elsewhere"}
    assert main(["doctor", "--no-test", *options]) == 0
    assert re.search(r"tts +│ piper +│ 2 │ option", capsys.readouterr().out)


def test_the_doctor_puts_what_it_measured_beside_the_threads(capsys: Capture) -> None:
    assert main(["doctor", "--json"]) == 0
    (found,) = told(capsys)
    assert [row["test_ms"] for row in found["threads"]] == [
        found["test"][figure]
        for figure in (
            "vad_window_ms",
            "turn_ms",
            "stt_ms",
            "llm_first_token_ms",
            "tts_first_audio_ms",
        )
    ]


def test_the_doctor_says_why_a_test_fails(capsys: Capture) -> None:
    assert main(["doctor", "--json", "--set", "llm.engine=openai_http"]) == 1
    (found,) = told(capsys)
    assert any("The self-test failed: " in line for line in found["advice"])


def test_models_are_listed_and_their_place_is_told(here: Path, capsys: Capture) -> None:
    assert main(["models", "list"]) == 0
    assert "whisper-base" in capsys.readouterr().out
    assert main(["models", "path"]) == 0
    assert capsys.readouterr().out.strip() == str(here / "models")
    assert main(["models", "verify"]) == 0
    assert capsys.readouterr().out == ""


def test_bench_without_a_name_says_which_there_are(capsys: Capture) -> None:
    assert main(["bench"]) == 2
    assert "{v2v,interrupt,load," in capsys.readouterr().err
    assert main(["bench", "--help"]) == 0
    assert main(["bench", "nothing"]) == 2


def test_bench_passes_its_arguments_on() -> None:
    done = run("bench", "stt", "--help")
    assert done.returncode == 0
    assert "--min-window" in done.stdout
