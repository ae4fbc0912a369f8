"""What the session asks the pipeline to do is plain values, and each of them is a command."""

from __future__ import annotations

import pytest
from kit.values import assert_plain, members, methods_of, values_of

from voice_avatar.events import commands


@pytest.mark.parametrize("kind", values_of(commands))
def test_a_command_is_a_plain_value(kind: type[object]) -> None:
    assert_plain(kind)
    assert not methods_of(kind)


def test_every_command_is_one_of_the_union() -> None:
    assert members(commands.Command) == set(values_of(commands))
