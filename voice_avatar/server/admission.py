"""Who is let in: tokens, places, and the way back to a session that waits.

A connection comes in two steps. `open` makes it, by the path that was asked for, while nothing but
the handshake is known. Later, when it has said what it wants, it asks `admit` (or `admit_quiet`)
for its session, and here it is decided: whether its caller may come at all, whether the session is
one that waits for it, and else whether there is a place for one more.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from websockets.asyncio.server import ServerConnection

from voice_avatar.config.load import Config
from voice_avatar.errors import Unauthorized
from voice_avatar.server import http
from voice_avatar.server.bounded_line import BoundedLine
from voice_avatar.server.caller import Arrival, Caller
from voice_avatar.server.carrier import Carrier
from voice_avatar.server.casting import Casting, quiet
from voice_avatar.server.closing import Closing
from voice_avatar.server.entrance.doorstep import STRANGER_HELLO_S, Doorstep
from voice_avatar.server.entrance.token_gate import TokenGate, Verdict
from voice_avatar.server.front_desk import address_of
from voice_avatar.server.live_session import LiveSession
from voice_avatar.server.native.connection import NativeConnection
from voice_avatar.server.native.ready import Limits
from voice_avatar.server.pcm import connection as pcm
from voice_avatar.server.realtime import door
from voice_avatar.server.realtime.connection import RealtimeConnection
from voice_avatar.server.sessions import Sessions
from voice_avatar.server.tenure import Tenure
from voice_avatar.telemetry.logs import SessionLog
from voice_avatar.telemetry.metrics import Metrics
from voice_avatar.wire.codes import CloseCode
from voice_avatar.wire.negotiation import negotiate

_log = logging.getLogger(__name__)


class Admission:
    """Lets connections in, and to their sessions. It exists once the engines are loaded."""

    def __init__(
        self,
        config: Config,
        limits: Limits,
        casting: Casting,
        sessions: Sessions,
        metrics: Metrics,
        gate: TokenGate,
        doorstep: Doorstep,
    ) -> None:
        """Makes it.

        Args:
            config: of the server.
            limits: what clients are offered.
            casting: makes the conversations.
            sessions: keeps the sessions.
            metrics: counts what passes.
            gate: looks at tokens.
            doorstep: counts who waits.
        """
        self._gate = gate
        self._doorstep = doorstep
        self._config = config
        self._limits = limits
        self._casting = casting
        self._sessions = sessions
        self._metrics = metrics

    # -- connections

    def open(self, socket: BoundedLine, session_id: str) -> Carrier:
        """Returns the connection of the protocol that a socket speaks by its path.

        Args:
            socket: to the client.
            session_id: id of its session, should it open a new one.
        """
        assert socket.request is not None
        match door.path_of(socket.request):
            case door.REALTIME_PATH:
                return self._open_realtime(socket, session_id)
            case pcm.PATH:
                return self._open_pcm(socket, session_id)
            case _:
                return self._open_native(socket, session_id)

    def _open_native(self, socket: ServerConnection, session_id: str) -> NativeConnection:
        assert socket.request is not None
        caller = self._caller(socket, http.bearer_token(socket.request))
        # What was shown with the handshake was looked at before it was answered.
        is_stranger = not self._gate.is_open and not caller.tokens
        limits = self._limits
        if is_stranger:
            hello_s = min(limits.hello_timeout_s, STRANGER_HELLO_S)
            limits = replace(limits, hello_timeout_s=hello_s)
        self._doorstep.waits(socket, caller.address, is_stranger=is_stranger)
        return NativeConnection(socket, session_id, caller, limits, self.admit, self._metrics)

    def _open_realtime(self, socket: BoundedLine, session_id: str) -> RealtimeConnection:
        assert socket.request is not None
        config, limits = self._config, self._limits
        return RealtimeConnection(
            socket,
            socket,
            session_id,
            self._caller(socket, door.key_of(socket.request)),
            door.offer_of(
                limits.models, limits.offer.languages, config, self._casting.system_prompt
            ),
            door.handshake_of(socket.request),
            partial(self.admit_quiet, max_ahead_s=config.realtime.max_ahead_s),
            self._metrics,
            slow_consumer_s=config.server.slow_consumer_s,
            heard_tolerance_s=config.playout.heard_tolerance_s,
        )

    def _open_pcm(self, socket: ServerConnection, session_id: str) -> pcm.PcmConnection:
        assert socket.request is not None
        return pcm.PcmConnection(
            socket,
            session_id,
            self._caller(socket, door.key_of(socket.request)),
            partial(self.admit_quiet, max_ahead_s=pcm.MAX_AHEAD_S),
            self._metrics,
            slow_consumer_s=self._config.server.slow_consumer_s,
        )

    # -- sessions

    async def admit(self, tenure: Tenure, arrival: Arrival) -> LiveSession:
        """Lets a connection carry the session that it resumes, or else a new one.

        A new one is not begun yet: that is for the connection to do once it has answered.

        Raises:
            Unauthorized: the caller has shown no valid token.
            VersionUnsupported, AudioUnsupported: nothing can be agreed on.
            Closing: there is no place.
        """
        # First the token, before anything is told of what there is; then the way back, which needs
        # no place, as a session keeps its own; and a place last, as taking one may cost another
        # its session.
        self._let_in(arrival.caller)
        hello = arrival.hello
        if hello.resume is not None:
            found = self._sessions.find(hello.resume)
            if found is not None and await found.attach(tenure):
                self._doorstep.left(tenure.socket)
                return found
            self._metrics.note_resume_failed()
        agreed = negotiate(hello, self._limits.offer)
        self._make_room()
        session_id = arrival.session_id
        setup = self._casting.setup(session_id, agreed)
        live = LiveSession(
            session_id,
            self._casting.open(session_id, setup),
            agreed,
            caller=arrival.caller,
            frame_ms=setup.playout.frame_ms,
            ttl_s=self._config.server.resume_ttl_s,
            first_seq=arrival.first_seq,
            body=self._limits.bodies.get(agreed.settings.persona),
        )
        await self._begin(live, tenure)
        return live

    async def admit_quiet(
        self, tenure: Tenure, arrival: Arrival, *, max_ahead_s: float
    ) -> LiveSession:
        """Opens a session that says nothing by itself, and ends with its connection.

        Args:
            tenure: of the connection.
            arrival: what it asks for.
            max_ahead_s: reply audio that is sent before it is played, seconds.

        Raises:
            Unauthorized: the caller has shown no valid token.
            Closing: there is no place.
        """
        self._let_in(arrival.caller)
        agreed = negotiate(arrival.hello, self._limits.offer)
        self._make_room()
        session_id = arrival.session_id
        setup = quiet(self._casting.setup(session_id, agreed), max_ahead_s)
        live = LiveSession(
            session_id,
            self._casting.open(session_id, setup),
            agreed,
            caller=arrival.caller,
            frame_ms=setup.playout.frame_ms,
            ttl_s=0.0,
        )
        await self._begin(live, tenure)
        await live.begin()
        return live

    async def _begin(self, live: LiveSession, tenure: Tenure) -> None:
        live.hold()
        self._sessions.take_in(live)
        SessionLog(_log, live.session_id).info("session opened")
        await live.attach(tenure)
        self._doorstep.left(tenure.socket)

    def _let_in(self, caller: Caller) -> None:
        match self._gate.look(caller):
            case Verdict.VALID:
                return
            case Verdict.THROTTLED:
                raise Unauthorized("Too many wrong tokens came from this address.")
            case _:
                raise Unauthorized("A valid token is needed.")

    def _caller(self, socket: ServerConnection, token: str | None) -> Caller:
        assert socket.request is not None
        trusted = self._config.server.trusted_proxies
        return Caller(address_of(socket, socket.request, trusted)).showing(token)

    def _make_room(self) -> None:
        """Sees to it that there is room for one more session.

        Raises:
            Closing: there is none.
        """
        sessions = self._sessions
        place = place_for_one_more(
            self._config.server.max_sessions, sessions.lost_s, sessions.unused, time.monotonic()
        )
        if place.is_none:
            raise Closing(CloseCode.OVERLOADED, "overloaded", "retry-after=5")
        if place.leaver:
            self._sessions.evict(place.leaver)


KEPT_S: Final = 30.0
"""Time for which a session that waits for its client makes room for nobody, seconds."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whether one more session may be opened.

    Attributes:
        is_none: there is no room.
        leaver: id of the session that makes room, "" for none.
    """

    is_none: bool = False
    leaver: str = ""


def place_for_one_more(
    limit: int, lost_s: Mapping[str, float | None], unused: Collection[str], now_s: float
) -> Place:
    """Decides about one more session.

    A session that nobody is connected to keeps its place for `KEPT_S`, and after that while there
    is another: then it makes room for somebody who is here. Those whose client never said a word
    after its hello make room at once, and of these the one that was left last: so a storm of
    hellos drives out its own sessions, and nobody's talk.

    Args:
        limit: sessions at once.
        lost_s: for each session since when nobody is connected to it, seconds; None = somebody is.
        unused: those whose client has said nothing but hello.
        now_s: the time, seconds.
    """
    if len(lost_s) < limit:
        return Place()
    alone = {session_id: since_s for session_id, since_s in lost_s.items() if since_s is not None}
    late = [session_id for session_id, since_s in alone.items() if now_s - since_s >= KEPT_S]
    if late:
        return Place(leaver=min(late, key=lambda session_id: alone[session_id]))
    empty = [session_id for session_id in alone if session_id in unused]
    if empty:
        return Place(leaver=max(empty, key=lambda session_id: alone[session_id]))
    return Place(is_none=True)
