"""Endpointing policy: how long to wait, by the model, the words and the user's habits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.stages.turn import InterruptOptions, TurnOptions
from voice_avatar.turns.endpointing import commit_delay_s, learned_pause_s

OPTIONS = TurnOptions(
    min_silence_s=0.2,
    max_silence_s=1.4,
    plain_silence_s=0.7,
    sure_probability=0.9,
    doubt_probability=0.1,
    open_ending_s=1.1,
    interrupt=InterruptOptions(speech_s=0.7, any_s=1.8),
)


@pytest.mark.parametrize(
    ("probability", "delay_s"),
    [(1.0, 0.2), (0.9, 0.2), (0.5, 0.8), (0.1, 1.4), (0.0, 1.4), (None, 0.7)],
)
def test_the_surer_the_turn_model_the_shorter_the_wait(
    probability: float | None, delay_s: float
) -> None:
    assert commit_delay_s(OPTIONS, probability, "I went home.", "en") == pytest.approx(delay_s)


def test_an_open_ending_lengthens_the_wait_of_a_sure_model_and_shortens_none() -> None:
    assert commit_delay_s(OPTIONS, 0.95, "I went home and", "en") == 1.1
    assert commit_delay_s(OPTIONS, 0.0, "I went home and", "en") == pytest.approx(1.4)
    assert commit_delay_s(OPTIONS, 0.95, "", "en") == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("text", "language", "probability", "delay_s"),
    [
        ("I would like a", "en", 0.0, 1.4),  # an open ending
        ("produced the block books", "en", 0.95, 0.8),  # no mark at its end
        ("我要一杯咖啡", "zh", 0.95, 0.8),
        ("Okay, great.", "en", 0.95, 0.7),  # words that only open a turn
        ("好的，好的。", "zh", 0.95, 0.7),
        ("Okay, take it.", "en", 0.95, 0.2),
        ("我要咖啡。", "zh", 0.95, 0.2),
        ("How old is it?", "en", 0.0, 0.6),  # a question
        ("你好吗？", "zh", 0.0, 0.6),
        ("How old is it?", "en", 0.95, 0.2),
        ("And she said: 'No.' ", "en", 0.95, 0.2),  # a mark within quotes
        ("他说：“我去。”", "zh", 0.95, 0.2),
        ("Did she ask “why not?”", "en", 0.0, 0.6),
        ("Because of the um.", "en", 0.95, 1.1),  # a mark after an open ending
        ("我想", "zh", 0.95, 1.1),
        ("So where is the...", "en", 0.95, 1.1),
        ("嗯。", "zh", 0.95, 1.1),
        ("Okay", "en", 0.95, 0.8),  # the longest of several
        ("Okay?", "en", 0.0, 1.4),  # an opener is no question
        ("你好", "zh", 0.0, 1.4),
        ("Hmm?", "en", None, 0.7),
        ("I went home.", "en", None, 0.7),
        ("What is it?", "en", None, 0.6),
        ("I went home and", "en", None, 1.1),
    ],
)
def test_the_words_correct_the_wait(
    text: str, language: str, probability: float | None, delay_s: float
) -> None:
    assert commit_delay_s(OPTIONS, probability, text, language) == pytest.approx(delay_s)


@pytest.mark.parametrize("text", ["I went home", "Okay.", "What is it?", "I went home and", ""])
@given(st.floats(0, 1), st.floats(0, 1))
def test_whatever_the_words_more_probability_never_means_a_longer_wait(
    text: str, first: float, second: float
) -> None:
    less, more = sorted((first, second))
    waits = [commit_delay_s(OPTIONS, p, text, "en") for p in (less, more)]
    assert waits[0] >= waits[1]


@given(
    st.lists(st.one_of(st.none(), st.floats(0, 10)), max_size=30),
    st.floats(0, 1),
)
def test_whatever_is_learned_stays_below_the_longest_silence(
    pauses: list[float | None], rate: float
) -> None:
    options = replace(OPTIONS, learning_rate=rate)
    known_s = 0.0
    for pause_s in pauses:
        before_s, known_s = known_s, learned_pause_s(options, known_s, pause_s)
        assert 0.0 <= known_s <= options.max_silence_s
        assert known_s <= before_s if pause_s is None else known_s >= before_s


def test_patience_stretches_every_wait() -> None:
    patient = replace(OPTIONS, patience=2.0)
    for probability in (0.0, 0.5, 0.95, None):
        plain_s = commit_delay_s(OPTIONS, probability, "I went home.", "en")
        assert commit_delay_s(patient, probability, "I went home.", "en") == 2 * plain_s


def test_pauses_that_were_mistaken_for_an_end_are_learned_and_slowly_forgotten() -> None:
    once_s = learned_pause_s(OPTIONS, 0.0, 0.7)
    twice_s = learned_pause_s(OPTIONS, once_s, 0.7)
    assert once_s == pytest.approx(0.4)
    assert once_s < twice_s < 0.8
    assert learned_pause_s(OPTIONS, twice_s, 0.2) == twice_s
    assert 0 < learned_pause_s(OPTIONS, twice_s, None) < twice_s
    assert learned_pause_s(OPTIONS, 0.0, 60.0) <= OPTIONS.max_silence_s
    assert learned_pause_s(replace(OPTIONS, learning_rate=0.0), 0.0, 0.7) == 0.0


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_any_thresholds_give_a_wait_within_the_bounds(
    probability: float, sure: float, doubt: float
) -> None:
    options = TurnOptions(sure_probability=sure, doubt_probability=doubt)
    delay_s = commit_delay_s(options, probability, "I went home.", "en")
    assert options.min_silence_s <= delay_s <= options.max_silence_s + 1e-9


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_probability_never_means_a_longer_wait(first: float, second: float) -> None:
    less, more = sorted((first, second))
    waits = [commit_delay_s(OPTIONS, p, "I went home.", "en") for p in (less, more)]
    assert waits[0] >= waits[1]
