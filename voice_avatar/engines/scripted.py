"""Engines without models, for all five kinds: quick, deterministic, and they ship.

For tests, for clients under development, and for measuring what the server itself costs. They keep
the Protocols to the letter (the contract suites run over them), but understand nothing: VAD is
loudness, a transcript is as many words as the speech is long, a reply is scripted, and the voice
is a tone per letter, so that visemes, gestures and captions have something exact to hold on to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import aclosing
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from voice_avatar.audio.pcm import dbfs, sample_count
from voice_avatar.engines.tool_stream import with_calls
from voice_avatar.errors import ContextExceeded, LlmFailed, SttFailed, TtsFailed, VadFailed
from voice_avatar.events.payloads import (
    MIC_HZ,
    WINDOW_SAMPLES,
    LlmDelta,
    LlmDone,
    LlmRequest,
    PhonemeSpan,
    SpeakableChunk,
    SpeechPiece,
    SpeechPlan,
    TextDelta,
    Transcript,
    WordSpan,
)
from voice_avatar.stages.llm import LlmCapabilities, LlmOptions
from voice_avatar.stages.stt import SttCapabilities, SttOptions, always
from voice_avatar.stages.tts import TtsCapabilities, TtsOptions
from voice_avatar.stages.turn import TurnCapabilities, TurnOptions
from voice_avatar.stages.vad import VadCapabilities, VadOptions
from voice_avatar.tools.as_text import as_call_text

if TYPE_CHECKING:
    from voice_avatar.models.store import ModelStore

LOUD_DBFS = -45.0
"""Level from which a window counts as speech."""

WORDS_PER_S = 2.5
"""Words in a second of speech (150 a minute: English conversation)."""

_NUMBERS = "one two three four five six seven eight nine ten".split()
_SYMBOL_SAMPLES = 1280
_RATE_HZ = 16_000
_PIECE_SAMPLES = 3200


class ScriptedVad:
    """Loudness as speech probability."""

    capabilities = VadCapabilities("scripted", "loudness")

    def open(self) -> ScriptedVadStream:
        """See `VadEngine`."""
        return ScriptedVadStream()


class ScriptedVadStream:
    """One stream; it has no memory."""

    def step(self, pcm: bytes) -> float:
        """See `VadStream`."""
        if sample_count(pcm) != WINDOW_SAMPLES:
            raise VadFailed(f"A window has {WINDOW_SAMPLES} samples.")
        return 0.95 if dbfs(pcm) > LOUD_DBFS else 0.02

    def reset(self) -> None:
        """See `VadStream`."""


class ScriptedTurn:
    """Always as sure as it was made."""

    capabilities = TurnCapabilities("scripted", "constant", 8.0)

    def __init__(self, probability: float = 0.95) -> None:
        self.probability = probability

    def score(self, pcm: bytes) -> float:
        """See `TurnEngine`."""
        return self.probability if pcm else 0.0


class ScriptedStt:
    """Says what `script` makes of the seconds of speech that it was given; "" for silence."""

    capabilities = SttCapabilities("scripted", "script", ("en", "zh"), True)

    def __init__(self, script: Callable[[float], str] | None = None) -> None:
        self._script = script or _counted

    def transcribe(
        self, pcm: bytes, language: str | None, is_wanted: Callable[[], bool] = always
    ) -> Transcript:
        """See `SttEngine`."""
        code = (language or "en").partition("-")[0]
        if code not in self.capabilities.languages:
            raise SttFailed(f"The script does not know the language {code!r}.")
        audio_s = sample_count(pcm) / MIC_HZ
        size = 2 * WINDOW_SAMPLES
        windows = [pcm[at : at + size] for at in range(0, len(pcm), size)]
        speech_s = sum(dbfs(w) > LOUD_DBFS for w in windows) * WINDOW_SAMPLES / MIC_HZ
        return Transcript(self._script(speech_s) if speech_s else "", code, -0.1, audio_s)


def _counted(speech_s: float) -> str:
    """Returns as many numerals as a speaker says in that time."""
    count = max(1, round(speech_s * WORDS_PER_S))
    words = [_NUMBERS[i % len(_NUMBERS)] for i in range(count)]
    return f"{' '.join(words).capitalize()}."


KEPT_REQUESTS = 64
"""Newest requests that a scripted language model keeps: under a load of hours all would be much."""


class ScriptedLlm:
    """Writes its replies in turn, a word at a time.

    What stands in a reply as `<tool_call>{"name": …, "arguments": {…}}</tool_call>` is a call, if
    tools may be called. A tool that has to be called (the first, or the one of that name) is called
    without arguments where the reply calls none. Without replies it calls one whose name the user
    says, with his words as `text`; a result it repeats.

    Attributes:
        running: requests under way.
        aborted: requests that were closed before their end.
        requests: the newest requests, `KEPT_REQUESTS` at most, warm-ups left out.
    """

    def __init__(
        self,
        replies: Sequence[str] = (),
        *,
        context_tokens: int = 4096,
        token_s: float = 0.0,
        fails_after: int | None = None,
        hangs_after: int | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Makes the engine.

        Args:
            replies: texts, used in turn and from the first again; none = repeat what was said.
            context_tokens: prompt and reply together, at most.
            token_s: time per token, seconds.
            fails_after: tokens after which every request fails.
            hangs_after: tokens after which every request hangs.
            sleep: how time passes.
        """
        self._replies = tuple(replies)
        self._token_s = token_s
        self._fails_after = fails_after
        self._hangs_after = hangs_after
        self._sleep = sleep
        self._closed = asyncio.Event()
        self.running = 0
        self.aborted = 0
        self.requests: list[LlmRequest] = []
        self._forgotten = 0
        self.capabilities = LlmCapabilities("scripted", "script", context_tokens, True)

    async def generate(self, request: LlmRequest) -> AsyncGenerator[LlmDelta, None]:
        """See `LlmEngine`."""
        async with aclosing(with_calls(self._say(request), request)) as items:
            async for item in items:
                yield item

    async def _say(self, request: LlmRequest) -> AsyncGenerator[LlmDelta, None]:
        """Says the script's next text as a model would."""
        prompt_tokens = sum(self.count_tokens(m.content) for m in request.messages)
        if prompt_tokens + request.max_tokens > self.capabilities.context_tokens:
            raise ContextExceeded("The prompt is too long for the script.")
        reply = self._reply(request)
        words = reply.split(" ") if reply else []
        self._keep(request)
        self.running += 1
        done = 0
        is_over = False
        try:
            for word in words[: request.max_tokens]:
                await self._pass_token(done)
                text = word if done == 0 else f" {word}"
                yield TextDelta(text)
                done += 1
            await self._pass_token(done)
            is_over = True
            reason = "length" if len(words) > request.max_tokens else "stop"
            yield LlmDone("length" if reason == "length" else "stop", prompt_tokens, done)
        except LlmFailed:
            is_over = True
            raise
        finally:
            self.running -= 1
            self.aborted += not is_over

    def _keep(self, request: LlmRequest) -> None:
        self.requests.append(request)
        if len(self.requests) > KEPT_REQUESTS:
            del self.requests[0]
            self._forgotten += 1

    def _reply(self, request: LlmRequest) -> str:
        names = [tool.name for tool in request.tools]
        number = self._forgotten + len(self.requests)
        reply = self._replies[number % len(self._replies)] if self._replies else ""
        if request.tool_choice not in ("auto", "none") and names and "<tool_call>" not in reply:
            name = request.tool_choice if request.tool_choice in names else names[0]
            return as_call_text(name, "{}")
        if self._replies:
            return reply
        if request.messages and request.messages[-1].role == "tool":
            return f"The result is: {request.messages[-1].content}"
        said = [m.content for m in request.messages if m.role == "user"]
        if request.tool_choice == "auto":
            for name in names:
                if said and name.replace("_", " ") in said[-1].lower():
                    text = msgspec.json.encode({"text": said[-1]}).decode()
                    return f"Let me look. {as_call_text(name, text)}"
        return f"You said: {said[-1] if said else 'nothing.'}"

    async def _pass_token(self, done: int) -> None:
        """Lets the time of one token pass, or fails or hangs where the script says so."""
        if done == self._fails_after:
            raise LlmFailed("The script fails here.")
        if done == self._hangs_after:
            await self._closed.wait()
        await self._sleep(self._token_s)
        if self._closed.is_set():
            raise LlmFailed("The script was closed.")

    async def warm(self, request: LlmRequest) -> None:
        """See `LlmEngine`."""
        await self._sleep(0.0)

    async def beat(self) -> bool:
        """See `LlmEngine`; tells nothing of its requests."""
        return False

    def count_tokens(self, text: str) -> int:
        """See `LlmEngine`: words."""
        return len(text.split())

    async def aclose(self) -> None:
        """See `LlmEngine`."""
        self._closed.set()


