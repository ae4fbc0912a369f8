"""The Python client against a small server that speaks protocol.py."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from kit.notice_frames import encode_notice
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from voice_avatar.audio import opus
from voice_avatar.client.connection import AvatarConnection, connect
from voice_avatar.errors import (
    AudioUnsupported,
    ConnectionFailed,
    LlmTimeout,
    MessageTooBig,
    Unauthorized,
    VersionUnsupported,
)
from voice_avatar.events import cues, notices
from voice_avatar.wire import (
    client_messages,
    negotiation,
    server_messages,
    session_messages,
    turn_messages,
)
from voice_avatar.wire.codes import CloseCode
from voice_avatar.wire.fields import MAX_TEXT_BYTES, ServerMessage
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind, pack_audio, unpack_audio
from voice_avatar.wire.telling import Preferences
from voice_avatar.wire.text import decode_text, encode_text

pytestmark = pytest.mark.virtual_time

RATE_HZ = 24_000
FRAME = 480
LIMITS = session_messages.Limits(
    text_bytes=MAX_TEXT_BYTES,
    binary_bytes=65_536,
    input_chars=8192,
    hello_ms=10_000,
    mic_burst_ms=2000,
    mic_realtime_factor=2,
    max_ahead_ms=2000,
    idle_ms=0,
)


def tone(samples: int, amplitude: int = 6000) -> bytes:
    return (amplitude * np.sin(np.arange(samples) * 0.06)).astype("<i2").tobytes()


def pcm_of(samples: int) -> bytes:
    return np.arange(1, samples + 1).astype("<i2").tobytes()


@dataclass
class Peer:
    """The server's side of one connection: records what comes, says what a test wants."""

    socket: ServerConnection
    agreed: negotiation.Agreed
    got: list[object] = field(default_factory=list)
    heard: list[AudioFrame] = field(default_factory=list)
    seq: int = 0

    async def tell(self, *notices: notices.Notice) -> None:
        for notice in notices:
            dialect = Preferences(RATE_HZ, self.agreed.audio_out.codec)
            data = encode_notice(notice, dialect, seq=self.seq, ts_ms=0.0)
            assert data is not None
            self.seq += 1
            await self.socket.send(data)

    async def say(self, message: ServerMessage) -> None:
        await self.socket.send(encode_text(message, seq=self.seq, ts_ms=0.0))

    def reports(self) -> list[client_messages.PlaybackReport]:
        return [m for m in self.got if isinstance(m, client_messages.PlaybackReport)]

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not is_so():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.005)


Script = Callable[[Peer, object], Awaitable[None]]


def audio(reply_id: int, start: int, pcm: bytes, *, is_last: bool = False) -> notices.ReplyAudio:
    return notices.ReplyAudio(reply_id, start, pcm, is_first=start == 0, is_last=is_last)


async def silent(_peer: Peer, _message: object) -> None:
    """A server that says nothing by itself."""


@asynccontextmanager
async def server(
    script: Script = silent,
    *,
    offer: negotiation.ServerOffer | None = None,
    refuse: Callable[[ServerConnection, Request], Response | None] | None = None,
) -> AsyncIterator[tuple[str, list[Peer]]]:
    peers: list[Peer] = []

    async def serve_one(socket: ServerConnection) -> None:
        hello = decode_text(await socket.recv())
        assert isinstance(hello, client_messages.SessionHello)
        if hello.persona == "nobody":
            failed = server_messages.ErrorMessage(
                code="persona_invalid", message="No such one.", fatal=True
            )
            await socket.send(encode_text(failed, seq=0, ts_ms=0))
            await socket.close(CloseCode.POLICY, "persona")
            return
        if hello.persona == "silence":
            await socket.wait_closed()
            return
        agreed = negotiation.negotiate(hello, offer or negotiation.ServerOffer())
        ready = session_messages.SessionReady(
            session_id="s1",
            audio_in=agreed.audio_in,
            audio_out=agreed.audio_out,
            settings=agreed.settings,
            gestures=agreed.gestures,
            expressions=agreed.expressions,
            voices=("",),
            languages=("en",),
            limits=LIMITS,
            server=session_messages.ServerInfo(version="0"),
        )
        peer = Peer(socket, agreed)
        await peer.say(ready)
        peers.append(peer)
        async for data in socket:
            if isinstance(data, bytes):
                frame = unpack_audio(data, FrameKind.AUDIO_IN)
                assert frame is not None
                peer.heard.append(frame)
                await script(peer, frame)
            else:
                message = decode_text(data)
                peer.got.append(message)
                await script(peer, message)

    async with serve(
        serve_one, "127.0.0.1", 0, process_request=refuse, compression=None
    ) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}", peers


