"""Who asks: what it has shown, and that it is not written down."""

from __future__ import annotations

import pytest

from voice_avatar.server.caller import Caller, network_of, shown_in_logs


@pytest.mark.parametrize(
    ("shown", "is_known"),
    [
        ((), False),
        (("wrong",), False),
        (("",), False),
        (("new",), True),
        (("wrong", "old"), True),
        (("old", "wrong"), True),
        (("oldnew",), False),
    ],
)
def test_a_caller_is_known_by_any_token_that_it_has_shown(
    shown: tuple[str, ...], is_known: bool
) -> None:
    assert Caller("", shown).has_one_of(("old", "new")) is is_known


def test_where_no_token_is_accepted_none_fits() -> None:
    assert not Caller("", ("any",)).has_one_of(())


def test_a_token_is_shown_beside_those_before() -> None:
    caller = Caller("192.0.2.7").showing("a").showing(None).showing("b")
    assert caller == Caller("192.0.2.7", ("a", "b"))


def test_no_token_is_in_a_text_about_a_caller() -> None:
    assert "sesame" not in repr(Caller("192.0.2.7", ("sesame",)))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_of_an_address_only_its_neighbourhood_is_written_down(address: str, shown: str) -> None:
    assert shown_in_logs(network_of(address)) == shown
