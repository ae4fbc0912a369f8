"""Endpointing in virtual time: how soon turns end, and how often they are cut off.

    voice-avatar bench endpoint --clips DIR [--clips DIR ...] [--pauses 0.5,1.0]

The real listener, turn model, voice detector and recogniser hear every clip, but the clock is the
clip's own: an answer of the recogniser comes `--stt-s` after the question and one of the turn model
`--turn-s` after it. So the figures do not depend on how busy the machine is, and hundreds of
policies can be compared on one set of recordings (answers are kept by what was asked).

A commit before the end of speech is a cut-off. The curve runs over `turn.patience`, the one option
that trades cut-offs for speed.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from voice_avatar.audio import BYTES_PER_SAMPLE, dbfs, silence
from voice_avatar.events import (
    MIC_HZ,
    WINDOW_SAMPLES,
    ScoreTurn,
    Transcribe,
    Transcribed,
    Transcript,
    TurnScored,
    UserSpeechStarted,
    VadFrame,
)
from voice_avatar.listening import Listener, Output, TurnCommitted, TurnReady, TurnResumed
from voice_avatar.stt import SttEngine
from voice_avatar.turn import TurnEngine, TurnOptions
from voice_avatar.vad import VadEngine, VadOptions

TAIL_S = 4.0
"""Silence after every clip, seconds: longer than any endpointing waits."""

TOLERANCE_S = 0.1
"""A commit this shortly before the annotated end is none: annotations are no better."""

_WINDOW_S = WINDOW_SAMPLES / MIC_HZ


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording of one turn.

    Attributes:
        name: of the clip.
        pcm: 16 kHz.
        speech_end: one past its last speech sample.
        language: ISO 639-1.
        pauses_s: lengths of the silences inside the turn, natural or inserted, seconds.
    """

    name: str
    pcm: bytes
    speech_end: int
    language: str = "en"
    pauses_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Latencies:
    """How long the engines take, seconds.

    Attributes:
        stt_s: a decode.
        turn_s: the turn model.
        reply_s: from the text to the first audio of the reply.
    """

    stt_s: float = 0.13
    turn_s: float = 0.04
    reply_s: float = 0.28


@dataclass(frozen=True, slots=True)
class Outcome:
    """What endpointing made of a clip; times are seconds after the end of speech.

    Attributes:
        name: of the clip.
        onsets_s: when replies began to be heard; negative = the user was cut off.
        commits_s: when turns were committed.
        ready_s: when the reply that was heard could be begun; None = never.
        questions: decodes and turn scores that were asked for.
        withdrawn: replies that were prepared in vain.
    """

    name: str
    onsets_s: tuple[float, ...]
    commits_s: tuple[float, ...]
    ready_s: float | None
    questions: tuple[int, int]
    withdrawn: int

    @property
    def is_cut_off(self) -> bool:
        """Whether a reply was heard before the user had finished."""
        return any(at_s < -TOLERANCE_S for at_s in self.onsets_s)

    @property
    def v2v_s(self) -> float | None:
        """From the end of speech to the reply; None for a turn that was never answered."""
        late = [at_s for at_s in self.onsets_s if at_s >= -TOLERANCE_S]
        return late[-1] if late else None


@dataclass(frozen=True, slots=True)
class _Answered:
    """The first audio of a prepared reply is made."""

    number: int


class Ears(Protocol):
    """The engines' answers about one set of clips."""

    def probabilities(self, clip: Spoken) -> Sequence[tuple[float, float]]:
        """Returns (speech probability, level in dBFS) of every window, the tail included."""

    def transcript(self, clip: Spoken, start: int, end: int, language: str | None) -> Transcript:
        """Returns the text of [start, end)."""

    def score(self, clip: Spoken, start: int, end: int) -> float:
        """Returns the turn model's probability for [start, end)."""


@dataclass(slots=True)
class RememberedEars:
    """Real engines that are asked each question once."""

    vad: VadEngine
    turn: TurnEngine
    stt: SttEngine
    _windows: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    _texts: dict[tuple[str, int, int, str | None], Transcript] = field(default_factory=dict)
    _scores: dict[tuple[str, int, int], float] = field(default_factory=dict)

    def probabilities(self, clip: Spoken) -> Sequence[tuple[float, float]]:
        """See `Ears`."""
        if clip.name not in self._windows:
            stream, pcm = self.vad.open(), _with_tail(clip)
            step = WINDOW_SAMPLES * BYTES_PER_SAMPLE
            frames = (pcm[at : at + step] for at in range(0, len(pcm) - step + 1, step))
            self._windows[clip.name] = [(stream.step(frame), dbfs(frame)) for frame in frames]
        return self._windows[clip.name]

    def transcript(self, clip: Spoken, start: int, end: int, language: str | None) -> Transcript:
        """See `Ears`."""
        key = (clip.name, start, end, language)
        if key not in self._texts:
            self._texts[key] = self.stt.transcribe(_part(clip, start, end), language)
        return self._texts[key]

    def score(self, clip: Spoken, start: int, end: int) -> float:
        """See `Ears`."""
        key = (clip.name, start, end)
        if key not in self._scores:
            self._scores[key] = self.turn.score(_part(clip, start, end))
        return self._scores[key]


