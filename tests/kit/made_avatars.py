"""Makes small avatars as GLB files, each in a way that other people's are, for tests of the page.

A body and a head of boxes, 1.72 m tall, eyes at 1.62 m, facing +z: what differs is said by `Made`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

EYES_M: Final = 1.62
HEIGHT_M: Final = 1.72
VISEMES: Final = "sil PP FF TH DD kk CH SS nn RR aa E I O U".split()

SKELETON: Final[tuple[tuple[str, str, tuple[float, float, float]], ...]] = (
    ("Hips", "", (0, 0.95, 0)),
    ("Spine", "Hips", (0, 1.05, 0)),
    ("Spine1", "Spine", (0, 1.15, 0)),
    ("Spine2", "Spine1", (0, 1.28, 0)),
    ("Neck", "Spine2", (0, 1.45, 0)),
    ("Head", "Neck", (0, 1.52, 0)),
    ("LeftEye", "Head", (0.03, EYES_M, 0.08)),
    ("RightEye", "Head", (-0.03, EYES_M, 0.08)),
    ("LeftShoulder", "Spine2", (0.06, 1.4, 0)),
    ("LeftArm", "LeftShoulder", (0.16, 1.4, 0)),
    ("LeftForeArm", "LeftArm", (0.42, 1.4, 0)),
    ("LeftHand", "LeftForeArm", (0.66, 1.4, 0)),
    ("RightShoulder", "Spine2", (-0.06, 1.4, 0)),
    ("RightArm", "RightShoulder", (-0.16, 1.4, 0)),
    ("RightForeArm", "RightArm", (-0.42, 1.4, 0)),
    ("RightHand", "RightForeArm", (-0.66, 1.4, 0)),
)
"""Mixamo's names without their prefix, the parent of each, and where it is in the world."""

