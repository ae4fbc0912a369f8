"""`voice-avatar say`: a text spoken by the configured voice, with its whole track, no server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from voice_avatar.audio.wav import write_wav
from voice_avatar.cli import speech_plot
from voice_avatar.config.load import Config
from voice_avatar.engines.registry import load_engine
from voice_avatar.errors import ConfigError
from voice_avatar.events.cues import ReplySegment, VisemeTrack
from voice_avatar.models.store import ModelStore
from voice_avatar.pipeline.spoken import Speech, speak
from voice_avatar.stages.tts import TtsEngine
from voice_avatar.wire.telling import Preferences, to_message


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
    speech = speak(tts, text, language, gestures=config.gestures, chunking=config.chunking)
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


def track(speech: Speech) -> dict[str, Any]:
    """Returns the track as a JSON-ready object; times are milliseconds from the first sample."""
    dialect = Preferences(speech.rate_hz)
    messages = [to_message(notice, dialect) for notice in speech.notices]
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
