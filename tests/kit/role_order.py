"""What a strict chat server says of the order of roles in a prompt."""

from __future__ import annotations

from collections.abc import Sequence

from voice_avatar.events.payloads import Message

_BEFORE = {"user": ("", "assistant"), "assistant": ("user", "tool"), "tool": ("assistant", "tool")}


def fault_of(prompt: Sequence[Message]) -> str:
    """Returns why a strict server refuses a prompt; "" = it takes it."""
    talk = list(prompt[1:] if prompt and prompt[0].role == "system" else prompt)
    before, owed = "", list[str]()
    for place, message in enumerate(talk):
        if before not in _BEFORE.get(message.role, ()):
            return f"{message.role} behind {before or 'nothing'}, at {place}"
        if message.role == "tool":
            if message.call_id not in owed:
                return f"a result of no call, at {place}"
            owed.remove(message.call_id)
        elif owed:
            return f"a call without its result, before {place}"
        owed += [call.call_id for call in message.calls]
        before = message.role
    if owed:
        return "a call without its result, at the end"
    return "" if before in ("user", "tool") else f"the last is {before or 'nothing'}"
