"""A clip -> a VRM animation 1.0 (`.vrma`): binary glTF 2.0 with `VRMC_vrm_animation`. Pure."""

from __future__ import annotations

import json
import struct
from typing import Any, Final

from voice_avatar.acting.clips.library import Clip
from voice_avatar.acting.clips.skeleton import REQUIRED, skeleton

MEDIA_TYPE: Final = "model/gltf-binary"
"""As registered for binary glTF; `.vrma` has none of its own."""

_FLOAT: Final = 5126
_MAGIC, _JSON, _BIN = 0x46546C67, 0x4E4F534A, 0x004E4942
_ACCESSOR_TYPES: Final = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}


class _Buffer:
    """The binary part: runs of floats, each of which is written once."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.accessors: list[dict[str, Any]] = []
        self._known: dict[tuple[int, bytes], int] = {}

    def add(self, rows: list[tuple[float, ...]]) -> int:
        """Returns the index of an accessor of these rows."""
        flat = struct.pack(f"<{len(rows) * len(rows[0])}f", *(x for row in rows for x in row))
        key = (len(rows[0]), flat)
        if key not in self._known:
            accessor: dict[str, Any] = {
                "bufferView": 0,
                "byteOffset": len(self.data),
                "componentType": _FLOAT,
                "count": len(rows),
                "type": _ACCESSOR_TYPES[len(rows[0])],
            }
            if len(rows[0]) == 1:  # glTF wants the range of the times
                stored = struct.unpack(f"<{len(rows)}f", flat)
                accessor |= {"min": [stored[0]], "max": [stored[-1]]}
            self._known[key] = len(self.accessors)
            self.accessors.append(accessor)
            self.data += flat
        return self._known[key]


def vrma(clip: Clip) -> bytes:
    """Returns the file of a clip.

    Its nodes are the bones that every humanoid has and those that it moves; its sync points, in
    milliseconds, are in `animations[0].extras`.
    """
    buffer = _Buffer()
    nodes, index = _nodes(clip)
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []

    def channel(bone: str, path: str, at_s: list[tuple[float]], rows: list[Any]) -> None:
        channels.append({"sampler": len(samplers), "target": {"node": index[bone], "path": path}})
        samplers.append({"input": buffer.add([*at_s]), "output": buffer.add(rows)})

    if clip.shifts:
        base = skeleton()["hips"].offset
        path = [tuple(b + s for b, s in zip(base, one, strict=True)) for _, one in clip.shifts]
        channel("hips", "translation", [(at_s,) for at_s, _ in clip.shifts], path)
    for bone, track in clip.tracks.items():
        channel(bone, "rotation", [(at_s,) for at_s in track.times_s], list(track.rotations))
    document = {
        "asset": {"version": "2.0", "generator": "voice-avatar"},
        "extensionsUsed": ["VRMC_vrm_animation"],
        "extensions": {
            "VRMC_vrm_animation": {
                "specVersion": "1.0",
                "humanoid": {"humanBones": {bone: {"node": at} for bone, at in index.items()}},
            }
        },
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": nodes,
        "animations": [
            {
                "name": clip.name,
                "channels": channels,
                "samplers": samplers,
                "extras": {"voice_avatar": described(clip)},
            }
        ],
        "accessors": buffer.accessors,
        "bufferViews": [{"buffer": 0, "byteLength": len(buffer.data)}],
        "buffers": [{"byteLength": len(buffer.data)}],
    }
    return _glb(document, bytes(buffer.data))


def described(clip: Clip) -> dict[str, Any]:
    """Returns what a client needs to know to play a clip, as the index and the file tell it."""
    return {
        "lexeme": clip.name,
        "group": clip.group,
        "kind": clip.kind,
        "mode": clip.mode,
        "amplitude_floor": clip.floor,
        "is_loop": clip.is_loop,
        "sync": {f"{point}_ms": round(1000 * at_s, 1) for point, at_s in clip.sync_s.items()},
    }


def _nodes(clip: Clip) -> tuple[list[dict[str, Any]], dict[str, int]]:
    bones = skeleton()
    wanted: set[str] = set()
    for name in (*REQUIRED, *clip.tracks):
        while name:
            wanted.add(name)
            name = bones[name].parent  # noqa: PLW2901 - up to the hips
    order = [name for name in bones if name in wanted]
    index = {name: at for at, name in enumerate(order)}
    nodes = []
    for name in order:
        node: dict[str, Any] = {
            "name": name,
            "translation": [round(value, 4) for value in bones[name].offset],
        }
        children = [index[child] for child in order if bones[child].parent == name]
        nodes.append(node | ({"children": children} if children else {}))
    return nodes, index


def _glb(document: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    data += b"\0" * (-len(data) % 4)
    return b"".join(
        (
            struct.pack("<III", _MAGIC, 2, 12 + 8 + len(text) + 8 + len(data)),
            struct.pack("<II", len(text), _JSON),
            text,
            struct.pack("<II", len(data), _BIN),
            data,
        )
    )
