"""The client's socket: opened, greeted, and opened again when it is lost."""

from __future__ import annotations

import asyncio
import random
import ssl as tls
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
)
from websockets.typing import Subprotocol

from voice_avatar import errors
from voice_avatar.client.rules.reconnecting import LOST, RESUMABLE, wait_ms
from voice_avatar.errors import ConnectionFailed, VoiceAvatarError
from voice_avatar.wire import client_messages, server_messages, session_messages
from voice_avatar.wire.codes import CloseCode
from voice_avatar.wire.fields import MAX_TEXT_BYTES, SUBPROTOCOL
from voice_avatar.wire.text import decode_server_text, encode_client

JITTER: Final = 0.2
"""Waits are longer or shorter by up to this share, so that clients do not come all at once."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a server is, and how to come in.

    Attributes:
        url: WebSocket address.
        token: bearer token, None for none.
        ssl: TLS settings, None = the system's.
        hello: what is asked for.
        timeout_s: time for the handshake and the server's answer, seconds.
    """

    url: str
    token: str | None
    ssl: tls.SSLContext | None
    hello: client_messages.SessionHello
    timeout_s: float

    async def begin(self) -> tuple[ClientConnection, session_messages.SessionReady]:
        """Opens a session.

        Raises:
            VoiceAvatarError: it cannot be opened; which one says why.
        """
        socket, answer = await self._greeted(self.hello)
        if isinstance(answer, session_messages.SessionReady):
            return socket, answer
        await socket.close()
        raise ConnectionFailed("The server resumed a session that nobody asked for.")

    async def come_back(
        self,
        resume: client_messages.Resume,
        ttl_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> tuple[ClientConnection, session_messages.SessionResumed]:
        """Comes back to a session: at once, then with growing waits for `ttl_s`.

        Raises:
            ConnectionFailed: the server has the session no more, or is not there.
            VoiceAvatarError: the server does not let the client in any more.
        """
        until_s = clock() + ttl_s
        hello = msgspec.structs.replace(self.hello, resume=resume)
        failures = 0
        while (wait := wait_ms(LOST, failures, can_resume=True)) is not None:
            await asyncio.sleep(wait / 1000 * random.uniform(1 - JITTER, 1 + JITTER))
            if clock() > until_s:
                break
            try:
                socket, answer = await self._greeted(hello)
            except ConnectionFailed:
                failures += 1
                continue
            if isinstance(answer, session_messages.SessionResumed):
                return socket, answer
            await socket.close()
            raise ConnectionFailed("The connection was lost, and the session is gone.")
        raise ConnectionFailed(f"The connection was lost, and not made again within {ttl_s:g} s.")

    async def _greeted(
        self, hello: client_messages.SessionHello
    ) -> tuple[ClientConnection, session_messages.SessionReady | session_messages.SessionResumed]:
        try:
            async with asyncio.timeout(self.timeout_s):
                socket = await _open(self.url, self.token, self.ssl)
                try:
                    return socket, await _greet(socket, hello)
                except BaseException:
                    await socket.close()
                    raise
        except TimeoutError as error:
            raise ConnectionFailed(f"No answer within {self.timeout_s:g} s.") from error


def is_resumable(closed: ConnectionClosed) -> bool:
    """Returns whether a server that keeps sessions keeps this one."""
    return (LOST if closed.rcvd is None else closed.rcvd.code) in RESUMABLE


async def _open(url: str, token: str | None, ssl: tls.SSLContext | None) -> ClientConnection:
    try:
        return await open_socket(
            url,
            ssl=ssl,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            additional_headers={"Authorization": f"Bearer {token}"} if token else None,
            compression=None,
            max_size=MAX_TEXT_BYTES,
            open_timeout=None,
        )
    except InvalidStatus as refused:
        status = refused.response.status_code
        body = (refused.response.body or b"").decode(errors="replace").strip()[:200]
        reason = f"The server answered {status}: {body or refused.response.reason_phrase}."
        kinds = {400: errors.VersionUnsupported, 401: errors.Unauthorized, 403: errors.Unauthorized}
        raise kinds.get(status, ConnectionFailed)(reason) from refused
    except (OSError, InvalidHandshake, InvalidURI) as failed:
        raise ConnectionFailed(f"The server cannot be reached: {failed}.") from failed


async def _greet(
    socket: ClientConnection, hello: client_messages.SessionHello
) -> session_messages.SessionReady | session_messages.SessionResumed:
    """Sends the hello and waits for the server's answer."""
    failure: VoiceAvatarError | None = None
    try:
        await socket.send(encode_client(hello))
        async for data in socket:
            message = decode_server_text(data)
            if isinstance(message, session_messages.SessionReady | session_messages.SessionResumed):
                return message
            if isinstance(message, server_messages.ErrorMessage):
                failure = error_of(message.code, message.message)
    except ConnectionClosed as closed:
        raise failure or closed_error(closed) or ended() from closed
    raise failure or ended()


def ended() -> ConnectionFailed:
    """The error of somebody who waits for what will not come: the session is over."""
    return ConnectionFailed("The server closed the session.")


def error_of(code: str, message: str) -> VoiceAvatarError:
    """The error that a server's `error` message stands for."""
    todo: list[type[VoiceAvatarError]] = [VoiceAvatarError]
    while todo:
        kind = todo.pop()
        if kind.code == code:
            return kind(message)
        todo += kind.__subclasses__()
    return ConnectionFailed(f"{code}: {message}")


_CLOSED: Final[dict[int, type[VoiceAvatarError]]] = {
    CloseCode.UNAUTHORIZED: errors.Unauthorized,
    CloseCode.ORIGIN_FORBIDDEN: errors.Unauthorized,
    CloseCode.VERSION_UNSUPPORTED: errors.VersionUnsupported,
    CloseCode.TOO_BIG: errors.MessageTooBig,
    CloseCode.PROTOCOL_ERROR: errors.ProtocolError,
}


def closed_error(closed: ConnectionClosed) -> VoiceAvatarError | None:
    """What a close means; None for a session that ended as it should."""
    if closed.rcvd is None:
        return ConnectionFailed("The connection was lost.")
    code, reason = closed.rcvd.code, closed.rcvd.reason
    if code in {CloseCode.NORMAL, CloseCode.GOING_AWAY}:
        return None
    kind = _CLOSED.get(code, ConnectionFailed)
    return kind(f"The server closed the session: {code} {reason}".rstrip() + ".")
