"""What the user's side tells: a turn began, pauses, may be over, went on, is over. Pure.

A turn is told in this order; what stands in brackets may be missing, "..." may come again:

    SpeechBegan  [BargeIn]  UserPaused  TurnMayEnd  TurnReady  (TurnWentOn  UserPaused ...)
    TurnCommitted | TurnDropped

`MayBargeIn` comes before it is known whether there is a turn at all, and `NoBargeIn`, `BargeIn` or
`TurnCommitted` after it.
"""

from __future__ import annotations

from dataclasses import dataclass

from voice_avatar.events.commands import Command
from voice_avatar.events.notices import DropReason, EndReason, Notice


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """A new turn of the user begins. `is_over_reply`: it may yet prove to be no turn at all."""

    is_over_reply: bool


@dataclass(frozen=True, slots=True)
class UserPaused:
    """The user pauses, in a turn that silence may end. Nothing more is known yet."""


@dataclass(frozen=True, slots=True)
class TurnMayEnd:
    """The user pauses where a turn may end: once in a pause, before its text is known."""


@dataclass(frozen=True, slots=True)
class TurnReady:
    """The user has probably finished: a reply to `text`, known since `text_s`, may be prepared."""

    text: str
    language: str
    speech_end_s: float
    text_s: float


@dataclass(frozen=True, slots=True)
class TurnWentOn:
    """The user goes on: whatever was prepared is void."""


@dataclass(frozen=True, slots=True)
class TurnCommitted:
    """The user's turn is over."""

    turn_id: int
    text: str
    language: str
    reason: EndReason
    silence_s: float
    speech_end_s: float
    text_s: float


@dataclass(frozen=True, slots=True)
class TurnDropped:
    """What seemed a turn was none (noise, a cough, a backchannel); `TurnForgotten` says why."""

    reason: DropReason = "wordless"


@dataclass(frozen=True, slots=True)
class MayBargeIn:
    """There may be a voice over the reply: it should wait until it is known what that means."""


@dataclass(frozen=True, slots=True)
class NoBargeIn:
    """What was heard over the reply is nothing, or cannot be told: it should go on."""


@dataclass(frozen=True, slots=True)
class BargeIn:
    """The user interrupts the reply by voice."""


Fact = (
    SpeechBegan
    | UserPaused
    | TurnMayEnd
    | TurnReady
    | TurnWentOn
    | TurnCommitted
    | TurnDropped
    | MayBargeIn
    | NoBargeIn
    | BargeIn
)
Output = Command | Notice | Fact
