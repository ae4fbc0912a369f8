"""How deep JSON is nested, before it is read. Pure.

Whoever reads JSON goes one call deeper for each level, down to the end of Python's stack, where
`RecursionError` stops it. All is well then but for what Python does of itself down there: garbage
that is collected at that moment has no room left for its finalizers, and they are lost.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

MAX_DEPTH: Final = 256
"""Levels that are read, the message itself included."""

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""A string; one that does not end goes on to the end, so that no byte is looked at twice."""


def is_too_deep(data: bytes) -> bool:
    """Returns whether JSON is nested deeper than `MAX_DEPTH`; anything else may be called so."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return False
    codes = np.frombuffer(_STRING.sub(b"", data), np.uint8)
    opened = (codes == ord("[")) | (codes == ord("{"))
    closed = (codes == ord("]")) | (codes == ord("}"))
    steps = opened.astype(np.int32) - closed
    return bool(np.cumsum(steps).max(initial=0) > MAX_DEPTH)
