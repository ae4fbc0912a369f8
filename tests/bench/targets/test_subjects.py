"""Who answered: what a session said of it last, and the hashes of models that are here."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from voice_avatar.bench.figures.line_events import Subject
from voice_avatar.bench.targets import subjects
from voice_avatar.bench.targets.subjects import NotedTarget, subject_settings
from voice_avatar.bench.targets.target import TargetCapabilities
from voice_avatar.errors import ModelError


class Shy:
    """A server that tells who it is only in its first session, and only once it works."""

    capabilities = TargetCapabilities("shy", 16_000, False, False, False, False, False)

    def __init__(self) -> None:
        self.sessions = 0

    @asynccontextmanager
    async def dial(self) -> AsyncIterator[Any]:
        self.sessions += 1
        yield _Line()


@dataclass
class _Line:
    subject: Subject = field(default_factory=Subject)


async def test_what_a_session_said_last_counts_and_silence_takes_nothing_back() -> None:
    target = NotedTarget(Shy())
    assert target.capabilities.name == "shy"
    async with target.dial() as line:
        line.subject = Subject("Shy", "1")  # type: ignore[misc]
        assert target.subject == Subject()
        line.subject = Subject("Shy", "1", {"stt": "ear"})  # type: ignore[misc]
    async with target.dial():
        pass
    with pytest.raises(RuntimeError):
        async with target.dial():
            raise RuntimeError
    assert target.subject == Subject("Shy", "1", {"stt": "ear"})


class _Store:
    """One model, "ear"."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, name: str) -> Any:
        if name != "ear":
            raise ModelError(f"There is no {name}.")
        return type("Files", (), {"main": self._folder / "ear.bin"})


def test_models_of_a_server_of_ours_on_this_machine_have_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ear.bin").write_bytes(b"model")
    monkeypatch.setattr("voice_avatar.bench.targets.subjects.ModelStore", lambda: _Store(tmp_path))
    subject = Subject("voice-avatar", "0.1", {"stt": "ear", "llm": "/some/where/big"})
    digest = hashlib.sha256(b"model").hexdigest()
    for host in subjects.LOOPBACK:
        name = f"[{host}]" if ":" in host else host
        assert subject_settings(subject, dialect="avatar", url=f"ws://{name}:1") == {
            "name": "voice-avatar",
            "version": "0.1",
            "models": {"stt": {"name": "ear", "sha256": digest}, "llm": {"name": "big"}},
        }
    for dialect, url in (("avatar", "wss://elsewhere"), ("pipecat", "ws://127.0.0.1:1")):
        told = subject_settings(subject, dialect=dialect, url=url)
        assert told["models"]["stt"] == {"name": "ear"}


def test_a_server_without_a_name_is_called_by_its_dialect() -> None:
    assert subject_settings(Subject(), dialect="pcm", url="ws://x") == {
        "name": "pcm",
        "version": "",
        "models": {},
    }
