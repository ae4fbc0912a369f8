"""Endpointing. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TurnCapabilities:
    """What a turn engine is.

    Attributes:
        name: engine name.
        model: model name and version.
        window_s: seconds of audio that it looks at.
    """

    name: str
    model: str
    window_s: float


class TurnEngine(Protocol):
    """End-of-turn engine."""

    @property
    def capabilities(self) -> TurnCapabilities:
        """What the engine is."""

    def score(self, pcm: bytes) -> float:
        """Returns the probability (0..1) that the speaker has finished.

        Args:
            pcm: the turn so far, 16 kHz; only the last `window_s` count.

        Raises:
            TurnFailed: the model failed.
        """


@dataclass(frozen=True, slots=True)
class TurnOptions:
    """When a turn of the user ends, and when a voice over the reply is an interruption.

    Attributes:
        engine: name of the turn engine, "none" for silence alone.
        model: model name in the store.
        endpointing: "auto" (voice) or "manual" (push-to-talk, `input.commit`).
        min_silence_s: silence after which a surely finished turn is committed, seconds.
        max_silence_s: silence after which any turn is committed, seconds (design.md section 3:
            1.2 to 1.5 s; peers wait 3 s).
        plain_silence_s: silence without the turn model's word, seconds.
        sure_probability: at or above it the turn counts as surely finished.
        doubt_probability: at or below it the turn counts as surely unfinished.
        patience: factor on every delay: the one knob between speed and cut-offs.
        learning_rate: how fast the user's own pauses are learned: the share by which the least
            delay moves towards a pause that was mistaken for an end; 0 = never.
        open_ending_s: least silence after a text that cannot be complete ("and", "um"), seconds.
        unfinished_s: least silence after a text without a full stop, question or exclamation mark,
            seconds; for recognisers that never set them: 0.
        opener_s: least silence after words that often only open a turn ("okay, sure"), seconds.
        question_s: most silence after a question mark, seconds.
        hold_s: time by which the end of a turn waits for the first audio of the prepared reply,
            seconds: until it can be heard, the user may still go on.
        rescore_s: silences at which the turn model is asked again while it doubts, seconds.
        speculate_probability: at or above it a reply is prepared before the turn is committed.
        preroll_s: audio before the detected start that is decoded too, seconds.
        interim_s: time between interim transcripts while the user speaks, seconds; 0 = none.
        interrupt_ask_s: speech over the reply after which its words are asked for, seconds.
        interrupt_speech_s: speech over the reply that interrupts when no words are known yet,
            seconds.
        interrupt_any_s: speech over the reply that interrupts whatever it is, seconds.
        drop_silence_s: silence after which speech without words is forgotten, seconds.
        stall_s: time without microphone audio after which it counts as silence, seconds.
        max_segment_s: speech decoded at once, seconds (whisper reads at most 30 s).
    """

    engine: str = "smart_turn"
    model: str = "smart-turn-v3.2"
    endpointing: str = "auto"
    min_silence_s: float = 0.4
    max_silence_s: float = 1.2
    plain_silence_s: float = 0.7
    sure_probability: float = 0.9
    doubt_probability: float = 0.1
    patience: float = 1.0
    learning_rate: float = 0.5
    open_ending_s: float = 1.1
    unfinished_s: float = 0.8
    opener_s: float = 0.7
    question_s: float = 0.6
    hold_s: float = 0.4
    rescore_s: tuple[float, ...] = (0.18, 0.35, 0.6, 0.9)
    speculate_probability: float = 0.05
    preroll_s: float = 0.3
    interim_s: float = 1.0
    interrupt_ask_s: float = 0.25
    interrupt_speech_s: float = 0.7
    interrupt_any_s: float = 1.8
    drop_silence_s: float = 0.6
    stall_s: float = 0.6
    max_segment_s: float = 25.0


_PAUSE_MARGIN_S = 0.1
"""What is granted beyond a pause that the user is known to make."""

_FORGETTING = 0.85
"""What is left of a learned pause after a turn that ended without a mistake."""


def learned_pause_s(options: TurnOptions, known_s: float, pause_s: float | None) -> float:
    """Returns the least delay that this user needs, seconds.

    Args:
        options: the policy.
        known_s: what was learned so far, 0 at first.
        pause_s: a pause that was mistaken for an end; None = a turn ended rightly.
    """
    if pause_s is None:
        return known_s * _FORGETTING
    wanted_s = min(pause_s + _PAUSE_MARGIN_S, options.max_silence_s)
    return known_s + options.learning_rate * max(0.0, wanted_s - known_s)


_OPEN_ENDINGS = {
    "en": frozenset(
        "a an the and or but so because if when while that which who to of for with from in on at"
        " by about my your our their his i'm i is are was were um uh erm er hmm like then"
        " than".split()
    ),
}
_OPEN_ENDINGS_ZH = tuple(
    "和 跟 与 或 但 但是 因为 所以 如果 的话 然后 就是 那个 这个 嗯 呃 还有 以及 我想".split()
)
_BACKCHANNELS = frozenset(
    "mhm mm mmm hm hmm mm-hmm mmhmm uh-huh uhhuh huh uh um ah oh yeah yep yes ok okay right"
    " sure wow cool nice".split()
)
_BACKCHANNEL_ZH = re.compile("(?:嗯|哦|啊|噢|对|好|是|的|哈|呵|唔|诶|ok){1,4}")
"""Said without spaces, and often twice or thrice ("对对对", "好的好的")."""
_MAX_BACKCHANNEL_WORDS = 3
_OPENERS = _BACKCHANNELS | frozenset(
    "hi hello hey there great good fine well so now thanks alright perfect yup nope no".split()
)
_MAX_OPENER_WORDS = 4
_OPENERS_ZH = frozenset("你好 您好 嗨 喂 好 好的 嗯 行 可以 那 对 是 是的".split())
_QUESTION_MARKS = ("?", "？")
_ENDINGS = (".", "!", "。", "！", *_QUESTION_MARKS)
_AFTER_ENDINGS = " \t\n\"'”’」』)）"
_EDGE_PUNCTUATION = " \t\n.,!?;:…-–—\"'。，！？；：、“”‘’"


def words_of(text: str, language: str) -> list[str]:
    """Returns the words of a transcript, lower-case, without punctuation at their edges.

    Chinese comes back as phrases between punctuation marks: it has no spaces.
    """
    lowered = text.casefold()
    if language == "zh":
        for mark in "。，！？；：、":
            lowered = lowered.replace(mark, " ")
    stripped = (word.strip(_EDGE_PUNCTUATION) for word in lowered.split())
    return [word for word in stripped if word]


def is_backchannel(text: str, language: str) -> bool:
    """Returns whether a transcript is only listener's noise ("mhm", "right, right")."""
    words = words_of(text, language)
    if len(words) > _MAX_BACKCHANNEL_WORDS:
        return False
    if language == "zh":
        return all(_BACKCHANNEL_ZH.fullmatch(word) for word in words)
    return all(word in _BACKCHANNELS for word in words)


