"""Attacks on a server, one after the other, and what an innocent neighbour notices of each.

    voice-avatar bench attacks                           a scripted server of our own
    voice-avatar bench attacks --url ws://… --pid N --token T     a running one, of any version
    voice-avatar bench attacks --rows 1 --set llm.engine=llamacpp

The attackers speak nothing but the protocol, from an address of their own (127.0.0.2), in a process
of their own. The neighbour pings ten times a second, types and listens. The first look is without
an attack: what is told of the others is against it. Rows: 1 hostile schemas (with the real language
model only), 3 floods by one client with a token, 4 what each costs against an honest talker, 5
sockets without a token, 6 a crowd of sockets, 7 guessed tokens.

A server of our own has a token, and the limits that every server has by default but for the number
of sessions: attackers with a token hold some for a while after they were cut off.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
from typing import Final

import voice_avatar
from voice_avatar.bench.attacks.attack import Attack
from voice_avatar.bench.attacks.schemas import guard_all
from voice_avatar.bench.attacks.trial import ALONE, ATTACKS, Trial, trial
from voice_avatar.bench.callers.own_server import SCRIPTED, watched_server
from voice_avatar.bench.callers.victim import Victim, with_path
from voice_avatar.bench.figures.endurance import counted, different, troubles, waited
from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.report.alone import repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.errors import ConfigError

ROWS: Final = (1, 3, 4, 5, 6, 7)
_DEFAULT_ROWS: Final = "3,4,5,6,7"
_SCHEMAS: Final = 10_000
"""Schemas that are guarded beside those that the engine sees."""

_LIMITS: Final = {
    "server.max_sessions": "64",
    "server.resume_ttl_s": "5",
    "server.drain_s": "0",
    "server.per_address": "32",
    "server.hello_pool": "64",
    "server.log_level": "warning",
}
"""Of a server of our own; `per_address` and `hello_pool` are the defaults."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `bench attacks`."""
    parser.add_argument("--url", help="a running server (default: one of our own, scripted)")
    parser.add_argument("--pid", type=int, default=0, help="process of the server at --url")
    parser.add_argument("--token", default="", help="that the server at --url accepts")
    parser.add_argument(
        "--rows", default=_DEFAULT_ROWS, help=f"which, by number (default {_DEFAULT_ROWS})"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="of each attack (default 10)")
    parser.add_argument("--only", help="only the attack of this name")
    parser.add_argument(
        "--set",
        metavar="STAGE.KEY=VALUE",
        action="append",
        default=[],
        help="option of the server that is started; may be repeated",
    )


def run(args: argparse.Namespace) -> Run:
    """Attacks.

    Raises:
        ConfigError: an option cannot be used.
        ConnectionFailed: there is no server.
    """
    chosen = attacks_of(args.rows, args.only)
    if args.url and args.set:
        raise ConfigError("--set is for a server that this starts, --url for one that runs.")
    return asyncio.run(_run(args, chosen))


def attacks_of(rows: str, only: str | None = None) -> list[Attack]:
    """Returns the attacks that were asked for, the look without one first.

    Raises:
        ConfigError: there is no such row or attack.
    """
    if only is not None:
        if only not in ATTACKS:
            raise ConfigError(f"There is no attack {only!r}, but {', '.join(ATTACKS)}.")
        return [ALONE, ATTACKS[only]] if only != ALONE.name else [ALONE]
    try:
        numbers = {int(row) for row in rows.split(",")}
    except ValueError:
        numbers = set()
    if not numbers or not numbers <= set(ROWS):
        raise ConfigError(f"--rows wants some of {', '.join(map(str, ROWS))}, not {rows!r}.")
    # What a flood costs is told of all of them, against an honest talker.
    numbers |= {3, 4} if numbers & {3, 4} else set()
    return [each for each in ATTACKS.values() if each is ALONE or each.row in numbers]


async def _run(args: argparse.Namespace, chosen: list[Attack]) -> Run:
    trials: list[Trial] = []
    if args.url:
        server = Victim(with_path(args.url), args.pid, str)
        await _try_all(server, args.token, args.seconds, chosen, trials)
        log: list[str] = []
    else:
        token = secrets.token_urlsafe(32)
        print("starting the server …", file=sys.stderr, flush=True)
        environment = {"VOICE_AVATAR_SERVER_TOKENS": token}
        async with watched_server(_settings(args), environment=environment) as own:
            server = Victim(with_path(own.url), own.pid, own.log)
            await _try_all(server, token, args.seconds, chosen, trials)
            log = [line for line in troubles(own.log()) if "wrong token" not in line]
    found = figures(trials)
    if not args.url and any(each.row == 1 for each in chosen):
        count, slowest_s = guard_all(_SCHEMAS)
        found += [
            Figure(name="schemas.guarded", title="schemas guarded", unit="1", value=count),
            counted("schemas.slowest", "longest to guard one", 1000 * slowest_s, unit="ms"),
        ]
    return results_of(
        "attacks",
        [*found, counted("log.troubles", "errors in the log", len(log), log[0] if log else "")],
        [*(_told(each) for each in trials), *different(log)],
        subject={"name": "voice-avatar", "version": "" if args.url else voice_avatar.__version__},
        settings={
            "rows": args.rows,
            "seconds": args.seconds,
            "server": list(args.set),
            "load": [round(load, 1) for load in os.getloadavg()],
        },
        command=repeating(
            "attacks",
            url=args.url,
            rows=args.rows,
            seconds=f"{args.seconds:g}",
            only=args.only,
            set=" --set ".join(args.set),
        ),
    )


