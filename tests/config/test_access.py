"""The three states of access, and that there is no fourth."""

from __future__ import annotations

import secrets

import pytest

from voice_avatar.config.access import (
    check_access,
    check_tokens,
    is_loopback,
    place_to_listen,
    token_bits,
)
from voice_avatar.config.load import load
from voice_avatar.errors import ConfigError

GOOD = "Vq3x-7Tn_0aZLk9mWc2RyQ"


@pytest.mark.parametrize("text", ["", " ", ",", " , ,", "\t"])
def test_a_variable_that_is_set_but_empty_turns_nothing_off(text: str) -> None:
    with pytest.raises(ConfigError, match="VOICE_AVATAR_SERVER_TOKENS"):
        load(environ={"VOICE_AVATAR_SERVER_TOKENS": text})
    with pytest.raises(ConfigError, match="set but empty"):
        load(overrides={"server.tokens": text})


@pytest.mark.parametrize(
    "token",
    [
        "",
        "   ",
        "a",
        "secret",
        "a" * 40,
        "0123456789" * 3,
        "0123456789abcdef01234567",
        "abababababababababababababab",
        GOOD[:-1],
        f"{GOOD} x",
        f"{GOOD}é",
    ],
)
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(f"[server]\ntokens = [{GOOD!r}, {token!r}]")
    assert "token 2 of 2" in refused.value.message
    assert len(token) < 6 or token not in refused.value.message


def test_tokens_that_are_made_are_taken() -> None:
    made = [secrets.token_urlsafe(n) for n in (16, 32)] + [secrets.token_hex(16), GOOD]
    check_tokens(made)
    assert token_bits(secrets.token_urlsafe(16)) >= 128


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.168.1.4", False),
        ("localhost.example", False),
    ],
)
def test_without_tokens_only_this_machine_may_come_unless_that_is_said(
    host: str, is_local: bool
) -> None:
    assert is_loopback(host) == is_local
    check_access(host, (), is_open=True)
    check_access(host, (GOOD,), is_open=False)
    if is_local:
        check_access(host, (), is_open=False)
    else:
        with pytest.raises(ConfigError, match=r"server\.open"):
            check_access(host, (), is_open=False)


def test_open_and_tokens_contradict_each_other() -> None:
    with pytest.raises(ConfigError, match=r"server\.open"):
        check_access("127.0.0.1", (GOOD,), is_open=True)


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("127.0.0.1:9464", ("127.0.0.1", 9464)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:9464", ("::1", 9464)),
    ],
)
def test_a_place_to_listen_is_a_host_and_a_port(place: str, found: tuple[str, int]) -> None:
    assert place_to_listen("x", place) == found


@pytest.mark.parametrize(
    "place", ["", ":9464", "9464", "a:", "a:b", "a:70000", "::1:9464", "[::1]", "a b:1", "a:1\n"]
)
def test_what_is_no_place_to_listen_is_refused(place: str) -> None:
    with pytest.raises(ConfigError, match='x must be "host:port"'):
        place_to_listen("x", place)
