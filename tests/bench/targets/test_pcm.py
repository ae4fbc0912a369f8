"""The adapter for raw PCM: the dialect of `voicebench`."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.edge import hush, tone
from kit.foreign import Ear, serving, voice
from websockets.asyncio.server import ServerConnection

from voice_avatar.bench.callers.call import CallOptions, hold_call
from voice_avatar.bench.callers.interrupt_call import hold_trial
from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.figures.interrupt import Trial
from voice_avatar.bench.figures.line_events import (
    AudioCame,
    LineEvent,
    ReplyBegan,
    ReplyEnded,
    Trouble,
    UserHeard,
)
from voice_avatar.bench.measures.interrupt import judged
from voice_avatar.bench.targets.options import DialOptions
from voice_avatar.bench.targets.pcm import Pcm
from voice_avatar.bench.targets.registry import open_target
from voice_avatar.bench.targets.websocket_line import MALFORMED, Message

HZ = 16_000


def heard(*messages: Message, rate_hz: int = 24_000) -> list[LineEvent]:
    dialect = Pcm(rate_hz)
    dialect.mic(voice(0.02, HZ))
    return [event for message in messages for event in dialect.read(message, 1.0)]


def test_audio_is_taken_at_the_rate_that_was_given() -> None:
    began, came = heard(voice(0.1, 24_000))
    assert began == ReplyBegan(1.0, "1")
    assert isinstance(came, AudioCame)
    assert (came.rate_hz, len(came.pcm)) == (24_000, 4800)


def test_clear_is_an_interruption_and_transcripts_say_who_said_what() -> None:
    found = heard(
        voice(1.0, 24_000),
        '{"type":"transcript","role":"user","text":"Hm","final":false}',
        '{"type":"transcript","role":"user","text":"How old is it?","final":true}',
        '{"type":"transcript","role":"agent","text":"Ten years."}',
        '{"type":"clear"}',
    )
    assert found[2:] == [
        UserHeard(1.0, "How old is it?"),
        ReplyEnded(1.0, "1", is_interrupted=True, text="Ten years."),
    ]


def test_what_is_said_first_is_said_once() -> None:
    dialect = Pcm(HZ, '{"type":"start"}')
    assert dialect.to_send() == ['{"type":"start"}']
    assert dialect.to_send() == []
    assert Pcm(HZ).to_send() == []


@pytest.mark.parametrize("message", [b"\1", "{", "[]", '{"type":7}', '{"final":"maybe"}'])
def test_a_message_that_breaks_the_dialect_is_told_and_passed_over(message: Message) -> None:
    assert heard(message) == [Trouble(1.0, MALFORMED)]


@pytest.mark.parametrize("message", ["{}", '{"type":"pong"}', '{"type":"transcript"}', b""])
def test_a_message_that_says_nothing_to_us_is_passed_over(message: Message) -> None:
    assert heard(message) == []


@given(st.lists(st.binary(max_size=40) | st.text(max_size=40), max_size=10))
def test_whatever_comes_is_an_event_or_nothing(messages: list[Message]) -> None:
    for event in heard(*messages):
        assert event.at_s == 1.0


# -- whole turns


async def parrot(socket: ServerConnection) -> None:
    """Answers in bursts, and falls silent when it is spoken to."""
    ear = Ear()
    async for frame in socket:
        if isinstance(frame, str):
            continue
        match ear.hear(frame):
            case "began" if ear.frames > 60:
                await socket.send('{"type":"clear"}')
            case "ended":
                told = {"type": "transcript", "role": "user", "text": "One two.", "final": True}
                await socket.send(json.dumps(told))
                await socket.send(voice(1.4, 24_000, quiet_s=0.1))


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_turn_is_measured_from_the_end_of_speech_to_the_first_sound() -> None:
    clip = Clip("said", tone(0.6) + hush(0.1), int(0.6 * HZ), "One two.")
    async with serving(parrot) as url:
        target = open_target(url, "pcm", DialOptions(rate_hz=24_000, hello="{}"))
        (result,) = await hold_call(target, [clip], CallOptions(gap_s=0.2))
    # 5 quiet frames until the ear is sure, and 0.1 s of silence at the start of the answer.
    assert result.v2v_s == pytest.approx(0.2, abs=0.06)
    assert result.heard == "One two."
    assert not result.is_cut_off
    assert result.underruns == 0
    assert result.trouble == ()


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_an_interruption_is_measured_from_its_onset_to_the_last_sample_played() -> None:
    question = tone(0.6) + hush(0.2)
    trial = Trial("tone", "speech", question, tone(0.5), 0, after_s=0.4)
    async with serving(parrot) as url:
        target = open_target(url, "pcm", DialOptions(rate_hz=24_000))
        noted = await hold_trial(target, trial, metrics="", buffer_s=0.0, timeout_s=3.0)
    cut = judged(trial, noted, buffer_s=0.0).cut
    assert cut.is_cut
    assert cut.last_played_s == pytest.approx(0.02, abs=0.06)
    assert cut.stale_frames == 0
    assert np.isclose(cut.told_s or 0.0, cut.last_played_s)
