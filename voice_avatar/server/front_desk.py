"""What is answered to a request by its path: health, figures, pages, and who may upgrade.

Each request to the port comes here first. A WebSocket that may go on is the business of
`admission.py`; all others get their answer here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from enum import Enum
from http import HTTPStatus
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import NegotiationError
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from voice_avatar.config.access import is_loopback
from voice_avatar.config.load import ServerOptions
from voice_avatar.errors import VersionUnsupported
from voice_avatar.pipeline.workers import Workers
from voice_avatar.realtime import client_events
from voice_avatar.server import http
from voice_avatar.server.caller import Caller, client_address, network_of
from voice_avatar.server.entrance.door_connection import DoorConnection
from voice_avatar.server.entrance.doorstep import Doorstep
from voice_avatar.server.entrance.origins import is_host_allowed
from voice_avatar.server.entrance.token_gate import TokenGate, Verdict
from voice_avatar.server.native.ready import models_of
from voice_avatar.server.pcm import connection as pcm
from voice_avatar.server.realtime import door
from voice_avatar.server.sessions import Sessions
from voice_avatar.telemetry.metrics import Metrics
from voice_avatar.wire import fields, negotiation, session_messages
from voice_avatar.wire.fields import PATH

_TOO_OFTEN: Final = "Too many connections came from this address.\n"


class ServerPhase(Enum):
    """How far the server is in its life."""

    LOADING = "loading"
    """The engines are not there yet: nobody is let in."""

    OPEN = "open"
    """Sessions are taken."""

    DRAINING = "draining"
    """The end has begun: nobody is let in, and those who are here finish."""

    CLOSED = "closed"
    """The engines are closed, or have never come."""


class FrontDesk:
    """Answers requests.

    Attributes:
        phase: what it says of the server.
        workers: the engines at work, None before they are loaded.
        hung: returns the stages whose engine does not answer.
        trouble: what was wrong with the language model at the start, in one line; "" = nothing.
    """

    def __init__(
        self,
        options: ServerOptions,
        metrics: Metrics,
        sessions: Sessions,
        gate: TokenGate,
        doorstep: Doorstep,
    ) -> None:
        """Makes it.

        Args:
            options: of the server.
            metrics: shown at /metrics.
            sessions: counted there.
            gate: looks at tokens.
            doorstep: counts who waits.
        """
        self._options = options
        self._metrics = metrics
        metrics.set_limit(options.max_sessions)
        self._sessions = sessions
        self._gate = gate
        self._doorstep = doorstep
        self.phase = ServerPhase.LOADING
        self.workers: Workers | None = None
        self.hung: Callable[[], tuple[str, ...]] = tuple
        self.trouble = ""

    def respond(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answers plain HTTP; None lets a WebSocket handshake go on."""
        has_body = isinstance(socket, DoorConnection) and socket.has_body
        response = http.malformed(request, has_body=has_body)
        if response is None:
            address = address_of(socket, request, self._options.trusted_proxies)
            is_taken = self._doorstep.asked(socket, address, time.monotonic())
            response = None if is_taken else http.text(HTTPStatus.TOO_MANY_REQUESTS, _TOO_OFTEN)
            response = response or self._misdirected(socket, request)
            response = response or self._answer(socket, request, address)
            if response is None and request.method != "GET":
                response = http.text(HTTPStatus.UPGRADE_REQUIRED, "This is a WebSocket.\n")
        if response is not None and request.method == "HEAD":
            return http.without_body(response)
        return response

    def respond_inside(self, socket: ServerConnection, request: Request) -> Response:
        """Answers at the listener for figures (`server.metrics_listen`)."""
        has_body = isinstance(socket, DoorConnection) and socket.has_body
        response = http.malformed(request, has_body=has_body) or self._misdirected(socket, request)
        if response is None:
            match door.path_of(request):
                case "/healthz":
                    response = http.text(HTTPStatus.OK, "ok\n")
                case "/readyz":
                    response = self._readiness()
                case "/metrics":
                    response = self._figures()
                case _:
                    response = http.text(HTTPStatus.NOT_FOUND, "There is nothing here.\n")
        return http.without_body(response) if request.method == "HEAD" else response

    def _misdirected(self, socket: ServerConnection, request: Request) -> Response | None:
        """Returns the answer to who asks for another server; None = it asks for this one."""
        # The name first, and for every path: a page that has its own name resolved to this machine
        # is to read nothing of it.
        here = socket.local_address
        own = {self._options.host, here[0] if isinstance(here, tuple) else ""}
        if is_host_allowed(request.headers["Host"], own, self._options.hosts):
            return None
        return http.text(HTTPStatus.FORBIDDEN, "There is no such host here (server.hosts).\n")

    def _answer(self, socket: ServerConnection, request: Request, address: str) -> Response | None:
        path = door.path_of(request)
        match path:
            case door.REALTIME_PATH | pcm.PATH:
                return self._refused(socket, request, address)
            case _ if f"{path}/".startswith(f"{door.MODELS_PATH}/"):
                return door.models_answer(request, self._gate, address, self._models())
            case fields.PATH:
                return http.refusal(request, self._options) or self._refused_token(request, address)
            case "/healthz":
                return http.text(HTTPStatus.OK, "ok\n")
            case "/readyz":
                return self._readiness()
            case "/metrics" if self._may_see_figures(request, address):
                return self._figures()
            case _ if f"{path}/".startswith(f"{http.CLIPS_PATH}/"):
                return http.clip_answer(path, request.headers)
            case _:
                return http.web_answer(path, request.headers)

    def finish(self, _: ServerConnection, __: Request, response: Response) -> None:
        """Completes any answer, also those that the WebSocket library makes."""
        http.guard(response.headers, is_tls=bool(self._options.tls_cert))

    def finish_inside(self, _: ServerConnection, __: Request, response: Response) -> None:
        """Likewise at the listener for figures, which has no TLS."""
        http.guard(response.headers, is_tls=False)

    def _may_see_figures(self, request: Request, address: str) -> bool:
        """Returns whether figures are shown to who asks; to others there is nothing there."""
        if self._options.metrics.listen:
            return False
        # A proxy on this machine is no neighbour: it asks for somebody else.
        is_here = is_loopback(network_of(address)) and not http.is_forwarded(request)
        return is_here or self._options.metrics.public

    def _refused_token(self, request: Request, address: str) -> Response | None:
        """Returns the answer to a wrong token; who has shown none may bring one in the hello."""
        match self._gate.look(Caller(address).showing(http.bearer_token(request))):
            case Verdict.VALID | Verdict.MISSING:
                return None
            case Verdict.THROTTLED:
                message = "Too many wrong tokens came from this address.\n"
                return http.text(HTTPStatus.TOO_MANY_REQUESTS, message)
            case _:
                body, kind = b"This token is not valid.\n", "text/plain; charset=utf-8"
                asks = {"WWW-Authenticate": "Bearer"}
                return http.answer(HTTPStatus.UNAUTHORIZED, body, kind, asks)

    def _refused(self, socket: ServerConnection, request: Request, address: str) -> Response | None:
        """Returns why a WebSocket of another protocol than ours is refused; None = it may go on."""
        is_loaded = self.phase in (ServerPhase.OPEN, ServerPhase.DRAINING)
        refusal = door.refused_socket(
            request, self._options, self._gate, address, is_ready=is_loaded
        )
        # Realtime clients send audio as text: their messages are larger than ours may be.
        if refusal is None and door.path_of(request) == door.REALTIME_PATH:
            socket.protocol.max_message_size = client_events.MAX_EVENT_BYTES
        return refusal

    def _models(self) -> session_messages.Models:
        return (
            session_messages.Models() if self.workers is None else models_of(self.workers.engines)
        )

    def _readiness(self) -> Response:
        if hung := self.hung():
            what = f"not ready: {', '.join(hung)} does not answer\n"
            return http.text(HTTPStatus.SERVICE_UNAVAILABLE, what)
        if self.phase is ServerPhase.OPEN:
            told = f"ready; at the start: {self.trouble}\n" if self.trouble else "ready\n"
            return http.text(HTTPStatus.OK, told)
        return http.text(HTTPStatus.SERVICE_UNAVAILABLE, "not ready\n")

    def _figures(self) -> Response:
        # These are not counted as they change but looked up when somebody asks.
        self._metrics.set_backlog(sum(s.conversation.backlog for s in self._sessions))
        self._metrics.set_waiting(self._sessions.waiting)
        if self.workers is not None:
            self._metrics.set_running(
                replies=self.workers.running_replies, requests=self.workers.running_requests
            )
        body, kind = self._metrics.exposition()
        return http.answer(HTTPStatus.OK, body, kind)


def address_of(socket: ServerConnection, request: Request, trusted_proxies: Collection[str]) -> str:
    """Returns the address of the client that sent a request, "" where it has none."""
    address = socket.remote_address
    peer = address[0] if isinstance(address, tuple) else ""
    return client_address(peer, request.headers.get("X-Forwarded-For", ""), trusted_proxies)


def select_subprotocol(
    socket: ServerConnection, offered: Sequence[Subprotocol]
) -> Subprotocol | None:
    """Picks the subprotocol of a WebSocket, by its path.

    Raises:
        NegotiationError: only others than ours were offered.
    """
    if door.path_of(socket.request) != PATH:
        chosen = door.subprotocol(offered)
        return None if chosen is None else Subprotocol(chosen)
    try:
        chosen = negotiation.select_subprotocol(offered)
    except VersionUnsupported as error:
        raise NegotiationError(error.message) from error
    return None if chosen is None else Subprotocol(chosen)
