"""Puts a person together and writes it as VRM 1.0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from avatar_builder import garments, hair, head, paint
from avatar_builder.characters import Character
from avatar_builder.figure import Figure, figure_of
from avatar_builder.gltf import GlbWriter, Primitive
from avatar_builder.mesh import Mesh, clipped, joined, transferred
from avatar_builder.paint import Color
from avatar_builder.raster import rasterised, spread
from avatar_builder.rig import BONES, HUMANOID, NUMBER
from avatar_builder.shapes import SHAPES
from avatar_builder.source import Floats, Source
from avatar_builder.vrm import CREDITS, vrm_block

_SKIN_SIZE = 1024
_UNDER_CLOTH_M = 0.02
"""How far skin goes on under a garment's edge."""


def linear(color: Color) -> list[float]:
    """Return an sRGB colour in linear light, as glTF's factors are."""
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]


@dataclass(frozen=True, slots=True)
class Avatar:
    """A built avatar.

    Attributes:
        glb: The file.
        height_m: The person's height.
    """

    glb: bytes
    height_m: float


class _Materials:
    """The materials of one avatar, by what they are for."""

    def __init__(self, writer: GlbWriter) -> None:
        self._writer = writer

    def add(
        self, name: str, *, color: Color = (1, 1, 1), texture: int | None = None,
        roughness: float = 0.6, alpha: str = "OPAQUE", cutoff: float = 0.5,
        double_sided: bool = False,
    ) -> int:  # fmt: skip
        """Append a material and return its number."""
        surface: dict[str, object] = {
            "baseColorFactor": [*linear(color), 1.0],
            "metallicFactor": 0.0,
            "roughnessFactor": roughness,
        }
        if texture is not None:
            surface["baseColorTexture"] = {"index": texture}
        entry: dict[str, object] = {"name": name, "pbrMetallicRoughness": surface}
        if alpha != "OPAQUE":
            entry["alphaMode"] = alpha
        if alpha == "MASK":
            entry["alphaCutoff"] = cutoff
        if double_sided:
            entry["doubleSided"] = True
        return self._writer.add("materials", entry)


def _hairline(figure: Figure, marks: paint.Landmarks, points: Floats, ears: Floats) -> Floats:
    """Return how far points (..., 3) are above the hairline, metres; ears (...) are below it."""
    ear_z = float(figure.joint("head")[2])
    x, y = np.abs(points[..., 0]), points[..., 1] - marks.eye[1]
    z = points[..., 2] - ear_z
    forehead = y - 0.066 + 0.30 * np.clip(x - 0.03, 0, 1)
    # From the temple past the ear to the nape the hairline falls.
    behind = np.interp(
        z,
        [-0.09, -0.03, -0.005, 0.012, 0.03, 0.05, 0.075],
        [-0.07, -0.05, -0.03, -0.022, 0.0, 0.042, 0.066],
    )
    line = np.where(z > 0.06, forehead, np.minimum(y - behind, 0.05))
    above: Floats = np.where(ears > 0.3, np.minimum(line, -0.01), line)
    return above


def _landmarks(figure: Figure, skin: Mesh) -> paint.Landmarks:
    eye = figure.joint("l-eye")
    vertices = np.unique(figure.base.quads[figure.base.faces_of("helper-l-eye")])
    eye = (figure.positions[vertices].max(0) + figure.positions[vertices].min(0)) / 2
    central = skin.positions[np.abs(skin.positions[:, 0]) < 0.004]
    nose = central[central[:, 2].argmax()]
    roll = figure.morphs[:, SHAPES.index("mouthRollLower")]
    upper = figure.morphs[:, SHAPES.index("mouthRollUpper")]
    body = np.arange(len(figure.positions)) < 13380
    lower_lip = figure.positions[body & (np.abs(roll).max(1) > 1e-3)]
    upper_lip = figure.positions[body & (np.abs(upper).max(1) > 1e-3)]
    mouth = np.array(
        [0, (lower_lip[:, 1].max() + upper_lip[:, 1].min()) / 2, lower_lip[:, 2].max()]
    )
    below = central[(central[:, 2] > nose[2] - 0.05) & (central[:, 1] < mouth[1])]
    return paint.Landmarks(eye, mouth, nose, float(below[:, 1].min()))


