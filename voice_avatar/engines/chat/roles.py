"""The order of roles that every chat server and template takes. Pure.

One system message, at the start; then user and assistant in turn. Results of tools follow the
message that called them, each call has one, and the assistant speaks before the user does again.
Strict servers and templates (Mistral's, Gemma's) refuse anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from voice_avatar.events.payloads import Message

_NOTHING: Final = "…"
"""What the assistant says where a user's turn follows a result."""


def in_strict_order(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Returns a prompt in the order that all take; one that is in order comes back as it is.

    System messages become one, at the start: what is told late goes before what was said, which an
    engine then reads anew. Neighbours of one role become one message.
    """
    system = "\n\n".join(it.content for it in messages if it.role == "system" and it.content)
    results = {it.call_id: it for it in messages if it.role == "tool"}
    talk: list[Message] = []
    for message in messages:
        if message.role in ("system", "tool"):
            continue
        calls = tuple(call for call in message.calls if call.call_id in results)
        _add(talk, replace(message, calls=calls))
        talk += [results.pop(call.call_id) for call in calls]
    return (*((Message("system", system),) if system else ()), *talk)


def _add(talk: list[Message], message: Message) -> None:
    """Adds a message of the user or the assistant."""
    if not (message.content or message.calls):
        return
    last = talk[-1] if talk else None
    if last is not None and (last.role, message.role) == ("tool", "user"):
        talk.append(Message("assistant", _NOTHING))
    elif last is not None and last.role == message.role:
        words = " ".join(text for text in (last.content, message.content) if text)
        message = replace(message, content=words)
        talk.pop()
    talk.append(message)
