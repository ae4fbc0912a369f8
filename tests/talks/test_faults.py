"""Bad input and faults, over real sockets: the session or at least the server goes on.

Every test runs inside `edge.running`, which asserts at its end that no task, no thread and no
request to the language model is left behind.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from kit.edge import BRISK, QUIET, Raw, Running, engines, eventually, hush, raw, running, tone
from websockets.exceptions import ConnectionClosed

from voice_avatar.client.connection import connect
from voice_avatar.config.load import Config
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.engines.scripted import (
    ScriptedLlm,
    ScriptedStt,
    ScriptedTts,
    ScriptedTurn,
    ScriptedVad,
)
from voice_avatar.errors import SttFailed, TurnFailed, VadFailed
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES
from voice_avatar.pipeline.conversation import Conversation
from voice_avatar.pipeline.ears import HISTORY_S
from voice_avatar.pipeline.workers import Workers
from voice_avatar.server.native.connection import MAX_ERRORS
from voice_avatar.server.rates import MESSAGE_BURST, TURNS_DROPPED
from voice_avatar.stages.llm import LlmOptions
from voice_avatar.stages.stt import always
from voice_avatar.wire import frame_codec
from voice_avatar.wire.fields import MAX_TEXT_BYTES
from voice_avatar.wire.frame_codec import MAX_BINARY_BYTES

pytestmark = [pytest.mark.realtime, pytest.mark.virtual_time]

LONG = " ".join(["This reply goes on and on."] * 12)
IMPATIENT = LlmOptions(first_token_timeout_s=0.2, between_tokens_timeout_s=0.2)


async def works(client: Raw, text: str = "Are you there?") -> dict[str, Any]:
    """Asserts that the session goes on: a typed turn is answered. Returns its `reply.done`."""
    await client.send({"type": "input.text", "text": text})
    await client.until("transcript.final", text=text)
    return await client.until("reply.done", status="completed")


async def apology(client: Raw, code: str) -> dict[str, Any]:
    """Reads a failed reply and the spoken apology after it; returns the failed `reply.done`."""
    assert (await client.until("error"))["code"] == code
    failed = await client.until("reply.done")
    assert failed["status"] == "failed"
    segment = await client.until("reply.segment")
    assert segment["text"].startswith("Sorry")
    assert segment["reply_id"] == failed["reply_id"] + 1
    await client.until("reply.done", status="completed")
    return failed


# -- what a client sends


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "bad_json"),
        ("", "bad_json"),
        ("[1, 2]", "bad_json"),
        ('"text"', "bad_json"),
        ("{}", "bad_json"),
        ('{"type": 3}', "bad_json"),
        ('{"type": "input.text", "text": NaN}', "bad_json"),
        ("[" * 50_000, "bad_json"),
        ('{"type": "input.text"}', "bad_field"),
        ('{"type": "input.text", "text": 3}', "bad_field"),
        ('{"type": "input.text", "text": null}', "bad_field"),
        ('{"type": "playback.report", "reply_id": "one", "played_samples": 0}', "bad_field"),
        ('{"type": "playback.report", "reply_id": -1, "played_samples": 0}', "bad_field"),
        ('{"type": "session.update", "endpointing": "sometimes"}', "bad_field"),
        ('{"type": "session.hello"}', "unexpected_message"),
        (b"", "bad_frame"),
        (b"\x01", "bad_frame"),
        (b"\x02" + bytes(17), "bad_frame"),
        (b"\x01" + bytes(15), "bad_frame"),
        (b"\x01" + bytes(16), "bad_frame"),
        (b"\x01\x08" + bytes(24), "bad_frame"),
        (b"\x01" + bytes(7) + b"\xff" * 8 + bytes(2), "bad_frame"),
    ],
)
async def test_a_message_that_cannot_be_read_is_an_error_and_the_session_goes_on(
    message: str | bytes, code: str
) -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        await client.send(message)
        error = await client.until("error")
        assert (error["code"], error.get("fatal", False)) == (code, False)
        await works(client)


async def test_a_message_that_cannot_be_read_before_the_hello_does_not_end_it() -> None:
    async with running() as run, raw(run.url) as client:
        await client.send("{", '{"type": "input.text", "text": "x"}', '{"type": "session.hello"}')
        await client.until("session.ready")
        assert client.codes() == ["bad_json", "unexpected_message"]
        await works(client)


async def test_an_unknown_type_is_a_warning_and_an_experimental_one_is_not() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "x.mine"}, {"type": "dance"})
        await works(client)
        assert client.codes("warning") == ["unknown_type"]
        assert not client.codes()


async def test_text_that_is_not_utf8_closes_with_1007() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        await client.socket.send(b"\xff\xfe", text=True)
        assert (await client.closed())[0] == 1007


@pytest.mark.parametrize("size", [MAX_TEXT_BYTES + 1, 4 * MAX_TEXT_BYTES])
async def test_a_huge_text_frame_closes_with_1009(size: int) -> None:
    async with running() as run, raw(run.url) as client, raw(run.url) as other:
        await other.hello()
        await client.hello()
        await client.send(json.dumps({"type": "input.text", "text": "x" * size}))
        assert (await client.closed())[0] == 1009
        await works(other)


async def test_a_huge_binary_frame_closes_with_1009() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        await client.send(b"\x01" + bytes(MAX_BINARY_BYTES))
        assert await client.closed() == (1009, "message_too_big")


async def test_audio_before_the_hello_closes_with_1003() -> None:
    async with running() as run, raw(run.url) as client:
        await client.send(client.frame(hush(0.02)))
        assert (await client.closed())[0] == 1003


@pytest.mark.parametrize(
    "hello",
    [
        {"audio_in": {"codecs": ["flac"]}},
        {"audio_out": {"codecs": ["mp3", "aac"]}},
        {"audio_out": {"rate_hz": 12_345}},
    ],
)
async def test_an_unknown_codec_or_rate_closes_with_4000(hello: dict[str, Any]) -> None:
    async with running() as run, raw(run.url) as client:
        await client.send({"type": "session.hello", **hello})
        assert await client.closed() == (4000, "audio_unsupported")
        assert client.codes() == ["audio_unsupported"]


async def test_a_codec_among_others_is_passed_over_when_it_is_unknown() -> None:
    async with running() as run, raw(run.url) as client:
        ready = await client.hello(audio_in={"codecs": ["flac", "pcm16"]})
        assert ready["audio_in"]["codec"] == "pcm16"


@pytest.mark.parametrize("rate_hz", [0, 7_999, 48_001, 16_000.5, "16000"])
async def test_a_microphone_rate_that_is_none_is_a_bad_field(rate_hz: object) -> None:
    async with running() as run, raw(run.url) as client:
        await client.send({"type": "session.hello", "audio_in": {"rate_hz": rate_hz}})
        assert (await client.until("error"))["code"] == "bad_field"
        await client.hello()
        await works(client)


async def test_a_client_that_only_makes_errors_is_closed_with_4000() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        for _ in range(MAX_ERRORS + 1):
            await client.send("{")
        assert await client.closed() == (4000, "protocol_error")
        assert client.codes() == ["bad_json"] * MAX_ERRORS + ["protocol_error"]


async def test_a_flood_of_messages_is_closed_with_4429() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        for _ in range(int(MESSAGE_BURST * 1.5)):
            await client.send({"type": "user.gaze"})
        assert await client.closed() == (4429, "rate_limited")


async def test_a_flood_of_typed_turns_is_dropped_with_a_warning_and_then_closed_with_4429() -> None:
    async with running() as run, raw(run.url) as client, raw(run.url) as other:
        await other.hello()
        await client.hello()
        for number in range(TURNS_DROPPED + 10):
            await client.send({"type": "input.text", "text": f"Turn {number}. " * 500})
        assert await client.closed() == (4429, "rate_limited")
        assert client.codes("warning").count("text_overrun") == 1
        await works(other)


async def test_where_the_user_looks_is_taken_ten_times_a_second_and_more_is_dropped() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        for _ in range(200):
            await client.send({"type": "user.gaze", "target": "vase"})
        await works(client)
        assert client.codes("warning") == ["gaze_overrun"]


async def test_a_pose_that_is_none_is_refused_and_the_session_goes_on() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        pose = {"pos": [0, 0, 0], "rot": [0, 0, 0, 0]}
        await client.send({"type": "user.gaze", "head": pose})
        await works(client)
        assert client.codes() == ["bad_field"]


async def test_a_flood_of_audio_is_dropped_with_a_warning() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        for _ in range(300):
            await client.send(client.frame(hush(0.02)))
        await works(client)
        assert "input_overrun" in client.codes("warning")


async def test_a_flood_of_audio_that_does_not_end_is_closed_with_4429(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frame_codec, "MIC_OVERRUN_CLOSE_S", 0.2)
    async with running() as run, raw(run.url) as client, raw(run.url) as other:
        await other.hello()
        await client.hello()
        closing = asyncio.create_task(client.closed())
        with suppress(ConnectionClosed):
            while not closing.done():
                await client.send(client.frame(hush(0.02)))
                await asyncio.sleep(0.001)
        assert await closing == (4429, "rate_limited")
        # By the socket, and by the ear if it was busy: each once, not for every frame.
        assert 1 <= client.codes("warning").count("input_overrun") <= 5
        await works(other)


async def test_a_binary_frame_of_a_kind_to_come_is_ignored() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        await client.send(b"\x7f" + bytes(20))
        await works(client)
        assert not client.codes()


async def test_a_wish_that_cannot_be_met_is_a_warning_and_the_session_opens() -> None:
    async with running() as run, raw(run.url) as client:
        ready = await client.hello(persona="nobody", voice="nobody", language="xx")
        assert ready["settings"]["language"] == "en"
        for _ in range(3):
            assert (await client.until("warning"))["code"] == "setting_unavailable"
        await works(client)


async def test_an_empty_text_is_a_warning() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.text", "text": " \n "})
        assert (await client.until("warning"))["code"] == "empty_text"
        await works(client)


# -- microphones


async def test_missing_frames_are_a_warning_and_the_clock_keeps_its_meaning() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        await client.say(hush(0.4))
        await client.send(client.frame(hush(0.02), skip=8_000))
        await client.say(tone(1.0) + hush(1.5))
        started = await client.until("input.speech_started")
        assert started["t_ms"] == pytest.approx(920, abs=40)
        await client.until("reply.done", status="completed")
        assert client.codes("warning") == ["input_gap"]


async def test_frames_that_come_twice_or_late_are_dropped() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        frames = [client.frame(tone(1.0)[at : at + 640]) for at in range(0, 32_000, 640)]
        for first, second in zip(frames[::2], frames[1::2], strict=True):
            await client.send(first, second, first, second)
            await asyncio.sleep(0.02)
        await client.say(hush(1.5))
        await client.until("reply.done", status="completed")
        final = next(m for m in client.seen if m["type"] == "transcript.final")
        assert final["text"] == "One two three."
        assert not client.codes("warning")


@pytest.mark.parametrize("pts", [2**53 - 1, 10**9])
async def test_a_leap_of_the_clients_clock_costs_no_memory_and_no_turn(pts: int) -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        await client.say(hush(0.2))
        await client.send(client.frame(hush(0.02), skip=pts - client._pts))
        await client.until("warning", code="input_gap")
        await works(client)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 44_100, 48_000])
async def test_a_microphone_of_another_rate_is_heard_the_same(rate_hz: int) -> None:
    async with running() as run, raw(run.url) as client:
        ready = await client.hello(audio_in={"rate_hz": rate_hz})
        assert ready["audio_in"]["rate_hz"] == rate_hz
        await client.say(hush(0.2, rate_hz) + tone(1.2, rate_hz) + hush(1.5, rate_hz), rate_hz)
        stopped = await client.until("input.speech_stopped")
        assert stopped["t_ms"] == pytest.approx(1400, abs=70)
        assert (await client.until("transcript.final"))["text"] == "One two three."
        await client.until("reply.done", status="completed")


async def test_clipping_is_a_warning_and_is_heard_all_the_same() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        square = np.where(np.frombuffer(tone(1.5), "<i2") >= 0, 32767, -32768).astype("<i2")
        await client.say(square.tobytes() + hush(1.2))
        await client.until("reply.done", status="completed")
        assert "input_clipping" in client.codes("warning")
        assert "transcript.final" in client.types()


async def test_noise_at_full_scale_gives_nothing_that_is_not_a_number() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        noise = np.random.default_rng(0).integers(-32768, 32768, 24_000).astype("<i2")
        await client.say(noise.tobytes() + hush(1.2))
        await client.until("reply.done")  # `Raw.next` refuses NaN and Infinity
        assert len(client.audio) % 2 == 0
        assert any(m["type"] == "visemes" for m in client.seen)


async def test_minutes_of_silence_are_no_turn_and_cost_no_memory() -> None:
    workers = Workers(engines())
    options = SessionSetup(session=QUIET, rate_hz=16_000)
    async with Conversation(workers, options, session_id="s") as conversation:
        for _ in range(5 * 60):
            conversation.hear(hush(1.0), 16_000)
            await conversation.heard()
        assert conversation.backlog == 2  # the state at the start; that nothing at all is heard
        history = conversation.ears.history
        assert history.end == pytest.approx(5 * 60 * MIC_HZ, abs=WINDOW_SAMPLES)
        assert history.end - history.start <= HISTORY_S * MIC_HZ
    workers.close()


async def test_a_microphone_that_goes_silent_in_the_middle_of_speech_ends_the_turn() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        await client.say(tone(1.0))
        assert (await client.until("turn.ended"))["reason"] == "vad"
        await client.until("reply.done", status="completed")


async def test_speech_without_words_is_no_turn() -> None:
    stt = ScriptedStt(lambda seconds: "")
    async with running(engines("Yes.", stt=stt)) as run, raw(run.url) as client:
        await client.hello()
        await client.say(tone(0.8) + hush(1.5))
        await client.until("input.speech_stopped")
        await works(client)
        assert client.types().count("turn.ended") == 1
        assert client.types().count("reply.started") == 1


# -- engines that fail


async def test_a_recogniser_that_fails_is_apologised_for() -> None:
    class Deaf(ScriptedStt):
        is_deaf = False

        def transcribe(
            self, pcm: bytes, language: str | None, is_wanted: Callable[[], bool] = always
        ) -> Any:
            if self.is_deaf:
                raise SttFailed("It broke.")
            return super().transcribe(pcm, language)

    stt = Deaf()
    async with running(engines("Yes.", stt=stt)) as run, raw(run.url) as client:
        await client.hello()
        stt.is_deaf = True
        await client.say(tone(0.8) + hush(1.5))
        assert (await client.until("error"))["code"] == "stt_failed"
        assert (await client.until("reply.segment"))["text"].startswith("Sorry")
        await client.until("reply.done", status="completed")
        await works(client)


async def test_an_llm_that_dies_in_mid_sentence_is_heard_so_far_and_apologised_for() -> None:
    llm = Dying("It was a dark and stormy night and then", dies_after=6)
    async with running(engines(llm=llm)) as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.text", "text": "Tell me a story."})
        failed = await apology(client, "llm_failed")
        assert failed["spoken_text"] == "It was a dark and stormy"
        await works(client, "Go on.")
        said = [m.content for m in llm.requests[-1].messages if m.role == "assistant"]
        assert said == ["It was a dark and stormy"]


async def test_an_llm_that_fails_at_once_is_apologised_for() -> None:
    llm = Dying("Never said.", dies_after=0)
    async with running(engines(llm=llm)) as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.text", "text": "Hello?"})
        assert (await apology(client, "llm_failed"))["spoken_text"] == ""
        await works(client)


@pytest.mark.parametrize("after", [0, 5])
async def test_an_llm_that_hangs_is_given_up_and_its_request_aborted(after: int) -> None:
    llm = Dying("One two three four five, six seven.", dies_after=after, hangs=True)
    config = Config(session=QUIET, llm=IMPATIENT)
    async with running(engines(llm=llm), config=config) as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.text", "text": "Hello?"})
        await apology(client, "llm_timeout")
        assert (llm.running, llm.aborted) == (0, 1)
        await works(client)


async def test_an_llm_that_hangs_can_be_interrupted() -> None:
    llm = Dying("Never.", dies_after=0, hangs=True)
    async with running(engines(llm=llm)) as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.text", "text": "Hello?"})
        await client.until("reply.started")
        await eventually(lambda: llm.running)
        await client.send({"type": "interrupt"})
        assert (await client.until("reply.done"))["status"] == "interrupted"
        await eventually(lambda: not llm.running)
        assert llm.aborted == 1
        await works(client)


@pytest.mark.parametrize("text", ["", " ", "**", "..."])
async def test_an_llm_that_gives_nothing_is_asked_once_more(text: str) -> None:
    async with running(engines(text, "Fine.")) as run, raw(run.url) as client:
        await client.hello()
        run.llm.requests.clear()  # the warm-up took a reply
        await client.send({"type": "input.text", "text": "Hello?"})
        done = await client.until("reply.done")
        assert (done["status"], done["spoken_text"]) == ("completed", "Fine.")
        assert client.codes("warning") == client.codes("error") == []


@pytest.mark.parametrize("text", ["", "..."])
async def test_an_llm_that_gives_nothing_twice_is_apologised_for(text: str) -> None:
    async with running(engines(text, text, "Fine.")) as run, raw(run.url) as client:
        await client.hello()
        run.llm.requests.clear()  # the warm-up took a reply
        await client.send({"type": "input.text", "text": "Hello?"})
        assert (await client.until("reply.done"))["status"] == "failed"
        assert client.codes("error") == ["llm_failed"]
        done = await client.until("reply.done")
        assert (done["status"], bool(done["spoken_text"])) == ("completed", True)
        await works(client)


@pytest.mark.parametrize("text", ["[face:happy", "[unknown:tag]"])
async def test_an_llm_that_gives_nothing_to_say_ends_the_reply_with_a_warning(text: str) -> None:
    async with running(engines(text, "Fine.", text, "Fine.")) as run, raw(run.url) as client:
        await client.hello()
        run.llm.requests.clear()  # the warm-up took a reply
        await client.send({"type": "input.text", "text": "Hello?"})
        assert (await client.until("reply.done"))["status"] == "completed"
        assert client.codes("warning") == ["empty_reply"]
        assert not client.audio
        await works(client)


async def test_an_llm_that_gives_only_markup_moves_without_a_word() -> None:
    async with running(engines("[gesture:wave] [face:happy]")) as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.text", "text": "Wave!"})
        done = await client.until("reply.done")
        assert (done["status"], done["spoken_text"]) == ("completed", "")
        assert [m["lexeme"] for m in client.seen if m["type"] == "gesture"] == ["wave"]
        assert not any(client.audio)
        assert "gesture:" not in json.dumps([m for m in client.seen if "text" in m])
        await client.send({"type": "session.close"})
        assert (await client.closed())[0] == 1000


async def test_a_prompt_that_no_window_holds_is_cut_and_answered() -> None:
    llm = ScriptedLlm(("Fine.",), context_tokens=80)
    config = Config(session=replace(QUIET, max_reply_tokens=20))
    async with running(engines(llm=llm), config=config) as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.text", "text": "word " * 700})
        await client.until("reply.done", status="completed")


async def test_a_voice_that_fails_on_a_symbol_leaves_out_that_sentence_with_a_warning() -> None:
    said = "Here is the first sentence. A zebra is not spoken here. And here is the last one."
    tts = ScriptedTts(fails_on="z", symbol_samples=BRISK)
    async with running(engines(said, tts=tts)) as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.text", "text": "Speak."})
        done = await client.until("reply.done")
        assert done["status"] == "completed"
        assert client.codes("warning") == ["tts_failed"]
        texts = [m["text"] for m in client.seen if m["type"] == "reply.segment"]
        assert "And here is the last one." in texts[-1]


async def test_a_voice_that_can_say_nothing_of_a_reply_is_apologised_for() -> None:
    tts = ScriptedTts(fails_on="z", symbol_samples=BRISK)
    async with running(engines("A zebra.", "Fine.", tts=tts)) as run, raw(run.url) as client:
        await client.hello()
        run.llm.requests.clear()
        await client.send({"type": "input.text", "text": "Speak."})
        await apology(client, "tts_failed")


async def test_a_voice_that_cannot_even_apologise_does_not_go_on_for_ever() -> None:
    class Mute(ScriptedTts):
        is_mute = False

        def synthesize(self, chunk: Any) -> Any:
            self._fails_on = "" if self.is_mute else "\0"
            return super().synthesize(chunk)

    tts = Mute(symbol_samples=BRISK)
    async with running(engines("Hello.", tts=tts)) as run, raw(run.url) as client:
        await client.hello()
        tts.is_mute = True
        await client.send({"type": "input.text", "text": "Speak."})
        await client.until("reply.done", status="failed")
        await client.until("reply.done", status="failed")
        tts.is_mute = False
        await works(client)
        assert client.types().count("reply.started") == 3


async def test_engines_of_the_ear_that_fail_cost_their_service_and_not_the_session() -> None:
    class Dizzy(ScriptedTurn):
        is_dizzy = False

        def score(self, pcm: bytes) -> float:
            if self.is_dizzy:
                raise TurnFailed("It broke.")
            return super().score(pcm)

    class Faint(ScriptedVad):
        is_faint = False

        def open(self) -> Any:
            stream = super().open()
            step = stream.step
            stream.step = lambda pcm: self._fail() if self.is_faint else step(pcm)  # type: ignore[method-assign]
            return stream

        def _fail(self) -> float:
            raise VadFailed("It broke.")

    turn, vad = Dizzy(), Faint()
    async with running(engines("Fine.", turn=turn, vad=vad)) as run, raw(run.url) as client:
        await client.hello()
        turn.is_dizzy = True
        await client.say(tone(0.8) + hush(1.2))
        assert (await client.until("turn.ended"))["reason"] == "vad"
        await client.until("reply.done", status="completed")
        vad.is_faint = True
        await client.say(tone(0.8) + hush(0.4))
        await works(client)
        assert client.codes() == ["turn_failed", "vad_failed"]


async def test_speech_detection_that_crashes_ends_its_own_session_only() -> None:
    class Broken(ScriptedVad):
        def open(self) -> Any:
            stream = super().open()
            stream.step = self.step  # type: ignore[method-assign]
            return stream

        def step(self, pcm: bytes) -> float:
            if any(pcm):
                raise RuntimeError("Out of memory.")
            return 0.0

    async with (
        running(engines("Fine.", vad=Broken())) as run,
        raw(run.url) as client,
        raw(run.url) as other,
    ):
        await other.hello()
        await client.hello()
        await client.send(client.frame(tone(0.5)))
        assert await client.closed() == (1011, "internal")
        await works(other)


# -- clients that leave


async def test_a_client_that_vanishes_in_mid_reply_leaves_nothing_behind() -> None:
    llm = ScriptedLlm((LONG,), token_s=0.02)
    async with running(engines(llm=llm)) as run:
        async with raw(run.url) as client:
            await client.hello()
            await client.send({"type": "input.text", "text": "Talk."})
            await client.until("reply.segment")
            assert llm.running == 1
            client.socket.transport.abort()
            await run.settled()
        assert llm.aborted == 1
        async with raw(run.url) as client:
            await client.hello()


@pytest.mark.parametrize("moment", ["connect", "hello", "speech", "thinking"])
async def test_a_client_that_vanishes_at_any_moment_leaves_nothing_behind(moment: str) -> None:
    llm = Dying("Never.", dies_after=0, hangs=True)
    async with running(engines(llm=llm)) as run, raw(run.url) as client:
        await at(moment, client)
        client.socket.transport.abort()
        await run.settled()


async def at(moment: str, client: Raw) -> None:
    if moment == "connect":
        return
    await client.hello()
    if moment == "speech":
        await client.say(tone(0.5))
        await client.until("input.speech_started")
    if moment == "thinking":
        await client.send({"type": "input.text", "text": "Hello?"})
        await client.until("reply.started")


async def test_fifty_reconnects_in_a_row_leave_nothing_behind() -> None:
    async with running(
        engines("This reply goes on for a while, and is cut."), max_sessions=4
    ) as run:
        for number in range(50):
            async with raw(run.url) as client:
                await client.hello()
                await client.send({"type": "input.text", "text": "Talk."})
                await client.until("reply.started")
                await client.say(tone(0.06), speed=1000)
                if number % 2:
                    client.socket.transport.abort()
            await eventually(lambda: len(run.server.sessions) < 4)
        await run.settled()
        assert not run.server.sessions
        async with connect(run.url) as avatar:
            assert avatar.ready.session_id


async def test_one_client_that_fails_does_not_touch_the_reply_of_another() -> None:
    async with running(engines("A calm reply to a calm question.")) as run:
        async with connect(run.url) as calm:
            asking = asyncio.create_task(calm.ask("Calm?"))
            for message in ("{", "[" * 1000, b"\xff"):
                await crash(run, message)
            reply = await asking
        assert (reply.status, reply.spoken_text) == (
            "completed",
            "A calm reply to a calm question.",
        )


async def crash(run: Running, message: str | bytes) -> None:
    async with raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.text", "text": "Talk."}, message)
        client.socket.transport.abort()


class Dying(ScriptedLlm):
    """An LLM whose second request (the first is the warm-up) fails or hangs, and no other."""

    def __init__(self, text: str, *, dies_after: int, hangs: bool = False) -> None:
        super().__init__((text, text, "I am well again."))
        self._dies_after = dies_after
        self._hangs = hangs

    async def _pass_token(self, done: int) -> None:
        is_its_hour = len(self.requests) == 2
        self._fails_after = self._dies_after if is_its_hour and not self._hangs else None
        self._hangs_after = self._dies_after if is_its_hour and self._hangs else None
        await super()._pass_token(done)
