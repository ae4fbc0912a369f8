"""The page against the benchmark, in one run: `make bench-web`.

One server with the conditions of `voice-avatar bench v2v`. The same recordings are said to it by
the benchmark's own client; then to the page in Chromium with the drawn face, and with the figure,
which a processor has to draw. The page's microphone is a sound track of the browser into which each
recording is played when it is the user's turn: so its last word is known on the page's clock.

Written: the time from opening the page until it can be used, its bytes, pictures a second, how far
the mouth is off what is heard, and voice to voice by the benchmark, by the page's own display, and
to the first sound that leaves the page for the loudspeaker.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from kit.browser import FLAT, Page, browser
from kit.page_probe import LISTEN, WATCH, logged, mouth_lag_ms, seen

from voice_avatar.acting.mouth.viseme_tables import VISEMES
from voice_avatar.bench.callers.call import CallOptions
from voice_avatar.bench.callers.own_server import own_server
from voice_avatar.bench.callers.server_options import settings_of
from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.figures.results import Figure, Unit
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.material.clips import read_clips
from voice_avatar.bench.measures.v2v import measure
from voice_avatar.bench.report import files, tables
from voice_avatar.bench.report.machine import results_of
from voice_avatar.bench.targets.avatar import AvatarTarget
from voice_avatar.bench.targets.subjects import NotedTarget, subject_settings

WIDTH: Final = 1280
HEIGHT: Final = 800

SPEAK: Final = """
navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const track = new MediaStreamAudioDestinationNode(context);
  window.say = async (base64, endSample) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const pcm = new Int16Array(bytes.buffer);
    const buffer = new AudioBuffer({ length: pcm.length, sampleRate: 16000 });
    buffer.getChannelData(0).set(Float32Array.from(pcm, (sample) => sample / 32768));
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(track);
    const startS = context.currentTime + 0.1;
    window.endMs = performance.now() + 100 + endSample / 16;
    source.start(startS);
    window.firstSoundMs = null;
  };
  await context.resume();
  return track.stream;
};
setInterval(() => {
  if (window.endMs && performance.now() > window.endMs && window.firstSoundMs === null
      && window.lastSoundMs > window.endMs) window.firstSoundMs = window.lastSoundMs;
}, 2);
"""
"""A microphone that says what it is given; the first sound of the page after the last word."""


async def visit(url: str, clips: Sequence[Clip], *, is_flat: bool) -> dict[str, Any]:
    """Talks with the page and returns what was seen."""
    scripts = (LISTEN, SPEAK, *((FLAT,) if is_flat else ()))
    async with browser(scripts=scripts) as page:
        await page.size(WIDTH, HEIGHT)
        await page.open(url)
        ready_ms = await page.run("performance.getEntriesByName('ready')[0].startTime")
        sent = await page.run(
            "[...performance.getEntriesByType('navigation'),"
            "...performance.getEntriesByType('resource')].map(e => [e.name, e.transferSize])"
        )
        await page.run(WATCH)
        await page.click("#start-button")
        await page.until("voiceAvatar.client.connectionState === 'live'")
        turns = [await talk(page, clip) for clip in clips]
        frames = await page.run("voiceAvatar.frames")
        reports = await page.run("voiceAvatar.reports")
        messages = await logged(page)
    return {
        "ready_ms": ready_ms,
        "bytes": sum(size for name, size in sent if not name.endswith(".vrm")),
        "bytes_avatar": sum(size for name, size in sent if name.endswith(".vrm")),
        "turns": turns,
        **pictures(frames),
        "lag_ms": mouth_lag_ms(seen(frames, reports, messages, at="drawnMs"), VISEMES),
    }


async def talk(page: Page, clip: Clip) -> dict[str, Any]:
    """Says a recording and waits until it was answered, or for 20 s."""
    over = "voiceAvatar.reports.filter(r => r.state === 'finished').length"
    before = await page.run(f"voiceAvatar.turnMs = null, {over}")
    await page.run(
        "voiceAvatar.client.addEventListener('latency', ({detail}) => {"
        "voiceAvatar.turnMs = detail.voice_to_voice_ms }, {once: true});"
        f"say({base64.b64encode(clip.pcm).decode()!r}, {clip.end})"
    )
    await page.until(f"{over} > {before}", 60)
    await asyncio.sleep(1.0)
    hud_ms, sound_ms, end_ms = await page.run("[voiceAvatar.turnMs, firstSoundMs, endMs]")
    latency_ms = await page.run("voiceAvatar.client.stats().outputLatencyMs")
    heard_ms = None if sound_ms is None else sound_ms - end_ms + latency_ms
    print(f"page: {clip.name} shows {hud_ms and round(hud_ms)} ms", file=sys.stderr, flush=True)
    return {"clip": clip.name, "hud_ms": hud_ms, "heard_ms": heard_ms}


def pictures(frames: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns how many pictures there were a second while it spoke, and how late they were."""
    spoken = [frame for frame in frames if frame.get("isSpeaking")]
    spans_ms = np.diff([frame["drawnMs"] for frame in spoken])
    return {
        "fps": 1000 / float(np.mean(spans_ms[spans_ms < 1000])),
        "av_offsets_ms": [frame["nowMs"] - frame["drawnMs"] for frame in spoken],
    }


