"""Latency, processor, memory and pacing of a server against the number of conversations.

    voice-avatar bench load --scripted --sessions 1,25,50,100,200     what the server itself costs
    voice-avatar bench load --serve embedded --clips DIR --sessions 1,2,4,8    what a machine holds
    voice-avatar bench load --url ws://… --clips DIR --sessions 1,2,4,8          another server
    voice-avatar bench load --url ws://… --dialect pipecat --pid N --clips DIR   … of another kind

Every conversation asks, listens to the end, breathes and asks again, in real time; the users are in
processes of their own. Processor time, memory and the event loop's lateness are the server's own
word (`/metrics`), while all conversations of a load are open; with --pid, processor time and memory
are those of that process and of what it has started, by Linux's word. The capacity is the largest
number of conversations at which p95 is within 1.5 times that of the smallest load, every question
was answered and no loudspeaker ran dry.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from voice_avatar.bench.callers import load_calls
from voice_avatar.bench.callers.load_client import Spec, Talked, shares, talk_all, tone_utterances
from voice_avatar.bench.callers.own_server import SCRIPTED, own_server
from voice_avatar.bench.callers.process_figures import read_process
from voice_avatar.bench.callers.scrape import Reading, metrics_url, quantile, scrape
from voice_avatar.bench.callers.server_options import sets_as_text
from voice_avatar.bench.figures.capacity import LoadPoint
from voice_avatar.bench.figures.line_events import Subject
from voice_avatar.bench.figures.load import Load, figures
from voice_avatar.bench.figures.results import Run
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.material.utterances import Utterance, read_utterances
from voice_avatar.bench.report.alone import repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.bench.targets.options import DialOptions, add_dial_arguments, chosen, dial_options
from voice_avatar.bench.targets.registry import open_target
from voice_avatar.bench.targets.subjects import NotedTarget, subject_settings
from voice_avatar.errors import ConfigError
from voice_avatar.wire.fields import PATH

USERS_PER_PROCESS: Final = 100
"""Beyond, a process of users would be late itself (its own lateness is reported)."""

_LOOK_S: Final = 1.0
"""Time between two looks at the server's figures: each costs it a few milliseconds."""

