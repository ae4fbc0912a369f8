"""The input audio buffer: formats, places in it, and the silence that is not the client's."""

from __future__ import annotations

import base64

import pytest
from kit.realtime_scene import RealtimeScene, codes, one


def test_places_in_the_audio_are_the_clients_own_after_commits_too() -> None:
    scene = RealtimeScene()
    scene.turns()
    for _ in range(4):
        scene.hush(0.5)
        scene.send("input_audio_buffer.commit")
    scene.turns(type="server_vad", silence_duration_ms=300)
    scene.hush(1.0)
    started = one(scene.speak(0.64), "input_audio_buffer.speech_started")
    assert started["audio_start_ms"] == pytest.approx(4 * 512 + 992 - 300, abs=64)


@pytest.mark.parametrize(("kind", "silence"), [("audio/pcmu", 0xFF), ("audio/pcma", 0xD5)])
def test_g711_goes_both_ways(kind: str, silence: int) -> None:
    scene = RealtimeScene()
    form = {"format": {"type": kind}}
    scene.update(audio={"input": form, "output": form})
    data = base64.b64encode(bytes((silence,)) * 8000).decode()
    scene.send("input_audio_buffer.append", audio=data)
    scene.write("Hello.")
    scene.send("response.create")
    told = scene.answer("One.", 1.0)
    deltas = [e["delta"] for e in told if e["type"] == "response.output_audio.delta"]
    audio = b"".join(base64.b64decode(delta) for delta in deltas)
    assert len(audio) == 8000
    assert set(audio) <= {silence, silence ^ 0x80}


def test_a_sample_may_be_cut_in_two() -> None:
    scene = RealtimeScene()
    scene.turns()
    for size in (4801, 4799):
        audio = base64.b64encode(bytes(size)).decode()
        assert scene.send("input_audio_buffer.append", audio=audio) == []
    assert codes(scene.send("input_audio_buffer.commit")) == []
