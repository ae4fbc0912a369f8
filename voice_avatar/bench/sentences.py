"""Sentences to speak, the same for every voice. Written for this project.

English, with every phoneme of American English, many lips that must close (p b m f v), and only
words that the CMU pronouncing dictionary has, so that a forced aligner needs no guesses.
"""

from __future__ import annotations

from importlib import resources


def read_sentences(limit: int = 0) -> list[str]:
    """Returns the sentences, or the first `limit` of them (0 = all)."""
    folder = resources.files("voice_avatar").joinpath("data/bench")
    lines = (folder / "sentences.txt").read_text(encoding="utf-8").splitlines()
    return lines[: limit or None]
