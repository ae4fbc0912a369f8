"""The bench of the body: a real run."""

from __future__ import annotations

import argparse

import pytest

from voice_avatar.bench.measures import body


@pytest.mark.models
def test_a_minute_of_two_languages_closes_every_closure_and_never_jumps() -> None:
    run = body.run(argparse.Namespace(voices=body.VOICES, minutes=0.3, seed=1))
    values = {figure.name: figure.value for figure in run.figures}
    for language in ("en", "zh"):
        assert values[f"{language}.closures"] == 100.0
        assert values[f"{language}.jumps_60"] == values[f"{language}.jumps_30"] == 0
        assert (values[f"{language}.envelope_correlation"] or 0) > 0.5
        assert (values[f"{language}.keys"] or 99) <= 25
    assert {item["missed"] == [] for item in run.items} == {True}
