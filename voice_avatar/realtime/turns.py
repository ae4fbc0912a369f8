"""The user's turns as events: speech, commit, transcript. Pure.

While a response is heard, `speech_started` waits until the session knows that the voice is an
interruption: a client of this protocol stops its loudspeaker at that event, and would do so for
every cough. A turn has one start and one stop, however often the user pauses in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.items import Item, Items
from voice_avatar.realtime.microphone import Microphone
from voice_avatar.realtime.settings import PREFIX_PADDING_MS, Settings

_FAILED = {
    "type": "server_error",
    "code": "transcription_failed",
    "message": "The speech could not be recognised.",
}


@dataclass(slots=True)
class _Turn:
    """A turn of the user that is not an item yet.

    Attributes:
        item_id: of the item that it will be.
        start_ms: where its speech began.
        end_ms: where it paused last.
        is_announced: whether `speech_started` was sent.
    """

    item_id: str
    start_ms: int
    end_ms: int
    is_announced: bool = False


class UserTurns:
    """Turns of one session."""

    def __init__(self, items: Items, microphone: Microphone, new_id: Callable[[str], str]) -> None:
        self._items = items
        self._microphone = microphone
        self._new_id = new_id
        self._turn: _Turn | None = None
        self._committed: deque[tuple[Item, float]] = deque()

    @property
    def is_waiting(self) -> bool:
        """Whether the words of a turn that the client has committed are not known yet."""
        return bool(self._committed)

    @property
    def is_active(self) -> bool:
        """Whether the user speaks, or has spoken and is not answered."""
        return self._turn is not None or bool(self._committed)

    # -- speech

    def speech_started(self, sample: int, *, is_held: bool) -> list[se.ServerEvent]:
        """The user speaks; `is_held` = it may be nothing, and waits."""
        at_ms = self._microphone.at_ms(sample)
        if self._turn is None:
            self._turn = _Turn(self._new_id("item"), at_ms, at_ms)
        return [] if is_held else self.announce()

    def announce(self) -> list[se.ServerEvent]:
        """Announces that the user speaks, if that has waited."""
        turn = self._turn
        if turn is None or turn.is_announced:
            return []
        turn.is_announced = True
        start_ms = max(0, turn.start_ms - PREFIX_PADDING_MS)
        return [se.SpeechStarted(audio_start_ms=start_ms, item_id=turn.item_id)]

    def speech_stopped(self, sample: int) -> None:
        """The user pauses."""
        if self._turn is not None:
            self._turn.end_ms = self._microphone.at_ms(sample)

    # -- ends

    def commit(self) -> list[se.ServerEvent]:
        """The client ends the turn; its words follow."""
        stopped = [self._stopped(self._turn)] if self._turn and self._turn.is_announced else []
        out, item = self._as_item()
        self._committed.append((item, self._microphone.buffered_ms / 1000))
        self._microphone.empty()
        self._turn = None
        return [*stopped, *out]

    def ended(self, key: str, text: str, settings: Settings) -> list[se.ServerEvent]:
        """The turn is over, and these are its words."""
        out, item, audio_s = self._settle()
        item.key = key
        return out + self._transcribed(item, text, audio_s, settings)

    def forgotten(self, settings: Settings, *, is_failure: bool) -> list[se.ServerEvent]:
        """What was taken for a turn has no words; a commit makes an item of it all the same."""
        if not self._committed and not is_failure:
            turn, self._turn = self._turn, None
            self._microphone.empty()
            if turn is None or not turn.is_announced:
                return []
            return [self._stopped(turn)]
        out, item, audio_s = self._settle()
        if not is_failure:
            return out + self._transcribed(item, "", audio_s, settings)
        if settings.transcription is not None:
            out.append(se.TranscriptionFailed(item_id=item.item_id, error=dict(_FAILED)))
        return [*out, self._done(item)]

    def idle(self, since_ms: int) -> list[se.ServerEvent]:
        """Nobody has said anything since then: that is a turn as well."""
        self._turn = None
        out, item = self._as_item()
        now_ms = self._microphone.now_ms
        self._microphone.empty()
        timeout = se.TimeoutTriggered(
            audio_start_ms=min(since_ms, now_ms), audio_end_ms=now_ms, item_id=item.item_id
        )
        return [timeout, *out, self._done(item)]

    def _settle(self) -> tuple[list[se.ServerEvent], Item, float]:
        """Returns the item of the turn that is over, what the client gets of it, and its length."""
        if self._committed:
            item, audio_s = self._committed.popleft()
            return [], item, audio_s
        out, turn = self.announce(), self._turn
        audio_s = 0.0
        if turn is not None:
            if turn.is_announced:
                out.append(self._stopped(turn))
            audio_s = max(0, turn.end_ms - turn.start_ms) / 1000
        added, item = self._as_item()
        self._turn = None
        self._microphone.empty()
        return [*out, *added], item, audio_s

    def _stopped(self, turn: _Turn) -> se.ServerEvent:
        end_ms = max(turn.end_ms, self._microphone.now_ms)
        return se.SpeechStopped(audio_end_ms=end_ms, item_id=turn.item_id)

    def _as_item(self) -> tuple[list[se.ServerEvent], Item]:
        """Makes an item of the turn."""
        item_id = self._turn.item_id if self._turn is not None else self._new_id("item")
        item = Item(item_id, role="user", contents=[("input_audio", None)])
        previous_id = self._items.last_id
        self._items.append(item)
        out: list[se.ServerEvent] = [
            se.BufferCommitted(previous_item_id=previous_id, item_id=item_id),
            se.ItemAdded(previous_item_id=previous_id, item=item.shown()),
        ]
        return out, item

    def _transcribed(
        self, item: Item, text: str, audio_s: float, settings: Settings
    ) -> list[se.ServerEvent]:
        out: list[se.ServerEvent] = []
        if settings.transcription is not None:
            item.contents = [("input_audio", text)]
            if text:
                out.append(se.TranscriptionDelta(item_id=item.item_id, delta=text))
            usage: dict[str, Any] = {"type": "duration", "seconds": round(audio_s, 2)}
            out.append(
                se.TranscriptionCompleted(item_id=item.item_id, transcript=text, usage=usage)
            )
        return [*out, self._done(item)]

    def _done(self, item: Item) -> se.ServerEvent:
        # The client may have deleted it meanwhile.
        previous_id = self._items.before(item) if item in self._items else None
        return se.ItemDone(previous_item_id=previous_id, item=item.shown())
