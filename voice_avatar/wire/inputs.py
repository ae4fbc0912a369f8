"""A client's message as an input of the session. Pure."""

from __future__ import annotations

import math
from typing import Final

from voice_avatar.errors import InvalidMessage
from voice_avatar.events import inputs
from voice_avatar.vocabulary import vocabulary
from voice_avatar.wire import client_messages

_ROT_SLACK: Final = 0.05
"""How far the length of a rotation may be from 1: clients send few digits."""

_GAZE_WORDS: Final = frozenset(vocabulary().gaze.values())
"""Targets of the avatar's own gaze, which the ids of a client's objects must not be."""


def session_input(message: client_messages.AnyClientMessage) -> inputs.SessionInput | None:
    """What a client's message means to the session; None where it is the server's own business.

    `session.update` is not here: its settings are agreed first, see `negotiation.update`.

    Raises:
        InvalidMessage: fields that do not go together, or are out of range together.
    """
    match message:
        case client_messages.InputStart(mode="ptt"):
            return inputs.TalkPressed()
        case client_messages.InputStop(mode="ptt"):
            return inputs.TalkReleased()
        case client_messages.InputStop() | client_messages.InputCommit():
            return inputs.CommitInput()
        case client_messages.InputClear():
            return inputs.ClearInput()
        case client_messages.InputText(text=text):
            return inputs.TextInput(text)
        case client_messages.Interrupt(reply_id=reply_id):
            return inputs.InterruptRequest(reply_id)
        case client_messages.ToolResult(call_id=call_id, output=output):
            return inputs.ToolResult(call_id, output)
        case client_messages.PlaybackReport():
            latency_s = message.output_latency_ms / 1000
            return inputs.PlaybackReport(
                message.reply_id, message.played_samples, message.state, latency_s
            )
        case client_messages.UserGaze():
            return _gaze(message)
        case _:
            return None


def _gaze(message: client_messages.UserGaze) -> inputs.UserGaze:
    if message.target in _GAZE_WORDS:
        raise InvalidMessage(f"user.gaze: {message.target!r} is a word for a gaze, and no id.")
    head, hands = message.head, message.hands or client_messages.Hands()
    tracked = [hand for hand in (hands.left, hands.right) if hand is not None]
    for pose in (head, *tracked):
        if pose is not None and abs(math.hypot(*pose.rot) - 1.0) > _ROT_SLACK:
            raise InvalidMessage("user.gaze: `rot` is no unit quaternion.")
    return inputs.UserGaze(
        target=message.target,
        head=None if head is None else inputs.HeadPose(head.pos, head.rot),
        avatar=message.avatar,
        hands=tuple(hand.pos for hand in tracked),
    )
