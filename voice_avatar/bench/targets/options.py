"""What a caller says to a server beside its address, and the options of the command line for it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class DialOptions:
    """How a server is dialled.

    Attributes:
        token: bearer token, "" = none.
        instructions: system prompt, "" = the server's own.
        rate_hz: of the voice, hertz, where the dialect does not tell it; 0 = the dialect's usual.
        hello: what is said first, "" = nothing.
        open_microphone: whether the client says that its microphone hears its loudspeaker.
    """

    token: str = ""
    instructions: str = ""
    rate_hz: int = 0
    hello: str = ""
    open_microphone: bool = False


DIALECTS: Final[Mapping[str, frozenset[str]]] = {
    "avatar": frozenset({"token", "open_microphone"}),
    "realtime": frozenset({"token", "instructions"}),
    "pipecat": frozenset({"token"}),
    "pcm": frozenset({"token", "rate_hz", "hello"}),
}
"""Dialect -> the options that it has a use for."""


def add_dial_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what `dial_options` reads."""
    parser.add_argument(
        "--dialect", choices=tuple(DIALECTS), default="avatar", help="what it speaks (avatar)"
    )
    parser.add_argument("--token", default="", help="bearer token")
    parser.add_argument(
        "--instructions", metavar="TEXT", default="", help="system prompt (realtime)"
    )
    parser.add_argument("--rate", metavar="HZ", type=int, default=0, help="of the voice (pcm)")
    parser.add_argument("--hello", metavar="TEXT", default="", help="said first (pcm)")


def dial_options(args: argparse.Namespace) -> DialOptions:
    """Returns what the command line says."""
    return DialOptions(args.token or "", args.instructions, args.rate, args.hello)


def chosen(options: DialOptions) -> dict[str, str | int]:
    """Returns what a result and its command say of them: all that was given, but no token."""
    given: dict[str, str | int] = {
        "instructions": options.instructions,
        "rate": options.rate_hz,
        "hello": options.hello,
    }
    return {name: value for name, value in given.items() if value}
