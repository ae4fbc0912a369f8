"""By which names a server may be asked for, and which pages may talk with it.

A browser lets every page send requests anywhere, and a page can have its own name resolved to any
machine (DNS rebinding). So the name that was asked for is looked at in every request, and the page
that asks in those that open a session.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import urlsplit

from voice_avatar.config.access import LOCAL_NAMES

_PORTS: Final = {"http": 80, "https": 443}


def is_host_allowed(host: str, own: Collection[str], hosts: Sequence[str]) -> bool:
    """Returns whether a request asks for this server, by one of its names.

    Args:
        host: header `Host`.
        own: addresses that the server listens on, and the one that the request came in on.
        hosts: what the operator listed; with a port, only with that.
    """
    name, port = _place(f"//{host}")
    if not name:
        return False
    listed = [_place(f"//{one}") for one in hosts]
    return (
        name in LOCAL_NAMES
        or name in own
        or any(name == known and wanted in (None, port) for known, wanted in listed)
    )


def is_origin_allowed(origin: str | None, host: str, scheme: str, origins: Sequence[str]) -> bool:
    """Returns whether whoever says that it is of this origin may open a session.

    Args:
        origin: header `Origin`; None = a program, which may.
        host: header `Host`, allowed.
        scheme: what the server speaks, "http" or "https".
        origins: what the operator listed.
    """
    if origin is None or origin in origins:
        return True
    given, _, rest = origin.partition("://")
    if given.lower() != scheme or not rest:
        return False
    theirs, ours = _place(f"//{rest}"), _place(f"//{host}")
    usual = _PORTS[scheme]
    return bool(theirs[0]) and (theirs[0], theirs[1] or usual) == (ours[0], ours[1] or usual)


def _place(url: str) -> tuple[str, int | None]:
    """Returns name and port of an authority; ("", None) for what is none."""
    try:
        parts = urlsplit(url)
        if parts.path or parts.query or parts.fragment or parts.username is not None:
            return "", None
        return (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "", None
