"""The server: one port for WebSocket sessions, health, metrics and a first page.

`AvatarServer.serve` listens at once and loads the engines meanwhile: `/healthz` answers from the
start, `/readyz` once every engine has done its first piece of work. On SIGTERM it takes no more
sessions, says goodbye to those it has, and gives their replies `drain_s` to finish.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket as sockets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from zlib import crc32

from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as listen
from websockets.exceptions import ConnectionClosed, NegotiationError
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from voice_avatar import codec, foreign_edge, http_edge, negotiation, persona, protocol, wire
from voice_avatar.autonomic import autonomic
from voice_avatar.closing import CLOSE_TIMEOUT_S, Closing
from voice_avatar.codes import CloseCode
from voice_avatar.config import Config
from voice_avatar.connection import (
    Connection,
    Terms,
    close,
    is_token_valid,
)
from voice_avatar.connection_pcm import PcmConnection
from voice_avatar.connection_realtime import RealtimeConnection
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.echo import EchoOptions
from voice_avatar.errors import (
    ConfigError,
    PersonaError,
    VersionUnsupported,
    VoiceAvatarError,
)
from voice_avatar.events import ErrorNotice
from voice_avatar.line import WRITE_LIMIT_BYTES
from voice_avatar.logs import WEBSOCKETS, SessionLog
from voice_avatar.metrics import Metrics, watch_loop
from voice_avatar.pipeline import Conversation
from voice_avatar.realtime import client_events
from voice_avatar.recorder import Recording
from voice_avatar.resumption import Parting, is_resumable
from voice_avatar.roster import Roster
from voice_avatar.served import Holder, ServedSession
from voice_avatar.stt import AUTO, SttOptions
from voice_avatar.vocabulary import vocabulary
from voice_avatar.warm_up import warm_up
from voice_avatar.workers import Engines, Workers

_log = logging.getLogger(__name__)

_SEND_BUFFER_BYTES = 128 * 1024
"""What the system may hold for a client: 1.3 s of PCM at 48 kHz. With its own default, of
megabytes, a client that does not read would be found out only after a minute."""

_DRAIN_POLL_S = 0.05
_RECONNECT_MS = 1000.0

AnyConnection = Connection | RealtimeConnection | PcmConnection


class AvatarServer:
    """A server and its sessions.

    Attributes:
        port: port that it listens on, 0 before.
        is_ready: whether sessions are taken.
    """

    def __init__(self, config: Config, load: Callable[[], Engines]) -> None:
        """`load` loads the engines; it blocks, and is called in a thread."""
        self._config = config
        self._load = load
        self._workers: Workers | None = None
        self._terms: Terms | None = None
        self._persona = load_persona(config.server.persona)
        self._is_draining = False
        self._stopped = asyncio.Event()
        self.metrics = Metrics()
        self.port = 0
        self.is_ready = False
        self._connections: set[AnyConnection] = set()
        self._roster = Roster(config.server.max_sessions, self.metrics)

    async def serve(self, on_ready: Callable[[str], None] = lambda url: None) -> None:
        """Serves until `stop` is called.

        Args:
            on_ready: told the URL of the page once sessions are taken.

        Raises:
            ConfigError: it cannot listen there, or TLS files cannot be used.
            EngineUnavailable, ModelError: an engine cannot be loaded.
        """
        options = self._config.server
        tls = http_edge.tls_context(options.tls_cert, options.tls_key)
        try:
            listener = await listen(
                self._handle,
                options.host,
                options.port,
                process_request=self._respond,
                select_subprotocol=_select_subprotocol,
                compression=None,
                max_size=protocol.MAX_TEXT_BYTES,
                max_queue=32,
                ping_interval=options.ping_s or None,
                ping_timeout=options.ping_timeout_s or None,
                close_timeout=CLOSE_TIMEOUT_S,
                write_limit=WRITE_LIMIT_BYTES,
                ssl=tls,
                server_header="voice-avatar",
                logger=logging.getLogger(WEBSOCKETS),
            )
        except OSError as error:
            raise ConfigError(
                f"Cannot listen on {options.host}:{options.port}: {error.strerror}."
            ) from error
        watching = asyncio.create_task(watch_loop(self.metrics.note_lateness))
        try:
            async with listener:
                for socket in listener.sockets:  # whatever is accepted inherits it
                    socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, _SEND_BUFFER_BYTES)
                self.port = listener.sockets[0].getsockname()[1]
                await self._start_engines()
                on_ready(f"{'https' if tls else 'http'}://{options.host}:{self.port}/")
                await self._stopped.wait()
                await self._drain()
        finally:  # after the last session is over
            watching.cancel()
            await asyncio.wait([watching])
            await self._stop_engines()

    @property
    def sessions(self) -> tuple[ServedSession, ...]:
        """All sessions that are not over, those that wait for their client too."""
        return tuple(self._roster)

    @property
    def is_stopping(self) -> bool:
        """Whether its end has begun."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Begins the end: no more sessions, and those there are get `drain_s`."""
        self._stopped.set()

    # -- engines

    async def _start_engines(self) -> None:
        started_s = time.monotonic()
        engines, _, _ = await asyncio.gather(
            asyncio.to_thread(self._load),
            asyncio.to_thread(http_edge.clip_documents),
            asyncio.to_thread(http_edge.web_documents),
        )
        self._workers = Workers(engines)
        self._terms = self._make_terms(engines)
        prompt = persona.system_prompt(self._persona)
        await warm_up(self._workers, prompt, self._language)
        self.is_ready = True
        _log.info("ready", extra={"load_s": round(time.monotonic() - started_s, 2)})

    async def _stop_engines(self) -> None:
        self.is_ready = False
        if self._workers is not None:
            await self._workers.engines.llm.aclose()
            self._workers.close()

    def _make_terms(self, engines: Engines) -> Terms:
        config = self._config
        voice = engines.tts.capabilities
        words = vocabulary()
        language = self._language
        others = [code for code in engines.stt.capabilities.languages if code != language]
        custom = (self._persona.name,) if not _is_built_in(config.server.persona) else ()
        names = (*custom, *persona.built_in_names())
        default = custom[0] if custom else config.server.persona
        return Terms(
            negotiation.ServerOffer(
                codecs=("pcm16", "opus") if codec.available() else ("pcm16",),
                rates_hz=tuple(
                    dict.fromkeys((voice.rate_hz, 24_000, 16_000, 22_050, 44_100, 48_000))
                ),
                personas=tuple(dict.fromkeys((default, *names))),
                voices=(voice.voice,),
                languages=(language, *others),
                gestures=words.gesture_names,
                expressions=words.expression_names,
            ),
            wire.Models(
                stt=engines.stt.capabilities.model,
                llm=engines.llm.capabilities.model,
                tts=voice.voice,
                vad=engines.vad.capabilities.model,
                turn=engines.turn.capabilities.model if engines.turn else "",
            ),
            tokens=config.server.tokens,
            hello_timeout_s=config.server.hello_timeout_s,
            slow_consumer_s=config.server.slow_consumer_s,
            frame_ms=config.playout.frame_ms,
            max_ahead_s=config.playout.max_ahead_s,
            idle_timeout_s=config.session.idle_timeout_s,
            input_chars=min(config.session.max_text_chars, wire.MAX_INPUT_CHARS),
            bodies={name: self._body_of(name) for name in (default, *names)},
        )

    @property
    def _language(self) -> str:
        """Language of a session that asks for none: the persona's, if it is not configured."""
        configured = self._config.stt.language
        return self._persona.language if configured in (AUTO, SttOptions().language) else configured

    # -- HTTP

    def _respond(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answers plain HTTP; None lets a WebSocket handshake go on."""
        if http_edge.is_ambiguous(request):
            return http_edge.text(HTTPStatus.BAD_REQUEST, "A header is there twice.\n")
        path, _, _ = request.path.partition("?")
        match path:
            case foreign_edge.REALTIME_PATH | foreign_edge.PCM_PATH:
                return self._refused(socket, request)
            case _ if f"{path}/".startswith(f"{foreign_edge.MODELS_PATH}/"):
                models = self._terms.models if self._terms is not None else wire.Models()
                return foreign_edge.models_answer(request, self._config.server.tokens, models)
            case protocol.PATH:
                options = self._config.server
                return http_edge.refusal(request, options.host, options.origins)
            case "/healthz":
                return http_edge.text(HTTPStatus.OK, "ok\n")
            case "/readyz":
                is_ready = self.is_ready and not self._is_draining
                status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
                return http_edge.text(status, "ready\n" if is_ready else "not ready\n")
            case "/metrics":
                self.metrics.set_backlog(sum(s.conversation.backlog for s in self._roster))
                self.metrics.set_waiting(self._roster.waiting)
                if self._workers is not None:
                    self.metrics.set_running(
                        replies=self._workers.running_replies,
                        requests=self._workers.running_requests,
                    )
                body, kind = self.metrics.exposition()
                return http_edge.answer(HTTPStatus.OK, body, kind)
            case _ if f"{path}/".startswith(f"{http_edge.CLIPS_PATH}/"):
                return http_edge.clip_answer(path, request.headers)
            case _:
                return http_edge.web_answer(path, request.headers)

    def _refused(self, socket: ServerConnection, request: Request) -> Response | None:
        """Returns why a WebSocket of another protocol than ours is refused; None = it may go on."""
        refusal = foreign_edge.refused_socket(request, self._config, is_ready=self.is_ready)
        if refusal is None and foreign_edge.path_of(request) == foreign_edge.REALTIME_PATH:
            socket.protocol.max_message_size = client_events.MAX_EVENT_BYTES
        return refusal

    # -- sessions

    async def _handle(self, socket: ServerConnection) -> None:
        """Serves one WebSocket."""
        connection: AnyConnection | None = None
        session_id = secrets.token_hex(8)
        log = SessionLog(_log, session_id)
        end: Closing | None = None
        is_lost = False
        try:
            connection = self._open(socket, session_id)
            self._connections.add(connection)
            await connection.run()
        except ConnectionClosed as closed:
            is_lost = _parting(closed).is_loss
        except Exception as error:  # the task boundary of a connection
            end = Closing.because_of(error)
            is_lost = is_resumable(end.code)
            if not isinstance(error, Closing | VoiceAvatarError):
                log.exception("session failed")
            if end.error:
                self.metrics.note(ErrorNotice(end.error, end.message, is_fatal=True))
        finally:
            served = None
            if connection is not None:
                self._connections.discard(connection)
                served = connection.served
            if served is not None and connection is not None:
                log = SessionLog(_log, served.session_id)
                await self._part(served, connection, is_lost=is_lost)
            if end is not None:
                await close(connection, socket, end)
            self.metrics.connection_closed(socket.close_code)
            is_over = served is None or served.is_over
            what = "session closed" if is_over else "connection closed"
            log.info(what, extra={"close": socket.close_code})

    async def _part(self, served: ServedSession, connection: Holder, *, is_lost: bool) -> None:
        """Ends a session with its connection, unless that was lost, or is its own no more."""
        if not served.is_held_by(connection):
            return
        if is_lost and not self._is_draining:
            served.lose()
        if served.is_over or not is_lost or self._is_draining:
            await served.finish()

    def _open(self, socket: ServerConnection, session_id: str) -> AnyConnection:
        if self._is_draining:
            raise Closing(CloseCode.GOING_AWAY)
        if not self.is_ready or self._terms is None:
            raise Closing(CloseCode.NOT_READY, "not_ready", "The models are still loading.")
        limit = self._config.server.max_sessions
        if sum(connection.served is None for connection in self._connections) >= limit:
            raise Closing(CloseCode.OVERLOADED, "overloaded", "retry-after=5")
        assert socket.request is not None
        match foreign_edge.path_of(socket.request):
            case foreign_edge.REALTIME_PATH:
                return self._open_realtime(socket, session_id)
            case foreign_edge.PCM_PATH:
                slow_s = self._config.server.slow_consumer_s
                return PcmConnection(
                    socket, session_id, self._admit_foreign, self.metrics, slow_consumer_s=slow_s
                )
            case _:
                pass
        token = http_edge.bearer_token(socket.request)
        return Connection(
            socket,
            session_id,
            self._terms,
            self._admit,
            self.metrics,
            is_authorized=is_token_valid(token, self._terms.tokens),
        )

    def _open_realtime(self, socket: ServerConnection, session_id: str) -> RealtimeConnection:
        assert self._terms is not None
        assert socket.request is not None
        config = self._config
        return RealtimeConnection(
            socket,
            session_id,
            foreign_edge.offer_of(self._terms, config, persona.system_prompt(self._persona)),
            foreign_edge.wishes_of(socket.request),
            self._admit_foreign,
            self.metrics,
            max_ahead_s=config.realtime.max_ahead_s,
            slow_consumer_s=config.server.slow_consumer_s,
            heard_tolerance_s=config.playout.heard_tolerance_s,
        )

    async def _admit_foreign(
        self, connection: RealtimeConnection | PcmConnection, rate_hz: int, max_ahead_s: float
    ) -> ServedSession:
        """Opens a session that says nothing by itself, and ends with its connection."""
        assert self._terms is not None
        hello = wire.SessionHello(audio_out=wire.AudioWish(rate_hz=rate_hz))
        agreed = negotiation.negotiate(hello, self._terms.offer)
        config = foreign_edge.quiet(self._config, max_ahead_s)
        self._roster.make_room()
        session_id = connection.session_id
        conversation = self._converse(session_id, agreed, config, greets=False)
        served = ServedSession(
            session_id, conversation, agreed, frame_ms=config.playout.frame_ms, ttl_s=0.0
        )
        await self._roster.open(served)
        SessionLog(_log, session_id).info("session opened")
        await served.attach(connection)
        return served

    async def _admit(self, connection: Connection, hello: wire.SessionHello) -> ServedSession:
        """Attaches a connection to the session that it resumes, or else to a new one."""
        assert self._terms is not None
        if hello.resume is not None:
            found = self._roster.find(hello.resume)
            if found is not None and await found.attach(connection):
                return found
            self.metrics.note_resume_failed()
        agreed = negotiation.negotiate(hello, self._terms.offer)
        self._roster.make_room()
        session_id = connection.session_id
        served = ServedSession(
            session_id,
            self._converse(session_id, agreed, self._config),
            agreed,
            frame_ms=self._config.playout.frame_ms,
            ttl_s=self._config.server.resume_ttl_s,
            first_seq=connection.greeting_count,
            body=self._terms.bodies.get(agreed.settings.persona),
        )
        await self._roster.open(served)
        SessionLog(_log, session_id).info("session opened")
        await served.attach(connection)
        return served

    def _converse(
        self, session_id: str, agreed: negotiation.Agreed, config: Config, *, greets: bool = True
    ) -> Conversation:
        assert self._workers is not None
        settings = agreed.settings
        who = self._persona_of(settings.persona)
        is_detected = config.stt.language == AUTO and settings.language == self._language
        setup = SessionSetup(
            session=replace(
                config.session,
                language="" if is_detected else settings.language,
                greeting=(config.session.greeting or who.greeting) if greets else "",
            ),
            vad=config.vad,
            turn=replace(
                config.turn,
                endpointing=settings.endpointing,
                interrupt=replace(
                    config.turn.interrupt,
                    pause_s=config.turn.interrupt.pause_s if agreed.can_pause else 0.0,
                    names=tuple(who.name.split()),
                ),
            ),
            capture=config.capture,
            chunking=config.chunking,
            gestures=replace(config.gestures, energy=who.energy),
            body=replace(config.body, energy=who.energy, seed=crc32(session_id.encode())),
            history=config.history,
            playout=config.playout,
            llm=config.llm,
            system_prompt=agreed.instructions or persona.system_prompt(who),
            vocabulary=frozenset((*agreed.gestures, *agreed.expressions)),
            echo=config.echo,
            hears_itself=_may_hear_itself(config.echo, agreed),
            told=None if agreed.instructions else persona.told(who),
            baseline=who.baseline,
            tools=agreed.tools,
            tool_choice=settings.tool_choice,
            rate_hz=agreed.audio_out.rate_hz,
            context_tokens=self._workers.engines.llm.capabilities.context_tokens,
        )
        tape = None
        if config.server.record_dir:
            count_tokens = self._workers.engines.llm.count_tokens
            tape = Recording(config.server.record_dir, session_id, setup, count_tokens=count_tokens)
        return Conversation(self._workers, setup, session_id=session_id, tape=tape)

    def _body_of(self, name: str) -> wire.Autonomic:
        who = self._persona_of(name)
        return protocol.body_of(autonomic(who.energy), who.baseline)

    def _persona_of(self, name: str) -> persona.Persona:
        if name in persona.built_in_names():
            return persona.built_in(name)
        return self._persona

    async def _drain(self) -> None:
        """Lets live replies finish, then closes what is left."""
        self._is_draining = True
        self._roster.dismiss_waiting()
        await self._for_all(lambda c: c.goodbye(_RECONNECT_MS))
        until_s = time.monotonic() + self._config.server.drain_s
        while any(s.is_speaking for s in self._roster) and time.monotonic() < until_s:  # noqa: ASYNC110
            await asyncio.sleep(_DRAIN_POLL_S)
        await self._for_all(lambda c: c.leave(CloseCode.GOING_AWAY))
        await self._roster.aclose()

    async def _for_all(self, act: Callable[[AnyConnection], Awaitable[None]]) -> None:
        await asyncio.gather(*(act(c) for c in tuple(self._connections)), return_exceptions=True)


def load_persona(name_or_path: str) -> persona.Persona:
    """Returns a built-in persona, or that of a file.

    Raises:
        PersonaError: there is none of that name, or the file cannot be used.
    """
    if not name_or_path.endswith(".toml"):
        return persona.built_in(name_or_path)
    try:
        with open(name_or_path, encoding="utf-8") as file:
            return persona.parse(file.read())
    except OSError as error:
        raise PersonaError(f"The persona file cannot be read: {error.strerror}") from error


def _is_built_in(name: str) -> bool:
    return name in persona.built_in_names()


def _parting(closed: ConnectionClosed) -> Parting:
    received, sent = closed.rcvd, closed.sent
    return Parting(
        None if received is None else received.code,
        None if sent is None else sent.code,
        is_ours=not closed.rcvd_then_sent,
    )


def _select_subprotocol(
    socket: ServerConnection, offered: Sequence[Subprotocol]
) -> Subprotocol | None:
    if foreign_edge.path_of(socket.request) != protocol.PATH:
        chosen = foreign_edge.subprotocol(offered)
        return None if chosen is None else Subprotocol(chosen)
    try:
        chosen = negotiation.select_subprotocol(offered)
    except VersionUnsupported as error:
        raise NegotiationError(error.message) from error
    return None if chosen is None else Subprotocol(chosen)


def _may_hear_itself(echo: EchoOptions, agreed: negotiation.Agreed) -> bool:
    """Returns whether the avatar's own voice is looked for in a client's microphone."""
    return echo.guard == "always" or (echo.guard == "auto" and agreed.hears_itself)
