"""What further threads, batches and calls at once are worth on this machine.

    voice-avatar bench threads                         this machine's cores
    taskset -c 0 voice-avatar bench threads            one core

`threads`: each engine's part of a turn (a sentence recognised, a first clause written, a first
sound made) with 1, 2, … threads, alone and beside one other engine at work: the voice speaks, or,
beside the voice, the recogniser listens. That is what the thread plan of a server rests on.

`together`: several users at the same moment. The recogniser takes their utterances one after
another, as one batch, or in two calls at once (`num_workers` of CTranslate2); the voice says two
sentences piece by piece in turn, which is what a server does, or in two threads. Figures are the
time to the end of each user's own result, since that is what a user waits for.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from voice_avatar.audio.pcm import resample, to_float
from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.material.sentences import read_sentences
from voice_avatar.bench.report.alone import repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.bench.targets.subjects import engines_subject
from voice_avatar.engines.faster_whisper_stt import FasterWhisperOptions
from voice_avatar.engines.registry import load_engine
from voice_avatar.errors import ConfigError
from voice_avatar.events.payloads import MIC_HZ, SpeakableChunk, SpeechPiece
from voice_avatar.machine.cores import usable_cores
from voice_avatar.machine.trials import first_clause_ms, speaking
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.llm import LlmEngine, LlmOptions
from voice_avatar.stages.stt import SttEngine, SttOptions
from voice_avatar.stages.tts import TtsEngine, TtsOptions

USERS: Final = (2, 4)
"""How many speak at once."""

_SILENCE: Final = -1.5
"""Log-mel of digital silence: what the recogniser's window is filled up with."""

_MOST_TOKENS: Final = 60
"""Of a sentence."""

Way = Callable[[int], list[float]]
"""Number of users -> when each had his result, milliseconds after all had asked."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this bench."""
    parser.add_argument("--stt", default=SttOptions().model, help="model of the recogniser")
    parser.add_argument("--llm", default=LlmOptions().model, help="model of llama.cpp")
    parser.add_argument("--voice", default=TtsOptions().voice, help="voice of Piper")
    parser.add_argument("--most", type=int, default=0, help="threads (default: as many as cores)")
    parser.add_argument("--rounds", type=int, default=9, help="of every figure (default 9)")


def run(args: argparse.Namespace) -> Run:
    """Runs the measurement.

    Raises:
        ConfigError: an option cannot be used.
        VoiceAvatarError: a model is missing, or failed.
    """
    if args.most < 0 or args.rounds < 1:
        raise ConfigError("--most must be 0 or more, and --rounds 1 or more.")
    store = ModelStore()
    voice: TtsEngine = load_engine("tts", TtsOptions(voice=args.voice, threads=1), store)
    sentences = read_sentences(max(USERS))
    speech = [_speech(voice, sentence) for sentence in sentences]
    most = args.most or usable_cores()
    bench = _Threads(args, store, voice, sentences[0], speech[0])
    figures = [
        *(f for count in range(1, most + 1) for f in bench.figures(count)),
        *_together(args, store, voice, sentences, speech),
    ]
    return results_of(
        "threads",
        figures,
        [],
        subject=engines_subject({"stt": args.stt, "llm": args.llm, "tts": args.voice}, store),
        settings={"cores": usable_cores(), "most": most, "rounds": args.rounds},
        command=repeating(
            "threads",
            stt=args.stt if args.stt != SttOptions().model else None,
            llm=args.llm if args.llm != LlmOptions().model else None,
            voice=args.voice if args.voice != TtsOptions().voice else None,
            most=args.most,
            rounds=args.rounds if args.rounds != 9 else None,
        ),
    )


# -- threads of one engine


