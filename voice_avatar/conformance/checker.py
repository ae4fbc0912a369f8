"""Runs the rules against a server and tells what came of each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from typing import Literal

from websockets.exceptions import WebSocketException

from voice_avatar.conformance.probe import CannotTell, RuleBroken, Target
from voice_avatar.conformance.rules import frames, opening, replies, resume
from voice_avatar.conformance.rules.catalogue import RULES, Rule
from voice_avatar.conformance.transcript import ORDER_RULES, broken_rules

_MODULES = (opening, frames, replies, resume)
"""Importing them fills `RULES`."""

RULE_LIMIT_S = 90.0
"""No check takes longer, seconds."""

Outcome = Literal["pass", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a rule.

    Attributes:
        rule: its name.
        section: of PROTOCOL.md.
        text: the rule in words.
        outcome: "skip" = there was no occasion to check it.
        why: what was seen instead, or why it was skipped.
    """

    rule: str
    section: int
    text: str
    outcome: Outcome
    why: str = ""


async def check(
    target: Target,
    only: Sequence[str] = (),
    *,
    is_slow: bool = False,
    on_result: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Checks a server.

    Args:
        target: the server.
        only: names or patterns of rules; none = all.
        is_slow: whether rules that wait for a timeout are checked as well.
        on_result: told each result as it comes.

    Returns:
        A result for each rule, in order; those of order last, over all sessions that were seen.
    """
    results = []
    for one in RULES:
        if only and not any(fnmatch(one.name, pattern) for pattern in only):
            continue
        if one.is_slow and not is_slow:
            result = _result(one, "skip", "takes long: give --slow")
        else:
            result = await _run(one, target)
        results.append(result)
        on_result(result)
    for result in _orders(target):
        results.append(result)
        on_result(result)
    return results


async def _run(one: Rule, target: Target) -> Result:
    try:
        async with asyncio.timeout(RULE_LIMIT_S):
            await one.check(target)
    except CannotTell as why:
        return _result(one, "skip", str(why))
    except RuleBroken as why:
        return _result(one, "fail", str(why))
    except (OSError, TimeoutError, WebSocketException) as failed:
        return _result(one, "fail", f"{type(failed).__name__}: {failed}")
    return _result(one, "pass")


def _result(one: Rule, outcome: Outcome, why: str = "") -> Result:
    return Result(one.name, one.section, one.text, outcome, why)


def _orders(target: Target) -> list[Result]:
    found = [broken for seen in target.sessions for broken in broken_rules(seen)]
    why = {name: [one.why for one in found if one.rule == name] for name in ORDER_RULES}
    return [
        Result(name, 6, text, "fail", f"{why[name][0]} ({len(why[name])} times)")
        if why[name]
        else Result(name, 6, text, "pass" if target.sessions else "skip")
        for name, text in ORDER_RULES.items()
    ]


def line(result: Result) -> str:
    """Returns a result as a line of a table."""
    why = f"  <- {result.why}" if result.why else ""
    return f"{result.outcome:4}  {result.rule:26} {result.text} (section {result.section}){why}"


def summary(results: Sequence[Result]) -> str:
    """Returns the counts in words."""
    count = {o: sum(one.outcome == o for one in results) for o in ("pass", "fail", "skip")}
    return f"{count['pass']} passed, {count['fail']} failed, {count['skip']} skipped"


def as_json(url: str, results: Sequence[Result]) -> str:
    """Returns all results as one JSON object."""
    count = {o: sum(one.outcome == o for one in results) for o in ("pass", "fail", "skip")}
    return json.dumps({"url": url, **count, "rules": [asdict(one) for one in results]}, indent=2)
