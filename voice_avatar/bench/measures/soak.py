"""Random lives for a long time: does memory grow, is anything left over, late or wrong?

    voice-avatar bench soak --minutes 120 --sessions 20       a scripted server of our own
    voice-avatar bench soak --minutes 30 --sessions 2 --serve embedded --clips DIR
    voice-avatar bench soak --url ws://… --pid N              a running server

So many users at a time talk, type, interrupt, lose the connection and come back, vanish, read too
slowly, storm the door, push to talk and change settings, each life by chance from the seed. What
the server promises of the order of its messages is held against every session. Growth of memory is
the slope by least squares after the first 10 minutes (of a short run: its first third). After all
have left, sessions, replies, requests and open files must be those of the beginning.

The exit status is 1 if a promise was broken, an end is not told in `wire/codes.py`, the server
logged an error, or something was left over.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

import voice_avatar
from voice_avatar.bench.callers.fuzz_line import is_documented
from voice_avatar.bench.callers.neighbour import Lateness
from voice_avatar.bench.callers.scrape import quantile
from voice_avatar.bench.callers.soak_lives import Spec, soak_all
from voice_avatar.bench.callers.soak_user import Lived
from voice_avatar.bench.callers.victim import SETTLE_S, add_server_arguments, victim, with_neighbour
from voice_avatar.bench.callers.watch import look, settled
from voice_avatar.bench.figures.endurance import (
    Look,
    counted,
    different,
    has_failed,
    leftover_figures,
    memory_figures,
    slope_mb_per_h,
    troubles,
    waited,
)
from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.material.utterances import noise_utterances, read_utterances
from voice_avatar.bench.report.alone import repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.wire.codes import CLOSE_CODES

FAULTS: Final = ("broken", "closes.undocumented", "log.troubles", "leftover")
"""Figures that should be 0."""

_LOOK_S: Final = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `bench soak`."""
    add_server_arguments(parser)
    parser.add_argument("--minutes", type=float, default=30.0, help="for so long (default 30)")
    parser.add_argument("--sessions", type=int, default=20, help="lives at a time (default 20)")
    parser.add_argument("--clips", metavar="DIR", type=Path, help="what is said (default: noise)")
    parser.add_argument("--seed", type=int, default=1)


def has_faults(run: Run) -> bool:
    """Returns whether the server did something that it should not."""
    return has_failed(run.figures, FAULTS)


def run(args: argparse.Namespace) -> Run:
    """Lets the users live.

    Raises:
        ConfigError: an option cannot be used.
        ConnectionFailed: there is no server.
    """
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> Run:
    said = read_utterances(args.clips) if args.clips else noise_utterances()
    async with victim(args) as server:
        before = await look(server.url, server.pid)
        looks: list[Look | None] = [before]
        print(f"{args.sessions} lives at a time …", file=sys.stderr, flush=True)
        spec = Spec(server.url, args.token, args.seed, args.sessions, 60 * args.minutes, said)
        async with with_neighbour(server, args.token, _LOOK_S, looks) as neighbour:
            # Spawned, not forked: a fork would inherit the loop and the threads of this process.
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                lived = await asyncio.get_running_loop().run_in_executor(pool, soak_all, spec)
        after = await settled(server.url, server.pid, SETTLE_S, before)
        log = troubles(server.log())
    seen = [each for each in looks if each is not None]
    return results_of(
        "soak",
        figures(lived, neighbour.lateness, seen, before, after, log),
        [
            *different(log),
            *({"broken": why} for why in lived.words),
            *lived.silences,
            *_memory(seen),
        ],
        subject={"name": "voice-avatar", "version": voice_avatar.__version__}
        | {"engines": "" if args.serve or args.url else "scripted"},
        settings={
            "minutes": args.minutes,
            "sessions": args.sessions,
            "seed": args.seed,
            "preset": args.serve or "",
            "server": list(args.set),
            "lives": dict(lived.lives),
            "ends": dict(lived.ends),
            "told": dict(lived.told),
            "neighbour_codes": dict(Counter(neighbour.lateness.codes)),
        },
        command=repeating(
            "soak",
            url=args.url,
            serve=args.serve,
            minutes=f"{args.minutes:g}",
            sessions=args.sessions,
            clips=args.clips.name if args.clips else None,
            seed=args.seed,
        ),
    )


def _memory(seen: list[Look]) -> list[dict[str, object]]:
    """Returns about a hundred points of the curve of memory."""
    step = max(1, len(seen) // 100)
    return [
        {
            "at_s": round(each.at_s - seen[0].at_s, 1),
            "rss_mb": each.rss_mb,
            "sessions": each.sessions,
            "files": each.files,
            "threads": each.threads,
        }
        for each in seen[::step]
    ]


def figures(
    lived: Lived,
    beside: Lateness,
    seen: list[Look],
    before: Look | None,
    after: Look | None,
    log: list[str],
) -> list[Figure]:
    """Returns what came of it."""
    wrong = {
        end: count
        for end, count in lived.ends.items()
        if end.isdigit() and not is_documented(end, CLOSE_CODES)
    }
    slope = slope_mb_per_h(seen)
    found = [
        Figure(
            name="lives",
            title="lives",
            unit="1",
            value=sum(lived.lives.values()),
            note=", ".join(f"{name}: {count}" for name, count in lived.lives.most_common()),
        ),
        Figure(name="turns", title="turns", unit="1", value=lived.turns),
        Figure(name="replies", title="replies", unit="1", value=lived.replies),
        counted("broken", "promises broken", lived.broken, "; ".join(lived.words[:3])),
        counted("closes.undocumented", "undocumented ends", sum(wrong.values()), ", ".join(wrong)),
        counted("log.troubles", "errors in the log", len(log), log[0] if log else ""),
        *leftover_figures(after, before),
        counted("unanswered", "turns unanswered", lived.unanswered, f"of {lived.turns}"),
        counted(
            "dropped",
            "turns told to be dropped",
            sum(lived.dropped.values()),
            ", ".join(f"{why} {n}" for why, n in sorted(lived.dropped.items())),
        ),
        counted(
            "not_resumed", "cuts not resumed", lived.resumes - lived.resumed, f"of {lived.resumes}"
        ),
        counted("failures", "connections that failed", lived.failures),
        *waited("first_audio", "first audio", lived.first_audio),
        *waited("neighbour.ping", "neighbour's pings", beside.pings),
        *waited("neighbour.first_audio", "neighbour's first audio", beside.first_audio),
        *waited("neighbour.own", "neighbour's own lateness", beside.own[-100_000:]),
        counted("neighbour.underruns", "neighbour's underruns", beside.underruns),
        counted("neighbour.unanswered", "neighbour's turns unanswered", beside.unanswered),
        *memory_figures([*seen, *([after] if after is not None else [])]),
    ]
    if slope is not None:
        found.append(counted("rss.slope", "growth of memory", slope, unit="MB/h"))
    if len(seen) > 1:
        for name, title in (("lateness", "event loop"), ("pacing", "pacing")):
            late_s = quantile(getattr(seen[0], name), getattr(seen[-1], name), 0.99)
            if late_s is not None:
                found.append(counted(f"{name}.p99", f"{title}, late p99", 1000 * late_s, unit="ms"))
    return found
