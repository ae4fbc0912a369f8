"""What the avatar's side tells the session, as the listener tells it of the user's side. Pure.

`Speaker` changes what is said at once, and tells of it by a fact among the commands and notices
that it gives back. The session acts on the facts in their order: posture, timers, and what follows
of it. So a reply that is over is told first and then apologised for, and nothing of the second can
come before the first.
"""

from __future__ import annotations

from dataclasses import dataclass

from voice_avatar.events.commands import Command
from voice_avatar.events.notices import Notice


@dataclass(frozen=True, slots=True)
class ReplyAudible:
    """The reply prepared for a turn can be heard, or there will be nothing to hear of it."""

    reply_id: int


@dataclass(frozen=True, slots=True)
class ReplyBegan:
    """A reply is live: from now on the user may hear it."""

    reply_id: int


@dataclass(frozen=True, slots=True)
class ReplyHeard:
    """Audio of the live reply is on its way to the ear."""

    reply_id: int


@dataclass(frozen=True, slots=True)
class ReplyMayEnd:
    """More is known of a reply: the results of its calls may be due, or all of it is played."""

    reply_id: int


@dataclass(frozen=True, slots=True)
class ReplyOver:
    """The live reply is over by itself.

    Attributes:
        reply_id: which reply.
        is_waiting: whether results of its calls are missing, or the reply with them follows.
        is_apology_due: whether it failed, and an apology may follow.
    """

    reply_id: int
    is_waiting: bool = False
    is_apology_due: bool = False


@dataclass(frozen=True, slots=True)
class ReplyCut:
    """The live reply, or the waiting for the results of its calls, was ended from outside.

    Attributes:
        reply_id: which reply.
        was_waiting: whether it was over, and only waited for.
        is_taken_back: whether nothing of it was heard: the user does not know of it.
    """

    reply_id: int
    was_waiting: bool = False
    is_taken_back: bool = False


@dataclass(frozen=True, slots=True)
class ReplyFinal:
    """The client will say no more of the last reply: what was heard of it is known for good."""

    reply_id: int


Fact = ReplyAudible | ReplyBegan | ReplyHeard | ReplyMayEnd | ReplyOver | ReplyCut | ReplyFinal
Outcome = Command | Notice | Fact
"""What the avatar's side gives back."""
