"""The way from the loudspeaker back into the microphone. Pure.

A loudspeaker beside an open microphone feeds the avatar's own voice back to it. What is modelled is
one direct path, a delay and a level: what is left behind an echo canceller is of this kind, and a
server that interrupts itself does so on it.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt

from voice_avatar.audio.pcm import StreamResampler, to_float

FloatArray = npt.NDArray[np.float32]

PATH_S: Final = 0.04
"""Delay from loudspeaker to microphone, seconds: the buffers of both and a metre of air."""

_KEPT_S: Final = 1.0
"""How long what was played is kept once it was heard."""


class EchoPath:
    """Takes what is played, and when; gives what the microphone hears of it."""

    def __init__(self, mic_hz: int, gain_db: float, *, delay_s: float = PATH_S) -> None:
        """Makes the path.

        Args:
            mic_hz: rate of what the microphone hears, hertz.
            gain_db: level in the microphone against that in the loudspeaker, decibels, e.g. -20.
            delay_s: from loudspeaker to microphone, seconds.
        """
        self._mic_hz = mic_hz
        self._gain = np.float32(10 ** (gain_db / 20))
        self._delay_s = delay_s
        self._pieces: deque[tuple[float, FloatArray]] = deque()
        self._stream: StreamResampler | None = None
        self._end_s = 0.0
        self._at_s = 0.0
        self._paused_s: float | None = None

    def play(self, start_s: float, pcm: bytes, rate_hz: int) -> None:
        """The loudspeaker plays these samples from `start_s` on; pieces come in order."""
        is_joined = abs(start_s - self._end_s) < 1.5 / rate_hz
        if self._stream is None or self._stream.from_hz != rate_hz or not is_joined:
            self._stream = StreamResampler(rate_hz, self._mic_hz, is_prompt=True)
            self._at_s = start_s
        self._end_s = start_s + len(pcm) / 2 / rate_hz
        heard = to_float(self._stream.push(pcm)) * self._gain
        if heard.size:
            self._pieces.append((self._at_s + self._delay_s, heard))
            self._at_s += heard.size / self._mic_hz

    def cut(self, at_s: float) -> None:
        """The loudspeaker was flushed: nothing that was to be played after `at_s` is."""
        self._split(at_s if self._paused_s is None else self._paused_s)
        self._paused_s = None
        self._stream = None

    def pause(self, at_s: float) -> None:
        """The loudspeaker stands still."""
        self._paused_s = at_s if self._paused_s is None else self._paused_s

    def resume(self, at_s: float) -> None:
        """The loudspeaker goes on: what was to be played since it stood still is played later."""
        if self._paused_s is None:
            return
        stood_s = at_s - self._paused_s
        rest = self._split(self._paused_s)
        self._pieces.extend((start_s + stood_s, heard) for start_s, heard in rest)
        self._at_s += stood_s
        self._end_s += stood_s
        self._paused_s = None

    def _split(self, at_s: float) -> list[tuple[float, FloatArray]]:
        """Keeps what was played until `at_s`, and returns what was not."""
        until_s = at_s + self._delay_s
        kept: deque[tuple[float, FloatArray]] = deque()
        rest: list[tuple[float, FloatArray]] = []
        for start_s, heard in self._pieces:
            samples = min(heard.size, round(max(0.0, until_s - start_s) * self._mic_hz))
            if samples:
                kept.append((start_s, heard[:samples]))
            if samples < heard.size:
                rest.append((start_s + samples / self._mic_hz, heard[samples:]))
        self._pieces = kept
        return rest

    def heard(self, start_s: float, samples: int) -> FloatArray:
        """Returns what comes in from `start_s` on; silence where nothing was played."""
        mixed = np.zeros(samples, np.float32)
        if self._paused_s is not None:
            samples = round((self._paused_s + self._delay_s - start_s) * self._mic_hz)
            samples = min(mixed.size, max(0, samples))
        while self._pieces and self._until_s(0) < start_s - _KEPT_S:
            self._pieces.popleft()
        for piece_s, heard in self._pieces:
            offset = round((piece_s - start_s) * self._mic_hz)
            first, last = max(0, offset), min(samples, offset + heard.size)
            if first < last:
                mixed[first:last] += heard[first - offset : last - offset]
        return mixed

    def _until_s(self, number: int) -> float:
        start_s, heard = self._pieces[number]
        return start_s + heard.size / self._mic_hz
