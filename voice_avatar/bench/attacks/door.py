"""Attacks of those who have no token: sockets that fill, wait, drip, and guess."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Final

from voice_avatar.bench.attacks.attack import Attack, Seen
from voice_avatar.bench.attacks.sockets import AttackSocket, Target, request
from voice_avatar.bench.material.raw_frames import PING, TEXT, frame

_FILLING: Final = 32
_MOST_BYTES: Final = 32 * 1024 * 1024
"""That each of the filling sockets sends at most: the machine has other users."""

_SILENT: Final = 500
_SLOW: Final = 1500
_DRIP_S: Final = 1.0
_AGAIN_S: Final = 0.5
_GUESSERS: Final = 16
_BATCH: Final = 64


async def _fill(target: Target, seconds: float, seen: Seen) -> None:
    """Sockets without a token, each of which sends pings and reads nothing; none comes again."""
    await asyncio.gather(*(_fill_one(target, seconds, seen) for _ in range(_FILLING)))


async def _fill_one(target: Target, seconds: float, seen: Seen) -> None:
    until_s, batch = time.monotonic() + seconds, frame(PING, bytes(125)) * _BATCH
    try:
        line = await AttackSocket.dial(target, request(target, token=""))
    except OSError as error:
        seen.ends[type(error).__name__] += 1
        return
    sent = 0
    try:
        async with asyncio.timeout(seconds):
            if await line.answer() == 101:
                line.deafen()
                while sent < _MOST_BYTES and await line.send(batch):
                    sent += len(batch)
                    await asyncio.sleep(0)
            await line.ended.wait()
    except TimeoutError:
        pass
    seen.sent += sent
    seen.ends[line.end] += 1
    seen.closed_s.append((line.ended_s or until_s) - line.since_s)
    line.cut()


async def _crowd(target: Target, seconds: float, seen: Seen) -> None:
    """500 that say nothing after the handshake, 1500 whose handshake never ends."""
    until_s = time.monotonic() + seconds
    await asyncio.gather(
        *(_wait(target, until_s, seen, number) for number in range(_SILENT)),
        *(_drip(target, until_s, seen, number) for number in range(_SLOW)),
    )


async def _wait(target: Target, until_s: float, seen: Seen, number: int) -> None:
    await asyncio.sleep(0.001 * number)
    while (left_s := until_s - time.monotonic()) > 0:
        try:
            line = await AttackSocket.dial(target, request(target, token=""))
        except OSError as error:
            seen.ends[f"silent: {type(error).__name__}"] += 1
            await asyncio.sleep(_AGAIN_S)
            continue
        await _until_over(line, left_s)
        seen.ends[f"silent: {line.end}"] += 1
        line.cut()
        await asyncio.sleep(_AGAIN_S)


async def _until_over(line: AttackSocket, left_s: float) -> None:
    try:
        async with asyncio.timeout(left_s):
            await line.ended.wait()
    except TimeoutError:
        pass


async def _drip(target: Target, until_s: float, seen: Seen, number: int) -> None:
    await asyncio.sleep(0.001 * number)
    whole = request(target, token="")
    while time.monotonic() < until_s:
        try:
            line = await AttackSocket.dial(target)
        except OSError as error:
            seen.ends[f"slow: {type(error).__name__}"] += 1
            await asyncio.sleep(_AGAIN_S)
            continue
        for at in range(len(whole) - 4):
            if time.monotonic() > until_s or not await line.send(whole[at : at + 1]):
                break
            await asyncio.sleep(_DRIP_S)
        seen.ends[f"slow: {line.end}"] += 1
        line.cut()
        await asyncio.sleep(_AGAIN_S)


async def _guess(target: Target, seconds: float, seen: Seen) -> None:
    """Wrong tokens, one after the other, sixteen at a time."""
    until_s = time.monotonic() + seconds
    await asyncio.gather(*(_guess_on(target, until_s, seen) for _ in range(_GUESSERS)))


async def _guess_on(target: Target, until_s: float, seen: Seen) -> None:
    while time.monotonic() < until_s:
        guess = request(target, token=secrets.token_urlsafe(32))
        try:
            line = await AttackSocket.dial(target, guess)
        except OSError as error:
            seen.ends[type(error).__name__] += 1
            continue
        if await line.answer() == 101:  # some look at it only with the hello
            await line.send(frame(TEXT, b'{"type":"session.hello"}'))
            await _until_over(line, 2.0)
        seen.counts["guesses"] += 1
        seen.ends[line.end] += 1
        line.cut()


FILL: Final = (Attack("fill", 5, "32 sockets without a token, pings unread", _fill),)
"""What it costs in memory is told only of a server that has not had larger guests."""

DOOR: Final = (
    Attack("crowd", 6, "500 silent and 1500 slow sockets of one address", _crowd),
    Attack("guesses", 7, "wrong tokens", _guess),
)
"""All, in the order in which they are run."""
