"""What was sent to a client and may have to be sent again: bounded, in order. Pure.

The frames of a session form one line: text frames with their numbers, and between them frames of
reply audio. Of a client that comes back it is known up to which text frame it has the line
(TCP keeps the order), so what follows that frame is all that can be missing. Reply audio before it
is sent again only for a client that has lost what it had to play.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import merge
from typing import Final

MAX_TEXTS: Final = 1024
"""Text frames kept: two minutes of an avatar that speaks without a pause (8 frames a second)."""

MAX_AGE_S: Final = 60.0
"""Time for which a frame is kept, measured when the next one is sent, seconds: a dead connection is
found after two pings, 40 s, at the latest; what was sent into it must be there still."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A text frame, its place in the line, and when it was sent."""

    place: int
    sent_s: float
    seq: int
    data: str


@dataclass(frozen=True, slots=True)
class _Audio:
    """A frame of reply audio, its place in the line, and when it was sent."""

    place: int
    sent_s: float
    after_seq: int
    reply_id: int
    pts: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Resent:
    """What is sent again.

    Attributes:
        frames: in the order in which they were sent.
        text_count: how many of them are text frames.
        is_lost: whether a text frame is missing that the client does not have.
    """

    frames: tuple[str | bytes, ...]
    text_count: int
    is_lost: bool


class ResendBuffer:
    """The line of the frames that one session has sent.

    Frames that may be dropped are not put into it.
    """

    def __init__(self, *, max_texts: int = MAX_TEXTS, max_age_s: float = MAX_AGE_S) -> None:
        self._max_texts = max_texts
        self._max_age_s = max_age_s
        self._texts: deque[_Text] = deque()
        self._audio: deque[_Audio] = deque()
        self._place = 0
        self._newest_seq = -1
        self._over_id = 0

    def add_text(self, seq: int, data: str, now_s: float) -> None:
        """A text frame goes out; `seq` only grows."""
        self._texts.append(_Text(self._next_place(), now_s, seq, data))
        self._newest_seq = seq
        self._forget(now_s)

    def add_audio(self, reply_id: int, pts: int, data: bytes, now_s: float) -> None:
        """A frame of reply audio goes out; it begins at reply sample `pts`."""
        # Audio has no number that the client could name: it is known by the text frame before it.
        place, after_seq = self._next_place(), self._newest_seq
        self._audio.append(_Audio(place, now_s, after_seq, reply_id, pts, data))
        self._forget(now_s)

    def _next_place(self) -> int:
        self._place += 1
        return self._place

    def _forget(self, now_s: float) -> None:
        oldest_s = now_s - self._max_age_s
        texts, audio = self._texts, self._audio
        # Texts are kept by number too, for nothing else takes them away; audio goes when it was
        # played.
        while len(texts) > self._max_texts or (texts and texts[0].sent_s < oldest_s):
            texts.popleft()
        while audio and audio[0].sent_s < oldest_s:
            audio.popleft()

    def played(self, reply_id: int, samples: int) -> None:
        """The client has played so many samples of a reply, and so all of the replies before."""
        audio = self._audio
        while audio and audio[0].reply_id < reply_id:
            audio.popleft()
        # A frame ends where the next one begins: the last one is kept.
        while len(audio) > 1 and audio[1].reply_id == reply_id and audio[1].pts <= samples:
            audio.popleft()

    def cut(self, reply_id: int) -> None:
        """The reply was interrupted: no audio of it is to be heard any more."""
        self._audio = deque(frame for frame in self._audio if frame.reply_id != reply_id)
        # Over with all before it: nobody plays those any more either.
        self.over(reply_id)

    def over(self, reply_id: int) -> None:
        """The reply is over: whoever has heard of that needs no audio of it."""
        self._over_id = max(self._over_id, reply_id)

    def after(self, last_seq: int) -> Resent:
        """Returns what a client needs that has the text frames up to `last_seq`."""
        texts = [text for text in self._texts if text.seq > last_seq]
        # Behind its last text the client has nothing. Before it, it may have lost what it had not
        # played, with the player that held it; of a reply that is over it will not play any more.
        audio = [
            frame
            for frame in self._audio
            if frame.after_seq >= last_seq or frame.reply_id > self._over_id
        ]
        # Where nothing came after what it has, nothing is missing, however much was forgotten.
        oldest_seq = texts[0].seq if texts else self._newest_seq + 1
        line: Iterable[_Text | _Audio] = merge(texts, audio, key=lambda item: item.place)
        frames = tuple(item.data for item in line)
        return Resent(frames, len(texts), oldest_seq > last_seq + 1)
