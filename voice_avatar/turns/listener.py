"""The user's side of the conversation: frames and transcripts in, turns out. Pure.

Theory of operation. A turn of the user runs through three phases:

    QUIET --speech--> SPEAKING --pause--> PAUSED --speech--> SPEAKING ...
                                          PAUSED --commit or drop--> QUIET

- `phases.py` says what may happen in each of them and what is done then, `turn_taking.py` does it,
  `user_turn.py` is what is known of the turn. Here it is found out *what* happens: from windows of
  the microphone, from answers of the engines, from the client, and from the clock.
- On every pause the audio so far is decoded and the turn model is asked, at once: almost always
  the text is final then, long before the endpoint. Both are asked even before the VAD is sure, when
  the sound falls away (`SpeechDetector.is_dipping`), and that is withdrawn if it comes back.
- `endpointing.py` turns the model's word and the text into the silence to wait for. When the
  silence is long enough *and* the text is there, the turn is committed.
- Text and model together make `TurnReady`: a reply may be prepared. Speech takes it back
  (`TurnWentOn`).
- Speech that begins over a reply is a *candidate*: it becomes an interruption (`BargeIn`) by
  words that claim the turn or by its length (`interruption.py`), and is forgotten otherwise. Speech
  that outlasts the reply is an answer to it, however short.
- Long before that is known, at the first sound of a voice, the reply is asked to wait
  (`MayBargeIn`); `NoBargeIn` lets it go on. When to ask and to let go is in `barge_in.py`.
- Push-to-talk and commits by the client force the endpoint; voice activity then only dates the
  speech. So does a microphone that delivers nothing any more (a stall), but speech that comes after
  all goes on with the turn.
- Whatever a question to an engine was asked for, an answer counts only while nothing has changed
  since (`questions.py`), except that its text may be shown.
"""

from __future__ import annotations

from voice_avatar.events.inputs import Endpointing, Transcribed, TurnScored, VadFrame
from voice_avatar.events.notices import UserSpeechStarted, UserSpeechStopped, WarningNotice
from voice_avatar.events.payloads import WINDOW_SAMPLES
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.stages.vad import VadOptions
from voice_avatar.turns.facts import Output
from voice_avatar.turns.mic_clock import MicClock
from voice_avatar.turns.phases import Happening, Phase
from voice_avatar.turns.speech import SpeechDetector, SpeechStarted
from voice_avatar.turns.turn_taking import TurnTaking


def nothing_to_commit() -> WarningNotice:
    """Tells a client that ends a turn that there is none."""
    return WarningNotice("nothing_to_commit", "There is no unfinished turn to commit.")


