"""The bench of the synthesizer: what counts as first, as fast and as fluent."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator

import pytest

from voice_avatar.bench.measures.tts import (
    OURS,
    add_arguments,
    figures,
    our_speaker,
    passages,
    run,
    spoken,
    take_turns,
)
from voice_avatar.engines.scripted import ScriptedTts


class Clock:
    """A clock that passes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 10.0

    def __call__(self) -> float:
        return self.now_s


def speaker(clock: Clock, *pieces: tuple[float, float]) -> object:
    """Returns a speaker whose pieces are (seconds to make, seconds of audio)."""

    def speak(text: str) -> Iterator[float]:
        for making_s, audio_s in pieces:
            clock.now_s += making_s
            yield audio_s

    return speak


def test_speech_is_fluent_when_every_piece_is_there_before_the_last_has_been_played() -> None:
    clock = Clock()
    made = spoken(speaker(clock, (0.2, 0.5), (0.4, 0.5), (0.5, 1.0)), "hello", clock)
    assert made.first_s == pytest.approx(0.2)
    assert made.total_s == pytest.approx(1.1)
    assert made.speed == pytest.approx(2.0 / 1.1)
    assert (made.pieces, made.is_fluent) == (3, True)


def test_a_piece_that_comes_late_leaves_a_gap() -> None:
    clock = Clock()
    assert not spoken(speaker(clock, (0.2, 0.5), (0.6, 0.5)), "hello", clock).is_fluent


def test_speakers_take_turns_and_the_first_round_does_not_count() -> None:
    calls: list[str] = []

    def calling(name: str) -> object:
        def speak(text: str) -> Iterator[float]:
            calls.append(f"{name} {text}")
            yield 1.0

        return speak

    runs = take_turns({"a": calling("a"), "b": calling("b")}, ["one", "two"])
    assert calls == ["a one", "b one", "a one", "b one", "a two", "b two"]
    assert [s.text for s in runs["b"]] == ["one", "two"]


def test_our_engine_is_given_the_chunks_of_the_pipeline() -> None:
    tts = ScriptedTts()
    whole = sum(our_speaker(tts)("Hello there. This is a second sentence."))
    alone = sum(our_speaker(tts)("Hello there.")) + sum(
        our_speaker(tts)("This is a second sentence.")
    )
    assert whole == pytest.approx(alone)
    assert whole > 1.0


def test_ratios_compare_text_by_text_with_ours() -> None:
    clock = Clock()
    ours = [spoken(speaker(clock, (s, 1.0)), "x", clock) for s in (0.1, 0.2)]
    theirs = [spoken(speaker(clock, (s, 1.0)), "x", clock) for s in (0.3, 0.4)]
    found = {f.name: f for f in figures({OURS: ours, "piper, our threads": theirs}, "sentence")}
    ratio = found["sentence.piper_our_threads.first_audio_ratio"].summary
    assert ratio is not None
    assert (ratio.least, ratio.most) == pytest.approx((2.0, 3.0))
    assert found["sentence.ours.fluent"].value == 100.0


def test_passages_are_sentences_in_threes() -> None:
    assert passages(["a.", "b.", "c.", "d."]) == ["a. b. c.", "d."]


@pytest.mark.models
def test_the_real_voice_is_measured_beside_piper_itself() -> None:
    parser = ArgumentParser()
    add_arguments(parser)
    result = run(parser.parse_args(["--limit", "2"]))
    assert result.kind == "tts"
    assert result.command == "voice-avatar bench tts --voice en_US-joe-medium --threads 1 --limit 2"
    assert result.subject["models"]["tts"]["sha256"]
    lengths = {item["speaker"]: item["audio_s"] for item in result.items}
    assert max(lengths.values()) < 1.5 * min(lengths.values())
