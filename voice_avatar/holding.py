"""When a reply waits, because somebody may be interrupting it. Pure.

To stop at the first sound of a voice and to find out afterwards whether it meant anything is what
people do. So the reply is held as soon as there may be a voice, long before there are words, and
goes on as soon as it is known that there was nothing in it. The decision itself is made elsewhere
(`listening.py`); here is only when to begin and when to stop waiting for it. A hold always ends: by
the decision, by silence, or by `InterruptOptions.wait_s`.

Where one hold after another was for nothing (a listener who often says "mhm", a television) the
next one needs twice as much voice, so that a reply is not chopped to pieces.
"""

from __future__ import annotations

from voice_avatar.events import MIC_HZ, WINDOW_SAMPLES, VadFrame
from voice_avatar.turn import TurnOptions
from voice_avatar.vad import VadOptions

_GAP = 3 * WINDOW_SAMPLES
"""A voice is over after so many samples of anything else: less may be a consonant."""


class ReplyHold:
    """Whether a reply that is being heard has to wait.

    Attributes:
        is_on: whether it has to.
    """

    def __init__(self, vad: VadOptions, turn: TurnOptions) -> None:
        self._probability = vad.stir_probability
        self._turn = turn
        self.is_on = False
        self._since_s = 0.0
        self._voice = 0
        self._quiet = _GAP
        self._is_dismissed = False
        self._needed_s = turn.interrupt.pause_s

    @property
    def is_voiced(self) -> bool:
        """Whether there may be a voice now."""
        return self._quiet < _GAP

    @property
    def deadline_s(self) -> float | None:
        """When it ends at the latest; None while it is not on."""
        return self._since_s + self._turn.interrupt.wait_s if self.is_on else None

    def hear(self, frame: VadFrame) -> None:
        """Takes the next window of the microphone stream."""
        if frame.probability >= self._probability:
            self._voice += WINDOW_SAMPLES
            self._quiet = 0
        else:
            self._voice = 0
            self._quiet += WINDOW_SAMPLES
        if not self.is_voiced:
            self._is_dismissed = False

    def hear_nothing(self) -> None:
        """The microphone delivers nothing any more."""
        self._voice, self._quiet = 0, _GAP

    def dismiss(self) -> None:
        """The voice that is heard now is of no interest, however long it goes on."""
        self._is_dismissed = self.is_voiced

    def end(self) -> None:
        """It is decided, and the reply is over with it."""
        self.is_on = False
        self._needed_s = self._turn.interrupt.pause_s

    def settle(self, now_s: float, *, is_reply_heard: bool, is_undecided: bool) -> bool | None:
        """Returns whether the hold begins (True) or ends (False); None = it stays as it is.

        Args:
            now_s: when.
            is_reply_heard: whether there is a reply to hold.
            is_undecided: whether what was said over it may still be an interruption.
        """
        if not is_reply_heard:
            self.is_on = False
            return None
        if not self.is_on:
            is_due = self._voice >= self._needed_s * MIC_HZ > 0
            if self._is_dismissed or not is_due:
                return None
            self.is_on, self._since_s = True, now_s
            return True
        is_late = now_s >= self._since_s + self._turn.interrupt.wait_s
        if is_late:
            self.dismiss()
        is_open = self.is_voiced or is_undecided
        if is_open and not is_late and not self._is_dismissed:
            return None
        self.is_on = False
        longest_s = max(self._turn.interrupt.speech_s, self._turn.interrupt.pause_s)
        self._needed_s = min(2 * self._needed_s, longest_s)
        return False