_BOXES: Final = (
    ((-0.2, 0.85, -0.1), (0.2, 1.46, 0.1)),
    ((-0.18, 0.0, -0.08), (0.18, 0.85, 0.08)),
)
_HEAD: Final = ((-0.09, 1.48, -0.1), (0.09, HEIGHT_M, 0.1))
_UNITS: Final = {"f4": 5126, "u2": 5123, "u1": 5121, "i2": 5122, "i1": 5120}
_KINDS: Final = {1: "SCALAR", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


@dataclass(frozen=True)
class Made:
    """What is particular about a file.

    Attributes:
        bone: Mixamo's name without prefix -> the name in the file; "" = there is no such bone.
        shapes: names of the face's shapes; each opens the mouth.
        matrix: of the root, by which the inside is turned, moved or scaled, column by column.
        inside: what the root's matrix undoes: vertices and bones are multiplied by it. None = the
            inverse of `matrix`, so that the avatar is where it should be.
        meshes: names of body and face.
        arms_deg: how far the arms hang below the horizon, as they rest.
        is_interleaved: whether the attributes of a vertex lie together.
        is_quantised: whether positions are whole numbers in a mesh's own scale.
        is_rigid: whether each mesh hangs on one bone only.
        is_skinned: whether bones move it; else its nodes only stand about.
        more: changes the document before it is written.
    """

    bone: Callable[[str], str] = field(default=lambda name: f"mixamorig:{name}")
    shapes: tuple[str, ...] = tuple(f"viseme_{name}" for name in VISEMES)
    matrix: np.ndarray = field(default_factory=lambda: np.eye(4))
    inside: np.ndarray | None = None
    meshes: tuple[str, str] = ("Body", "Face")
    arms_deg: float = 0.0
    is_interleaved: bool = False
    is_quantised: bool = False
    is_rigid: bool = False
    is_skinned: bool = True
    more: Callable[[dict[str, Any]], None] = field(default=lambda _: None)


def glb(document: dict[str, Any], binary: bytes) -> bytes:
    """Returns a GLB of a document and its bytes."""
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary += bytes(-len(binary) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


class _Writer:
    """Puts arrays into one buffer."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def view(self, data: bytes, **more: Any) -> int:
        self.bytes += bytes(-len(self.bytes) % 4)
        entry = {"buffer": 0, "byteOffset": len(self.bytes), "byteLength": len(data)}
        self.views.append(entry | more)
        self.bytes += data
        return len(self.views) - 1

    def accessor(self, values: np.ndarray, view: int, offset: int = 0, **more: Any) -> int:
        flat = values.reshape(len(values), -1)
        width = flat.shape[1]
        entry: dict[str, Any] = {"bufferView": view, "byteOffset": offset, "count": len(flat)}
        entry |= {"componentType": _UNITS[values.dtype.str[1:]], "type": _KINDS[width]}
        if width == 3:
            entry |= {"min": flat.min(0).tolist(), "max": flat.max(0).tolist()}
        self.accessors.append(entry | more)
        return len(self.accessors) - 1

    def plain(self, values: np.ndarray, **more: Any) -> int:
        return self.accessor(values, self.view(values.tobytes()), **more)

    def together(self, arrays: dict[str, np.ndarray]) -> dict[str, int]:
        """Writes the attributes of each vertex side by side."""
        rows = [_padded(values) for values in arrays.values()]
        offsets = np.cumsum([0, *(row.shape[1] for row in rows)])
        stride = int(offsets[-1])
        view = self.view(np.hstack(rows).tobytes(), byteStride=stride, target=34962)
        return {
            name: self.accessor(values, view, int(at))
            for (name, values), at in zip(arrays.items(), offsets, strict=False)
        }


def _padded(values: np.ndarray) -> np.ndarray:
    """Returns the bytes of each row, filled up to whole words as glTF wants them."""
    rows = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)
    return np.hstack([rows, np.zeros((len(rows), -rows.shape[1] % 4), np.uint8)])


def _box(low: tuple[float, ...], high: tuple[float, ...], cuts: int) -> tuple[np.ndarray, ...]:
    """Points, normals and triangles of a box whose sides are cut into squares."""
    steps = np.linspace(0, 1, cuts + 1)
    points, normals, faces = [], [], []
    for axis in range(3):
        for side in (0.0, 1.0):
            first = len(points)
            for u in steps:
                for v in steps:
                    at = np.insert([u, v], axis, side)
                    points.append(np.array(low) + at * (np.array(high) - np.array(low)))
                    normals.append(np.eye(3)[axis] * (2 * side - 1))
            for i in range(cuts):
                for j in range(cuts):
                    a = first + i * (cuts + 1) + j
                    b, c, d = a + 1, a + cuts + 1, a + cuts + 2
                    is_out = (side == 1.0) == (axis != 1)
                    turned = [a, c, b, b, c, d] if is_out else [a, b, c, b, d, c]
                    faces += turned
    return np.array(points), np.array(normals), np.array(faces, "u2")


def _hung(name: str, at: tuple[float, ...], degrees: float) -> tuple[float, ...]:
    """Returns where a bone is when the arms hang by so much."""
    if not name.endswith(("ForeArm", "Hand")):
        return at
    x, y, z = at
    out = np.sign(x) * 0.16
    turn = np.radians(degrees)
    return (out + (x - out) * np.cos(turn), y - abs(x - out) * np.sin(turn), z)


def _moved(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])


def made(about: Made) -> bytes:
    """Returns the file."""
    writer = _Writer()
    inside = np.linalg.inv(about.matrix) if about.inside is None else about.inside
    bones = [
        (name, parent, _hung(name, at, about.arms_deg))
        for name, parent, at in SKELETON
        if about.bone(name)
    ]
    places = {name: _moved(inside, np.array([at]))[0] for name, _, at in bones}
    index = {name: number + 1 for number, (name, _, _) in enumerate(bones)}
    nodes: list[dict[str, Any]] = [
        {"name": "Armature", "matrix": about.matrix.T.reshape(-1).tolist(), "children": []}
    ]
    for name, parent, _ in bones:
        base = places[parent] if parent in places else np.zeros(3)
        nodes.append({"name": about.bone(name), "translation": (places[name] - base).tolist()})
        nodes[index.get(parent, 0)].setdefault("children", []).append(index[name])
    binds = np.tile(np.eye(4), (len(bones), 1, 1))
    for number, (name, _, _) in enumerate(bones):
        binds[number][:3, 3] = -places[name]
    skins: list[dict[str, Any]] = []
    is_skinned = about.is_skinned and bool(bones)
    meshes, parts = [], (("Body", _BOXES, 4), ("Face", (_HEAD,), 8))
    for number, (kind, boxes, cuts) in enumerate(parts):
        pieces = [_box(low, high, cuts) for low, high in boxes]
        points = np.vstack([p for p, _, _ in pieces])
        firsts = np.cumsum([0, *(len(p) for p, _, _ in pieces)])
        faces = np.concatenate(
            [f + first for (_, _, f), first in zip(pieces, firsts, strict=False)]
        )
        bone = list(index).index("Head" if kind == "Face" else "Spine") if is_skinned else 0
        other = list(index).index("Neck" if kind == "Face" else "Hips") if is_skinned else 0
        normals = np.vstack([n for _, n, _ in pieces]) @ np.linalg.inv(inside[:3, :3])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        chin = (points[:, 1] < EYES_M - 0.06) & (points[:, 2] > 0.05)
        open_mouth = np.where(chin[:, None], [0, -0.03, 0.01], 0) @ inside[:3, :3].T
        entry, node, units = _mesh(
            writer,
            about,
            _moved(inside, points),
            normals,
            faces.astype("u2"),
            (bone, other) if is_skinned else None,
            open_mouth if kind == "Face" else None,
        )
        meshes.append({"name": about.meshes[number], **entry})
        node |= {"name": about.meshes[number], "mesh": number}
        if is_skinned:
            # What carries a skinned mesh does not move it: its units are undone by its bones.
            node["skin"] = number
            columns = (binds @ units).transpose(0, 2, 1).reshape(-1, 16)
            inverse = writer.plain(np.ascontiguousarray(columns, dtype="f4"))
            skins.append({"joints": list(index.values()), "inverseBindMatrices": inverse})
        nodes[0]["children"].append(len(nodes))
        nodes.append(node)
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "voice-avatar tests"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": nodes,
        "meshes": meshes,
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [0.9, 0.5, 0.4, 1]}}],
        "accessors": writer.accessors,
        "bufferViews": writer.views,
    }
    if is_skinned:
        document["skins"] = skins
    if about.is_quantised:
        document["extensionsUsed"] = document["extensionsRequired"] = ["KHR_mesh_quantization"]
    about.more(document)
    document["buffers"] = [{"byteLength": len(writer.bytes)}]
    return glb(document, bytes(writer.bytes))


def _mesh(
    writer: _Writer,
    about: Made,
    points: np.ndarray,
    normals: np.ndarray,
    faces: np.ndarray,
    joints: tuple[int, int] | None,
    opened: np.ndarray | None,
) -> tuple[dict[str, Any], dict[str, Any], np.ndarray]:
    """Returns a mesh, its node, and the matrix from its units to those of the bones."""
    node: dict[str, Any] = {}
    units = np.eye(4)
    scale = 1.0
    arrays = {"POSITION": points.astype("f4"), "NORMAL": normals.astype("f4")}
    if about.is_quantised:
        low = points.min(0)
        scale = float((points.max(0) - low).max() / 16383)
        node = {"translation": low.tolist(), "scale": [scale] * 3}
        units = np.diag([scale, scale, scale, 1.0])
        units[:3, 3] = low
        arrays["POSITION"] = np.round((points - low) / scale).astype("u2")
    if joints:
        arrays["JOINTS_0"] = np.tile(np.array([*joints, 0, 0], "u1"), (len(points), 1))
        weights = [1, 0, 0, 0] if about.is_rigid else [0.75, 0.25, 0, 0]
        arrays["WEIGHTS_0"] = np.tile(np.array(weights, "f4"), (len(points), 1))
    if about.is_interleaved:
        attributes = writer.together(arrays)
    else:
        attributes = {}
        for name, values in arrays.items():
            rows = _padded(values)
            view = writer.view(rows.tobytes(), byteStride=rows.shape[1], target=34962)
            attributes[name] = writer.accessor(values, view)
    primitive: dict[str, Any] = {
        "attributes": attributes,
        "indices": writer.plain(faces),
        "material": 0,
    }
    mesh: dict[str, Any] = {"primitives": [primitive]}
    if opened is not None and about.shapes:
        far = (opened / scale).astype("f4")
        if about.is_quantised:
            whole = np.zeros((len(far), 4), "i2")
            whole[:, :3] = np.round(far)
            view = writer.view(whole.tobytes(), byteStride=8, target=34962)
            target = writer.accessor(np.ascontiguousarray(whole[:, :3]), view)
        else:
            target = writer.plain(far)
        primitive["targets"] = [{"POSITION": target}] * len(about.shapes)
        mesh |= {"extras": {"targetNames": list(about.shapes)}}
        mesh |= {"weights": [0] * len(about.shapes)}
    return mesh, node, units
