"""Does the body hold what it promises? Closures, jumps, lip sync by loudness, bytes and cost.

Talk is made from patterns, spoken by real voices, planned and rendered by the code of the server,
in the server's order: the mouth piece by piece with the audio, and each frame of the face before
its audio at the latest moment. So what is measured is the worst that a client gets.

Apexes of gestures against stressed vowels are another bench (`gestures`).
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from voice_avatar import protocol
from voice_avatar.audio import BYTES_PER_SAMPLE, sample_count, silence
from voice_avatar.bench.alone import repeating, told
from voice_avatar.bench.face_figures import (
    JAW_SHUT,
    LAGS_MS,
    REACHED,
    Closure,
    closures,
    correlations,
    envelope,
    onset_leads_ms,
    opening,
)
from voice_avatar.bench.machine import results_of
from voice_avatar.bench.results import Figure, Run
from voice_avatar.bench.sentences import read_sentences
from voice_avatar.bench.statistics import summary
from voice_avatar.bench.subjects import engines_subject
from voice_avatar.bench.talk import replies
from voice_avatar.chunking import Chunker
from voice_avatar.config import Config
from voice_avatar.connection_face import FaceOut
from voice_avatar.engines.piper_tts import PiperOptions
from voice_avatar.engines.registry import load_engine
from voice_avatar.engines.tables import EngineTables, TtsTables
from voice_avatar.events import (
    FaceCue,
    GazeCue,
    ReplyAudio,
    ReplyDone,
    ReplyNotice,
    ReplyStarted,
    SpeakableChunk,
    SpeechPiece,
    SpeechPlan,
    VisemeTrack,
)
from voice_avatar.face import released, rest_face, steps_over
from voice_avatar.face_frames import unpack_face
from voice_avatar.face_mouth import MouthTrack
from voice_avatar.face_tables import Curves, face_tables
from voice_avatar.gestures import GesturePlanner
from voice_avatar.models import ModelStore
from voice_avatar.timeline import Placed, ReplyTimeline
from voice_avatar.tts import TtsEngine, TtsOptions
from voice_avatar.viseme_sets import FACE_HZ
from voice_avatar.viseme_tables import symbol_table

VOICES: Final = "en_US-joe-medium,en_US-joe-medium:cmn"
"""The default voice, and the same with espeak's Mandarin: an accent, but Mandarin's sounds, tones
and times, and no other model to fetch. A Chinese voice, where there is one, is named as it is."""
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


class Speaker:
    """One avatar that talks: what it says next begins with the face that it has."""

    def __init__(self, config: Config, tts: TtsEngine, language: str) -> None:
        """`tts` speaks `language`."""
        self._config = config
        self._tts = tts
        self._language = language
        self._outs = {
            hz: FaceOut(random.Random(hz), hz, tts.capabilities.rate_hz) for hz in FACE_HZ
        }
        self._dialect = protocol.Dialect(tts.capabilities.rate_hz)
        self._reply_id = 0
        self._now_s = 0.0

    def say(self, text: str) -> Talk:
        """Speaks a reply, and lets its faces be made as the server does."""
        self._reply_id += 1
        voice = self._tts.capabilities
        talk = Talk(text, voice.rate_hz)
        began_s = time.thread_time()
        planner = GesturePlanner(
            self._config.gestures, self._language, self._reply_id, voice.rate_hz, 1
        )
        timeline = ReplyTimeline(self._reply_id, voice.rate_hz, voice, planner)
        chunks = list(_chunks(Chunker(self._config.chunking, self._language), timeline, text))
        talk.planning_s += time.thread_time() - began_s
        packed: dict[int, list[bytes]] = {hz: [] for hz in self._outs}
        self._tell(talk, [ReplyStarted(self._reply_id, 1, voice.rate_hz)])
        for chunk in chunks:
            self._speak(talk, timeline, chunk, packed)
        end = ReplyAudio(self._reply_id, sample_count(bytes(talk.pcm)), b"", is_last=True)
        self._render(talk, end, packed)
        for hz, frames in packed.items():
            rows = np.concatenate([unpack_face(data).weights for data in frames])
            talk.faces[hz] = rows.astype(np.float32) / np.float32(255)
            talk.face_bytes[hz] = sum(map(len, frames))
        self._now_s += talk.audio_s
        self._tell(talk, [ReplyDone(self._reply_id, "completed", text, 0)])
        self._now_s += GAP_S
        return talk

    def _speak(
        self,
        talk: Talk,
        timeline: ReplyTimeline,
        chunk: SpeakableChunk,
        packed: dict[int, list[bytes]],
    ) -> None:
        placed: Placed | None = None
        for part in self._tts.synthesize(chunk):
            began_s = time.thread_time()
            notices: list[ReplyNotice] = []
            pcm = b""
            match part:
                case SpeechPlan():
                    placed = timeline.place(chunk, part)
                    talk.plans.append((placed.start, part))
                    notices += placed.notices
                case SpeechPiece(_, pcm) if placed is not None:
                    track = placed.mouth.hear(pcm)
                    notices += [] if track is None else [track]
            talk.planning_s += time.thread_time() - began_s
            self._tell(talk, notices)
            self._play(talk, pcm, packed)
        if placed is not None:
            began_s = time.thread_time()
            rest = placed.mouth.finish(is_cut=False)
            talk.planning_s += time.thread_time() - began_s
            self._tell(talk, [rest])
            self._play(talk, silence(placed.end - placed.speech_end), packed)

    def _tell(self, talk: Talk, notices: Sequence[ReplyNotice]) -> None:
        talk.notices += notices
        for hz, out in self._outs.items():
            began_s = time.thread_time()
            for notice in notices:
                out.note(notice, self._now_s)
            talk.face_s[hz] = talk.face_s.get(hz, 0.0) + time.thread_time() - began_s
        began_s = time.thread_time()
        for notice in notices:
            if isinstance(notice, ReplyDone | ReplyStarted):
                continue
            message = protocol.to_message(notice, self._dialect)
            if message is not None:
                text = protocol.encode_text(message, seq=0, ts_ms=0.0)
                talk.json_bytes += len(text.encode())
            if isinstance(notice, VisemeTrack):
                talk.keys += len(notice.poses)
        talk.json_s += time.thread_time() - began_s

    def _play(self, talk: Talk, pcm: bytes, packed: dict[int, list[bytes]]) -> None:
        if pcm:
            start = len(talk.pcm) // BYTES_PER_SAMPLE
            self._render(talk, ReplyAudio(self._reply_id, start, pcm, start == 0), packed)
            talk.pcm += pcm

    def _render(self, talk: Talk, audio: ReplyAudio, packed: dict[int, list[bytes]]) -> None:
        for hz, out in self._outs.items():
            began_s = time.thread_time()
            packed[hz] += out.frames(audio)
            talk.face_s[hz] += time.thread_time() - began_s


def _chunks(chunker: Chunker, timeline: ReplyTimeline, text: str) -> Iterator[SpeakableChunk]:
    for done in (chunker.push(text), chunker.flush()):
        timeline.write(done.text)
        yield from done.chunks


# ---------------------------------------------------------------------------------------------
# Figures


def unlimited(talk: Talk, hz: int) -> Curves:
    """Returns the mouth of a reply as its poses alone say, without limits: (frames, 52)."""
    mouth = MouthTrack(talk.rate_hz, hz)
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


# ---------------------------------------------------------------------------------------------
# The bench


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this bench."""
    parser.add_argument(
        "--voices",
        default=VOICES,
        help="voices of Piper, by commas; NAME:ESPEAK spells as that espeak-ng voice",
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="of talk for each voice")
    parser.add_argument("--seed", type=int, default=0, help="of the talk")


