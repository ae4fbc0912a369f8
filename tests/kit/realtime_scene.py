"""A Realtime dialect on a real session, without sockets, engines or time: all of it is told.

What a pipeline would do is done by the test: `answer` writes and sends a reply, `speak` and `hush`
are the microphone. Every event that the dialect sends is kept, and checked by `checked`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.conversation.session import Session
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.events.commands import (
    CancelReply,
    CancelTranscribe,
    Command,
    EndSession,
    OpenGate,
    ScoreTurn,
    StartReply,
    Transcribe,
    WarmPrefix,
)
from voice_avatar.events.cues import ReplySegment, TimedWord
from voice_avatar.events.inputs import (
    AudioSent,
    ReplyFailed,
    ReplyGenerated,
    ReplyTextAdded,
    SegmentPlanned,
    SessionInput,
    Tick,
    ToolCallMade,
    Transcribed,
    VadFrame,
)
from voice_avatar.events.notices import (
    Notice,
    ReplyAudio,
    ReplyAudioDone,
    ReplyCallDelta,
    ReplyCallStarted,
    ReplyText,
    ReplyWritten,
)
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES, ToolCall, Transcript
from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.dialect import Dialect
from voice_avatar.realtime.settings import Offer, Settings
from voice_avatar.realtime.steps import Hear, Step
from voice_avatar.stages.turn import InterruptOptions, TurnOptions
from voice_avatar.stages.vad import VadOptions

RATE_HZ = 24_000
WINDOW_S = WINDOW_SAMPLES / MIC_HZ
Event = dict[str, Any]

OFFER = Offer("small", "tones", "script", ("en", "zh"), "Be kind.", 160, 0.0, ("ovr15", "arkit52"))
TURN = TurnOptions(
    engine="none",
    interim_s=0.0,
    plain_silence_s=0.3,
    hold_s=0.0,
    interrupt=InterruptOptions(pause_s=0.0),
)


_ADDED = ("conversation.item.added", "conversation.item.created")


class RealtimeScene:
    """One session.

    Attributes:
        told: all events of the server, as JSON has them.
        now_s: the time.
    """

    def __init__(self, *, is_beta: bool = False, avatar: tuple[str, ...] = ()) -> None:
        self.now_s = 100.0
        self.told: list[Event] = []
        self.live: StartReply | None = None
        self.beside: list[StartReply] = []
        self.cancelled: list[int] = []
        self.heard: list[Transcribe] = []
        self.words = "Hello there."
        self._ids: dict[str, int] = {}
        self._sample = self._waiting = self._sent = self._chars = 0
        self._calls = 0
        self._probability = 0.02
        self._starts: dict[int, StartReply] = {}
        self.session = Session(
            SessionSetup(
                SessionOptions(greeting="", apologises=False, idle_timeout_s=0.0),
                vad=VadOptions(start_windows=3, pause_windows=2),
                turn=TURN,
                playout=PlayoutOptions(max_ahead_s=15.0, assumed_latency_s=0.0),
                system_prompt="Be kind.",
                rate_hz=RATE_HZ,
                context_tokens=2000,
            ),
            count_tokens=lambda text: len(text.split()),
            now_s=self.now_s,
        )
        self.dialect = Dialect(
            OFFER,
            Settings("sess_1", "small", "Be kind.", avatar=avatar),
            reply_hz=RATE_HZ,
            new_id=self._new_id,
            rate_limits=lambda: ({"name": "requests", "limit": 9, "remaining": 9},),
            is_beta=is_beta,
        )
        self._take(self.session.start(self.now_s))
        self._do(self.dialect.open())

    def _new_id(self, word: str) -> str:
        self._ids[word] = self._ids.get(word, 0) + 1
        return f"{word}_{self._ids[word]}"

    # -- the client

    def send(self, kind: str, **fields: Any) -> list[Event]:
        """Returns what the server tells in answer."""
        return self.raw(json.dumps({"type": kind, **fields}))

    def raw(self, data: str | bytes) -> list[Event]:
        before = len(self.told)
        self._do(self.dialect.receive(data, self.now_s))
        return self.told[before:]

    def update(self, **session: Any) -> list[Event]:
        return self.send("session.update", session={"type": "realtime", **session})

    def turns(self, **turn_detection: Any) -> list[Event]:
        wish = turn_detection or None
        return self.update(audio={"input": {"turn_detection": wish}})

    def write(self, text: str, **fields: Any) -> list[Event]:
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        return self.send("conversation.item.create", item=item, **fields)

    def append(self, seconds: float, probability: float = 0.02) -> list[Event]:
        """Microphone audio, of which the VAD is so sure that it is speech."""
        before = len(self.told)
        for _ in range(round(seconds / WINDOW_S)):
            self._probability = probability
            pcm = bytes(2 * WINDOW_SAMPLES * RATE_HZ // MIC_HZ)
            self.send("input_audio_buffer.append", audio=base64.b64encode(pcm).decode())
            self.pass_time(WINDOW_S)
        return self.told[before:]

    def speak(self, seconds: float = 1.0) -> list[Event]:
        return self.append(seconds, 0.95)

    def hush(self, seconds: float = 1.0) -> list[Event]:
        return self.append(seconds)

    def say(self, words: str) -> list[Event]:
        """A whole turn of the user."""
        self.words = words
        return self.speak() + self.hush()

    # -- time and engines

    def pass_time(self, seconds: float) -> list[Event]:
        """Time goes by; session and dialect are told when they want to be."""
        before, end_s = len(self.told), self.now_s + seconds
        while True:
            times = [self.session.deadline_s, self.dialect.deadline_s]
            due_s = min((time for time in times if time is not None), default=None)
            if due_s is None or due_s > end_s:
                break
            self.now_s = max(self.now_s, due_s)
            self.give(Tick())
            self._do(self.dialect.tick(self.now_s))
        self.now_s = max(self.now_s, end_s)
        return self.told[before:]

    def give(self, event: SessionInput) -> None:
        self._take(self.session.receive(event, self.now_s))

    def _take(self, outputs: Sequence[Command | Notice]) -> None:
        for output in outputs:
            match output:
                case StartReply(is_out_of_band=True):
                    self.beside.append(output)
                case StartReply():
                    self._starts[output.reply_id] = output
                case CancelReply(reply_id):
                    self.cancelled.append(reply_id)
                    if self.live is not None and self.live.reply_id == reply_id:
                        self.live = None
                case Transcribe(request_id):
                    transcript = Transcript(self.words)
                    self.give(Transcribed(request_id, transcript if self.words != "?" else None))
                case OpenGate(reply_id):
                    self.live, self._sent, self._chars = self._starts[reply_id], 0, 0
                case WarmPrefix() | ScoreTurn() | CancelTranscribe() | EndSession():
                    pass
                case _:
                    self._tell(output)

    def _tell(self, notice: Notice) -> None:
        self._do(self.dialect.notice(notice, self.now_s))

    def _do(self, steps: Sequence[Step]) -> None:
        for step in steps:
            match step:
                case se.ServerEvent():
                    if text := self.dialect.encode(step):
                        self.told.append(json.loads(text))
                case Hear(pcm, rate_hz):
                    self._hear(len(pcm) // 2 * MIC_HZ // rate_hz)
                case _:
                    self.give(step)

    def _hear(self, samples: int) -> None:
        self._waiting += samples
        while self._waiting >= WINDOW_SAMPLES:
            self._waiting -= WINDOW_SAMPLES
            self.give(VadFrame(self._sample, self._probability))
            self._sample += WINDOW_SAMPLES

    # -- replies

    def text(self, text: str, seconds: float = 0.0) -> None:
        """The model writes; a voice reads it in so many seconds."""
        if self.live is None:
            return
        reply_id = self.live.reply_id
        self.give(ReplyTextAdded(reply_id, text))
        self._tell(ReplyText(reply_id, text, self._chars))
        if self.live is not None and not self.live.is_silent and seconds:
            start, end = self._sent, self._sent + int(seconds * RATE_HZ)
            words, step = text.split(), (end - start) // max(1, len(text.split()))
            timed, char = [], 0
            for n, word in enumerate(words):
                char = text.index(word, char)
                at = start + n * step
                timed.append(TimedWord(word, at, at + step, self._chars + char))
                char += len(word)
            self.give(SegmentPlanned(reply_id, 0, text, start, end, tuple(timed)))
            self._tell(ReplySegment(reply_id, 0, text, start, end, tuple(timed)))
            self.sound(seconds)
        self._chars += len(text)

    def sound(self, seconds: float, *, is_last: bool = False) -> None:
        if self.live is None:
            return
        reply_id, samples = self.live.reply_id, int(seconds * RATE_HZ)
        pcm = bytes(2 * samples)
        self._tell(ReplyAudio(reply_id, self._sent, pcm, self._sent == 0, is_last))
        self._sent += samples
        self.give(AudioSent(reply_id, self._sent))

    def call(self, name: str, *pieces: str) -> None:
        """The model writes a call of a function, its arguments piece by piece."""
        if self.live is None:
            return
        reply_id = self.live.reply_id
        call_id = f"call_{reply_id}_{self._calls}"
        self._calls += 1
        self._tell(ReplyCallStarted(reply_id, call_id, name))
        for piece in pieces:
            self._tell(ReplyCallDelta(reply_id, call_id, piece))
        self.give(ToolCallMade(reply_id, ToolCall(call_id, name, "".join(pieces))))

    def call_badly(self, name: str, flaw: str, *, is_known: bool = True) -> None:
        """The model writes a call that cannot be made; the client sees it of a known function."""
        if self.live is None:
            return
        reply_id = self.live.reply_id
        call_id = f"call_{reply_id}_{self._calls}"
        self._calls += 1
        if is_known:
            self._tell(ReplyCallStarted(reply_id, call_id, name))
            self._tell(ReplyCallDelta(reply_id, call_id, "{oops"))
        self.give(ToolCallMade(reply_id, ToolCall(call_id, name, "{}", flaw)))

    def finish(self, *, is_cut: bool = False) -> None:
        """All of the live reply is made and sent."""
        if self.live is None:
            return
        reply_id = self.live.reply_id
        self._tell(ReplyWritten(reply_id, 12, 3, is_cut))
        if self._sent == 0:
            self._tell(ReplyAudioDone(reply_id, 0))
        self.give(ReplyGenerated(reply_id, self._sent))
        if self._sent and self.live is not None:
            self.sound(0.0, is_last=True)
            self._tell(ReplyAudioDone(reply_id, self._sent))

    def answer(self, text: str = "Good day to you.", seconds: float = 2.0) -> list[Event]:
        """The live reply is written, made and sent at once; it is played as time goes by."""
        before = len(self.told)
        self.text(text, seconds)
        self.finish()
        return self.told[before:]

    def fail(self, code: str = "llm_failed") -> list[Event]:
        before = len(self.told)
        if self.live is not None:
            if self._sent == 0:
                self._tell(ReplyAudioDone(self.live.reply_id, 0))
            self.give(ReplyFailed(self.live.reply_id, code, "It failed.", self._sent))
        return self.told[before:]

    @property
    def last_item(self) -> str:
        """Id of the item that was told last."""
        items = [event["item"]["id"] for event in self.told if event["type"] in _ADDED]
        return str(items[-1])

    @property
    def history(self) -> list[str]:
        return [f"{message.role}: {message.content}" for message in self.session.history.messages]


def types(told: Sequence[Event]) -> list[str]:
    return [event["type"] for event in told]


def codes(told: Sequence[Event]) -> list[str]:
    return [event["error"]["code"] for event in told if event["type"] == "error"]


def one(told: Sequence[Event], kind: str) -> Event:
    (found,) = [event for event in told if event["type"] == kind]
    return found
