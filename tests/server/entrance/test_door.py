"""Attacks on the door, on real sockets: each of them fails, and a user gets in beside it."""

from __future__ import annotations

import asyncio
import errno
import io
import logging
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from kit.edge import engines, eventually, get, raw, running
from kit.skipping_loop import SkippingLoop, Turnstile
from websockets.exceptions import InvalidStatus

from voice_avatar.config.load import ServerOptions
from voice_avatar.config.reports import MetricsOptions
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.errors import ConfigError
from voice_avatar.server.entrance.door import Door, listening_sockets
from voice_avatar.server.entrance.doorstep import Doorstep

pytestmark = [pytest.mark.realtime, pytest.mark.virtual_time]

TOKEN = "Door-0123456789-abcdefg"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def answer(port: int, request: str) -> str:
    """Sends bytes and returns all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode())
    await writer.drain()
    text = (await asyncio.wait_for(reader.read(), 20)).decode(errors="replace")
    writer.close()
    return text


@asynccontextmanager
async def crowd(port: int, count: int, say: str = "") -> AsyncIterator[None]:
    """Holds so many sockets open that say this and no more."""
    lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    for _, writer in lines:
        writer.write(say.encode())
    try:
        yield
    finally:
        for _, writer in lines:
            writer.close()


def request(line: str = "GET / HTTP/1.1", *headers: str, host: str = "localhost") -> str:
    return "\r\n".join([line, f"Host: {host}", *headers, "", ""])


class Socket:
    """As much of a connection as is looked at when it comes and goes."""

    def __init__(self) -> None:
        self.remote_address = ("127.0.0.2", 1)
        self.transport = self
        self.is_cut = False

    def abort(self) -> None:
        self.is_cut = True

    def is_closing(self) -> bool:
        return self.is_cut


def test_requests_of_those_who_are_gone_hold_no_place() -> None:
    """They are read a moment after the socket was lost, and pushed out whoever came then."""
    doorstep = Doorstep(ServerOptions(per_address=4), lambda _: None, lambda: None)
    for _ in range(8):
        gone: Any = Socket()
        doorstep.arrived(gone)
        gone.abort()
        doorstep.left(gone)
        doorstep.asked(gone, "127.0.0.2", 0.0)
        doorstep.waits(gone, "127.0.0.2", is_stranger=False)
    newcomers: list[Any] = [Socket() for _ in range(4)]
    for newcomer in newcomers:
        doorstep.arrived(newcomer)
    assert not any(newcomer.is_cut for newcomer in newcomers)


SHAKE = request(
    "GET /v1/avatar HTTP/1.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Version: 13",
)


@pytest.mark.parametrize("say", ["", "GET / HT", SHAKE])
@pytest.mark.parametrize("tokens", [(), (TOKEN,)])
async def test_silent_sockets_lock_nobody_out(say: str, tokens: tuple[str, ...]) -> None:
    async with running(tokens=tokens, max_sessions=2) as run:
        async with crowd(run.server.port, 100, say):
            headers = BEARER if tokens else {}
            async with raw(run.url, additional_headers=headers) as client:
                await client.hello()
            async with raw(run.url) as client:
                await client.hello(**({"auth": {"token": TOKEN}} if tokens else {}))
        await run.settled()


async def test_strangers_wait_in_a_small_room_and_not_for_long() -> None:
    async with running(tokens=(TOKEN,)) as run:
        lines = [raw(run.url) for _ in range(5)]
        async with lines[0] as first, lines[1], lines[2], lines[3], lines[4] as fifth:
            assert await first.closed() == (1013, "retry-after=5")
            before_s = asyncio.get_running_loop().time()
            assert await fifth.closed() == (4002, "hello_timeout")
            assert asyncio.get_running_loop().time() - before_s < 4.0


async def test_a_wrong_token_is_refused_before_the_handshake_and_not_for_ever() -> None:
    async with running(tokens=(TOKEN,)) as run:
        seen = []
        for number in range(42):
            with pytest.raises(InvalidStatus) as refused:
                async with raw(run.url, path=f"/v1/avatar?token=wrong{number}"):
                    pass
            seen.append(refused.value.response.status_code)
        assert seen == [401] * 40 + [429] * 2
        body = (await get(f"{run.http}/metrics"))[2]
        assert 'voice_avatar_refused_tokens_total{why="wrong"} 40.0' in body
        assert 'voice_avatar_refused_tokens_total{why="throttled"} 2.0' in body


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz", "/v1/models", "/v1/avatar"])
async def test_a_foreign_host_reads_nothing(path: str) -> None:
    async with running(hosts=("avatar.example",)) as run:
        port = run.server.port
        line = f"GET {path} HTTP/1.1"
        assert " 403 " in (await answer(port, request(line, host=f"evil.example:{port}")))[:20]
        assert " 403 " not in (await answer(port, request(line, host="avatar.example")))[:20]
        assert " 400 " in (await answer(port, f"{line}\r\n\r\n"))[:20]


async def test_other_methods_bodies_and_pipelines_get_an_answer_and_no_record() -> None:
    log = io.StringIO()
    output = logging.StreamHandler(log)
    logging.getLogger("voice_avatar").addHandler(output)
    try:
        async with running() as run:
            port = run.server.port
            for method in ("POST", "PUT", "DELETE", "TRACE", "OPTIONS", "CONNECT", "BREW", "get"):
                said = await answer(port, request(f"{method} / HTTP/1.1"))
                assert said.startswith("HTTP/1.1 405 ")
                assert "\r\nAllow: GET, HEAD\r\n" in said
            posted = request("POST / HTTP/1.1", "Content-Length: 9") + "some body"
            assert (await answer(port, posted)).startswith("HTTP/1.1 405 ")
            head = await answer(port, request("HEAD / HTTP/1.1"))
            assert head.startswith("HTTP/1.1 200 ")
            assert head.endswith("\r\n\r\n")
            assert "Content-Length: 0" not in head
            for header in ("Content-Length: 4", "content-length:4", "Transfer-Encoding: chunked"):
                said = await answer(port, request("GET /healthz HTTP/1.1", header) + "body")
                assert said.startswith("HTTP/1.1 413 ")
            empty = request("GET /healthz HTTP/1.1", "Content-Length: 0")
            assert (await answer(port, empty)).endswith("ok\n")
            two = request("GET /healthz HTTP/1.1")
            assert (await answer(port, two + two)).count("ok\n") == 1
            for name in ("api-key", "OpenAI-Beta", "Sec-WebSocket-Key"):
                twice = request("GET /v1/realtime HTTP/1.1", f"{name}: a", f"{name}: b")
                assert (await answer(port, twice)).startswith("HTTP/1.1 400 ")
    finally:
        logging.getLogger("voice_avatar").removeHandler(output)
    assert "error" not in log.getvalue().lower()
    assert "failed" not in log.getvalue()


async def test_figures_are_for_this_machine() -> None:
    async with running() as run:
        port, line = run.server.port, "GET /metrics HTTP/1.1"
        assert "voice_avatar_sessions" in await answer(port, request(line))
        passed_on = request(line, "X-Forwarded-For: 192.0.2.7")
        assert (await answer(port, passed_on)).startswith("HTTP/1.1 404 ")
    async with running(metrics=MetricsOptions(public=True)) as run:
        assert "voice_avatar_sessions" in await answer(run.server.port, passed_on)


async def test_figures_may_have_a_listener_of_their_own() -> None:
    async with running(metrics=MetricsOptions("127.0.0.1:0"), tokens=(TOKEN,)) as run:
        port, inside = run.server.port, run.server.metrics_port
        line = "GET /metrics HTTP/1.1"
        assert "voice_avatar_sessions" in await answer(inside, request(line))
        assert (await answer(port, request(line))).startswith("HTTP/1.1 404 ")
        for path, status in (("/healthz", 200), ("/readyz", 200), ("/", 404), ("/v1/models", 404)):
            said = await answer(inside, request(f"GET {path} HTTP/1.1"))
            assert said.startswith(f"HTTP/1.1 {status} ")
            assert "Strict-Transport-Security" not in said
        assert (await answer(inside, SHAKE)).startswith("HTTP/1.1 404 ")
        assert (await answer(inside, request(line, host="evil.example"))).startswith(
            "HTTP/1.1 403 "
        )
        assert (await answer(inside, request("POST /metrics HTTP/1.1"))).startswith("HTTP/1.1 405 ")
        assert (await answer(inside, request("HEAD /metrics HTTP/1.1"))).endswith("\r\n\r\n")


# -- by address


async def resets(port: int, count: int, source: str = "127.0.0.1", **options: Any) -> int:
    """Opens so many connections at once; returns how many are reset without an answer."""

    async def one() -> bool:
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, local_addr=(source, 0), **options
            )
        except OSError:
            return True
        try:
            writer.write(request("GET /healthz HTTP/1.1").encode())
            return not await asyncio.wait_for(reader.read(), 60)
        except OSError:
            return True
        finally:
            writer.close()

    return sum(await asyncio.gather(*(one() for _ in range(count))))


async def test_who_comes_too_often_from_an_address_is_reset_and_others_are_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Reset are those over the burst of 16; the two a second of the budget change nothing here.
    async with running(per_address=1) as run:
        with caplog.at_level(logging.INFO, "voice_avatar"):
            assert 80 <= await resets(run.server.port, 100) <= 99
            assert await resets(run.server.port, 100) >= 80
        async with raw(run.url, local_addr=("127.0.0.2", 0)) as client:
            await client.hello()
        body = run.server.metrics.exposition()[0].decode()
        lines = [r for r in caplog.records if r.getMessage() == "connections refused"]
    assert [vars(line)["from"] for line in lines] == ["127.0.0.0/24"]
    count = re.search(r"voice_avatar_refused_connections_total (\d+)", body)
    assert count is not None
    assert int(count[1]) >= 160


async def test_what_a_trusted_proxy_passes_on_is_counted_by_its_client() -> None:
    async with running(per_address=1, trusted_proxies=("127.0.0.1",)) as run:

        async def asked(client: str) -> str:
            line = request("GET /healthz HTTP/1.1", f"X-Forwarded-For: {client}")
            return (await answer(run.server.port, line))[9:12]

        seen = [await asked("192.0.2.7") for _ in range(40)]
        assert seen[:16] == ["200"] * 16
        assert seen.count("429") >= 20
        assert await asked("192.0.2.8") == "200"


async def test_unlimited_connections_are_all_taken() -> None:
    async with running(per_address=0) as run:
        assert await resets(run.server.port, 300) == 0


async def test_a_storm_is_taken_a_few_at_a_turn_and_the_rest_later() -> None:
    sockets = listening_sockets("127.0.0.1", 0)
    made: list[asyncio.Protocol] = []

    def make() -> asyncio.Protocol:
        made.append(asyncio.Protocol())
        return made[-1]

    doorstep = Doorstep(ServerOptions(), lambda which: None, lambda: None)
    door = Door(sockets, make, doorstep)
    clients = [socket.create_connection(sockets[0].getsockname()) for _ in range(20)]
    await door.start_serving()
    door._take(sockets[0])
    assert len(door._opening) == 8
    await eventually(lambda: len(made) == 20)
    await eventually(lambda: not door._opening)
    door.close()
    door.close()
    await door.wait_closed()
    for client in clients:
        client.close()


async def test_a_door_without_files_rests_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (listening,) = listening_sockets("127.0.0.1", 0)
    made: list[asyncio.Protocol] = []

    def make() -> asyncio.Protocol:
        made.append(asyncio.Protocol())
        return made[-1]

    fails = [3]

    class Full:
        def fileno(self) -> int:
            return listening.fileno()

        def close(self) -> None:
            listening.close()

        def accept(self) -> Any:
            if fails[0]:
                fails[0] -= 1
                raise OSError(errno.EMFILE, "Too many open files")
            return listening.accept()

    full: Any = Full()
    door = Door([full], make, Doorstep(ServerOptions(), lambda which: None, lambda: None))
    await door.start_serving()
    with socket.create_connection(listening.getsockname()):
        await eventually(lambda: bool(made))
    door.close()
    await door.wait_closed()
    assert [r.getMessage() for r in caplog.records] == ["no connection can be taken"]


async def test_guesses_of_an_address_count_wherever_they_are_made() -> None:
    async with running(tokens=(TOKEN,), per_address=64) as run:
        for number in range(50):
            async with raw(run.url) as guesser:
                auth = {"token": f"hello-guess-{number}"}
                await guesser.send({"type": "session.hello", "auth": auth})
                assert (await guesser.closed())[0] == 4001
        key = request("GET /v1/models HTTP/1.1", "Authorization: Bearer guess")
        assert (await answer(run.server.port, key)).startswith("HTTP/1.1 429 ")
        body = run.server.metrics.exposition()[0].decode()
        assert 'voice_avatar_refused_tokens_total{why="wrong"} 40.0' in body
        assert 'voice_avatar_refused_tokens_total{why="throttled"} 11.0' in body


async def test_hellos_that_are_cut_cost_no_greeting_and_nobody_his_talk() -> None:
    said: list[str] = []

    class Voice(ScriptedTts):
        def synthesize(self, chunk, *rest, **more):  # type: ignore[no-untyped-def]
            said.append(chunk.text)
            return super().synthesize(chunk, *rest, **more)

    async with running(
        engines("Fine.", tts=Voice()), persona="ava", max_sessions=3, resume_ttl_s=60.0
    ) as run:
        async with raw(run.url) as user:
            ready = await user.hello()
            await user.send({"type": "input.text", "text": "Hello?"})
            await user.until("reply.done")
            user.socket.transport.abort()
        await eventually(lambda: any(s.lost_s is not None for s in run.server.sessions))
        said.clear()
        for _ in range(12):
            async with raw(run.url) as rude:
                await rude.send({"type": "session.hello"})
                rude.socket.transport.abort()
        await asyncio.sleep(0.5)
        assert not said
        resume = {"session_id": ready["session_id"], **ready["resume"], "last_seq": 0}
        async with raw(run.url) as user:
            resume = {key: resume[key] for key in ("session_id", "token", "last_seq")}
            await user.send({"type": "session.hello", "resume": resume})
            await user.until("session.resumed")


async def test_a_greeting_is_made_no_further_than_somebody_is_there_to_hear_it() -> None:
    """A storm of hellos costs a piece of speech, and no greeting."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    turnstile = Turnstile(loop)
    asked: list[str] = []
    closed: list[str] = []
    is_gated = False

    class Voice(ScriptedTts):
        def synthesize(self, chunk, *rest, **more):  # type: ignore[no-untyped-def]
            try:
                for part in super().synthesize(chunk, *rest, **more):
                    asked.append(chunk.text)
                    if is_gated:
                        turnstile.pass_by()
                    yield part
            finally:
                closed.append(chunk.text)

    async with running(engines("Fine.", tts=Voice()), persona="ava") as run:
        is_gated = True
        asked.clear()
        closed.clear()
        for number in range(1, 4):
            async with raw(run.url) as rude:
                await rude.hello()
                await eventually(lambda: len(asked) == number)  # noqa: B023
                rude.socket.transport.abort()
            await eventually(lambda: not run.server.sessions)
            turnstile.let()
            await eventually(lambda: len(closed) == number)  # noqa: B023
            await run.settled()
        assert len(asked) == 3  # of each its first piece


async def test_refused_messages_are_logged_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        with caplog.at_level(logging.INFO, "voice_avatar"):
            for _ in range(90):
                await client.send("{")
            await eventually(lambda: client.socket.state or True)
            await asyncio.sleep(1.5)
            await client.send("{")
            while len(client.codes()) < 91:
                await client.next()
        lines = [r for r in caplog.records if r.getMessage() == "message refused"]
        assert len(lines) <= 4
        assert sum(getattr(r, "left_out", 0) for r in lines) + len(lines) == 91


@pytest.mark.parametrize("options", [{"host": "0.0.0.0"}, {"tokens": ("",)}, {"tokens": ("x",)}])
async def test_a_server_that_nobody_opened_does_not_start(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        async with running(**options):
            pass
