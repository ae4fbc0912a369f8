"""`voice-avatar bench NAME …`: one parser for all measurements, and what is done with a `Run`.

Every bench is a module with `add_arguments(parser)` and `run(args) -> Run`; it is imported when it
is asked for, so that the list of names costs nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voice_avatar.errors import ConfigError

if TYPE_CHECKING:
    from voice_avatar.bench.results import Run

BENCHES: Final = {
    "v2v": "from the end of speech to the first sound of the answer",
    "interrupt": "how fast the avatar stops, and what makes it stop wrongly",
    "load": "latency, processor and memory against sessions",
    "endpoint": "waits and cut-offs of the endpointing, in virtual time",
    "lipsync": "mouth shapes against a forced aligner",
    "stt": "our recogniser beside its library used plainly",
    "tts": "our synthesizer beside its library used plainly",
    "llm": "our language model beside its library used plainly",
}
"""Name -> what it measures."""

FOLDER: Final = "bench_results"
"""Where results are kept, dated (`--save`)."""


def main(arguments: Sequence[str]) -> int:
    """Runs a bench, or compares two runs, and returns the exit status.

    Raises:
        VoiceAvatarError: what went wrong.
    """
    names = (*BENCHES, "compare")
    if not arguments or arguments[0] not in names:
        asked = arguments[:1]
        print(f"usage: voice-avatar bench {{{','.join(names)}}} [--help] …", file=sys.stderr)
        for name, help_ in BENCHES.items():
            print(f"  {name:10} {help_}", file=sys.stderr)
        print("  compare    two results, figure by figure", file=sys.stderr)
        return 0 if list(asked) in (["-h"], ["--help"]) else 2
    if arguments[0] == "compare":
        return _compare(arguments[1:])
    return _measure(arguments[0], arguments[1:])


def _measure(name: str, arguments: Sequence[str]) -> int:
    bench = import_module(f"voice_avatar.bench.{name}")
    parser = argparse.ArgumentParser(
        prog=f"voice-avatar bench {name}",
        description=bench.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bench.add_arguments(parser)
    parser.add_argument("--out", metavar="FILE", type=Path, help="write the result there, as JSON")
    parser.add_argument("--save", action="store_true", help=f"… or as a dated file in {FOLDER}/")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args(arguments)
    measured: Run = bench.run(args)

    from voice_avatar.bench import files, tables

    if args.out or args.save:
        path = args.out or files.dated(Path(FOLDER), measured)
        files.write(path, measured)
        print(f"written: {path.name}", file=sys.stderr)
    if args.json:
        sys.stdout.write(files.to_json(measured))
    else:
        tables.show(measured)
    return 0


def _compare(arguments: Sequence[str]) -> int:
    from voice_avatar.bench import files, tables
    from voice_avatar.bench.compare import pairs

    parser = argparse.ArgumentParser(prog="voice-avatar bench compare")
    parser.add_argument("before", type=Path, metavar="A.json")
    parser.add_argument("after", type=Path, metavar="B.json")
    args = parser.parse_args(arguments)
    before, after = files.read(args.before), files.read(args.after)
    if before.kind != after.kind:
        raise ConfigError(f"A {before.kind} run cannot be compared with a {after.kind} run.")
    tables.show_pairs(before, after, pairs(before, after))
    return 0
