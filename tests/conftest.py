"""Fixtures that several test files share."""

from __future__ import annotations

import asyncio
import os
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from kit.skipping_loop import SkippingLoop, show_the_loops_time

if TYPE_CHECKING:
    from voice_avatar.models.store import ModelStore
    from voice_avatar.server.port import AvatarServer
    from voice_avatar.stages.tts import TtsEngine

show_the_loops_time()

# How Hypothesis draws its examples. No profile limits how long an example or the drawing of one may
# take: that says more about the machine than about the code.
# - random, the default: new examples each time; those that failed are kept and tried first.
# - ci: the same examples each time, so that a commit fails for what it changed and not by chance.
#   .ci/run asks for it with HYPOTHESIS_PROFILE=ci.
# - deep, to search: ten times as many. pytest --hypothesis-profile=deep
_ANY_TIME = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("random", _ANY_TIME)
settings.register_profile("ci", _ANY_TIME, derandomize=True, database=None)
settings.register_profile("deep", _ANY_TIME, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "random"))


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests marked `virtual_time` wait without taking time."""
    is_virtual = item.get_closest_marker("virtual_time") is not None
    return {"loop": SkippingLoop if is_virtual else asyncio.new_event_loop}


@pytest.fixture(scope="session")
def store() -> ModelStore:
    """The model store that a user would have (models are pulled on first use)."""
    from voice_avatar.models.store import ModelStore

    return ModelStore()


@pytest.fixture(scope="session")
def piper(store: ModelStore) -> TtsEngine:
    """The default Piper voice, loaded once."""
    from voice_avatar.engines import piper_tts
    from voice_avatar.stages.tts import TtsOptions

    return piper_tts.load(TtsOptions(), store)


@pytest.fixture(scope="session")
def spoken(piper: TtsEngine) -> Callable[[str], bytes]:
    """Returns a function: English text -> its speech, 16 kHz PCM, by Piper."""
    from voice_avatar.audio.pcm import resample
    from voice_avatar.events.payloads import SpeakableChunk, SpeechPiece

    @cache
    def say(text: str) -> bytes:
        chunk = SpeakableChunk(index=0, text=text, spoken=text)
        pieces = [p.pcm for p in piper.synthesize(chunk) if isinstance(p, SpeechPiece)]
        return resample(b"".join(pieces), piper.capabilities.rate_hz, 16_000)

    return say


@pytest.fixture(scope="session")
def recording(
    spoken: Callable[[str], bytes], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Returns a function: seconds of silence and English texts, in any order -> a WAV of them."""

    def write(*parts: str | float) -> Path:
        pcm = [
            spoken(part) if isinstance(part, str) else bytes(2 * int(16_000 * part))
            for part in parts
        ]
        file = tmp_path_factory.mktemp("speech") / "recording.wav"
        with wave.open(str(file), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(16_000)
            out.writeframes(b"".join(pcm))
        return file

    return write


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def talker() -> AsyncIterator[AvatarServer]:
    """A server with the real models that is ready, whose persona does not greet."""
    from voice_avatar.cli.serve import engines_of
    from voice_avatar.config.load import load
    from voice_avatar.server.port import AvatarServer

    overrides = {
        "server.port": "0",
        "server.persona": str(Path(__file__).parent / "data" / "quiet_persona.toml"),
        "session.max_reply_tokens": "40",
    }
    config = load(overrides=overrides)
    server = AvatarServer(config, lambda: engines_of(config))
    urls: list[str] = []
    serving = asyncio.create_task(server.serve(urls.append))
    while not urls and not serving.done():  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    if serving.done():
        serving.result()
    try:
        yield server
    finally:
        server.stop()
        with suppress(asyncio.CancelledError):
            await serving


@pytest.fixture(scope="session")
def speech_dir() -> Path:
    """Folder of the real recordings; tests that need it are skipped without it."""
    folder = os.environ.get("VOICE_AVATAR_SPEECH_DIR", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("VOICE_AVATAR_SPEECH_DIR is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Core assembly of the Unity package, compiled by mono without the engine."""
    from kit.csharp import core_in, require_mono

    require_mono()
    return core_in(tmp_path_factory.mktemp("unity"))
