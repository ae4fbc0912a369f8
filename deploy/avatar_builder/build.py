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
from avatar_builder.openness import openness
from avatar_builder.paint import Color
from avatar_builder.raster import rasterised, spread
from avatar_builder.rig import BONES, HUMANOID, NUMBER
from avatar_builder.shapes import SHAPES
from avatar_builder.source import Floats, Ints, Source
from avatar_builder.vrm import CREDITS, vrm_block

_SKIN_SIZE = 1024
_UNDER_CLOTH_M = 0.02
"""How far skin goes on under a garment's edge."""
_DARKEST, _DARKEST_SKIN = 0.14, 0.3
"""How open the closest fold is taken to be: where lips meet, vertices are too far apart to tell."""
_LID_M = 0.001
"""How far in front of an eye its lids are, at least."""


def linear(color: Color) -> list[float]:
    """Return an sRGB colour in linear light, as glTF's factors are."""
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]


def told(place: Floats) -> list[float]:
    """Return a place as it is written: to the micrometre, and without a negative zero."""
    numbers: list[float] = (np.round(place, 6) + 0.0).tolist()
    return numbers


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
        self, name: str, *, surface: str, color: Color = (1, 1, 1), texture: int | None = None,
        roughness: float = 0.6, alpha: str = "OPAQUE", cutoff: float = 0.5,
        double_sided: bool = False,
    ) -> int:  # fmt: skip
        """Append a material and return its number.

        `surface` tells our page what it is made of, and how it takes light (stage/surfaces.mjs).
        """
        physical: dict[str, object] = {
            "baseColorFactor": [*(round(part, 5) for part in linear(color)), 1.0],
            "metallicFactor": 0.0,
            "roughnessFactor": roughness,
        }
        if texture is not None:
            physical["baseColorTexture"] = {"index": texture}
        entry: dict[str, object] = {
            "name": name, "pbrMetallicRoughness": physical, "extras": {"surface": surface},
        }  # fmt: skip
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
    above: Floats = np.where(ears > 0.04, np.minimum(line, -0.03), line)
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
    # Below the lips the profile comes forward to the chin.
    height = central[:, 1] - mouth[1]
    chin = central[(height > -0.075) & (height < -0.015) & (central[:, 2] > nose[2] - 0.05)]
    return paint.Landmarks(eye, mouth, nose, float(chin[:, 1].min()))


@dataclass(frozen=True, slots=True)
class _Body:
    """What the parts of a person are made from.

    Attributes:
        figure: The person in T pose.
        cut: Where the clothes end.
        skin_faces, mouth_faces: Of the base mesh: the head's skin, and the inside of the mouth.
        whole: The head's skin before it is cut at the collar.
        marks: Where eyes, mouth and nose are.
        skull: What hair lies on.
        unwrap: The texture points of the head's skin.
    """

    figure: Figure
    cut: garments.Cut
    skin_faces: Ints
    mouth_faces: Ints
    whole: Mesh
    marks: paint.Landmarks
    skull: hair.Skull
    unwrap: head.Unwrap


def _body(figure: Figure, character: Character) -> _Body:
    neckline = character.neckline
    cut = garments.cut_of(figure, neckline)
    head_low = float(cut.neck[1]) - 0.05 - 1.8 * neckline.drop_m
    skin_faces, mouth_faces = head.head_faces(figure, head_low)
    whole = figure.part(skin_faces, morphs=True)
    marks = _landmarks(figure, whole)
    top_y = float(whole.positions[:, 1].max())
    middle = np.array([0.0, marks.eye[1] + 0.012, float(figure.joint("head")[2]) + 0.005])
    return _Body(
        figure, cut, skin_faces, mouth_faces, whole, marks,
        hair.Skull(middle, whole.positions - middle),
        head.Unwrap(float(middle[2]), head_low - 0.02, top_y + 0.005),
    )  # fmt: skip


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
    body = _body(figure_of(source, character.build, visemes), character)
    writer = GlbWriter()
    materials = _Materials(writer)
    face = _face(source, writer, materials, character, body, rng)
    clothes = _clothes(writer, materials, character, body, rng)
    locks = _hair(source, writer, materials, character, body, rng)
    face, clothes, locks = _shaded(face, clothes, locks, character)

    heads = body.figure.skeleton.heads
    skin_number = _bones(writer, heads)
    face_node = len(BONES)
    for name, primitives, shapes in (
        ("Face", face, SHAPES), ("Body", clothes, ()), ("Hair", locks, ()),
    ):  # fmt: skip
        mesh = writer.mesh(name, primitives, shapes)
        writer.add("nodes", {"name": name, "mesh": mesh, "skin": skin_number})
    between_eyes = (body.marks.eye * [0, 1, 1]) - heads[NUMBER["head"]]
    block = vrm_block(character.name, 0, face_node, told(between_eyes), SHAPES)
    glb = writer.glb(_root(character, block, [0, face_node, face_node + 1, face_node + 2]))
    top_m = max(float(p.mesh.positions[:, 1].max()) for p in (*face, *locks))
    return Avatar(glb, round(top_m, 3))


