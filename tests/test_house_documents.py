"""What `make house` makes: the picture and the map of the house, and its tables of states."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import Enum, auto
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from kit import house, house_picture, state_diagram
from kit.house_documents import DOCS, documents
from kit.house_plan import Room
from kit.state_diagram import Diagram

DOCUMENTS = documents()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_committed_documents_are_those_of_the_code(name: str) -> None:
    path = DOCS / name
    assert path.is_file(), "run `make house`"
    assert path.read_text("utf-8") == DOCUMENTS[name], "run `make house` and commit what it wrote"


def test_the_picture_shows_every_room_its_job_and_its_row_and_is_light() -> None:
    picture = DOCUMENTS["house.svg"]
    shown = {part.get("id"): part for part in ElementTree.fromstring(picture).iter()}
    for room in house.ROOMS:
        texts = " ".join(shown[room.name].itertext())
        assert f"{room.name}/ (" in texts
        assert room.job in texts
        for name in [*(room.imports or "").split(), *(inner.name for inner in room.rooms)]:
            assert name in texts
    assert len(picture.encode()) <= 60_000


def test_every_room_lies_above_what_it_imports_and_on_no_other() -> None:
    boxes = house_picture.placed(house.PLAN)
    for one in boxes.values():
        for other in boxes.values():
            apart_x = one.x + one.width <= other.x or other.x + other.width <= one.x
            apart_y = one.y + one.height <= other.y or other.y + other.height <= one.y
            assert one is other or apart_x or apart_y


def test_a_new_room_needs_a_place_in_the_picture() -> None:
    plan = replace(
        house.PLAN, rooms=(*house.ROOMS, Room("cellar", "doing", False, "Keeps the wine."))
    )
    with pytest.raises(ValueError, match=r"in the picture alone: \['cellar'\]"):
        house_picture.placed(plan)


def test_no_arrow_leads_up() -> None:
    rooms = [
        replace(room, imports="server") if room.name == "audio" else room for room in house.ROOMS
    ]
    with pytest.raises(ValueError, match="audio has to lie above server"):
        house_picture.placed(replace(house.PLAN, rooms=tuple(rooms)))


def test_the_map_has_a_line_for_every_room_in_reading_order() -> None:
    lines = re.findall(r"^\| \*\*\[(\w+)", DOCUMENTS["house.md"], re.M)
    assert lines == [room.name for room in house.ROOMS]


def test_long_lines_are_wrapped() -> None:
    assert house_picture.wrapped("one two three", 10, 45) == ["one two", "three"]
    assert house_picture.wrapped("unbreakable", 10, 5) == ["unbreakable"]


class Light(Enum):
    """What a light shows."""

    GREEN = auto()
    DEEP_RED = auto()
    OFF = auto()


class Event(Enum):
    """What happens to it.

    Attributes:
        PASSED: time has passed, which the
            light counts.
        CUT: somebody cut the wire.
    """

    PASSED = auto()
    CUT = auto()


class Deed(Enum):
    """What is done.

    SWITCH: turn a lamp on.
    """

    SWITCH = auto()


class Row(NamedTuple):
    """A deed, and where it may lead."""

    deed: Deed
    to: tuple[Light, ...]


LIGHTS = {
    (Light.GREEN, Event.PASSED): Light.DEEP_RED,
    (Light.GREEN, Event.CUT): Light.OFF,
    (Light.DEEP_RED, Event.PASSED): Light.GREEN,
    (Light.DEEP_RED, Event.CUT): Light.OFF,
    (Light.OFF, Event.CUT): Light.OFF,
}


def test_a_diagram_has_an_arrow_for_each_move_and_none_for_what_stays() -> None:
    assert state_diagram.mermaid(LIGHTS, Light.GREEN).splitlines() == [
        "stateDiagram-v2",
        "    direction LR",
        '    state "green" as GREEN',
        '    state "deep red" as DEEP_RED',
        '    state "off" as OFF',
        "    [*] --> GREEN",
        "    GREEN --> DEEP_RED: passed",
        "    GREEN --> OFF: cut",
        "    DEEP_RED --> GREEN: passed",
        "    DEEP_RED --> OFF: cut",
    ]


def test_what_leads_from_one_state_to_another_shares_an_arrow() -> None:
    table = {(Light.GREEN, event): Light.OFF for event in Event}
    assert "    GREEN --> OFF: passed<br/>cut" in state_diagram.mermaid(table, Light.GREEN)


def test_a_table_has_a_row_for_each_happening() -> None:
    assert state_diagram.matrix(LIGHTS).splitlines() == [
        "| | in **green** | in **deep red** | in **off** |",
        "|---|---|---|---|",
        "| passed | **deep red** | **green** |  |",
        "| cut | **off** | **off** | off |",
    ]


def test_a_deed_may_lead_to_one_of_several_states() -> None:
    table = {
        (Light.OFF, Event.PASSED): Row(Deed.SWITCH, (Light.GREEN, Light.OFF)),
    }
    assert "| passed | switch: **green** or off |" in state_diagram.matrix(table).replace(
        "|  |", "|"
    )
    assert state_diagram.mermaid(table, Light.OFF).count("-->") == 2


def test_meanings_are_read_from_the_docstrings() -> None:
    assert state_diagram.meanings(Event) == {
        "PASSED": "time has passed, which the light counts.",
        "CUT": "somebody cut the wire.",
    }
    assert state_diagram.meanings(Deed) == {"SWITCH": "turn a lamp on."}
    assert state_diagram.meanings(Light) == {}


def test_a_page_shows_the_diagram_the_table_and_what_the_words_mean() -> None:
    page = state_diagram.page(
        "Lights", "Of a crossing.", [Diagram("A light", LIGHTS, Light.GREEN, "it stays.")]
    )
    assert page.startswith("# Lights\n\nOf a crossing.\n\n## A light\n\n```mermaid\n")
    assert "Empty: it stays." in page
    assert page.endswith("- *cut*: somebody cut the wire.\n")
