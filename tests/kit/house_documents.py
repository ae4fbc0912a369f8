"""The documents that are made from the plan of the house and from the tables of the code.

`make house` writes them; `tests/test_house_documents.py` compares them with what is committed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from kit import house, house_law, house_picture
from kit.house_plan import Plan, Room
from kit.state_diagram import Diagram, page
from voice_avatar.conversation.states import SLOTS, TRANSITIONS, Slots
from voice_avatar.events.notices import State
from voice_avatar.turns.phases import PHASES, Phase

DOCS = Path(__file__).parents[2] / "docs"

_HEAD = f"""\
# The house: the rooms of voice_avatar/

![The house: programs under the roof, then server, pipeline, decisions, and the ground](house.svg)

A room is a folder with one job. It is *pure* (no clock, chance, task, thread, file or socket; time
is an argument) or *doing* (it carries out what was decided). It imports only the rooms of its row,
and the ground. The plan is `tests/kit/house.py`, and `make house` makes this page and the picture
from it.

`tests/test_house.py` holds the code to the plan, both ways: what is not in a row may not be
imported, and what is in it is. It also asks for small things: a file of {house_law.MOST_LINES}
lines, a class of {house_law.MOST_METHODS} methods and {house_law.MOST_FIELDS} fields, a folder of
{house_law.MOST_MODULES_IN_A_FOLDER} modules at most; and for a test file for every module,
`tests/<room>/test_<module>.py` or the one that the plan names.

How a conversation moves from state to state: [conversation-states.md](conversation-states.md). How
the user's turn does: [turn-phases.md](turn-phases.md).
"""

_CONVERSATION = """\
How the avatar bears itself, and what there is to be said. Made by `make house` from the code's own
tables."""

_TURNS = """\
Where the user's turn stands. Made by `make house` from `voice_avatar/turns/phases.py`, which says
why. Where a cell names several phases, the deed decides."""


def documents(plan: Plan = house.PLAN) -> dict[str, str]:
    """Returns every document: its name in docs/ -> what it says."""
    return {
        "house.svg": house_picture.drawn(plan),
        "house.md": _map(plan),
        "conversation-states.md": page(
            "States of the conversation", _CONVERSATION, _conversation()
        ),
        "turn-phases.md": page(
            "Phases of the user's turn",
            _TURNS,
            [Diagram("Phases", PHASES, Phase.QUIET, "it changes nothing.")],
        ),
    }


def main() -> int:
    """Writes the documents and says which have changed."""
    for name, text in documents().items():
        path = DOCS / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"written: docs/{name}\n")
    return 0


def _map(plan: Plan) -> str:
    """Returns the map: a line for each room, in reading order."""
    return "\n".join([_HEAD, *_way(plan), *_wings(plan), *_exceptions(plan)])


def _way(plan: Plan) -> Iterator[str]:
    yield "## The way of an utterance and its answer\n"
    for number, (name, says) in enumerate(house_picture.WAY, 1):
        yield f"{number}. {_link(name)}: {says}"
    yield ""


def _wings(plan: Plan) -> Iterator[str]:
    for wing, heading in house.WINGS.items():
        yield f"## {heading}\n"
        yield "| room | | job | imports |\n|---|---|---|---|"
        for room in plan.rooms:
            if room.wing == wing:
                yield _line(room, plan)
                yield from (_inner_line(inner, room) for inner in room.rooms)
        yield ""


def _line(room: Room, plan: Plan) -> str:
    if room.imports is None:
        row = "whatever is below"
        opened = plan.opened_by_name.get(room.name)
        row += f", and opens {_listed(opened)}" if opened else ""
    else:
        row = _listed(room.imports) or "nothing"
    return f"| **{_link(room.name)}** | {_kind(room)} | {room.job} | {row} |"


def _inner_line(room: Room, outer: Room) -> str:
    row = f"of {outer.name}: {_listed(room.imports)}" if room.imports else ""
    return f"| {_link(f'{outer.name}.{room.name}')} | {_kind(room)} | {room.job} | {row} |"


def _exceptions(plan: Plan) -> Iterator[str]:
    yield "## Exceptions\n"
    for module, (row, reason) in plan.exceptions.items():
        yield f"- `{_path(module)}.py` alone imports {_listed(row)} too: it {reason}."
    for kind, other in (("pure", "doing"), ("doing", "pure")):
        modules = [
            f"`{_path(name)}/{module}.py`"
            for name, room in plan.all_rooms.items()
            for module in room.otherwise.split()
            if _kind(room) == other
        ]
        if modules:
            yield f"- {kind.capitalize()}, in a room that is {other}: {', '.join(modules)}."
    yield ""


def _link(name: str) -> str:
    path = _path(name) + (".py" if name in house.FILES else "/")
    return f"[{path}](../voice_avatar/{path})"


def _path(name: str) -> str:
    return name.replace(".", "/")


def _kind(room: Room) -> str:
    return "pure" if room.is_pure else "doing"


def _listed(names: str | None) -> str:
    """Returns a row in words ("acting.mouth audio" -> "acting/mouth, audio")."""
    return ", ".join(map(_path, (names or "").split()))


def _conversation() -> list[Diagram]:
    return [
        Diagram("Posture", TRANSITIONS, State.IDLE, "the state stays as it is."),
        Diagram("Slots", SLOTS, Slots.NONE, "that does not occur."),
    ]
