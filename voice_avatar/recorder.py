"""Sessions on disk: what came in, what came out, what was heard; and the same session again.

A recording is a folder `DIR/<session id>` with

- `session.json`: what the session was made of (`Head`);
- `events.jsonl`: one step of the session a line: when, what came in, what came out;
- `mic.wav`: the microphone as the server heard it, 16 kHz;
- `reply-<id>.wav`: each reply as it was sent.

A session is pure, so `replay` feeds the recorded inputs with their recorded times to a new one and
compares what comes out: a defect that somebody met once can be met again on a desk.
"""

from __future__ import annotations

import logging
import wave
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import MISSING, dataclass, fields, is_dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Any, Final

import msgspec

from voice_avatar import events
from voice_avatar.conversation.session import Session
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.errors import ConfigError
from voice_avatar.events import (
    MIC_HZ,
    CancelReply,
    Command,
    Notice,
    ReplyAudio,
    ReplyDone,
    SessionInput,
    StartReply,
    WarmPrefix,
)
from voice_avatar.llm import estimate_tokens

_log = logging.getLogger(__name__)

FORMAT: Final = 2
"""Version of the files; others are refused."""

_HEAD_FILE: Final = "session.json"
_STEPS_FILE: Final = "events.jsonl"


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
class _Step:
    """A line of the steps' file.

    Attributes:
        now_s: when, on the clock of the recording server.
        event: what came in, by `_tagged`; None = the start.
        outputs: what came out, by `_tagged`.
        tokens: text -> tokens, of texts that a prompt held for the first time.
    """

    now_s: float
    event: dict[str, Any] | None
    outputs: list[dict[str, Any]]
    tokens: dict[str, int]


def _tagged(item: object) -> dict[str, Any]:
    """Returns an event or output as a JSON-ready object that names its type."""
    return {"type": type(item).__name__, **msgspec.to_builtins(item)}


class Recording:
    """Writes one session; a `pipeline.Tape`.

    A disk that fails ends the recording, and never the conversation.
    """

    def __init__(
        self,
        folder: Path | str,
        session_id: str,
        setup: SessionSetup,
        *,
        count_tokens: Callable[[str], int],
    ) -> None:
        """Begins `folder/session_id`; `count_tokens` is the LLM's."""
        self._folder = Path(folder) / session_id
        self._rate_hz = setup.rate_hz
        self._count_tokens = count_tokens
        self._counted: set[str] = set()
        self._steps: BufferedWriter | None = None
        self._mic: wave.Wave_write | None = None
        self._replies: dict[int, wave.Wave_write] = {}
        head = Head(FORMAT, session_id, setup)
        self._guarded(lambda: self._open(head))

    def _open(self, head: Head) -> None:
        self._folder.mkdir(mode=0o700, parents=True)
        (self._folder / _HEAD_FILE).write_bytes(msgspec.json.encode(head) + b"\n")
        self._steps = (self._folder / _STEPS_FILE).open("wb")
        self._mic = _wav(self._folder / "mic.wav", MIC_HZ)

    def step(
        self, now_s: float, event: SessionInput | None, outputs: tuple[Command | Notice, ...]
    ) -> None:
        """Writes a step of the session."""
        if self._steps is None:
            return
        told = [_tagged(output) for output in outputs]
        came = None if event is None else _tagged(event)
        line = msgspec.json.encode(_Step(now_s, came, told, self._new_counts(outputs))) + b"\n"
        steps = self._steps
        self._guarded(lambda: steps.write(line))
        self._guarded(lambda: self._end_cancelled(outputs))

    def _new_counts(self, outputs: Iterable[Command | Notice]) -> dict[str, int]:
        """Counts the tokens of texts that are in a prompt, or will be, for the first time."""
        new = {text for output in outputs for text in _texts(output)} - self._counted
        self._counted |= new
        return {text: self._count_tokens(text) for text in new}

    def mic(self, pcm: bytes) -> None:
        """Writes microphone audio."""
        if (wav := self._mic) is not None:
            self._guarded(lambda: wav.writeframesraw(pcm))

    def reply_audio(self, audio: ReplyAudio) -> None:
        """Writes reply audio, each reply to a file of its own: several may go out in turns."""
        if self._steps is not None:
            self._guarded(lambda: self._write_reply(audio))

    def _write_reply(self, audio: ReplyAudio) -> None:
        reply = self._replies.get(audio.reply_id)
        if reply is None:
            path = self._folder / f"reply-{audio.reply_id}.wav"
            if path.exists():  # it was cancelled, and some of it was on its way
                return
            reply = self._replies[audio.reply_id] = _wav(path, self._rate_hz)
        reply.writeframesraw(audio.pcm)
        if audio.is_last:
            self._end_reply(audio.reply_id)

    def _end_cancelled(self, outputs: Iterable[Command | Notice]) -> None:
        for output in outputs:
            if isinstance(output, CancelReply):
                self._end_reply(output.reply_id)

    def _end_reply(self, reply_id: int) -> None:
        if (reply := self._replies.pop(reply_id, None)) is not None:
            reply.close()

    def close(self) -> None:
        """Ends the recording."""
        self._guarded(self._close)

    def _close(self) -> None:
        """Closes every file, even where closing another one fails."""
        files = (*self._replies.values(), self._mic, self._steps)
        self._replies.clear()
        self._mic = self._steps = None
        with ExitStack() as closing:
            for file in files:
                if file is not None:
                    closing.callback(file.close)

    def _guarded(self, write: Callable[[], object]) -> None:
        try:
            write()
        except OSError as error:
            with suppress(OSError):  # what its buffers still hold is lost
                self._close()
            extra = {"session": self._folder.name, "errno": error.errno}
            _log.warning("the recording ends: it cannot be written", extra=extra)


