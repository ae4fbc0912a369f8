"""Closures and correlations on made-up tracks."""

from __future__ import annotations

import numpy as np
import pytest

from voice_avatar.acting.face.tables import Curves, face_tables
from voice_avatar.acting.mouth.viseme_sets import ARKIT
from voice_avatar.acting.mouth.viseme_tables import PP, symbol_table
from voice_avatar.bench.figures.face import closures, correlations, envelope, onset_leads_ms
from voice_avatar.events.payloads import PhonemeSpan, SpeechPlan

RATE_HZ = 6000
HZ = 60
STEP = RATE_HZ // HZ
JAW = ARKIT.index("jawOpen")
TABLE = symbol_table("en-us")


def plan(*parts: tuple[str, int]) -> SpeechPlan:
    """Returns a plan of (symbol, frames)."""
    spans, at = [], 0
    for symbol, frames in parts:
        spans.append(PhonemeSpan(symbol, at, at + frames * STEP))
        at += frames * STEP
    return SpeechPlan(at, tuple(spans), (), True)


def faces(count: int, *closed: int, jaw: float = 0.4, share: float = 1.0) -> Curves:
    """Returns faces that are open but for the closed ones."""
    rows = np.zeros((count, len(ARKIT)), np.float32)
    rows[:, JAW] = jaw
    for n in closed:
        rows[n] = share * face_tables().visemes[PP]
    return rows


# -- closures


@pytest.mark.parametrize(
    ("track", "is_closed"),
    [
        (faces(12, 4), True),
        (faces(12, 2), False),  # too early
        (faces(12, 4, share=0.85), False),
        (faces(12), False),
    ],
)
def test_a_closure_is_closed_if_lips_and_jaw_are_in_one_of_its_frames(
    track: Curves, is_closed: bool
) -> None:
    (closure,) = closures([(0, plan(("a", 4), ("m", 2), ("a", 4)))], TABLE, RATE_HZ, track, HZ)
    assert closure.symbol == "m"
    assert (closure.start_s, closure.end_s) == (4 / HZ, 6 / HZ)
    assert closure.is_closed is is_closed


def test_lips_that_meet_over_an_open_jaw_are_not_closed() -> None:
    track = faces(12, 4)
    track[:, JAW] = 0.2
    (closure,) = closures([(0, plan(("a", 4), ("b", 2)))], TABLE, RATE_HZ, track, HZ)
    assert closure.reached == pytest.approx(1.0)
    assert not closure.is_closed


def test_chunks_are_placed_and_only_p_b_m_are_closures() -> None:
    found = closures(
        [(0, plan(("p", 2), ("f", 2))), (10 * STEP, plan(("n", 1), ("b", 1)))],
        TABLE,
        RATE_HZ,
        faces(20),
        HZ,
    )
    assert [(c.symbol, c.start_s * HZ) for c in found] == [("p", 0), ("b", 11)]


# -- sound and mouth


def tone(frames: int, *loud: tuple[int, int]) -> bytes:
    """Returns a tone in some stretches of frames, silence elsewhere."""
    samples = np.zeros(frames * STEP)
    for first, last in loud:
        at = np.arange(first * STEP, last * STEP)
        samples[at] = 8000 * np.sin(2 * np.pi * 500 * at / RATE_HZ)
    return samples.astype("<i2").tobytes()


def test_the_lag_of_the_best_correlation_is_how_far_the_mouth_is_ahead() -> None:
    loud = envelope(tone(240, (60, 100), (130, 200)), RATE_HZ, HZ, 240)
    by_lag = correlations(loud, np.roll(loud, -3).astype(np.float32), HZ)
    assert max(by_lag, key=lambda lag: by_lag[lag]) == 3
    assert by_lag[3] == pytest.approx(1.0, abs=1e-6)


def test_the_envelope_is_the_root_mean_square() -> None:
    loud = envelope(tone(120, (30, 90)), RATE_HZ, HZ, 120)
    assert loud[60] == pytest.approx(8000 / 32768 / np.sqrt(2), rel=0.02)
    assert loud[10] == loud[110] == 0


def test_onsets_tell_when_the_mouth_opened_and_open_mouths_are_left_out() -> None:
    loud = envelope(tone(240, (60, 100), (160, 200)), RATE_HZ, HZ, 240)
    jaw = np.zeros(240, np.float32)
    jaw[55:100] = 0.3
    jaw[120:200] = 0.3  # long before the second sound
    (lead,) = onset_leads_ms(loud, jaw, HZ)
    assert lead == pytest.approx(1000 * 4 / HZ)  # the envelope rises a frame early
