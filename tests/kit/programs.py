"""Programs of the tests: this project and its kit, in a process of their own."""

from __future__ import annotations

import os
from pathlib import Path

_TESTS = Path(__file__).parents[1]


def environ(**more: str) -> dict[str, str]:
    """Returns an environment in which a program finds `voice_avatar` and `kit`.

    Whoever runs the tests need not have set anything: pytest's own `pythonpath` (pyproject.toml)
    ends with pytest's process.
    """
    path = os.pathsep.join([str(_TESTS.parent), str(_TESTS)])
    return {**os.environ, "PYTHONPATH": path, **more}