class ScriptedTts:
    """A tone per letter, by default of 80 ms; letters stand for themselves as phonemes."""

    capabilities = TtsCapabilities("scripted", "tones", "en", "en-us", "espeak", _RATE_HZ, True)

    def __init__(
        self,
        *,
        symbol_samples: int = _SYMBOL_SAMPLES,
        fails_on: str = "\N{SKULL AND CROSSBONES}",
    ) -> None:
        """Makes the voice.

        Args:
            symbol_samples: length of a letter, samples at 16 kHz.
            fails_on: the character on which the voice fails.
        """
        self._symbol_samples = symbol_samples
        self._fails_on = fails_on

    def synthesize(self, chunk: SpeakableChunk) -> Generator[SpeechPlan | SpeechPiece, None, None]:
        """See `TtsEngine`."""
        if self._fails_on in chunk.spoken:
            raise TtsFailed("The script cannot speak this.")
        plan = _plan(chunk, self._symbol_samples)
        yield plan
        sound = b"".join(_tone(span.symbol, span.end - span.start) for span in plan.spans)
        for at in range(0, plan.sample_count, _PIECE_SAMPLES):
            yield SpeechPiece(at, sound[2 * at : 2 * (at + _PIECE_SAMPLES)])


def _plan(chunk: SpeakableChunk, size: int) -> SpeechPlan:
    spans: list[PhonemeSpan] = []
    words: list[WordSpan] = []
    at = 0
    for index, word in enumerate(chunk.words):
        start = at
        spoken = chunk.spoken[word.spoken_start : word.spoken_end].lower()
        for letter in (c for c in spoken if c.isascii() and c.isalpha()):
            spans.append(PhonemeSpan(letter, at, at + size, index))
            at += size
        words.append(WordSpan(index, start, at))
        if at > start and index + 1 < len(chunk.words):
            spans.append(PhonemeSpan(" ", at, at + size // 4))
            at += size // 4
    return SpeechPlan(at, tuple(spans), tuple(words))


@lru_cache(maxsize=256)
def _tone(symbol: str, samples: int) -> bytes:
    """Returns a quiet tone whose pitch tells the letter; silence for a gap."""
    if symbol == " ":
        return bytes(2 * samples)
    pitch_hz = 150.0 + 10.0 * (ord(symbol) - ord("a"))
    time_s = np.arange(samples) / _RATE_HZ
    fade = np.minimum(1.0, np.minimum(time_s, time_s[::-1]) / 0.005)
    wave = 6000.0 * fade * np.sin(2 * np.pi * pitch_hz * time_s)
    return wave.astype("<i2").tobytes()


def load_vad(options: VadOptions, store: ModelStore) -> ScriptedVad:
    """Returns the scripted VAD; needs no model."""
    return ScriptedVad()


def load_turn(options: TurnOptions, store: ModelStore) -> ScriptedTurn:
    """Returns the scripted turn engine; needs no model."""
    return ScriptedTurn()


def load_stt(options: SttOptions, store: ModelStore) -> ScriptedStt:
    """Returns the scripted recogniser; needs no model."""
    return ScriptedStt()


def load_llm(options: LlmOptions, store: ModelStore) -> ScriptedLlm:
    """Returns the scripted LLM; needs no model."""
    return ScriptedLlm(context_tokens=options.context_tokens)


def load_tts(options: TtsOptions, store: ModelStore) -> ScriptedTts:
    """Returns the scripted voice; needs no model."""
    return ScriptedTts()
