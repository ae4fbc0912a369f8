"""Rules of the handshake, the hello and the settings. PROTOCOL.md, sections 1 and 2."""

from __future__ import annotations

from urllib.parse import urlsplit

from voice_avatar.acting.mouth.viseme_sets import VISEME_SETS
from voice_avatar.conformance.probe import CannotTell, Session, Target
from voice_avatar.conformance.rules.catalogue import demand, rule
from voice_avatar.wire import server_messages, session_messages
from voice_avatar.wire.fields import SUBPROTOCOL


@rule("handshake.subprotocol", 1, "voice-avatar.v1 is taken, also among others.")
async def _(server: Target) -> None:
    socket = await server.connect(subprotocols=("voice-avatar.v9", SUBPROTOCOL))
    await socket.close()
    demand(socket.subprotocol == SUBPROTOCOL, f"{socket.subprotocol!r} was taken")


@rule("handshake.no_subprotocol", 1, "A client that offers no subprotocol speaks version 1.")
async def _(server: Target) -> None:
    async with server.raw(subprotocols=None) as session:
        await session.greet()


@rule("handshake.other_subprotocol", 1, "Only other subprotocols: HTTP 400.")
async def _(server: Target) -> None:
    status = await server.status(subprotocols=("voice-avatar.v9",))
    demand(status == 400, f"the answer is {status}")


@rule("handshake.no_deflate", 1, "permessage-deflate is not used.")
async def _(server: Target) -> None:
    socket = await server.connect(compression="deflate")
    await socket.close()
    demand(not socket.protocol.extensions, "the server took the extension")


@rule("handshake.origin", 1, "A page of a foreign origin is refused with HTTP 403.")
async def _(server: Target) -> None:
    status = await server.status(origin="https://foreign.invalid")
    demand(status == 403, f"the answer is {status}")


@rule("handshake.same_origin", 1, "A page of the server's own host is let in.")
async def _(server: Target) -> None:
    where = urlsplit(server.url)
    scheme = "https" if where.scheme == "wss" else "http"
    status = await server.status(origin=f"{scheme}://{where.netloc}")
    demand(status == 101, f"the answer is {status}")


@rule("auth.wrong_token", 1, "A wrong token in the hello: error `unauthorized`, close 4001.")
async def _(server: Target) -> None:
    if not server.token:
        raise CannotTell("no --token was given")
    async with server.raw(token="") as session:
        await session.send({"type": "session.hello", "auth": {"token": f"not-{server.token}"}})
        await _refused(session, "unauthorized", 4001)


@rule("auth.wrong_header", 1, "A wrong token with the handshake: HTTP 401.")
async def _(server: Target) -> None:
    if not server.token:
        raise CannotTell("no --token was given")
    status = await server.status(token=f"not-{server.token}")
    demand(status == 401, f"the answer is {status}")


@rule("auth.in_hello", 1, "A token in the hello is taken.")
async def _(server: Target) -> None:
    if not server.token:
        raise CannotTell("no --token was given")
    async with server.raw(token="") as session:
        await session.greet(auth={"token": server.token})


@rule("auth.in_query", 1, "A token in the query is taken.")
async def _(server: Target) -> None:
    if not server.token:
        raise CannotTell("no --token was given")
    url = f"{server.url}?token={server.token}"
    async with server.raw(token="", url=url) as session:
        await session.greet()


async def _refused(session: Session, code: str, close: int) -> None:
    """Waits for a fatal error and the close after it."""
    error = await session.first(server_messages.ErrorMessage)
    demand(error.code == code, f"the error is {error.code}")
    demand(error.fatal, "the error is not fatal")
    closed = await session.closes()
    demand(closed == close, f"closed with {closed}")


@rule("hello.ready", 2, "A hello without wishes is answered by session.ready.")
async def _(server: Target) -> None:
    async with server.session() as session:
        ready = session.ready
        demand(ready.protocol == 1, f"version {ready.protocol}")
        demand(ready.audio_in.rate_hz == 16_000, f"microphone at {ready.audio_in.rate_hz} Hz")
        demand(ready.audio_in.codec == ready.audio_out.codec == "pcm16", "not PCM16")
        await session.is_open()


@rule("hello.binary_first", 2, "A binary frame before the hello: close 1003.")
async def _(server: Target) -> None:
    async with server.raw() as session:
        await session.send(session.microphone(bytes(640)))
        closed = await session.closes()
        demand(closed == 1003, f"closed with {closed}")


@rule("hello.other_first", 2, "Another message first: an error, and a hello is still taken.")
async def _(server: Target) -> None:
    async with server.raw() as session:
        await session.send({"type": "input.commit"})
        await session.first(
            server_messages.ErrorMessage, code="unexpected_message", ref="input.commit"
        )
        await session.greet()


