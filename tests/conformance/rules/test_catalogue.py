"""The rules by name."""

from __future__ import annotations

from voice_avatar.conformance.rules.catalogue import RULES
from voice_avatar.conformance.transcript import ORDER_RULES


def test_every_rule_has_a_name_of_its_own_and_a_section_of_the_document() -> None:
    names = [one.name for one in RULES] + list(ORDER_RULES)
    assert len(names) == len(set(names))
    assert all(1 <= one.section <= 15 for one in RULES)
