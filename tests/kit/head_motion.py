"""Synthetic head motion: makes the tracks in tests/data/head_motion. No person was recorded.

A track is a list of poses that a head moves between as heads do: along minimum-jerk paths, with the
sway of somebody who stands (a centimetre at 0.3 Hz) and a tremor of a few tenths of a degree. Run
`python tests/kit/head_motion.py` to write the tracks again; the same numbers come out each time.
"""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "head_motion"
RATE_HZ = 10
AVATAR = (0.0, 1.6, 0.0)


@dataclass(frozen=True, slots=True)
class Key:
    """The head is `from_m` metres from the avatar at `at_s` and turned from it by `yaw_deg`.

    `target` is what the client says is looked at; None = it says nothing.
    """

    at_s: float
    from_m: float
    yaw_deg: float
    target: str | None = None


TRACKS: dict[str, tuple[str, tuple[Key, ...]]] = {
    "walks_up": (
        "somebody walks up from 6 m, looks around, and stands at 1.2 m facing the avatar",
        (
            Key(0.0, 6.0, 50.0),
            Key(1.5, 5.0, -40.0),
            Key(3.0, 3.5, 10.0),
            Key(5.0, 1.2, 0.0),
            Key(8.0, 1.2, 3.0),
        ),
    ),
    "comes_too_near": (
        "somebody at 1 m leans in to 0.35 m for two seconds and goes back",
        (
            Key(0.0, 1.0, 0.0),
            Key(1.0, 1.0, 2.0),
            Key(2.0, 0.35, 0.0),
            Key(4.5, 0.36, -3.0),
            Key(6.0, 1.1, 0.0),
            Key(8.0, 1.1, 0.0),
        ),
    ),
    "talks_to_somebody_else": (
        "somebody at 1.5 m faces the avatar, turns by 70 degrees for four seconds, and turns back",
        (
            Key(0.0, 1.5, 0.0),
            Key(2.0, 1.5, 0.0),
            Key(2.8, 1.5, 70.0),
            Key(6.8, 1.5, 65.0),
            Key(7.6, 1.5, 0.0),
            Key(10.0, 1.5, 2.0),
        ),
    ),
    "asks_about_a_vase": (
        "somebody at 1.5 m looks at the avatar, at a vase for a second, and at the avatar again",
        (
            Key(0.0, 1.5, 0.0, "avatar"),
            Key(1.5, 1.5, 0.0, "avatar"),
            Key(2.0, 1.5, 35.0, "vase"),
            Key(3.0, 1.5, 35.0, "vase"),
            Key(3.5, 1.5, 0.0, "avatar"),
            Key(9.0, 1.5, 0.0, "avatar"),
        ),
    ),
    "looks_from_afar": (
        "somebody at 6 m turns to the avatar for three seconds and turns away",
        (
            Key(0.0, 6.0, 80.0),
            Key(1.0, 6.0, 80.0),
            Key(1.8, 6.0, 0.0),
            Key(5.0, 6.0, 4.0),
            Key(6.0, 6.0, 85.0),
        ),
    ),
}


def messages(keys: tuple[Key, ...], seed: int) -> list[dict[str, object]]:
    """Returns the track as `user.gaze` messages, each with the second at which it is sent."""
    tremor = random.Random(seed)
    out: list[dict[str, object]] = []
    for index in range(round(keys[-1].at_s * RATE_HZ) + 1):
        t = index / RATE_HZ
        from_m, yaw_deg, target = _between(keys, t)
        sway_m = 0.01 * math.sin(2 * math.pi * 0.3 * t)
        half = math.radians(yaw_deg + tremor.gauss(0.0, 0.3)) / 2
        message: dict[str, object] = {
            "type": "user.gaze",
            "head": {
                "pos": [round(sway_m, 4), 1.62, round(from_m, 4)],
                "rot": [0.0, round(math.sin(half), 5), 0.0, round(math.cos(half), 5)],
            },
            "avatar": list(AVATAR),
        }
        if target is not None:
            message["target"] = target
        out.append({"at_s": t, "message": message})
    return out


def _between(keys: tuple[Key, ...], t: float) -> tuple[float, float, str | None]:
    """Returns distance, yaw and target at `t`, on a minimum-jerk path between two keys."""
    later = next((i for i, key in enumerate(keys) if key.at_s >= t), len(keys) - 1)
    b = keys[later]
    a = keys[max(0, later - 1)]
    share = 1.0 if b.at_s <= a.at_s else min(1.0, (t - a.at_s) / (b.at_s - a.at_s))
    s = share**3 * (10 - 15 * share + 6 * share * share)
    target = a.target if share < 0.5 else b.target
    return a.from_m + s * (b.from_m - a.from_m), a.yaw_deg + s * (b.yaw_deg - a.yaw_deg), target


def track(name: str) -> str:
    """Returns the file of a track."""
    about, keys = TRACKS[name]
    head = {"synthetic": True, "made_by": "tests/kit/head_motion.py", "about": about}
    rows = ",\n".join(json.dumps(row) for row in messages(keys, seed=len(name)))
    return f'{json.dumps(head)[:-1]}, "rate_hz": {RATE_HZ}, "track": [\n{rows}\n]}}\n'


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in TRACKS:
        (FOLDER / f"{name}.json").write_text(track(name), encoding="utf-8")
