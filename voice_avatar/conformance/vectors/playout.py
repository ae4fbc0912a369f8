"""Vectors of playback: what comes out of a loudspeaker, and what is reported of it.

The expected values are those of the Python client's own playback (`client/playback.py`), in front
of a loudspeaker that asks for blocks.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

import numpy as np

from voice_avatar.client.playback import Playback
from voice_avatar.wire import turn_messages
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind

Case = dict[str, Any]

_RATE_HZ: Final = 24_000
_FRAME: Final = 480
_BLOCK: Final = 512
"""Samples of a block: 21.3 ms, so that no block ends where a report is due."""

RAMP: Final = 30_000
"""Sample `i` of a reply has the value `i % RAMP + 1`: silence is 0 and nothing else is."""


class BlockPlayer:
    """A loudspeaker that asks for blocks; see `client.audio.Player`."""

    latency_ms = 0.0

    def __init__(self) -> None:
        self.played = 0
        self.now_s = 0.0
        self._waiting = np.zeros(0, "<i2")
        self._is_paused = False

    def start(self, rate_hz: int) -> None:
        """A reply begins."""
        self.played = 0
        self._waiting = self._waiting[:0]
        self._is_paused = False

    def play(self, pcm: bytes) -> None:
        """Appends."""
        self._waiting = np.concatenate((self._waiting, np.frombuffer(pcm, "<i2")))

    def pause(self) -> None:
        """Stands still."""
        self._is_paused = True

    def resume(self) -> None:
        """Goes on."""
        self._is_paused = False

    def flush(self) -> None:
        """Throws away."""
        self._waiting = self._waiting[:0]

    def pull(self, samples: int) -> list[list[int]]:
        """Takes a block; returns its runs as [first value, count], silence as [0, count]."""
        count = 0 if self._is_paused else min(samples, self._waiting.size)
        block, self._waiting = self._waiting[:count], self._waiting[count:]
        self.played += count
        self.now_s += samples / _RATE_HZ
        values = [*block.tolist(), *[0] * (samples - count)]
        runs = groupby(enumerate(values), key=lambda at: (at[1] > 0, at[1] and at[1] - at[0]))
        found = [[value for _, value in run] for _, run in runs]
        return [[run[0], len(run)] for run in found]


def _audio(pts: int, seq: int, samples: int = _FRAME, flags: int = 0) -> Case:
    return {"do": "audio", "pts": pts, "seq": seq, "flags": flags, "samples": samples}


def _frames(first: int, count: int) -> list[Case]:
    return [_audio(n * _FRAME, n, flags=1 if n == 0 else 0) for n in range(first, first + count)]


_BEGIN: Final[Case] = {"do": "begin", "reply_id": 1, "rate_hz": _RATE_HZ}
_PULL: Final[Case] = {"do": "pull", "samples": _BLOCK}


def _done(samples: int) -> Case:
    return {"do": "audio_done", "samples": samples}


_EVENTS: Final[dict[str, list[Case]]] = {
    "played to the end": [
        _BEGIN,
        *_frames(0, 3),
        _PULL,
        _audio(3 * _FRAME, 3, 100, 2),
        _done(3 * _FRAME + 100),
        *[_PULL] * 3,
    ],
    "reported every 200 ms": [_BEGIN, *_frames(0, 40), *[_PULL] * 30],
    "runs empty and goes on": [
        _BEGIN,
        *_frames(0, 1),
        _PULL,
        _PULL,
        *_frames(1, 2),
        _PULL,
        _done(3 * _FRAME),
        *[_PULL] * 2,
    ],
    "missing samples are silence": [_BEGIN, *_frames(0, 1), _audio(700, 1), _PULL, _PULL, _PULL],
    "samples that come twice are played once": [
        _BEGIN,
        *_frames(0, 1),
        _audio(300, 1),
        _PULL,
        _PULL,
    ],
    "a frame that comes twice is dropped": [
        _BEGIN,
        *_frames(0, 2),
        _audio(_FRAME, 1),
        _PULL,
        _PULL,
    ],
    "what is beyond the end is cut": [
        _BEGIN,
        _done(_FRAME + 200),
        *_frames(0, 2),
        _PULL,
        _PULL,
    ],
    "interrupted": [_BEGIN, *_frames(0, 4), _PULL, {"do": "interrupt"}, *_frames(4, 1), _PULL],
    "paused and resumed": [
        _BEGIN,
        *_frames(0, 4),
        _PULL,
        {"do": "pause"},
        _PULL,
        *_frames(4, 1),
        {"do": "resume"},
        _PULL,
        _PULL,
    ],
    "paused and interrupted": [
        _BEGIN,
        *_frames(0, 4),
        _PULL,
        {"do": "pause"},
        _PULL,
        {"do": "interrupt"},
        _PULL,
    ],
    "paused before the first audio": [
        _BEGIN,
        {"do": "pause"},
        *_frames(0, 2),
        _PULL,
        {"do": "resume"},
        _PULL,
    ],
    "the next reply": [
        _BEGIN,
        *_frames(0, 3),
        _PULL,
        {"do": "interrupt"},
        _BEGIN | {"reply_id": 2},
        _audio(0, 0, flags=1),
        _PULL,
    ],
}


def playouts() -> Case:
    """Returns the document of playback."""
    return {
        "about": "What happens to the playback of replies, in order, and after each event: samples "
        "`played` and `buffered`, and the `playback.report` that is due (null = none). `heard` is "
        f"the block that a pull gave: runs of [first value, count]. Sample i of a reply has the "
        f"value i % {RAMP} + 1; silence is 0. Time passes only with pulls, at rate_hz.",
        "cases": [
            {"name": name, "events": [dict(e) for e in given], "expect": _played(given)}
            for name, given in _EVENTS.items()
        ],
    }


def _played(given: list[Case]) -> list[Case]:
    player = BlockPlayer()
    playback = Playback(player, lambda: player.now_s)
    received, expected = 0, []
    for event in given:
        heard = None
        match event["do"]:
            case "begin":
                received = 0
                started = turn_messages.ReplyStarted(
                    reply_id=event["reply_id"],
                    stream=event["reply_id"],
                    turn_id=0,
                    rate_hz=event["rate_hz"],
                    codec="pcm16",
                )
                reply_id = started.reply_id
                playback.begin(started, "", None)
            case "audio":
                added = playback.audio(_frame(event, reply_id))
                received += len(added.pcm) // 2 if added else 0
            case "audio_done":
                received = min(received, event["samples"])
                playback.audio_done(
                    turn_messages.ReplyAudioDone(reply_id=reply_id, sample_count=event["samples"])
                )
            case "pull":
                heard = player.pull(event["samples"])
            case "pause":
                playback.receive(turn_messages.ReplyPaused(reply_id=reply_id, at_ms=0.0))
            case "resume":
                playback.receive(turn_messages.ReplyResumed(reply_id=reply_id, from_ms=0.0))
            case _:
                playback.receive(
                    turn_messages.ReplyInterrupted(
                        reply_id=reply_id, at_ms=0.0, reason="voice", spoken_text=""
                    )
                )
                received = player.played
        report = playback.due_report()
        told = None if report is None else [report.state, report.played_samples]
        row: Case = {"played": player.played, "buffered": received - player.played, "report": told}
        expected.append(row if heard is None else row | {"heard": heard})
    return expected


def _frame(event: Case, reply_id: int) -> AudioFrame:
    pts = event["pts"]
    values = np.arange(pts, pts + event["samples"]) % RAMP + 1
    return AudioFrame(
        FrameKind.AUDIO_OUT,
        reply_id,
        event["seq"],
        pts,
        values.astype("<i2").tobytes(),
        FrameFlag(event["flags"]),
    )
