"""The skeleton: humanoid bones of VRM 1.0, and the bind pose T."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatar_builder.source import Floats, Source

_FINGERS = {
    "Thumb": ("ThumbMetacarpal", "ThumbProximal", "ThumbDistal"),
    "Index": ("IndexProximal", "IndexIntermediate", "IndexDistal"),
    "Middle": ("MiddleProximal", "MiddleIntermediate", "MiddleDistal"),
    "Ring": ("RingProximal", "RingIntermediate", "RingDistal"),
    "Pinky": ("LittleProximal", "LittleIntermediate", "LittleDistal"),
}


def _humanoid() -> dict[str, tuple[str, str | None]]:
    bones: dict[str, tuple[str, str | None]] = {
        "hips": ("Hips", None),
        "spine": ("Spine", "hips"),
        "chest": ("Spine1", "spine"),
        "upperChest": ("Spine2", "chest"),
        "neck": ("Neck", "upperChest"),
        "head": ("Head", "neck"),
    }
    for side, mixamo in (("left", "Left"), ("right", "Right")):
        limbs = {
            "Shoulder": ("Shoulder", "upperChest"),
            "UpperArm": ("Arm", f"{side}Shoulder"),
            "LowerArm": ("ForeArm", f"{side}UpperArm"),
            "Hand": ("Hand", f"{side}LowerArm"),
            "UpperLeg": ("UpLeg", "hips"),
            "LowerLeg": ("Leg", f"{side}UpperLeg"),
            "Foot": ("Foot", f"{side}LowerLeg"),
            "Toes": ("ToeBase", f"{side}Foot"),
        }
        for name, (bone, parent) in limbs.items():
            bones[side + name] = (mixamo + bone, parent)
        for finger, joints in _FINGERS.items():
            parent = f"{side}Hand"
            for number, joint in enumerate(joints, 1):
                bones[side + joint] = (f"{mixamo}Hand{finger}{number}", parent)
                parent = side + joint
        bones[f"{side}Eye"] = ("", "head")
    return bones


HUMANOID = _humanoid()
"""VRM's bone name to the Mixamo rig's bone (empty: the rig has none) and VRM's parent.

Parents come before their children.
"""

BONES = tuple(HUMANOID)
NUMBER = {name: number for number, name in enumerate(BONES)}


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Where the joints are.

    Attributes:
        heads: (bones, 3) each bone's own joint, metres.
        tails: (bones, 3) its far end.
    """

    heads: Floats
    tails: Floats


def skeleton_of(source: Source, positions: Floats) -> Skeleton:
    """Place the joints in a shaped base mesh, by the rig's rules."""
    rig = source.rig()

    def place(end: dict[str, object]) -> Floats:
        match end:
            case {"strategy": "CUBE", "cube_name": str(name)}:
                return source.mesh.joint(positions, name)
            case {"strategy": "MEAN", "vertex_indices": list(numbers)}:
                mean: Floats = positions[numbers].mean(axis=0)
                return mean
            case {"strategy": "VERTEX", "vertex_index": int(number)}:
                vertex: Floats = positions[number]
                return vertex
        raise ValueError(f"the rig places a joint in a way that is not known: {end}")

    heads, tails = np.zeros((len(BONES), 3)), np.zeros((len(BONES), 3))
    for number, (bone, (mixamo, _)) in enumerate(HUMANOID.items()):
        if mixamo:
            heads[number] = place(rig[f"mixamorig:{mixamo}"]["head"])
            tails[number] = place(rig[f"mixamorig:{mixamo}"]["tail"])
        else:
            heads[number] = source.mesh.joint(positions, f"joint-{bone[0]}-eye")
            tails[number] = heads[number] + [0, 0, 0.1]
    return Skeleton(heads, tails)


def skin_weights(source: Source, vertices: int) -> Floats:
    """Return the rig's weights (vertices, bones), each row scaled to sum to one."""
    by_mixamo = source.weights()
    weights = np.zeros((vertices, len(BONES)))
    for number, (mixamo, _) in enumerate(HUMANOID.values()):
        for vertex, weight in by_mixamo.get(f"mixamorig:{mixamo}", []):
            weights[vertex, number] = weight
    total = weights.sum(axis=1, keepdims=True)
    result: Floats = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return result


def rotation_between(start: Floats, end: Floats) -> Floats:
    """Return the smallest rotation (3, 3) that turns the direction `start` to `end`."""
    a, b = start / np.linalg.norm(start), end / np.linalg.norm(end)
    axis, cosine = np.cross(a, b), float(a @ b)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    rotation: Floats = np.eye(3) + cross + cross @ cross / (1 + cosine)
    return rotation


def _t_direction(bone: str) -> Floats | None:
    """The direction of a bone in VRM's T pose; None: as its parent carries it."""
    side = 1.0 if bone.startswith("left") else -1.0
    name = bone.removeprefix("left").removeprefix("right")
    if "Thumb" in name:
        return np.array([side, -0.15, 1.0])
    if name in {"UpperArm", "LowerArm", "Hand"} or name.endswith(
        ("Proximal", "Intermediate", "Distal")
    ):
        return np.array([side, 0.0, 0.0])
    if name in {"UpperLeg", "LowerLeg"}:
        return np.array([side * 0.02, -1.0, 0.0])
    return None


_SHOULDER_FALL = 0.10
"""How much further a collar bone falls for its length than the base mesh's with its raised arms."""


def t_pose(skeleton: Skeleton) -> tuple[Skeleton, Floats]:
    """Turn the bones into VRM's T pose.

    Returns:
        The posed skeleton, and per bone the rotation and translation (bones, 3, 4) that carry a
        vertex of the old pose to the new one.
    """
    heads, tails = skeleton.heads.copy(), skeleton.tails.copy()
    carried = np.zeros((len(BONES), 3, 4))
    for number, (bone, (_, parent)) in enumerate(HUMANOID.items()):
        rotation = np.eye(3)
        if parent is not None:
            of_parent = carried[NUMBER[parent]]
            rotation = of_parent[:, :3]
            heads[number] = rotation @ skeleton.heads[number] + of_parent[:, 3]
        wanted = _t_direction(bone)
        now = rotation @ (skeleton.tails[number] - skeleton.heads[number])
        if bone.endswith("Shoulder"):
            wanted = now - [0.0, abs(now[0]) * _SHOULDER_FALL, 0.0]
        if wanted is not None:
            rotation = rotation_between(now, wanted) @ rotation
        carried[number, :, :3] = rotation
        carried[number, :, 3] = heads[number] - rotation @ skeleton.heads[number]
        tails[number] = rotation @ skeleton.tails[number] + carried[number, :, 3]
    return Skeleton(heads, tails), carried


def posed(positions: Floats, weights: Floats, carried: Floats) -> Floats:
    """Carry vertices (vertices, 3) along with the bones: linear blend skinning."""
    blended = np.einsum("vb,bij->vij", weights, carried)
    result: Floats = np.einsum("vij,vj->vi", blended[:, :, :3], positions) + blended[:, :, 3]
    return result
