"""How quickly a server falls silent when the user speaks, and what it wrongly falls silent for.

    voice-avatar bench interrupt --clips DIR [--noises DIR] [--voice]        a server of our own
    voice-avatar bench interrupt --clips DIR --url ws://… [--dialect NAME]   a running server

Each trial is a session of its own: a question, then, while the reply plays, either the speech of
another recording, which must cut the reply, or a sound that must not: made coughs and hums, spoken
"mhm" and "yeah" (`--voice`: by the Piper voice of the embedded preset), the noises of a folder, and
the reply itself, heard by the microphone 20 dB softer. Trials whose reply was over by itself are
void and are repeated with another question.

    voice-avatar bench interrupt --clips DIR --only echo --repeats 50      does it interrupt itself
    voice-avatar bench interrupt --clips DIR --only speech --open    is one heard through its voice
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import numpy as np

from voice_avatar.audio.pcm import silence
from voice_avatar.bench.callers.interrupt_call import Noted, dropped_s, hold_trial
from voice_avatar.bench.callers.scrape import metrics_url
from voice_avatar.bench.callers.server_options import (
    add_server_arguments,
    measured_server,
    server_command,
    server_settings,
    sets_as_text,
    settings_shown,
)
from voice_avatar.bench.figures.cuts import GRACE_S, Cut, cut_of
from voice_avatar.bench.figures.interrupt import SPEECH, Held, Trial, figures, item
from voice_avatar.bench.figures.line_events import Trouble
from voice_avatar.bench.figures.results import Run
from voice_avatar.bench.material.noises import (
    Disturbance,
    made_disturbances,
    recorded_disturbances,
    spoken_disturbances,
)
from voice_avatar.bench.material.utterances import Utterance, read_utterances
from voice_avatar.bench.report.alone import repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.bench.targets.options import chosen, dial_options
from voice_avatar.bench.targets.registry import open_target
from voice_avatar.bench.targets.subjects import NotedTarget, subject_settings
from voice_avatar.bench.targets.target import Target
from voice_avatar.events.payloads import MIC_HZ

ECHO_DB: Final = -20.0
"""What an echo canceller that has not settled leaves of the loudspeaker."""

ECHO_S: Final = 4.0
"""How long the echo of a reply is listened to, seconds."""

_TRIES: Final = 3
"""Trials held at most until one is not void."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `bench interrupt`."""
    add_server_arguments(parser)
    parser.add_argument(
        "--clips", metavar="DIR", type=Path, required=True, help="questions and interruptions"
    )
    parser.add_argument(
        "--noises", metavar="DIR", type=Path, help="recorded noises (manifest.json)"
    )
    parser.add_argument("--voice", action="store_true", help='add spoken "mhm", "yeah", …')
    parser.add_argument("--turns", type=int, default=16, help="interruptions (default 16)")
    parser.add_argument(
        "--repeats", type=int, default=2, help="trials with each other sound (default 2)"
    )
    parser.add_argument("--limit", type=int, default=0, help="hold the first trials only")
    parser.add_argument("--only", metavar="KIND", default="", help="speech, cough, mhm, echo, …")
    parser.add_argument(
        "--open", action="store_true", help="the echo is in the microphone in every trial"
    )
    parser.add_argument("--echo-db", type=float, default=ECHO_DB, help="level of the echo")
    parser.add_argument("--buffer-ms", type=float, default=40.0, help="of the loudspeaker")
    parser.add_argument("--timeout-s", type=float, default=15.0, help="for a reply to begin")
    parser.add_argument("--metrics", default=None, help="URL of the server's figures; '' = none")
    parser.add_argument("--seed", type=int, default=7)


def run(args: argparse.Namespace) -> Run:
    """Holds all trials.

    Raises:
        ConfigError: an option cannot be used.
        ConnectionFailed: the server cannot be reached.
        EngineUnavailable, ModelError: there is no voice for `--voice`.
    """
    clips = read_utterances(args.clips)
    trials = plan(
        clips,
        _disturbances(args),
        interruptions=args.turns,
        repeats=args.repeats,
        echo_db=args.echo_db,
        is_open=args.open,
        seed=args.seed,
    )
    trials = [trial for trial in trials if args.only in ("", trial.kind)][: args.limit or None]
    settings = server_settings(args)
    held, subject = asyncio.run(_measure(trials, clips, args, settings))
    return results_of(
        "interrupt",
        figures(held),
        [item(one) for one in held],
        subject=subject,
        settings={
            "dialect": args.dialect,
            **chosen(dial_options(args)),
            "turns": args.turns,
            "repeats": args.repeats,
            "echo_db": args.echo_db,
            "only": args.only,
            "open": args.open,
            "buffer_s": args.buffer_ms / 1000,
            "seed": args.seed,
            **settings_shown(args, settings),
        },
        command=_command(args),
    )


def _command(args: argparse.Namespace) -> str:
    """Returns the command line that repeats the run; folders by their last name."""
    command = repeating(
        "interrupt",
        **server_command(args),
        clips=args.clips.name,
        noises=args.noises.name if args.noises else None,
        voice=args.voice,
        turns=args.turns,
        repeats=args.repeats,
        limit=args.limit,
        only=args.only,
        open=args.open,
        echo_db=args.echo_db if args.echo_db != ECHO_DB else None,
        seed=args.seed,
        **chosen(dial_options(args)),
    )
    return command + sets_as_text(args.set)


