"""Sentences to speak, the same for every voice. Written for this project.

English, with every phoneme of American English, many lips that must close (p b m f v), and only
words that the CMU pronouncing dictionary has, so that a forced aligner needs no guesses.
"""

from __future__ import annotations

from importlib import resources


def read_sentences(limit: int = 0) -> list[str]:
    """Returns the sentences, or the first `limit` of them (0 = all)."""
    return _lines("sentences.txt")[: limit or None]


def read_calibration() -> list[str]:
    """Returns other sentences, on which tables are fitted that are judged on the sentences."""
    return _lines("calibration.txt")


def _lines(name: str) -> list[str]:
    folder = resources.files("voice_avatar").joinpath("data/bench")
    return (folder / name).read_text(encoding="utf-8").splitlines()
