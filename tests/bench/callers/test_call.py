"""A call: what is said, heard, played and reported."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from kit.bench_turns import said
from kit.edge import BRISK, engines, running, tone

from voice_avatar.bench.callers.call import RETRANSMISSION_S, CallOptions, hold_call
from voice_avatar.bench.figures.line_events import (
    AudioCame,
    LineEvent,
    ReplyBegan,
    ReplyEnded,
    Subject,
)
from voice_avatar.bench.targets.registry import open_target
from voice_avatar.bench.targets.target import Line, TargetCapabilities
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.errors import ConnectionFailed

HZ = 16_000
FRAME_BYTES = 640


# -- with a real server


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_session_of_turns_is_measured_from_speech_to_speech() -> None:
    voice = ScriptedTts(symbol_samples=BRISK)
    async with running(engines("Hello, my friend.", tts=voice)) as server:
        target = open_target(server.url)
        results = await hold_call(target, [said(), said(0.9)], CallOptions(gap_s=0.3))
        await server.settled()
    assert [result.number for result in results] == [0, 1]
    for result in results:
        assert result.v2v_s is not None
        assert result.v2v_s > 0
        assert not result.is_cut_off
        assert result.reply == "Hello, my friend."
        assert result.heard
        assert result.reaction_s is not None
        assert result.waterfall is not None
        assert result.waterfall.total_s == pytest.approx(result.v2v_s, abs=0.005)
        assert abs(result.waterfall.residual_s) < 0.5
        assert result.underruns == 0


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_greeting_is_heard_out_and_is_no_answer(tmp_path: Path) -> None:
    persona = tmp_path / "greeting.toml"
    persona.write_text('name = "A"\nprompt = "You are A."\ngreeting = "Good day, all of you."\n')
    voice = ScriptedTts(symbol_samples=BRISK)
    async with running(engines("Hello.", tts=voice), persona=str(persona)) as server:
        target = open_target(server.url)
        (result,) = await hold_call(target, [said()], CallOptions(gap_s=0.3))
        await server.settled()
    assert result.reply == "Hello."
    assert result.v2v_s is not None
    assert not result.is_cut_off


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(ConnectionFailed):
        await hold_call(open_target("ws://127.0.0.1:9"), [said()], CallOptions())


# -- with a line that notes what it was sent


class Tape:
    """A line that answers as it was told and keeps what it was sent; see `Line`."""

    def __init__(
        self, *, silent: bool = False, ends: bool = False, cuts: bool = False, mic_hz: int = HZ
    ) -> None:
        self.capabilities = TargetCapabilities("tape", mic_hz, False, False, False, False, True)
        self.subject = Subject("tape")
        self.frames: list[tuple[float, bytes]] = []
        self.reports: list[tuple[str, int]] = []
        self._silent = silent
        self._ends = ends
        self._cuts = cuts
        self._events: asyncio.Queue[LineEvent | None] = asyncio.Queue()

    @asynccontextmanager
    async def dial(self) -> AsyncIterator[Line]:
        yield self

    async def send(self, pcm: bytes) -> None:
        was_speech = bool(self.frames) and any(self.frames[-1][1])
        self.frames.append((time.monotonic(), pcm))
        if was_speech and not any(pcm):
            if self._ends:
                self._events.put_nowait(None)
            elif not self._silent:
                self._answer(time.monotonic())

    def _answer(self, now_s: float) -> None:
        reply = str(len(self.frames))
        self._events.put_nowait(ReplyBegan(now_s, reply))
        self._events.put_nowait(AudioCame(now_s, reply, tone(0.3), HZ))
        self._events.put_nowait(ReplyEnded(now_s, reply))
        if self._cuts:
            asyncio.get_running_loop().call_later(0.1, self._cut, reply)

    def _cut(self, reply: str) -> None:
        self._events.put_nowait(ReplyEnded(time.monotonic(), reply, is_interrupted=True))

    async def played(self, reply: str, samples: int) -> None:
        self.reports.append((reply, samples))

    async def events(self) -> AsyncIterator[LineEvent]:
        while (event := await self._events.get()) is not None:
            yield event


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_frames_go_out_whole_in_order_and_never_ahead_of_time() -> None:
    tape = Tape()
    begun_s = time.monotonic()
    clip = said(0.5, 0.03)
    await hold_call(tape, [clip, clip], CallOptions(gap_s=0.1))
    assert {len(frame) for _, frame in tape.frames} == {FRAME_BYTES}
    for number, (at_s, _) in enumerate(tape.frames):
        assert at_s - begun_s >= 0.02 * (number + 1) - 1e-3
    assert b"".join(frame for _, frame in tape.frames).count(clip.pcm) == 2


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_what_was_played_is_reported_to_who_wants_to_know() -> None:
    tape = Tape()
    (result,) = await hold_call(tape, [said()], CallOptions(gap_s=0.5))
    assert result.v2v_s is not None
    samples = [count for _, count in tape.reports]
    assert samples == sorted(samples)
    assert samples[-1] == int(0.3 * HZ)


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_what_was_played_of_a_reply_that_is_cut_is_reported_at_once_and_last() -> None:
    tape = Tape(cuts=True)
    await hold_call(tape, [said()], CallOptions(gap_s=0.5))
    samples = [count for _, count in tape.reports]
    assert samples == sorted(samples)
    assert samples[-1] == pytest.approx(0.1 * HZ, abs=0.02 * HZ)


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_line_gets_the_rate_that_it_takes() -> None:
    tape = Tape(mic_hz=24_000)
    (result,) = await hold_call(tape, [said(0.5, 0.03)], CallOptions(gap_s=0.1))
    assert result.v2v_s is not None
    assert {len(frame) for _, frame in tape.frames} == {960}
    spoken = [frame for _, frame in tape.frames if any(frame)]
    assert len(spoken) == pytest.approx(26, abs=1)


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_turn_without_an_answer_is_missed_after_its_time() -> None:
    (result,) = await hold_call(Tape(silent=True), [said()], CallOptions(0.1, timeout_s=0.5))
    assert result.is_missed


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_session_that_ends_too_early_is_told() -> None:
    with pytest.raises(ConnectionFailed):
        await hold_call(Tape(ends=True), [said(), said()], CallOptions(0.1, timeout_s=0.3))


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_jitter_and_loss_delay_frames_in_order_and_cost_the_user_time() -> None:
    clean, rough = Tape(), Tape()
    clip = said(0.6)
    await hold_call(clean, [clip], CallOptions(gap_s=0.1))
    options = CallOptions(gap_s=0.1, jitter_s=0.01, loss=0.1, seed=1)
    (result,) = await hold_call(rough, [clip], options)
    assert result.v2v_s is not None
    assert clip.pcm in b"".join(frame for _, frame in rough.frames)

    def longest_s(tape: Tape) -> float:
        at_s = [sent_s for sent_s, _ in tape.frames]
        return max(b - a for a, b in itertools.pairwise(at_s))

    assert longest_s(rough) > RETRANSMISSION_S / 2
