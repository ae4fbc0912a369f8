"""Who goes when too many wait."""

from __future__ import annotations

from voice_avatar.server.entrance.crowd import Crowd


def test_the_oldest_of_an_address_goes_and_the_silent_before_those_who_spoke() -> None:
    crowd: Crowd[str] = Crowd(most=9, most_each=2)
    assert crowd.add("a", "x") is None
    assert crowd.add("b", "x") is None
    crowd.heard("a")
    assert crowd.add("c", "y") is None
    assert crowd.add("d", "x") == "b"
    crowd.heard("d")
    assert crowd.add("e", "x") == "a"
    assert [one in crowd for one in "abcde"] == [False, False, True, True, True]


def test_the_oldest_of_all_goes_when_there_are_too_many_addresses() -> None:
    crowd: Crowd[int] = Crowd(most=3, most_each=2)
    assert [crowd.add(n, str(n)) for n in range(5)] == [None, None, None, 0, 1]
    crowd.remove(3)
    crowd.remove(3)
    crowd.heard(77)
    assert len(crowd) == 2
    assert crowd.add(9, "9") is None


def test_no_bound_by_address() -> None:
    crowd: Crowd[int] = Crowd(most=100, most_each=0)
    assert [crowd.add(n, "x") for n in range(100)] == [None] * 100