def _wav(path: Path, rate_hz: int) -> wave.Wave_write:
    path.touch()  # a path that cannot be written fails here, before there is half an object
    wav = wave.open(str(path), "wb")  # noqa: SIM115 - closed with the recording
    wav.setnchannels(1)
    wav.setsampwidth(2)
    wav.setframerate(rate_hz)
    return wav


def _texts(output: Command | Notice) -> tuple[str, ...]:
    match output:
        case StartReply(messages=messages) | WarmPrefix(messages=messages):
            return tuple(message.content for message in messages)
        case ReplyDone(spoken_text=text):
            return (text,)
        case _:
            return ()


# -- again


@dataclass(frozen=True, slots=True)
class ReplayReport:
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
    if (folder / _HEAD_FILE).is_file():
        return (folder,)
    found = tuple(sorted(path.parent for path in folder.glob(f"*/{_HEAD_FILE}")))
    if not found:
        raise ConfigError(f"There is no recorded session in {folder}.")
    return found


def replay(folder: Path) -> ReplayReport:
    """Runs the recorded session in `folder` again and compares every step.

    A server that was killed leaves its last line unfinished: it is left out. One thing may
    differ without a defect: a message too long for the model's window is cut in its prompt by token
    counts that are not recorded.

    Raises:
        ConfigError: it cannot be read, or was written in another format.
    """
    try:
        head = msgspec.json.decode((folder / _HEAD_FILE).read_bytes(), type=Head)
        if head.format != FORMAT:
            raise ConfigError(f"The recording has format {head.format}, not {FORMAT}.")
        *lines, _unfinished = (folder / _STEPS_FILE).read_bytes().split(b"\n")
        steps = [msgspec.json.decode(line, type=_Step) for line in lines]
        inputs = [None if step.event is None else _input(step.event) for step in steps]
    except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"The recording in {folder} cannot be read: {error}.") from error
    return ReplayReport(head.session_id, len(steps), tuple(_differences(head, steps, inputs)))


def _input(tagged: dict[str, Any]) -> SessionInput:
    """Returns the event that `_tagged` wrote. Raises ValidationError where there is none."""
    values = dict(tagged)
    kind = getattr(events, str(values.pop("type", "")), None)
    if not isinstance(kind, type) or not issubclass(kind, SessionInput):
        raise msgspec.ValidationError(f"{tagged.get('type')!r} is no input of a session")
    event: SessionInput = msgspec.convert(values, kind)
    return event


def _differences(
    head: Head, steps: list[_Step], inputs: list[SessionInput | None]
) -> Iterator[str]:
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
        now = msgspec.json.decode(msgspec.json.encode([_tagged(output) for output in outputs]))
        if now != [_completed(output) for output in step.outputs]:
            what = "start" if event is None else type(event).__name__
            yield (
                f"step {number} at {at_s - steps[0].now_s:.3f} s, {what}:\n"
                f"  recorded {_shown(step.outputs)}\n  now      {_shown(now)}"
            )


def _completed(tagged: dict[str, Any]) -> dict[str, Any]:
    """Returns a recorded output with what its type has gained since, as it was without it."""
    kind = getattr(events, str(tagged.get("type", "")), None)
    if not isinstance(kind, type) or not is_dataclass(kind):
        return tagged
    gained = [it for it in fields(kind) if it.name not in tagged and it.default is not MISSING]
    return {**tagged, **{it.name: msgspec.to_builtins(it.default) for it in gained}}


def _shown(outputs: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(outputs).decode()