def _with_tail(clip: Spoken) -> bytes:
    return clip.pcm + silence(int(TAIL_S * MIC_HZ))


def _part(clip: Spoken, start: int, end: int) -> bytes:
    return _with_tail(clip)[start * BYTES_PER_SAMPLE : end * BYTES_PER_SAMPLE]


def with_pause(clip: Spoken, at: int, pause_s: float) -> Spoken:
    """Returns the clip with a silence at sample `at`."""
    cut = at * BYTES_PER_SAMPLE
    length = int(pause_s * MIC_HZ)
    return Spoken(
        f"{clip.name}+{pause_s:g}s@{at}",
        clip.pcm[:cut] + silence(length) + clip.pcm[cut:],
        clip.speech_end + length,
        clip.language,
        (*clip.pauses_s, pause_s),
    )


class _Room:
    """A listener, the clock of one clip, and what the engines still owe.

    Attributes:
        onsets_s: when replies began to be heard.
        commits_s: when turns were committed.
    """

    def __init__(
        self, clip: Spoken, ears: Ears, vad: VadOptions, turn: TurnOptions, latencies: Latencies
    ) -> None:
        self._clip = clip
        self._ears = ears
        self._latencies = latencies
        self._listener = Listener(vad, turn, clip.language)
        self._due: list[tuple[float, int, Transcribed | TurnScored | _Answered]] = []
        self._number = itertools.count()
        self._stt_free_s = 0.0
        self._prepared = 0
        self._is_prepared = False
        self._onset_s: float | None = None
        self.onsets_s: list[float] = []
        self.commits_s: list[float] = []
        self.ready_s: float | None = None
        self.decodes = 0
        self.scores = 0
        self.withdrawn = 0

    def run(self) -> None:
        """Plays the clip."""
        for number, (probability, level) in enumerate(self._ears.probabilities(self._clip)):
            now_s = (number + 1) * _WINDOW_S
            while self._due and self._due[0][0] <= now_s:
                at_s, _, answer = heapq.heappop(self._due)
                self._take(self._answer(answer, at_s), at_s)
            self._hear_reply(now_s)
            frame = VadFrame(number * WINDOW_SAMPLES, probability, level)
            self._take(self._listener.frame(frame, now_s, reply_is_live=False), now_s)
        self._hear_reply(math.inf)

    def _owe(self, at_s: float, answer: Transcribed | TurnScored | _Answered) -> None:
        heapq.heappush(self._due, (at_s, next(self._number), answer))

    def _answer(self, answer: Transcribed | TurnScored | _Answered, now_s: float) -> list[Output]:
        match answer:
            case Transcribed():
                return self._listener.transcribed(answer, now_s)
            case TurnScored():
                return self._listener.scored(answer)
            case _Answered(number) if self._is_prepared and number == self._prepared:
                return self._listener.answered()
        return []

    def _hear_reply(self, now_s: float) -> None:
        if self._onset_s is not None and self._onset_s <= now_s:
            self.onsets_s.append(self._onset_s)
            self._onset_s = None

    def _take(self, outputs: Iterable[Output], now_s: float) -> None:
        clip, ears, latencies = self._clip, self._ears, self._latencies
        for output in outputs:
            match output:
                case Transcribe(request_id, start, end, _, language):
                    self.decodes += 1
                    self._stt_free_s = max(self._stt_free_s, now_s) + latencies.stt_s
                    text = ears.transcript(clip, start, end, language)
                    self._owe(self._stt_free_s, Transcribed(request_id, text))
                case ScoreTurn(request_id, start, end):
                    self.scores += 1
                    probability = ears.score(clip, start, end)
                    self._owe(now_s + latencies.turn_s, TurnScored(request_id, probability))
                case TurnReady():
                    self._prepared += 1
                    self._is_prepared, self.ready_s = True, now_s
                    self._owe(now_s + latencies.reply_s, _Answered(self._prepared))
                case TurnResumed():
                    self.withdrawn += 1
                    self._is_prepared, self.ready_s = False, None
                case TurnCommitted():
                    begun_s = self.ready_s if self._is_prepared and self.ready_s else now_s
                    self._is_prepared = False
                    self._onset_s = max(now_s, begun_s + latencies.reply_s)
                    self.commits_s.append(now_s)
                case UserSpeechStarted() if self._onset_s is not None:
                    self._onset_s = None  # the unheard reply is taken back
                    self._listener.was_cut_off()


def listen(
    clip: Spoken, ears: Ears, vad: VadOptions, turn: TurnOptions, latencies: Latencies
) -> Outcome:
    """Plays one clip to a listener in virtual time."""
    room = _Room(clip, ears, vad, turn, latencies)
    room.run()
    end_s = clip.speech_end / MIC_HZ
    return Outcome(
        clip.name,
        tuple(at_s - end_s for at_s in room.onsets_s),
        tuple(at_s - end_s for at_s in room.commits_s),
        None if room.ready_s is None else room.ready_s - end_s,
        (room.decodes, room.scores),
        room.withdrawn,
    )
