"""What many spoken turns come to: the figures of `bench v2v`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

from voice_avatar.bench.figures.results import Figure, Unit
from voice_avatar.bench.figures.statistics import summary, wilson
from voice_avatar.bench.figures.turns import TurnResult
from voice_avatar.bench.figures.waterfall import STEPS
from voice_avatar.bench.figures.words import scorable

DISTURBED_S: Final = 0.05
"""A turn in which the bench sent a frame later than this says something of a busy machine too."""

TOLD: Final = {
    "stt": "recognition",
    "llm": "first token",
    "tts": "first audio of the voice",
}
"""Stage -> what the server's own duration of it is called."""


def figures(results: Sequence[TurnResult]) -> list[Figure]:
    """Returns what the turns come to; what there is nothing of is left out."""
    plain = [r for r in results if not r.clip.inserted_s]
    paused = [r for r in results if r.clip.inserted_s]
    return [
        *_spread(
            "v2v",
            "voice to voice",
            _v2v_s(plain or paused),
            "from the last sample of speech sent to the first audible sample of the answer played;"
            " fillers and greetings are no answers, talk-overs are counted apart (cut_offs.heard)"
            + ("; clips with pauses put in are left out" if plain and paused else ""),
        ),
        *_spread("v2v.first_turn", "… first turns", _v2v_s(r for r in plain if not r.number)),
        *_spread("v2v.later_turns", "… later turns", _v2v_s(r for r in plain if r.number)),
        *_spread("v2v.not_cut_off", "… turns not cut off", _not_cut_off_s(plain)),
        *_spread("v2v.inserted_pause", "… with a pause put in", _v2v_s(paused)),
        *_spread(
            "reaction",
            "first reaction",
            [r.reaction_s for r in results if r.reaction_s is not None],
            "first nod, glance, gesture or thinking state that was not taken back; negative where"
            " the server heard the end before it was annotated",
        ),
        *_stages(results),
        *_told(results),
        *_speculation(results),
        *_cut_offs(results),
        *_rates(results),
        *_playback(results),
    ]


def _v2v_s(results: Iterable[TurnResult]) -> list[float]:
    return [r.v2v_s for r in results if r.v2v_s is not None]


def _not_cut_off_s(results: Sequence[TurnResult]) -> list[float]:
    """Returns the waits of turns that were heard whole; none where all were."""
    whole = [r for r in results if not r.is_cut_off]
    return _v2v_s(whole) if len(whole) < len(results) else []


def _spread(name: str, title: str, values_s: Sequence[float], note: str = "") -> list[Figure]:
    """Returns a distribution in milliseconds, less being better."""
    if not values_s:
        return []
    in_ms = summary([1000 * value_s for value_s in values_s])
    return [Figure(name=name, title=title, unit="ms", better="lower", summary=in_ms, note=note)]


def _stages(results: Sequence[TurnResult]) -> list[Figure]:
    falls = [r.waterfall for r in results if r.waterfall is not None]
    found = []
    # Said once, of the first.
    note = "steps are what was added on the critical path; those of a turn, and all means, add up"
    for mark, title in STEPS.items():
        found += _spread(f"stage.{mark}", title, [fall.steps_s[mark] for fall in falls], note)
        note = ""
    off_s = [abs(r.waterfall.total_s - r.v2v_s) for r in results if r.waterfall and r.v2v_s]
    found += _spread("stage.unaccounted", "the whole less its steps", off_s)
    return found + _spread(
        "stage.residual",
        "marks placed by first audio less placed by microphone",
        [fall.residual_s for fall in falls],
        "network there and back, and up to a frame and a window by which the clocks of server and"
        " bench disagree on when speech ended; moves time between the first step and the last",
    )


def _told(results: Sequence[TurnResult]) -> list[Figure]:
    note = "by the server's own word, from when the stage was asked until its first result"
    found: list[Figure] = []
    for stage, title in TOLD.items():
        told_s = [r.durations_s[stage] for r in results if stage in r.durations_s]
        found += _spread(f"told.{stage}", f"{title}, as told", told_s, "" if found else note)
    return found


def _speculation(results: Sequence[TurnResult]) -> list[Figure]:
    told = [r.is_speculative for r in results if r.is_speculative is not None]
    if not told:
        return []
    title = "answers begun before the turn was over"
    return [_share("speculation", title, sum(told), len(told), better="higher"), *_waste(results)]


def _waste(results: Sequence[TurnResult]) -> list[Figure]:
    wasted = [r.wasted_tokens for r in results if r.wasted_tokens is not None]
    if not wasted:
        return []
    note = (
        f"by the server's own word, for each turn: {sum(wasted)} tokens in {len(wasted)} turns,"
        f" {max(wasted)} in one at most; what answering early costs a language model"
    )
    mean = sum(wasted) / len(wasted)
    return [_number("wasted_tokens", "tokens of replies withdrawn unheard", "1", mean, note)]


