"""Our own protocol, through the Python client SDK as any program would use it.

The SDK's simulated loudspeaker reports playback to the server by itself.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from voice_avatar.bench.figures.line_events import (
    AudioCame,
    LineEvent,
    Reacted,
    ReplyBegan,
    ReplyEnded,
    ReplyPaused,
    ReplyResumed,
    SpeechNoticed,
    StagesTold,
    Subject,
    Trouble,
    UserHeard,
)
from voice_avatar.bench.targets.options import DialOptions
from voice_avatar.bench.targets.target import Line, TargetCapabilities
from voice_avatar.client.connection import AvatarConnection, connect
from voice_avatar.client.inbox import Event
from voice_avatar.client.playback import AudioReceived
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.wire import (
    client_messages,
    cue_messages,
    server_messages,
    session_messages,
    turn_messages,
)

CAPABILITIES = TargetCapabilities(
    name="avatar",
    mic_hz=MIC_HZ,
    has_transcripts=True,
    has_reactions=True,
    has_marks=True,
    has_interruptions=True,
    reports_playback=False,
)


def target(url: str, options: DialOptions) -> AvatarTarget:
    """Returns the server at `url`."""
    return AvatarTarget(url, options.token or None, is_open=options.open_microphone)


class AvatarTarget:
    """A voice-avatar server; see `Target`."""

    capabilities = CAPABILITIES

    def __init__(self, url: str, token: str | None, *, is_open: bool = False) -> None:
        self._url = url
        self._token = token
        self._hello = client_messages.SessionHello(
            capabilities=client_messages.Capabilities(pause=True, aec=not is_open)
        )

    @asynccontextmanager
    async def dial(self) -> AsyncIterator[Line]:
        """See `Target`."""
        async with connect(self._url, hello=self._hello, token=self._token) as avatar:
            yield AvatarLine(avatar)


class AvatarLine:
    """A session; see `Line`."""

    def __init__(self, avatar: AvatarConnection) -> None:
        self._avatar = avatar
        self._texts: dict[int, str] = {}
        ready = avatar.ready
        models = {stage: name for stage, name in _fields(ready.models) if name}
        self.subject = Subject(ready.server.name, ready.server.version, models)

    async def send(self, pcm: bytes) -> None:
        """See `Line`."""
        await self._avatar.send_audio(pcm, MIC_HZ)

    async def played(self, reply: str, samples: int) -> None:
        """See `Line`; the SDK reports by itself."""

    async def events(self) -> AsyncIterator[LineEvent]:
        """See `Line`."""
        async for event in self._avatar:
            told = self._told(event, time.monotonic())
            if told is not None:
                yield told

    def _told(self, event: Event, at_s: float) -> LineEvent | None:
        match event:
            case AudioReceived(reply_id, pts, pcm):
                rate_hz = self._avatar.ready.audio_out.rate_hz
                return AudioCame(at_s, str(reply_id), pcm, rate_hz, pts)
            case turn_messages.ReplyStarted(reply_id=reply_id, turn_id=turn_id):
                return ReplyBegan(at_s, str(reply_id), is_filler=turn_id == 0)
            case turn_messages.ReplyText(reply_id=reply_id, text=text):
                self._texts[reply_id] = self._texts.get(reply_id, "") + text
            case turn_messages.ReplyPaused(reply_id=reply_id):
                return ReplyPaused(at_s, str(reply_id))
            case turn_messages.ReplyResumed(reply_id=reply_id):
                return ReplyResumed(at_s, str(reply_id))
            case turn_messages.ReplyInterrupted(reply_id=reply_id, spoken_text=text):
                return ReplyEnded(at_s, str(reply_id), True, text)
            case turn_messages.ReplyDone(reply_id=reply_id, status=status) if (
                status != "interrupted"
            ):
                return ReplyEnded(at_s, str(reply_id), False, self._texts.pop(reply_id, ""))
            case cue_messages.Body(kind=kind, lexeme=lexeme):
                return Reacted(at_s, f"{kind}:{lexeme}")
            case session_messages.State(state=state):
                return Reacted(at_s, f"state:{state}")
            case turn_messages.InputSpeechStarted(t_ms=t_ms):
                return SpeechNoticed(at_s, False, round(t_ms * MIC_HZ / 1000))
            case turn_messages.InputSpeechStopped(t_ms=t_ms):
                return SpeechNoticed(at_s, True, round(t_ms * MIC_HZ / 1000))
            case turn_messages.TranscriptFinal(text=text):
                return UserHeard(at_s, text)
            case server_messages.Metrics():
                return _stages(event, at_s)
            case server_messages.WarningMessage(code=code):
                return Trouble(at_s, code)
            case server_messages.ErrorMessage(code=code, fatal=is_fatal):
                return Trouble(at_s, code, is_fatal)
            case _:
                pass
        return None


def _fields(models: session_messages.Models) -> list[tuple[str, str]]:
    return [(name, str(getattr(models, name) or "")) for name in models.__struct_fields__]


def _stages(metrics: server_messages.Metrics, at_s: float) -> StagesTold:
    marks_ms = {
        "stt": metrics.stt_ms,
        "commit": metrics.commit_ms,
        "llm_start": metrics.llm_start_ms,
        "ttft": metrics.ttft_ms,
        "first_chunk": metrics.first_chunk_ms,
        "ttfa": metrics.ttfa_ms,
        "sent": metrics.sent_ms,
    }
    marks_s = {name: ms / 1000 for name, ms in marks_ms.items() if ms is not None}
    reply, is_early, waste = str(metrics.reply_id), metrics.is_speculative, metrics.wasted_tokens
    return StagesTold(at_s, reply, marks_s, is_early, waste)
