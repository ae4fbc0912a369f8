"""What may be given to the session is plain values."""

from __future__ import annotations

import dataclasses
from typing import Any, get_type_hints

import pytest
from kit.values import assert_plain, members, methods_of, values_of

from voice_avatar.events import inputs


@pytest.mark.parametrize("kind", values_of(inputs))
def test_an_input_is_a_plain_value(kind: type[object]) -> None:
    assert_plain(kind)
    assert not methods_of(kind)


def test_every_value_is_an_input_or_a_part_of_one() -> None:
    given = members(inputs.SessionInput)
    parts = {
        part
        for kind in given
        for hint in get_type_hints(kind).values()
        for part in _classes(hint)
        if dataclasses.is_dataclass(part)
    }
    assert given <= set(values_of(inputs))
    assert set(values_of(inputs)) - given <= parts


def _classes(hint: Any) -> list[Any]:
    inner = members(hint)
    return [one for part in inner for one in _classes(part)] if inner else [hint]
