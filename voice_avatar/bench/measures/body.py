"""Does the body hold what it promises? Closures, jumps, lip sync by loudness, bytes and cost.

Talk is made from patterns, spoken by real voices, planned and rendered by the code of the server,
in the server's order: the mouth piece by piece with the audio, and each frame of the face before
its audio at the latest moment. So what is measured is the worst that a client gets.

Apexes of gestures against stressed vowels are another bench (`gestures`).
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from voice_avatar.acting.gesture.planner import GesturePlanner
from voice_avatar.acting.mouth.viseme_sets import FACE_HZ
from voice_avatar.acting.mouth.viseme_tables import symbol_table
from voice_avatar.acting.timeline import PlacedChunk, ReplyTimeline
from voice_avatar.audio.pcm import BYTES_PER_SAMPLE, sample_count, silence
from voice_avatar.bench.figures.body import GAP_S, Talk, figures, item
from voice_avatar.bench.figures.face import closures
from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.material.sentences import read_sentences
from voice_avatar.bench.material.talk import replies
from voice_avatar.bench.report.alone import chosen, repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.bench.targets.subjects import engines_subject
from voice_avatar.config.load import Config
from voice_avatar.engines.piper_tts import PiperOptions
from voice_avatar.engines.registry import load_engine
from voice_avatar.engines.tables import EngineTables, TtsTables
from voice_avatar.events.cues import VisemeTrack
from voice_avatar.events.notices import ReplyAudio, ReplyDone, ReplyNotice, ReplyStarted
from voice_avatar.events.payloads import SpeakableChunk, SpeechPiece, SpeechPlan
from voice_avatar.models.store import ModelStore
from voice_avatar.server.native.face_out import FaceOut
from voice_avatar.stages.tts import TtsEngine, TtsOptions
from voice_avatar.text.chunking import Chunker
from voice_avatar.wire.face_frame import unpack_face
from voice_avatar.wire.telling import Preferences, to_message
from voice_avatar.wire.text import encode_text

VOICES: Final = "en_US-joe-medium,en_US-joe-medium:cmn"
"""The default voice, and the same with espeak's Mandarin: an accent, but Mandarin's sounds, tones
and times, and no other model to fetch. A Chinese voice, where there is one, is named as it is."""


class Speaker:
    """One avatar that talks: what it says next begins with the face that it has."""

    def __init__(self, config: Config, tts: TtsEngine, language: str) -> None:
        """`tts` speaks `language`."""
        self._config = config
        self._tts = tts
        self._language = language
        self._outs = {
            hz: FaceOut(random.Random(hz), hz, tts.capabilities.rate_hz) for hz in FACE_HZ
        }
        self._dialect = Preferences(tts.capabilities.rate_hz)
        self._reply_id = 0
        self._now_s = 0.0

    def say(self, text: str) -> Talk:
        """Speaks a reply, and lets its faces be made as the server does."""
        self._reply_id += 1
        voice = self._tts.capabilities
        talk = Talk(text, voice.rate_hz)
        began_s = time.thread_time()
        planner = GesturePlanner(
            self._config.gestures, self._language, self._reply_id, voice.rate_hz, 1
        )
        timeline = ReplyTimeline(self._reply_id, voice.rate_hz, voice, planner)
        chunks = list(_chunks(Chunker(self._config.chunking, self._language), timeline, text))
        talk.planning_s += time.thread_time() - began_s
        packed: dict[int, list[bytes]] = {hz: [] for hz in self._outs}
        self._tell(talk, [ReplyStarted(self._reply_id, 1, voice.rate_hz)])
        for chunk in chunks:
            self._speak(talk, timeline, chunk, packed)
        end = ReplyAudio(self._reply_id, sample_count(bytes(talk.pcm)), b"", is_last=True)
        self._render(talk, end, packed)
        for hz, frames in packed.items():
            rows = np.concatenate([unpack_face(data).weights for data in frames])
            talk.faces[hz] = rows.astype(np.float32) / np.float32(255)
            talk.face_bytes[hz] = sum(map(len, frames))
        self._now_s += talk.audio_s
        self._tell(talk, [ReplyDone(self._reply_id, "completed", text, 0)])
        self._now_s += GAP_S
        return talk

    def _speak(
        self,
        talk: Talk,
        timeline: ReplyTimeline,
        chunk: SpeakableChunk,
        packed: dict[int, list[bytes]],
    ) -> None:
        placed: PlacedChunk | None = None
        for part in self._tts.synthesize(chunk):
            began_s = time.thread_time()
            notices: list[ReplyNotice] = []
            pcm = b""
            match part:
                case SpeechPlan():
                    placed = timeline.place(chunk, part)
                    talk.plans.append((placed.start, part))
                    notices += placed.notices
                case SpeechPiece(_, pcm) if placed is not None:
                    track = placed.mouth.push(pcm)
                    notices += [] if track is None else [track]
            talk.planning_s += time.thread_time() - began_s
            self._tell(talk, notices)
            self._play(talk, pcm, packed)
        if placed is not None:
            began_s = time.thread_time()
            rest = placed.mouth.finish(is_cut=False)
            talk.planning_s += time.thread_time() - began_s
            self._tell(talk, [rest])
            self._play(talk, silence(placed.end - placed.speech_end), packed)

    def _tell(self, talk: Talk, notices: Sequence[ReplyNotice]) -> None:
        talk.notices += notices
        for hz, out in self._outs.items():
            began_s = time.thread_time()
            for notice in notices:
                out.note(notice, self._now_s)
            talk.face_s[hz] = talk.face_s.get(hz, 0.0) + time.thread_time() - began_s
        began_s = time.thread_time()
        for notice in notices:
            if isinstance(notice, ReplyDone | ReplyStarted):
                continue
            message = to_message(notice, self._dialect)
            if message is not None:
                text = encode_text(message, seq=0, ts_ms=0.0)
                talk.json_bytes += len(text.encode())
            if isinstance(notice, VisemeTrack):
                talk.keys += len(notice.poses)
        talk.json_s += time.thread_time() - began_s

    def _play(self, talk: Talk, pcm: bytes, packed: dict[int, list[bytes]]) -> None:
        if pcm:
            start = len(talk.pcm) // BYTES_PER_SAMPLE
            self._render(talk, ReplyAudio(self._reply_id, start, pcm, start == 0), packed)
            talk.pcm += pcm

    def _render(self, talk: Talk, audio: ReplyAudio, packed: dict[int, list[bytes]]) -> None:
        for hz, out in self._outs.items():
            began_s = time.thread_time()
            packed[hz] += out.frames(audio)
            talk.face_s[hz] += time.thread_time() - began_s


def _chunks(chunker: Chunker, timeline: ReplyTimeline, text: str) -> Iterator[SpeakableChunk]:
    for done in (chunker.push(text), chunker.flush()):
        timeline.write(done.text)
        yield from done.chunks


# ---------------------------------------------------------------------------------------------
# The bench


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this bench."""
    parser.add_argument(
        "--voices",
        default=VOICES,
        help="voices of Piper, by commas; NAME:ESPEAK spells as that espeak-ng voice",
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="of talk for each voice")
    parser.add_argument("--seed", type=int, default=0, help="of the talk")


