"""What a conversation is made of, as one value. Pure.

It is made once, from configuration, persona and what was agreed with the client (`server`), and
handed on whole: to what runs the conversation, to the session that decides, and to the recording.
Nobody on the way names a stage's options, so an option touches two files: the one that declares it
and the one that uses it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from voice_avatar.acting.gesture.mood import Baseline
from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.conversation.history import HistoryOptions
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.events.payloads import Tool
from voice_avatar.hearing.capture import CaptureOptions
from voice_avatar.hearing.echo import EchoOptions
from voice_avatar.stages.llm import LlmOptions
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.stages.vad import VadOptions
from voice_avatar.text.chunking import ChunkingOptions


@dataclass(frozen=True, slots=True)
class SessionSetup:
    """The stages' options, what the avatar is, and what the two sides agreed on.

    Attributes:
        session, vad, turn, capture, echo, chunking, gestures, body, history, playout, llm: the
            options of each stage, as configured, persona and client having had their say.
        rate_hz: clock of the replies.
        context_tokens: window of the language model, prompt and completion; 0 = unknown.
        system_prompt: the whole system message.
        vocabulary: lexemes that the client can show, None = all.
        hears_itself: whether the avatar's own voice may come back through the microphone.
        offered: lexemes that tags may ask for, None = all.
        baseline: how the avatar feels when nothing moves it.
        tools: what the model may call at the start.
        tool_choice: see `events.LlmRequest`.
    """

    session: SessionOptions = field(default_factory=SessionOptions)
    vad: VadOptions = field(default_factory=VadOptions)
    turn: TurnOptions = field(default_factory=TurnOptions)
    capture: CaptureOptions = field(default_factory=CaptureOptions)
    echo: EchoOptions = field(default_factory=EchoOptions)
    chunking: ChunkingOptions = field(default_factory=ChunkingOptions)
    gestures: GestureOptions = field(default_factory=GestureOptions)
    body: BodyOptions = field(default_factory=BodyOptions)
    history: HistoryOptions = field(default_factory=HistoryOptions)
    playout: PlayoutOptions = field(default_factory=PlayoutOptions)
    llm: LlmOptions = field(default_factory=LlmOptions)
    rate_hz: int = 24_000
    context_tokens: int = 0
    system_prompt: str = "You are Ava, a friendly virtual guide."
    vocabulary: frozenset[str] | None = None
    hears_itself: bool = False
    offered: frozenset[str] | None = None
    baseline: Baseline = field(default_factory=Baseline)
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
