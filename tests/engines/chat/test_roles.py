"""Prompts have the order of roles that the strictest server takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from kit.role_order import fault_of

from voice_avatar.conversation.history import FORGOTTEN, History, HistoryOptions
from voice_avatar.engines.chat.roles import in_strict_order
from voice_avatar.events.payloads import Message, ToolCall

SYSTEM = Message("system", "Be kind.")
LATE = Message("system", "The shop is closed now.")


def user(text: str) -> Message:
    return Message("user", text)


def assistant(text: str, *call_ids: str) -> Message:
    calls = tuple(ToolCall(call_id, "look", "{}") for call_id in call_ids)
    return Message("assistant", text, calls)


def result(call_id: str) -> Message:
    return Message("tool", "Rain.", call_id=call_id)


def test_system_messages_are_one_at_the_start() -> None:
    given_ = [SYSTEM, LATE, user("a"), LATE, user("b"), assistant("c"), LATE, user("d")]
    whole = "\n\n".join([SYSTEM.content, *[LATE.content] * 3])
    assert in_strict_order(given_) == (
        Message("system", whole),
        user("a b"),
        assistant("c"),
        user("d"),
    )


def test_what_is_in_order_stays_as_it_is() -> None:
    prompt = (SYSTEM, user("a"), assistant("b", "c0", "c1"), result("c0"), result("c1"))
    assert in_strict_order(prompt) == prompt


def test_results_follow_their_calls_and_the_assistant_speaks_before_the_user() -> None:
    given_ = [user("a"), assistant("", "c0", "gone"), LATE, result("c0"), result("?"), user("b")]
    assert in_strict_order(given_) == (
        LATE,
        user("a"),
        assistant("", "c0"),
        result("c0"),
        assistant(FORGOTTEN),
        user("b"),
    )


ids = st.sampled_from(["c0", "c1", "c2"])
messages = st.one_of(
    st.sampled_from(["a", "b"]).map(user),
    st.builds(lambda text, ids: assistant(text, *ids), st.sampled_from(["", "w"]), st.sets(ids)),
    ids.map(result),
    st.just(LATE),
)


@given(st.lists(messages, max_size=14))
def test_whatever_history_holds_the_prompt_is_in_order(given_: list[Message]) -> None:
    history = History(HistoryOptions())
    for number, message in enumerate(given_):
        history.insert(str(number), message)
    prompt = history.prompt("Be kind.", "And now?", lambda text: len(text.split()), 4096, 100)
    assert fault_of(in_strict_order(prompt)) == ""


@given(st.lists(messages, max_size=14))
def test_putting_in_order_twice_changes_nothing_more(given_: list[Message]) -> None:
    once = in_strict_order(given_)
    assert in_strict_order(once) == once
