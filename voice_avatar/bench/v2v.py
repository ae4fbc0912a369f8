"""Voice to voice: from the end of the user's speech to the first sound of the answer.

    voice-avatar bench v2v --clips DIR                        a server of our own, embedded models
    voice-avatar bench v2v --clips DIR --url ws://host:port   a running one; --dialect for others

A black box at the other end of a socket: frames of 20 ms in real time, never ahead; the wait ends
when speech is heard in the played track, silence at its start included. Fillers and greetings are
no answers. A reply that is heard before the user has finished is a cut-off and no wait.

The conditions under which other servers were measured (design.md, section 3) are the defaults of
the server that this starts: its system prompt, 60 tokens, temperature 0.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from voice_avatar.bench.alone import repeating
from voice_avatar.bench.call import CallOptions, TurnResult, hold_call
from voice_avatar.bench.clips import Clip, read_clips, with_pause
from voice_avatar.bench.machine import results_of
from voice_avatar.bench.own_server import own_server
from voice_avatar.bench.results import Figure, Run, Unit
from voice_avatar.bench.statistics import summary
from voice_avatar.bench.target import Subject, Target
from voice_avatar.bench.targets.registry import open_target
from voice_avatar.bench.waterfall import STEPS
from voice_avatar.errors import ConfigError

CONDITIONS: Final = {"session.max_reply_tokens": "60", "session.temperature": "0.0"}
"""What the published figures of other servers were measured with."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `bench v2v`."""
    parser.add_argument("--url", help="a running server (default: one that this starts)")
    parser.add_argument("--dialect", default="avatar", help="what it speaks (default avatar)")
    parser.add_argument("--token", default=None, help="bearer token")
    parser.add_argument("--serve", metavar="PRESET", default="embedded", help="what to start")
    parser.add_argument(
        "--set", metavar="STAGE.KEY=VALUE", action="append", default=[], help="option of it"
    )
    parser.add_argument("--clips", metavar="DIR", type=Path, required=True, help="recordings")
    parser.add_argument("--turns", type=int, default=0, help="turns of a session (default: all)")
    parser.add_argument("--sessions", type=int, default=1, help="sessions at once (default 1)")
    parser.add_argument("--pauses", default="", help="insert pauses of so many seconds (0.5,1.0)")
    parser.add_argument("--jitter-ms", type=float, default=0.0, help="mean delay of a frame")
    parser.add_argument("--loss", type=float, default=0.0, help="share of frames lost (0..1)")
    parser.add_argument("--buffer-ms", type=float, default=0.0, help="of the loudspeaker")
    parser.add_argument("--timeout-s", type=float, default=10.0, help="for a reply to begin")
    parser.add_argument("--seed", type=int, default=7)


def run(args: argparse.Namespace) -> Run:
    """Holds all sessions.

    Raises:
        ConfigError: an option cannot be used.
        ConnectionFailed: the server cannot be reached, or ended a session.
    """
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> Run:
    clips = read_clips(args.clips)
    if args.pauses:
        lengths = [float(length) for length in args.pauses.split(",")]
        clips = tuple(with_pause(clip, length) for clip in clips for length in lengths)
    options = CallOptions(
        timeout_s=args.timeout_s,
        jitter_s=args.jitter_ms / 1000,
        loss=args.loss,
        buffer_s=args.buffer_ms / 1000,
        seed=args.seed,
    )
    async with _server(args) as url:
        target = open_target(url, args.dialect, token=args.token)
        subject = await _subject(target)
        calls = [
            hold_call(
                target, _share(clips, args, number), replace(options, seed=args.seed + number)
            )
            for number in range(args.sessions)
        ]
        results = [turn for turns in await asyncio.gather(*calls) for turn in turns]
    return results_of(
        "v2v",
        figures(results),
        [_item(result) for result in results],
        subject={"dialect": args.dialect, **asdict(subject)},
        settings={
            "clips": [clip.name for clip in clips],
            "sessions": args.sessions,
            "turns": args.turns,
            "pauses": args.pauses,
            "options": asdict(options),
            "server": {**(CONDITIONS if not args.url else {}), "set": args.set},
        },
        command=repeating(
            "v2v",
            clips=args.clips.name,
            dialect=args.dialect,
            sessions=args.sessions,
            turns=args.turns,
            pauses=args.pauses,
        )
        + "".join(f" --set {given}" for given in args.set),
    )


def _share(clips: Sequence[Clip], args: argparse.Namespace, number: int) -> Sequence[Clip]:
    """Returns what one of several sessions says: all begin elsewhere, so that loads mix."""
    shift = number * len(clips) // args.sessions
    turned = [*clips[shift:], *clips[:shift]]
    return turned[: args.turns or None]


async def _subject(target: Target) -> Subject:
    """Returns who answers; the session that it costs warms what is only warm after a session."""
    async with target.dial() as line:
        return line.subject