def _disturbances(args: argparse.Namespace) -> list[Disturbance]:
    found = made_disturbances(args.seed)
    if args.noises:
        found += recorded_disturbances(args.noises)
    if args.voice:
        from voice_avatar.engines.registry import load_engine
        from voice_avatar.models.store import ModelStore
        from voice_avatar.stages.tts import TtsOptions

        found += spoken_disturbances(load_engine("tts", TtsOptions(), ModelStore()))
    return found


def plan(
    clips: Sequence[Utterance],
    disturbances: Sequence[Disturbance],
    *,
    interruptions: int,
    repeats: int,
    echo_db: float,
    is_open: bool = False,
    seed: int,
) -> list[Trial]:
    """Returns the trials: interruptions first, then each sound that is none. Pure.

    The speech over a reply is never the question that it answers, and the onset is 0.4 to 1.6 s
    after the reply began: at every stage of its making.
    """
    rng = np.random.default_rng(seed)
    trials = []
    for number in range(interruptions):
        question = clips[number % len(clips)]
        other = clips[(number + 1 + number // len(clips)) % len(clips)]
        trials.append(
            Trial(
                other.name,
                SPEECH,
                question.pcm,
                other.pcm,
                other.start,
                float(rng.uniform(0.4, 1.6)),
                echo_db if is_open else None,
            )
        )
    echo = Disturbance("echo", "echo", silence(int(ECHO_S * MIC_HZ)))
    for repeat in range(repeats):
        for number, noise in enumerate((*disturbances, echo)):
            is_echo = noise is echo
            trials.append(
                Trial(
                    noise.name,
                    noise.kind,
                    clips[(repeat + number) % len(clips)].pcm,
                    noise.pcm,
                    0,
                    0.0 if is_echo else float(rng.uniform(0.2, 0.8)),
                    echo_db if is_echo or is_open else None,
                )
            )
    return trials


# -- holding them


async def _measure(
    trials: Sequence[Trial],
    clips: Sequence[Utterance],
    args: argparse.Namespace,
    settings: Mapping[str, str],
) -> tuple[list[Held], dict[str, Any]]:
    """Holds all trials and returns what came of them, and of whom."""
    async with measured_server(args, settings) as url:
        dial = dial_options(args)
        target = NotedTarget(open_target(url, args.dialect, dial))
        echoing: Target = target
        if args.dialect == "avatar":  # it can be told of the echo
            echoing = open_target(url, args.dialect, replace(dial, open_microphone=True))
        metrics = args.metrics
        if metrics is None:
            metrics = metrics_url(url) if args.dialect == "avatar" else ""
        held = await _hold_all(target, echoing, trials, clips, args, metrics)
    return held, subject_settings(target.subject, dialect=args.dialect, url=url)


async def _hold_all(
    target: Target,
    echoing: Target,
    trials: Sequence[Trial],
    clips: Sequence[Utterance],
    args: argparse.Namespace,
    metrics: str,
) -> list[Held]:
    held: list[Held] = []
    buffer_s = args.buffer_ms / 1000
    for number, trial in enumerate(trials):
        for attempt in range(_TRIES):
            question = trial.question if not attempt else clips[(number + attempt) % len(clips)].pcm
            tried = Trial(
                trial.name,
                trial.kind,
                question,
                trial.sound,
                trial.sound_start,
                trial.after_s / (1 + attempt),
                trial.echo_db,
            )
            noted = await hold_trial(
                target if tried.echo_db is None else echoing,
                tried,
                metrics=metrics,
                buffer_s=buffer_s,
                timeout_s=args.timeout_s,
            )
            one = judged(tried, noted, buffer_s=buffer_s)
            held.append(one)
            print(f"{number + 1}/{len(trials)} {_line(one)}", file=sys.stderr, flush=True)
            if not one.cut.is_void:
                break
    return held


def judged(trial: Trial, noted: Noted, *, buffer_s: float) -> Held:
    """Returns what came of a trial. Pure."""
    trouble = tuple(event.code for event in noted.events if isinstance(event, Trouble))
    if noted.onset_s is None:
        return Held(trial, Cut(), None, None, trouble)
    sound_s = len(trial.sound) / 2 / MIC_HZ - trial.sound_start / MIC_HZ
    until_s = noted.onset_s + sound_s + GRACE_S
    cut = cut_of(noted.events, noted.onset_s, until_s, buffer_s=buffer_s)
    if cut.told_s is None:
        return Held(trial, cut, None, None, trouble)
    drops = [
        dropped_s(
            [(at_s, running(reading)) for at_s, reading in noted.looks],
            noted.onset_s,
            noted.onset_s + cut.told_s,
        )
        for running in (
            attrgetter("running_requests"),
            attrgetter("running_replies"),
        )
    ]
    return Held(trial, cut, drops[0], drops[1], trouble)


def _line(one: Held) -> str:
    cut = one.cut
    if cut.is_void:
        return f"{one.trial.kind} {one.trial.name}: void, nothing was playing"
    if not cut.is_cut:
        stood = " ".join(f"{pause_s:.3f}" for pause_s in cut.pauses_s)
        paused = f" after a pause of {stood} s" if stood else ""
        return f"{one.trial.kind} {one.trial.name}: talks on{paused}"
    return f"{one.trial.kind} {one.trial.name}: silent after {cut.last_played_s:.3f} s"
