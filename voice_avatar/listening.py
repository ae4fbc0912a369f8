"""The user's side of the conversation: frames and transcripts in, turns out. Pure.

Theory of operation. A turn of the user runs through three phases:

    QUIET --speech--> SPEAKING --pause--> PAUSED --speech--> SPEAKING ...
                                          PAUSED --commit or drop--> QUIET

- On every pause the audio so far is decoded and the turn model is asked, at once: almost always
  the text is final then, long before the endpoint. Both are asked even before the VAD is sure, when
  the sound falls away (`SpeechDetector.is_dipping`), and that is withdrawn if it comes back.
- `turn.commit_delay_s` turns the model's word and the text into the silence to wait for. When the
  silence is long enough *and* the text is there, the turn is committed.
- Text and model together make `TurnReady`: a reply may be prepared. Speech takes it back
  (`TurnResumed`).
- Speech that begins over a reply is a *candidate*: it becomes an interruption (`BargeIn`) by
  words that claim the turn or by its length, and is forgotten otherwise. Speech that outlasts the
  reply is an answer to it, however short.
- Long before that is known, at the first sound of a voice, the reply is asked to wait
  (`MayBargeIn`); `NoBargeIn` lets it go on. When to ask and to let go is in `holding.py`.
- Push-to-talk and commits by the client force the endpoint; voice activity then only dates the
  speech. So does a microphone that delivers nothing any more (a stall), but speech that comes after
  all goes on with the turn.
- Whatever a question to an engine was asked for, an answer counts only while nothing has changed
  since (`_epoch`), except that its text may be shown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum, auto

from voice_avatar import languages
from voice_avatar.events import (
    MIC_HZ,
    WINDOW_SAMPLES,
    CancelTranscribe,
    Command,
    Endpointing,
    EndReason,
    Notice,
    ScoreTurn,
    Transcribe,
    Transcribed,
    TranscribePurpose,
    Transcript,
    TranscriptFinal,
    TranscriptInterim,
    TurnScored,
    UserSpeechStarted,
    UserSpeechStopped,
    VadFrame,
)
from voice_avatar.holding import ReplyHold
from voice_avatar.turn import (
    TurnOptions,
    claims_turn,
    commit_delay_s,
    is_interruption,
    learned_pause_s,
    with_detection,
)
from voice_avatar.turns.cues import may_go_on, words_of
from voice_avatar.vad import SpeechDetector, SpeechStarted, SpeechStopped, VadOptions

_ASK_AGAIN_S = 0.3
"""Time between two questions for the words of an interruption candidate."""

_MIC_DRIFT_S = 1e-5
"""What the microphone's clock may fall behind in a window of 32 ms: 0.3 ms in a second, more
than two crystals differ by."""

_MIC_JUMP_S = 0.5
"""A window so much later than expected is no late packet: samples are missing."""


_PATIENCE = 3.0
"""How much later the words of a candidate are asked for while the reply waits: by then a listener's
"mhm" is over, and what is asked at its end need not wait for another answer."""


_SHORT_S = 0.25
_SHORT_WAIT_S = 0.45
"""A sound of so many seconds is hardly a word ("hey" takes as long): a reply waits for what it was
until so many seconds after its onset. If it was a word after all, it interrupts all the same."""


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
class UserPaused:
    """The user pauses, in a turn that silence may end. Nothing more is known yet."""


@dataclass(frozen=True, slots=True)
class TurnMayEnd:
    """The user pauses where a turn may end: once in a pause, before its text is known."""


@dataclass(frozen=True, slots=True)
class TurnReady:
    """The user has probably finished: a reply to `text`, known since `text_s`, may be prepared."""

    text: str
    language: str
    speech_end_s: float
    text_s: float


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
    text_s: float


@dataclass(frozen=True, slots=True)
class TurnDropped:
    """What seemed a turn was none (noise, a cough, a backchannel). `is_failure`: STT failed."""

    is_failure: bool = False


@dataclass(frozen=True, slots=True)
class MayBargeIn:
    """There may be a voice over the reply: it should wait until it is known what that means."""


@dataclass(frozen=True, slots=True)
class NoBargeIn:
    """What was heard over the reply is nothing, or cannot be told: it should go on."""


@dataclass(frozen=True, slots=True)
class BargeIn:
    """The user interrupts the reply by voice."""


Fact = (
    SpeechBegan
    | UserPaused
    | TurnMayEnd
    | TurnReady
    | TurnResumed
    | TurnCommitted
    | TurnDropped
    | MayBargeIn
    | NoBargeIn
    | BargeIn
)
Output = Command | Notice | Fact


@dataclass(frozen=True, slots=True)
class _Pending:
    """A question to the recogniser: when it was asked, and the audio that it covers."""

    epoch: int
    start: int
    end: int
    purpose: TranscribePurpose


@dataclass(slots=True)
class _Dip:
    """What was asked when the sound fell away, and what came of it before the VAD followed."""

    ask_id: int
    sample: int
    score_id: int = 0
    heard: Transcript | None = None
    heard_s: float = 0.0
    probability: float | None = None


class Listener:
    """Turn-taking of one user.

    Attributes:
        phase: where the turn stands.
        language: locked language, None until it is known.
        turn_id: number of the current or last turn, from 1.
    """

    def __init__(self, vad: VadOptions, turn: TurnOptions, language: str | None) -> None:
        self._turn = self._turn_configured = turn
        self._detector = SpeechDetector(vad)
        self._hold = ReplyHold(vad, turn)
        self._is_reply_heard = False
        self.language = language
        self.phase = Phase.QUIET
        self.turn_id = 0
        self._is_manual = turn.endpointing == "manual"
        self._is_interruptible = True
        self._is_pressed = False
        self._now_sample = 0
        self._frame_s = 0.0
        self._mic_zero_s = -math.inf
        self._next_request = 1
        self._pending: dict[int, _Pending] = {}
        self._scoring: dict[int, int] = {}
        self._epoch = 0
        self._early: SpeechStarted | None = None
        self._pause_s = 0.0
        self._gap_s = 0.0
        self._begin(0)

    # -- what the turn is made of

    def _begin(self, segment_start: int) -> None:
        """Clears everything that belongs to one turn."""
        self._segment_start = segment_start
        self._speech_start = segment_start
        self._speech_end = segment_start
        self._frozen = ""
        self._text: str | None = None
        self._text_s = 0.0
        self._logprob = 0.0
        self._heard_language: str | None = None
        self._interim = ""
        self._interim_end = segment_start
        self._stable = 0
        self._probability: float | None = None
        self._rescores = 0
        self._is_ready = False
        self._is_answered = False
        self._is_told = False
        self._forced: EndReason | None = None
        self._is_candidate = False
        self._began_over_reply = False
        self._heard: Transcript | None = None
        self._heard_end = segment_start
        self._asked_at = segment_start
        self._dip: _Dip | None = None

    @property
    def is_active(self) -> bool:
        """Whether a turn is under way."""
        return self.phase is not Phase.QUIET

    @property
    def asked_from_s(self) -> float:
        """From when on the user's words are asked for: shortly before the speech began."""
        return self._mic_zero_s + self._segment_start / MIC_HZ

    @property
    def is_waiting(self) -> bool:
        """Whether the turn pauses until the client ends it, however long that takes."""
        return self._is_manual and self.phase is Phase.PAUSED and not self._forced

    @property
    def deadline_s(self) -> float | None:
        """When `tick` is due: the microphone delivers nothing, or a reply has waited for long."""
        times = (self._stall_s, self._hold.deadline_s)
        return min((time_s for time_s in times if time_s is not None), default=None)

    @property
    def _stall_s(self) -> float | None:
        """When silence is taken for the end of the speech, unless audio comes."""
        is_voiced = self._detector.is_speaking or (self._hold.is_on and self._hold.is_voiced)
        if self._ends_by_silence or is_voiced:
            return self._frame_s + self._turn.stall_s
        return None

    @property
    def _ends_by_silence(self) -> bool:
        is_open = self.is_active and not self._forced
        return is_open and not self._is_pressed and not self._is_manual

    def set_manual(self, is_manual: bool) -> None:
        """Switches between voice endpointing and commits by the client alone."""
        self._is_manual = is_manual

    def set_detection(self, wanted: Endpointing) -> None:
        """Changes how the end of a turn is found, from the next pause on."""
        self._turn = with_detection(self._turn_configured, wanted)
        self._detector.set_start(wanted.speech_probability)
        if not self._turn.learning_rate:
            self._pause_s = 0.0

    def set_interruptible(self, is_interruptible: bool) -> None:
        """Lets a voice over the reply end it, or not."""
        self._is_interruptible = is_interruptible

    # -- audio

    def frame(self, frame: VadFrame, now_s: float, *, reply_is_live: bool) -> list[Output]:
        """Takes the next window of the microphone stream."""
        self._now_sample = frame.start + WINDOW_SAMPLES
        self._frame_s = now_s
        self._date_samples(now_s)
        self._is_reply_heard = reply_is_live
        self._hold.hear(frame)
        out: list[Output] = []
        if not reply_is_live:
            out += self._reply_is_over()
        match self._detector.step(frame):
            case SpeechStarted() as start:
                out.append(UserSpeechStarted(start.sample, start.probability))
                out += self._speech_started(start, reply_is_live)
            case SpeechStopped(sample):
                if self._dip is not None:  # the VAD took what faded away for speech
                    sample = min(sample, self._dip.sample)
                out.append(UserSpeechStopped(sample))
                out += self._speech_stopped(sample)
        if self.phase is Phase.QUIET and self._early is not None:
            out += self._go_on_early(self._early, reply_is_live)
        if self.phase is Phase.SPEAKING:
            out += self._while_speaking()
        elif self.phase is Phase.PAUSED:
            out += self._while_paused()
        return out + self._held(now_s)

    def _held(self, now_s: float) -> list[Output]:
        """Lets the reply wait, or go on, once all is known that this moment brought."""
        is_undecided = self._is_candidate or self._hold.is_on
        turned = self._hold.settle(
            now_s,
            is_reply_heard=self._is_reply_heard and self._is_interruptible,
            is_undecided=is_undecided and self.is_active and not self._is_nothing_more,
        )
        if turned is None:
            return []
        return [MayBargeIn() if turned else NoBargeIn()]

    @property
    def _is_nothing_more(self) -> bool:
        """Whether the user has paused, and the reply need not wait for what that was."""
        if self.phase is not Phase.PAUSED:
            return False
        if self._text is None:
            speech_s = (self._speech_end - self._speech_start) / MIC_HZ
            return speech_s <= _SHORT_S and speech_s + self._silence_s >= _SHORT_WAIT_S
        is_over = self._silence_s >= self._turn.interrupt.opener_s
        return is_over or not may_go_on(self._text, self._spoken_language)

    def _reply_is_over(self) -> list[Output]:
        """Speech that outlasts the reply is a turn; what ended before it may still be none."""
        was_candidate, self._is_candidate = self._is_candidate, False
        if self.phase is Phase.SPEAKING:
            self._began_over_reply = False
        return self._first_score() if was_candidate else []

    def _speech_started(self, start: SpeechStarted, is_over: bool) -> list[Output]:
        if self.phase is Phase.QUIET:
            return self._open_turn(start.sample, is_over)
        if self.phase is Phase.PAUSED and self._is_ended_by_client:
            self._early = start
            return []
        return self._resume(start.sample)

    def _open_turn(self, sample: int, is_over: bool) -> list[Output]:
        self.turn_id += 1
        self._early = None
        self._gap_s = (sample - self._speech_end) / MIC_HZ
        self._begin(max(self._speech_end, sample - self._preroll))
        self._speech_start = self._asked_at = self._interim_end = sample
        self._is_candidate = self._began_over_reply = is_over
        self._enter(Phase.SPEAKING)
        return [SpeechBegan(is_over)]

    def _resume(self, sample: int) -> list[Output]:
        """The turn goes on after a pause."""
        out: list[Output] = []
        if self._is_ready:
            out.append(TurnResumed())
            self._learn((sample - self._speech_end) / MIC_HZ)
        self._is_ready = self._is_answered = False
        self._forced = self._early = None
        was_paused = self.phase is Phase.PAUSED
        self._enter(Phase.SPEAKING)
        if was_paused:
            self._speech_start = sample
            self._freeze(self._text, max(self._speech_end, sample - self._preroll))
        return out

    @property
    def _preroll(self) -> int:
        return int(self._turn.preroll_s * MIC_HZ)

    def _go_on_early(self, start: SpeechStarted, is_over: bool) -> list[Output]:
        """Opens the turn that began while the text of the one before was still awaited."""
        out = self._open_turn(start.sample, is_over)
        if not self._detector.is_speaking:
            out += self._pause(self._detector.last_speech_end)
        return out

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self._epoch += 1

    @property
    def _is_ended_by_client(self) -> bool:
        return self._forced not in (None, "vad")

    def _speech_stopped(self, sample: int) -> list[Output]:
        if self.phase is not Phase.SPEAKING or self._is_pressed:
            return []
        return self._pause(sample)

    def _pause(self, speech_end: int) -> list[Output]:
        """Asks for the text and the turn model's word as soon as the user pauses."""
        self._enter(Phase.PAUSED)
        self._speech_end = speech_end
        self._text = None
        self._rescores = 0
        self._is_told = False
        dip, self._dip = self._dip, None
        out = self._ask_for_text(dip)
        # A sound over the reply is mostly no turn: its words, which decide, come first.
        self._probability = None
        out += [] if self._is_candidate else self._ask_for_score(dip)
        if not (self._is_candidate or self._is_manual or self._forced):
            out.append(UserPaused())
        return out + self._tell() + self._prepare()

    def _ask_for_text(self, dip: _Dip | None) -> list[Output]:
        """Asks for the text of the turn, unless that was done when the sound fell away."""
        if dip is not None and dip.heard is not None:
            self._text, self._logprob = dip.heard.text, dip.heard.avg_logprob
            self._text_s = dip.heard_s
            return []
        if dip is not None and (early := self._pending.get(dip.ask_id)):
            eager = replace(early, epoch=self._epoch, purpose=TranscribePurpose.EAGER)
            self._pending[dip.ask_id] = eager
            return []
        return [*self._drop_partials(), self._transcribe(TranscribePurpose.EAGER)]

    def _ask_for_score(self, dip: _Dip | None) -> list[Output]:
        """Asks the turn model, likewise."""
        self._probability = None if dip is None else dip.probability
        if not self._has_turn_model or self._forced or self._probability is not None:
            return []
        if dip is not None and dip.score_id in self._scoring:
            self._scoring[dip.score_id] = self._epoch
            return []
        return [self._score()]

    def _drop_partials(self) -> list[Output]:
        """Withdraws the questions for interim texts: they would only hold up the final one."""
        partial = [
            request_id
            for request_id, pending in self._pending.items()
            if pending.purpose is TranscribePurpose.PARTIAL
        ]
        for request_id in partial:
            del self._pending[request_id]
        return [CancelTranscribe(request_id) for request_id in partial]

    def _watch_level(self) -> list[Output]:
        """Asks early when the sound falls away, and forgets that when it comes back."""
        if not self._detector.is_dipping or self._is_pressed or self._is_manual:
            return self._forget_early()
        if self._dip is not None:
            return []
        out = self._drop_partials()
        ask = self._transcribe(TranscribePurpose.EARLY)
        out.append(ask)
        self._dip = _Dip(ask.request_id, self._now_sample)
        if self._has_turn_model:
            score = self._score()
            self._dip.score_id = score.request_id
            out.append(score)
        return out

    def _forget_early(self) -> list[Output]:
        dip, self._dip = self._dip, None
        if dip is None or self._pending.pop(dip.ask_id, None) is None:
            return []
        return [CancelTranscribe(dip.ask_id)]

    def _first_score(self) -> list[Output]:
        """Asks for the turn model's word on this pause."""
        is_open = self.phase is Phase.PAUSED and not self._forced
        return [self._score()] if is_open and self._has_turn_model else []

    def _tell(self) -> list[Output]:
        """Tells, once in a pause, that it may be the end; not when the next turn has begun."""
        is_open = not (self._is_told or self._is_candidate or self._is_manual or self._early)
        if not is_open or not self._is_likely:
            return []
        self._is_told = True
        return [TurnMayEnd()]

    @property
    def _is_likely(self) -> bool:
        """Whether a reply may be prepared, by the turn model's word."""
        if not self._has_turn_model:
            return True
        return self._probability is not None and (
            self._probability >= self._turn.speculate_probability
        )

    @property
    def _has_turn_model(self) -> bool:
        return self._turn.engine != "none"

    def _while_speaking(self) -> list[Output]:
        if self._is_candidate:
            return self._while_candidate()
        out = self._watch_level()
        interim_samples = int(self._turn.interim_s * MIC_HZ)
        is_due = interim_samples and self._now_sample - self._interim_end >= interim_samples
        if (is_due or self._is_long) and not self._pending:
            out.append(self._transcribe(TranscribePurpose.PARTIAL))
        return out

    def _while_candidate(self) -> list[Output]:
        if not self._is_interruptible:
            return []
        speech_s = (self._now_sample - self._speech_start) / MIC_HZ
        if self._interrupts(speech_s):
            return self._barge_in()
        if self._is_wordless and self._heard_s >= self._turn.interrupt.noise_s:
            self._hold.dismiss()
        since_s = (self._now_sample - self._asked_at) / MIC_HZ
        if since_s >= self._ask_s and not self._pending:
            return [self._transcribe(TranscribePurpose.INTERRUPT)]
        return []

    @property
    def _ask_s(self) -> float:
        """Time from one question for the words of a candidate to the next."""
        if self._heard is None:
            return self._turn.interrupt.ask_s * (_PATIENCE if self._hold.is_on else 1.0)
        # Where there are no words they are looked for less and less often.
        return max(_ASK_AGAIN_S, self._heard_s / 2 if self._is_wordless else 0.0)

    @property
    def _heard_s(self) -> float:
        """Seconds of the speech over the reply of which it is known what was recognised."""
        return (self._heard_end - self._speech_start) / MIC_HZ

    @property
    def _is_wordless(self) -> bool:
        heard = self._heard
        return heard is not None and not words_of(heard.text, self._spoken_language)

    def _interrupts(self, speech_s: float) -> bool:
        return self._is_interruptible and is_interruption(
            self._turn,
            speech_s,
            self._heard,
            self._spoken_language,
            is_paused=self._hold.is_on,
        )

    def _barge_in(self) -> list[Output]:
        self._is_candidate = self._began_over_reply = False
        self._end_hold()
        return [BargeIn(), *self._first_score()]

    def _end_hold(self) -> None:
        """It is decided, and the reply is over with it."""
        self._is_reply_heard = False
        self._hold.end()

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
        if not text or self._is_aside(text):
            is_time = self._forced or silence_s >= self._turn.drop_silence_s
            return self._drop() if is_time else []
        if self._forced:
            waited_s = 0.0 if self._is_ended_by_client else self._turn.stall_s
            return self._commit(text, self._forced, waited_s)
        if self._is_manual or self._is_candidate or self._detector.is_rising:
            return []
        delay_s = commit_delay_s(self._turn, self._probability, text, self._spoken_language)
        delay_s = max(delay_s, self._pause_s)
        is_awaited = self._is_ready and not self._is_answered
        if silence_s < delay_s + (self._turn.hold_s if is_awaited else 0.0):
            return []
        reason: EndReason = "vad" if self._probability is None else "semantic"
        return self._commit(text, reason, silence_s)

    def _is_aside(self, text: str) -> bool:
        """Whether something was only said while listening to the reply, and needs no answer."""
        return self._began_over_reply and not claims_turn(
            self._turn, text, self._spoken_language, self._logprob
        )

    @property
    def _spoken_language(self) -> str:
        return self.language or self._heard_language or "en"

    def _commit(self, text: str, reason: EndReason, silence_s: float) -> list[Output]:
        committed = TurnCommitted(
            self.turn_id,
            text,
            self._spoken_language,
            reason,
            silence_s,
            self._speech_end_s,
            self._text_s,
        )
        self.language = self._spoken_language
        self._learn(None)
        self._end_hold()
        self._close()
        return [committed]

    def _learn(self, pause_s: float | None) -> None:
        self._pause_s = learned_pause_s(self._turn, self._pause_s, pause_s)

    def was_cut_off(self) -> None:
        """The turn that has just begun is the rest of the one before: its end was mistaken."""
        self._learn(self._gap_s)

    def _drop(self, *, is_failure: bool = False) -> list[Output]:
        out: list[Output] = [TurnDropped(is_failure)]
        if self._interim:
            out.insert(0, TranscriptFinal(self.turn_id, "", self._spoken_language))
        self._close()
        return out

    def _close(self) -> None:
        turn_end = self._now_sample if self.phase is Phase.SPEAKING else self._speech_end
        self._enter(Phase.QUIET)
        self._pending.clear()
        self._scoring.clear()
        self._begin(turn_end)

    @property
    def _speech_end_s(self) -> float:
        return self._mic_zero_s + self._speech_end / MIC_HZ

    def _date_samples(self, now_s: float) -> None:
        """Keeps the time at which microphone sample 0 was spoken, by the promptest windows.

        A window comes up to a packet and whatever the network takes after its last sample; those
        that came soonest tell when samples were really spoken.
        """
        zero_s = now_s - self._now_sample / MIC_HZ
        is_known = abs(zero_s - self._mic_zero_s) < _MIC_JUMP_S
        drifted_s = self._mic_zero_s + _MIC_DRIFT_S
        self._mic_zero_s = min(zero_s, drifted_s) if is_known else zero_s

    # -- what the engines say

    def transcribed(self, event: Transcribed, now_s: float) -> list[Output]:
        """Takes the answer to a `Transcribe`."""
        pending = self._pending.pop(event.request_id, None)
        if pending is None or pending.start != self._segment_start:
            return []
        is_final = pending.epoch == self._epoch and pending.purpose is TranscribePurpose.EAGER
        if event.transcript is None:
            self._heard = None  # then its length decides
            out = self._drop(is_failure=True) if is_final else []
            return out + self._held(now_s)
        text = event.transcript.text
        if self._dip is not None and event.request_id == self._dip.ask_id:
            self._dip.heard, self._dip.heard_s = event.transcript, now_s
        if text:
            self._heard_language = event.transcript.language
        self._heard, self._heard_end = event.transcript, pending.end
        if is_final:
            self._text, self._text_s, self._logprob = text, now_s, event.transcript.avg_logprob
        out = self._candidate_heard() if self._is_candidate else []
        out += self._show_interim(text)
        self._freeze(text, pending.end)
        out += self._prepare()
        out += self._settle(self._silence_s)
        return out + self._held(now_s)

    def _candidate_heard(self) -> list[Output]:
        speech_end = self._now_sample if self.phase is Phase.SPEAKING else self._speech_end
        speech_s = (speech_end - self._speech_start) / MIC_HZ
        return self._barge_in() if self._interrupts(speech_s) else []

    def _show_interim(self, text: str) -> list[Output]:
        whole = _joined(self._frozen, text, self._spoken_language)
        if self._is_candidate or not whole or whole == self._interim:
            return []
        self._stable = _common_prefix(self._interim, whole)
        self._interim = whole
        return [TranscriptInterim(self.turn_id, whole, self._stable, self._spoken_language)]

    @property
    def _is_long(self) -> bool:
        return self._now_sample - self._segment_start >= self._turn.max_segment_s * MIC_HZ

    def _freeze(self, text: str | None, end: int) -> None:
        """Sets the text of a long turn up to sample `end`, so that no decode gets too long."""
        if text is not None and self.phase is Phase.SPEAKING and self._is_long:
            self._frozen = _joined(self._frozen, text, self._spoken_language)
            self._segment_start = end
            self._dip = None

    def scored(self, event: TurnScored) -> list[Output]:
        """Takes the answer to a `ScoreTurn`."""
        epoch = self._scoring.pop(event.request_id, None)
        if self._dip is not None and event.request_id == self._dip.score_id:
            self._dip.probability = event.probability
            return []
        if epoch != self._epoch or self.phase is not Phase.PAUSED:
            return []
        self._probability = event.probability
        return self._tell() + self._prepare() + self._settle(self._silence_s)

    def _prepare(self) -> list[Output]:
        """Lets a reply be prepared once text and turn model agree that it may be time."""
        if self._is_ready or self._text is None or self.phase is not Phase.PAUSED:
            return []
        if self._is_candidate or self._is_manual:
            return []
        text = _joined(self._frozen, self._text, self._spoken_language)
        if not text or self._is_aside(text) or not self._is_likely:
            return []
        self._is_ready, self._is_answered = True, False
        return [TurnReady(text, self._spoken_language, self._speech_end_s, self._text_s)]

    def answered(self) -> list[Output]:
        """The prepared reply can be heard: there is nothing to wait for but silence."""
        self._is_answered = True
        return self._settle(self._silence_s)

    # -- what the client forces

    def press(self) -> list[Output]:
        """Push-to-talk went down."""
        self._is_pressed = True
        if self.phase is Phase.QUIET:
            return self._open_turn(self._now_sample, is_over=False)
        self._is_candidate = self._began_over_reply = False
        return self._resume(self._now_sample)

    def release(self) -> list[Output]:
        """Push-to-talk went up."""
        if not self._is_pressed:
            return []
        self._is_pressed = False
        return self._force("ptt")

    def commit(self, start: int | None = None) -> list[Output]:
        """The client ends the turn; where there is none, the audio from sample `start` on is it."""
        out: list[Output] = []
        if self.phase is Phase.QUIET and start is not None:
            out += self._open_turn(min(start, self._now_sample), is_over=False)
        self._is_pressed = self._is_candidate = self._began_over_reply = False
        return out + self._force("commit")

    def clear(self) -> list[Output]:
        """The client takes the unfinished turn back."""
        self._is_pressed = False
        self._early = None
        self._hold.dismiss()
        out = self._drop() if self.is_active else []
        return out + self._held(self._frame_s)

    def rejoin(self, now_s: float) -> None:
        """The microphone is connected again: audio is waited for as if some had just come."""
        self._frame_s = now_s

    def tick(self, now_s: float) -> list[Output]:
        """Ends what has lasted for too long: speech without audio, a reply that waits."""
        stall_s = self._stall_s
        out = self._stalled() if stall_s is not None and now_s >= stall_s else []
        return out + self._held(now_s)

    def _stalled(self) -> list[Output]:
        """Ends the speech, and the turn, of a user whose microphone delivers nothing any more."""
        out: list[Output] = []
        if self._detector.is_speaking:
            out.append(UserSpeechStopped(self._now_sample))
            out += self._speech_stopped(self._now_sample)
        self._detector.reset()
        self._hold.hear_nothing()
        return out + (self._force("vad") if self._ends_by_silence else [])

    def _force(self, reason: EndReason) -> list[Output]:
        if not self.is_active:
            return []
        self._forced = reason
        if self.phase is Phase.SPEAKING:
            return self._pause(self._now_sample)
        return self._settle(self._silence_s)

    # -- questions

    def _transcribe(self, purpose: TranscribePurpose) -> Transcribe:
        request_id = self._request_id()
        start, end = self._segment_start, self._now_sample
        self._pending[request_id] = _Pending(self._epoch, start, end, purpose)
        self._asked_at = end
        if purpose is not TranscribePurpose.EARLY:
            self._interim_end = end
        return Transcribe(request_id, start, end, purpose, self.language)

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
    return f"{first} {second}" if languages.language(language).has_spaces else first + second


def _common_prefix(first: str, second: str) -> int:
    count = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        count += 1
    return count
