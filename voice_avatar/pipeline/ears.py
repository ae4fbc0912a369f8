"""The microphone of one conversation: packets in, windows heard, events for the session.

    hear (event loop)  ->  VAD thread, shared with all conversations  ->  _listened (event loop)

At most one batch of a conversation is in the thread at a time. What comes meanwhile waits here and
goes with the next hop, so a server that is busy makes larger batches and not more of them; what
waits for longer than `_WINDOW_LIMIT` windows is dropped from its old end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from voice_avatar.audio.pcm import AudioHistory, silence
from voice_avatar.conversation.session import Session
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.errors import VadFailed
from voice_avatar.events.inputs import VadFrame
from voice_avatar.events.notices import ErrorNotice, Notice, WarningNotice
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES, AudioWindow
from voice_avatar.hearing.analysis import Analysis, AnalysisRequest, HeardWindow
from voice_avatar.hearing.capture import Capture
from voice_avatar.hearing.condition import FAULTS
from voice_avatar.hearing.echo import EchoGuard
from voice_avatar.hearing.echo_reference import EchoReference
from voice_avatar.pipeline.outbox import Outbox
from voice_avatar.pipeline.owner import ConversationOwner
from voice_avatar.pipeline.tape import Tape
from voice_avatar.pipeline.workers import Workers
from voice_avatar.stages.vad import VadEngine

HISTORY_S = 35
"""Microphone audio kept, seconds: the longest segment decoded, its pre-roll and some slack."""

_WINDOW_LIMIT = 400
"""Windows that may wait for the VAD (12.8 s, more than a stalled line brings together at once):
beyond, the oldest are dropped."""

_BATCH_WINDOWS = 64
"""Windows that go to the VAD together (2 s): nobody else is heard meanwhile."""


class Ears:
    """Hears one user. Lives in the event loop; only the engines' work is done in a thread.

    Attributes:
        history: the microphone as it was heard, on the session's sample clock; bounded.
    """

    def __init__(
        self,
        workers: Workers,
        setup: SessionSetup,
        *,
        session: Session,
        outbox: Outbox,
        owner: ConversationOwner,
        clock: Callable[[], float],
        tape: Tape | None = None,
    ) -> None:
        """Begins in silence.

        Args:
            workers: the engines and their threads.
            setup: what the conversation is made of.
            session: asked what is wanted of the windows, and what is being played.
            outbox: where failures and warnings are told.
            owner: takes what was heard.
            clock: the conversation's, seconds.
            tape: keeps what was heard; None = nobody does.
        """
        self._workers = workers
        self._batcher = workers.hearing
        self._options = setup.capture
        self._session = session
        self._outbox = outbox
        self._owner = owner
        self._clock = clock
        self._tape = tape
        self._setup = setup
        self._began_s = clock()
        self._missing = 0
        self._reference = EchoReference(setup.rate_hz) if setup.hears_itself else None
        self._vad: VadEngine | None = None
        self._analysis = self._opened()
        self._capture: Capture | None = None
        self.history = AudioHistory(HISTORY_S * MIC_HZ)
        self._windows: deque[AudioWindow] = deque()
        self._is_overrun = False
        self._is_hearing = False
        self._all_heard = asyncio.Event()
        self._all_heard.set()

    def hear(self, pcm: bytes, rate_hz: int, pts: int | None = None) -> None:
        """Takes microphone audio. Never blocks.

        Args:
            pcm: samples at `rate_hz`.
            rate_hz: the client's rate; it may change.
            pts: index of the first sample on the client's clock.

        Raises:
            AudioUnsupported: the rate is out of range.
            AudioInvalid: not whole samples.
        """
        capture = self._capture
        if capture is None or capture.rate_hz != rate_hz:
            # A new rate is a new stream of the client; the session's clock goes on without a gap.
            start = 0 if capture is None else capture.next_window
            self._capture = capture = Capture(self._options, rate_hz, start=start)
        captured = capture.push(pcm, pts)
        if captured.lost:
            self._warn("input_gap", f"{captured.lost} samples of microphone audio are missing.")
        if captured.is_standing:
            self._warn(
                "input_repeated", "Microphone audio comes with a `pts` of the past: dropped."
            )
        for fault in captured.faults:
            self._warn(fault, FAULTS[fault])
        self._windows.extend(captured.windows)
        if len(self._windows) > _WINDOW_LIMIT:
            if not self._is_overrun:
                self._warn("input_overrun", "Microphone audio comes faster than it can be heard.")
            self._is_overrun = True
            while len(self._windows) > _WINDOW_LIMIT:
                self._windows.popleft()
        self._listen()

    async def heard(self) -> None:
        """Waits until all microphone audio that was taken has been listened to."""
        await self._all_heard.wait()

    @property
    def is_listening(self) -> bool:
        """Whether microphone audio that was taken has still to be listened to."""
        return not self._all_heard.is_set()

    def note(self, notice: Notice) -> None:
        """Takes what goes out to the client: its loudspeaker may come back as an echo."""
        if self._reference is not None:
            self._reference.push(notice)

    def _opened(self) -> Analysis:
        """Returns an analysis on the engines that there are now."""
        engines, setup = self._workers.engines, self._setup
        self._vad = engines.vad
        denoise = engines.denoise.open() if engines.denoise else None
        guard = EchoGuard(setup.rate_hz) if setup.hears_itself else None
        return Analysis(engines.vad.open(), denoise, guard, setup.echo)

    def _warn(self, code: str, message: str) -> None:
        self._outbox.put(WarningNotice(code, message))

    def _listen(self) -> None:
        """Has the windows that wait heard, unless some are being heard."""
        if self._is_hearing:
            return
        if not self._windows:
            self._all_heard.set()
            return
        if self._workers.vad.failure is not None:  # it hangs: what is said now is lost
            self._windows.clear()
            self._all_heard.set()
            return
        if self._vad is not self._workers.engines.vad:
            # The thread that hangs may still be in the old one.
            self._analysis = self._opened()
        self._all_heard.clear()
        self._is_hearing = True
        count = min(len(self._windows), _BATCH_WINDOWS)
        windows = tuple(self._windows.popleft() for _ in range(count))
        self._is_overrun = bool(self._windows) and self._is_overrun
        # Whether the pitch is wanted changes with every turn: the session is asked at each batch.
        wanted = AnalysisRequest(self._analysis, windows, wants_pitch=self._session.wants_pitch)
        if self._reference is not None:
            # Asked as late as can be, when these windows go to the thread: what was sent since the
            # last batch is in the reference before the windows in which it may come back.
            mic_end = windows[-1].start + WINDOW_SAMPLES
            live = self._session.playing(self._clock())
            spoken, playing = self._reference.collect(mic_end, live)
            wanted = replace(wanted, spoken=spoken, playing=playing)
        self._batcher.submit(wanted, self._listened)

    def _listened(self, heard: list[HeardWindow] | Exception) -> None:
        """Takes what was heard. Called by the event loop: what fails here ends the conversation."""
        self._is_hearing = False
        if self._owner.has_ended:
            return
        try:
            if isinstance(heard, VadFailed):  # not of a window: of the whole engine
                self._outbox.put(ErrorNotice(heard.code, heard.message))
                self._vad = None
                heard = []
            if isinstance(heard, Exception):
                raise heard
            for window in heard:
                self._take(window)
            self._listen()
        except Exception as error:  # the boundary of a conversation
            self._owner.fail(error)

    def _take(self, heard: HeardWindow) -> None:
        for failure in heard.failures:
            self._outbox.put(ErrorNotice(failure.code, failure.message))
        # What is missing is silence in the history, so that its clock keeps its meaning.
        missing = self.history.skip_to(heard.start)
        self.history.append(heard.pcm)
        if self._tape is not None:
            self._tape.mic(self._silence_on_tape(missing) + heard.pcm)
        # Last, for the session may ask at once for a transcript that ends with this window.
        self._owner.step(
            VadFrame(heard.start, heard.probability, heard.dbfs, heard.tail_dbfs, heard.f0_hz)
        )

    def _silence_on_tape(self, missing: int) -> bytes:
        """Returns the silence that is kept for missing samples.

        A client's clock may jump as far as it says, but no disk is filled by what it says: in the
        long run there is no more silence than time. Beyond, the tape leaves it out.
        """
        self._missing += missing
        allowed_s = self._options.max_jump_s + self._clock() - self._began_s
        return silence(missing) if self._missing <= allowed_s * MIC_HZ else b""
