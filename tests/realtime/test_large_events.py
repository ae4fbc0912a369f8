"""Large events: read as small ones are, in pieces; only audio may be larger than 1 MiB."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.errors import MessageTooBig
from voice_avatar.realtime.large_events import MAX_OTHER_BYTES, read


def append(audio: str, **fields: object) -> bytes:
    return json.dumps({"type": "input_audio_buffer.append", "audio": audio, **fields}).encode()


@given(st.binary(max_size=200_000), st.booleans())
def test_audio_is_what_it_was(pcm: bytes, has_escapes: bool) -> None:
    data = append(base64.b64encode(pcm).decode(), event_id="one")
    event = read(data.replace(b"/", b"\\/") if has_escapes else data)
    assert event.audio == pcm
    assert event.raw == {"type": "input_audio_buffer.append", "event_id": "one", "audio": ""}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@given(pcm=st.binary(min_size=1, max_size=200_000))
def test_its_lines_may_be_broken(end: str, pcm: bytes) -> None:
    lines = base64.encodebytes(pcm).decode().replace("\n", end)
    assert read(append(lines)).audio == pcm


@pytest.mark.parametrize("audio", ["A", "****", "AA==" * 40_000, "A" * 65_535 + "=" + "A" * 8, "é"])
def test_what_is_no_base64_is_left_to_be_refused(audio: str) -> None:
    event = read(append(audio))
    assert event.audio is None
    assert event.raw["audio"] == "?"


@pytest.mark.parametrize("kind", ["session.update", "conversation.item.create", "nonsense"])
def test_only_audio_may_be_large(kind: str) -> None:
    data = json.dumps({"type": kind, "audio": "A" * MAX_OTHER_BYTES}).encode()
    with pytest.raises(MessageTooBig):
        read(data)


def test_audio_with_more_in_it_is_no_audio() -> None:
    with pytest.raises(MessageTooBig):
        read(append("AAAA", more="A" * MAX_OTHER_BYTES))


def test_others_are_read_as_they_are_or_refused() -> None:
    assert read(b'{"type":"x","a":[1]}').raw == {"type": "x", "a": [1]}
    assert read(b'{"type":').refusal is not None
    assert read(b"\xff").refusal is not None
