"""Who answered, as a result tells it: name, version, and every model by name and hash."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import voice_avatar
from voice_avatar.bench.figures.line_events import Subject
from voice_avatar.bench.targets.target import Line, Target
from voice_avatar.errors import VoiceAvatarError
from voice_avatar.models.files import sha256
from voice_avatar.models.store import ModelStore

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class NotedTarget:
    """A server, and what its last session said of it; see `Target`.

    Some dialects tell their models only while they work: what counts is read when a session ends.

    Attributes:
        capabilities: of the server.
        subject: who answered so far.
    """

    def __init__(self, target: Target) -> None:
        self.capabilities = target.capabilities
        self.subject = Subject()
        self._target = target

    @asynccontextmanager
    async def dial(self) -> AsyncIterator[Line]:
        """See `Target`."""
        async with self._target.dial() as line:
            try:
                yield line
            finally:
                if line.subject != Subject():
                    self.subject = line.subject


def engines_subject(models: Mapping[str, str], store: ModelStore) -> dict[str, Any]:
    """Returns the `subject` of a run of engines alone: this package, models by name and hash.

    Args:
        models: stage ("stt", "llm", "tts", …) -> name in the store, or a path, of which only the
            last part is told.
        store: that has them.

    Raises:
        ModelError: one is not there.
    """
    named = {
        stage: {"name": Path(model).name, "sha256": sha256(store.resolve(model).main)}
        for stage, model in models.items()
    }
    return {"name": "voice-avatar", "version": voice_avatar.__version__, "models": named}


def subject_settings(subject: Subject, *, dialect: str, url: str) -> dict[str, Any]:
    """Returns the `subject` of a run.

    Hashes are those of the models of that name in this machine's store, and are told of a server of
    ours that runs on this machine.

    Args:
        subject: who answered.
        dialect: what it speaks, its name where it does not say one.
        url: where.
    """
    is_here = dialect == "avatar" and urlsplit(url).hostname in LOOPBACK
    models = {
        stage: {"name": Path(name).name} | (_hash(name) if is_here else {})
        for stage, name in subject.models.items()
    }
    return {"name": subject.name or dialect, "version": subject.version, "models": models}


def _hash(model: str) -> dict[str, str]:
    try:
        return {"sha256": sha256(ModelStore().resolve(model).main)}
    except VoiceAvatarError:  # scripted engines have none, and a path may be gone
        return {}
