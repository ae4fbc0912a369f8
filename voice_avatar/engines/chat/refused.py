"""What a chat server refuses of a request, and the request without it. Pure.

OpenAI's API is spoken in dialects: newer models take `max_completion_tokens` in place of
`max_tokens` and no temperature, some servers know no `stream_options`, some models no tools. What
was refused once is renamed or left out from then on.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

_OTHER_NAMES: Final = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""Parameters that have another name elsewhere."""

_MAY_GO: Final = (
    "stream_options",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "tool_choice",
    "tools",
    "stop",
)
"""Parameters that a request can do without; a name that holds another one stands first."""

_STATUSES: Final = frozenset({400, 404, 405, 406, 415, 422, 500, 501})
"""Statuses with which servers refuse parameters; some call it a fault of their own."""

_SAID: Final = re.compile(
    r"unsupported|not support|n.t support|unrecogni[sz]ed|unknown|unexpected"
    r"|not allowed|n.t allowed|extra (?:inputs|fields)|not permitted|extra_forbidden"
    r"|invalid|not recogni[sz]ed"
    r"|must be|only"
    r"|deprecated|not available|not implemented|no such|does not exist|is not a valid|requires",
    re.IGNORECASE,
)

_TOOLS: Final = re.compile(r"tools?\b|function.?call", re.IGNORECASE)


class Refused:
    """What one server refuses, by what it has said so far."""

    def __init__(self) -> None:
        self._names: dict[str, str | None] = {}

    def applied(self, body: dict[str, Any]) -> dict[str, Any]:
        """Returns the body of a request as this server takes it."""
        out: dict[str, Any] = {}
        for name, value in body.items():
            now = self._name(name)
            if now is not None:
                out[now] = value
        return out

    @property
    def has_tools(self) -> bool:
        """Whether it takes tools, as far as it is known."""
        return self._name("tools") is not None

    @property
    def parameters(self) -> tuple[str, ...]:
        """What it refuses, sorted."""
        return tuple(sorted(self._names))

    def _name(self, name: str) -> str | None:
        """Returns what a parameter is called there; None = it is left out."""
        seen: set[str] = set()
        now: str | None = name
        while now is not None and now in self._names:
            if now in seen:
                return None
            seen.add(now)
            now = self._names[now]
        return now

    def learn(self, status: int, said: bytes, body: dict[str, Any]) -> str:
        """Takes a refusal.

        Args:
            status: HTTP status.
            said: what came with it.
            body: of the request.

        Returns:
            The parameter that is renamed or left out from now on; "" = it was about none.
        """
        if status not in _STATUSES:
            return ""
        parameter = _parameter(said[:16_384].decode("utf-8", "replace"), body)
        if not parameter:
            return ""
        other = _OTHER_NAMES.get(parameter)
        self._names[parameter] = None if other in self._names else other
        if parameter == "tools":
            self._names["tool_choice"] = None
        return parameter


def _parameter(said: str, body: dict[str, Any]) -> str:
    """Returns which parameter of a request an error report is about, "" = none."""
    message, param = said, ""
    try:
        error = json.loads(said)
    except (ValueError, RecursionError):
        error = None
    if isinstance(error, dict):
        inner = error.get("error")
        error = inner if isinstance(inner, dict) else error
        param = str(error.get("param") or "")
        given = error.get("message")
        message = given if isinstance(given, str) else said
    for name in _MAY_GO:
        if name in body and re.split(r"[.\[]", param)[0] == name:
            return name
    if not _SAID.search(said):
        return ""
    # "Use X instead" names what would be right, and X is not in the body.
    places = [
        (found.start(), name)
        for name in _MAY_GO
        if name in body and (found := re.search(rf"(?<![a-z_]){name}(?![a-z_])", message))
    ]
    if places:
        return min(places)[1]
    return "tools" if "tools" in body and _TOOLS.search(message) else ""
