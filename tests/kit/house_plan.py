"""What a plan of a house is made of: rooms, their rows, and the exceptions to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Wing = Literal["ground", "utterance", "wire", "doing", "programs"]
"""A part of the house."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room of the house.

    Attributes:
        name: its folder, with a dot for each step below the package ("server"); the name of a file
            for the ground's two files.
        wing: the part of the house in which it lies.
        is_pure: no task, socket, thread, clock, chance or file in it.
        job: what it is for, in one line.
        imports: the rooms that it may import beside the ground; None: all that are below it in
            reading order (programs), or all its siblings (rooms within a room).
        rooms: the rooms within it, their names and rows relative to it.
        otherwise: its modules that are doing though it is pure, or pure though it is doing.
    """

    name: str
    wing: Wing
    is_pure: bool
    job: str
    imports: str | None = ""
    rooms: tuple[Room, ...] = ()
    otherwise: str = ""


@dataclass(frozen=True)
class Plan:
    """What a tree is held to: the tables of `house.py`."""

    rooms: tuple[Room, ...]
    ground: tuple[Room, ...] = ()
    root: Mapping[str, str] = field(default_factory=dict)
    opened_by_name: Mapping[str, str] = field(default_factory=dict)
    exceptions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    doors: Collection[str] = ()
    data_readers: Collection[str] = ()
    tested_elsewhere: Mapping[str, str] = field(default_factory=dict)
    tested_as_one: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def all_rooms(self) -> dict[str, Room]:
        """Every room and every room within one: dotted name -> room."""
        found = {}
        for room in self.rooms:
            found[room.name] = room
            found |= {f"{room.name}.{inner.name}": inner for inner in room.rooms}
        return found

    def room_of(self, module: str) -> str | None:
        """Returns the innermost room that a module lies in, None where the plan has none."""
        name = module
        while name and name not in self.all_rooms:
            name = name.rpartition(".")[0]
        return name or None

    def is_pure(self, module: str) -> bool:
        """Whether a module must not reach out: its room's kind, but for those that it names."""
        if module in self.root:
            return module == "__init__"
        name = self.room_of(module)
        if name is None:
            return False
        room = self.all_rooms[name]
        is_other = is_within(module, (f"{name}.{other}" for other in room.otherwise.split()))
        return room.is_pure != is_other

    def is_in_a_program(self, module: str) -> bool:
        """Whether a module is part of one of the programs."""
        return any(is_within(module, [r.name]) for r in self.rooms if r.wing == "programs")

    def row(self, module: str) -> tuple[list[str], bool]:
        """Returns the rooms that a module may import, and whether all others are allowed too."""
        if module in self.root:
            return self.root[module].split(), False
        name = self.room_of(module) or ""
        outer, _, _ = name.partition(".")
        room = self.all_rooms[outer]
        allowed = [] if room in self.ground else [each.name for each in self.ground]
        allowed += (room.imports or "").split()
        allowed += self.opened_by_name.get(outer, "").split()
        allowed += self.exceptions.get(module, ("", ""))[0].split()
        return allowed, room.imports is None

    def inner_row(self, module: str) -> list[str] | None:
        """Returns what a module may import of its own room, None where that is all of it."""
        name = self.room_of(module) or ""
        outer, _, inner = name.partition(".")
        if not inner or self.all_rooms[name].imports is None:
            return None
        return [f"{outer}.{each}" for each in (self.all_rooms[name].imports or "").split()]


def is_within(module: str, names: Iterable[str]) -> bool:
    """Whether a module is one of the names, or lies in a folder that is."""
    return any(module == name or module.startswith(f"{name}.") for name in names)