async def answer(peer: Peer, message: object) -> None:
    """Answers every typed turn with 100 ms of speech, and is done when it was played."""
    if isinstance(message, client_messages.InputText):
        pcm = tone(5 * FRAME)
        await peer.tell(
            notices.TurnEnded(1, "text", 0.0),
            notices.TranscriptFinal(1, message.text, "en"),
            notices.ReplyStarted(1, 1, RATE_HZ),
            notices.ReplyText(1, "Hi ", 0),
            notices.ReplyText(1, "there.", 3),
            cues.ReplySegment(1, 0, "Hi there.", 0, 2400, (cues.TimedWord("Hi", 0, 900, 0),)),
            cues.VisemeTrack(1, (cues.VisemePose(0, ((10, 1.0),)),), 2400),
            cues.HeadCue(1, "nod", 0.5, 1, 0, 480, 960, "rule"),
            cues.GestureCue(1, "g1", "wave", "emblem", "right", 0.7, 0, 1, 2, 3, 4, 5, "llm"),
            *(audio(1, n * FRAME, pcm[n * 960 : (n + 1) * 960]) for n in range(5)),
            notices.ReplyAudioDone(1, 2400),
            notices.StageMarks(1, None, None, 0.01, 0.02, 0.03, 0.04, 0.05, False),
        )
    if isinstance(message, client_messages.PlaybackReport) and message.state == "finished":
        await peer.tell(notices.ReplyDone(1, "completed", "Hi there.", message.played_samples))


# ---------------------------------------------------------------------------------------------
# Replies


async def test_a_typed_turn_gives_a_whole_reply() -> None:
    async with server(answer) as (url, peers), connect(url) as avatar:
        reply = await avatar.ask("Hello?")
        assert (reply.user_text, reply.text, reply.spoken_text) == (
            "Hello?",
            "Hi there.",
            "Hi there.",
        )
        assert reply.status == "completed"
        assert bytes(reply.audio) == tone(2400)
        assert reply.audio_s == pytest.approx(0.1)
        assert reply.visemes == [(0.0, 10, 1.0)]
        assert [segment.text for segment in reply.segments] == ["Hi there."]
        assert [gesture.lexeme for gesture in reply.gestures] == ["wave"]
        assert len(reply.cues) == 2
        assert reply.metrics is not None
        assert reply.metrics.ttft_ms == 20.0
        assert reply.v2v_ms is None
    reports = peers[0].reports()
    assert reports[0].state == "started"
    assert reports[-1].state == "finished"
    assert reports[-1].played_samples == 2400
    assert isinstance(peers[0].got[-1], client_messages.SessionClose)


async def test_iterating_gives_messages_and_audio_in_the_order_of_arrival() -> None:
    async with server(answer) as (url, _), connect(url) as avatar:
        await avatar.send_text("Hello?")
        seen: list[str] = []
        async for event in avatar:
            seen.append(type(event).__name__)
            if isinstance(event, turn_messages.ReplyDone):
                break
        assert seen[:3] == ["TurnEnded", "TranscriptFinal", "ReplyStarted"]
        assert seen.count("AudioReceived") == 5
        assert seen.index("Visemes") < seen.index("AudioReceived")