def _root(character: Character, vrm: dict[str, object], nodes: list[int]) -> dict[str, object]:
    return {
        "asset": {
            "version": "2.0",
            "generator": "voice-avatar deploy/avatar_builder",
            "copyright": "CC0 1.0; made from " + "; ".join(CREDITS),
        },
        "extensionsUsed": ["VRMC_vrm"],
        "extensions": {"VRMC_vrm": vrm},
        "scene": 0,
        "scenes": [{"name": character.name, "nodes": nodes}],
    }


def _bones(writer: GlbWriter, heads: Floats) -> int:
    """Write the skeleton as the first nodes, and return its skin's number."""
    children: dict[str, list[int]] = {bone: [] for bone in BONES}
    for bone, (_, parent) in HUMANOID.items():
        if parent is not None:
            children[parent].append(NUMBER[bone])
    for bone, (_, parent) in HUMANOID.items():
        place = heads[NUMBER[bone]] - (heads[NUMBER[parent]] if parent is not None else 0)
        node: dict[str, object] = {"name": bone, "translation": told(place)}
        if children[bone]:
            node["children"] = children[bone]
        writer.add("nodes", node)
    inverse = np.tile(np.eye(4, dtype=np.float32), (len(BONES), 1, 1))
    inverse[:, 3, :3] = -np.round(heads, 6) + 0.0
    matrices = writer.accessor(inverse.reshape(-1, 16), None)
    joints = list(range(len(BONES)))
    return writer.add("skins", {"joints": joints, "skeleton": 0, "inverseBindMatrices": matrices})


def _face(
    source: Source, writer: GlbWriter, materials: _Materials, character: Character, body: _Body,
    rng: np.random.Generator,
) -> list[Primitive]:  # fmt: skip
    """Return what has face shapes; the skin comes first and the eyes second."""
    figure, lips_z_m = body.figure, float(body.marks.mouth[2])
    bare = clipped(body.whole, _UNDER_CLOTH_M - body.cut.collar(body.whole))
    skin = writer.texture(_skin_image(source, body, character, rng), "image/jpeg", "skin")
    iris = writer.texture(
        paint.iris(character.iris, character.iris_ring, rng), "image/jpeg", "iris"
    )
    lash = writer.texture(paint.lashes(rng, (0.05, 0.035, 0.03)), "image/png", "lashes")
    tooth = writer.texture(paint.teeth(), "image/jpeg", "teeth")
    return [
        Primitive(
            head.unwrapped(bare, body.unwrap),
            materials.add("skin", surface="skin", texture=skin, roughness=0.52),
        ),
        Primitive(
            joined(head.eyeball(figure, "l"), head.eyeball(figure, "r")),
            materials.add("eyes", surface="eye", texture=iris, roughness=0.06),
        ),
        Primitive(
            head.dimmed(figure.part(body.mouth_faces, morphs=True), lips_z_m),
            materials.add("mouth", surface="mouth", color=(0.36, 0.13, 0.13), roughness=0.45),
        ),
        Primitive(
            head.dimmed(head.teeth(figure), lips_z_m),
            materials.add("teeth", surface="mouth", texture=tooth, roughness=0.25),
        ),
        Primitive(
            head.dimmed(head.tongue(figure), lips_z_m),
            materials.add("tongue", surface="mouth", color=(0.60, 0.28, 0.28), roughness=0.75),
        ),
        Primitive(
            head.lashes(figure),
            materials.add("lashes", surface="lash", texture=lash, alpha="BLEND",
                          double_sided=True),
        ),
    ]  # fmt: skip


def _clothes(
    writer: GlbWriter, materials: _Materials, character: Character, body: _Body,
    rng: np.random.Generator,
) -> list[Primitive]:  # fmt: skip
    """Return hands and clothes; the upper garment comes first."""
    figure, cut = body.figure, body.cut
    cloth = writer.texture(paint.cloth(rng), "image/jpeg", "cloth")
    uppers, soles = garments.shoes(figure, cut)
    return [
        Primitive(
            garments.sweater(figure, cut),
            materials.add("top", surface="cloth", color=character.top, texture=cloth,
                          roughness=0.9, double_sided=True),
        ),
        Primitive(
            _hands(figure, cut),
            materials.add("hands", surface="skin", color=character.face.skin, roughness=0.55),
        ),
        Primitive(
            garments.trousers(figure, cut),
            materials.add("trousers", surface="cloth", color=character.trousers, texture=cloth,
                          roughness=0.85, double_sided=True),
        ),
        Primitive(
            uppers,
            materials.add("shoes", surface="plain", color=character.shoes, double_sided=True),
        ),
        Primitive(
            soles, materials.add("soles", surface="plain", color=(0.9, 0.89, 0.86), roughness=0.7)
        ),
    ]  # fmt: skip


