"""`voice-avatar doctor`: what is there, and how fast."""

from __future__ import annotations

import re

import pytest
from kit.command_line import STAGES, Capture, told

from voice_avatar.cli.main import main

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("here")]


def test_the_doctor_tells_what_is_there_and_how_fast(capsys: Capture) -> None:
    assert main(["doctor", "--json"]) == 0
    (found,) = told(capsys)
    assert found["libraries"]["websockets"]
    assert found["models"] == []
    assert found["test"]["tts_first_audio_ms"] >= 0
    assert found["test"]["stt_text"]
    assert found["test"]["memory_mb"] > 10
    assert found["advice"]


def test_the_doctor_can_leave_the_test_out(capsys: Capture) -> None:
    assert main(["doctor", "--no-test"]) == 0
    text = capsys.readouterr().out
    assert "websockets" in text
    assert "self-test" not in text
    assert main(["doctor", "--no-test", "--json"]) == 0
    (found,) = told(capsys)
    assert found["test"] == {}
    assert found["system"]


def test_the_doctor_shows_the_thread_plan(capsys: Capture) -> None:
    options = ["--set", "threads.cores=8", "--set", "tts.engine=piper", "--set", "tts.threads=2"]
    assert main(["doctor", "--no-test", "--json", *options]) == 0
    (found,) = told(capsys)
    assert found["system"]["cores planned for"] == 8
    rows = {row["stage"]: row for row in found["threads"]}
    assert list(rows) == list(STAGES)
    assert (rows["tts"]["engine"], rows["tts"]["threads"], rows["tts"]["why"]) == (
        "piper",
        2,
        "option",
    )
    assert {rows[stage]["why"] for stage in ("vad", "turn")} == {"single"}
    assert {rows[stage]["why"] for stage in ("stt", "llm")} == {"elsewhere"}
    assert main(["doctor", "--no-test", *options]) == 0
    assert re.search(r"tts +│ piper +│ 2 │ option", capsys.readouterr().out)


def test_the_doctor_puts_what_it_measured_beside_the_threads(capsys: Capture) -> None:
    assert main(["doctor", "--json"]) == 0
    (found,) = told(capsys)
    assert [row["test_ms"] for row in found["threads"]] == [
        found["test"][figure]
        for figure in (
            "vad_window_ms",
            "turn_ms",
            "stt_ms",
            "llm_first_token_ms",
            "tts_first_audio_ms",
        )
    ]


def test_the_doctor_says_why_a_test_fails(capsys: Capture) -> None:
    assert main(["doctor", "--json", "--set", "llm.engine=openai_http"]) == 1
    (found,) = told(capsys)
    assert any("The self-test failed: " in line for line in found["advice"])