_SETTLE_S: Final = 2.0
"""Pause between two loads, seconds."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What is asked of a server.

    Attributes:
        sessions: loads, in order.
        turns: questions of each conversation.
        utterances: what is asked.
        dialect: what the server speaks.
        dial: how it is dialled.
        metrics: where the server tells its figures; "" = nowhere.
        pid: process of the server, 0 = unknown: figures that it does not tell.
        processes: of users; 0 = as many as it takes.
        rise_s: time over which the users of a load come, seconds; 0 = 0.05 s for each, 5 at least.
        buffer_s: what a loudspeaker waits for before it begins a reply, seconds.
        timeout_s: time for a reply to begin, seconds.
        seed: of all chance.
    """

    sessions: tuple[int, ...]
    turns: int
    utterances: tuple[Utterance, ...]
    dialect: str
    dial: DialOptions
    metrics: str
    pid: int
    processes: int
    rise_s: float
    buffer_s: float
    timeout_s: float
    seed: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `bench load`."""
    server = parser.add_mutually_exclusive_group(required=True)
    server.add_argument("--url", help="a running server (ws://host:port)")
    server.add_argument(
        "--scripted", action="store_true", help="start a server without models, and measure that"
    )
    server.add_argument("--serve", metavar="PRESET", help="start a server with this preset")
    parser.add_argument(
        "--set",
        metavar="STAGE.KEY=VALUE",
        action="append",
        default=[],
        help="option of the server that is started; may be repeated",
    )
    add_dial_arguments(parser)
    parser.add_argument(
        "--sessions", type=_numbers, default=(1, 2, 4, 8), help="loads (default 1,2,4,8)"
    )
    parser.add_argument("--turns", type=int, default=6, help="questions of each (default 6)")
    parser.add_argument("--clips", metavar="DIR", type=Path, help="what is asked (default: tones)")
    parser.add_argument("--limit", type=int, default=0, help="use the first clips only")
    parser.add_argument("--processes", type=int, default=0, help="of users (default: as needed)")
    parser.add_argument("--rise-s", type=float, default=0.0, help="time over which users come")
    parser.add_argument("--buffer-ms", type=float, default=40.0, help="of a user's loudspeaker")
    parser.add_argument("--timeout-s", type=float, default=15.0, help="for a reply to begin")
    parser.add_argument("--metrics", default=None, help="URL of the server's figures; '' = none")
    parser.add_argument("--pid", type=int, default=0, help="its process, where it tells no figures")
    parser.add_argument("--seed", type=int, default=7)


def run(args: argparse.Namespace) -> Run:
    """Measures all loads.

    Raises:
        ConfigError: an option cannot be used.
        ConnectionFailed: there is no server.
    """
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> Run:
    async with _server(args) as url:
        options = _options(args, url)
        loads = []
        for number, sessions in enumerate(options.sessions):
            if number:
                await asyncio.sleep(_SETTLE_S)
            loads.append(await measure(url, sessions, options))
            _say(_line(loads[-1].point))
        subject = next((load.subject for load in loads if load.subject != Subject()), None)
        if subject is None:
            # Only now: a session before would have warmed the server.
            target = NotedTarget(open_target(url, options.dialect, options.dial))
            async with target.dial():
                pass
            subject = target.subject
    points = [load.point for load in loads]
    return results_of(
        "load",
        figures(loads),
        [{"sessions": load.point.sessions, **asdict(t)} for load in loads for t in load.turns],
        subject={
            **subject_settings(subject, dialect=options.dialect, url=url),
            "engines": "scripted" if args.scripted else "",
        },
        settings={
            "sessions": list(options.sessions),
            "turns": options.turns,
            "utterances": [u.name for u in options.utterances],
            "dialect": options.dialect,
            **chosen(options.dial),
            "server": list(args.set),
            "preset": args.serve or "",
            "buffer_s": options.buffer_s,
            "seed": options.seed,
            "points": [asdict(point) for point in points],
        },
        command=_command(args),
    )


def _command(args: argparse.Namespace) -> str:
    """Returns the command line that repeats the run; folders by their last name."""
    command = repeating(
        "load",
        url=args.url,
        dialect=None if args.dialect == "avatar" else args.dialect,
        scripted=args.scripted,
        serve=args.serve,
        sessions=",".join(map(str, args.sessions)),
        turns=args.turns,
        clips=args.clips.name if args.clips else None,
        limit=args.limit,
        seed=args.seed,
        **chosen(dial_options(args)),
    )
    return command + sets_as_text(args.set)


# -- the server


@asynccontextmanager
async def _server(args: argparse.Namespace) -> AsyncIterator[str]:
    """Yields the URL of the server to be measured, with its path."""
    if args.url:
        yield _with_path(args.url) if args.dialect == "avatar" else args.url
        return
    if args.dialect != "avatar":
        raise ConfigError(f"Where is the server that speaks {args.dialect}? Give --url.")
    settings: dict[str, str] = dict(SCRIPTED) if args.scripted else {}
    for setting in args.set:
        key, equals, value = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set wants STAGE.KEY=VALUE, not {setting!r}.")
        settings[key.strip()] = value.strip()
    _say("starting the server …")
    async with own_server(settings, preset=args.serve or "") as url:
        yield _with_path(url)


def _with_path(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=PATH).geturl() if parts.path in {"", "/"} else url


def _options(args: argparse.Namespace, url: str) -> LoadOptions:
    if not args.clips and not args.scripted:
        raise ConfigError("Without --scripted, --clips names the folder of what is asked.")
    metrics = args.metrics
    if metrics is None:
        metrics = metrics_url(url) if args.dialect == "avatar" else ""
    return LoadOptions(
        sessions=args.sessions,
        turns=args.turns,
        utterances=read_utterances(args.clips, args.limit) if args.clips else tone_utterances(),
        dialect=args.dialect,
        dial=dial_options(args),
        metrics=metrics,
        pid=args.pid,
        processes=args.processes,
        rise_s=args.rise_s,
        buffer_s=args.buffer_ms / 1000,
        timeout_s=args.timeout_s,
        seed=args.seed,
    )


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError("numbers, such as 1,2,4,8") from None
    if not numbers or min(numbers) < 1:
        raise argparse.ArgumentTypeError("numbers from 1 on, such as 1,2,4,8")
    return numbers


# -- one load


async def measure(url: str, sessions: int, options: LoadOptions) -> Load:
    """Runs so many conversations at once, and looks at the server meanwhile."""
    _say(f"{sessions} session{'s' * (sessions > 1)}: {sessions * options.turns} turns …")
    is_ours = options.dialect == "avatar"
    users_each = USERS_PER_PROCESS if is_ours else load_calls.USERS_PER_PROCESS
    processes = options.processes or -(-sessions // users_each)
    specs = [
        Spec(
            url=url,
            token=options.dial.token,
            users=users,
            sessions=sessions,
            turns=options.turns,
            utterances=options.utterances,
            rise_s=options.rise_s or max(5.0 * (sessions > 1), 0.05 * sessions),
            buffer_s=options.buffer_s,
            timeout_s=options.timeout_s,
            seed=options.seed,
            dialect=options.dialect,
            dial=options.dial,
        )
        for users in shares(sessions, processes)
    ]
    loop = asyncio.get_running_loop()
    readings: list[tuple[float, Reading]] = []
    looking = asyncio.create_task(_look(options, readings))
    # Spawned, not forked: a fork would inherit the loop and the threads of this process.
    with ProcessPoolExecutor(len(specs), multiprocessing.get_context("spawn")) as pool:
        try:
            talk = talk_all if is_ours else load_calls.call_all
            parts = await asyncio.gather(
                *(loop.run_in_executor(pool, talk, spec) for spec in specs)
            )
        finally:
            looking.cancel()
            await asyncio.wait([looking])
    if not looking.cancelled():
        looking.result()
    turns = tuple(turn for part in parts for turn in part.turns)
    return Load(
        _point(sessions, parts, readings),
        turns,
        next((part.subject for part in parts if part.subject != Subject()), Subject()),
    )


async def _look(options: LoadOptions, readings: list[tuple[float, Reading]]) -> None:
    """Looks at the server's figures until it is cancelled, or the server has none."""
    while (reading := await _reading(options)) is not None:
        readings.append((time.monotonic(), reading))
        await asyncio.sleep(_LOOK_S)


