"""The outbox: in order, bounded, and free of interrupted replies."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.events.notices import (
    Notice,
    ReplyAudio,
    ReplyAudioDone,
    ReplyDone,
    ReplyInterrupted,
    ReplyNotice,
    ReplyStarted,
    ReplyText,
    StageMarks,
    State,
    StateChanged,
    TranscriptFinal,
    TranscriptInterim,
    WarningNotice,
)
from voice_avatar.pipeline.outbox import Outbox


def audio(reply_id: int, start: int = 0) -> ReplyAudio:
    return ReplyAudio(reply_id, start, b"\0\0")


async def put_audio(outbox: Outbox, notice: ReplyAudio) -> None:
    await outbox.has_room()
    outbox.put(notice)


def interim(turn_id: int, text: str) -> TranscriptInterim:
    return TranscriptInterim(turn_id, text, 0, "en")


def marks(reply_id: int) -> StageMarks:
    return StageMarks(reply_id, *[None] * 7, is_speculative=False)


def interrupted(reply_id: int) -> ReplyInterrupted:
    return ReplyInterrupted(reply_id, 0, "voice", "")


async def rest(outbox: Outbox) -> list[Notice]:
    """Closes the outbox and returns all that still comes out."""
    outbox.close()
    notices = []
    while (notice := await outbox.get()) is not None:
        notices.append(notice)
    return notices


def filled(*notices: Notice, limit: int = 100) -> Outbox:
    outbox = Outbox(limit)
    for notice in notices:
        outbox.put(notice)
    return outbox


async def test_notices_come_out_in_the_order_in_which_they_were_put() -> None:
    notices = [ReplyStarted(1, 1, 24_000), ReplyText(1, "Hi", 0), WarningNotice("a", "b")]
    outbox = filled(*notices)
    assert len(outbox) == 3
    assert await rest(outbox) == notices
    assert len(outbox) == 0


async def test_a_reader_waits_for_the_next_notice() -> None:
    outbox = Outbox(10)
    reader = asyncio.create_task(outbox.get())
    await asyncio.sleep(0)
    assert not reader.done()
    outbox.put(WarningNotice("a", "b"))
    assert await reader == WarningNotice("a", "b")


async def test_a_closed_outbox_ends_its_reader() -> None:
    outbox = Outbox(10)
    reader = asyncio.create_task(outbox.get())
    await asyncio.sleep(0)
    outbox.close()
    assert await reader is None
    assert await outbox.get() is None


async def test_of_a_reply_that_is_cut_only_its_beginning_and_end_are_still_told() -> None:
    outbox = filled(
        ReplyStarted(1, 1, 24_000),
        audio(1),
        marks(1),
        WarningNotice("a", "b"),
        interrupted(1),
        ReplyDone(1, "interrupted", "", 0),
        audio(1, 480),
        ReplyAudioDone(1, 960),
        ReplyStarted(2, 2, 24_000),
        audio(2),
    )
    assert await rest(outbox) == [
        ReplyStarted(1, 1, 24_000),
        marks(1),
        WarningNotice("a", "b"),
        interrupted(1),
        ReplyDone(1, "interrupted", "", 0),
        ReplyStarted(2, 2, 24_000),
        audio(2),
    ]


async def test_a_late_word_of_an_earlier_interruption_does_not_revive_a_later_one() -> None:
    outbox = filled(interrupted(3), interrupted(2), audio(3))
    assert await rest(outbox) == [interrupted(3), interrupted(2)]


async def test_a_newer_interim_transcript_replaces_one_that_waits() -> None:
    outbox = filled(interim(1, "a"), interim(1, "a b"), interim(2, "c"), TranscriptFinal(2, "", ""))
    outbox.put(interim(2, "d"))
    assert await rest(outbox) == [
        interim(1, "a b"),
        interim(2, "c"),
        TranscriptFinal(2, "", ""),
        interim(2, "d"),
    ]


async def test_a_newer_state_replaces_one_that_waits() -> None:
    outbox = filled(
        StateChanged(State.INTERRUPTED), StateChanged(State.LISTENING), StateChanged(State.THINKING)
    )
    assert await rest(outbox) == [StateChanged(State.THINKING)]


async def test_audio_waits_for_room_and_other_notices_do_not() -> None:
    outbox = filled(audio(1, 0), audio(1, 1), limit=2)
    writer = asyncio.create_task(put_audio(outbox, audio(1, 2)))
    await asyncio.sleep(0)
    assert not writer.done()
    outbox.put(WarningNotice("a", "b"))
    assert await outbox.get() == audio(1, 0)
    await asyncio.sleep(0)
    assert not writer.done()
    assert await outbox.get() == audio(1, 1)
    await writer
    assert await rest(outbox) == [WarningNotice("a", "b"), audio(1, 2)]


async def test_what_is_skipped_makes_room_too() -> None:
    outbox = filled(audio(1, 0), audio(1, 1), limit=2)
    writer = asyncio.create_task(put_audio(outbox, audio(2)))
    outbox.put(interrupted(1))
    assert await outbox.get() == interrupted(1)
    await asyncio.wait_for(writer, 60)
    assert await outbox.get() == audio(2)


async def test_a_writer_that_is_cancelled_leaves_nothing_behind() -> None:
    outbox = filled(audio(1), limit=1)
    writer = asyncio.create_task(put_audio(outbox, audio(1, 1)))
    await asyncio.sleep(0)
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer
    assert await rest(outbox) == [audio(1)]


@given(st.lists(st.tuples(st.sampled_from("asic"), st.integers(1, 4)), max_size=40))
def test_after_an_interruption_nothing_of_that_reply_or_an_earlier_one_comes_out(
    steps: list[tuple[str, int]],
) -> None:
    kinds = {
        "a": audio,
        "s": lambda reply_id: ReplyStarted(reply_id, 0, 24_000),
        "i": interim_of,
        "c": interrupted,
    }

    async def run() -> list[Notice]:
        return await rest(filled(*(kinds[kind](reply_id) for kind, reply_id in steps)))

    told = asyncio.run(run())
    cut_id = max((reply_id for kind, reply_id in steps if kind == "c"), default=0)
    for notice in told:
        if isinstance(notice, ReplyNotice) and not isinstance(
            notice, ReplyStarted | ReplyInterrupted
        ):
            assert notice.reply_id > cut_id
    kept = [reply_id for kind, reply_id in steps if kind == "a" and reply_id > cut_id]
    assert [notice.reply_id for notice in told if isinstance(notice, ReplyAudio)] == kept


def interim_of(turn_id: int) -> TranscriptInterim:
    return interim(turn_id, "text")
