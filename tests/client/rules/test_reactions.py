"""What a client does in a session."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from kit.golden_vectors import cases

from voice_avatar.client.rules.reactions import Reactions


@pytest.mark.parametrize("case", cases("sessions"))
def test_a_client_does_in_a_session_what_the_vector_says(case: dict[str, Any]) -> None:
    reactions = Reactions()
    flushed: set[int] = set()
    for step in case["steps"]:
        if "close" in step:
            actions = [reactions.closed(step["close"])]
        elif "text" in step:
            actions = reactions.text(step["text"])
        else:
            actions = reactions.binary(bytes.fromhex(step["hex"]))
        assert msgspec.to_builtins(actions) == step["actions"]
        for action in actions:
            if action.do == "flush":
                flushed.add(action.reply_id)
            if action.do in {"play", "schedule", "gap"}:
                assert action.reply_id not in flushed
