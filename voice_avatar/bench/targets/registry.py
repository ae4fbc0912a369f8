"""Which adapter speaks which dialect; each is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from voice_avatar.bench.target import Target
from voice_avatar.errors import ConfigError

DIALECTS: Final = ("avatar", "realtime", "pipecat", "pcm")


def open_target(url: str, dialect: str = "avatar", *, token: str | None = None) -> Target:
    """Returns the server at `url`, not dialled yet.

    Raises:
        ConfigError: nobody speaks that dialect here.
    """
    if dialect not in DIALECTS:
        raise ConfigError(f"Unknown dialect {dialect!r}; known: {', '.join(DIALECTS)}.")
    try:
        adapter = import_module(f"voice_avatar.bench.targets.{dialect}")
    except ModuleNotFoundError as error:
        raise ConfigError(f"The dialect {dialect!r} cannot be spoken: {error}.") from error
    target: Target = adapter.target(url, token=token)
    return target
