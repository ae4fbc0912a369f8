"""What is in a recording's files: shared by what writes them and what runs them again. Pure.

A recording is a folder `DIR/<session id>` with

- `session.json`: what the session was made of (`Head`);
- `events.jsonl`: one step of the session a line (`Step`): when, what came in, what came out;
- `mic.wav`: the microphone as the server heard it, 16 kHz;
- `reply-<id>.wav`: each reply as it was sent.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import Any, Final, get_args

import msgspec

from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.events.commands import Command
from voice_avatar.events.inputs import SessionInput
from voice_avatar.events.notices import Notice

FORMAT: Final = 2
"""Version of the files; others are refused."""

HEAD_FILE: Final = "session.json"
STEPS_FILE: Final = "events.jsonl"
MIC_FILE: Final = "mic.wav"

_INPUTS: Final[dict[str, type[SessionInput]]] = {
    kind.__name__: kind for kind in get_args(SessionInput)
}
"""Every kind of input by the name that a line calls it by; nothing else is ever made of a line."""


_OUTPUTS: Final[dict[str, type[Any]]] = {
    kind.__name__: kind for kind in (*get_args(Command), *get_args(Notice))
}
"""Every kind of output, likewise."""


def reply_file(reply_id: int) -> str:
    """Returns the name of the file that keeps a reply."""
    return f"reply-{reply_id}.wav"


@dataclass(frozen=True, slots=True)
class Head:
    """What a recorded session was made of.

    Attributes:
        format: version of the files.
        session_id: its id.
        setup: what it was made from.
    """

    format: int
    session_id: str
    setup: SessionSetup


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the steps' file.

    Attributes:
        now_s: when, on the clock of the recording server.
        event: what came in, by `tagged`; None = the start.
        outputs: what came out, by `tagged`.
        tokens: text -> tokens, of texts that a prompt held for the first time.
    """

    now_s: float
    event: dict[str, Any] | None
    outputs: list[dict[str, Any]]
    tokens: dict[str, int]


def tagged(item: object) -> dict[str, Any]:
    """Returns an event or output as a JSON-ready object that names its type."""
    return {"type": type(item).__name__, **msgspec.to_builtins(item)}


def input_of(tagged: dict[str, Any]) -> SessionInput:
    """Returns the input that `tagged` wrote.

    Raises:
        ValidationError: there is none such, or its fields are not those of its type.
    """
    values = dict(tagged)
    kind = _INPUTS.get(str(values.pop("type", "")))
    if kind is None:
        raise msgspec.ValidationError(f"{tagged.get('type')!r} is no input of a session")
    event: SessionInput = msgspec.convert(values, kind)
    return event


def completed(tagged: dict[str, Any]) -> dict[str, Any]:
    """Returns a recorded output with what its type has gained since, as it was without it."""
    kind = _OUTPUTS.get(str(tagged.get("type", "")))
    if kind is None:
        return tagged
    gained = [it for it in fields(kind) if it.name not in tagged and it.default is not MISSING]
    return {**tagged, **{it.name: msgspec.to_builtins(it.default) for it in gained}}
