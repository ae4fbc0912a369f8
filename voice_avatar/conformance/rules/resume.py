"""Rules of resuming a session. PROTOCOL.md, section 2."""

from __future__ import annotations

from typing import Any

from voice_avatar.conformance.probe import CannotTell, Session, Target
from voice_avatar.conformance.rules.catalogue import demand, rule
from voice_avatar.conformance.rules.replies import heard, long_reply
from voice_avatar.conformance.transcript import Binary, Text
from voice_avatar.wire import server_messages, session_messages


def _offer(session: Session) -> dict[str, Any]:
    """Returns what `resume` of the next hello holds, but for `last_seq`."""
    ready = session.ready
    if ready.resume is None:
        raise CannotTell("the server keeps no sessions")
    return {"session_id": ready.session_id, "token": ready.resume.token}


@rule("resume.gone", 2, "A session that is gone: a new one, and `resume_failed`.")
async def _(server: Target) -> None:
    async with server.raw() as session:
        resume = {"session_id": "gone", "token": "gone", "last_seq": 5}
        ready = await session.greet(resume=resume)
        demand(ready.seq == 0, f"seq {ready.seq}")
        await session.first(server_messages.WarningMessage, code="resume_failed")
        await session.is_open()


@rule("resume.goes_on", 2, "After a cut, session.resumed, and what was missed comes once.")
async def _(server: Target) -> None:
    async with server.raw() as session:
        await session.greet()
        resume = _offer(session)
        await session.is_open()
        last = session.last_seq
        session.socket.transport.abort()
    resume["last_seq"] = last - 1
    async with server.raw() as session:
        await session.send({"type": "session.hello", "resume": resume})
        resumed = await session.first(session_messages.SessionResumed)
        demand(resumed.seq == last - 1, f"seq {resumed.seq} instead of {last - 1}")
        demand(resumed.replayed >= 1, "nothing is sent again")
        demand(not resumed.lost, "something is lost")
        again = await session.first(server_messages.ClockPong)
        demand(again.seq == last, f"seq {again.seq} instead of {last}")
        await session.is_open()
    async with server.raw() as session:
        used = resume | {"last_seq": last}
        await session.greet(resume=used)
        await session.first(server_messages.WarningMessage, code="resume_failed")


@rule("resume.audio", 2, "A reply that was cut goes on from what was played, without a hole.")
async def _(server: Target) -> None:
    async with server.raw() as session:
        await session.greet()
        resume = _offer(session)
        started = await long_reply(session)
        first = await heard(session)
        assert first.frame is not None
        played = first.frame.pts
        await session.report("playing", played)
        await session.is_open()
        resume["last_seq"] = session.last_seq
        session.socket.transport.abort()
    async with server.raw() as session:
        session.takes_over(started.reply_id, played)
        await session.send({"type": "session.hello", "resume": resume})
        await session.first(session_messages.SessionResumed)
        done = await session.ends(started.reply_id)
    demand(done.status == "completed", f"status {done.status}")
    _check_audio(session, played, done.played_samples)
    _check_texts(session, int(resume["last_seq"]))


def _check_audio(session: Session, played: int, end: int) -> None:
    frames = [one.frame for one in session.seen if isinstance(one, Binary) and one.frame]
    demand(frames, "no audio comes again")
    demand(frames[0].pts <= played, f"from {frames[0].pts} on, {played} was played")
    at = frames[0].pts
    for frame in frames:
        demand(frame.pts == at, f"sample {frame.pts} follows {at}")
        at += len(frame.payload) // 2
    demand(at == end, f"the audio ends at {at}, the reply at {end}")


def _check_texts(session: Session, last: int) -> None:
    texts = [one.message for one in session.seen if isinstance(one, Text)]
    numbers = [message.seq for message in texts if message is not None]
    expected = [last, *range(last + 1, last + len(numbers))]
    demand(numbers == expected, f"seq {numbers[:8]} after {last}")
