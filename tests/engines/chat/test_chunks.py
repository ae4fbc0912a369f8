"""Chunks of chat servers, common and odd."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.engines.chat.chunks import (
    CallPiece,
    Chunk,
    ChunkReader,
    Function,
    Usage,
    read_chunk,
)
from voice_avatar.errors import ContextExceeded, LlmFailed
from voice_avatar.events.payloads import TextDelta, ToolCallDelta, ToolCallStarted

CALL = {"name": "f", "arguments": "{}"}


@pytest.mark.parametrize(
    ("payload", "chunk"),
    [
        ({"choices": [{"delta": {"content": "hi"}}]}, Chunk("hi")),
        ({"choices": [{"delta": {"role": "assistant", "content": None}}]}, Chunk()),
        (
            {"choices": [{"delta": {"reasoning_content": "hm"}, "index": 0}]},
            Chunk(is_thinking=True),
        ),
        ({"choices": [{"delta": {}, "finish_reason": "stop"}]}, Chunk("", "stop")),
        ({"choices": [{"finish_reason": "length"}]}, Chunk("", "length")),
        (
            {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
            Chunk(usage=Usage(3, 2)),
        ),
        ({"id": "x"}, Chunk()),
        (
            {"choices": [{"delta": {"tool_calls": [{"index": 1, "id": "c", "function": {}}]}}]},
            Chunk(calls=(CallPiece(1, call_id="c"),)),
        ),
        (
            {"choices": [{"delta": {"content": "hi", "tool_calls": [{"function": CALL}]}}]},
            Chunk("hi", calls=(CallPiece(None, Function("f", "{}")),)),
        ),
        ({"choices": [{"delta": {"tool_calls": None}}]}, Chunk()),
    ],
)
def test_a_chunk_says_text_end_and_usage(payload: object, chunk: Chunk) -> None:
    assert read_chunk(json.dumps(payload)) == chunk


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"choices": 3}', b"\xff", b"null"])
def test_what_is_no_chunk_is_passed_over_and_counted(payload: bytes) -> None:
    assert read_chunk(payload) == Chunk(skipped=1)


@given(st.binary(max_size=100))
def test_no_payload_raises_anything_but_llm_failed(payload: bytes) -> None:
    with suppress(LlmFailed):
        read_chunk(payload)


def pieces(*made: tuple[int | None, str | None, str | None]) -> list[object]:
    """Returns what chunks with these pieces of calls are read as."""
    reader = ChunkReader()
    pushed = [
        delta
        for index, name, arguments in made
        for delta in reader.push(Chunk(calls=(CallPiece(index, Function(name, arguments)),)))
    ]
    return [*pushed, *reader.finish()]


@pytest.mark.parametrize(
    "made",
    [
        [(0, "f", '{"a":'), (0, None, "1}"), (1, "g", ""), (1, None, "{}")],
        [(0, "f", '{"a":'), (0, "f", "1}"), (1, "g", "{}")],  # the name in every piece
        [(None, "f", '{"a":'), (None, None, "1}"), (None, "g", "{}")],  # no index
        [(4, "f", '{"a":'), (4, "", "1}"), (7, "g", "{}")],
    ],
)
def test_calls_are_told_apart_however_a_server_counts_them(
    made: list[tuple[int | None, str | None, str | None]],
) -> None:
    assert pieces(*made) == [
        ToolCallStarted(0, "f"),
        ToolCallDelta(0, '{"a":'),
        ToolCallDelta(0, "1}"),
        ToolCallStarted(1, "g"),
        ToolCallDelta(1, "{}"),
    ]


def test_a_call_that_never_has_a_name_is_passed_over() -> None:
    assert pieces((0, None, "{}")) == []


def test_an_error_inside_the_stream_is_an_error() -> None:
    with pytest.raises(ContextExceeded):
        read_chunk(b'{"error": {"code": 400, "type": "exceed_context_size_error"}}')
    with pytest.raises(LlmFailed) as caught:
        read_chunk(b'{"error": "boom"}')
    assert caught.type is LlmFailed


def said(*payloads: bytes) -> str:
    """Returns the text of a stream of payloads."""
    reader = ChunkReader()
    deltas = [delta for payload in payloads for delta in reader.push(read_chunk(payload))]
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def content(value: bytes) -> bytes:
    return b'{"choices":[{"delta":{"content":' + value + b"}}]}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b'[{"type":"text","text":"At "},{"type":"text","text":"ten."}]', "At ten."),
        (b'[{"type":"thinking","thinking":[{"text":"hm"}]},{"type":"text","text":"Ten."}]', "Ten."),
        (b'["At ",{"text":"ten."}]', "At ten."),
        (b'{"type":"output_text","text":"Ten."}', "Ten."),
        (b"7", ""),
        (b"[null, 3]", ""),
    ],
)
def test_parts_of_a_content_are_read_and_thoughts_are_not(value: bytes, text: str) -> None:
    assert said(content(value)) == text


@given(st.text(alphabet="aé你🎉", min_size=1, max_size=6), st.data())
def test_characters_cut_between_chunks_come_whole(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    cut = data.draw(st.integers(0, len(raw)))
    assert said(content(b'"%s"' % raw[:cut]), content(b'"%s"' % raw[cut:])) == text
    units = [text.encode("utf-16-be")[at : at + 2] for at in range(0, 2 * _units(text), 2)]
    escaped = [content(b'"\\u%s"' % unit.hex().encode()) for unit in units]
    assert said(*escaped) == text


def _units(text: str) -> int:
    return len(text.encode("utf-16-be")) // 2


def test_half_a_character_that_stays_one_is_left_out() -> None:
    assert said(content(b'"a\\ud83d"'), content(b'"b\xf0"'), content(b'"c"')) == "abc"


def test_null_counts_of_tokens_are_none() -> None:
    odd = b'{"choices":[],"usage":{"prompt_tokens":null,"completion_tokens":"3"}}'
    assert read_chunk(odd) == Chunk(usage=Usage(0, 0))


def test_a_whole_message_is_read_as_a_chunk() -> None:
    whole = b'{"choices":[{"message":{"content":"Ten."},"finish_reason":"stop"}]}'
    assert read_chunk(whole) == Chunk("Ten.", "stop")


def test_two_calls_with_one_index_are_told_apart_by_their_ids() -> None:
    reader = ChunkReader()
    made = [CallPiece(0, Function("f", '{"a":1}'), key) for key in ("call_a", "call_b")]
    assert reader.push(Chunk(calls=tuple(made))) == [
        ToolCallStarted(0, "f"),
        ToolCallDelta(0, '{"a":1}'),
        ToolCallStarted(1, "f"),
        ToolCallDelta(1, '{"a":1}'),
    ]


def test_two_calls_with_one_index_and_no_ids_are_told_apart_when_the_first_is_whole() -> None:
    assert pieces((0, "f", "{}"), (0, "f", "{}"))[2] == ToolCallStarted(1, "f")


def test_an_id_of_its_own_for_each_piece_makes_no_call_of_it() -> None:
    reader = ChunkReader()
    made = [CallPiece(0, Function("f", "{"), "x1"), CallPiece(0, Function(None, "}"), "x2")]
    assert reader.push(Chunk(calls=tuple(made))) == [
        ToolCallStarted(0, "f"),
        ToolCallDelta(0, "{"),
        ToolCallDelta(0, "}"),
    ]


def test_calls_whose_pieces_are_mixed_come_one_after_the_other() -> None:
    assert pieces((0, "f", '{"a"'), (1, "g", "{"), (0, None, ":1}"), (1, None, "}")) == [
        ToolCallStarted(0, "f"),
        ToolCallDelta(0, '{"a"'),
        ToolCallDelta(0, ":1}"),
        ToolCallStarted(1, "g"),
        ToolCallDelta(1, "{"),
        ToolCallDelta(1, "}"),
    ]


def test_arguments_that_are_an_object_are_its_json() -> None:
    odd = b'{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}}]}'
    assert read_chunk(odd).calls == (CallPiece(None, Function("f", '{"a": 1}')),)


def test_an_error_that_says_so_only_by_its_kind_is_an_error() -> None:
    with pytest.raises(LlmFailed):
        read_chunk(b'{"object":"error","message":"boom"}')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "choices delta content tool_calls function name arguments usage index id type text"
                " finish_reason message".split()
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(json_values)
def test_no_json_raises_anything_but_llm_failed(value: object) -> None:
    with suppress(LlmFailed):
        reader = ChunkReader()
        reader.push(read_chunk(json.dumps(value)))
        reader.finish()
