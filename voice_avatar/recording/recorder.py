"""Sessions on disk: what came in, what came out, what was heard (see `format.py` for the files).

    step, mic, reply_audio (event loop)  ->  a batch  ->  one thread: the disk

The event loop turns a step into a line and adds it to a batch in memory; when the batch is large
enough it goes to the recording's own thread, which alone knows files. So no wait for a disk is ever
a wait of the conversation. What is on its way to the disk is bounded: a disk that is slower than
the talk for long, or full, or gone, ends the recording with a warning, and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.events.commands import Command, StartReply, WarmPrefix
from voice_avatar.events.inputs import SessionInput
from voice_avatar.events.notices import Notice, ReplyAudio, ReplyDone
from voice_avatar.recording.files import Batch, OpenFile, RecordingFiles, open_new
from voice_avatar.recording.format import (
    FORMAT,
    MIC_FILE,
    STEPS_FILE,
    Head,
    Step,
    reply_file,
    tagged,
)

_log = logging.getLogger(__name__)

BATCH_BYTES: Final = 16 * 1024
"""What is gathered before the thread is woken: less than half a second of a user who is here (32 kB
a second of microphone, about 5 kB of steps). A server that is killed loses as much, and no more."""

LIMIT_BYTES: Final = 8 * 1024 * 1024
"""What may be on its way to the disk: a minute of both sides at 48 kHz. A disk that stands still
for longer would cost a server of many sessions its memory."""

CLOSE_S: Final = 5.0
"""How long the end of a conversation waits for the disk, seconds. A disk that takes longer is given
up: a server that drains has other sessions to end, in 30 s (`ServerOptions.drain_s`)."""


class Recorder:
    """Writes one session; a `pipeline.tape.Tape`. Lives in an event loop, its disk in a thread.

    A disk that fails ends the recording, and never the conversation.
    """

    def __init__(
        self,
        folder: Path | str,
        session_id: str,
        setup: SessionSetup,
        *,
        count_tokens: Callable[[str], int],
        open_file: OpenFile = open_new,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        """Will record to `folder/session_id`, which is made with the first step.

        Args:
            folder: of all recordings.
            session_id: whose this is.
            setup: what the session is made of.
            count_tokens: the LLM's.
            open_file: makes a file; called in the thread.
            limit_bytes: what may be on its way to the disk.
        """
        self._extra = {"session": session_id}
        self._head = msgspec.json.encode(Head(FORMAT, session_id, setup)) + b"\n"
        self._count_tokens = count_tokens
        self._counted: set[str] = set()
        self._told_counts: dict[str, int] = {}
        self._over: set[int] = set()
        self._limit_bytes = limit_bytes
        self._files = RecordingFiles(Path(folder) / session_id, setup.rate_hz, open_file)
        self._thread = ThreadPoolExecutor(1, "recorder")  # makes its thread with the first call
        self._batch = Batch()
        self._under_way: deque[tuple[Future[None], int]] = deque()
        self._under_way_bytes = 0
        self._has_begun = False
        self._has_ended = False
        self._is_broken = False
        self._is_closed = False

    # -- what the conversation tells (`Tape`)

    def step(
        self, now_s: float, event: SessionInput | None, outputs: tuple[Command | Notice, ...]
    ) -> None:
        """Keeps a step of the session."""
        if self._has_ended:
            return
        came = None if event is None else tagged(event)
        # Encoded here and not in the thread: what a step holds may be changed once it is over, and
        # only what is encoded says how much memory it takes.
        told = [tagged(output) for output in outputs]
        line = msgspec.json.encode(Step(now_s, came, told, self._new_counts(outputs))) + b"\n"
        self._add(STEPS_FILE, line)
        if event is None:
            self._hand_over()  # a session that begins is on the disk at once

    def _new_counts(self, outputs: Iterable[Command | Notice]) -> dict[str, int]:
        """Counts the tokens of texts that are in a prompt, or will be, for the first time."""
        told, self._told_counts = self._told_counts, {}
        self._counted.update(told)
        new = {text for output in outputs for text in _texts(output)} - self._counted
        self._counted |= new
        return told | {text: self._count_tokens(text) for text in new}

    def counted(self, text: str, tokens: int) -> None:
        """Keeps a count with the next step: prompts are not always counted as a whole."""
        if not self._has_ended and text not in self._counted:
            self._told_counts[text] = tokens

    def mic(self, pcm: bytes) -> None:
        """Keeps microphone audio."""
        self._add(MIC_FILE, pcm)

    def reply_audio(self, audio: ReplyAudio) -> None:
        """Keeps reply audio, each reply in a file of its own; replies may interleave."""
        if audio.reply_id not in self._over:  # its file would be made anew
            self._add(reply_file(audio.reply_id), audio.pcm)

    def reply_over(self, reply_id: int) -> None:
        """Completes the file of a reply, if it has one."""
        if not self._has_ended:
            self._over.add(reply_id)
            self._batch.complete.append(reply_file(reply_id))

    async def aclose(self) -> None:
        """Ends the recording: all that was told is in its files then. Idempotent.

        Waits at most `CLOSE_S` for the disk, without blocking the loop. What waits for longer is
        lost; whoever is cancelled here leaves the thread to its work.
        """
        if self._is_closed:
            return
        self._is_closed = True
        if not self._has_ended:
            self._hand_over()  # even if nothing is left: a session without a step has a head
        is_told, self._has_ended = self._has_ended, True
        is_done = False
        closed = asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        try:
            async with asyncio.timeout(CLOSE_S):
                # Shielded: to cancel it would take the end of the recording out of the queue.
                await asyncio.shield(closed)
            is_done = True
        except TimeoutError:
            if not is_told:
                _log.warning("the recording ends: the disk does not answer", extra=self._extra)
            self._drop_what_waits()
        finally:
            # A thread at rest ends at once; for one that hangs nobody waits.
            self._thread.shutdown(wait=is_done)

    # -- the way to the disk

    def _add(self, name: str, data: bytes) -> None:
        if self._has_ended:
            return
        self._batch.add(name, data)
        if self._batch.size >= BATCH_BYTES:
            self._hand_over()

    def _hand_over(self) -> None:
        """Gives the batch to the thread, unless too much is on its way already."""
        while self._under_way and self._under_way[0][0].done():
            _, size = self._under_way.popleft()
            self._under_way_bytes -= size
        batch, self._batch = self._batch, Batch()
        if self._under_way_bytes + batch.size > self._limit_bytes:
            self._has_ended = True
            _log.warning("the recording ends: the disk is slower than the talk", extra=self._extra)
            self._drop_what_waits()
            self._thread.submit(self._close)  # once the disk comes back
            return
        self._under_way_bytes += batch.size
        self._under_way.append((self._thread.submit(self._write, batch), batch.size))

    def _drop_what_waits(self) -> None:
        """Takes back what the thread has not begun to write."""
        for future, _ in self._under_way:
            future.cancel()
        self._under_way.clear()

    # -- in the thread

    def _write(self, batch: Batch) -> None:
        def work() -> None:
            if not self._has_begun:
                self._has_begun = True
                self._files.begin(self._head)
            self._files.write(batch)

        self._guarded(work)

    def _close(self) -> None:
        self._guarded(self._files.close)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Does some of the thread's work; a failure ends the recording, and is told once."""
        if self._is_broken:
            return
        try:
            work()
        except OSError as error:
            self._give_up()
            extra = {**self._extra, "errno": error.errno}
            _log.warning("the recording ends: it cannot be written", extra=extra)
        except Exception as error:  # the boundary of the thread: a defect, and nobody to raise to
            self._give_up()
            _log.error("the recording ends: it has failed", exc_info=error, extra=self._extra)

    def _give_up(self) -> None:
        self._is_broken = self._has_ended = True
        with suppress(OSError):  # what its buffers still hold is lost
            self._files.close()


def _texts(output: Command | Notice) -> tuple[str, ...]:
    match output:
        case StartReply(messages=messages) | WarmPrefix(messages=messages):
            return tuple(message.content for message in messages)
        case ReplyDone(spoken_text=text):
            return (text,)
        case _:
            return ()
