"""Endpointing. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
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
        interrupt_pause_s: what may be a voice over the reply, seconds, after which the reply pauses
            until it is known whether it is an interruption; 0 = it never pauses. Twice as much
            after each pause that was for nothing, up to `interrupt_speech_s`.
        interrupt_wait_s: longest pause of the reply, seconds; then it goes on.
        interrupt_opener_s: silence, seconds, after words that show assent and often open a turn
            ("okay, great") until a paused reply goes on; after a hum or no words it does so at
            once.
        interrupt_ask_s: speech over the reply after which its words are asked for, seconds; three
            times as much while the reply is paused, where a moment costs nothing.
        interrupt_speech_s: speech over the reply that interrupts when no words are known yet,
            seconds; not while it is paused.
        interrupt_noise_s: speech over the reply in which the recogniser found no word, seconds,
            after which it counts as noise.
        interrupt_any_s: speech over the reply that interrupts whatever its words are, seconds.
        interrupt_logprob: mean log-probability per token of a few words over the reply below which
            they count as a guess of the recogniser, <= 0 (of 440 synthetic backchannels 0.9 %
            pass, of 450 short interruptions 84 %; docs/decisions.md).
        names: how the avatar is called: to call it always interrupts it.
        drop_silence_s: silence after which speech without words is forgotten, seconds.
        stall_s: time without microphone audio after which it counts as silence, seconds.
        max_segment_s: speech decoded at once, seconds (whisper reads at most 30 s).
    """

    engine: str = "smart_turn"
    model: str = "smart-turn-v3.2"
    endpointing: str = "auto"
    min_silence_s: float = 0.44
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
    interrupt_pause_s: float = 0.064
    interrupt_wait_s: float = 2.5
    interrupt_opener_s: float = 0.5
    interrupt_ask_s: float = 0.25
    interrupt_speech_s: float = 0.7
    interrupt_noise_s: float = 1.0
    interrupt_any_s: float = 1.8
    interrupt_logprob: float = -0.5
    names: tuple[str, ...] = ()
    drop_silence_s: float = 0.6
    stall_s: float = 0.6
    max_segment_s: float = 25.0


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
_HUM = re.compile("[hm]+|(?:h?[aou]+h+)+|(?:h?u+h?m+)+|e+h+|er+m?|aha?|ha|(?:ha|he|ho){2,}h?")
"""A sound that is no word, without its hyphens: a hum ("mm-hmm", "uh-huh"), an "oh", laughter.
Recognisers spell it in more ways than a list could hold."""
_ASSENTS = frozenset("yeah yep yup yes ok okay right sure wow cool nice".split())
_CONTINUERS = _ASSENTS | frozenset(
    "alright good great true exactly absolutely definitely totally indeed perfect awesome amazing"
    " interesting really yay gotcha".split()
)
"""What shows that somebody listens, understands or is pleased, and claims no turn."""
_CONTINUING_PHRASES = frozenset(
    "all right|i see|i know|got it|i got it|go on|of course|makes sense|make sense|that makes sense"
    "|that's right|that's true|that's great|that's nice|good point|fair enough|oh well|oh my god"
    "|oh my gosh|sounds good|very good|very nice|so cool|you bet|you're right".split("|")
)
_LONGEST_PHRASE = max(len(phrase.split()) for phrase in _CONTINUING_PHRASES)
_CONTINUING_ZH = re.compile(
    "(?:嗯哼|真的吗?|是吗|是啊|对啊|好啊|好吧|好呀|这样啊|原来如此|明白了?|我?知道了?|了解|懂了|没错"
    "|不错|当然|有意思|有道理|厉害|太好了|太棒了|继续说?|可以|嗯|哦|啊|噢|喔|哇|呃|对|好|是|的|行|哈|呵"
    "|唔|诶|ok){1,4}"
)
"""Said without spaces, and often twice or thrice ("对对对", "好的好的")."""
_HUM_ZH = re.compile("[嗯哼哦啊噢喔哇呃唔诶哈呵]+")
_MAX_CONTINUERS = 3
_CLAIMS = frozenset(
    "stop wait no nope hold hang pause quiet enough sorry excuse shut hey hello listen help"
    " cancel skip next again repeat louder quieter slower faster please thanks thank goodbye but"
    " actually what what's why who where when how which".split()
)
"""Words with which people take the floor: one of them is enough, however badly it was heard."""
_CLAIMS_ZH = re.compile("停|等|不|别|喂|什么|怎么|谁|哪|但|可是|安静|闭嘴|够了|抱歉|对不起|请问")
_LIKE_A_NAME = 0.6
"""Similarity (difflib's ratio) from which a word may be a name: recognisers spell names as they
please ("Arva" for "Ava")."""
_FEW_WORDS = 3
_FEW_CHARS_ZH = 4
"""What is no longer than this may be a guess of the recogniser at a sound that was no word."""
_OPENERS = _ASSENTS | frozenset(
    "hi hello hey there great good fine well so now thanks alright perfect yup nope no".split()
)
_MAX_OPENER_WORDS = 4
_OPENERS_ZH = frozenset("你好 您好 嗨 喂 好 好的 嗯 行 可以 那 对 是 是的".split())
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


def is_hum(word: str) -> bool:
    """Returns whether a word is the spelling of a sound that is none ("mm-hmm", "uh", "haha")."""
    return _HUM.fullmatch("".join(filter(str.isalpha, word))) is not None


def is_backchannel(text: str, language: str) -> bool:
    """Returns whether a transcript is only what listeners say ("mhm", "right, right", "I see")."""
    words = words_of(text, language)
    if language == "zh":
        is_short = len(words) <= _MAX_CONTINUERS
        return is_short and all(_CONTINUING_ZH.fullmatch(word) for word in words)
    continuers = 0
    while words and continuers < _MAX_CONTINUERS:
        length = _continuer_length(words)
        if not length:
            return False
        words, continuers = words[length:], continuers + 1
    return not words


def may_go_on(text: str, language: str) -> bool:
    """Returns whether a listener's words are such that a turn often begins with ("okay, great")."""
    words = words_of(text, language)
    if language == "zh":
        words = [word for word in words if not _HUM_ZH.fullmatch(word)]
    return is_backchannel(text, language) and any(not is_hum(word) for word in words)


def _continuer_length(words: Sequence[str]) -> int:
    """Returns how many of the first words are one continuer, 0 for none."""
    for length in range(min(_LONGEST_PHRASE, len(words)), 1, -1):
        if " ".join(words[:length]) in _CONTINUING_PHRASES:
            return length
    return int(words[0] in _CONTINUERS or is_hum(words[0]))


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
    is_short = 0 < len(words) <= _MAX_OPENER_WORDS
    return is_short and all(word in _OPENERS or is_hum(word) for word in words)


def has_claim(said: Sequence[str], language: str) -> bool:
    """Returns whether one of the words (as of `words_of`) takes the floor ("stop", "why")."""
    if language == "zh":
        return _CLAIMS_ZH.search("".join(said)) is not None
    return not _CLAIMS.isdisjoint(said)


def is_few(said: Sequence[str], language: str) -> bool:
    """Returns whether the words (as of `words_of`) are so few that they may be a guess."""
    if language == "zh":
        return len("".join(said)) <= _FEW_CHARS_ZH
    return len(said) <= _FEW_WORDS


def is_call(names: Sequence[str], said: Sequence[str]) -> bool:
    """Returns whether one of the words (as of `words_of`) is a name, or much like it."""
    return any(
        SequenceMatcher(None, name.casefold(), word).ratio() >= _LIKE_A_NAME
        for name in names
        for word in said
    )
