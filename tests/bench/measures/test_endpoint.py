"""Endpointing in virtual time: what a listener would have done, whatever the machine does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from voice_avatar.audio.pcm import silence
from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.measures.endpoint import TAIL_S, Ears, Latencies, Outcome, listen
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES, Transcript
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.stages.vad import VadOptions

TURN = TurnOptions(interim_s=0.0)
FAST = Latencies(stt_s=0.1, turn_s=0.03, reply_s=0.2)


class Heard(Ears):
    """Speech in the given windows; `said` and `probability` are the engines' answers.

    Attributes:
        asked: decodes.
    """

    def __init__(self, speech: str, said: str = "Hello you.", probability: float = 0.95) -> None:
        self._speech = speech
        self._said = said
        self._probability = probability
        self.asked: list[tuple[int, int]] = []

    def probabilities(self, clip: Clip) -> Sequence[tuple[float, float]]:
        windows = (0.9 if mark == "x" else 0.05 for mark in self._speech)
        tail = int(TAIL_S * MIC_HZ) // WINDOW_SAMPLES
        return [(p, -30.0) for p in windows] + [(0.05, -80.0)] * tail

    def transcript(self, clip: Clip, start: int, end: int, language: str | None) -> Transcript:
        self.asked.append((start, end))
        return Transcript(self._said, "en")

    def score(self, clip: Clip, start: int, end: int) -> float:
        return self._probability


def outcome(
    speech: str, ears: Heard | None = None, turn: TurnOptions = TURN, latencies: Latencies = FAST
) -> Outcome:
    samples = len(speech) * WINDOW_SAMPLES
    clip = Clip("clip", silence(samples), samples)
    return listen(clip, ears or Heard(speech), VadOptions(), turn, latencies)


def test_a_sure_turn_is_answered_when_its_reply_is_ready() -> None:
    heard = outcome("x" * 30)
    assert not heard.is_cut_off
    assert heard.v2v_s is not None
    assert heard.v2v_s >= TURN.min_silence_s
    assert heard.v2v_s < TURN.min_silence_s + 0.1
    assert heard.ready_s == pytest.approx(0.032 + FAST.stt_s, abs=0.02)


def test_a_slow_reply_is_waited_for_and_a_slower_machine_answers_later() -> None:
    slow = outcome("x" * 30, latencies=replace(FAST, reply_s=0.6))
    assert slow.v2v_s == pytest.approx(0.032 + FAST.stt_s + 0.6, abs=0.05)


def test_an_unsure_turn_waits_longer_and_patience_makes_it_longer_still() -> None:
    speech = "x" * 30
    unsure = outcome(speech, Heard(speech, probability=0.3))
    patient = outcome(speech, Heard(speech, probability=0.3), replace(TURN, patience=1.5))
    sure = outcome(speech)
    assert sure.v2v_s is not None
    assert unsure.v2v_s is not None
    assert patient.v2v_s is not None
    assert sure.v2v_s < unsure.v2v_s < patient.v2v_s


def test_a_pause_that_is_shorter_than_the_wait_cuts_nobody_off() -> None:
    heard = outcome("x" * 30 + "." * 8 + "x" * 30)
    assert not heard.is_cut_off
    assert heard.withdrawn == 1
    assert len(heard.commits_s) == 1


def test_a_long_pause_behind_what_sounds_finished_is_a_cut_off() -> None:
    heard = outcome("x" * 30 + "." * 40 + "x" * 30)
    assert heard.is_cut_off
    assert len(heard.onsets_s) == 2
    assert heard.v2v_s == heard.onsets_s[1]


def test_a_reply_that_nobody_heard_yet_is_no_cut_off() -> None:
    heard = outcome("x" * 30 + "." * 30 + "x" * 30, latencies=replace(FAST, reply_s=5.0))
    assert not heard.is_cut_off
    assert len(heard.commits_s) == 2
    assert len(heard.onsets_s) <= 1


def test_noise_without_words_is_never_answered() -> None:
    speech = "x" * 10
    assert outcome(speech, Heard(speech, said="")).v2v_s is None
