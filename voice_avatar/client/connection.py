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
import math
import ssl as tls
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import (
    ConnectionClosed,
)

from voice_avatar import __version__
from voice_avatar.audio.pcm import BYTES_PER_SAMPLE, sample_count, silence
from voice_avatar.client.audio import MicrophoneFrames, Player, SimulatedPlayer, read_wav
from voice_avatar.client.inbox import Event, Inbox
from voice_avatar.client.link import Link, closed_error, ended, is_resumable
from voice_avatar.client.playback import Playback, Reply
from voice_avatar.client.tools import ClientTools, ToolFunction
from voice_avatar.errors import ConnectionFailed, VoiceAvatarError
from voice_avatar.wire import client_messages, session_messages
from voice_avatar.wire.fields import PATH, ClientMessage
from voice_avatar.wire.frame_codec import FRAME_S
from voice_avatar.wire.text import encode_client


class AvatarConnection:
    """A running session; made by `connect`.

    Iterating gives the server's messages and audio as they come, and ends when the session ends.

    The connection itself is its business: which socket there is, what waits while there is none,
    and what is told to the server when there is one again. What comes is read by the `Inbox`, the
    reply is played by the `Playback`, and what is said is cut by the `MicrophoneFrames`.

    Attributes:
        ready: what was agreed.
    """

    def __init__(
        self,
        line: Link,
        socket: ClientConnection,
        ready: session_messages.SessionReady,
        player: Player,
        clock: Callable[[], float],
        *,
        resume: bool,
        tools: ClientTools,
    ) -> None:
        """`resume` tells whether to come back by itself when the connection is lost."""
        self.ready = ready
        self._socket = socket
        self._clock = clock
        self._microphone = MicrophoneFrames(ready.audio_in)
        self._playback = Playback(player, clock)
        self._inbox = Inbox(ready.seq, self._microphone, self._playback, tools, self.send)
        self._heard = asyncio.Event()
        self._line = line
        self._offer = ready.resume if resume else None
        self._is_here = asyncio.Event()
        self._is_here.set()
        self._is_leaving = False
        self._end: VoiceAvatarError | None = None

    @property
    def goaway(self) -> session_messages.SessionGoaway | None:
        """The server's warning that it will close, None so far."""
        return self._inbox.goaway

    @property
    def unreadable(self) -> int:
        """Messages that could not be read and were passed over."""
        return self._inbox.unreadable

    # -- what the program says

    async def send(self, message: ClientMessage) -> None:
        """Sends any message of the protocol.

        Raises:
            VoiceAvatarError: the session has ended; which one says why.
        """
        await self._send(encode_client(message))

    async def send_audio(self, pcm: bytes, rate_hz: int | None = None) -> None:
        """Sends microphone audio, PCM16 mono, now and without pacing.

        Args:
            pcm: any number of samples; whole frames of 20 ms go out, the rest waits.
            rate_hz: its rate; None = the rate agreed on. Another one is resampled.
        """
        rate_hz = rate_hz or self.ready.audio_in.rate_hz
        for frame in self._microphone.frames(pcm, rate_hz, self._clock()):
            # Kept before it is sent: should the connection be lost under it, it is sent again.
            self._microphone.keep(frame)
            if self._end is not None:
                raise self._end
            if self._is_here.is_set():  # else it is sent when the client is back
                await self._send_frame(frame)

    async def _send_frame(self, frame: bytes) -> None:
        try:
            await self._socket.send(frame)
        except ConnectionClosed as closed:
            if self._offer is None or not is_resumable(closed):
                raise self._inbox.fatal or closed_error(closed) or ended() from closed

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
        await self.send(client_messages.InputText(text=text))

    async def press_to_talk(self) -> None:
        """Push-to-talk goes down: what is sent until the release is one turn."""
        await self.send(client_messages.InputStart(mode="ptt"))

    async def release_to_talk(self) -> None:
        """Push-to-talk goes up."""
        await self.send(client_messages.InputStop(mode="ptt"))

    async def interrupt(self, reply_id: int | None = None) -> None:
        """Stops the current reply, or the given one if it is current."""
        await self.send(client_messages.Interrupt(reply_id=reply_id))

    async def ping(self) -> float:
        """Returns the round trip to the server, milliseconds."""
        t0_ms = self._clock() * 1000
        with self._inbox.pong(t0_ms) as coming:
            await self.send(client_messages.ClockPing(t0_ms=t0_ms))
            pong = await coming
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
        return self._inbox.events()

    async def next_reply(self) -> Reply:
        """Waits for the next reply that is over, in order.

        Raises:
            VoiceAvatarError: the session ended before.
        """
        return await self._inbox.next_reply()

    # -- what comes in

    async def _read(self) -> None:
        """Reads until the session is over, over all of its connections. Runs as a task."""
        error: VoiceAvatarError | None = None
        try:
            while await self._read_socket():
                await self._come_back()
        except ConnectionClosed as closed:
            error = closed_error(closed)
        except VoiceAvatarError as failed:
            error = failed
        except Exception as crash:  # the edge of the task: the program must hear of it
            error = ConnectionFailed(f"The client failed: {crash!r}.")
            error.__cause__ = crash
        error = self._inbox.fatal or error
        self._end = error or ended()
        # The end is known before anybody wakes: who sends next is told it, and does not wait.
        self._inbox.close(error)
        self._inbox.lose_pongs(self._end)
        self._is_here.set()  # who waits to send hears why it cannot be
        self._heard.set()

    async def _read_socket(self) -> bool:
        """Reads one connection to its end; returns whether the session goes on with another."""
        try:
            async for data in self._socket:
                self._inbox.receive(data)
                await self._report()
                self._heard.set()
        except ConnectionClosed as closed:
            # A server that said goodbye keeps nothing.
            is_kept = self._offer is not None and self.goaway is None and is_resumable(closed)
            if self._is_leaving or not is_kept:
                raise
            return True
        return False

    async def _come_back(self) -> None:
        """Comes back to the session, and tells the server what may not have reached it."""
        assert self._offer is not None
        self._is_here.clear()
        self._inbox.lose_pongs(ConnectionFailed("The connection was lost."))
        resume = client_messages.Resume(
            session_id=self.ready.session_id,
            token=self._offer.token,
            last_seq=self._inbox.last_seq,
        )
        socket, resumed = await self._line.come_back(resume, self._offer.ttl_s, clock=self._clock)
        self._socket, self._offer = socket, resumed.resume
        self._inbox.resumed(resumed)
        self._playback.report_again()
        # The last frames first: the server drops those that it has. Only then is the client here:
        # a message sent before them would overtake what was said before it.
        try:
            for frame in self._microphone.again():
                await self._socket.send(frame)
        except ConnectionClosed:
            return  # the reader finds out, and comes back again
        self._is_here.set()
        await self._report()
        self._heard.set()

    async def _report(self) -> None:
        """Reports what is due; never waits for a connection."""
        if not self._is_here.is_set() or self._end is not None:
            return
        report = self._playback.due_report()
        if report is not None:
            with suppress(ConnectionClosed):  # the reader finds out
                await self._socket.send(encode_client(report))

    async def _report_playback(self) -> None:
        """Reports while a reply plays. Runs as a task."""
        while self._end is None:
            await self._is_here.wait()
            self._heard.clear()
            await self._report()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._playback.report_in_s()):
                    await self._heard.wait()

    async def _send(self, data: str) -> None:
        """Sends once there is a connection. Raises why there will be none."""
        while True:
            await self._is_here.wait()
            if self._end is not None:
                raise self._end
            socket = self._socket
            try:
                await socket.send(data)
            except ConnectionClosed as closed:
                if self._offer is None or not is_resumable(closed):
                    raise self._inbox.fatal or closed_error(closed) or ended() from closed
                if self._socket is socket and self._end is None:
                    self._is_here.clear()  # until the reader has found out and come back
            else:
                return

    async def _leave(self) -> None:
        """Says goodbye, if there is anybody to say it to, and closes."""
        self._is_leaving = True
        if self._is_here.is_set():
            with suppress(ConnectionClosed):
                await self._socket.send(encode_client(client_messages.SessionClose()))
        await self._socket.close()


