"""Whether an engine hangs: the decision. Pure; `engine_guard.py` looks, asks and replaces.

A call that lasts too long is a hang. So that one is also seen where nobody talks, each engine is
asked for next to nothing (a beat) whenever all of them have been idle for a while. How long a call
lasts is counted from the look that saw it first: the threads only say which calls they are in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

STAGES: Final = ("vad", "turn", "stt", "llm", "tts")
"""Stages that are watched; a denoiser works in the VAD's thread, and is watched with it."""

_SHARES: Final = {"vad": 1 / 3, "turn": 1 / 3, "tts": 2 / 3}
"""Part of `hang_s` after which a call hangs: milliseconds of work, and a piece of speech. 1 for
those that may have half a minute of speech, or a long prompt, to read on a busy machine."""

AGAIN_S: Final = 60.0
"""A stage that hangs again within this time of its last hang is beyond help."""


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """When an engine hangs.

    Attributes:
        hang_s: longest call, seconds.
        beat_s: idle time after which the engines are asked, seconds.
        look_s: time between two looks, seconds.
        watched_only: stages whose engine runs elsewhere: to load it again would help nobody, so its
            hang is told, and over when it answers.
    """

    hang_s: float = 15.0
    beat_s: float = 10.0
    look_s: float = 0.5
    watched_only: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Vital:
    """What is seen of a stage at one look.

    Attributes:
        running: calls that are in the engine: number, and whether it is a beat. Numbers of one
            stage are never used twice.
        begun: calls that were ever asked for, beats left out.
    """

    running: tuple[tuple[int, bool], ...] = ()
    begun: int = 0


@dataclass(frozen=True, slots=True)
class Beat:
    """Ask the stage whether it still answers."""

    stage: str


@dataclass(frozen=True, slots=True)
class Hang:
    """The stage hangs; `is_again`: it did so a moment ago. `is_ours`: it can be replaced."""

    stage: str
    is_again: bool
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Recovery:
    """A stage that runs elsewhere answers again."""

    stage: str


Action = Beat | Hang | Recovery


class EngineWatch:
    """Sees which stages hang. Time is an argument.

    Attributes:
        hung: stages that hang, in the order in which they were seen.
    """

    def __init__(self, options: WatchOptions) -> None:
        self._options = options
        self._seen: dict[tuple[str, int], float] = {}
        self._last_hang: dict[str, float] = {}
        self._asked_s: dict[str, float] = {}
        self._begun = -1
        self._idle_since_s = 0.0
        self._looked_s: float | None = None
        self._awake_s = 0.0
        self.hung: tuple[str, ...] = ()

    def look(self, vitals: Mapping[str, Vital], now_s: float) -> tuple[Action, ...]:
        """Returns what is to be done.

        Args:
            vitals: of the stages that there are.
            now_s: any clock that goes on, seconds.
        """
        now_s = self._awake(now_s)
        running = {
            (stage, number): is_beat
            for stage, vital in vitals.items()
            for number, is_beat in vital.running
        }
        self._seen = {call: self._seen.get(call, now_s) for call in running}
        actions: list[Action] = []
        for stage in vitals:
            is_late = any(
                now_s - self._seen[call] >= self._limit_s(stage, is_beat=is_beat)
                for call, is_beat in running.items()
                if call[0] == stage
            )
            is_ours = stage not in self._options.watched_only
            if is_late and stage not in self.hung:
                last_s = self._last_hang.get(stage)
                is_again = last_s is not None and now_s - last_s < AGAIN_S
                self._last_hang[stage] = now_s
                self.hung = (*self.hung, stage)
                actions.append(Hang(stage, is_again, is_ours))
            elif not is_late and stage in self.hung and not is_ours:
                self.recovered(stage)
                actions.append(Recovery(stage))
        actions += self._doubts(running, now_s)
        actions += self._hopes(running, now_s)
        # What hangs may do so for long, and says nothing of the others.
        is_busy = any(stage not in self.hung for stage, _ in running)
        actions += self._beats(vitals, now_s, is_busy=is_busy)
        return tuple(actions)

    def _doubts(self, running: Mapping[tuple[str, int], bool], now_s: float) -> tuple[Beat, ...]:
        """Asks a language model that has said nothing for long: it may be at a long prompt.

        No other engine can be asked while it is in a call.
        """
        limit_s = self._limit_s("llm", is_beat=False)
        is_slow = any(
            stage == "llm" and not is_beat and now_s - self._seen[stage, number] >= limit_s / 2
            for (stage, number), is_beat in running.items()
        )
        is_asked = any(stage == "llm" and is_beat for (stage, _), is_beat in running.items())
        last_s = self._asked_s.get("llm", now_s - limit_s)
        if not is_slow or is_asked or "llm" in self.hung or now_s - last_s < limit_s / 4:
            return ()
        self._asked_s["llm"] = now_s
        return (Beat("llm"),)

    def _hopes(self, running: Mapping[tuple[str, int], bool], now_s: float) -> tuple[Beat, ...]:
        """Asks what hangs elsewhere: while it is not asked for anything, nothing tells its end."""
        asked = {stage for (stage, _), is_beat in running.items() if is_beat}
        due = [
            stage
            for stage in self.hung
            if stage in self._options.watched_only
            and stage not in asked
            and now_s - self._asked_s.get(stage, self._last_hang[stage]) >= self._options.beat_s
        ]
        self._asked_s |= dict.fromkeys(due, now_s)
        return tuple(Beat(stage) for stage in due)

    def recovered(self, stage: str) -> None:
        """The stage answers again, or another engine does in its place."""
        self.hung = tuple(other for other in self.hung if other != stage)

    def _limit_s(self, stage: str, *, is_beat: bool) -> float:
        options = self._options
        if is_beat:  # seen within `hang_s` of the last time that it was known to be well
            return options.hang_s - options.beat_s
        return options.hang_s * _SHARES.get(stage, 1.0)

    def _awake(self, now_s: float) -> float:
        """Returns a clock that leaves out when nobody looked.

        If the machine sleeps, or the server itself stands still, then no engine is to blame.
        """
        if self._looked_s is not None:
            self._awake_s += min(max(0.0, now_s - self._looked_s), 2 * self._options.look_s)
        self._looked_s = now_s
        return self._awake_s

    def _beats(
        self, vitals: Mapping[str, Vital], now_s: float, *, is_busy: bool
    ) -> tuple[Beat, ...]:
        begun = sum(vital.begun for vital in vitals.values())
        if is_busy or begun != self._begun:
            self._begun = begun
            self._idle_since_s = now_s
        if now_s - self._idle_since_s < self._options.beat_s:
            return ()
        self._idle_since_s = now_s
        return tuple(Beat(stage) for stage in vitals if stage not in self.hung)