async def test_playback_is_reported_every_200_ms_while_it_plays() -> None:
    async def long_answer(peer: Peer, message: object) -> None:
        if isinstance(message, client_messages.InputText):
            await peer.tell(
                notices.ReplyStarted(1, 1, RATE_HZ),
                audio(1, 0, tone(RATE_HZ // 2)),
                notices.ReplyAudioDone(1, RATE_HZ // 2),
            )

    async with server(long_answer) as (url, peers), connect(url) as avatar:
        await avatar.send_text("Go on.")
        await peers[0].until(lambda: any(r.state == "finished" for r in peers[0].reports()))
        states = [report.state for report in peers[0].reports()]
        played = [report.played_samples for report in peers[0].reports()]
    assert states == ["started", "playing", "playing", "finished"]
    assert played == sorted(played)
    assert played[1] == pytest.approx(0.2 * RATE_HZ, abs=0.02 * RATE_HZ)


async def test_running_empty_is_reported_as_stalled_and_then_as_playing() -> None:
    async with server() as (url, peers), connect(url):
        await asyncio.sleep(0.01)
        peer = peers[0]
        await peer.tell(notices.ReplyStarted(1, 0, RATE_HZ), audio(1, 0, tone(FRAME)))
        await peer.until(lambda: any(r.state == "stalled" for r in peer.reports()))
        await peer.tell(audio(1, FRAME, tone(10 * FRAME)))
        await peer.until(lambda: peer.reports()[-1].state == "playing")
        assert peer.reports()[0].state == "started"


async def test_an_interrupted_reply_is_flushed_and_reported_as_stopped() -> None:
    async with server() as (url, peers), connect(url) as avatar:
        await asyncio.sleep(0.01)
        peer = peers[0]
        await peer.tell(notices.ReplyStarted(3, 1, RATE_HZ), audio(3, 0, tone(RATE_HZ)))
        await peer.until(lambda: bool(peer.reports()))
        await avatar.interrupt(3)
        await peer.until(lambda: client_messages.Interrupt(reply_id=3) in peer.got)
        await peer.tell(
            notices.ReplyInterrupted(3, 1000, "message", "Well"),
            audio(3, RATE_HZ, tone(FRAME)),
            notices.ReplyDone(3, "interrupted", "Well", 1000),
        )
        reply = await avatar.next_reply()
        assert reply.status == "interrupted"
        assert reply.spoken_text == "Well"
        assert len(reply.audio) == 2 * RATE_HZ  # what came after the interruption is left out
        await peer.until(lambda: peer.reports()[-1].state == "stopped")
        assert peer.reports()[-1].played_samples < RATE_HZ


async def test_audio_of_an_older_reply_is_left_out() -> None:
    async with server() as (url, peers), connect(url) as avatar:
        await asyncio.sleep(0.01)
        await peers[0].tell(
            audio(1, 0, tone(FRAME)),
            notices.ReplyStarted(2, 1, RATE_HZ),
            audio(1, 0, tone(FRAME)),
            audio(2, 0, pcm_of(FRAME)),
            notices.ReplyText(1, "old", 0),
            notices.ReplyDone(2, "failed", "", 0),
        )
        reply = await avatar.next_reply()
        assert bytes(reply.audio) == pcm_of(FRAME)
        assert reply.text == ""
        assert reply.status == "failed"


async def test_an_unreadable_frame_is_passed_over() -> None:
    async with server(answer) as (url, peers), connect(url) as avatar:
        await asyncio.sleep(0.01)
        await peers[0].socket.send("not json")
        await peers[0].socket.send(b"short")
        await peers[0].socket.send('{"type":"x.dance","seq":1}')
        await peers[0].socket.send(b"\x09" + bytes(15) + b"later kind")
        await peers[0].socket.send('{"type":"state","state":"dreaming"}')
        assert (await avatar.ask("Still there?")).status == "completed"
        assert avatar.unreadable == 3


# ---------------------------------------------------------------------------------------------
# Speaking


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
async def test_a_recording_goes_out_in_real_time_as_numbered_frames_of_20_ms(
    rate_hz: int, tmp_path: Path
) -> None:
    path = tmp_path / "in.wav"
    with wave.open(str(path), "wb") as recording:
        recording.setparams((2, 2, rate_hz, 0, "NONE", ""))
        left = np.frombuffer(tone(rate_hz // 5), "<i2")
        recording.writeframes(np.stack((left, np.zeros_like(left)), axis=1).tobytes())
    async with server() as (url, peers), connect(url) as avatar:
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        await avatar.stream_wav(path, tail_s=0.2)
        took_s = loop.time() - begin_s
        await asyncio.sleep(0.02)
        frames = peers[0].heard
    assert took_s == pytest.approx(0.4, abs=0.021)
    assert [f.seq for f in frames] == list(range(len(frames)))
    assert [f.pts for f in frames] == [n * 320 for n in range(len(frames))]
    assert all(len(f.payload) == 640 for f in frames)
    assert 16 <= len(frames) <= 20  # a resampler holds up to 40 ms back
    assert frames[0].flags == FrameFlag.START
    loudness = [np.abs(np.frombuffer(f.payload, "<i2")).max() for f in frames]
    assert max(loudness[:9]) > 4000
    assert loudness[-3] < 50  # the tail is silence


async def test_voice_to_voice_runs_from_the_end_of_speech_to_the_first_audible_sample() -> None:
    async def reply_to_speech(peer: Peer, message: object) -> None:
        if isinstance(message, AudioFrame) and message.seq == 15:
            await peer.tell(
                notices.UserSpeechStopped(3200),
                notices.TurnEnded(1, "vad", 0.1),
                notices.TranscriptFinal(1, "Hello.", "en"),
                notices.ReplyStarted(1, 1, RATE_HZ),
                audio(1, 0, bytes(2400) + tone(1200)),
                notices.ReplyAudioDone(1, 2400),
                notices.ReplyDone(1, "completed", "Hi.", 2400),
            )

    async with server(reply_to_speech) as (url, _), connect(url) as avatar:
        microphone = asyncio.create_task(avatar.stream(tone(3200), 16_000))
        reply = await avatar.next_reply()
        microphone.cancel()
    # Speech ends at 200 ms, the server answers at 320 ms, the first 50 ms are silent.
    assert reply.v2v_ms == pytest.approx(170, abs=60)
    assert reply.user_text == "Hello."


async def test_talking_speaks_a_file_and_returns_the_reply(tmp_path: Path) -> None:
    async def reply_once(peer: Peer, message: object) -> None:
        if isinstance(message, AudioFrame) and message.seq == 5:
            await peer.tell(
                notices.ReplyStarted(1, 1, RATE_HZ),
                notices.ReplyDone(1, "completed", "Hi.", 0),
            )

    path = tmp_path / "in.wav"
    with wave.open(str(path), "wb") as recording:
        recording.setparams((1, 2, 16_000, 0, "NONE", ""))
        recording.writeframes(tone(320))
    async with server(reply_once) as (url, _), connect(url) as avatar:
        assert (await avatar.talk(path)).spoken_text == "Hi."
        bad = tmp_path / "bad.wav"
        bad.write_bytes(b"RIFFnothing")
        with pytest.raises(AudioUnsupported):
            await avatar.talk(bad)


async def test_push_to_talk_is_two_messages() -> None:
    async with server() as (url, peers), connect(url) as avatar:
        await avatar.press_to_talk()
        await avatar.release_to_talk()
        await peers[0].until(lambda: len(peers[0].got) == 2)
        assert peers[0].got == [
            client_messages.InputStart(mode="ptt"),
            client_messages.InputStop(mode="ptt"),
        ]


async def test_a_ping_gives_the_round_trip_without_the_servers_own_time() -> None:
    async def pong(peer: Peer, message: object) -> None:
        if isinstance(message, client_messages.ClockPing):
            await asyncio.sleep(0.05)
            await peer.say(server_messages.ClockPong(t0_ms=message.t0_ms, t1_ms=0.0, t2_ms=50.0))

    async with server(pong) as (url, _), connect(url) as avatar:
        assert await avatar.ping() == pytest.approx(0.0, abs=0.001)


# ---------------------------------------------------------------------------------------------
# Opus


@pytest.mark.skipif(not opus.available(), reason="PyAV with libopus is not installed")
async def test_opus_goes_both_ways_when_both_sides_list_it() -> None:
    sent = tone(2400)

    async def opus_answer(peer: Peer, message: object) -> None:
        if not isinstance(message, AudioFrame) or message.seq != 9:
            return
        await peer.tell(notices.ReplyStarted(1, 1, RATE_HZ))
        encoder = opus.OpusEncoder(RATE_HZ)
        for seq, packet in enumerate((*encoder.push(sent), *encoder.flush())):
            frame = AudioFrame(
                FrameKind.AUDIO_OUT, 1, seq, packet.pts, packet.payload, FrameFlag.CODEC
            )
            await peer.socket.send(pack_audio(frame))
        await peer.tell(
            notices.ReplyAudioDone(1, 2400),
            notices.ReplyDone(1, "completed", "Hi.", 2400),
        )

    wish = client_messages.AudioWish(codecs=("opus", "pcm16"), rate_hz=None)
    hello = client_messages.SessionHello(audio_in=wish, audio_out=wish)
    offer = negotiation.ServerOffer(codecs=("pcm16", "opus"))
    async with (
        server(opus_answer, offer=offer) as (url, peers),
        connect(url, hello=hello) as avatar,
    ):
        assert avatar.ready.audio_in.codec == "opus"
        spoken = tone(16_000 // 5)
        await avatar.send_audio(spoken)
        reply = await avatar.next_reply()
    assert len(reply.audio) == len(sent)
    decoder = opus.OpusDecoder(16_000)
    heard = b"".join(decoder.push(f.payload, f.pts).pcm for f in peers[0].heard)
    for one, other in ((sent, bytes(reply.audio)), (spoken, heard)):
        count = min(len(one), len(other)) // 2
        x, y = (np.frombuffer(pcm, "<i2")[:count].astype(float) for pcm in (one, other))
        assert np.corrcoef(x, y)[0, 1] > 0.95


# ---------------------------------------------------------------------------------------------
# Failures


async def test_a_server_that_is_not_there_is_one_clear_error() -> None:
    with pytest.raises(ConnectionFailed, match="cannot be reached"):
        async with connect("ws://127.0.0.1:9"):
            pass


async def test_a_bad_address_is_one_clear_error() -> None:
    with pytest.raises(ConnectionFailed):
        async with connect("http://127.0.0.1:9/x"):
            pass


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, VersionUnsupported),
        (401, Unauthorized),
        (403, Unauthorized),
        (503, ConnectionFailed),
    ],
)
async def test_a_refused_handshake_says_why(status: int, kind: type[Exception]) -> None:
    def refuse(connection: ServerConnection, _request: Request) -> Response:
        return connection.respond(status, "because")

    async with server(refuse=refuse) as (url, _):
        with pytest.raises(kind, match="because"):
            async with connect(url, token="t"):
                pass


async def test_the_token_goes_into_the_authorization_header() -> None:
    seen: list[str] = []

    def look(_connection: ServerConnection, request: Request) -> None:
        seen.append(f"{request.path} {request.headers['Authorization']}")

    async with server(refuse=look) as (url, _), connect(url, token="secret"):
        pass
    assert seen == ["/v1/avatar Bearer secret"]


async def test_an_error_in_answer_to_the_hello_is_raised_as_what_it_is() -> None:
    async with server() as (url, _):
        with pytest.raises(Exception, match="No such one") as caught:
            async with connect(url, hello=client_messages.SessionHello(persona="nobody")):
                pass
        assert caught.value.code == "persona_invalid"  # type: ignore[attr-defined]


async def test_a_server_that_does_not_answer_is_given_up() -> None:
    async with server() as (url, _):
        with pytest.raises(ConnectionFailed, match="No answer"):
            async with connect(
                url, hello=client_messages.SessionHello(persona="silence"), timeout_s=0.1
            ):
                pass


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (CloseCode.SLOW_CONSUMER, ConnectionFailed),
        (CloseCode.TOO_BIG, MessageTooBig),
        (CloseCode.UNAUTHORIZED, Unauthorized),
    ],
)
async def test_a_close_by_the_server_reaches_everything_that_waits(
    code: CloseCode, kind: type[Exception]
) -> None:
    async with server() as (url, peers), connect(url) as avatar:
        waiting = [
            asyncio.create_task(avatar.next_reply()),
            asyncio.create_task(avatar.ping()),
            asyncio.create_task(_drain(avatar)),
        ]
        await peers[0].until(lambda: bool(peers[0].got))
        await peers[0].socket.close(code, "reason")
        for error in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(error, kind)
        with pytest.raises(kind):
            await avatar.send_text("Hello?")


async def _drain(avatar: AvatarConnection) -> None:
    async for _ in avatar:
        pass


async def test_a_fatal_error_message_says_more_than_the_close_code() -> None:
    async with server() as (url, peers), connect(url) as avatar:
        await asyncio.sleep(0.01)
        await peers[0].say(
            server_messages.ErrorMessage(code="llm_timeout", message="Too slow.", fatal=True)
        )
        await peers[0].socket.close(CloseCode.INTERNAL)
        with pytest.raises(LlmTimeout, match="Too slow"):
            await avatar.next_reply()


async def test_a_clean_end_ends_the_iteration_without_an_error() -> None:
    async with server() as (url, peers), connect(url) as avatar:
        await asyncio.sleep(0.01)
        await peers[0].say(session_messages.SessionGoaway(reconnect_in_ms=100.0, reason="shutdown"))
        await peers[0].socket.close(CloseCode.GOING_AWAY)
        await _drain(avatar)
        assert avatar.goaway is not None
        with pytest.raises(ConnectionFailed):
            await avatar.next_reply()


async def test_no_task_is_left_after_a_session() -> None:
    before = asyncio.all_tasks()
    async with server(answer) as (url, _):
        for _ in range(3):
            async with connect(url) as avatar:
                await avatar.ask("Hello?")
    assert asyncio.all_tasks() == before
