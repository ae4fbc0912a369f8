"""Notices as frames, for servers of the tests that speak the protocol without an edge."""

from __future__ import annotations

from voice_avatar.events import notices
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind, pack_audio
from voice_avatar.wire.telling import Preferences, to_message
from voice_avatar.wire.text import encode_text


def encode_notice(
    notice: notices.Notice, dialect: Preferences, *, seq: int, ts_ms: float
) -> str | bytes | None:
    """Writes a notice as a frame.

    Args:
        notice: what the client is told.
        dialect: how it wants it.
        seq: number of the next JSON message; for `ReplyAudio`, of the next frame of its reply.
        ts_ms: server clock, milliseconds.

    Returns:
        A text frame, a binary frame for `ReplyAudio` (PCM16: Opus packets are made by the server's
        edge, see `audio_frame`), or None, with `seq` unused, when the client does not want it.

    Raises:
        MessageTooBig: a `ReplyAudio` over the limit of binary frames.
    """
    if isinstance(notice, notices.ReplyAudio):
        return pack_audio(audio_frame(notice, seq=seq))
    message = to_message(notice, dialect)
    return None if message is None else encode_text(message, seq=seq, ts_ms=ts_ms)


def audio_frame(notice: notices.ReplyAudio, *, seq: int) -> AudioFrame:
    """The PCM16 frame of a piece of reply audio."""
    flags = FrameFlag.NONE
    if notice.is_first:
        flags |= FrameFlag.START
    if notice.is_last:
        flags |= FrameFlag.END
    stream = notice.reply_id & 0xFFFF
    return AudioFrame(FrameKind.AUDIO_OUT, stream, seq, notice.start, notice.pcm, flags)
