"""The server that is measured: one at an address, or one that is started for the measurement."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from voice_avatar.bench.callers.own_server import own_server
from voice_avatar.bench.targets.options import add_dial_arguments
from voice_avatar.errors import ConfigError

PRESET: Final = "embedded"

CONDITIONS: Final[Mapping[str, str]] = {
    "session.max_reply_tokens": "60",
    "session.temperature": "0.0",
}
"""What the published figures of other servers were measured with."""


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what says which server is measured and how it is spoken to."""
    parser.add_argument("--url", help="a running server (default: one that this starts)")
    add_dial_arguments(parser)
    parser.add_argument(
        "--preset", "--serve", metavar="NAME", default=PRESET, help=f"what to start ({PRESET})"
    )
    parser.add_argument(
        "--set", metavar="STAGE.KEY=VALUE", action="append", default=[], help="option of it"
    )


def server_settings(args: argparse.Namespace) -> dict[str, str]:
    """Returns the settings of the server that is started; none for one that runs.

    Raises:
        ConfigError: they cannot be used.
    """
    if not args.url:
        if args.dialect != "avatar":
            raise ConfigError(f"Where is the server that speaks {args.dialect}? Give --url.")
        return settings_of(args.set)
    if args.set:
        raise ConfigError("--set is for a server that this starts, --url for one that runs.")
    return {}


def settings_of(given: Sequence[str]) -> dict[str, str]:
    """Returns the usual conditions with "STAGE.KEY=VALUE" over them.

    Raises:
        ConfigError: it is not of this form.
    """
    settings = dict(CONDITIONS)
    for text in given:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise ConfigError(f"--set wants STAGE.KEY=VALUE, not {text!r}.")
        # The server runs in a folder of its own.
        settings[key] = str(Path(value).resolve()) if key == "server.persona" else value
    return settings


@asynccontextmanager
async def measured_server(
    args: argparse.Namespace, settings: Mapping[str, str]
) -> AsyncIterator[str]:
    """Yields the address of the server.

    Raises:
        ConnectionFailed: it did not start.
    """
    if args.url:
        yield args.url
        return
    print("starting the server …", file=sys.stderr, flush=True)
    async with own_server(settings, preset=args.preset) as url:
        yield url


def settings_shown(args: argparse.Namespace, settings: Mapping[str, str]) -> dict[str, object]:
    """Returns what a result says of the server's settings; paths by their last part."""
    return {
        "preset": "" if args.url else args.preset,
        "server": {key: Path(value).name for key, value in settings.items()},
    }


def server_command(args: argparse.Namespace) -> dict[str, str | None]:
    """Returns the options of a command that asks for the same server, `--set` left out."""
    return {
        "url": args.url,
        "dialect": None if args.dialect == "avatar" else args.dialect,
        "preset": None if args.url or args.preset == PRESET else args.preset,
    }


def sets_as_text(given: Sequence[str]) -> str:
    """Returns the `--set` options of a command, as they are appended to it."""
    return "".join(f" --set {text}" for text in given)
