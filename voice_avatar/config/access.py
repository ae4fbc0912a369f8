"""Who may come to a server: the three states of access, and what a token must be. Pure.

A server is *open to this machine* (no tokens, and it listens on loopback only), *open* (no tokens,
and `server.open` says so), or asks for *tokens*. There is no fourth state: whatever else the
configuration comes to is refused before anything listens.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from voice_avatar.errors import ConfigError

MIN_TOKEN_BITS: Final = 128
"""What a token must be worth: 22 letters, digits, "-" and "_", or 32 hexadecimal digits."""

_MIN_DISTINCT: Final = 8
"""Different characters in a token: fewer are no chance but a pattern."""

_SENDABLE: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What may stand in `Authorization: Bearer` (RFC 6750, b68token) and survives every client."""

_ALPHABETS: Final = (
    (re.compile(r"[0-9]+"), 10),
    (re.compile(r"[0-9a-f]+|[0-9A-F]+"), 16),
    (re.compile(r"[0-9a-z]+|[0-9A-Z]+"), 36),
)
"""The smallest alphabet that a token may have been drawn from, and its size; else 64."""

_PLACE: Final = re.compile(
    r"(?:\[(?P<bare>[0-9A-Fa-f:.%]+)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>\d{1,5})"
)
"""An address or name, in brackets if it has colons, and a port."""

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""What this machine is called on itself."""


def token_bits(token: str) -> float:
    """Returns what a token is worth at most, bits: its length, by the alphabet that it shows."""
    size = next((size for form, size in _ALPHABETS if form.fullmatch(token)), 64)
    return len(token.rstrip("=")) * math.log2(size)


def is_loopback(host: str) -> bool:
    """Returns whether only this machine can reach an address to listen on."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def place_to_listen(key: str, place: str) -> tuple[str, int]:
    """Returns the host and port of "host:port", or "[::1]:port".

    Raises:
        ConfigError: it is none; `key` is the option that it stands in.
    """
    found = _PLACE.fullmatch(place)
    if found is None or int(found["port"]) > 65535:
        raise ConfigError(f'{key} must be "host:port", not {place!r}.')
    return found["bare"] or found["host"], int(found["port"])


def check_tokens(tokens: Sequence[str]) -> None:
    """Checks the tokens of a configuration; none is in the message.

    Raises:
        ConfigError: one is empty, too weak, or cannot be sent.
    """
    for number, token in enumerate(tokens, 1):
        which = f"server.tokens: token {number} of {len(tokens)}"
        if not token.strip():
            raise ConfigError(f"{which} is empty: everybody would match it.")
        if not _SENDABLE.fullmatch(token):
            raise ConfigError(f"{which} has characters that cannot be sent in a header.")
        if token_bits(token) < MIN_TOKEN_BITS or len(set(token)) < _MIN_DISTINCT:
            raise ConfigError(
                f"{which} can be guessed: {MIN_TOKEN_BITS} bits are needed, 22 random characters."
                " `voice-avatar tokens new` makes one."
            )


def check_access(host: str, tokens: Sequence[str], *, is_open: bool) -> None:
    """Checks who could come to a server that listens on `host`.

    Raises:
        ConfigError: anybody could, without anybody having said so; or what was said contradicts
            itself; or a token is none.
    """
    check_tokens(tokens)
    if tokens and is_open:
        raise ConfigError("server.open says that no token is needed, but server.tokens has some.")
    if not tokens and not is_open and not is_loopback(host):
        raise ConfigError(
            f"Whoever reaches {host} could talk: set server.tokens (`voice-avatar tokens new`"
            " makes one), or server.open = true if that is meant."
        )
