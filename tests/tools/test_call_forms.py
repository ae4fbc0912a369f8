"""Calls in the forms that models have for them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.tools.call_forms import calls_in


@pytest.mark.parametrize(
    "block",
    [
        '{"name": "f", "arguments": {"a": 1}}',
        '[{"name": "f", "parameters": {"a": 1}}]',
        '{"function": {"name": "f", "arguments": "{\\"a\\": 1}"}}',
        "<function=f><parameter=a>1</parameter></function>",
        'f[ARGS]{"a": 1}',
        'f\n```json\n{"a": 1}\n```',
        "f(a=1)",
        "[f(a=1)]",
        "f<arg_key>a</arg_key><arg_value>1</arg_value>",
    ],
)
def test_each_form_is_read(block: str) -> None:
    ((name, arguments),) = calls_in(block)
    assert (name, json.loads(arguments)) == ("f", {"a": 1})


def test_a_recipient_names_the_call() -> None:
    assert calls_in('{"a": 1}', "functions.f") == [("f", '{"a": 1}')]


@given(st.text(alphabet="f(){}[]\"'=a1,<>/:\n", max_size=40))
def test_nothing_that_a_model_writes_breaks_it(block: str) -> None:
    assert all(isinstance(name, str) for name, _ in calls_in(block))
