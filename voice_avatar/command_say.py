"""`voice-avatar say`: a text spoken by the configured voice, with its whole track, no server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from voice_avatar import protocol, speech_plot
from voice_avatar.audio import silence
from voice_avatar.chunking import Chunker
from voice_avatar.config import Config
from voice_avatar.engines.registry import load_engine
from voice_avatar.errors import ConfigError
from voice_avatar.events import (
    ReplyNotice,
    ReplySegment,
    SpeakableChunk,
    SpeechPiece,
    SpeechPlan,
    VisemeTrack,
)
from voice_avatar.gestures import GesturePlanner
from voice_avatar.models import ModelStore
from voice_avatar.timeline import Placed, ReplyTimeline
from voice_avatar.tts import TtsEngine
from voice_avatar.wavs import write_wav


@dataclass(slots=True)
class Speech:
    """A spoken text.

    Attributes:
        rate_hz: its sample clock.
        pcm: its audio.
        notices: its track, in order.
        plans: what the synthesizer planned, chunk by chunk, with the chunk's first sample.
    """

    rate_hz: int
    pcm: bytearray = field(default_factory=bytearray)
    notices: list[ReplyNotice] = field(default_factory=list)
    plans: list[tuple[int, SpeechPlan]] = field(default_factory=list)


def say(
    config: Config,
    text: str,
    language: str,
    out: str | None,
    *,
    is_json: bool,
    plot: str | None = None,
) -> int:
    """Speaks `text`, writes its audio, draws and prints its track.

    Raises:
        ConfigError: `plot` is of no kind that can be drawn.
    """
    draw = _drawer(plot) if plot else None
    tts: TtsEngine = load_engine("tts", config.tts, ModelStore(), config.engines)
    speech = speak(config, tts, text, language)
    if out:
        write_wav(out, bytes(speech.pcm), speech.rate_hz)
    if plot and draw:
        Path(plot).write_bytes(draw(track(speech), bytes(speech.pcm)))
    if is_json:
        print(msgspec.json.encode(track(speech)).decode())
    else:
        seconds = len(speech.pcm) / 2 / speech.rate_hz
        print(f"{seconds:.2f} s of speech{f' in {out}' if out else ''}")
    return 0


def _drawer(plot: str) -> Callable[[dict[str, Any], bytes], bytes]:
    """Returns what draws a track and its audio into a file of that name.

    Raises:
        ConfigError: there is none.
    """
    if plot.endswith(".html"):
        return lambda told, pcm: speech_plot.page(told, pcm).encode()
    if plot.endswith(".svg"):
        return lambda told, pcm: speech_plot.drawing(told, pcm).encode()
    if not plot.endswith(".png"):
        raise ConfigError("--plot draws .html, .svg and .png files.")
    try:
        import resvg_py
    except ImportError as error:
        raise ConfigError("--plot needs the extra `plot` for .png files.") from error
    return lambda told, pcm: bytes(resvg_py.svg_to_bytes(speech_plot.drawing(told, pcm)))


def speak(config: Config, tts: TtsEngine, text: str, language: str) -> Speech:
    """Returns a text spoken as a reply of the server would be."""
    voice = tts.capabilities
    planner = GesturePlanner(config.gestures, language, 1, voice.rate_hz, 1)
    timeline = ReplyTimeline(1, voice.rate_hz, voice, planner)
    speech = Speech(voice.rate_hz)
    for chunk in _chunks(Chunker(config.chunking, language), timeline, text):
        placed: Placed | None = None
        for part in tts.synthesize(chunk):
            match part:
                case SpeechPlan():
                    placed = timeline.place(chunk, part)
                    speech.plans.append((placed.start, part))
                    speech.notices += placed.notices
                case SpeechPiece(_, pcm):
                    if placed is not None and (told := placed.mouth.hear(pcm)) is not None:
                        speech.notices.append(told)
                    speech.pcm += pcm
        if placed is not None:
            speech.notices.append(placed.mouth.finish(is_cut=False))
            speech.pcm += silence(placed.end - placed.speech_end)
    return speech


def _chunks(chunker: Chunker, timeline: ReplyTimeline, text: str) -> Iterator[SpeakableChunk]:
    for done in (chunker.push(text), chunker.flush()):
        timeline.write(done.text)
        yield from done.chunks


def track(speech: Speech) -> dict[str, Any]:
    """Returns the track as a JSON-ready object; times are milliseconds from the first sample."""
    dialect = protocol.Dialect(speech.rate_hz)
    messages = [protocol.to_message(notice, dialect) for notice in speech.notices]
    told = [msgspec.to_builtins(message) for message in messages if message is not None]
    plain = [{k: v for k, v in m.items() if k not in ("seq", "ts_ms", "reply_id")} for m in told]
    phonemes = [
        [span.symbol, start + span.start, start + span.end]
        for start, plan in speech.plans
        for span in plan.spans
    ]
    return {
        "text": " ".join(n.text for n in speech.notices if isinstance(n, ReplySegment)),
        "rate_hz": speech.rate_hz,
        "samples": len(speech.pcm) // 2,
        "audio_s": round(len(speech.pcm) / 2 / speech.rate_hz, 3),
        "phonemes": phonemes,
        "visemes": [
            [round(1000 * pose.sample / speech.rate_hz, 1), viseme, round(weight, 3)]
            for notice in speech.notices
            if isinstance(notice, VisemeTrack)
            for pose in notice.poses
            for viseme, weight in pose.weights
        ],
        "gestures": [m for m in plain if m["type"] in ("gesture", "head", "gaze", "face")],
        "captions": [m for m in plain if m["type"] == "reply.segment"],
    }