def _cut_offs(results: Sequence[TurnResult]) -> list[Figure]:
    found = []
    for suffix, title, group in (
        ("", "turns cut off", list(results)),
        (".natural", "… with pauses of their own", _natural(results)),
        (".inserted", "… with a pause put in", [r for r in results if r.clip.inserted_s]),
        (".fluent", "… without pauses", [r for r in results if not r.clip.pauses_s]),
    ):
        if group or not suffix:
            cut = sum(r.is_cut_off for r in group)
            note = (
                "taken to be over before the last sample of speech was sent" if not suffix else ""
            )
            found.append(_share(f"cut_offs{suffix}", title, cut, len(group), note))
    heard = sum(bool(r.talk_overs_s) for r in results)
    found.append(_share("cut_offs.heard", "turns talked over", heard, len(results)))
    return found


def _natural(results: Sequence[TurnResult]) -> list[TurnResult]:
    return [r for r in results if r.clip.pauses_s and not r.clip.inserted_s]


def _rates(results: Sequence[TurnResult]) -> list[Figure]:
    missed = sum(r.is_missed for r in results)
    found = [_share("missed", "turns without an answer", missed, len(results))]
    wer = _wer(results)
    if wer is not None:
        note = f"{wer[1]} turns; a turn that was not understood counts with all its words"
        found.append(_number("wer", "word error rate", "%", 100 * wer[0], note))
    return found


def _wer(results: Sequence[TurnResult]) -> tuple[float, int] | None:
    """Returns the word error rate and of how many turns; None = nothing to compare."""
    import jiwer

    known = [r for r in results if scorable(r.clip.text, r.clip.language)]
    if not any(r.heard for r in known):
        return None
    rate = jiwer.wer(
        [scorable(r.clip.text, r.clip.language) for r in known],
        [scorable(r.heard, r.clip.language) for r in known],
    )
    return float(rate), len(known)


def _playback(results: Sequence[TurnResult]) -> list[Figure]:
    answered = [r for r in results if r.v2v_s is not None]
    dry = sum(r.underruns > 0 for r in answered)
    found = [_share("underruns", "answers that ran dry", dry, len(answered))]
    found += _spread(
        "underruns.silence", "… silence of each", [r.late_s for r in answered if r.underruns]
    )
    leads_ms = [1000 * r.lead_s for r in answered if r.lead_s is not None]
    if leads_ms:
        found.append(
            Figure(
                name="pacing.lead",
                title="least lead of an answer's audio",
                unit="ms",
                better="higher",
                summary=summary(leads_ms),
                note="by how much the latest piece came before it was needed",
            )
        )
    found += _spread(
        "pacing.jitter",
        "pacing jitter of an answer's audio",
        [r.jitter_s for r in answered],
        "the most by which a piece followed later than the one before it lasts",
    )
    mic_late_ms = 1000 * max((r.mic_late_s for r in results), default=0.0)
    note = "the bench's own lateness: the machine was busy when this is large"
    disturbed = sum(r.mic_late_s > DISTURBED_S for r in results)
    late = f"the bench sent a frame more than {1000 * DISTURBED_S:.0f} ms late; they are counted"
    found.append(_share("disturbed", "turns on a busy machine", disturbed, len(results), late))
    return [
        *found,
        _number("mic_late", "microphone frames late, at worst", "ms", mic_late_ms, note),
    ]


def _number(name: str, title: str, unit: Unit, value: float, note: str = "") -> Figure:
    return Figure(name=name, title=title, unit=unit, better="lower", value=value, note=note)


def _share(
    name: str, title: str, part: int, whole: int, note: str = "", *, better: Any = "lower"
) -> Figure:
    """Returns a share of turns with its 95 % interval (Wilson's, which holds for few turns)."""
    if not whole:
        return Figure(name=name, title=title, unit="%", better=better, note="of none")
    low, high = wilson(part, whole)
    count = f"{part} of {whole}, 95 % CI {100 * low:.1f}..{100 * high:.1f} %"
    return Figure(
        name=name,
        title=title,
        unit="%",
        better=better,
        value=100.0 * part / whole,
        note=f"{count}; {note}" if note else count,
    )


def item(result: TurnResult, session: int) -> dict[str, Any]:
    """Returns a turn as JSON-ready data, times in seconds after the end of speech."""
    clip, fall = result.clip, result.waterfall
    told = asdict(result)
    told |= {
        "clip": clip.name,
        "text": clip.text,
        "ends_by": clip.ends_by,
        "pauses_s": list(clip.pauses_s),
        "inserted_s": clip.inserted_s,
        "is_cut_off": result.is_cut_off,
        "is_missed": result.is_missed,
        "talk_overs_s": list(result.talk_overs_s),
        "commits_s": list(result.commits_s),
        "trouble": list(result.trouble),
        "stages_s": dict(fall.steps_s) if fall else None,
        "residual_s": fall.residual_s if fall else None,
        "session": session,
    }
    del told["waterfall"]
    return told
