"""Random lives, one after the other, as many at a time as are wanted.

`soak_all` is made to be run in a process of its own; `Spec` and `Lived` go there and back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Final

from voice_avatar.bench.callers.load_line import LoadLine
from voice_avatar.bench.callers.soak_user import Lived, SoakUser
from voice_avatar.bench.material.utterances import Utterance
from voice_avatar.errors import ConnectionFailed
from voice_avatar.wire import client_messages
from voice_avatar.wire.text import encode_client

HEARD_S: Final = 20.0
"""A reply is listened to for so long at most."""

GRACE_S: Final = 10.0
"""Time for the last lives to end, seconds: beyond it they vanish."""

_SLOW_S: Final = 8.0
"""How long a slow reader does not read: longer than `SLOW_CONSUMER_CLOSE_S`."""

_STORM: Final = 10
_WORDS: Final = "where is the nearest exit and what can I see here today please tell me".split()


@dataclass(frozen=True, slots=True)
class Spec:
    """What the users of one process do.

    Attributes:
        url: of the server, with the protocol's path.
        token: bearer token, "" = none.
        seed: of all lives.
        sessions: lives at a time.
        seconds: for so long new lives begin.
        utterances: what is spoken.
    """

    url: str
    token: str
    seed: int
    sessions: int
    seconds: float
    utterances: tuple[Utterance, ...]


@dataclass(slots=True)
class Scene:
    """What a life needs.

    Attributes:
        user: who lives it.
        chance: of the life.
        spec: of all lives.
        lived: what came of all.
    """

    user: SoakUser
    chance: Random
    spec: Spec
    lived: Lived

    def words(self, most: int = 8) -> str:
        """Returns something to type."""
        return " ".join(self.chance.choices(_WORDS, k=self.chance.randint(1, most)))

    def hello(self) -> client_messages.SessionHello:
        """Returns a hello of somebody with wishes of his own."""
        chance = self.chance
        return client_messages.SessionHello(
            client=client_messages.ClientInfo(name="voice-avatar-soak", platform="python"),
            capabilities=client_messages.Capabilities(
                face_hz=chance.choice((0, 0, 30, 60)),
                captions=chance.random() < 0.9,
                visemes=chance.choice(("ovr15", "arkit52", "vrm5", "azure22")),
                aec=chance.random() < 0.7,
            ),
        )

    async def ask(self) -> None:
        """Types or speaks a turn, and waits for the reply to begin."""
        replies = self.user.promises.replies
        if self.chance.random() < 0.6:
            self.user.type(self.words())
        else:
            self.lived.turns += 1
            said = self.chance.choice(self.spec.utterances)
            # Silence after it: the end of a turn is heard, not guessed.
            await self.user.speak(said.pcm + bytes(2 * 16_000))
        await self.user.hear_begin(replies)


async def _talk(scene: Scene) -> None:
    for _ in range(scene.chance.randint(1, 3)):
        await scene.ask()
        await scene.user.hear_out(HEARD_S)


async def _interrupt(scene: Scene) -> None:
    for _ in range(scene.chance.randint(1, 4)):
        await scene.ask()
        await scene.user.hear_out(scene.chance.uniform(0.0, 1.0))
        if scene.chance.random() < 0.7:
            scene.user.send(client_messages.Interrupt())
            await asyncio.sleep(scene.chance.uniform(0.0, 0.3))
    await scene.ask()
    await scene.user.hear_out(HEARD_S)


async def _resume(scene: Scene) -> None:
    for _ in range(scene.chance.randint(1, 3)):
        await scene.ask()
        await scene.user.hear_out(scene.chance.uniform(0.0, 1.0))
        scene.user.cut()
        await asyncio.sleep(scene.chance.uniform(0.0, 1.5))
        await scene.user.come(scene.hello())
        await scene.user.hear_out(HEARD_S)


async def _vanish(scene: Scene) -> None:
    await scene.ask()
    await scene.user.hear_out(scene.chance.uniform(0.0, 1.0))
    scene.user.cut()


async def _slow(scene: Scene) -> None:
    scene.user.type(" ".join(scene.words(16) for _ in range(8)))
    scene.user.read(is_reading=False)
    for _ in range(int(10 * _SLOW_S)):
        scene.user.send(client_messages.SessionUpdate(captions=True))
        await asyncio.sleep(0.1)
    scene.user.read(is_reading=True)
    await scene.user.hear_out(2.0)


async def _storm(scene: Scene) -> None:
    for _ in range(_STORM):
        line = await LoadLine.dial(scene.spec.url, scene.spec.token, lambda _: None)
        line.send_text(encode_client(scene.hello()))
        await asyncio.sleep(scene.chance.choice((0.0, 0.0, 0.05)))
        line.hang_up()
    await scene.ask()
    await scene.user.hear_out(HEARD_S)


async def _push_to_talk(scene: Scene) -> None:
    for _ in range(scene.chance.randint(1, 3)):
        replies = scene.user.promises.replies
        scene.lived.turns += 1
        scene.user.send(client_messages.InputStart(mode="ptt"))
        await scene.user.speak(scene.chance.choice(scene.spec.utterances).pcm)
        scene.user.send(client_messages.InputStop(mode="ptt"))
        await scene.user.hear_begin(replies)
        await scene.user.hear_out(HEARD_S)


async def _change(scene: Scene) -> None:
    chance = scene.chance
    for _ in range(chance.randint(1, 4)):
        scene.user.send(
            client_messages.SessionUpdate(
                captions=chance.random() < 0.5,
                visemes=chance.choice(("ovr15", "arkit52", "none such")),
                instructions=scene.words(40),
                persona=chance.choice((None, "none such")),
                endpointing="auto",
            )
        )
        await scene.ask()
        await scene.user.hear_out(chance.uniform(0.5, HEARD_S))


LIVES: Final[dict[str, Callable[[Scene], Awaitable[None]]]] = {
    "talk": _talk, "interrupt": _interrupt, "resume": _resume, "vanish": _vanish, "slow": _slow,
    "storm": _storm, "push_to_talk": _push_to_talk, "change": _change,
}  # fmt: skip
"""Name -> what is done in it."""

_WEIGHTS: Final = {"talk": 3, "resume": 3, "interrupt": 3}


def soak_all(spec: Spec) -> Lived:
    """Runs the lives of a process until their time is over."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(soak(spec))
    lived: Lived = uvloop.run(soak(spec))
    return lived


