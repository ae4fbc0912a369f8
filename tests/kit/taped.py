"""Recordings of sessions that nobody talks to: what tests write, and read again."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from voice_avatar.conversation.session import Session
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.events.cues import TimedWord
from voice_avatar.events.inputs import (
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
    PlaybackReport,
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
    ToolCallMade,
    ToolResult,
    Transcribed,
    TurnScored,
    UserGaze,
    VadFrame,
)
from voice_avatar.events.notices import ReplyAudio
from voice_avatar.events.payloads import Message, Tool, ToolCall, Transcript
from voice_avatar.recording.recorder import Recorder

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
    """Counts otherwise than `estimate_tokens`, which a rerun falls back on."""
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
        self.tape = Recorder(
            folder,
            "s1",
            setup,
            count_tokens=tokens,
        )
        self.tape.step(self.now_s, None, self.session.start(self.now_s))

    def close(self) -> None:
        """Ends the recording, and returns when all of it is on the disk."""
        asyncio.run(self.tape.aclose())

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


def recording(folder: Path, session_id: str = "s1", **others: Any) -> Recorder:
    return Recorder(
        folder,
        session_id,
        SessionSetup(rate_hz=16_000, context_tokens=100),
        count_tokens=lambda text: len(text.split()),
        **others,
    )


def eventually(is_true: Callable[[], object], *, within_s: float = 30.0) -> None:
    """Waits, without an event loop, until a thread has made something so."""
    until_s = time.monotonic() + within_s
    while not is_true():
        assert time.monotonic() < until_s
        time.sleep(0.002)


def close(tape: Recorder) -> None:
    """Ends a recording, and returns when all of it is on the disk."""
    asyncio.run(tape.aclose())


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
