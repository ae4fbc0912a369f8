"""When the stages of one reply were done: a turn's latency, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass

from voice_avatar.events.commands import StartReply
from voice_avatar.events.notices import StageMarks


@dataclass(slots=True)
class Marks:
    """When the stages of a reply happened, on the conversation's clock."""

    start: StartReply
    llm_start_s: float | None = None
    ttft_s: float | None = None
    first_chunk_s: float | None = None
    ttfa_s: float | None = None
    commit_s: float | None = None

    def at(self, sent_s: float, wasted_tokens: int) -> StageMarks:
        """Returns the marks relative to the end of the user's speech (or to the commit)."""
        zero_s = self.start.speech_end_s
        if zero_s is None:
            zero_s = self.commit_s if self.commit_s is not None else sent_s

        def since(mark_s: float | None) -> float | None:
            return None if mark_s is None else mark_s - zero_s

        is_early = (
            self.llm_start_s is not None
            and self.commit_s is not None
            and self.llm_start_s < self.commit_s
        )
        return StageMarks(
            self.start.reply_id,
            since(self.start.transcript_s),
            since(self.commit_s),
            since(self.llm_start_s),
            since(self.ttft_s),
            since(self.first_chunk_s),
            since(self.ttfa_s),
            since(sent_s),
            is_early,
            wasted_tokens,
        )
