"""The set of written forms: what is said for each is what a person might say."""

from __future__ import annotations

import pytest
from kit.spoken_forms import FILES, LANGUAGES, Form, bare, forms, is_right

from voice_avatar.text.chunking import Chunker, ChunkingOptions
from voice_avatar.text.speakable import speakable

_KNOWN_TO_BE_WRONG = frozenset(
    {
        "3/14 is Pi Day",  # a fraction as often
        "IBAN DE89 3704 0044",  # too short for a card
        "B-52s",
    }
)
CASES = [
    (language, form)
    for language in LANGUAGES
    for file in FILES
    for form in forms(language + file)
    if form.written not in _KNOWN_TO_BE_WRONG
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_is_said_as_a_person_might_say_it(language: str) -> None:
    wrong = [
        (form.written, spoken)
        for of, form in CASES
        if of == language and not is_right(form, spoken := speakable(form.written, of).spoken, of)
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_is_said_alike_in_the_chunks_of_a_reply(language: str) -> None:
    wrong = []
    for of, form in CASES:
        if of == language:
            chunker = Chunker(ChunkingOptions(first_max_words=3), of)
            first, last = chunker.push(form.written), chunker.flush()
            joint = "" if of == "zh" else " "
            spoken = joint.join(chunk.spoken for chunk in first.chunks + last.chunks)
            # "#" and "/" at the beginning of a line, or backquotes, are markup in a reply.
            if first.text + last.text == form.written and not is_right(form, spoken, of):
                wrong.append((form.written, spoken))
    assert wrong == []


def test_the_set_is_large_and_no_form_is_in_it_twice() -> None:
    count = {
        language: len({f.written for of, f in CASES if of == language}) for language in LANGUAGES
    }
    assert count["en"] > 250
    assert count["zh"] > 120
    assert count["fr"] > 80
    assert sum(count.values()) == len(CASES)


def test_marks_and_spelling_make_no_difference() -> None:
    assert bare("Twenty-one U-S dollars and 5!", "en") == "twenty one us dollars 5"
    assert bare("两千，元 。", "zh") == "两千元"
    assert is_right(Form("x", "1", "(one|a) cat"), "A cat.", "en")
