"""Sound for the Python client: players, microphone frames, WAV files, and sounddevice."""

from __future__ import annotations

import asyncio
import itertools
import time
import wave
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from voice_avatar.audio.pcm import BYTES_PER_SAMPLE, StreamResampler, sample_count
from voice_avatar.errors import AudioUnsupported, EngineUnavailable
from voice_avatar.wire import session_messages
from voice_avatar.wire.frame_codec import (
    FRAME_S,
    MIC_BURST_S,
    AudioFrame,
    FrameFlag,
    FrameKind,
    pack_audio,
)

if TYPE_CHECKING:
    from voice_avatar.audio.opus import OpusEncoder

MIC_MARKS: Final = 6000
"""Frames of which it is remembered when they were sent: 2 minutes."""

MAX_WAITING_FRAMES: Final = 100
"""Microphone frames that wait for the sender before the oldest is dropped: 2 s."""


FADE_S: Final = 0.005
"""How long a loudspeaker takes to fall silent or to come back without a click, seconds."""


class Player(Protocol):
    """Something that plays one reply at a time and knows what has come out."""

    def start(self, rate_hz: int) -> None:
        """Begins a reply: samples count from 0 again, and nothing is paused."""

    def play(self, pcm: bytes) -> None:
        """Appends audio of the reply."""

    def pause(self) -> None:
        """Stands still within one block of the device, and keeps what has not come out."""

    def resume(self) -> None:
        """Goes on with the sample after the last that came out."""

    def flush(self) -> None:
        """Throws away what has not come out."""

    @property
    def played(self) -> int:
        """Samples of the reply that have come out."""

    @property
    def latency_ms(self) -> float:
        """Delay between counting a sample as played and hearing it, milliseconds."""


class SimulatedPlayer:
    """Plays nothing, at exactly the speed of a loudspeaker; when it runs empty, it waits."""

    latency_ms = 0.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rate_hz = 0
        self._until = 0
        self._played = 0.0
        self._at_s = 0.0
        self._is_paused = False

    def start(self, rate_hz: int) -> None:
        """Begins a reply."""
        self._rate_hz = rate_hz
        self._until = 0
        self._played = 0.0
        self._is_paused = False
        self._at_s = self._clock()

    def play(self, pcm: bytes) -> None:
        """Appends audio of the reply."""
        self._advance()
        self._until += sample_count(pcm)

    def pause(self) -> None:
        """Stands still."""
        self._advance()
        self._is_paused = True

    def resume(self) -> None:
        """Goes on."""
        self._advance()
        self._is_paused = False

    def flush(self) -> None:
        """Throws away what has not come out."""
        self._advance()
        self._until = int(self._played)

    @property
    def played(self) -> int:
        """Samples of the reply that have come out."""
        self._advance()
        return int(self._played)

    def _advance(self) -> None:
        now_s = self._clock()
        if not self._is_paused:
            due = self._played + (now_s - self._at_s) * self._rate_hz
            self._played = min(float(self._until), due)
        self._at_s = now_s


