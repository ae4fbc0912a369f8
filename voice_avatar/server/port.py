"""The server: one port for WebSocket sessions, health, metrics and a first page.

`AvatarServer.serve` listens at once and loads the engines meanwhile: `/healthz` answers from the
start, `/readyz` once every engine has done its first piece of work. On SIGTERM it takes no more
sessions, says goodbye to those it has, and gives their replies `drain_s` to finish.

Here are the life of the server and the boundary of each connection's task. What a request is
answered is in `front_desk.py`, who is let in in `admission.py`, who speaks in `casting.py`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, cast

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from voice_avatar.config.access import check_access, place_to_listen
from voice_avatar.config.load import Config
from voice_avatar.errors import ConfigError, VoiceAvatarError
from voice_avatar.events.notices import ErrorNotice
from voice_avatar.pipeline.engine_guard import EngineGuard
from voice_avatar.pipeline.engine_watch import WatchOptions
from voice_avatar.pipeline.llm_check import llm_trouble
from voice_avatar.pipeline.warm_up import warm_up
from voice_avatar.pipeline.workers import Workers
from voice_avatar.server import http
from voice_avatar.server.admission import Admission
from voice_avatar.server.bounded_line import BoundedLine
from voice_avatar.server.carrier import Carrier, close
from voice_avatar.server.casting import Casting, load_persona
from voice_avatar.server.closing import Closing, parting_of
from voice_avatar.server.entrance.doorstep import Doorstep
from voice_avatar.server.entrance.listener import Answers, listening
from voice_avatar.server.entrance.token_gate import TokenGate
from voice_avatar.server.front_desk import FrontDesk, ServerPhase, select_subprotocol
from voice_avatar.server.live_session import LiveSession
from voice_avatar.server.native.ready import limits_of
from voice_avatar.server.resumption import is_resumable
from voice_avatar.server.sessions import Sessions
from voice_avatar.server.tls import ServerTls, server_tls
from voice_avatar.stages.engines import Engines
from voice_avatar.telemetry.logs import SessionLog
from voice_avatar.telemetry.metrics import Metrics, watch_loop
from voice_avatar.wire.codes import CloseCode

_log = logging.getLogger(__name__)

_DRAIN_POLL_S = 0.05
_RECONNECT_MS = 1000.0

_CLOSE_S = 2.0
"""Longest wait for the engines to end, seconds. One that hangs never does."""

_ELSEWHERE = frozenset({"openai_http"})
"""Engines that run on another server."""


class AvatarServer:
    """A server and its sessions.

    Attributes:
        metrics: its figures.
        port: port that it listens on, 0 before.
        metrics_port: likewise for its figures alone, 0 without one.
        stuck: stages whose engine is beyond help, or has not ended with the server.
    """

    def __init__(
        self,
        config: Config,
        load: Callable[[], Engines],
        reload: Callable[[str], Any] | None = None,
    ) -> None:
        """Makes a server.

        Args:
            config: all options.
            load: loads the engines; it blocks, and is called in a thread.
            reload: loads the engine of one stage once more, likewise; None = that cannot be done.

        Raises:
            ConfigError: anybody could talk, and nobody has said so; or a token is none.
            PersonaError: the persona does not exist, or its file cannot be used.
        """
        server = config.server
        check_access(server.host, server.tokens, is_open=server.open)
        self._config = config
        self._load = load
        self._reload = reload
        self._persona = load_persona(config.server.persona)
        self._stopped = asyncio.Event()
        self._on_stop: Callable[[], None] = lambda: None
        self.metrics = Metrics()
        self.port = 0
        self.metrics_port = 0
        self.stuck: tuple[str, ...] = ()
        self._sessions = Sessions(self.metrics)
        self._gate = TokenGate(config.server.tokens, self.metrics.note_refused_token)
        self._doorstep = Doorstep(
            config.server, self.metrics.note_sent_away, self.metrics.note_refused_connection
        )
        self._desk = FrontDesk(
            config.server, self.metrics, self._sessions, self._gate, self._doorstep
        )
        self._guarding: asyncio.Task[None] | None = None
        self._admission: Admission | None = None
        self._tls: ServerTls | None = None
        self._carriers: set[Carrier] = set()

    # -- life

    async def serve(self, on_ready: Callable[[str], None] = lambda url: None) -> None:
        """Serves until `stop` is called.

        Args:
            on_ready: told the URL of the page once sessions are taken.

        Raises:
            ConfigError: it cannot listen there, or TLS files cannot be used.
            EngineUnavailable, ModelError: an engine cannot be loaded.
        """
        options = self._config.server
        tls = self._tls = server_tls(options)
        watching = asyncio.create_task(watch_loop(self.metrics.note_lateness))
        try:
            async with AsyncExitStack() as listeners:
                self.port = await self._listen(listeners, tls)
                if options.metrics.listen:
                    self.metrics_port = await self._listen_inside(listeners)
                await self._start_engines()
                on_ready(f"{'https' if tls else 'http'}://{options.host}:{self.port}/")
                await self._stopped.wait()
                await self._drain()
        finally:  # after the last session is over
            await self._doorstep.aclose()
            watching.cancel()
            await asyncio.wait([watching])
            await self._stop_engines()

    async def _listen(self, listeners: AsyncExitStack, tls: ServerTls | None) -> int:
        desk, options = self._desk, self._config.server
        answers = Answers(self._handle, desk.respond, desk.finish, select_subprotocol)
        return await listeners.enter_async_context(
            listening(options.host, options.port, answers, self._doorstep, options, tls=tls)
        )

    async def _listen_inside(self, listeners: AsyncExitStack) -> int:
        desk, options = self._desk, self._config.server
        host, port = place_to_listen("server.metrics_listen", options.metrics.listen)
        answers = Answers(self._handle, desk.respond_inside, desk.finish_inside)
        return await listeners.enter_async_context(
            listening(host, port, answers, self._doorstep, options)
        )

    @property
    def is_ready(self) -> bool:
        """Whether the engines are there; sessions are taken until its end begins."""
        return self._desk.phase in (ServerPhase.OPEN, ServerPhase.DRAINING)

    @property
    def sessions(self) -> tuple[LiveSession, ...]:
        """All sessions that are not over, those that wait for their client too."""
        return tuple(self._sessions)

    @property
    def is_stopping(self) -> bool:
        """Whether its end has begun."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Begins the end: no more sessions, and those there are get `drain_s`."""
        if not self._stopped.is_set():
            self._stopped.set()
            self._on_stop()

    def when_stopping(self, tell: Callable[[], None]) -> None:
        """Has `tell` called once, when its end begins."""
        self._on_stop = tell

    def reload(self) -> None:
        """Reads the TLS files again, for new connections; ends nothing, whatever is in them."""
        if self._tls is None:
            _log.info("nothing to reload")
            return
        try:
            self._tls.reload()
        except ConfigError as error:
            _log.error("TLS is as it was", extra={"reason": error.message})
        else:
            _log.info("TLS files read again")

    # -- engines

    async def _start_engines(self) -> None:
        started_s = time.monotonic()
        engines, _, _ = await asyncio.gather(
            asyncio.to_thread(self._load),
            asyncio.to_thread(http.clip_documents),
            asyncio.to_thread(http.web_documents),
        )
        workers = self._desk.workers = Workers(engines)
        casting = Casting(self._config, workers, self._persona)
        limits = limits_of(self._config, engines, casting.personas, casting.language)
        await warm_up(workers, casting.system_prompt, casting.language)
        if self._config.llm.engine in _ELSEWHERE and (trouble := await llm_trouble(engines.llm)):
            _log.warning(trouble)
            self._desk.trouble = trouble
        self._guard_engines(workers)
        # Only now: whoever comes in earlier would be the one who waits for what is slow at first.
        self._admission = Admission(
            self._config, limits, casting, self._sessions, self.metrics, self._gate, self._doorstep
        )
        self._desk.phase = ServerPhase.OPEN
        _log.info("ready", extra={"load_s": round(time.monotonic() - started_s, 2)})

    def _guard_engines(self, workers: Workers) -> None:
        server, llm = self._config.server, self._config.llm
        options = WatchOptions(
            server.engine_hang_s,
            server.engine_hang_s * 2 / 3,
            min(0.5, server.engine_hang_s / 10),
            watched_only=frozenset({"llm"} if llm.engine in _ELSEWHERE else ()),
        )
        guard = EngineGuard(
            workers,
            options,
            reload=self._reload,
            tell=self.metrics.set_hung,
            give_up=self._engine_lost,
        )
        for stage in workers.vitals():
            self.metrics.set_hung(stage, False)
        self._desk.hung = lambda: guard.hung
        self._guarding = asyncio.create_task(guard.run())

    def _engine_lost(self, stage: str) -> None:
        """An engine is beyond help: without it there is nothing to serve."""
        if self._config.server.exits_when_stuck:
            self.stuck = (*self.stuck, stage)
            self.stop()

    async def _stop_engines(self) -> None:
        self._desk.phase = ServerPhase.CLOSED
        if self._guarding is not None:
            self._guarding.cancel()
            await asyncio.wait([self._guarding])
        workers = self._desk.workers
        if workers is None:
            return
        left: tuple[str, ...] = ()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await workers.engines.llm.aclose()
        except TimeoutError:
            left = ("llm",)
        left += workers.close(_CLOSE_S)
        if left:
            self.stuck = tuple(dict.fromkeys((*self.stuck, *left)))
            _log.error("engines left", extra={"stages": ",".join(left)})

    # -- connections

    async def _handle(self, socket: ServerConnection) -> None:
        """Serves one WebSocket."""
        carrier: Carrier | None = None
        session_id = secrets.token_hex(8)
        log = SessionLog(_log, session_id)
        end: Closing | None = None
        is_lost = False
        try:
            carrier = self._open(socket, session_id)
            self._carriers.add(carrier)
            await carrier.run()
        except ConnectionClosed as closed:
            is_lost = parting_of(closed).is_loss
        except Exception as error:  # the task boundary of a connection
            end = Closing.because_of(error)
            is_lost = is_resumable(end.code)
            if not isinstance(error, Closing | VoiceAvatarError):
                log.exception("session failed")
            if end.error:
                self.metrics.note(ErrorNotice(end.error, end.message, is_fatal=True))
        finally:
            # First the session, then the socket: closing may take seconds, in which a client that
            # comes back finds its session waiting, and one that is new finds a place.
            live = None
            if carrier is not None:
                self._carriers.discard(carrier)
                live = carrier.live
            if live is not None and carrier is not None:
                log = SessionLog(_log, live.session_id)
                await self._part(live, carrier, is_lost=is_lost)
            if end is not None:
                await close(carrier, socket, end)
            self.metrics.connection_closed(socket.close_code)
            is_over = live is None or live.is_over
            what = "session closed" if is_over else "connection closed"
            log.info(what, extra={"close": socket.close_code})

    def _open(self, socket: ServerConnection, session_id: str) -> Carrier:
        """Returns the connection on a socket.

        Raises:
            Closing: nobody is let in now.
        """
        if self._desk.phase is ServerPhase.DRAINING:
            raise Closing(CloseCode.GOING_AWAY)
        if self._admission is None or not self.is_ready:
            raise Closing(CloseCode.NOT_READY, "not_ready", "The models are still loading.")
        # It is what `create_connection` has made.
        return self._admission.open(cast("BoundedLine", socket), session_id)

    async def _part(self, live: LiveSession, carrier: Carrier, *, is_lost: bool) -> None:
        """Ends a session with its connection, unless that was lost, or is its own no more."""
        if not live.is_held_by(carrier.tenure):
            return
        is_ending = self._desk.phase in (ServerPhase.DRAINING, ServerPhase.CLOSED)
        if is_lost and not is_ending:
            live.lose()
        # A session that nobody can come back to is over the moment it is lost.
        if live.is_over or not is_lost or is_ending:
            await live.finish()

    # -- the end

    async def _drain(self) -> None:
        """Lets live replies finish, then closes what is left."""
        self._desk.phase = ServerPhase.DRAINING
        self._sessions.dismiss_waiting()
        await self._for_all(lambda carrier: carrier.goodbye(_RECONNECT_MS))
        # Who waits for an engine that is beyond help waits for nothing.
        drain_s = 0.0 if self.stuck else self._config.server.drain_s
        until_s = time.monotonic() + drain_s
        while any(s.is_speaking for s in self._sessions) and time.monotonic() < until_s:  # noqa: ASYNC110
            await asyncio.sleep(_DRAIN_POLL_S)
        await self._for_all(lambda carrier: carrier.tenure.leave(CloseCode.GOING_AWAY))
        await self._sessions.aclose()

    async def _for_all(self, act: Callable[[Carrier], Awaitable[None]]) -> None:
        """Does it for all connections at once; one that fails has an end of its own."""
        await asyncio.gather(*(act(c) for c in tuple(self._carriers)), return_exceptions=True)
