"""A fuzzer's lives: each made by the seed and its number alone, of every kind and way."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from voice_avatar.bench.callers.fuzz_crowd import Tried
from voice_avatar.bench.callers.fuzz_line import frames_of, is_documented
from voice_avatar.bench.callers.fuzz_lives import BATCH, KINDS, MAX_BATCHES, Life, life
from voice_avatar.bench.material import raw_frames
from voice_avatar.bench.material.mutations import AVATAR, REALTIME
from voice_avatar.wire.codes import CLOSE_CODES


def lived(number: int, seed: int = 1) -> tuple[Life, list[bytes]]:
    one = life(seed, number, "host:1")
    return one, [one.request, *one.batches, one.bye]


def test_a_life_is_the_same_whenever_it_is_lived() -> None:
    for number in range(40):
        assert lived(number)[1] == lived(number)[1]
    assert [lived(n)[1] for n in range(5)] != [lived(n, seed=2)[1] for n in range(5)]


def test_all_kinds_ways_and_types_are_reached() -> None:
    kinds: Counter[str] = Counter()
    types: Counter[str] = Counter()
    ways: Counter[str] = Counter()
    for number in range(300):
        one, _ = lived(number)
        kinds[one.kind] += 1
        types += one.types
        ways += one.ways
        assert one.messages <= BATCH * MAX_BATCHES + 2
    assert set(kinds) == set(KINDS)
    assert set(types) == set(AVATAR) | set(REALTIME)
    assert {way.__name__.lstrip("_") for way in raw_frames.FRAMES} <= set(ways)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frame_that_is_meant_to_be_right_is(size: int) -> None:
    reader = StreamReader()
    reader.feed_data(raw_frames.frame(raw_frames.BINARY, b"a" * size))
    parsing = Frame.parse(reader.read_exact, mask=True)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    assert done.value.value == Frame(Opcode.BINARY, b"a" * size)


def test_frames_of_a_server_are_taken_out_as_they_become_whole() -> None:
    whole = b"\x88\x02\x03\xe8" + b"\x81\x7e\x00\x80" + b"a" * 128
    got = bytearray(whole[:-1])
    assert frames_of(got) == [(8, b"\x03\xe8")]
    got += whole[-1:]
    assert frames_of(got) == [(1, b"a" * 128)]
    assert not got


def test_handshakes_and_requests_are_of_many_shapes() -> None:
    chance = Random(1)
    assert len({raw_frames.bad_handshake(chance, "h", "/v1/avatar") for _ in range(200)}) > 30
    assert len({raw_frames.http_request(chance, "h") for _ in range(200)}) > 150


def test_an_end_is_documented_or_not() -> None:
    for end in ("1000", "1002", "4429", "reset", "cut by us", "http 400", "http 101"):
        assert is_documented(end, CLOSE_CODES), end
    for end in ("1006", "1005", "4999", "no close frame", "http 500"):
        assert not is_documented(end, CLOSE_CODES), end


def test_what_two_processes_tried_is_added() -> None:
    one = Tried(messages=2, connections=1, slowest_s=0.1, lives={"1000": [1]})
    one.add(Tried(messages=3, connections=1, slowest_s=0.3, lives={"1000": [2], "1002": [4]}))
    assert (one.messages, one.connections, one.slowest_s) == (5, 2, 0.3)
    assert one.lives == {"1000": [1, 2], "1002": [4]}
