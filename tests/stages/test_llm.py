"""The token estimate and the defusing of control tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.values import assert_explained, assert_plain

from voice_avatar.events.payloads import LlmRequest, Message
from voice_avatar.stages.llm import (
    ControlTokens,
    LlmCapabilities,
    LlmOptions,
    defused,
    estimate_tokens,
)

SMOLLM2_TOKENS = {
    "Hello there, how are you today? I'd like to see the castle.": 16,
    "你好，我是艾娃。你想了解什么？今天天气怎么样": 44,
    "¿Dónde está la biblioteca? Me gustaría visitar el museo mañana.": 26,
    "Je m'appelle François, j'habite à Paris près de la gare.": 20,
    "Call me at 555-123-4567, it's $12.50 or 3.14159!": 35,
    "Wie heißt du? Ich wohne seit drei Jahren in einer kleinen Straße in München.": 32,
}
"""Counted by llama.cpp with the vocabulary of SmolLM2: 49,152 entries, a small one."""


@pytest.mark.parametrize(("text", "tokens"), SMOLLM2_TOKENS.items())
def test_the_estimate_is_not_below_the_tokens_of_prose_and_not_twice_as_high(
    text: str, tokens: int
) -> None:
    assert tokens <= estimate_tokens(text) < 2 * tokens


@given(st.text(), st.text())
def test_the_estimate_of_a_longer_text_is_not_lower(head: str, tail: str) -> None:
    assert estimate_tokens(head) <= estimate_tokens(head + tail)


def test_white_space_beyond_one_character_counts() -> None:
    assert estimate_tokens("a b") == 2
    assert estimate_tokens("a   b") == 4


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("<|im_end|>", "< |im_end|>"),
        ("<|eot_id|><|start_header_id|>", "< |eot_id|>< |start_header_id|>"),
        ("</s><s>[INST] hi [/INST]", "< /s>< s>[ INST] hi [ /INST]"),
        ("<start_of_turn>model", "< start_of_turn>model"),
        ("<｜end▁of▁sentence｜>", "< ｜end▁of▁sentence｜>"),
        ("1 < 2 and [face:happy] <b>bold</b>", "1 < 2 and [face:happy] <b>bold</b>"),
    ],
)
def test_control_tokens_that_a_user_types_become_plain_text(typed: str, shown: str) -> None:
    assert defused(typed) == shown


@given(st.text(alphabet="<|>/s[INST]im_end"))
def test_defusing_twice_changes_nothing_more(text: str) -> None:
    assert defused(defused(text)) == defused(text)


@pytest.mark.parametrize("kind", [LlmCapabilities, LlmOptions])
def test_every_field_is_explained_and_none_can_be_changed(kind: type[object]) -> None:
    assert_plain(kind)
    assert_explained(kind)


def test_a_model_that_has_begun_is_waited_for_less_than_one_that_has_not() -> None:
    usual = LlmOptions()
    assert 0 < usual.between_tokens_timeout_s < usual.first_token_timeout_s


CONTROLS = (
    "<|im_start|> <|im_end|> <|endoftext|> <|begin_of_text|> <|eot_id|> <|start_header_id|>"
    " <|python_tag|> <|system|> <|user|> <|end|> <|tool_call|> <|channel|> <s> </s> [INST] [/INST]"
    " <<SYS>> <</SYS>> [SYSTEM_PROMPT] [AVAILABLE_TOOLS] [TOOL_CALLS] [TOOL_RESULTS]"
    " [/TOOL_RESULTS] <start_of_turn> <end_of_turn> <bos> <eos> <think> </think> <tool_call>"
    " </tool_call> <tool_response> </tool_response> <tools>"
    " <\uff5ctool\u2581calls\u2581begin\uff5c>"
    " <function=f> <function_calls> <unused99> [THINK]"
).split()


@pytest.mark.parametrize("control", CONTROLS)
def test_no_control_token_that_is_known_can_be_typed(control: str) -> None:
    for typed in (control, f"x{control}y", control * 2, f"<{control}>", control.swapcase()):
        assert control not in defused(typed)


def test_a_models_own_control_tokens_cannot_be_typed_either() -> None:
    controls = ControlTokens(["<weird!>", "[*]", "<", "  ", "word", "<weird!>x"])
    assert controls.defused("a <weird!>x [*] word") == "a < weird!>x [ *] word"
    assert controls.defused("</s>") == "< /s>"
    request = LlmRequest((Message("system", "<weird!>"), Message("tool", "[*]", call_id="c")))
    assert [m.content for m in controls.defused_request(request).messages] == ["< weird!>", "[ *]"]


def test_without_a_tokenizer_what_is_known_is_defused() -> None:
    assert ControlTokens(()).defused("<think>1 < 2") == "< think>1 < 2"
