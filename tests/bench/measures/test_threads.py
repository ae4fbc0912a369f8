"""The bench of threads, batches and calls at once."""

from __future__ import annotations

import threading
from argparse import ArgumentParser, Namespace

import pytest

from voice_avatar.bench.measures import threads
from voice_avatar.bench.measures.threads import add_arguments, run
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.errors import ConfigError


def parsed(*words: str) -> Namespace:
    parser = ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def test_waits_count_from_the_moment_at_which_all_had_asked() -> None:
    first, second = threads._in_turn([lambda: None, lambda: None])
    assert 0.0 <= first <= second


def test_two_jobs_run_at_a_time() -> None:
    both = threading.Barrier(2, timeout=5.0)
    assert len(threads._two_at_a_time([both.wait] * 4)) == 4


@pytest.mark.parametrize("is_first", [True, False])
def test_every_user_has_a_wait_whatever_way_he_is_served(is_first: bool) -> None:
    mouths = threads._Mouths(ScriptedTts(), ["One two.", "Three."], is_first=is_first)
    for way in (mouths.in_turn, mouths.two_threads):
        assert len(threads._of_all(way, 2, 3)) == 6


def test_numbers_that_measure_nothing_are_refused() -> None:
    for words in (["--rounds", "0"], ["--most", "-1"]):
        with pytest.raises(ConfigError):
            run(parsed(*words))


@pytest.mark.models
def test_the_real_engines_are_measured() -> None:
    result = run(parsed("--rounds", "1", "--most", "1"))
    assert result.kind == "threads"
    assert result.command == "voice-avatar bench threads --most 1 --rounds 1"
    assert set(result.subject["models"]) == {"stt", "llm", "tts"}
    names = {figure.name for figure in result.figures}
    assert {"threads.stt.1.alone", "threads.llm.1.beside", "together.stt.4.batch"} <= names
    assert all(figure.summary and figure.summary.least > 0 for figure in result.figures)
