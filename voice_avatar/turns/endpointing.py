"""How long silence has to last until the user's turn is over. Pure.

Theory of operation. Silence alone says little: people pause within a sentence for longer than they
wait before they answer. So the silence to wait for is set anew in every pause, by what is known:

    sound    ######## speech ########____________________________________________
                                    |                                    |
    level                           |fell away: both engines are asked   |
    VAD                             |--|UserPaused                       |
    decode                          |=========|text                      |
    model                           |===|probability: TurnMayEnd         |
    reply                                     |TurnReady ===prepared=====|==> is heard at once
    commit                          |<------- commit_delay_s ----------->|TurnCommitted
                                    0   40 ms 130 ms                     440 ms

- The turn model's word sets the delay, between `min_silence_s` (surely over) and `max_silence_s`
  (surely not). It never decides alone, and while it doubts it is asked again (`rescore_s`): what it
  hears then is more silence, which is news.
- The words correct the delay (`_with_cues`). An open ending, no mark at the end and an opener only
  lengthen it, because to cut somebody off is worse than to be slow; a question mark shortens it.
- Dictation lengthens it (`dictation.py`): who dictates pauses after each group, for long, and every
  group sounds like an end.
- The user's own pauses correct it too (`learned_pause_s`): where an end was mistaken once, it will
  be again. What was learned fades turn by turn.
- `patience` stretches all of that: the one knob.
- Whatever the delay, the turn is committed only with its text, and a prepared reply gets `hold_s`
  more, because until it can be heard waiting costs nothing (`EndOfTurn.wait_s`).

The 40 and 130 ms are the latencies that `bench endpoint` assumes by default, 440 ms is the delay of
a sure turn model; `TurnOptions` says of the others where they come from.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from voice_avatar.events.inputs import Endpointing
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.turns.cues import has_open_ending, is_opener
from voice_avatar.turns.dictation import dictation
from voice_avatar.turns.user_turn import Pause

_QUESTION_MARKS: Final = ("?", "？")
_ENDINGS: Final = (".", "!", "。", "！", *_QUESTION_MARKS)
_AFTER_ENDINGS: Final = " \t\n\"'”’」』)）"
"""What may follow the mark that ends a sentence: quotes, brackets, spaces."""

_PAUSE_MARGIN_S: Final = 0.1
"""What is granted beyond a pause that the user is known to make."""

_FORGETTING: Final = 0.85
"""What is left of a learned pause after a turn that ended without a mistake."""


def with_detection(options: TurnOptions, wanted: Endpointing) -> TurnOptions:
    """Returns the policy as a client wants it.

    A silence that is fixed is neither lengthened nor shortened by the words or by what was learned;
    it may still wait for the prepared reply (`hold_s`).
    """
    options = replace(options, patience=options.patience * wanted.patience)
    if wanted.preroll_s is not None:
        options = replace(options, preroll_s=wanted.preroll_s)
    if wanted.silence_s is None:
        return options
    silence_s = wanted.silence_s
    return replace(
        options,
        engine="none",
        plain_silence_s=silence_s,
        question_s=silence_s,
        open_ending_s=0.0,
        unfinished_s=0.0,
        opener_s=0.0,
        dictation_s=0.0,
        learning_rate=0.0,
    )


def learned_pause_s(options: TurnOptions, known_s: float, pause_s: float | None) -> float:
    """Returns the least delay that this user needs, seconds.

    Args:
        options: the policy.
        known_s: what was learned so far, 0 at first.
        pause_s: a pause that was mistaken for an end; None = a turn ended rightly.
    """
    if pause_s is None:
        return known_s * _FORGETTING
    wanted_s = min(pause_s + _PAUSE_MARGIN_S, options.max_silence_s)
    return known_s + options.learning_rate * max(0.0, wanted_s - known_s)


def commit_delay_s(
    options: TurnOptions,
    probability: float | None,
    text: str,
    language: str,
    *,
    is_dictation: bool = False,
) -> float:
    """Returns the silence to wait for before the turn is committed, seconds.

    The turn model sets the delay and never decides alone: from `min_silence_s` when it is sure
    that the user has finished to `max_silence_s` when it is sure of the contrary, linear between.
    A question mark shortens a long delay; every other cue in the text lengthens a short one.

    Args:
        options: the policy.
        probability: the turn model's word, None when it has not spoken.
        text: transcript so far, "" when unknown.
        language: of the transcript.
        is_dictation: whether the turn before was part of a dictation.
    """
    if probability is None:
        delay_s = options.plain_silence_s
    else:
        span = max(1e-6, options.sure_probability - options.doubt_probability)
        doubt = min(1.0, max(0.0, (options.sure_probability - probability) / span))
        delay_s = options.min_silence_s + doubt * (options.max_silence_s - options.min_silence_s)
    if text:
        delay_s = _with_cues(options, delay_s, text, language)
        share = dictation(text, language, goes_on=is_dictation)
        delay_s = max(delay_s, share * options.dictation_s)
    return delay_s * options.patience


def _with_cues(options: TurnOptions, delay_s: float, text: str, language: str) -> float:
    """Returns the delay as the words correct it."""
    if has_open_ending(text, language):
        return max(delay_s, options.open_ending_s)
    trimmed = text.rstrip(_AFTER_ENDINGS)
    if not trimmed.endswith(_ENDINGS):
        return max(delay_s, options.unfinished_s)
    if is_opener(text, language):
        return max(delay_s, options.opener_s)
    if trimmed.endswith(_QUESTION_MARKS):
        return min(delay_s, options.question_s)
    return delay_s


class EndOfTurn:
    """What it takes for a pause to be the end of the turn, with this user and by this policy.

    Attributes:
        options: the policy in force.
        is_manual: whether only the client ends turns.
        is_dictation: whether the last turn was part of a dictation that goes on.
    """

    def __init__(self, options: TurnOptions) -> None:
        self.options = self._configured = options
        self.is_manual = options.endpointing == "manual"
        self.is_dictation = False
        self._learned_s = 0.0

    def set_detection(self, wanted: Endpointing) -> None:
        """Changes how the end of a turn is found, from the next pause on."""
        self.options = with_detection(self._configured, wanted)
        if not self.options.learning_rate:
            self._learned_s = 0.0  # a silence that is fixed is not lengthened by the past either

    def note(self, text: str, language: str) -> None:
        """Takes the text of a turn that has ended: the next may go on with what it dictates."""
        self.is_dictation = dictation(text, language, goes_on=self.is_dictation) > 0.0

    def learn(self, pause_s: float | None) -> None:
        """Takes a pause that was mistaken for an end, seconds; None = a turn ended rightly."""
        self._learned_s = learned_pause_s(self.options, self._learned_s, pause_s)

    @property
    def has_turn_model(self) -> bool:
        """Whether there is a turn model to ask."""
        return self.options.engine != "none"

    def is_likely(self, pause: Pause) -> bool:
        """Returns whether a reply may be prepared, by the turn model's word."""
        if not self.has_turn_model:
            return True
        return pause.probability is not None and (
            pause.probability >= self.options.speculate_probability
        )

    def is_rescore_due(self, pause: Pause, silence_s: float) -> bool:
        """Returns whether to ask the turn model again: it doubts, and has more silence to hear."""
        options = self.options
        if pause.probability is None or pause.probability >= options.sure_probability:
            return False
        return pause.rescores < len(options.rescore_s) and (
            silence_s >= options.rescore_s[pause.rescores]
        )

    def wait_s(self, pause: Pause, text: str, language: str) -> float:
        """Returns the silence that ends the turn, by all that is known in this pause, seconds.

        Args:
            pause: the pause.
            text: of the whole turn.
            language: of the text.
        """
        delay_s = commit_delay_s(
            self.options, pause.probability, text, language, is_dictation=self.is_dictation
        )
        delay_s = max(delay_s, self._learned_s)
        # While the reply is on its way, to wait for it costs nothing, and the user may still go on.
        is_awaited = pause.is_ready and not pause.is_answered
        return delay_s + (self.options.hold_s if is_awaited else 0.0)
