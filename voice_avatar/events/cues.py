"""What mouth, face and body do on the reply's clock, and its captions. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A caption word on the reply's sample clock.

    Attributes:
        text: as displayed.
        start: first reply sample.
        end: one past its last reply sample.
        char: index of its first character in the reply's whole text.
    """

    text: str
    start: int
    end: int
    char: int


@dataclass(frozen=True, slots=True)
class Feeling:
    """How the avatar feels.

    Attributes:
        valence: -1 (unpleasant) .. 1 (pleasant).
        arousal: -1 (calm) .. 1 (excited).
        age_s: since when nothing moved it, seconds.
    """

    valence: float
    arousal: float
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ReplySegment:
    """A chunk of the reply on its clock, sent before its audio."""

    reply_id: int
    index: int
    text: str
    start: int
    end: int
    words: tuple[TimedWord, ...]


@dataclass(frozen=True, slots=True)
class VisemePose:
    """Mouth pose at a sample.

    Between two poses every viseme's weight runs linearly; a viseme that a pose does not list has
    weight 0 there.

    Attributes:
        sample: reply sample index (or chunk index inside `acting/mouth/visemes.py`).
        weights: (viseme 0..14, weight 0..1) pairs, at most 3, sum <= 1.
    """

    sample: int
    weights: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class VisemeTrack:
    """Mouth poses up to reply sample `until`, sent before that audio."""

    reply_id: int
    poses: tuple[VisemePose, ...]
    until: int


GestureKind = Literal["beat", "iconic", "deictic", "metaphoric", "emblem"]

GestureMode = Literal["left", "right", "both"]

CueSource = Literal["llm", "rule", "prosody", "state"]

Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class GestureCue:
    """A gesture with BML sync points on the reply's clock (samples, non-decreasing).

    Attributes:
        reply_id: which reply.
        id: unique within the session, e.g. "g3".
        lexeme: name of the movement, from the vocabulary in PROTOCOL.md.
        kind: McNeill's type, or emblem.
        mode: which hand.
        amplitude: 0..1.
        start, stroke_start, stroke, stroke_end, relax, end: sync points, samples.
        source: what asked for it.
        target: id of the object that it points at, "" = none.
    """

    reply_id: int
    id: str
    lexeme: str
    kind: GestureKind
    mode: GestureMode
    amplitude: float
    start: int
    stroke_start: int
    stroke: int
    stroke_end: int
    relax: int
    end: int
    source: CueSource
    target: str = ""


@dataclass(frozen=True, slots=True)
class HeadCue:
    """A head movement: lexeme nod | shake | tilt | toss | lower (samples on the reply's clock).

    `side` is where it goes first, as the avatar sees it; a nod has none.
    """

    reply_id: int
    lexeme: str
    amount: float
    repeats: int
    start: int
    stroke: int
    end: int
    source: CueSource
    side: Side = "right"


@dataclass(frozen=True, slots=True)
class GazeCue:
    """A gaze target: user | away_up | away_side | down | an object id (samples).

    `head` is how much of the turn the head takes over, 0 (eyes alone) .. 1.
    """

    reply_id: int
    target: str
    start: int
    end: int
    source: CueSource
    head: float = 0.0


@dataclass(frozen=True, slots=True)
class FaceCue:
    """A facial expression.

    Attributes:
        reply_id: which reply.
        sample: when it begins, reply samples.
        expression: name from the vocabulary (neutral happy sad angry surprised relaxed fearful
            disgusted, and brow_raise, brow_frown, smile).
        intensity: 0..1.
        valence: -1..1.
        arousal: -1..1.
        fade_ms: time to reach it, milliseconds.
        hold_ms: time to keep it before it decays to the baseline; 0 = until changed.
        source: what asked for it.
    """

    reply_id: int
    sample: int
    expression: str
    intensity: float
    valence: float
    arousal: float
    fade_ms: int
    hold_ms: int
    source: CueSource


@dataclass(frozen=True, slots=True)
class BodyCue:
    """A movement outside any reply's clock, to start on arrival (thinking pose, nod, gaze).

    Attributes:
        kind: "gesture", "head", "gaze", "face" or "posture".
        lexeme: name of the movement ("think", "nod", "away_up", "smile", "lean_back").
        amplitude: 0..1.
        duration_ms: how long; 0 = until the next state change.
        source: "state".
        repeats: how often a head movement goes there and back.
    """

    kind: Literal["gesture", "head", "gaze", "face", "posture"]
    lexeme: str
    amplitude: float
    duration_ms: int
    source: CueSource = "state"
    repeats: int = 1
