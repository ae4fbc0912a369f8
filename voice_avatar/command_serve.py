"""`voice-avatar serve`: a server until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from voice_avatar import logs
from voice_avatar.config import Config
from voice_avatar.engines.registry import load_engines
from voice_avatar.models import ModelStore
from voice_avatar.server import AvatarServer, load_persona
from voice_avatar.workers import Engines

T = TypeVar("T")


def serve(config: Config) -> int:
    """Runs a server."""
    logs.configure(config.server.log_format, config.server.log_level)
    with_uvloop(_serve(config))
    return 0


async def _serve(config: Config) -> None:
    server = AvatarServer(config, lambda: engines_of(config, on_stage=_say_stage))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _end, server, number)
    await server.serve(on_ready=_say_url)


def _end(server: AvatarServer, number: signal.Signals) -> None:
    """Ends the server: gently once it is ready, at once when asked again or while it loads."""
    if server.is_ready and not server.is_stopping:
        server.stop()
        return
    when = "while it drained" if server.is_stopping else "before it was ready"
    print(f"voice-avatar: stopped {when}", file=sys.stderr, flush=True)
    os._exit(128 + number)  # threads cannot be cancelled, and may wait for a download


def engines_of(
    config: Config, *, on_stage: Callable[[str, str], None] = lambda stage, name: None
) -> Engines:
    """Loads the engines; models that are missing are pulled. Blocks.

    Raises:
        ConfigError, PersonaError: an engine or a persona does not exist.
        EngineUnavailable, ModelError: an engine cannot be loaded.
    """
    voice = load_persona(config.server.persona).voice or config.tts.voice
    return load_engines(
        vad=config.vad,
        turn=config.turn,
        stt=config.stt,
        llm=config.llm,
        tts=replace(config.tts, voice=voice),
        denoise=config.denoise,
        store=ModelStore(),
        on_stage=on_stage,
    )


def with_uvloop(main: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine on uvloop where there is one, else on asyncio's own loop."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    result: T = uvloop.run(main)
    return result


def _say_stage(stage: str, name: str) -> None:
    print(f"loading {stage}: {name} …", file=sys.stderr, flush=True)


def _say_url(url: str) -> None:
    print(f"voice-avatar is ready: {url}", flush=True)
