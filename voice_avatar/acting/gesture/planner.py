"""Tags, text rules and stress -> gestures, head, gaze and face on the reply's clock. Pure.

What the words of a chunk ask for is found here, once; hands, head, face and eyes each have a
planner of their own, which decides what of it is done, and when.
"""

from __future__ import annotations

from voice_avatar.acting.gesture.expressions import ExpressionPlanner
from voice_avatar.acting.gesture.gaze import GazePlanner
from voice_avatar.acting.gesture.hands import LEAST_PREPARATION_S, HandPlanner
from voice_avatar.acting.gesture.head import HeadPlanner
from voice_avatar.acting.gesture.mood import Baseline, Mood
from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.rules import Rule, rule_set
from voice_avatar.acting.gesture.spoken_chunk import LONG_AGO, SpokenChunk, spoken_chunk
from voice_avatar.events.cues import FaceCue, GazeCue, GestureCue, HeadCue
from voice_avatar.events.payloads import SpeakableChunk, SpeechPlan

BodyMove = GestureCue | HeadCue | GazeCue | FaceCue
"""A movement on the reply's clock."""

_ACCENTED = 1.3
"""Without stress marks, a word from this prominence on counts as stressed."""


class GesturePlanner:
    """Plans the movements of one reply, chunk by chunk."""

    def __init__(
        self,
        options: GestureOptions,
        language: str,
        reply_id: int,
        rate_hz: int,
        first_number: int,
        vocabulary: frozenset[str] | None = None,
        *,
        offered: frozenset[str] | None = None,
        baseline: Baseline | None = None,
        mood: Mood | None = None,
    ) -> None:
        """Begins a reply.

        Args:
            options: how much to move.
            language: ISO 639-1; without a rule file, tags and beats remain.
            reply_id: which reply.
            rate_hz: its clock.
            first_number: number of its first gesture.
            vocabulary: gestures and expressions that the client can show, None = all.
            offered: those that tags may ask for, None = all.
            baseline: how the persona feels when nothing moves it; None = neutral.
            mood: how it feels as the reply begins; None = as the baseline says.
        """
        rest = Baseline() if baseline is None else baseline
        felt = Mood(rest.valence, rest.arousal) if mood is None else mood
        self._options = options
        self._language = language
        self._rules = rule_set(language)
        self._rate_hz = rate_hz
        self._used: dict[str, int] = {}  # rule -> sample of its last use
        self._hands = HandPlanner(
            options, self._rules.function_words, reply_id, first_number, vocabulary, offered
        )
        self._head = HeadPlanner(options, reply_id)
        self._face = ExpressionPlanner(
            options, language, reply_id, baseline=rest, mood=felt, shown=vocabulary, offered=offered
        )
        self._gaze = GazePlanner(options, reply_id)

    @property
    def number(self) -> int:
        """Number of the next gesture."""
        return self._hands.number

    @property
    def mood(self) -> Mood:
        """What is felt as the last planned chunk ends."""
        return self._face.mood

    def plan(self, chunk: SpeakableChunk, plan: SpeechPlan, *, offset: int) -> tuple[BodyMove, ...]:
        """Plans one chunk.

        Args:
            chunk: what is said.
            plan: when, in samples of the reply's rate.
            offset: reply sample at which the chunk begins; nothing starts before it.

        Returns:
            The movements, by start.
        """
        spoken = spoken_chunk(
            chunk,
            plan,
            language=self._language,
            offset=offset,
            rate_hz=self._rate_hz,
            overhang_s=self._options.overhang_s,
        )
        hits = self._hits(spoken) if self._options.has_rules else ()
        gestures = self._hands.plan(spoken, chunk.cues, hits)
        moves: list[BodyMove] = [
            *gestures,
            *self._head.plan(spoken, chunk.cues, hits),
            *self._face.plan(spoken, chunk.cues, hits, gestures),
            *self._gaze.plan(spoken, chunk.cues, hits),
        ]
        return tuple(sorted(moves, key=_start))

    def _hits(self, chunk: SpokenChunk) -> tuple[tuple[int, Rule], ...]:
        """The rules that apply, each with its word, without those that did so a moment ago."""
        hits = []
        for first, end, rule in self._rules.match(chunk.text):
            index = _accented(chunk, range(first, end))
            word = chunk.words[index]
            rested = word.anchor - self._used.get(rule.id, LONG_AGO)
            is_stressed = word.is_stressed
            if is_stressed is None:
                is_stressed = chunk.weights[index] >= _ACCENTED
            is_due = rested >= chunk.samples(rule.cooldown_s)
            if is_due and (is_stressed or not rule.needs_stress):
                self._used[rule.id] = word.anchor
                hits.append((index, rule))
        return tuple(hits)


def _accented(chunk: SpokenChunk, phrase: range) -> int:
    """Returns the word of a phrase that stands out, among those that a hand can reach in time."""
    earliest = chunk.offset + chunk.samples(LEAST_PREPARATION_S)
    weights = chunk.weights
    reached = [
        index for index in phrase if weights[index] > 0 and chunk.words[index].anchor >= earliest
    ]
    return max(reached or phrase, key=lambda index: weights[index])


def _start(move: BodyMove) -> int:
    return move.sample if isinstance(move, FaceCue) else move.start
