"""Phonemes on the sample clock -> mouth poses. Pure.

In four steps, each a table or a rule with a name:

1. symbols become sounds: marks, tones and diacritics join the sound they belong to;
2. sounds become targets: diphthongs are two, sounds made by the tongue alone and glottals take
   the lips of their neighbours, unstressed and hurried vowels are smaller;
3. targets become keys: the lips arrive when the sound begins, stay, and leave early;
4. keys are thinned to what a face can show, the closures of p b m first.

Rules follow Rhubarb (plosives close 40 to 120 ms early), JALI (apex at the onset, held for three
quarters) and Cohen and Massaro's dominance (lips are ruled by the sounds that need them).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from voice_avatar.acting.mouth.viseme_tables import (
    DD,
    FF,
    JOINED,
    KK,
    NN,
    OH,
    OU,
    PP,
    SIL,
    Kind,
    SymbolTable,
    Weights,
    symbol_table,
)
from voice_avatar.events.cues import VisemePose
from voice_avatar.events.payloads import PhonemeSpan

REST: Final[Weights] = ((SIL, 1.0),)
"""The mouth at rest."""

SPACING_MS: Final = 12
"""Poses are at least this far apart: one frame of a 90 Hz headset is 11 ms."""
POSES_PER_S: Final = 25
"""Most poses in any second, closures aside."""
PAUSE_MS: Final = 120
"""A silence at least this long brings the mouth to rest, and it takes this long to get there."""
LEAD_MS: Final = (40, 120)
"""The lips start towards a sound this long before it: least and most (Rhubarb)."""
HOLD_SHARE: Final = 0.75
"""A shape is held for this share of its sound (JALI)."""
CLOSURE_MS: Final = 17
"""A closure lasts at least one frame at 60 Hz, or it could fall between two."""
HURRIED_MS: Final = 60
HURRIED_SCALE: Final = 0.8
"""Vowels shorter than `HURRIED_MS` do not reach their shape."""
ROUNDING_MS: Final = 200
"""Lips round this long before a rounded vowel, across sounds that leave the lips free."""
TONGUE_SHARE: Final = 0.5
"""Weight of a sound made by the tongue alone; the lips of its neighbours keep the rest."""
TRANSPARENT_SCALE: Final = 0.6
"""Glottal sounds show the next vowel, not yet fully."""
MAX_SHAPES: Final = 3

_SHARES: Final = {1: (1.0,), 2: (0.6, 0.4), 3: (0.3, 0.4, 0.3)}
"""How the shapes of one sound divide its time; diphthongs stay longer on the first (Rhubarb)."""


class _Stress(IntEnum):
    NONE = 0
    SECONDARY = 1
    PRIMARY = 2


_STRESS_SCALE: Final = {_Stress.NONE: 0.75, _Stress.SECONDARY: 0.9, _Stress.PRIMARY: 1.0}


class _Rank(IntEnum):
    """What gives way last when poses come too close."""

    EDGE = 0
    CLOSURE = 1
    APEX = 2
    FREE = 3
    HELD = 4


@dataclass(frozen=True, slots=True)
class _Sound:
    """One or more symbols that are one movement of the mouth (samples).

    `onset` is where its own symbol begins, after the marks that stand before it.
    """

    kind: Kind
    start: int
    onset: int
    end: int
    shapes: tuple[Weights, ...] = ()
    stress: _Stress = _Stress.NONE


@dataclass(frozen=True, slots=True)
class _Target:
    """A shape to be in from `start` to `end` (samples).

    `latest` is where the last sound that has this shape begins: after marks, or after other sounds
    of the same shape. The shape is held for a share of that sound.
    """

    start: int
    end: int
    weights: Weights
    latest: int
    is_vowel: bool = False

    @property
    def is_rest(self) -> bool:
        return self.weights == REST

    @property
    def is_closure(self) -> bool:
        """Whether the shape must be reached in full."""
        return _is_closure(self.weights)

    @property
    def is_free(self) -> bool:
        """Whether the tongue makes the sound and the lips are free: t d n l k g ng."""
        return not self.is_vowel and sum(_weight(self.weights, v) for v in (DD, NN, KK)) > 0.35

    @property
    def is_round(self) -> bool:
        return _weight(self.weights, OU) + _weight(self.weights, OH) >= 0.5


@dataclass(frozen=True, slots=True)
class _Key:
    sample: int
    weights: Weights
    rank: _Rank


def viseme_poses(
    spans: Sequence[PhonemeSpan],
    *,
    rate_hz: int,
    espeak_voice: str,
    phoneme_type: str = "espeak",
) -> tuple[VisemePose, ...]:
    """Returns the mouth poses of a chunk.

    Args:
        spans: its phonemes, contiguous, in samples.
        rate_hz: rate of those samples, hertz.
        espeak_voice: which espeak-ng voice spelled them.
        phoneme_type: "espeak" (IPA) or "pinyin".

    Returns:
        Poses from sample 0 to the end of the last span, at least `SPACING_MS` apart; none if there
        are no spans. Weights add up to at most 1; what is missing is the mouth at rest.
    """
    if not spans:
        return ()
    scale = _Scale(rate_hz)
    table = symbol_table(espeak_voice, phoneme_type)
    targets = _with_lips(_targets(_sounds(spans, table), scale), scale)
    keys = _keys(targets, spans[-1].end, scale)
    return tuple(VisemePose(key.sample, _tidy(key.weights)) for key in _thinned(keys, scale))


@dataclass(frozen=True, slots=True)
class _Scale:
    rate_hz: int

    def samples(self, ms: float) -> int:
        """Returns milliseconds in samples, rounded up."""
        return -int(-ms * self.rate_hz // 1000)


# ---------------------------------------------------------------------------------------------
# 1. Symbols -> sounds


def _sounds(spans: Sequence[PhonemeSpan], table: SymbolTable) -> list[_Sound]:
    sounds: list[_Sound] = []
    stress = _Stress.NONE
    before = ""
    waiting: int | None = None  # where marks began that belong to the sound to come
    for span in spans:
        symbol = table.aliases.get(span.symbol, span.symbol)
        kind = table.kinds.get(symbol, Kind.PART)
        merged = table.merged.get((before, symbol))
        shapes = table.after.get((before, symbol)) or table.shapes.get(symbol, ())
        before = symbol
        if kind in _MARKS:
            waiting = span.start if waiting is None else waiting
            stress = _MARKS[kind] or stress
            continue
        if sounds and (merged or kind in JOINED):
            added = table.added.get(symbol, ())
            sounds[-1] = _joined(sounds[-1], span.end, merged, added)
        else:
            ends_syllable = bool(sounds) and sounds[-1].kind is Kind.VOWEL and waiting is None
            if kind is not Kind.VOWEL and ends_syllable:
                stress = _Stress.NONE
            start = span.start if waiting is None else waiting
            own = stress if kind is Kind.VOWEL else _Stress.NONE
            sounds.append(_Sound(kind, start, span.start, span.end, shapes, own))
        waiting = None
    if waiting is not None:
        sounds.append(_Sound(Kind.GAP, waiting, waiting, spans[-1].end))
    return sounds


_MARKS: Final = {
    Kind.JOINT: _Stress.NONE,
    Kind.PRIMARY: _Stress.PRIMARY,
    Kind.SECONDARY: _Stress.SECONDARY,
}


def _joined(sound: _Sound, end: int, merged: tuple[Weights, ...] | None, added: Weights) -> _Sound:
    """Returns a sound with the symbol after it taken in. Lips that must close stay closed."""
    shapes = merged or sound.shapes
    if added and shapes and not _is_closure(shapes[-1]):
        shapes = (*shapes[:-1], _mixed((shapes[-1], 1.0), (added, 1.0)))
    return replace(sound, end=end, shapes=shapes)


# ---------------------------------------------------------------------------------------------
# 2. Sounds -> targets


def _targets(sounds: Sequence[_Sound], scale: _Scale) -> list[_Target]:
    has_stress = any(sound.stress for sound in sounds)
    targets: list[_Target] = []
    for is_quiet, first, last in _stretches(sounds):
        if is_quiet:
            start, end = sounds[first].start, sounds[last - 1].end
            is_edge = first == 0 or last == len(sounds)
            if is_edge or end - start >= scale.samples(PAUSE_MS):
                targets.append(_Target(start, end, REST, start))
            continue
        for i in range(first, last):
            following = sounds[i + 1] if i + 1 < last else None
            for target in _of_sound(sounds[i], following, has_stress, scale):
                _append(targets, target)
    return targets


def _stretches(sounds: Sequence[_Sound]) -> Iterator[tuple[bool, int, int]]:
    """Yields the runs of sounds with and without a shape: is quiet, first, one past the last."""
    first = 0
    for i in range(1, len(sounds) + 1):
        if i == len(sounds) or _is_quiet(sounds[i]) != _is_quiet(sounds[first]):
            yield _is_quiet(sounds[first]), first, i
            first = i


def _is_quiet(sound: _Sound) -> bool:
    return not sound.shapes and sound.kind is not Kind.NEXT


def _of_sound(
    sound: _Sound, following: _Sound | None, has_stress: bool, scale: _Scale
) -> Iterator[_Target]:
    """Yields the targets of a sound; none for a glottal with no vowel to prepare."""
    length = sound.end - sound.start
    if sound.kind is Kind.NEXT:
        if following is not None and following.kind is Kind.VOWEL:
            weights = _mixed((following.shapes[0], TRANSPARENT_SCALE))
            yield _Target(sound.start, sound.end, weights, sound.onset, is_vowel=True)
        return
    size = 1.0
    if sound.kind is Kind.VOWEL:
        size *= _STRESS_SCALE[sound.stress] if has_stress else 1.0
        size *= HURRIED_SCALE if length < scale.samples(HURRIED_MS) else 1.0
    start, share = sound.start, 0.0
    for weights, part in zip(sound.shapes, _SHARES[len(sound.shapes)], strict=True):
        share += part
        end = sound.start + round(length * share)
        target = _Target(start, end, _mixed((weights, size)), max(start, sound.onset))
        yield replace(target, is_vowel=sound.kind is Kind.VOWEL and not target.is_free)
        start = end


def _append(targets: list[_Target], target: _Target) -> None:
    """Adds a target; one that is as the one before makes that longer."""
    last = targets[-1] if targets else None
    if last is not None and last.weights == target.weights:
        targets[-1] = replace(last, end=target.end, latest=target.latest)
    else:
        targets.append(target)


def _with_lips(targets: Sequence[_Target], scale: _Scale) -> list[_Target]:
    """Gives sounds of the tongue alone the lips of the vowels around them."""
    out = list(targets)
    for i, target in enumerate(targets):
        if not target.is_free:
            continue
        before = _ruler(targets, range(i - 1, -1, -1))
        after = _ruler(targets, range(i + 1, len(targets)))
        if after and after.is_round and after.start - target.start <= scale.samples(ROUNDING_MS):
            before = None
        lips = [t.weights for t in (before, after) if t is not None]
        if lips:
            rest = (1.0 - TONGUE_SHARE) / len(lips)
            mix = _mixed((target.weights, TONGUE_SHARE), *((w, rest) for w in lips))
            out[i] = replace(target, weights=mix)
    return out


def _ruler(targets: Sequence[_Target], order: range) -> _Target | None:
    """Returns the first vowel in that order, unless lips that are needed come before it."""
    for i in order:
        if not targets[i].is_free:
            return targets[i] if targets[i].is_vowel else None
    return None


# ---------------------------------------------------------------------------------------------
# 3. Targets -> keys


def _keys(targets: Sequence[_Target], end: int, scale: _Scale) -> list[_Key]:
    keys: list[_Key] = []
    for i, target in enumerate(targets):
        following = targets[i + 1] if i + 1 < len(targets) else None
        if target.is_rest:
            keys += _rest_keys(target, end, scale)
        else:
            keys += _shape_keys(target, following, end, scale)
    early = [key for key in keys if key.sample < scale.samples(SPACING_MS)]
    # A shape that comes too soon for a pose of its own is there from the start.
    first = next((key.weights for key in early if key.weights != REST), REST)
    last = keys[-1].weights if keys and keys[-1].sample == end else REST
    return [_Key(0, first, _Rank.EDGE), *keys, _Key(end, last, _Rank.EDGE)]


def _rest_keys(rest: _Target, end: int, scale: _Scale) -> Iterator[_Key]:
    """The mouth comes to rest within `PAUSE_MS`, and stirs as long before the next sound."""
    move = min(scale.samples(PAUSE_MS), (rest.end - rest.start) // 2)
    arrived = rest.start if rest.start == 0 else rest.start + move
    left = rest.end if rest.end == end else rest.end - move
    yield _Key(arrived, REST, _Rank.APEX)
    yield _Key(left, REST, _Rank.APEX)


def _shape_keys(
    target: _Target, following: _Target | None, end: int, scale: _Scale
) -> Iterator[_Key]:
    """The shape is reached when the sound begins, and left in time for the next one."""
    rank = _Rank.CLOSURE if target.is_closure else _Rank.FREE if target.is_free else _Rank.APEX
    yield _Key(target.start, target.weights, rank)
    length = target.end - target.start
    until = end if following is None else following.start
    held = target.latest + round((target.end - target.latest) * HOLD_SHARE)
    if target.is_closure:
        held = max(held, target.latest + scale.samples(CLOSURE_MS))
        held = min(held, until - scale.samples(SPACING_MS))
    else:
        least, most = (scale.samples(ms) for ms in LEAD_MS)
        # A plosive closes during the second half of the sound before it.
        share = 2 if following is not None and following.is_closure else 4
        held = min(held, until - min(most, max(least, length // share)))
    if held - target.start >= scale.samples(SPACING_MS):
        yield _Key(held, target.weights, rank if target.is_closure else _Rank.HELD)


# ---------------------------------------------------------------------------------------------
# 4. Thinning


def _thinned(keys: Sequence[_Key], scale: _Scale) -> list[_Key]:
    """Keeps what fits in time and rate, the important ones first."""
    spacing = scale.samples(SPACING_MS)
    kept: list[_Key] = []
    times: list[int] = []
    for key in sorted(keys, key=lambda key: (key.rank, key.sample)):
        i = bisect_left(times, key.sample)
        is_edge = key.rank is _Rank.EDGE
        near = times[max(0, i - 1) : i + 1]
        if is_edge and key.sample in near:
            continue  # a chunk without length
        if not is_edge and any(abs(key.sample - time) < spacing for time in near):
            continue
        times.insert(i, key.sample)
        if key.rank > _Rank.CLOSURE and _is_crowded(times, i, scale.rate_hz):
            del times[i]
            continue
        kept.insert(i, key)
    return kept


def _is_crowded(times: Sequence[int], new: int, second: int) -> bool:
    """Returns whether any second around a new time has too many."""
    first = max(0, new - POSES_PER_S)
    last = min(new, len(times) - 1 - POSES_PER_S)
    return any(times[k + POSES_PER_S] - times[k] < second for k in range(first, last + 1))


# ---------------------------------------------------------------------------------------------
# Weights


def _weight(weights: Weights, viseme: int) -> float:
    return next((w for v, w in weights if v == viseme), 0.0)


def _is_closure(weights: Weights) -> bool:
    """Returns whether the lips must close, or the lip meet the teeth: p b m, f v."""
    return max(_weight(weights, PP), _weight(weights, FF)) >= 0.9


def _mixed(*parts: tuple[Weights, float]) -> Weights:
    """Returns the sum of scaled shapes, its strongest `MAX_SHAPES`, adding up to at most 1."""
    sums: dict[int, float] = {}
    for weights, factor in parts:
        for viseme, weight in weights:
            sums[viseme] = sums.get(viseme, 0.0) + weight * factor
    strongest = sorted(sums.items(), key=lambda item: (-item[1], item[0]))[:MAX_SHAPES]
    total = max(1.0, sum(weight for _, weight in strongest))
    return tuple(sorted((viseme, weight / total) for viseme, weight in strongest))


def _tidy(weights: Weights) -> Weights:
    """Rounds down to thousandths, so that a sum of 1 stays at most 1."""
    rounded = ((viseme, int(weight * 1000 + 1e-6) / 1000) for viseme, weight in weights)
    return tuple((viseme, weight) for viseme, weight in rounded if weight > 0)
