"""One turn of the user: what is known of it, from its first sample to its last word. Pure.

A turn is a value that is *replaced*: a new turn is a new `UserTurn`, a new pause in it is a new
`Pause`, and with the old one goes all that was known of it. Nothing here is ever set back by hand,
so nothing can be forgotten when that is done. Between turns there is one too, of which only the
first sample means anything: the next turn's audio does not reach back beyond it.

    segment_start   speech_start               speech_end
          |  pre-roll  |##### speech #####|  pause  |## speech ##|  pause (now) ...
          |<----------------- decoded at each pause ---------------->|

A turn that gets long is cut: what is already recognised is *frozen*, the audio of the next decode
begins behind it, and the text of the turn is the frozen text and the decoded one. Where the
recogniser is slow the cut comes before the text, and what lies before it is a *part* that is still
unheard: nothing is decided without its text, and nothing of the turn grows longer than what the
recogniser reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from voice_avatar import languages
from voice_avatar.events.commands import Command, TranscribePurpose
from voice_avatar.events.notices import DropReason, EndReason, TranscriptInterim
from voice_avatar.events.payloads import MIC_HZ, Transcript
from voice_avatar.turns.questions import Questions

_CUT_AT: Final = 1.16
"""Times `max_segment_s`, at which a turn is cut without its text (29 s: whisper reads 30)."""

_ENOUGH: Final = MIC_HZ // 4
"""Silence behind the speech that is decoded with it where its text is asked for late, samples."""


@dataclass(slots=True)
class Pause:
    """What is known in one pause of the turn; empty while the user speaks.

    Attributes:
        forced: why the turn ends here whatever the silence; None = it does not.
        text: text of the turn since `UserTurn.frozen`; None until it is known.
        text_s: when that came, seconds.
        logprob: its mean log-probability per token, <= 0.
        probability: the turn model's word, 0..1; None until it has spoken.
        rescores: how often the turn model was asked again.
        is_announced: whether the session knows that the turn may end here.
        is_ready: whether the session knows that a reply may be prepared.
        is_answered: whether that reply can be heard.
    """

    forced: EndReason | None = None
    text: str | None = None
    text_s: float = 0.0
    logprob: float = 0.0
    probability: float | None = None
    rescores: int = 0
    is_announced: bool = False
    is_ready: bool = False
    is_answered: bool = False

    @property
    def is_ended_by_client(self) -> bool:
        """Whether the client ended the turn here: what is said next belongs to another."""
        return self.forced not in (None, "vad")

    def understand(self, transcript: Transcript, now_s: float) -> None:
        """The text of the pause is known."""
        self.text, self.text_s = transcript.text, now_s
        self.logprob = transcript.avg_logprob


@dataclass(slots=True)
class Part:
    """Audio of a turn that is cut off from the rest, before its text is known.

    Attributes:
        start: first microphone sample.
        end: one past the last.
        ask_id: number of the question about it; 0 = none is open.
        text: its text; None until it is known.
        failures: how often the recogniser has failed at it.
    """

    start: int
    end: int
    ask_id: int = 0
    text: str | None = None
    failures: int = 0


@dataclass(slots=True)
class UserTurn:
    """A turn, or the quiet before one.

    Attributes:
        questions: what the engines were asked about it.
        segment_start: microphone sample from which on it is decoded.
        speech_start: where the speech began, or went on after the last pause.
        speech_end: where the speech has ended; until its first pause, `segment_start`.
        frozen: text of the audio before `segment_start` and before the first of the `parts`.
        parts: audio before `segment_start` whose text, or that of one before it, is unknown.
        interim: text that was shown last.
        language: in which words were heard; None = none yet.
        heard: what the recogniser said last, whatever it was asked for; None = nothing, or it
            failed.
        heard_end: one past the last sample of the audio in which it heard that.
        is_candidate: whether it is over a reply, and not known yet whether it interrupts.
        began_over_reply: whether it may be only what listeners say.
        is_claimed: whether the user has the floor by it: it has interrupted, or the client says so.
        pause: what is known of the pause in which it is.
    """

    questions: Questions
    segment_start: int
    speech_start: int
    speech_end: int
    frozen: str = ""
    interim: str = ""
    language: str | None = None
    heard: Transcript | None = None
    heard_end: int = 0
    is_candidate: bool = False
    began_over_reply: bool = False
    is_claimed: bool = False
    pause: Pause = field(default_factory=Pause)
    parts: list[Part] = field(default_factory=list)

    @classmethod
    def begin(
        cls, request_ids: Iterator[int], start: int, sample: int, *, is_over_reply: bool = False
    ) -> UserTurn:
        """Returns a new turn.

        Args:
            request_ids: numbers for the questions about it.
            start: microphone sample from which on it is decoded.
            sample: where its speech begins.
            is_over_reply: whether that is over a reply, so that it may prove to be no turn.
        """
        return cls(
            Questions(request_ids, sample),
            start,
            sample,
            start,
            is_candidate=is_over_reply,
            began_over_reply=is_over_reply,
        )

    def claim(self) -> None:
        """The user has the floor, whatever the words are."""
        self.is_candidate = self.began_over_reply = False
        self.is_claimed = True

    # -- its text

    def spoken(self, locked: str | None) -> str:
        """Returns its language, as far as it is known; `locked` is that of the session, if any."""
        return locked or self.language or "en"

    def is_long(self, sample: int, max_segment_s: float) -> bool:
        """Returns whether its audio up to `sample` is so long that its text has to be frozen."""
        return sample - self.segment_start >= max_segment_s * MIC_HZ

    def whole(self, text: str, language: str) -> str:
        """Returns the text of the whole turn, `text` being that since `frozen`."""
        return joined(self.frozen, text, language)

    def take_text(self, transcript: Transcript | None, end: int) -> None:
        """Takes what the recogniser heard up to sample `end`; None = it failed."""
        self.heard, self.heard_end = transcript, end
        if transcript is not None and transcript.text:
            self.language = transcript.language

    def show(self, text: str, turn_id: int, language: str) -> list[TranscriptInterim]:
        """Shows the text, where it is new and there is any; not that of a candidate."""
        whole = self.whole(text, language)
        if self.is_candidate or self.parts or not whole or whole == self.interim:
            return []
        stable_chars = common_prefix(self.interim, whole)
        self.interim = whole
        return [TranscriptInterim(turn_id, whole, stable_chars, language)]

    def freeze(
        self, text: str | None, end: int, language: str, *, said_end: int | None = None
    ) -> None:
        """Sets the text of a long turn up to sample `end`, so that no decode gets too long.

        Args:
            text: None = it is not known; the question about it is kept, or has to be asked.
            end: where the next decode begins.
            language: of the text.
            said_end: where the speech before that has ended, in a pause; None = in no pause, where
                nothing was asked about the audio up to there.
        """
        part = Part(self.segment_start, end if said_end is None else said_end, text=text)
        if text is None and said_end is not None:
            part.ask_id = self.questions.keep(part.start, part.end)
        self.parts.append(part)
        self._thaw(language)
        self.segment_start = end
        self.questions.end_dip()  # its question is about audio whose text is set

    def take_part(self, request_id: int, text: str | None, language: str) -> bool:
        """Takes the text of a part; returns whether the question was about one.

        Args:
            request_id: of the question.
            text: None = the recogniser has failed. It is asked once more.
            language: of the text.
        """
        part = next((part for part in self.parts if part.ask_id == request_id), None)
        if part is None:
            return False
        if text is None:
            part.failures += 1
            part.ask_id = 0
        is_lost = part.failures > 1
        part.text = "" if is_lost else text
        self._thaw(language)
        return True

    def _thaw(self, language: str) -> None:
        """Joins the texts of the parts as far as they are known in order."""
        while self.parts and (text := self.parts[0].text) is not None:
            self.frozen = self.whole(text, language)
            del self.parts[0]

    def cut_long(
        self, sample: int, softest: Callable[[], int], longest_s: float, language: str | None
    ) -> list[Command]:
        """Cuts a turn that outgrows what the recogniser reads before that has said anything.

        Args:
            sample: one past the last microphone sample.
            softest: says where it was quiet of late.
            longest_s: speech that is decoded at once, seconds.
            language: locked language, if any.
        """
        if not self.is_long(sample, _CUT_AT * longest_s):
            return []
        out: list[Command] = [*self.questions.withdraw_partials()]
        self.freeze(None, max(softest(), self.segment_start + 1), self.spoken(language))
        return out + self.ask_for_parts(language)

    def ask_due(self, sample: int, language: str | None, *, is_paused: bool) -> list[Command]:
        """Asks for what there was no room for: the parts, and the text of the pause.

        Args:
            sample: one past the last microphone sample.
            language: locked language, if any.
            is_paused: whether the turn is in a pause.
        """
        out = self.ask_for_parts(language)
        if is_paused and self.pause.text is None and not self.questions.awaits_pause:
            end = min(sample, self.speech_end + _ENOUGH)
            out += self.questions.text_of_pause(None, self.segment_start, end, language)
        return out

    @property
    def drop_reason(self) -> DropReason:
        """Why the turn is none, by what was heard in it."""
        if self.pause.text or self.frozen:
            return "aside"
        if self.heard is None or not (self.heard.is_invented or self.heard.is_echo):
            return "wordless"
        return "echo" if self.heard.is_echo else "invented"

    def ask_for_parts(self, language: str | None) -> list[Command]:
        """Asks about the parts that nobody was asked about, in order, as far as there is room."""
        out: list[Command] = []
        for part in self.parts:
            if not self.questions.has_room:
                break  # asked at each window: it must not look through all that still has to wait
            if not part.ask_id and part.text is None:
                eager = TranscribePurpose.EAGER
                out += self.questions.text(eager, part.start, part.end, language)
                part.ask_id = self.questions.keep(part.start, part.end)
        return out


def segment_start(last_end: int, sample: int, preroll_s: float) -> int:
    """Returns from where on speech is decoded that begins at `sample`.

    Speech begins before it is noticed, so some audio before it belongs to it; but none of what was
    decoded already, for then it would be decoded for two.

    Args:
        last_end: where the speech before it has ended.
        sample: where it begins.
        preroll_s: audio before it that is decoded too, seconds.
    """
    return max(last_end, sample - int(preroll_s * MIC_HZ))


def joined(first: str, second: str, language: str) -> str:
    """Returns two texts as one, as the language is written: with spaces, or without."""
    if not first or not second:
        return first or second
    return f"{first} {second}" if languages.language(language).has_spaces else first + second


def common_prefix(first: str, second: str) -> int:
    """Returns how many characters two texts have in common at their beginning."""
    count = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        count += 1
    return count
