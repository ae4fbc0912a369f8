"""Which adapter speaks which dialect; each is imported when it is asked for."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module
from typing import Final

from voice_avatar.bench.targets.options import DIALECTS, DialOptions
from voice_avatar.bench.targets.target import Target
from voice_avatar.errors import ConfigError

MOST_HZ: Final = 192_000
"""Of a voice: what sound cards go up to."""

_FLAGS: Final = {"rate_hz": "rate"}

_USUAL: Final = DialOptions()


def open_target(url: str, dialect: str = "avatar", options: DialOptions = _USUAL) -> Target:
    """Returns the server at `url`, not dialled yet.

    Raises:
        ConfigError: nobody speaks that dialect here, or it has no use for an option.
    """
    if dialect not in DIALECTS:
        raise ConfigError(f"Unknown dialect {dialect!r}; known: {', '.join(DIALECTS)}.")
    for field in fields(options):
        if getattr(options, field.name) and field.name not in DIALECTS[dialect]:
            flag = _FLAGS.get(field.name, field.name)
            raise ConfigError(f"The dialect {dialect!r} has no use for --{flag}.")
    if not 0 <= options.rate_hz <= MOST_HZ:
        raise ConfigError(f"--rate is 1 to {MOST_HZ} hertz.")
    try:
        adapter = import_module(f"voice_avatar.bench.targets.{dialect}")
    except ModuleNotFoundError as error:
        raise ConfigError(f"The dialect {dialect!r} cannot be spoken: {error}.") from error
    target: Target = adapter.target(url, options)
    return target
