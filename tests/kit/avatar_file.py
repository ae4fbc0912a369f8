"""Reads an avatar's file: the part of glTF 2.0 that our avatars use."""

from __future__ import annotations

import json
import struct
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

_DTYPES = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class AvatarFile:
    """A parsed GLB."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        magic, version, length = struct.unpack_from("<4sII", self.data)
        assert (magic, version, length) == (b"glTF", 2, len(self.data))
        (size,) = struct.unpack_from("<I", self.data, 12)
        self.document: dict[str, Any] = json.loads(self.data[20 : 20 + size])
        self._binary = self.data[20 + size + 8 :]

    @cached_property
    def vrm(self) -> dict[str, Any]:
        return self.document["extensions"]["VRMC_vrm"]

    def nodes(self) -> dict[str, int]:
        return {node["name"]: number for number, node in enumerate(self.document["nodes"])}

    def mesh(self, name: str) -> dict[str, Any]:
        return next(mesh for mesh in self.document["meshes"] if mesh["name"] == name)

    def primitives(self) -> list[dict[str, Any]]:
        return [p for mesh in self.document["meshes"] for p in mesh["primitives"]]

    def material(self, primitive: dict[str, Any]) -> str:
        return self.document["materials"][primitive["material"]]["name"]

    def _array(self, view: int, component: int, shape: tuple[int, int]) -> np.ndarray:
        entry = self.document["bufferViews"][view]
        count = shape[0] * shape[1]
        flat = np.frombuffer(self._binary, _DTYPES[component], count, entry["byteOffset"])
        return flat.reshape(shape)

    def accessor(self, number: int) -> np.ndarray:
        entry = self.document["accessors"][number]
        shape = (entry["count"], _WIDTHS[entry["type"]])
        if "bufferView" in entry:
            return self._array(entry["bufferView"], entry["componentType"], shape)
        values = np.zeros(shape, _DTYPES[entry["componentType"]])
        if sparse := entry.get("sparse"):
            indices, moved = sparse["indices"], sparse["values"]
            rows = self._array(
                indices["bufferView"], indices["componentType"], (sparse["count"], 1)
            )
            values[rows[:, 0]] = self._array(
                moved["bufferView"], entry["componentType"], (sparse["count"], shape[1])
            )
        return values

    def joints(self) -> np.ndarray:
        """The bones' joints in the world, metres, by node number."""
        nodes = self.document["nodes"]
        places = np.zeros((len(nodes), 3))
        for number, node in enumerate(nodes):
            places[number] += node.get("translation", [0, 0, 0])
            for child in node.get("children", []):
                places[child] += places[number]
        return places
