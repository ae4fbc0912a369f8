"""Tags, text rules and stress -> gestures, head, gaze and face on the reply's clock. Pure.

A gesture's stroke falls on the start of the stressed vowel of its word: apexes of beats do in
most cases, and gestures that come after their word look worse than early ones (reference 4.2).
Who wishes first is served first: the model's tags, then text rules, then beats on stressed words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from voice_avatar.events import (
    Cue,
    CueSource,
    FaceCue,
    GazeCue,
    GestureCue,
    HeadCue,
    SpeakableChunk,
    SpeechPlan,
)
from voice_avatar.gesture_rules import ChunkText, Move, Rule, read_chunk, rule_set
from voice_avatar.stress import SpokenWord, spoken_words
from voice_avatar.vocabulary import Lexeme, vocabulary

BodyMove = GestureCue | HeadCue | GazeCue | FaceCue
"""A movement on the reply's clock."""


@dataclass(frozen=True, slots=True)
class GestureOptions:
    """How much the avatar moves. Times are seconds.

    Attributes:
        energy: 0..1, the persona's: scales amplitudes and the number of beats; 0 = no beats.
        has_rules: whether words make it move (tags always do).
        beat_gap_s: least time from a stroke to a beat's (reference 4.2).
        gesture_gap_s: least time from a stroke to that of a gesture by rule (our choice).
        head_gap_s: least time between head movements by rule (our choice).
        face_gap_s: least time between expressions by rule (our choice).
        away_s: how long it looks away as it begins to speak (BEAT's turn-start rule; our figure).
        overhang_s: how far a movement may run past its chunk: about one retraction.
    """

    energy: float = 0.5
    has_rules: bool = True
    beat_gap_s: float = 1.2
    gesture_gap_s: float = 0.8
    head_gap_s: float = 0.8
    face_gap_s: float = 1.0
    away_s: float = 0.9
    overhang_s: float = 0.6


_LLM_GAP_S = 0.4  # two strokes asked for by tags cannot be closer: an arm needs the time
_MIN_PREPARATION_S = 0.12  # a rule's gesture that has less is left out rather than jerked
_CHAIN_S = 0.25  # hands that would rest for less stay up (gesture units, Kipp)
_FACE_LEAD_S = 0.1  # expressions begin a little before the word they belong to
MARKUP_ONLY_S = 0.8
"""Time that a chunk of tags without words takes, so that its gestures have a place."""
_TAG_GAZE_S = 1.5  # how long a gaze tag holds
_APEX = 0.4  # the part of a stroke that precedes its apex
_BEATS = ("beat_right", "beat_right", "beat_left", "beat_both")  # right hands prevail
_LONG_AGO = -(10**12)


@dataclass(frozen=True, slots=True)
class _Wish:
    """A gesture that something asks for, at reply sample `at`."""

    at: int
    clause: int
    lexeme: Lexeme
    amplitude: float
    source: CueSource


@dataclass(frozen=True, slots=True)
class _Stage:
    """A chunk on the reply's clock.

    Attributes:
        offset: its first reply sample: nothing may start before, it may be played already.
        speech_end: one past its last spoken sample.
        end: one past its last sample, its pause included.
        limit: nothing may end after.
        words: on the reply's clock.
        text: its words as rules see them.
    """

    offset: int
    speech_end: int
    end: int
    limit: int
    words: tuple[SpokenWord, ...]
    text: ChunkText

    def anchor(self, word: int) -> int | None:
        """Where a gesture at `word` strikes; a trailing one belongs to the last word."""
        return self.words[min(word, len(self.words) - 1)].anchor if self.words else None

    def clause(self, word: int) -> int:
        return self.text.clauses[min(word, len(self.words) - 1)] if self.words else 0


