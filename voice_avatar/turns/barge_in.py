"""Speech over the reply: when the reply waits for it, and when it is an interruption. Pure.

To stop at the first sound of a voice and to find out afterwards whether it meant anything is what
people do. So the reply is held as soon as there may be a voice, long before there are words, and
goes on as soon as it is known that there was nothing in it. What a voice means is decided by
`interruption.py`; here is when the words are asked for, and when to begin and when to stop waiting
for them. A hold always ends: by the decision, by silence, or by `TurnOptions.interrupt.wait_s`.

Where one hold after another was for nothing (a listener who often says "mhm", a television) the
next one needs twice as much voice, so that a reply is not chopped to pieces.
"""

from __future__ import annotations

from typing import Final

from voice_avatar.events.inputs import VadFrame
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.stages.vad import VadOptions
from voice_avatar.turns.cues import may_go_on, words_of
from voice_avatar.turns.facts import MayBargeIn, NoBargeIn
from voice_avatar.turns.interruption import claims_turn, is_interruption
from voice_avatar.turns.user_turn import UserTurn

_GAP: Final = 3 * WINDOW_SAMPLES
"""A voice is over after so many samples of anything else: less may be a consonant."""

_ASK_AGAIN_S: Final = 0.3
"""Time between two questions for the words of an interruption candidate."""

_PATIENCE: Final = 3.0
"""How much later the words of a candidate are asked for while the reply waits: by then a listener's
"mhm" is over, and what is asked at its end need not wait for another answer."""

_SHORT_S: Final = 0.25
_SHORT_WAIT_S: Final = 0.45
"""A sound of so many seconds is hardly a word ("hey" takes as long): a reply waits for what it was
until so many seconds after its onset. If it was a word after all, it interrupts all the same."""


class Overlap:
    """What is said over a reply that is being heard, and whether the reply has to wait for it.

    Attributes:
        is_on: whether the reply has to wait.
        is_reply_live: whether there is a reply to hold or to interrupt.
        is_interruptible: whether a voice may do so.
        is_dictation: whether the user was dictating before the reply.
    """

    def __init__(self, vad: VadOptions, turn: TurnOptions) -> None:
        self._probability = vad.stir_probability
        self._turn = turn
        self.is_on = False
        self.is_reply_live = False
        self.is_interruptible = True
        self.is_dictation = False
        self._since_s = 0.0
        self._voice = 0
        self._quiet = _GAP
        self._is_dismissed = False
        self._needed_s = turn.interrupt.pause_s

    # -- whether the reply waits

    @property
    def is_voiced(self) -> bool:
        """Whether there may be a voice now."""
        return self._quiet < _GAP

    @property
    def deadline_s(self) -> float | None:
        """When the hold ends at the latest, seconds; None while it is not on."""
        return self._since_s + self._turn.interrupt.wait_s if self.is_on else None

    def hear(self, frame: VadFrame) -> None:
        """Takes the next window of the microphone stream."""
        if frame.probability >= self._probability:
            self._voice += WINDOW_SAMPLES
            self._quiet = 0
            return
        self._voice = 0
        self._quiet += WINDOW_SAMPLES
        if self._quiet >= _GAP:
            self._is_dismissed = False  # the next voice is another one

    def hear_nothing(self) -> None:
        """The microphone delivers nothing any more."""
        self._voice, self._quiet = 0, _GAP

    def dismiss(self) -> None:
        """The voice that is heard now is of no interest, however long it goes on."""
        self._is_dismissed = self.is_voiced

    def end(self) -> None:
        """It is decided, and the reply is over with it."""
        self.is_reply_live = self.is_on = False
        self._needed_s = self._turn.interrupt.pause_s

    def settle(self, now_s: float, *, is_undecided: bool) -> MayBargeIn | NoBargeIn | None:
        """Returns whether the hold begins or ends; None = it stays as it is.

        Args:
            now_s: when.
            is_undecided: whether what was said over the reply may still be an interruption; it only
                matters while the hold is on.
        """
        # A reply that is over, or that nobody may interrupt, needs not be told to go on.
        if not (self.is_reply_live and self.is_interruptible):
            self.is_on = False
            return None
        if not self.is_on:
            is_due = self._voice >= self._needed_s * MIC_HZ > 0
            if self._is_dismissed or not is_due:
                return None
            self.is_on, self._since_s = True, now_s
            return MayBargeIn()
        # Late is decided first: the voice that was waited for in vain must not begin the next hold.
        is_late = now_s >= self._since_s + self._turn.interrupt.wait_s
        if is_late:
            self.dismiss()
        is_open = self.is_voiced or is_undecided
        if is_open and not is_late and not self._is_dismissed:
            return None
        self.is_on = False
        longest_s = max(self._turn.interrupt.speech_s, self._turn.interrupt.pause_s)
        self._needed_s = min(2 * self._needed_s, longest_s)
        return NoBargeIn()

    # -- what the turn over it is: a candidate, an interruption, an aside

    def may_follow(self, turn: UserTurn, silence_s: float, language: str) -> bool:
        """Returns whether the reply still has to wait for what a pause in the turn brings.

        Args:
            turn: the turn, in a pause.
            silence_s: how long the pause has lasted, seconds.
            language: of the turn.
        """
        text = turn.pause.text
        if text is None:
            speech_s = (turn.speech_end - turn.speech_start) / MIC_HZ
            return speech_s > _SHORT_S or speech_s + silence_s < _SHORT_WAIT_S
        is_over = silence_s >= self._turn.interrupt.opener_s
        return not is_over and may_go_on(text, language)

    def interrupts(self, turn: UserTurn, speech_s: float, language: str) -> bool:
        """Returns whether a candidate is an interruption, by what is known of it.

        Args:
            turn: the candidate.
            speech_s: how long the user has spoken since the last pause, seconds.
            language: of the turn.
        """
        return self.is_interruptible and is_interruption(
            self._turn,
            speech_s,
            turn.heard,
            language,
            is_paused=self.is_on,
            goes_on=self.is_dictation,
        )

    def is_ask_due(self, turn: UserTurn, sample: int, language: str) -> bool:
        """Returns whether it is time to ask for the words of a candidate that goes on.

        A sound in which no word is found for long is dismissed: the reply need not wait for it.

        Args:
            turn: the candidate.
            sample: one past the last microphone sample.
            language: of the turn.
        """
        heard_s = (turn.heard_end - turn.speech_start) / MIC_HZ
        is_wordless = turn.heard is not None and not words_of(turn.heard.text, language)
        if is_wordless and heard_s >= self._turn.interrupt.noise_s:
            self.dismiss()
        if turn.heard is None:
            ask_s = self._turn.interrupt.ask_s * (_PATIENCE if self.is_on else 1.0)
        else:
            # Where there are no words they are looked for less and less often.
            ask_s = max(_ASK_AGAIN_S, heard_s / 2 if is_wordless else 0.0)
        return (sample - turn.questions.asked_end) / MIC_HZ >= ask_s

    def is_aside(self, turn: UserTurn, text: str, language: str) -> bool:
        """Returns whether the turn was only said while listening to the reply: it needs no answer.

        Args:
            turn: the turn, in a pause.
            text: all of its text.
            language: of the text.
        """
        return turn.began_over_reply and not claims_turn(
            self._turn, text, language, turn.pause.logprob, goes_on=self.is_dictation
        )
