"""Denoising: what an engine is, and that it is off unless it is asked for."""

from __future__ import annotations

import pytest
from kit.values import assert_explained, assert_plain

from voice_avatar.engines.registry import NONE, OPTIONAL
from voice_avatar.stages.denoise import DenoiseCapabilities, DenoiseOptions


@pytest.mark.parametrize("kind", [DenoiseCapabilities, DenoiseOptions])
def test_every_field_is_explained_and_none_can_be_changed(kind: type[object]) -> None:
    assert_plain(kind)
    assert_explained(kind)


def test_it_is_off_unless_it_is_asked_for() -> None:
    assert DenoiseOptions().engine == NONE
    assert "denoise" in OPTIONAL
