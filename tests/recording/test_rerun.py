"""The same session again: what comes out of a recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.edge import engines, hush, tone
from kit.talk import at_work, talking
from kit.taped import INPUTS, Taped, close, lines, recording

from voice_avatar.client.audio import read_wav
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.engines.scripted import ScriptedLlm, ScriptedStt
from voice_avatar.errors import ConfigError
from voice_avatar.events.cues import TimedWord
from voice_avatar.events.inputs import (
    AudioSent,
    PlaybackReport,
    ReplyGenerated,
    ReplyRequest,
    ReplyTextAdded,
    SegmentPlanned,
    SessionInput,
    SettingsChanged,
    TextInput,
)
from voice_avatar.events.notices import ReplyAudio, ReplyDone, ReplyStarted
from voice_avatar.recording.recorder import Recorder
from voice_avatar.recording.rerun import recordings, rerun
from voice_avatar.stages.turn import TurnOptions

pytestmark = pytest.mark.virtual_time


def test_a_recorded_conversation_comes_out_the_same_again(recorded: Path) -> None:
    report = rerun(recorded)
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
        tape = Recorder(
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
    assert rerun(tmp_path / "s1").differences == ()


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
        tape = Recorder(folder, "s1", options, count_tokens=count_tokens)
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
    assert rerun(folder).differences == ()
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
    assert rerun(recorded).differences == ()


def test_a_change_of_behaviour_shows_as_a_difference_with_its_step(recorded: Path) -> None:
    path = recorded / "events.jsonl"
    path.write_text(path.read_text().replace("And a last one.", "And the last one.", 1))
    report = rerun(recorded)
    assert report.differences
    assert "TextInput" in report.differences[0]
    assert "And the last one." in report.differences[0]


def test_a_folder_of_recordings_is_searched(recorded: Path) -> None:
    assert recordings(recorded) == (recorded,)
    assert recordings(recorded.parent) == (recorded,)


def test_a_folder_without_recordings_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no recorded session"):
        recordings(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        rerun(tmp_path)


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
    close(recording(tmp_path))
    (tmp_path / "s1" / "events.jsonl").write_text(f"{line}\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        rerun(tmp_path / "s1")


def test_a_recording_of_another_format_is_refused(tmp_path: Path) -> None:
    close(recording(tmp_path))
    path = tmp_path / "s1" / "session.json"
    path.write_text(path.read_text().replace('"format":2', '"format":9'))
    with pytest.raises(ConfigError, match="format 9"):
        rerun(tmp_path / "s1")


def test_an_empty_recording_has_no_steps_and_no_differences(tmp_path: Path) -> None:
    close(recording(tmp_path))
    assert rerun(tmp_path / "s1").steps == 0


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(INPUTS), st.floats(0.0, 20.0)), max_size=40))
def test_any_session_comes_out_the_same_again(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[SessionInput, float]]
) -> None:
    taped = Taped(tmp_path_factory.mktemp("recordings"))
    for event, after_s in steps:
        taped.take(event, every_s=after_s)
    taped.close()
    assert rerun(taped.folder).differences == ()


def test_a_history_that_was_cut_is_cut_at_the_same_place_again(tmp_path: Path) -> None:
    taped = Taped(tmp_path)
    for number in range(1, 31):
        taped.take(TextInput(f"This is question number {number}, a long one."))
        words = (TimedWord("Indeed.", 0, 6000, 0),)
        taped.take(ReplyTextAdded(number, "Indeed."))
        taped.take(SegmentPlanned(number, 0, "Indeed.", 0, 8000, words), AudioSent(number, 8000))
        taped.take(ReplyGenerated(number, 8000), PlaybackReport(number, 8000, "finished"))
    taped.close()
    assert [m.role for m in taped.session.history.messages[-2:]] == ["user", "assistant"]
    assert len(taped.session.history.messages) < 30
    assert rerun(taped.folder).differences == ()


def test_what_a_killed_server_wrote_comes_out_again_but_its_unfinished_line(
    tmp_path: Path,
) -> None:
    taped = Taped(tmp_path)
    taped.take(*INPUTS)
    taped.close()
    path = taped.folder / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    report = rerun(taped.folder)
    assert report.steps == len(INPUTS)
    assert report.differences == ()
