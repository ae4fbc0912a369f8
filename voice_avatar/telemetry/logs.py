"""Structured logs: one JSON object or one line of text per record, without anybody's words.

Modules log through `logging.getLogger(__name__)` and put what identifies a record into `extra`
(`session`, `reply`, `code` …). What was said never goes into a log: not in a message, not in an
extra field, and not in the text of an exception, of which only type and places are written.
"""

from __future__ import annotations

import json
import logging
import math
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal

_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "websocket",
}
"""Attributes that every record has, and the object that `websockets` adds to its own; all others
came in by `extra`."""


WEBSOCKETS: Final = "voice_avatar.server.websockets"
"""Logger of the WebSocket library: its debug records hold whole frames and headers."""

logging.getLogger(WEBSOCKETS).setLevel(logging.WARNING)


class _Formatter(logging.Formatter):
    def formatException(  # noqa: N802 - the name in the standard library
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        """Returns type and places of an exception: its text may hold what somebody said."""
        return "?" if ei[1] is None else _places(ei[1])

    @staticmethod
    def extras(record: logging.LogRecord) -> dict[str, object]:
        return {key: value for key, value in vars(record).items() if key not in _PLAIN}


def _places(error: BaseException) -> str:
    """Returns the type of an error and where it came from, innermost first; groups with members."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    text = " < ".join([type(error).__name__, *(f"{f.name}:{f.lineno}" for f in frames)])
    if isinstance(error, BaseExceptionGroup):
        text += f" [{'; '.join(_places(member) for member in error.exceptions)}]"
    return text


class JsonFormatter(_Formatter):
    """A JSON object per record: time (UTC), level, logger, event and the extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the record as JSON."""
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **self.extras(record),
        }
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False, default=str)


class TextFormatter(_Formatter):
    """A line per record, for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the record as a line."""
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        extras = " ".join(f"{key}={value}" for key, value in self.extras(record).items())
        line = f"{at} {record.levelname.lower():7} {record.getMessage()} {extras}".rstrip()
        return f"{line} {self.formatException(record.exc_info)}" if record.exc_info else line


class SessionLog(logging.LoggerAdapter[logging.Logger]):
    """A logger whose records all carry the id of one session."""

    def __init__(self, logger: logging.Logger, session_id: str) -> None:
        super().__init__(logger, {"session": session_id})

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        """Adds the id to the record's own extra fields (the adapter of 3.11 drops those)."""
        return msg, {**kwargs, "extra": {**(self.extra or {}), **(kwargs.get("extra") or {})}}


class SparseLog:
    """Writes a line that a client can cause at will no more than once a second."""

    EVERY_S: Final = 1.0

    def __init__(self) -> None:
        self._next_s = -math.inf
        self._left_out = 0

    def info(
        self,
        log: logging.LoggerAdapter[logging.Logger],
        event: str,
        fields: Mapping[str, object],
        now_s: float,
    ) -> None:
        """Writes a record, or counts it: the next one that is written tells how many were not."""
        if now_s < self._next_s:
            self._left_out += 1
            return
        more = {"left_out": self._left_out} if self._left_out else {}
        self._next_s, self._left_out = now_s + self.EVERY_S, 0
        log.info(event, extra={**fields, **more})


def configure(form: Literal["json", "text"], level: str) -> None:
    """Sends the records of this package to standard error.

    Args:
        form: "json" or "text".
        level: name of the least level, e.g. "info".
    """
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logger = logging.getLogger("voice_avatar")
    logger.handlers[:] = [output]
    logger.setLevel(level.upper())
    logger.propagate = False
