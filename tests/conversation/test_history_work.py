"""History does no more work for a turn than the turn brings, and prompts stay as they were."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.history_oracle import OldHistory

from voice_avatar.conversation.history import (
    FORGOTTEN,
    CountTokens,
    History,
    HistoryOptions,
    tail_cut,
)
from voice_avatar.events.payloads import Message, ToolCall
from voice_avatar.stages.llm import chars_within, defused, estimate_tokens

OPTIONS = HistoryOptions()
TURNS = 1000


class Counting:
    """Counts tokens, and what it is asked for."""

    def __init__(self, count: CountTokens = estimate_tokens) -> None:
        self._count = count
        self.calls = 0
        self.chars = 0

    def __call__(self, text: str) -> int:
        self.calls += 1
        self.chars += len(text)
        return self._count(text)


def typed(number: int, chars: int) -> str:
    """A turn unlike all others, in words."""
    words = f"turn {number} is like no other and says " + "something more " * (chars // 15)
    return words[:chars].strip()


# -- work


@pytest.mark.parametrize("is_answered", [False, True])
@pytest.mark.parametrize("context", [2048, 131_072])
@pytest.mark.parametrize("chars", [20, 200, 8000])
def test_a_typed_turn_is_counted_once_or_twice_however_many_were_before(
    chars: int, context: int, is_answered: bool
) -> None:
    count, history, sent = Counting(), History(OPTIONS), 0
    worst_calls = worst_chars = 0
    for number in range(TURNS if chars < 8000 else 200):
        before_calls, before_chars = count.calls, count.chars
        text = typed(number, chars)
        sent += len(text)
        history.prompt("Be kind.", text, count, context, 160)
        history.add_user(text)
        history.prompt("Be kind.", None, count, context, 160)  # what is read ahead
        if is_answered:
            history.add_assistant(f"Well {number}.")
            sent += len(f"Well {number}.")
        worst_calls = max(worst_calls, count.calls - before_calls)
        worst_chars = max(worst_chars, count.chars - before_chars)
    assert count.chars < 3.5 * sent
    assert worst_chars <= 2 * chars + 16_500  # of one turn: itself, and a run of turns once


def test_turns_that_nobody_answers_are_forgotten_with_a_mark_in_large_steps() -> None:
    history, changes, before = History(OPTIONS, 1000), 0, ""
    for number in range(500):
        history.add_user(f"turn {number}")
        (message,) = history.messages
        assert len(message.content) <= 1000
        assert message.content.endswith(f"turn {number}")
        changes += not message.content.startswith(before)
        before = message.content
    assert before.startswith(f"{FORGOTTEN} turn ")
    assert changes < 12


def test_a_long_turn_is_kept_whole_beside_what_is_forgotten() -> None:
    history = History(OPTIONS, 1000)
    for text in ("one", "x" * 990, "y" * 1500):
        history.add_user(text)
    assert history.messages == (Message("user", f"{FORGOTTEN} {'y' * 1500}"),)


@pytest.mark.parametrize("after", ["", "b"])
def test_turns_put_in_anywhere_are_bounded_too(after: str) -> None:
    history = History(OPTIONS, 1000)
    history.insert("a", Message("user", "first"))
    history.insert("b", Message("assistant", "answer"))
    for number in range(300):
        history.insert(f"u{number}", Message("user", f"turn {number} " * 3), after)
    first, answer, *others = history.messages
    assert answer == Message("assistant", "answer")
    assert all(len(message.content) <= 1100 for message in (first, *others))


def test_what_is_far_over_budget_is_not_counted() -> None:
    """Ten thousand messages of a client's, and one prompt."""
    count, history = Counting(), History(OPTIONS)
    for number in range(5000):
        history.insert(f"u{number}", Message("user", typed(number, 400)))
        history.insert(f"a{number}", Message("assistant", typed(number, 400)))
    prompt = history.prompt("Be kind.", "And now?", count, 2048, 160)
    assert 2 < len(prompt) < 20
    assert count.chars < 12_000


