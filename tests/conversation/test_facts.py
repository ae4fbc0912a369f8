"""What the avatar's side tells: plain values, which cannot be taken for a command or a notice."""

from __future__ import annotations

import pytest
from kit.values import assert_plain, members, methods_of, values_of

from voice_avatar.conversation import facts
from voice_avatar.events.commands import Command
from voice_avatar.events.notices import Notice


@pytest.mark.parametrize("kind", values_of(facts))
def test_a_fact_is_a_plain_value(kind: type[object]) -> None:
    assert_plain(kind)
    assert not methods_of(kind)


def test_every_fact_is_one_of_the_union() -> None:
    assert members(facts.Fact) == set(values_of(facts))


def test_what_is_given_back_is_a_command_a_notice_or_a_fact_and_never_two_of_them() -> None:
    families = [members(Command), members(Notice), members(facts.Fact)]
    assert members(facts.Outcome) == set().union(*families)
    assert len(members(facts.Outcome)) == sum(len(family) for family in families)