def build(
    source: Source, character: Character, visemes: Mapping[str, Mapping[str, float]]
) -> Avatar:
    """Build one person.

    Args:
        source: The wheel.
        character: Who.
        visemes: Each viseme's mixture of ARKit shapes.
    """
    rng = np.random.default_rng(character.seed)
    figure = figure_of(source, character.build, visemes)
    cut = garments.cut_of(figure)
    writer = GlbWriter()
    materials = _Materials(writer)

    head_low = float(cut.neck[1]) - 0.06
    skin_faces, mouth_faces = head.head_faces(figure, head_low)
    whole = figure.part(skin_faces, morphs=True)
    marks = _landmarks(figure, whole)
    top_y = float(whole.positions[:, 1].max())
    skull_middle = np.array([0.0, marks.eye[1] + 0.012, float(figure.joint("head")[2]) + 0.005])
    unwrap = head.Unwrap(float(skull_middle[2]), head_low - 0.02, top_y + 0.005)
    neck_skin = _UNDER_CLOTH_M - cut.collar(whole)
    skin = head.unwrapped(clipped(whole, neck_skin), unwrap)

    skin_texture = writer.texture(
        _skin_image(source, figure, skin_faces, unwrap, marks, character, rng), "image/jpeg", "skin"
    )
    iris = writer.texture(
        paint.iris(character.iris, character.iris_ring, rng), "image/jpeg", "iris"
    )
    lash = writer.texture(paint.lashes(rng, (0.06, 0.045, 0.04)), "image/png", "lashes")
    cloth = writer.texture(paint.cloth(rng), "image/jpeg", "cloth")
    tooth = writer.texture(paint.teeth(), "image/jpeg", "teeth")

    skin_material = materials.add("skin", texture=skin_texture, roughness=0.52)
    face = [
        Primitive(skin, skin_material),
        Primitive(
            figure.part(mouth_faces, morphs=True),
            materials.add("mouth", color=(0.42, 0.17, 0.17), roughness=0.45),
        ),
        Primitive(head.teeth(figure), materials.add("teeth", texture=tooth, roughness=0.25)),
        Primitive(
            head.tongue(figure), materials.add("tongue", color=(0.62, 0.30, 0.30), roughness=0.75)
        ),
        Primitive(
            joined(head.eyeball(figure, "l"), head.eyeball(figure, "r")),
            materials.add("eyes", texture=iris, roughness=0.06),
        ),
        Primitive(
            head.lashes(figure),
            materials.add("lashes", texture=lash, alpha="BLEND", double_sided=True),
        ),
    ]
    sweater = garments.sweater(figure, cut)
    uppers, soles = garments.shoes(figure, cut)
    body = [
        Primitive(
            _hands(figure, cut),
            materials.add("hands", color=character.face.skin, roughness=0.55),
        ),
        Primitive(
            sweater,
            materials.add(
                "top", color=character.top, texture=cloth, roughness=0.9, double_sided=True
            ),
        ),
        Primitive(
            garments.trousers(figure, cut),
            materials.add(
                "trousers",
                color=character.trousers,
                texture=cloth,
                roughness=0.85,
                double_sided=True,
            ),
        ),
        Primitive(uppers, materials.add("shoes", color=character.shoes, double_sided=True)),
        Primitive(soles, materials.add("soles", color=(0.9, 0.89, 0.86), roughness=0.7)),
    ]
    skull = hair.Skull(skull_middle, whole.positions - skull_middle)
    on_base = figure.part(skin_faces, uvs=True)
    assert on_base.uvs is not None
    whole_uvs = transferred(whole.positions, on_base.positions, on_base.uvs, 1)
    ears = paint.mask_at(source.mask("ears"), whole_uvs, 2.0)
    hair_primitives = _hair(writer, materials, character, whole, skull, marks, figure, ears, rng)

    heads = figure.skeleton.heads
    children: dict[str, list[int]] = {bone: [] for bone in BONES}
    for bone, (_, parent) in HUMANOID.items():
        if parent is not None:
            children[parent].append(NUMBER[bone])
    for bone, (_, parent) in HUMANOID.items():
        place = heads[NUMBER[bone]] - (heads[NUMBER[parent]] if parent is not None else 0)
        node: dict[str, object] = {"name": bone, "translation": place.tolist()}
        if children[bone]:
            node["children"] = children[bone]
        writer.add("nodes", node)
    inverse = np.tile(np.eye(4, dtype=np.float32), (len(BONES), 1, 1))
    inverse[:, 3, :3] = -heads
    skin_number = writer.add(
        "skins",
        {
            "joints": list(range(len(BONES))),
            "skeleton": 0,
            "inverseBindMatrices": writer.accessor(inverse.reshape(-1, 16), None),
        },
    )
    face_node = len(BONES)
    for name, primitives, shapes in (
        ("Face", face, SHAPES), ("Body", body, ()), ("Hair", hair_primitives, ()),
    ):  # fmt: skip
        mesh = writer.mesh(name, primitives, shapes)
        writer.add("nodes", {"name": name, "mesh": mesh, "skin": skin_number})
    between_eyes = (marks.eye * [0, 1, 1]) - heads[NUMBER["head"]]
    block = vrm_block(character.name, 0, face_node, between_eyes.tolist(), SHAPES)
    glb = writer.glb(
        {
            "asset": {
                "version": "2.0",
                "generator": "voice-avatar deploy/avatar_builder",
                "copyright": "CC0 1.0; made from " + "; ".join(CREDITS),
            },
            "extensionsUsed": ["VRMC_vrm"],
            "extensions": {"VRMC_vrm": block},
            "scene": 0,
            "scenes": [
                {"name": character.name, "nodes": [0, face_node, face_node + 1, face_node + 2]}
            ],
        }
    )
    return Avatar(
        glb, round(max(top_y, float(max(p.mesh.positions[:, 1].max() for p in hair_primitives))), 3)
    )


