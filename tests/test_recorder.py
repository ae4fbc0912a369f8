"""Recorded sessions: what is on disk, and that the same session comes out of it again."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from edge import QUIET, engines, hush, raw, running, tone
from skipping_loop import SkippingLoop
from talk import at_work, talking

from voice_avatar.client import connect
from voice_avatar.client_audio import read_wav
from voice_avatar.config import Config
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.engines.scripted import ScriptedLlm, ScriptedStt
from voice_avatar.errors import ConfigError
from voice_avatar.events import (
    CancelReply,
    InterruptRequest,
    Message,
    ReplyAudio,
    ReplyDone,
    ReplyRequest,
    ReplyStarted,
    SettingsChanged,
    State,
    StateChanged,
    Tick,
    Transcribed,
    WarmPrefix,
)
from voice_avatar.recorder import Recording, recordings, replay
from voice_avatar.turn import TurnOptions

pytestmark = pytest.mark.virtual_time


def recording(folder: Path, session_id: str = "s1") -> Recording:
    return Recording(
        folder,
        session_id,
        SessionSetup(rate_hz=16_000, context_tokens=100),
        count_tokens=lambda text: len(text.split()),
    )


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


async def converse(folder: Path) -> None:
    """Records a conversation: spoken, typed, interrupted; with a small memory."""
    llm = ScriptedLlm(("Fine, thanks.", "Quite a long answer to you."), context_tokens=150)
    config = Config(session=replace(QUIET, max_reply_tokens=60))
    async with running(engines(llm=llm), config=config, record_dir=str(folder)) as run:
        async with raw(run.url) as client:
            await client.hello()
            await client.say(tone(1.0) + hush(1.2))
            await client.until("reply.done", status="completed")
            await client.send({"type": "input.text", "text": "And now something long."})
            await client.until("metrics", reply_id=2)  # comes with the first audio
            await client.send({"type": "interrupt"})
            await client.until("reply.done", status="interrupted")
            await client.send({"type": "session.update", "language": "zh"})
            for text in ("Once more, please.", "And again.", "And a last one."):
                await client.send({"type": "input.text", "text": text})
                await client.until("reply.done", status="completed")
        await run.settled()
    forgot = [len(request.messages) for request in llm.requests]
    assert forgot != sorted(forgot)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded conversation, to be left as it is."""
    folder = tmp_path_factory.mktemp("recorded")
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(converse(folder))
    return recordings(folder)[0]


@pytest.fixture
def recorded(original: Path, tmp_path: Path) -> Path:
    """A recorded conversation."""
    return Path(shutil.copytree(original, tmp_path / original.name))


def test_a_recorded_conversation_comes_out_the_same_again(recorded: Path) -> None:
    report = replay(recorded)
    assert report.differences == ()
    assert report.steps == len(lines(recorded)) > 50
    assert report.session_id == recorded.name


class LostLlm(ScriptedLlm):
    """Never gets to its first word in its first reply."""

    async def _pass_token(self, done: int) -> None:
        self._hangs_after = 0 if len(self.requests) == 1 else None
        await super()._pass_token(done)


async def test_a_conversation_with_a_reply_taken_back_comes_out_the_same_again(
    tmp_path: Path,
) -> None:
    stt = ScriptedStt(lambda seconds: "What is it?" if seconds > 0.5 else "")
    options = SessionSetup(
        session=SessionOptions(idle_timeout_s=0.0),
        turn=TurnOptions(stall_s=100.0),
        rate_hz=16_000,
        context_tokens=ScriptedLlm().capabilities.context_tokens,
    )
    with at_work(replace(engines(llm=LostLlm(["", "A chair."])), stt=stt)) as workers:
        llm = workers.engines.llm
        tape = Recording(
            tmp_path,
            "s1",
            options,
            count_tokens=llm.count_tokens,
        )
        async with talking(workers, options, tape=tape) as talk:
            await talk.says(tone(1.2) + hush(1.2))
            await talk.first(ReplyStarted)
            await talk.says(tone(0.2) + hush(1.0))  # a cough
            await talk.first(ReplyDone, status="completed")
            await talk.says(tone(1.2) + hush(1.2))
            await talk.first(ReplyDone, count=2)
    steps = lines(tmp_path / "s1")
    assert "ReplyReady" in {step["event"]["type"] for step in steps[1:]}
    told = [output["type"] for step in steps for output in step["outputs"]]
    assert "ReplyInterrupted" in told
    assert replay(tmp_path / "s1").differences == ()


async def beside(folder: Path) -> tuple[dict[int, bytes], Path]:
    """Records two replies beside one of the conversation; returns what was sent of each."""
    options = SessionSetup(
        session=SessionOptions(idle_timeout_s=0.0),
        rate_hz=16_000,
        context_tokens=ScriptedLlm().capabilities.context_tokens,
    )
    text = "This one goes on and on, and on and on."
    with at_work(engines(text, "A second one, as long as that.", "And a third.")) as workers:
        count_tokens = workers.engines.llm.count_tokens
        tape = Recording(folder, "s1", options, count_tokens=count_tokens)
        async with talking(workers, options, tape=tape) as talk:
            talk.types("Hello.")
            await talk.first(ReplyStarted)
            talk.conversation.submit(SettingsChanged(language="zh"))
            for ask_id in ("a1", "a2"):
                talk.conversation.submit(ReplyRequest(ask_id, is_out_of_band=True))
            await talk.first(ReplyDone, count=3)
            asked = [one.reply_id for one in talk.all(ReplyStarted) if one.ask_id]
            assert len(asked) == 2
            assert {one.status for one in talk.all(ReplyDone)} == {"completed"}
            assert [one.reply_id for one in talk.all(ReplyAudio)] != sorted(
                one.reply_id for one in talk.all(ReplyAudio)
            )
            return {one.reply_id: talk.audio(one.reply_id) for one in talk.all(ReplyDone)}, (
                folder / "s1"
            )