class MicrophoneFrames:
    """Cuts microphone audio into numbered frames, and remembers when each was sent.

    The newest are kept: a server that lost the connection may not have got them.
    """

    def __init__(self, audio: session_messages.AudioFormat) -> None:
        self._audio = audio
        self._frame_bytes = int(audio.rate_hz * FRAME_S) * BYTES_PER_SAMPLE
        self._rest = b""
        self._seq = itertools.count()
        self._pts = 0
        self._resampler: StreamResampler | None = None
        self._marks: deque[tuple[int, float]] = deque(maxlen=MIC_MARKS)
        self._newest: deque[bytes] = deque(maxlen=int(MIC_BURST_S / FRAME_S))
        self._count = 0
        self._opus: OpusEncoder | None = None
        if audio.codec == "opus":
            from voice_avatar.audio.opus import OpusEncoder

            self._opus = OpusEncoder(audio.rate_hz)

    def frames(self, pcm: bytes, rate_hz: int, now_s: float) -> list[bytes]:
        """Takes audio and returns the frames that are full."""
        if rate_hz != self._audio.rate_hz:
            if self._resampler is None or self._resampler.from_hz != rate_hz:
                self._resampler = StreamResampler(rate_hz, self._audio.rate_hz)
            pcm = self._resampler.push(pcm)
        self._rest += pcm
        packed = []
        while len(self._rest) >= self._frame_bytes:
            pcm, self._rest = self._rest[: self._frame_bytes], self._rest[self._frame_bytes :]
            packed.append(self._pack(pcm))
            self._pts += sample_count(pcm)
            self._marks.append((self._pts, now_s))
        return packed

    def _pack(self, pcm: bytes) -> bytes:
        seq = next(self._seq)
        flags = FrameFlag.START if seq == 0 else FrameFlag.NONE
        if self._opus is not None:
            (packet,) = self._opus.push(pcm)
            pcm = packet.payload
            flags |= FrameFlag.CODEC
        return pack_audio(AudioFrame(FrameKind.AUDIO_IN, 0, seq, self._pts, pcm, flags))

    def keep(self, frame: bytes) -> None:
        """A frame is due: from now on it is among those that are sent `again`."""
        self._newest.append(frame)
        self._count += 1

    def again(self) -> Iterator[bytes]:
        """Yields the frames that were kept, and those that are kept meanwhile."""
        sent = 0
        # Sending takes time, and the user goes on talking: until this has caught up nothing is sent
        # as it is said, so what is kept meanwhile goes out here, and in its order.
        while sent < self._count:
            missing = min(len(self._newest), self._count - sent)
            sent = self._count
            yield from list(self._newest)[len(self._newest) - missing :]

    def said_s(self, t_ms: float) -> float | None:
        """When the sample at `t_ms` was at the microphone, on the client's clock."""
        sample = t_ms * self._audio.rate_hz / 1000
        for end, sent_s in self._marks:
            if end >= sample:
                return sent_s - (end - sample) / self._audio.rate_hz
        return None


def read_wav(path: Path | str) -> tuple[bytes, int]:
    """Reads a WAV file; of several channels, the first.

    Returns:
        PCM16 mono and its rate.

    Raises:
        AudioUnsupported: not a 16-bit PCM WAV file.
    """
    try:
        with wave.open(str(path), "rb") as recording:
            channels, width = recording.getnchannels(), recording.getsampwidth()
            if width != BYTES_PER_SAMPLE:
                raise AudioUnsupported("Only WAV files of 16-bit PCM are read.")
            pcm = recording.readframes(recording.getnframes())
            rate_hz = recording.getframerate()
    except (wave.Error, EOFError) as error:
        raise AudioUnsupported(f"Not a PCM WAV file: {error}.") from error
    return np.frombuffer(pcm, "<i2")[::channels].tobytes(), rate_hz


def _sounddevice() -> Any:
    try:
        import sounddevice  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except (ImportError, OSError) as error:
        raise EngineUnavailable(
            "Sound needs the extra 'microphone' (sounddevice) and the PortAudio library."
        ) from error
    return sounddevice