def has_open_ending(text: str, language: str) -> bool:
    """Returns whether a transcript stops where nobody would stop ("… and", "… um", a comma)."""
    trimmed = text.rstrip()
    if trimmed.endswith((",", "，", "、", "...", "…", "-")):
        return True
    if trimmed.endswith(("?", "!", "？", "！")):
        return False
    if language == "zh":
        return trimmed.rstrip("。").endswith(_OPEN_ENDINGS_ZH)
    words = words_of(trimmed, language)
    return bool(words) and words[-1] in _OPEN_ENDINGS.get(language, frozenset())


def is_opener(text: str, language: str) -> bool:
    """Returns whether a transcript is only what people say before they say something."""
    words = words_of(text, language)
    if language == "zh":
        return bool(words) and all(word in _OPENERS_ZH for word in words)
    return 0 < len(words) <= _MAX_OPENER_WORDS and all(word in _OPENERS for word in words)


def commit_delay_s(
    options: TurnOptions, probability: float | None, text: str, language: str
) -> float:
    """Returns the silence to wait for before the turn is committed, seconds.

    The turn model sets the delay and never decides alone: from `min_silence_s` when it is sure
    that the user has finished to `max_silence_s` when it is sure of the contrary, linear between.
    A question mark shortens a long delay; every other cue in the text lengthens a short one.

    Args:
        options: the policy.
        probability: the turn model's word, None when it has not spoken.
        text: transcript so far, "" when unknown.
        language: of the transcript.
    """
    if probability is None:
        delay_s = options.plain_silence_s
    else:
        span = max(1e-6, options.sure_probability - options.doubt_probability)
        doubt = min(1.0, max(0.0, (options.sure_probability - probability) / span))
        delay_s = options.min_silence_s + doubt * (options.max_silence_s - options.min_silence_s)
    if text:
        delay_s = _with_cues(options, delay_s, text, language)
    return delay_s * options.patience


def _with_cues(options: TurnOptions, delay_s: float, text: str, language: str) -> float:
    """Returns the delay as the words correct it."""
    if has_open_ending(text, language):
        return max(delay_s, options.open_ending_s)
    trimmed = text.rstrip(_AFTER_ENDINGS)
    if not trimmed.endswith(_ENDINGS):
        return max(delay_s, options.unfinished_s)
    if is_opener(text, language):
        return max(delay_s, options.opener_s)
    if trimmed.endswith(_QUESTION_MARKS):
        return min(delay_s, options.question_s)
    return delay_s


def is_interruption(options: TurnOptions, speech_s: float, text: str | None, language: str) -> bool:
    """Returns whether speech over the reply means that the avatar has to stop.

    Args:
        options: the policy.
        speech_s: how long the user has spoken over the reply, seconds.
        text: what was recognised of it so far; None when nothing came back yet.
        language: of the text.
    """
    if speech_s >= options.interrupt_any_s:
        return True
    if text is None:
        return speech_s >= options.interrupt_speech_s
    return bool(words_of(text, language)) and not is_backchannel(text, language)