def spread(name: str, title: str, values: Sequence[float | None], note: str = "") -> list[Figure]:
    known = [value for value in values if value is not None]
    if not known:
        return []
    return [Figure(name=name, title=title, unit="ms", summary=summary(known), note=note)]


def number(name: str, title: str, unit: Unit, value: float, note: str = "") -> Figure:
    return Figure(name=name, title=title, unit=unit, value=value, note=note)


def figures_of(kind: str, title: str, visited: dict[str, Any]) -> list[Figure]:
    """Returns the figures of one visit."""
    size = f"{WIDTH} x {HEIGHT} pixels, drawn by the processor that the server runs on"
    offsets = visited["av_offsets_ms"]
    return [
        number(f"{kind}.ready", f"{title}: opened until ready", "ms", visited["ready_ms"]),
        number(f"{kind}.bytes", f"{title}: without an avatar's file", "MB", visited["bytes"] / 1e6),
        number(
            f"{kind}.avatar_bytes", f"{title}: avatar's file", "MB", visited["bytes_avatar"] / 1e6
        ),
        number(f"{kind}.fps", f"{title}: pictures while it speaks", "1/s", visited["fps"], size),
        *spread(
            f"{kind}.av_offset",
            f"{title}: mouth ahead of sound",
            offsets,
            "time of the reply in a picture against what is heard when the picture is done",
        ),
        *spread(
            f"{kind}.av_offset_size",
            "… either way",
            [abs(offset) for offset in offsets],
        ),
        number(
            f"{kind}.mouth_lag",
            f"{title}: mouth behind the server's track",
            "ms",
            visited["lag_ms"],
            "the lag at which the weights, when a picture was done, fit the visemes sent best",
        ),
        *spread(
            f"{kind}.v2v_hud",
            f"{title}: voice to voice, as it shows",
            [turn["hud_ms"] for turn in visited["turns"]],
            "from the end of speech by the server's detector to the first sample heard",
        ),
        *spread(
            f"{kind}.v2v",
            f"{title}: voice to voice",
            [turn["heard_ms"] for turn in visited["turns"]],
            "from the annotated end of speech to the first sound, output latency included",
        ),
    ]


async def run(folder: Path, turns: int) -> None:
    clips = read_clips(folder)[:turns]
    settings = settings_of(())
    async with own_server(settings) as address:
        target = NotedTarget(AvatarTarget(address, None))
        async with target.dial():
            pass  # what is only warm after a session is warm
        (spoken,) = await measure(target, clips, CallOptions(), sessions=1, turns=len(clips))
        page = address.replace("ws", "http", 1).rstrip("/") + "/"
        flat = await visit(page, clips, is_flat=True)
        figure = await visit(page, clips, is_flat=False)
    by_bench = [None if turn.v2v_s is None else 1000 * turn.v2v_s for turn in spoken]
    result = results_of(
        "page",
        [
            *spread("bench.v2v", "benchmark: voice to voice", by_bench),
            *figures_of("flat", "drawn face", flat),
            *figures_of("figure", "figure", figure),
        ],
        [
            {"clip": clip.name, "bench_ms": bench_ms, "flat": drawn, "figure": solid}
            for clip, bench_ms, drawn, solid in zip(
                clips, by_bench, flat["turns"], figure["turns"], strict=True
            )
        ],
        subject=subject_settings(target.subject, dialect="avatar", url=address),
        settings={"clips": [clip.name for clip in clips], "pixels": [WIDTH, HEIGHT]},
        command='make bench-web ARGS="--clips CLIPS"',
    )
    path = files.dated(Path("bench_results"), result)
    files.write(path, result)
    tables.show(result)
    print(f"written: {path.name}", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, required=True, help="folder of recordings")
    parser.add_argument("--turns", type=int, default=8, help="of each conversation (default 8)")
    options = parser.parse_args()
    asyncio.run(run(options.clips, options.turns))
