"""Draws the plan of the house as an SVG: an elevation, in which every room lies above its needs.

Nothing is measured but by a rule of thumb for the width of letters, so that the same plan gives the
same bytes everywhere. Seen by itself, the picture answers to the pointer: what a room does not
import grows pale. As an image in a page it stands still and says the same in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from kit.house_plan import Plan, Room

WIDTH: Final = 1100
_MARGIN: Final = 28
_GAP: Final = 14
_SIDE: Final = 204
"""Width of the two outer columns."""

_LETTER: Final = 0.55
"""Width of a letter, in font sizes: that of a wide sans, so that no line is too long in another."""

Cell = tuple[str, float]
"""A room, or "" for a gap, and its share of the column's width."""


@dataclass(frozen=True, slots=True)
class Floor:
    """A floor of the house.

    Attributes:
        height: of its rooms, in pixels.
        middle: its rooms, from the left; the whole width where there is neither left nor right.
        left, right: the room in the outer column, "" for none.
    """

    height: int
    middle: Sequence[Cell]
    left: str | None = None
    right: str | None = None


FLOORS: Final = (
    Floor(98, (("cli", 1), ("conformance", 1.5), ("bench", 1.9))),
    Floor(98, (("server", 1),)),
    Floor(112, (("recording", 1), ("config", 1.55)), "client", "telemetry"),
    Floor(120, (("pipeline", 1),), "realtime", "machine"),
    Floor(120, (("conversation", 1.75), ("personas", 1)), "wire", "engines"),
    Floor(140, (("hearing", 1), ("turns", 1), ("acting", 2)), "", "models"),
    Floor(104, (("audio", 1), ("stages", 1), ("text", 1), ("tools", 1)), "", ""),
    Floor(74, (("errors", 1), ("events", 1.6), ("vocabulary", 1.15), ("languages", 1.1))),
)
"""The house from the roof down. A room lies above all that it imports; `placed` sees to it."""

PANELS: Final = (
    ("the way of an utterance", "conversation", "tools"),
    ("said over a wire", "realtime", "wire"),
)
"""What is framed together: a name, its first room and its last."""

WAY: Final = (
    ("server", "a frame of sound comes in"),
    ("hearing", "is it a voice, and whose?"),
    ("turns", "has the user finished?"),
    ("conversation", "what to do about it"),
    ("pipeline", "has it done"),
    ("engines", "words, then sound"),
    ("text", "words in speakable chunks"),
    ("acting", "mouth, face and body to it"),
    ("wire", "and out, frame by frame"),
)
"""The way of an utterance and its answer through the house."""

