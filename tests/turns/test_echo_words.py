"""The avatar's own words, back from its loudspeaker, are told from the user's."""

from __future__ import annotations

import pytest

from voice_avatar.turns.echo_words import is_echo

PLAYED = "The nearest exit is behind the old painting, next to the stairs.".split()


@pytest.mark.parametrize(
    "text",
    [
        "The nearest exit is behind the old painting",
        "is behind the old painting, next to the",
        "nearest exit is behind the gold painting.",
        "The near exit behind the old paint in",
        "The old.",
        "exit",
        "stairs",
    ],
)
def test_what_was_played_is_an_echo_even_with_errors(text: str) -> None:
    assert is_echo(text, PLAYED)


@pytest.mark.parametrize(
    "text",
    [
        "Stop.",
        "No.",
        "Wait, which painting do you mean?",
        "Sorry, where is the nearest exit again?",
        "The nearest exit? No, I want to see the museum shop.",
        "Can you repeat that, please?",
        "I",
        "",
        "...",
    ],
)
def test_what_a_user_says_is_none(text: str) -> None:
    assert not is_echo(text, PLAYED)


def test_a_short_word_is_not_looked_for_inside_others() -> None:
    assert not is_echo("No.", "That is normal, you know.".split())
    assert is_echo("No.", "I said no to him.".split())


def test_without_a_reply_nothing_is_an_echo() -> None:
    assert not is_echo("The nearest exit is behind the old painting", [])
    assert not is_echo("exit", [])


def test_chinese_is_compared_by_its_characters() -> None:
    played = "最近的 出口 在 那幅 旧画 的 后面 请 跟 我 来".split()
    assert is_echo("最近的出口在那幅旧画后面", played)
    assert not is_echo("请问一下洗手间在什么地方呢", played)
