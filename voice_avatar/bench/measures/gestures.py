"""Do hands and eyes act with the voice? Gestures and gaze of spoken sentences.

Sentences are spoken as `voice-avatar say` speaks them, one by one for the apexes of their gestures
(against the voice's own plan, and against a forced aligner), and in groups as long replies for the
number of gestures, their gaps and the gaze.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
import soxr

from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.mouth.viseme_tables import symbol_table
from voice_avatar.bench.figures.apexes import Apex, Reply, apexes, figures, reply_of
from voice_avatar.bench.figures.results import Run
from voice_avatar.bench.material.forced_aligner import ALIGNER_HZ, align
from voice_avatar.bench.material.sentences import read_sentences
from voice_avatar.bench.report.alone import chosen, repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.bench.targets.subjects import engines_subject
from voice_avatar.engines.piper_tts import PiperOptions
from voice_avatar.engines.registry import load_engine
from voice_avatar.errors import EngineUnavailable
from voice_avatar.events.cues import GazeCue, GestureCue
from voice_avatar.models.store import ModelStore
from voice_avatar.pipeline.spoken import Speech, speak
from voice_avatar.stages.tts import TtsCapabilities, TtsEngine, TtsOptions

LONG = 12
"""Sentences of a long reply."""


def struck(text: str, speech: Speech, voice: TtsCapabilities) -> list[Apex]:
    """Returns the apexes of a spoken sentence."""
    samples = soxr.resample(np.frombuffer(bytes(speech.pcm), "<i2"), speech.rate_hz, ALIGNER_HZ)
    table = symbol_table(voice.espeak_voice, voice.phoneme_type)
    gestures = [notice for notice in speech.notices if isinstance(notice, GestureCue)]
    return apexes(gestures, speech.plans, align(text, samples), table, speech.rate_hz)


def acted(speech: Speech) -> Reply:
    """Returns what a spoken reply does."""
    gestures = [notice for notice in speech.notices if isinstance(notice, GestureCue)]
    gazes = [notice for notice in speech.notices if isinstance(notice, GazeCue)]
    return reply_of(gestures, gazes, len(speech.pcm) // 2, speech.rate_hz)


def item(text: str, found: list[Apex]) -> dict[str, Any]:
    """Returns a sentence as JSON-ready data."""
    return {
        "text": text,
        "apexes": [
            {
                "lexeme": apex.lexeme,
                "source": apex.source,
                "stroke_s": round(apex.stroke_s, 4),
                "planned_s": round(apex.planned_s, 4),
                "heard_s": None if apex.heard_s is None else round(apex.heard_s, 3),
            }
            for apex in found
        ],
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this bench."""
    parser.add_argument("--voice", default=TtsOptions().voice, help="voice, spoken by Piper")
    parser.add_argument("--limit", type=int, default=0, help="only the first N sentences")
    parser.add_argument("--energy", type=float, default=0.6, help="of the persona, 0..1")


def run(args: argparse.Namespace) -> Run:
    """Runs the measurement.

    Raises:
        VoiceAvatarError: the voice or the aligner is missing, or failed.
    """
    options = TtsOptions(voice=args.voice)
    gestures = GestureOptions(energy=args.energy)
    store = ModelStore()
    tts: TtsEngine = load_engine("tts", options, store)
    if tts.capabilities.language != "en":
        raise EngineUnavailable("The aligner knows English only; the voice does not speak it.")
    texts = read_sentences(args.limit)
    found = []
    for number, text in enumerate(texts, 1):
        print(f"\rgestures: sentence {number} of {len(texts)}", end="", file=sys.stderr, flush=True)
        found.append(struck(text, speak(tts, text, "en", gestures=gestures), tts.capabilities))
    print(file=sys.stderr)
    groups = [" ".join(texts[at : at + LONG]) for at in range(0, len(texts), LONG)]
    replies = [acted(speak(tts, group, "en", gestures=gestures)) for group in groups]
    return results_of(
        "gestures",
        figures([apex for sentence in found for apex in sentence], replies),
        [item(text, sentence) for text, sentence in zip(texts, found, strict=True)],
        subject=engines_subject({"tts": options.voice}, store),
        settings={
            "options": chosen(options, PiperOptions()),
            "energy": args.energy,
            "sentences": len(texts),
        },
        command=repeating("gestures", voice=args.voice, limit=args.limit, energy=args.energy),
    )