def _hair(
    writer: GlbWriter, materials: _Materials, character: Character, whole: Mesh,
    skull: hair.Skull, marks: paint.Landmarks, figure: Figure, ears: Floats,
    rng: np.random.Generator,
) -> list[Primitive]:  # fmt: skip
    """Return the hair in the character's style."""
    inside = _hairline(figure, marks, whole.positions, ears)
    bare = replace(clipped(whole, inside), morphs=None)
    if character.hairstyle == "bob":
        texture = writer.texture(paint.strands(rng), "image/png", "strands")
        locks = hair.bob(skull, marks.chin_y - skull.middle[1] - 0.004, rng)
        material = materials.add(
            "hair", color=character.hair, texture=texture, roughness=0.5, alpha="MASK",
            double_sided=True,
        )  # fmt: skip
        return [Primitive(joined(locks, hair.cap(bare, 0.0025)), material)]
    texture = writer.texture(paint.curls(rng), "image/png", "curls")
    depth = _hairline(figure, marks, bare.positions, np.zeros(len(bare.positions)))
    return [
        Primitive(
            layer,
            materials.add(
                f"hair {number}",
                color=character.hair,
                texture=texture,
                roughness=0.75,
                alpha="MASK",
                cutoff=round(number / hair.SHELLS * 0.9, 3),
            ),
        )
        for number, layer in enumerate(hair.shells(bare, skull, depth))
    ]


def _hands(figure: Figure, cut: garments.Cut) -> Mesh:
    mesh = figure.part(figure.base.faces_of("body"))
    return clipped(mesh, np.abs(mesh.positions[:, 0]) - cut.cuff_m + _UNDER_CLOTH_M)


def _skin_image(
    source: Source, figure: Figure, faces: np.ndarray, unwrap: head.Unwrap,
    marks: paint.Landmarks, character: Character, rng: np.random.Generator,
) -> bytes:  # fmt: skip
    """Paint the skin: each pixel learns its place and its point of the base mesh's texture."""
    mesh = head.unwrapped(figure.part(faces, uvs=True), unwrap)
    # `unwrapped` drops the base mesh's points: they are found again by the corner's place.
    base = figure.part(faces, uvs=True)
    assert base.uvs is not None
    assert mesh.uvs is not None
    base_uv = transferred(mesh.positions, base.positions, base.uvs, 1)
    values = np.concatenate([mesh.positions, base_uv], axis=1)
    image, covered = rasterised(mesh.uvs, mesh.triangles, values, _SKIN_SIZE)
    image = spread(image, covered, 24)
    points, at = image[..., :3], image[..., 3:]
    lips, lids, ears = (
        paint.mask_at(source.mask(name), at, blur) for name, blur in
        (("lips", 1.2), ("eyelids", 1.0), ("ears", 8.0))
    )  # fmt: skip
    hairline = _hairline(figure, marks, points, ears)
    return paint.skin(points, lips, lids, ears, hairline, character.face, marks, rng)
