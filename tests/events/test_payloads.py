"""What engines exchange with the pipeline is plain values."""

from __future__ import annotations

import pytest
from kit.values import assert_plain, members, methods_of, values_of

from voice_avatar.events import payloads


@pytest.mark.parametrize("kind", values_of(payloads))
def test_a_payload_is_a_plain_value(kind: type[object]) -> None:
    assert_plain(kind)
    assert not methods_of(kind)


def test_a_window_is_32_ms_of_the_microphone_and_its_tail_half_of_it() -> None:
    assert payloads.WINDOW_SAMPLES / payloads.MIC_HZ == 0.032
    assert payloads.TAIL_SAMPLES * 2 == payloads.WINDOW_SAMPLES


def test_a_reply_of_a_model_is_text_calls_signs_of_life_and_one_end() -> None:
    assert members(payloads.LlmDelta) == {
        payloads.TextDelta,
        payloads.ToolCallStarted,
        payloads.ToolCallDelta,
        payloads.LlmThinking,
        payloads.LlmDone,
    }
