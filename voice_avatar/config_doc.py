"""What the configuration's options mean: `serve --help` and docs/configuration.md. Pure.

The texts are the `Attributes:` of the options' docstrings, so that they stand in one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Final

from voice_avatar.config import PREFIX, option_types, stages, type_name


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        stage: its table.
        name: its key there.
        type: what it takes, for people.
        default: its default as TOML writes it.
        help: what it means, with unit and range.
    """

    stage: str
    name: str
    type: str
    default: str
    help: str

    @property
    def key(self) -> str:
        """Its full name, `stage.name`."""
        return f"{self.stage}.{self.name}"

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"{PREFIX}{self.stage}_{self.name}".upper()


@cache
def describe() -> tuple[Option, ...]:
    """Returns every option with its type, default and meaning, stage by stage."""
    return tuple(_described())


def _described() -> Iterator[Option]:
    for stage, options in stages().items():
        helps = _attribute_docs(options)
        defaults = {item.name: item.default for item in fields(options)}
        for name, kind in option_types(stage).items():
            yield Option(stage, name, type_name(kind), _as_toml(defaults[name]), helps[name])


def _attribute_docs(options: type) -> dict[str, str]:
    """Returns field name -> text of the `Attributes:` section of a class's docstring."""
    _, _, section = (options.__doc__ or "").partition("Attributes:\n")
    texts = re.findall(r"^ {8}(\w+): ((?:.|\n(?! {8}\S))*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in texts}


def _as_toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_as_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def markdown() -> str:
    """Returns docs/configuration.md."""
    lines = [_DOC_HEAD]
    for stage, options in stages().items():
        first, _, _ = (options.__doc__ or "").partition("\n")
        lines += [f"\n## [{stage}]\n", f"{first}\n", "| option | type | default | meaning |"]
        lines.append("| --- | --- | --- | --- |")
        lines += [
            f"| `{o.name}` | {o.type} | `{o.default}` | {o.help.replace('|', chr(92) + '|')} |"
            for o in describe()
            if o.stage == stage
        ]
    return "\n".join(lines) + "\n"


_DOC_HEAD: Final = """\
# Configuration

Generated from the code by `python -m voice_avatar.config_doc > docs/configuration.md`.

Every option has a default. Each of these sources goes over the one before:

1. a preset (`--preset`, the variable `VOICE_AVATAR_PRESET`, or `preset = "…"` at the top of the
   TOML file; else `embedded`);
2. a TOML file (`--config FILE`; else `voice-avatar.toml` in the current folder, if there is one),
   with one table for each stage;
3. the environment: `VOICE_AVATAR_<STAGE>_<OPTION>`, e.g. `VOICE_AVATAR_SERVER_PORT=9000`; lists are
   separated by commas;
4. the command line: `--set STAGE.OPTION=VALUE`, e.g. `--set server.port=9000`.

A name that does not exist is an error, in the environment too: whatever begins with
`VOICE_AVATAR_` must be an option, but for `VOICE_AVATAR_HOME` (the folder of models),
`VOICE_AVATAR_PRESET`, and what only tests, bench and CI read. So let the variable that
`llm.api_key_env` names begin otherwise, and in Kubernetes set `enableServiceLinks: false` where a
Service is called `voice-avatar`. Secrets belong into the environment: `VOICE_AVATAR_SERVER_TOKENS`.

`engine` may be `scripted` in every stage but `denoise`: an engine without a model, for developing
clients."""


if __name__ == "__main__":
    print(markdown(), end="")