def _hair(
    source: Source, writer: GlbWriter, materials: _Materials, character: Character, body: _Body,
    rng: np.random.Generator,
) -> list[Primitive]:  # fmt: skip
    """Return the hair in the character's style."""
    whole, skull, marks = body.whole, body.skull, body.marks
    on_base = body.figure.part(body.skin_faces, uvs=True)
    assert on_base.uvs is not None
    whole_uvs = transferred(whole.positions, on_base.positions, on_base.uvs, 1)
    ears = paint.mask_at(source.mask("ears"), whole_uvs, 2.0)
    above = _hairline(body.figure, marks, whole.positions, ears)
    if character.hairstyle == "bob":
        texture = writer.texture(paint.strands(rng), "image/png", "strands")
        locks = hair.bob(skull, marks.chin_y - skull.middle[1] - 0.004, rng)
        scalp = replace(clipped(whole, above), morphs=None)
        material = materials.add(
            "hair", surface="hair", color=character.hair, texture=texture, roughness=0.5,
            alpha="MASK", double_sided=True,
        )  # fmt: skip
        return [Primitive(joined(locks, hair.cap(scalp, 0.0025)), material)]
    texture = writer.texture(paint.curls(rng), "image/png", "curls")
    scalp = replace(clipped(whole, above + 0.007), morphs=None)
    depth = _hairline(body.figure, marks, scalp.positions, np.zeros(len(scalp.positions)))
    material = materials.add(
        "hair", surface="curls", color=character.hair, texture=texture, roughness=0.75,
        alpha="MASK", cutoff=hair.SHELL_CUTOFF,
    )  # fmt: skip
    return [Primitive(hair.shells(scalp, skull, depth), material)]


def _shaded(
    face: list[Primitive], clothes: list[Primitive], locks: list[Primitive], character: Character
) -> tuple[list[Primitive], list[Primitive], list[Primitive]]:
    """Darken what little light reaches: of the face its skin and eyes, clothes, and locks."""
    skin, eyes, *inside = face
    hanging = locks if character.hairstyle == "bob" else []
    lit = [skin, *clothes, *hanging]
    meshes = [primitive.mesh for primitive in lit]
    open_to = openness(meshes, meshes)
    under_lids = openness([eyes.mesh], [skin.mesh], _LID_M)
    shades = dict(zip(map(id, lit), open_to, strict=True)) | {id(eyes): under_lids[0]}

    def shaded(primitive: Primitive) -> Primitive:
        if id(primitive) not in shades:
            return primitive
        mesh = primitive.mesh
        much = shades[id(primitive)][:, None]
        # Light that skin throws back is red.
        is_skin = primitive is skin or primitive is clothes[1]
        if is_skin:
            color = np.maximum(much, _DARKEST_SKIN) ** np.array([0.85, 1.1, 1.2])
        else:
            color = np.repeat(np.maximum(much, _DARKEST) ** 0.85, 3, axis=1)
        own = 1.0 if mesh.colors is None else mesh.colors
        return replace(primitive, mesh=replace(mesh, colors=own * color))

    return (
        [shaded(skin), shaded(eyes), *inside],
        [shaded(one) for one in clothes],
        [shaded(one) for one in locks],
    )


def _hands(figure: Figure, cut: garments.Cut) -> Mesh:
    mesh = figure.part(figure.base.faces_of("body"))
    return clipped(mesh, np.abs(mesh.positions[:, 0]) - cut.cuff_m + _UNDER_CLOTH_M)


def _skin_image(
    source: Source, body: _Body, character: Character, rng: np.random.Generator
) -> bytes:
    """Paint the skin: each pixel learns its place and its point of the base mesh's texture."""
    base = body.figure.part(body.skin_faces, uvs=True)
    mesh = head.unwrapped(base, body.unwrap)
    # `unwrapped` drops the base mesh's points: they are found again by the corner's place.
    assert base.uvs is not None
    assert mesh.uvs is not None
    base_uv = transferred(mesh.positions, base.positions, base.uvs, 1)
    values = np.concatenate([mesh.positions, base_uv], axis=1)
    image, covered = rasterised(mesh.uvs, mesh.triangles, values, _SKIN_SIZE)
    image = spread(image, covered, 6)
    points, at = image[..., :3], image[..., 3:]
    lips, lids, ears = (
        paint.mask_at(source.mask(name), at, blur) for name, blur in
        (("lips", 1.2), ("eyelids", 1.0), ("ears", 8.0))
    )  # fmt: skip
    hairline = _hairline(body.figure, body.marks, points, ears)
    return paint.skin(points, lips, lids, ears, hairline, character.face, body.marks, rng)
