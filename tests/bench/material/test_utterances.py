"""What users say, and where it begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from kit.bench_clips import HZ, room, tone, write

from voice_avatar.bench.material.utterances import noise_utterances, onset, read_utterances
from voice_avatar.errors import ConfigError


def test_speech_starts_where_sound_begins_that_is_no_click() -> None:
    quiet, loud = np.full(1600, 3, "<i2"), np.full(3200, 9000, "<i2")
    click = np.full(160, 9000, "<i2")
    pcm = np.concatenate((quiet, click, quiet, loud)).tobytes()
    assert onset(pcm) == 3360
    assert onset(pcm, 3400) == 3400
    assert onset(quiet.tobytes(), 320) == 320
    assert onset(b"") == 0


def test_what_users_say_under_load_may_be_recordings_without_a_list(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", room(0.3) + tone(0.5) + room(0.2))
    write(tmp_path / "b.wav", tone(0.5))
    first, _ = read_utterances(tmp_path)
    assert first.name == "a"
    assert first.start == pytest.approx(0.3 * HZ, abs=HZ // 100)
    assert first.end == pytest.approx(0.8 * HZ, abs=HZ // 100)
    assert [said.name for said in read_utterances(tmp_path, 1)] == ["a"]
    with pytest.raises(ConfigError):
        read_utterances(tmp_path / "nowhere")


def test_noise_that_stands_for_speech_is_never_quiet() -> None:
    for said in noise_utterances():
        levels = np.abs(np.frombuffer(said.pcm, "<i2").astype(int)[:16_000]).reshape(-1, 160).max(1)
        assert levels.min() > 1000
        assert said.end == len(said.pcm) // 2
