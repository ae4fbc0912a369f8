"""Our llama.cpp engine beside xllamacpp used plainly: the same model, the same conversations.

Every turn of a conversation is asked with its whole history, as a server asks it, once with one
conversation alone and once with several in turn. Answers in the history are given, not generated,
so that all engines read the same prompts; what they generate is cut at the same number of tokens,
greedily. Figures: time to the first token, tokens per second after it, how many answers are the
same text, and how long ours takes to give up a request that nobody wants any more.

xllamacpp runs as it comes (threads for every core, one slot), and held to our number of threads.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.report.alone import chosen, dotted, repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.bench.targets.subjects import engines_subject
from voice_avatar.engines.chat.chunks import read_chunk
from voice_avatar.engines.llamacpp_llm import LlamaCppOptions
from voice_avatar.engines.registry import load_engine
from voice_avatar.events.payloads import LlmDone, LlmRequest, Message, TextDelta
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.engines import UNPLANNED_THREADS
from voice_avatar.stages.llm import LlmEngine, LlmOptions

OURS: Final = "ours"
TOKENS: Final = 60
"""Longest answer: one or two spoken sentences."""

ABORT_AFTER: Final = 5
"""Pieces of text after which an unwanted request is given up."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A request, answered.

    Attributes:
        conversation: which, by its number.
        turn: of the conversation, from 0.
        first_s: until the first token was there, seconds.
        total_s: until the last.
        tokens: how many were generated.
        prompt_tokens: how many were asked with.
        text: what was said.
    """

    conversation: int
    turn: int
    first_s: float
    total_s: float
    tokens: int
    prompt_tokens: int
    text: str

    @property
    def tokens_per_s(self) -> float:
        """Speed after the first token; 0 for an answer of one token."""
        return (self.tokens - 1) / (self.total_s - self.first_s) if self.tokens > 1 else 0.0


Piece = tuple[str, int, int]
"""(text, tokens generated, tokens of the prompt); the counts are 0 but in the last one."""

Asker = Callable[[int, tuple[Message, ...]], AsyncIterator[Piece]]
"""(conversation, its prompt) -> the answer, piece by piece."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What users ask, and what the history says was answered."""

    system: str
    turns: tuple[tuple[str, str], ...]

    def prompt(self, turn: int) -> tuple[Message, ...]:
        """Returns what the model reads in a turn."""
        messages = [Message("system", self.system)]
        for user, answer in self.turns[:turn]:
            messages += [Message("user", user), Message("assistant", answer)]
        return (*messages, Message("user", self.turns[turn][0]))


def read_conversations() -> list[Dialogue]:
    """Returns the conversations. Written for this project."""
    folder = resources.files("voice_avatar").joinpath("data/bench")
    raw = json.loads((folder / "conversations.json").read_text(encoding="utf-8"))
    return [Dialogue(c["system"], tuple((u, a) for u, a in c["turns"])) for c in raw]


def in_turn(conversations: Sequence[Dialogue], limit: int = 0) -> list[tuple[int, int]]:
    """Returns (conversation, turn), everybody's first turn first; at most `limit` (0 = all)."""
    turns = range(max(len(c.turns) for c in conversations))
    order = [(c, t) for t in turns for c, talk in enumerate(conversations) if t < len(talk.turns)]
    return order[: limit or None]


async def answered(
    asker: Asker, conversation: int, turn: int, prompt: tuple[Message, ...]
) -> Answer:
    """Asks once, and returns the answer with its times."""
    begun_s = time.perf_counter()
    first_s = 0.0
    text, tokens, prompt_tokens = "", 0, 0
    async for piece, made, read in asker(conversation, prompt):
        if piece and not text:
            first_s = time.perf_counter() - begun_s
        text += piece
        tokens, prompt_tokens = max(tokens, made), max(prompt_tokens, read)
    total_s = time.perf_counter() - begun_s
    return Answer(conversation, turn, first_s, total_s, tokens, prompt_tokens, text)