def _settings(args: argparse.Namespace) -> dict[str, str]:
    found = dict(SCRIPTED) | _LIMITS
    for setting in args.set:
        key, equals, value = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set wants STAGE.KEY=VALUE, not {setting!r}.")
        found[key.strip()] = value.strip()
    return found


async def _try_all(
    server: Victim, token: str, seconds: float, chosen: list[Attack], trials: list[Trial]
) -> None:
    for each in chosen:
        print(f"{each.title} …", file=sys.stderr, flush=True)
        trials.append(await trial(each, server.url, server.pid, token, seconds))


def _told(came: Trial) -> dict[str, object]:
    return {
        "attack": came.name,
        "seconds": round(came.seconds, 1),
        "ends": dict(came.seen.ends.most_common()),
        "counts": dict(came.seen.counts),
        "sent_mb": round(came.seen.sent / 1e6, 2),
        "cpu_share": came.cpu_share,
        "neighbour_codes": came.beside.codes[:20],
        "not_ready": came.not_ready[:20],
        "is_dead": came.is_dead,
    }


def figures(trials: list[Trial]) -> list[Figure]:
    """Returns what came of all attacks; the first trial is without one."""
    alone = trials[0]
    found = [figure for each in trials for figure in _figures(each, alone)]
    costs = {
        each.name: each.cpu_share - alone.cpu_share
        for each in trials
        if each.cpu_share is not None and alone.cpu_share is not None
    }
    if (honest := costs.get("honest", 0.0)) > 0:
        floods = {name: cost for name, cost in costs.items() if ATTACKS[name].row == 3}
        found += [
            counted(f"{name}.against_honest", f"{name}: against an honest talker", cost / honest)
            for name, cost in floods.items()
        ]
    return found


def _figures(came: Trial, alone: Trial) -> list[Figure]:
    name = came.name
    if came.is_dead:
        return [counted(f"{name}.dead", f"{name}: the server did not answer before", 1)]
    beside, title = came.beside, name
    ends = ", ".join(f"{end}: {count}" for end, count in came.seen.ends.most_common(6))
    found = [
        *waited(f"{name}.ping", f"{title}: neighbour's pings", beside.pings, ends),
        *waited(f"{name}.first_audio", f"{title}: neighbour's first audio", beside.first_audio),
        *waited(f"{name}.own", f"{title}: neighbour's own lateness", beside.own),
        counted(
            f"{name}.unanswered",
            f"{title}: neighbour's turns unanswered",
            beside.unanswered,
            f"of {beside.turns}",
        ),
        counted(f"{name}.cuts", f"{title}: neighbour cut off", beside.cuts),
    ]
    if came.cpu_share is not None:
        cost = 100 * (came.cpu_share - (alone.cpu_share or 0.0)) if came is not alone else None
        share = 100 * came.cpu_share if cost is None else cost
        what = "processor" if cost is None else "more processor than alone"
        found.append(counted(f"{name}.cpu", f"{title}: {what}, of a core", share, unit="%"))
    if came.growth_mb is not None:
        found.append(counted(f"{name}.rss", f"{title}: memory grew", came.growth_mb, unit="MB"))
    row = ATTACKS[name].row
    if row == 5:
        found += waited(f"{name}.closed", f"{title}: sockets were open", came.seen.closed_s)
    if row == 6:
        tried = len(came.ready_s) + len(came.not_ready)
        found += waited(f"{name}.ready", f"{title}: valid users get in", came.ready_s)
        found.append(
            counted(
                f"{name}.not_ready",
                f"{title}: valid users who did not",
                len(came.not_ready),
                f"of {tried}",
            )
        )
    if row == 7:
        found += _guessed(came)
    for what, count in came.seen.counts.items():
        found.append(Figure(name=f"{name}.{what}", title=f"{title}: {what}", unit="1", value=count))
    return found


def _guessed(came: Trial) -> list[Figure]:
    """How many guesses were looked at, of those that were made, and counted."""
    looked_at = sum(n for end, n in came.seen.ends.items() if end in {"http 401", "4001", "1008"})
    return [
        counted("guesses.looked_at", "guesses: looked at", looked_at, f"in {came.seconds:.1f} s"),
        Figure(
            name="guesses.counted", title="guesses: counted by it", unit="1", value=came.counted
        ),
    ]
