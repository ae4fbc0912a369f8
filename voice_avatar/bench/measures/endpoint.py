"""Endpointing in virtual time: how soon turns end, and how often they are cut off.

    voice-avatar bench endpoint --clips DIR [--patience 0.7,1,1.5,3]

The real listener, turn model, voice detector and recogniser hear every clip, but the clock is the
clip's own: an answer of the recogniser comes `--stt-s` after the question and one of the turn model
`--turn-s` after it. So the figures do not depend on how busy the machine is, and hundreds of
policies can be compared on one set of recordings (answers are kept by what was asked).

A commit before the end of speech is a cut-off. The curve runs over `turn.patience`, the one option
that trades cut-offs for speed.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol

from voice_avatar.audio.pcm import BYTES_PER_SAMPLE, dbfs, silence
from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.material.clips import read_clips
from voice_avatar.bench.report.alone import repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.bench.targets.subjects import engines_subject
from voice_avatar.engines import faster_whisper_stt, silero_vad, smart_turn
from voice_avatar.events.commands import ScoreTurn, Transcribe
from voice_avatar.events.inputs import Transcribed, TurnScored, VadFrame
from voice_avatar.events.notices import UserSpeechStarted
from voice_avatar.events.payloads import MIC_HZ, TAIL_SAMPLES, WINDOW_SAMPLES, Transcript
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.stt import SttEngine, SttOptions
from voice_avatar.stages.turn import TurnEngine, TurnOptions
from voice_avatar.stages.vad import VadEngine, VadOptions
from voice_avatar.turns.facts import Output, TurnCommitted, TurnReady, TurnWentOn
from voice_avatar.turns.listener import Listener

TAIL_S = 4.0
"""Silence after every clip, seconds: longer than any endpointing waits."""

TOLERANCE_S = 0.1
"""A commit this shortly before the annotated end is none: annotations are no better."""

_WINDOW_S = WINDOW_SAMPLES / MIC_HZ


@dataclass(frozen=True, slots=True)
class Latencies:
    """How long the engines take, seconds.

    Attributes:
        stt_s: a decode.
        turn_s: the turn model.
        reply_s: from the text to the first audio of the reply.
    """

    stt_s: float
    turn_s: float
    reply_s: float


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

    def probabilities(self, clip: Clip) -> Sequence[tuple[float, float, float]]:
        """Returns (speech probability, level and level of the window's tail in dBFS) of every
        window, those after the clip included."""

    def transcript(self, clip: Clip, start: int, end: int, language: str | None) -> Transcript:
        """Returns the text of [start, end)."""

    def score(self, clip: Clip, start: int, end: int) -> float:
        """Returns the turn model's probability for [start, end)."""


@dataclass(slots=True)
class RememberedEars:
    """Real engines that are asked each question once."""

    vad: VadEngine
    turn: TurnEngine
    stt: SttEngine
    _windows: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)
    _texts: dict[tuple[str, int, int, str | None], Transcript] = field(default_factory=dict)
    _scores: dict[tuple[str, int, int], float] = field(default_factory=dict)

    def probabilities(self, clip: Clip) -> Sequence[tuple[float, float, float]]:
        """See `Ears`."""
        if clip.name not in self._windows:
            stream, pcm = self.vad.open(), _with_tail(clip)
            step = WINDOW_SAMPLES * BYTES_PER_SAMPLE
            frames = (pcm[at : at + step] for at in range(0, len(pcm) - step + 1, step))
            tail = TAIL_SAMPLES * BYTES_PER_SAMPLE
            self._windows[clip.name] = [
                (stream.step(frame), dbfs(frame), dbfs(frame[-tail:])) for frame in frames
            ]
        return self._windows[clip.name]

    def transcript(self, clip: Clip, start: int, end: int, language: str | None) -> Transcript:
        """See `Ears`."""
        key = (clip.name, start, end, language)
        if key not in self._texts:
            self._texts[key] = self.stt.transcribe(_part(clip, start, end), language)
        return self._texts[key]

    def score(self, clip: Clip, start: int, end: int) -> float:
        """See `Ears`."""
        key = (clip.name, start, end)
        if key not in self._scores:
            self._scores[key] = self.turn.score(_part(clip, start, end))
        return self._scores[key]


def _with_tail(clip: Clip) -> bytes:
    return clip.pcm + silence(int(TAIL_S * MIC_HZ))


def _part(clip: Clip, start: int, end: int) -> bytes:
    return _with_tail(clip)[start * BYTES_PER_SAMPLE : end * BYTES_PER_SAMPLE]


