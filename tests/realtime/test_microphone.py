"""The input audio buffer: formats, places in it, and the silence that is not the client's."""

from __future__ import annotations

import base64

import pytest
from kit.realtime_scene import RealtimeScene, codes, one

from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime.microphone import Microphone
from voice_avatar.realtime.refusals import Refusal


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


# -- the buffer alone


def written(seconds: float) -> Microphone:
    microphone = Microphone()
    data = base64.b64encode(bytes(2 * int(24_000 * seconds))).decode()
    microphone.append(data, ce.PcmFormat())
    return microphone


def test_the_buffer_is_what_was_written_since_it_was_emptied() -> None:
    microphone = written(1.0)
    microphone.empty()
    assert (microphone.now_ms, microphone.buffered_ms) == (1000, 0.0)
    assert microphone.start_sample == 16_000


def test_the_silence_after_a_commit_is_in_the_sessions_samples_only() -> None:
    microphone = written(1.0)
    microphone.empty()
    assert len(microphone.tail(ce.PcmFormat())) == 2 * 24 * 64
    assert microphone.start_sample == 16_000 + 16 * 64
    assert microphone.at_ms(8_000) == 500
    assert microphone.at_ms(16_000 + 16 * 64) == 1000


def test_a_place_is_never_outside_of_what_was_written() -> None:
    assert written(1.0).at_ms(32_000) == 1000


def test_more_than_may_be_appended_at_once_is_refused() -> None:
    data = base64.b64encode(bytes(ce.MAX_APPEND_BYTES + 1)).decode()
    with pytest.raises(Refusal, match="may be appended at once"):
        Microphone().append(data, ce.PcmFormat())


@pytest.mark.parametrize("form", [ce.MulawFormat(), ce.AlawFormat()])
def test_a_byte_of_g711_is_a_sample_of_its_rate(form: ce.Format) -> None:
    microphone = Microphone()
    assert len(microphone.append(base64.b64encode(bytes(800)).decode(), form)) == 1600
    assert microphone.now_ms == 100


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_base64_may_have_broken_lines_as_android_writes_it(end: str) -> None:
    pcm = bytes(range(256)) * 2
    lines = base64.encodebytes(pcm).decode().replace("\n", end)
    assert Microphone().append(lines, ce.PcmFormat()) == pcm
    scene = RealtimeScene()
    assert codes(scene.send("input_audio_buffer.append", audio=lines)) == []
