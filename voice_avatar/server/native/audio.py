"""The audio of a connection: microphone frames in, reply frames out, in the codecs agreed on."""

from __future__ import annotations

from dataclasses import dataclass

from voice_avatar.audio import opus
from voice_avatar.audio.pcm import BYTES_PER_SAMPLE
from voice_avatar.errors import MalformedFrame
from voice_avatar.events.notices import ReplyAudio
from voice_avatar.hearing.repeats import Repeats
from voice_avatar.server.closing import Closing
from voice_avatar.server.rates import GAP_CHARGE_S
from voice_avatar.wire import session_messages
from voice_avatar.wire.codes import CloseCode
from voice_avatar.wire.frame_codec import (
    AudioFrame,
    FrameFlag,
    FrameKind,
    FrameOrder,
    MicBudget,
    pack_audio,
    unpack_audio,
)


@dataclass(frozen=True, slots=True)
class MicrophoneAudio:
    """What a microphone frame gave.

    Attributes:
        pcm: samples at the agreed rate; empty where there are none to be heard.
        pts: index of the first of them on the client's clock.
        begins_overrun: whether it is the first frame of an overrun, dropped as it came too fast.
        is_standing: whether so many frames came again that `seq` must stand still (told once).
    """

    pcm: bytes = b""
    pts: int = 0
    begins_overrun: bool = False
    is_standing: bool = False


class MicrophoneIn:
    """Microphone frames of one session: checked, put in order, limited, decoded.

    Attributes:
        is_muted: whether the client says that its microphone is.
    """

    def __init__(self, audio: session_messages.AudioFormat, now_s: float) -> None:
        self._audio = audio
        self._order = FrameOrder()
        self._budget = MicBudget(now_s)
        self._decoder = opus.OpusDecoder(audio.rate_hz) if audio.codec == "opus" else None
        self._expected: int | None = None
        self._repeats = Repeats()
        self._is_pressed = False
        self.is_muted = False

    def press(self, is_pressed: bool) -> None:
        """Push-to-talk goes down or up: while it is down, nothing is muted."""
        self._is_pressed = is_pressed

    def decode(self, data: bytes, now_s: float) -> MicrophoneAudio:
        """Takes a binary frame that came at `now_s`.

        Raises:
            MalformedFrame: it breaks the rules of frames, or has another codec.
            MessageTooBig: it is over the limit.
            AudioInvalid: it does not decode.
            Closing: audio has come too fast for too long.
        """
        frame = unpack_audio(data, FrameKind.AUDIO_IN)
        if frame is None:
            return MicrophoneAudio()
        is_opus = FrameFlag.CODEC in frame.flags
        if is_opus != (self._decoder is not None):
            raise MalformedFrame(f"The codec agreed on is {self._audio.codec}.")
        audio_s = self._length_s(frame)
        is_stale = self._order.arrived(frame).is_stale
        if self._repeats.note(frame.seq, audio_s if is_stale else 0.0):
            return MicrophoneAudio(is_standing=True)
        if is_stale:
            return MicrophoneAudio()
        was_over = self._budget.is_over
        if not self._budget.take(audio_s + self._gap_s(frame), now_s):
            if self._budget.is_exhausted(now_s):
                raise Closing(CloseCode.RATE_LIMIT, "rate_limited", "Audio comes too fast.")
            return MicrophoneAudio(begins_overrun=not was_over)
        self._expected = frame.pts + round(audio_s * self._audio.rate_hz)
        pcm, pts = frame.payload, frame.pts
        if self._decoder is not None:
            decoded = self._decoder.push(frame.payload, frame.pts)
            pcm, pts = decoded.pcm, decoded.pts
        if self.is_muted and not self._is_pressed:
            pcm = bytes(len(pcm))  # heard as silence: the clock goes on
        return MicrophoneAudio(pcm, pts)

    def _length_s(self, frame: AudioFrame) -> float:
        if not frame.payload:
            return 0.0
        if self._decoder is not None:
            return opus.packet_s(frame.payload)
        return len(frame.payload) / BYTES_PER_SAMPLE / self._audio.rate_hz

    def _gap_s(self, frame: AudioFrame) -> float:
        """Returns what is charged for what is missing before a frame, seconds.

        It is heard as silence; a longer gap makes hearing begin anew, which is no more work.
        """
        if self._expected is None:
            return 0.0
        return min(GAP_CHARGE_S, max(0, frame.pts - self._expected) / self._audio.rate_hz)


class ReplyOut:
    """Frames of reply audio for one connection: cut, encoded and numbered."""

    def __init__(self, audio: session_messages.AudioFormat, frame_ms: int) -> None:
        """`frame_ms` is the length of a PCM frame; an Opus packet has its own."""
        self._audio = audio
        self._frame_bytes = audio.rate_hz * frame_ms // 1000 * BYTES_PER_SAMPLE
        self._seq = 0
        self._encoder: opus.OpusEncoder | None = None

    def frames(self, audio: ReplyAudio) -> list[bytes]:
        """Returns the binary frames for a piece of reply audio; Opus may keep some of it back."""
        if audio.is_first:
            self._seq = 0
            if self._audio.codec == "opus":
                self._encoder = opus.OpusEncoder(self._audio.rate_hz)
        if self._encoder is None:
            flags, pieces = FrameFlag.NONE, self._cut(audio)
        else:
            packets = self._encoder.push(audio.pcm)
            if audio.is_last:
                packets += self._encoder.flush()
            flags, pieces = FrameFlag.CODEC, [(packet.pts, packet.payload) for packet in packets]
        last = len(pieces) - 1 if audio.is_last else -1
        return [
            self._pack(audio.reply_id, pts, payload, flags | FrameFlag.END if n == last else flags)
            for n, (pts, payload) in enumerate(pieces)
        ]

    def _cut(self, audio: ReplyAudio) -> list[tuple[int, bytes]]:
        """Returns first sample and PCM of each frame; the last audio has one, even if empty."""
        size, pcm = self._frame_bytes, audio.pcm
        return [
            (audio.start + at // BYTES_PER_SAMPLE, pcm[at : at + size])
            for at in range(0, len(pcm) or 1, size)
        ]

    def _pack(self, reply_id: int, pts: int, payload: bytes, flags: FrameFlag) -> bytes:
        if self._seq == 0:
            flags |= FrameFlag.START
        frame = AudioFrame(FrameKind.AUDIO_OUT, reply_id, self._seq, pts, payload, flags)
        self._seq += 1
        return pack_audio(frame)
