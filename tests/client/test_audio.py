"""The sound of a client: players, the microphone, files."""

from __future__ import annotations

import itertools
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voice_avatar.client.audio import (
    FADE_S,
    MicrophoneFrames,
    SimulatedPlayer,
    SoundPlayer,
    read_wav,
)
from voice_avatar.errors import AudioUnsupported, EngineUnavailable
from voice_avatar.wire import session_messages


def pcm_of(samples: int) -> bytes:
    return np.arange(1, samples + 1).astype("<i2").tobytes()


def test_the_simulated_player_plays_at_the_rate_of_its_clock_and_waits_when_empty() -> None:
    now = 10.0
    player = SimulatedPlayer(lambda: now)
    player.start(1024)
    player.play(bytes(256))
    now = 10.0625
    assert player.played == 64
    now = 11.0
    assert player.played == 128
    player.play(bytes(200))
    now = 11.03125
    assert player.played == 160
    player.flush()
    now = 12.0
    assert player.played == 160


def test_the_simulated_player_stands_still_while_it_is_paused() -> None:
    now = 10.0
    player = SimulatedPlayer(lambda: now)
    player.start(1024)
    player.play(bytes(2048))
    now = 10.25
    player.pause()
    now = 15.0
    player.play(bytes(2048))
    assert player.played == 256
    player.resume()
    now = 15.25
    assert player.played == 512
    player.pause()
    player.start(1024)
    player.play(bytes(2048))
    now = 15.5
    assert player.played == 256


class Device:
    """A sound card of which a test turns the handle."""

    class PortAudioError(Exception):
        pass

    samplerate = 16_000
    latency = 0.01

    def RawOutputStream(self, *, callback: Any, **_: Any) -> Device:  # noqa: N802 - its name
        self._callback = callback
        return self

    def start(self) -> None: ...

    def close(self) -> None: ...

    def block(self, samples: int = 320) -> list[int]:
        """What comes out with the next block."""
        out = bytearray(2 * samples)
        self._callback(out, samples, None, None)
        return np.frombuffer(bytes(out), "<i2").tolist()


def sound_player(monkeypatch: pytest.MonkeyPatch) -> tuple[SoundPlayer, Device]:
    device = Device()
    monkeypatch.setitem(sys.modules, "sounddevice", device)
    player = SoundPlayer()
    player.start(16_000)
    return player, device


FADE = int(FADE_S * 16_000)


def test_the_loudspeaker_fades_out_within_a_block_and_goes_on_with_the_next_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    player, device = sound_player(monkeypatch)
    samples = list(range(1000, 3000))
    player.play(np.array(samples, "<i2").tobytes())
    assert device.block() == samples[:320]
    player.pause()
    out = device.block()
    assert player.played == 320 + FADE
    assert out[0] == samples[320]
    assert out[FADE - 1 :] == [0] * (321 - FADE)
    assert all(a >= b for a, b in itertools.pairwise(out))
    assert device.block() == [0] * 320
    assert player.played == 320 + FADE
    player.resume()
    out = device.block()
    assert player.played == 640 + FADE
    assert out[0] == 0
    assert out[FADE:] == samples[320 + 2 * FADE : 640 + FADE]
    assert device.block() == samples[640 + FADE : 960 + FADE]


def test_a_pause_that_ends_before_the_next_block_is_not_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    player, device = sound_player(monkeypatch)
    player.play(pcm_of(640))
    device.block()
    player.pause()
    player.resume()
    assert device.block() == list(range(321, 641))


def test_the_next_reply_is_not_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    player, device = sound_player(monkeypatch)
    player.play(pcm_of(320))
    player.pause()
    device.block()
    player.flush()
    player.start(16_000)
    player.play(pcm_of(320))
    assert device.block() == list(range(1, 321))


def test_the_microphone_remembers_when_a_sample_was_said() -> None:
    microphone = MicrophoneFrames(session_messages.AudioFormat(codec="pcm16", rate_hz=16_000))
    microphone.frames(bytes(640), 16_000, 5.02)
    microphone.frames(bytes(640), 16_000, 5.04)
    assert microphone.said_s(10.0) == pytest.approx(5.01)
    assert microphone.said_s(30.0) == pytest.approx(5.03)
    assert microphone.said_s(99.0) is None


def test_only_16_bit_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "8bit.wav"
    with wave.open(str(path), "wb") as recording:
        recording.setparams((1, 1, 8000, 0, "NONE", ""))
        recording.writeframes(bytes(10))
    with pytest.raises(AudioUnsupported):
        read_wav(path)


def test_a_machine_without_sound_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)
    with pytest.raises(EngineUnavailable, match="microphone"):
        SoundPlayer()
