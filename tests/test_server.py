"""The server over real sockets: who may come, what they get, how it ends, what it writes down."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import math
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from edge import QUIET, engines, eventually, hush, quiet_config, raw, running, tone
from skipping_loop import SkippingLoop
from websockets.exceptions import ConnectionClosed, InvalidStatus

from voice_avatar import codec, wire
from voice_avatar import server as server_module
from voice_avatar.client import connect
from voice_avatar.client_reply import AudioReceived, FacesReceived
from voice_avatar.config import Config
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.engines.scripted import ScriptedLlm, ScriptedStt, ScriptedTts
from voice_avatar.errors import ConfigError, LlmFailed, PersonaError
from voice_avatar.logs import JsonFormatter, SessionLog, TextFormatter
from voice_avatar.server import AvatarServer, load_persona
from voice_avatar.stt import SttOptions
from voice_avatar.turn import TurnOptions

pytestmark = [pytest.mark.realtime, pytest.mark.virtual_time]

LONG = " ".join(["This reply goes on and on."] * 12)


async def test_a_client_that_asks_for_faces_gets_all_of_them_before_their_audio() -> None:
    hello = wire.SessionHello(capabilities=wire.Capabilities(face_hz=60))
    async with running() as server, connect(server.url, hello=hello) as avatar:
        assert avatar.ready.settings.face_hz == 60
        reply = await avatar.ask("Hello?")
        assert reply.faces[0].first == 0
        assert {faces.hz for faces in reply.faces} == {60}
        for before, after in pairwise(reply.faces):
            assert after.first == before.first + len(before.weights)
        count = reply.faces[-1].first + len(reply.faces[-1].weights)
        assert count == math.ceil(reply.audio_s * 60)
        assert np.concatenate([faces.weights for faces in reply.faces]).max() > 0

        seen_s, audible_s = 0.0, 0.0
        task = asyncio.create_task(avatar.ask("And again?"))
        async for event in avatar:
            if isinstance(event, FacesReceived) and event.reply_id != reply.reply_id:
                seen_s = (event.first + len(event.weights)) / event.hz
            elif isinstance(event, AudioReceived) and event.reply_id != reply.reply_id:
                audible_s = (event.pts + len(event.pcm) // 2) / reply.rate_hz
                assert seen_s >= audible_s - 1e-6
            elif isinstance(event, wire.ReplyDone) and event.reply_id != reply.reply_id:
                break
        await task
        assert audible_s > 0


async def test_a_client_that_does_not_ask_for_faces_gets_none() -> None:
    async with running() as server, connect(server.url) as avatar:
        reply = await avatar.ask("Hello?")
        assert reply.faces == []


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that the package logs, as JSON lines."""
    stream = io.StringIO()
    output = logging.StreamHandler(stream)
    output.setFormatter(JsonFormatter())
    logger = logging.getLogger("voice_avatar")
    level = logger.level
    logger.addHandler(output)
    logger.setLevel(logging.DEBUG)
    yield stream
    logger.removeHandler(output)
    logger.setLevel(level)


async def get(url: str, **headers: str) -> tuple[int, str, str]:
    """Returns status, content type and body of an HTTP GET."""

    def fetch() -> tuple[int, str, str]:
        request = urllib.request.Request(url, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return (
                    answer.status,
                    answer.headers["Content-Type"],
                    answer.read().decode(errors="replace"),
                )
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers["Content-Type"], refused.read().decode()

    return await asyncio.to_thread(fetch)


# -- HTTP


async def test_it_lives_at_once_and_is_ready_when_the_engines_are() -> None:
    may_load = threading.Event()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)

    def load() -> object:
        with loop.time_goes_on():
            may_load.wait()
        return engines()

    avatar = AvatarServer(quiet_config(), load)  # type: ignore[arg-type]
    urls: list[str] = []
    serving = asyncio.create_task(avatar.serve(urls.append))
    await eventually(lambda: avatar.port)
    http = f"http://127.0.0.1:{avatar.port}"
    assert (await get(f"{http}/healthz"))[0] == 200
    assert (await get(f"{http}/readyz"))[0] == 503
    async with raw(http.replace("http", "ws")) as client:
        assert await client.closed() == (4503, "not_ready")
    may_load.set()
    await eventually(lambda: urls)
    assert urls == [f"{http}/"]
    assert (await get(f"{http}/readyz"))[0] == 200
    avatar.stop()
    await serving


