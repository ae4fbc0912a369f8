"""What a client sends, read and checked."""

from __future__ import annotations

import pytest
from kit.realtime_scene import RealtimeScene, codes


@pytest.mark.parametrize("data", ["", "{", "[]", "7", '{"a": 1}', b"\xff", '{"type": 1}'])
def test_what_is_no_event_is_an_invalid_event(data: str | bytes) -> None:
    assert codes(RealtimeScene().raw(data)) == ["invalid_event"]
