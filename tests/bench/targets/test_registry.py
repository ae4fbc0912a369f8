"""The dialects by name."""

from __future__ import annotations

import pytest

from voice_avatar.bench.targets.options import DIALECTS, DialOptions
from voice_avatar.bench.targets.registry import open_target
from voice_avatar.errors import ConfigError


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_has_an_adapter_of_its_name(dialect: str) -> None:
    target = open_target("ws://127.0.0.1:9", dialect)
    assert target.capabilities.name == dialect
    assert target.capabilities.mic_hz in (16_000, 24_000)


@pytest.mark.parametrize(
    ("dialect", "given", "flag"),
    [
        ("elvish", {}, "elvish"),
        ("pcm", {"instructions": "Be brief."}, "--instructions"),
        ("avatar", {"rate_hz": 8000}, "--rate"),
        ("realtime", {"hello": "{}"}, "--hello"),
        ("pcm", {"rate_hz": -1}, "--rate"),
        ("pcm", {"rate_hz": 10**6}, "--rate"),
    ],
)
def test_what_a_dialect_has_no_use_for_is_refused(
    dialect: str, given: dict[str, str], flag: str
) -> None:
    with pytest.raises(ConfigError, match=flag):
        open_target("ws://127.0.0.1:9", dialect, DialOptions(**given))
