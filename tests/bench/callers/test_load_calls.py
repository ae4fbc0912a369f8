"""`bench load` of servers of other dialects."""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import time
import wave
from dataclasses import replace
from pathlib import Path

import pytest
from kit.edge import hush, tone
from kit.foreign import Ear, serving, voice
from websockets.asyncio.server import ServerConnection

from voice_avatar.bench.callers import call
from voice_avatar.bench.callers.load_calls import _call_all
from voice_avatar.bench.callers.load_client import Spec, tone_utterances
from voice_avatar.bench.figures.line_events import Subject
from voice_avatar.bench.measures import load
from voice_avatar.bench.targets import pipecat_frames
from voice_avatar.bench.targets.options import DialOptions
from voice_avatar.errors import ConfigError

HZ = 16_000


@pytest.fixture(autouse=True)
def _brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """No reply here pauses: one of which nothing came for a moment is over."""
    monkeypatch.setattr(call, "SETTLED_S", 0.2)


async def parrot(socket: ServerConnection) -> None:
    """Answers every tone with half a second of tone."""
    ear = Ear()
    async for frame in socket:
        if isinstance(frame, bytes) and ear.hear(frame) == "ended":
            await socket.send(voice(0.5, HZ))


def spec(url: str) -> Spec:
    return Spec(
        url=url,
        token="",
        users=(0, 1),
        sessions=2,
        turns=2,
        utterances=tone_utterances(2),
        rise_s=0.2,
        buffer_s=0.04,
        timeout_s=3.0,
        seed=1,
        dialect="pcm",
        dial=DialOptions(),
    )


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_users_ask_a_server_of_another_dialect_and_hear_the_answers_out() -> None:
    async with serving(parrot) as url:
        talked = await _call_all(spec(url))
    assert [(turn.user, turn.turn) for turn in talked.turns] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    for turn in talked.turns:
        # 0.1 s until the ear is sure, and the loudspeaker's buffer.
        assert turn.v2v_s == pytest.approx(0.14, abs=0.06)
        assert turn.audio_s == pytest.approx(0.5, abs=0.01)
        assert turn.trouble == ""
        assert turn.mic_late_s <= talked.late_p99_s
    assert {turn.utterance for turn in talked.turns} == {u.name for u in tone_utterances(2)}
    assert 0 < talked.since_s < talked.until_s < time.monotonic()


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_server_that_hangs_up_is_trouble_in_every_turn_that_was_to_come() -> None:
    sessions = 0

    async def hangs_up(socket: ServerConnection) -> None:
        nonlocal sessions
        sessions += 1
        if sessions == 1:
            await parrot(socket)

    async with serving(hangs_up) as url:
        talked = await _call_all(spec(url))
    assert [turn.trouble for turn in talked.turns] == ["", "", *["connection_failed"] * 2]


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_who_answers_is_noted() -> None:
    async def named(socket: ServerConnection) -> None:
        about = '{"library":"tiny","library_version":"2"}'
        told = f'{{"label":"rtvi-ai","type":"bot-ready","data":{{"about":{about}}}}}'
        await socket.send(pipecat_frames.said(told))
        async for _ in socket:
            pass

    async with serving(named) as url:
        talked = await _call_all(replace(spec(url), dialect="pipecat", turns=1, timeout_s=0.2))
    assert talked.subject == Subject("tiny", "2")


def _serve(port: multiprocessing.Queue[str]) -> None:
    async def main() -> None:
        async with serving(parrot) as url:
            port.put(url)
            await asyncio.Event().wait()

    asyncio.run(main())


@pytest.mark.realtime
def test_the_load_of_another_server_has_what_the_system_says_of_its_process(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, HZ, 0, "NONE", ""))
        file.writeframes(tone(0.8) + hush(0.2))
    spawn = multiprocessing.get_context("spawn")
    port = spawn.Queue()
    server = spawn.Process(target=_serve, args=(port,))
    server.start()
    try:
        parser = argparse.ArgumentParser()
        load.add_arguments(parser)
        words = ["--url", port.get(timeout=20), "--dialect", "pcm", "--pid", str(server.pid)]
        words += ["--clips", str(tmp_path), "--sessions", "2", "--turns", "1", "--rise-s", "0.2"]
        measured = load.run(parser.parse_args(words))
    finally:
        server.terminate()
        server.join()
    found = {figure.name: figure for figure in measured.figures}
    assert found["capacity"].value == 2
    assert found["load.2.missed"].value == 0
    assert (found["load.2.rss"].value or 0) > 5
    assert found["load.2.cpu"].value is not None
    assert measured.subject["name"] == "pcm"
    assert "--dialect pcm" in measured.command
    assert str(tmp_path) not in measured.command


def test_a_dialect_of_others_needs_an_address() -> None:
    parser = argparse.ArgumentParser()
    load.add_arguments(parser)
    with pytest.raises(ConfigError, match="--url"):
        load.run(parser.parse_args(["--scripted", "--dialect", "pcm"]))
