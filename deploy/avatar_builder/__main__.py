"""Command line: `python -m avatar_builder [--only KEY]` writes voice_avatar/web/avatars."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from avatar_builder.build import build
from avatar_builder.characters import characters
from avatar_builder.shapes import viseme_mixtures
from avatar_builder.source import Source, fetch_wheel
from avatar_builder.vrm import CREDITS

_ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Build the avatars and their index."""
    parser = argparse.ArgumentParser(prog="avatar_builder", description=__doc__)
    parser.add_argument("--out", type=Path, default=_ROOT / "voice_avatar/web/avatars")
    parser.add_argument(
        "--cache", type=Path, help="where the wheel is kept",
        default=Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "avatar-builder",
    )  # fmt: skip
    parser.add_argument("--only", help="build this one, and leave the index alone")
    options = parser.parse_args()
    source = Source(fetch_wheel(options.cache))
    visemes = viseme_mixtures(_ROOT / "voice_avatar/data/visemes/sets.toml")
    index = []
    for character in characters():
        if options.only not in {None, character.key}:
            continue
        avatar = build(source, character, visemes)
        file = options.out / f"{character.key}.vrm"
        file.write_bytes(avatar.glb)
        print(f"{file.name}: {len(avatar.glb) / 1e6:.2f} MB, {avatar.height_m} m")
        index.append(
            {
                "id": character.key,
                "name": character.name,
                "file": file.name,
                "license": "CC0-1.0",
                "credits": list(CREDITS),
                "height_m": avatar.height_m,
            }
        )
    if options.only is None:
        (options.out / "index.json").write_text(json.dumps({"avatars": index}, indent=2) + "\n")


if __name__ == "__main__":
    main()