class GesturePlanner:
    """Plans the movements of one reply, chunk by chunk.

    Attributes:
        number: number of the next gesture.
    """

    def __init__(
        self,
        options: GestureOptions,
        language: str,
        reply_id: int,
        rate_hz: int,
        first_number: int,
        vocabulary: frozenset[str] | None = None,
    ) -> None:
        """Begins a reply.

        Args:
            options: how much to move.
            language: ISO 639-1; without a rule file, tags and beats remain.
            reply_id: which reply.
            rate_hz: its clock.
            first_number: number of its first gesture.
            vocabulary: gestures and expressions that the client can show, None = all.
        """
        self.number = first_number
        self._options = options
        self._rules = rule_set(language)
        self._reply_id = reply_id
        self._rate_hz = rate_hz
        self._allowed = vocabulary
        self._vigour = 0.4 + 0.6 * options.energy
        self._used: dict[str, int] = {}  # rule -> sample of its last use
        self._last_stroke = _LONG_AGO
        self._free_at = 0  # when the hands have finished the last stroke
        self._last_head = _LONG_AGO
        self._last_face = _LONG_AGO
        self._mood_until = _LONG_AGO  # an expression that a tag asked for lasts till then
        self._beats = 0
        self._amplify = 1.0
        self._is_turn_start = True

    def plan(self, chunk: SpeakableChunk, plan: SpeechPlan, *, offset: int) -> tuple[BodyMove, ...]:
        """Plans one chunk.

        Args:
            chunk: what is said.
            plan: when, in samples of the reply's rate.
            offset: reply sample at which the chunk begins; nothing starts before it.

        Returns:
            The movements, by start.
        """
        stage = self._stage(chunk, plan, offset)
        hits = self._hits(stage) if self._options.has_rules else ()
        moves: list[BodyMove] = [
            *self._gestures(stage, chunk.cues, hits),
            *self._heads(stage, chunk.cues, hits),
            *self._faces(stage, chunk.cues, hits),
            *self._gazes(stage, chunk, hits),
        ]
        return tuple(sorted(moves, key=_start))

    def _samples(self, seconds: float) -> int:
        return round(seconds * self._rate_hz)

    def _stage(self, chunk: SpeakableChunk, plan: SpeechPlan, offset: int) -> _Stage:
        speech_end = offset + plan.sample_count
        pause_s = chunk.pause_s if plan.sample_count else max(chunk.pause_s, MARKUP_ONLY_S)
        end = speech_end + self._samples(pause_s)
        limit = end + self._samples(self._options.overhang_s)
        words = tuple(
            replace(w, start=offset + w.start, end=offset + w.end, anchor=offset + w.anchor)
            for w in spoken_words(chunk, plan)
        )
        return _Stage(offset, speech_end, end, limit, words, read_chunk(chunk))

    def _hits(self, stage: _Stage) -> tuple[tuple[int, Rule], ...]:
        """The rules that apply, without those that did so a moment ago."""
        hits = []
        for index, rule in self._rules.match(stage.text):
            word = stage.words[index]
            is_due = word.anchor - self._used.get(rule.id, _LONG_AGO) >= self._samples(
                rule.cooldown_s
            )
            if is_due and (word.is_stressed or not rule.needs_stress):
                self._used[rule.id] = word.anchor
                hits.append((index, rule))
        return tuple(hits)

    # -- gestures

    def _gestures(
        self, stage: _Stage, cues: Sequence[Cue], hits: Sequence[tuple[int, Rule]]
    ) -> list[GestureCue]:
        chosen: list[_Wish] = []
        for wish in self._wishes(stage, cues, hits):
            gap_s = self._options.gesture_gap_s if wish.source == "rule" else _LLM_GAP_S
            self._choose(wish, chosen, gap_s, stage.offset)
        if self._options.energy > 0:
            self._add_beats(stage, chosen, hits)
        chosen.sort(key=lambda wish: wish.at)
        planned: list[GestureCue] = []
        for wish in chosen:
            gesture = self._phases(wish, stage)
            if planned:
                planned[-1] = self._chained(planned[-1], gesture.start)
            planned.append(gesture)
        return planned

    def _wishes(
        self, stage: _Stage, cues: Sequence[Cue], hits: Sequence[tuple[int, Rule]]
    ) -> list[_Wish]:
        """What tags and rules ask for, tags first."""
        asked: list[tuple[int, Move, CueSource]] = [
            (cue.word, Move(cue.value), "llm") for cue in cues if cue.kind == "gesture"
        ]
        asked += [(word, rule.gesture, "rule") for word, rule in hits if rule.gesture]
        wishes = []
        for word, move, source in asked:
            lexeme = vocabulary().gestures.get(move.name)
            if lexeme is None or not self._can_show(lexeme.name):
                continue
            at = stage.anchor(word)
            if at is None:
                lead_ms = lexeme.preparation_ms + _APEX * lexeme.stroke_ms
                at = min(stage.offset + self._samples(lead_ms / 1000), stage.limit)
            amplitude = lexeme.amplitude if move.amount is None else move.amount
            wishes.append(_Wish(at, stage.clause(word), lexeme, amplitude, source))
        return wishes

    def _can_show(self, name: str) -> bool:
        return self._allowed is None or name in self._allowed

    def _choose(self, wish: _Wish, chosen: list[_Wish], gap_s: float, offset: int) -> bool:
        """Adds `wish` to `chosen` if there is time for it."""
        gap = self._samples(gap_s)
        is_close = any(abs(wish.at - other.at) < gap for other in chosen)
        is_second_big = wish.lexeme.is_big and any(
            other.lexeme.is_big and other.clause == wish.clause for other in chosen
        )
        if is_close or is_second_big:
            return False
        if wish.source != "llm":
            room = wish.at - max(offset, self._free_at)
            is_hasty = room < self._samples(_MIN_PREPARATION_S)
            if is_hasty or wish.at - self._last_stroke < gap:
                return False
        chosen.append(wish)
        return True

    def _add_beats(
        self, stage: _Stage, chosen: list[_Wish], hits: Sequence[tuple[int, Rule]]
    ) -> None:
        """Adds beats on stressed words, the longest first; lively people beat more often."""
        gap_s = self._options.beat_gap_s * (2 - self._options.energy)
        amplified = {word + 1: rule.amplify for word, rule in hits if rule.amplify != 1.0}
        longest_first = sorted(
            range(len(stage.words)), key=lambda i: stage.words[i].start - stage.words[i].end
        )
        for index in longest_first:
            word = stage.words[index]
            is_function = stage.text.words[index] in self._rules.function_words
            if word.is_stressed is False or is_function:
                continue
            lexeme = vocabulary().gestures[_BEATS[self._beats % len(_BEATS)]]
            if not self._can_show(lexeme.name):
                lexeme = vocabulary().gestures[_BEATS[0]]
            factor = max(amplified.get(i, 1.0) for i in (index, index + 1))
            wish = _Wish(
                word.anchor, stage.clause(index), lexeme, lexeme.amplitude * factor, "prosody"
            )
            if self._can_show(lexeme.name) and self._choose(wish, chosen, gap_s, stage.offset):
                self._beats += 1

    def _phases(self, wish: _Wish, stage: _Stage) -> GestureCue:
        """Lays the phases out around the stroke; preparation gives way where time is short."""
        lexeme, stroke = wish.lexeme, wish.at

        def span(ms: float) -> int:
            return self._samples(ms / 1000)

        lead = span(_APEX * lexeme.stroke_ms)
        earliest = min(max(stage.offset, self._free_at), stroke)
        start = max(stroke - lead - span(lexeme.preparation_ms), earliest)
        stroke_start = stroke - min(lead, (stroke - start) // 2)
        stroke_end = min(stroke + span(lexeme.stroke_ms) - lead, stage.limit)
        relax = min(stroke_end + span(lexeme.hold_ms), stage.limit)
        end = min(relax + span(lexeme.retraction_ms), stage.limit)
        self._last_stroke, self._free_at = stroke, stroke_end
        self.number += 1
        return GestureCue(
            self._reply_id,
            f"g{self.number - 1}",
            lexeme.name,
            lexeme.kind,
            lexeme.mode,
            min(1.0, round(wish.amplitude * self._vigour, 3)),
            start,
            stroke_start,
            stroke,
            stroke_end,
            relax,
            end,
            wish.source,
        )

    def _chained(self, gesture: GestureCue, next_start: int) -> GestureCue:
        """Keeps the hands up between gestures that follow closely, instead of resting them."""
        if next_start >= gesture.end + self._samples(_CHAIN_S):
            return gesture
        stroke_end = min(gesture.stroke_end, next_start)
        return replace(gesture, stroke_end=stroke_end, relax=next_start, end=next_start)

    # -- head

    def _heads(
        self, stage: _Stage, cues: Sequence[Cue], hits: Sequence[tuple[int, Rule]]
    ) -> list[HeadCue]:
        asked: list[tuple[int, Move, CueSource]] = [
            (cue.word, Move(cue.value), "llm") for cue in cues if cue.kind == "head"
        ]
        taken = [self._last_head, *(stage.anchor(word) or stage.offset for word, _, _ in asked)]
        asked += [(word, rule.head, "rule") for word, rule in hits if rule.head]
        gap = self._samples(self._options.head_gap_s)
        planned = []
        for word, move, source in asked:
            lexeme = vocabulary().heads.get(move.name)
            if lexeme is None:
                continue
            rise = self._samples(lexeme.rise_ms / 1000)
            anchor = stage.anchor(word)
            stroke = min(stage.offset + rise, stage.limit) if anchor is None else anchor
            if source == "rule":
                if any(abs(stroke - at) < gap for at in taken):
                    continue
                taken.append(stroke)
            repeats = move.repeats or lexeme.repeats
            fall = self._samples(lexeme.fall_ms / 1000) * repeats // lexeme.repeats
            amount = round(
                (lexeme.amount if move.amount is None else move.amount) * self._vigour, 3
            )
            start = max(stage.offset, stroke - rise)
            end = min(stroke + fall, stage.limit)
            planned.append(
                HeadCue(self._reply_id, lexeme.name, amount, repeats, start, stroke, end, source)
            )
            self._last_head = max(self._last_head, stroke)
        return planned

    # -- face

    def _faces(
        self, stage: _Stage, cues: Sequence[Cue], hits: Sequence[tuple[int, Rule]]
    ) -> list[FaceCue]:
        asked: list[tuple[int, Move, CueSource]] = [
            (cue.word, Move(cue.value), "llm") for cue in cues if cue.kind == "face"
        ]
        asked += [(word, rule.face, "rule") for word, rule in hits if rule.face]
        planned = []
        for word, move, source in asked:
            face = vocabulary().expressions.get(move.name)
            if face is None or not self._can_show(face.name):
                continue
            at = stage.words[min(word, len(stage.words) - 1)].start if stage.words else stage.offset
            at = max(stage.offset, at - self._samples(_FACE_LEAD_S))
            if source == "llm":
                self._mood_until = at + self._samples(face.hold_ms / 1000)
            else:
                # Brows move on any face; another mood would contradict the model's.
                is_mood = not face.name.startswith("brow_")
                is_soon = at - self._last_face < self._samples(self._options.face_gap_s)
                if is_soon or (is_mood and at < self._mood_until):
                    continue
                self._last_face = at
            intensity = (face.intensity if move.amount is None else move.amount) * self._vigour
            planned.append(
                FaceCue(
                    self._reply_id,
                    at,
                    face.name,
                    round(intensity, 3),
                    face.valence,
                    face.arousal,
                    face.fade_ms,
                    face.hold_ms,
                    source,
                )
            )
        return planned

    # -- gaze

    def _gazes(
        self,
        stage: _Stage,
        chunk: SpeakableChunk,
        hits: Sequence[tuple[int, Rule]],
    ) -> list[GazeCue]:
        """Away as the turn begins, to the user as a sentence ends; tags and rules come first."""
        planned: list[GazeCue] = []

        def look(target: str, start: int, length: int, source: CueSource) -> None:
            end = min(start + length, stage.limit)
            is_taken = any(start < other.end and other.start < end for other in planned)
            if end > start and not is_taken:
                planned.append(GazeCue(self._reply_id, target, start, end, source))

        places = vocabulary().gaze
        tags = [cue for cue in chunk.cues if cue.kind == "gaze" and cue.value in places]
        for cue in tags:
            is_trailing = cue.word >= len(stage.words)
            start = stage.speech_end if is_trailing else stage.words[cue.word].start
            look(places[cue.value], start, self._samples(_TAG_GAZE_S), "llm")
        for word, rule in hits:
            if rule.gaze:
                length = self._samples(rule.gaze.duration_ms / 1000)
                look(places[rule.gaze.name], stage.words[word].start, length, "rule")
        if stage.words and self._is_turn_start:
            self._is_turn_start = False
            target = "away_side" if self._reply_id % 2 else "away_up"
            away = min(self._samples(self._options.away_s), (stage.speech_end - stage.offset) // 2)
            look(target, stage.offset, away, "rule")
        if stage.words and chunk.is_sentence_end:
            start = stage.words[-1].start
            look("user", start, stage.end - start, "rule")
        return planned


def _start(move: BodyMove) -> int:
    return move.sample if isinstance(move, FaceCue) else move.start