async def test_replies_beside_the_conversation_are_recorded_whole_and_come_out_the_same_again(
    tmp_path: Path,
) -> None:
    sent, folder = await beside(tmp_path)
    assert replay(folder).differences == ()
    for reply_id, pcm in sent.items():
        assert read_wav(folder / f"reply-{reply_id}.wav") == (pcm, 16_000)
        assert len(pcm) > 1000
    starts = [
        output
        for step in lines(folder)
        for output in step["outputs"]
        if output["type"] == "StartReply"
    ]
    beside_it = [start for start in starts if start["is_out_of_band"]]
    assert [start["language"] for start in beside_it] == ["zh", "zh"]


def test_a_recording_from_before_outputs_had_all_their_fields_comes_out_the_same_again(
    recorded: Path,
) -> None:
    path = recorded / "events.jsonl"
    text = path.read_text()
    assert ',"is_out_of_band":false' in text
    path.write_text(text.replace(',"is_out_of_band":false', ""))
    assert replay(recorded).differences == ()


def test_audio_of_replies_that_go_out_in_turns_is_kept_apart(tmp_path: Path) -> None:
    tape = recording(tmp_path)
    for start in range(0, 4):
        for reply_id in (1, 2):
            pcm = bytes([start, reply_id]) * 480
            tape.reply_audio(ReplyAudio(reply_id, 480 * start, pcm, is_last=start == 3))
    tape.close()
    for reply_id in (1, 2):
        pcm, _ = read_wav(tmp_path / "s1" / f"reply-{reply_id}.wav")
        assert pcm == b"".join(bytes([start, reply_id]) * 480 for start in range(4))


def test_of_a_cancelled_reply_nothing_more_is_kept(tmp_path: Path) -> None:
    tape = recording(tmp_path)
    tape.reply_audio(ReplyAudio(1, 0, b"\1\0" * 480))
    tape.step(1.0, InterruptRequest(1), (CancelReply(1),))
    tape.reply_audio(ReplyAudio(1, 480, b"\2\0" * 480))
    tape.close()
    assert read_wav(tmp_path / "s1" / "reply-1.wav")[0] == b"\1\0" * 480


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


def test_a_change_of_behaviour_shows_as_a_difference_with_its_step(recorded: Path) -> None:
    path = recorded / "events.jsonl"
    path.write_text(path.read_text().replace("And a last one.", "And the last one.", 1))
    report = replay(recorded)
    assert report.differences
    assert "TextInput" in report.differences[0]
    assert "And the last one." in report.differences[0]


def test_a_folder_of_recordings_is_searched(recorded: Path) -> None:
    assert recordings(recorded) == (recorded,)
    assert recordings(recorded.parent) == (recorded,)


def test_only_their_owner_can_read_recordings(recorded: Path) -> None:
    assert stat.S_IMODE(recorded.stat().st_mode) == 0o700


async def test_without_a_folder_nothing_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with running() as run, connect(run.url) as avatar:
        await avatar.ask("Hello?")
        conversation = run.server.sessions[0].conversation
        assert conversation._tape is None
    assert os.listdir(tmp_path) == []


def test_a_folder_without_recordings_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no recorded session"):
        recordings(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        replay(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"now_s": 1.0, "event": {"type": "Nobody"}, "outputs": [], "tokens": {}}',
        '{"now_s": 1.0, "event": {"type": "State"}, "outputs": [], "tokens": {}}',
        '{"now_s": 1.0, "event": {"type": "StateChanged"}, "outputs": [], "tokens": {}}',
        '{"now_s": 1.0, "event": {"type": "TextInput", "text": 3}, "outputs": [], "tokens": {}}',
        '{"now_s": 1.0, "event": {}, "outputs": [], "tokens": {}}',
    ],
)
def test_a_damaged_recording_is_an_error(tmp_path: Path, line: str) -> None:
    recording(tmp_path).close()
    (tmp_path / "s1" / "events.jsonl").write_text(f"{line}\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        replay(tmp_path / "s1")


def test_a_recording_of_another_format_is_refused(tmp_path: Path) -> None:
    recording(tmp_path).close()
    path = tmp_path / "s1" / "session.json"
    path.write_text(path.read_text().replace('"format":2', '"format":9'))
    with pytest.raises(ConfigError, match="format 9"):
        replay(tmp_path / "s1")


def test_an_empty_recording_has_no_steps_and_no_differences(tmp_path: Path) -> None:
    recording(tmp_path).close()
    assert replay(tmp_path / "s1").steps == 0


def test_tokens_are_counted_once_for_each_new_text(tmp_path: Path) -> None:
    tape = recording(tmp_path)
    prompt = (Message("system", "Be kind."), Message("user", "Hello my friend"))
    tape.step(1.0, None, (WarmPrefix(prompt), StateChanged(State.IDLE)))
    tape.step(2.0, Tick(), (WarmPrefix(prompt), ReplyDone(1, "completed", "Hi", 3)))
    tape.close()
    assert [step["tokens"] for step in lines(tmp_path / "s1")] == [
        {"Be kind.": 2, "Hello my friend": 3},
        {"Hi": 1},
    ]


def test_a_failed_recogniser_is_recorded_as_such(tmp_path: Path) -> None:
    tape = recording(tmp_path)
    tape.step(1.0, Transcribed(1, None), ())
    tape.close()
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
    tape.close()
    assert list((tmp_path / "s1").iterdir()) == []
    assert "cannot be written" in caplog.text
