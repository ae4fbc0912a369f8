"""The errors: the tree at the head of the module is the tree of the code."""

from __future__ import annotations

import re

import pytest

from voice_avatar import errors
from voice_avatar.errors import VoiceAvatarError

_LINE = re.compile(
    r"^    (?P<before>[│ ]*[├└]── )(?P<name>\w+)(?:\s+(?P<code>[a-z_]+)\b(?P<rest>.*))?$"
)
_KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, VoiceAvatarError)
]


def _drawn() -> dict[str, tuple[str, str | None, bool]]:
    """Returns name -> (the name above it, its code, whether it is drawn as recoverable)."""
    above = ["VoiceAvatarError"]
    drawn = {}
    for line in (errors.__doc__ or "").splitlines():
        if found := _LINE.match(line):
            depth = len(found["before"]) // 4
            rest = found["rest"] or ""
            drawn[found["name"]] = (above[depth - 1], found["code"], "(recoverable)" in rest)
            above[depth:] = [found["name"]]
    return drawn


def test_every_error_is_drawn_below_what_it_is_a_kind_of() -> None:
    drawn = _drawn()
    assert set(drawn) | {"VoiceAvatarError"} == {kind.__name__ for kind in _KINDS}
    for name, (parent, _, _) in drawn.items():
        assert getattr(errors, name).__bases__ == (getattr(errors, parent),)


def test_a_leaf_has_the_code_that_is_drawn_and_goes_on_as_drawn() -> None:
    drawn = _drawn()
    assert sum(code is not None for _, code, _ in drawn.values()) > 20
    for name, (_, code, is_recoverable) in drawn.items():
        if code is not None:
            assert (getattr(errors, name).code, getattr(errors, name).is_recoverable) == (
                code,
                is_recoverable,
            )


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in _KINDS]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("kind", _KINDS)
def test_an_error_is_its_message(kind: type[VoiceAvatarError]) -> None:
    error = kind("It broke.")
    assert str(error) == error.message == "It broke."
