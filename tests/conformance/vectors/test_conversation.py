"""The worked example of PROTOCOL.md."""

from __future__ import annotations

from pathlib import Path

from voice_avatar.conformance.transcript import broken_rules, read_binary, read_text
from voice_avatar.conformance.vectors.conversation import conversation
from voice_avatar.wire.text import UnknownType, decode_text

TEXT = (Path(__file__).parents[3] / "unity_client_protocol" / "PROTOCOL.md").read_text("utf-8")


def test_the_worked_example_is_readable_and_breaks_no_rule_of_order() -> None:
    lines = TEXT.split("## 15.")[1].split("```")[1].strip().splitlines()
    seen = []
    for line, made in zip(lines, conversation(), strict=True):
        assert line[0] == (">" if made.is_client else "<")
        if isinstance(made.data, bytes):
            assert made.data[:24].hex(" ") in line
            seen.append(read_binary(made.data) if not made.is_client else None)
        elif made.is_client:
            assert not isinstance(decode_text(line[2:]), UnknownType)
        else:
            seen.append(read_text(line[2:]))
    assert not list(broken_rules([one for one in seen if one is not None]))
