"""What a server makes of clients that break every rule, and what their neighbour notices.

    voice-avatar bench fuzz --minutes 10                  a scripted server of our own (make fuzz)
    voice-avatar bench fuzz --url ws://… --pid N          a running one

For so many minutes, so many connections at a time do all that a client should not: messages of
every type from the schema, each wrong in a way of its own, and valid ones in any order; WebSocket
frames and handshakes that break RFC 6455; binary frames; plain HTTP; `/v1/realtime` and `/v1/pcm`.
Meanwhile one innocent session types, listens, and pings once a second. The same seed sends the same
bytes; `lives` in the result tells which lives ended as they should not, and `--life N` lives one of
them again.

The exit status is 1 if a connection ended in a way that `wire/codes.py` does not tell, the server
logged an error or a stack trace, or sessions, replies, requests or files were left over.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final
from urllib.parse import urlsplit

import voice_avatar
from voice_avatar.bench.callers.fuzz_crowd import Spec, Tried, fuzz_all
from voice_avatar.bench.callers.fuzz_line import FuzzLine, is_documented
from voice_avatar.bench.callers.fuzz_lives import life
from voice_avatar.bench.callers.neighbour import Lateness
from voice_avatar.bench.callers.victim import (
    SETTLE_S,
    Victim,
    add_server_arguments,
    victim,
    with_neighbour,
)
from voice_avatar.bench.callers.watch import look, settled
from voice_avatar.bench.figures.endurance import (
    Look,
    counted,
    different,
    has_failed,
    leftover_figures,
    memory_figures,
    troubles,
    waited,
)
from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.report.alone import repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.wire.codes import CLOSE_CODES

FAULTS: Final = ("closes.undocumented", "log.troubles", "leftover")
"""Figures that should be 0."""

_ALONE_S: Final = 3.0
"""Time that the neighbour has for itself at first, seconds."""

_LOOK_S: Final = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `bench fuzz`."""
    add_server_arguments(parser)
    parser.add_argument("--minutes", type=float, default=10.0, help="for so long (default 10)")
    parser.add_argument("--connections", type=int, default=16, help="at a time (default 16)")
    parser.add_argument("--processes", type=int, default=1, help="of fuzzers (default 1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--life", type=int, help="only this life of the seed")


def has_faults(run: Run) -> bool:
    """Returns whether the server did something that it should not."""
    return has_failed(run.figures, FAULTS)


def run(args: argparse.Namespace) -> Run:
    """Lets the fuzzers loose.

    Raises:
        ConfigError: an option cannot be used.
        ConnectionFailed: there is no server.
    """
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> Run:
    async with victim(args) as server:
        looks: list[Look | None] = [await look(server.url, server.pid)]
        async with with_neighbour(server, args.token, _LOOK_S, looks) as neighbour:
            await asyncio.sleep(min(_ALONE_S, 60 * args.minutes))
            tried = await (_once(server, args) if args.life is not None else _all(server, args))
        after = await settled(server.url, server.pid, SETTLE_S, looks[0])
        log = troubles(server.log())
    return results_of(
        "fuzz",
        figures(tried, neighbour.lateness, [*looks, after], log),
        different(log),
        subject={"name": "voice-avatar", "version": voice_avatar.__version__}
        | {"engines": "" if args.serve or args.url else "scripted"},
        settings=_told(args, tried, neighbour.lateness),
        command=repeating(
            "fuzz",
            url=args.url,
            serve=args.serve,
            minutes=f"{args.minutes:g}",
            connections=args.connections,
            processes=args.processes,
            seed=args.seed,
            life=args.life,
        ),
    )


async def _all(server: Victim, args: argparse.Namespace) -> Tried:
    each = -(-args.connections // args.processes)
    specs = [
        Spec(server.url, args.seed, each, 60 * args.minutes, share, args.processes)
        for share in range(args.processes)
    ]
    print(f"fuzzing for {args.minutes:g} minutes …", file=sys.stderr, flush=True)
    loop = asyncio.get_running_loop()
    whole = Tried()
    # Spawned, not forked: a fork would inherit the loop and the threads of this process.
    with ProcessPoolExecutor(len(specs), multiprocessing.get_context("spawn")) as pool:
        for part in await asyncio.gather(*(loop.run_in_executor(pool, fuzz_all, s) for s in specs)):
            whole.add(part)
    return whole


async def _once(server: Victim, args: argparse.Namespace) -> Tried:
    parts = urlsplit(server.url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    one, line = life(args.seed, args.life, f"{host}:{port}"), FuzzLine(host, port)
    await line.run(one)
    print(f"life {args.life}: {one.kind}, {line.outcome}, {dict(one.ways)}", file=sys.stderr)
    kind = str(one.kind)
    ends, kinds = Counter({(kind, line.outcome): 1}), Counter({kind: one.messages})
    return Tried(one.messages, 1, line.unread, line.slowest_s, kinds, one.ways, one.types, ends)


def _told(args: argparse.Namespace, tried: Tried, beside: Lateness) -> dict[str, Any]:
    return {
        "minutes": args.minutes,
        "connections": args.connections,
        "seed": args.seed,
        "server": list(args.set),
        "messages_by_kind": dict(tried.kinds.most_common()),
        "messages_by_way": dict(tried.ways.most_common()),
        "messages_by_type": dict(tried.types.most_common()),
        "ends": {f"{kind}: {end}": count for (kind, end), count in tried.ends.most_common()},
        "lives": {
            end: numbers[:10]
            for end, numbers in tried.lives.items()
            if not is_documented(end, CLOSE_CODES)
        },
        "neighbour_codes": dict(Counter(beside.codes)),
    }


def figures(
    tried: Tried, beside: Lateness, looks: list[Look | None], log: list[str]
) -> list[Figure]:
    """Returns what came of it; the last look is the one after all have gone."""
    ends: Counter[str] = Counter()
    for (_, end), count in tried.ends.items():
        ends[end] += count
    wrong = {end: count for end, count in ends.items() if not is_documented(end, CLOSE_CODES)}
    seen = [each for each in looks if each is not None]
    first, last = looks[0], looks[-1]
    return [
        Figure(name="messages", title="messages tried", unit="1", value=tried.messages),
        Figure(
            name="connections",
            title="connections",
            unit="1",
            value=tried.connections,
            note=", ".join(f"{end}: {count}" for end, count in ends.most_common()),
        ),
        counted(
            "closes.undocumented",
            "undocumented ends",
            sum(wrong.values()),
            ", ".join(f"{end}: {count}" for end, count in wrong.items()),
        ),
        counted("log.troubles", "errors in the log", len(log), log[0] if log else ""),
        *leftover_figures(last, first),
        counted("unread", "batches without an answer", tried.unread),
        counted("slowest", "longest answer to a batch", 1000 * tried.slowest_s, unit="ms"),
        *neighbour_figures(beside),
        *memory_figures(seen),
    ]


def neighbour_figures(beside: Lateness) -> list[Figure]:
    """Returns what an innocent session noticed."""
    return [
        *waited("neighbour.ping", "neighbour's pings", beside.pings),
        *waited("neighbour.first_audio", "neighbour's first audio", beside.first_audio),
        *waited(
            "neighbour.own",
            "neighbour's own lateness",
            beside.own[-100_000:],
            "of the process that measures: not the server's",
        ),
        counted(
            "neighbour.unanswered",
            "neighbour's turns unanswered",
            beside.unanswered,
            f"of {beside.turns}",
        ),
        counted("neighbour.underruns", "neighbour's underruns", beside.underruns),
        counted("neighbour.cuts", "neighbour's connections cut", beside.cuts),
    ]
