"""What is answered to a request by its path: health, figures, pages, and who may upgrade.

Each request to the port comes here first. A WebSocket that may go on is the business of
`admission.py`; all others get their answer here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import NegotiationError
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from voice_avatar.config.load import ServerOptions
from voice_avatar.errors import VersionUnsupported
from voice_avatar.pipeline.workers import Workers
from voice_avatar.realtime import client_events
from voice_avatar.server import http
from voice_avatar.server.native.ready import models_of
from voice_avatar.server.pcm import connection as pcm
from voice_avatar.server.realtime import door
from voice_avatar.server.sessions import Sessions
from voice_avatar.telemetry.metrics import Metrics
from voice_avatar.wire import fields, negotiation, session_messages
from voice_avatar.wire.fields import PATH


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
    """

    def __init__(self, options: ServerOptions, metrics: Metrics, sessions: Sessions) -> None:
        self._options = options
        self._metrics = metrics
        self._sessions = sessions
        self.phase = ServerPhase.LOADING
        self.workers: Workers | None = None
        self.hung: Callable[[], tuple[str, ...]] = tuple

    def respond(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answers plain HTTP; None lets a WebSocket handshake go on."""
        # Before the path: what is there twice may be read one way here and another way by a proxy.
        if http.is_ambiguous(request):
            return http.text(HTTPStatus.BAD_REQUEST, "A header is there twice.\n")
        path = door.path_of(request)
        match path:
            case door.REALTIME_PATH | pcm.PATH:
                return self._refused(socket, request)
            case _ if f"{path}/".startswith(f"{door.MODELS_PATH}/"):
                return door.models_answer(request, self._options.tokens, self._models())
            case fields.PATH:
                return http.refusal(request, self._options.host, self._options.origins)
            case "/healthz":
                return http.text(HTTPStatus.OK, "ok\n")
            case "/readyz":
                return self._readiness()
            case "/metrics":
                return self._figures()
            case _ if f"{path}/".startswith(f"{http.CLIPS_PATH}/"):
                return http.clip_answer(path, request.headers)
            case _:
                return http.web_answer(path, request.headers)

    def _refused(self, socket: ServerConnection, request: Request) -> Response | None:
        """Returns why a WebSocket of another protocol than ours is refused; None = it may go on."""
        is_loaded = self.phase in (ServerPhase.OPEN, ServerPhase.DRAINING)
        refusal = door.refused_socket(request, self._options, is_ready=is_loaded)
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
            return http.text(HTTPStatus.OK, "ready\n")
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
