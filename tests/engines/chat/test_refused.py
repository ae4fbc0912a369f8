"""What servers refuse, and the requests after that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from voice_avatar.engines.chat.refused import Refused

BODY: dict[str, Any] = {
    "messages": [],
    "max_tokens": 9,
    "temperature": 0.7,
    "stream_options": {},
    "stop": [],
    "tools": [],
    "tool_choice": "auto",
}


def said(message: str, param: str | None = None) -> bytes:
    return json.dumps({"error": {"message": message, "param": param}}).encode()


@pytest.mark.parametrize(
    ("report", "parameter"),
    [
        (
            said(
                "Unsupported parameter: 'max_tokens' is not supported with this model."
                " Use 'max_completion_tokens' instead.",
                "max_tokens",
            ),
            "max_tokens",
        ),
        (
            said("'temperature' does not support 0.7 with this model. Only the default"),
            "temperature",
        ),
        (said("Unknown field", "stream_options.include_usage"), "stream_options"),
        (
            b'{"detail":[{"type":"extra_forbidden","loc":["stream_options"]}]}',
            "stream_options",
        ),
        (b"Unrecognized request argument supplied: stop", "stop"),
        (said("registry.ollama.ai/library/x does not support tools"), "tools"),
        (said("Conversation roles must alternate user/assistant"), ""),
        (b"", ""),
    ],
)
def test_the_parameter_of_a_refusal_is_found(report: bytes, parameter: str) -> None:
    assert Refused().learn(400, report, BODY) == parameter


def test_a_parameter_is_renamed_and_then_left_out() -> None:
    refused = Refused()
    refused.learn(400, said("unsupported", "max_tokens"), BODY)
    body = refused.applied(BODY)
    assert body["max_completion_tokens"] == 9
    assert "max_tokens" not in body
    refused.learn(400, said("unsupported", "max_completion_tokens"), body)
    assert "max_completion_tokens" not in refused.applied(BODY)
    assert "max_tokens" not in refused.applied(BODY)


def test_without_tools_there_is_no_choice_of_one() -> None:
    refused = Refused()
    refused.learn(400, said("this model does not support tools"), BODY)
    assert not refused.has_tools
    assert {"tools", "tool_choice"}.isdisjoint(refused.applied(BODY))


def test_other_statuses_refuse_no_parameter() -> None:
    assert Refused().learn(401, said("unsupported", "max_tokens"), BODY) == ""
