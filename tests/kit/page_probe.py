"""What the tests of the page read out of it, and what holds of every visit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from kit.browser import Page

RATE_HZ: Final = 16_000
ROOT: Final = Path(__file__).parents[2]
PICTURES: Final = ROOT / "build" / "web" / "pictures"
"""Where screenshots are kept, to be looked at."""

STATE: Final = "document.documentElement.dataset.state"

WATCH: Final = """
voiceAvatar.frames = [];
voiceAvatar.reports = [];
voiceAvatar.client.addEventListener("playback", ({ detail }) => voiceAvatar.reports.push(detail));
let reply = 0;
voiceAvatar.client.addEventListener("reply.started", ({ detail }) => { reply = detail.reply_id; });
const draw = voiceAvatar.debug.mouth.bind(voiceAvatar.debug);
voiceAvatar.debug.mouth = (mouth, nowMs) => {
  draw(mouth, nowMs);
  const { client } = voiceAvatar;
  const { replyMs, isSpeaking, gestures } = client.session ? client.sample(nowMs) : {};
  const weights = voiceAvatar.view.stage.weights();
  const shown = { replyMs, reply, isSpeaking, mouth, weights, gestures: gestures?.length ?? 0 };
  voiceAvatar.frames.push({ nowMs, drawnMs: performance.now(), ...shown });
};
"""
"""Keeps every picture: the time that it shows, when it was done, and the shapes as drawn."""

LISTEN: Final = """
(() => {
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...more) {
    if (target instanceof AudioDestinationNode) {
      const ear = new AnalyserNode(target.context, { fftSize: 256 });
      connect.call(this, ear);
      const heard = new Float32Array(256);
      window.lastSoundMs = -Infinity;
      window.latenessMs = 0;
      let due = performance.now();
      setInterval(() => {
        const now = performance.now();
        window.latenessMs = Math.max(window.latenessMs, now - due);
        due = now + 5;
        ear.getFloatTimeDomainData(heard);
        if (heard.some((sample) => Math.abs(sample) > 0.003)) window.lastSoundMs = now;
      }, 5);
    }
    return connect.call(this, target, ...more);
  };
  const send = WebSocket.prototype.send;
  window.framesSent = 0;
  WebSocket.prototype.send = function (data) {
    if (typeof data !== "string") window.framesSent += 1;
    return send.call(this, data);
  };
})();
"""
"""A script that hears what goes to the loudspeaker: when there was sound last, and how late the
page itself was (`latenessMs`, to be set to 0); and counts the frames that leave the microphone."""


async def clean(page: Page, host: str) -> None:
    """Checks what holds of every visit."""
    assert page.errors == []
    assert page.foreign(host) == []
    assert await page.run("policyViolations") == []


async def logged(page: Page) -> list[dict[str, Any]]:
    """Returns the page's own log of the session."""
    text = await page.run("voiceAvatar.log.text()")
    return [json.loads(line) for line in text.splitlines()]


def heard_at(now_ms: float, reports: list[dict[str, Any]], rate_hz: int) -> float:
    """Returns the time of the reply that is heard, by the reports alone, ms."""
    at = [r["client_ms"] for r in reports]
    times = [r["played_samples"] * 1000 / rate_hz - r["output_latency_ms"] for r in reports]
    return float(np.interp(now_ms, at, times))


class Track:
    """The mouth that the server sent for a reply: poses in time, straight lines between them."""

    def __init__(self, messages: list[dict[str, Any]], reply_id: int) -> None:
        self._poses: dict[float, dict[int, float]] = {}
        for message in messages:
            if message.get("type") == "visemes" and message["reply_id"] == reply_id:
                pose_of: dict[float, dict[int, float]] = {}
                for t_ms, viseme, weight in message["keys"]:
                    pose_of.setdefault(t_ms, {})[viseme] = weight
                self._poses.update(pose_of)
        self._times = sorted(self._poses)
        self.end_ms = self._times[-1] if self._times else 0.0

    def at(self, t_ms: np.ndarray, viseme: int) -> np.ndarray:
        """Returns the weights of one viseme at some times."""
        weights = [self._poses[t].get(viseme, 0.0) for t in self._times]
        return np.asarray(np.interp(t_ms, self._times, weights))


@dataclass(frozen=True)
class Seen:
    """A picture, the track of its reply, and the time of the reply that was heard then, ms."""

    picture: dict[str, Any]
    track: Track
    heard_ms: float


def seen(
    frames: list[dict[str, Any]],
    reports: list[dict[str, Any]],
    messages: list[dict[str, Any]],
    *,
    at: str = "nowMs",
) -> list[Seen]:
    """Returns the pictures of a speaking mouth for which the reports say what was heard.

    Args:
        frames: as `WATCH` keeps them.
        reports: of playback, likewise.
        messages: the page's log.
        at: "nowMs" = the moment that a picture shows, "drawnMs" = that at which it was done.
    """
    found = []
    for one in (m for m in messages if m.get("type") == "reply.started"):
        mine = [r for r in reports if r["reply_id"] == one["reply_id"] and r["state"] == "playing"]
        track = Track(messages, one["reply_id"])
        found += [
            Seen(frame, track, heard_at(frame[at], mine, one["rate_hz"]))
            for frame in frames
            if mine and frame.get("isSpeaking") and frame["reply"] == one["reply_id"]
            if mine[0]["client_ms"] <= frame[at] <= mine[-1]["client_ms"]
        ]
    return found


def mouth_lag_ms(pictures: list[Seen], names: Sequence[str]) -> float:
    """Returns by how much the drawn mouth comes after the track, at the lag that fits best, ms.

    Args:
        pictures: with the `weights` of the model's shapes.
        names: visemes in the order of their numbers.
    """
    lags = np.arange(-120.0, 121.0, 2.0)
    errors = np.zeros(len(lags))
    for one in pictures:
        for number, name in enumerate(names):
            shown = one.picture["weights"].get(f"viseme_{name}", 0.0)
            errors += (shown - one.track.at(one.heard_ms - lags, number)) ** 2
    return float(lags[int(np.argmin(errors))])
