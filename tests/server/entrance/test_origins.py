"""By which names a server is asked for, and by which pages."""

from __future__ import annotations

import pytest

from voice_avatar.server.entrance.origins import is_host_allowed, is_origin_allowed


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        ("localhost", True),
        ("LOCALHOST:8765", True),
        ("127.0.0.1:1", True),
        ("[::1]:8765", True),
        ("192.0.2.7:8765", True),
        ("avatar.example", True),
        ("Avatar.Example.:8765", True),
        ("other.example:444", True),
        ("other.example:445", False),
        ("other.example", False),
        ("evil.example", False),
        ("avatar.example.evil.example", False),
        ("evil.example@localhost", False),
        ("localhost/x", False),
        ("localhost:x", False),
        ("[::1", False),
        ("", False),
        (":8765", False),
    ],
)
def test_a_host_is_one_of_the_servers_names(host: str, is_allowed: bool) -> None:
    listed = ("avatar.example", "other.example:444")
    assert is_host_allowed(host, {"0.0.0.0", "192.0.2.7"}, listed) == is_allowed


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "is_allowed"),
    [
        (None, "a.example", "http", True),
        ("http://a.example", "a.example:80", "http", True),
        ("https://a.example", "a.example", "https", True),
        ("http://a.example:81", "a.example", "http", False),
        ("https://a.example", "a.example", "http", False),
        ("http://localhost:5173", "localhost:8765", "http", False),
        ("http://localhost:8765", "localhost:8765", "http", True),
        ("https://good.example", "a.example", "http", True),
        ("null", "a.example", "http", False),
        ("http://", "", "http", False),
        ("http://[bad", "a.example", "http", False),
        ("", "a.example", "http", False),
    ],
)
def test_a_page_is_the_servers_own_or_listed(
    origin: str | None, host: str, scheme: str, is_allowed: bool
) -> None:
    assert is_origin_allowed(origin, host, scheme, ("https://good.example",)) == is_allowed
