"""What is done to the microphone's windows in the VAD thread: cleaned, and looked at for speech
and, where somebody wants to know, for its pitch.

An engine that fails here costs its own service, not the session: without the denoiser the sound is
heard as it is, and a window that nobody could look at counts as silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voice_avatar.audio.pcm import BYTES_PER_SAMPLE, dbfs
from voice_avatar.errors import EngineError, VadFailed
from voice_avatar.events.payloads import IS_SPEECH, TAIL_SAMPLES, WINDOW_SAMPLES, AudioWindow
from voice_avatar.hearing.echo import EchoGuard, EchoOptions, Playing, SentAudio
from voice_avatar.hearing.offset import OffsetRemoval
from voice_avatar.hearing.pitch import PitchTracker
from voice_avatar.stages.denoise import DenoiseStream
from voice_avatar.stages.vad import VadStream


@dataclass(frozen=True, slots=True)
class HeardWindow:
    """A window as everything that listens hears it.

    Attributes:
        start: microphone sample index of its first sample.
        pcm: its samples, cleaned.
        probability: of speech, 0..1.
        dbfs: RMS level, dB relative to full scale.
        tail_dbfs: RMS level of the last `TAIL_SAMPLES`, likewise.
        f0_hz: pitch of the voice, hertz; 0 = no voice, or it was not asked for.
        failures: what has failed since the window before.
    """

    start: int
    pcm: bytes
    probability: float
    dbfs: float
    tail_dbfs: float
    f0_hz: float = 0.0
    failures: tuple[EngineError, ...] = ()


class Analysis:
    """Cleans one conversation's microphone and tells speech from the rest. Not thread-safe."""

    def __init__(
        self,
        vad: VadStream,
        denoise: DenoiseStream | None,
        guard: EchoGuard | None = None,
        echo: EchoOptions = EchoOptions(),  # noqa: B008 - frozen
    ) -> None:
        """Begins.

        Args:
            vad: tells speech from the rest.
            denoise: cleans; None = the microphone as it is.
            guard: tells the avatar's own voice; None = there is no echo.
            echo: from which share on speech is the avatar's own.
        """
        self._vad = vad
        self._denoise = denoise
        self._guard = guard
        self._echo = echo
        self._is_deaf = False
        self._pitch = PitchTracker()
        self._offset = OffsetRemoval()
        self._next: int | None = None

    def hear(
        self,
        windows: Sequence[AudioWindow],
        *,
        wants_pitch: bool = False,
        spoken: Sequence[SentAudio] = (),
        playing: Playing | None = None,
    ) -> list[HeardWindow]:
        """Takes the next windows. Blocks while the engines work.

        Args:
            windows: in order.
            wants_pitch: whether the pitch is asked for.
            spoken: reply audio that went out since the last windows.
            playing: what is believed to be played while they are heard.
        """
        if self._guard is not None:
            for piece in spoken:
                self._guard.say(piece)
        return [self._window(window, wants_pitch, playing) for window in windows]

    def _window(
        self, window: AudioWindow, wants_pitch: bool, playing: Playing | None
    ) -> HeardWindow:
        failures: list[EngineError] = []
        if window.start != self._next:  # there is a hole, and no sound goes on over it
            if self._next is not None:
                self._vad.reset()
            self._pitch.skip()
        self._next = window.start + WINDOW_SAMPLES
        # What stands in for lost packets has no offset that could be taken away.
        raw = window.pcm if window.is_gap else self._offset.without(window.pcm)
        pcm = self._cleaned(raw, failures)
        probability = self._probability(pcm, failures)
        if self._guard is not None:
            share = self._guard.share(window.start, raw, playing)
            if share >= self._echo.share:
                probability = 0.0
        tail_dbfs = dbfs(pcm[-TAIL_SAMPLES * BYTES_PER_SAMPLE :])
        f0_hz = 0.0
        if wants_pitch and probability >= IS_SPEECH:
            f0_hz = self._pitch.step(pcm)
        else:
            self._pitch.skip()
        return HeardWindow(
            window.start, pcm, probability, dbfs(pcm), tail_dbfs, f0_hz, tuple(failures)
        )

    def _cleaned(self, pcm: bytes, failures: list[EngineError]) -> bytes:
        if self._denoise is None:
            return pcm
        try:
            return self._denoise.process(pcm)
        except EngineError as error:
            # Its stream has lost samples and would be late from now on.
            self._denoise = None
            failures.append(error)
            return pcm

    def _probability(self, pcm: bytes, failures: list[EngineError]) -> float:
        was_deaf, self._is_deaf = self._is_deaf, False
        try:
            return self._vad.step(pcm)
        except VadFailed as error:
            self._is_deaf = True
            if not was_deaf:
                failures.append(error)
            return 0.0


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """What a conversation wants to have heard (see `Analysis.hear`)."""

    analysis: Analysis
    windows: tuple[AudioWindow, ...]
    wants_pitch: bool = False
    spoken: tuple[SentAudio, ...] = ()
    playing: Playing | None = None


def analyse_all(requests: Sequence[AnalysisRequest]) -> list[list[HeardWindow] | Exception]:
    """Hears windows of several conversations. Blocks while the engines work.

    Returns:
        For each request what was heard, or what is wrong with that conversation alone.
    """
    return [_analysed(request) for request in requests]


def _analysed(request: AnalysisRequest) -> list[HeardWindow] | Exception:
    try:
        return request.analysis.hear(
            request.windows,
            wants_pitch=request.wants_pitch,
            spoken=request.spoken,
            playing=request.playing,
        )
    except Exception as error:  # the boundary between the conversations of a batch
        return error
