"""Python client: talk to a voice-avatar server from a script, a test or a robot.

    async with connect("ws://localhost:8765", token="…") as avatar:
        reply = await avatar.talk("question.wav")
        print(reply.spoken_text, reply.v2v_ms)

Needs no engine and no model: only this package, `websockets` and `msgspec`; Opus and a sound card
are optional. Playback is reported to the server by itself, from a simulated loudspeaker or from
the player that was given.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import ssl as tls
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
)
from websockets.typing import Subprotocol

from voice_avatar import __version__, errors, protocol, wire
from voice_avatar.audio import BYTES_PER_SAMPLE, sample_count, silence
from voice_avatar.client_audio import MicrophoneFrames, Player, SimulatedPlayer, read_wav
from voice_avatar.client_reply import AudioReceived, FacesReceived, Playback, Reply
from voice_avatar.codes import CloseCode
from voice_avatar.errors import ConnectionFailed, VoiceAvatarError
from voice_avatar.face_frames import unpack_face
from voice_avatar.frames import FRAME_S, FrameKind, is_face, unpack_audio

_log = logging.getLogger(__name__)

MAX_WAITING_EVENTS: Final = 4096
"""Events kept for a program that does not read them; the oldest go first."""

MAX_WAITING_REPLIES: Final = 64
"""Finished replies kept for a program that does not ask for them."""

AUDIBLE: Final = 104
"""Samples beyond this are heard: -50 dB of full scale."""

MIC_MARKS: Final = 6000
"""Frames of which it is remembered when they were sent: 2 minutes."""


Event = wire.AnyServerMessage | AudioReceived | FacesReceived

_Item = TypeVar("_Item")


class _Feed(Generic[_Item]):
    """A bounded line of items with one reader; closing it ends the reader, maybe with an error."""

    def __init__(self, limit: int) -> None:
        self._items: deque[_Item] = deque(maxlen=limit)
        self._changed = asyncio.Event()
        self._is_closed = False
        self._error: VoiceAvatarError | None = None

    def put(self, item: _Item) -> None:
        self._items.append(item)
        self._changed.set()

    def close(self, error: VoiceAvatarError | None) -> None:
        self._is_closed = True
        self._error = error
        self._changed.set()

    async def get(self) -> _Item | None:
        """Returns the next item; None at a clean end."""
        while not self._items:
            if self._error is not None:
                raise self._error
            if self._is_closed:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._items.popleft()


class AvatarConnection:
    """A running session; made by `connect`.

    Iterating gives the server's messages and audio as they come, and ends when the session ends.

    Attributes:
        ready: what was agreed.
        goaway: the server's warning that it will close, None so far.
        unreadable: messages that could not be read and were passed over.
    """

    def __init__(
        self,
        socket: ClientConnection,
        ready: wire.SessionReady,
        player: Player,
        clock: Callable[[], float],
    ) -> None:
        self.ready = ready
        self.goaway: wire.SessionGoaway | None = None
        self.unreadable = 0
        self._socket = socket
        self._clock = clock
        self._microphone = MicrophoneFrames(ready.audio_in)
        self._playback = Playback(player, clock)
        self._heard = asyncio.Event()
        self._events: _Feed[Event] = _Feed(MAX_WAITING_EVENTS)
        self._replies: _Feed[Reply] = _Feed(MAX_WAITING_REPLIES)
        self._newest: Reply | None = None
        self._user_text: dict[int, str] = {}
        self._speech_end_s: float | None = None
        self._fatal: VoiceAvatarError | None = None
        self._pongs: dict[float, asyncio.Future[wire.ClockPong]] = {}

    # -- what the program says

    async def send(self, message: wire.ClientMessage) -> None:
        """Sends any message of the protocol.

        Raises:
            VoiceAvatarError: the session has ended; which one says why.
        """
        await self._send(protocol.encode_client(message))

    async def send_audio(self, pcm: bytes, rate_hz: int | None = None) -> None:
        """Sends microphone audio, PCM16 mono, now and without pacing.

        Args:
            pcm: any number of samples; whole frames of 20 ms go out, the rest waits.
            rate_hz: its rate; None = the rate agreed on. Another one is resampled.
        """
        rate_hz = rate_hz or self.ready.audio_in.rate_hz
        for frame in self._microphone.frames(pcm, rate_hz, self._clock()):
            await self._send(frame)

    async def stream(self, pcm: bytes, rate_hz: int, *, tail_s: float = math.inf) -> None:
        """Sends a recording in real time, against absolute deadlines, then `tail_s` of silence.

        An open microphone never stops: with the default, silence goes on until this is cancelled.
        """
        step = int(rate_hz * FRAME_S) * BYTES_PER_SAMPLE
        quiet = silence(step // BYTES_PER_SAMPLE)
        end_s = sample_count(pcm) / rate_hz + tail_s
        start_s = self._clock()
        for number in itertools.count():
            # A frame can be sent once its last sample was heard.
            due_s = (number + 1) * FRAME_S
            if due_s > end_s + FRAME_S / 2:
                return
            await asyncio.sleep(max(0.0, start_s + due_s - self._clock()))
            frame = pcm[number * step : (number + 1) * step]
            await self.send_audio(frame + quiet[len(frame) :], rate_hz)

    async def stream_wav(self, path: Path | str, *, tail_s: float = math.inf) -> None:
        """Sends a WAV file in real time, see `stream`.

        Raises:
            AudioUnsupported: not a 16-bit PCM WAV file.
        """
        pcm, rate_hz = read_wav(path)
        await self.stream(pcm, rate_hz, tail_s=tail_s)

    async def send_text(self, text: str) -> None:
        """Sends a typed turn."""
        await self.send(wire.InputText(text=text))

    async def press_to_talk(self) -> None:
        """Push-to-talk goes down: what is sent until the release is one turn."""
        await self.send(wire.InputStart(mode="ptt"))

    async def release_to_talk(self) -> None:
        """Push-to-talk goes up."""
        await self.send(wire.InputStop(mode="ptt"))

    async def interrupt(self, reply_id: int | None = None) -> None:
        """Stops the current reply, or the given one if it is current."""
        await self.send(wire.Interrupt(reply_id=reply_id))

    async def ping(self) -> float:
        """Returns the round trip to the server, milliseconds."""
        t0_ms = self._clock() * 1000
        self._pongs[t0_ms] = asyncio.get_running_loop().create_future()
        try:
            await self.send(wire.ClockPing(t0_ms=t0_ms))
            pong = await self._pongs[t0_ms]
        finally:
            del self._pongs[t0_ms]
        return self._clock() * 1000 - t0_ms - (pong.t2_ms - pong.t1_ms)

    async def ask(self, text: str) -> Reply:
        """Sends a typed turn and returns the reply to it, once it was played."""
        await self.send_text(text)
        return await self.next_reply()

    async def talk(self, path: Path | str) -> Reply:
        """Speaks a WAV file and returns the next reply, once it was played."""
        microphone = asyncio.create_task(self.stream_wav(path))
        replied = asyncio.create_task(self.next_reply())
        try:
            await asyncio.wait({microphone, replied}, return_when=asyncio.FIRST_COMPLETED)
            if not replied.done():
                # The microphone never ends by itself: it failed, and says how.
                microphone.result()
            return await replied
        finally:
            for task in (microphone, replied):
                task.cancel()
            await asyncio.gather(microphone, replied, return_exceptions=True)

    # -- what the program hears

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._iterate()

    async def _iterate(self) -> AsyncIterator[Event]:
        while (event := await self._events.get()) is not None:
            yield event

    async def next_reply(self) -> Reply:
        """Waits for the next reply that is over, in order.

        Raises:
            VoiceAvatarError: the session ended before.
        """
        reply = await self._replies.get()
        if reply is None:
            raise _ended()
        return reply

    # -- what comes in

    async def _read(self) -> None:
        """Reads until the socket closes. Runs as a task."""
        error: VoiceAvatarError | None = None
        try:
            async for data in self._socket:
                await self._received(data)
        except ConnectionClosed as closed:
            error = _closed_error(closed)
        except VoiceAvatarError as failed:
            error = failed
        except Exception as crash:  # the edge of the task: the program must hear of it
            error = ConnectionFailed(f"The client failed: {crash!r}.")
            error.__cause__ = crash
        error = self._fatal or error
        self._events.close(error)
        self._replies.close(error)
        for pong in self._pongs.values():
            if not pong.done():
                pong.set_exception(error or _ended())

    async def _received(self, data: str | bytes) -> None:
        try:
            if isinstance(data, bytes) and is_face(data):
                self._put(self._playback.faces(unpack_face(data)))
            elif isinstance(data, bytes):
                frame = unpack_audio(data, FrameKind.AUDIO_OUT)
                self._put(None if frame is None else self._playback.audio(frame))
            else:
                message = protocol.decode_server_text(data)
                if not isinstance(message, protocol.UnknownType):
                    self._told(message)
        except (errors.ProtocolError, errors.AudioInvalid) as error:
            # PROTOCOL.md, "Compatibility": what cannot be read is passed over.
            self.unreadable += 1
            _log.warning("a frame of the server was passed over: %s", error.code)
        await self._report()
        self._heard.set()

    def _put(self, event: Event | None) -> None:
        if event is not None:
            self._events.put(event)

    def _told(self, message: wire.AnyServerMessage) -> None:
        match message:
            case wire.SessionGoaway():
                self.goaway = message
            case wire.InputSpeechStopped(t_ms=t_ms):
                self._speech_end_s = self._microphone.said_s(t_ms)
            case wire.TurnEnded(reason="text"):
                self._speech_end_s = None
            case wire.TranscriptFinal(turn_id=turn_id, text=text):
                self._user_text = {turn_id: text}
            case wire.ErrorMessage(fatal=True):
                self._fatal = _error(message.code, message.message)
            case wire.ClockPong(t0_ms=t0_ms) if t0_ms in self._pongs:
                self._pongs[t0_ms].set_result(message)
            case wire.ReplyStarted(turn_id=turn_id):
                speech_end_s = self._speech_end_s if turn_id else None
                text = self._user_text.get(turn_id, "")
                self._newest = self._playback.begin(message, text, speech_end_s)
            case wire.ReplyAudioDone():
                self._put(self._playback.audio_done(message))
            case wire.Metrics(reply_id=reply_id):
                if self._newest is not None and self._newest.reply_id == reply_id:
                    self._newest.metrics = message
            case _:
                over = self._playback.told(message)
                if over is not None:
                    self._replies.put(over)
        self._events.put(message)

    async def _report(self) -> None:
        report = self._playback.due_report()
        if report is not None:
            await self.send(report)

    async def _report_playback(self) -> None:
        """Reports while a reply plays. Runs as a task."""
        with suppress(VoiceAvatarError):  # the reader tells the program why the session ended
            while True:
                self._heard.clear()
                await self._report()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._playback.report_in_s()):
                        await self._heard.wait()

    async def _send(self, data: str | bytes) -> None:
        try:
            await self._socket.send(data)
        except ConnectionClosed as closed:
            raise self._fatal or _closed_error(closed) or _ended() from closed


@asynccontextmanager
async def connect(
    url: str,
    *,
    token: str | None = None,
    hello: wire.SessionHello | None = None,
    player: Player | None = None,
    ssl: tls.SSLContext | None = None,
    timeout_s: float = 30.0,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[AvatarConnection]:
    """Opens a session and closes it at the end of the block.

    Args:
        url: "ws://host:port" or "wss://…"; without a path, the protocol's own.
        token: bearer token.
        hello: wishes; None = PCM16 both ways, replies that pause at the first sound of a voice,
            the server's defaults otherwise.
        player: what plays the replies; None = a simulated loudspeaker.
        ssl: TLS settings for wss; None = the system's.
        timeout_s: time for the handshake and the server's answer, seconds.
        clock: seconds that only grow.

    Raises:
        Unauthorized: no token, or a wrong one, or a forbidden origin.
        VersionUnsupported: the server speaks another version.
        ConnectionFailed: the server cannot be reached, is not ready, or did not answer in time.
        VoiceAvatarError: what else the server answered to the hello.
    """
    hello = hello or wire.SessionHello(
        client=wire.ClientInfo(name="voice-avatar-python", version=__version__, platform="python"),
        capabilities=wire.Capabilities(pause=True),
    )
    try:
        async with asyncio.timeout(timeout_s):
            socket = await _open(url, token, ssl)
            try:
                ready = await _greet(socket, hello)
            except BaseException:
                await socket.close()
                raise
    except TimeoutError as error:
        raise ConnectionFailed(f"No answer within {timeout_s:g} s.") from error
    avatar = AvatarConnection(socket, ready, player or SimulatedPlayer(clock), clock)
    tasks = [asyncio.create_task(avatar._read()), asyncio.create_task(avatar._report_playback())]
    try:
        yield avatar
        with suppress(VoiceAvatarError):
            await avatar.send(wire.SessionClose())
    finally:
        await socket.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _open(url: str, token: str | None, ssl: tls.SSLContext | None) -> ClientConnection:
    if urlsplit(url).path in {"", "/"}:
        url = urlsplit(url)._replace(path=protocol.PATH).geturl()
    try:
        return await open_socket(
            url,
            ssl=ssl,
            subprotocols=[Subprotocol(wire.SUBPROTOCOL)],
            additional_headers={"Authorization": f"Bearer {token}"} if token else None,
            compression=None,
            max_size=protocol.MAX_TEXT_BYTES,
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


async def _greet(socket: ClientConnection, hello: wire.SessionHello) -> wire.SessionReady:
    """Sends the hello and waits for the server's answer."""
    failure: VoiceAvatarError | None = None
    try:
        await socket.send(protocol.encode_client(hello))
        async for data in socket:
            message = protocol.decode_server_text(data)
            if isinstance(message, wire.SessionReady):
                return message
            if isinstance(message, wire.ErrorMessage):
                failure = _error(message.code, message.message)
    except ConnectionClosed as closed:
        raise failure or _closed_error(closed) or _ended() from closed
    raise failure or _ended()


def _ended() -> ConnectionFailed:
    return ConnectionFailed("The server closed the session.")


def _error(code: str, message: str) -> VoiceAvatarError:
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


def _closed_error(closed: ConnectionClosed) -> VoiceAvatarError | None:
    """What a close means; None for a session that ended as it should."""
    if closed.rcvd is None:
        return ConnectionFailed("The connection was lost.")
    code, reason = closed.rcvd.code, closed.rcvd.reason
    if code in {CloseCode.NORMAL, CloseCode.GOING_AWAY}:
        return None
    kind = _CLOSED.get(code, ConnectionFailed)
    return kind(f"The server closed the session: {code} {reason}".rstrip() + ".")
