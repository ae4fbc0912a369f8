"""What a server tells of itself, and to whom: its log and its figures. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What the server logs. Keys: `server.log_*`.

    Attributes:
        format: "text" for people, "json" for programs.
        level: least severe records that are logged.
    """

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True, slots=True)
class MetricsOptions:
    """Who may read the server's figures, at /metrics. Keys: `server.metrics_*`.

    Attributes:
        listen: "host:port" of a listener for /metrics, /healthz and /readyz alone, without TLS and
            tokens; /metrics is then nowhere else. "" = none.
        public: whether /metrics is answered to other machines too; without `metrics_listen`.
    """

    listen: str = ""
    public: bool = False