async def test_every_engine_has_worked_before_the_server_is_ready() -> None:
    heard: list[float] = []

    def script(seconds: float) -> str:
        heard.append(seconds)
        return "Hello."

    async with running(engines(stt=ScriptedStt(script))) as run:
        assert heard
        assert len(run.llm.requests) == 1


async def test_an_engine_that_fails_when_warm_stops_the_server_and_is_closed() -> None:
    llm = ScriptedLlm(fails_after=0)
    with pytest.raises(LlmFailed):
        async with running(engines(llm=llm)):
            pass
    assert llm._closed.is_set()


async def test_the_first_page_says_what_to_do_next() -> None:
    async with running() as run:
        status, kind, body = await get(f"{run.http}/")
        assert (status, kind) == (200, "text/html; charset=utf-8")
        assert "voice-avatar chat" in body
        assert "/v1/avatar" in body
        assert (await get(f"{run.http}/nothing"))[0] == 404
        assert (await get(f"{run.http}/v1/avatar"))[0] == 426
        assert (await get(f"{run.http}//[nonsense?x#y"))[0] == 404


async def test_clips_are_served_with_their_index_to_any_page() -> None:
    async with running(engines()) as run:
        status, kind, body = await get(
            f"{run.http}/v1/gestures", Origin="https://elsewhere.example"
        )
        assert (status, kind) == (200, "application/json")
        clips = {clip["lexeme"]: clip for clip in json.loads(body)["clips"]}
        assert clips["wave"]["sync"]["stroke_start_ms"] == 320.0
        assert (await get(f"{run.http}/v1/{clips['wave']['url']}"))[:2] == (
            200,
            "model/gltf-binary",
        )
        for path in ("no_such.vrma", "", "../gestures", "wave"):
            assert (await get(f"{run.http}/v1/gestures/{path}"))[0] == 404


async def test_metrics_follow_a_conversation() -> None:
    async with running(engines("Fine.")) as run:
        async with connect(run.url) as avatar:
            await avatar.ask("How are you?")
            _, kind, body = await get(f"{run.http}/metrics")
            assert kind.startswith("text/plain")
            assert "voice_avatar_sessions 1.0" in body
            assert 'voice_avatar_replies_total{status="completed"} 1.0' in body
            assert 'voice_avatar_turns_total{reason="text"} 1.0' in body
        await run.settled()
        _, _, body = await get(f"{run.http}/metrics")
        assert "voice_avatar_sessions 0.0" in body
        assert 'voice_avatar_closes_total{code="1000"} 1.0' in body


# -- who may come


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        (None, True),
        ("http://localhost:5173", True),
        ("http://127.0.0.1:8000", True),
        ("https://good.example", True),
        ("https://evil.example", False),
        ("https://good.example.evil.example", False),
        ("http://good.example", False),
        ("null", False),
        ("http://[bad", False),
    ],
)
async def test_pages_may_connect_from_listed_origins_only(
    origin: str | None, is_allowed: bool
) -> None:
    async with running(origins=("https://good.example",)) as run:
        if is_allowed:
            async with raw(run.url, origin=origin) as client:
                await client.hello()
        else:
            with pytest.raises(InvalidStatus) as refused:
                async with raw(run.url, origin=origin):
                    pass
            assert refused.value.response.status_code == 403


async def test_a_page_of_the_servers_own_host_may_connect() -> None:
    async with running(host="0.0.0.0") as run:
        port = run.server.port
        own = f"ws://avatar.example:{port}"
        origin = f"https://avatar.example:{port}"
        async with raw(own, host="127.0.0.1", port=port, origin=origin) as client:
            await client.hello()


async def test_a_page_whose_name_was_bent_to_this_machine_may_not_connect() -> None:
    async with running(host="127.0.0.1") as run:
        port = run.server.port
        bent = f"ws://evil.example:{port}"
        with pytest.raises(InvalidStatus) as refused:
            async with raw(bent, host="127.0.0.1", port=port, origin=f"http://evil.example:{port}"):
                pass
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize("name", ["Host", "Origin", "Authorization"])
async def test_a_request_that_says_a_thing_twice_is_refused(name: str) -> None:
    async with running() as run:
        headers = [(name, "http://localhost")] * (1 if name == "Host" else 2)
        with pytest.raises(InvalidStatus) as refused:
            async with raw(run.url, additional_headers=headers):
                pass
        assert refused.value.response.status_code == 400