_STYLE: Final = """
text{font-family:-apple-system,"Segoe UI",Helvetica,Arial,"DejaVu Sans",sans-serif;fill:#25303b}
.name{font-size:17px;font-weight:700}.job{font-size:13px}.row{font-size:12px;fill:#5b6770}
.row tspan{font-weight:600;fill:#3d4852}.tag{font-size:11.5px}.small{font-size:12px;fill:#5b6770}
.title{font-size:34px;font-weight:700;fill:#fff}.law{font-size:14px;fill:#dfe7ee}
.panel{font-size:12.5px;font-weight:600;letter-spacing:.4px}
.number{font-size:12px;font-weight:700;fill:#fff;text-anchor:middle}.middle{text-anchor:middle}
.pure>rect{fill:#e3f2ee;stroke:#3f9382}.doing>rect{fill:#fdecd6;stroke:#d18a35}
.pure .in{fill:#cfe8e1}.doing .in{fill:#f9d9b2}
.ground>rect{fill:#d5e6e1;stroke:#6f9f94}
g.room{transition:opacity .15s}
"""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a room lies, in pixels from the top left."""

    floor: int
    x: float
    y: float
    width: float
    height: float


def placed(plan: Plan) -> dict[str, Box]:
    """Returns where each room lies.

    Raises:
        ValueError: a room has no place in `FLOORS`, or lies beside or below what it imports.
    """
    boxes: dict[str, Box] = {}
    y = 196.0
    inner = WIDTH - 2 * _MARGIN
    for number, floor in enumerate(FLOORS):
        x, width = float(_MARGIN), float(inner)
        if floor.left is not None or floor.right is not None:
            x, width = x + _SIDE + 2 * _GAP, width - 2 * (_SIDE + 2 * _GAP)
            right = WIDTH - _MARGIN - _SIDE
            for name, at in ((floor.left, _MARGIN), (floor.right, right)):
                if name:
                    boxes[name] = Box(number, at, y, _SIDE, floor.height)
        share = (width - _GAP * (len(floor.middle) - 1)) / sum(part for _, part in floor.middle)
        for name, part in floor.middle:
            boxes[name] = Box(number, x, y, part * share, floor.height)
            x += part * share + _GAP
        y += floor.height + 2 * _GAP
    rooms = {room.name for room in plan.rooms}
    if rooms != set(boxes):
        raise ValueError(f"in the plan or in the picture alone: {sorted(rooms ^ set(boxes))}")
    for room in plan.rooms:
        for name in needs(room):
            if boxes[name].floor <= boxes[room.name].floor and room not in plan.ground:
                raise ValueError(f"{room.name} has to lie above {name}, which it imports")
    return boxes


def needs(room: Room) -> list[str]:
    """Returns the rooms that a room imports, without the ground."""
    return sorted({name.partition(".")[0] for name in (room.imports or "").split()})


def drawn(plan: Plan) -> str:
    """Returns the picture.

    Raises:
        ValueError: as `placed`.
    """
    boxes = placed(plan)
    bottom = max(box.y + box.height for box in boxes.values())
    height = round(bottom + _MARGIN + 26)
    steps = {name: number for number, (name, _) in enumerate(WAY, 1)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' width="{WIDTH}" height="{height}" role="img" aria-labelledby="t d">',
        '<title id="t">The house: the rooms of voice_avatar/</title>',
        f'<desc id="d">{escape(_described(plan))}</desc>',
        f"<style>{_STYLE}{_pointed_at(plan)}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="14" fill="#faf8f4"/>',
        *_roof(),
        *(_panel(boxes, *panel) for panel in PANELS),
        *_legend(boxes),
        *(part for room in plan.rooms for part in _room(room, plan, boxes[room.name], steps)),
        f'<text class="small middle" x="{WIDTH / 2:g}" y="{height - 20}">'
        "Every room stands on the ground floor and may import it."
        "  Programs may import every room below them.</text>",
        "</svg>\n",
    ]
    return "\n".join(parts)


def wrapped(text: str, size: float, width: float) -> list[str]:
    """Returns the lines of a text that is to be no wider than `width` pixels."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(f"{lines[-1]} {word}") * size * _LETTER <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _described(plan: Plan) -> str:
    """Returns the picture in words, for those who do not see it."""
    rooms = (
        f"{room.name} ({'pure' if room.is_pure else 'doing'}): {room.job}" for room in plan.rooms
    )
    return " ".join(rooms)


def _pointed_at(plan: Plan) -> str:
    """Returns the rules by which all but a room and its needs grow pale under the pointer."""
    ground = [room.name for room in plan.ground]
    rules = []
    for room in plan.rooms:
        if room.imports is not None and room not in plan.ground:
            kept = ",".join(f"#{name}" for name in [room.name, *needs(room), *ground])
            rules.append(f"svg:has(#{room.name}:hover) g.room:not({kept}){{opacity:.2}}")
    return "\n".join(rules) + "\n"


def _roof() -> Iterator[str]:
    middle = WIDTH / 2
    yield (
        f'<path d="M14 170 L{middle - 40:g} 26 Q{middle:g} 15 {middle + 40:g} 26 L{WIDTH - 14} 170'
        ' Q550 182 14 170Z" fill="#34495e"/>'
    )
    yield f'<text class="title middle" x="{middle:g}" y="92">voice_avatar/</text>'
    law = (
        "A room is a folder with one job. It is pure or doing.",
        "It imports only the rooms of its row \N{DOWNWARDS ARROW}, and all of them lie below it.",
    )
    for number, line in enumerate(law):
        yield (
            f'<text class="law middle" x="{middle:g}" y="{122 + 22 * number}">{escape(line)}</text>'
        )


def _panel(boxes: Mapping[str, Box], title: str, first: str, last: str) -> str:
    """Returns a frame around the rooms from the first one to the last."""
    left, top = boxes[first].x - 9, boxes[first].y - 19
    right = boxes[last].x + boxes[last].width + 9
    bottom = boxes[last].y + boxes[last].height + 9
    return (
        f'<rect x="{left:g}" y="{top:g}" width="{right - left:g}" height="{bottom - top:g}"'
        ' rx="12" fill="#eef5f2" stroke="#b9d6cd" stroke-dasharray="5 4"/>'
        f'<text class="panel" x="{left + 12:g}" y="{top + 14:g}" fill="#3f9382">{title}</text>'
    )


