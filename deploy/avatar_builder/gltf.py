"""Writes glTF 2.0 binary files (GLB): only what the avatars need, with sparse morph targets.

Standard: Khronos glTF 2.0 specification. Morphs are sparse accessors without a dense base, since a
face shape moves a few hundred of thousands of vertices.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_builder.mesh import Mesh, smooth_normals, turned_normals
from avatar_builder.source import Floats, Ints

Json = dict[str, Any]

_ARRAY_BUFFER, _ELEMENT_BUFFER = 34962, 34963
_COMPONENTS = {
    np.dtype(np.uint8): 5121,
    np.dtype(np.uint16): 5123,
    np.dtype(np.uint32): 5125,
    np.dtype(np.float32): 5126,
}
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}

MORPH_EPSILON_M = 0.00005
"""Offsets below this are left out: 0.05 mm cannot be seen."""

_PLACE_STEPS, _NORMAL_STEPS, _TURN_STEPS, _POINT_STEPS = 2.0**16, 2.0**10, 2.0**6, 2.0**13
"""How finely places (15 micrometres), normals, their changes and texture points are told.

The last bits of a float differ between processors and cannot be packed; these are the same on all.
"""


def _stepped(values: Floats, steps: float) -> NDArray[np.float32]:
    rounded: NDArray[np.float32] = (np.round(values * steps) / steps).astype(np.float32)
    return rounded + np.float32(0)  # no negative zero


@dataclass(frozen=True, slots=True)
class Primitive:
    """A mesh with its material and, when its normals must not follow from it alone, a smoothing."""

    mesh: Mesh
    material: int


class GlbWriter:
    """Collects buffers and tables, and writes them as one GLB."""

    def __init__(self) -> None:
        self._binary = bytearray()
        self.tables: dict[str, list[Json]] = {
            name: []
            for name in (
                "bufferViews", "accessors", "images", "samplers", "textures", "materials",
                "meshes", "nodes", "skins",
            )
        }  # fmt: skip

    def add(self, table: str, entry: Json) -> int:
        """Append an entry to a table and return its number."""
        self.tables[table].append(entry)
        return len(self.tables[table]) - 1

    def view(self, data: bytes, target: int | None = None) -> int:
        """Append bytes to the buffer, aligned to four, and return the view's number."""
        self._binary += b"\0" * (-len(self._binary) % 4)
        entry: Json = {"buffer": 0, "byteOffset": len(self._binary), "byteLength": len(data)}
        if target is not None:
            entry["target"] = target
        self._binary += data
        return self.add("bufferViews", entry)

    def accessor(
        self, values: NDArray[Any], target: int | None = _ARRAY_BUFFER, *,
        bounds: bool = False, normalized: bool = False,
    ) -> int:  # fmt: skip
        """Append an array (count,) or (count, width) and return its accessor's number."""
        width = 1 if values.ndim == 1 else values.shape[1]
        entry: Json = {
            "bufferView": self.view(values.tobytes(), target),
            "componentType": _COMPONENTS[values.dtype],
            "count": len(values),
            "type": _TYPES[width],
        }
        if normalized:
            entry["normalized"] = True
        if bounds:
            flat = values.reshape(len(values), width)
            entry |= {"min": flat.min(0).tolist(), "max": flat.max(0).tolist()}
        return self.add("accessors", entry)

    def texture(self, image: bytes, mime_type: str, name: str) -> int:
        """Embed an image and return its texture's number."""
        source = self.add(
            "images", {"bufferView": self.view(image), "mimeType": mime_type, "name": name}
        )
        if not self.tables["samplers"]:
            self.add("samplers", {"magFilter": 9729, "minFilter": 9987})
        return self.add("textures", {"source": source, "sampler": 0, "name": name})

    def mesh(self, name: str, primitives: Sequence[Primitive], shapes: Sequence[str] = ()) -> int:
        """Append a mesh. With `shapes`, every primitive gets a morph target of each name."""
        entry: Json = {"name": name, "primitives": [self._primitive(p, shapes) for p in primitives]}
        if shapes:
            entry |= {"weights": [0.0] * len(shapes), "extras": {"targetNames": list(shapes)}}
        return self.add("meshes", entry)

    def _primitive(self, primitive: Primitive, shapes: Sequence[str]) -> Json:
        mesh = primitive.mesh
        normals = mesh.normals
        if normals is None:
            normals = smooth_normals(mesh)
        joints, weights = top_influences(mesh.weights)
        attributes = {
            "POSITION": self.accessor(_stepped(mesh.positions, _PLACE_STEPS), bounds=True),
            "NORMAL": self.accessor(_stepped(normals, _NORMAL_STEPS)),
            "JOINTS_0": self.accessor(joints),
            "WEIGHTS_0": self.accessor(weights, normalized=True),
        }
        if mesh.uvs is not None:
            attributes["TEXCOORD_0"] = self.accessor(_stepped(mesh.uvs, _POINT_STEPS))
        if mesh.colors is not None:
            rgba = np.ones((len(mesh.colors), 4))
            rgba[:, : mesh.colors.shape[1]] = mesh.colors
            rgba8 = np.round(np.clip(rgba, 0, 1) * 255).astype(np.uint8)
            attributes["COLOR_0"] = self.accessor(rgba8, normalized=True)
        index_type = np.uint16 if len(mesh.positions) < 65535 else np.uint32
        entry: Json = {
            "attributes": attributes,
            "indices": self.accessor(
                mesh.triangles.reshape(-1).astype(index_type), _ELEMENT_BUFFER
            ),
            "material": primitive.material,
        }
        if shapes:
            entry["targets"] = self._targets(mesh, len(shapes))
        return entry

    def _targets(self, mesh: Mesh, shapes: int) -> list[Json]:
        still: int | None = None
        targets: list[Json] = []
        for number in range(shapes):
            moved = np.zeros(0, dtype=np.int64)
            if mesh.morphs is not None:
                offsets = mesh.morphs[:, number]
                moved = np.flatnonzero(np.abs(offsets).max(axis=1) > MORPH_EPSILON_M)
            if len(moved):
                turns = turned_normals(mesh, offsets)
                turned = np.flatnonzero(np.abs(turns).max(axis=1) > 0.5 / _TURN_STEPS)
                target = {"POSITION": self._sparse(moved, offsets, _PLACE_STEPS)}
                target["NORMAL"] = self._sparse(turned, turns, _TURN_STEPS)
                targets.append(target)
                continue
            if still is None:
                zero = {"min": [0.0] * 3, "max": [0.0] * 3}
                still = self.add("accessors", {
                    "componentType": 5126, "count": len(mesh.positions), "type": "VEC3", **zero,
                })  # fmt: skip
            targets.append({"POSITION": still, "NORMAL": still})
        return targets

    def _sparse(self, moved: Ints, offsets: Floats, steps: float) -> int:
        """Append the rows `moved` of `offsets` as a sparse accessor, bounds included."""
        count = len(offsets)
        moved = moved if len(moved) else np.zeros(1, dtype=np.int64)
        values = _stepped(offsets[moved], steps)
        low, high = values.min(0), values.max(0)
        if len(moved) < count:  # the vertices that are left out are zero
            low, high = np.minimum(low, 0), np.maximum(high, 0)
        index_type = np.uint16 if count < 65536 else np.uint32
        indices = {
            "bufferView": self.view(moved.astype(index_type).tobytes()),
            "componentType": _COMPONENTS[np.dtype(index_type)],
        }
        sparse = {
            "count": len(moved),
            "indices": indices,
            "values": {"bufferView": self.view(values.tobytes())},
        }
        return self.add(
            "accessors",
            {
                "componentType": 5126,
                "count": count,
                "type": "VEC3",
                "min": low.tolist(),
                "max": high.tolist(),
                "sparse": sparse,
            },
        )

    def glb(self, root: Json) -> bytes:
        """Return the file. `root` holds what is not in a table: asset, scenes, extensions."""
        self._binary += b"\0" * (-len(self._binary) % 4)
        tables = {name: entries for name, entries in self.tables.items() if entries}
        document = {**root, **tables, "buffers": [{"byteLength": len(self._binary)}]}
        text = json.dumps(document, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        length = 12 + 8 + len(text) + 8 + len(self._binary)
        return b"".join(
            [
                struct.pack("<4sII", b"glTF", 2, length),
                struct.pack("<I4s", len(text), b"JSON"),
                text,
                struct.pack("<I4s", len(self._binary), b"BIN\0"),
                bytes(self._binary),
            ]
        )


def top_influences(weights: Floats) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the four strongest bones of each vertex, and their weights in 255ths (sum: 255)."""
    joints = np.argsort(-weights, axis=1, kind="stable")[:, :4]
    strongest = np.take_along_axis(weights, joints, axis=1)
    strongest = strongest / strongest.sum(axis=1, keepdims=True)
    bytes_ = np.floor(strongest * 255).astype(np.int64)
    bytes_[:, 0] += 255 - bytes_.sum(axis=1)
    joints[bytes_ == 0] = 0
    return joints.astype(np.uint8), bytes_.astype(np.uint8)
