"""`voice-avatar serve`: a server until Ctrl-C or SIGTERM; SIGHUP renews its certificate."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, TypeVar

from voice_avatar.config.load import Config
from voice_avatar.engines.registry import load_engine, load_engines
from voice_avatar.machine.thread_plan import ThreadPlan
from voice_avatar.machine.trials import EngineOptions
from voice_avatar.machine.tuning import nothing, plan_threads
from voice_avatar.models.store import ModelStore
from voice_avatar.server.casting import load_persona
from voice_avatar.server.port import AvatarServer
from voice_avatar.stages.engines import Engines
from voice_avatar.telemetry import logs

_log = logging.getLogger(__name__)

T = TypeVar("T")

_STUCK: Final = 70
"""Status of a server whose engines do not let it end, or are beyond help (EX_SOFTWARE)."""

_GRACE_S: Final = 4.0
"""Time after `drain_s` in which the server has to end, seconds; then it is ended."""

_LAST_S: Final = 0.8
"""Time after that in which the kernel ends it, seconds: where a library holds Python's lock."""


def serve(config: Config) -> int:
    """Runs a server."""
    logs.configure(config.server.log.format, config.server.log.level)
    if stuck := with_uvloop(_serve(config)):
        # A thread that is still in a library must not see that library being taken apart.
        _log.error("stopped with an engine that hangs", extra={"stages": ",".join(stuck)})
        _leave(_STUCK)
    return 0


async def _serve(config: Config) -> tuple[str, ...]:
    """Runs a server; returns the stages whose engine hangs at its end."""
    server = AvatarServer(
        config,
        lambda: engines_of(config, on_stage=_say_stage, on_probe=_say_probe),
        lambda stage: engine_of(config, stage),
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _end, server, number)
    # Whoever started it with nohup has said already that the end of the terminal is not its own.
    is_tied = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and _has_terminal()
    loop.add_signal_handler(signal.SIGHUP, _hang_up, server, is_tied)
    server.when_stopping(lambda: end_within(config.server.drain_s + _GRACE_S))
    await server.serve(on_ready=_say_url)
    return server.stuck


def end_within(limit_s: float) -> None:
    """Ends this process after a time, whatever still runs in it. May be called again.

    Args:
        limit_s: seconds until then.
    """
    timer = threading.Timer(limit_s, _too_late)
    timer.daemon = True
    timer.start()
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, limit_s + _LAST_S)


def _too_late() -> None:
    _log.error("stopped before everything had ended")
    _leave(_STUCK)


def _leave(status: int) -> None:
    """Ends this process at once, and waits for no thread."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _end(server: AvatarServer, number: signal.Signals) -> None:
    """Ends the server: gently once it is ready, at once when asked again or while it loads."""
    if server.is_ready and not server.is_stopping:
        server.stop()
        return
    when = "while it drained" if server.is_stopping else "before it was ready"
    with suppress(OSError):  # the terminal may be what has ended
        print(f"voice-avatar: stopped {when}", file=sys.stderr, flush=True)
    os._exit(128 + number)  # threads cannot be cancelled, and may wait for a download


def _hang_up(server: AvatarServer, is_tied: bool) -> None:
    """Reads files again; ends the server if the signal is for the terminal that it runs in.

    Args:
        server: that runs.
        is_tied: whether it was started in a terminal, and ends with it.
    """
    if is_tied and not _has_terminal():
        _end(server, signal.SIGHUP)
    else:
        server.reload()


def _has_terminal() -> bool:
    """Returns whether there is a terminal that controls this process, and it is still there."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def engines_of(
    config: Config,
    *,
    on_stage: Callable[[str, str], None] = lambda stage, name: None,
    on_probe: Callable[[str, int], None] = nothing,
) -> Engines:
    """Plans the threads and loads the engines; models that are missing are pulled. Blocks.

    Args:
        config: which, and how.
        on_stage: told the stage and the engine's name before each is loaded.
        on_probe: told the stage and its threads before each measurement, on a first start.

    Raises:
        ConfigError, PersonaError: an engine or a persona does not exist.
        EngineUnavailable, ModelError: an engine cannot be loaded.
    """
    store = ModelStore()
    planned, plan = planned_engines(config, store, on_probe=on_probe)
    _log.info("threads", extra={share.stage: share.threads for share in plan.shares})
    return load_engines(
        vad=config.vad,
        turn=config.turn,
        stt=planned.stt,
        llm=planned.llm,
        tts=planned.tts,
        denoise=config.denoise,
        store=store,
        tables=config.engines,
        on_stage=on_stage,
    )


def engine_of(config: Config, stage: str) -> Any:
    """Loads the engine of one stage once more, as `engines_of` has loaded it. Blocks.

    Args:
        config: which, and how.
        stage: "vad", "turn", "stt", "llm" or "tts".
    """
    store = ModelStore()
    planned, _ = planned_engines(config, store, may_measure=False)
    options = {
        "vad": config.vad,
        "turn": config.turn,
        "stt": planned.stt,
        "llm": planned.llm,
        "tts": planned.tts,
    }
    return load_engine(stage, options[stage], store, config.engines)


def planned_engines(
    config: Config,
    store: ModelStore,
    *,
    may_measure: bool = True,
    on_probe: Callable[[str, int], None] = nothing,
) -> tuple[EngineOptions, ThreadPlan]:
    """Returns the options of recogniser, language model and voice with their threads, and the plan.

    Args:
        config: all options.
        store: where the models and earlier measurements are.
        may_measure: whether to measure what the plan has to know, and to fetch models for that.
        on_probe: told the stage and its threads before each measurement.

    Raises:
        PersonaError: the persona does not exist.
    """
    voice = load_persona(config.server.persona).voice or config.tts.voice
    tts = replace(config.tts, voice=voice)
    engines = EngineOptions(config.stt, config.llm, tts, config.engines)
    plan = plan_threads(config.threads, engines, store, may_measure=may_measure, on_probe=on_probe)
    return engines.with_threads(plan), plan


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


def _say_probe(stage: str, threads: int) -> None:
    print(f"measuring {stage} with {threads} threads, once …", file=sys.stderr, flush=True)


def _say_url(url: str) -> None:
    print(f"voice-avatar is ready: {url}", flush=True)
