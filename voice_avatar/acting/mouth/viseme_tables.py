"""What the mouth does for each symbol, and what other renderers call it: tables as data. Pure.

The tables are TOML files in `data/visemes`, read once when they are first needed. A shape is
written "viseme:weight ..." (a missing weight is 1); "A > B" is one shape after the other.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from importlib import resources
from typing import Any, Final

VISEMES: Final = (
    *("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS"),
    *("nn", "RR", "aa", "E", "I", "O", "U"),
)
"""The 15 visemes of OVR and OpenXR, in their order: index = viseme number."""

SIL, PP, FF, TH, DD, KK, CH, SS, NN, RR, AA, EH, IH, OH, OU = range(15)

Weights = tuple[tuple[int, float], ...]
"""(viseme, weight) pairs by viseme."""


class Kind(Enum):
    """What a symbol is to the mouth."""

    VOWEL = auto()
    CONSONANT = auto()
    NEXT = auto()  # no place of its own: the lips of the next sound
    HOLD = auto()  # no place of its own: the lips of the sound before
    PART = auto()  # belongs to the sound before
    JOINT = auto()  # no sound: its time goes to the next one
    PRIMARY = auto()  # as JOINT, and stresses the next vowel
    SECONDARY = auto()
    GAP = auto()
    PAUSE = auto()


JOINED: Final = frozenset({Kind.PART, Kind.HOLD})
"""Kinds that belong to the sound before."""


@dataclass(frozen=True, slots=True)
class SymbolTable:
    """The symbols of one way of spelling.

    Attributes:
        kinds: what each symbol is.
        shapes: of vowels and consonants, one after the other.
        added: what a part adds to the sound before it.
        merged: two symbols in a row that are one other sound.
        after: shapes of a symbol after a certain other.
        aliases: other spellings of a symbol.
    """

    kinds: Mapping[str, Kind]
    shapes: Mapping[str, tuple[Weights, ...]]
    added: Mapping[str, Weights]
    merged: Mapping[tuple[str, str], tuple[Weights, ...]]
    after: Mapping[tuple[str, str], tuple[Weights, ...]]
    aliases: Mapping[str, str]


@cache
def symbol_table(espeak_voice: str, phoneme_type: str = "espeak") -> SymbolTable:
    """Returns the table for a voice.

    Args:
        espeak_voice: espeak-ng voice that spells ("en-us", "cmn"); its language decides about
            symbols that mean several things.
        phoneme_type: "pinyin", or anything else for IPA.
    """
    raw = read_table("pinyin.toml" if phoneme_type == "pinyin" else "ipa.toml")
    kinds: dict[str, Kind] = {}
    shapes: dict[str, tuple[Weights, ...]] = {}
    added: dict[str, Weights] = {}
    merged: dict[tuple[str, str], tuple[Weights, ...]] = {}
    for (section, name), kind in _KIND_LISTS.items():
        symbols = raw[section][name]
        kinds |= dict.fromkeys([symbols] if kind is Kind.GAP else symbols.split(), kind)
    language = espeak_voice.partition("-")[0]
    for layer in (raw, raw.get("language", {}).get(language, {})):
        for name, kind in (("vowel", Kind.VOWEL), ("consonant", Kind.CONSONANT)):
            for shape, symbols in layer.get(name, {}).items():
                for symbol in symbols.split():
                    kinds[symbol], shapes[symbol] = kind, parse_shapes(shape)
        for shape, symbols in layer.get("part", {}).items():
            for symbol in symbols.split():
                kinds[symbol] = Kind.PART
                added[symbol] = () if shape == "plain" else parse_shapes(shape)[0]
        for shape, pairs in layer.get("merged", {}).items():
            merged |= {(pair[0], pair[1]): parse_shapes(shape) for pair in pairs.split()}
    after = {
        (first, second): parse_shapes(shape)
        for shape, (firsts, second) in raw.get("after", {}).items()
        for first in firsts.split()
    }
    return SymbolTable(kinds, shapes, added, merged, after, raw.get("alias", {}))


_KIND_LISTS: Final = {
    ("transparent", "next"): Kind.NEXT,
    ("transparent", "hold"): Kind.HOLD,
    ("quiet", "pause"): Kind.PAUSE,
    ("quiet", "joint"): Kind.JOINT,
    ("quiet", "gap"): Kind.GAP,
    ("stress", "primary"): Kind.PRIMARY,
    ("stress", "secondary"): Kind.SECONDARY,
}


def parse_shapes(text: str) -> tuple[Weights, ...]:
    """Returns "aa:.6 E:.3 > I" as weights, one tuple per shape."""
    return tuple(_parse_shape(part) for part in text.split(">"))


def _parse_shape(text: str) -> Weights:
    pairs = (item.partition(":") for item in text.split())
    return tuple(sorted((VISEMES.index(name), float(w or 1)) for name, _, w in pairs))


@cache
def read_table(name: str) -> dict[str, Any]:
    """Returns a table of `data/visemes`."""
    text = resources.files("voice_avatar").joinpath("data", "visemes", name).read_text("utf-8")
    return tomllib.loads(text)


# ---------------------------------------------------------------------------------------------
# Other sets of mouth shapes


def arkit_weights(weights: Weights) -> dict[str, float]:
    """Returns a pose as weights 0..1 of ARKit's face shapes; those that are 0 are left out."""
    return _carried_over(weights, "arkit")


def vrm_weights(weights: Weights) -> dict[str, float]:
    """Returns a pose as weights 0..1 of VRM's five mouth shapes; those that are 0 are left out.

    VRM has no closed lips: a closure is all zero.
    """
    return _carried_over(weights, "vrm")


def azure_viseme(weights: Weights) -> int:
    """Returns the one of Azure's viseme ids 0..21 that is nearest to a pose.

    Azure has one shape at a time: that whose pose has the least angle to this one.
    """
    own = dict(weights)
    nearest, most = 0, 0.0
    for viseme, pose in _azure_poses():
        size = math.sqrt(sum(w * w for _, w in pose))
        along = sum(w * own.get(v, 0.0) for v, w in pose) / size
        if along > most + 1e-9:
            nearest, most = viseme, along
    return nearest


@cache
def _azure_poses() -> tuple[tuple[int, Weights], ...]:
    poses = read_table("sets.toml")["azure"]["poses"]
    return tuple((int(viseme), _parse_shape(shape)) for viseme, shape in poses)


def _carried_over(weights: Weights, name: str) -> dict[str, float]:
    table = read_table("sets.toml")[name]
    out: dict[str, float] = {}
    for viseme, weight in weights:
        for shape, share in table.get(VISEMES[viseme], {}).items():
            out[shape] = min(1.0, out.get(shape, 0.0) + weight * share)
    return {shape: round(weight, 4) for shape, weight in out.items()}