class _Room:
    """A listener, the clock of one clip, and what the engines still owe.

    Attributes:
        onsets_s: when replies began to be heard.
        commits_s: when turns were committed.
    """

    def __init__(
        self, clip: Clip, ears: Ears, vad: VadOptions, turn: TurnOptions, latencies: Latencies
    ) -> None:
        self._clip = clip
        self._ears = ears
        self._latencies = latencies
        self._listener = Listener(vad, turn, clip.language)
        self._due: list[tuple[float, int, Transcribed | TurnScored | _Answered]] = []
        self._number = itertools.count()
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
        for number, window in enumerate(self._ears.probabilities(self._clip)):
            now_s = (number + 1) * _WINDOW_S
            while self._due and self._due[0][0] <= now_s:
                at_s, _, answer = heapq.heappop(self._due)
                self._take(self._answer(answer, at_s), at_s)
            self._hear_reply(now_s)
            frame = VadFrame(number * WINDOW_SAMPLES, *window)
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
                    text = ears.transcript(clip, start, end, language)
                    self._owe(now_s + latencies.stt_s, Transcribed(request_id, text))
                case ScoreTurn(request_id, start, end):
                    self.scores += 1
                    probability = ears.score(clip, start, end)
                    self._owe(now_s + latencies.turn_s, TurnScored(request_id, probability))
                case TurnReady():
                    self._prepared += 1
                    self._is_prepared, self.ready_s = True, now_s
                    self._owe(now_s + latencies.reply_s, _Answered(self._prepared))
                case TurnWentOn():
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
    clip: Clip, ears: Ears, vad: VadOptions, turn: TurnOptions, latencies: Latencies
) -> Outcome:
    """Plays one clip to a listener in virtual time."""
    room = _Room(clip, ears, vad, turn, latencies)
    room.run()
    end_s = clip.end / MIC_HZ
    return Outcome(
        clip.name,
        tuple(at_s - end_s for at_s in room.onsets_s),
        tuple(at_s - end_s for at_s in room.commits_s),
        None if room.ready_s is None else room.ready_s - end_s,
        (room.decodes, room.scores),
        room.withdrawn,
    )


# -- the command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `bench endpoint`."""
    parser.add_argument("--clips", metavar="DIR", type=Path, required=True, help="recordings")
    parser.add_argument("--limit", type=int, default=0, help="use the first clips only")
    parser.add_argument("--patience", default="0.7,1,1.5,3", help="values of turn.patience")
    parser.add_argument("--stt-s", type=float, default=0.13, help="of a decode")
    parser.add_argument("--turn-s", type=float, default=0.04, help="of the turn model")
    parser.add_argument("--reply-s", type=float, default=0.28, help="text to audio")


def run(args: argparse.Namespace) -> Run:
    """Plays every clip at every patience.

    Raises:
        ConfigError: the recordings cannot be used.
        EngineUnavailable, ModelError: a model is not to be had.
    """
    clips = read_clips(args.clips, languages=("en", "zh"))[: args.limit or None]
    latencies = Latencies(args.stt_s, args.turn_s, args.reply_s)
    vad, turn, stt, store = VadOptions(), TurnOptions(), SttOptions(), ModelStore()
    ears = RememberedEars(
        silero_vad.load(vad, store),
        smart_turn.load(turn, store),
        faster_whisper_stt.load(stt, store),
    )
    figures: list[Figure] = []
    items = []
    for patience in map(float, args.patience.split(",")):
        print(f"patience {patience:g}", file=sys.stderr)
        policy = replace(turn, patience=patience)
        heard = [(clip, listen(clip, ears, vad, policy, latencies)) for clip in clips]
        figures += _figures(patience, heard)
        items += [{"patience": patience, **asdict(outcome)} for _, outcome in heard]
    return results_of(
        "endpoint",
        figures,
        items,
        subject=engines_subject({"vad": vad.model, "turn": turn.model, "stt": stt.model}, store),
        settings={"latencies": asdict(latencies), "vad": asdict(vad), "turn": asdict(turn)},
        command=repeating(
            "endpoint", clips=args.clips.name, limit=args.limit, patience=args.patience
        ),
    )


def _figures(patience: float, heard: Sequence[tuple[Clip, Outcome]]) -> list[Figure]:
    name = f"patience_{patience:g}"
    waits_ms = [1000 * outcome.v2v_s for _, outcome in heard if outcome.v2v_s is not None]
    paused = [outcome for clip, outcome in heard if clip.pauses_s]
    cut = sum(outcome.is_cut_off for outcome in paused)
    fluent = [outcome for clip, outcome in heard if not clip.pauses_s]
    wrong = sum(outcome.is_cut_off for outcome in fluent)
    return [
        Figure(
            name=f"{name}.v2v",
            title=f"wait at patience {patience:g}",
            unit="ms",
            better="lower",
            summary=summary(waits_ms) if waits_ms else None,
            note="in virtual time",
        ),
        _share(
            f"{name}.cut_offs.paused",
            f"cut off at patience {patience:g}, clips with pauses",
            cut,
            len(paused),
        ),
        _share(
            f"{name}.cut_offs.fluent",
            f"cut off at patience {patience:g}, clips without",
            wrong,
            len(fluent),
        ),
    ]


def _share(name: str, title: str, part: int, whole: int) -> Figure:
    value = 100.0 * part / whole if whole else 0.0
    note = f"{part} of {whole}"
    return Figure(name=name, title=title, unit="%", better="lower", value=value, note=note)
