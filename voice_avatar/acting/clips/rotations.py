"""Vectors and unit quaternions, as glTF writes them: `(x, y, z)` and `(x, y, z, w)`. Pure.

Space is that of VRM 1.0: metres, Y up, the avatar faces +Z and its left hand is at +X.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

Vector: TypeAlias = tuple[float, float, float]
"""A point or a direction."""

Quaternion: TypeAlias = tuple[float, float, float, float]
"""A rotation, of length 1."""

IDENTITY: Final[Quaternion] = (0.0, 0.0, 0.0, 1.0)
X: Final[Vector] = (1.0, 0.0, 0.0)
Y: Final[Vector] = (0.0, 1.0, 0.0)
Z: Final[Vector] = (0.0, 0.0, 1.0)

_TINY: Final = 1e-9


def add(a: Vector, b: Vector) -> Vector:
    """Returns a sum."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def less(a: Vector, b: Vector) -> Vector:
    """Returns a - b."""
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def times(a: Vector, factor: float) -> Vector:
    """Returns a vector `factor` times as long."""
    return (a[0] * factor, a[1] * factor, a[2] * factor)


def dot(a: Vector, b: Vector) -> float:
    """Returns a scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    """Returns a vector product."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def length(a: Vector) -> float:
    """Returns a length."""
    return math.sqrt(dot(a, a))


def unit(a: Vector) -> Vector:
    """Returns the direction of a vector.

    Raises:
        ValueError: it has none.
    """
    size = length(a)
    if size < _TINY:
        raise ValueError("a vector without a direction")
    return times(a, 1 / size)


def across(a: Vector, axis: Vector) -> Vector:
    """Returns the direction of that part of `a` that is square to the unit vector `axis`."""
    return unit(less(a, times(axis, dot(a, axis))))


def mirror(a: Vector) -> Vector:
    """Returns a point of the other side of the body."""
    return (-a[0], a[1], a[2])


def turn(axis: Vector, degrees: float) -> Quaternion:
    """Returns a rotation about a unit axis, right-handed."""
    half = math.radians(degrees) / 2
    x, y, z = times(axis, math.sin(half))
    return (x, y, z, math.cos(half))


def after(a: Quaternion, b: Quaternion) -> Quaternion:
    """Returns the rotation that does `b` and then `a`: their product a b."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def back(a: Quaternion) -> Quaternion:
    """Returns the rotation that undoes `a`."""
    return (-a[0], -a[1], -a[2], a[3])


def rotated(a: Quaternion, v: Vector) -> Vector:
    """Returns `v` rotated by `a`."""
    x, y, z, _ = after(after(a, (*v, 0.0)), back(a))
    return (x, y, z)


def mirrored(a: Quaternion) -> Quaternion:
    """Returns the rotation of the same joint on the other side of the body."""
    return (a[0], -a[1], -a[2], a[3])


def frame(x: Vector, y: Vector) -> Quaternion:
    """Returns the rotation that takes X to `x` and Y to `y`, unit and square."""
    z = cross(x, y)
    trace = x[0] + y[1] + z[2]
    if trace > 0:
        s = 2 * math.sqrt(trace + 1)
        q = ((y[2] - z[1]) / s, (z[0] - x[2]) / s, (x[1] - y[0]) / s, s / 4)
    elif x[0] >= y[1] and x[0] >= z[2]:
        s = 2 * math.sqrt(1 + x[0] - y[1] - z[2])
        q = (s / 4, (y[0] + x[1]) / s, (z[0] + x[2]) / s, (y[2] - z[1]) / s)
    elif y[1] >= z[2]:
        s = 2 * math.sqrt(1 + y[1] - x[0] - z[2])
        q = ((y[0] + x[1]) / s, s / 4, (z[1] + y[2]) / s, (z[0] - x[2]) / s)
    else:
        s = 2 * math.sqrt(1 + z[2] - x[0] - y[1])
        q = ((z[0] + x[2]) / s, (z[1] + y[2]) / s, s / 4, (x[1] - y[0]) / s)
    return q


def angle_deg(a: Quaternion, b: Quaternion) -> float:
    """Returns how far apart two rotations are, degrees 0..180."""
    x, y, z, w = after(back(a), b)
    return math.degrees(2 * math.atan2(math.sqrt(x * x + y * y + z * z), abs(w)))


def slerp(a: Quaternion, b: Quaternion, share: float) -> Quaternion:
    """Returns the rotation on the shortest way from `a` (share 0) to `b` (share 1)."""
    cosine = sum(p * q for p, q in zip(a, b, strict=True))
    if cosine < 0:
        b, cosine = (-b[0], -b[1], -b[2], -b[3]), -cosine
    if cosine > 1 - 1e-7:
        first, second = 1 - share, share
    else:
        angle = math.acos(cosine)
        first = math.sin((1 - share) * angle) / math.sin(angle)
        second = math.sin(share * angle) / math.sin(angle)
    x, y, z, w = (first * p + second * q for p, q in zip(a, b, strict=True))
    size = math.sqrt(x * x + y * y + z * z + w * w)
    return (x / size, y / size, z / size, w / size)


def twist_deg(a: Quaternion, axis: Vector) -> float:
    """Returns by how much `a` turns about a unit axis of its own, degrees -180..180."""
    along = dot((a[0], a[1], a[2]), axis)
    degrees = math.degrees(2 * math.atan2(along, a[3]))
    return (degrees + 180) % 360 - 180
