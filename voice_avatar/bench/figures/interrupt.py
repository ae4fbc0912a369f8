"""What many sounds over replies come to: the figures of `bench interrupt`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Final

from voice_avatar.bench.figures.cuts import Cut
from voice_avatar.bench.figures.results import Figure
from voice_avatar.bench.figures.statistics import summary

SPEECH: Final = "speech"
"""Kind of a trial in which somebody speaks over the reply: the only one that is to cut it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What happens in a trial.

    Attributes:
        name: of the sound.
        kind: "speech", or that of a disturbance.
        question: PCM16 at 16 kHz that makes the avatar talk.
        sound: PCM16 at 16 kHz over the reply; silence where only the echo is heard.
        sound_start: its first sample that counts as onset.
        after_s: reply played before the onset, seconds.
        echo_db: level at which the loudspeaker is heard in the microphone; None = not.
    """

    name: str
    kind: str
    question: bytes
    sound: bytes
    sound_start: int
    after_s: float
    echo_db: float | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A trial that was held, and what came of it.

    Attributes:
        trial: what was done.
        cut: what came of the reply.
        drop_s: onset until the generation was gone, seconds; None = none ran, or not told.
        work_drop_s: onset until no task worked on the reply, likewise.
        trouble: codes of warnings and errors.
    """

    trial: Trial
    cut: Cut
    drop_s: float | None
    work_drop_s: float | None
    trouble: tuple[str, ...]


def figures(held: Sequence[Held]) -> list[Figure]:
    """Returns what the trials show. Pure."""
    valid = [one for one in held if not one.cut.is_void]
    spoken = [one for one in valid if one.trial.kind == SPEECH]
    others = sorted((o for o in valid if o.trial.kind != SPEECH), key=lambda o: o.trial.kind)
    found = list(_times([one for one in spoken if one.cut.is_cut]))
    found.append(
        _number(
            "interrupt.stale_frames",
            "audio after the word of the interruption",
            "1",
            sum(one.cut.stale_frames for one in spoken),
            "pieces of audio of the cut reply, in all interruptions together",
        )
    )
    if spoken:
        found.append(
            _share("interrupt.missed", "interruptions not heeded", spoken, lambda c: not c.is_cut)
        )
    if others:
        found.append(_false("false_interruptions", "false interruptions", others))
    for kind, group in groupby(others, key=lambda one: one.trial.kind):
        found.append(
            _false(f"false_interruptions.{kind}", f"false interruptions, {kind}", list(group))
        )
    if others:
        found.append(
            _share(
                "false_answers",
                "sounds that were answered",
                others,
                lambda c: c.is_answered,
            )
        )
    found += _pauses(others)
    void = sum(one.cut.is_void for one in held)
    return [*found, _number("void", "void trials", "1", void, "no reply played at the onset")]


def _pauses(others: Sequence[Held]) -> Iterator[Figure]:
    """Yields what the sounds that are no interruption cost in pauses."""
    if not any(one.cut.paused_s is not None for one in others):
        return
    yield _share(
        "pauses", "other sounds that paused the reply", others, lambda c: c.paused_s is not None
    )
    stood_s = [pause_s for one in others for pause_s in one.cut.pauses_s]
    if stood_s:
        yield Figure(
            name="pauses.length",
            title="pause after which the reply went on",
            unit="s",
            better="lower",
            summary=summary(stood_s),
            note="from the word of the pause to the word of its end, other sounds than speech",
        )
    yield _number(
        "pauses.gap",
        "samples lost or repeated by pauses",
        "1",
        sum(one.cut.gap_samples for one in others if one.cut.pauses_s),
        "in all replies that went on together",
    )


def _times(cuts: Sequence[Held]) -> Iterator[Figure]:
    since = "from the first sample of speech spoken over the reply to "
    for name, title, values, note in (
        (
            "played",
            "last sample played",
            [o.cut.last_played_s for o in cuts],
            "; where the reply paused until it was interrupted, that was when it paused",
        ),
        (
            "sent",
            "last sample sent",
            [o.cut.last_sent_s for o in cuts],
            "; where all of the reply was there before, nothing is counted",
        ),
        ("paused", "word of the pause", [o.cut.paused_s for o in cuts], ""),
        ("told", "word of the interruption", [o.cut.told_s for o in cuts], ""),
        ("noticed", "word that a voice is heard", [o.cut.noticed_s for o in cuts], ""),
        (
            "engine_drop",
            "request to the language model gone",
            [o.drop_s for o in cuts],
            " by the server's figures, seen every 20 ms; only what ran when it was cut",
        ),
        (
            "work_drop",
            "all work on the reply ended",
            [o.work_drop_s for o in cuts],
            " by the server's figures, seen every 20 ms",
        ),
    ):
        known = [value for value in values if value is not None]
        if known:
            yield Figure(
                name=f"interrupt.{name}",
                title=f"onset -> {title}",
                unit="s",
                better="lower",
                summary=summary(known),
                note=f"{since}{title}{note}",
            )


def _false(name: str, title: str, held: Sequence[Held]) -> Figure:
    return _share(name, title, held, lambda cut: cut.is_cut)


def _share(
    name: str, title: str, held: Sequence[Held], is_counted: Callable[[Cut], bool]
) -> Figure:
    counted = sum(is_counted(one.cut) for one in held)
    return _number(name, title, "%", 100 * counted / len(held), f"{counted} of {len(held)}")


def _number(name: str, title: str, unit: Any, value: float, note: str) -> Figure:
    return Figure(name=name, title=title, unit=unit, better="lower", value=value, note=note)


def item(one: Held) -> dict[str, Any]:
    """Returns a trial as JSON-ready data."""
    return {
        "name": one.trial.name,
        "kind": one.trial.kind,
        "after_s": one.trial.after_s,
        "is_void": one.cut.is_void,
        **asdict(one.cut),
        "drop_s": one.drop_s,
        "work_drop_s": one.work_drop_s,
        "trouble": list(one.trouble),
    }
