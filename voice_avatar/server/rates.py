"""How fast a client may send text, and how reports that come too fast are dropped. Pure.

Audio has a limit of its own, see `wire/frame_codec.py`.
"""

from __future__ import annotations

from typing import Final

from voice_avatar.wire.token_bucket import TokenBucket

MESSAGES_PER_S: Final = 100.0
"""Text messages per second that a client may send: ten times what PROTOCOL.md asks of it."""

MESSAGE_BURST: Final = 500.0
"""Text messages at once; beyond, the client is closed (4429)."""

GAZES_PER_S: Final = 10.0
"""`user.gaze` messages per second that are taken; the rest is dropped."""

TURNS_PER_S: Final = 1.0
"""Typed turns per second that a client may send: each is a prompt to be read, and a reply."""

TURN_BURST: Final = 5.0
"""Typed turns at once."""

TEXT_BYTES_PER_MIN: Final = 65_536.0
"""Bytes of typed turns per minute, and at once."""

TURNS_DROPPED: Final = 20
"""Typed turns over the limit, each dropped, after which a client is closed (4429)."""


class ReportBudget:
    """Limit of reports: a bucket of one second's worth, refilled as they are allowed."""

    def __init__(self, per_s: float, now_s: float) -> None:
        self._per_s = per_s
        self._budget = TokenBucket(per_s, per_s, now_s)
        self._is_over = False

    def take(self, now_s: float) -> bool:
        """Returns whether a report that came at `now_s` is within the limit."""
        is_within = self._budget.take(now_s)
        # Half a second's worth must be there again: else a client at the very limit would be told
        # of each report that is dropped.
        if is_within and self._budget.left >= self._per_s / 2:
            self._is_over = False
        return is_within

    def begins_excess(self) -> bool:
        """Returns whether this is the first refusal since reports were last within the limit."""
        was_over, self._is_over = self._is_over, True
        return not was_over


class TurnBudget:
    """Limit of typed turns, in number and in bytes.

    What is over it is dropped; who goes on is over it for good.
    """

    def __init__(self, now_s: float) -> None:
        self._turns = TokenBucket(TURN_BURST, TURNS_PER_S, now_s)
        self._bytes = TokenBucket(TEXT_BYTES_PER_MIN, TEXT_BYTES_PER_MIN / 60.0, now_s)
        self._dropped = 0

    def take(self, size: int, now_s: float) -> bool:
        """Returns whether a turn of `size` bytes that came at `now_s` is within the limit."""
        if not (self._turns.take(now_s) and self._bytes.take(now_s, size)):
            self._dropped += 1
            return False
        if self._turns.left >= TURN_BURST / 2:
            self._dropped = 0
        return True

    @property
    def begins_excess(self) -> bool:
        """Whether the turn just dropped is the first since turns were last within the limit."""
        return self._dropped == 1

    @property
    def is_exhausted(self) -> bool:
        """Whether too many were dropped since."""
        return self._dropped > TURNS_DROPPED


# -- what a socket may bring, whatever is in it (`bounded_line.py`, `native/`, `pcm/`, `realtime/`)

CONTROL_PER_S: Final = 10.0
"""Pings and pongs per second. Browsers send none of their own and answer ours, one in 20 s; the
client libraries that ping do so every 20 s (`websockets`) to 1 s (a hand-set heartbeat)."""

CONTROL_BURST: Final = 30.0
"""Pings and pongs at once: what a heartbeat of 1 s gathers in half a minute in a debugger or under
a lid. Beyond, the client is closed (4429)."""

FRAGMENTS_PER_S: Final = 100.0
"""Continuation frames per second. Clients of this protocol have no cause for any."""

FRAGMENT_BURST: Final = 1000.0
"""Continuation frames at once: 15 MiB in pieces of 16 KiB, the smallest that a browser or proxy
was seen to make of a message. Beyond, the client is closed (4429)."""

FRAMES_PER_S: Final = 100.0
"""Binary frames per second, whatever is in them: twice what PROTOCOL.md recommends (20 ms)."""

FRAME_BURST: Final = 1000.0
"""Binary frames at once: 20 s of 20 ms, which is as long as a ping may stay without an answer.
Beyond, the client is closed (4429)."""

GAP_CHARGE_S: Final = 0.2
"""Most that a jump of `pts` costs of the microphone's budget, seconds: the longest gap that is
filled with silence (`CaptureOptions.max_gap_s`)."""

WRITE_BUFFER_BYTES: Final = 256 * 1024
"""What may wait to be read by a client when it sends something; eight times `WRITE_LIMIT_BYTES`,
where our own sending begins to wait. More can only be answers that nobody reads: it is cut."""

HELLO_BYTES: Final = 512 * 1024
"""Messages before the session begins, bytes in all: the largest hello, twice."""

IN_FLIGHT_BYTES: Final = 64 * 1024 * 1024
"""Bytes that all connections of large events (`/v1/realtime`) together may have read and not yet
heard: three of the largest events. Who needs more waits for the others."""

IN_FLIGHT_FREE_BYTES: Final = 1024 * 1024
"""Of these, what each connection may have whatever the others do: its talk never waits."""

IN_FLIGHT_WAIT_S: Final = 30.0
"""How long a connection waits for others' bytes; then it is closed (4429)."""

EVENT_BYTES_PER_S: Final = 1024 * 1024.0
"""Bytes per second of `/v1/realtime`: sixteen times real time. Beyond, reading waits."""

EVENT_BYTES_BURST: Final = 48 * 1024 * 1024.0
"""Bytes at once there: the 600 s of audio that may wait to be heard, in base64."""


class FrameBudget:
    """Limit of the frames of one connection: each costs one, whatever is in it."""

    def __init__(self, now_s: float) -> None:
        self._text = TokenBucket(MESSAGE_BURST, MESSAGES_PER_S, now_s)
        self._binary = TokenBucket(FRAME_BURST, FRAMES_PER_S, now_s)

    def take(self, data: str | bytes, now_s: float) -> bool:
        """Returns whether a frame that came at `now_s` is within the limit."""
        return (self._binary if isinstance(data, bytes) else self._text).take(now_s)


class BytesInFlight:
    """Bytes that connections have read and not yet used up, all together.

    Attributes:
        total: how many.
    """

    def __init__(self, limit: int = IN_FLIGHT_BYTES) -> None:
        self._limit = limit
        self.total = 0

    def has_room(self, count: int) -> bool:
        """Returns whether there may be so many more."""
        return self.total + count <= self._limit
