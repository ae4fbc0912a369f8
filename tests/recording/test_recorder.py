"""Recorded sessions: what is on disk, and that the same session comes out of it again."""

from __future__ import annotations

import os
import stat
import wave
from pathlib import Path

import pytest
from kit import talk
from kit.edge import hush, running, tone
from kit.talk import at_work, talking
from kit.taped import close, eventually, lines, recording

from voice_avatar.client.audio import read_wav
from voice_avatar.client.connection import connect
from voice_avatar.events.commands import WarmPrefix
from voice_avatar.events.inputs import Tick, Transcribed
from voice_avatar.events.notices import ReplyAudio, ReplyDone, State, StateChanged
from voice_avatar.events.payloads import Message

pytestmark = pytest.mark.virtual_time


def test_a_recording_holds_what_came_in_and_what_came_out(recorded: Path) -> None:
    steps = lines(recorded)
    assert steps[0]["event"] is None
    kinds = {step["event"]["type"] for step in steps[1:]}
    assert {"VadFrame", "Transcribed", "TextInput", "InterruptRequest", "AudioSent"} <= kinds
    assert "SettingsChanged" in kinds
    told = {output["type"] for step in steps for output in step["outputs"]}
    assert {"Transcribe", "StartReply", "ReplyInterrupted", "ReplyDone", "TranscriptFinal"} <= told
    times = [step["now_s"] for step in steps]
    assert times == sorted(times)


def test_a_recording_holds_the_audio_of_both_sides(recorded: Path) -> None:
    pcm, rate_hz = read_wav(recorded / "mic.wav")
    assert rate_hz == 16_000
    assert len(pcm) / 32_000 == pytest.approx(2.2, abs=0.05)
    assert pcm[:20_000] == tone(1.0)[:20_000]
    replies = sorted(recorded.glob("reply-*.wav"))
    assert len(replies) in (4, 5)  # the one that was interrupted may have had no audio yet
    with wave.open(str(replies[0])) as first:
        assert first.getframerate() == 16_000
        assert first.getnframes() > 4_000


def test_only_their_owner_can_read_recordings(recorded: Path) -> None:
    assert stat.S_IMODE(recorded.stat().st_mode) == 0o700


async def test_without_a_folder_nothing_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with running() as run, connect(run.url) as avatar:
        await avatar.ask("Hello?")
        conversation = run.server.sessions[0].conversation
        assert conversation.tape is None
    assert os.listdir(tmp_path) == []


def test_tokens_are_counted_once_for_each_new_text(tmp_path: Path) -> None:
    tape = recording(tmp_path)
    prompt = (Message("system", "Be kind."), Message("user", "Hello my friend"))
    tape.step(1.0, None, (WarmPrefix(prompt), StateChanged(State.IDLE)))
    tape.step(2.0, Tick(), (WarmPrefix(prompt), ReplyDone(1, "completed", "Hi", 3)))
    close(tape)
    assert [step["tokens"] for step in lines(tmp_path / "s1")] == [
        {"Be kind.": 2, "Hello my friend": 3},
        {"Hi": 1},
    ]


def test_a_failed_recogniser_is_recorded_as_such(tmp_path: Path) -> None:
    tape = recording(tmp_path)
    tape.step(1.0, Transcribed(1, None), ())
    close(tape)
    assert lines(tmp_path / "s1")[0]["event"] == {
        "type": "Transcribed",
        "request_id": 1,
        "transcript": None,
    }


def test_a_disk_that_fails_ends_the_recording_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "s1").mkdir()
    tape = recording(tmp_path)  # its folder is there already
    tape.step(1.0, None, ())
    tape.mic(b"\0\0")
    tape.reply_audio(ReplyAudio(1, 0, b"\0\0"))
    close(tape)
    assert list((tmp_path / "s1").iterdir()) == []
    assert "cannot be written" in caplog.text


async def test_replies_that_interleave_are_kept_whole_each_in_a_file_of_its_own(
    tmp_path: Path,
) -> None:
    tape = recording(tmp_path)
    frames = {1: [tone(0.03)] * 4, 2: [hush(0.03)] * 4}
    for number in range(4):
        for reply_id in (1, 2):
            pcm = frames[reply_id][number]
            tape.reply_audio(ReplyAudio(reply_id, number * 480, pcm, number == 0))
    tape.reply_over(1)
    tape.reply_over(2)
    await tape.aclose()
    for reply_id in (1, 2):
        pcm, _ = read_wav(tmp_path / "s1" / f"reply-{reply_id}.wav")
        assert len(pcm) // 2 == 4 * 480
        assert pcm == b"".join(frames[reply_id])


async def test_audio_of_a_reply_that_is_over_does_not_make_its_file_anew(tmp_path: Path) -> None:
    tape = recording(tmp_path)
    tape.reply_audio(ReplyAudio(1, 0, tone(0.03)))
    tape.reply_over(1)
    tape.reply_audio(ReplyAudio(1, 480, tone(0.03)))
    tape.reply_over(2)  # of which nothing was sent
    await tape.aclose()
    assert read_wav(tmp_path / "s1" / "reply-1.wav")[0] == tone(0.03)
    assert not (tmp_path / "s1" / "reply-2.wav").exists()


async def test_a_session_that_begins_is_on_the_disk_before_it_has_said_a_word(
    tmp_path: Path,
) -> None:
    tape = recording(tmp_path)
    assert not (tmp_path / "s1").exists()  # a conversation that never began leaves nothing
    tape.step(1.0, None, (StateChanged(State.IDLE),))
    eventually((tmp_path / "s1" / "events.jsonl").is_file)
    eventually(lambda: len(lines(tmp_path / "s1")) == 1)
    await tape.aclose()


async def test_a_conversation_that_has_ended_leaves_complete_files(tmp_path: Path) -> None:
    with at_work(talk.engines("Fine, thank you.")) as workers:
        tape = recording(tmp_path)
        async with talking(workers, tape=tape) as user:
            user.types("Hello?")
            await user.reply()
            await user.says(talk.QUESTION)
            await user.reply(2)
        for reply_id in (1, 2):
            pcm, _ = read_wav(tmp_path / "s1" / f"reply-{reply_id}.wav")
            assert pcm == user.audio(reply_id)
        assert (
            read_wav(tmp_path / "s1" / "mic.wav")[0]
            == talk.QUESTION[: len(talk.QUESTION) // 1024 * 1024]
        )
