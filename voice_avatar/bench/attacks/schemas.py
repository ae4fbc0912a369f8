"""Tools whose schemas are meant to stop whoever makes a grammar of them, one after the other."""

from __future__ import annotations

import asyncio
import json
import time
from itertools import count
from typing import Any, Final

from voice_avatar.bench.attacks.attack import Attack, Seen
from voice_avatar.bench.attacks.sockets import AttackSocket, Target
from voice_avatar.bench.material.hostile_schemas import ENDLESS, hostile_schema
from voice_avatar.bench.material.raw_frames import TEXT, frame
from voice_avatar.tools.schema_guard import guarded

SEED: Final = 1
_DEADLINE_S: Final = 20.0
"""Time for the reply to a turn that must call such a tool, seconds."""

_TICK_S: Final = 0.02
_OVER: Final = (b'"reply.done"', b'"error"', b'"tool.call"')
_FIRST: Final = {
    "type": "object",
    "properties": {"a": {"type": "string", "pattern": ENDLESS}},
    "required": ["a"],
}
"""The schema that once stopped the language model for good."""


async def _offer(target: Target, seconds: float, seen: Seen) -> None:
    until_s = time.monotonic() + seconds
    for number in count():
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            return
        schema = hostile_schema(SEED, number - 1) if number else _FIRST
        try:
            line = await AttackSocket.upgraded(target)
        except OSError as error:
            seen.ends[str(error) or type(error).__name__] += 1
            await asyncio.sleep(0.2)
            continue
        await _turn(line, schema, min(left_s, _DEADLINE_S), seen, is_last=left_s < _DEADLINE_S)
        seen.ends[line.end] += 1
        line.cut()


async def _turn(
    line: AttackSocket, schema: dict[str, Any], within_s: float, seen: Seen, *, is_last: bool
) -> None:
    tools = [{"name": "f", "description": "Call it.", "parameters": schema}]
    hello = {"type": "session.hello", "tools": tools, "tool_choice": "required"}
    for message in (hello, {"type": "input.text", "text": "Hi."}):
        await line.send(frame(TEXT, json.dumps(message).encode()))
    since_s = time.monotonic()
    while not line.ended.is_set():
        if any(word in each for each in line.heard for word in _OVER):
            seen.counts["answered"] += 1
            break
        if time.monotonic() - since_s > within_s:
            seen.counts["cut by the end" if is_last else "not answered in time"] += 1
            break
        await asyncio.sleep(_TICK_S)
    await line.send(frame(TEXT, b'{"type":"session.close"}'))
    await asyncio.sleep(_TICK_S)


def guard_all(most: int) -> tuple[int, float]:
    """Guards so many schemas; returns how many, and the longest time of one, seconds."""
    slowest_s = 0.0
    for number in range(most):
        schema = hostile_schema(SEED, number)
        since_s = time.perf_counter()
        guarded(schema)
        slowest_s = max(slowest_s, time.perf_counter() - since_s)
    return most, slowest_s


SCHEMAS: Final = (Attack("schemas", 1, "hostile schemas of tools, one after the other", _offer),)
"""All of it."""
