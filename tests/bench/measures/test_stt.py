"""The bench of recognisers: what is scored, and who takes turns."""

from __future__ import annotations

import json
import wave
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import pytest

from voice_avatar.audio.pcm import dbfs
from voice_avatar.bench.measures.stt import (
    OURS,
    Clip,
    Decoded,
    Recogniser,
    add_arguments,
    error_rate,
    figures,
    listen,
    read_clips,
    run,
    variants,
)
from voice_avatar.errors import AudioUnsupported, ConfigError
from voice_avatar.events.payloads import MIC_HZ

pytest.importorskip("jiwer")


RNG = np.random.default_rng(6)


def clip(transcript: str, kind: str = "speech", language: str = "en", seconds: float = 1.0) -> Clip:
    pcm = RNG.integers(-3000, 3000, int(seconds * MIC_HZ)).astype("<i2").tobytes()
    return Clip(f"{kind}.wav", kind, language, transcript, bool(transcript), (0.4, 0.8), pcm)


def test_chinese_is_scored_by_characters_and_english_by_words() -> None:
    assert error_rate([Decoded(clip("one two"), "One, too", 0.1)]) == 50.0
    assert error_rate([Decoded(clip("你好世界", language="zh"), "你好世间。", 0.1)]) == 25.0


def test_figures_tell_errors_loops_inventions_and_time() -> None:
    ours = [
        Decoded(clip("one two"), "one two", 0.25),
        Decoded(clip("so be it"), "it is so " * 5, 0.5),
        Decoded(clip("", "noise", ""), "Thank you.", 1.0),
        Decoded(clip("", "babble", ""), "", 1.0),
    ]
    theirs = [Decoded(h.clip, h.clip.transcript, 2 * h.seconds) for h in ours]
    found = {f.name: f for f in figures({OURS: ours, "theirs, greedy": theirs})}
    assert found["ours.error.speech"].value == found["ours.error.all_en"].value
    assert (found["ours.error.speech"].value or 0.0) > 0.0
    assert found["theirs_greedy.error.speech"].value == 0.0
    assert found["ours.loops"].value == found["ours.invented"].value == 1.0
    assert found["ours.empty"].value == found["theirs_greedy.invented"].value == 0.0
    time = found["ours.time"].summary
    assert time is not None
    assert (time.count, time.mean) == (2, pytest.approx(375.0))  # noise does not count
    assert found["theirs_greedy.time_ratio"].value == pytest.approx(2.0)


def test_recognisers_take_turns_clip_by_clip() -> None:
    calls: list[str] = []

    def recogniser(name: str) -> Recogniser:
        def recognise(pcm: bytes, language: str) -> str:
            calls.append(name)
            return f"{name} heard"

        return recognise

    heard = listen({"a": recogniser("a"), "b": recogniser("b")}, [clip("one"), clip("two")])
    assert calls == ["a", "b"] * 3  # the first round warms up
    assert [h.text for h in heard["b"]] == ["b heard"] * 2


def test_variants_are_cut_to_the_speech_and_spoilt_the_same_way_every_time() -> None:
    clips = [clip("one two"), clip("three", "speech+noise"), clip("", "noise", "", 0.2)]
    made = variants(clips)
    assert [c.kind for c in made] == ["close", "wide", "quiet", "noise 15 dB", "noise 8 dB"]
    assert [len(c.pcm) // 2 for c in made] == [12800, 12000, 14400, 14400, 12800]
    assert dbfs(made[2].pcm) == pytest.approx(dbfs(made[0].pcm) - 16.5, abs=0.5)
    assert [c.pcm for c in variants(clips)] == [c.pcm for c in made]


def test_a_folder_of_recordings_is_read(tmp_path: Path) -> None:
    item = {"file": "a.wav", "kind": "noise", "language": "", "transcript": "", "wer_use": "none"}
    item |= {"speech_start_s": None, "speech_end_s": None, "duration_s": 0.5}
    (tmp_path / "manifest.json").write_text(json.dumps({"items": [item]}))
    write(tmp_path / "a.wav", 16_000)
    [read] = read_clips(tmp_path)
    assert (read.is_scored, read.speech_s, len(read.pcm)) == (False, (0.0, 0.5), 200)
    write(tmp_path / "a.wav", 8_000)
    with pytest.raises(AudioUnsupported):
        read_clips(tmp_path)


def test_without_recordings_the_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOICE_AVATAR_SPEECH_DIR", raising=False)
    parser = ArgumentParser()
    add_arguments(parser)
    with pytest.raises(ConfigError, match="VOICE_AVATAR_SPEECH_DIR"):
        run(parser.parse_args([]))


@pytest.mark.models
@pytest.mark.speech
def test_real_recordings_are_measured_beside_the_library_itself(speech_dir: Path) -> None:
    parser = ArgumentParser()
    add_arguments(parser)
    result = run(parser.parse_args(["--speech", str(speech_dir), "--limit", "2"]))
    assert result.kind == "stt"
    assert "--limit 2" in result.command
    assert str(speech_dir) not in result.command
    assert {i["recogniser"] for i in result.items} == {
        OURS,
        "transcribe, beam 5",
        "transcribe, greedy",
    }
    assert all(i["text"] for i in result.items)


def write(path: Path, rate_hz: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(bytes(200))
