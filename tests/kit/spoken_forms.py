"""Written forms, how a person says them, and how many of them a library says right.

`tests/data/spoken_forms/*.txt`: a kind, a form, and a regular expression of what may be said.
The `_kept` files were written after the rules, and before the rules were first tried on them.

    python -m kit.spoken_forms ours            # or wetext, nemo, where they are installed
    python -m kit.spoken_forms wetext --all    # and what was said otherwise
"""

from __future__ import annotations

import contextlib
import importlib
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "spoken_forms"
LANGUAGES = ("en", "zh", "fr")
FILES = ("", "_kept")

Reader = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Form:
    """A written form.

    Attributes:
        kind: what it is, in a word.
        written: the text.
        said: pattern of what may be said for it, as `bare` writes it.
    """

    kind: str
    written: str
    said: str


def forms(name: str) -> Iterator[Form]:
    """Yields the forms of a file, by its name without ending."""
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield Form(*(part.strip() for part in line.split(" | ", 2)))


def bare(text: str, language: str) -> str:
    """Returns what is heard of a spoken text: no marks, no "and", letters in a row as one word."""
    text = text.lower().replace("’", "'")
    if language == "zh":
        return re.sub(r"[^\w+]|_", "", text)
    if language == "fr":
        return " ".join(re.sub(r"[^\w' ]", " ", text).split())
    words = [
        word for word in re.sub(r"[^\w ]", " ", text.replace("'", "")).split() if word != "and"
    ]
    return re.sub(r"\b([a-z]) (?=[a-z]\b)", r"\1", " ".join(words))


def is_right(form: Form, spoken: str, language: str) -> bool:
    """Whether a form was said as a person might say it."""
    return re.fullmatch(form.said, bare(spoken, language)) is not None


def _ours() -> dict[str, Reader]:
    from voice_avatar.text.speakable import speakable

    def reader(language: str) -> Reader:
        return lambda text: speakable(text, language).spoken

    return {language: reader(language) for language in LANGUAGES}


def _wetext() -> dict[str, Reader]:
    library = importlib.import_module("wetext")
    return {
        language: library.Normalizer(lang=language, operator="tn").normalize
        for language in ("en", "zh")
    }


def _nemo() -> dict[str, Reader]:
    library = importlib.import_module("nemo_text_processing.text_normalization.normalize")
    return {
        language: library.Normalizer(
            input_case="cased", lang=language, cache_dir=str(Path(tempfile.gettempdir()) / "nemo")
        ).normalize
        for language in LANGUAGES
    }


_LIBRARIES = {"ours": _ours, "wetext": _wetext, "nemo": _nemo}


def _main(library: str, *, shows_all: bool) -> None:
    start = time.perf_counter()
    readers = _LIBRARIES[library]()
    for reader in readers.values():
        reader("a 1")
    print(f"{library}: ready after {time.perf_counter() - start:.2f} s")
    for language, reader in readers.items():
        for file in FILES:
            right, times_s, all_forms = 0, [], list(forms(language + file))
            for form in all_forms:
                start = time.perf_counter()
                spoken = ""
                with contextlib.suppress(Exception):  # a library that fails says nothing
                    spoken = reader(form.written)
                times_s.append(time.perf_counter() - start)
                good = is_right(form, spoken, language)
                right += good
                if shows_all and not good:
                    print(f"  {form.kind}: {form.written!r} -> {spoken!r}")
            middle_ms = 1000 * sorted(times_s)[len(times_s) // 2]
            share = 100 * right / len(all_forms)
            print(
                f"{language + file:8} {right:4} of {len(all_forms)} = {share:.1f} %,"
                f" {middle_ms:.2f} ms a form"
            )
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    _main(sys.argv[1], shows_all="--all" in sys.argv)
