"""What mouth, face and body do is plain values; those of a reply say of which."""

from __future__ import annotations

import dataclasses

import pytest
from kit.values import assert_plain, members, methods_of, values_of

from voice_avatar.events import cues
from voice_avatar.events.notices import ReplyNotice


@pytest.mark.parametrize("kind", values_of(cues))
def test_a_cue_is_a_plain_value(kind: type[object]) -> None:
    assert_plain(kind)
    assert not methods_of(kind)


def test_what_has_a_reply_is_told_as_a_notice_of_it() -> None:
    of_replies = {
        kind
        for kind in values_of(cues)
        if any(field.name == "reply_id" for field in dataclasses.fields(kind))
    }
    assert of_replies == set(values_of(cues)) & members(ReplyNotice)
