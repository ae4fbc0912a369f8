"""Schemas that are meant to do harm, by number."""

from __future__ import annotations

import json

from voice_avatar.bench.material.hostile_schemas import MOST_CHARS, hostile_schema


def test_the_same_number_is_the_same_schema_and_all_are_offers_that_are_taken() -> None:
    made = [hostile_schema(1, number) for number in range(300)]
    assert made[7] == hostile_schema(1, 7)
    assert made[7] != hostile_schema(2, 7)
    assert all(each["type"] == "object" for each in made)
    assert max(len(json.dumps(each)) for each in made) <= MOST_CHARS


def test_they_are_hostile_in_every_way() -> None:
    text = json.dumps([hostile_schema(1, number) for number in range(300)])
    for word in ("pattern", "$ref", "anyOf", "not", "minItems", "enum", "patternProperties", "if"):
        assert f'"{word}"' in text
