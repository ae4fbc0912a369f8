"""What came of a spoken turn: everything that was sent, told and played -> one `TurnResult`. Pure.

All times of a result count from the moment at which the last sample of the user's speech was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.figures.line_events import (
    AudioCame,
    DurationsTold,
    LineEvent,
    Reacted,
    ReplyBegan,
    ReplyEnded,
    SpeechNoticed,
    StagesTold,
    Trouble,
    TurnCommitted,
    UserHeard,
)
from voice_avatar.bench.figures.played import PlayedReply, PlayedTrack
from voice_avatar.bench.figures.waterfall import Waterfall, waterfall
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.wire.frame_codec import FRAME_S

FRAME_SAMPLES = int(MIC_HZ * FRAME_S)

ATTENTIVE = ("state:listening", "state:idle", "state:interrupted", "gaze:user")
"""Signs of going on to listen: they take a reaction back, and are none."""


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What came of a turn. Times are seconds after the last sample of speech was sent.

    Attributes:
        clip: what was said.
        number: of the turn in its session, from 0.
        v2v_s: when speech of the answer was heard, >= 0; None = none was heard after the end.
        talk_overs_s: when replies were heard while the user still spoke, negative.
        commits_s: when turns were taken to be over while the user still spoke, negative; the user
            may have heard nothing of it.
        reaction_s: first sign of life that was not taken back; negative where the server heard
            the end before it was annotated; None = none before the answer.
        heard: what the server understood.
        reply: what it said.
        waterfall: where the wait went; None = the server does not tell.
        durations_s: how long stages took until their first result, where the server tells that.
        is_speculative: whether the answer was begun before the turn was over; None = not told.
        wasted_tokens: written for replies that were withdrawn unheard; None = not told.
        underruns: of the answer.
        audio_s: length of the answer's audio, as far as it was played, seconds.
        late_s: silence within the answer that they cost, seconds.
        lead_s: see `PlayedReply`.
        jitter_s: see `PlayedReply`.
        mic_late_s: by how much our own frames were late at worst, seconds.
        trouble: codes of warnings and errors.
    """

    clip: Clip
    number: int
    v2v_s: float | None
    talk_overs_s: tuple[float, ...] = ()
    commits_s: tuple[float, ...] = ()
    reaction_s: float | None = None
    heard: str = ""
    reply: str = ""
    waterfall: Waterfall | None = None
    durations_s: Mapping[str, float] = field(default_factory=dict)
    is_speculative: bool | None = None
    wasted_tokens: int | None = None
    underruns: int = 0
    audio_s: float = 0.0
    late_s: float = 0.0
    lead_s: float | None = None
    jitter_s: float = 0.0
    mic_late_s: float = 0.0
    trouble: tuple[str, ...] = ()

    @property
    def is_cut_off(self) -> bool:
        """Whether the server took the turn to be over too early, heard or not."""
        return bool(self.talk_overs_s or self.commits_s)

    @property
    def is_missed(self) -> bool:
        """Whether nobody answered."""
        return self.v2v_s is None and not self.talk_overs_s


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A turn as it was seen from outside. Times are on one clock.

    Attributes:
        clip: what was said.
        number: of the turn in its session.
        first: microphone frame with which the clip began.
        sent_s: when every frame of the session was sent.
        events: what came since the clip began.
        track: what was played in the whole session.
        stale: replies that had begun before.
        mic_late_s: by how much our own frames were late at worst, seconds.
    """

    clip: Clip
    number: int
    first: int
    sent_s: Sequence[float]
    events: Sequence[LineEvent]
    track: PlayedTrack
    stale: Set[str] = frozenset()
    mic_late_s: float = 0.0

    @property
    def end_s(self) -> float:
        """When the last sample of speech was sent."""
        return self.sent_s[self.first + (self.clip.end - 1) // FRAME_SAMPLES]

    def answers(self) -> list[PlayedReply]:
        """Returns what was heard of replies to this turn, in order; fillers are none."""
        no_answers = {e.reply for e in self.events if isinstance(e, ReplyBegan) and e.is_filler}
        ids = dict.fromkeys(e.reply for e in self.events if isinstance(e, AudioCame))
        found = (self.track.replies.get(i) for i in ids if i not in no_answers | self.stale)
        return [reply for reply in found if reply is not None]

    def answer(self) -> PlayedReply | None:
        """Returns the first reply that was heard after the end of speech."""
        end_s = self.end_s
        heard = (a for a in self.answers() if a.onset_s is not None and a.onset_s >= end_s)
        return next(heard, None)

    def talk_overs_s(self) -> list[float]:
        """Returns when replies were heard before the end of speech, on the clock."""
        onsets_s = (a.onset_s for a in self.answers())
        return [onset_s for onset_s in onsets_s if onset_s is not None and onset_s < self.end_s]


def judge(turn: TurnRecord) -> TurnResult:
    """Returns what came of a turn."""
    end_s, answer = turn.end_s, turn.answer()
    stages = _stages(turn.events, answer.reply) if answer else None
    onset_s = answer.onset_s if answer else None
    return TurnResult(
        clip=turn.clip,
        number=turn.number,
        v2v_s=None if onset_s is None else onset_s - end_s,
        talk_overs_s=tuple(at_s - end_s for at_s in turn.talk_overs_s()),
        commits_s=tuple(at_s - end_s for at_s in _commits_s(turn) if at_s < end_s),
        reaction_s=_reaction_s(turn),
        heard=" ".join(e.text for e in turn.events if isinstance(e, UserHeard) and e.text),
        reply=" ".join(
            e.text
            for e in turn.events
            if isinstance(e, ReplyEnded) and e.text and e.reply not in turn.stale
        ),
        waterfall=_waterfall(turn, answer, stages) if answer and stages else None,
        durations_s=_durations_s(turn.events),
        is_speculative=stages.is_speculative if stages else None,
        wasted_tokens=_wasted_tokens(turn.events),
        underruns=answer.underruns if answer else 0,
        audio_s=answer.samples / answer.rate_hz if answer else 0.0,
        late_s=answer.late_s if answer else 0.0,
        lead_s=answer.lead_s if answer else None,
        jitter_s=answer.jitter_s if answer else 0.0,
        mic_late_s=turn.mic_late_s,
        trouble=tuple(e.code for e in turn.events if isinstance(e, Trouble)),
    )


def _commits_s(turn: TurnRecord) -> Iterable[float]:
    """Yields when turns were taken to be over: by the server's word, a final text or a reply."""
    kinds = {type(event) for event in turn.events}
    for event in turn.events:
        match event:
            case TurnCommitted(at_s):
                yield at_s
            case UserHeard(at_s, text) if text and TurnCommitted not in kinds:
                yield at_s
            case ReplyBegan(at_s, reply, is_filler=False) if reply not in turn.stale:
                if not kinds & {TurnCommitted, UserHeard}:
                    yield at_s


