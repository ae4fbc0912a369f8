"""`voice-avatar conformance`: checks a server, or plays one for clients."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voice_avatar.client.audio import read_wav
from voice_avatar.conformance.checker import Result, as_json, check, line, summary
from voice_avatar.conformance.probe import Target
from voice_avatar.conformance.scenarios import SCENARIOS
from voice_avatar.conformance.scripted_server import serve_scenarios
from voice_avatar.errors import ConfigError, VoiceAvatarError

MIC_HZ = 16_000


@dataclass(frozen=True, slots=True)
class ConformanceRequest:
    """What the command line asks for.

    Attributes:
        url: server to check; None = play a server.
        port: port to play a server on.
        token: bearer token.
        only: names or patterns of rules; none = all.
        timeout_s: how long an answer may take, seconds.
        speech: WAV file of 16 kHz that is taken for speech; None = a tone.
        is_slow: whether rules that wait for a timeout are checked as well.
        is_json: whether the results are printed as one JSON object.
    """

    url: str | None = None
    port: int | None = None
    token: str | None = None
    only: Sequence[str] = ()
    timeout_s: float = 10.0
    speech: str | None = None
    is_slow: bool = False
    is_json: bool = False


def conformance(request: ConformanceRequest) -> int:
    """Checks a server, or plays one until it is stopped.

    Returns:
        Exit code: 0 = every rule that could be checked is kept, 1 = some are broken.

    Raises:
        ConfigError: the speech file cannot be used, or the port.
    """
    if request.url is None:
        return _serve(request.port or 0)
    target = Target(request.url, request.token, request.timeout_s, _speech(request.speech))
    # What a broken server does to the connection is the result, and no trouble of this program.
    logging.getLogger("websockets").setLevel(logging.CRITICAL)

    def told(result: Result) -> None:
        print(line(result), file=sys.stderr if request.is_json else sys.stdout, flush=True)

    results = asyncio.run(check(target, request.only, is_slow=request.is_slow, on_result=told))
    print(as_json(request.url, results) if request.is_json else summary(results))
    return 1 if any(result.outcome == "fail" for result in results) else 0


def _serve(port: int) -> int:
    async def run() -> None:
        async with serve_scenarios("127.0.0.1", port) as url:
            print(f"{url}?scenario=NAME, or the scenario as client.name of the hello:")
            for name, scenario in SCENARIOS.items():
                print(f"  {name:18} {scenario.text}")
            sys.stdout.flush()
            await asyncio.Event().wait()

    try:
        asyncio.run(run())
    except OSError as error:
        raise ConfigError(f"Cannot listen on port {port}: {error.strerror}.") from error
    except KeyboardInterrupt:
        return 0
    return 0


def _speech(path: str | None) -> bytes:
    if path is None:
        return tone(1.2)
    try:
        pcm, rate_hz = read_wav(Path(path))
    except (OSError, VoiceAvatarError) as error:
        raise ConfigError(f"The speech file cannot be used: {error}.") from error
    if rate_hz != MIC_HZ:
        raise ConfigError(f"The speech file has {rate_hz} Hz, not {MIC_HZ}.")
    return pcm


def tone(seconds: float) -> bytes:
    """Returns a tone, which scripted engines take for speech."""
    t = np.arange(int(MIC_HZ * seconds)) / MIC_HZ
    return (8000 * np.sin(2 * np.pi * 200 * t)).astype("<i2").tobytes()
