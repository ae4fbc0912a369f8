"""End of turn: the engine Protocol, and the options of endpointing and interruption. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
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
class InterruptOptions:
    """When a voice over the reply is an interruption.

    One decision with one set of limits, which endpointing never asks for. In the configuration they
    are keys of `[turn]` that begin with `interrupt_`.

    Attributes:
        pause_s: what may be a voice over the reply, seconds, after which the reply pauses
            until it is known whether it is an interruption; 0 = it never pauses. Twice as much
            after each pause that was for nothing, up to `speech_s`.
        wait_s: longest pause of the reply, seconds; then it goes on.
        opener_s: silence, seconds, after words that show assent and often open a turn
            ("okay, great") until a paused reply goes on; after a hum or no words it does so at
            once.
        ask_s: speech over the reply after which its words are asked for, seconds; three
            times as much while the reply is paused, where a moment costs nothing.
        speech_s: speech over the reply that interrupts when no words are known yet,
            seconds; not while it is paused.
        noise_s: speech over the reply in which the recogniser found no word, seconds,
            after which it counts as noise.
        any_s: speech over the reply that interrupts whatever its words are, seconds.
        logprob: mean log-probability per token of a few words over the reply below which
            they count as a guess of the recogniser, <= 0 (of 440 synthetic backchannels 0.9 %
            pass, of 450 short interruptions 84 %; docs/decisions.md).
        names: how the avatar is called: to call it always interrupts it.
    """

    pause_s: float = 0.064
    wait_s: float = 2.5
    opener_s: float = 0.5
    ask_s: float = 0.25
    speech_s: float = 0.7
    noise_s: float = 1.0
    any_s: float = 1.8
    logprob: float = -0.5
    names: tuple[str, ...] = ()


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
        dictation_s: least silence after numbers, letters or an address that are being dictated,
            seconds (people who dictate pause for 1 to 2 s after each group).
        hold_s: time by which the end of a turn waits for the first audio of the prepared reply,
            seconds: until it can be heard, the user may still go on.
        rescore_s: silences at which the turn model is asked again while it doubts, seconds.
        speculate_probability: at or above it a reply is prepared before the turn is committed.
        preroll_s: audio before the detected start that is decoded too, seconds.
        interim_s: time between interim transcripts while the user speaks, seconds; 0 = none.
        interrupt: when a voice over the reply is an interruption.
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
    dictation_s: float = 2.4
    hold_s: float = 0.4
    rescore_s: tuple[float, ...] = (0.18, 0.35, 0.6, 0.9)
    speculate_probability: float = 0.05
    preroll_s: float = 0.3
    interim_s: float = 1.0
    interrupt: InterruptOptions = field(default_factory=InterruptOptions)
    drop_silence_s: float = 0.6
    stall_s: float = 0.6
    max_segment_s: float = 25.0