async def soak(spec: Spec) -> Lived:
    """Lives lives until the time is over; those that have begun may end within `GRACE_S`."""
    lived = Lived()
    until_s = time.monotonic() + spec.seconds
    await asyncio.gather(
        *(_one_after_another(spec, place, until_s, lived) for place in range(spec.sessions))
    )
    return lived


async def _one_after_another(spec: Spec, place: int, until_s: float, lived: Lived) -> None:
    number = 0
    names, weights = tuple(LIVES), [_WEIGHTS.get(name, 1) for name in LIVES]
    await asyncio.sleep(0.1 * place)  # not in chorus
    while time.monotonic() < until_s:
        chance = Random(f"{spec.seed}:{place}:{number}")
        name = chance.choices(names, weights)[0]
        scene = Scene(SoakUser(spec.url, spec.token, lived), chance, spec, lived)
        await live(name, scene, until_s + GRACE_S)
        number += 1


async def live(name: str, scene: Scene, until_s: float) -> None:
    """Lives one life from the hello to the end; at `until_s` of the monotonic clock it vanishes."""
    scene.lived.lives[name] += 1
    scene.user.life = name
    try:
        await scene.user.come(scene.hello())
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until_s - time.monotonic())):
                await LIVES[name](scene)
                await scene.user.leave()
        scene.user.cut()
    except ConnectionFailed as error:
        scene.lived.failures += 1
        scene.lived.ends[error.message] += 1
        scene.user.cut()
        await asyncio.sleep(0.5)
    scene.user.done_with()
    del scene.lived.words[100:]
