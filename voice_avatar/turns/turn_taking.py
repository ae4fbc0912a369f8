"""What is done to the user's turn when something happens to it: the deeds of the table. Pure.

`phases.py` says which deed belongs to which phase and happening; here they are, one method a deed.
Each is told what happened and at which microphone sample, may change the phase, and returns what
there is to tell and to ask. All that is known of the turn itself is in one `UserTurn`, which
`_open` and `_close` replace.

In a pause four things work towards the end of the turn, in any order: the silence grows (`_wait`),
the text comes and the turn model speaks (`_weigh`), the prepared reply can be heard. Whichever
comes last, `_settle` is where the turn ends. So it asks everything anew, each time.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Final

from voice_avatar.events.commands import TranscribePurpose
from voice_avatar.events.inputs import Transcribed, TurnScored
from voice_avatar.events.notices import EndReason, TranscriptFinal
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.stages.vad import VadOptions
from voice_avatar.turns.barge_in import Overlap
from voice_avatar.turns.endpointing import EndOfTurn
from voice_avatar.turns.facts import (
    BargeIn,
    Output,
    SpeechBegan,
    TurnCommitted,
    TurnDropped,
    TurnMayEnd,
    TurnReady,
    TurnWentOn,
    UserPaused,
)
from voice_avatar.turns.mic_clock import MicClock
from voice_avatar.turns.phases import DROP_REASONS, END_REASONS, PHASES, Deed, Happening, Phase
from voice_avatar.turns.speech import SpeechDetector
from voice_avatar.turns.user_turn import Pause, UserTurn, segment_start


class TurnTaking:
    """The user's turn, and what is done to it.

    Attributes:
        phase: where the turn stands.
        language: locked language, None until it is known.
        turn_id: number of the current or last turn, from 1.
        turn: what is known of it.
        overlap: what is said over a reply.
        ending: what it takes for a pause to be its end.
        gap_s: silence between the last two turns, seconds.
        is_pressed: whether push-to-talk is down. Then the turn is `SPEAKING`.
    """

    def __init__(
        self,
        vad: VadOptions,
        options: TurnOptions,
        language: str | None,
        *,
        detector: SpeechDetector,
        clock: MicClock,
    ) -> None:
        self._detector = detector
        self._clock = clock
        self.overlap = Overlap(vad, options)
        self.ending = EndOfTurn(options)
        self.language = language
        self.turn_id = 0
        self.gap_s = 0.0
        self.is_pressed = False
        self._request_ids = count(1)
        self._next_start: int | None = None
        self.turn = UserTurn.begin(self._request_ids, 0, 0)
        self._enter(Phase.QUIET)

    def happens(self, what: Happening, sample: int) -> list[Output]:
        """Does what the table says.

        Args:
            what: what happens; a window has a method of its own.
            sample: microphone sample at which it does; of a text, one past the audio of it.
        """
        row = PHASES.get((self.phase, what))
        return [] if row is None else _DEEDS[row.deed](self, what, sample)

    def window(self, sample: int) -> list[Output]:
        """Does what the table says of a window that ends before `sample`."""
        out = self._on_window(self, Happening.WINDOW, sample)
        if self.phase is Phase.SPEAKING:
            longest_s = self.ending.options.max_segment_s
            out += self.turn.cut_long(sample, self._detector.softest, longest_s, self.language)
        return out

    def _enter(self, phase: Phase) -> None:
        """Changes the phase: no answer to an earlier question ends the turn in it."""
        self.phase = phase
        self.turn.questions.begin_epoch()
        # There are 31 windows in a second: their row is looked up once a phase.
        self._on_window = _DEEDS[PHASES[phase, Happening.WINDOW].deed]

    @property
    def ends_by_silence(self) -> bool:
        """Whether there is a turn that silence may end: the client neither does so nor has."""
        is_open = self.phase is not Phase.QUIET and not self.turn.pause.forced
        return is_open and not self.is_pressed and not self.ending.is_manual

    # -- a turn begins, pauses, goes on

    def _open(self, what: Happening, sample: int) -> list[Output]:
        self.turn_id += 1
        self._next_start = None
        # The turn before is asked for its end while it is still there.
        last_end = self.turn.speech_end
        self.gap_s = (sample - last_end) / MIC_HZ
        # What the client does is meant for the turn; a voice over the reply may be an aside.
        is_over = what in _VOICES and self.overlap.is_reply_live
        start = segment_start(last_end, sample, self.ending.options.preroll_s)
        self.turn = UserTurn.begin(self._request_ids, start, sample, is_over_reply=is_over)
        self._enter(Phase.SPEAKING)
        return [SpeechBegan(is_over)]

    def _open_next(self, what: Happening, sample: int) -> list[Output]:
        """Opens the turn that began while the text of the one before was still awaited."""
        if self._next_start is None:
            return []
        out = self._open(what, self._next_start)
        if not self._detector.is_speaking:  # it is over already
            out += self._pause(Happening.PAUSE, self._detector.last_speech_end)
        return out + self.window(sample)  # the same window, in the phase that it is in now

    def _go_on(self, what: Happening, sample: int) -> list[Output]:
        """The turn goes on after a pause, unless the client has ended it."""
        turn, was_paused = self.turn, self.phase is Phase.PAUSED
        if what is Happening.PRESS:
            turn.claim()
        elif turn.pause.is_ended_by_client:
            # The turn keeps its text, which is under way; this is the beginning of the next one.
            self._next_start = sample
            return []
        out: list[Output] = []
        if turn.pause.is_ready:  # the pause was mistaken for the end
            out.append(TurnWentOn())
            self.ending.learn((sample - turn.speech_end) / MIC_HZ)
        self._next_start = None
        text, turn.pause = turn.pause.text, Pause()
        self._enter(Phase.SPEAKING)
        if was_paused:
            options = self.ending.options
            turn.speech_start = sample
            if turn.is_long(self._clock.sample, options.max_segment_s):
                end = segment_start(turn.speech_end, sample, options.preroll_s)
                spoken = turn.spoken(self.language)
                turn.freeze(text, end, spoken, said_end=turn.speech_end)
        return out + turn.ask_for_parts(self.language)

    def _pause(self, what: Happening, sample: int) -> list[Output]:
        """Asks for the text and the turn model's word as soon as the user pauses."""
        if self.is_pressed:  # only the release ends the turn, however long the pause is
            return []
        self._enter(Phase.PAUSED)  # first: what is asked from here on is about this pause
        turn, now = self.turn, self._clock.sample
        forced = END_REASONS.get(what)
        turn.speech_end = sample
        turn.pause = pause = Pause(forced)
        questions = turn.questions
        out: list[Output] = []
        dip = questions.end_dip()
        if dip is not None and dip.heard is not None:
            pause.understand(dip.heard, dip.heard_s)
        else:
            out += questions.text_of_pause(dip, turn.segment_start, now, self.language)
        # A sound over the reply is mostly no turn: its words, which decide, come first.
        if not turn.is_candidate:
            pause.probability = None if dip is None else dip.probability
            if self.ending.has_turn_model and not forced and pause.probability is None:
                out += questions.score_of_pause(dip, turn.segment_start, now)
            if not (self.ending.is_manual or forced):
                out.append(UserPaused())
        return out + self._foresee(what)

    def _end(self, what: Happening, sample: int) -> list[Output]:
        """The turn ends here, as soon as its text is known."""
        # Who commits means it: no word of it is weighed as an aside any more.
        if what is Happening.COMMIT:
            self.turn.claim()
        if self.phase is Phase.SPEAKING:
            return self._pause(what, sample)
        self.turn.pause.forced = END_REASONS[what]
        return self._settle(what, sample)

    # -- while the user speaks

    def _listen(self, _: Happening, sample: int) -> list[Output]:
        """Asks early when the sound falls away, and for interim texts."""
        turn, ending = self.turn, self.ending
        if turn.is_candidate:
            return self._listen_over_reply(sample)
        questions = turn.questions
        out: list[Output] = []
        # Where the client ends turns, a pause is no reason to hurry.
        if self._detector.is_dipping and not (self.is_pressed or ending.is_manual):
            if questions.dip is None:
                out += questions.fell_away(
                    turn.segment_start,
                    sample,
                    self.language,
                    has_turn_model=ending.has_turn_model,
                )
        elif questions.dip is not None:
            out += questions.came_back()
        interim_samples = int(ending.options.interim_s * MIC_HZ)
        is_due = interim_samples and sample - questions.interim_end >= interim_samples
        is_long = turn.is_long(sample, ending.options.max_segment_s)
        if (is_due or is_long) and not questions.has_open_text:
            partial = TranscribePurpose.PARTIAL
            out += questions.text(partial, turn.segment_start, sample, self.language)
        return out

    def _listen_over_reply(self, sample: int) -> list[Output]:
        """Decides by its length whether a candidate interrupts, and asks for its words."""
        turn, overlap = self.turn, self.overlap
        language = turn.spoken(self.language)
        if not overlap.is_interruptible:
            return []
        if overlap.interrupts(turn, (sample - turn.speech_start) / MIC_HZ, language):
            return self._barge_in()
        if overlap.is_ask_due(turn, sample, language) and not turn.questions.has_open_text:
            purpose = TranscribePurpose.INTERRUPT
            return [*turn.questions.text(purpose, turn.segment_start, sample, self.language)]
        return []

    def _barge_in(self) -> list[Output]:
        """From now on the candidate is a turn like any other."""
        self.turn.claim()
        # The hold ends without a word: a `NoBargeIn` would let the reply go on that `BargeIn` cuts.
        self.overlap.end()
        return [BargeIn(), *self._first_score()]

    def reply_over(self) -> list[Output]:
        """Speech that outlasts the reply is a turn; what ended before it may still be none."""
        turn = self.turn
        was_candidate, turn.is_candidate = turn.is_candidate, False
        if self.phase is Phase.SPEAKING:
            turn.began_over_reply = False
        return self._first_score() if was_candidate else []

    def _first_score(self) -> list[Output]:
        """Asks for the turn model's word on this pause, which a candidate went without."""
        is_open = self.phase is Phase.PAUSED and not self.turn.pause.forced
        if not is_open or not self.ending.has_turn_model:
            return []
        return [self.turn.questions.score(self.turn.segment_start, self._clock.sample)]

    def held(self, now_s: float) -> list[Output]:
        """Lets the reply wait, or go on, once all is known that this moment brought."""
        turn, overlap = self.turn, self.overlap
        is_undecided = self.phase is Phase.SPEAKING
        if overlap.is_on and self.phase is Phase.PAUSED:
            silence_s = self._clock.since_s(turn.speech_end)
            is_undecided = overlap.may_follow(turn, silence_s, turn.spoken(self.language))
        fact = overlap.settle(now_s, is_undecided=is_undecided)
        return [] if fact is None else [fact]

    # -- what the engines say

    def transcribed(self, event: Transcribed, now_s: float) -> list[Output]:
        """Takes the recogniser's answer: it may decide an interruption, be shown, end the turn."""
        turn, transcript = self.turn, event.transcript
        asked = turn.questions.answered(event)
        if asked is None:
            return []
        # An answer about audio whose text is frozen by now would say it twice, unless that text
        # has waited for it.
        if asked.start != turn.segment_start:
            text = None if transcript is None else transcript.text
            if not turn.take_part(event.request_id, text, turn.spoken(self.language)):
                return []
            return self.happens(Happening.TEXT, asked.end) if self.phase is Phase.PAUSED else []
        is_final = turn.questions.is_final(asked)
        # Before anything is decided: what interrupts, and what is frozen, is read off the turn.
        turn.take_text(transcript, asked.end)
        if transcript is None:  # then its length decides about a candidate
            out = self.happens(Happening.NO_TEXT, asked.end) if is_final else []
            return out + self.held(now_s)
        turn.questions.keep_early(event, now_s)
        if is_final:
            turn.pause.understand(transcript, now_s)
        language = turn.spoken(self.language)
        out = []
        if turn.is_candidate:
            end = self._clock.sample if self.phase is Phase.SPEAKING else turn.speech_end
            if self.overlap.interrupts(turn, (end - turn.speech_start) / MIC_HZ, language):
                out += self._barge_in()
        # After the decision: the words of a candidate are shown once it has become a turn.
        out += turn.show(transcript.text, self.turn_id, language)
        return out + self.happens(Happening.TEXT, asked.end) + self.held(now_s)

    def _freeze(self, _: Happening, sample: int) -> list[Output]:
        """Keeps the text of a turn that gets long; it is decoded from here on."""
        turn, longest_s = self.turn, self.ending.options.max_segment_s
        if turn.heard is not None and turn.is_long(self._clock.sample, longest_s):
            turn.freeze(turn.heard.text, sample, turn.spoken(self.language))
        return []

    def scored(self, event: TurnScored) -> list[Output]:
        """Takes the turn model's word."""
        is_current = self.turn.questions.scored(event)
        if not is_current or self.phase is not Phase.PAUSED:
            return []
        self.turn.pause.probability = event.probability
        return self.happens(Happening.SCORE, self._clock.sample)

    # -- how a turn ends

    def _foresee(self, what: Happening) -> list[Output]:
        """Tells that the turn may end in this pause, and lets a reply be prepared.

        That it may end is told once in a pause, by the turn model's word, which comes before the
        text; not when the next turn has begun. A reply may be prepared once the text is there too.
        """
        turn, pause, ending = self.turn, self.turn.pause, self.ending
        if turn.is_candidate or ending.is_manual or not ending.is_likely(pause):
            return []
        out: list[Output] = []
        is_next = self._next_start is not None
        if not (pause.is_announced or is_next or what is Happening.TEXT):
            pause.is_announced = True
            out.append(TurnMayEnd())
        if pause.is_ready or pause.text is None or turn.parts:
            return out
        language = turn.spoken(self.language)
        text = turn.whole(pause.text, language)
        if not text or self.overlap.is_aside(turn, text, language):
            return out
        # Once in a pause, whatever comes after it: the silence that ends the turn may now be
        # longer, as it waits for that reply.
        pause.is_ready, pause.is_answered = True, False
        speech_end_s = self._clock.at_s(turn.speech_end)
        return [*out, TurnReady(text, language, speech_end_s, pause.text_s)]

    def _weigh(self, what: Happening, sample: int) -> list[Output]:
        # First to prepare: a reply that is awaited lengthens the silence that ends the turn.
        return self._foresee(what) + self._settle(what, sample)

    def _wait(self, what: Happening, sample: int) -> list[Output]:
        """Asks the turn model again while it doubts: it hears more silence each time."""
        turn = self.turn
        out: list[Output] = []
        if self.ending.is_rescore_due(turn.pause, self._clock.since_s(turn.speech_end)):
            turn.pause.rescores += 1
            out.append(turn.questions.score(turn.segment_start, sample))
        return out + self._settle(what, sample)

    def _settle(self, what: Happening, sample: int) -> list[Output]:
        """Commits or drops the turn if it is time to.

        The order matters. Without its text no turn ends, not even by force. What has no words, or
        was only said while listening, is dropped even where the client ends turns: there is nothing
        to commit. Force goes before everything that waits for silence, and before a candidate,
        which otherwise has to become an interruption first.
        """
        turn, pause, ending = self.turn, self.turn.pause, self.ending
        if pause.text is None or turn.parts:
            return []
        silence_s = self._clock.since_s(turn.speech_end)
        language = turn.spoken(self.language)
        text = turn.whole(pause.text, language)
        if not text or self.overlap.is_aside(turn, text, language):
            is_time = pause.forced or silence_s >= ending.options.drop_silence_s
            return self._drop(what, sample) if is_time else []
        reason: EndReason = "vad" if pause.probability is None else "semantic"
        if pause.forced:
            reason = pause.forced
            silence_s = 0.0 if pause.is_ended_by_client else ending.options.stall_s
        else:
            # Speech may be rising: a moment later it is known whether the turn goes on.
            if ending.is_manual or turn.is_candidate or self._detector.is_rising:
                return []
            if silence_s < ending.wait_s(pause, text, language):
                return []
        speech_end_s = self._clock.at_s(turn.speech_end)
        # All is read by now, for `_close` replaces the turn. It does so before the fact is acted
        # on: then whoever asks finds nobody speaking, and is not told of the turn that is over.
        self.language = language  # what a turn was spoken in is the language from now on
        ending.learn(None)
        ending.note(text, language)
        self.overlap.is_dictation = ending.is_dictation
        self.overlap.end()
        return [
            *self._close(),
            TurnCommitted(
                self.turn_id, text, language, reason, silence_s, speech_end_s, pause.text_s
            ),
        ]

    def _drop(self, what: Happening, _: int) -> list[Output]:
        # What was begun behind the turn outlives it, unless the client takes all of it back.
        if what is Happening.CLEAR:
            self._next_start = None
        if self.phase is Phase.QUIET:
            return []
        out: list[Output] = []
        if self.turn.interim:  # what was shown is taken back
            out.append(TranscriptFinal(self.turn_id, "", self.turn.spoken(self.language)))
        reason = DROP_REASONS.get(what) or self.turn.drop_reason
        return [*out, *self._close(), TurnDropped(reason)]

    def _close(self) -> list[Output]:
        """Forgets the turn, and with it what was asked about it."""
        is_speaking = self.phase is Phase.SPEAKING
        withdrawn = self.turn.questions.withdraw_all()
        # Up to here audio is this turn's: the pre-roll of the next one does not reach back beyond
        # it.
        end = self._clock.sample if is_speaking else self.turn.speech_end
        self.turn = UserTurn.begin(self._request_ids, end, end)
        self._enter(Phase.QUIET)
        return [*withdrawn]


_VOICES: Final = frozenset({Happening.SPEECH, Happening.WINDOW})
"""What opens a turn by a voice alone; all else is the client's doing, and meant."""

_Doing = Callable[[TurnTaking, Happening, int], list[Output]]

_DEEDS: Final[dict[Deed, _Doing]] = {
    Deed.OPEN: TurnTaking._open,
    Deed.OPEN_NEXT: TurnTaking._open_next,
    Deed.LISTEN: TurnTaking._listen,
    Deed.FREEZE: TurnTaking._freeze,
    Deed.PAUSE: TurnTaking._pause,
    Deed.END: TurnTaking._end,
    Deed.GO_ON: TurnTaking._go_on,
    Deed.WAIT: TurnTaking._wait,
    Deed.WEIGH: TurnTaking._weigh,
    Deed.SETTLE: TurnTaking._settle,
    Deed.DROP: TurnTaking._drop,
}
"""What each deed of the table is."""
