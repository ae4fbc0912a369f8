"""The replies of one session: one prepared, one live, and the last one, not yet in history. Pure.

A reply is *prepared* (behind its gate), then *live* (committed, heard by the user), then over. What
it adds to history is cut to what was heard, and is written only when the next prompt is made: until
then a late playback report still corrects it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from voice_avatar.conversation.facts import ReplyBegan
from voice_avatar.conversation.history import History
from voice_avatar.conversation.playout import Playout, PlayoutOptions, believed, heard_text
from voice_avatar.events.commands import CancelReply
from voice_avatar.events.cues import Feeling, TimedWord
from voice_avatar.events.inputs import HistoryAdded, HistoryCut, PlaybackReport, ReplyFailed
from voice_avatar.events.payloads import Message, NowPlaying, ToolCall

_REPORT_S = 0.5
"""How long after the end of a reply a report of the client may still correct what was heard."""


@dataclass(slots=True)
class Reply:
    """One reply as the session sees it.

    Attributes:
        reply_id: its id.
        turn_id: the user's turn that it answers, 0 for none.
        key: what it answers, as the session compares it; "" for a fixed text.
        playout: how much of it was sent and played.
        is_follow_up: whether it uses the results of the calls of the one before.
        is_apology: whether it is a spoken apology (kept out of history, never apologised for).
        is_kept: whether it is written to history.
        is_silent: whether it is text alone: what was written of it was read.
        text: display text so far.
        words: caption words so far, in order.
        feelings: what is felt as each chunk ends, with the chunk's first sample, in order.
        calls: tools that it calls, in order.
        results: those calls that were answered, with their results, as history holds them.
        total: its length in samples once all of it is made.
        failure: why it ends early, if it does.
        cut_at: reply samples played when it was over.
        ask_id: of the request that it answers, "" = none.
    """

    reply_id: int
    turn_id: int
    key: str
    playout: Playout
    is_follow_up: bool = False
    is_apology: bool = False
    is_kept: bool = True
    is_silent: bool = False
    text: str = ""
    words: list[TimedWord] = field(default_factory=list)
    feelings: list[tuple[int, Feeling]] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    results: tuple[Message, ...] = ()
    total: int | None = None
    failure: ReplyFailed | None = None
    cut_at: int = 0
    ask_id: str = ""

    def is_played_out(self, now_s: float) -> bool:
        """Returns whether all of it was made, sent and played."""
        if self.total is None or self.playout.sent < self.total:
            return False
        return self.playout.played(now_s) >= self.total

    def words_between(
        self, played: int, played_s: float, from_s: float, until_s: float
    ) -> list[str]:
        """Returns the words played between two moments, if `played` was played at `played_s`."""
        rate_hz = self.playout.rate_hz
        start = played + (from_s - played_s) * rate_hz
        end = min(self.playout.sent, played + (until_s - played_s) * rate_hz)
        return [word.text for word in self.words if word.end > start and word.start < end]

    def heard(self, tolerance: int) -> str:
        """Returns its text up to the last word played before `cut_at`."""
        if self.is_silent:
            return self.text
        if self.cut_at <= 0:
            return ""
        if self.total and self.failure is None and self.cut_at >= self.total:
            return self.text
        return heard_text(self.text, self.words, self.cut_at, tolerance)


class Replies:
    """All replies that still matter.

    Attributes:
        history: what was said.
        prepared: the speculative reply, if there is one.
        live: the committed reply, if there is one.
        is_alone: whether nobody is connected.
    """

    def __init__(self, options: PlayoutOptions, rate_hz: int, history: History) -> None:
        self._options = options
        self._rate_hz = rate_hz
        self.history = history
        self._tolerance = int(options.heard_tolerance_s * rate_hz)
        self._last_id = 0
        self._unwritten: Reply | None = None
        self._later: list[HistoryAdded] = []
        self._last: Reply | None = None
        self._last_s = 0.0
        self._feeling: Feeling | None = None
        self._felt_s = 0.0
        self.prepared: Reply | None = None
        self.live: Reply | None = None
        self.is_alone = False

    def new(self, turn_id: int, key: str) -> Reply:
        """Returns a reply with the next id."""
        self._last_id += 1
        return Reply(self._last_id, turn_id, key, Playout(self._options, self._rate_hz))

    def find(self, reply_id: int) -> Reply | None:
        """Returns the live or prepared reply of that id."""
        for reply in (self.live, self.prepared):
            if reply is not None and reply.reply_id == reply_id:
                return reply
        return None

    def withdraw(self) -> list[CancelReply]:
        """Throws the prepared reply away, if there is one."""
        prepared, self.prepared = self.prepared, None
        return [] if prepared is None else [CancelReply(prepared.reply_id)]

    def go_live(self, reply: Reply, now_s: float) -> list[ReplyBegan]:
        """Makes a reply the live one; there is none before it."""
        self.live = reply
        if self.is_alone:
            reply.playout.leave_alone(now_s)
        return [ReplyBegan(reply.reply_id)]

    def leave_alone(self, now_s: float) -> None:
        """Nobody is connected: what is played of the live reply is not known."""
        self.is_alone = True
        if self.live is not None:
            self.live.playout.leave_alone(now_s)

    def rejoin(self, now_s: float) -> None:
        """The client is back: the live reply's time goes on."""
        self.is_alone = False
        if self.live is not None:
            self.live.playout.rejoin(now_s)

    @property
    def is_heard(self) -> bool:
        """Whether audio of the live reply was sent."""
        return self.live is not None and self.live.playout.sent > 0

    @property
    def ends_s(self) -> float | None:
        """When the live reply, sent whole, will have been played; None while that is open."""
        live = self.live
        if live is None or live.total is None or live.playout.sent < max(1, live.total):
            return None
        return live.playout.reaches_s(live.total + 1)

    def allowance(self, reply_id: int, now_s: float) -> int:
        """Returns how many samples of the reply may be sent now."""
        live = self.live
        if live is None or live.reply_id != reply_id:
            return 0
        return live.playout.allowance(now_s)

    def due_s(self, reply_id: int, until: int) -> float | None:
        """Returns since when audio of the reply up to sample `until` may be sent; None = always."""
        live = self.live
        if live is None or live.reply_id != reply_id:
            return None
        return live.playout.due_s(until)

    def playing(self, now_s: float) -> NowPlaying | None:
        """Returns what the loudspeaker plays, None = nothing."""
        live = self.live
        if live is None or not self.is_heard:
            return None
        return NowPlaying(live.reply_id, live.playout.played(now_s), live.playout.is_paused)

    def end(self, live: Reply, played: int, now_s: float) -> str:
        """Ends the live reply at reply sample `played` and returns what was heard of it."""
        self.write()
        self.live = None
        live.cut_at = played
        self._unwritten = self._last = live
        self._last_s = now_s
        heard = [feeling for start, feeling in live.feelings if start < played]
        if heard:
            self._feeling, self._felt_s = heard[-1], now_s
        return live.heard(self._tolerance)

    def feeling(self, now_s: float) -> Feeling | None:
        """Returns what the words that were heard last have left; None = nothing was heard yet."""
        if self._feeling is None:
            return None
        return replace(self._feeling, age_s=max(0.0, now_s - self._felt_s))

    def words_played(self, from_s: float, until_s: float, now_s: float) -> list[str]:
        """Returns the words that the loudspeaker played between two moments, by what is known now.

        Of a reply that waited meanwhile there may be too many, never too few.
        """
        last, live = self._last, self.live
        words: list[str] = []
        if last is not None:
            words += last.words_between(last.cut_at, self._last_s, from_s, until_s)
        if live is not None:
            words += live.words_between(live.playout.heard(now_s), now_s, from_s, until_s)
        return words

    def correct(self, report: PlaybackReport) -> bool:
        """Corrects a reply that is over by a late report; returns whether it was about one."""
        over = self._unwritten
        if over is None or over.reply_id != report.reply_id:
            return False
        heard = report.played
        # Of a reply that is played to its end the last word is heard too, if a little later.
        if report.state != "finished" and heard < (over.total or over.playout.sent):
            heard -= int(believed(report.latency_s) * self._rate_hz)
        over.cut_at = min(max(0, heard), over.playout.sent)
        return True

    def is_final(self, now_s: float) -> bool:
        """Whether history holds all replies that are over, and is what prompts will begin with."""
        if now_s - self._last_s >= _REPORT_S:
            self.write()
        return self._unwritten is None

    def write(self) -> None:
        """Writes the last reply to history, cut to what was heard, and what came after it."""
        over, self._unwritten = self._unwritten, None
        is_kept = over is not None and over.is_kept and not over.is_apology
        if over is not None and is_kept and (heard := over.heard(self._tolerance)):
            self.history.add_assistant(heard, reply_key(over.reply_id))
        if over is not None:
            self.history.add_calls(over.results)
        if self.live is None:
            later, self._later = self._later, []
            for added in later:
                self.history.insert(added.key, added.message, added.after)

    def edit(self, change: HistoryAdded | HistoryCut) -> None:
        """Changes history; what is added at its end comes after the live reply."""
        if self.live is None:
            self.write()
        match change:
            case HistoryAdded(after=None) if self.live is not None:
                self._later.append(change)
            case HistoryAdded(key, message, after):
                self.history.insert(key, message, after)
            case HistoryCut(key, text):
                live = self.live
                if live is not None and not text and key == reply_key(live.reply_id):
                    live.is_kept = False
                self._later = [added for added in self._later if added.key != key]
                self.history.rewrite(key, text)

    def settle(self, reply_id: int, results: tuple[Message, ...]) -> None:
        """Takes the answered calls of the live or the last reply, to write them after its words."""
        for reply in (self.live, self._unwritten):
            if reply is not None and reply.reply_id == reply_id:
                reply.results = results
                return
        self.history.add_calls(results)


def reply_key(reply_id: int) -> str:
    """Returns the key of a reply in history."""
    return f"reply-{reply_id}"


def turn_key(turn_id: int) -> str:
    """Returns the key of a turn of the user in history."""
    return f"turn-{turn_id}"
