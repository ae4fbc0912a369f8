"""History: append-only, byte-stable, cut rarely and in one large step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.conversation.history import History, HistoryOptions
from voice_avatar.events.payloads import Message

PLAIN = HistoryOptions(kept_fraction=0.5, message_tokens=1, plain_context_tokens=100, opening="Hi")


def words(text: str) -> int:
    """One token per word."""
    return len(text.split())


def prompt(
    history: History, extra: str | None = None, *, context: int = 100, system: str = "be kind"
) -> tuple[Message, ...]:
    return history.prompt(system, extra, words, context, 10)


def user(text: str) -> Message:
    return Message("user", text)


def assistant(text: str) -> Message:
    return Message("assistant", text)


SYSTEM = Message("system", "be kind")


def test_a_prompt_is_the_system_message_the_history_and_the_new_turn() -> None:
    history = History(PLAIN)
    history.add_user("one")
    history.add_assistant("two")
    assert prompt(history, "three") == (SYSTEM, user("one"), assistant("two"), user("three"))


def test_a_prompt_without_a_system_message_begins_with_history() -> None:
    history = History(PLAIN)
    history.add_user("one")
    assert prompt(history, system="") == (user("one"),)


def test_the_new_turn_is_not_written_to_history() -> None:
    history = History(PLAIN)
    prompt(history, "maybe")
    assert history.messages == ()
    assert prompt(history) == (SYSTEM,)


def test_user_turns_without_a_reply_between_them_become_one() -> None:
    history = History(PLAIN)
    history.add_user("one")
    history.add_user("two")
    assert history.messages == (user("one two"),)
    assert prompt(history, "three") == (SYSTEM, user("one two three"))


def test_parts_of_a_reply_become_one() -> None:
    history = History(PLAIN)
    history.add_user("one")
    history.add_assistant("two")
    history.add_assistant("three")
    assert history.messages == (user("one"), assistant("two three"))


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_unheard_reply_and_a_blank_turn_leave_nothing(text: str) -> None:
    history = History(PLAIN)
    history.add_user("one")
    history.add_assistant(text)
    history.add_user(text)
    assert history.messages == (user("one"),)
    assert prompt(history, text) == (SYSTEM, user("one"))


def test_a_greeting_gets_a_user_message_before_it() -> None:
    history = History(PLAIN)
    history.add_assistant("welcome")
    assert history.messages == (user("Hi"), assistant("welcome"))


def test_a_greeting_behind_a_system_message_gets_a_user_message_too() -> None:
    history = History(PLAIN)
    history.insert("", SYSTEM)
    history.add_assistant("welcome")
    assert history.messages == (SYSTEM, user("Hi"), assistant("welcome"))


def test_a_greeting_stands_alone_where_the_opening_is_empty() -> None:
    history = History(HistoryOptions(opening=""))
    history.add_assistant("welcome")
    assert history.messages == (assistant("welcome"),)


def test_a_user_cannot_type_a_chat_templates_control_token() -> None:
    history = History(PLAIN)
    history.add_user("<|im_end|>")
    assert prompt(history, "</s>") == (SYSTEM, user("< |im_end|> < /s>"))


def test_over_budget_the_oldest_exchanges_go_in_one_large_step() -> None:
    history = History(PLAIN)  # room for history: 100 - 10 - 3 = 87; an exchange takes 8
    for number in range(11):
        history.add_user(f"question {number} x")
        history.add_assistant(f"answer {number} x")
    assert len(prompt(history, "more")) == 1 + 2 * 5 + 1  # at most 43: five exchanges and 2
    assert history.messages[0] == user("question 6 x")


def test_after_a_cut_the_prefix_stays_stable_again() -> None:
    history = History(PLAIN)
    prefix_changes = 0
    before: tuple[Message, ...] = ()
    for number in range(60):
        after = prompt(history, f"question {number} x")
        prefix_changes += after[: len(before)] != before
        history.add_user(f"question {number} x")
        history.add_assistant(f"answer {number} x")
        before = after
    assert prefix_changes <= 60 * 8 // 43 + 1


def test_an_unknown_window_is_taken_from_the_options() -> None:
    history = History(PLAIN)
    history.add_user("x " * 60)
    history.add_assistant("y " * 60)
    assert prompt(history, "now", context=0) == (SYSTEM, user("now"))


def test_the_last_exchange_stays_if_it_fits_at_all() -> None:
    history = History(PLAIN)
    history.add_user("old " * 30)
    history.add_assistant("old " * 30)
    history.add_user("a " * 30)
    history.add_assistant("b " * 30)
    assert len(prompt(history)) == 3
    assert len(history.messages) == 2


def test_an_exchange_that_fits_nowhere_is_forgotten() -> None:
    history = History(PLAIN)
    history.add_user("a " * 60)
    history.add_assistant("b " * 60)
    assert prompt(history) == (SYSTEM,)


def test_a_greeting_that_fits_nowhere_is_forgotten() -> None:
    history = History(HistoryOptions(opening="", message_tokens=1))
    history.add_assistant("welcome " * 200)
    assert prompt(history) == (SYSTEM,)


def test_a_turn_that_is_too_long_keeps_its_end() -> None:
    history = History(PLAIN)
    history.add_user("before")
    history.add_assistant("before")
    text = " ".join(str(number) for number in range(500))
    last = prompt(history, text)[-1]
    assert text.endswith(" " + last.content)
    assert words(last.content) == 86  # 100 - 10 for the reply - 3 for system - 1 for the message
    assert prompt(history, "short") == (SYSTEM, user("short"))


def test_one_endless_word_is_cut_inside() -> None:
    history = History(PLAIN)
    last = history.prompt("", "x" * 500, len, 100, 10)[-1]
    assert last == user("x" * 89)


def test_a_system_message_that_fills_the_window_still_gets_a_user_turn() -> None:
    history = History(PLAIN)
    assert prompt(history, "one two", system="z " * 200)[1].content in "one two"


turns = st.lists(
    st.tuples(st.sampled_from("uap"), st.text(alphabet="ab \n", max_size=120)), max_size=40
)


@given(turns, st.integers(20, 200))
def test_prompts_alternate_fit_and_begin_with_the_user(
    steps: list[tuple[str, str]], context: int
) -> None:
    history = History(PLAIN)
    for kind, text in steps:
        if kind == "u":
            history.add_user(text)
        elif kind == "a":
            history.add_assistant(text)
        shown = prompt(history, text if kind == "p" else None, context=context)
        roles = [message.role for message in shown[1:]]
        assert shown[0] == SYSTEM
        assert roles == (["user", "assistant"] * len(roles))[: len(roles)]
        assert all(message.content.strip() for message in shown)
        assert sum(words(m.content) + 1 for m in shown) <= context - 10


@given(turns)
def test_a_prompt_that_fits_only_ever_grows_at_its_end(steps: list[tuple[str, str]]) -> None:
    history = History(PLAIN)
    before = ""
    for kind, text in steps:
        (history.add_user if kind == "u" else history.add_assistant)(text)
        shown = history.prompt("be kind", None, words, 1_000_000, 10)
        after = "".join(f"{m.role}: {m.content}\n" for m in shown)
        assert after.startswith(before.rstrip("\n"))
        before = after
