"""Figures for Prometheus: what sessions there are, how long replies take, what goes wrong.

Everything is counted from what passes by anyway: notices that go out, events that come in. Nothing
that anybody said is in a label.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from voice_avatar.events.inputs import PlaybackReport, SessionInput
from voice_avatar.events.notices import (
    ErrorNotice,
    Notice,
    ReplyDone,
    ReplyInterrupted,
    ReplyPaused,
    ReplyResumed,
    StageMarks,
    TurnEnded,
    TurnForgotten,
    WarningNotice,
)
from voice_avatar.telemetry.fast_counters import FastCounter, FastHistogram

_BUCKETS_S: Final = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Close together where it matters: people leave 0.2 s between turns, and 1 s feels slow."""

_LATENESS_BUCKETS_S: Final = (
    *(0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.006, 0.007, 0.008, 0.009, 0.01, 0.012),
    *(0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
)
"""From what a timer is late by itself (event loops count milliseconds) to what people hear."""

LOOP_PERIOD_S: Final = 0.02
"""Time between two looks at the event loop: a frame of audio, which it is there to pace."""

_MARKS: Final = ("stt", "commit", "llm_start", "ttft", "first_chunk", "ttfa", "sent")
"""Fields of `StageMarks` without their unit."""

_STAGES: Final = (
    ("llm_first_token", "llm_start", "ttft"),
    ("llm_first_chunk", "ttft", "first_chunk"),
    ("tts_first_audio", "first_chunk", "ttfa"),
)
"""Stage, and the marks between which it works."""

_Kind = Literal["gauge", "counter", "histogram"]

_FIGURES: Final[tuple[tuple[_Kind, str, str, tuple[str, ...]], ...]] = (
    ("gauge", "sessions", "Sessions that are open.", ()),
    ("gauge", "max_sessions", "Sessions that may be open at once.", ()),
    (
        "gauge",
        "waiting_sessions",
        "Sessions without a connection, that wait for their client; counted as open too.",
        (),
    ),
    (
        "counter",
        "session_resumes",
        "Clients that came back to their session: with all of it, with a part of it lost, or to"
        " one that was gone.",
        ("outcome",),
    ),
    ("counter", "sessions_left", "Sessions that were over without their client, by why.", ("why",)),
    (
        "counter",
        "refused_tokens",
        "Callers refused for their token: it was wrong, or not looked at after too many wrong ones"
        " from their address.",
        ("why",),
    ),
    (
        "counter",
        "sent_away",
        "Connections closed for newer ones: silent ones without a session, or without a hello.",
        ("which",),
    ),
    ("counter", "closes", "Connections closed, by code.", ("code",)),
    (
        "histogram",
        "reply_mark_seconds",
        "From the end of the user's speech (of a typed turn: from its commit) until each mark"
        " of the reply; 0 for what was done before.",
        ("mark", "turn"),
    ),
    (
        "histogram",
        "stage_seconds",
        "Time that a stage took until its first result, spoken turns only.",
        ("stage",),
    ),
    ("counter", "turns", "Turns of users, by what ended them.", ("reason",)),
    ("counter", "dropped_turns", "Turns of users that were none, by why.", ("reason",)),
    ("counter", "replies", "Replies that are over, by how.", ("status",)),
    ("counter", "speculative_replies", "Replies begun before their turn was committed.", ()),
    (
        "counter",
        "wasted_tokens",
        "Tokens written for replies that were withdrawn before any of them was sent.",
        (),
    ),
    ("counter", "interrupts", "Replies interrupted, by what.", ("reason",)),
    ("counter", "pauses", "Replies paused, because a voice was heard over them.", ()),
    ("counter", "resumes", "Paused replies that went on: it was no interruption.", ()),
    ("counter", "underruns", "Times that a client ran out of audio.", ()),
    ("counter", "errors", "Errors told to clients, by code.", ("code",)),
    ("counter", "warnings", "Warnings told to clients, by code.", ("code",)),
    ("gauge", "running_replies", "Replies that are worked on, those that speculate too.", ()),
    ("gauge", "running_requests", "Generations that the language model has under way.", ()),
    (
        "gauge",
        "engine_hung",
        "Whether the engine of a stage hangs, or is just being replaced: 1 or 0.",
        ("stage",),
    ),
    ("gauge", "outbox_items", "Notices that wait to be sent.", ()),
)
"""Kind, name without "voice_avatar_", what it says of itself, and its labels. Histograms are of
seconds, in `_BUCKETS_S`. What is counted frame by frame is not among them, see `Metrics`."""


class Metrics:
    """The counters of one server, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._gauges: dict[str, Gauge] = {}
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}
        for kind, name, documentation, labels in _FIGURES:
            whole = f"voice_avatar_{name}"
            match kind:
                case "gauge":
                    self._gauges[name] = Gauge(whole, documentation, labels, registry=registry)
                case "counter":
                    self._counters[name] = Counter(whole, documentation, labels, registry=registry)
                case "histogram":
                    self._histograms[name] = Histogram(
                        whole, documentation, labels, buckets=_BUCKETS_S, registry=registry
                    )
        # What passes with every frame is counted without a lock, see `FastCounter`.
        self._lateness = FastHistogram(
            "voice_avatar_loop_lateness_seconds",
            "How late the event loop came to what was due.",
            _LATENESS_BUCKETS_S,
        )
        self._pacing = FastHistogram(
            "voice_avatar_pacing_lateness_seconds",
            "How late frames of reply audio went out against the playout schedule: after the time"
            " at which they were made, committed and allowed.",
            _LATENESS_BUCKETS_S,
        )
        self._bytes = FastCounter(
            "voice_avatar_bytes", "Payload of WebSocket frames.", "direction", ("in", "out")
        )
        for counters in (self._lateness, self._pacing, self._bytes):
            registry.register(counters)

    def set_limit(self, sessions: int) -> None:
        """So many sessions may be open at once."""
        self._gauges["max_sessions"].set(sessions)

    def session_opened(self) -> None:
        """A session was opened."""
        self._gauges["sessions"].inc()

    def session_closed(self) -> None:
        """A session that was opened is over."""
        self._gauges["sessions"].dec()

    def session_left(self, why: str) -> None:
        """A session without a connection is over: "expired", "evicted", "failed" or "shutdown"."""
        self._counters["sessions_left"].labels(why).inc()

    def note_resumed(self, *, is_lost: bool) -> None:
        """A session was resumed; `is_lost` tells whether the client misses some of it."""
        self._counters["session_resumes"].labels("lost" if is_lost else "whole").inc()

    def note_resume_failed(self) -> None:
        """A client came back to a session that is gone."""
        self._counters["session_resumes"].labels("failed").inc()

    def set_waiting(self, sessions: int) -> None:
        """So many sessions wait for their client."""
        self._gauges["waiting_sessions"].set(sessions)

    def note_refused_token(self, why: str) -> None:
        """A caller's token was "wrong", or not looked at: "throttled"."""
        self._counters["refused_tokens"].labels(why).inc()

    def note_sent_away(self, which: str) -> None:
        """A connection had to go for a newer one: a "silent" one, or one that owed a "hello"."""
        self._counters["sent_away"].labels(which).inc()

    def connection_closed(self, code: int | None) -> None:
        """A connection is closed; None = the client vanished."""
        self._counters["closes"].labels("none" if code is None else str(code)).inc()

    def note(self, notice: Notice) -> None:
        """A notice goes out."""
        match notice:
            case StageMarks():
                self._note_marks(notice)
            case TurnEnded(reason=reason):
                self._counters["turns"].labels(reason).inc()
            case TurnForgotten(reason=reason):
                self._counters["dropped_turns"].labels(reason).inc()
            case ReplyDone(status=status):
                self._counters["replies"].labels(status).inc()
            case ReplyInterrupted(reason=reason):
                self._counters["interrupts"].labels(reason).inc()
            case ReplyPaused():
                self._counters["pauses"].inc()
            case ReplyResumed():
                self._counters["resumes"].inc()
            case ErrorNotice(code=code):
                self._counters["errors"].labels(code).inc()
            case WarningNotice(code=code):
                self._counters["warnings"].labels(code).inc()
            case _:
                pass

    def _note_marks(self, marks: StageMarks) -> None:
        # A typed turn begins with its text; a greeting answers no turn.
        turn = "voice" if marks.stt_s else "text"
        at_s: dict[str, float | None] = {name: getattr(marks, f"{name}_s") for name in _MARKS}
        for name, mark_s in at_s.items():
            if mark_s is not None:
                self._histograms["reply_mark_seconds"].labels(name, turn).observe(max(0.0, mark_s))
        self._counters["wasted_tokens"].inc(marks.wasted_tokens)
        if marks.is_speculative:
            self._counters["speculative_replies"].inc()
        if turn == "text":
            return
        for stage, since, until in _STAGES:
            start_s, end_s = at_s[since], at_s[until]
            if start_s is not None and end_s is not None:
                self._histograms["stage_seconds"].labels(stage).observe(max(0.0, end_s - start_s))

    def note_input(self, event: SessionInput) -> None:
        """A client's event comes in."""
        if isinstance(event, PlaybackReport) and event.state == "stalled":
            self._counters["underruns"].inc()

    def note_bytes(self, received: int, sent: int) -> None:
        """Bytes of payload came in and went out."""
        self._bytes.counts["in"] += received
        self._bytes.counts["out"] += sent

    def note_pacing(self, frames: int, late_s: float) -> None:
        """Frames of reply audio go out, so late against the playout schedule, seconds."""
        self._pacing.observe(max(0.0, late_s), frames)

    def set_backlog(self, notices: int) -> None:
        """So many notices wait to be sent, in all sessions together."""
        self._gauges["outbox_items"].set(notices)

    def set_running(self, *, replies: int, requests: int) -> None:
        """So many replies and generations are under way, in all sessions together."""
        self._gauges["running_replies"].set(replies)
        self._gauges["running_requests"].set(requests)

    def set_hung(self, stage: str, is_hung: bool) -> None:
        """The engine of a stage hangs, or does so no more."""
        self._gauges["engine_hung"].labels(stage).set(is_hung)

    def note_lateness(self, late_s: float) -> None:
        """The event loop came so late to what was due, seconds."""
        self._lateness.observe(max(0.0, late_s))

    def exposition(self) -> tuple[bytes, str]:
        """Returns all figures as Prometheus reads them, and their content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


async def watch_loop(
    note_lateness: Callable[[float], None], *, clock: Callable[[], float] = time.monotonic
) -> None:
    """Measures how late the event loop comes, every `LOOP_PERIOD_S`, until it is cancelled.

    What blocks the loop delays every frame of every session, and shows here whatever it is.
    """
    while True:
        due_s = clock() + LOOP_PERIOD_S
        await asyncio.sleep(LOOP_PERIOD_S)
        note_lateness(clock() - due_s)