class _Threads:
    """Each engine with so many threads, alone and beside another one."""

    def __init__(
        self,
        args: argparse.Namespace,
        store: ModelStore,
        voice: TtsEngine,
        sentence: str,
        speech: bytes,
    ) -> None:
        self._args = args
        self._store = store
        self._voice = voice
        self._sentence = sentence
        self._speech = speech
        self._ears: SttEngine = load_engine("stt", SttOptions(model=args.stt, threads=1), store)

    def figures(self, threads: int) -> Iterator[Figure]:
        """Yields the figures of a thread count."""
        _say(f"{threads} threads")
        for beside in ("alone", "beside"):
            with self._others("voice", beside):
                yield self._stt(threads, beside)
                yield self._llm(threads, beside)
            with self._others("ears", beside):
                yield self._tts(threads, beside)

    def _others(self, who: str, beside: str) -> AbstractContextManager[None]:
        if beside == "alone":
            return nullcontext()
        return speaking(self._voice) if who == "voice" else _listening(self._ears, self._speech)

    def _stt(self, threads: int, beside: str) -> Figure:
        options = SttOptions(model=self._args.stt, threads=threads)
        stt: SttEngine = load_engine("stt", options, self._store)
        times_ms = _times_ms(lambda: stt.transcribe(self._speech, "en"), self._args.rounds)
        return _figure(f"threads.stt.{threads}.{beside}", "a sentence recognised", times_ms)

    def _tts(self, threads: int, beside: str) -> Figure:
        options = TtsOptions(voice=self._args.voice, threads=threads)
        tts: TtsEngine = load_engine("tts", options, self._store)

        def until_first() -> None:
            for part in tts.synthesize(_chunk(self._sentence)):
                if isinstance(part, SpeechPiece):
                    return

        times_ms = _times_ms(until_first, self._args.rounds)
        return _figure(f"threads.tts.{threads}.{beside}", "a first sound made", times_ms)

    def _llm(self, threads: int, beside: str) -> Figure:
        options = LlmOptions(model=self._args.llm, threads=threads)
        llm: LlmEngine = load_engine("llm", options, self._store)

        async def ask() -> list[float]:
            try:
                return [await first_clause_ms(llm) for _ in range(self._args.rounds)]
            finally:
                await llm.aclose()

        return _figure(
            f"threads.llm.{threads}.{beside}", "a first clause written", asyncio.run(ask())
        )


@contextmanager
def _listening(stt: SttEngine, speech: bytes) -> Iterator[None]:
    """Lets the recogniser work on and on, in a thread of its own."""
    is_over = threading.Event()

    def listen() -> None:
        while not is_over.is_set():
            stt.transcribe(speech, "en")

    thread = threading.Thread(target=listen, name="bench-ears")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


# -- several users at once


def _together(
    args: argparse.Namespace,
    store: ModelStore,
    voice: TtsEngine,
    sentences: Sequence[str],
    speech: Sequence[bytes],
) -> Iterator[Figure]:
    """Yields what users wait for who ask at the same moment."""
    for workers in (1, 2):
        ears = _Ears(args.stt, workers, store, speech)
        ways = {"two_calls": ears.two_calls}
        if workers == 1:
            ways = {"one_by_one": ears.one_by_one, "batch": ears.batch}
        for name, way in ways.items():
            for users in USERS:
                times_ms = _of_all(way, users, args.rounds)
                title = f"an utterance of each of {users} users, {name.replace('_', ' ')}"
                yield _figure(f"together.stt.{users}.{name}", title, times_ms)
    for is_first in (True, False):
        mouths = _Mouths(voice, sentences, is_first=is_first)
        what = "first_audio" if is_first else "whole"
        for name, way in {"in_turn": mouths.in_turn, "two_threads": mouths.two_threads}.items():
            times_ms = _of_all(way, 2, args.rounds)
            title = f"a sentence to each of 2 users, {name.replace('_', ' ')}"
            yield _figure(f"together.tts.{what}.{name}", title, times_ms)


def _of_all(way: Way, users: int, rounds: int) -> list[float]:
    """Returns the waits of all users in all rounds, after one that does not count."""
    way(users)
    return [ms for _ in range(rounds) for ms in way(users)]


