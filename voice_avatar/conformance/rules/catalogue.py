"""The list of rules that a server can be checked for from outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from voice_avatar.conformance.probe import RuleBroken, Target

Check = Callable[[Target], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: short, "group.what".
        section: of PROTOCOL.md.
        text: the rule in words.
        check: raises `RuleBroken` or `CannotTell`.
        is_slow: whether it has to wait for a timeout of the server.
    """

    name: str
    section: int
    text: str
    check: Check
    is_slow: bool = False


RULES: list[Rule] = []
"""All rules, in the order in which they are checked."""


def rule(name: str, section: int, text: str, *, is_slow: bool = False) -> Callable[[Check], Check]:
    """Adds a check to the list."""

    def add(check: Check) -> Check:
        RULES.append(Rule(name, section, text, check, is_slow))
        return check

    return add


def demand(is_true: object, why: str) -> None:
    """Raises `RuleBroken` if something is not so."""
    if not is_true:
        raise RuleBroken(why)
