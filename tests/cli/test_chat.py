"""`voice-avatar chat`: a conversation in a terminal."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.command_line import STAGES, Capture, told
from kit.edge import hush, tone

from voice_avatar.cli import chat
from voice_avatar.cli.chat import speech_end_s
from voice_avatar.cli.main import main
from voice_avatar.server.port import AvatarServer

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("here")]


def test_chat_says_a_recording_and_prints_one_object(
    here: Path, question: str, capsys: Capture
) -> None:
    assert main(["chat", "--wav", question, "--out", "reply.wav", "--json"]) == 0
    (turn,) = told(capsys)
    assert turn["user_text"] == "One two three."
    assert turn["reply_text"] == turn["spoken_text"] == "You said: One two three."
    assert turn["status"] == "completed"
    assert 100 < turn["v2v_ms"] < 3000
    assert turn["cut_offs"] == 0
    assert "30 dB" in turn["speech_end"]
    assert turn["visemes"]
    assert turn["captions"]
    assert isinstance(turn["gestures"], list)
    assert turn["events"]["reply.done"] == 1
    assert turn["metrics"]["sent_ms"] == pytest.approx(turn["v2v_ms"], abs=400)
    with wave.open(str(here / "reply.wav")) as reply:
        assert reply.getnframes() / reply.getframerate() == pytest.approx(turn["audio_s"], abs=0.01)


def test_chat_takes_several_turns_spoken_and_typed(question: str, capsys: Capture) -> None:
    arguments = ["--wav", question, "--text", "And now?", "--speech-end-s", "1.5", "--json"]
    assert main(["chat", *arguments]) == 0
    spoken, typed = told(capsys)
    assert spoken["speech_end"] == "given"
    assert typed["user_text"] == "And now?"
    assert typed["v2v_ms"] is None


def test_chat_without_json_prints_the_conversation(capsys: Capture) -> None:
    assert main(["chat", "--text", "Are you there?"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["you:    Are you there?", "avatar: You said: Are you there?"]


def test_a_chats_own_server_can_load_an_engine_again_that_hangs(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[object] = []

    class Watched(AvatarServer):
        async def serve(self, on_ready: Callable[[str], None] = lambda url: None) -> None:
            assert self._reload is not None
            again.extend([await asyncio.to_thread(self._reload, stage) for stage in STAGES])
            await super().serve(on_ready)

    monkeypatch.setattr(chat, "AvatarServer", Watched)
    assert main(["chat", "--text", "Are you there?"]) == 0
    assert [type(one).__name__.lower() for one in again] == [f"scripted{s}" for s in STAGES]


def test_chat_without_a_sound_library_says_what_to_install(capsys: Capture) -> None:
    pytest.importorskip("numpy")
    try:
        import sounddevice  # noqa: F401
    except (ImportError, OSError):
        assert main(["chat"]) == 1
        assert "microphone" in capsys.readouterr().err
    else:
        pytest.skip("sounddevice is installed")


@pytest.mark.parametrize("rate_hz", [8_000, 48_000])
def test_the_end_of_speech_is_found_by_its_level(rate_hz: int) -> None:
    pcm = hush(0.3, rate_hz) + tone(1.0, rate_hz) + tone(0.5, rate_hz, level=0.001)
    assert speech_end_s(pcm, rate_hz) == pytest.approx(1.3, abs=0.011)


def test_the_end_of_speech_of_nothing_is_where_it_is() -> None:
    assert speech_end_s(b"", 16_000) == pytest.approx(0.01)
