"""Where the wait of a turn went: the server's marks on the critical path. Pure.

Stages run at once and ahead of time, so a stage counts only for what it adds to the latest stage
before it: the steps are >= 0 and sum to the whole, whatever was hidden behind what. The endpoint
wait is the turn's commit. Where the model was asked only after the commit, the commit comes first
and hides the recognition; where work ran ahead of it, it comes last and counts for what is left of
it when the voice was ready.

The server tells its marks from the end of speech by its own ear, on its own clock. They are placed
by the first audio, which both sides saw: sent there, arrived here. Where that puts the end of
speech is compared with where the microphone's samples put it: the residual.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

STEPS: Final = {
    "noticed": "noticing the pause",
    "commit": "endpoint wait",
    "stt": "unhidden recognition",
    "llm_start": "before the model was asked",
    "ttft": "first token",
    "first_chunk": "first clause",
    "ttfa": "first audio of the voice",
    "sent": "egress",
    "onset": "playout, and silence before the first sound",
}
"""A mark's name -> what its step is called."""

_WORK: Final = ("stt", "llm_start", "ttft", "first_chunk", "ttfa")


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A turn's steps.

    Attributes:
        steps_s: mark -> seconds that it added, in the order in which they count.
        residual_s: how much later the first audio came than the server's marks and the
            microphone's samples say: network there and back, and up to a frame and a window of
            what server and bench disagree by on when a sample was heard.
    """

    steps_s: Mapping[str, float]
    residual_s: float

    @property
    def total_s(self) -> float:
        """The whole wait."""
        return sum(self.steps_s.values())


def waterfall(
    marks_s: Mapping[str, float],
    *,
    zero_s: float | None,
    arrived_s: float,
    onset_s: float,
    noticed_s: float | None = None,
) -> Waterfall:
    """Decomposes a wait.

    Args:
        marks_s: the server's marks, seconds after the end of speech as it heard it.
        zero_s: that end by the microphone's samples, seconds after the annotated end of speech;
            None = not told.
        arrived_s: first audio, likewise.
        onset_s: first sound, likewise: the whole wait.
        noticed_s: the word that the user may have ended, likewise; None = it did not come.

    Returns:
        Steps that sum to `onset_s`, or to 0 where that is negative.
    """
    sent_s = marks_s.get("sent")
    anchor_s = (zero_s or 0.0) if sent_s is None else arrived_s - sent_s
    at_s = {name: anchor_s + mark_s for name, mark_s in marks_s.items()} | {"onset": onset_s}
    if noticed_s is not None:
        at_s["noticed"] = noticed_s
    latest_s, steps_s = 0.0, {}
    for name in _order(marks_s):
        reached_s = min(at_s.get(name, latest_s), onset_s)
        steps_s[name] = max(0.0, reached_s - latest_s)
        latest_s = max(latest_s, reached_s)
    return Waterfall(steps_s, 0.0 if zero_s is None else anchor_s - zero_s)


def _order(marks_s: Mapping[str, float]) -> tuple[str, ...]:
    """Returns the steps in the order in which one waits for the other."""
    commit_s, asked_s = marks_s.get("commit"), marks_s.get("llm_start")
    if commit_s is not None and asked_s is not None and commit_s > asked_s:
        return ("noticed", *_WORK, "commit", "sent", "onset")
    return ("noticed", "commit", *_WORK, "sent", "onset")
