"""What a server sends for mouth, face and body, on the reply's clock. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from voice_avatar.events.cues import CueSource, GestureKind, GestureMode
from voice_avatar.wire.fields import Integer, Millis, Name, ServerMessage, SignedUnit, Unit


class Visemes(ServerMessage, frozen=True, kw_only=True, tag="visemes"):
    """Mouth poses, before the audio that they belong to.

    Keys with the same time are one pose; what a pose does not list has weight 0 there; between
    two poses every weight runs linearly. Poses never go back in time, over all messages of a
    reply.

    Attributes:
        reply_id: which reply.
        set: viseme set of the indices.
        keys: `[t_ms, viseme, weight]` each, weight 0..1.
        until_ms: up to where the mouth is known; later audio without visemes is animated by its
            energy.
    """

    reply_id: Integer
    set: str
    keys: tuple[tuple[Millis, Annotated[int, Meta(ge=0, le=255)], Unit], ...]
    until_ms: Millis


class Face(ServerMessage, frozen=True, kw_only=True, tag="face"):
    """A facial expression.

    Attributes:
        reply_id: which reply.
        t_ms: when it begins.
        expression: a name of `session.ready.expressions`.
        intensity: 0..1.
        valence: -1 (unpleasant) .. 1 (pleasant).
        arousal: -1 (calm) .. 1 (excited).
        fade_ms: time to reach it.
        hold_ms: time to keep it before it fades back; 0 = until the next one.
        source: what asked for it.
    """

    reply_id: Integer
    t_ms: Millis
    expression: str
    intensity: Unit
    valence: SignedUnit
    arousal: SignedUnit
    fade_ms: Millis
    hold_ms: Millis
    source: CueSource


class Gesture(ServerMessage, frozen=True, kw_only=True, tag="gesture"):
    """A gesture with the sync points of BML 1.0, which never decrease in this order.

    Attributes:
        reply_id: which reply.
        id: unique within the session.
        lexeme: a name of `session.ready.gestures`.
        kind: beat, iconic, deictic, metaphoric or emblem.
        mode: which hand: left, right or both.
        amplitude: 0..1.
        start_ms: the hand leaves its rest.
        stroke_start_ms: the stroke begins.
        stroke_ms: its peak, on the word.
        stroke_end_ms: the stroke ends.
        relax_ms: the hold ends and the hand goes back.
        end_ms: the hand is at rest; up to 600 ms after the last sample of the reply.
        source: what asked for it.
        target: id of the object that it points at, from `user.gaze`; "" = none.
    """

    reply_id: Integer
    id: str
    lexeme: str
    kind: GestureKind
    mode: GestureMode
    amplitude: Unit
    start_ms: Millis
    stroke_start_ms: Millis
    stroke_ms: Millis
    stroke_end_ms: Millis
    relax_ms: Millis
    end_ms: Millis
    source: CueSource
    target: Name = ""


class Head(ServerMessage, frozen=True, kw_only=True, tag="head"):
    """A head movement.

    Attributes:
        reply_id: which reply.
        lexeme: nod, shake, tilt, toss or lower.
        amount: 0..1.
        repeats: how often, >= 1.
        start_ms: it begins.
        stroke_ms: its first peak.
        end_ms: it ends.
        source: what asked for it.
        side: where a tilt, a shake or a toss goes first, as the avatar sees it.
    """

    reply_id: Integer
    lexeme: str
    amount: Unit
    repeats: Integer
    start_ms: Millis
    stroke_ms: Millis
    end_ms: Millis
    source: CueSource
    side: Literal["left", "right"] = "right"


class Gaze(ServerMessage, frozen=True, kw_only=True, tag="gaze"):
    """Where the avatar looks.

    Attributes:
        reply_id: which reply.
        target: user, away_up, away_side, down, or an object id.
        start_ms: it begins.
        end_ms: it ends; then back to the user.
        source: what asked for it.
        head: how much of the turn the head takes over: 0 = the eyes alone, 1 = all of it.
    """

    reply_id: Integer
    target: str
    start_ms: Millis
    end_ms: Millis
    source: CueSource
    head: Unit = 0.0


class Body(ServerMessage, frozen=True, kw_only=True, tag="body"):
    """A movement outside any reply's clock: start it on arrival.

    Attributes:
        kind: "gesture", "head", "gaze", "face" or "posture".
        lexeme: name of the movement (for a gaze: its target, for a face: the expression).
        amplitude: 0..1.
        duration_ms: how long; 0 = until the next `state`.
        source: what asked for it.
        repeats: how often a head movement goes there and back within `duration_ms`.
    """

    kind: Literal["gesture", "head", "gaze", "face", "posture"]
    lexeme: str
    amplitude: Unit
    duration_ms: Millis
    source: CueSource
    repeats: Integer = 1
