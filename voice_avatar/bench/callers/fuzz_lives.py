"""What a fuzzer does on one connection: a plan of bytes, from the seed and its number."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal

from voice_avatar.bench.material import raw_frames
from voice_avatar.bench.material.mutations import AVATAR, FATAL, REALTIME, Mutator, binary
from voice_avatar.bench.material.raw_frames import BINARY, CLOSE, FRAMES, HARMLESS, TEXT, frame

Kind = Literal["avatar", "order", "frames", "handshake", "realtime", "pcm", "http", "slow"]

KINDS: Final[dict[Kind, int]] = {
    "avatar": 8, "order": 4, "frames": 6, "handshake": 3, "realtime": 4, "pcm": 2,
    "http": 4, "slow": 1,
}  # fmt: skip
"""Kind of life -> how often, against the others."""

PATHS: Final[dict[Kind, str]] = {"realtime": "/v1/realtime", "pcm": "/v1/pcm"}
"""Where a life goes that does not go to our own protocol."""

BATCH: Final = 24
"""Messages after which an answer is waited for."""

MAX_BATCHES: Final = 12
"""Of a life: with the hello fewer messages than a server takes at once."""


@dataclass(slots=True)
class Life:
    """One connection.

    Attributes:
        number: of the life; with the seed it makes it again.
        kind: what it does.
        request: what is sent first.
        is_websocket: whether frames follow, once the server has agreed.
        batches: what is sent then; after each, an answer is waited for. Drawn while it runs.
        ways: how messages were wrong, and how many.
        types: which messages they were.
        bye: what is sent at the end; b"" = the line is cut.
        messages: how many were made so far.
    """

    number: int
    kind: Kind
    request: bytes
    is_websocket: bool
    bye: bytes
    batches: Iterator[bytes] = field(default_factory=lambda: iter(()))
    ways: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    messages: int = 0


def life(seed: int, number: int, host: str, only: Kind | None = None) -> Life:
    """Returns life `number` of a seed: the same bytes whenever it is asked for.

    Args:
        seed: of all lives.
        number: of this one.
        host: for the Host header.
        only: kind of life; None = by chance.
    """
    chance = Random(f"{seed}:{number}")
    kind = chance.choices(tuple(KINDS), tuple(KINDS.values()))[0]
    kind = only or kind
    path = PATHS.get(kind) or chance.choice(("/v1/avatar", "/v1/avatar", "/v1/realtime", "/v1/pcm"))
    if kind in {"avatar", "order"}:
        path = "/v1/avatar"
    bye = frame(CLOSE, b"\x03\xe8") if chance.random() < 0.5 else b""
    request, is_websocket = raw_frames.handshake(host, path), True
    if kind == "handshake":
        request, is_websocket = raw_frames.bad_handshake(chance, host, path), False
    elif kind in {"http", "slow"}:
        request, is_websocket = raw_frames.http_request(chance, host), False
    made = Life(number, kind, request, is_websocket, bye, messages=1)
    if not is_websocket:
        made.ways[kind] += 1
    else:
        made.batches = _batches(made, chance, path)
    return made


def _batches(made: Life, chance: Random, path: str) -> Iterator[bytes]:
    schema = REALTIME if path == "/v1/realtime" else AVATAR
    mutator = Mutator(f"{chance.random()}", schema)
    if path == "/v1/avatar" and chance.random() < 0.9:
        made.messages += 1
        yield frame(TEXT, json.dumps(_hello(chance)).encode())
    for _ in range(chance.randint(1, MAX_BATCHES)):
        match made.kind:
            case "frames":
                yield _raw(made, chance)
            case "pcm":
                yield b"".join(_pcm(made, chance, mutator) for _ in range(BATCH))
            case _:
                yield b"".join(_message(made, chance, mutator) for _ in range(BATCH))


def _hello(chance: Random) -> dict[str, object]:
    hello: dict[str, object] = {"type": "session.hello", "client": {"name": "voice-avatar-fuzz"}}
    if chance.random() < 0.3:
        hello["endpointing"] = "manual"
    if chance.random() < 0.2:
        hello["capabilities"] = {"face_hz": 30, "pause": True}
    if chance.random() < 0.1:
        hello["resume"] = {"session_id": "none", "token": "none", "last_seq": 1}
    return hello


def _message(made: Life, chance: Random, mutator: Mutator) -> bytes:
    made.messages += 1
    if chance.random() < 0.15:
        made.ways["binary"] += 1
        return frame(BINARY, binary(chance))
    mutant = mutator.next()
    if made.kind == "order":  # valid ones, in any order
        mutant = mutator.sound()
    made.ways[mutant.way] += 1
    made.types[mutant.type] += 1
    return frame(TEXT, mutant.data)


def _pcm(made: Life, chance: Random, mutator: Mutator) -> bytes:
    made.messages += 1
    made.ways["pcm"] += 1
    if chance.random() < 0.2:
        return frame(TEXT, mutator.next().data)
    size = chance.choice((0, 1, 2, 640, 640, 640, 641, 6400))
    if chance.random() < FATAL:
        size = chance.choice((65_536, 65_537))
    return frame(BINARY, chance.choice((b"\x00", b"\x40", b"\xff")) * size)


def _raw(made: Life, chance: Random) -> bytes:
    """Harmless frames, and the last of the batch may be another."""
    harmless = [way for way in FRAMES if way.__name__ in HARMLESS]
    ways = [chance.choice(harmless) for _ in range(chance.randrange(4))] + [chance.choice(FRAMES)]
    for way in ways:
        made.messages += 1
        made.ways[way.__name__.lstrip("_")] += 1
    return b"".join(way(chance) for way in ways)