def _stages(events: Sequence[LineEvent], reply: str) -> StagesTold | None:
    told = (e for e in reversed(events) if isinstance(e, StagesTold) and e.reply == reply)
    return next(told, None)


def _wasted_tokens(events: Sequence[LineEvent]) -> int | None:
    told = [e.wasted_tokens for e in events if isinstance(e, StagesTold)]
    counts = [count for count in told if count is not None]
    return sum(counts) if counts else None


def _durations_s(events: Sequence[LineEvent]) -> dict[str, float]:
    """Returns the first that was told of each stage."""
    first_s: dict[str, float] = {}
    for event in events:
        if isinstance(event, DurationsTold):
            first_s = {**event.durations_s, **first_s}
    return first_s


def _waterfall(turn: TurnRecord, answer: PlayedReply, stages: StagesTold) -> Waterfall | None:
    if answer.onset_s is None:
        return None
    ends = (
        e
        for e in reversed(turn.events)
        if isinstance(e, SpeechNoticed) and e.is_end and e.at_s <= answer.arrived_s
    )
    end = next(ends, None)
    sample = end.sample if end else None
    return waterfall(
        stages.marks_s,
        zero_s=None if sample is None else said_s(turn.sent_s, sample) - turn.end_s,
        arrived_s=answer.arrived_s - turn.end_s,
        onset_s=answer.onset_s - turn.end_s,
        noticed_s=None if end is None else end.at_s - turn.end_s,
    )


def said_s(sent_s: Sequence[float], sample: int) -> float:
    """Returns when a microphone sample was said: a frame is sent once its last sample was."""
    frame = min(max(0, (sample - 1) // FRAME_SAMPLES), len(sent_s) - 1)
    return sent_s[frame] - ((frame + 1) * FRAME_SAMPLES - sample) / MIC_HZ


def _reaction_s(turn: TurnRecord) -> float | None:
    """Returns the first sign of life that was not taken back, up to the answer."""
    answer = turn.answer()
    sign_s = None
    for event in turn.events:
        if answer is not None and event.at_s > answer.arrived_s:
            break
        match event:
            case SpeechNoticed(is_end=False):
                sign_s = None
            case Reacted(kind=kind) if kind.startswith(ATTENTIVE):
                sign_s = None
            case Reacted(at_s) if sign_s is None:
                sign_s = at_s
    return None if sign_s is None else sign_s - turn.end_s