def run(args: argparse.Namespace) -> Run:
    """Runs the measurement.

    Raises:
        VoiceAvatarError: a voice is missing, or failed.
    """
    store = ModelStore()
    out: list[Figure] = []
    items: list[dict[str, Any]] = []
    voices = args.voices.split(",")
    for name in voices:
        options, own = _options(name)
        tables = EngineTables(tts=TtsTables(own))
        tts: TtsEngine = load_engine("tts", options, store, tables)
        voice = tts.capabilities
        speaker = Speaker(Config(tts=options), tts, voice.language)
        table = symbol_table(voice.espeak_voice, voice.phoneme_type)
        talks: list[Talk] = []
        audio_s = 0.0
        for text in _texts(voice.language, args.seed):
            talks.append(speaker.say(text))
            audio_s += talks[-1].audio_s
            print(f"\rbody: {name} {audio_s:.0f} s", end="", file=sys.stderr, flush=True)
            if audio_s >= 60 * args.minutes:
                break
        closed = [closures(t.plans, table, t.rate_hz, t.faces[60], 60) for t in talks]
        out += figures(voice.language, talks, closed)
        items += [item(talk, each) for talk, each in zip(talks, closed, strict=True)]
    print(file=sys.stderr)
    return results_of(
        "body",
        out,
        items,
        subject=engines_subject(
            {f"tts {n}": _options(voice)[0].voice for n, voice in enumerate(voices, 1)}, store
        ),
        settings={
            "options": {name: chosen(*_options(name)) for name in voices},
            "minutes": args.minutes,
            "seed": args.seed,
        },
        command=repeating("body", voices=args.voices, minutes=str(args.minutes), seed=args.seed),
    )


def _options(name: str) -> tuple[TtsOptions, PiperOptions]:
    voice, _, espeak_voice = name.partition(":")
    return TtsOptions(voice=voice), PiperOptions(espeak_voice=espeak_voice)


def _texts(language: str, seed: int) -> Iterator[str]:
    """Yields what is said: the sentences of `lipsync` where there are any, then made talk."""
    if language == "en":
        yield from read_sentences()
    yield from replies(language, seed)
