"""What the session asks of the engines that listen: transcripts, and whether a turn has ended.

The session asks with a span of the microphone and a number, and goes on; the answer comes back as
an event of its own, with that number. An engine that fails is an answer too: a transcript that is
None, a turn that nobody scored, for which silence decides.
"""

from __future__ import annotations

import threading

from voice_avatar.audio.pcm import AudioHistory
from voice_avatar.errors import EngineError
from voice_avatar.events.commands import ScoreTurn, Transcribe, TranscribePurpose
from voice_avatar.events.inputs import Transcribed, TurnScored
from voice_avatar.events.notices import ErrorNotice
from voice_avatar.events.payloads import Transcript
from voice_avatar.pipeline.outbox import Outbox
from voice_avatar.pipeline.owner import ConversationOwner
from voice_avatar.pipeline.workers import Workers, in_thread

_URGENCY = {
    TranscribePurpose.EAGER: 0,
    TranscribePurpose.INTERRUPT: 0,
    TranscribePurpose.EARLY: 1,
    TranscribePurpose.PARTIAL: 2,
}
"""Who goes first where recognisers are few: what somebody waits for."""


class Answers:
    """Has one conversation's questions answered, each by a task of its own."""

    def __init__(
        self,
        workers: Workers,
        history: AudioHistory,
        outbox: Outbox,
        owner: ConversationOwner,
    ) -> None:
        """Begins with nothing asked.

        Args:
            workers: the engines and their threads.
            history: the microphone as it was heard; questions name spans of it.
            outbox: where failures are told.
            owner: takes the answers.
        """
        self._workers = workers
        self._history = history
        self._outbox = outbox
        self._owner = owner
        self._unwanted: dict[int, threading.Event] = {}

    def transcribe(self, job: Transcribe) -> None:
        """Has a span of the microphone transcribed; `Transcribed` comes in any case."""
        # Known before the task runs: what is asked for and withdrawn in one step of the session
        # must find something to withdraw.
        self._unwanted[job.request_id] = threading.Event()
        self._owner.spawn(self._transcribe(job))

    def withdraw(self, request_id: int) -> None:
        """Nobody waits for this transcript any more. Its engine may give it up."""
        if unwanted := self._unwanted.get(request_id):
            unwanted.set()

    def score(self, command: ScoreTurn) -> None:
        """Has a turn scored; without an engine, or if it fails, `TurnScored` never comes."""
        self._owner.spawn(self._score(command))

    async def _transcribe(self, job: Transcribe) -> None:
        transcript = None
        try:
            # An interim text is only worth a place that nobody will want in the meantime.
            if job.purpose is not TranscribePurpose.PARTIAL or self._workers.stt_places.has_spare:
                transcript = await self._transcript(job)
        except EngineError:
            pass  # the session takes None for it
        finally:
            del self._unwanted[job.request_id]
        self._owner.step(Transcribed(job.request_id, transcript))

    async def _transcript(self, job: Transcribe) -> Transcript:
        # The samples are read now: while a place is waited for, the history goes on and forgets.
        pcm, unwanted = self._history.read(job.start, job.end), self._unwanted[job.request_id]
        async with self._workers.stt_places.place(_URGENCY[job.purpose]):
            return await in_thread(
                self._workers.stt,
                self._workers.engines.stt.transcribe,
                pcm,
                job.language,
                lambda: not unwanted.is_set(),
            )

    async def _score(self, command: ScoreTurn) -> None:
        turn = self._workers.engines.turn
        if turn is None:
            return
        pcm = self._history.read(command.start, command.end)
        try:
            probability = await in_thread(self._workers.turn, turn.score, pcm)
        except EngineError as error:  # silence decides instead
            self._outbox.put(ErrorNotice(error.code, error.message))
            return
        self._owner.step(TurnScored(command.request_id, probability))