@rule("hello.unreadable", 2, "A hello that cannot be read: an error, and another one is taken.")
async def _(server: Target) -> None:
    async with server.raw() as session:
        await session.send({"type": "session.hello", "endpointing": "?"})
        await session.first(server_messages.ErrorMessage, code="bad_field", ref="session.hello")
        await session.send({"type": "session.hello", "protocol": {"min": 3, "max": 2}})
        await session.first(server_messages.ErrorMessage, code="bad_field", ref="session.hello")
        await session.greet()


@rule("hello.version", 2, "No version in common: `version_unsupported`, close 4004.")
async def _(server: Target) -> None:
    async with server.raw() as session:
        await session.send({"type": "session.hello", "protocol": {"min": 200, "max": 255}})
        await _refused(session, "version_unsupported", 4004)


@rule("hello.versions_to_come", 2, "Of a range of versions the highest in common is taken.")
async def _(server: Target) -> None:
    async with server.raw() as session:
        ready = await session.greet(protocol={"min": 1, "max": 255})
        demand(ready.protocol >= 1, f"version {ready.protocol}")


@rule("hello.codec", 2, "No codec in common: `audio_unsupported`, close 4000.")
async def _(server: Target) -> None:
    async with server.raw() as session:
        await session.send({"type": "session.hello", "audio_in": {"codecs": ["mp3"]}})
        await _refused(session, "audio_unsupported", 4000)


@rule("hello.rate", 2, "A reply rate that is not offered: `audio_unsupported`, close 4000.")
async def _(server: Target) -> None:
    async with server.raw() as session:
        await session.send({"type": "session.hello", "audio_out": {"rate_hz": 8001}})
        await _refused(session, "audio_unsupported", 4000)


@rule("hello.unknown_codec", 2, "Codecs that are not known are passed over.")
async def _(server: Target) -> None:
    async with server.raw() as session:
        ready = await session.greet(audio_in={"codecs": ["mp3", "pcm16"], "rate_hz": 48_000})
        demand(ready.audio_in.codec == "pcm16", f"{ready.audio_in.codec} was taken")
        demand(ready.audio_in.rate_hz == 48_000, f"{ready.audio_in.rate_hz} Hz")


@rule("hello.wishes", 2, "What is not to be had: `setting_unavailable`, and the session opens.")
async def _(server: Target) -> None:
    async with server.session(voice="no such voice") as session:
        await session.first(server_messages.WarningMessage, code="setting_unavailable")
        await session.is_open()


@rule("hello.visemes", 2, "Each viseme set is agreed on with its names; of others, ovr15.")
async def _(server: Target) -> None:
    for name in (*VISEME_SETS, "no such set"):
        async with server.raw() as session:
            ready = await session.greet(capabilities={"visemes": name})
            agreed = ready.settings.viseme_set
            expected = name if name in VISEME_SETS else "ovr15"
            demand(agreed == expected, f"{name}: {agreed} was taken")
            demand(ready.settings.visemes == VISEME_SETS[expected], f"{name}: other names")


@rule("hello.vocabulary", 2, "Gestures and expressions are those that both sides know.")
async def _(server: Target) -> None:
    wish = {"gestures": ["wave", "no such gesture"], "expressions": []}
    async with server.raw() as session:
        ready = await session.greet(capabilities=wish)
        demand(set(ready.gestures) <= {"wave"}, f"gestures: {ready.gestures}")
        demand(not ready.expressions, f"expressions: {ready.expressions}")


@rule("hello.twice", 2, "A second hello: `unexpected_message`, and the session goes on.")
async def _(server: Target) -> None:
    async with server.session() as session:
        await session.send({"type": "session.hello"})
        await session.first(
            server_messages.ErrorMessage, code="unexpected_message", ref="session.hello"
        )
        await session.is_open()


@rule("hello.timeout", 2, "No hello in time: `hello_timeout`, close 4002.", is_slow=True)
async def _(server: Target) -> None:
    async with server.session() as session:
        hello_s = session.ready.limits.hello_ms / 1000
    async with server.raw() as session:
        closed = await session.closes(hello_s + server.timeout_s)
        demand(closed == 4002, f"closed with {closed}")
        demand(
            "hello_timeout" in session.codes(server_messages.ErrorMessage), "no error came before"
        )


@rule("session.close", 2, "session.close is answered by a close with 1000.")
async def _(server: Target) -> None:
    async with server.session() as session:
        await session.send({"type": "session.close", "reason": "done"})
        closed = await session.closes()
        demand(closed == 1000, f"closed with {closed}")


@rule("session.update", 2, "Settings change; persona and voice do not.")
async def _(server: Target) -> None:
    async with server.session() as session:
        await session.send({"type": "session.update", "visemes": "vrm5", "captions": False})
        now = (await session.first(session_messages.SessionUpdated)).settings
        demand(now.viseme_set == "vrm5", f"visemes: {now.viseme_set}")
        demand(now.visemes == VISEME_SETS["vrm5"], "names of another set")
        demand(not now.captions, "captions are still on")
        await session.send({"type": "session.update", "voice": "no such voice"})
        await session.first(session_messages.SessionUpdated)
        await session.first(server_messages.WarningMessage, code="setting_unavailable")
