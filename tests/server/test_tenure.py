"""One connection's time with a session: who ends it, and who waits for its end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from kit.server_fakes import FakeSocket

from voice_avatar.server.closing import Closing
from voice_avatar.server.tenure import Tenure, until_first
from voice_avatar.wire.codes import CloseCode


async def for_ever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("ended")


async def fails(error: Exception) -> None:
    raise error


def tenure() -> tuple[Any, Tenure]:
    socket: Any = FakeSocket()
    return socket, Tenure(socket)


async def test_the_first_task_that_ends_ends_all() -> None:
    ended: list[str] = []
    await until_first(for_ever(ended), asyncio.sleep(0), for_ever(ended))
    assert ended == ["ended", "ended"]


async def test_what_a_task_raises_is_raised_once_the_others_are_over() -> None:
    ended: list[str] = []
    with pytest.raises(ValueError, match="broken"):
        await until_first(for_ever(ended), fails(ValueError("broken")))
    assert ended == ["ended"]


async def test_a_task_that_says_how_to_close_closes() -> None:
    _, mine = tenure()
    with mine, pytest.raises(Closing) as end:
        await mine.carry(for_ever([]), fails(Closing(CloseCode.IDLE_TIMEOUT)))
    assert end.value.code is CloseCode.IDLE_TIMEOUT


async def test_whoever_takes_over_waits_until_the_older_one_is_done() -> None:
    _, mine = tenure()
    order: list[str] = []

    async def connection() -> None:
        with mine:
            try:
                await mine.carry(for_ever(order))
            finally:
                order.append("left the session")

    carrying = asyncio.create_task(connection())
    await asyncio.sleep(0)
    await mine.give_way()
    order.append("taken over")
    with pytest.raises(Closing) as end:
        await carrying
    assert end.value.code is CloseCode.REPLACED
    assert order == ["ended", "left the session", "taken over"]


async def test_a_failure_while_it_gives_way_is_no_failure_but_the_other_connection() -> None:
    _, mine = tenure()

    async def fails_when_torn_away() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("torn")

    async def connection() -> None:
        with mine:
            await mine.carry(fails_when_torn_away())

    carrying = asyncio.create_task(connection())
    await asyncio.sleep(0)
    await mine.give_way()
    with pytest.raises(Closing) as end:
        await carrying
    assert end.value.code is CloseCode.REPLACED


async def test_nobody_waits_for_one_that_has_ended_before_it_carried_anything() -> None:
    _, mine = tenure()
    with pytest.raises(ValueError, match="no hello"), mine:
        raise ValueError("no hello")
    async with asyncio.timeout(1):
        await mine.give_way()


async def test_the_server_leaves_with_a_code() -> None:
    socket, mine = tenure()
    await mine.leave(CloseCode.GOING_AWAY)
    assert socket.closed == (1001, "")
