"""Mutated messages: from the schema, all of it, and the same for the same seed."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

import pytest

from voice_avatar.bench.material.mutations import AVATAR, REALTIME, Mutator, Schema, binary
from voice_avatar.errors import ProtocolError
from voice_avatar.realtime import client_events
from voice_avatar.wire.frame_codec import MAX_BINARY_BYTES, FrameKind, unpack_audio
from voice_avatar.wire.text import decode_text

SCHEMAS = pytest.mark.parametrize("schema", [AVATAR, REALTIME], ids=["avatar", "realtime"])


def test_the_schema_is_that_of_the_wire() -> None:
    assert {"session.hello", "input.text", "user.gaze", "clock.ping"} <= set(AVATAR)
    assert set(REALTIME) == set(client_events.CLIENT_TYPES)


@SCHEMAS
def test_every_type_is_reached_valid_and_mutated(schema: Schema) -> None:
    mutator = Mutator(1, schema)
    reached = Counter(
        (one.type, one.way == "none") for one in (mutator.next() for _ in range(8000))
    )
    assert set(reached) == {(name, is_valid) for name in schema for is_valid in (True, False)}


@SCHEMAS
def test_the_same_seed_makes_the_same_messages(schema: Schema) -> None:
    first, second, other = (Mutator(seed, schema) for seed in (7, 7, 8))
    made = [first.next() for _ in range(200)]
    assert made == [second.next() for _ in range(200)]
    assert made != [other.next() for _ in range(200)]


def test_what_is_called_valid_is() -> None:
    mutator = Mutator(3)
    for name in AVATAR:
        for _ in range(50):
            message = mutator.valid(name)
            for name_ in ("tools", "protocol"):  # rules between fields, which no schema tells
                message.pop(name_, None)
            decode_text(json.dumps(message))


def test_most_of_the_others_are_refused_and_by_a_documented_error_only() -> None:
    mutator, refused, tried = Mutator(5), 0, 0
    while tried < 1000:
        one = mutator.next()
        if one.way == "none":
            continue
        tried += 1
        try:
            decode_text(one.data)
        except ProtocolError:
            refused += 1
    assert refused > 500


def test_every_way_is_taken() -> None:
    mutator = Mutator(2)
    ways = {mutator.next().way for _ in range(2000)}
    assert {
        "none", "dropped_field", "extra_field", "wrong_value", "at_a_limit", "all_null", "deep",
        "surrogate", "not_a_number", "twice", "type_last", "cut_short", "flipped", "with_junk",
        "not_an_object", "other_type", "large", "spaced",
    } == ways  # fmt: skip


def test_a_sound_stream_hardly_opens_or_ends_a_session() -> None:
    mutator = Mutator(4)
    types = Counter(mutator.sound().type for _ in range(2000))
    assert set(types) == set(AVATAR)
    assert types["session.hello"] + types["session.close"] < 60


def test_binary_frames_are_right_and_wrong() -> None:
    chance, right, wrong, largest = Random(1), 0, 0, 0
    for _ in range(5000):
        data = binary(chance)
        largest = max(largest, len(data))
        try:
            right += unpack_audio(data, FrameKind.AUDIO_IN) is not None
        except ProtocolError:
            wrong += 1
    assert right > 500
    assert wrong > 500
    assert largest > MAX_BINARY_BYTES
