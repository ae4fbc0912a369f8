"""What the engines are asked about one turn, and which of their answers still count. Pure.

Theory of operation. The recogniser and the turn model answer late, and the turn goes on meanwhile.
An answer is about the audio of its question; what it may decide depends on what has happened since:

- Every change of phase begins a new *epoch*. An answer ends a turn only if it was asked for in the
  epoch that still lasts. Its text may be shown all the same: it was said.
- A question that nobody needs any more is withdrawn if it would hold up another: an interim text
  before the final one, and of two others the later. The earlier is left to be answered and ignored:
  the recogniser is at work on it.
- So at most `MOST_OPEN` are open, however often the user pauses and however slow the recogniser is:
  the next question waits for no more than one other. What may not be withdrawn, because it is the
  only one about its audio (`keep`), may use up all of them; then it is asked when one is answered.
- When the turn is over its questions go with it, and those that are open are withdrawn: there is
  one `Questions` a turn, and what it does not know was asked by another. Only the numbers of the
  questions go on.

The *dip*. A pause is noticed a window or two after the sound has fallen away, and the recogniser
could have been at work by then. So both engines are asked at the fall already:

    sound   ########_____________        ########__########
    VAD     ---------|pause              ------------------
    asked           |early               |early
            serves the pause             withdrawn: a consonant

If the pause follows, what was asked early serves it, answered or not; if the sound comes back, it
is withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from voice_avatar.events.commands import (
    CancelTranscribe,
    Command,
    ScoreTurn,
    Transcribe,
    TranscribePurpose,
)
from voice_avatar.events.inputs import Transcribed, TurnScored
from voice_avatar.events.payloads import Transcript

MOST_OPEN: Final = 2
"""Questions of a session that wait for the recogniser at once, at most."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the recogniser: when it was asked, and the audio that it covers.

    Attributes:
        epoch: the epoch in which it was asked.
        start: first microphone sample of the audio.
        end: one past its last.
        purpose: what the text is for.
    """

    epoch: int
    start: int
    end: int
    purpose: TranscribePurpose


@dataclass(slots=True)
class Dip:
    """What was asked when the sound fell away, and what came of it before the VAD followed.

    Attributes:
        ask_id: number of the question to the recogniser.
        sample: microphone sample at which the sound had fallen away.
        score_id: number of the question to the turn model; 0 = it was not asked.
        heard: the recogniser's answer, None until it comes.
        heard_s: when it came, seconds.
        probability: the turn model's word, None until it comes.
    """

    ask_id: int
    sample: int
    score_id: int = 0
    heard: Transcript | None = None
    heard_s: float = 0.0
    probability: float | None = None


class Questions:
    """What was asked about one turn of the user.

    Made of the numbers for the next questions, and of the sample at which the speech begins.

    Attributes:
        dip: what was asked because the sound fell away, None while it has not.
        asked_end: end of the audio about which the recogniser was asked last, microphone samples.
        interim_end: likewise, without what was asked in a dip: an interim text is due by it.
    """

    def __init__(self, ids: Iterator[int], sample: int) -> None:
        self._ids = ids
        self._epoch = 0
        self._texts: dict[int, Asked] = {}
        self._kept: set[int] = set()
        self._scores: dict[int, int] = {}
        self.dip: Dip | None = None
        self.asked_end = sample
        self.interim_end = sample

    @property
    def has_open_text(self) -> bool:
        """Whether the recogniser owes an answer."""
        return bool(self._texts)

    @property
    def has_room(self) -> bool:
        """Whether another question may be asked, if another has to be withdrawn for it."""
        return len(self._kept) < MOST_OPEN

    @property
    def awaits_pause(self) -> bool:
        """Whether the text of the pause that lasts was asked for and is not there yet."""
        return any(
            self.is_final(asked)
            for request_id, asked in self._texts.items()
            if request_id not in self._kept
        )

    def begin_epoch(self) -> None:
        """Something has changed: what was asked before decides nothing any more."""
        self._epoch += 1

    # -- asking

    def text(
        self, purpose: TranscribePurpose, start: int, end: int, language: str | None
    ) -> list[Command]:
        """Asks for the words between two samples; `language` None = the recogniser finds out.

        To be called where there is room; what has to give way is withdrawn.
        """
        out: list[Command] = []
        while len(self._texts) >= MOST_OPEN:
            may_go = self._texts.keys() - self._kept
            least = max(may_go, key=lambda each: (not self.is_final(self._texts[each]), each))
            out.append(self._withdrawn(least))
        request_id = next(self._ids)
        self._texts[request_id] = Asked(self._epoch, start, end, purpose)
        self.asked_end = end
        if purpose is not TranscribePurpose.EARLY:
            self.interim_end = end
        return [*out, Transcribe(request_id, start, end, purpose, language)]

    def keep(self, start: int, end: int) -> int:
        """Returns the number of an open question about all audio between two samples, or 0.

        It is the only one about that audio from now on, and not withdrawn before the turn is over.
        """
        asked = [
            request_id
            for request_id, asked in self._texts.items()
            if asked.start == start and asked.end >= end
        ]
        self._kept.update(asked[-1:])
        return asked[-1] if asked else 0

    def _withdrawn(self, request_id: int) -> CancelTranscribe:
        del self._texts[request_id]
        self._kept.discard(request_id)
        return CancelTranscribe(request_id)

    def withdraw_all(self) -> list[CancelTranscribe]:
        """Withdraws what is open: the turn is over."""
        return [self._withdrawn(request_id) for request_id in list(self._texts)]

    def score(self, start: int, end: int) -> ScoreTurn:
        """Asks whether the turn between two samples is over."""
        request_id = next(self._ids)
        self._scores[request_id] = self._epoch
        return ScoreTurn(request_id, start, end)

    def withdraw_partials(self) -> list[CancelTranscribe]:
        """Withdraws the questions for interim texts: they would only hold up the final one."""
        partial = [
            request_id
            for request_id, asked in self._texts.items()
            if asked.purpose is TranscribePurpose.PARTIAL
        ]
        return [self._withdrawn(request_id) for request_id in partial]

    # -- a dip, and the pause that may follow it

    def fell_away(
        self, start: int, end: int, language: str | None, *, has_turn_model: bool
    ) -> list[Command]:
        """Asks early, once in a dip: the sound has fallen away."""
        if self.dip is not None or not self.has_room:
            return []
        out: list[Command] = [*self.withdraw_partials()]
        out += self.text(TranscribePurpose.EARLY, start, end, language)
        self.dip = Dip(max(self._texts), end)
        if has_turn_model:
            score = self.score(start, end)
            self.dip.score_id = score.request_id
            out.append(score)
        return out

    def came_back(self) -> list[CancelTranscribe]:
        """Withdraws what was asked early: the sound is back. The turn model is soon done anyway."""
        dip = self.end_dip()
        return (
            [self._withdrawn(dip.ask_id)] if dip is not None and dip.ask_id in self._texts else []
        )

    def end_dip(self) -> Dip | None:
        """Returns what was asked in the dip, which has become a pause or has to be forgotten."""
        dip, self.dip = self.dip, None
        return dip

    def text_of_pause(
        self, dip: Dip | None, start: int, end: int, language: str | None
    ) -> list[Command]:
        """Asks for the text of the turn, unless that was done when the sound fell away.

        Where there is no room it is not asked for; it is due when the next answer comes.
        """
        if dip is not None and (early := self._texts.get(dip.ask_id)):
            # The answer is under way. From now on it is the answer to this pause.
            eager = replace(early, epoch=self._epoch, purpose=TranscribePurpose.EAGER)
            self._texts[dip.ask_id] = eager
            return []
        if not self.has_room:
            return []
        out: list[Command] = [*self.withdraw_partials()]
        return [*out, *self.text(TranscribePurpose.EAGER, start, end, language)]

    def score_of_pause(self, dip: Dip | None, start: int, end: int) -> list[Command]:
        """Asks the turn model, likewise."""
        if dip is not None and dip.score_id in self._scores:
            self._scores[dip.score_id] = self._epoch
            return []
        return [self.score(start, end)]

    # -- answers

    def answered(self, event: Transcribed) -> Asked | None:
        """Returns the question that is answered; None = this turn has none such, any more."""
        self._kept.discard(event.request_id)
        return self._texts.pop(event.request_id, None)

    def keep_early(self, event: Transcribed, now_s: float) -> None:
        """Keeps an answer that came before the pause for which it was asked."""
        if self.dip is not None and event.request_id == self.dip.ask_id:
            self.dip.heard, self.dip.heard_s = event.transcript, now_s

    def is_final(self, asked: Asked) -> bool:
        """Returns whether the answer to `asked` is the text of the pause that still lasts."""
        return asked.epoch == self._epoch and asked.purpose is TranscribePurpose.EAGER

    def scored(self, event: TurnScored) -> bool:
        """Returns whether the turn model's word is about the pause that still lasts."""
        epoch = self._scores.pop(event.request_id, None)
        if self.dip is not None and event.request_id == self.dip.score_id:
            self.dip.probability = event.probability
            return False
        return epoch == self._epoch
