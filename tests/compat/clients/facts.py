"""What the Python programs of this folder share: arguments, a microphone, and facts as JSON.

Each program is what a user of its library would write. It tries one feature after the other, each
in a session of its own, and prints one JSON document: {"version": …, "features": {name: facts}},
where a feature that went wrong has "error" instead of facts. The tests beside this folder judge the
facts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import traceback
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

Facts = dict[str, Any]
Feature = Callable[[], Awaitable[Facts]]

RATE_HZ = 24_000
FRAME_BYTES = RATE_HZ // 50 * 2
WITHIN_S = 90.0
AT_ONCE = 4
LONG_TEXT = 4 * (
    "The quick brown fox jumps over the lazy dog and then it goes to sleep under the old apple "
    "tree until somebody comes along the road with a basket of bread and wakes it up again. "
)
"""So long (45 s, spoken back) that its reply is still on its way when somebody speaks over it."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True, help="ws://HOST:PORT/v1")
    parser.add_argument("--speech", required=True, help="WAV of a question, 24 kHz, mono, 16 bits")
    parser.add_argument("--only", default="", help="names of features, with commas; none = all")
    return parser.parse_args()


def recording(path: str) -> bytes:
    with wave.open(path, "rb") as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (RATE_HZ, 1, 2)
        return wav.readframes(wav.getnframes())


@asynccontextmanager
async def microphone(
    sound: bytes,
    send: Callable[[bytes], Awaitable[None]],
    frame_bytes: int = FRAME_BYTES,
    silence: bytes = b"\0",
) -> AsyncIterator[None]:
    """Sends a recording in frames of 20 ms as time passes, and then silence, while it is open."""
    quiet = silence * frame_bytes

    async def hear() -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        at = 0
        while True:
            frame = sound[at : at + frame_bytes]
            await send(frame + quiet[len(frame) :])
            at += frame_bytes
            due_s += 0.02
            await asyncio.sleep(max(0.0, due_s - loop.time()))

    hearing = asyncio.create_task(hear())
    try:
        yield
    finally:
        hearing.cancel()
        with suppress(asyncio.CancelledError, Exception):  # a closed connection ends it too
            await hearing


async def collected(features: dict[str, Feature]) -> dict[str, Facts]:
    """Tries the features, some at once, and returns the facts of each."""
    room = asyncio.Semaphore(AT_ONCE)

    async def tried(feature: Feature) -> Facts:
        async with room:
            try:
                async with asyncio.timeout(WITHIN_S):
                    return await feature()
            except Exception as error:
                # A limit of time hides what was waited for in its cause.
                notes = getattr(error, "__notes__", []) + getattr(error.__cause__, "__notes__", [])
                said = f"{type(error).__name__}: {error} {'; '.join(notes)}".strip()
                return {"error": said, "trace": traceback.format_exc(limit=-2)}

    found = await asyncio.gather(*(tried(feature) for feature in features.values()))
    return dict(zip(features, found, strict=True))


def report(version: str, features: dict[str, Feature], only: str = "") -> None:
    """Tries the features that are asked for and prints what was found."""
    wanted = {name: features[name] for name in only.split(",")} if only else features
    found = asyncio.run(collected(wanted))
    json.dump({"version": version, "features": found}, sys.stdout)