class Listener:
    """Turn-taking of one user."""

    def __init__(self, vad: VadOptions, turn: TurnOptions, language: str | None) -> None:
        self._detector = SpeechDetector(vad)
        self._clock = MicClock()
        self._taking = TurnTaking(vad, turn, language, detector=self._detector, clock=self._clock)

    @property
    def phase(self) -> Phase:
        """Where the turn stands."""
        return self._taking.phase

    @property
    def language(self) -> str | None:
        """Locked language, None until it is known."""
        return self._taking.language

    @language.setter
    def language(self, language: str | None) -> None:
        self._taking.language = language

    @property
    def turn_id(self) -> int:
        """Number of the current or last turn, from 1."""
        return self._taking.turn_id

    @turn_id.setter
    def turn_id(self, turn_id: int) -> None:
        self._taking.turn_id = turn_id

    @property
    def is_active(self) -> bool:
        """Whether a turn is under way."""
        return self._taking.phase is not Phase.QUIET

    @property
    def is_waiting(self) -> bool:
        """Whether the turn pauses until the client ends it, however long that takes."""
        taking = self._taking
        is_paused = taking.phase is Phase.PAUSED and not taking.turn.pause.forced
        return is_paused and taking.ending.is_manual

    @property
    def echo_from_s(self) -> float | None:
        """From when on the words that are asked for are heard: they may be the avatar's own.

        None where the turn has taken the floor: then it is answered, whatever its words.
        """
        turn = self._taking.turn
        return None if turn.is_claimed else self._clock.at_s(turn.segment_start)

    @property
    def deadline_s(self) -> float | None:
        """When `tick` is due: the microphone delivers nothing, or a reply has waited for long."""
        times = (self._stall_s, self._taking.overlap.deadline_s)
        return min((time_s for time_s in times if time_s is not None), default=None)

    @property
    def _stall_s(self) -> float | None:
        """When silence is taken for the end of the speech, unless audio comes."""
        overlap = self._taking.overlap
        is_voiced = self._detector.is_speaking or (overlap.is_on and overlap.is_voiced)
        if self._taking.ends_by_silence or is_voiced:
            return self._clock.heard_s + self._taking.ending.options.stall_s
        return None

    def set_manual(self, is_manual: bool) -> None:
        """Switches between voice endpointing and commits by the client alone."""
        self._taking.ending.is_manual = is_manual

    def set_detection(self, wanted: Endpointing) -> None:
        """Changes how the end of a turn is found, from the next pause on."""
        self._taking.ending.set_detection(wanted)
        self._detector.set_start(wanted.speech_probability)

    def set_interruptible(self, is_interruptible: bool) -> None:
        """Lets a voice over the reply end it, or not."""
        self._taking.overlap.is_interruptible = is_interruptible

    def was_cut_off(self) -> None:
        """The turn that has just begun is the rest of the one before: its end was mistaken."""
        self._taking.ending.learn(self._taking.gap_s)

    # -- audio, and its absence

    def frame(self, frame: VadFrame, now_s: float, *, reply_is_live: bool) -> list[Output]:
        """Takes the next window of the microphone stream."""
        taking, overlap = self._taking, self._taking.overlap
        sample = frame.start + WINDOW_SAMPLES
        # The clock first, by which all else is dated; then the overlap, before the detector:
        # whether a turn that opens in this window is a candidate goes by whether a reply is live.
        self._clock.hear(sample, now_s)
        overlap.is_reply_live = reply_is_live
        overlap.hear(frame)
        # The end of the reply comes first: what starts in this window is then no candidate.
        out = [] if reply_is_live else taking.reply_over()
        voice = self._detector.step(frame)
        if isinstance(voice, SpeechStarted):
            out.append(UserSpeechStarted(voice.sample, voice.probability))
            out += taking.happens(Happening.SPEECH, voice.sample)
        elif voice is not None:
            # The VAD took what faded away for speech; the level knew better.
            dip = taking.turn.questions.dip
            end = voice.sample if dip is None else min(voice.sample, dip.sample)
            out.append(UserSpeechStopped(end))
            out += taking.happens(Happening.PAUSE, end)
        # After the detector, so that a pause is looked at in the window in which it begins, and
        # before the hold, which depends on all that this window has decided.
        out += taking.window(sample)
        return out + taking.held(now_s)

    def tick(self, now_s: float) -> list[Output]:
        """Ends what has lasted for too long: speech without audio, a reply that waits."""
        taking, stall_s = self._taking, self._stall_s
        out: list[Output] = []
        if stall_s is not None and now_s >= stall_s:
            # The microphone delivers nothing any more: that ends the speech, and the turn of a user
            # who has nothing else to end it with.
            sample = self._clock.sample
            if self._detector.is_speaking:
                out.append(UserSpeechStopped(sample))
                out += taking.happens(Happening.PAUSE, sample)
            # No window comes that could end a voice: without this the same stall would be found
            # again at every tick. After the pause, which has to be told of the speech that was.
            self._detector.reset()
            taking.overlap.hear_nothing()
            if taking.ends_by_silence:
                out += taking.happens(Happening.STALL, sample)
        return out + taking.held(now_s)

    def rejoin(self, now_s: float) -> None:
        """The microphone is connected again: audio is waited for as if some had just come."""
        self._clock.wait_from(now_s)

    # -- what the engines say

    def transcribed(self, event: Transcribed, now_s: float) -> list[Output]:
        """Takes the answer to a `Transcribe`."""
        taking = self._taking
        out = taking.transcribed(event, now_s)
        # An answer makes room for what could not be asked.
        paused = taking.phase is Phase.PAUSED
        return [*out, *taking.turn.ask_due(self._clock.sample, taking.language, is_paused=paused)]

    def scored(self, event: TurnScored) -> list[Output]:
        """Takes the answer to a `ScoreTurn`."""
        return self._taking.scored(event)

    def answered(self) -> list[Output]:
        """The prepared reply can be heard: there is nothing to wait for but silence."""
        self._taking.turn.pause.is_answered = True
        return self._taking.happens(Happening.AUDIBLE, self._clock.sample)

    # -- what the client forces

    def press(self) -> list[Output]:
        """Push-to-talk went down."""
        self._taking.is_pressed = True
        return self._taking.happens(Happening.PRESS, self._clock.sample)

    def release(self) -> list[Output]:
        """Push-to-talk went up."""
        if not self._taking.is_pressed:
            return [nothing_to_commit()]
        # Before the table is asked: while the key is down no pause is one, not even this.
        self._taking.is_pressed = False
        return self._taking.happens(Happening.RELEASE, self._clock.sample)

    def commit(self, start: int | None = None) -> list[Output]:
        """The client ends the turn; where there is none, the audio from sample `start` on is it."""
        taking, now = self._taking, self._clock.sample
        # Likewise: who commits has let go, even if the release comes late.
        taking.is_pressed = False
        if taking.phase is not Phase.QUIET:
            return taking.happens(Happening.COMMIT, now)
        if start is None:
            return []
        out = taking.happens(Happening.COMMIT, min(start, now))  # opens it
        return out + taking.happens(Happening.COMMIT, now)  # ends it

    def clear(self) -> list[Output]:
        """The client takes the unfinished turn back."""
        self._taking.is_pressed = False
        # The voice goes with the turn: else it would hold the reply again in the next window. And
        # the reply that waits for it goes on now, not when the next window comes.
        self._taking.overlap.dismiss()
        out = self._taking.happens(Happening.CLEAR, self._clock.sample)
        return out + self._taking.held(self._clock.heard_s)
