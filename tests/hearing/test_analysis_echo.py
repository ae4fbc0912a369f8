"""What is heard where the avatar's own voice comes back."""

from __future__ import annotations

import numpy as np
from kit.echo_sounds import LEAD_S, heard, room, voice

from voice_avatar.audio.pcm import to_pcm
from voice_avatar.engines.scripted import ScriptedVadStream
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES, AudioWindow
from voice_avatar.hearing.analysis import Analysis, AnalysisRequest, analyse_all
from voice_avatar.hearing.echo import EchoGuard, EchoOptions, Playing, SentAudio

PLAYING = Playing(1, round(LEAD_S * MIC_HZ))


def windows_of(mic: np.ndarray) -> tuple[AudioWindow, ...]:
    count = mic.size // WINDOW_SAMPLES
    pieces = np.split(mic[: count * WINDOW_SAMPLES], count)
    return tuple(AudioWindow(i * WINDOW_SAMPLES, to_pcm(p)) for i, p in enumerate(pieces))


def test_the_avatars_own_voice_is_no_speech() -> None:
    reply = voice(4.0, 1)
    windows = windows_of(heard(room(reply, 3), delay_s=0.1, gain_db=-10.0, seconds=4.5))
    spoken = (SentAudio(1, to_pcm(reply)),)
    plain = Analysis(ScriptedVadStream(), None)
    guarded = Analysis(ScriptedVadStream(), None, EchoGuard(MIC_HZ), EchoOptions())
    answers = analyse_all(
        [
            AnalysisRequest(hearing, windows, spoken=spoken, playing=PLAYING)
            for hearing in (plain, guarded)
        ]
    )
    speech = [
        sum(one.probability > 0.5 for one in answer)
        for answer in answers
        if not isinstance(answer, Exception)
    ]
    assert speech[0] > 30
    assert speech[1] <= speech[0] // 50


def test_the_sound_itself_stays_as_it_was() -> None:
    """Nothing is cancelled: what the recogniser gets is what the microphone heard."""
    reply = voice(2.0, 1)
    windows = windows_of(heard(reply, delay_s=0.1, gain_db=-10.0, seconds=2.5))
    analysis = Analysis(ScriptedVadStream(), None, EchoGuard(MIC_HZ))
    found = analysis.hear(windows, spoken=(SentAudio(1, to_pcm(reply)),), playing=PLAYING)
    assert [one.pcm for one in found] == [window.pcm for window in windows]
