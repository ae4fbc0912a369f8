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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import numpy as np

from voice_avatar.audio import silence
from voice_avatar.bench.alone import repeating
from voice_avatar.bench.cuts import GRACE_S, Cut, cut_of
from voice_avatar.bench.interrupt_call import Noted, Trial, dropped_s, hold_trial
from voice_avatar.bench.machine import results_of
from voice_avatar.bench.noises import (
    Disturbance,
    made_disturbances,
    recorded_disturbances,
    spoken_disturbances,
)
from voice_avatar.bench.results import Figure, Run
from voice_avatar.bench.scrape import metrics_url
from voice_avatar.bench.server_options import (
    add_server_arguments,
    measured_server,
    server_command,
    server_settings,
    sets_told,
    settings_told,
)
from voice_avatar.bench.statistics import summary
from voice_avatar.bench.subjects import NotedTarget, subject_told
from voice_avatar.bench.target import Target, Trouble
from voice_avatar.bench.targets.options import dial_options, told
from voice_avatar.bench.targets.registry import open_target
from voice_avatar.bench.utterances import Utterance, read_utterances
from voice_avatar.events import MIC_HZ

ECHO_DB: Final = -20.0
"""What an echo canceller that has not settled leaves of the loudspeaker."""

ECHO_S: Final = 4.0
"""How long the echo of a reply is listened to, seconds."""

SPEECH: Final = "speech"

_TRIES: Final = 3
"""Trials held at most until one is not void."""


@dataclass(frozen=True, slots=True)
class Held:
    """A trial that was held, and what came of it.

    Attributes:
        trial: what was done.
        cut: what came of the reply.
        drop_s: onset until the generation was gone, seconds; None = none ran, or not told.
        work_drop_s: onset until no task worked on the reply, likewise.
        trouble: codes of warnings and errors.
    """

    trial: Trial
    cut: Cut
    drop_s: float | None
    work_drop_s: float | None
    trouble: tuple[str, ...]


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
        [_item(one) for one in held],
        subject=subject,
        settings={
            "dialect": args.dialect,
            **told(dial_options(args)),
            "turns": args.turns,
            "repeats": args.repeats,
            "echo_db": args.echo_db,
            "only": args.only,
            "open": args.open,
            "buffer_s": args.buffer_ms / 1000,
            "seed": args.seed,
            **settings_told(args, settings),
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
        **told(dial_options(args)),
    )
    return command + sets_told(args.set)


def _disturbances(args: argparse.Namespace) -> list[Disturbance]:
    found = made_disturbances(args.seed)
    if args.noises:
        found += recorded_disturbances(args.noises)
    if args.voice:
        from voice_avatar.engines.registry import load_engine
        from voice_avatar.models import ModelStore
        from voice_avatar.tts import TtsOptions

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
    return held, subject_told(target.subject, dialect=args.dialect, url=url)


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


def _item(one: Held) -> dict[str, Any]:
    return {
        "name": one.trial.name,
        "kind": one.trial.kind,
        "after_s": one.trial.after_s,
        "is_void": one.cut.is_void,
        **asdict(one.cut),
        "drop_s": one.drop_s,
        "work_drop_s": one.work_drop_s,
        "trouble": list(one.trouble),
    }


def _line(one: Held) -> str:
    cut = one.cut
    if cut.is_void:
        return f"{one.trial.kind} {one.trial.name}: void, nothing was playing"
    if not cut.is_cut:
        stood = " ".join(f"{pause_s:.3f}" for pause_s in cut.pauses_s)
        paused = f" after a pause of {stood} s" if stood else ""
        return f"{one.trial.kind} {one.trial.name}: talks on{paused}"
    return f"{one.trial.kind} {one.trial.name}: silent after {cut.last_played_s:.3f} s"


# -- what came out


