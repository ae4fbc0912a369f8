"""Whom the user talks to and what about."""

from __future__ import annotations

from voice_avatar.acting.presence.addressee import LOOK_S, MEANT_S, STALE_S, Addressee


def looking(*looks: tuple[float, float, str | None]) -> Addressee:
    """Eyes that are from `a` to `b` seconds on each target, told ten times a second."""
    eyes = Addressee(grace_s=2.0)
    for begin_s, end_s, target in looks:
        for tenth in range(round(begin_s * 10), round(end_s * 10)):
            eyes.note(target, tenth / 10)
    return eyes


def test_speech_is_meant_for_the_avatar_that_is_looked_at() -> None:
    assert looking((0, 1, "avatar")).is_on_avatar(1.0)
    assert not looking((0, 1, "")).is_on_avatar(1.0)
    assert not looking((0, 1, "vase")).is_on_avatar(1.0)


def test_a_look_stays_good_for_the_grace_time() -> None:
    eyes = looking((0, 1, "avatar"), (1, 3, ""))
    assert eyes.is_on_avatar(2.7)
    assert not eyes.is_on_avatar(3.1)


def test_a_glance_is_no_look() -> None:
    eyes = looking((0, 1, ""), (1, 1.1, "avatar"), (1.1, 2, ""))
    assert not eyes.is_on_avatar(1.2)
    assert not eyes.is_on_avatar(2.0)


def test_a_look_counts_once_it_has_lasted() -> None:
    eyes = looking((0, 1, ""), (1, 1.1, "avatar"))
    assert not eyes.is_on_avatar(1.0 + LOOK_S - 0.05)
    assert eyes.is_on_avatar(1.0 + LOOK_S + 0.01)


def test_where_nothing_is_known_of_the_eyes_everything_is_meant_for_the_avatar() -> None:
    assert Addressee(2.0).is_on_avatar(0.0)
    assert looking((0, 5, ""), (5, 6, None)).is_on_avatar(6.0)


def test_eyes_of_which_nothing_was_told_for_a_while_are_not_known() -> None:
    eyes = looking((0, 5, ""))
    assert not eyes.is_on_avatar(5.0)
    assert eyes.is_on_avatar(4.9 + STALE_S)


def test_a_look_does_not_reach_over_a_time_of_which_nothing_is_known() -> None:
    eyes = looking((0, 1, "vase"))
    eyes.note("vase", 20.0)
    assert eyes.meant(20.1) == ""
    eyes.note("vase", 20.3)
    assert eyes.meant(20.3) == "vase"


def test_that_means_the_object_that_was_looked_at_a_moment_ago() -> None:
    eyes = looking((0, 1, "avatar"), (1, 2, "vase"), (2, 7, "avatar"))
    assert eyes.meant(3.0) == "vase"
    assert eyes.meant(2.0 + MEANT_S + 0.1) == ""


def test_an_object_that_was_only_glanced_at_is_not_meant() -> None:
    assert looking((0, 1, "avatar"), (1, 1.1, "vase"), (1.1, 2, "avatar")).meant(2.0) == ""


def test_the_object_looked_at_last_is_meant() -> None:
    assert looking((0, 1, "vase"), (1, 2, "chair"), (2, 3, "avatar")).meant(3.0) == "chair"
