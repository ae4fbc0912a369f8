"""When a client connects again after a close. Pure. PROTOCOL.md, sections 2 and 12."""

from __future__ import annotations

from typing import Final

from voice_avatar.wire.codes import CloseCode

FIRST_WAIT_MS: Final = 500.0
"""Wait before the first attempt."""

LONGEST_WAIT_MS: Final = 30_000.0
"""No wait is longer."""

LOST: Final = 1006
"""What WebSocket libraries report when a connection ends without a close frame (RFC 6455)."""

ENDED: Final = frozenset({CloseCode.NORMAL, CloseCode.IDLE_TIMEOUT, CloseCode.REPLACED})
"""The session is over; only the user begins another one."""

REFUSED: Final = frozenset(
    {
        CloseCode.UNSUPPORTED_DATA,
        CloseCode.INVALID_DATA,
        CloseCode.POLICY,
        CloseCode.TOO_BIG,
        CloseCode.PROTOCOL_ERROR,
        CloseCode.UNAUTHORIZED,
        CloseCode.HELLO_TIMEOUT,
        CloseCode.ORIGIN_FORBIDDEN,
        CloseCode.VERSION_UNSUPPORTED,
        CloseCode.RATE_LIMIT,
    }
)
"""The same attempt would fail again: something has to be changed first."""


RESUMABLE: Final = frozenset({LOST, CloseCode.SLOW_CONSUMER, CloseCode.INTERNAL})
"""Closes after which the server may keep the session, if it keeps any: a lost ping is an internal
error to WebSocket libraries."""


def wait_ms(
    code: int, failures: int, *, can_resume: bool = False, goaway_ms: float | None = None
) -> float | None:
    """Returns how long to wait before connecting again; None = do not.

    Args:
        code: close code, `LOST` for none.
        failures: attempts that failed since the last `session.ready` or `session.resumed`.
        can_resume: whether there is a session to come back to: the first attempt does not wait.
        goaway_ms: `reconnect_in_ms` of a `session.goaway` before the close.
    """
    if code in ENDED or code in REFUSED:
        return None
    if failures == 0 and goaway_ms is not None:
        return goaway_ms
    if can_resume:
        failures -= 1
    return 0.0 if failures < 0 else min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2.0 ** min(failures, 16))
