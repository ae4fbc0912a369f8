"""The user's side of the conversation: frames and transcripts in, turns out. Pure.

Theory of operation. A turn of the user runs through three phases:

    QUIET --speech--> SPEAKING --pause--> PAUSED --speech--> SPEAKING ...
                                          PAUSED --commit or drop--> QUIET

- On every pause (64 ms of silence) the audio so far is decoded and the turn model is asked, at
  once: almost always the text is final then, long before the endpoint.
- `turn.commit_delay_s` turns the model's word and the text into the silence to wait for. When the
  silence is long enough *and* the text is there, the turn is committed.
- Text and model together make `TurnReady`: a reply may be prepared. Speech takes it back
  (`TurnResumed`).
- Speech that begins over a reply is a *candidate*: it becomes an interruption (`BargeIn`) by a
  word that is no backchannel or by its length, and is forgotten otherwise.
- Push-to-talk and manual commits force the endpoint; voice activity then only dates the speech.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from voice_avatar.events import (
    MIC_HZ,
    WINDOW_SAMPLES,
    Command,
    EndReason,
    Notice,
    ScoreTurn,
    Transcribe,
    Transcribed,
    TranscribePurpose,
    TranscriptFinal,
    TranscriptInterim,
    TurnScored,
    UserSpeechStarted,
    UserSpeechStopped,
    VadFrame,
)
from voice_avatar.turn import TurnOptions, commit_delay_s, is_backchannel, is_interruption
from voice_avatar.vad import SpeechDetector, SpeechStarted, SpeechStopped, VadOptions

_ASK_AGAIN_S = 0.3
"""Time between two questions for the words of an interruption candidate."""


class Phase(Enum):
    """Where the user's turn stands."""

    QUIET = auto()
    SPEAKING = auto()
    PAUSED = auto()


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """A new turn of the user begins. `is_over_reply`: it may yet prove to be no turn at all."""

    is_over_reply: bool


@dataclass(frozen=True, slots=True)
class TurnReady:
    """The user has probably finished: a reply to `text` may be prepared."""

    text: str
    language: str
    speech_end_s: float


@dataclass(frozen=True, slots=True)
class TurnResumed:
    """The user goes on: whatever was prepared is void."""


@dataclass(frozen=True, slots=True)
class TurnCommitted:
    """The user's turn is over."""

    turn_id: int
    text: str
    language: str
    reason: EndReason
    silence_s: float
    speech_end_s: float


@dataclass(frozen=True, slots=True)
class TurnDropped:
    """What seemed a turn was none (noise, a cough, a backchannel). `is_failure`: STT failed."""

    is_failure: bool = False


@dataclass(frozen=True, slots=True)
class BargeIn:
    """The user interrupts the reply by voice."""


Fact = SpeechBegan | TurnReady | TurnResumed | TurnCommitted | TurnDropped | BargeIn
Output = Command | Notice | Fact


@dataclass(frozen=True, slots=True)
class _Pending:
    """A question to an engine: which pause it belongs to, and the audio that it covers."""

    epoch: int
    end: int
    purpose: TranscribePurpose


