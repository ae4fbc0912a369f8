"""What goes out to a client: in order, counted, and not for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from kit.server_fakes import FakeSocket

from voice_avatar.server.closing import Closing
from voice_avatar.server.outgoing import WRITE_LIMIT_BYTES, Outgoing
from voice_avatar.wire.codes import CloseCode


def opened(counted: list[int] | None = None) -> tuple[Any, Outgoing]:
    socket: Any = FakeSocket()
    seen = [] if counted is None else counted
    return socket, Outgoing(socket, 0.5, lambda received, sent: seen.append(sent))


async def test_frames_go_out_in_the_order_in_which_they_were_put_in() -> None:
    counted: list[int] = []
    socket, outgoing = opened(counted)
    outgoing.put(("a", b"bc"))
    outgoing.put(("def",))
    assert socket.sent == []
    await outgoing.flush()
    assert socket.sent == ["a", b"bc", "def"]
    assert counted == [1, 2, 3]


async def test_nobody_overtakes_whoever_is_sending() -> None:
    socket, outgoing = opened()
    socket.reads.clear()
    outgoing.put(("first", "second"))
    one = asyncio.create_task(outgoing.flush())
    await asyncio.sleep(0)
    outgoing.put(("third",))
    other = asyncio.create_task(outgoing.flush())
    await asyncio.sleep(0)
    socket.reads.set()
    await asyncio.gather(one, other)
    assert socket.sent == ["first", "second", "third"]


@pytest.mark.virtual_time
async def test_a_client_that_does_not_read_is_closed_once_a_frame_has_waited_for_too_long() -> None:
    socket, outgoing = opened()
    socket.waiting_bytes = WRITE_LIMIT_BYTES
    socket.reads.clear()
    outgoing.put(("a",))
    began_s = asyncio.get_running_loop().time()
    with pytest.raises(Closing) as end:
        await outgoing.flush()
    assert (end.value.code, end.value.error) == (CloseCode.SLOW_CONSUMER, "slow_consumer")
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(0.5, abs=0.05)
