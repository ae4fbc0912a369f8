"""Many users of any server in one process, on the caller that `bench v2v` is made of.

Each has a task and a whole loudspeaker, so that a process holds fewer of them than of the users of
`load_client.py`, which speak our own protocol only.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import numpy as np

from voice_avatar.bench.callers.call import CallOptions, hold_call
from voice_avatar.bench.callers.load_client import Spec, Talked
from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.figures.line_events import Subject
from voice_avatar.bench.figures.load import LoadTurn
from voice_avatar.bench.figures.turns import TurnResult
from voice_avatar.bench.targets.registry import open_target
from voice_avatar.bench.targets.subjects import NotedTarget
from voice_avatar.errors import ConnectionFailed
from voice_avatar.wire.frame_codec import FRAME_S

USERS_PER_PROCESS: Final = 10
"""Beyond, a process of users would be late itself (its own lateness is reported)."""

_BREATH_S: Final = 0.5
"""From the end of a reply to the next question, seconds; of each user up to a second more."""


def call_all(spec: Spec) -> Talked:
    """Runs the users of a process to their end."""
    return asyncio.run(_call_all(spec))


async def _call_all(spec: Spec) -> Talked:
    users = [_User(spec, number) for number in spec.users]
    await asyncio.gather(*(user.run() for user in users))
    late_s = [turn.mic_late_s for user in users for turn in user.turns]
    return Talked(
        tuple(turn for user in users for turn in user.turns),
        max(late_s, default=0.0),
        since_s=max(user.since_s for user in users),
        until_s=min(user.until_s for user in users),
        subject=next((u.subject for u in users if u.subject != Subject()), Subject()),
    )


class _User:
    """One user.

    Attributes:
        turns: what came of it.
        since_s: when it was there, on the monotonic clock.
        until_s: when it went.
        subject: who answered.
    """

    def __init__(self, spec: Spec, number: int) -> None:
        self.turns: list[LoadTurn] = []
        self.since_s = 0.0
        self.until_s = 0.0
        self.subject = Subject()
        self._spec = spec
        self._number = number

    async def run(self) -> None:
        """Comes when it is its time, and talks."""
        spec, number = self._spec, self._number
        rng = np.random.default_rng((spec.seed, number))
        await asyncio.sleep(spec.rise_s * number / spec.sessions + rng.uniform(0, FRAME_S))
        options = CallOptions(
            gap_s=_BREATH_S + float(rng.uniform(0.0, 1.0)),
            timeout_s=spec.timeout_s,
            buffer_s=spec.buffer_s,
            seed=spec.seed + number,
        )
        target = NotedTarget(open_target(spec.url, spec.dialect, spec.dial))
        said = [
            spec.utterances[(number + turn) % len(spec.utterances)] for turn in range(spec.turns)
        ]
        clips = [Clip(each.name, each.pcm, each.end) for each in said]
        self.since_s = time.monotonic()
        trouble = ""
        try:
            await hold_call(target, clips, options, self._note)
        except ConnectionFailed as error:
            trouble = error.code
        self.until_s, self.subject = time.monotonic(), target.subject
        for turn in range(len(self.turns), spec.turns):
            self.turns.append(LoadTurn(number, turn, said[turn].name, trouble=trouble))

    def _note(self, result: TurnResult) -> None:
        trouble = "talked_over" if result.talk_overs_s else next(iter(result.trouble), "")
        self.turns.append(
            LoadTurn(
                self._number,
                result.number,
                result.clip.name,
                v2v_s=result.v2v_s,
                underruns=result.underruns,
                audio_s=result.audio_s,
                mic_late_s=result.mic_late_s,
                trouble=trouble,
            )
        )