class Listener:
    """Turn-taking of one user.

    Attributes:
        phase: where the turn stands.
        language: locked language, None until it is known.
        turn_id: number of the current or last turn, from 1.
    """

    def __init__(self, vad: VadOptions, turn: TurnOptions, language: str | None) -> None:
        self._turn = turn
        self._detector = SpeechDetector(vad)
        self.language = language
        self.phase = Phase.QUIET
        self.turn_id = 0
        self._is_manual = turn.endpointing == "manual"
        self._is_pressed = False
        self._now_sample = 0
        self._frame_s = 0.0
        self._next_request = 1
        self._pending: dict[int, _Pending] = {}
        self._scoring: dict[int, int] = {}
        self._epoch = 0
        self._begin(0)

    # -- what the turn is made of

    def _begin(self, segment_start: int) -> None:
        """Clears everything that belongs to one turn."""
        self._segment_start = segment_start
        self._speech_start = segment_start
        self._speech_end = segment_start
        self._frozen = ""
        self._text: str | None = None
        self._interim = ""
        self._interim_end = segment_start
        self._stable = 0
        self._probability: float | None = None
        self._rescores = 0
        self._is_ready = False
        self._forced: EndReason | None = None
        self._is_candidate = False
        self._began_over_reply = False
        self._candidate_text: str | None = None
        self._asked_at = segment_start

    @property
    def is_active(self) -> bool:
        """Whether a turn is under way."""
        return self.phase is not Phase.QUIET

    @property
    def deadline_s(self) -> float | None:
        """When `tick` is due: the microphone has fallen silent for good."""
        if not self.is_active or self._is_pressed or self._is_manual or self._forced:
            return None
        return self._frame_s + self._turn.stall_s

    def set_manual(self, is_manual: bool) -> None:
        """Switches between voice endpointing and commits by the client alone."""
        self._is_manual = is_manual

    # -- audio

    def frame(self, frame: VadFrame, now_s: float, *, reply_is_live: bool) -> list[Output]:
        """Takes the next window of the microphone stream."""
        self._now_sample = frame.start + WINDOW_SAMPLES
        self._frame_s = now_s
        out: list[Output] = []
        if not reply_is_live:
            self._is_candidate = False
        match self._detector.step(frame):
            case SpeechStarted(sample, probability):
                out += self._speech_started(sample, probability, reply_is_live)
            case SpeechStopped(sample):
                out += self._speech_stopped(sample)
            case None:
                pass
        if self.phase is Phase.SPEAKING:
            out += self._while_speaking()
        elif self.phase is Phase.PAUSED:
            out += self._while_paused()
        return out

    def _speech_started(self, sample: int, probability: float, is_over: bool) -> list[Output]:
        out: list[Output] = []
        if self.phase is Phase.QUIET:
            out.append(self._open_turn(sample, is_over))
        elif self.phase is Phase.PAUSED and self._forced:
            return []
        elif self._is_ready:
            out.append(TurnResumed())
        self._is_ready = False
        self.phase = Phase.SPEAKING
        out.append(UserSpeechStarted(sample, probability))
        return out

    def _open_turn(self, sample: int, is_over: bool) -> SpeechBegan:
        self.turn_id += 1
        self._epoch += 1
        self._begin(max(0, sample - int(self._turn.preroll_s * MIC_HZ)))
        self._speech_start = self._asked_at = self._interim_end = sample
        self._is_candidate = self._began_over_reply = is_over
        return SpeechBegan(is_over)

    def _speech_stopped(self, sample: int) -> list[Output]:
        if self.phase is not Phase.SPEAKING:
            return []
        notice = UserSpeechStopped(sample)
        if self._is_pressed:
            self._speech_end = sample
            return [notice]
        return [notice, *self._pause(sample)]

    def _pause(self, speech_end: int) -> list[Output]:
        """Asks for the text and the turn model's word as soon as the user pauses."""
        self.phase = Phase.PAUSED
        self._epoch += 1
        self._speech_end = speech_end
        self._text = self._probability = None
        self._rescores = 0
        out: list[Output] = [self._transcribe(TranscribePurpose.EAGER)]
        if self._has_turn_model and not self._forced:
            out.append(self._score())
        return out

    @property
    def _has_turn_model(self) -> bool:
        return self._turn.engine != "none"

    def _while_speaking(self) -> list[Output]:
        if self._is_candidate:
            return self._while_candidate()
        is_long = self._now_sample - self._segment_start >= self._turn.max_segment_s * MIC_HZ
        interim_samples = int(self._turn.interim_s * MIC_HZ)
        is_due = interim_samples and self._now_sample - self._interim_end >= interim_samples
        if (is_due or is_long) and not self._pending:
            return [self._transcribe(TranscribePurpose.PARTIAL)]
        return []

    def _while_candidate(self) -> list[Output]:
        speech_s = (self._now_sample - self._speech_start) / MIC_HZ
        language = self.language or "en"
        if is_interruption(self._turn, speech_s, self._candidate_text, language):
            return self._barge_in()
        wait_s = self._turn.interrupt_ask_s if self._candidate_text is None else _ASK_AGAIN_S
        since_s = (self._now_sample - self._asked_at) / MIC_HZ
        if since_s >= wait_s and not self._pending:
            return [self._transcribe(TranscribePurpose.INTERRUPT)]
        return []

    def _barge_in(self) -> list[Output]:
        self._is_candidate = self._began_over_reply = False
        return [BargeIn()]

    def _while_paused(self) -> list[Output]:
        out: list[Output] = []
        silence_s = self._silence_s
        doubts = self._probability is not None and self._probability < self._turn.sure_probability
        times = self._turn.rescore_s
        if doubts and self._rescores < len(times) and silence_s >= times[self._rescores]:
            self._rescores += 1
            out.append(self._score())
        return out + self._settle(silence_s)

    @property
    def _silence_s(self) -> float:
        return (self._now_sample - self._speech_end) / MIC_HZ

    def _settle(self, silence_s: float) -> list[Output]:
        """Commits or drops the turn if it is time to."""
        if self._text is None or self.phase is not Phase.PAUSED:
            return []
        text = _joined(self._frozen, self._text, self._spoken_language)
        is_noise = not text or (
            self._began_over_reply and is_backchannel(text, self._spoken_language)
        )
        if self._forced:
            return self._drop() if not text else self._commit(text, self._forced, 0.0)
        if is_noise:
            return self._drop() if silence_s >= self._turn.drop_silence_s else []
        if self._is_manual or self._is_candidate:
            return []
        delay_s = commit_delay_s(self._turn, self._probability, text, self._spoken_language)
        if silence_s < delay_s:
            return []
        reason: EndReason = "vad" if self._probability is None else "semantic"
        return self._commit(text, reason, silence_s)

    @property
    def _spoken_language(self) -> str:
        return self.language or "en"

    def _commit(self, text: str, reason: EndReason, silence_s: float) -> list[Output]:
        committed = TurnCommitted(
            self.turn_id, text, self._spoken_language, reason, silence_s, self._speech_end_s
        )
        self._close()
        return [committed]

    def _drop(self, *, is_failure: bool = False) -> list[Output]:
        out: list[Output] = [TurnDropped(is_failure)]
        if self._interim:
            out.insert(0, TranscriptFinal(self.turn_id, "", self._spoken_language))
        self._close()
        return out

    def _close(self) -> None:
        self.phase = Phase.QUIET
        self._epoch += 1
        self._pending.clear()
        self._scoring.clear()
        self._begin(self._now_sample)

    @property
    def _speech_end_s(self) -> float:
        return self._frame_s - (self._now_sample - self._speech_end) / MIC_HZ

    # -- what the engines say

    def transcribed(self, event: Transcribed) -> list[Output]:
        """Takes the answer to a `Transcribe`."""
        pending = self._pending.pop(event.request_id, None)
        if pending is None or not self.is_active:
            return []
        is_current = pending.epoch == self._epoch
        if event.transcript is None:
            is_turn = is_current and pending.purpose is TranscribePurpose.EAGER
            return self._drop(is_failure=True) if is_turn else []
        if self.language is None and event.transcript.text:
            self.language = event.transcript.language
        text = event.transcript.text
        self._candidate_text = text
        if pending.purpose is TranscribePurpose.EAGER and is_current:
            self._text = text
        out = self._candidate_heard() if self._is_candidate else []
        out += self._show_interim(text)
        self._freeze(pending, text)
        out += self._prepare()
        return out + self._settle(self._silence_s)

    def _candidate_heard(self) -> list[Output]:
        speech_end = self._now_sample if self.phase is Phase.SPEAKING else self._speech_end
        speech_s = (speech_end - self._speech_start) / MIC_HZ
        if is_interruption(self._turn, speech_s, self._candidate_text, self._spoken_language):
            return self._barge_in()
        return []

    def _show_interim(self, text: str) -> list[Output]:
        whole = _joined(self._frozen, text, self._spoken_language)
        if self._is_candidate or not whole or whole == self._interim:
            return []
        self._stable = _common_prefix(self._interim, whole)
        self._interim = whole
        return [TranscriptInterim(self.turn_id, whole, self._stable, self._spoken_language)]

    def _freeze(self, pending: _Pending, text: str) -> None:
        """Sets the text of a long turn's first part, so that no decode gets too long."""
        covered_s = (pending.end - self._segment_start) / MIC_HZ
        if self.phase is Phase.SPEAKING and covered_s >= self._turn.max_segment_s:
            self._frozen = _joined(self._frozen, text, self._spoken_language)
            self._segment_start = pending.end

    def scored(self, event: TurnScored) -> list[Output]:
        """Takes the answer to a `ScoreTurn`."""
        epoch = self._scoring.pop(event.request_id, None)
        if epoch != self._epoch or self.phase is not Phase.PAUSED:
            return []
        self._probability = event.probability
        return self._prepare() + self._settle(self._silence_s)

    def _prepare(self) -> list[Output]:
        """Lets a reply be prepared once text and turn model agree that it may be time."""
        if self._is_ready or self._text is None or self.phase is not Phase.PAUSED:
            return []
        if self._is_candidate or self._is_manual:
            return []
        text = _joined(self._frozen, self._text, self._spoken_language)
        if self._began_over_reply and is_backchannel(text, self._spoken_language):
            return []
        knows = self._probability is not None or not self._has_turn_model or self._forced
        likely = self._probability is None or (
            self._probability >= self._turn.speculate_probability
        )
        if not text or not knows or not likely:
            return []
        self._is_ready = True
        return [TurnReady(text, self._spoken_language, self._speech_end_s)]

    # -- what the client forces

    def press(self) -> list[Output]:
        """Push-to-talk went down."""
        self._is_pressed = True
        out: list[Output] = []
        if self.phase is Phase.QUIET:
            out.append(self._open_turn(self._now_sample, is_over=False))
        elif self._is_ready:
            out.append(TurnResumed())
        self._is_ready = self._is_candidate = self._began_over_reply = False
        self._forced = None
        self.phase = Phase.SPEAKING
        return out

    def release(self) -> list[Output]:
        """Push-to-talk went up."""
        if not self._is_pressed:
            return []
        self._is_pressed = False
        return self._force("ptt")

    def commit(self) -> list[Output]:
        """The client ends the turn."""
        self._is_pressed = False
        return self._force("commit") if self.is_active else []

    def clear(self) -> list[Output]:
        """The client takes the unfinished turn back."""
        self._is_pressed = False
        return self._drop() if self.is_active else []

    def tick(self, now_s: float) -> list[Output]:
        """Ends the turn of a user whose microphone has fallen silent for good."""
        deadline_s = self.deadline_s
        if deadline_s is None or now_s < deadline_s:
            return []
        return self._force("vad")

    def _force(self, reason: EndReason) -> list[Output]:
        self._forced = reason
        if self.phase is Phase.SPEAKING:
            return self._pause(self._now_sample)
        return self._settle(self._silence_s)

    # -- questions

    def _transcribe(self, purpose: TranscribePurpose) -> Transcribe:
        request_id = self._request_id()
        self._pending[request_id] = _Pending(self._epoch, self._now_sample, purpose)
        self._asked_at = self._interim_end = self._now_sample
        start = self._segment_start
        return Transcribe(request_id, start, self._now_sample, purpose, self.language)

    def _score(self) -> ScoreTurn:
        request_id = self._request_id()
        self._scoring[request_id] = self._epoch
        return ScoreTurn(request_id, self._segment_start, self._now_sample)

    def _request_id(self) -> int:
        request_id = self._next_request
        self._next_request += 1
        return request_id


def _joined(first: str, second: str, language: str) -> str:
    if not first or not second:
        return first or second
    return first + second if language == "zh" else f"{first} {second}"


def _common_prefix(first: str, second: str) -> int:
    count = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        count += 1
    return count
