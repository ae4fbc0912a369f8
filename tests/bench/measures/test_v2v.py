"""`bench v2v`: real sessions over sockets, and its command line."""

from __future__ import annotations

import argparse
import wave
from pathlib import Path

import msgspec
import pytest
from kit.bench_turns import said
from kit.edge import BRISK, engines, running

from voice_avatar.bench.callers.call import CallOptions
from voice_avatar.bench.figures.results import Run
from voice_avatar.bench.measures import v2v
from voice_avatar.bench.targets.registry import open_target
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.errors import ConfigError

HZ = 16_000


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_sessions_at_once_are_kept_apart_and_clips_are_said_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    voice = ScriptedTts(symbol_samples=BRISK)
    async with running(engines("Hello.", tts=voice)) as server:
        target = open_target(server.url)
        options = CallOptions(gap_s=0.2)
        calls = await v2v.measure(target, [said()], options, sessions=2, turns=2)
        await server.settled()
    assert [[turn.number for turn in turns] for turns in calls] == [[0, 1], [0, 1]]
    assert all(turn.v2v_s is not None for turns in calls for turn in turns)
    assert "4 of 4" in capsys.readouterr().err


@pytest.mark.realtime
def test_a_run_can_be_repeated_and_computed_again_from_its_file(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "tone.wav"), "wb") as file:
        file.setparams((1, 2, HZ, 0, "NONE", ""))
        file.writeframes(said().pcm)
    parser = argparse.ArgumentParser()
    v2v.add_arguments(parser)
    scripted = [
        word
        for stage in ("vad", "turn", "stt", "llm", "tts")
        for word in ("--set", f"{stage}.engine=scripted")
    ]
    args = parser.parse_args(["--clips", str(tmp_path), "--turns", "1", *scripted])
    measured = v2v.run(args)
    again = msgspec.json.decode(msgspec.json.encode(measured), type=Run)
    assert again == measured
    assert [turn["clip"] for turn in again.items] == ["tone"]
    assert again.items[0]["v2v_s"] > 0
    assert again.subject["name"] == "voice-avatar"
    assert again.subject["models"]["stt"]["name"]
    assert again.settings["server"]["session.max_reply_tokens"] == "60"
    assert "--turns 1" in again.command
    assert str(tmp_path) not in again.command
    assert "stt.engine=scripted" in again.command


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    v2v.add_arguments(parser)
    return parser.parse_args(["--clips", "somewhere", *words])


def test_pauses_have_usual_lengths_and_any_others() -> None:
    assert parsed().pauses == ()
    assert parsed("--pauses").pauses == (0.5, 1.0)
    assert parsed("--pauses", "0.7").pauses == (0.7,)
    for wrong in ("no", "-1", "0.5,"):
        with pytest.raises(SystemExit):
            parsed(f"--pauses={wrong}")


@pytest.mark.parametrize(
    "words", [("--set", "nonsense"), ("--url", "ws://127.0.0.1:9", "--set", "turn.patience=1")]
)
def test_settings_that_cannot_be_used_are_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    args = parsed(*words)
    args.clips = tmp_path
    with pytest.raises(ConfigError):
        v2v.run(args)


def test_without_recordings_it_says_which_variable_is_missing() -> None:
    args = parsed()
    args.clips = None
    with pytest.raises(ConfigError, match="VOICE_AVATAR_CLIPS_DIR"):
        v2v.run(args)