async def test_a_token_is_taken_from_header_hello_or_query() -> None:
    async with running(tokens=("old", "s3cret")) as run:
        async with raw(run.url, additional_headers={"Authorization": "Bearer s3cret"}) as client:
            await client.hello()
        async with raw(run.url) as client:
            await client.hello(auth={"token": "old"})
        async with raw(run.url, path="/v1/avatar?token=s3cret") as client:
            await client.hello()


@pytest.mark.parametrize("token", [None, "", "s3cre", "s3crett", "Bearer s3cret", "s3cret "])
async def test_without_a_valid_token_nobody_comes_in(token: str | None) -> None:
    async with running(tokens=("s3cret",)) as run, raw(run.url) as client:
        fields = {} if token is None else {"auth": {"token": token}}
        await client.send({"type": "session.hello", **fields})
        assert await client.closed() == (4001, "unauthorized")
        assert client.codes() == ["unauthorized"]
        assert run.llm.running == 0


async def test_a_client_that_speaks_another_protocol_is_refused() -> None:
    async with running() as run:
        with pytest.raises(InvalidStatus) as refused:
            async with raw(run.url, subprotocols=["voice-avatar.v9"]):
                pass
        assert refused.value.response.status_code == 400
        async with raw(run.url, subprotocols=["voice-avatar.v9", "voice-avatar.v1"]) as client:
            assert client.socket.subprotocol == "voice-avatar.v1"
        async with raw(run.url) as client:
            await client.send({"type": "session.hello", "protocol": {"min": 7, "max": 9}})
            assert await client.closed() == (4004, "version_unsupported")


async def test_a_client_without_a_hello_is_closed() -> None:
    async with running(hello_timeout_s=0.1) as run, raw(run.url) as client:
        await client.send({"type": "input.text", "text": "Too early."})
        assert await client.closed() == (4002, "hello_timeout")
        assert client.codes() == ["unexpected_message", "hello_timeout"]


async def test_one_session_too_many_is_told_to_try_again() -> None:
    async with running(max_sessions=2) as run:
        async with raw(run.url) as first, raw(run.url) as second:
            await first.hello()
            await second.hello()
            async with raw(run.url) as third:
                await third.send({"type": "session.hello"})
                assert await third.closed() == (1013, "retry-after=5")
        await run.settled()
        async with raw(run.url) as fourth:
            await fourth.hello()


async def test_compression_is_off() -> None:
    async with running() as run, raw(run.url) as client:
        assert client.socket.protocol.extensions == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with a self-signed certificate for 127.0.0.1 and its key."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(pem)
    return path


async def test_it_speaks_tls_when_it_has_a_certificate(certificate: Path) -> None:
    trust = ssl.create_default_context(cafile=str(certificate))
    async with running(tls_cert=str(certificate)) as run:
        assert run.url.startswith("wss://")
        async with connect(run.url, ssl=trust) as avatar:
            assert (await avatar.ask("Hello?")).status == "completed"


async def test_a_certificate_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TLS"):
        async with running(tls_cert=str(tmp_path / "nothing.pem")):
            pass


async def test_a_port_that_is_taken_is_a_clear_error() -> None:
    async with running() as run:
        with pytest.raises(ConfigError, match="Cannot listen"):
            await AvatarServer(quiet_config(port=run.server.port), engines).serve()


# -- sessions


async def test_conversations_at_once_do_not_mix() -> None:
    async with running(engines()) as run:

        async def talk(name: str) -> None:
            async with connect(run.url) as avatar:
                for turn in ("first", "second"):
                    reply = await avatar.ask(f"{name} {turn}")
                    assert reply.text == f"You said: {name} {turn}"

        await asyncio.gather(*(talk(f"number {n}") for n in range(6)))
        sent = [[m.content for m in r.messages if m.role == "user"] for r in run.llm.requests[1:]]
        assert all(len({" ".join(t.split()[:2]) for t in texts}) == 1 for texts in sent)
        await run.settled()


async def test_a_session_of_another_persona_speaks_its_language() -> None:
    async with running(engines("好。")) as run:
        async with raw(run.url) as client:
            ready = await client.hello(persona="ava-zh", language="zh")
            assert ready["settings"]["persona"] == "ava-zh"
        async with raw(run.url) as client:
            assert (await client.hello())["settings"]["language"] == "en"


