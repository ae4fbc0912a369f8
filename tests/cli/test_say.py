"""`voice-avatar say`: speech and its track."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import pytest
from kit.command_line import Capture, told

from voice_avatar.cli.main import main
from voice_avatar.models.store import ModelStore

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("here")]


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
