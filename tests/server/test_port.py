"""The server over real sockets: how it starts, that sessions do not mix, how it ends, its log."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kit.edge import QUIET, engines, eventually, get, hush, quiet_config, raw, running, tone
from kit.skipping_loop import SkippingLoop, Turnstile
from websockets.exceptions import ConnectionClosed

from voice_avatar.client.connection import connect
from voice_avatar.config.load import Config
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.engines.scripted import ScriptedLlm, ScriptedStt, ScriptedTts
from voice_avatar.errors import ConfigError, LlmFailed
from voice_avatar.server import http
from voice_avatar.server.entrance import door
from voice_avatar.server.port import AvatarServer
from voice_avatar.telemetry.logs import JsonFormatter

pytestmark = [pytest.mark.realtime, pytest.mark.virtual_time]

LONG = " ".join(["This reply goes on and on."] * 12)


async def test_it_lives_at_once_and_is_ready_when_the_engines_are() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    may_load = Turnstile(loop)

    def load() -> object:
        may_load.pass_by()
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
    may_load.let()
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


# -- TLS and the port


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


async def test_every_answer_has_the_guards_also_those_of_the_library(certificate: Path) -> None:
    trust = ssl.create_default_context(cafile=str(certificate))
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    asked: list[tuple[int, str, dict[str, str]]] = [
        (200, "/", {}),
        (200, "/healthz", {}),
        (200, "/metrics", {}),
        (404, "/nothing", {}),
        (426, "/v1/avatar", {}),
        (403, "/v1/avatar", {**upgrade, "Origin": "https://evil.example"}),
        (101, "/v1/avatar", upgrade),
        (400, "/v1/avatar", {**upgrade, "Sec-WebSocket-Key": "short"}),
        (400, "/v1/avatar", {**upgrade, "Sec-WebSocket-Version": "12"}),
    ]
    async with running(tls_cert=str(certificate)) as run:
        for status, path, headers in asked:
            reader, writer = await asyncio.open_connection("127.0.0.1", run.server.port, ssl=trust)
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode())
            told = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
            assert told.startswith(f"http/1.1 {status} "), told
            for name in (*http.GUARDS, "Strict-Transport-Security"):
                assert told.count(f"\r\n{name.lower()}: ") == 1, (status, path, name)


async def test_a_certificate_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TLS"):
        async with running(tls_cert=str(tmp_path / "nothing.pem")):
            pass


async def test_a_port_that_is_taken_is_a_clear_error() -> None:
    async with running() as run:
        with pytest.raises(ConfigError, match="Cannot listen"):
            await AvatarServer(quiet_config(port=run.server.port), engines).serve()


async def test_compression_is_off() -> None:
    async with running() as run, raw(run.url) as client:
        assert client.socket.protocol.extensions == []


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


async def test_a_client_that_does_not_read_is_closed_and_hurts_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import socket

    # Not so small that the client that does read is waited for as well: with a few kB the kernel
    # waits for its acknowledgements, and that time the loop's clock skips.
    monkeypatch.setattr(door, "_SEND_BUFFER_BYTES", 32 * 1024)
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


async def test_logs_have_ids_and_codes_and_never_what_was_said(log: io.StringIO) -> None:
    llm = ScriptedLlm(("The parrot says abracadabra.",))
    stt = ScriptedStt(lambda seconds: "Open sesame please.")
    async with (
        running(engines(llm=llm, stt=stt), tokens=("Hunter2-0123456789-hunts",)) as run,
        raw(run.url, path="/v1/avatar?token=Hunter2-0123456789-hunts") as client,
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
    for word in (
        "abracadabra",
        "parrot",
        "sesame",
        "xyzzy",
        "plugh",
        "shibboleth",
        "Hunter2-0123456789-hunts",
    ):
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