@pytest.mark.parametrize(
    ("persona", "configured", "expected"),
    [("ava", "en", "en"), ("ava-zh", "en", "zh"), ("ava", "zh", "zh"), ("ava-zh", "auto", "zh")],
)
async def test_the_language_is_the_personas_unless_another_is_configured(
    persona: str, configured: str, expected: str
) -> None:
    config = Config(session=QUIET, stt=SttOptions(language=configured))
    async with running(config=config, persona=persona) as run, raw(run.url) as client:
        assert (await client.hello())["settings"]["language"] == expected
        conversation = run.server.sessions[0].conversation
        heard = conversation.session._listener.language
        assert heard == (None if configured == "auto" else expected)


async def test_a_session_that_is_not_there_is_followed_by_a_new_one_and_a_warning() -> None:
    async with running() as run, raw(run.url) as client:
        gone = {"session_id": "gone", "token": "none", "last_seq": 7}
        ready = await client.hello(resume=gone)
        assert ready["seq"] == 0
        assert ready["session_id"] != "gone"
        await client.until("warning", code="resume_failed")
        await client.until("state", state="idle")


async def test_settings_change_while_a_session_runs() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        await client.send(
            {"type": "session.update", "visemes": "vrm5", "captions": False, "voice": "other"}
        )
        updated = await client.until("session.updated")
        assert updated["settings"]["viseme_set"] == "vrm5"
        assert (await client.until("warning"))["code"] == "setting_unavailable"
        await client.send({"type": "input.text", "text": "Hello?"})
        await client.until("reply.done", status="completed")
        assert "reply.text" not in client.types()
        assert next(m for m in client.seen if m["type"] == "visemes")["set"] == "vrm5"


async def test_a_ping_of_the_clock_is_answered() -> None:
    async with running() as run, connect(run.url) as avatar:
        assert 0 <= await avatar.ping() < 1000


async def test_a_session_that_nobody_uses_is_closed() -> None:
    config = Config(session=replace(QUIET, idle_timeout_s=0.2))
    async with running(config=config) as run, raw(run.url) as client:
        assert (await client.hello())["limits"]["idle_ms"] == 200
        assert await client.closed() == (4008, "idle_timeout")


async def test_history_and_metrics_follow_what_the_client_says_it_played() -> None:
    said = "One two three four five six seven eight nine ten."
    async with running(engines(said, tts=ScriptedTts())) as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.text", "text": "Count."})
        segment = await client.until("reply.segment")
        reply_id, third_end_ms = segment["reply_id"], segment["words"][2][2]
        await client.until("metrics")
        while len(client.audio) < 2 * 16 * (third_end_ms + 100):
            await client.next()
        for state, played_ms in (("started", 0), ("stalled", third_end_ms)):
            played = int(played_ms * 16) + 1
            report = {"reply_id": reply_id, "played_samples": played, "state": state}
            await client.send({"type": "playback.report", **report})
        await client.send({"type": "interrupt", "reply_id": reply_id})
        cut = await client.until("reply.interrupted")
        assert cut["spoken_text"] == "One two three"
        assert cut["at_ms"] == pytest.approx(third_end_ms, abs=1)
        await client.send({"type": "input.text", "text": "Go on."})
        await client.until("reply.segment")
        said_so_far = [m.content for m in run.llm.requests[-1].messages[1:]]
        assert said_so_far == ["Count.", "One two three", "Go on."]
        assert "voice_avatar_underruns_total 1.0" in (await get(f"{run.http}/metrics"))[2]


@pytest.mark.skipif(not codec.available(), reason="PyAV with libopus is not installed")
async def test_opus_is_spoken_both_ways_when_both_sides_list_it() -> None:
    wish = wire.AudioWish(codecs=("opus", "pcm16"))
    hello = wire.SessionHello(audio_in=wish, audio_out=wish)
    async with running(engines("A calm reply.")) as run:
        async with connect(run.url) as plain:
            assert plain.ready.audio_out.codec == "pcm16"
            pcm = await plain.ask("Hello?")
            _, pcm_bytes = await traffic(run.http)
        async with connect(run.url, hello=hello) as avatar:
            assert (avatar.ready.audio_in.codec, avatar.ready.audio_out.codec) == ("opus", "opus")
            microphone = asyncio.create_task(avatar.stream(tone(1.2), 16_000))
            reply = await avatar.next_reply()
            microphone.cancel()
            _, both_bytes = await traffic(run.http)
    assert reply.user_text == "One two three."
    assert (reply.status, reply.spoken_text) == ("completed", "A calm reply.")
    assert len(reply.audio) == len(pcm.audio)
    assert both_bytes - pcm_bytes < pcm_bytes


