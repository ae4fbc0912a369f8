"""What each path answers, and which pages may open a session."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from kit.edge import engines, get, raw, running
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus, NegotiationError
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from voice_avatar.client.connection import connect
from voice_avatar.config.load import ServerOptions
from voice_avatar.realtime.client_events import MAX_EVENT_BYTES
from voice_avatar.server.entrance.doorstep import Doorstep
from voice_avatar.server.entrance.token_gate import TokenGate
from voice_avatar.server.front_desk import FrontDesk, ServerPhase, select_subprotocol
from voice_avatar.server.sessions import Sessions
from voice_avatar.telemetry.metrics import Metrics


async def test_the_first_page_says_what_to_do_next() -> None:
    async with running() as run:
        status, kind, body = await get(f"{run.http}/")
        assert (status, kind) == (200, "text/html; charset=utf-8")
        assert "voice-avatar chat" in body
        assert "/v1/avatar" in body
        assert (await get(f"{run.http}/nothing"))[0] == 404
        assert (await get(f"{run.http}/v1/avatar"))[0] == 426
        assert (await get(f"{run.http}//[nonsense?x#y"))[0] == 404


def asked(
    path: str,
    phase: ServerPhase = ServerPhase.OPEN,
    *,
    workers: Any = None,
    trouble: str = "",
    **headers: str,
) -> tuple[Response | None, Any]:
    """Returns the answer to a request, None = a handshake goes on; and the socket."""
    metrics = Metrics()
    options = ServerOptions(tokens=("sesame",))
    gate = TokenGate(options.tokens, metrics.note_refused_token)
    doorstep = Doorstep(options, metrics.note_sent_away, metrics.note_refused_connection)
    desk = FrontDesk(options, metrics, Sessions(metrics), gate, doorstep)
    desk.phase, desk.workers, desk.trouble = phase, workers, trouble
    socket: Any = _Socket()
    return desk.respond(socket, Request(path, Headers({"Host": "localhost"} | headers))), socket


class _Socket:
    def __init__(self) -> None:
        self.protocol = SimpleNamespace(max_message_size=1)
        self.remote_address = ("127.0.0.1", 50_000)
        self.local_address = ("127.0.0.1", 8765)
        self.transport = SimpleNamespace(is_closing=lambda: False)


def status(*args: Any, **options: Any) -> int:
    answer, _ = asked(*args, **options)
    return 101 if answer is None else answer.status_code


@pytest.mark.parametrize(
    ("trouble", "body"), [("", "ready\n"), ("It is mute.", "ready; at the start: It is mute.\n")]
)
def test_what_was_wrong_with_the_model_at_the_start_is_read_where_readiness_is(
    trouble: str, body: str
) -> None:
    answer, _ = asked("/readyz", trouble=trouble)
    assert answer is not None
    assert (answer.status_code, answer.body.decode()) == (200, body)


@pytest.mark.parametrize(
    ("phase", "ready", "realtime"),
    [
        (ServerPhase.LOADING, 503, 503),
        (ServerPhase.OPEN, 200, 101),
        (ServerPhase.DRAINING, 503, 101),  # it is told in a close frame that the server goes
        (ServerPhase.CLOSED, 503, 503),
    ],
)
def test_it_lives_in_each_phase_and_is_ready_in_one(
    phase: ServerPhase, ready: int, realtime: int
) -> None:
    assert status("/healthz", phase) == 200
    assert status("/readyz", phase) == ready
    assert status("/v1/avatar", phase, Upgrade="websocket") == 101
    key = {"Authorization": "Bearer sesame", "Upgrade": "websocket"}
    assert status("/v1/realtime?model=x", phase, **key) == realtime
    assert status("/v1/pcm", phase, **key) == realtime


@pytest.mark.parametrize("path", ["/v1/realtime", "/v1/pcm", "/v1/models", "/v1/models/script"])
def test_paths_of_other_protocols_want_the_key_at_once(path: str) -> None:
    assert status(path, Upgrade="websocket") == 401
    assert status(path, Upgrade="websocket", Authorization="Bearer wrong") == 401


def test_only_realtime_may_send_long_messages() -> None:
    key = {"Authorization": "Bearer sesame", "Upgrade": "websocket"}
    for path, most in (("/v1/realtime", MAX_EVENT_BYTES), ("/v1/pcm", 1)):
        _, socket = asked(path, **key)
        assert socket.protocol.max_message_size == most
    _, refused = asked("/v1/realtime", Upgrade="websocket")
    assert refused.protocol.max_message_size == 1


def test_models_are_listed_once_they_are_loaded() -> None:
    key = {"Authorization": "Bearer sesame"}
    before, _ = asked("/v1/models", ServerPhase.LOADING, **key)
    assert before is not None
    assert json.loads(before.body)["data"] == []
    workers = SimpleNamespace(engines=engines(), running_replies=2, running_requests=1)
    after, _ = asked("/v1/models", workers=workers, **key)
    assert after is not None
    assert [model["id"] for model in json.loads(after.body)["data"]] == ["script", "tones"]
    figures, _ = asked("/metrics", workers=workers)
    assert figures is not None
    assert b"voice_avatar_waiting_sessions 0.0" in figures.body
    assert b"voice_avatar_max_sessions 8.0" in figures.body


@pytest.mark.parametrize(
    ("path", "offered", "chosen"),
    [
        ("/v1/avatar", [], None),
        ("/v1/avatar", ["other", "voice-avatar.v1"], "voice-avatar.v1"),
        ("/v1/realtime", ["realtime", "openai-insecure-api-key.sesame"], "realtime"),
        ("/v1/realtime", ["openai-insecure-api-key.sesame"], None),
        ("/v1/pcm", ["any"], "any"),
    ],
)
def test_a_subprotocol_is_chosen_by_path_and_never_a_key(
    path: str, offered: list[str], chosen: str | None
) -> None:
    socket: Any = SimpleNamespace(request=Request(path, Headers()))
    assert select_subprotocol(socket, [Subprotocol(name) for name in offered]) == chosen


def test_a_client_that_offers_only_other_subprotocols_is_refused() -> None:
    socket: Any = SimpleNamespace(request=Request("/v1/avatar", Headers()))
    with pytest.raises(NegotiationError):
        select_subprotocol(socket, [Subprotocol("voice-avatar.v9")])


@pytest.mark.realtime
@pytest.mark.virtual_time
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


@pytest.mark.realtime
@pytest.mark.virtual_time
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


@pytest.mark.realtime
@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        (None, True),
        ("http://localhost:5173", False),
        ("http://127.0.0.1:8000", False),
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


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_page_of_the_servers_own_host_may_connect() -> None:
    async with running(host="0.0.0.0", open=True, hosts=("avatar.example",)) as run:
        port = run.server.port
        own = f"ws://avatar.example:{port}"
        origin = f"http://avatar.example:{port}"
        async with raw(own, host="127.0.0.1", port=port, origin=origin) as client:
            await client.hello()


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_page_whose_name_was_bent_to_this_machine_may_not_connect() -> None:
    async with running(host="127.0.0.1") as run:
        port = run.server.port
        bent = f"ws://evil.example:{port}"
        with pytest.raises(InvalidStatus) as refused:
            async with raw(bent, host="127.0.0.1", port=port, origin=f"http://evil.example:{port}"):
                pass
        assert refused.value.response.status_code == 403


@pytest.mark.realtime
@pytest.mark.virtual_time
@pytest.mark.parametrize("name", ["Host", "Origin", "Authorization"])
async def test_a_request_that_says_a_thing_twice_is_refused(name: str) -> None:
    async with running() as run:
        headers = [(name, "http://localhost")] * (1 if name == "Host" else 2)
        with pytest.raises(InvalidStatus) as refused:
            async with raw(run.url, additional_headers=headers):
                pass
        assert refused.value.response.status_code == 400


@pytest.mark.realtime
@pytest.mark.virtual_time
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
