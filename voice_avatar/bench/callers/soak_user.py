"""A user of a soak: one who talks, listens, loses the connection, comes back, or does not."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from voice_avatar.bench.callers.load_line import LoadLine
from voice_avatar.bench.callers.promises import Promises
from voice_avatar.errors import ConnectionFailed
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.wire import client_messages, server_messages, session_messages, turn_messages
from voice_avatar.wire.fields import REPORT_INTERVAL_S
from voice_avatar.wire.frame_codec import FRAME_S, AudioFrame, FrameFlag, FrameKind
from voice_avatar.wire.text import encode_client

ANSWER_S: Final = 15.0
"""Time for a reply to begin, seconds."""

MOST_SILENCES: Final = 50
"""Turns without a reply that are told of."""

_HEARD: Final = 24
"""Newest messages that are remembered to tell of a silence."""

_KEPT: Final = (
    turn_messages.InputSpeechStarted,
    turn_messages.InputSpeechStopped,
    turn_messages.TranscriptFinal,
    turn_messages.TurnEnded,
    turn_messages.TurnDropped,
    turn_messages.ReplyStarted,
    turn_messages.ReplyPaused,
    turn_messages.ReplyResumed,
    turn_messages.ReplyInterrupted,
    turn_messages.ReplyDone,
    session_messages.State,
    session_messages.SessionReady,
    session_messages.SessionResumed,
    server_messages.WarningMessage,
    server_messages.ErrorMessage,
)

_WHY: Final = ("code", "reason", "state", "reply_id")

_FRAME_BYTES: Final = 2 * int(MIC_HZ * FRAME_S)
_TICK_S: Final = 0.05


@dataclass(slots=True)
class Lived:
    """What many lives came to.

    Attributes:
        lives: kind -> how many.
        ends: how connections ended -> how many; "" = by us.
        told: code of an error or warning -> how many.
        turns: said.
        replies: begun.
        unanswered: turns without a reply in time.
        dropped: reason of `turn.dropped` -> turns that the server said it would not answer.
        silences: what was heard instead, of the first `MOST_SILENCES` of them.
        resumes: connections cut and taken up again.
        resumed: of them, the session went on.
        broken: promises that were not kept.
        words: some of them, in words, with the life they were of.
        first_audio: from the end of what was said to the first frame of the reply, seconds.
        failures: connections that could not be made.
    """

    lives: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    turns: int = 0
    replies: int = 0
    unanswered: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    silences: list[dict[str, str]] = field(default_factory=list)
    resumes: int = 0
    resumed: int = 0
    broken: int = 0
    words: list[str] = field(default_factory=list)
    first_audio: list[float] = field(default_factory=list)
    failures: int = 0


class SoakUser:
    """One user with one session.

    Attributes:
        promises: of the server, held against the session.
        life: what he does, by name.
    """

    def __init__(self, url: str, token: str, lived: Lived) -> None:
        self.promises = Promises()
        self.life = ""
        self._url, self._token, self._lived = url, token, lived
        self._line: LoadLine | None = None
        self._session_id = ""
        self._resume_token = ""
        self._is_ready = asyncio.Event()
        self._first_s: float | None = None
        self._playing = 0
        self._reported_s = 0.0
        self._mic_seq = 0
        self._aec = False
        self._why_dropped = ""
        self._heard: deque[str] = deque(maxlen=_HEARD)

    # -- the connection

    async def come(self, hello: client_messages.SessionHello) -> None:
        """Opens a session, or goes on with the one there was.

        Raises:
            ConnectionFailed: there is no server, or it refuses.
        """
        self._aec = hello.capabilities.aec
        if self._resume_token:
            self._lived.resumes += 1
            back = client_messages.Resume(
                session_id=self._session_id,
                token=self._resume_token,
                last_seq=max(0, self.promises.seq),
            )
            hello = client_messages.SessionHello(client=hello.client, resume=back)
        self._is_ready.clear()
        self._line = await LoadLine.dial(self._url, self._token, self._take)
        self._line.send_text(encode_client(hello))
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._is_ready.wait()
        except TimeoutError:
            raise ConnectionFailed("The server did not answer the hello.") from None

    def send(self, message: client_messages.AnyClientMessage) -> None:
        """Sends a message, if there is a connection."""
        if self._line is not None:
            self._line.send_text(encode_client(message))

    def cut(self) -> None:
        """Loses the connection."""
        if self._line is not None:
            if (code := self._line.close_code) is not None:
                self._lived.ends[str(code)] += 1
            self._line.hang_up()
            self._line = None

    async def leave(self) -> None:
        """Closes the session, and writes down what came of it."""
        if self._line is not None:
            self.send(client_messages.SessionClose())
            try:
                async with asyncio.timeout(ANSWER_S):
                    await self._line.close()
            except TimeoutError:
                self._lived.ends["no goodbye"] += 1
            self.cut()

    def read(self, *, is_reading: bool) -> None:
        """Stops to read, or goes on."""
        if self._line is not None:
            self._line.read(is_reading=is_reading)

    @property
    def is_here(self) -> bool:
        """Whether the connection is open."""
        return self._line is not None and self._line.close_code is None

    # -- talk

    def type(self, text: str) -> None:
        """Types a turn."""
        self._lived.turns += 1
        self._heard.append("(typed)")
        self._why_dropped = ""
        self.send(client_messages.InputText(text=text))

    async def speak(self, pcm: bytes) -> None:
        """Speaks in real time."""
        self._heard.append("(spoke)")
        self._why_dropped = ""
        due_s = time.monotonic()
        for at in range(0, len(pcm), _FRAME_BYTES):
            if self._line is None:
                return
            part = pcm[at : at + _FRAME_BYTES].ljust(_FRAME_BYTES, b"\0")
            flags = FrameFlag.NONE if self._mic_seq else FrameFlag.START
            pts = self._mic_seq * _FRAME_BYTES // 2
            self._line.send_audio(
                AudioFrame(FrameKind.AUDIO_IN, 0, self._mic_seq, pts, part, flags)
            )
            self._mic_seq += 1
            due_s += FRAME_S
            self.report()
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))

    async def hear_begin(self, since: int, within_s: float = ANSWER_S) -> bool:
        """Waits for the audio of a reply after the first `since`; returns whether it came."""
        from_s = time.monotonic()
        while self.is_here and time.monotonic() - from_s < within_s:
            reply = self.promises.reply
            if self.promises.replies > since and reply is not None and (reply.end or reply.is_over):
                self._lived.first_audio.append(time.monotonic() - from_s)
                return True
            if self._why_dropped:
                self._lived.dropped[self._why_dropped] += 1
                return False
            await asyncio.sleep(0.005)
        if self.is_here:
            self._lived.unanswered += 1
            if len(self._lived.silences) < MOST_SILENCES:
                told = {"silent": self.life, "aec": str(self._aec).lower()}
                self._lived.silences.append(told | {"heard": " ".join(self._heard)})
        return False

    async def hear_out(self, seconds: float) -> None:
        """Listens and tells what is played, for so long or to the end of the reply."""
        until_s = time.monotonic() + seconds
        while self.is_here and time.monotonic() < until_s:
            reply = self.promises.reply
            if reply is None or (reply.is_over and self.report()):
                return
            self.report()
            await asyncio.sleep(_TICK_S)

    def report(self, *, is_due: bool = False) -> bool:
        """Tells what was played, every 200 ms; returns whether all of it was."""
        reply = self.promises.reply
        if reply is None or self._first_s is None or reply.reply_id != self._playing:
            return reply is None or reply.is_over
        now_s = time.monotonic()
        played = max(0, min(reply.end, int((now_s - self._first_s) * reply.rate_hz)))
        is_all = (reply.is_over or reply.is_audio_done) and played >= reply.end
        if is_due or is_all or now_s - self._reported_s >= REPORT_INTERVAL_S:
            self._reported_s = now_s
            self.send(
                client_messages.PlaybackReport(
                    reply_id=reply.reply_id,
                    state="finished" if is_all else "playing",
                    played_samples=played,
                )
            )
        return is_all or reply.is_cut

    # -- ears

    def _take(self, data: str | bytes) -> None:
        if isinstance(data, bytes):
            self.promises.audio(data)
            reply = self.promises.reply
            if reply is not None and reply.end and reply.reply_id != self._playing:
                self._playing, self._first_s = reply.reply_id, time.monotonic()
            return
        if data.startswith('{"type":"session.ready"') and self.promises.seq >= 0:
            self.done_with()  # a new session: the old one is gone
        self._told(self.promises.text(data))

    def _told(self, message: server_messages.AnyServerMessage | None) -> None:
        if isinstance(message, _KEPT):
            self._heard.append(_named(message))
        match message:
            case session_messages.SessionReady(session_id=session_id, resume=resume):
                self._session_id, self._mic_seq = session_id, 0
                self._resume_token = "" if resume is None else resume.token
                self._is_ready.set()
            case session_messages.SessionResumed(resume=resume):
                self._lived.resumed += 1
                self._resume_token = resume.token
                self._is_ready.set()
                self.report(is_due=True)
            case (
                server_messages.ErrorMessage(code=code) | server_messages.WarningMessage(code=code)
            ):
                self._lived.told[code] += 1
            case turn_messages.TurnDropped(reason=reason):
                self._why_dropped = reason
            case turn_messages.ReplyStarted():
                self._lived.replies += 1
            case _:
                pass

    def done_with(self) -> None:
        """Writes down which promises were broken, and begins anew."""
        self._lived.broken += self.promises.count
        self._lived.words += (f"{self.life}: {why}" for why in self.promises.broken)
        self.promises = Promises()


def _named(message: server_messages.AnyServerMessage) -> str:
    """Returns the type of a message, and why it was sent where it tells; no words."""
    why = next((value for name in _WHY if (value := getattr(message, name, ""))), "")
    return f"{message.__struct_config__.tag}{':' if why else ''}{why}"
