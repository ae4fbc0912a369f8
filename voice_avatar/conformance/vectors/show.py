"""Vectors of what is shown at a time: mouth, hands, face, gaze, captions; and the clock. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from voice_avatar.acting.mouth.viseme_sets import VISEME_SETS
from voice_avatar.acting.mouth.visemes import viseme_poses
from voice_avatar.client.rules.captions import time_heard_ms, utf16_units, word_at
from voice_avatar.client.rules.clock import Exchange, best
from voice_avatar.client.rules.mouth import Key, MouthTrack
from voice_avatar.client.rules.movement import face_at, gaze_at, gestures_at
from voice_avatar.conversation.playout import PlayoutOptions, heard_text
from voice_avatar.events import cues as session_cues
from voice_avatar.events import payloads
from voice_avatar.wire import cue_messages
from voice_avatar.wire.telling import Preferences, to_message

Case = dict[str, Any]

_RATE_HZ: Final = 24_000
_STEP_MS: Final = 33.3

_HELLO: Final = (("h", 60), ("ə", 70), ("l", 80), ("oʊ", 240), (" ", 200), ("m", 90), ("æ", 120))
"""Sounds of "hello, ma…" and how long each is, milliseconds."""


def mouths() -> Case:
    """Returns the document of mouths: one planned by the server in each set, and edge cases."""
    planned = [_planned(name) for name in VISEME_SETS]
    jump: list[Case] = [
        {"keys": [[0.0, 0, 1.0], [100.0, 10, 1.0]], "until_ms": 100.0},
        {"keys": [[100.0, 1, 1.0], [200.0, 0, 1.0]], "until_ms": 250.0},
    ]
    rest: list[Case] = [{"keys": [[50.0, 0, 0.0], [150.0, 2, 0.5]], "until_ms": 150.0}]
    pose: list[Case] = [
        {"keys": [[0.0, 10, 0.6], [0.0, 12, 0.4], [100.0, 12, 1.0]], "until_ms": 400.0}
    ]
    return {
        "about": "Messages `visemes` of one reply, and the weights at a time: pairs of index and "
        "weight above 0, by index; null where the mouth is not known and follows the audio's "
        "energy. With `cut_ms` the reply was interrupted there. Tolerance 0.002.",
        "cases": [
            *planned,
            _mouth("a jump between two messages", "ovr15", jump, (0, 50, 99, 100, 150, 250, 251)),
            _mouth("before the first pose, and at rest", "vrm5", rest, (0, 50, 75, 100, 150)),
            _mouth("keys of one time are a pose", "ovr15", pose, (0, 25, 75, 100, 390)),
            _mouth("cut", "ovr15", pose, (100, 200, 220, 240, 279, 280, 500), cut_ms=200.0),
            _mouth("nothing came", "ovr15", [], (0, 100)),
        ],
    }


def _planned(viseme_set: str) -> Case:
    spans, at = [], 0
    for symbol, length_ms in _HELLO:
        end = at + length_ms * _RATE_HZ // 1000
        spans.append(payloads.PhonemeSpan(symbol, at, end))
        at = end
    poses = viseme_poses(spans, rate_hz=_RATE_HZ, espeak_voice="en-us", phoneme_type="espeak")
    dialect = Preferences(rate_hz=_RATE_HZ, viseme_set=viseme_set)
    half = len(poses) // 2
    messages: list[Case] = []
    for part, until in ((poses[:half], poses[half].sample), (poses[half:], at)):
        message = to_message(session_cues.VisemeTrack(1, part, until), dialect)
        assert isinstance(message, cue_messages.Visemes)
        messages.append({"keys": msgspec.to_builtins(message.keys), "until_ms": message.until_ms})
    times = [round(n * _STEP_MS, 1) for n in range(28)]
    return _mouth(f"planned, {viseme_set}", viseme_set, messages, times)


def _mouth(
    name: str,
    viseme_set: str,
    messages: Sequence[Case],
    times_ms: Sequence[float],
    cut_ms: float | None = None,
) -> Case:
    track = MouthTrack()
    for message in messages:
        keys: list[Key] = [(t_ms, viseme, weight) for t_ms, viseme, weight in message["keys"]]
        track.add(keys, message["until_ms"])
    if cut_ms is not None:
        track.cut(cut_ms)
    samples = []
    for t_ms in times_ms:
        weights = track.at(t_ms)
        pairs = None if weights is None else [[v, round(w, 4)] for v, w in weights.items()]
        samples.append({"t_ms": t_ms, "weights": pairs})
    return {
        "name": name,
        "set": viseme_set,
        "messages": list(messages),
        "cut_ms": cut_ms,
        "samples": samples,
    }


# ---------------------------------------------------------------------------------------------


def _gesture(name: str, mode: session_cues.GestureMode, *times_ms: float) -> cue_messages.Gesture:
    start, stroke_start, stroke, stroke_end, relax, end = times_ms
    return cue_messages.Gesture(
        reply_id=1,
        id=name,
        lexeme=f"beat_{mode}",
        kind="beat",
        mode=mode,
        amplitude=0.6,
        start_ms=start,
        stroke_start_ms=stroke_start,
        stroke_ms=stroke,
        stroke_end_ms=stroke_end,
        relax_ms=relax,
        end_ms=end,
        source="prosody",
    )


_BEAT: Final = _gesture("g1", "right", 20, 180, 240, 330, 420, 760)
_SECOND: Final = _gesture("g2", "right", 380, 520, 560, 640, 700, 1000)
_BOTH: Final = _gesture("g3", "both", 600, 800, 850, 900, 1000, 1300)
_LEFT: Final = _gesture("g4", "left", 100, 300, 350, 400, 500, 800)
_AT_ONCE: Final = _gesture("g5", "right", 0, 0, 0, 100, 100, 400)


def movements() -> Case:
    """Returns the document of hands, face and gaze."""
    times = tuple(range(0, 1400, 50))
    near = (199, 200, 201, 300, 350, 499, 500, 700)
    return {
        "about": "Cues of one reply, and what is shown at a time. gestures: [id, phase, weight] "
        "in the order of start_ms, none at rest; with `cut_ms` the reply was interrupted there. "
        "faces: [expression, weight]. gaze: the target. Tolerance 0.002.",
        "cases": [
            _gestures("one gesture", (_BEAT,), times),
            _gestures("a stroke at once", (_AT_ONCE,), (0, 50, 99, 100, 250, 399, 400)),
            _gestures("the same hand goes over", (_BEAT, _SECOND), times),
            _gestures("two hands do not disturb one another", (_BEAT, _LEFT), times),
            _gestures("both hands after one, which is at rest", (_BEAT, _BOTH), times),
            _gestures("three in a chain", (_BEAT, _SECOND, _BOTH), times),
            _gestures("cut in the stroke", (_BEAT, _SECOND), near, cut_ms=200.0),
            _gestures("cut while prepared", (_BEAT,), (100, 150, 250, 399, 400), cut_ms=100.0),
            _gestures("cut while retracting", (_BEAT,), (590, 600, 740, 889, 890), cut_ms=590.0),
            _gestures("cut before the start", (_SECOND,), (300, 400, 560), cut_ms=300.0),
            _gestures("cut after the end", (_BEAT,), (700, 800, 900), cut_ms=800.0),
            *_faces(),
            _gazes(),
        ],
    }


def _gestures(
    name: str,
    cues: Sequence[cue_messages.Gesture],
    times_ms: Sequence[float],
    cut_ms: float | None = None,
) -> Case:
    samples = []
    for t_ms in times_ms:
        shown = gestures_at(cues, t_ms, cut_ms)
        rows = [[one, moved.phase, round(moved.weight, 4)] for one, moved in shown]
        samples.append({"t_ms": t_ms, "gestures": rows})
    return {
        "name": name,
        "messages": [msgspec.to_builtins(cue) for cue in cues],
        "cut_ms": cut_ms,
        "samples": samples,
    }


def _face(t_ms: float, expression: str, intensity: float, hold_ms: float) -> cue_messages.Face:
    return cue_messages.Face(
        reply_id=1,
        t_ms=t_ms,
        expression=expression,
        intensity=intensity,
        valence=0.5,
        arousal=0.5,
        fade_ms=250.0,
        hold_ms=hold_ms,
        source="llm",
    )


def _faces() -> list[Case]:
    happy, sad = _face(100, "happy", 0.8, 500), _face(700, "sad", 0.6, 0)
    early = _face(200, "sad", 0.6, 0)
    times = range(0, 1700, 100)
    cases = {
        "an expression fades in, stays, fades out": (happy,),
        "one without end": (sad,),
        "the next one takes over": (happy, sad),
        "the next one comes before the first is reached": (happy, early),
        "the same expression, weaker": (happy, _face(500, "happy", 0.4, 0)),
    }
    return [
        {
            "name": name,
            "messages": [msgspec.to_builtins(cue) for cue in cues],
            "cut_ms": None,
            "samples": [
                {
                    "t_ms": t_ms,
                    "faces": [[e, round(w, 4)] for e, w in sorted(face_at(cues, t_ms).items())],
                }
                for t_ms in times
            ],
        }
        for name, cues in cases.items()
    ]


def _gazes() -> Case:
    cues = [
        cue_messages.Gaze(reply_id=1, target=target, start_ms=start, end_ms=end, source="rule")
        for target, start, end in (("away_up", 100.0, 500.0), ("down", 300.0, 400.0))
    ]
    times = (0, 100, 299, 300, 399, 400, 499, 500)
    return {
        "name": "the gaze that began last",
        "messages": [msgspec.to_builtins(cue) for cue in cues],
        "cut_ms": None,
        "samples": [{"t_ms": t_ms, "gaze": gaze_at(cues, t_ms)} for t_ms in times],
    }


# ---------------------------------------------------------------------------------------------

_CAPTIONS: Final[tuple[tuple[str, str, tuple[tuple[str, float, float], ...]], ...]] = (
    (
        "English",
        "Hi there! How are you?",
        (
            ("Hi", 0.0, 210.5),
            ("there!", 210.5, 600.0),
            ("How", 780.0, 900.0),
            ("are", 900.0, 1000.0),
            ("you?", 1000.0, 1300.0),
        ),
    ),
    ("Chinese", "你好，世界。", (("你", 0.0, 200.0), ("好", 200.0, 400.0), ("世界", 500.0, 900.0))),
    (
        "code points are not UTF-16 units",
        "👋 Hi 👩‍🚀 you",
        (("Hi", 0.0, 300.0), ("you", 400.0, 700.0)),
    ),
)


def captions() -> Case:
    """Returns the document of captions."""
    return {
        "about": "Words of a reply as [text, start_ms, end_ms, char], and which of them is heard "
        "after so many samples: `word` (-1 = none yet), `is_now`, and the end of that word in code "
        "points and in UTF-16 units. `spoken_text` is what a server says was heard if it is "
        "interrupted there, with its length in UTF-16 units.",
        "cases": [_caption(*one) for one in _CAPTIONS],
    }


def _caption(name: str, text: str, timed: Sequence[tuple[str, float, float]]) -> Case:
    words: list[tuple[str, float, float, int]] = []
    at = 0
    for word, start_ms, end_ms in timed:
        at = text.index(word, at)
        words.append((word, start_ms, end_ms, at))
        at += len(word)
    samples = [
        _heard(text, words, played, latency_ms)
        for played in range(0, int(timed[-1][2] * _RATE_HZ / 1000) + 2400, 2400)
        for latency_ms in (0.0, 80.0)
    ]
    return {
        "name": name,
        "rate_hz": _RATE_HZ,
        "text": text,
        "words": [list(word) for word in words],
        "samples": samples,
    }


def _heard(
    text: str, words: Sequence[tuple[str, float, float, int]], played: int, latency_ms: float
) -> Case:
    t_ms = time_heard_ms(played, _RATE_HZ, latency_ms)
    now = word_at(text, words, t_ms)
    timed = [
        session_cues.TimedWord(
            word, round(start_ms * _RATE_HZ / 1000), round(end_ms * _RATE_HZ / 1000), char
        )
        for word, start_ms, end_ms, char in words
    ]
    tolerance = int(PlayoutOptions().heard_tolerance_s * _RATE_HZ)
    spoken = heard_text(text, timed, played, tolerance)
    return {
        "played_samples": played,
        "output_latency_ms": latency_ms,
        "t_ms": round(t_ms, 4),
        "word": now.index,
        "is_now": now.is_now,
        "char": now.char,
        "utf16": now.utf16,
        "spoken_text": spoken,
        "spoken_utf16": utf16_units(spoken),
    }


# ---------------------------------------------------------------------------------------------

_CLOCKS: Final[dict[str, tuple[tuple[float, float, float, float], ...]]] = {
    "both ways the same": ((1000.0, 5020.0, 5020.0, 1040.0),),
    "the server takes its time": ((1000.0, 5020.0, 5030.0, 1050.0),),
    "the smallest round trip counts": (
        (1000.0, 5090.0, 5090.0, 1110.0),
        (2000.0, 6021.0, 6021.0, 2042.0),
        (3000.0, 7020.0, 7021.0, 3090.0),
    ),
    "the first of equals": ((0.0, 10.0, 10.0, 20.0), (100.0, 112.0, 112.0, 120.0)),
    "a server that is behind": ((9000.5, 12.5, 12.5, 9004.5),),
}


def clocks() -> Case:
    """Returns the document of clock estimates."""
    cases = []
    for name, rows in _CLOCKS.items():
        exchanges = [Exchange(*row) for row in rows]
        chosen = best(exchanges)
        cases.append(
            {
                "name": name,
                "exchanges": [list(row) for row in rows],
                "round_trips_ms": [one.round_trip_ms for one in exchanges],
                "best": exchanges.index(chosen),
                "offset_ms": chosen.offset_ms,
            }
        )
    return {
        "about": "Pings as [t0_ms, t1_ms, t2_ms, t3_ms], the round trip of each, which of them is "
        "taken, and the server's clock minus the client's by it.",
        "cases": cases,
    }
