"""Recordings on disks that fill up, and of servers that were killed."""

from __future__ import annotations

import gc
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_avatar.conversation.session import Session
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.events import (
    AudioSent,
    ClearInput,
    ClientBack,
    ClientLost,
    CommitInput,
    Endpointing,
    HeadPose,
    HistoryAdded,
    HistoryCut,
    InterruptRequest,
    Message,
    PlaybackReport,
    ReplyAudio,
    ReplyFailed,
    ReplyGenerated,
    ReplyReady,
    ReplyRequest,
    ReplyTextAdded,
    SegmentPlanned,
    SessionInput,
    SettingsChanged,
    TalkPressed,
    TalkReleased,
    TextInput,
    Tick,
    TimedWord,
    Tool,
    ToolCall,
    ToolCallMade,
    ToolResult,
    Transcribed,
    Transcript,
    TurnScored,
    UserGaze,
    VadFrame,
)
from voice_avatar.recorder import Recording, replay

RATE_HZ = 16_000
CONTEXT_TOKENS = 300
WINDOW = bytes(1024)

INPUTS: tuple[SessionInput, ...] = (
    VadFrame(512, 0.9, -20.5),
    Transcribed(1, Transcript("Where am I?", "en", -0.25, 1.5)),
    Transcribed(2, None),
    TurnScored(1, 0.1),
    TextInput("Hello, 你好."),
    TalkPressed(),
    TalkReleased(),
    CommitInput(),
    ClearInput(),
    InterruptRequest(1),
    PlaybackReport(1, 1600, "stalled"),
    ClientLost(),
    ClientBack(),
    SettingsChanged("zh", "Be brief.", "manual"),
    SettingsChanged(answered="detected", detection=Endpointing(0.5, preroll_s=0.1)),
    HistoryAdded("k1", Message("system", "It rains."), "turn-1"),
    HistoryCut("k1", "It"),
    ReplyRequest("a1", "Be kind.", (Message("user", "Hi."),), 9, 0.5, is_silent=True),
    SettingsChanged(tools=(Tool("look", "Up or down."),), tool_choice="look", follows_up=False),
    ToolResult("call_1_0", "blue"),
    UserGaze(
        "vase", HeadPose((0.1, 1.6, 2.0), (0.0, 0.6, 0.0, 0.8)), (0.0, 1.5, 0.0), ((1.0,) * 3,)
    ),
    ReplyTextAdded(1, "Hi."),
    ToolCallMade(1, ToolCall("call_1_0", "look", "{}")),
    SegmentPlanned(1, 0, "Hi.", 0, 8000, (TimedWord("Hi.", 0, 6000, 0),)),
    ReplyReady(1),
    AudioSent(1, 8000),
    ReplyGenerated(1, 8000),
    ReplyFailed(1, "llm_failed", "It failed.", 800),
    Tick(),
)
"""At least one input of every kind."""


def tokens(text: str) -> int:
    """Counts otherwise than `estimate_tokens`, which a replay falls back on."""
    return 3 + len(text) // 2


class Taped:
    """A session and its recording."""

    def __init__(self, folder: Path) -> None:
        setup = SessionSetup(rate_hz=RATE_HZ, context_tokens=CONTEXT_TOKENS)
        self.now_s = 1000.0
        self.folder = folder / "s1"
        self.session = Session(
            setup,
            count_tokens=tokens,
            now_s=self.now_s,
        )
        self.tape = Recording(
            folder,
            "s1",
            setup,
            count_tokens=tokens,
        )
        self.tape.step(self.now_s, None, self.session.start(self.now_s))

    def take(self, *inputs: SessionInput, every_s: float = 0.1) -> None:
        for event in inputs:
            self.now_s += every_s
            self.tape.step(self.now_s, event, self.session.receive(event, self.now_s))

    def hear(self, windows: int) -> None:
        """Records what a user and an avatar who talk at once would give."""
        for number in range(windows):
            self.take(VadFrame(number * 512, 0.01), every_s=0.032)
            self.tape.mic(WINDOW)
            self.tape.reply_audio(ReplyAudio(1, number * 512, WINDOW))


