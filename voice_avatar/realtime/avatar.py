"""Extension events `avatar.*`: mouth, gestures, gaze, face, captions, hearing. Pure.

They are sent only to clients that ask for them (`?avatar=visemes,gestures`, or `x_avatar` in
`session.update`): stock clients may break at events that they do not know. All times are
milliseconds from the first sample of the response's audio; what they mean is in PROTOCOL.md, where
the messages have the same fields.
"""

from __future__ import annotations

from typing import Any, Final

from voice_avatar.events.notices import Notice
from voice_avatar.realtime.responses import Response
from voice_avatar.realtime.server_events import ServerEvent
from voice_avatar.realtime.settings import Settings
from voice_avatar.wire import cue_messages, server_messages, session_messages, turn_messages
from voice_avatar.wire.fields import ServerMessage
from voice_avatar.wire.telling import Preferences as Native
from voice_avatar.wire.telling import to_message


class AvatarEvent(ServerEvent, frozen=True, kw_only=True):
    """Belongs to a response; null = to none."""

    response_id: str | None
    item_id: str | None


class AvatarVisemes(AvatarEvent, frozen=True, kw_only=True, tag="avatar.visemes"):
    """Mouth poses, before the audio that they belong to (PROTOCOL.md, `visemes`)."""

    set: str
    keys: tuple[tuple[float, int, float], ...]
    until_ms: float


class AvatarGesture(AvatarEvent, frozen=True, kw_only=True, tag="avatar.gesture"):
    """A gesture with its sync points (PROTOCOL.md, `gesture`)."""

    id: str
    lexeme: str
    kind: str
    mode: str
    amplitude: float
    start_ms: float
    stroke_start_ms: float
    stroke_ms: float
    stroke_end_ms: float
    relax_ms: float
    end_ms: float
    source: str
    target: str


class AvatarHead(AvatarEvent, frozen=True, kw_only=True, tag="avatar.head"):
    """A movement of the head (PROTOCOL.md, `head`)."""

    lexeme: str
    amount: float
    repeats: int
    start_ms: float
    stroke_ms: float
    end_ms: float
    source: str
    side: str


class AvatarGaze(AvatarEvent, frozen=True, kw_only=True, tag="avatar.gaze"):
    """Where the avatar looks (PROTOCOL.md, `gaze`)."""

    target: str
    start_ms: float
    end_ms: float
    source: str
    head: float


class AvatarExpression(AvatarEvent, frozen=True, kw_only=True, tag="avatar.expression"):
    """A facial expression (PROTOCOL.md, `face`)."""

    t_ms: float
    expression: str
    intensity: float
    valence: float
    arousal: float
    fade_ms: float
    hold_ms: float
    source: str


class AvatarCaption(AvatarEvent, frozen=True, kw_only=True, tag="avatar.caption"):
    """A clause with the times of its words (PROTOCOL.md, `reply.segment`)."""

    index: int
    text: str
    start_ms: float
    end_ms: float
    words: tuple[tuple[str, float, float, int], ...]


class AvatarBody(AvatarEvent, frozen=True, kw_only=True, tag="avatar.body"):
    """A movement outside any response, to start on arrival (PROTOCOL.md, `body`)."""

    kind: str
    lexeme: str
    amplitude: float
    duration_ms: float
    source: str
    repeats: int


class AvatarState(AvatarEvent, frozen=True, kw_only=True, tag="avatar.state"):
    """State of the conversation (PROTOCOL.md, `state`)."""

    state: str


class AvatarWarning(AvatarEvent, frozen=True, kw_only=True, tag="avatar.warning"):
    """Something was off and handled, as a microphone without sound (PROTOCOL.md, `warning`)."""

    code: str
    message: str


class AvatarTurnDropped(AvatarEvent, frozen=True, kw_only=True, tag="avatar.turn_dropped"):
    """A turn of the user was none, and why (PROTOCOL.md, `turn.dropped`)."""

    turn_id: int
    reason: str


_KINDS: Final[dict[type[ServerMessage], tuple[str, type[AvatarEvent]]]] = {
    cue_messages.Visemes: ("visemes", AvatarVisemes),
    cue_messages.Gesture: ("gestures", AvatarGesture),
    cue_messages.Head: ("gestures", AvatarHead),
    cue_messages.Gaze: ("gaze", AvatarGaze),
    cue_messages.Face: ("expressions", AvatarExpression),
    turn_messages.ReplySegment: ("captions", AvatarCaption),
    cue_messages.Body: ("body", AvatarBody),
    session_messages.State: ("state", AvatarState),
    server_messages.WarningMessage: ("hearing", AvatarWarning),
    turn_messages.TurnDropped: ("hearing", AvatarTurnDropped),
}

EVENTS: Final = frozenset(name for name, _ in _KINDS.values())
"""What a client may ask for: one name for each kind of event, head movements are gestures."""

_NOT_TAKEN: Final = {"seq", "ts_ms", "reply_id"}


def avatar_event(
    notice: Notice, response: Response | None, settings: Settings, reply_hz: int
) -> AvatarEvent | None:
    """Returns the event of a notice; None = there is none, or nobody wants it."""
    message = to_message(notice, Native(reply_hz, "pcm16", settings.viseme_set))
    if message is None:
        return None
    name, kind = _KINDS.get(type(message), ("", AvatarEvent))
    if name not in settings.avatar:
        return None
    fields: dict[str, Any] = {
        field: getattr(message, field)
        for field in message.__struct_fields__
        if field not in _NOT_TAKEN
    }
    item = response.message if response is not None else None
    return kind(
        response_id=response.response_id if response is not None else None,
        item_id=item.item_id if item is not None else None,
        **fields,
    )


def events_named(query: str) -> tuple[str, ...]:
    """Returns the names in `?avatar=`; those that are none are left out."""
    return tuple(name for name in dict.fromkeys(query.split(",")) if name in EVENTS)


ENCODABLE: Final = tuple(kind for _, kind in _KINDS.values())
"""All extension events, for the documentation and its tests."""
