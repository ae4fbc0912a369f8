"""The Unity package's Core against a live server: a client under mono that does as a headset would.

The client (tests/unity/console) shows 72 frames a second and plays blocks of 512 samples at 48 kHz
with a device of its own; it prints what it saw, and how far mouth and sound were apart.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.csharp import console_client
from kit.edge import BRISK, engines, running, tone

from voice_avatar.cli.serve import engines_of
from voice_avatar.config.load import load
from voice_avatar.conformance.scenarios import SCENARIOS
from voice_avatar.conformance.scripted_server import serve_scenarios
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.server.port import AvatarServer

REPLY = "Hello there my good friend, let us talk about boats and ships for a while."
CUT_MS = 1000
"""Reply that would be left at an interruption is longer than this by far. How fast it ends is in
tests/unity/core, where the clock is made."""

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="session")
def client(core: Path) -> Path:
    """The console client."""
    return console_client(core)


async def talk(
    client: Path, url: str, *what: str, heard: Path | None = None, scenario: str = ""
) -> dict[str, Any]:
    """Runs the client to its end and returns what it saw."""
    address = f"{url}?scenario={scenario}" if scenario else f"{url}/v1/avatar"
    environment = {**os.environ, "VOICE_AVATAR_HEARD": str(heard) if heard else ""}
    process = await asyncio.create_subprocess_exec(
        *("mono", "--debug", str(client), address, *what),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, out.decode() + err.decode()
    seen: dict[str, Any] = json.loads(out)
    keys = (
        "sync_mean_ms",
        "sync_median_ms",
        "sync_mean_abs_ms",
        "sync_p95_ms",
        "sync_max_ms",
        "resume_ms",
    )
    print({key: seen[key] for key in (*keys, "silent_after_ms", "shut_mouth_ms", "frames")})
    return seen


def check_shown(seen: dict[str, Any]) -> None:
    """Checks that the whole reply was heard, and that most frames showed the mouth of its sound."""
    assert seen["status"] == "completed"
    assert seen["played_samples"] == seen["sample_count"] > 0
    assert (seen["gap_samples"], seen["unreadable"]) == (0, 0)
    assert seen["blocks"] > 0
    assert seen["allocated_bytes"] == 0
    assert seen["viseme_frames"] > 0.9 * seen["frames"] > 0
    assert 0.5 < seen["largest_mouth"] <= 1.001
    assert abs(seen["sync_median_ms"]) < 5
    assert seen["marked_words"]
    assert all(word in seen["text"] for word in seen["marked_words"])


async def test_a_typed_turn_is_answered_heard_and_shown(client: Path, tmp_path: Path) -> None:
    heard = tmp_path / "heard.raw"
    async with running(engines(REPLY)) as run:
        seen = await talk(client, run.url, "say", "Hello.", heard=heard)
    check_shown(seen)
    assert seen["text"] == seen["spoken_text"] == seen["caption"] == REPLY
    assert seen["gestures"]
    assert seen["stale"] == 0
    assert seen["round_trip_ms"] > 0
    sound = np.frombuffer(heard.read_bytes(), "<i2")
    length_ms = seen["sample_count"] * 1000 / seen["rate_hz"]
    assert np.abs(sound).max() > 1000
    assert seen["audible_ms"] == pytest.approx(length_ms, abs=200)


async def test_a_spoken_turn_is_understood_and_answered(client: Path, tmp_path: Path) -> None:
    recording = tmp_path / "question.raw"
    recording.write_bytes(bytes(6400) + tone(1.2))
    async with running(engines(REPLY)) as run:
        seen = await talk(client, run.url, "speak", str(recording))
    check_shown(seen)
    assert seen["transcript"] == "One two three."


async def test_an_interruption_silences_the_reply_within_a_block(client: Path) -> None:
    loaded = engines(REPLY, tts=ScriptedTts(symbol_samples=3 * BRISK))
    async with running(loaded) as run:
        seen = await talk(client, run.url, "interrupt", "Hello.", "1000")
    assert seen["status"] == "interrupted"
    assert REPLY.startswith(seen["spoken_text"])
    assert 0 < len(seen["spoken_text"]) < len(REPLY)
    assert seen["caption"] == f"{seen['spoken_text']}<s>{REPLY[len(seen['spoken_text']) :]}</s>"
    assert seen["silent_after_ms"] < CUT_MS
    assert 0 <= seen["shut_mouth_ms"] < CUT_MS


async def test_a_client_whose_line_is_cut_comes_back_and_nothing_is_lost_or_repeated(
    client: Path, tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole.raw", tmp_path / "cut.raw"

    def loaded() -> Any:
        return engines(REPLY, tts=ScriptedTts(symbol_samples=3 * BRISK))

    async with running(loaded(), resume_ttl_s=30) as run:
        seen = await talk(client, run.url, "cut", "Hello.", "700", "2", heard=cut)
    async with running(loaded()) as run:
        await talk(client, run.url, "say", "Hello.", heard=whole)
    check_shown(seen)
    assert (seen["readies"], seen["resumes"], seen["cuts_left"]) == (1, 2, 0)
    assert len(seen["resume_ms"]) == 2
    assert_same_sound(whole, cut)


SCRIPTED = sorted(SCENARIOS.keys() - {"no_answer", "close_1012", "close_1013"})
"""What a scripted server does to a client. That a hello without an answer is given up after 10 s is
in tests/unity/core. The WebSocket of .NET takes 1012 and 1013 for a broken line: a client sees
1006, and comes back as after a lost connection."""

STAYS_AWAY = frozenset(
    f"close_{code}"
    for code in (1000, 1003, 1007, 1008, 1009, 4000, 4001, 4002, 4003, 4004, 4008, 4009, 4429)
)


async def test_the_client_passes_every_scenario_of_the_scripted_server(client: Path) -> None:
    places = asyncio.Semaphore(3)
    failures: dict[str, Any] = {}

    async def follow(url: str, name: str) -> None:
        async with places:
            seen = await talk(client, url, "follow", scenario=name)
        comes_back = seen["state"] in ("Waiting", "WaitingToResume", "Connecting", "Reconnecting")
        if name.startswith("close_"):
            is_passed = (
                seen["close_code"] == int(name.removeprefix("close_"))
                and comes_back is (name not in STAYS_AWAY)
                and (comes_back or seen["state"] == "Ended")
            )
        elif name == "unauthorized":
            is_passed = (seen["close_code"], seen["state"]) == (4001, "Ended")
        else:
            is_passed = seen["close_reason"] == "passed"
        if not is_passed:
            failures[name] = seen

    async with serve_scenarios("127.0.0.1", 0) as url:
        await asyncio.gather(*(follow(url, name) for name in SCRIPTED))
    assert failures == {}
    assert len(SCRIPTED) >= 30


def assert_same_sound(one: Path, other: Path) -> None:
    """Checks that two recordings are the same from their first sound on."""
    sounds = []
    for path in (one, other):
        pcm = np.frombuffer(path.read_bytes(), "<i2")
        loud = np.flatnonzero(np.abs(pcm) > 100)
        sounds.append(pcm[loud[0] : loud[-1] + 1].astype(int))
    assert len(sounds[0]) == len(sounds[1])
    assert np.abs(sounds[0] - sounds[1]).max() <= 1


@pytest.mark.models
async def test_with_the_real_models_a_recording_is_answered_and_can_be_interrupted(
    client: Path, spoken: Callable[[str], bytes], tmp_path: Path
) -> None:
    recording = tmp_path / "question.raw"
    recording.write_bytes(spoken("What is your name?"))
    persona = str(Path(__file__).parents[1] / "data" / "quiet_persona.toml")
    config = load(
        overrides={
            "server.port": "0",
            "server.persona": persona,
            "session.max_reply_tokens": "32",
        }
    )
    server = AvatarServer(config, lambda: engines_of(config))
    ready = asyncio.Event()
    serving = asyncio.create_task(server.serve(lambda _: ready.set()))
    await asyncio.wait_for(ready.wait(), 240)
    url = f"ws://127.0.0.1:{server.port}"
    try:
        answered = await talk(client, url, "speak", str(recording))
        stopped = await talk(client, url, "interrupt", "Tell me a story about a knight.", "600")
    finally:
        server.stop()
        await serving
    check_shown(answered)
    assert answered["transcript"].lower().rstrip("?.") == "what is your name"
    assert answered["audible_ms"] > 300
    assert stopped["status"] == "interrupted"
    assert "<s>" in stopped["caption"]
