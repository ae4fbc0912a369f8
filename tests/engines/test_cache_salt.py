"""Salts keep the caches of conversations apart, and cannot be guessed."""

from __future__ import annotations

from voice_avatar.engines.tool_stream import CacheSalts


def test_a_conversation_has_one_salt_and_no_other_has_it() -> None:
    salts = CacheSalts()
    made = [salts.of(key) for key in ("a", "b", "", "a\ud800", "a")]
    assert made[0] == made[-1]
    assert len(set(made)) == len(made) - 1


def test_who_knows_the_key_of_a_conversation_does_not_know_its_salt() -> None:
    assert CacheSalts().of("a") != CacheSalts().of("a")


def test_a_tag_is_short_and_says_nothing_of_the_salt() -> None:
    salts = CacheSalts()
    assert len(salts.tag("a")) == 12
    assert salts.tag("a") == salts.tag("a") != salts.tag("b")
    assert not salts.of("a").startswith(salts.tag("a"))
