"""How a connection ends: which code, what is told of it, and a socket that nobody reads."""

from __future__ import annotations

from typing import Any

import pytest
from kit.server_fakes import FakeSocket
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK
from websockets.frames import Close

from voice_avatar.errors import Unauthorized
from voice_avatar.server.closing import Closing, parting_of, shut
from voice_avatar.wire.codes import CloseCode


def test_what_was_not_foreseen_is_told_to_nobody() -> None:
    end = Closing.because_of(RuntimeError("a secret"))
    assert (end.code, end.error, end.message) == (
        CloseCode.INTERNAL,
        "internal",
        "The server failed.",
    )


def test_an_error_of_ours_closes_with_its_code_and_text() -> None:
    end = Closing.because_of(Unauthorized("A valid token is needed."))
    assert (end.code, end.error) == (CloseCode.UNAUTHORIZED, "unauthorized")
    assert end.message == "A valid token is needed."


def test_an_end_that_is_one_already_stays_the_same() -> None:
    end = Closing(CloseCode.REPLACED)
    assert Closing.because_of(end) is end


async def test_a_socket_is_closed_with_code_and_reason() -> None:
    socket: Any = FakeSocket()
    await shut(socket, CloseCode.GOING_AWAY, "shutdown")
    assert (socket.closed, socket.is_cut) == ((1001, "shutdown"), False)


@pytest.mark.virtual_time
async def test_a_socket_whose_client_does_not_read_is_cut() -> None:
    socket: Any = FakeSocket()
    socket.reads.clear()
    await shut(socket, CloseCode.SLOW_CONSUMER)
    assert (socket.closed, socket.is_cut) == (None, True)


def test_who_closed_first_is_told_apart() -> None:
    theirs = parting_of(ConnectionClosedOK(Close(1000, ""), Close(1000, ""), True))
    assert (theirs.received, theirs.sent, theirs.is_ours) == (1000, 1000, False)
    ours = parting_of(ConnectionClosedError(None, Close(1011, "ping"), None))
    assert (ours.received, ours.sent, ours.is_ours) == (None, 1011, True)
    assert ours.is_loss
    assert not theirs.is_loss
