"""What the echo guard has to be told of the replies: what is played, and when. Pure.

It stands between the conversation, which knows what went out and what is believed to be played, and
the guard, which lives in the VAD's thread: what it collects goes there with the next windows.
"""

from __future__ import annotations

from voice_avatar.events.notices import Notice, ReplyAudio, ReplyInterrupted
from voice_avatar.events.payloads import MIC_HZ, NowPlaying
from voice_avatar.hearing.echo import Playing, SentAudio


class EchoReference:
    """The user's loudspeaker, as far as the server knows it."""

    def __init__(self, rate_hz: int) -> None:
        """Begins in silence.

        Args:
            rate_hz: clock of the replies.
        """
        self._rate_hz = rate_hz
        self._spoken: list[SentAudio] = []
        self._playing: Playing | None = None

    def push(self, notice: Notice) -> None:
        """Takes what goes out to the client."""
        match notice:
            case ReplyAudio(reply_id, _, pcm):
                self._spoken.append(SentAudio(reply_id, pcm))
            case ReplyInterrupted(reply_id, at) if self._playing is not None:
                if self._playing.reply_id == reply_id:
                    self._playing = Playing(reply_id, self._playing.anchor, at / self._rate_hz)

    def collect(
        self, mic_end: int, live: NowPlaying | None
    ) -> tuple[tuple[SentAudio, ...], Playing | None]:
        """Returns what is new since this was last asked, and what is believed to be played.

        Args:
            mic_end: microphone sample that is heard now.
            live: reply being played, None = none is.
        """
        spoken, self._spoken = tuple(self._spoken), []
        if live is not None:
            was = self._playing
            if live.is_paused and was is not None and was.reply_id == live.reply_id:
                anchor = was.anchor  # its first sample stays where it was heard
            else:
                anchor = mic_end - round(live.sample * MIC_HZ / self._rate_hz)
            until_s = live.sample / self._rate_hz if live.is_paused else None
            self._playing = Playing(live.reply_id, anchor, until_s)
        return spoken, self._playing