@asynccontextmanager
async def connect(
    url: str,
    *,
    token: str | None = None,
    hello: client_messages.SessionHello | None = None,
    player: Player | None = None,
    ssl: tls.SSLContext | None = None,
    timeout_s: float = 30.0,
    resume: bool = True,
    tools: Mapping[str, ToolFunction] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[AvatarConnection]:
    """Opens a session and closes it at the end of the block.

    Args:
        url: "ws://host:port" or "wss://…"; without a path, the protocol's own.
        token: bearer token.
        hello: what is asked for; None = PCM16 both ways, replies that pause at the first sound of a
            voice, the server's defaults otherwise.
        player: what plays the replies; None = a simulated loudspeaker.
        ssl: TLS settings for wss; None = the system's.
        timeout_s: time for the handshake and the server's answer, seconds.
        resume: whether to come back to the session when its connection is lost, for as long as the
            server keeps it. Replies, audio and messages go on as if nothing had happened; the
            only sign is a `SessionResumed` among the events.
        tools: functions that the avatar's model may call, by name; see `tools.py`. Calls of
            other tools, of `hello.tools`, are `ToolCall` events, to be answered with `send`.
        clock: seconds that only grow.

    Raises:
        Unauthorized: no token, or a wrong one, or a forbidden origin.
        VersionUnsupported: the server speaks another version.
        ConnectionFailed: the server cannot be reached, is not ready, or did not answer in time.
        VoiceAvatarError: what else the server answered to the hello.
    """
    hello = hello or client_messages.SessionHello(
        client=client_messages.ClientInfo(
            name="voice-avatar-python", version=__version__, platform="python"
        ),
        capabilities=client_messages.Capabilities(pause=True),
    )
    functions = ClientTools(tools or {})
    hello = msgspec.structs.replace(hello, tools=(*hello.tools, *functions.offers))
    if urlsplit(url).path in {"", "/"}:
        url = urlsplit(url)._replace(path=PATH).geturl()
    line = Link(url, token, ssl, hello, timeout_s)
    socket, ready = await line.begin()
    avatar = AvatarConnection(
        line,
        socket,
        ready,
        player or SimulatedPlayer(clock),
        clock,
        resume=resume,
        tools=functions,
    )
    tasks = [asyncio.create_task(avatar._read()), asyncio.create_task(avatar._report_playback())]
    try:
        yield avatar
    finally:
        await functions.aclose()
        await avatar._leave()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
