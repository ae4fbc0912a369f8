"""The server that fuzz and soak are let loose on: one of our own, or one that runs."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from voice_avatar.bench.callers.neighbour import Neighbour
from voice_avatar.bench.callers.own_server import SCRIPTED, watched_server
from voice_avatar.bench.callers.watch import look_on
from voice_avatar.bench.figures.endurance import Look
from voice_avatar.errors import ConfigError
from voice_avatar.wire.fields import PATH

RESUME_TTL_S: Final = 5.0
"""How long a server of our own keeps sessions whose client is gone, seconds."""

SETTLE_S: Final = 75.0
"""Time for everything to be gone: a server that runs may keep sessions for a minute."""


@dataclass(frozen=True, slots=True)
class Victim:
    """A server, and what of it can be looked at.

    Attributes:
        url: for sessions of our protocol, with its path.
        pid: its process, 0 = unknown.
        log: returns what it has logged; "" where that is not known.
    """

    url: str
    pid: int
    log: Callable[[], str]


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what says which server it is."""
    server = parser.add_mutually_exclusive_group()
    server.add_argument("--url", help="a running server (default: one of our own, scripted)")
    server.add_argument(
        "--scripted", action="store_true", help="start one without models (default)"
    )
    server.add_argument("--serve", metavar="PRESET", help="start one with this preset")
    parser.add_argument("--pid", type=int, default=0, help="process of the server at --url")
    parser.add_argument("--token", default="", help="bearer token of whoever talks")
    parser.add_argument(
        "--set",
        metavar="STAGE.KEY=VALUE",
        action="append",
        default=[],
        help="option of the server that is started; may be repeated",
    )


@asynccontextmanager
async def victim(args: argparse.Namespace) -> AsyncIterator[Victim]:
    """Yields the server.

    Raises:
        ConfigError: an option cannot be used.
        ConnectionFailed: it did not start.
    """
    if args.url:
        if args.set:
            raise ConfigError("--set is for a server that this starts, --url for one that runs.")
        yield Victim(with_path(args.url), args.pid, str)
        return
    print("starting the server …", file=sys.stderr, flush=True)
    async with watched_server(settings(args), preset=args.serve or "") as own:
        yield Victim(with_path(own.url), own.pid, own.log)


@asynccontextmanager
async def with_neighbour(
    server: Victim, token: str, every_s: float, looks: list[Look | None]
) -> AsyncIterator[Neighbour]:
    """Has an innocent talk, and looks at the server, for as long as the block runs.

    Args:
        server: what both are at.
        token: of the neighbour.
        every_s: time between two looks, seconds.
        looks: where they go.
    """
    neighbour = Neighbour(server.url, token)
    talking = asyncio.create_task(neighbour.live())
    looking = asyncio.create_task(look_on(server.url, server.pid, every_s, looks))
    try:
        yield neighbour
    finally:
        for task in (talking, looking):
            task.cancel()
        await asyncio.wait([talking, looking])
    for task in (talking, looking):
        if not task.cancelled():
            task.result()


def settings(args: argparse.Namespace) -> Mapping[str, str]:
    """Returns the settings of a server of our own.

    Raises:
        ConfigError: one is not of the form STAGE.KEY=VALUE.
    """
    found: dict[str, str] = {} if args.serve else dict(SCRIPTED)
    found["server.resume_ttl_s"] = f"{RESUME_TTL_S:g}"
    for setting in args.set:
        key, equals, value = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set wants STAGE.KEY=VALUE, not {setting!r}.")
        found[key.strip()] = value.strip()
    return found


def with_path(url: str) -> str:
    """Returns where sessions of our protocol are taken, given an address of the server."""
    parts = urlsplit(url)
    return parts._replace(path=PATH).geturl() if parts.path in {"", "/"} else url
