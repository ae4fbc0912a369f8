"""Opus: what goes in comes out, at the same place."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from voice_avatar.audio import opus
from voice_avatar.audio.opus import OPUS_RATES_HZ
from voice_avatar.errors import AudioInvalid, AudioUnsupported
from voice_avatar.wire.frame_codec import FRAME_S

pytestmark = pytest.mark.skipif(not opus.available(), reason="PyAV with libopus is not installed")


def voice(rate_hz: int, seconds: float) -> bytes:
    """A swelling tone with overtones, as a vowel has."""
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    swell = 1 + np.sin(2 * np.pi * 3 * t)
    tones = sum(np.sin(2 * np.pi * f * t + f) for f in (150, 300, 450, 900, 1500))
    return (tones * swell * 2500).astype("<i2").tobytes()


def encoded(rate_hz: int, pcm: bytes) -> tuple[opus.OpusPacket, ...]:
    encoder = opus.OpusEncoder(rate_hz)
    return (*encoder.push(pcm), *encoder.flush())


def decoded(rate_hz: int, packets: tuple[opus.OpusPacket, ...]) -> bytes:
    decoder = opus.OpusDecoder(rate_hz)
    pcm = b"".join(decoder.push(packet.payload, packet.pts).pcm for packet in packets)
    return pcm + decoder.flush().pcm


def snr_db(sent: bytes, got: bytes, lag: int = 0) -> float:
    x = np.frombuffer(sent, "<i2")[100:-100].astype(float)
    y = np.frombuffer(got, "<i2")[100 + lag :][: x.size].astype(float)
    return 10 * math.log10(float((x**2).sum() / ((x - y) ** 2).sum()))


@pytest.mark.parametrize("rate_hz", OPUS_RATES_HZ)
def test_audio_comes_back_like_it_was_and_where_it_was(rate_hz: int) -> None:
    pcm = voice(rate_hz, 1.0)
    got = decoded(rate_hz, encoded(rate_hz, pcm))
    best = max(range(-40, 41), key=lambda lag: snr_db(pcm, got, lag))
    assert abs(best) / rate_hz <= 0.00013  # one sample at 8 kHz
    assert snr_db(pcm, got, best) > 15


def test_speech_comes_back_with_a_clear_waveform(speech_dir: object) -> None:
    import wave

    with wave.open(f"{speech_dir}/en_brooklyn.wav") as recording:
        rate_hz = recording.getframerate()
        pcm = recording.readframes(rate_hz * 5)
    got = decoded(rate_hz, encoded(rate_hz, pcm))
    assert max(snr_db(pcm, got, lag) for lag in (-1, 0, 1)) > 15


@pytest.mark.parametrize("samples", [1, 319, 320, 321, 16_000])
def test_no_sample_is_lost_at_the_end(samples: int) -> None:
    pcm = voice(16_000, 1.0)[: samples * 2]
    assert len(decoded(16_000, encoded(16_000, pcm))) >= len(pcm)


def test_packets_of_20_ms_step_from_zero_whatever_the_size_of_the_pieces() -> None:
    pcm = voice(24_000, 0.5)
    encoder = opus.OpusEncoder(24_000)
    packets = [p for at in range(0, len(pcm), 700) for p in encoder.push(pcm[at : at + 700])]
    assert [p.pts for p in packets] == [n * int(24_000 * FRAME_S) for n in range(25)]
    assert tuple(p.payload for p in packets) == tuple(p.payload for p in encoded(24_000, pcm)[:25])


def test_an_empty_stream_has_one_packet_for_the_look_ahead() -> None:
    assert len(encoded(16_000, b"")) == 1


def test_decoded_audio_is_gapless_on_its_own_axis() -> None:
    decoder = opus.OpusDecoder(16_000)
    position = 0
    for packet in encoded(16_000, voice(16_000, 0.3)):
        audio = decoder.push(packet.payload, packet.pts)
        assert audio.pts == position
        position += len(audio.pcm) // 2


def test_audio_after_a_gap_has_its_index_after_the_gap() -> None:
    packets = encoded(16_000, voice(16_000, 0.4))
    decoder = opus.OpusDecoder(16_000)
    decoder.push(packets[0].payload, packets[0].pts)
    after = decoder.push(packets[10].payload, packets[10].pts)
    lag = opus.LOOKAHEAD_SAMPLES * 16_000 // opus.DECODED_HZ
    assert after.pts == packets[10].pts - lag


def test_a_rate_that_opus_does_not_code_is_refused() -> None:
    for make in (opus.OpusEncoder, opus.OpusDecoder):
        with pytest.raises(AudioUnsupported):
            make(22_050)


def test_rubbish_is_refused_and_the_next_good_packet_decodes() -> None:
    rng = random.Random(0)
    good = encoded(16_000, voice(16_000, 0.1))
    decoder = opus.OpusDecoder(16_000)
    refused = 0
    for n in range(200):
        payload = rng.randbytes(rng.randrange(80))
        try:
            decoder.push(payload, n * 320)
        except AudioInvalid:
            refused += 1
    assert refused > 50
    with pytest.raises(AudioInvalid):
        decoder.push(b"", 0)
    assert decoder.push(good[2].payload, 200 * 320).pcm


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert not opus.available()
