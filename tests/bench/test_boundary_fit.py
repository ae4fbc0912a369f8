"""Where boundaries are, between sounds of known classes."""

from __future__ import annotations

import numpy as np
import pytest

from voice_avatar.bench import boundary_fit
from voice_avatar.bench.material.sentences import read_calibration
from voice_avatar.pipeline.spoken import speak
from voice_avatar.stages.tts import TtsEngine

pytest.importorskip("pocketsphinx")


def test_a_line_is_found_and_what_is_far_from_it_hardly_counts() -> None:
    rng = np.random.default_rng(1)
    own, before = rng.uniform(20, 200, 300), rng.uniform(20, 200, 300)
    late = -20 + 0.2 * (own - 100) - 0.1 * (before - 100)
    late[:20] += 400.0
    found = list(zip(late.tolist(), own.tolist(), before.tolist(), strict=True))
    assert boundary_fit.fitted(found) == pytest.approx([-20, 0.2, -0.1], abs=1.0)
    table = boundary_fit.table_of({"vowel labial": found, "vowel vowel": found, "x y": found[:3]})
    assert table.startswith('"vowel labial" = [-')
    assert len(table.splitlines()) == 1


@pytest.mark.models
def test_boundaries_are_measured_between_sounds_of_known_classes(piper: TtsEngine) -> None:
    text = read_calibration()[0]
    speech = speak(piper, text, "en")
    found = list(boundary_fit.boundaries(text, speech, piper.capabilities))
    assert len(found) > 15
    assert {"labial vowel", "vowel labial"} <= {pair for pair, _ in found}
    assert np.median([abs(late) for _, (late, _, _) in found]) < 25
