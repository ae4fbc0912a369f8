"""How often tokens may be guessed."""

from __future__ import annotations

import logging

import pytest

from voice_avatar.server.caller import Caller
from voice_avatar.server.entrance.address_budgets import MOST_ADDRESSES
from voice_avatar.server.entrance.token_gate import GUESSES, TokenGate, Verdict


def test_a_guesser_is_counted_told_of_and_not_looked_at_after_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    noted: list[str] = []
    now = [0.0]
    gate = TokenGate(("right", "other"), noted.append, clock=lambda: now[0])
    friend = Caller("192.0.2.7", ("right",))
    assert gate.look(friend) is Verdict.VALID
    assert gate.look(Caller("192.0.2.7")) is Verdict.MISSING
    with caplog.at_level(logging.INFO):
        seen = [gate.look(Caller("192.0.2.7", (f"guess{n}",))) for n in range(100)]
    assert seen == [Verdict.WRONG] * GUESSES + [Verdict.THROTTLED] * (100 - GUESSES)
    assert noted == ["wrong"] * GUESSES + ["throttled"] * (100 - GUESSES)
    assert [vars(record)["from"] for record in caplog.records] == ["192.0.2.0/24"]
    assert "guess" not in str([vars(record) for record in caplog.records])
    now[0] = 60.0
    gate.look(Caller("192.0.2.7", ("guess",)))
    assert vars(caplog.records[1])["count"] == 100
    assert vars(caplog.records[1])["why"] == "throttled"
    # A right one is not looked at either, but one that was right before from there.
    assert gate.look(Caller("192.0.2.7", ("other",))) is Verdict.THROTTLED
    assert gate.look(friend) is Verdict.VALID
    assert gate.look(Caller("192.0.2.8", ("other",))) is Verdict.VALID
    now[0] = 3600.0
    assert gate.look(Caller("192.0.2.7", ("other",))) is Verdict.VALID


def test_all_addresses_of_an_ipv6_user_share_one_budget() -> None:
    gate = TokenGate(("right",), lambda why: None, clock=lambda: 0.0)
    seen = [gate.look(Caller(f"2001:db8::{n:x}", ("no",))) for n in range(GUESSES + 1)]
    assert seen[-1] is Verdict.THROTTLED
    assert gate.look(Caller("2001:db8:0:1::1", ("right",))) is Verdict.VALID


def test_guesses_from_addresses_without_end_are_remembered_up_to_a_number() -> None:
    gate = TokenGate(("right",), lambda why: None, clock=lambda: 0.0)
    for number in range(MOST_ADDRESSES + 100):
        caller = Caller(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", ("no",))
        assert gate.look(caller) is Verdict.WRONG
    assert len(gate._wrong_s) == MOST_ADDRESSES
