"""Do the lips move when the sound does? Our viseme track against an independent forced aligner.

Sentences are spoken as `voice-avatar say` speaks them. Audio and text alone go to the aligner; its
phones are then paired with the voice's by their symbols, not by their times. Three questions:

    visemes   when does the track reach the shape of a phone, against when the phone is heard?
    closures  the same for m, b and p, whose lips must meet: the errors that people see
    phones    when does the voice's own plan say that the phone begins?

Offsets are sound minus picture, in ms: positive = the mouth is ahead of the sound. What counts is
when a shape is reached, not when the lips begin to move: that they begin early is meant.

The aligner errs, too. It hears every recording several times, and the median counts; where it does
not agree with itself, `….sure` leaves the phone out. Figures without `sure` leave out nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import soxr

from voice_avatar.acting.mouth.chunk_mouth import PlannedMouth
from voice_avatar.acting.mouth.heard_boundaries import heard_boundaries
from voice_avatar.acting.mouth.loudness import VoiceLevel
from voice_avatar.acting.mouth.viseme_tables import symbol_table
from voice_avatar.acting.mouth.visemes import viseme_poses
from voice_avatar.bench.figures.phone_pairs import (
    VOWELS,
    HeardPhone,
    PlannedSound,
    paired,
    planned_sounds,
)
from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.figures.shown import (
    CLOSED_WEIGHT,
    CLOSURES,
    SHAPES,
    arrival,
    is_closed,
    is_shown,
    shapes_of,
)
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.material.forced_aligner import (
    ALIGNER_HZ,
    MOST_SPREAD_S,
    SurePhone,
    align_often,
)
from voice_avatar.bench.material.sentences import read_sentences
from voice_avatar.bench.report.alone import chosen, repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.bench.targets.subjects import engines_subject
from voice_avatar.engines.piper_tts import PiperOptions
from voice_avatar.engines.registry import load_engine
from voice_avatar.errors import EngineUnavailable
from voice_avatar.events.cues import VisemePose, VisemeTrack
from voice_avatar.models.store import ModelStore
from voice_avatar.pipeline.spoken import Speech, speak
from voice_avatar.stages.tts import TtsCapabilities, TtsEngine, TtsOptions
from voice_avatar.wire.telling import Preferences, to_message

WINDOW_MS: Final = (-45.0, 125.0)
"""Offsets that viewers do not notice: sound up to 45 ms early, up to 125 ms late (ITU-R BT.1359,
detectability)."""

CPU_ROUNDS: Final = 5
"""How often the track is made to see what it costs."""


@dataclass(frozen=True, slots=True)
class TimedPhone:
    """A phone of the aligner's, and when the voice and the mouth have it.

    Attributes:
        heard: by the aligner.
        spread_s: how far its hearings put the start apart, seconds.
        is_sure: whether they agree.
        planned_s: when the plan begins it, its stress mark included, seconds.
        onset_s: when the plan begins its own symbol.
        shown_s: when the mouth gets there; None = it has no shape of its own, or never shows it.
        is_closed: whether the lips are together at some time while a closure is heard.
    """

    heard: HeardPhone
    spread_s: float
    is_sure: bool
    planned_s: float
    onset_s: float
    shown_s: float | None
    is_closed: bool

    @property
    def name(self) -> str:
        """Phone, ARPAbet."""
        return self.heard.name

    def offset_ms(self, at_s: float) -> float:
        """Returns sound minus `at_s`, ms."""
        return 1000.0 * (self.heard.start_s - at_s)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, measured.

    Attributes:
        text: what was said.
        heard: phones of the aligner; 0 = it could not follow.
        phones: those that have a counterpart in the plan.
        audio_s: length of the speech, seconds.
        poses: of its track.
        track_bytes: of the messages that carry it.
        cpu_s: what making the track of it took, seconds of CPU.
    """

    text: str
    heard: int
    phones: tuple[TimedPhone, ...]
    audio_s: float = 0.0
    poses: int = 0
    track_bytes: int = 0
    cpu_s: float = 0.0


# ---------------------------------------------------------------------------------------------
# One sentence


def measured(text: str, speech: Speech, voice: TtsCapabilities) -> Sentence:
    """Returns a spoken sentence, measured."""
    samples = soxr.resample(np.frombuffer(bytes(speech.pcm), "<i2"), speech.rate_hz, ALIGNER_HZ)
    found = align_often(text, samples)
    table = symbol_table(voice.espeak_voice, voice.phoneme_type)
    sounds = [s for at, plan in speech.plans for s in planned_sounds(plan.spans, table, at)]
    tracks = [n for n in speech.notices if isinstance(n, VisemeTrack)]
    poses = [p for track in tracks for p in track.poses]
    dialect = Preferences(speech.rate_hz)
    return Sentence(
        text,
        len(found),
        tuple(timed(sounds, found, poses, speech.rate_hz)),
        len(speech.pcm) / 2 / speech.rate_hz,
        len(poses),
        sum(len(msgspec.json.encode(to_message(track, dialect))) for track in tracks),
        cpu_s(speech, voice),
    )


