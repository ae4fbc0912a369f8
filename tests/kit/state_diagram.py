"""Shows a table of states as a page: a diagram that GitHub draws (Mermaid), and the table itself.

The table is a dictionary, (state, what happens) -> the state after it; or -> a deed and the states
after it, where the deed decides (a row of two, as in `turns/phases.py`). What the states and the
happenings mean is read from the docstrings of their enums: lines "NAME: meaning.".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from inspect import cleandoc
from typing import Any

Table = Mapping[tuple[Any, Any], Any]
"""(State, happening) -> state, or (deed, states); all of them members of enums."""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A table, and what is said around it.

    Attributes:
        title: the heading above it.
        table: the table itself.
        start: the state in which it begins.
        blank: what it means that a state and a happening are not listed, as a sentence.
    """

    title: str
    table: Table
    start: Enum
    blank: str


def page(title: str, says: str, diagrams: Sequence[Diagram]) -> str:
    """Returns a page of Markdown about some tables; `says` is Markdown below the title."""
    parts = [f"# {title}\n\n{says}\n"]
    parts += (f"{_section(diagram)}\n" for diagram in diagrams)
    return "\n".join(parts)


def mermaid(table: Table, start: Enum) -> str:
    """Returns the moves of a table as a Mermaid diagram: one arrow from a state to another.

    What leaves a state as it is has no arrow; it is in the table below the diagram.
    """
    arrows: dict[tuple[Enum, Enum], list[str]] = {}
    for (state, happening), cell in table.items():
        for after in _after(cell)[1]:
            if after is not state:
                arrows.setdefault((state, after), []).append(name_of(happening))
    lines = [
        "stateDiagram-v2",
        "    direction LR",
        *(f'    state "{name_of(state)}" as {state.name}' for state in _states(table)),
        f"    [*] --> {start.name}",
        *(
            f"    {before.name} --> {after.name}: {'<br/>'.join(names)}"
            for (before, after), names in arrows.items()
        ),
    ]
    return "\n".join(lines)


def matrix(table: Table) -> str:
    """Returns a table in Markdown: a row for each happening, a column for each state.

    A bold cell is a move; a plain one leaves the state as it is.
    """
    states = _states(table)
    happenings = list(dict.fromkeys(happening for _, happening in table))
    lines = [
        "| | " + " | ".join(f"in **{name_of(state)}**" for state in states) + " |",
        "|---" * (len(states) + 1) + "|",
    ]
    for happening in happenings:
        cells = (_cell(state, table.get((state, happening))) for state in states)
        lines.append(f"| {name_of(happening)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def meanings(kind: type[Enum]) -> dict[str, str]:
    """Returns what the docstring of an enum says of its members: name -> meaning."""
    found: dict[str, str] = {}
    last = ""
    for line in cleandoc(kind.__doc__ or "").splitlines():
        match = re.match(r"\s*([A-Z][A-Z_]*): (.+)", line)
        if match and match[1] in kind.__members__:
            last = match[1]
            found[last] = match[2]
        elif last and line.strip():
            found[last] += f" {line.strip()}"
        else:
            last = ""
    return found


def name_of(member: Enum) -> str:
    """Returns how a member is called in prose ("live prepared")."""
    return member.name.lower().replace("_", " ")


def _section(diagram: Diagram) -> str:
    table = diagram.table
    parts = [
        f"## {diagram.title}",
        f"```mermaid\n{mermaid(table, diagram.start)}\n```",
        f"{matrix(table)}\n\nBold: the state changes. Empty: {diagram.blank}",
        *_legends(table),
    ]
    return "\n\n".join(parts)


def _legends(table: Table) -> Iterator[str]:
    """Yields a list of meanings for each enum of the table that has any."""
    deeds = (_after(cell)[0] for cell in table.values())
    members = [*_states(table), *(happening for _, happening in table), *filter(None, deeds)]
    for kind in dict.fromkeys(type(member) for member in members):
        known = meanings(kind)
        if known:
            heading = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).capitalize()
            lines = (f"- *{name_of(kind[name])}*: {known[name]}" for name in known)
            yield f"**{heading}**\n\n" + "\n".join(lines)


def _states(table: Table) -> list[Enum]:
    """Returns every state of a table, in the order of the enum."""
    found = {state for state, _ in table}
    found |= {after for cell in table.values() for after in _after(cell)[1]}
    return [state for state in type(next(iter(found))) if state in found]


def _after(cell: Any) -> tuple[Enum | None, tuple[Enum, ...]]:
    """Returns what is done, None where the table doesn't say, and the states that may follow."""
    if isinstance(cell, Enum):
        return None, (cell,)
    deed, states = cell
    return deed, tuple(states)


def _cell(state: Enum, cell: Any) -> str:
    if cell is None:
        return ""
    deed, after = _after(cell)
    names = [name_of(each) if each is state else f"**{name_of(each)}**" for each in after]
    does = f"{name_of(deed)}: " if deed else ""
    return does + " or ".join(names)
