"""Who may come back to a session, and which sessions wait for that. Pure."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from voice_avatar.wire.codes import CloseCode


class ResumeKey:
    """Which tokens open a session.

    A token is replaced when it is used. Until the client shows that it got the next one it may use
    the old one again: the connection may have been cut in between. Only digests are kept.

    Attributes:
        is_used: whether the client has ever shown that it got one.
    """

    def __init__(self) -> None:
        self.is_used = False
        self._held = b""
        self._offered = b""

    def offer(self, token: str, held: str = "") -> None:
        """The client is told `token`; `held` is the one that it has shown, "" for none."""
        # The one that opened this connection stays good beside the new one: if the connection is
        # cut before the new one arrives, it is all that the client has. Older ones are void with
        # this.
        self._held = _digest(held) if held else b""
        self._offered = _digest(token)

    def confirm(self) -> None:
        """The client has the token that was offered: the one before is used up."""
        self.is_used = True
        self._held = b""

    def accepts(self, token: str) -> bool:
        """Returns whether `token` opens the session, in a time that tells nothing."""
        given = _digest(token)
        # Both are compared whatever the first gives: the time must not tell which of them it was.
        # No digest equals the empty one.
        is_held = hmac.compare_digest(given, self._held)
        return hmac.compare_digest(given, self._offered) or is_held


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True, slots=True)
class Parting:
    """How a WebSocket came to its end.

    Attributes:
        received: code of the close frame of the client, None for none.
        sent: code of the close frame of the server, None for none.
        is_ours: whether the server's came first.
    """

    received: int | None
    sent: int | None
    is_ours: bool

    @property
    def is_loss(self) -> bool:
        """Whether it was lost, and not closed by somebody who meant the session's end.

        The server's own close for 1011 is a ping without an answer: whatever else fails is told
        otherwise.
        """
        # Where ours came first it says why; what the client answers to it is politeness.
        if self.received is None or self.is_ours:
            return self.sent in (None, CloseCode.INTERNAL)
        # A page that is left says "going away" without having a say in it, and means the end as
        # well.
        return self.received not in (CloseCode.NORMAL, CloseCode.GOING_AWAY)


def is_resumable(code: CloseCode) -> bool:
    """Returns whether a session goes on whose connection the server closes with `code`."""
    return code in (CloseCode.SLOW_CONSUMER, CloseCode.REPLACED)
