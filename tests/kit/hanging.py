"""Scripted engines that hang for ever from a moment on, and a server process with one of them.

As a program: `python -m kit.hanging STAGE FOLDER serve …` is `voice-avatar serve …` whose engine of
that stage hangs once there is a file `hang` in the folder; it then makes a file `hung`. Another one
is loaded in its place once there is a file `load`; with a file `again` there, that one hangs too.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from voice_avatar.engines import scripted


class Fuse:
    """What makes an engine hang: a call of it ends or not.

    Attributes:
        is_lit: asked at each call.
        burnt: told that a call hangs.
    """

    def __init__(self, is_lit: Callable[[], bool], burnt: Callable[[], object] = bool) -> None:
        self.is_lit = is_lit
        self.burnt = burnt
        self.release = threading.Event()

    def pass_by(self) -> None:
        """Hangs this thread, if it is lit."""
        if self.is_lit():
            self.burnt()
            self.release.wait()


class HangingVad(scripted.ScriptedVad):
    def __init__(self, fuse: Fuse) -> None:
        self.fuse = fuse

    def open(self) -> Any:
        return _Stream(self.fuse)


class _Stream(scripted.ScriptedVadStream):
    def __init__(self, fuse: Fuse) -> None:
        self.fuse = fuse

    def step(self, pcm: bytes) -> float:
        self.fuse.pass_by()
        return super().step(pcm)


class HangingTurn(scripted.ScriptedTurn):
    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self.fuse = fuse

    def score(self, pcm: bytes) -> float:
        self.fuse.pass_by()
        return super().score(pcm)


class HangingStt(scripted.ScriptedStt):
    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self.fuse = fuse

    def transcribe(self, *args: Any, **kwargs: Any) -> Any:
        self.fuse.pass_by()
        return super().transcribe(*args, **kwargs)


class HangingTts(scripted.ScriptedTts):
    def __init__(self, fuse: Fuse) -> None:
        super().__init__(symbol_samples=160)
        self.fuse = fuse

    def synthesize(self, chunk: Any) -> Generator[Any, None, None]:
        self.fuse.pass_by()
        yield from super().synthesize(chunk)


class HangingLlm(scripted.ScriptedLlm):
    """Neither a request nor its own end comes back."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self.fuse = fuse

    async def _pass_token(self, done: int) -> None:
        if self.fuse.is_lit():
            self.fuse.burnt()
            await asyncio.Event().wait()
        await super()._pass_token(done)

    async def beat(self) -> bool:
        if self.fuse.is_lit():
            await asyncio.Event().wait()
        return await super().beat()

    async def aclose(self) -> None:
        if self.fuse.is_lit():
            self.fuse.burnt()
            await asyncio.Event().wait()
        await super().aclose()


HANGING: dict[str, Callable[[Fuse], Any]] = {
    "vad": HangingVad,
    "turn": HangingTurn,
    "stt": HangingStt,
    "llm": HangingLlm,
    "tts": HangingTts,
}


def main(stage: str, folder: Path, arguments: list[str]) -> int:
    """See the module."""
    from voice_avatar.cli.main import main as voice_avatar

    plain = getattr(scripted, f"load_{stage}")
    loads = 0

    def load(options: Any, store: Any) -> Any:
        nonlocal loads
        loads += 1
        while loads > 1 and not (folder / "load").exists():
            time.sleep(0.01)
        if loads > 1 and not (folder / "again").exists():
            return plain(options, store)
        return HANGING[stage](Fuse((folder / "hang").exists, (folder / "hung").touch))

    setattr(scripted, f"load_{stage}", load)
    engines = [f"--set={s}.engine=scripted" for s in HANGING]
    return voice_avatar([*arguments, *engines])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
