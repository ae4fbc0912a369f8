"""Is that voice the user's, or the avatar's own, come back from a loudspeaker? Pure.

A headset's own loudspeaker, or one in the room, is heard by an open microphone, and a voice is a
voice to the VAD: without more, the avatar interrupts itself. Nothing is cancelled here, so that
nothing of the user can be lost. What is told is only how much of a window's sound the reply that is
being played explains; speech of which it explains most is not the user's.

Two things are unknown: when what is played is heard (the server's idea of it is off by the buffers
of two devices and by whatever the client does not report), and what the room makes of it.

1. A **coarse** filter, long enough for every possible delay, follows from the first window on. It
   knows little, so it excuses much: whatever the loudspeaker could have caused.
2. Meanwhile the **delay** is looked for (`echo_delay.py`). Where sound is heard that the reply does
   not resemble at any delay, the excuse is withdrawn step by step: that is somebody else.
3. Once it is found, a **fine** filter around it learns the last half second at once, and from then
   on only that excuses: the user is heard through the avatar's own voice.

What was learned stays for the replies to come. The constants were set on simulated rooms
(docs/decisions.md); the shares of known voices are in `tests/hearing/test_echo.py`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from voice_avatar.audio.pcm import AudioHistory, StreamResampler, to_float
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.hearing.echo_delay import ALONE, DelaySearch
from voice_avatar.hearing.echo_filter import (
    BINS,
    BLOCK,
    FFT,
    EchoFilter,
    Explained,
    Floats,
    Spectra,
    power_of,
)

LATEST_S: Final = 0.5
"""An echo may come so much later than the server believes, seconds."""
EARLIEST_S: Final = 0.096
"""... and so much earlier: three windows."""
JUMP_S: Final = 0.2
"""The server's own idea of what is played when jumps: pauses, stalls. Less is its jitter."""

_EARLIEST: Final = round(EARLIEST_S * MIC_HZ)
_COARSE: Final = (round(LATEST_S * MIC_HZ) + _EARLIEST) // BLOCK + 1
"""Partitions of the coarse filter: 0.6 s."""
_FINE: Final = 5
"""Partitions of the fine one: 160 ms, the early part of a living room's echo."""
_LEAD: Final = 128  # samples of the fine filter before the delay that was found
_MOVED: Final = 64  # samples by which a delay differs for good
_RELEARNED: Final = 16  # windows that the fine filter learns at once
_MOST: Final = 1 << 40
_KEPT: Final = (_COARSE + _RELEARNED + 2 * _FINE) * BLOCK

_COARSE_VARIANCE: Final = 0.5
"""An echo is not expected to be louder than about the voice that goes out."""
_MAX_VARIANCE: Final = 4.0
_LIKE: Final = 0.2
"""Likeness from which on all of what is heard may be echo."""
_BOOST: Final = 4.0
_DECAY: Final = 10 ** (-0.3 * np.arange(_FINE, dtype=np.float32))[:, None]
"""A room's echo falls by 3 dB in a window: 60 dB in 0.6 s."""
_ELSEWHERE: Final = 0.25
"""After a jump the known path is expected where it was, and a quarter of it anywhere else."""
_RELOCATED: Final = 0.25

_FIRST_BIN: Final = 6
_BAND_BINS: Final = 8
_BANDS: Final = 54
"""Bands of 125 Hz from 94 to 6844 Hz."""
_LAST_BIN: Final = _FIRST_BIN + _BAND_BINS * _BANDS
_SPREAD: Final = 4
"""A path found in one band may be as strong in so many beside it: loudspeakers distort."""
_EXCESS: Final = 1.5
_NOISE_EXCESS: Final = 2.0
_SHADOW: Final = 0.5
"""What is left of a window once this is taken off it, times what may be echo, is not echo."""
_NOISE_WINDOWS: Final = 48
"""The background is the quietest of the last 1.5 s."""
_COARSE_SHARE: Final = 1.5
_HELD_BACK: Final = 16

_AUDIBLE: Final = 4.0
"""Sound is heard when it is so many times the background."""
_LIKELY: Final = 6.0
"""Height of a delay that may become the one (`FOUND`)."""
_DOUBT: Final = 0.5
"""What each window of unlike sound leaves of the excuse, after the first."""
_QUIET_WINDOWS: Final = 16
"""Silence after which doubts are forgotten."""


