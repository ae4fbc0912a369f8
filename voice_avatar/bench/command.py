"""`voice-avatar bench NAME …`: one parser for all measurements, and what is done with a `Run`.

Every bench is a module with `add_arguments(parser)` and `run(args) -> Run`; it is imported when it
is asked for, so that the list of names costs nothing. One that judges has `has_faults(run)` too:
its exit status is 1 where there are.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voice_avatar.errors import ConfigError

if TYPE_CHECKING:
    from voice_avatar.bench.figures.results import Run

BENCHES: Final = {
    "v2v": "from the end of speech to the first sound of the answer",
    "interrupt": "how fast the avatar stops, and what makes it stop wrongly",
    "load": "latency, processor and memory against sessions",
    "endpoint": "waits and cut-offs of the endpointing, in virtual time",
    "lipsync": "mouth shapes against a forced aligner",
    "gestures": "apexes of gestures against stressed vowels, gaps and gaze",
    "body": "closures, jumps, loudness, bytes and cost of mouth, face and gestures",
    "stt": "our recogniser beside its library used plainly",
    "tts": "our synthesizer beside its library used plainly",
    "llm": "our language model beside its library used plainly",
    "threads": "what more threads, batches and calls at once are worth",
    "fuzz": "clients that break every rule, and what their neighbour notices",
    "attacks": "floods, crowds and guesses, and what an innocent neighbour notices",
    "soak": "random lives for a long time: growth, leftovers, lateness, broken promises",
}
"""Name -> what it measures."""

FOLDER: Final = "bench_results"
"""Where results are kept, dated (`--save`)."""

_OTHERS: Final = {
    "compare": "two results, figure by figure",
    "page": "results as one HTML page",
}


def main(arguments: Sequence[str]) -> int:
    """Runs a bench, compares two runs or draws some, and returns the exit status.

    Raises:
        VoiceAvatarError: what went wrong.
    """
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", ())
    if name in BENCHES:
        return _measure(name, rest)
    if name == "compare":
        return _compare(rest)
    if name == "page":
        return _page(rest)
    is_asked = name in {"-h", "--help"}
    known = BENCHES | _OTHERS
    out = sys.stdout if is_asked else sys.stderr
    print(f"usage: voice-avatar bench {{{','.join(known)}}} [--help] …", file=out)
    for each, help_ in known.items():
        print(f"  {each:10} {help_}", file=out)
    return 0 if is_asked else 2


def _measure(name: str, arguments: Sequence[str]) -> int:
    bench = import_module(f"voice_avatar.bench.measures.{name}")
    parser = argparse.ArgumentParser(
        prog=f"voice-avatar bench {name}",
        description=bench.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bench.add_arguments(parser)
    parser.add_argument("--out", metavar="FILE", type=Path, help="write the result there, as JSON")
    parser.add_argument("--save", action="store_true", help=f"… or as a dated file in {FOLDER}/")
    parser.add_argument("--html", metavar="FILE", type=Path, help="… and as a page to look at")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args(arguments)

    from voice_avatar.bench.report import files, page, tables

    for asked in (args.out, args.html, Path(FOLDER) / "-" if args.save else None):
        if asked is not None:
            files.check_writable(asked)
    measured: Run = bench.run(args)
    if args.out or args.save:
        path = args.out or files.dated(Path(FOLDER), measured)
        files.write(path, measured)
        print(f"written: {path.name}", file=sys.stderr)
    if args.html:
        files.write_text(args.html, page.render([measured]))
        print(f"written: {args.html.name}", file=sys.stderr)
    if args.json:
        sys.stdout.write(files.to_json(measured))
    else:
        tables.show(measured)
    has_faults: Callable[[Run], bool] | None = getattr(bench, "has_faults", None)
    return int(has_faults is not None and has_faults(measured))


def _compare(arguments: Sequence[str]) -> int:
    from voice_avatar.bench.figures.compare import pairs
    from voice_avatar.bench.report import files, tables

    parser = argparse.ArgumentParser(prog="voice-avatar bench compare")
    parser.add_argument("before", type=Path, metavar="A.json")
    parser.add_argument("after", type=Path, metavar="B.json")
    args = parser.parse_args(arguments)
    before, after = files.read(args.before), files.read(args.after)
    if before.kind != after.kind:
        raise ConfigError(f"A {before.kind} run cannot be compared with a {after.kind} run.")
    tables.show_pairs(before, after, pairs(before, after))
    return 0


def _page(arguments: Sequence[str]) -> int:
    from voice_avatar.bench.report import files, page

    parser = argparse.ArgumentParser(
        prog="voice-avatar bench page",
        description="Draws results as one HTML page that stands alone. Several runs of v2v are also"
        " drawn against one another: turns cut off against latency.",
    )
    parser.add_argument("runs", type=Path, metavar="RUN.json", nargs="+")
    parser.add_argument(
        "--html", metavar="FILE", type=Path, help="where to (default: the first run, as .html)"
    )
    args = parser.parse_args(arguments)
    path = args.html or args.runs[0].with_suffix(".html")
    files.write_text(path, page.render([files.read(run) for run in args.runs]))
    print(f"written: {path.name}", file=sys.stderr)
    return 0
