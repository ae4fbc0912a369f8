"""Who the avatar is: a persona file becomes the system prompt, voice and body vocabulary. Pure.

A persona file is TOML; its keys are the attributes of `Persona`. Two ship with the package: "ava"
(English) and "ava-zh" (Chinese).
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field, fields
from importlib import resources

import msgspec

from voice_avatar import languages
from voice_avatar.acting.gesture.mood import Baseline
from voice_avatar.errors import PersonaError
from voice_avatar.vocabulary import vocabulary

_FOLDER = resources.files("voice_avatar") / "data" / "personas"


@dataclass(frozen=True, slots=True)
class Persona:
    """Who the avatar is.

    Attributes:
        name: what it is called.
        prompt: who it is and how it speaks, as instructions to the model.
        language: ISO 639-1 code that it speaks.
        voice: voice of the synthesizer; "" = the configured one.
        greeting: what it says first, "" = it waits.
        gestures: gesture lexemes that the model is told of; fewer are used better. Its tags may ask
            for no others; none = for all.
        expressions: facial expressions that the model is told of, likewise.
        energy: how much it moves, 0..1; scales gesture amplitude and rate.
        baseline: how it feels when nothing moves it: a table with `expression`, `valence` and
            `arousal` (-1..1); neutral where it does not say.
    """

    name: str
    prompt: str
    language: str = "en"
    voice: str = ""
    greeting: str = ""
    gestures: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    energy: float = 0.5
    baseline: Baseline = field(default_factory=Baseline)


def parse(toml_text: str) -> Persona:
    """Reads a persona file.

    Raises:
        PersonaError: not TOML, or a key is missing, unknown, mistyped or out of range.
    """
    try:
        table = tomllib.loads(toml_text)
        _refuse_unknown(table, [key.name for key in fields(Persona)])
        if isinstance(baseline := table.get("baseline"), dict):
            _refuse_unknown(baseline, [key.name for key in fields(Baseline)])
        persona = msgspec.convert(table, Persona)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PersonaError(f"The persona file cannot be used: {error}") from error
    if not persona.name.strip() or not persona.prompt.strip():
        raise PersonaError("The persona file cannot be used: name and prompt must not be empty")
    if not 0 <= persona.energy <= 1:
        raise PersonaError("The persona file cannot be used: energy must be from 0 to 1")
    rest = persona.baseline
    if not (abs(rest.valence) <= 1 and abs(rest.arousal) <= 1):
        raise PersonaError("The persona file cannot be used: valence and arousal are from -1 to 1")
    if rest.expression not in vocabulary().expressions:
        raise PersonaError(f"The persona file cannot be used: no expression {rest.expression!r}")
    return persona


def offered(persona: Persona) -> frozenset[str] | None:
    """Returns the gestures and expressions that tags may ask for; None = all.

    A list that is empty limits nothing: the persona's prompt may tell the model of tags itself.
    """
    words = vocabulary()
    if not persona.gestures and not persona.expressions:
        return None
    gestures = {words.words["gesture"].get(name, name) for name in persona.gestures}
    expressions = {words.words["face"].get(name, name) for name in persona.expressions}
    return frozenset(
        (gestures or words.gestures.keys()) | (expressions or words.expressions.keys())
    )


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
    markup = languages.language(persona.language).markup
    tags = []
    if persona.expressions:
        tags.append(markup.faces.format(" ".join(f"[face:{name}]" for name in persona.expressions)))
    if persona.gestures:
        tags.append(
            markup.gestures.format(" ".join(f"[gesture:{name}]" for name in persona.gestures))
        )
    prompt = persona.prompt.strip()
    return f"{prompt}\n{markup.rule.format(tags=' '.join(tags))}" if tags else prompt


def _refuse_unknown(table: dict[str, object], known: list[str]) -> None:
    for key in table:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}"
            raise PersonaError(f"The persona file has an unknown key {key!r}; {hint}")
