"""What many replies of a body come to: the figures of `bench body`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from voice_avatar.acting.face.mouth_frames import MouthFrames
from voice_avatar.acting.face.render import released, rest_face, steps_over
from voice_avatar.acting.face.tables import Curves, face_tables
from voice_avatar.acting.mouth.viseme_sets import FACE_HZ
from voice_avatar.audio.pcm import BYTES_PER_SAMPLE
from voice_avatar.bench.figures.face import (
    JAW_SHUT,
    LAGS_MS,
    REACHED,
    Closure,
    correlations,
    envelope,
    onset_leads_ms,
    opening,
)
from voice_avatar.bench.figures.results import Figure
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.events.cues import FaceCue, GazeCue, VisemeTrack
from voice_avatar.events.notices import ReplyNotice
from voice_avatar.events.payloads import SpeechPlan

GAP_S: Final = 0.6
"""Time between two replies: the face is still on its way to rest."""


@dataclass(slots=True)
class Talk:
    """One reply as a client gets it.

    Attributes:
        text: what was to be said.
        rate_hz: of its samples.
        pcm: its audio.
        plans: first sample and plan of each chunk.
        notices: of mouth and body, in order.
        faces: frames per second -> weights (frames, 52), as decoded.
        face_bytes: frames per second -> bytes on the wire.
        json_bytes: bytes of the JSON messages that the body is told in.
        keys: mouth poses among them.
        planning_s: processor time of chunking, timeline, gestures and mouth, seconds.
        face_s: frames per second -> processor time of rendering and packing.
        json_s: processor time of the JSON messages.
    """

    text: str
    rate_hz: int
    pcm: bytearray = field(default_factory=bytearray)
    plans: list[tuple[int, SpeechPlan]] = field(default_factory=list)
    notices: list[ReplyNotice] = field(default_factory=list)
    faces: dict[int, Curves] = field(default_factory=dict)
    face_bytes: dict[int, int] = field(default_factory=dict)
    json_bytes: int = 0
    keys: int = 0
    planning_s: float = 0.0
    face_s: dict[int, float] = field(default_factory=dict)
    json_s: float = 0.0

    @property
    def audio_s(self) -> float:
        """Seconds of audio."""
        return len(self.pcm) / BYTES_PER_SAMPLE / self.rate_hz


def unlimited(talk: Talk, hz: int) -> Curves:
    """Returns the mouth of a reply as its poses alone say, without limits: (frames, 52)."""
    mouth = MouthFrames(talk.rate_hz, hz)
    for notice in talk.notices:
        if isinstance(notice, VisemeTrack):
            list(mouth.add(notice.poses))
    times = np.arange(len(talk.faces[hz])) / hz
    curves: Curves = np.clip(mouth.at(0, times) @ face_tables().visemes, 0.0, 1.0)
    return curves


def jumps(talks: Sequence[Talk], hz: int) -> int:
    """Returns the steps over the limits within replies, and from each to the next."""
    count = 0
    last: Curves | None = None
    for talk in talks:
        faces = talk.faces[hz]
        if last is not None:
            shown = released(last, GAP_S, rest_face())
            faces = np.vstack((shown[None], faces))
        count += steps_over(faces, hz, quantum=1.5 / 255)
        last = talk.faces[hz][-1]
    return count


def figures(name: str, talks: Sequence[Talk], closed: Sequence[Sequence[Closure]]) -> list[Figure]:
    """Returns what came out for one voice.

    Args:
        name: how the figures begin: the language.
        talks: all replies.
        closed: closures of each in its fastest track.
    """
    audio_s = sum(talk.audio_s for talk in talks)
    all_closed = [closure for each in closed for closure in each]
    return [
        _share(
            f"{name}.closures",
            "p b m closed in the 60 fps track",
            sum(closure.is_closed for closure in all_closed),
            len(all_closed),
            f"closing shapes of PP at {REACHED} or more, jaw at {JAW_SHUT} or less, in a frame",
        ),
        *_jumping(name, talks),
        *_following(name, talks),
        *_sizes(name, talks, audio_s),
        *_costs(name, talks, audio_s),
    ]


def _jumping(name: str, talks: Sequence[Talk]) -> Iterator[Figure]:
    for hz in FACE_HZ:
        yield Figure(
            name=f"{name}.jumps_{hz}",
            title=f"steps over the limits, {hz} fps",
            unit="1",
            better="lower",
            value=jumps(talks, hz),
            note=f"of {sum(len(talk.faces[hz]) for talk in talks)} frames, borders of replies "
            "taken in",
        )
    slowed = sum(steps_over(unlimited(talk, 60), 60) for talk in talks)
    yield Figure(
        name=f"{name}.slowed",
        title="steps of the poses alone that limits slow down",
        unit="1/s",
        value=slowed / sum(talk.audio_s for talk in talks),
        note="shape by shape, poses sampled at 60 fps",
    )


def _following(name: str, talks: Sequence[Talk]) -> Iterator[Figure]:
    pairs = [
        (envelope(bytes(talk.pcm), talk.rate_hz, 60, len(talk.faces[60])), opening(talk.faces[60]))
        for talk in talks
    ]
    loud = np.concatenate([each for each, _ in pairs])
    jaw = np.concatenate([each for _, each in pairs])
    by_lag = correlations(loud, jaw, 60)
    best = max(by_lag, key=lambda lag: by_lag[lag])
    note = "RMS over 50 ms against jawOpen at 60 fps, pauses taken in"
    yield Figure(
        name=f"{name}.envelope_correlation",
        title="loudness against opening, at its best lag",
        unit="1",
        better="higher",
        value=by_lag[best],
        note=f"{note}; without lag {by_lag[0]:.3f}",
    )
    yield Figure(
        name=f"{name}.envelope_lag",
        title="… and that lag",
        unit="ms",
        value=1000 * best / 60,
        note=f"positive = the mouth is ahead; {LAGS_MS} ms either way were tried",
    )
    leads = [lead for loud, jaw in pairs for lead in onset_leads_ms(loud, jaw, 60)]
    if leads:
        yield Figure(
            name=f"{name}.onset_lead",
            title="from the mouth's opening to the first sound after silence",
            unit="ms",
            summary=summary(leads),
            note="positive = the mouth is ahead; where it is shut 200 ms before",
        )
    minutes = len(jaw) / 60 / 60
    lids = np.concatenate([talk.faces[60][:, 0] for talk in talks])
    yield Figure(
        name=f"{name}.blinks",
        title="blinks a minute",
        unit="1",
        value=int(((lids[1:] >= 0.9) & (lids[:-1] < 0.9)).sum()) / minutes,
        note="26 while talking and 17 in pauses are meant",
    )


def _sizes(name: str, talks: Sequence[Talk], audio_s: float) -> Iterator[Figure]:
    yield Figure(
        name=f"{name}.keys",
        title="mouth poses a second",
        unit="1/s",
        better="lower",
        value=sum(talk.keys for talk in talks) / audio_s,
    )
    yield Figure(
        name=f"{name}.json_bytes",
        title="body as JSON messages",
        unit="B/s",
        better="lower",
        value=sum(talk.json_bytes for talk in talks) / audio_s,
        note="visemes, gestures, head, gaze, face and captions",
    )
    for hz in FACE_HZ:
        yield Figure(
            name=f"{name}.face_bytes_{hz}",
            title=f"dense face, {hz} fps",
            unit="B/s",
            better="lower",
            value=sum(talk.face_bytes[hz] for talk in talks) / audio_s,
        )


def _costs(name: str, talks: Sequence[Talk], audio_s: float) -> Iterator[Figure]:
    parts = {
        "planning": ("chunks, timeline, gestures, mouth", sum(t.planning_s for t in talks)),
        "json": ("JSON messages", sum(t.json_s for t in talks)),
        **{
            f"face_{hz}": (f"dense face, {hz} fps", sum(t.face_s[hz] for t in talks))
            for hz in FACE_HZ
        },
    }
    for part, (title, cost_s) in parts.items():
        yield Figure(
            name=f"{name}.cpu_{part}",
            title=f"processor: {title}",
            unit="%",
            better="lower",
            value=100 * cost_s / audio_s,
            note="of one core, per second of speech",
        )
    whole = parts["planning"][1] + parts["json"][1] + parts["face_60"][1]
    yield Figure(
        name=f"{name}.cpu",
        title="processor: the body, all in all",
        unit="%",
        better="lower",
        value=100 * whole / audio_s,
        note="planning, JSON and the dense face at 60 fps; 2 % is the limit",
    )


def _share(name: str, title: str, part: int, whole: int, note: str) -> Figure:
    value = 100.0 * part / whole if whole else None
    note = f"{part} of {whole}; {note}"
    return Figure(name=name, title=title, unit="%", better="higher", value=value, note=note)


def item(talk: Talk, closed: Sequence[Closure]) -> dict[str, Any]:
    """Returns a reply as JSON-ready data; of closures, those that were missed."""
    return {
        "text": talk.text,
        "audio_s": round(talk.audio_s, 3),
        "keys": talk.keys,
        "json_bytes": talk.json_bytes,
        "face_bytes": talk.face_bytes[60],
        "moods": [n.expression for n in talk.notices if isinstance(n, FaceCue)],
        "gazes": [n.target for n in talk.notices if isinstance(n, GazeCue)],
        "closures": len(closed),
        "missed": [
            {
                "symbol": closure.symbol,
                "start_s": round(closure.start_s, 3),
                "end_s": round(closure.end_s, 3),
                "reached": round(closure.reached, 3),
                "jaw": round(closure.jaw, 3),
            }
            for closure in closed
            if not closure.is_closed
        ],
    }