def test_a_turn_that_is_too_long_is_cut_without_counting_a_word_twice() -> None:
    count, history = Counting(), History(OPTIONS)
    text = " ".join(f"word{number}" for number in range(20_000))
    prompt = history.prompt("", text, count, 2048, 160)
    assert text.endswith(f" {prompt[-1].content}")
    assert estimate_tokens(prompt[-1].content) > 1800
    assert count.chars < 2 * len(text) + 10


def test_one_endless_word_is_cut_without_counting_it_again_and_again() -> None:
    count, history = Counting(), History(OPTIONS)
    prompt = history.prompt("", "x" * 100_000, count, 2048, 160)
    assert 5600 < len(prompt[-1].content) <= 3 * 1880
    assert count.chars < 3.1 * 100_000


def test_a_few_turns_too_many_for_a_small_window_lose_the_oldest_for_good() -> None:
    history, count = History(HistoryOptions(message_tokens=1)), len
    for number in range(20):
        history.add_user(f"turn {number:02}")
    (shown,) = history.prompt("", None, count, 100, 10)
    assert shown.content == f"{FORGOTTEN} turn 15 turn 16 turn 17 turn 18 turn 19"
    assert history.messages == (shown,)


# -- prompts as they were


def joined_words(most: int) -> st.SearchStrategy[str]:
    words = st.sampled_from(["a", "bee", "sea,", "delta?", "42", "你好", "e-f", "<|im_end|>"])
    return st.lists(words, min_size=1, max_size=most).map(" ".join)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("user"), joined_words(6)),
        st.tuples(st.just("assistant"), joined_words(6)),
        st.tuples(st.just("call"), joined_words(3)),
        st.tuples(st.just("prompt"), joined_words(6)),
        st.tuples(st.just("cut"), joined_words(2)),
        st.tuples(st.just("after"), joined_words(2)),
    ),
    max_size=30,
)


@pytest.mark.parametrize("count", [estimate_tokens, lambda text: len(text.split())])
@given(script=steps, context=st.integers(60, 300), opening=st.sampled_from(["", "Hello!"]))
@settings(max_examples=300, deadline=None)
def test_prompts_of_ordinary_talks_are_as_they_were(
    count: Callable[[str], int], script: list[tuple[str, str]], context: int, opening: str
) -> None:
    """But for unanswered turns that fill the window by themselves: they are forgotten earlier."""
    options = HistoryOptions(message_tokens=2, opening=opening)
    old, new = OldHistory(options), History(options)
    for number, (kind, text) in enumerate(script):
        extra, calls = None, ()
        for history in (old, new):
            if kind in ("user", "assistant"):
                history.insert(f"k{number}", Message(kind, text))  # type: ignore[arg-type]
            elif kind == "cut":
                history.rewrite(f"k{number - 2}", text if number % 3 else "")
            elif kind == "after":
                history.insert(f"k{number}", Message("user", text), f"k{number - 3}")
            elif kind == "call":
                calls = (
                    Message("assistant", text, (ToolCall(f"c{number}", "tool", "{}"),)),
                    Message("tool", text, call_id=f"c{number}"),
                )
                if number % 2:
                    history.add_calls(calls)
                    calls = ()
            else:
                extra = text
        assert new.messages == old.messages
        was = old.prompt("Be kind.", extra, count, context, 10, calls)
        now = new.prompt("Be kind.", extra, count, context, 10, calls)
        alone = extra and count(defused(extra)) + 20 > context - 10
        if now != was and len(was) == 2 and was[1].role == "user" and not alone:
            # The run was too long: the newest turns are there, of the older ones there are less.
            assert was[1].content.endswith(now[1].content.removeprefix(FORGOTTEN).strip())
            return
        assert now == was


@given(st.text(alphabet="ab \n\t7é你", max_size=60), st.integers(-2, 40))
def test_a_cut_in_one_pass_is_where_it_was(text: str, room: int) -> None:
    low, high = 0, len(text)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if estimate_tokens(text[:middle]) < room else (low, middle)
    if estimate_tokens(text) > room:
        assert chars_within(text, room) == low


def test_a_long_result_of_a_tool_is_cut_at_its_end() -> None:
    assert tail_cut("word " * 1000, 11) == "word word word word word…"
