"""What is heard in the VAD thread: pitch where it is asked for and where somebody speaks."""

from __future__ import annotations

import numpy as np
import pytest

from voice_avatar.engines.scripted import ScriptedVad
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES, AudioWindow
from voice_avatar.hearing.analysis import Analysis, AnalysisRequest, HeardWindow, analyse_all


def voice(amplitude: float, f0_hz: float = 125.0) -> bytes:
    t = np.arange(4 * WINDOW_SAMPLES) / MIC_HZ
    sound = sum(np.sin(2 * np.pi * k * f0_hz * t) / k for k in range(1, 8))
    return (amplitude * np.asarray(sound)).astype("<i2").tobytes()


def windows(pcm: bytes) -> tuple[AudioWindow, ...]:
    size = 2 * WINDOW_SAMPLES
    return tuple(
        AudioWindow(at // 2, pcm[at : at + size], False) for at in range(0, len(pcm), size)
    )


def pitches(heard: list[HeardWindow] | Exception) -> list[float]:
    assert not isinstance(heard, Exception)
    return [window.f0_hz for window in heard]


def test_pitch_is_found_where_it_is_asked_for_from_the_second_window_of_speech_on() -> None:
    analysis = Analysis(ScriptedVad().open(), None)
    (heard,) = analyse_all([AnalysisRequest(analysis, windows(voice(5000.0)), wants_pitch=True)])
    assert pitches(heard) == [0.0, *[pytest.approx(125.0, rel=0.01)] * 3]


@pytest.mark.parametrize(("amplitude", "wants_pitch"), [(5000.0, False), (40.0, True)])
def test_nothing_is_spent_on_pitch_that_nobody_wants_or_where_nobody_speaks(
    amplitude: float, wants_pitch: bool
) -> None:
    analysis = Analysis(ScriptedVad().open(), None)
    heard = analysis.hear(windows(voice(amplitude)), wants_pitch=wants_pitch)
    assert pitches(heard) == [0.0] * 4


def test_a_conversation_that_fails_leaves_the_others_in_its_batch_alone() -> None:
    analysis = Analysis(ScriptedVad().open(), None)
    odd = AudioWindow(0, b"\0", False)
    failed, heard = analyse_all(
        [AnalysisRequest(analysis, (odd,), wants_pitch=True), AnalysisRequest(analysis, ())]
    )
    assert isinstance(failed, Exception)
    assert heard == []
