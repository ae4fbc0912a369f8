"""Files that are made from the code and committed: writes them, or says which have changed.

A command line around it:

    sys.exit(generated_files.run("python -m …", FOLDER, documents))
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def run(
    program: str,
    folder: Path,
    make: Callable[[Path], Mapping[str, str]],
    arguments: Sequence[str] | None = None,
) -> int:
    """Reads `--folder` and `--check`, makes the files and writes those that differ.

    Args:
        program: the command, for its help.
        folder: where the files are, unless the command line says otherwise.
        make: folder -> name, relative to it -> text.
        arguments: the command line; None = that of the process.

    Returns:
        1 where something differs and `--check` forbids to write it, else 0.
    """
    parser = argparse.ArgumentParser(prog=program)
    parser.add_argument("--folder", type=Path, default=folder, help="default: %(default)s")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    options = parser.parse_args(arguments)
    differ = {}
    for name, text in make(options.folder).items():
        path: Path = options.folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            differ[path] = text
            print(("differs: " if options.check else "written: ") + name)
    for path, text in ({} if options.check else differ).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 1 if options.check and differ else 0
