"""Runs of every kind, drawn as pages and read again."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import Any

from voice_avatar.bench.figures.results import Figure, Run, Unit
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.figures.waterfall import STEPS

VOID = {"meta"}


class Reader(HTMLParser):
    """Checks that tags are closed in order, and keeps what is asked for from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value or "" for key, value in attrs if key in {"src", "href", "srcset"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def drawings(html: str) -> list[ET.Element]:
    """Returns the drawings; a browser is lenient, an XML parser is not."""
    return [ET.fromstring(text) for text in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]


def texts(html: str) -> str:
    return re.sub(r"<[^>]+>", "\n", html)


def spread(name: str, values: list[float], unit: Unit = "ms", title: str = "") -> Figure:
    return Figure(
        name=name, title=title or name, unit=unit, better="lower", summary=summary(values)
    )


def share(name: str, value: float, note: str = "") -> Figure:
    return Figure(name=name, title=name, unit="%", better="lower", value=value, note=note)


def made(kind: str, figures: list[Figure], items: list[dict[str, Any]], **more: Any) -> Run:
    facts: dict[str, Any] = {
        "started": "2026-11-23T10:00:00+00:00",
        "command": f"voice-avatar bench {kind}",
        "subject": {"name": "voice-avatar", "models": {"stt": {"name": "ear", "sha256": "ab12"}}},
        "machine": {"cpu": "A processor", "cores": 2},
        "revision": "abc123",
        "settings": {},
    }
    return Run(kind=kind, figures=figures, items=items, **(facts | more))


def turn(number_: int, v2v_s: float, clip: str = "clip") -> dict[str, Any]:
    """Returns a turn of equal steps that add up."""
    return {
        "clip": f"{clip}_{number_}",
        "number": number_,
        "v2v_s": v2v_s,
        "reaction_s": 0.15,
        "stages_s": dict.fromkeys(STEPS, v2v_s / len(STEPS)),
        "trouble": [],
    }


def v2v_run(count: int = 16, **more: Any) -> Run:
    """Returns turns of 400, 450, 500 … ms, in no order."""
    waits_s = [0.4 + 0.05 * (7 * number_ % count) for number_ in range(count)]
    figures = [
        spread("v2v", [1000 * wait_s for wait_s in waits_s], title="voice to voice"),
        share("cut_offs", 6.25, "1 of 16, 95 % CI 1.1..28.3 %; taken to be over too early"),
    ]
    items = [turn(number_, wait_s) for number_, wait_s in enumerate(waits_s)]
    return made("v2v", figures, items, **more)


def load_run(**changes: Any) -> Run:
    points = [
        {"sessions": n, "p50_s": 0.4, "p95_s": 0.5 * n, "turns": 5 * n, "missed": 0,
         "underruns": n - 1, "cpu_percent": 20.0 * n, "rss_mb": 900.0 + n, "loop_p99_s": 0.001 * n}
        | changes
        for n in (1, 2, 4)
    ]  # fmt: skip
    held = Figure(name="capacity", title="sessions held", unit="1", better="higher", value=1)
    figures = [held, spread("load.1.v2v", [0.4], "s")]
    return made("load", figures, [], settings={"points": points})


def interrupt_run() -> Run:
    items = [
        {"kind": "speech", "is_cut": True, "noticed_s": 0.2, "told_s": 0.3, "last_sent_s": None,
         "last_played_s": 0.3 + 0.01 * i, "work_drop_s": None}
        for i in range(4)
    ]  # fmt: skip
    return made("interrupt", [share("false_interruptions", 25.0, "1 of 4")], items)


def lipsync_run() -> Run:
    phones = [
        {"phone": name, "heard_s": at_s, "heard_end_s": at_s + 0.1, "shown_s": shown_s,
         "is_closed": True if name == "P" else None}
        for name, at_s, shown_s in (("P", 0.0, 0.02), ("L", 0.1, 0.08), ("IY", 0.2, None))
    ]  # fmt: skip
    items = [{"text": "Plea <b>", "phones": []}, {"text": "Plea <i>", "phones": phones}]
    return made("lipsync", [spread("visemes.offset", [-20.0, 20.0])], items)
