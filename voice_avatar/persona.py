"""Who the avatar is: a persona file becomes the system prompt, voice and body vocabulary. Pure.

A persona file is TOML; its keys are the attributes of `Persona`. Two ship with the package: "ava"
(English) and "ava-zh" (Chinese).
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, fields
from importlib import resources

import msgspec

from voice_avatar.errors import PersonaError

_FOLDER = resources.files("voice_avatar") / "data" / "personas"

_MARKUP = {
    "en": (
        "You may begin a sentence with one tag. {tags} Use no other tags, no lists, no emoji.",
        "Faces: {}.",
        "Gestures: {}.",
    ),
    "zh": (
        "句首可以加一个标签。{tags}不要用其他标签、列表或表情符号。",
        "表情：{}。",
        "手势：{}。",
    ),
}


@dataclass(frozen=True, slots=True)
class Persona:
    """Who the avatar is.

    Attributes:
        name: what it is called.
        prompt: who it is and how it speaks, as instructions to the model.
        language: ISO 639-1 code that it speaks.
        voice: voice of the synthesizer; "" = the configured one.
        greeting: what it says first, "" = it waits.
        gestures: gesture lexemes that the model is told of; fewer are used better.
        expressions: facial expressions that the model is told of.
        energy: how much it moves, 0..1; scales gesture amplitude and rate.
    """

    name: str
    prompt: str
    language: str = "en"
    voice: str = ""
    greeting: str = ""
    gestures: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    energy: float = 0.5


def parse(toml_text: str) -> Persona:
    """Reads a persona file.

    Raises:
        PersonaError: not TOML, or a key is missing, unknown, mistyped or out of range.
    """
    try:
        table = tomllib.loads(toml_text)
        _refuse_unknown(table)
        persona = msgspec.convert(table, Persona)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PersonaError(f"The persona file cannot be used: {error}") from error
    if not persona.name.strip() or not persona.prompt.strip():
        raise PersonaError("The persona file cannot be used: name and prompt must not be empty")
    if not 0 <= persona.energy <= 1:
        raise PersonaError("The persona file cannot be used: energy must be from 0 to 1")
    return persona


def built_in(name: str) -> Persona:
    """Returns a persona that ships with the package.

    Raises:
        PersonaError: there is none of that name.
    """
    if name not in (names := built_in_names()):
        raise PersonaError(f"No persona is called {name!r}; there are {', '.join(names)}")
    return parse((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def built_in_names() -> tuple[str, ...]:
    """Returns the names that `built_in` takes."""
    return tuple(sorted(f.name.removesuffix(".toml") for f in _FOLDER.iterdir()))


def system_prompt(persona: Persona) -> str:
    """Returns the whole system message: the persona's prompt, then how to use tags.

    It is short on purpose: it is read before every first token, and small models follow few rules.
    """
    rule, faces, gestures = _MARKUP.get(persona.language, _MARKUP["en"])
    tags = []
    if persona.expressions:
        tags.append(faces.format(" ".join(f"[face:{name}]" for name in persona.expressions)))
    if persona.gestures:
        tags.append(gestures.format(" ".join(f"[gesture:{name}]" for name in persona.gestures)))
    prompt = persona.prompt.strip()
    return f"{prompt}\n{rule.format(tags=' '.join(tags))}" if tags else prompt


def _refuse_unknown(table: dict[str, object]) -> None:
    known = [field.name for field in fields(Persona)]
    for key in table:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}"
            raise PersonaError(f"The persona file has an unknown key {key!r}; {hint}")