def cpu_s(speech: Speech, voice: TtsCapabilities) -> float:
    """Returns the CPU time that the mouth of some speech takes, seconds: boundaries, poses, gains.

    Args:
        speech: already spoken; only its mouth is made again, piece by piece.
        voice: that spoke it.
    """
    table = symbol_table(voice.espeak_voice, voice.phoneme_type)
    before_s = time.process_time()
    for _ in range(CPU_ROUNDS):
        level = VoiceLevel()
        for at, plan in speech.plans:
            heard_boundaries(plan.spans, table, speech.rate_hz)
            poses = viseme_poses(
                plan.spans,
                rate_hz=speech.rate_hz,
                espeak_voice=voice.espeak_voice,
                phoneme_type=voice.phoneme_type,
            )
            end = plan.sample_count
            mouth = PlannedMouth(1, poses, start=0, end=end, rate_hz=speech.rate_hz, level=level)
            for start in range(0, end, speech.rate_hz):
                until = at + min(end, start + speech.rate_hz)
                mouth.push(bytes(speech.pcm[2 * (at + start) : 2 * until]))
            mouth.finish(is_cut=False)
    return (time.process_time() - before_s) / CPU_ROUNDS


def timed(
    sounds: Sequence[PlannedSound],
    heard: Sequence[SurePhone],
    poses: Sequence[VisemePose],
    rate_hz: int,
) -> Iterator[TimedPhone]:
    """Yields the phones that are in both the plan and the recording."""
    pairs = paired([s.symbol for s in sounds], [h.phone.name for h in heard])
    names = {i: heard[j].phone.name for i, j in pairs}
    for i in range(1, len(sounds)):  # the rest of a diphthong or an affricate is as its begin
        names.setdefault(i, names.get(i - 1, ""))
    for i, j in pairs:
        phone, sound = heard[j].phone, sounds[i]
        last = sounds[i - 1] if i else None
        first = 0 if last is None else last.end
        if last is not None and phone.name not in VOWELS:
            # It may be prepared while the sound before it lasts, unless that has its shape.
            is_same = shapes_of(names.get(i - 1, "")) & shapes_of(phone.name)
            first = sound.start if is_same else last.onset + 1
        shown = arrival(poses, phone.name, first, sound.end)
        if first == sound.start and is_shown(poses, phone.name, first):
            shown = first  # held since the sound before
        yield TimedPhone(
            phone,
            heard[j].spread_s,
            heard[j].is_sure,
            sound.start / rate_hz,
            sound.onset / rate_hz,
            None if shown is None else shown / rate_hz,
            phone.name in CLOSURES and is_closed(poses, phone, rate_hz),
        )


# ---------------------------------------------------------------------------------------------
# All sentences

Timing = tuple[TimedPhone, float]
"""(phone, when the plan or the mouth has it, seconds)."""


def figures(sentences: Sequence[Sentence]) -> list[Figure]:
    """Returns what came out."""
    phones = [phone for sentence in sentences for phone in sentence.phones]
    shaped = [p for p in phones if p.name in SHAPES]
    closures = [p for p in phones if p.name in CLOSURES]
    shown = [(p, p.shown_s) for p in shaped if p.shown_s is not None]
    closed = [(p, at_s) for p, at_s in shown if p.name in CLOSURES]
    heard = sum(s.heard for s in sentences)
    spreads = [1000.0 * p.spread_s for p in phones]
    return [
        *_timings("visemes", "visemes", shown),
        *_timings("visemes.sure", "visemes, aligner sure", _sure(shown)),
        *_timings("closures", "closures (m b p)", closed),
        *_timings("closures.sure", "closures (m b p), aligner sure", _sure(closed)),
        _share("visemes.shown", "phones whose shape the track reaches", len(shown), len(shaped)),
        _share("closures.shown", "closures that the track makes", len(closed), len(closures)),
        _share(
            "closures.closed",
            "closures during which the lips are together",
            sum(p.is_closed for p in closures),
            len(closures),
            f"a weight of {CLOSED_WEIGHT} or more at some time between the aligner's start and end",
        ),
        *_timings("phones", "phones of the plan", [(p, p.planned_s) for p in phones]),
        *_timings(
            "phones.word_start",
            "phones that begin a word",
            [(p, p.planned_s) for p in phones if p.heard.is_word_start],
        ),
        *_timings(
            "phones.inside",
            "phones inside a word",
            [(p, p.planned_s) for p in phones if not p.heard.is_word_start],
        ),
        *_timings(
            "phones.own_symbol",
            "phones of the plan, without their stress marks",
            [(p, p.onset_s) for p in phones],
        ),
        _share("paired", "phones of the aligner that the plan has too", len(phones), heard),
        _share(
            "aligner.sure",
            "phones of which the aligner is sure",
            sum(p.is_sure for p in phones),
            len(phones),
            f"all hearings have it, within {1000 * MOST_SPREAD_S:.0f} ms",
        ),
        Figure(
            name="aligner.spread",
            title="the aligner against itself",
            unit="ms",
            better="lower",
            summary=summary(spreads) if spreads else None,
            note="latest minus earliest start of a phone in several hearings of one recording "
            "(later, slower, faster): no track would show less error than that",
        ),
        *_costs(sentences),
    ]


