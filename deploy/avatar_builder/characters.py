"""The people: their build, their colours and how they are dressed."""

from __future__ import annotations

from dataclasses import dataclass

from avatar_builder.paint import Color, Complexion
from avatar_builder.shape import Build


@dataclass(frozen=True, slots=True)
class Character:
    """A person.

    Attributes:
        key: The file's name.
        name: The person's name.
        build: The body.
        face: The colours of the face.
        hairstyle: `bob` or `cropped`.
        hair: The locks' colour, sRGB.
        iris, iris_ring: The eyes' colours, sRGB.
        top, collar, trousers, shoes: The clothes' colours, sRGB.
        seed: Of chance, for hairs and pores.
    """

    key: str
    name: str
    build: Build
    face: Complexion
    hairstyle: str
    hair: Color
    iris: Color
    iris_ring: Color
    top: Color
    trousers: Color
    shoes: Color
    seed: int


_REST = {
    "mouthSmileLeft": 0.22, "mouthSmileRight": 0.22,
    "mouthPressLeft": 0.12, "mouthPressRight": 0.12,
}  # fmt: skip
"""A friendly face at rest."""

AVA = Character(
    key="ava",
    name="Ava",
    build=Build(
        gender="female", age=0.54, muscle=0.5, weight=0.46, height=0.5, proportions=0.8,
        ancestry={"caucasian": 0.7, "asian": 0.25, "african": 0.05},
        details={"mouth/mouth-angles-up": 0.3, "head/head-oval": 0.3}, rest=_REST,
    ),
    face=Complexion(
        skin=(0.86, 0.68, 0.585), blush=(0.84, 0.50, 0.43), shade=(0.66, 0.45, 0.39),
        lips=(0.74, 0.38, 0.36), hair=(0.22, 0.12, 0.07), brow=(0.20, 0.115, 0.07),
        stubble_m=0.0, beard=0.0, brow_thickness=1.05,
    ),
    hairstyle="bob",
    hair=(0.56, 0.39, 0.28),
    iris=(0.36, 0.42, 0.24),
    iris_ring=(0.16, 0.18, 0.12),
    top=(0.16, 0.42, 0.43),
    trousers=(0.16, 0.18, 0.25),
    shoes=(0.82, 0.79, 0.74),
    seed=1,
)  # fmt: skip

LEO = Character(
    key="leo",
    name="Leo",
    build=Build(
        gender="male", age=0.56, muscle=0.55, weight=0.42, height=0.52, proportions=0.8,
        ancestry={"african": 0.6, "caucasian": 0.4, "asian": 0.0},
        details={
            "mouth/mouth-angles-up": 0.35, "head/head-oval": 0.35, "chin/chin-width-decr": 0.45,
            "nose/nose-volume-decr": 0.3,
        },
        rest={**_REST, "eyeWideLeft": 0.25, "eyeWideRight": 0.25},
    ),
    face=Complexion(
        skin=(0.53, 0.355, 0.26), blush=(0.55, 0.29, 0.22), shade=(0.33, 0.20, 0.145),
        lips=(0.50, 0.275, 0.245), hair=(0.045, 0.035, 0.03), brow=(0.05, 0.035, 0.03),
        stubble_m=0.006, beard=0.30, brow_thickness=1.15,
    ),
    hairstyle="cropped",
    hair=(0.34, 0.27, 0.23),
    iris=(0.27, 0.15, 0.08),
    iris_ring=(0.10, 0.055, 0.03),
    top=(0.72, 0.55, 0.30),
    trousers=(0.20, 0.21, 0.24),
    shoes=(0.30, 0.19, 0.12),
    seed=2,
)  # fmt: skip

CHARACTERS = (AVA, LEO)
