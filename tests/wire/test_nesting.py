"""How deep JSON is nested, and that what is too deep is not read."""

from __future__ import annotations

import gc
import json
import sys
import time
import weakref
from typing import Any

import pytest

from voice_avatar.errors import MalformedMessage
from voice_avatar.realtime import client_events, large_events
from voice_avatar.realtime.client_events import Refusal
from voice_avatar.wire.nesting import MAX_DEPTH, is_too_deep
from voice_avatar.wire.text import decode_text, type_of


def nested(levels: int, opened: str = "[", closed: str = "]") -> bytes:
    return (opened * levels + "1" + closed * levels).encode()


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}"), ('[{"[":', "}]")])
def test_levels_are_counted_whatever_they_are_made_of(opened: str, closed: str) -> None:
    each = len([letter for letter in opened if letter in "{["]) - opened.count('"["')
    assert not is_too_deep(nested(MAX_DEPTH // each, opened, closed))
    assert is_too_deep(nested(MAX_DEPTH // each + 1, opened, closed))


def test_brackets_side_by_side_and_in_strings_are_no_depth() -> None:
    assert not is_too_deep(json.dumps([[]] * 2000).encode())
    assert not is_too_deep(json.dumps({"a": "[{" * 2000, "b": '\\"[' * 2000}).encode())
    assert is_too_deep(json.dumps({"a": '\\"'}).encode()[:-1] + b',"b":' + nested(300) + b"}")
    assert not is_too_deep(b"")


def test_a_string_that_never_ends_costs_no_more_than_its_length() -> None:
    began_s = time.process_time()
    is_too_deep(b'"' + b'\\"' * 500_000 + b"[" * 300)
    assert time.process_time() - began_s < 5.0  # looked at from each quote anew: hours


def test_what_is_too_deep_is_not_json_for_any_reader() -> None:
    deep = nested(2000).decode()
    with pytest.raises(MalformedMessage):
        decode_text(f'{{"type":"input.text","text":{deep}}}')
    assert type_of(f'{{"x":{deep},"type":"input.text"}}') == ""
    event = f'{{"type":"response.create","metadata":{deep}}}'
    with pytest.raises(Refusal):
        client_events.decode(event)
    assert large_events.read(event.encode()).refusal is not None
    append = f'{{"type":"input_audio_buffer.append","audio":"","event_id":{deep}}}'
    assert large_events.read(append.encode()).refusal is not None


def test_garbage_that_is_collected_while_a_message_is_read_is_finalised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Wherever in the message it is collected; a finalizer needs a few calls itself."""

    class Thing:
        other: Any = None

    done: list[int] = []
    lost: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)

    def calls(count: int) -> None:
        if count:
            calls(count - 1)

    def finalised(_: object) -> None:
        calls(8)
        done.append(1)

    text = '{"type":"input.text","text":' + "[{}," * 2000 + "1" + "]" * 2000 + "}"
    kept = []
    before = gc.get_threshold()
    try:
        for count in range(900, 2100, 3):
            gc.set_threshold(1_000_000)
            one, other = Thing(), Thing()
            one.other, other.other = other, one
            kept.append(weakref.ref(one, finalised))
            del one, other
            gc.set_threshold(count)
            for read in (decode_text, client_events.decode):
                with pytest.raises((MalformedMessage, Refusal)):
                    read(text)
    finally:
        gc.set_threshold(*before)
    gc.collect()
    assert not lost
    assert len(done) == len(kept)
