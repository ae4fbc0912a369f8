"""The adapter for Pipecat: frames as its package encodes them, RTVI as a bot of 1.14 sends it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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
    DurationsTold,
    LineEvent,
    Reacted,
    ReplyBegan,
    ReplyEnded,
    SpeechNoticed,
    Subject,
    Trouble,
    TurnCommitted,
    UserHeard,
)
from voice_avatar.bench.figures.v2v import figures
from voice_avatar.bench.measures.interrupt import judged
from voice_avatar.bench.targets import pipecat_frames
from voice_avatar.bench.targets.pipecat import Pipecat
from voice_avatar.bench.targets.registry import open_target
from voice_avatar.bench.targets.websocket_line import MALFORMED, Message

HZ = 16_000

AUDIO = bytes.fromhex(
    "122608d30212154f7574707574417564696f5261774672616d6523301a040100020020c0bb0128013007"
)
INTERRUPTION = bytes.fromhex("2a180892011213496e74657272757074696f6e4672616d652330")
TRANSCRIPTION = bytes.fromhex(
    "1a31080312145472616e736372697074696f6e4672616d6523301a0e486f77206f6c642069732069743f2201752a04"
    "32303236"
)
TEXT = bytes.fromhex("0a160809120b546578744672616d6523301a0548656c6c6f")
MESSAGE = bytes.fromhex(
    "22370a357b226c6162656c223a2022727476692d6169222c202274797065223a2022757365722d737461727465642d"
    "737065616b696e67227d"
)
"""What `frames_pb2` of pipecat-ai 1.14.0 serialises, field `pts` and unread ones included."""


def rtvi(kind: str, **data: Any) -> bytes:
    told = {"label": "rtvi-ai", "type": kind, "data": data}
    return pipecat_frames.said(json.dumps(told))


def audio_of(pcm: bytes, rate_hz: int = 24_000, channels: int = 1) -> bytes:
    """Returns a frame of any number of channels, as the real package would write it."""
    frame = pipecat_frames.audio(pcm, rate_hz)
    return frame[:-1] + bytes([channels])


def asked() -> Pipecat:
    dialect = Pipecat()
    dialect.to_send()
    dialect.mic(voice(0.02, HZ))
    return dialect


def heard(*messages: Message) -> list[LineEvent]:
    dialect = asked()
    return [event for message in messages for event in dialect.read(message, 1.0)]


# -- frames


def test_frames_are_those_of_the_real_package() -> None:
    kind, frame = pipecat_frames.parse(AUDIO)
    assert (kind, frame.audio, frame.sample_rate) == ("audio", b"\1\0\2\0", 24_000)
    assert pipecat_frames.parse(INTERRUPTION)[0] == "interruption"
    kind, frame = pipecat_frames.parse(TRANSCRIPTION)
    assert (kind, frame.text) == ("transcription", "How old is it?")
    assert pipecat_frames.parse(TEXT)[0] == ""
    kind, frame = pipecat_frames.parse(MESSAGE)
    assert json.loads(frame.data)["type"] == "user-started-speaking"
    assert pipecat_frames.audio(b"\1\0\2\0", HZ).hex() == "120b1a040100020020807d2801"
    assert pipecat_frames.said("{}").hex() == "22040a027b7d"


def test_audio_of_more_channels_is_mixed() -> None:
    stereo = np.array([[4000, 2000]] * 240, "<i2").tobytes()
    (_, came) = heard(audio_of(stereo, channels=2))
    assert isinstance(came, AudioCame)
    assert came.rate_hz == 24_000
    assert set(np.frombuffer(came.pcm, "<i2")) == {3000}


# -- a conversation


def test_the_first_word_is_that_the_client_is_ready() -> None:
    dialect = Pipecat()
    (said,) = dialect.to_send()
    assert isinstance(said, bytes)
    told = json.loads(pipecat_frames.parse(said)[1].data)
    assert (told["label"], told["type"]) == ("rtvi-ai", "client-ready")
    assert told["data"]["version"]
    assert not dialect.is_ready
    about = {"library": "pipecat-ai", "library_version": "1.14.0"}
    assert list(dialect.read(rtvi("bot-ready", version="2.2.0", about=about), 1.0)) == []
    assert dialect.is_ready
    assert dialect.subject == Subject("pipecat-ai", "1.14.0")


def test_a_bot_without_rtvi_is_spoken_to_after_a_while() -> None:
    dialect = Pipecat()
    dialect.late()
    assert dialect.is_ready


def test_a_turn_as_a_bot_of_1_14_tells_it() -> None:
    tone_ = voice(0.5, 24_000)
    said = {"text": "How old is it?", "final": True, "user_id": "", "timestamp": "2026"}
    words = {"text": "Ten years.", "spoken": True, "spoken_status": "completed"}
    found = heard(
        INTERRUPTION,
        rtvi("user-started-speaking"),
        rtvi("bot-interrupted"),
        rtvi("metrics"),
        rtvi("user-input", **said, input_type="transcription"),
        rtvi("user-transcription", **said),
        TRANSCRIPTION,
        rtvi("user-llm-text", text="How old is it?"),
        rtvi("user-stopped-speaking"),
        rtvi("bot-llm-started"),
        rtvi("bot-llm-text", text="Ten years."),
        rtvi("bot-tts-started"),
        audio_of(tone_),
        rtvi("bot-started-speaking"),
        rtvi("bot-output", text="Ten years.", spoken=False, spoken_status="new"),
        audio_of(tone_),
        rtvi("bot-output", **words),
        rtvi("bot-stopped-speaking"),
    )
    assert found == [
        SpeechNoticed(1.0, is_end=False),
        UserHeard(1.0, "How old is it?"),
        TurnCommitted(1.0),
        Reacted(1.0, "state:thinking"),
        ReplyBegan(1.0, "1"),
        AudioCame(1.0, "1", tone_, 24_000),
        AudioCame(1.0, "1", tone_, 24_000),
        ReplyEnded(1.0, "1", text="Ten years."),
    ]


def test_interim_and_typed_words_and_hums_are_not_what_was_heard() -> None:
    assert (
        heard(
            rtvi("user-input", text="How", final=False, input_type="transcription"),
            rtvi("user-input", text="mhm", final=True, input_type="backchannel"),
            rtvi("user-input", text="typed", final=True, input_type="chat"),
            rtvi("user-transcription", text="How", final=False),
            rtvi("user-input", text="  ", final=True, input_type="transcription"),
        )
        == []
    )


def test_bots_before_1_13_and_without_rtvi_tell_what_they_heard_too() -> None:
    assert heard(rtvi("user-transcription", text="Hm?", final=True)) == [UserHeard(1.0, "Hm?")]
    assert heard(TRANSCRIPTION) == [UserHeard(1.0, "How old is it?")]


def test_an_interruption_cuts_the_reply_once() -> None:
    found = heard(audio_of(voice(2.0, 24_000)), INTERRUPTION, rtvi("bot-interrupted"), INTERRUPTION)
    assert found[2:] == [ReplyEnded(1.0, "1", is_interrupted=True)]


def test_metrics_tell_times_and_models() -> None:
    dialect = asked()
    first = [
        {"processor": "WhisperSTTService#0", "model": "/some/where/whisper-base", "value": 1.25},
        {"processor": "OpenAILLMService#0", "model": "smollm2", "value": 0.0},
        {"processor": "Filter#0", "value": 0.5},
    ]
    found = list(dialect.read(rtvi("metrics", ttfb=first, processing=first), 2.0))
    assert found == [DurationsTold(2.0, {"stt": 1.25})]
    assert dialect.subject.models == {"stt": "whisper-base"}
    more = [{"processor": "PiperTTSService#0", "model": "", "value": 0.2}]
    assert list(dialect.read(rtvi("metrics", ttfb=more), 2.0)) == [DurationsTold(2.0, {"tts": 0.2})]
    assert dialect.subject.models == {"stt": "whisper-base"}


def test_errors_are_trouble() -> None:
    found = heard(
        rtvi("error", error="No voice.", fatal=True), rtvi("error-response", error="What?")
    )
    assert found == [
        Trouble(1.0, "rtvi_error", is_fatal=True),
        Trouble(1.0, "rtvi_error_response"),
    ]


# -- what breaks the dialect


@pytest.mark.parametrize(
    "message",
    [
        "text",
        b"\xff\xff",
        b"\x12",
        pipecat_frames.said("{"),
        pipecat_frames.said('{"type":7}'),
        pipecat_frames.audio(b"\1", HZ),
        pipecat_frames.audio(b"\1\0", 0),
        audio_of(b"\1\0", channels=2),
    ],
)
def test_a_message_that_breaks_the_dialect_is_told_and_passed_over(message: Message) -> None:
    assert heard(message) == [Trouble(1.0, MALFORMED)]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        TEXT,
        pipecat_frames.said('{"label":"ours","type":"bot-stopped-speaking"}'),
        pipecat_frames.said('{"label":"rtvi-ai","type":"new-in-3.0","data":[1]}'),
        rtvi("user-transcription", text=7, final=True),
        rtvi("user-transcription"),
        rtvi("metrics", ttfb="slow"),
        rtvi("metrics", ttfb=[7, {}, {"processor": "STT", "value": "slow"}]),
        rtvi("bot-ready", about=7),
        rtvi("bot-output", spoken=True),
    ],
)
def test_a_message_that_says_nothing_to_us_is_passed_over(message: Message) -> None:
    assert heard(message) == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_KINDS = st.sampled_from(
    "bot-ready user-started-speaking user-stopped-speaking user-input user-transcription"
    " bot-llm-started bot-output bot-stopped-speaking metrics error".split()
)
_FIELDS = st.sampled_from(
    "text final about ttfb spoken fatal input_type processor value model".split()
)


@given(
    st.lists(
        st.binary(max_size=40)
        | st.text(max_size=10)
        | st.tuples(_KINDS, st.dictionaries(_FIELDS, _JSON)),
        max_size=12,
    )
)
def test_whatever_comes_is_an_event_or_nothing(
    messages: list[bytes | str | tuple[str, Mapping[str, Any]]],
) -> None:
    said = (rtvi(m[0], **m[1]) if isinstance(m, tuple) else m for m in messages)
    for event in heard(*said):
        assert event.at_s == 1.0


# -- whole turns


async def bot(socket: ServerConnection) -> None:
    """Speaks RTVI and answers in one burst; falls silent when it is spoken to."""
    ear = Ear()
    async for message in socket:
        assert isinstance(message, bytes)
        kind, frame = pipecat_frames.parse(message)
        if kind == "message":
            await socket.send(rtvi("bot-ready", about={"library": "tiny", "library_version": "1"}))
            continue
        assert (frame.sample_rate, len(frame.audio)) == (HZ, 640)
        match ear.hear(frame.audio):
            case "began":
                await socket.send(INTERRUPTION)
                await socket.send(rtvi("user-started-speaking"))
            case "ended":
                said = {"text": "One two.", "final": True}
                await socket.send(rtvi("user-transcription", **said))
                await socket.send(rtvi("user-stopped-speaking"))
                ttfb = [{"processor": "TinyTTS#0", "value": 0.05}]
                await socket.send(rtvi("metrics", ttfb=ttfb))
                await socket.send(audio_of(voice(1.4, 24_000, quiet_s=0.1)))
                await socket.send(rtvi("bot-output", text="Three.", spoken=True))
                await socket.send(rtvi("bot-stopped-speaking"))


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_turn_is_measured_with_what_the_bot_tells_of_it() -> None:
    clip = Clip("said", tone(0.6) + hush(0.1), int(0.6 * HZ), "One two.")
    async with serving(bot) as url:
        (result,) = await hold_call(open_target(url, "pipecat"), [clip], CallOptions(gap_s=0.2))
    # 5 quiet frames until the ear is sure, and 0.1 s of silence at the start of the answer.
    assert result.v2v_s == pytest.approx(0.2, abs=0.06)
    assert (result.heard, result.reply) == ("One two.", "Three.")
    assert result.commits_s == ()
    assert result.durations_s == {"tts": 0.05}
    assert result.trouble == ()
    told = {figure.name: figure.summary for figure in figures([result])}["told.tts"]
    assert told is not None
    assert told.p50 == pytest.approx(50)


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_an_interruption_is_measured_from_its_onset_to_the_last_sample_played() -> None:
    question = tone(0.6) + hush(0.2)
    trial = Trial("tone", "speech", question, tone(0.5), 0, after_s=0.4)
    async with serving(bot) as url:
        target = open_target(url, "pipecat")
        noted = await hold_trial(target, trial, metrics="", buffer_s=0.0, timeout_s=3.0)
    cut = judged(trial, noted, buffer_s=0.0).cut
    assert cut.is_cut
    assert cut.noticed_s == pytest.approx(0.02, abs=0.06)
    assert cut.last_played_s == pytest.approx(0.02, abs=0.06)