class SoundPlayer:
    """Plays through the default loudspeaker.

    Raises:
        EngineUnavailable: no sounddevice, no PortAudio, or no device.
    """

    def __init__(self) -> None:
        self._sounddevice = _sounddevice()
        self._stream: Any = None
        self._lock = Lock()
        self._waiting = bytearray()
        self._played = 0
        self._is_paused = False
        self._is_silent = False
        self._fade_bytes = 0
        self.latency_ms = 0.0

    def start(self, rate_hz: int) -> None:
        """Begins a reply; the device is opened anew only when the rate changes."""
        with self._lock:
            self._waiting.clear()
            self._played = 0
            self._is_paused = self._is_silent = False
            self._fade_bytes = int(FADE_S * rate_hz) * BYTES_PER_SAMPLE
        if self._stream is not None and self._stream.samplerate == rate_hz:
            return
        self.close()
        try:
            self._stream = self._sounddevice.RawOutputStream(
                samplerate=rate_hz, channels=1, dtype="int16", callback=self._fill, latency="low"
            )
            self._stream.start()
        except self._sounddevice.PortAudioError as error:
            raise EngineUnavailable(f"The loudspeaker cannot be opened: {error}.") from error
        self.latency_ms = self._stream.latency * 1000.0

    def play(self, pcm: bytes) -> None:
        """Appends audio of the reply."""
        with self._lock:
            self._waiting += pcm

    def pause(self) -> None:
        """Fades out with the next block, and keeps what is behind the fade."""
        with self._lock:
            self._is_paused = True

    def resume(self) -> None:
        """Fades in with the sample after the last that went to the device."""
        with self._lock:
            self._is_paused = False

    def flush(self) -> None:
        """Throws away what has not gone to the device."""
        with self._lock:
            self._waiting.clear()

    @property
    def played(self) -> int:
        """Samples that went to the device."""
        with self._lock:
            return self._played

    def close(self) -> None:
        """Closes the device."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _fill(self, out: Any, _frames: int, _time: object, _status: object) -> None:
        """Runs on PortAudio's thread."""
        with self._lock:
            pcm = self._next_block(len(out))
        out[:] = pcm.ljust(len(out), b"\0")

    def _next_block(self, size: int) -> bytes:
        """Takes what comes out next; on the edges of a pause, only as much as is faded."""
        was_silent, self._is_silent = self._is_silent, self._is_paused
        fade_bytes = min(self._fade_bytes, size)
        if self._is_paused:
            size = 0 if was_silent else fade_bytes
        pcm = bytes(self._waiting[:size])
        del self._waiting[:size]
        self._played += len(pcm) // BYTES_PER_SAMPLE
        if self._is_paused != was_silent:
            pcm = _faded(pcm, fade_bytes, is_out=self._is_paused)
        return pcm


def _faded(pcm: bytes, fade_bytes: int, *, is_out: bool) -> bytes:
    """Returns PCM16 that rises from silence, or falls to it, over its first `fade_bytes`."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    count = min(samples.size, fade_bytes // BYTES_PER_SAMPLE)
    ramp = np.linspace(0.0, 1.0, count, dtype=np.float32)
    samples[:count] *= ramp[::-1] if is_out else ramp
    return samples.astype("<i2").tobytes()


@asynccontextmanager
async def microphone(rate_hz: int) -> AsyncIterator[AsyncIterator[bytes]]:
    """Opens the default microphone; gives frames of 20 ms, PCM16 mono.

    Raises:
        EngineUnavailable: no sounddevice, no PortAudio, or no device.
    """
    sounddevice = _sounddevice()
    loop = asyncio.get_running_loop()
    frames: deque[bytes] = deque(maxlen=MAX_WAITING_FRAMES)
    arrived = asyncio.Event()

    def put(pcm: bytes) -> None:
        frames.append(pcm)
        arrived.set()

    def heard(data: Any, _frames: int, _time: object, _status: object) -> None:
        """Runs on PortAudio's thread."""
        loop.call_soon_threadsafe(put, bytes(data))

    async def read() -> AsyncIterator[bytes]:
        while True:
            while frames:
                yield frames.popleft()
            arrived.clear()
            await arrived.wait()

    try:
        stream = sounddevice.RawInputStream(
            samplerate=rate_hz,
            blocksize=int(rate_hz * FRAME_S),
            channels=1,
            dtype="int16",
            callback=heard,
        )
    except sounddevice.PortAudioError as error:
        raise EngineUnavailable(f"The microphone cannot be opened: {error}.") from error
    with stream:
        yield read()
