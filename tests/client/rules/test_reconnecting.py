"""When a client connects again, and after which wait."""

from __future__ import annotations

import pytest

from voice_avatar.client.rules.reconnecting import (
    ENDED,
    FIRST_WAIT_MS,
    LONGEST_WAIT_MS,
    LOST,
    REFUSED,
    RESUMABLE,
    wait_ms,
)
from voice_avatar.wire.codes import CloseCode


@pytest.mark.parametrize("code", sorted(ENDED | REFUSED))
def test_what_is_over_or_refused_is_not_tried_again(code: int) -> None:
    for failures in (0, 1, 9):
        assert wait_ms(code, failures) is None
        assert wait_ms(code, failures, can_resume=True, goaway_ms=10.0) is None


@pytest.mark.parametrize("code", [LOST, *sorted(set(CloseCode) - ENDED - REFUSED)])
def test_each_wait_is_twice_the_one_before_up_to_the_longest(code: int) -> None:
    waits = [wait_ms(code, failures) for failures in range(9)]
    assert waits[:3] == [FIRST_WAIT_MS, 2 * FIRST_WAIT_MS, 4 * FIRST_WAIT_MS]
    assert waits[-1] == LONGEST_WAIT_MS
    assert wait_ms(code, 10_000) == LONGEST_WAIT_MS


def test_a_session_that_is_kept_is_gone_back_to_at_once() -> None:
    assert [wait_ms(LOST, n, can_resume=True) for n in range(3)] == [
        0.0,
        FIRST_WAIT_MS,
        2 * FIRST_WAIT_MS,
    ]


def test_a_server_that_says_when_to_come_back_is_believed_once() -> None:
    assert wait_ms(CloseCode.RESTART, 0, goaway_ms=1234.0) == 1234.0
    assert wait_ms(CloseCode.RESTART, 0, can_resume=True, goaway_ms=1234.0) == 1234.0
    assert wait_ms(CloseCode.RESTART, 1, goaway_ms=1234.0) == 2 * FIRST_WAIT_MS


def test_no_close_is_of_two_kinds() -> None:
    assert not ENDED & REFUSED
    assert not RESUMABLE & (ENDED | REFUSED)