@contextmanager
def disk_with(size: int) -> Iterator[None]:
    """Lets no file grow beyond `size` bytes: the write fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def open_files(folder: Path) -> list[str]:
    links = Path("/proc/self/fd")
    if not links.is_dir():
        pytest.skip("no /proc")
    targets = []
    for link in links.iterdir():
        try:
            targets.append(os.readlink(link))
        except FileNotFoundError:  # the one that lists the folder
            continue
    return [target for target in targets if target.startswith(str(folder))]


def test_the_examples_have_every_kind_of_input() -> None:
    assert {type(event) for event in INPUTS} == set(get_args(SessionInput))


def test_every_kind_of_input_is_read_back_as_it_was(tmp_path: Path) -> None:
    taped = Taped(tmp_path)
    taped.take(*INPUTS)
    taped.tape.close()
    assert replay(taped.folder).differences == ()
    assert replay(taped.folder).steps == 1 + len(INPUTS)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(INPUTS), st.floats(0.0, 20.0)), max_size=40))
def test_any_session_comes_out_the_same_again(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[SessionInput, float]]
) -> None:
    taped = Taped(tmp_path_factory.mktemp("recordings"))
    for event, after_s in steps:
        taped.take(event, every_s=after_s)
    taped.tape.close()
    assert replay(taped.folder).differences == ()


def test_a_history_that_was_cut_is_cut_at_the_same_place_again(tmp_path: Path) -> None:
    taped = Taped(tmp_path)
    for number in range(1, 31):
        taped.take(TextInput(f"This is question number {number}, a long one."))
        words = (TimedWord("Indeed.", 0, 6000, 0),)
        taped.take(ReplyTextAdded(number, "Indeed."))
        taped.take(SegmentPlanned(number, 0, "Indeed.", 0, 8000, words), AudioSent(number, 8000))
        taped.take(ReplyGenerated(number, 8000), PlaybackReport(number, 8000, "finished"))
    taped.tape.close()
    assert [m.role for m in taped.session.history.messages[-2:]] == ["user", "assistant"]
    assert len(taped.session.history.messages) < 30
    assert replay(taped.folder).differences == ()


def test_a_disk_that_fills_up_ends_the_recording_and_not_the_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taped = Taped(tmp_path)
    with disk_with(10_000):
        taped.hear(windows=200)
        taped.tape.close()
    (record,) = caplog.records
    assert "the recording ends" in record.getMessage()
    assert record.session == "s1"  # type: ignore[attr-defined]
    written = sum(path.stat().st_size for path in taped.folder.iterdir())
    taped.hear(windows=20)
    assert sum(path.stat().st_size for path in taped.folder.iterdir()) == written


def test_a_disk_that_fills_up_leaves_no_file_open(tmp_path: Path) -> None:
    taped = Taped(tmp_path)
    with disk_with(10_000):
        taped.hear(windows=200)
        assert open_files(tmp_path) == []
        del taped.tape
        gc.collect()  # a file that was left open would warn here, and a warning is an error


def test_a_disk_that_is_full_at_the_end_leaves_no_file_open(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taped = Taped(tmp_path)
    taped.hear(windows=2)
    assert len(open_files(tmp_path)) == 3
    with disk_with(0):
        taped.tape.close()
    assert open_files(tmp_path) == []
    assert len(caplog.records) == 1


def test_a_closed_recording_can_be_closed_again_and_takes_no_more(tmp_path: Path) -> None:
    taped = Taped(tmp_path)
    taped.tape.close()
    size = (taped.folder / "events.jsonl").stat().st_size
    taped.hear(windows=2)
    taped.tape.close()
    assert (taped.folder / "events.jsonl").stat().st_size == size
    assert not list(taped.folder.glob("reply-*.wav"))


def test_what_a_killed_server_wrote_comes_out_again_but_its_unfinished_line(
    tmp_path: Path,
) -> None:
    taped = Taped(tmp_path)
    taped.take(*INPUTS)
    taped.tape.close()
    path = taped.folder / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    report = replay(taped.folder)
    assert report.steps == len(INPUTS)
    assert report.differences == ()


def test_nothing_that_was_said_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    taped = Taped(tmp_path)
    with disk_with(0):
        taped.take(TextInput("My secret is safe."))
        taped.tape.close()
    assert caplog.records
    assert all("secret" not in str(vars(record)) for record in caplog.records)
