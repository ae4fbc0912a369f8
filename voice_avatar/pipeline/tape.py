"""What keeps a conversation, as the pipeline sees it (`recording.recorder` is one)."""

from __future__ import annotations

from typing import Protocol

from voice_avatar.events.commands import Command
from voice_avatar.events.inputs import SessionInput
from voice_avatar.events.notices import Notice, ReplyAudio


class Tape(Protocol):
    """Keeps what a conversation was made of. No call but `aclose` may take time."""

    def step(
        self, now_s: float, event: SessionInput | None, outputs: tuple[Command | Notice, ...]
    ) -> None:
        """A step of the session: when, what came in (None = its start), what came out."""

    def counted(self, text: str, tokens: int) -> None:
        """The session has counted a text; belongs to the next step."""

    def mic(self, pcm: bytes) -> None:
        """Microphone audio, 16 kHz, without gaps."""

    def reply_audio(self, audio: ReplyAudio) -> None:
        """Reply audio that goes out. Replies may interleave."""

    def reply_over(self, reply_id: int) -> None:
        """The end of a reply goes out: no more audio of it does."""

    async def aclose(self) -> None:
        """The conversation is over. Returns once everything is kept, or cannot be."""
