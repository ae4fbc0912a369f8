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
    """How long the engines take, seconds."""

    stt_s: float = 0.16
    turn_s: float = 0.04


@dataclass(frozen=True, slots=True)
class Outcome:
    """What endpointing made of a clip.

    Attributes:
        name: of the clip.
        commits_s: every commit, seconds after the end of speech (negative: a cut-off).
        ready_s: when the reply that was answered could be begun, likewise; None = at the commit.
        questions: decodes and turn scores that were asked for.
        withdrawn: replies that were prepared in vain.
    """

    name: str
    commits_s: tuple[float, ...]
    ready_s: float | None
    questions: tuple[int, int]
    withdrawn: int

    @property
    def is_cut_off(self) -> bool:
        """Whether a commit came before the user had finished."""
        return bool(self.commits_s) and self.commits_s[0] < -TOLERANCE_S

    @property
    def delay_s(self) -> float | None:
        """From the end of speech to the commit; None for a turn that was never committed."""
        late = [at_s for at_s in self.commits_s if at_s >= -TOLERANCE_S]
        return late[-1] if late else None


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


def listen(
    clip: Spoken, ears: Ears, vad: VadOptions, turn: TurnOptions, latencies: Latencies
) -> Outcome:
    """Plays one clip to a listener in virtual time."""
    listener = Listener(vad, turn, clip.language)
    due: list[tuple[float, int, Transcribed | TurnScored]] = []
    stt_free_s = 0.0
    decodes = scores = withdrawn = 0
    commits: list[float] = []
    ready_s: float | None = None
    end_s = clip.speech_end / MIC_HZ

    def take(outputs: Iterable[Output], now_s: float) -> None:
        nonlocal stt_free_s, decodes, scores, withdrawn, ready_s
        for output in outputs:
            match output:
                case Transcribe(request_id, start, end, _, language):
                    decodes += 1
                    stt_free_s = max(stt_free_s, now_s) + latencies.stt_s
                    text = ears.transcript(clip, start, end, language)
                    heapq.heappush(due, (stt_free_s, -request_id, Transcribed(request_id, text)))
                case ScoreTurn(request_id, start, end):
                    scores += 1
                    answer = TurnScored(request_id, ears.score(clip, start, end))
                    heapq.heappush(due, (now_s + latencies.turn_s, request_id, answer))
                case TurnReady():
                    ready_s = now_s - end_s
                case TurnResumed():
                    withdrawn, ready_s = withdrawn + 1, None
                case TurnCommitted():
                    commits.append(now_s - end_s)

    for number, (probability, level) in enumerate(ears.probabilities(clip)):
        now_s = (number + 1) * _WINDOW_S
        while due and due[0][0] <= now_s:
            at_s, _, answer = heapq.heappop(due)
            if isinstance(answer, Transcribed):
                take(listener.transcribed(answer, at_s), at_s)
            else:
                take(listener.scored(answer), at_s)
        frame = VadFrame(number * WINDOW_SAMPLES, probability, level)
        take(listener.frame(frame, now_s, reply_is_live=False), now_s)
    return Outcome(clip.name, tuple(commits), ready_s, (decodes, scores), withdrawn)
