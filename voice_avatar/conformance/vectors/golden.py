"""Writes the golden vectors: `python -m voice_avatar.conformance.vectors.golden [--check]`.

And the worked example of PROTOCOL.md.

They are made by the server's own code and by the reference rules for clients (`client.rules`), and
committed; a test compares them. `unity_client_protocol/vectors/README.md` describes the format.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from voice_avatar.conformance.documents import generated_files
from voice_avatar.conformance.vectors import conversation
from voice_avatar.conformance.vectors.frames import binary_frames, face_frames, frame_orders
from voice_avatar.conformance.vectors.messages import messages
from voice_avatar.conformance.vectors.playout import playouts
from voice_avatar.conformance.vectors.rigs import rigs
from voice_avatar.conformance.vectors.sessions import sessions
from voice_avatar.conformance.vectors.show import captions, clocks, mouths, movements

FORMAT: Final = 1
"""Version of the files' format; it changes when a runner would have to be changed."""

DOCUMENT: Final = "PROTOCOL.md"

_MARK: Final = re.compile(
    r"(<!-- worked example -->\n).*?(<!-- end of the worked example -->)", re.DOTALL
)

FOLDER: Final = Path("unity_client_protocol", "vectors")

DOCUMENTS: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "messages.json": messages,
    "frames.json": binary_frames,
    "face_frames.json": face_frames,
    "frame_order.json": frame_orders,
    "mouth.json": mouths,
    "movement.json": movements,
    "captions.json": captions,
    "playout.json": playouts,
    "sessions.json": sessions,
    "clock.json": clocks,
    "rigs.json": rigs,
}
"""File -> what makes it."""


def documents() -> dict[str, str]:
    """Returns every file: name -> text, one case a line."""
    return {name: _written(make()) for name, make in DOCUMENTS.items()}


def _written(document: dict[str, Any]) -> str:
    about = json.dumps(document["about"])
    cases = ",\n".join(f"  {_line(case)}" for case in document["cases"])
    return f'{{\n"format": {FORMAT},\n"about": {about},\n"cases": [\n{cases}\n]\n}}\n'


def _line(case: dict[str, Any]) -> str:
    return json.dumps(case, ensure_ascii=True, separators=(",", ":"))


def with_conversation(text: str) -> str:
    """Returns PROTOCOL.md with its worked example renewed."""
    block = f"\n```\n{conversation.written()}\n```\n"
    return _MARK.sub(lambda mark: mark[1] + block + mark[2], text)


def made(folder: Path) -> dict[str, str]:
    """Returns every file that is made, name -> text; PROTOCOL.md too if it is beside `folder`."""
    document = folder.parent / DOCUMENT
    if not document.is_file():
        return documents()
    renewed = with_conversation(document.read_text(encoding="utf-8"))
    return documents() | {f"../{DOCUMENT}": renewed}


def main(arguments: list[str] | None = None) -> int:
    """Writes the files, or with --check says which differ."""
    program = "python -m voice_avatar.conformance.vectors.golden"
    return generated_files.run(program, FOLDER, made, arguments)


if __name__ == "__main__":
    sys.exit(main())
