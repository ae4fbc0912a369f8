"""Where the wait of a turn went: the server's marks on the critical path. Pure.

Stages run at once and ahead of time, so a stage counts only for what it adds to the latest stage
before it: the steps are >= 0 and sum to the whole, whatever was hidden behind what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

STEPS: Final = (
    ("stt", "unhidden recognition"),
    ("llm_start", "waiting for the turn model"),
    ("ttft", "first token"),
    ("first_chunk", "first clause"),
    ("ttfa", "first audio of the voice"),
    ("commit", "endpoint wait"),
    ("sent", "egress"),
    ("arrived", "network"),
    ("onset", "playout and silence before the first sound"),
)
"""The stages in causal order: a mark's name -> what its step is called."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A turn's steps.

    Attributes:
        steps_s: mark -> seconds that it added, in the order of `STEPS`.
        network_s: first audio came this long after the server says that it was sent: network, and
            what the two clocks disagree by.
    """

    steps_s: Mapping[str, float]
    network_s: float

    @property
    def total_s(self) -> float:
        """The whole wait."""
        return sum(self.steps_s.values())


def waterfall(
    marks_s: Mapping[str, float], *, zero_s: float, arrived_s: float, onset_s: float
) -> Waterfall:
    """Decomposes a wait.

    Args:
        marks_s: the server's marks, seconds after the end of speech as it heard it.
        zero_s: that end, seconds after the annotated end of speech.
        arrived_s: first audio, likewise.
        onset_s: first sound, likewise: the whole wait.

    Returns:
        Steps that sum to `onset_s`, if that is positive and the last of all.
    """
    at_s = {name: zero_s + mark_s for name, mark_s in marks_s.items()}
    at_s |= {"arrived": arrived_s, "onset": onset_s}
    latest_s, steps_s = 0.0, {}
    for name, _ in STEPS:
        reached_s = min(at_s.get(name, latest_s), onset_s)
        steps_s[name] = max(0.0, reached_s - latest_s)
        latest_s = max(latest_s, reached_s)
    return Waterfall(steps_s, arrived_s - at_s.get("sent", arrived_s))
