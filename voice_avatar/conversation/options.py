"""How a conversation runs: the options of the session itself. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How a conversation runs.

    Attributes:
        language: ISO 639-1 code of the session, "" = detect it on the first turn, then lock it.
        greeting: what the avatar says first, "" = nothing.
        apologises: whether the avatar says that it has failed, where a reply or a recognition did.
        max_reply_tokens: tokens generated per reply at most.
        temperature: of generation; 0 = greedy.
        thinking_after_s: time from commit after which the eyes go away while no audio is out,
            seconds.
        settle_s: how long the state stays `interrupted`, seconds.
        quiet_after_s: silence after which `listening` becomes `idle`, seconds.
        idle_timeout_s: silence after which the session ends, seconds; 0 = never.
        max_text_chars: longest typed turn, characters.
        tool_timeout_s: how long the result of a tool call is waited for, seconds; 0 = without end.
        max_tool_rounds: replies in a row that may call tools; then the model has to answer.
    """

    language: str = "en"
    greeting: str = ""
    apologises: bool = True
    max_reply_tokens: int = 160
    temperature: float = 0.0
    thinking_after_s: float = 0.3
    settle_s: float = 0.3
    quiet_after_s: float = 15.0
    idle_timeout_s: float = 600.0
    max_text_chars: int = 8192
    tool_timeout_s: float = 30.0
    max_tool_rounds: int = 4