async def ask_all(
    askers: Mapping[str, Asker], conversations: Sequence[Dialogue], limit: int
) -> dict[str, list[Answer]]:
    """Asks everything of all, after one request each that does not count.

    They take turns request by request, so that a busy minute of the machine is shared by all.
    """
    warm_up = (Message("user", "Say hello."),)
    for asker in askers.values():
        await answered(asker, 0, 0, warm_up)
    answers: dict[str, list[Answer]] = {name: [] for name in askers}
    order = in_turn(conversations, limit)
    for number, (c, t) in enumerate(order, 1):
        print(f"\rllm: request {number} of {len(order)}", end="", file=sys.stderr, flush=True)
        for name, asker in askers.items():
            answers[name].append(await answered(asker, c, t, conversations[c].prompt(t)))
    print(file=sys.stderr)
    return answers


async def aborts(engine: LlmEngine, conversations: Sequence[Dialogue]) -> list[float]:
    """Returns how long the engine takes to give up a request, per conversation, seconds."""
    taken: list[float] = []
    for talk in conversations:
        request = LlmRequest(talk.prompt(0), 4 * TOKENS, cache_key="abort")
        pieces = 0
        begun_s = 0.0
        async with aclosing(engine.generate(request)) as items:
            async for _ in items:
                pieces += 1
                begun_s = time.perf_counter()
                if pieces == ABORT_AFTER:
                    break
        if pieces == ABORT_AFTER:
            taken.append(time.perf_counter() - begun_s)
    return taken


# ---------------------------------------------------------------------------------------------
# Askers


def our_asker(engine: LlmEngine) -> Asker:
    """Returns our engine, each conversation with its own prefix cache."""

    async def ask(conversation: int, prompt: tuple[Message, ...]) -> AsyncIterator[Piece]:
        request = LlmRequest(prompt, TOKENS, cache_key=f"conversation {conversation}")
        async with aclosing(engine.generate(request)) as items:
            async for item in items:
                match item:
                    case TextDelta(text):
                        yield text, 0, 0
                    case LlmDone(_, prompt_tokens, completion_tokens):
                        yield "", completion_tokens, prompt_tokens

    return ask


