"""Persona files."""

from __future__ import annotations

import pytest

from voice_avatar.acting.gesture.mood import Baseline
from voice_avatar.errors import PersonaError
from voice_avatar.personas.persona import (
    Persona,
    built_in,
    built_in_names,
    offered,
    parse,
    system_prompt,
)
from voice_avatar.stages.llm import estimate_tokens

MINIMAL = 'name = "Bo"\nprompt = "You are Bo."\n'


def test_a_persona_needs_only_a_name_and_a_prompt() -> None:
    assert parse(MINIMAL) == Persona(name="Bo", prompt="You are Bo.")


def test_every_key_is_read() -> None:
    persona = parse(
        MINIMAL + 'language = "zh"\nvoice = "v"\ngreeting = "g"\ngestures = ["wave"]\n'
        'expressions = ["happy"]\nenergy = 1\n[baseline]\nexpression = "relaxed"\nvalence = 0.2\n'
    )
    rest = Baseline("relaxed", 0.2)
    assert persona == Persona("Bo", "You are Bo.", "zh", "v", "g", ("wave",), ("happy",), 1.0, rest)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "Invalid value"),
        ('name = "Bo"', "prompt"),
        (MINIMAL + "energy = 'high'", "float"),
        (MINIMAL + "energy = 1.5", "energy must be from 0 to 1"),
        (MINIMAL + "gestures = 'wave'", "array"),
        (MINIMAL + "[baseline]\nvalence = 2", "valence and arousal are from -1 to 1"),
        (MINIMAL + "[baseline]\nexpression = 'odd'", "no expression 'odd'"),
        (MINIMAL + "[baseline]\nvalense = 0", "did you mean valence?"),
        (MINIMAL + 'langage = "en"', "did you mean language?"),
        (MINIMAL + 'xyz = "en"', "known keys: name, prompt, language"),
        ('name = " "\nprompt = "p"', "must not be empty"),
        ('name = "n"\nprompt = " "', "must not be empty"),
    ],
)
def test_a_persona_file_that_cannot_be_used_says_why(text: str, said: str) -> None:
    with pytest.raises(PersonaError, match=said.replace("?", r"\?")):
        parse(text)


def test_the_system_prompt_names_only_the_tags_of_the_persona() -> None:
    text = system_prompt(Persona("Bo", "You are Bo.", gestures=("wave", "shrug")))
    assert text.startswith("You are Bo.\n")
    assert "[gesture:wave] [gesture:shrug]" in text
    assert "face" not in text.lower()


def test_a_persona_without_tags_gets_no_rules_about_them() -> None:
    assert system_prompt(Persona("Bo", "You are Bo.\n")) == "You are Bo."


def test_the_rules_are_in_the_language_of_the_persona_or_english() -> None:
    zh = system_prompt(Persona("Bo", "p", language="zh", expressions=("happy",)))
    fr = system_prompt(Persona("Bo", "p", language="fr", expressions=("happy",)))
    it = system_prompt(Persona("Bo", "p", language="it", expressions=("happy",)))
    assert "标签" in zh
    assert "Visages : [face:happy]." in fr
    assert "Faces: [face:happy]." in it


@pytest.mark.parametrize("name", built_in_names())
def test_a_built_in_persona_is_short_enough_to_be_read_before_the_first_word(name: str) -> None:
    persona = built_in(name)
    assert persona.greeting
    assert estimate_tokens(system_prompt(persona)) < 320


def test_ava_ships_in_english_and_chinese() -> None:
    assert {name: built_in(name).language for name in built_in_names()} == {
        "ava": "en",
        "ava-zh": "zh",
    }


def test_an_unknown_built_in_persona_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(PersonaError, match="there are ava, ava-zh"):
        built_in("eva")


def test_tags_may_ask_for_what_the_persona_lists_by_whatever_name() -> None:
    allowed = offered(Persona("Bo", "p", gestures=("wave", "point"), expressions=("joy",)))
    assert allowed == {"wave", "point_here", "happy"}


def test_a_persona_that_lists_nothing_limits_nothing() -> None:
    assert offered(Persona("Bo", "p")) is None
    only_faces = offered(Persona("Bo", "p", expressions=("happy",)))
    assert only_faces is not None
    assert {"happy", "wave", "bow"} <= only_faces
    assert "sad" not in only_faces