async def traffic(http: str) -> tuple[float, float]:
    """Returns the bytes of payload that came in and went out so far."""
    _, _, body = await get(f"{http}/metrics")
    figures = dict(line.rsplit(" ", 1) for line in body.splitlines() if line[:1] != "#")
    name = 'voice_avatar_bytes_total{{direction="{}"}}'
    return float(figures[name.format("in")]), float(figures[name.format("out")])


@pytest.mark.parametrize("can_pause", [True, False])
async def test_a_reply_pauses_only_for_a_client_that_says_that_it_can(can_pause: bool) -> None:
    voice = engines("A rather long answer to a short question.", tts=ScriptedTts())
    async with running(voice) as run, raw(run.url) as client:
        await client.hello(capabilities={"pause": can_pause})
        await client.send({"type": "input.text", "text": "Talk."})
        await client.until("reply.started")
        while len(client.audio) < 16_000:
            await client.next()
        await client.say(tone(1.2))
        await client.until("reply.interrupted")
        assert ("reply.paused" in client.types()) is can_pause


async def test_push_to_talk_takes_everything_until_the_release() -> None:
    config = Config(session=QUIET, turn=TurnOptions(max_silence_s=0.3))
    async with running(config=config) as run, raw(run.url) as client:
        await client.hello(endpointing="manual")
        await client.send({"type": "input.start", "mode": "ptt"})
        await client.say(tone(0.8) + hush(0.8) + tone(0.8))
        assert "turn.ended" not in client.types()
        await client.send({"type": "input.stop", "mode": "ptt"})
        assert (await client.until("turn.ended"))["reason"] == "ptt"
        final = next(m for m in client.seen if m["type"] == "transcript.final")
        assert final["text"] == "One two three four."


# -- the end


async def test_a_stopped_server_lets_replies_finish_and_takes_nobody_new() -> None:
    async with (
        running(engines("A reply of some length.", tts=ScriptedTts())) as run,
        raw(run.url) as client,
    ):
        await client.hello()
        await client.send({"type": "input.text", "text": "Go."})
        await client.until("reply.segment")
        run.server.stop()
        goaway = await client.until("session.goaway")
        assert goaway["reconnect_in_ms"] > 0
        assert (await get(f"{run.http}/readyz"))[0] == 503
        async with raw(run.url) as late:
            assert (await late.closed())[0] == 1001
        await client.until("reply.done", status="completed")
        assert (await client.closed())[0] == 1001


async def test_a_stopped_server_does_not_wait_for_ever() -> None:
    async with running(engines(LONG), drain_s=0.2) as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.text", "text": "Go."})
        await client.until("reply.segment")
        run.server.stop()
        assert (await asyncio.wait_for(client.closed(), 3))[0] == 1001
        assert "reply.done" not in client.types()


# -- what is written down


async def test_logs_have_ids_and_codes_and_never_what_was_said(log: io.StringIO) -> None:
    llm = ScriptedLlm(("The parrot says abracadabra.",))
    stt = ScriptedStt(lambda seconds: "Open sesame please.")
    async with (
        running(engines(llm=llm, stt=stt), tokens=("hunter2",)) as run,
        raw(run.url, path="/v1/avatar?token=hunter2") as client,
    ):
        ready = await client.hello(instructions="You keep the word shibboleth.")
        await client.say(tone(1.0) + hush(1.5))
        await client.until("reply.done", status="completed")
        await client.send({"type": "input.text", "text": "Say xyzzy"}, '{"type": "plugh!')
        await client.until("error")
        await client.until("reply.done", status="completed")
        text = client.seen
    records = [json.loads(line) for line in log.getvalue().splitlines()]
    mine = [r for r in records if r.get("session") == ready["session_id"]]
    events = [r["event"] for r in mine]
    assert events[0] == "session opened"
    assert events[-1] == "session closed"
    assert {"reply begins", "reply over", "message refused"} <= set(events)
    assert [r["reply"] for r in mine if r["event"] == "reply over"] == [1, 2]
    assert next(r for r in mine if r["event"] == "message refused")["code"] == "bad_json"
    assert any("sesame" in str(m) for m in text)
    for word in ("abracadabra", "parrot", "sesame", "xyzzy", "plugh", "shibboleth", "hunter2"):
        assert word not in log.getvalue()


