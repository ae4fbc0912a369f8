"""How a carrier is closed, and whether its client hears why."""

from __future__ import annotations

from typing import Any

import pytest
from kit.server_fakes import FakeSocket
from websockets.exceptions import ConnectionClosedError

from voice_avatar.errors import Unauthorized
from voice_avatar.server.carrier import close
from voice_avatar.server.closing import Closing
from voice_avatar.wire.codes import CloseCode


class Explains:
    """A carrier that keeps what it was to explain."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.told: list[str] = []
        self._fails = fails

    async def explain(self, end: Closing) -> None:
        self.told.append(end.error)
        if self._fails is not None:
            raise self._fails


async def test_a_client_is_told_why_and_then_closed() -> None:
    socket: Any = FakeSocket()
    carrier: Any = Explains()
    await close(carrier, socket, Unauthorized("A valid token is needed."))
    assert carrier.told == ["unauthorized"]
    assert socket.closed == (4001, "unauthorized")


async def test_a_server_that_is_full_says_in_the_close_when_to_come_again() -> None:
    socket: Any = FakeSocket()
    await close(None, socket, Closing(CloseCode.OVERLOADED, "overloaded", "retry-after=5"))
    assert socket.closed == (1013, "retry-after=5")


async def test_a_client_that_does_not_read_is_told_nothing() -> None:
    socket: Any = FakeSocket()
    carrier: Any = Explains()
    await close(carrier, socket, Closing(CloseCode.SLOW_CONSUMER, "slow_consumer"))
    assert carrier.told == []
    assert socket.closed == (4408, "slow_consumer")


async def test_a_socket_that_is_closed_already_is_left_alone() -> None:
    socket: Any = FakeSocket()
    carrier: Any = Explains()
    await close(carrier, socket, ConnectionClosedError(None, None))
    assert (carrier.told, socket.closed) == ([], None)


@pytest.mark.parametrize(
    "gone", [ConnectionClosedError(None, None), Closing(CloseCode.SLOW_CONSUMER)]
)
async def test_a_client_that_cannot_be_told_any_more_is_closed_all_the_same(
    gone: Exception,
) -> None:
    socket: Any = FakeSocket()
    carrier: Any = Explains(gone)
    await close(carrier, socket, RuntimeError("a secret"))
    assert socket.closed == (1011, "internal")
