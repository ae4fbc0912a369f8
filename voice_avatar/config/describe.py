"""What the configuration's options mean: `serve --help` and docs/configuration.md. Pure.

The texts are the `Attributes:` of the options' docstrings, so that they stand in one place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import cache
from typing import Final

from voice_avatar.config.load import OptionPlace, places, tables
from voice_avatar.config.values import type_name


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        table: its table.
        name: its key there.
        key: its full name, `table.name`.
        variable: its environment variable.
        type: what it takes, for people.
        default: its default as TOML writes it.
        help: what it means, with unit and range.
    """

    table: str
    name: str
    key: str
    variable: str
    type: str
    default: str
    help: str


@cache
def describe() -> tuple[Option, ...]:
    """Returns every option with its type, default and meaning, table by table."""
    return tuple(map(_described, places().values()))


def _described(place: OptionPlace) -> Option:
    name = place.path[-1]
    defaults = {item.name: item.default for item in fields(place.options)}
    return Option(
        place.table,
        place.name,
        place.key,
        place.variable,
        type_name(place.type),
        _as_toml(defaults[name]),
        _with_prefix(place, _attribute_docs(place.options)[name]),
    )


def _with_prefix(place: OptionPlace, text: str) -> str:
    """Returns a text in which fields that are named have the prefix of their group's keys."""
    prefix = place.name.removesuffix(place.path[-1])
    for item in fields(place.options):
        text = text.replace(f"`{item.name}`", f"`{prefix}{item.name}`")
    return text


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
    for table, options in tables().items():
        first, _, _ = (options.__doc__ or "").partition("\n")
        heading = "#" * (2 + table.count("."))
        lines += [f"\n{heading} [{table}]\n", f"{first}\n", "| option | type | default | meaning |"]
        lines.append("| --- | --- | --- | --- |")
        lines += [
            f"| `{o.name}` | {o.type} | `{o.default}` | {o.help.replace('|', chr(92) + '|')} |"
            for o in describe()
            if o.table == table
        ]
    return "\n".join(lines) + "\n"


_DOC_HEAD: Final = """\
# Configuration

Generated from the code by `python -m voice_avatar.config.describe > docs/configuration.md`.

Every option has a default. Each of these sources goes over the one before:

1. a preset (`--preset`, the variable `VOICE_AVATAR_PRESET`, or `preset = "…"` at the top of the
   TOML file; else `embedded`);
2. a TOML file (`--config FILE`; else `voice-avatar.toml` in the current folder, if there is one),
   with one table for each stage, and below some of them one for each engine with options of its
   own (`[llm.vllm]`; it counts where `engine` names it);
3. the environment: `VOICE_AVATAR_<STAGE>_<OPTION>` and `VOICE_AVATAR_<STAGE>_<ENGINE>_<OPTION>`,
   e.g. `VOICE_AVATAR_SERVER_PORT=9000`, `VOICE_AVATAR_LLM_VLLM_DTYPE=float16`; lists are separated
   by commas;
4. the command line: `--set STAGE.OPTION=VALUE` and `--set STAGE.ENGINE.OPTION=VALUE`, e.g.
   `--set server.port=9000`, `--set llm.vllm.dtype=float16`.

A name that does not exist is an error, in the environment too: whatever begins with
`VOICE_AVATAR_` must be an option, but for `VOICE_AVATAR_HOME` (the folder of models),
`VOICE_AVATAR_PRESET`, and what only tests, bench and CI read. So let the variable that
`llm.openai_http.api_key_env` names begin otherwise, and in Kubernetes set
`enableServiceLinks: false` where a Service is called `voice-avatar`. Secrets belong into the
environment: `VOICE_AVATAR_SERVER_TOKENS`.

`engine` may be `scripted` in every stage but `denoise`: an engine without a model, for developing
clients."""


if __name__ == "__main__":
    print(markdown(), end="")