def run(args: argparse.Namespace) -> Run:
    """Runs the measurement.

    Raises:
        VoiceAvatarError: a voice is missing, or failed.
    """
    store = ModelStore()
    out: list[Figure] = []
    items: list[dict[str, Any]] = []
    voices = args.voices.split(",")
    for name in voices:
        options, own = _options(name)
        tables = EngineTables(tts=TtsTables(own))
        tts: TtsEngine = load_engine("tts", options, store, tables)
        voice = tts.capabilities
        speaker = Speaker(Config(tts=options), tts, voice.language)
        table = symbol_table(voice.espeak_voice, voice.phoneme_type)
        talks: list[Talk] = []
        audio_s = 0.0
        for text in _texts(voice.language, args.seed):
            talks.append(speaker.say(text))
            audio_s += talks[-1].audio_s
            print(f"\rbody: {name} {audio_s:.0f} s", end="", file=sys.stderr, flush=True)
            if audio_s >= 60 * args.minutes:
                break
        closed = [closures(t.plans, table, t.rate_hz, t.faces[60], 60) for t in talks]
        out += figures(voice.language, talks, closed)
        items += [item(talk, each) for talk, each in zip(talks, closed, strict=True)]
    print(file=sys.stderr)
    return results_of(
        "body",
        out,
        items,
        subject=engines_subject(
            {f"tts {n}": _options(voice)[0].voice for n, voice in enumerate(voices, 1)}, store
        ),
        settings={
            "options": {name: told(*_options(name)) for name in voices},
            "minutes": args.minutes,
            "seed": args.seed,
        },
        command=repeating("body", voices=args.voices, minutes=str(args.minutes), seed=args.seed),
    )


def _options(name: str) -> tuple[TtsOptions, PiperOptions]:
    voice, _, espeak_voice = name.partition(":")
    return TtsOptions(voice=voice), PiperOptions(espeak_voice=espeak_voice)


def _texts(language: str, seed: int) -> Iterator[str]:
    """Yields what is said: the sentences of `lipsync` where there are any, then made talk."""
    if language == "en":
        yield from read_sentences()
    yield from replies(language, seed)
