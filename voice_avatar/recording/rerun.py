"""A recorded session run again, to see whether the same comes out.

A session is pure, so `rerun` feeds the recorded inputs with their recorded times to a new one and
compares what comes out: a defect that somebody met once can be met again on a desk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from voice_avatar.conversation.session import Session
from voice_avatar.errors import ConfigError
from voice_avatar.events.inputs import SessionInput
from voice_avatar.recording.format import (
    FORMAT,
    HEAD_FILE,
    STEPS_FILE,
    Head,
    Step,
    completed,
    input_of,
    tagged,
)
from voice_avatar.stages.llm import estimate_tokens


@dataclass(frozen=True, slots=True)
class RerunReport:
    """How a session went the second time.

    Attributes:
        session_id: which session.
        steps: steps that were compared.
        differences: one text for each step whose outputs differ.
    """

    session_id: str
    steps: int
    differences: tuple[str, ...]


def recordings(folder: Path) -> tuple[Path, ...]:
    """Returns the folder itself if it is a recording, else the recordings in it.

    Raises:
        ConfigError: there is none.
    """
    if (folder / HEAD_FILE).is_file():
        return (folder,)
    found = tuple(sorted(path.parent for path in folder.glob(f"*/{HEAD_FILE}")))
    if not found:
        raise ConfigError(f"There is no recorded session in {folder}.")
    return found


def rerun(folder: Path) -> RerunReport:
    """Runs the recorded session in `folder` again and compares every step.

    A server that was killed leaves its last line unfinished: it is left out. One thing may
    differ without a defect: a message too long for the model's window is cut in its prompt by token
    counts that are not recorded.

    Raises:
        ConfigError: it cannot be read, or was written in another format.
    """
    try:
        head = msgspec.json.decode((folder / HEAD_FILE).read_bytes(), type=Head)
        if head.format != FORMAT:
            raise ConfigError(f"The recording has format {head.format}, not {FORMAT}.")
        *lines, _unfinished = (folder / STEPS_FILE).read_bytes().split(b"\n")
        steps = [msgspec.json.decode(line, type=Step) for line in lines]
        inputs = [None if step.event is None else input_of(step.event) for step in steps]
    except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"The recording in {folder} cannot be read: {error}.") from error
    return RerunReport(head.session_id, len(steps), tuple(_differences(head, steps, inputs)))


def _differences(head: Head, steps: list[Step], inputs: list[SessionInput | None]) -> Iterator[str]:
    counts: dict[str, int] = {}
    for step in steps:
        counts |= step.tokens
    session = Session(
        head.setup,
        count_tokens=lambda text: counts.get(text, estimate_tokens(text)),
        now_s=steps[0].now_s if steps else 0.0,
    )
    for number, (step, event) in enumerate(zip(steps, inputs, strict=True)):
        at_s = step.now_s
        outputs = session.start(at_s) if event is None else session.receive(event, at_s)
        now = msgspec.json.decode(msgspec.json.encode([tagged(output) for output in outputs]))
        if now != [completed(output) for output in step.outputs]:
            what = "start" if event is None else type(event).__name__
            yield (
                f"step {number} at {at_s - steps[0].now_s:.3f} s, {what}:\n"
                f"  recorded {_shown(step.outputs)}\n  now      {_shown(now)}"
            )


def _shown(outputs: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(outputs).decode()