class _Ears:
    """Whisper as our engine drives it, with one window for all, several users at once."""

    def __init__(self, name: str, workers: int, store: ModelStore, speech: Sequence[bytes]) -> None:
        from faster_whisper import WhisperModel
        from faster_whisper.tokenizer import Tokenizer

        options = FasterWhisperOptions()
        self._window = options.min_window_frames
        self._model = WhisperModel(
            str(store.resolve(name).folder),
            device="cpu",
            compute_type=options.compute_type,
            cpu_threads=1,
            num_workers=workers,
        )
        is_multilingual = self._model.model.is_multilingual
        tokenizer = Tokenizer(
            self._model.hf_tokenizer, is_multilingual, task="transcribe", language="en"
        )
        self._prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        self._mels = [self._mel(pcm) for pcm in speech]

    def one_by_one(self, users: int) -> list[float]:
        """Recognises one after the other."""
        return _in_turn([partial(self._recognise, [mel]) for mel in self._mels[:users]])

    def batch(self, users: int) -> list[float]:
        """Recognises all as one batch: all wait for the same time."""
        return _in_turn([partial(self._recognise, self._mels[:users])]) * users

    def two_calls(self, users: int) -> list[float]:
        """Recognises two at a time."""
        return _two_at_a_time([partial(self._recognise, [mel]) for mel in self._mels[:users]])

    def _mel(self, pcm: bytes) -> npt.NDArray[np.float32]:
        mel = self._model.feature_extractor(to_float(pcm))[:, : self._window]
        filled = np.full((mel.shape[0], self._window), _SILENCE, np.float32)
        filled[:, : mel.shape[1]] = mel
        return filled

    def _recognise(self, mels: Sequence[npt.NDArray[np.float32]]) -> None:
        encoded = self._model.encode(np.stack(mels))
        self._model.model.generate(
            encoded, [self._prompt] * len(mels), beam_size=1, max_length=2 * _MOST_TOKENS
        )


class _Mouths:
    """A voice that says a sentence to each of several users at once.

    What is timed is the first sound (`is_first`), or the whole.
    """

    def __init__(self, voice: TtsEngine, sentences: Sequence[str], *, is_first: bool) -> None:
        self._voice = voice
        self._sentences = sentences
        self._is_first = is_first

    def in_turn(self, users: int) -> list[float]:
        """Takes a piece of each sentence in turn, in one thread."""
        begun_s = time.perf_counter()
        speeches = [self._voice.synthesize(_chunk(text)) for text in self._sentences[:users]]
        ends_ms: list[float] = []
        while speeches:
            for speech in tuple(speeches):
                part = next(speech, None)
                if part is None or (self._is_first and isinstance(part, SpeechPiece)):
                    ends_ms.append(1000.0 * (time.perf_counter() - begun_s))
                    speeches.remove(speech)
        return ends_ms

    def two_threads(self, users: int) -> list[float]:
        """Says two sentences at a time."""
        return _two_at_a_time([partial(self._say, text) for text in self._sentences[:users]])

    def _say(self, text: str) -> None:
        for part in self._voice.synthesize(_chunk(text)):
            if self._is_first and isinstance(part, SpeechPiece):
                return


def _in_turn(jobs: Sequence[Callable[[], object]]) -> list[float]:
    begun_s = time.perf_counter()
    ends_ms = []
    for job in jobs:
        job()
        ends_ms.append(1000.0 * (time.perf_counter() - begun_s))
    return ends_ms


def _two_at_a_time(jobs: Sequence[Callable[[], object]]) -> list[float]:
    begun_s = time.perf_counter()

    def end_ms(job: Callable[[], object]) -> float:
        job()
        return 1000.0 * (time.perf_counter() - begun_s)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(end_ms, jobs))


# -- small things


def _speech(voice: TtsEngine, sentence: str) -> bytes:
    parts = voice.synthesize(_chunk(sentence))
    pcm = b"".join(part.pcm for part in parts if isinstance(part, SpeechPiece))
    return resample(pcm, voice.capabilities.rate_hz, MIC_HZ)


def _chunk(text: str) -> SpeakableChunk:
    return SpeakableChunk(0, text, text)


def _times_ms(job: Callable[[], object], rounds: int) -> list[float]:
    job()
    return [_in_turn([job])[0] for _ in range(rounds)]


def _figure(name: str, title: str, times_ms: Sequence[float]) -> Figure:
    _, _, rest = name.partition(".")
    return Figure(
        name=name, title=f"{title} ({rest})", unit="ms", better="lower", summary=summary(times_ms)
    )


def _say(what: str) -> None:
    print(f"threads: {what}", file=sys.stderr, flush=True)
