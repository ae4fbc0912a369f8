"""Writes the table of rigs' names for both clients: `python -m …documents.rig_table [--check]`.

`data/rigs/names.json` says by which names bones and face shapes go in other people's avatars. The
page and the Unity package each get it in their own language, with everything that can be worked out
beforehand worked out: sides, the visemes' prefixes, recipes that are those of another rig.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from voice_avatar.acting.mouth.viseme_sets import ARKIT
from voice_avatar.conformance.documents import generated_files

PROGRAM: Final = "python -m voice_avatar.conformance.documents.rig_table"
MODULE: Final = "voice_avatar/web/stage/rigs/table.mjs"
CLASS: Final = "unity_client_protocol/com.voiceavatar.client/Runtime/Core/Acting/Rigs/RigTable.cs"

_SIDES: Final = ("Left", "Right")
_SIDED: Final = re.compile(r"^(?!jaw|mouth(?:Left|Right))(.*)(?:Left|Right)$")
_CLASS_HEAD: Final = f"""\
// Made by `{PROGRAM}`: do not edit.
namespace VoiceAvatar
{{
    /// <summary>Names of bones and shapes in others' avatars, of data/rigs/names.json.</summary>
    internal static class RigTable
    {{
"""


def names() -> dict[str, Any]:
    """Returns the table as it is written by hand."""
    file = resources.files("voice_avatar") / "data" / "rigs" / "names.json"
    table: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return table


def worked_out(table: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the table as clients use it.

    In `shapes`, each of our names has its alternatives, the best first, in the form of
    `normalName`; parts of one that belong together are joined by "+".
    """
    bones, shapes = table["bones"], table["shapes"]
    rigs = {rig["name"]: rig["visemes"] for rig in table["rigs"] if "visemes" in rig}
    return {
        "bones": {
            **{part: bones[part].split() for part in ("left", "right", "noise")},
            "parts": {part: words.split() for part, words in bones["parts"].items()},
            "families": bones["families"],
        },
        "noise": shapes["noise"].split(),
        "prefixes": shapes["viseme_prefixes"].split(),
        "shapes": {**_visemes(shapes), **_shapes(shapes["names"])},
        "rigs": [
            {
                "name": rig["name"],
                "needs": rig["needs"],
                "visemes": rigs[rig.get("like", rig["name"])],
            }
            for rig in table["rigs"]
        ],
        "expressions": table["expressions"],
    }


def _visemes(shapes: Mapping[str, Any]) -> dict[str, str]:
    prefixes = shapes["viseme_prefixes"].split()
    return {
        f"viseme_{viseme}": " ".join(p + one for one in spelt.split() for p in prefixes)
        for viseme, spelt in shapes["visemes"].items()
    }


def _shapes(named: Mapping[str, str]) -> dict[str, str]:
    """Returns our names with their alternatives; "*" has become both sides of it."""
    stems = dict.fromkeys(_SIDED.sub(r"\1*", name) for name in ARKIT) | dict(named)
    found: dict[str, str] = {}
    for stem, spelt in stems.items():
        for side in _SIDES if stem.endswith("*") else ("",):
            own = _normal(stem.replace("*", side))
            others = [_alternative(one, side) for one in (spelt or "").split()]
            found[stem.replace("*", side)] = " ".join(dict.fromkeys([own, *others]))
    return found


def _normal(name: str) -> str:
    return name.replace("_", "").lower()


def _alternative(spelt: str, side: str) -> str:
    sides = (side,) if side else _SIDES
    parts = [
        part.replace("*", one.lower())
        for part in spelt.split("+")
        for one in (sides if part.endswith("*") else sides[:1])
    ]
    return "+".join(parts)


def module(table: Mapping[str, Any]) -> str:
    """Returns the page's module."""
    body = json.dumps(table, ensure_ascii=False, indent=1)
    head = (
        "// Names of bones and shapes in other people's avatars, from data/rigs/names.json.\n"
        f"// Made by `{PROGRAM}`: do not edit.\n"
    )
    return f"{head}export const TABLE = {body};\n"


def csharp(table: Mapping[str, Any]) -> str:
    """Returns the Unity package's class: lines of "name: what belongs to it"."""
    bones = table["bones"]
    families = [[family["needs"], *_lines(family["bones"])] for family in bones["families"]]
    rigs = [[rig["name"], rig["needs"], *_lines(rig["visemes"])] for rig in table["rigs"]]
    parts = {part: " ".join(words) for part, words in bones["parts"].items()}
    fields = [
        *(_field(name, bones[name.lower()]) for name in ("Left", "Right")),
        _field("BoneNoise", bones["noise"]),
        _field("BoneParts", _lines(parts)),
        _table("BoneFamilies", families),
        _field("ShapeNoise", table["noise"]),
        _field("VisemePrefixes", table["prefixes"]),
        _field("Shapes", _lines(table["shapes"])),
        _table("Rigs", rigs),
        _field("Expressions", _lines(table["expressions"])),
    ]
    return _CLASS_HEAD + "\n".join(fields) + "    }\n}\n"


def _lines(table: Mapping[str, str]) -> list[str]:
    return [f"{name}: {what}" for name, what in table.items()]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _field(name: str, words: Iterable[str]) -> str:
    rows = "".join(f"            {_quoted(word)},\n" for word in words)
    return f"        internal static readonly string[] {name} =\n        {{\n{rows}        }};\n"


def _table(name: str, rows: Iterable[Iterable[str]]) -> str:
    written = "".join(
        "            new[]\n            {\n"
        + "".join(f"                {_quoted(word)},\n" for word in row)
        + "            },\n"
        for row in rows
    )
    return (
        f"        internal static readonly string[][] {name} =\n        {{\n{written}        }};\n"
    )


def made(_folder: Path) -> dict[str, str]:
    """Returns both files: path from the project's root -> text."""
    table = worked_out(names())
    return {MODULE: module(table), CLASS: csharp(table)}


def main(arguments: list[str] | None = None) -> int:
    """Writes both files, or with --check says which differ."""
    return generated_files.run(PROGRAM, Path(), made, arguments)


if __name__ == "__main__":
    sys.exit(main())