def figures(held: Sequence[Held]) -> list[Figure]:
    """Returns what the trials show. Pure."""
    valid = [one for one in held if not one.cut.is_void]
    spoken = [one for one in valid if one.trial.kind == SPEECH]
    others = sorted((o for o in valid if o.trial.kind != SPEECH), key=lambda o: o.trial.kind)
    found = list(_times([one for one in spoken if one.cut.is_cut]))
    found.append(
        _number(
            "interrupt.stale_frames",
            "audio after the word of the interruption",
            "1",
            sum(one.cut.stale_frames for one in spoken),
            "pieces of audio of the cut reply, in all interruptions together",
        )
    )
    if spoken:
        found.append(
            _share("interrupt.missed", "interruptions not heeded", spoken, lambda c: not c.is_cut)
        )
    if others:
        found.append(_false("false_interruptions", "false interruptions", others))
    for kind, group in groupby(others, key=lambda one: one.trial.kind):
        found.append(
            _false(f"false_interruptions.{kind}", f"false interruptions, {kind}", list(group))
        )
    if others:
        found.append(
            _share(
                "false_answers",
                "sounds that were answered",
                others,
                lambda c: c.is_answered,
            )
        )
    found += _pauses(others)
    void = sum(one.cut.is_void for one in held)
    return [*found, _number("void", "void trials", "1", void, "no reply played at the onset")]


def _pauses(others: Sequence[Held]) -> Iterator[Figure]:
    """Yields what the sounds that are no interruption cost in pauses."""
    if not any(one.cut.paused_s is not None for one in others):
        return
    yield _share(
        "pauses", "other sounds that paused the reply", others, lambda c: c.paused_s is not None
    )
    stood_s = [pause_s for one in others for pause_s in one.cut.pauses_s]
    if stood_s:
        yield Figure(
            name="pauses.length",
            title="pause after which the reply went on",
            unit="s",
            better="lower",
            summary=summary(stood_s),
            note="from the word of the pause to the word of its end, other sounds than speech",
        )
    yield _number(
        "pauses.gap",
        "samples lost or repeated by pauses",
        "1",
        sum(one.cut.gap_samples for one in others if one.cut.pauses_s),
        "in all replies that went on together",
    )


def _times(cuts: Sequence[Held]) -> Iterator[Figure]:
    since = "from the first sample of speech spoken over the reply to "
    for name, title, values, note in (
        (
            "played",
            "last sample played",
            [o.cut.last_played_s for o in cuts],
            "; where the reply paused until it was interrupted, that was when it paused",
        ),
        (
            "sent",
            "last sample sent",
            [o.cut.last_sent_s for o in cuts],
            "; where all of the reply was there before, nothing is counted",
        ),
        ("paused", "word of the pause", [o.cut.paused_s for o in cuts], ""),
        ("told", "word of the interruption", [o.cut.told_s for o in cuts], ""),
        ("noticed", "word that a voice is heard", [o.cut.noticed_s for o in cuts], ""),
        (
            "engine_drop",
            "request to the language model gone",
            [o.drop_s for o in cuts],
            " by the server's figures, seen every 20 ms; only what ran when it was cut",
        ),
        (
            "work_drop",
            "all work on the reply ended",
            [o.work_drop_s for o in cuts],
            " by the server's figures, seen every 20 ms",
        ),
    ):
        known = [value for value in values if value is not None]
        if known:
            yield Figure(
                name=f"interrupt.{name}",
                title=f"onset -> {title}",
                unit="s",
                better="lower",
                summary=summary(known),
                note=f"{since}{title}{note}",
            )


def _false(name: str, title: str, held: Sequence[Held]) -> Figure:
    return _share(name, title, held, lambda cut: cut.is_cut)


def _share(
    name: str, title: str, held: Sequence[Held], is_counted: Callable[[Cut], bool]
) -> Figure:
    counted = sum(is_counted(one.cut) for one in held)
    return _number(name, title, "%", 100 * counted / len(held), f"{counted} of {len(held)}")


def _number(name: str, title: str, unit: Any, value: float, note: str) -> Figure:
    return Figure(name=name, title=title, unit=unit, better="lower", value=value, note=note)
