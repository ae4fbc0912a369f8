"""Rules of turns and replies. PROTOCOL.md, sections 5, 6, 10, 11 and 12."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from voice_avatar.conformance.probe import CannotTell, M, RuleBroken, Session, Target
from voice_avatar.conformance.rules.catalogue import demand, rule
from voice_avatar.conformance.transcript import Binary, Seen, Text
from voice_avatar.wire import cue_messages, server_messages, session_messages, turn_messages

LONG = "Please tell me a long story about the sea, in ten sentences."
"""A typed turn that is likely to be answered at length."""

LONGEST_REPLY_S = 60.0
"""How long a reply to a greeting may be spoken, seconds."""

SLACK_MS = 100.0
"""Audio over `max_ahead_ms` that is let pass: a frame or burst on its way."""


async def _ask(session: Session, text: str = "Hello!") -> turn_messages.ReplyStarted:
    await session.send({"type": "input.text", "text": text})
    ended = await session.first(turn_messages.TurnEnded, reason="text")
    return await session.first(turn_messages.ReplyStarted, turn_id=ended.turn_id)


async def heard(session: Session) -> Binary:
    """Waits for the next frame of reply audio."""
    seen = await session.until(_is_audio, "reply audio")
    assert isinstance(seen, Binary)
    return seen


def _is_audio(seen: Seen) -> bool:
    return isinstance(seen, Binary) and seen.frame is not None


def _messages(seen: Sequence[Seen], kind: type[M]) -> list[M]:
    found = [one.message for one in seen if isinstance(one, Text)]
    return [one for one in found if isinstance(one, kind)]


@rule(
    "turn.text", 6, "A typed turn: turn.ended with `text`, then a reply to it, played to its end."
)
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        await session.send({"type": "input.text", "text": "Hello!"})
        ended = await session.first(turn_messages.TurnEnded)
        demand(ended.reason == "text", f"reason {ended.reason}")
        demand(ended.silence_ms == 0, f"silence {ended.silence_ms} ms")
        started = await session.first(turn_messages.ReplyStarted)
        demand(started.turn_id == ended.turn_id, f"reply to turn {started.turn_id}")
        await heard(session)
        sent = await session.first(turn_messages.ReplyAudioDone, reply_id=started.reply_id)
        done = await session.first(turn_messages.ReplyDone, reply_id=started.reply_id)
        demand(done.status == "completed", f"status {done.status}")
        demand(done.played_samples == sent.sample_count, f"{done.played_samples} samples played")
        await session.quiet(0.5)


@rule("turn.states", 6, "A turn goes from thinking over speaking to listening.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        begin = len(session.seen)
        started = await _ask(session)
        await session.first(turn_messages.ReplyDone, reply_id=started.reply_id)
        await session.first(session_messages.State, state="listening")
        states = [one.state for one in _messages(session.seen[begin:], session_messages.State)]
        told = [s for s in states if s in {"thinking", "speaking"}]
        demand(told == ["thinking", "speaking"], f"states {states}")


@rule("turn.several", 6, "Replies to several turns do not mix, and their ids grow.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        for _ in range(3):
            started = await _ask(session)
            await session.first(turn_messages.ReplyDone, reply_id=started.reply_id)
        await session.quiet(0.3)


@rule("turn.empty_text", 13, "A typed turn of spaces: `empty_text`, and no reply.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        await session.send({"type": "input.text", "text": "   "})
        await session.first(server_messages.WarningMessage, code="empty_text")
        await session.is_open()


@rule("turn.captions_off", 7, "Without captions no reply.text and no reply.segment is sent.")
async def _(server: Target) -> None:
    async with server.quiet_session(capabilities={"captions": False, "gaze": False}) as session:
        started = await _ask(session)
        await session.first(turn_messages.ReplyDone, reply_id=started.reply_id)
        for kind in (turn_messages.ReplyText, turn_messages.ReplySegment, cue_messages.Gaze):
            demand(not _messages(session.seen, kind), f"{kind.__name__} came")


@rule("turn.visemes", 10, "Weights are in the set in force; in ovr15 a pose sums to at most 1.")
async def _(server: Target) -> None:
    for name in ("ovr15", "arkit52"):
        async with server.quiet_session(capabilities={"visemes": name}) as session:
            started = await _ask(session)
            await session.first(turn_messages.ReplyDone, reply_id=started.reply_id)
            messages = _messages(session.seen, cue_messages.Visemes)
            demand(messages, f"{name}: no visemes came")
            for message in messages:
                _check_mouth(message, name)


def _check_mouth(message: cue_messages.Visemes, name: str) -> None:
    demand(message.set == name, f"set {message.set} instead of {name}")
    sums: dict[float, float] = {}
    for t_ms, viseme, weight in message.keys:
        demand(viseme < (15 if name == "ovr15" else 52), f"{name}: viseme {viseme}")
        demand(t_ms <= message.until_ms + 0.1, f"a key at {t_ms} after {message.until_ms}")
        sums[t_ms] = sums.get(t_ms, 0.0) + weight
    if name == "ovr15":
        most = max(sums.values(), default=0.0)
        demand(most <= 1.002, f"weights sum to {most}")


@rule("turn.times", 5, "Captions and visemes lie within the reply's audio.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        started = await _ask(session)
        done = await session.first(turn_messages.ReplyAudioDone, reply_id=started.reply_id)
        end_ms = done.sample_count * 1000 / started.rate_hz + 1.0
        for segment in _messages(session.seen, turn_messages.ReplySegment):
            if segment.reply_id != started.reply_id:
                continue
            demand(segment.end_ms <= end_ms, f"a segment ends at {segment.end_ms}, not {end_ms}")
            for word, start_ms, stop_ms, _ in segment.words:
                inside = segment.start_ms - 0.1 <= start_ms <= stop_ms <= segment.end_ms + 0.1
                demand(inside, f"the word {word!r} lies outside its segment")
        for mouth in _messages(session.seen, cue_messages.Visemes):
            if mouth.reply_id != started.reply_id:
                continue
            demand(mouth.until_ms <= end_ms, f"visemes until {mouth.until_ms}, not {end_ms}")


@rule("turn.chars", 3, "`char` counts code points: reply.text and words are found where they say.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        started = await _ask(session, "你好 👋")
        await session.first(turn_messages.ReplyDone, reply_id=started.reply_id)
        text = ""
        for part in _messages(session.seen, turn_messages.ReplyText):
            if part.reply_id != started.reply_id:
                continue
            demand(part.char == len(text), f"char {part.char} instead of {len(text)}")
            text += part.text
        for segment in _messages(session.seen, turn_messages.ReplySegment):
            if segment.reply_id != started.reply_id:
                continue
            for word, _, _, char in segment.words:
                found = text[char : char + len(word)]
                demand(found == word, f"at char {char} is {found!r}, not {word!r}")


async def _interrupted(session: Session, reason: str) -> None:
    """Checks that the live reply is cut, and nothing of it comes any more."""
    cut = await session.first(turn_messages.ReplyInterrupted)
    demand(cut.reason == reason, f"reason {cut.reason}")
    done = await session.first(turn_messages.ReplyDone, reply_id=cut.reply_id)
    demand(done.status == "interrupted", f"status {done.status}")


async def long_reply(session: Session) -> turn_messages.ReplyStarted:
    """Begins a reply that is not over when its first audio was heard."""
    session.plays = False
    started = await _ask(session, LONG)
    first = await heard(session)
    assert first.frame is not None
    await session.report("started", 0)
    return started


@rule("interrupt.message", 6, "`interrupt` cuts the reply; nothing of it follows but its end.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        started = await long_reply(session)
        await session.send({"type": "interrupt", "reply_id": started.reply_id})
        await _interrupted(session, "message")
        await session.quiet(0.5)
        session.plays = True
        again = await _ask(session)
        demand(again.reply_id > started.reply_id, f"reply {again.reply_id} is next")
        await session.first(turn_messages.ReplyDone, reply_id=again.reply_id)


@rule("interrupt.text", 7, "A typed turn interrupts the reply that is playing.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        await long_reply(session)
        session.plays = True
        await session.send({"type": "input.text", "text": "And you?"})
        await _interrupted(session, "text")
        started = await session.first(turn_messages.ReplyStarted)
        await session.first(turn_messages.ReplyDone, reply_id=started.reply_id)


@rule("interrupt.push_to_talk", 6, "Pressing to talk interrupts the reply that is playing.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        await long_reply(session)
        await session.send({"type": "input.start", "mode": "ptt"})
        await _interrupted(session, "ptt")


@rule("interrupt.nothing", 7, "`interrupt` without a reply: `nothing_to_interrupt`.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        await session.send({"type": "interrupt"})
        await session.first(server_messages.WarningMessage, code="nothing_to_interrupt")


@rule("interrupt.other_reply", 7, "`interrupt` of another reply does not cut the live one.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        started = await long_reply(session)
        await session.send({"type": "interrupt", "reply_id": started.reply_id + 5})
        await session.first(server_messages.WarningMessage, code="nothing_to_interrupt")
        demand(not _messages(session.seen, turn_messages.ReplyInterrupted), "it was cut")


@rule("input.commit_nothing", 7, "`input.commit` without a turn: `nothing_to_commit`.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        await session.send({"type": "input.commit"})
        await session.first(server_messages.WarningMessage, code="nothing_to_commit")


@rule("input.clear_nothing", 7, "`input.clear` without a turn is no error.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        await session.send({"type": "input.clear"})
        await session.is_open()
        demand(
            not session.codes(server_messages.ErrorMessage),
            f"{session.codes(server_messages.ErrorMessage)}",
        )


async def _turn(session: Session, reason: str | None) -> None:
    """Checks a spoken turn up to its reply."""
    try:
        final = await session.first(turn_messages.TranscriptFinal)
        ended = await session.first(turn_messages.TurnEnded)
    except RuleBroken as broken:
        why = f"nothing was understood ({broken}): give recorded speech with --speech"
        raise CannotTell(why) from broken
    demand(final.turn_id == ended.turn_id, f"turn {ended.turn_id} after {final.turn_id}")
    demand(reason is None or ended.reason == reason, f"reason {ended.reason}")
    started = await session.first(turn_messages.ReplyStarted)
    demand(started.turn_id == ended.turn_id, f"reply to turn {started.turn_id}")
    await session.first(turn_messages.ReplyDone, reply_id=started.reply_id)


@rule("input.push_to_talk", 6, "Between press and release all is one turn, ended with `ptt`.")
async def _(server: Target) -> None:
    async with server.quiet_session(endpointing="manual") as session:
        await session.send({"type": "input.start", "mode": "ptt"})
        await session.speak(server.speech)
        await session.send({"type": "input.stop", "mode": "ptt"})
        await _turn(session, "ptt")


@rule("input.no_words", 6, "Push-to-talk over silence ends with `turn.dropped`.")
async def _(server: Target) -> None:
    async with server.quiet_session(endpointing="manual") as session:
        await session.send({"type": "input.start", "mode": "ptt"})
        await session.speak(bytes(32_000))
        await session.send({"type": "input.stop", "mode": "ptt"})
        await session.first(turn_messages.TurnDropped)


@rule("input.commit", 7, "`input.commit` ends the turn, with `commit`.")
async def _(server: Target) -> None:
    async with server.quiet_session(endpointing="manual") as session:
        await session.speak(server.speech)
        await session.send({"type": "input.commit"})
        await _turn(session, "commit")


@rule("input.speech", 6, "A spoken turn is found: speech_started, stopped, final, turn.ended.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        talking = asyncio.create_task(session.speak(server.speech + bytes(32_000 * 8)))
        try:
            await _turn(session, None)
        finally:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
        started = _messages(session.seen, turn_messages.InputSpeechStarted)
        stopped = _messages(session.seen, turn_messages.InputSpeechStopped)
        demand(started and stopped, "speech_started or speech_stopped did not come")


def _is_all_sent(session: Session, reply_id: int) -> bool:
    done = _messages(session.seen, turn_messages.ReplyAudioDone)
    return any(one.reply_id == reply_id for one in done)


@rule("pacing.max_ahead", 12, "No more than max_ahead_ms of audio is sent and not yet played.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        ready = session.ready
        started = await long_reply(session)
        await session.report("paused", 0)
        await session.quiet(3.0)
        stream = started.stream
        ends = [
            one.frame.pts + len(one.frame.payload) // 2
            for one in session.seen
            if isinstance(one, Binary) and one.frame is not None and one.frame.stream == stream
        ]
        ahead_ms = max(ends) * 1000 / started.rate_hz
        most_ms = ready.limits.max_ahead_ms
        demand(ahead_ms <= most_ms + SLACK_MS, f"{ahead_ms:.0f} ms, {most_ms:.0f} are allowed")
        if _is_all_sent(session, started.reply_id):
            raise CannotTell(f"the whole reply has only {ahead_ms:.0f} ms")


@rule("pacing.goes_on", 12, "Once more is reported as played, more is sent.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        started = await long_reply(session)
        await session.report("paused", 0)
        await session.quiet(2.5)
        if _is_all_sent(session, started.reply_id):
            raise CannotTell("the whole reply fits into max_ahead_ms")
        await session.report("playing", started.rate_hz // 2)
        await heard(session)


@rule("pacing.no_reports", 12, "A client that never reports is taken to play in real time.")
async def _(server: Target) -> None:
    async with server.quiet_session() as session:
        session.plays = False
        started = await _ask(session, "Hi.")
        await session.until(
            lambda seen: (
                isinstance(seen, Text)
                and isinstance(seen.message, turn_messages.ReplyDone)
                and seen.message.reply_id == started.reply_id
            ),
            "reply.done",
            within_s=LONGEST_REPLY_S,
        )
