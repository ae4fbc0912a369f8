"""Voice to voice: from the end of the user's speech to the first sound of the answer.

    voice-avatar bench v2v --clips DIR                                   a server of our own
    voice-avatar bench v2v --clips DIR --pauses                          … false cut-offs too
    voice-avatar bench v2v --clips DIR --url ws://host:port [--dialect]  a running server

A black box at the other end of a socket: frames of 20 ms in real time, never ahead; the wait ends
when speech is heard in the played track, silence at its start included. Fillers and greetings are
no answers. What is heard, or committed, before the user has finished is a cut-off.

Without --url a server is started in a process of its own, and what is measured is a server that has
warmed itself up and has had one silent session. Its defaults are the conditions under which other
servers were measured (design.md, section 3): embedded models, 60 tokens, temperature 0, and a
persona whose prompt is the published system prompt, without greeting or gestures. By hand:

    printf 'name = "Ava"\\nprompt = "You are Ava, a friendly virtual guide. %s"\\n' \\
        'Answer in one or two short sentences.' > ava.toml
    voice-avatar serve --preset embedded --set server.persona=ava.toml \\
        --set session.max_reply_tokens=60 --set session.temperature=0.0
    voice-avatar bench v2v --clips "$VOICE_AVATAR_CLIPS_DIR" --url ws://127.0.0.1:8765

--set changes any of that: `--set server.persona=FILE` is another system prompt,
`--set session.max_reply_tokens=N` another length, `--set turn.patience=X` another endpoint policy.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from voice_avatar.bench.callers.call import CallOptions, hold_call
from voice_avatar.bench.callers.server_options import (
    add_server_arguments,
    measured_server,
    server_command,
    server_settings,
    sets_as_text,
    settings_shown,
)
from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.figures.results import Run
from voice_avatar.bench.figures.turns import TurnResult
from voice_avatar.bench.figures.v2v import DISTURBED_S, figures, item
from voice_avatar.bench.material.clips import read_clips
from voice_avatar.bench.material.pauses import with_pauses
from voice_avatar.bench.report.alone import repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.bench.targets.options import chosen, dial_options
from voice_avatar.bench.targets.registry import open_target
from voice_avatar.bench.targets.subjects import NotedTarget, subject_settings
from voice_avatar.bench.targets.target import Target
from voice_avatar.errors import ConfigError

PAUSES: Final = "0.5,1.0"
"""Lengths of a thinking pause within a turn, seconds: most are shorter than the longer one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `bench v2v`."""
    add_server_arguments(parser)
    parser.add_argument(
        "--clips",
        metavar="DIR",
        type=Path,
        default=os.environ.get("VOICE_AVATAR_CLIPS_DIR") or None,
        help="recordings (default: VOICE_AVATAR_CLIPS_DIR)",
    )
    parser.add_argument("--turns", type=int, default=0, help="of a session (default: all clips)")
    parser.add_argument("--sessions", type=int, default=1, help="at once (default 1)")
    parser.add_argument(
        "--pauses",
        metavar="S,S",
        type=_lengths_s,
        nargs="?",
        const=_lengths_s(PAUSES),
        default=(),
        help=f"say every clip with pauses put in, too ({PAUSES})",
    )
    parser.add_argument("--jitter-ms", type=float, default=0.0, help="mean delay of a frame")
    parser.add_argument("--loss", type=_share, default=0.0, help="share of frames lost (0..1)")
    parser.add_argument("--buffer-ms", type=float, default=0.0, help="of the loudspeaker")
    parser.add_argument("--timeout-s", type=float, default=10.0, help="for an answer to be heard")
    parser.add_argument("--seed", type=int, default=7, help="of jitter and loss")


def _lengths_s(text: str) -> tuple[float, ...]:
    try:
        lengths_s = tuple(float(part) for part in text.split(","))
    except ValueError:
        lengths_s = ()
    if not lengths_s or not all(0 < length_s <= 10 for length_s in lengths_s):
        raise argparse.ArgumentTypeError(f"seconds, such as {PAUSES}")
    return lengths_s


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError("a share from 0 to below 1")
    return share


def run(args: argparse.Namespace) -> Run:
    """Holds all sessions.

    Raises:
        ConfigError: an option cannot be used.
        ConnectionFailed: the server cannot be reached, or ended a session.
    """
    if args.clips is None:
        raise ConfigError("No recordings: set VOICE_AVATAR_CLIPS_DIR or give --clips.")
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> Run:
    settings = server_settings(args)
    clips = [
        said for clip in read_clips(args.clips) for said in (clip, *with_pauses(clip, args.pauses))
    ]
    options = CallOptions(
        timeout_s=args.timeout_s,
        jitter_s=args.jitter_ms / 1000,
        loss=args.loss,
        buffer_s=args.buffer_ms / 1000,
        seed=args.seed,
    )
    async with measured_server(args, settings) as url:
        target = NotedTarget(open_target(url, args.dialect, dial_options(args)))
        async with target.dial():
            pass  # what is only warm after a session is warm
        calls = await measure(
            target, clips, options, sessions=args.sessions, turns=args.turns or len(clips)
        )
    return results_of(
        "v2v",
        figures([turn for turns in calls for turn in turns]),
        [item(turn, session) for session, turns in enumerate(calls) for turn in turns],
        subject=subject_settings(target.subject, dialect=args.dialect, url=url),
        settings={
            "clips": [clip.name for clip in clips],
            "sessions": args.sessions,
            "turns": args.turns or len(clips),
            "pauses_s": list(args.pauses),
            "options": asdict(options),
            "dialect": args.dialect,
            **chosen(dial_options(args)),
            **settings_shown(args, settings),
        },
        command=_command(args),
    )


async def measure(
    target: Target, clips: Sequence[Clip], options: CallOptions, *, sessions: int, turns: int
) -> list[list[TurnResult]]:
    """Holds sessions at once and returns what came of the turns of each.

    Args:
        target: a server.
        clips: what is said; each session begins elsewhere, so that not all say the same at once.
        options: how; each session has a seed of its own.
        sessions: how many.
        turns: of each; clips are said again when there are fewer.

    Raises:
        ConnectionFailed: the server cannot be reached, or ended a session.
    """
    done = 0

    def told(result: TurnResult) -> None:
        nonlocal done
        done += 1
        print(f"v2v: {done} of {sessions * turns}: {_line(result)}", file=sys.stderr, flush=True)

    shifts = [number * len(clips) // sessions for number in range(sessions)]
    calls = [
        asyncio.ensure_future(
            hold_call(
                target,
                list(islice(cycle([*clips[shift:], *clips[:shift]]), turns)),
                replace(options, seed=options.seed + number),
                told,
            )
        )
        for number, shift in enumerate(shifts)
    ]
    try:
        return await asyncio.gather(*calls)
    finally:
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


def _line(result: TurnResult) -> str:
    """Returns a turn in a few words."""
    wait = "no answer" if result.v2v_s is None else f"{1000 * result.v2v_s:.0f} ms"
    faults = [
        "cut off" if result.is_cut_off else "",
        "ran dry" if result.underruns else "",
        "the bench was late" if result.mic_late_s > DISTURBED_S else "",
        *result.trouble,
    ]
    return ", ".join(part for part in (f"{result.clip.name} {wait}", *faults) if part)


def _command(args: argparse.Namespace) -> str:
    """Returns the command line that repeats the run; folders by their last name."""
    command = repeating(
        "v2v",
        clips=args.clips.name,
        sessions=args.sessions,
        turns=args.turns,
        pauses=",".join(f"{length_s:g}" for length_s in args.pauses),
        **server_command(args),
        **chosen(dial_options(args)),
    )
    for name, value, usual in (
        ("--jitter-ms", args.jitter_ms, 0.0),
        ("--loss", args.loss, 0.0),
        ("--buffer-ms", args.buffer_ms, 0.0),
        ("--timeout-s", args.timeout_s, 10.0),
        ("--seed", args.seed, 7),
    ):
        if value != usual:
            command += f" {name} {value:g}"
    return command + sets_as_text(args.set)
