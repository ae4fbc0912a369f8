"""The adapter for OpenAI's Realtime protocol, by its names of today and of its beta."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit import realtime_examples as examples
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
    Reacted,
    ReplyBegan,
    ReplyEnded,
    SpeechNoticed,
    Subject,
    Trouble,
    TurnCommitted,
    UserHeard,
)
from voice_avatar.bench.measures.interrupt import judged
from voice_avatar.bench.targets.options import DialOptions
from voice_avatar.bench.targets.realtime import PCM_HZ, Realtime
from voice_avatar.bench.targets.registry import open_target
from voice_avatar.bench.targets.websocket_line import MALFORMED, Message
from voice_avatar.errors import ConnectionFailed

HZ = 16_000
PCM = voice(2.0, PCM_HZ)


def take(dialect: Realtime, events: Sequence[dict[str, Any]], at_s: float = 1.0) -> list[LineEvent]:
    return [event for told in events for event in dialect.read(json.dumps(told), at_s)]


def sent(dialect: Realtime) -> list[dict[str, Any]]:
    return [json.loads(message) for message in dialect.to_send()]


def opened(instructions: str = "") -> Realtime:
    dialect = Realtime(instructions)
    take(dialect, examples.opened())
    dialect.to_send()
    return dialect


# -- the session


def test_a_server_of_today_is_asked_for_pcm_both_ways_and_keeps_what_it_has_set() -> None:
    dialect = Realtime("Be brief.")
    assert sent(dialect) == []
    take(dialect, examples.opened()[:1])
    assert not dialect.is_ready
    pcm = {"type": "audio/pcm", "rate": 24_000}
    assert sent(dialect) == [
        {
            "type": "session.update",
            "session": {
                "type": "realtime",
                "output_modalities": ["audio"],
                "audio": {"input": {"format": pcm}, "output": {"format": pcm}},
                "instructions": "Be brief.",
            },
        }
    ]
    take(dialect, examples.opened()[1:])
    assert dialect.is_ready
    models = {"llm": "small-realtime", "stt": "whisper-1", "tts": "marin"}
    assert dialect.subject == Subject(models=models)


def test_a_server_that_has_set_nothing_is_asked_for_turns_and_transcripts() -> None:
    dialect = Realtime()
    take(dialect, [{"type": "session.created", "session": {"type": "realtime"}}])
    (update,) = sent(dialect)
    heard = update["session"]["audio"]["input"]
    assert heard["turn_detection"] == {"type": "server_vad"}
    assert heard["transcription"] == {"model": "whisper-1"}
    assert "instructions" not in update["session"]


def test_a_server_of_the_beta_is_asked_in_its_own_words() -> None:
    dialect = Realtime("Be brief.")
    bare = examples.BETA_SESSION | {"turn_detection": None, "input_audio_transcription": None}
    take(dialect, [{"type": "session.created", "session": bare}])
    assert sent(dialect) == [
        {
            "type": "session.update",
            "session": {
                "modalities": ["audio", "text"],
                "input_audio_format": "pcm16",
                "output_audio_format": "pcm16",
                "turn_detection": {"type": "server_vad"},
                "input_audio_transcription": {"model": "whisper-1"},
                "instructions": "Be brief.",
            },
        }
    ]
    take(dialect, [{"type": "session.updated", "session": examples.BETA_SESSION}])
    assert dialect.is_ready
    assert dialect.subject.models["tts"] == "alloy"


def test_a_session_that_is_refused_late_or_not_pcm_is_told() -> None:
    with pytest.raises(ConnectionFailed, match="response_cancel_not_active"):
        take(Realtime(), [examples.ERROR])
    with pytest.raises(ConnectionFailed, match="within"):
        Realtime().late()
    for session in (
        {"audio": {"output": {"format": {"type": "audio/pcmu"}}}},
        {"output_audio_format": "g711_ulaw"},
    ):
        with pytest.raises(ConnectionFailed, match="not PCM"):
            take(Realtime(), [{"type": "session.updated", "session": session}])


def test_an_error_in_a_session_is_trouble() -> None:
    assert take(opened(), [examples.ERROR]) == [Trouble(1.0, "response_cancel_not_active")]
    assert take(opened(), [{"type": "error"}]) == [Trouble(1.0, "error")]


# -- turns


@pytest.mark.parametrize("is_beta", [False, True])
def test_a_turn_by_either_names(is_beta: bool) -> None:
    assert take(opened(), examples.turn(PCM, is_beta=is_beta)) == [
        SpeechNoticed(1.0, is_end=False, sample=6400),
        SpeechNoticed(1.0, is_end=True, sample=32_000),
        TurnCommitted(1.0),
        Reacted(1.0, "state:thinking"),
        ReplyBegan(1.0, "resp_1"),
        AudioCame(1.0, "resp_1", PCM[: len(PCM) // 2], PCM_HZ),
        UserHeard(1.0, "How old is it?"),
        AudioCame(1.0, "resp_1", PCM[len(PCM) // 2 :], PCM_HZ),
        ReplyEnded(1.0, "resp_1", text="Ten years."),
    ]


def test_microphone_audio_is_base64() -> None:
    assert json.loads(opened().mic(b"\1\0\2\0")) == {
        "type": "input_audio_buffer.append",
        "audio": "AQACAA==",
    }


def test_a_response_before_anybody_spoke_is_a_greeting() -> None:
    created = {"type": "response.created", "response": examples.response("in_progress")}
    assert take(opened(), [created]) == [ReplyBegan(1.0, "resp_1", is_filler=True)]


def test_speech_over_a_response_cuts_it_and_the_server_is_told_what_was_played() -> None:
    dialect = opened()
    take(dialect, examples.turn(PCM)[:-1])  # not done yet
    dialect.played("resp_1", 24_000)
    assert sent(dialect) == []
    found = take(dialect, examples.interruption(), 2.0)
    assert found == [
        SpeechNoticed(2.0, is_end=False, sample=64_000),
        ReplyEnded(2.0, "resp_1", is_interrupted=True, text="Ten years."),
    ]
    for _ in range(2):
        dialect.played("resp_1", 36_000)
    truncate = {"item_id": "item_2", "content_index": 0, "audio_end_ms": 1500}
    assert sent(dialect) == [{"type": "conversation.item.truncate", **truncate}]


def test_a_response_that_came_whole_is_cut_for_as_long_as_it_is_played() -> None:
    dialect = opened()
    take(dialect, examples.turn(PCM))
    began = examples.interruption()[:1]
    dialect.played("resp_1", 47_999)
    assert take(dialect, began)[1:] == [
        ReplyEnded(1.0, "resp_1", is_interrupted=True, text="Ten years.")
    ]
    assert take(dialect, began)[1:] == []
    played_out = opened()
    take(played_out, examples.turn(PCM))
    played_out.played("resp_1", 48_000)
    assert take(played_out, began)[1:] == []


def test_never_more_is_truncated_than_there_is() -> None:
    dialect = opened()
    take(dialect, examples.turn(PCM)[:-1])
    take(dialect, examples.interruption())
    dialect.played("resp_1", 99_999)
    assert sent(dialect)[0]["audio_end_ms"] == 2000


def test_what_was_played_counts_from_the_item_in_which_it_ends() -> None:
    dialect = opened()
    take(dialect, examples.turn(PCM)[:-1])
    delta = {
        "type": "response.output_audio.delta",
        "response_id": "resp_1",
        "item_id": "item_9",
        "content_index": 1,
        "delta": base64.b64encode(PCM).decode(),
    }
    take(dialect, [delta])
    take(dialect, examples.interruption())
    dialect.played("resp_1", 48_000 + 12_000)
    (truncate,) = sent(dialect)
    assert (truncate["item_id"], truncate["content_index"]) == ("item_9", 1)
    assert truncate["audio_end_ms"] == 500


def test_a_response_that_is_cancelled_before_it_was_heard_is_cut_and_not_truncated() -> None:
    dialect = opened()
    take(dialect, examples.turn(PCM)[:5])
    found = take(dialect, examples.interruption())
    assert found[1:] == [ReplyEnded(1.0, "resp_1", is_interrupted=True)]
    dialect.played("resp_1", 0)
    dialect.played("resp_7", 0)
    assert sent(dialect) == []


def test_a_server_that_lets_nobody_interrupt_is_not_flushed_by_speech() -> None:
    dialect = opened()
    turns = {"type": "server_vad", "interrupt_response": False}
    session = {"audio": {"input": {"turn_detection": turns}}}
    take(dialect, [{"type": "session.updated", "session": session}])
    take(dialect, examples.turn(PCM)[:-1])
    assert [type(event) for event in take(dialect, examples.interruption())] == [
        SpeechNoticed,
        ReplyEnded,  # by the cancelled response alone
    ]


@pytest.mark.parametrize("status", ["failed", "incomplete"])
def test_a_response_that_fails_is_trouble(status: str) -> None:
    dialect = opened()
    take(dialect, examples.turn(PCM)[:5])
    done = {"type": "response.done", "response": examples.response(status, "content_filter")}
    assert take(dialect, [done]) == [
        Trouble(1.0, f"response_{status}:content_filter"),
        ReplyEnded(1.0, "resp_1"),
    ]


def test_a_transcription_that_fails_is_trouble() -> None:
    failed = {"type": "conversation.item.input_audio_transcription.failed", "item_id": "item_1"}
    assert take(opened(), [failed]) == [Trouble(1.0, "transcription_failed")]


# -- what breaks the dialect


def _delta(**fields: Any) -> str:
    told = {"type": "response.output_audio.delta", "response_id": "resp_1", "item_id": "item_2"}
    return json.dumps(told | fields)


@pytest.mark.parametrize(
    "message",
    [
        b"{}",
        b"\xff",
        "{",
        "[]",
        "{}",
        '{"type":7}',
        '{"type":"response.created"}',
        _delta(delta="?"),
        _delta(delta="é"),
        _delta(delta="AQ=="),
        _delta(delta="AQACAA==", response_id="resp_7"),
    ],
)
def test_a_message_that_breaks_the_dialect_is_told_and_passed_over(message: Message) -> None:
    dialect = opened()
    take(dialect, examples.turn(PCM)[:5])
    assert dialect.read(message, 1.0) == [Trouble(1.0, MALFORMED)]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "rate_limits.updated", "rate_limits": []},
        {"type": "x.y"},
        {"type": "response.new_in_2027", "response_id": "resp_9"},
        {"type": "response.done"},
        {"type": "conversation.item.input_audio_transcription.completed"},
    ],
)
def test_an_event_that_says_nothing_to_us_is_passed_over(event: dict[str, Any]) -> None:
    assert take(opened(), [event]) == []


def test_a_place_that_is_no_number_is_unknown() -> None:
    for wrong in ("soon", True, -1, 1e300, None):
        event = {"type": "input_audio_buffer.speech_started", "audio_start_ms": wrong}
        assert take(opened(), [event]) == [SpeechNoticed(1.0, is_end=False, sample=None)]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)


@st.composite
def spoilt(draw: st.DrawFn) -> list[str | bytes]:
    """Returns a session in which fields are lost or changed, messages too."""
    said: list[str | bytes] = []
    for event in [*examples.opened(), *examples.turn(b"\1\2" * 8), *examples.interruption()]:
        match draw(st.integers(0, 5)):
            case 0:
                said.append(draw(st.text(max_size=20) | st.binary(max_size=20)))
            case 1:
                field = draw(st.sampled_from(sorted(event)))
                said.append(json.dumps(event | {field: draw(_JSON)}))
            case 2:
                field = draw(st.sampled_from(sorted(event)))
                said.append(json.dumps({k: v for k, v in event.items() if k != field}))
            case 3:
                continue
            case _:
                said.append(json.dumps(event))
    return said


@given(spoilt())
def test_a_spoilt_session_gives_events_or_is_refused(messages: list[str | bytes]) -> None:
    dialect = Realtime()
    for message in messages:
        try:
            events = dialect.read(message, 1.0)
        except ConnectionFailed:
            return
        assert all(event.at_s == 1.0 for event in events)
        dialect.played("resp_1", 4)
        dialect.to_send()


# -- the SDK of OpenAI, where it is installed


def test_every_message_is_one_of_the_sdk() -> None:
    realtime = pytest.importorskip("openai.types.realtime")
    from pydantic import TypeAdapter

    server = TypeAdapter(realtime.RealtimeServerEvent)
    for event in [
        *examples.opened(), *examples.turn(PCM), *examples.interruption(), examples.ERROR,
    ]:  # fmt: skip
        assert server.validate_python(event).type == event["type"]
    client = TypeAdapter(realtime.RealtimeClientEvent)
    dialect = Realtime("Be brief.")
    take(dialect, [{"type": "session.created", "session": {"type": "realtime"}}])
    take(dialect, examples.opened()[1:])
    take(dialect, examples.turn(PCM)[:-1])
    take(dialect, examples.interruption())
    dialect.played("resp_1", 36_000)
    said = [*sent(dialect), json.loads(dialect.mic(PCM))]
    assert [message["type"] for message in said] == [
        "session.update",
        "conversation.item.truncate",
        "input_audio_buffer.append",
    ]
    for message in said:
        known = client.validate_python(message)
        # Nothing is sent that the SDK has no field for.
        assert known.to_dict(exclude_unset=True) == message
        assert not known.model_extra


# -- whole turns


async def small(socket: ServerConnection) -> None:
    """Answers in one burst, cancels when it is spoken to, tells what it was told was played."""
    ear, turns = Ear(), 0
    await socket.send(json.dumps(examples.opened()[0]))
    async for message in socket:
        event = json.loads(message)
        match event["type"]:
            case "session.update":
                await socket.send(json.dumps(examples.opened()[1]))
            case "conversation.item.truncate":
                await socket.send(
                    json.dumps({"type": "error", "error": {"code": json.dumps(event)}})
                )
            case "input_audio_buffer.append":
                pcm = base64.b64decode(event["audio"])
                assert len(pcm) == 960
                match ear.hear(pcm):
                    case "began" if turns:
                        for told in examples.interruption():
                            await socket.send(json.dumps(told))
                    case "ended":
                        turns += 1
                        answer = voice(1.4, PCM_HZ, quiet_s=0.1)
                        for told in examples.turn(answer, reply=f"resp_{turns}")[1:]:
                            await socket.send(json.dumps(told))


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_turn_is_measured_from_the_end_of_speech_to_the_first_sound() -> None:
    clip = Clip("said", tone(0.6) + hush(0.1), int(0.6 * HZ), "How old is it?")
    async with serving(small) as url:
        target = open_target(f"{url}?model=x", "realtime", DialOptions("k", "Be brief."))
        (result,) = await hold_call(target, [clip], CallOptions(gap_s=0.2))
    # 5 quiet frames until the ear is sure, and 0.1 s of silence at the start of the answer.
    assert result.v2v_s == pytest.approx(0.2, abs=0.06)
    assert (result.heard, result.reply) == ("How old is it?", "Ten years.")
    assert result.commits_s == ()
    assert result.reaction_s == pytest.approx(0.1, abs=0.06)
    assert result.trouble == ()


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_an_interruption_is_measured_and_what_was_played_is_truncated() -> None:
    question = tone(0.6) + hush(0.2)
    trial = Trial("tone", "speech", question, tone(0.5), 0, after_s=0.4)
    async with serving(small) as url:
        target = open_target(url, "realtime")
        noted = await hold_trial(target, trial, metrics="", buffer_s=0.0, timeout_s=3.0)
    held = judged(trial, noted, buffer_s=0.0)
    assert held.cut.is_cut
    assert held.cut.noticed_s == pytest.approx(0.02, abs=0.06)
    assert held.cut.last_played_s == pytest.approx(0.02, abs=0.06)
    assert held.cut.stale_frames == 0
    (truncated,) = held.trouble
    assert json.loads(truncated)["audio_end_ms"] == pytest.approx(420, abs=100)