@asynccontextmanager
async def _server(args: argparse.Namespace) -> AsyncIterator[str]:
    if args.url:
        yield args.url
        return
    settings = dict(CONDITIONS)
    for given in args.set:
        key, equals, value = given.partition("=")
        if not equals:
            raise ConfigError(f"--set wants STAGE.KEY=VALUE, not {given!r}.")
        settings[key.strip()] = value.strip()
    async with own_server(settings, preset=args.serve) as url:
        print(f"measuring {url}", file=sys.stderr)
        yield url


# -- figures


def figures(results: Sequence[TurnResult]) -> list[Figure]:
    """Returns what the turns come to."""
    answered = [r for r in results if r.v2v_s is not None]
    found = [
        *_spread("v2v", "voice to voice", [r.v2v_s for r in answered if r.v2v_s is not None]),
        *_spread("v2v.first_turn", "… of first turns", _v2v(r for r in answered if r.number == 0)),
        *_spread("v2v.later_turns", "… of later turns", _v2v(r for r in answered if r.number)),
        *_spread(
            "reaction",
            "first reaction",
            [r.reaction_s for r in results if r.reaction_s is not None],
            "first nod, glance or thinking state after the end of speech",
        ),
    ]
    falls = [r.waterfall for r in answered if r.waterfall is not None]
    for mark, title in STEPS:
        found += _spread(f"stage.{mark}", title, [fall.steps_s[mark] for fall in falls])
    found += _spread(
        "stage.residual",
        "first audio sent to first audio here",
        [fall.network_s for fall in falls],
        "network, and what the clocks of server and bench disagree by",
    )
    return found + _counts(results, answered)


def _v2v(results: Iterable[TurnResult]) -> list[float]:
    return [r.v2v_s for r in results if r.v2v_s is not None]


def _spread(name: str, title: str, values_s: Sequence[float], note: str = "") -> list[Figure]:
    if not values_s:
        return []
    in_ms = summary([1000 * value_s for value_s in values_s])
    return [Figure(name=name, title=title, unit="ms", better="lower", summary=in_ms, note=note)]


def _counts(results: Sequence[TurnResult], answered: Sequence[TurnResult]) -> list[Figure]:
    paused = [r for r in results if r.clip.pauses_s]

    def share(part: int, whole: int) -> float:
        return 100.0 * part / whole if whole else 0.0

    def figure(name: str, title: str, unit: Unit, value: float, note: str = "") -> Figure:
        return Figure(name=name, title=title, unit=unit, better="lower", value=value, note=note)

    cut = sum(bool(r.cut_offs_s) for r in results)
    speculative = sum(r.is_speculative for r in answered)
    found = [
        figure("missed", "turns without an answer", "%",
               share(len(results) - len(answered), len(results))),
        figure("cut_offs", "turns with an answer before their end", "%", share(cut, len(results)),
               f"{cut} of {len(results)}"),
        figure("cut_offs.paused", "… of turns with pauses", "%",
               share(sum(bool(r.cut_offs_s) for r in paused), len(paused)),
               f"{sum(bool(r.cut_offs_s) for r in paused)} of {len(paused)}"),
        figure("underruns", "answers with an underrun", "%",
               share(sum(r.underruns > 0 for r in answered), len(answered))),
        figure("mic_late", "our own frames late, at worst", "ms",
               1000 * max((r.mic_late_s for r in results), default=0.0)),
        Figure(name="speculation", title="answers begun before the turn was over", unit="%",
               better="higher", value=share(speculative, len(answered))),
    ]  # fmt: skip
    wer = _wer(results)
    if wer is not None:
        found.append(figure("wer", "word error rate of what was understood", "%", 100 * wer))
    return found


def _wer(results: Sequence[TurnResult]) -> float | None:
    import jiwer

    from voice_avatar.bench.stt import scorable

    known = [r for r in results if r.clip.text]
    if not known or not any(r.heard for r in known):
        return None
    return float(
        jiwer.wer(
            [scorable(r.clip.text, r.clip.language) for r in known],
            [scorable(r.heard, r.clip.language) for r in known],
        )
    )


def _item(result: TurnResult) -> dict[str, Any]:
    """Returns a turn as JSON-ready data, in seconds."""
    fall = result.waterfall
    return {
        "clip": result.clip.name,
        "ends_by": result.clip.ends_by,
        "number": result.number,
        "v2v_s": result.v2v_s,
        "cut_offs_s": list(result.cut_offs_s),
        "reaction_s": result.reaction_s,
        "heard": result.heard,
        "reply": result.reply,
        "stages_s": dict(fall.steps_s) if fall else None,
        "residual_s": fall.network_s if fall else None,
        "is_speculative": result.is_speculative,
        "underruns": result.underruns,
        "late_s": result.late_s,
        "mic_late_s": result.mic_late_s,
        "trouble": list(result.trouble),
    }
