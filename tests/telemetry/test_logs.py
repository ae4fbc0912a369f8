"""What is written down: one line a record, with the session that it is of."""

from __future__ import annotations

import json
import logging

import pytest

from voice_avatar.telemetry.logs import JsonFormatter, SessionLog, TextFormatter


def test_a_record_is_one_line_of_json_or_of_text() -> None:
    record = logging.makeLogRecord(
        {"name": "voice_avatar.x", "msg": "it %s", "args": ("ends",), "levelname": "INFO"}
    )
    record.session = "s1"
    fields = json.loads(JsonFormatter().format(record))
    assert fields["event"] == "it ends"
    assert fields["session"] == "s1"
    assert TextFormatter().format(record).endswith("it ends session=s1")


def test_a_session_log_keeps_the_fields_of_each_record(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        SessionLog(logging.getLogger("test"), "s1").info("x", extra={"reply": 3})
    (record,) = caplog.records
    assert (record.session, record.reply) == ("s1", 3)  # type: ignore[attr-defined]
