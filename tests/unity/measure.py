"""Measures the Unity package's Core end to end: a client under mono against a live server.

    make bench-unity                        both servers, figures into bench_results
    make bench-unity ARGS="--only scripted --turns 3"

The client (console/) does as a headset would: 72 frames a second, and a sound device that asks for
512 samples at 48 kHz and plays them 21 ms later. It runs once for each turn, first against a server
with scripted engines, then against one with the models of the embedded preset, both in processes of
their own. Sync is judged by the device's own log: which sample it played as a frame was shown.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from kit.csharp import ROOT, console_client, core_in

from voice_avatar.audio.pcm import resample
from voice_avatar.bench.callers.own_server import SCRIPTED, own_server
from voice_avatar.bench.figures.results import Figure, Unit
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.report.files import check_writable, dated, write
from voice_avatar.bench.report.machine import results_of
from voice_avatar.bench.targets.subjects import engines_subject
from voice_avatar.config.load import load
from voice_avatar.engines.registry import load_engine
from voice_avatar.events.payloads import SpeakableChunk, SpeechPiece
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.tts import TtsOptions

Turn = dict[str, Any]

LIMIT_S: Final = 240.0
"""The client gives up by itself after 200 s."""

QUESTIONS: Final = (
    "What is your name?",
    "Tell me about the sea.",
    "What do you like to eat?",
    "How do birds fly?",
    "Why is the sky blue?",
    "Where does the rain come from?",
)
TEXT: Final = (
    "Every morning the old ferry leaves the harbour, "
    "and in the evening it brings the people of the island home again."
)
"""What is typed to the scripted server, which repeats it: about 9 s."""

CUT_MS: Final = 1000
"""How much of a reply is played between two cuts, milliseconds."""

INTERRUPT_MS: Final = 600

AUDIBLE: Final = 100
"""What counts as sound, of 32768: the tones of the scripted voice are far louder."""


async def talk(client: Path, url: str, *what: str, heard: Path | None = None) -> Turn:
    """Runs the client for a turn and returns what it saw.

    Raises:
        RuntimeError: it did not come to the end of the turn.
    """
    process = await asyncio.create_subprocess_exec(
        *("mono", str(client), f"{url.rstrip('/')}/v1/avatar", *what),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "VOICE_AVATAR_HEARD": str(heard or "")},
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"the client failed: {(out + err).decode()[:500]}")
    return {"what": what[0], **json.loads(out)}


def sound_of(recording: Path) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Returns what was heard from the first sound to the last."""
    pcm = np.frombuffer(recording.read_bytes(), "<i2").astype(np.int64)
    loud = np.flatnonzero(np.abs(pcm) > AUDIBLE)
    return pcm[loud[0] : loud[-1] + 1]


def differing(one: Path, other: Path) -> int:
    """Returns by how many samples two recordings differ, more than by rounding."""
    a, b = sound_of(one), sound_of(other)
    shared = min(len(a), len(b))
    return int(np.sum(np.abs(a[:shared] - b[:shared]) > 1)) + abs(len(a) - len(b))


async def measure_scripted(client: Path, folder: Path, count: int) -> list[Turn]:
    """Typed turns; turns whose line is cut, against one that was not; interrupted turns."""
    whole, cut = folder / "whole.raw", folder / "cut.raw"
    turns = []
    async with own_server(SCRIPTED) as url:
        for index in range(count):
            recording = whole if index == 0 else None
            turns.append(await talk(client, url, "say", TEXT, heard=recording))
        for _ in range(count):
            turn = await talk(client, url, "cut", TEXT, str(CUT_MS), "3", heard=cut)
            turns.append(turn | {"differing_samples": differing(whole, cut)})
        for _ in range(count):
            stopped = await talk(client, url, "interrupt", TEXT, str(INTERRUPT_MS))
            turns.append(stopped)
    return turns


async def measure_embedded(client: Path, folder: Path, count: int) -> list[Turn]:
    """Spoken turns; typed turns whose line is cut once; interrupted turns."""
    question = folder / "question.raw"
    turns = []
    async with own_server({"session.max_reply_tokens": "60"}, preset="embedded") as url:
        speak = speaking()
        for index in range(count):
            question.write_bytes(speak(QUESTIONS[index % len(QUESTIONS)]))
            turns.append(await talk(client, url, "speak", str(question)))
        for index in range(count):
            text = QUESTIONS[index % len(QUESTIONS)]
            turns.append(await talk(client, url, "cut", text, str(CUT_MS), "1"))
        for index in range(count):
            text = QUESTIONS[index % len(QUESTIONS)]
            turns.append(await talk(client, url, "interrupt", text, str(INTERRUPT_MS)))
    return turns


def speaking() -> Callable[[str], bytes]:
    """Returns a function: English text -> its speech, 16 kHz PCM, by the server's own voice."""
    engine = load_engine("tts", TtsOptions(), ModelStore())

    def say(text: str) -> bytes:
        chunk = SpeakableChunk(index=0, text=text, spoken=text)
        pieces = [p.pcm for p in engine.synthesize(chunk) if isinstance(p, SpeechPiece)]
        return resample(b"".join(pieces), engine.capabilities.rate_hz, 16_000)

    return say