def _sure(timings: Sequence[Timing]) -> list[Timing]:
    return [(phone, at_s) for phone, at_s in timings if phone.is_sure]


def _costs(sentences: Sequence[Sentence]) -> Iterator[Figure]:
    """Yields what the track takes for a second of speech."""
    audio_s = sum(s.audio_s for s in sentences)
    if audio_s == 0:
        return
    poses, size, cpu_s = (
        sum(values) / audio_s
        for values in zip(*((s.poses, s.track_bytes, s.cpu_s) for s in sentences), strict=True)
    )
    yield Figure(
        name="track.poses", title="poses a second of speech", unit="1", better="lower", value=poses
    )
    yield Figure(
        name="track.bytes",
        title="bytes a second of speech",
        unit="1",
        better="lower",
        value=size,
        note="JSON, ovr15",
    )
    yield Figure(
        name="track.cpu",
        title="CPU of the mouth",
        unit="%",
        better="lower",
        value=100.0 * cpu_s,
        note="of one core, while the avatar speaks",
    )


def _timings(name: str, title: str, timings: Sequence[Timing]) -> Iterator[Figure]:
    """Yields error, offset and share within the window of some phones; nothing without phones."""
    if not timings:
        return
    offsets = [phone.offset_ms(at_s) for phone, at_s in timings]
    note = "against the forced aligner's start of the phone"
    yield Figure(
        name=f"{name}.error",
        title=f"{title}: |offset|",
        unit="ms",
        better="lower",
        summary=summary([abs(ms) for ms in offsets]),
        note=note,
    )
    yield Figure(
        name=f"{name}.offset",
        title=f"{title}: sound minus picture",
        unit="ms",
        summary=summary(offsets),
        note=f"{note}; positive = the mouth is ahead",
    )
    least, most = WINDOW_MS
    inside = sum(least <= ms <= most for ms in offsets)
    window = f"between {least:+.0f} and {most:+.0f} ms (ITU-R BT.1359, detectability)"
    yield _share(f"{name}.in_window", f"{title}: inside the window", inside, len(offsets), window)


def _share(name: str, title: str, part: int, whole: int, note: str = "") -> Figure:
    value = 100.0 * part / whole if whole else None
    return Figure(
        name=name,
        title=title,
        unit="%",
        better="higher",
        value=value,
        note="; ".join(filter(None, (f"{part} of {whole}", note))),
    )


def item(sentence: Sentence) -> dict[str, Any]:
    """Returns a sentence as JSON-ready data: phone, and when it is heard, planned and shown, s."""
    return {
        "text": sentence.text,
        "heard": sentence.heard,
        "audio_s": round(sentence.audio_s, 3),
        "poses": sentence.poses,
        "track_bytes": sentence.track_bytes,
        "cpu_s": round(sentence.cpu_s, 5),
        "phones": [
            {
                "phone": p.name,
                "is_word_start": p.heard.is_word_start,
                "heard_s": round(p.heard.start_s, 3),
                "heard_end_s": round(p.heard.end_s, 3),
                "spread_s": round(p.spread_s, 3),
                "is_sure": p.is_sure,
                "planned_s": round(p.planned_s, 4),
                "onset_s": round(p.onset_s, 4),
                "shown_s": None if p.shown_s is None else round(p.shown_s, 4),
                "is_closed": p.is_closed if p.name in CLOSURES else None,
            }
            for p in sentence.phones
        ],
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this bench."""
    parser.add_argument("--voice", default=TtsOptions().voice, help="voice, spoken by Piper")
    parser.add_argument("--limit", type=int, default=0, help="only the first N sentences")


def run(args: argparse.Namespace) -> Run:
    """Runs the measurement.

    Raises:
        VoiceAvatarError: the voice or the aligner is missing, or failed.
    """
    options = TtsOptions(voice=args.voice)
    store = ModelStore()
    tts: TtsEngine = load_engine("tts", options, store)
    if tts.capabilities.language != "en":
        raise EngineUnavailable("The aligner knows English only; the voice does not speak it.")
    texts = read_sentences(args.limit)
    sentences = []
    for number, text in enumerate(texts, 1):
        print(f"\rlipsync: sentence {number} of {len(texts)}", end="", file=sys.stderr, flush=True)
        speech = speak(tts, text, "en")
        sentences.append(measured(text, speech, tts.capabilities))
    print(file=sys.stderr)
    followed = sum(s.heard > 0 for s in sentences)
    return results_of(
        "lipsync",
        [
            *figures(sentences),
            _share("followed", "sentences that the aligner could follow", followed, len(sentences)),
        ],
        [item(sentence) for sentence in sentences],
        subject=engines_subject({"tts": options.voice}, store),
        settings={"options": chosen(options, PiperOptions()), "sentences": len(sentences)},
        command=repeating("lipsync", voice=args.voice, limit=args.limit),
    )
