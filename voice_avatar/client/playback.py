"""A reply on the client's side: what came of it, and what of it was played."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from voice_avatar.audio.pcm import AUDIBLE, BYTES_PER_SAMPLE, sample_count, silence
from voice_avatar.client.audio import Player
from voice_avatar.client.rules.retraction import retracted
from voice_avatar.errors import AudioInvalid
from voice_avatar.events.inputs import PlaybackState
from voice_avatar.wire import client_messages, cue_messages, server_messages, turn_messages
from voice_avatar.wire.face_frame import FaceFrame
from voice_avatar.wire.fields import REPORT_INTERVAL_S
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameOrder

if TYPE_CHECKING:
    from voice_avatar.audio.opus import OpusDecoder

REPORT_SLACK_S: Final = 0.002
"""How long after the expected end of playback it is looked at, seconds."""


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """Audio of a reply.

    Attributes:
        reply_id: which reply.
        pts: index of its first sample in the reply.
        pcm: PCM16 at the reply's rate.
    """

    reply_id: int
    pts: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class FacesReceived:
    """Dense frames of the face.

    Attributes:
        reply_id: which reply.
        first: number of the first frame; frame n stands at n / hz seconds of the reply.
        hz: frames per second.
        weights: (frames, 52) of u8: weight x 255 of ARKit's shapes (`viseme_sets.ARKIT`).
    """

    reply_id: int
    first: int
    hz: int
    weights: npt.NDArray[np.uint8]


@dataclass(slots=True)
class Reply:
    """All that came of one reply; complete when `next_reply` gives it.

    Attributes:
        reply_id: its id.
        turn_id: the turn that it answers; 0 = none.
        rate_hz: rate of `audio`.
        user_text: final transcript of the turn, "" for none.
        text: text as generated.
        spoken_text: what was played of it.
        status: "completed", "interrupted" or "failed"; "" while it goes on.
        audio: PCM16 mono as received.
        visemes: keys `(t_ms, viseme, weight)`.
        faces: dense frames of the face, where they were asked for, in the order of arrival.
        segments: captions with their times.
        cues: gestures, head movements, gazes and expressions in the order of arrival; of an
            interrupted reply those that were shown, as they ended.
        metrics: the server's stage times, when they have come.
        first_audio_s: when its first audio came, on the client's clock.
        first_audible_s: when its first audible sample left the loudspeaker (without its latency).
        v2v_ms: from the end of the user's speech to `first_audible_s`, milliseconds; None for a
            reply to no speech.
    """

    reply_id: int
    turn_id: int
    rate_hz: int
    user_text: str = ""
    text: str = ""
    spoken_text: str = ""
    status: str = ""
    audio: bytearray = field(default_factory=bytearray)
    visemes: list[tuple[float, int, float]] = field(default_factory=list)
    faces: list[FacesReceived] = field(default_factory=list)
    segments: list[turn_messages.ReplySegment] = field(default_factory=list)
    cues: list[cue_messages.Gesture | cue_messages.Head | cue_messages.Gaze | cue_messages.Face] = (
        field(default_factory=list)
    )
    metrics: server_messages.Metrics | None = None
    first_audio_s: float | None = None
    first_audible_s: float | None = None
    v2v_ms: float | None = None

    @property
    def audio_s(self) -> float:
        """Seconds of audio received."""
        return len(self.audio) // BYTES_PER_SAMPLE / self.rate_hz

    @property
    def gestures(self) -> list[cue_messages.Gesture]:
        """The gestures among its cues."""
        return [cue for cue in self.cues if isinstance(cue, cue_messages.Gesture)]


class Playback:
    """Collects the current reply, feeds the player, and knows when to report.

    Attributes:
        reply: the reply that goes on, or None.
    """

    def __init__(self, player: Player, clock: Callable[[], float] = time.monotonic) -> None:
        self.reply: Reply | None = None
        self._player = player
        self._clock = clock
        self._speech_end_s: float | None = None
        self._opus: OpusDecoder | None = None
        self._order = FrameOrder()
        self._received = 0
        self._total: int | None = None
        self._paused_s: float | None = None
        self._reported: PlaybackState | None = None
        self._reported_s = 0.0

    def begin(
        self, started: turn_messages.ReplyStarted, user_text: str, speech_end_s: float | None
    ) -> Reply:
        """A reply begins. `speech_end_s` is when the user stopped speaking, None for no speech."""
        self.reply = Reply(started.reply_id, started.turn_id, started.rate_hz, user_text=user_text)
        self._speech_end_s = speech_end_s
        self._order = FrameOrder()
        self._received = 0
        self._total = None
        self._paused_s = None
        self._reported = None
        self._opus = None
        if started.codec == "opus":
            from voice_avatar.audio.opus import OpusDecoder

            self._opus = OpusDecoder(started.rate_hz)
        self._player.start(started.rate_hz)
        return self.reply

    def receive(self, message: server_messages.AnyServerMessage) -> Reply | None:
        """Takes a message; returns the reply that is over with it."""
        reply = self.reply
        if reply is None or getattr(message, "reply_id", None) != reply.reply_id:
            return None
        match message:
            case turn_messages.ReplyText(text=text):
                reply.text += text
            case turn_messages.ReplySegment():
                reply.segments.append(message)
            case cue_messages.Visemes(keys=keys):
                reply.visemes += keys
            case (
                cue_messages.Gesture()
                | cue_messages.Head()
                | cue_messages.Gaze()
                | cue_messages.Face()
            ):
                reply.cues.append(message)
            case turn_messages.ReplyPaused():
                self._pause()
            case turn_messages.ReplyResumed():
                self._resume(reply)
            case turn_messages.ReplyInterrupted(at_ms=at_ms):
                reply.status = "interrupted"
                shown = (retracted(cue, at_ms) for cue in reply.cues)
                reply.cues = [cue for cue in shown if cue is not None]
                self._player.flush()
            case turn_messages.ReplyDone(status=status, spoken_text=spoken_text):
                reply.status = status
                reply.spoken_text = spoken_text
                self.reply = None
                return reply
            case _:
                pass
        return None

    def _pause(self) -> None:
        self._player.pause()
        if self._paused_s is None:
            self._paused_s = self._clock()

    def _resume(self, reply: Reply) -> None:
        if self._paused_s is None:
            return
        self._player.resume()
        stood_s, self._paused_s = self._clock() - self._paused_s, None
        audible_s = reply.first_audible_s
        if audible_s is not None and audible_s > self._clock() - stood_s:
            reply.first_audible_s = audible_s + stood_s
            if reply.v2v_ms is not None:
                reply.v2v_ms += stood_s * 1000

    def audio(self, frame: AudioFrame) -> AudioReceived | None:
        """Takes a frame; returns the audio that it adds to the current reply.

        Raises:
            AudioInvalid: it does not decode.
        """
        reply = self.reply
        if reply is None or reply.status or frame.stream != reply.reply_id & 0xFFFF:
            return None
        if self._order.arrived(frame).is_stale or not frame.payload:
            return None
        if FrameFlag.CODEC not in frame.flags:
            return self._place(reply, frame.pts, frame.payload)
        if self._opus is None:
            raise AudioInvalid("The reply was not announced as Opus.")
        decoded = self._opus.push(frame.payload, frame.pts)
        return self._place(reply, decoded.pts, decoded.pcm)

    def faces(self, frame: FaceFrame) -> FacesReceived | None:
        """Takes faces; returns them if they are of the current reply."""
        reply = self.reply
        is_ours = reply is not None and frame.stream == reply.reply_id & 0xFFFF
        if reply is None or reply.status or not is_ours:
            return None
        first = frame.first(reply.rate_hz)
        received = FacesReceived(reply.reply_id, first, frame.hz, frame.weights)
        reply.faces.append(received)
        return received

    def audio_done(self, done: turn_messages.ReplyAudioDone) -> AudioReceived | None:
        """No audio follows; returns what an Opus decoder still held, cut to the reply's length."""
        reply = self.reply
        if reply is None or reply.reply_id != done.reply_id:
            return None
        self._total = done.sample_count
        added = None
        if self._opus is not None:
            rest = self._opus.flush()
            added = self._place(reply, rest.pts, rest.pcm)
        # The last Opus packet was filled up with silence, which is not of the reply.
        self._received = min(self._received, done.sample_count)
        del reply.audio[done.sample_count * BYTES_PER_SAMPLE :]
        return added

    def _place(self, reply: Reply, pts: int, pcm: bytes) -> AudioReceived | None:
        """Puts audio where it belongs; samples that are missing before it are silence."""
        pcm = silence(max(0, pts - self._received)) + pcm[max(0, self._received - pts) * 2 :]
        if self._total is not None:
            pcm = pcm[: max(0, self._total - self._received) * BYTES_PER_SAMPLE]
        if not pcm:
            return None
        now_s = self._clock()
        if reply.first_audio_s is None:
            reply.first_audio_s = now_s
        if reply.first_audible_s is None:
            self._listen(reply, pcm, now_s)
        added = AudioReceived(reply.reply_id, self._received, pcm)
        self._received += sample_count(pcm)
        reply.audio += pcm
        self._player.play(pcm)
        return added

    def _listen(self, reply: Reply, pcm: bytes, now_s: float) -> None:
        loud = np.flatnonzero(np.abs(np.frombuffer(pcm, "<i2").astype(np.int32)) > AUDIBLE)
        if loud.size:
            ahead = self._received + int(loud[0]) - self._player.played
            reply.first_audible_s = now_s + ahead / reply.rate_hz
            if self._speech_end_s is not None:
                reply.v2v_ms = (reply.first_audible_s - self._speech_end_s) * 1000

    # -- reports

    def due_report(self) -> client_messages.PlaybackReport | None:
        """The report that is due now: a new state, or 200 ms after the last one."""
        reply = self.reply
        state = self._state()
        if reply is None or state is None or self._reported in {"finished", "stopped"}:
            return None
        if self._reported is None:
            state = "started" if state in {"playing", "stalled"} else state
        elif not self._is_news(state):
            return None
        self._reported = state
        self._reported_s = self._clock()
        played = self._played()
        return client_messages.PlaybackReport(
            reply_id=reply.reply_id,
            state=state,
            played_samples=played,
            buffered_ms=(self._received - played) * 1000 / reply.rate_hz,
            output_latency_ms=self._player.latency_ms,
            client_ms=self._clock() * 1000,
        )

    def report_again(self) -> None:
        """What was reported may not have come: the state is news again."""
        if self._reported is not None:
            self._reported = "playing"
        self._reported_s = -math.inf

    def report_in_s(self) -> float | None:
        """Seconds until a report may be due; None while nothing plays."""
        reply = self.reply
        standing = {None, "paused", "stopped"}
        if reply is None or self._state() in standing or self._reported == "finished":
            return None
        left_s = REPORT_INTERVAL_S - (self._clock() - self._reported_s)
        buffered = self._received - self._played()
        if buffered:
            left_s = min(left_s, buffered / reply.rate_hz)
        return max(0.0, left_s) + REPORT_SLACK_S

    def _is_news(self, state: PlaybackState) -> bool:
        was = "playing" if self._reported == "started" else self._reported
        return state != was or self._clock() - self._reported_s >= REPORT_INTERVAL_S

    def _state(self) -> PlaybackState | None:
        """What playback does; None before the first audio."""
        if self.reply is None or not self._received:
            return None
        if self.reply.status:
            return "stopped"
        is_empty = self._played() >= self._received
        if is_empty and self._total is not None:
            return "finished"
        if self._paused_s is not None:
            return "paused"
        return "stalled" if is_empty else "playing"

    def _played(self) -> int:
        return min(self._player.played, self._received)