def figures(kind: str, turns: Sequence[Turn]) -> list[Figure]:
    """Returns what the turns of one server come to."""
    errors = [error for turn in turns for error in turn["sync_errors_ms"]]
    whole = [turn for turn in turns if turn["what"] != "interrupt"]
    cut = [turn for turn in turns if turn["what"] == "cut"]
    stopped = [turn for turn in turns if turn["what"] == "interrupt"]
    lost = sum(abs(t["sample_count"] - t["played_samples"]) + t["gap_samples"] for t in whole)
    found = [
        _value(f"{kind}.turns", "turns", "1", len(turns)),
        _value(f"{kind}.frames", "frames compared", "1", len(errors)),
        _all(
            f"{kind}.sync",
            "mouth against sound, size",
            [abs(error) for error in errors],
            "time of the reply that a frame shows minus that of the sample which the device plays",
        ),
        _value(f"{kind}.sync.bias", "mouth against sound, mean", "ms", float(np.mean(errors))),
        _value(
            f"{kind}.late_blocks",
            "holes in the device's sound",
            "1",
            sum(turn["late_blocks"] for turn in turns),
            "the machine's doing: its sound thread was late by more than the device could wait",
        ),
        _all(f"{kind}.resume", "cut to session.resumed", _each(cut, "resume_ms")),
        _all(
            f"{kind}.resume.audio",
            "cut to new audio",
            _each(cut, "audio_back_ms"),
            "seen once a frame (14 ms); the loudspeaker plays on meanwhile. None: all had come",
        ),
        _value(
            f"{kind}.resume.gap",
            "loudspeaker stood still",
            "ms",
            max(turn["standstill_ms"] for turn in cut),
            "within a reply whose line was cut; the most",
        ),
        _value(f"{kind}.lost", "samples lost", "samples", lost, "of all whole replies"),
        _all(f"{kind}.silent", "interrupted to silent", [t["silent_after_ms"] for t in stopped]),
        _all(
            f"{kind}.shut", "interrupted to a closed mouth", [t["shut_mouth_ms"] for t in stopped]
        ),
        _value(
            f"{kind}.allocated",
            "bytes allocated by the sound thread",
            "1",
            sum(turn["allocated_bytes"] for turn in turns),
            f"by Playout.Render in {sum(turn['blocks'] for turn in turns)} blocks: "
            "GC.GetAllocatedBytesForCurrentThread",
        ),
    ]
    if any("differing_samples" in turn for turn in cut):
        different = sum(turn["differing_samples"] for turn in cut)
        note = "what was heard of cut replies against one that was not cut, at 48 kHz"
        found.append(_value(f"{kind}.differing", "samples that differ", "samples", different, note))
    return [figure for figure in found if figure is not None]


def _value(name: str, title: str, unit: Unit, value: float, note: str = "") -> Figure:
    return Figure(name=name, title=title, unit=unit, value=round(value, 3), note=note)


def _all(name: str, title: str, values: Sequence[float], note: str = "") -> Figure | None:
    if not values:
        return None
    told = summary(values)
    return Figure(name=name, title=title, unit="ms", better="lower", summary=told, note=note)


def _each(turns: Sequence[Turn], name: str) -> list[float]:
    return [value for turn in turns for value in turn[name]]


def subject(models: bool) -> Mapping[str, Any]:
    """Returns what was measured: the package's version, and the server's models."""
    config = load(preset="embedded")
    names = {"stt": config.stt.model, "llm": config.llm.model, "tts": config.tts.voice}
    told = engines_subject(names if models else {}, ModelStore())
    package = ROOT / "unity_client_protocol" / "com.voiceavatar.client" / "package.json"
    version = json.loads(package.read_text("utf-8"))["version"]
    return told | {"name": "mono", "server": told["name"], "client": version}


@asynccontextmanager
async def compiled_client() -> AsyncIterator[tuple[Path, Path]]:
    """Compiles the client into a folder of its own and yields both."""
    with tempfile.TemporaryDirectory(prefix="voice-avatar-unity-") as name:
        yield console_client(core_in(Path(name))), Path(name)


async def run(args: argparse.Namespace) -> None:
    """Measures, prints the figures and writes them."""
    check_writable(args.save / "unity.json")
    load_before = os.getloadavg()[0]  # what else the machine did
    kinds = {"scripted": measure_scripted, "embedded": measure_embedded}
    wanted = [kind for kind in kinds if args.only in {"", kind}]
    found: list[Figure] = []
    turns: list[Turn] = []
    async with compiled_client() as (client, folder):
        for kind in wanted:
            measured = await kinds[kind](client, folder, args.turns)
            found += figures(kind, measured)
            turns += [{"server": kind, **turn} for turn in measured]
    only = f" --only {args.only}" if args.only else ""
    settings = {"turns": args.turns, "cut_ms": CUT_MS, "interrupt_ms": INTERRUPT_MS}
    result = results_of(
        "unity",
        found,
        turns,
        subject=subject("embedded" in wanted),
        settings=settings | {"load_before": round(load_before, 1)},
        command=f'make bench-unity ARGS="--turns {args.turns}{only}"',
    )
    for figure in found:
        told = figure.summary
        numbers = f"{figure.value}" if told is None else f"mean {told.mean:.2f} p95 {told.p95:.2f}"
        print(f"{figure.name:26} {figure.title:38} {numbers} {figure.unit}")
    path = dated(args.save, result)
    write(path, result)
    print(f"written: {path.name}")


def main() -> int:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n", maxsplit=1)[0])
    parser.add_argument("--turns", type=int, default=6, help="of each kind, at least 1")
    parser.add_argument("--only", choices=("scripted", "embedded"), default="")
    parser.add_argument("--save", type=Path, default=ROOT / "bench_results", metavar="FOLDER")
    args = parser.parse_args()
    if args.turns < 1:
        parser.error("--turns is at least 1")
    asyncio.run(run(args))
    return 0


if __name__ == "__main__":
    sys.exit(main())