@dataclass(frozen=True, slots=True)
class EchoOptions:
    """When the avatar's own voice in the microphone is looked for.

    Attributes:
        guard: "auto" = for clients that say that they do not cancel it (`capabilities.aec`),
            "always" or "never". It costs 2 % of a core while a reply is played (decision 37), and
            may hold up the user's voice by a tenth of a second where there is no echo.
        share: speech counts as the avatar's own where a reply explains so much of its sound, 0..1.
    """

    guard: Literal["auto", "always", "never"] = "auto"
    share: float = 0.6


@dataclass(frozen=True, slots=True)
class SentAudio:
    """Reply audio that went out: it follows what was there of the same reply.

    Attributes:
        reply_id: which reply.
        pcm: samples at the reply's rate.
    """

    reply_id: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Playing:
    """What the server believes about the loudspeaker.

    Attributes:
        reply_id: which reply is, or was last, played.
        anchor: microphone sample at which the reply's first sample is played.
        until_s: seconds of the reply after which nothing is played (paused, cut); None = all of it.
    """

    reply_id: int
    anchor: int
    until_s: float | None = None


class EchoGuard:
    """Tells one conversation's user from the avatar's own voice. Not thread-safe.

    Attributes:
        lag_s: how much later than believed the loudspeaker is heard, seconds; None = not found.
    """

    def __init__(self, rate_hz: int) -> None:
        """Begins.

        Args:
            rate_hz: clock of the replies.
        """
        self._rate_hz = rate_hz
        self._search = DelaySearch(_COARSE)
        self._coarse = EchoFilter(_COARSE, _COARSE_VARIANCE)
        self._fine: EchoFilter | None = None
        self._is_locked = False
        self._lag = 0
        self._fine_anchor = 0
        self._coarse_spoken: Spectra = np.zeros((_COARSE, BINS), np.complex64)
        self._fine_spoken: Spectra = np.zeros((_FINE, BINS), np.complex64)
        self._silent_windows = _COARSE + 1
        self._was_heard = False
        self._believed = 0
        self._begin_reply(None)
        self._recent: deque[tuple[int, Floats]] = deque(maxlen=_RELEARNED)
        self._held: deque[bytes] = deque(maxlen=_HELD_BACK)
        self._levels: deque[Floats] = deque(maxlen=_NOISE_WINDOWS)
        self._noise: Floats = np.zeros(_BANDS, np.float32)
        self._doubts = 0
        self._quiet = 0

    @property
    def lag_s(self) -> float | None:
        """How much later than believed the loudspeaker is heard, seconds."""
        return (self._lag - _EARLIEST) / MIC_HZ if self._is_locked else None

    def say(self, spoken: SentAudio) -> None:
        """Takes reply audio that went out."""
        if spoken.reply_id != self._reply_id:
            self._begin_reply(spoken.reply_id)
        self._reply.append(self._resampler.push(spoken.pcm))

    def share(self, start: int, pcm: bytes, playing: Playing | None) -> float:
        """Takes the next window of the microphone.

        Args:
            start: index of its first sample.
            pcm: its `BLOCK` samples.
            playing: what is played now, as far as the server knows; None = nothing new.

        Returns:
            The share of its sound that the loudspeaker explains, 0..1; 0 while nothing is played.
        """
        if playing is not None:
            self._follow(playing)
        # After the reply was moved: what was said in this window depends on where it is.
        said = self._said(start)
        self._silent_windows = 0 if said is not None else self._silent_windows + 1
        # An echo lasts as long as the coarse filter: until then silence may still hold some of it.
        # The filters rest meanwhile; the sound is kept, from which a reply that begins learns the
        # background.
        if self._silent_windows > _COARSE:
            self._held.append(pcm)
            return 0.0
        self._hear_background()
        heard = to_float(pcm)
        self._recent.append((start, heard))
        _push(self._coarse_spoken, said)
        self._search.say(self._coarse_spoken[0])
        if self._fine is not None and self._is_locked:
            _push(self._fine_spoken, self._spectrum(start - self._fine_anchor))
            explained = self._fine.step(self._fine_spoken, heard)
            spoken, unsure = self._fine_spoken, 0.5 * explained.unsure_power.sum(0)
        else:
            explained = self._coarse.step(self._coarse_spoken, heard)
            spoken = self._coarse_spoken
            unsure = 0.5 * _COARSE_SHARE * explained.unsure_power.max(0)
        # Before anything is weighed: echo and delay are looked for above the background.
        self._hear_level(explained.heard_power)
        # Only the coarse filter is doubted, which excuses without knowing when an echo is due.
        if not self._is_locked:
            unsure = unsure * np.float32(_DOUBT ** max(0, self._doubted(explained) - 1))
        share = self._explained(explained, spoken, unsure)
        is_found = self._search.hear(explained.heard, explained.heard_power, self._noise_by_bin())
        # After the window was explained: the fine filter learns it with the others, and excuses
        # from the next one on. Where the next reply was sent and is not yet played, what is still
        # heard is of the one before, and there is nothing left of that to learn from.
        if is_found and self._anchor is not None:
            self._lock(self._search.lag)
        return 1.0 if self._has_jumped() else share

    # -- what was said

    def _begin_reply(self, reply_id: int | None) -> None:
        """Nothing of a reply was said yet, and nobody knows when it will be played."""
        self._reply_id = reply_id
        self._reply = AudioHistory(_MOST)  # what was played long ago is forgotten by hand
        self._resampler = StreamResampler(self._rate_hz, MIC_HZ, is_prompt=True)
        self._anchor: int | None = None
        self._until: int | None = None

    def _follow(self, playing: Playing) -> None:
        """Moves the reply to where the server now believes it is played."""
        if playing.reply_id != self._reply_id:
            return
        # Less than a jump is not followed: the delay that was found holds only as long as the
        # anchor does not move, and all of the server's jitter would be taken for a moving
        # loudspeaker.
        if self._anchor is None or abs(playing.anchor - self._believed) > JUMP_S * MIC_HZ:
            self._begin(playing.anchor)
        until_s = playing.until_s
        self._until = None if until_s is None else round(until_s * MIC_HZ)

    def _begin(self, anchor: int) -> None:
        """A reply begins, or is played at another time than before: its delay is unknown again."""
        coarse = self._coarse
        if self._fine is not None:
            known = power_of(self._fine.gain).sum(0) + self._fine.variance.sum(0)
            known = np.convolve(known, np.ones(33, np.float32) / 33, "same").astype(np.float32)
            coarse.variance = np.tile(known * np.float32(_ELSEWHERE), (_COARSE, 1))
            window = self._lag // BLOCK
            coarse.variance[max(0, window - 3) : window + 5] = known
            coarse.forget_rest()
        elif self._was_heard:
            # Nothing is known of the path any more but how strong it may be.
            coarse.variance = coarse.variance + power_of(coarse.gain)
        coarse.gain = np.zeros_like(coarse.gain)
        self._anchor, self._believed = anchor - _EARLIEST, anchor
        self._is_locked = False
        self._search.reset()

    def _said(self, start: int) -> Spectra | None:
        """Returns what was said in a window and the one before, None = nothing."""
        if self._anchor is None:
            return None
        at = start - self._anchor
        self._reply.forget(at - BLOCK - _KEPT)
        return self._spectrum(at)

    def _spectrum(self, at: int) -> Spectra | None:
        """Returns the window at a reply sample and the one before, None = nothing was said."""
        if self._anchor is None:
            return None
        said = self._read(at - BLOCK, FFT)
        return np.fft.rfft(said).astype(np.complex64) if said.any() else None

    def _read(self, start: int, samples: int) -> Floats:
        """Returns reply samples; silence before, after and beyond what is played."""
        end = start + samples if self._until is None else min(start + samples, self._until)
        first = max(start, self._reply.start)
        found = to_float(self._reply.read(first, max(first, end)))
        said = np.zeros(samples, np.float32)
        said[first - start : first - start + found.size] = found
        return said

    # -- what is heard besides

    def _hear_background(self) -> None:
        """Takes the level of the windows before the reply: they were kept for this."""
        for pcm in self._held:
            frame = np.zeros(FFT, np.float32)
            frame[BLOCK:] = to_float(pcm)
            self._hear_level(power_of(np.fft.rfft(frame).astype(np.complex64)))
        self._held.clear()
        self._was_heard = True

    def _hear_level(self, heard_power: Floats) -> None:
        self._levels.append(_bands(heard_power))
        levels = np.stack(self._levels)
        if len(levels) > 1:
            levels = np.float32(0.5) * (levels[1:] + levels[:-1])
        self._noise = levels.min(0)

    def _noise_by_bin(self) -> Floats:
        noise = np.zeros(BINS, np.float32)
        noise[_FIRST_BIN:_LAST_BIN] = np.repeat(self._noise / _BAND_BINS, _BAND_BINS)
        return noise

    def _doubted(self, explained: Explained) -> int:
        """Returns how many windows sounded like something else than the reply, at any delay."""
        over = np.maximum(0, _bands(explained.heard_power) - _NOISE_EXCESS * self._noise).sum()
        if self._search.height >= _LIKELY and self._search.agreeing >= 1:
            self._doubts = max(0, self._doubts - 1)
        elif over > _AUDIBLE * self._noise.sum():
            self._doubts += 1
            self._quiet = 0
        else:
            self._quiet += 1
            if self._quiet >= _QUIET_WINDOWS:
                self._doubts = 0
        return self._doubts

    def _explained(self, explained: Explained, spoken: Spectra, unsure: Floats) -> float:
        """Returns the share of the window's sound that may be echo."""
        heard = _bands(explained.heard_power)
        total = heard.sum()
        if total <= 0:
            return 1.0
        gain = _bands(explained.gain_power) / _BAND_BINS
        padded = np.pad(gain, ((0, 0), (_SPREAD, _SPREAD)), mode="edge")
        near = np.lib.stride_tricks.sliding_window_view(padded, 2 * _SPREAD + 1, axis=1).max(2)
        shadow = 0.5 * (near * _bands(power_of(spoken))).sum(0)
        echo = _bands(explained.echo_power) + _bands(unsure) + _SHADOW * shadow
        left = np.maximum(0, heard - _EXCESS * echo - _NOISE_EXCESS * self._noise)
        return float(1 - left.sum() / total)

    # -- the delay

    def _has_jumped(self) -> bool:
        """Returns whether a window is echo at another delay than the known one.

        A loudspeaker that ran dry plays the rest later: the filter explains nothing of it until the
        new delay is found. One window of a voice that resembles no other is enough to know.
        """
        search = self._search
        is_elsewhere = abs(search.latest - self._lag) > _MOVED and search.latest_height >= ALONE
        is_here = abs(search.lag - self._lag) <= _MOVED and search.speaks_for_it
        if not self._is_locked or is_here or not is_elsewhere:
            return False
        if abs(search.latest - search.lag) > _MOVED:
            search.restart()
        return True

    def _lock(self, lag: int) -> None:
        """The delay is found: the fine filter learns the last windows at it."""
        assert self._anchor is not None  # `share` asked
        anchor = self._anchor + lag - _LEAD
        if self._is_locked and abs(anchor - self._fine_anchor) <= _MOVED:
            return
        self._fine_anchor, self._lag, self._is_locked = anchor, lag, True
        count = len(self._recent)
        first = self._recent[0][0] - _FINE * BLOCK - anchor
        said = self._read(first, (count + _FINE) * BLOCK)
        frames = np.lib.stride_tricks.sliding_window_view(said, FFT)[::BLOCK]
        spectra = np.fft.rfft(frames, axis=1).astype(np.complex64)
        if self._fine is None:
            self._fine = EchoFilter(_FINE)
            heard_power = sum(float((heard**2).sum()) for _, heard in self._recent)
            ratio = heard_power / (float((said**2).sum()) + 1e-6)
            ratio *= min(1.0, (self._search.likeness / _LIKE) ** 2) * _BOOST
            self._fine.variance[:] = min(_MAX_VARIANCE, ratio) * _DECAY
        else:
            fine = self._fine
            fine.variance = fine.variance + np.float32(_RELOCATED) * power_of(fine.gain)
        self._fine.forget_rest()
        for i, (_, heard) in enumerate(self._recent):
            self._fine.step(spectra[i : i + _FINE][::-1], heard)
        self._fine_spoken = spectra[count - 1 : count - 1 + _FINE][::-1].copy()


def _push(spectra: Spectra, new: Spectra | None) -> None:
    """Puts the latest spectrum first."""
    spectra[1:] = spectra[:-1].copy()
    spectra[0] = 0 if new is None else new


def _bands(power: Floats) -> Floats:
    """Adds up the bins of each band (..., `BINS`) -> (..., bands)."""
    inside = power[..., _FIRST_BIN:_LAST_BIN]
    bands: Floats = inside.reshape(*power.shape[:-1], _BANDS, _BAND_BINS).sum(-1)
    return bands
