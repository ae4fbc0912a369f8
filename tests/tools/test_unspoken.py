"""What nobody should hear is taken out of a stream, wherever it is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.tools.unspoken import Unspoken

CALL = '<tool_call>{"name":"get_time","arguments":{"zone": "CET"}}</tool_call>'

NO_CALL = '<tool_call>{"name":"","arguments":{}}</tool_call>'


def clean(*pieces: str) -> str:
    unspoken = Unspoken()
    return "".join(map(unspoken.push, pieces)) + unspoken.finish()


REPLIES = [
    ("<think>\nTea.\n</think>\n\nTry a green tea.", "Try a green tea."),
    ("<THINK>a</THINK>b", "b"),
    ("<thinking>x</thinking>Yes.", "Yes."),
    ("<reasoning effort='low'>x</reasoning>Yes.", "Yes."),
    ("Hi <reasoning>x</reasoning> you.", "Hi you."),
    ("[THINK]a [THINK]b[/THINK] c[/THINK]Hi.", "Hi."),
    ("<think>a<think>b</think>c</think>d", "d"),
    ("<think>a</think><think>b</think>c", "c"),
    ("<think>a</thinking>c", "c"),
    ("<think>never ends", ""),
    ("</think>\n\nHi.", "Hi."),
    ("Hi.<thin", "Hi."),
    ("\u25c1think\u25b7x\u25c1/think\u25b7Yo", "Yo"),
    ("<|START_THINKING|>x<|END_THINKING|><|START_RESPONSE|>Yo<|END_RESPONSE|>", "Yo"),
    ("<|channel>thought\nhm<channel|>Yo", "Yo"),
    (
        "<|channel|>analysis<|message|>Hm.<|end|>"
        "<|start|>assistant<|channel|>final<|message|>Hello.<|return|>",
        "Hello.",
    ),
    ("<|channel|>analysis<|message|>Hm, never", ""),
    ("At nine.<|im_end|>\n<|im_start|>user\nAnd on Sundays?<|im_end|>", "At nine."),
    ("<|im_start|>assistant\nHello.<|im_end|>", "Hello."),
    ("<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>", "Hello."),
    ("<start_of_turn>model\nHi.<end_of_turn>\n<start_of_turn>user\nSo?", "Hi."),
    ("Hi.</s>[INST] And you? [/INST] Me too.", "Hi."),
    ("Hi.<\uff5cend\u2581of\u2581sentence\uff5c><\uff5cUser\uff5c>So?", "Hi."),
    ("Hi.<|endoftext|>Human: So?", "Hi."),
    (CALL, CALL),
    ("<tool_response>warm</tool_response>It is warm.", "It is warm."),
    (
        "<tool_call>\n<function=get_time>\n<parameter=zone>\nCET\n</parameter>\n</function>\n"
        "</tool_call>",
        CALL,
    ),
    ('<function=get_time>{"zone":"CET"}</function>', CALL),
    (
        "<tool_call>get_time\n<arg_key>zone</arg_key>\n<arg_value>CET</arg_value></tool_call>",
        CALL,
    ),
    ('[TOOL_CALLS]get_time[ARGS]{"zone":"CET"}', CALL),
    ('<|python_tag|>get_time(zone="CET")<|eom_id|>', CALL),
    ('<|python_tag|>{"name":"get_time","parameters":{"zone":"CET"}}', CALL),
    ('<|tool_call_start|>[get_time(zone="CET")]<|tool_call_end|>', CALL),
    (
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_time:0"
        '<|tool_call_argument_begin|>{"zone":"CET"}<|tool_call_end|><|tool_calls_section_end|>',
        CALL,
    ),
    (
        "<\uff5ctool\u2581calls\u2581begin\uff5c><\uff5ctool\u2581call\u2581begin\uff5c>function"
        '<\uff5ctool\u2581sep\uff5c>get_time\n```json\n{"zone":"CET"}\n```'
        "<\uff5ctool\u2581call\u2581end\uff5c><\uff5ctool\u2581calls\u2581end\uff5c>",
        CALL,
    ),
    (
        '<function_calls><invoke name="get_time"><parameter name="zone">CET</parameter></invoke>'
        "</function_calls>",
        CALL,
    ),
    (
        "<|start|>assistant to=functions.get_time<|channel|>commentary json<|message|>"
        '{"zone":"CET"}<|call|>',
        CALL,
    ),
    ("<tool_call>what is this</tool_call>Well.", f"{NO_CALL}Well."),
    ("<tool_call></tool_call>Well.", "Well."),
]


@pytest.mark.parametrize(("text", "heard"), REPLIES)
def test_only_what_is_for_ears_is_left_however_the_text_is_cut(text: str, heard: str) -> None:
    assert {clean(text), clean(*text), *(clean(text[:n], text[n:]) for n in range(len(text)))} == {
        heard
    }


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d, a<b, x[1] <b>bold</b> [ok] [face:happy] [thinking] <3 <-",
        "if x <= 3: f(a[0])",
        "Use <p> and <br/>.",
    ],
)
def test_ordinary_text_is_never_changed(text: str) -> None:
    assert clean(text) == clean(*text) == text


@given(st.text(alphabet=st.characters(exclude_characters="<[\u25c1")))
def test_text_without_a_bracket_comes_out_at_once(text: str) -> None:
    assert Unspoken().push(text) == text


def test_no_more_waits_than_what_may_begin_a_mark() -> None:
    unspoken = Unspoken()
    assert unspoken.push("One <") == "One "
    assert unspoken.push("b> two") == "<b> two"
    assert unspoken.push(" [TH") == " "
    assert unspoken.push("E] end") == "[THE] end"


MARKS = [
    *("<think>", "</think>", "[THINK]", "[/THINK]", "<thinking>", "</thinking>", "<|im_end|>"),
    *("<|im_start|>", "user\n", "assistant\n", "<|channel|>", "analysis", "final", "<|message|>"),
    *("<|end|>", "<|start|>", "<tool_call>", "</tool_call>", '{"name":"f"}', "<function=f>"),
    *("</s>", "<s>", "[INST]", "[TOOL_CALLS]", "Hi. ", "<", "[", "|>", "<|", "\n"),
]


@given(st.lists(st.sampled_from(MARKS) | st.text(max_size=3), max_size=12), st.data())
def test_marks_in_any_order_leave_no_mark_of_reasoning_or_template(
    pieces: list[str], data: st.DataObject
) -> None:
    text = "".join(pieces)
    places = data.draw(st.lists(st.integers(0, len(text)), max_size=6))
    cuts = sorted({0, len(text), *places})
    for parts in ([text], list(text), [text[a:b] for a, b in pairwise(cuts)]):
        heard = clean(*parts).lower()
        for mark in ("<think>", "</think>", "<thinking>", "<|im_", "<|channel|>", "<|message|>"):
            assert mark not in heard
