"""Who asks for a session, and what for: all that admission decides by. Pure.

Here is the place of a user's account: once there are accounts, admission finds the caller's and a
session knows whose it is, and neither a connection nor a conversation has to hear of it.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from voice_avatar.wire import client_messages


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever is at the other end of a connection.

    Attributes:
        address: IP address that the connection comes from, "" where it has none. Behind a reverse
            proxy that is not trusted it is the proxy's.
        tokens: bearer tokens that it has shown: one with the handshake, one in its hello.
    """

    address: str = ""
    tokens: tuple[str, ...] = field(default=(), repr=False)

    def showing(self, token: str | None) -> Caller:
        """Returns the caller that has shown this token too; None = it has shown no more."""
        return self if token is None else replace(self, tokens=(*self.tokens, token))

    def has_one_of(self, accepted: tuple[str, ...]) -> bool:
        """Returns whether it has shown an accepted token, in a time that tells nothing."""
        # A sum and no `any`: that would stop at the first that fits, and time would tell which.
        return bool(sum(_is_one_of(token, accepted) for token in self.tokens))


def _is_one_of(token: str, accepted: tuple[str, ...]) -> bool:
    given = token.encode()
    return bool(sum(hmac.compare_digest(given, known.encode()) for known in accepted))


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a connection asks admission for.

    Attributes:
        session_id: id of the session, should a new one be opened.
        caller: who asks.
        hello: what is asked for; of a protocol without a hello, one that says the same.
        first_seq: number of the first text frame of a new session: how many were sent before it.
    """

    session_id: str
    caller: Caller
    hello: client_messages.SessionHello
    first_seq: int = 0


def client_address(peer: str, forwarded: str, trusted_proxies: Collection[str]) -> str:
    """Returns the address that a request comes from.

    Args:
        peer: address at the other end of the connection.
        forwarded: header `X-Forwarded-For`.
        trusted_proxies: addresses whose word on that is taken.
    """
    if peer not in trusted_proxies:
        return peer
    # From behind: each proxy adds whom it has seen, and what is before the first that is not
    # trusted was said by the client itself.
    for one in reversed(forwarded.split(",")):
        address = one.strip()
        try:
            ip_address(address)
        except ValueError:
            return peer
        if address not in trusted_proxies:
            return address
    return peer


@lru_cache(maxsize=1024)  # it is asked for each connection of a storm
def network_of(address: str) -> str:
    """Returns what shares one budget: an IPv4 address, or the /64 that an IPv6 user has."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ip_network((found, 64), strict=False))
    return str(found)


@lru_cache(maxsize=1024)
def shown_in_logs(network: str) -> str:
    """Returns as much of a network (see `network_of`) as is written down: its /24, or /56."""
    try:
        found = ip_network(network)
    except ValueError:
        return network
    return str(found.supernet(new_prefix=24 if found.version == 4 else min(56, found.prefixlen)))
