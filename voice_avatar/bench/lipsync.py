"""Do the lips move when the sound does? Our viseme track against an independent forced aligner.

Sentences are spoken as `voice-avatar say` speaks them. Audio and text alone go to the aligner; its
phones are then paired with the voice's by their symbols, not by their times. Three questions:

    visemes   when does the track reach the shape of a phone, against when the phone is heard?
    closures  the same for m, b and p, whose lips must meet: the errors that people see
    phones    when does the voice's own plan say that the phone begins?

Offsets are sound minus picture, in ms: positive = the mouth is ahead of the sound. They include the
aligner's own error; `aligner.repeat` tells how much of that is chance.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import soxr

from voice_avatar.bench.alone import repeating, told
from voice_avatar.bench.forced_aligner import ALIGNER_HZ, HeardPhone, align
from voice_avatar.bench.machine import results_of
from voice_avatar.bench.phone_pairs import VOWELS, PlannedSound, paired, planned_sounds
from voice_avatar.bench.results import Figure, Run
from voice_avatar.bench.sentences import read_sentences
from voice_avatar.bench.statistics import summary
from voice_avatar.bench.subjects import engines_subject
from voice_avatar.command_say import Speech, speak
from voice_avatar.config import Config
from voice_avatar.engines.registry import load_engine
from voice_avatar.errors import EngineUnavailable
from voice_avatar.events import VisemePose, VisemeTrack
from voice_avatar.models import ModelStore
from voice_avatar.tts import TtsCapabilities, TtsEngine, TtsOptions
from voice_avatar.viseme_tables import VISEMES, symbol_table

WINDOW_MS: Final = (-45.0, 125.0)
"""Offsets that viewers do not notice: sound up to 45 ms early, up to 125 ms late (ITU-R BT.1359,
detectability)."""

SHIFT_MS: Final = 105
"""How much later the aligner hears the recording the second time; no multiple of its frame."""

SHAPES: Final[dict[str, str]] = {
    **dict.fromkeys(("P", "B", "M"), "PP"),
    **dict.fromkeys(("F", "V"), "FF"),
    **dict.fromkeys(("TH", "DH"), "TH"),
    **dict.fromkeys(("T", "D"), "DD"),
    **dict.fromkeys(("K", "G", "NG"), "kk nn"),
    **dict.fromkeys(("SH", "ZH"), "CH"),
    **dict.fromkeys(("CH", "JH"), "CH DD"),  # may begin with the shape of their t or d
    **dict.fromkeys(("S", "Z"), "SS"),
    **dict.fromkeys(("N", "L"), "nn"),
    **{"R": "RR", "W": "U O", "Y": "I", "ER": "RR E"},
    **dict.fromkeys(VOWELS - {"ER"}, "aa E I O U"),
}
"""Phone -> visemes that show it (OVR's reference, which gives each viseme its phonemes). Any vowel
shape shows a vowel: which one is a matter of taste, when it comes is measured here. h has none."""

CLOSURES: Final = frozenset({"P", "B", "M"})
LEAST_WEIGHT: Final = 0.25
"""A consonant shows from this weight on; a vowel shows where its shape is the strongest."""
CLOSED_WEIGHT: Final = 0.9


@dataclass(frozen=True, slots=True)
class TimedPhone:
    """A phone of the aligner's, and when the voice and the mouth have it.

    Attributes:
        heard: by the aligner.
        planned_s: when the plan begins it, its stress mark included, seconds.
        onset_s: when the plan begins its own symbol.
        shown_s: when the mouth gets there; None = it has no shape of its own, or never shows it.
        is_closed: whether the lips are together at some time while a closure is heard.
    """

    heard: HeardPhone
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
        repeats_ms: how much the second alignment moved each phone, `SHIFT_MS` taken off.
    """

    text: str
    heard: int
    phones: tuple[TimedPhone, ...]
    repeats_ms: tuple[float, ...]


# ---------------------------------------------------------------------------------------------
# One sentence


def measured(text: str, speech: Speech, voice: TtsCapabilities) -> Sentence:
    """Returns a spoken sentence, measured."""
    samples = soxr.resample(np.frombuffer(bytes(speech.pcm), "<i2"), speech.rate_hz, ALIGNER_HZ)
    heard = align(text, samples)
    late = np.zeros(SHIFT_MS * ALIGNER_HZ // 1000, np.int16)
    again = align(text, np.concatenate((late, samples)))
    repeats: tuple[float, ...] = ()
    if [p.name for p in heard] == [p.name for p in again]:
        moved = zip(heard, again, strict=True)
        repeats = tuple(1000.0 * (b.start_s - a.start_s) - SHIFT_MS for a, b in moved)
    table = symbol_table(voice.espeak_voice, voice.phoneme_type)
    sounds = [s for at, plan in speech.plans for s in planned_sounds(plan.spans, table, at)]
    poses = [p for n in speech.notices if isinstance(n, VisemeTrack) for p in n.poses]
    return Sentence(text, len(heard), tuple(timed(sounds, heard, poses, speech.rate_hz)), repeats)


def timed(
    sounds: Sequence[PlannedSound],
    heard: Sequence[HeardPhone],
    poses: Sequence[VisemePose],
    rate_hz: int,
) -> Iterator[TimedPhone]:
    """Yields the phones that are in both the plan and the recording."""
    pairs = paired([s.symbol for s in sounds], [p.name for p in heard])
    names = {i: heard[j].name for i, j in pairs}
    for i, j in pairs:
        phone, sound = heard[j], sounds[i]
        # A consonant may be prepared while the sound before it lasts, unless that has its shape.
        last = sounds[i - 1] if i else None
        first = 0 if last is None else last.end
        if last is not None and phone.name not in VOWELS:
            has_same = SHAPES.get(names.get(i - 1, "")) == SHAPES.get(phone.name)
            first = sound.start if has_same else last.onset + 1
        shown = arrival(poses, phone.name, first, sound.end)
        yield TimedPhone(
            phone,
            sound.start / rate_hz,
            sound.onset / rate_hz,
            None if shown is None else shown / rate_hz,
            phone.name in CLOSURES and is_closed(poses, phone, rate_hz),
        )


def arrival(poses: Sequence[VisemePose], phone: str, first: int, end: int) -> int | None:
    """Returns the first sample in [first, end) at which a pose shows a phone; None = none does."""
    shapes = {VISEMES.index(name) for name in SHAPES.get(phone, "").split()}
    for pose in poses:
        if first <= pose.sample < end and pose.weights:
            strongest = max(pose.weights, key=lambda item: item[1])[0]
            weight = sum(w for viseme, w in pose.weights if viseme in shapes)
            if strongest in shapes if phone in VOWELS else weight >= LEAST_WEIGHT:
                return pose.sample
    return None


def is_closed(poses: Sequence[VisemePose], phone: HeardPhone, rate_hz: int) -> bool:
    """Returns whether the lips are together at some time while a phone is heard.

    Between two poses the mouth moves in a straight line, so that its extremes are at poses and at
    the ends of the phone.
    """
    times = [pose.sample / rate_hz for pose in poses]
    closed = [dict(pose.weights).get(VISEMES.index("PP"), 0.0) for pose in poses]
    ends = np.interp([phone.start_s, phone.end_s], times, closed).tolist() if times else []
    inside = (w for t, w in zip(times, closed, strict=True) if phone.start_s <= t <= phone.end_s)
    return max((*ends, *inside), default=0.0) >= CLOSED_WEIGHT


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
    repeats = [abs(ms) for s in sentences for ms in s.repeats_ms]
    return [
        *_timings("visemes", "visemes", shown),
        *_timings("closures", "closures (m b p)", closed),
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
        Figure(
            name="aligner.repeat",
            title="the aligner against itself",
            unit="ms",
            better="lower",
            summary=summary(repeats) if repeats else None,
            note=f"|change| of a phone's start when the same audio comes {SHIFT_MS} ms later: "
            "the least error that any track would show",
        ),
    ]


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
        "repeats_ms": [round(ms, 1) for ms in sentence.repeats_ms],
        "phones": [
            {
                "phone": p.name,
                "is_word_start": p.heard.is_word_start,
                "heard_s": round(p.heard.start_s, 3),
                "heard_end_s": round(p.heard.end_s, 3),
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
        speech = speak(Config(tts=options), tts, text, "en")
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
        settings={"options": told(options), "sentences": len(sentences)},
        command=repeating("lipsync", voice=args.voice, limit=args.limit),
    )