def _legend(boxes: Mapping[str, Box]) -> Iterator[str]:
    """Yields how to read the picture: what stands in the outer columns, where no room is."""
    x, y = boxes["wire"].x, boxes["hearing"].y + 6
    yield f'<text class="panel" x="{x:g}" y="{y + 4:g}">an utterance and its answer</text>'
    for number, (_, says) in enumerate(WAY, 1):
        y += 23
        yield _number(number, x + 10, y)
        yield f'<text class="small" x="{x + 27:g}" y="{y + 4:g}">{escape(says)}</text>'
    x, y = boxes["models"].x, boxes["audio"].y + 6
    for kind, lines in (
        ("pure", ("decides: no clock, chance,", "task, thread, file or socket")),
        ("doing", ("carries out what was decided",)),
    ):
        yield f'<g class="{kind}"><rect x="{x:g}" y="{y:g}" width="20" height="16" rx="4"/></g>'
        yield f'<text class="panel" x="{x + 28:g}" y="{y + 12.5:g}">{kind}</text>'
        for line in lines:
            y += 16
            yield f'<text class="small" x="{x + 28:g}" y="{y + 14:g}">{line}</text>'
        y += 28


def _number(number: int, x: float, y: float) -> str:
    return (
        f'<circle cx="{x:g}" cy="{y:g}" r="9.5" fill="#34495e"/>'
        f'<text class="number" x="{x:g}" y="{y + 4.2:g}">{number}</text>'
    )


def _room(room: Room, plan: Plan, box: Box, steps: Mapping[str, int]) -> Iterator[str]:
    kind = "pure" if room.is_pure else "doing"
    row = (room.imports or "").split()
    inner = [each.name for each in room.rooms]
    says = [f"{room.name}/ ({kind}): {room.job}"]
    if room.imports is None:
        says.append("Imports whatever is below.")
    elif row or room not in plan.ground:
        says.append(f"Imports {', '.join(row) or 'nothing'}, beside the ground.")
    says += [f"{each.name}: {each.job}" for each in room.rooms]
    marks = kind + (" ground" if room in plan.ground else "")
    yield f'<g class="room {marks}" id="{room.name}"><title>{escape(chr(10).join(says))}</title>'
    yield (
        f'<rect x="{box.x:.1f}" y="{box.y:g}" width="{box.width:.1f}" height="{box.height:g}"'
        ' rx="8" stroke-width="1.4"/>'
    )
    x, y, width = box.x + 12, box.y + 24, box.width - 22
    yield f'<text class="name" x="{x:.1f}" y="{y:g}">{room.name}</text>'
    if room.name in steps:
        yield _number(steps[room.name], box.x + box.width - 18, box.y + 18)
    for line in wrapped(room.job, 13, width):
        y += 17
        yield f'<text class="job" x="{x:.1f}" y="{y:g}">{escape(line)}</text>'
    bottom = box.y + box.height - 11
    if inner:
        for names in reversed(_tag_lines(inner, width)):
            yield from _tags(names, x, bottom)
            bottom -= 22
        bottom -= 2
    if row and room not in plan.ground:
        lines = wrapped("\N{DOWNWARDS ARROW} " + " \N{MIDDLE DOT} ".join(row), 12, width)
        for number, line in enumerate(reversed(lines)):
            at = bottom - 15 * number
            yield f'<text class="row" x="{x:.1f}" y="{at:g}">{escape(line)}</text>'
    yield "</g>"


def _tag_lines(names: Sequence[str], width: float) -> list[list[str]]:
    """Returns the names of rooms within a room by the lines in which they are shown."""
    lines: list[list[str]] = [[]]
    for name in names:
        if sum(_tag_width(each) + 5 for each in [*lines[-1], name]) - 5 > width:
            lines.append([])
        lines[-1].append(name)
    return lines


def _tags(names: Sequence[str], x: float, y: float) -> Iterator[str]:
    """Yields the rooms within a room, as tags in one line above y."""
    for name in names:
        wide = _tag_width(name)
        yield (
            f'<rect class="in" x="{x:.1f}" y="{y - 13:g}" width="{wide:.1f}" height="18" rx="9"'
            ' style="stroke:none"/>'
            f'<text class="tag middle" x="{x + wide / 2:.1f}" y="{y:g}">{name}</text>'
        )
        x += wide + 5


def _tag_width(name: str) -> float:
    return len(name) * 11.5 * _LETTER + 14
