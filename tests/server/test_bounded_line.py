"""What a socket may bring: pings, pongs and fragments, also from a client that does not read."""

from __future__ import annotations

import asyncio
import resource
import socket
import struct
import threading
import time
from contextlib import suppress

import pytest
from kit.edge import Raw, raw, running
from websockets.exceptions import ConnectionClosed

from voice_avatar.server.rates import CONTROL_BURST, FRAGMENT_BURST, BytesInFlight
from voice_avatar.wire.fields import PATH

pytestmark = pytest.mark.realtime


def frame(opcode: int, payload: bytes = b"", *, is_last: bool = True) -> bytes:
    """A frame of a client, masked with zeros."""
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else b"\xff" + struct.pack(">Q", size)
    return bytes((opcode | (0x80 if is_last else 0),)) + length + bytes(4) + payload


PING, PONG, CONT = frame(9), frame(10), frame(0, is_last=False)


def write(client: Raw, data: bytes) -> None:
    client.socket.transport.write(data)


@pytest.mark.parametrize("kind", [PING, PONG, frame(9, bytes(125))])
@pytest.mark.parametrize("has_hello", [False, True])
async def test_a_flood_of_control_frames_is_closed_with_4429(kind: bytes, has_hello: bool) -> None:
    async with running() as run, raw(run.url) as client:
        if has_hello:
            await client.hello()
        write(client, kind * 2000)
        assert await client.closed() == (4429, "rate_limited")


async def test_pings_of_a_heartbeat_are_answered_and_held_up_by_nothing() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        for _ in range(int(CONTROL_BURST) - 5):
            await (await client.socket.ping())
        await client.send({"type": "clock.ping", "t0_ms": 1.0})
        await client.until("clock.pong")


async def test_a_message_of_many_empty_fragments_is_closed_with_4429() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        begin = frame(1, b"{", is_last=False)
        write(client, begin + CONT * int(FRAGMENT_BURST + 500))
        assert await client.closed() == (4429, "rate_limited")


async def test_a_message_in_pieces_is_one_message() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        text = b'{"type":"clock.ping","t0_ms":7.0}'
        pieces = [frame(0, text[at : at + 1], is_last=False) for at in range(1, len(text))]
        write(client, frame(1, text[:1], is_last=False) + b"".join(pieces) + frame(0))
        assert (await client.until("clock.pong"))["t0_ms"] == 7.0


async def test_frames_that_come_in_one_go_are_all_taken_in_their_order() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        pings = [b'{"type":"clock.ping","t0_ms":%d}' % n for n in range(400)]
        write(client, b"".join(frame(1, ping) for ping in pings))
        got = [(await client.until("clock.pong"))["t0_ms"] for _ in pings]
        assert got == list(range(400))


def flood(port: int, data: bytes, seconds: float, sent: list[int]) -> None:
    """Writes the same again and again, reads nothing, and comes back when it is cut off."""
    until_s = time.monotonic() + seconds
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    head = (
        f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    while time.monotonic() < until_s:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as line:
            line.sendall(head.encode())
            line.recv(1024)
            line.settimeout(0.5)
            while time.monotonic() < until_s:
                sent[0] += line.send(data)
        time.sleep(0.05)


@pytest.mark.parametrize("kind", [PING, PONG, frame(9, bytes(125)), frame(2), CONT])
async def test_the_neighbour_of_a_flood_is_not_late_and_memory_does_not_grow(kind: bytes) -> None:
    async with running() as run, raw(run.url) as neighbour:
        await neighbour.hello()

        async def late_s(seconds: float) -> list[float]:
            until_s, times = time.monotonic() + seconds, []
            while time.monotonic() < until_s:
                began_s = time.monotonic()
                await neighbour.send({"type": "clock.ping", "t0_ms": 1.0})
                await neighbour.until("clock.pong")
                times.append(time.monotonic() - began_s)
                await asyncio.sleep(0.02)
            return sorted(times)

        quiet = await late_s(0.5)
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sent = [0]
        data = kind * (60_000 // len(kind))
        port = run.server.port
        attacks = [threading.Thread(target=flood, args=(port, data, 1.5, sent)) for _ in range(2)]
        for attack in attacks:
            attack.start()
        try:
            times = await late_s(1.5)
        finally:
            for attack in attacks:
                attack.join(5)
        assert sent[0] > 0
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
        print(sent[0], grown_kb, quiet[len(quiet) // 2], times[len(times) // 2], times[-1])
        assert grown_kb < 16_000
        # The attackers are threads of this process: much of what is late here is theirs.
        assert times[len(times) // 2] < 0.05
        assert times[-1] < 0.5


def test_bytes_in_flight_are_limited_together() -> None:
    flight = BytesInFlight(100)
    assert flight.has_room(100)
    flight.total += 60
    assert flight.has_room(40)
    assert not flight.has_room(41)


async def test_a_client_that_is_gone_leaves_no_line() -> None:
    async with running() as run:
        async with raw(run.url) as client:
            write(client, PING * 2000)
            with suppress(ConnectionClosed):
                await client.next()
        await run.settled()
