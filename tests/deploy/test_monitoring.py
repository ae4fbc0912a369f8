"""Rules and dashboard: they are well formed, and name only figures that the server has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from voice_avatar.events.notices import ReplyDone
from voice_avatar.telemetry import metrics
from voice_avatar.telemetry.metrics import Metrics
from voice_avatar.wire.codes import CLOSE_CODES, ERROR_CODES

DEPLOY = Path(__file__).parents[2] / "deploy"

EVERYWHERE = {"instance", "job"}
"""Labels that Prometheus adds."""

WORDS = set(
    "and avg by changes count deriv histogram_quantile increase max min min_over_time offset on or"
    " rate sum time unless up".split()
)
"""What may stand in an expression beside metrics, labels and records."""

VALUES: dict[str, set[str]] = {
    "voice_avatar_errors.code": set(ERROR_CODES),
    "voice_avatar_closes.code": {str(int(code)) for code in CLOSE_CODES},
    "voice_avatar_reply_mark_seconds.mark": set(metrics._MARKS),
    "voice_avatar_reply_mark_seconds.turn": {"voice", "text"},
    "voice_avatar_stage_seconds.stage": {stage for stage, _, _ in metrics._STAGES},
    "voice_avatar_sessions_left.why": {"expired", "evicted", "failed", "shutdown"},
    "voice_avatar_bytes.direction": {"in", "out"},
}
"""What a label may be, where a rule asks for a value of it."""


@cache
def figures() -> dict[str, tuple[str, set[str]]]:
    """Returns every name of a sample -> its family and its labels."""
    labels: dict[str, set[str]] = {
        f"voice_avatar_{name}": set(names) for _, name, _, names in metrics._FIGURES
    }
    labels["voice_avatar_bytes"] = {"direction"}
    found = {}
    for family in Metrics()._registry.collect():
        own = labels.get(family.name, set())
        match family.type:
            case "counter":
                found[f"{family.name}_total"] = (family.name, own)
            case "histogram":
                found[f"{family.name}_bucket"] = (family.name, own | {"le"})
                found[f"{family.name}_count"] = (family.name, own)
                found[f"{family.name}_sum"] = (family.name, own)
            case _:
                found[family.name] = (family.name, own)
    return found


@cache
def rules() -> list[dict[str, Any]]:
    loaded = yaml.safe_load((DEPLOY / "prometheus-rules.yml").read_text("utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


@cache
def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))
    return loaded


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Yields where it stands, and an expression."""
    for rule in rules():
        yield str(rule.get("alert") or rule["record"]), rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def complaints(text: str, records: set[str]) -> list[str]:
    """Returns what is wrong with an expression."""
    wrong = []
    bare = re.sub(r"\[[^\]]*\]", "", text)
    selectors = re.findall(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}", bare)
    labels_asked: set[str] = set()
    for name, inside in selectors:
        if name == "up":
            continue
        if name not in figures():
            wrong.append(f"no figure {name}")
            continue
        family, labels = figures()[name]
        for label, how, value in re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', inside):
            if label not in labels | EVERYWHERE:
                wrong.append(f"{name} has no label {label}")
            known = VALUES.get(f"{family}.{label}")
            if known is not None:
                parts = value.split("|") if "~" in how else [value]
                wrong += [f"{name} is never {label}={part}" for part in parts if part not in known]
            elif label == "status":
                if value not in statuses():
                    wrong.append(f"{name} is never {label}={value}")
            elif label not in EVERYWHERE:
                wrong.append(f"nothing is known of {name} {label}={value}")
    rest = re.sub(r"\{[^}]*\}", "", bare)
    for inside in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", rest):
        labels_asked |= {label.strip() for label in inside.split(",")}
    rest = re.sub(r"\b(?:by|on)\s*\([^)]*\)", "", rest)
    used = set(re.findall(r"(?<![\w.])[a-zA-Z_:][\w:]*", rest)) - WORDS - records
    wrong += [f"no figure {name}" for name in used if name not in figures()]
    there = EVERYWHERE.union(*(figures()[name][1] for name in used if name in figures()))
    wrong += [f"nothing has the label {label}" for label in labels_asked - there]
    for left, right in ("()", "{}", "[]"):
        if text.count(left) != text.count(right):
            wrong.append(f"{left} and {right}")
    return wrong


def statuses() -> set[str]:
    hint = ReplyDone.__annotations__["status"]
    names = get_args(hint) or re.findall(r'"(\w+)"', str(hint))
    return set(names) or {"completed", "failed", "interrupted"}


def records() -> set[str]:
    return {rule["record"] for rule in rules() if "record" in rule}


@pytest.mark.parametrize(("where", "text"), list(expressions()))
def test_an_expression_names_what_there_is(where: str, text: str) -> None:
    assert complaints(text, records()) == [], where


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rate(voice_avatar_nothing_total[5m])", "no figure voice_avatar_nothing_total"),
        ("rate(voice_avatar_errors[5m])", "no figure voice_avatar_errors"),
        ('voice_avatar_errors_total{kind="x"}', "has no label kind"),
        ('voice_avatar_errors_total{code="llm_faild"}', "is never code=llm_faild"),
        ('voice_avatar_closes_total{code=~"1013|1999"}', "is never code=1999"),
        ("sum by (stage) (voice_avatar_sessions)", "nothing has the label stage"),
        ("voice_avatar:nothing:p50 > 1", "no figure voice_avatar:nothing:p50"),
        ("sum(rate(voice_avatar_errors_total[5m])", "( and )"),
    ],
)
def test_the_check_finds_what_is_wrong(text: str, complaint: str) -> None:
    assert any(complaint in one for one in complaints(text, records()))


def test_every_alert_says_how_bad_it_is_and_where_to_look() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    assert len(alerts) == len({rule["alert"] for rule in alerts}) > 10
    for rule in alerts:
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert {"summary", "look"} <= set(rule["annotations"])
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}


def test_the_rules_are_read_by_the_configuration_beside_them() -> None:
    scraped = yaml.safe_load((DEPLOY / "prometheus.yml").read_text("utf-8"))
    for name in scraped["rule_files"]:
        assert (DEPLOY / name).is_file()
    assert {job["job_name"] for job in scraped["scrape_configs"]} == {"voice-avatar"}


def test_the_dashboard_is_whole() -> None:
    board = dashboard()
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    variables = {one["name"] for one in board["templating"]["list"]}
    for panel in panels():
        assert panel["title"], panel["id"]
        assert panel["description"], panel["title"]
        assert panel["targets"], panel["title"]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert set(re.findall(r"\$\{?(\w+)", json.dumps(panel))) <= variables | {"__rate_interval"}
        for target in panel["targets"]:
            grouped = re.findall(r"by \(([^)]*)\)", target["expr"])
            kept = {label.strip() for labels in grouped for label in labels.split(",")}
            asked = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert asked <= (kept or EVERYWHERE), panel["title"]


def test_no_two_panels_lie_on_one_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_the_dashboard_shows_every_figure_of_the_server() -> None:
    shown = " ".join(text for _, text in expressions())
    families = {family for family, _ in figures().values() if family.startswith("voice_avatar_")}
    assert [family for family in sorted(families) if f"{family}" not in shown] == []
