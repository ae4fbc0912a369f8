"""The conformance checker: our server passes, and broken ones fail the rule that they break."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from kit.talk import tone
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from voice_avatar.client import connection
from voice_avatar.config import load
from voice_avatar.conformance.checker import Result, as_json, check, line, summary
from voice_avatar.conformance.probe import Target
from voice_avatar.engines.scripted import (
    ScriptedLlm,
    ScriptedStt,
    ScriptedTts,
    ScriptedTurn,
    ScriptedVad,
)
from voice_avatar.server.port import AvatarServer
from voice_avatar.stages.engines import Engines
from voice_avatar.wire.fields import PATH

pytestmark = pytest.mark.virtual_time

SECRET = "Secret-0123456789-abcde"
REPLY = (
    "This is an answer [gesture:wave] of some length. It has two sentences [face:happy] and more."
)


Mutate = Callable[[str | bytes], list[str | bytes]]


def test_results_are_told_as_a_table_and_as_json() -> None:
    results = [
        Result("a.b", 3, "It is so.", "pass"),
        Result("a.c", 4, "It is not so.", "fail", "it was otherwise"),
    ]
    assert line(results[1]).startswith("fail  a.c ")
    assert line(results[1]).endswith("<- it was otherwise")
    assert summary(results) == "1 passed, 1 failed, 0 skipped"
    told = json.loads(as_json("ws://x", results))
    assert (told["pass"], told["fail"], told["rules"][1]["why"]) == (1, 1, "it was otherwise")


@asynccontextmanager
async def our_server() -> AsyncIterator[str]:
    engines = Engines(
        ScriptedVad(), ScriptedTurn(), ScriptedStt(), ScriptedLlm((REPLY,)), ScriptedTts()
    )
    settings = load.load("", {}, {"server.port": "0", "server.tokens": SECRET}, None)
    server = AvatarServer(settings, lambda: engines)
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(30):
            while not server.is_ready:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        yield f"ws://127.0.0.1:{server.port}{PATH}"
    finally:
        server.stop()
        await serving


@asynccontextmanager
async def broken_server(
    url: str, mutate: Mutate, close: Callable[[int], int] = lambda code: code
) -> AsyncIterator[str]:
    """Our server behind a relay that changes what the server says."""

    async def up(socket: ServerConnection, server: connection.ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for data in socket:
                await server.send(data)
            await server.close()
            return
        server.transport.abort()  # a line that was cut is one on the other side too

    async def handle(socket: ServerConnection) -> None:
        async with connect(
            url,
            max_size=None,
            compression=None,
            additional_headers={"Authorization": f"Bearer {SECRET}"},
        ) as server:
            going_up = asyncio.create_task(up(socket, server))
            with suppress(ConnectionClosed):
                async for data in server:
                    for frame in mutate(data):
                        await socket.send(frame)
            code = server.close_code or 1000
            with suppress(ConnectionClosed):
                await socket.close(close(1000 if code == 1006 else code))
            going_up.cancel()
            await asyncio.gather(going_up, return_exceptions=True)

    async with serve(handle, "127.0.0.1", 0, compression=None, max_size=None) as listening:
        yield f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}{PATH}"


@pytest.mark.realtime
async def test_our_server_keeps_every_rule() -> None:
    async with our_server() as url:
        target = Target(url, SECRET, 8.0, tone(1.2))
        results = await check(target)
    assert not [line(result) for result in results if result.outcome == "fail"]
    skipped = {result.rule for result in results if result.outcome == "skip"}
    assert skipped <= {"hello.timeout", "binary.overrun_close"}
    assert {"resume.gone", "resume.goes_on", "resume.audio"} <= {one.rule for one in results}
    assert len(results) - len(skipped) > 70


def late_cues() -> Mutate:
    """Holds back every visemes message until two frames of audio have passed."""
    held: list[str | bytes] = []

    def mutate(data: str | bytes) -> list[str | bytes]:
        if isinstance(data, str) and '"type":"visemes"' in data:
            held.append(data)
            return []
        if isinstance(data, bytes) and held:
            given = [data, *held]
            held.clear()
            return given
        return [data]

    return mutate


def renumbered(data: str | bytes) -> list[str | bytes]:
    return [data.replace('"seq":1,', '"seq":7,') if isinstance(data, str) else data]


def replaced(old: str, new: str) -> Mutate:
    return lambda data: [data.replace(old, new) if isinstance(data, str) else data]


def audio_twice(data: str | bytes) -> list[str | bytes]:
    return [data, data] if isinstance(data, bytes) else [data]


def done_twice(data: str | bytes) -> list[str | bytes]:
    return [data, data] if isinstance(data, str) and '"reply.done"' in data else [data]


def stale_audio() -> Mutate:
    last: list[bytes] = []

    def mutate(data: str | bytes) -> list[str | bytes]:
        if isinstance(data, bytes):
            last[:] = [data]
        elif '"type":"reply.interrupted"' in data and last:
            return [data, *last]
        return [data]

    return mutate


def silent(kind: str) -> Mutate:
    return lambda data: [] if isinstance(data, str) and f'"type":"{kind}"' in data else [data]


def says_nothing_was_missed(data: str | bytes) -> list[str | bytes]:
    return [re.sub(r'"replayed":\d+', '"replayed":0', data) if isinstance(data, str) else data]


def lossy() -> Mutate:
    """Loses every fifth frame of audio."""
    count = itertools.count()

    def mutate(data: str | bytes) -> list[str | bytes]:
        is_lost = isinstance(data, bytes) and next(count) % 5 == 4
        return [] if is_lost else [data]

    return mutate


def kept(code: int) -> int:
    return code


def always_1011(code: int) -> int:
    return 1011


@pytest.mark.realtime
@pytest.mark.parametrize(
    ("rule", "only", "mutate", "close"),
    [
        ("order.cues_first", "turn.text", late_cues(), kept),
        ("order.seq", "text.ping", renumbered, kept),
        ("order.audio", "turn.text", audio_twice, kept),
        ("order.interrupted", "interrupt.message", stale_audio(), kept),
        ("order.done_once", "turn.text", done_twice, kept),
        ("frames.readable", "hello.ready", replaced('"limits"', '"limit"'), kept),
        ("text.bad_json", "text.bad_json", replaced('"bad_json"', '"bad_field"'), kept),
        ("text.bad_field", "text.bad_field", replaced('"ref":"input.text"', '"ref":""'), kept),
        ("text.unknown_type", "text.unknown_type", silent("warning"), kept),
        ("hello.version", "hello.version", lambda data: [data], always_1011),
        ("text.too_big", "text.too_big", lambda data: [data], always_1011),
        ("hello.visemes", "hello.visemes", replaced('"sil"', '"rest"'), kept),
        ("turn.visemes", "turn.visemes", replaced('"set":"ovr15"', '"set":"vrm5"'), kept),
        ("interrupt.message", "interrupt.message", silent("reply.interrupted"), kept),
        ("turn.text", "turn.text", replaced('"completed"', '"failed"'), kept),
        ("session.close", "session.close", lambda data: [data], always_1011),
        ("resume.goes_on", "resume.goes_on", says_nothing_was_missed, kept),
        ("resume.audio", "resume.audio", lossy(), kept),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
async def test_a_broken_server_fails_the_rule_that_it_breaks(
    rule: str, only: str, mutate: Mutate, close: Callable[[int], int]
) -> None:
    async with our_server() as url, broken_server(url, mutate, close) as broken:
        results = await check(Target(broken, None, 4.0, tone(1.2)), [only])
    failed = {result.rule: result.why for result in results if result.outcome == "fail"}
    assert rule in failed
    assert failed[rule]
