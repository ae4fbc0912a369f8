"""What comes from the server: read, put together, and kept until the program asks for it.

One order runs through it, that of arrival. A frame of audio or of the face is given to the
playback, which says what it adds to the reply; a message may concern the microphone (when did the
user stop speaking), the playback (a reply begins, pauses, ends) or a tool, and after that is an
event for the program like any other. A program that does not read loses the oldest events and never
the session: nothing here waits.

After a connection was lost the server sends again what may not have come. Messages that were seen
before the loss are passed over by their number here; audio has numbers of its own, by which the
playback knows it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

from voice_avatar import errors
from voice_avatar.client.audio import MicrophoneFrames
from voice_avatar.client.link import ended, error_of
from voice_avatar.client.playback import AudioReceived, FacesReceived, Playback, Reply
from voice_avatar.client.tools import ClientTools
from voice_avatar.errors import VoiceAvatarError
from voice_avatar.wire import client_messages, server_messages, session_messages, turn_messages
from voice_avatar.wire.face_frame import unpack_face
from voice_avatar.wire.frame_codec import FrameKind, is_face, unpack_audio
from voice_avatar.wire.text import UnknownType, decode_server_text

_log = logging.getLogger(__name__)

MAX_WAITING_EVENTS: Final = 4096
"""Events kept for a program that does not read them; the oldest go first."""

MAX_WAITING_REPLIES: Final = 64
"""Finished replies kept for a program that does not ask for them."""


Event = server_messages.AnyServerMessage | AudioReceived | FacesReceived

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


class Inbox:
    """What came of a session so far.

    Attributes:
        goaway: the server's warning that it will close, None so far.
        fatal: the error with which it ends the session, by its own word; None so far.
        unreadable: messages that could not be read and were passed over.
        last_seq: number of the newest message.
    """

    def __init__(
        self,
        first_seq: int,
        microphone: MicrophoneFrames,
        playback: Playback,
        tools: ClientTools,
        answer: Callable[[client_messages.ToolResult], Awaitable[None]],
    ) -> None:
        """Waits for what follows on the server's answer to the hello.

        Args:
            first_seq: number of that answer.
            microphone: knows when what the server hears was said.
            playback: of the replies.
            tools: functions of the program that may be called.
            answer: sends the result of a call.
        """
        self.goaway: session_messages.SessionGoaway | None = None
        self.fatal: VoiceAvatarError | None = None
        self.unreadable = 0
        self.last_seq = first_seq
        self._known_seq = -1
        self._microphone = microphone
        self._playback = playback
        self._tools = tools
        self._answer = answer
        self._events: _Feed[Event] = _Feed(MAX_WAITING_EVENTS)
        self._replies: _Feed[Reply] = _Feed(MAX_WAITING_REPLIES)
        self._newest: Reply | None = None
        self._user_text: dict[int, str] = {}
        self._speech_end_s: float | None = None
        self._pongs: dict[float, asyncio.Future[server_messages.ClockPong]] = {}

    # -- what the program asks for

    async def events(self) -> AsyncIterator[Event]:
        """Yields what came and comes; ends when the session ends, with its error if it has one."""
        while (event := await self._events.get()) is not None:
            yield event

    async def next_reply(self) -> Reply:
        """Waits for the next reply that is over, in order.

        Raises:
            VoiceAvatarError: the session ended before.
        """
        reply = await self._replies.get()
        if reply is None:
            raise ended()
        return reply

    @contextmanager
    def pong(self, t0_ms: float) -> Iterator[asyncio.Future[server_messages.ClockPong]]:
        """Gives the future of the answer to a ping; nobody waits for it after the block."""
        self._pongs[t0_ms] = asyncio.get_running_loop().create_future()
        try:
            yield self._pongs[t0_ms]
        finally:
            del self._pongs[t0_ms]

    # -- what comes

    def receive(self, data: str | bytes) -> None:
        """Takes what came over the socket."""
        try:
            if isinstance(data, bytes) and is_face(data):
                self._put(self._playback.faces(unpack_face(data)))
            elif isinstance(data, bytes):
                frame = unpack_audio(data, FrameKind.AUDIO_OUT)
                self._put(None if frame is None else self._playback.audio(frame))
            else:
                message = decode_server_text(data)
                if not isinstance(message, UnknownType) and message.seq > self._known_seq:
                    # Before it is acted on: should it fail, it would fail again.
                    self.last_seq = message.seq
                    self._take_message(message)
        except (errors.ProtocolError, errors.AudioInvalid) as error:
            # PROTOCOL.md, "Compatibility": what cannot be read is passed over.
            self.unreadable += 1
            _log.warning("a frame of the server was passed over: %s", error.code)

    def resumed(self, message: session_messages.SessionResumed) -> None:
        """The session goes on: what was seen of it until now may come again."""
        self._known_seq = self.last_seq
        self._events.put(message)

    def lose_pongs(self, error: VoiceAvatarError) -> None:
        """Nothing that was sent before is answered any more."""
        for pong in self._pongs.values():
            if not pong.done():
                pong.set_exception(error)

    def close(self, error: VoiceAvatarError | None) -> None:
        """Nothing more comes; None for a session that ended as it should."""
        self._events.close(error)
        self._replies.close(error)

    def _put(self, event: Event | None) -> None:
        if event is not None:
            self._events.put(event)

    def _take_message(self, message: server_messages.AnyServerMessage) -> None:
        match message:
            case session_messages.SessionGoaway():
                self.goaway = message
            case turn_messages.InputSpeechStopped(t_ms=t_ms):
                self._speech_end_s = self._microphone.said_s(t_ms)
            case turn_messages.TurnEnded(reason="text"):
                # A typed turn: the reply to it has no speech that it could be late after.
                self._speech_end_s = None
            case turn_messages.TranscriptFinal(turn_id=turn_id, text=text):
                self._user_text = {turn_id: text}
            case server_messages.ErrorMessage(fatal=True):
                self.fatal = error_of(message.code, message.message)
            case turn_messages.ToolCall():
                self._tools.call(message, self._answer)
            case turn_messages.ToolCancelled(call_id=call_id):
                self._tools.cancel(call_id)
            case server_messages.ClockPong(t0_ms=t0_ms) if t0_ms in self._pongs:
                self._pongs[t0_ms].set_result(message)
            case turn_messages.ReplyStarted(turn_id=turn_id):
                speech_end_s = self._speech_end_s if turn_id else None
                text = self._user_text.get(turn_id, "")
                self._newest = self._playback.begin(message, text, speech_end_s)
            case turn_messages.ReplyAudioDone():
                self._put(self._playback.audio_done(message))
            case server_messages.Metrics(reply_id=reply_id):
                # They may come when the playback has let go of the reply: it is over by then.
                if self._newest is not None and self._newest.reply_id == reply_id:
                    self._newest.metrics = message
            case _:
                over = self._playback.receive(message)
                if over is not None:
                    self._replies.put(over)
        # Last, so that a program that reads an event finds done what follows from it.
        self._events.put(message)
