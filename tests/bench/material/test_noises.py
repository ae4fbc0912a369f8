"""Sounds that are no interruption."""

from __future__ import annotations

from voice_avatar.audio.pcm import dbfs
from voice_avatar.bench.material.noises import made_disturbances, spoken_disturbances
from voice_avatar.engines.scripted import ScriptedTts


def test_made_sounds_are_the_same_for_everybody_and_as_loud_as_speech() -> None:
    made = made_disturbances()
    assert made == made_disturbances()
    assert {sound.kind for sound in made} == {"cough", "mhm"}
    for sound in made:
        assert 0.3 < sound.duration_s < 2.0
        assert -35 < dbfs(sound.pcm) < -9


def test_a_voice_says_what_listeners_say() -> None:
    said = spoken_disturbances(ScriptedTts(symbol_samples=1600))
    assert [sound.name for sound in said[:4]] == ["mhm", "uh-huh", "yeah", "okay"]
    assert all(sound.duration_s > 0.1 for sound in said)