async def _reading(options: LoadOptions) -> Reading | None:
    if options.pid:
        return await asyncio.to_thread(read_process, options.pid)
    return await scrape(options.metrics) if options.metrics else None


def _point(
    sessions: int, parts: Sequence[Talked], readings: Sequence[tuple[float, Reading]]
) -> LoadPoint:
    turns = [turn for part in parts for turn in part.turns]
    since_s, until_s = max(p.since_s for p in parts), min(p.until_s for p in parts)
    answered = [turn.v2v_s for turn in turns if turn.v2v_s is not None]
    found = summary(answered) if answered else None
    full = [
        (at_s, reading)
        for at_s, reading in readings
        if (
            since_s <= at_s <= until_s if reading.sessions is None else reading.sessions >= sessions
        )
    ]
    looked = full if len(full) > 1 else readings
    cpu = rss = late_s = pacing_s = None
    if len(looked) > 1:
        (first_s, first), (last_s, last) = looked[0], looked[-1]
        if first.cpu_s is not None and last.cpu_s is not None:
            cpu = 100 * (last.cpu_s - first.cpu_s) / (last_s - first_s)
        late_s = quantile(first.lateness, last.lateness, 0.99)
        pacing_s = quantile(first.pacing, last.pacing, 0.99)
        sizes = [reading.rss_bytes for _, reading in looked if reading.rss_bytes is not None]
        rss = max(sizes) / 1e6 if sizes else None
    return LoadPoint(
        sessions,
        found.p50 if found else None,
        found.p95 if found else None,
        len(answered),
        missed=len(turns) - len(answered),
        underruns=sum(turn.underruns for turn in turns),
        cpu_percent=cpu,
        rss_mb=rss,
        loop_p99_s=late_s,
        pacing_p99_s=pacing_s,
        users_p99_s=max(part.late_p99_s for part in parts),
    )


# -- what is told meanwhile


def _line(point: LoadPoint) -> str:
    words = [
        f"  {point.sessions}: {point.turns} answered, {point.missed} missed",
        f"p50 {point.p50_s:.3f} s, p95 {point.p95_s:.3f} s" if point.p50_s and point.p95_s else "",
        f"{point.underruns} underruns",
        f"cpu {point.cpu_percent:.0f} %" if point.cpu_percent is not None else "",
        f"rss {point.rss_mb:.0f} MB" if point.rss_mb is not None else "",
        f"pacing p99 {point.pacing_p99_s * 1000:.1f} ms" if point.pacing_p99_s is not None else "",
        f"loop p99 {point.loop_p99_s * 1000:.1f} ms" if point.loop_p99_s is not None else "",
        f"users p99 {point.users_p99_s * 1000:.1f} ms" if point.users_p99_s is not None else "",
    ]
    return ", ".join(part for part in words if part)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
