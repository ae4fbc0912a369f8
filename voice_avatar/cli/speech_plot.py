"""A spoken text and its track on one time axis, as a page that needs nothing else. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from voice_avatar.acting.mouth.viseme_sets import VISEME_SETS

_LEFT: Final = 130.0
_PER_S: Final = 420.0
_HUES: Final = (210, 0, 28, 265, 190, 60, 45, 145, 100, 170, 340, 310, 330, 225, 250)
_PHASES: Final = (
    ("preparation", "start_ms", "stroke_start_ms", "#f6d9b8"),
    ("stroke", "stroke_start_ms", "stroke_end_ms", "#d2691e"),
    ("hold", "stroke_end_ms", "relax_ms", "#eba763"),
    ("retraction", "relax_ms", "end_ms", "#f6d9b8"),
)
_STYLE: Final = (
    "text{font:12px system-ui,'DejaVu Sans',sans-serif;fill:#1d2733}"
    ".row{font-weight:600;fill:#435063}.grid{stroke:#e3e8ee}"
)


def _x(ms: float) -> float:
    return _LEFT + ms / 1000 * _PER_S


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def _bar(begin: float, end: float, y: float, height: float, colour: str, hint: str) -> str:
    width = max(1.0, _x(end) - _x(begin))
    return (
        f'<rect x="{_x(begin):.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2"'
        f' fill="{colour}"><title>{escape(hint)}</title></rect>'
    )


def drawing(track: Mapping[str, Any], pcm: bytes) -> str:
    """Returns an SVG: waveform, words, phonemes, visemes and movements; hints hold the values.

    Args:
        track: as `say.track` makes it.
        pcm: its audio, 16 bit.
    """
    rate_hz, parts, y = track["rate_hz"], [], 20.0
    parts += [_text(8, y + 40, "audio", "row"), _wave(pcm, rate_hz, y + 36)]
    y += 84
    parts.append(_text(8, y + 12, "words", "row"))
    for caption in track["captions"]:
        for word, begin, end, _ in caption["words"]:
            hint = f"{word}: {begin:.0f} to {end:.0f} ms"
            parts.append(_bar(begin, end - 2, y, 16, "#eef2f6", hint))
            parts.append(_text(_x(begin) + 2, y + 12, word))
    y += 22
    parts.append(_text(8, y + 12, "phonemes", "row"))
    for symbol, first, last in track["phonemes"]:
        begin, end = 1000 * first / rate_hz, 1000 * last / rate_hz
        hint = f"{symbol}: {begin:.0f} to {end:.0f} ms"
        parts += [
            _bar(begin, end - 2, y, 16, "#dbe7f5", hint),
            _text(_x(begin) + 1, y + 12, symbol),
        ]
    y += 26
    rows: dict[int, list[tuple[float, float]]] = {}
    for at_ms, viseme, weight in track["visemes"]:
        rows.setdefault(viseme, []).append((at_ms, weight))
    times_ms = sorted({at_ms for at_ms, *_ in track["visemes"]})
    for viseme, keys in sorted(rows.items()):
        name = VISEME_SETS["ovr15"][viseme]
        known = dict(keys)
        way = " ".join(f"{_x(at):.1f},{y + 22 - 20 * known.get(at, 0.0):.1f}" for at in times_ms)
        base = f"{_x(times_ms[0]):.1f},{y + 22:.1f} {way} {_x(times_ms[-1]):.1f},{y + 22:.1f}"
        colour = f"hsl({_HUES[viseme]} 60% 50%)"
        told = f"{name}: " + ", ".join(f"{w:g} at {at:.0f} ms" for at, w in keys if w)
        parts.append(_text(8, y + 20, name, "row"))
        parts.append(
            f'<polygon points="{base}" fill="{colour}" fill-opacity=".45" stroke="{colour}">'
            f"<title>{escape(told)}</title></polygon>"
        )
        y += 24
    y += 10
    for kind in ("gesture", "head", "gaze", "face"):
        cues = [cue for cue in track["gestures"] if cue["type"] == kind]
        parts.append(_text(8, y + 14, kind, "row"))
        for place, cue in enumerate(cues):
            parts.append(_cue(cue, y + 22 * (place % 2)))
        y += 50
    end_ms = 1000 * len(pcm) / 2 / rate_hz
    grid = "".join(
        f'<line class="grid" x1="{_x(ms):.1f}" x2="{_x(ms):.1f}" y1="10" y2="{y:.1f}"/>'
        + _text(_x(ms) - 8, y + 14, f"{ms / 1000:g} s")
        for ms in range(0, int(end_ms) + 600, 500)
    )
    width = _x(end_ms) + 260
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {y + 24:.0f}"'
        f' width="{width:.0f}"><title>{escape(track["text"])}</title><desc>Waveform, phonemes,'
        f" visemes and movements on one time axis.</desc><style>{_STYLE}</style>"
        f'<rect width="100%" height="100%" fill="#fff"/>{grid}{"".join(parts)}</svg>\n'
    )


def _cue(cue: Mapping[str, Any], y: float) -> str:
    name = cue.get("lexeme") or cue.get("target") or cue["expression"]
    if cue["type"] == "gesture":
        bars = "".join(
            _bar(cue[a], cue[b], y, 18, colour, f"{name}, {phase}: {cue[a]:.0f} to {cue[b]:.0f} ms")
            for phase, a, b, colour in _PHASES
            if cue[b] > cue[a]
        )
        return bars + _text(_x(cue["start_ms"]) + 4, y + 13, name)
    begin = cue.get("start_ms", cue.get("t_ms", 0.0))
    end = cue.get("end_ms", begin + cue.get("fade_ms", 0) + cue.get("hold_ms", 0))
    hint = f"{name}: {begin:.0f} to {end:.0f} ms"
    return _bar(begin, end, y, 18, "#cfe3d3", hint) + _text(_x(begin) + 4, y + 13, name)


def _wave(pcm: bytes, rate_hz: int, middle: float) -> str:
    samples = array("h", pcm)
    step = max(1, round(rate_hz / _PER_S))
    ups: list[str] = []
    downs: list[str] = []
    for at in range(0, len(samples), step):
        part: Sequence[int] = samples[at : at + step]
        x = _x(1000 * at / rate_hz)
        ups.append(f"{x:.1f},{middle - 34 * max(part) / 32768:.1f}")
        downs.append(f"{x:.1f},{middle - 34 * min(part) / 32768:.1f}")
    return f'<polygon points="{" ".join(ups + downs[::-1])}" fill="#2f6fb3"/>'


def page(track: Mapping[str, Any], pcm: bytes) -> str:
    """Returns the drawing in a page."""
    title = escape(track["text"])
    return (
        f'<!doctype html><meta charset="utf-8"><title>{title}</title>'
        f"<h1 style='font:600 18px system-ui'>{title}</h1>{drawing(track, pcm)}"
    )