def plain_asker(gguf: Path, threads: int, context_tokens: int) -> Asker:
    """Returns xllamacpp itself, called as its own documentation calls it.

    Args:
        gguf: the model.
        threads: for prompt and answer; 0 = as it comes.
        context_tokens: as our engine has for one conversation.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.n_ctx = context_tokens
    params.verbosity = 0
    params.port = 0
    if threads:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    server = xllamacpp.Server(params)
    for number, handler in handlers.items():
        signal.signal(number, handler)  # llama.cpp's server loop takes them over

    async def ask(conversation: int, prompt: tuple[Message, ...]) -> AsyncIterator[Piece]:
        pieces: asyncio.Queue[Piece | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(None, _call, server, prompt, loop, pieces)
        while (piece := await pieces.get()) is not None:
            yield piece
        await work

    return ask


def _call(
    server: Any,
    prompt: tuple[Message, ...],
    loop: asyncio.AbstractEventLoop,
    pieces: asyncio.Queue[Piece | None],
) -> None:
    """Calls xllamacpp, in a thread of its own."""
    body = {
        "messages": [{"role": m.role, "content": m.content} for m in prompt],
        "max_tokens": TOKENS,
        "temperature": 0.0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }

    def receive(payload: bytes) -> None:
        chunk = read_chunk(payload)
        made, read = (0, 0) if chunk.usage is None else msgspec.structs.astuple(chunk.usage)[::-1]
        loop.call_soon_threadsafe(pieces.put_nowait, (chunk.text, made, read))

    try:
        server.handle_chat_completions(json.dumps(body), receive)
    finally:
        loop.call_soon_threadsafe(pieces.put_nowait, None)


# ---------------------------------------------------------------------------------------------
# Figures


def figures(answers: Mapping[str, Sequence[Answer]], group: str) -> list[Figure]:
    """Returns what came out for a group of conversations ("alone", "in_turn"), all engines."""
    out: list[Figure] = []
    words = group.replace("_", " ")
    for name, given in answers.items():
        prefix = f"{group}.{dotted(name)}"
        out += [
            Figure(
                name=f"{prefix}.first_token",
                title=f"{words}: first token, {name}",
                unit="ms",
                better="lower",
                summary=summary([1000.0 * a.first_s for a in given]),
                note="history as the engine itself has kept it since the turn before",
            ),
            Figure(
                name=f"{prefix}.speed",
                title=f"{words}: speed after it, {name}",
                unit="tokens/s",
                better="higher",
                summary=summary([a.tokens_per_s for a in given]),
            ),
        ]
    ours = answers[OURS]
    for name, given in answers.items():
        if name == OURS:
            continue
        pairs = list(zip(ours, given, strict=True))
        prefix = f"{group}.{dotted(name)}"
        out += [
            Figure(
                name=f"{prefix}.first_token_ratio",
                title=f"{words}: first token, {name} / ours",
                unit="x",
                better="higher",
                summary=summary([theirs.first_s / own.first_s for own, theirs in pairs]),
                note="request by request",
            ),
            Figure(
                name=f"{prefix}.same_text",
                title=f"{words}: same answers, {name}",
                unit="%",
                value=100.0 * sum(own.text == theirs.text for own, theirs in pairs) / len(pairs),
                note="greedy; kept prefixes and batches round differently, which may turn a word",
            ),
        ]
    return out


def _items(answers: Mapping[str, Sequence[Answer]], group: str) -> Iterator[dict[str, Any]]:
    for name, given in answers.items():
        for answer in given:
            yield {"group": group, "engine": name, **asdict(answer)}


# ---------------------------------------------------------------------------------------------
# The command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this bench."""
    parser.add_argument("--model", default=LlmOptions().model, help="model of llama.cpp")
    parser.add_argument("--threads", type=int, default=UNPLANNED_THREADS, help="of our engine")
    parser.add_argument("--limit", type=int, default=0, help="only N requests of each group")


def run(args: argparse.Namespace) -> Run:
    """Runs the measurement.

    Raises:
        VoiceAvatarError: the model is missing, or an engine failed.
    """
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> Run:
    options = LlmOptions(model=args.model, threads=args.threads)
    store = ModelStore()
    engine: LlmEngine = load_engine("llm", options, store)
    gguf = store.resolve(options.model).main
    askers = {
        OURS: our_asker(engine),
        "xllamacpp": plain_asker(gguf, 0, options.context_tokens),
        "xllamacpp, our threads": plain_asker(gguf, args.threads, options.context_tokens),
    }
    conversations = read_conversations()
    groups = {"alone": conversations[:1], "in_turn": conversations}
    try:
        answers = {
            group: await ask_all(askers, talks, args.limit) for group, talks in groups.items()
        }
        given_up = await aborts(engine, conversations)
    finally:
        await engine.aclose()
    out = [figure for group, given in answers.items() for figure in figures(given, group)]
    if given_up:
        out.append(
            Figure(
                name="abort",
                title="an unwanted request is given up",
                unit="ms",
                better="lower",
                summary=summary([1000.0 * s for s in given_up]),
                note="ours; until llama.cpp itself works on it no more",
            )
        )
    return results_of(
        "llm",
        out,
        [item for group, given in answers.items() for item in _items(given, group)],
        subject=engines_subject({"llm": options.model}, store),
        settings={"options": chosen(options, LlamaCppOptions()), "tokens": TOKENS},
        command=repeating("llm", model=args.model, threads=args.threads, limit=args.limit),
    )