async def test_a_session_that_crashes_says_nothing_of_why_and_hurts_nobody(
    log: io.StringIO,
) -> None:
    def script(seconds: float) -> str:
        if seconds > 1.5:
            raise RuntimeError("abracadabra")
        return "Hello."

    async with (
        running(engines("Fine.", stt=ScriptedStt(script))) as run,
        connect(run.url) as other,
        raw(run.url) as client,
    ):
        await client.hello()
        with suppress(ConnectionClosed):
            await client.say(tone(2.2) + hush(0.5))
        assert await client.closed() == (1011, "internal")
        (error,) = [m for m in client.seen if m["type"] == "error"]
        assert (error["code"], error["fatal"]) == ("internal", True)
        assert error["message"] == "The server failed."
        assert (await other.ask("Still there?")).status == "completed"
    assert "abracadabra" not in log.getvalue()
    failed = next(r for r in map(json.loads, log.getvalue().splitlines()) if "error" in r)
    assert "[RuntimeError < script:" in failed["error"]


def test_a_record_is_one_line_of_json_or_of_text() -> None:
    record = logging.makeLogRecord(
        {"name": "voice_avatar.x", "msg": "it %s", "args": ("ends",), "levelname": "INFO"}
    )
    record.session = "s1"
    fields = json.loads(JsonFormatter().format(record))
    assert fields["event"] == "it ends"
    assert fields["session"] == "s1"
    assert TextFormatter().format(record).endswith("it ends session=s1")


def test_a_session_log_keeps_the_fields_of_each_record(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        SessionLog(logging.getLogger("test"), "s1").info("x", extra={"reply": 3})
    (record,) = caplog.records
    assert (record.session, record.reply) == ("s1", 3)  # type: ignore[attr-defined]


# -- slow readers


async def test_a_client_that_does_not_read_is_closed_and_hurts_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import socket

    monkeypatch.setattr(server_module, "_SEND_BUFFER_BYTES", 4096)
    config = Config(session=QUIET, playout=PlayoutOptions(max_ahead_s=30.0))
    async with (
        running(engines(LONG, tts=ScriptedTts()), config=config, slow_consumer_s=0.3) as run,
        raw(run.url) as good,
    ):
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)
        await asyncio.get_running_loop().sock_connect(slow, ("127.0.0.1", run.server.port))
        async with raw(run.url, sock=slow, max_queue=1, close_timeout=0.1) as client:
            await client.hello()
            await client.send({"type": "input.text", "text": "Talk."})
            await good.hello()
            await eventually(lambda: len(run.server.sessions) == 1, within_s=20.0)
            await good.send({"type": "input.text", "text": "And you?"})
            await good.until("reply.audio_done")
        body = (await get(f"{run.http}/metrics"))[2]
        assert 'voice_avatar_errors_total{code="slow_consumer"} 1.0' in body


# -- personas


def test_a_persona_is_built_in_or_a_file(tmp_path: Path) -> None:
    assert load_persona("ava").name == "Ava"
    path = tmp_path / "bo.toml"
    path.write_text('name = "Bo"\nprompt = "You are Bo."\nlanguage = "en"\n')
    assert load_persona(str(path)).name == "Bo"
    with pytest.raises(PersonaError):
        load_persona("nobody")
    with pytest.raises(PersonaError):
        load_persona(str(tmp_path / "nothing.toml"))


async def test_a_persona_of_a_file_is_offered_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "bo.toml"
    path.write_text('name = "Bo"\nprompt = "You are Bo the baker."\ngreeting = "Bread?"\n')
    async with running(engines("Yes."), persona=str(path)) as run, connect(run.url) as avatar:
        assert avatar.ready.settings.persona == "Bo"
        assert (await avatar.next_reply()).text == "Bread?"
        await avatar.ask("Bread!")
        assert "Bo the baker" in run.llm.requests[-1].messages[0].content
