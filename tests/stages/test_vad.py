"""Options of voice activity: explained, frozen, and a hysteresis that can work."""

from __future__ import annotations

import pytest
from kit.values import assert_explained, assert_plain

from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES
from voice_avatar.stages.vad import VadCapabilities, VadOptions


@pytest.mark.parametrize("kind", [VadCapabilities, VadOptions])
def test_every_field_is_explained_and_none_can_be_changed(kind: type[object]) -> None:
    assert_plain(kind)
    assert_explained(kind)


def test_speech_stops_below_where_it_starts_and_stirs_before_both() -> None:
    usual = VadOptions()
    assert 0 < usual.stir_probability < usual.stop_probability < usual.start_probability < 1


def test_windows_last_as_long_as_the_options_say_that_they_do() -> None:
    usual = VadOptions()
    window_ms = WINDOW_SAMPLES * 1000 / MIC_HZ
    assert usual.start_windows * window_ms == 96
    assert usual.pause_windows * window_ms == 32
