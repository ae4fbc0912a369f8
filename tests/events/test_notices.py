"""What a client is told is plain values, and each of them is a notice."""

from __future__ import annotations

import dataclasses

import pytest
from kit.values import assert_plain, members, methods_of, values_of

from voice_avatar.events import cues, notices


@pytest.mark.parametrize("kind", values_of(notices))
def test_a_notice_is_a_plain_value(kind: type[object]) -> None:
    assert_plain(kind)
    assert not methods_of(kind)


def test_every_value_is_a_notice_and_so_are_the_cues_of_mouth_face_and_body() -> None:
    told = members(notices.Notice)
    assert set(values_of(notices)) <= told
    assert told - set(values_of(notices)) <= set(values_of(cues))


def test_a_notice_of_a_reply_says_first_of_which() -> None:
    of_replies = members(notices.ReplyNotice)
    assert of_replies <= members(notices.Notice)
    for kind in of_replies:
        assert dataclasses.fields(kind)[0].name == "reply_id", kind
