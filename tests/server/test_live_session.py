"""A session outlives its connections: who carries it, what it keeps, and when it is over."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from kit.server_fakes import FakeConversation, FakeSocket, live_session

from voice_avatar.events.inputs import ClientBack, ClientLost, PlaybackReport
from voice_avatar.events.notices import ReplyAudio, ReplyInterrupted, ReplyStarted, TranscriptFinal
from voice_avatar.server.caller import Caller
from voice_avatar.server.tenure import Tenure
from voice_avatar.wire import client_messages, server_messages
from voice_avatar.wire.frame_codec import is_face
from voice_avatar.wire.negotiation import ServerOffer

pytestmark = pytest.mark.virtual_time

PCM = bytes(640)
"""20 ms at 16 kHz."""


def tenure(*, is_done: bool = True) -> Tenure:
    socket: Any = FakeSocket()
    made = Tenure(socket)
    if is_done:
        with made:
            pass
    return made


async def test_it_knows_who_opened_it() -> None:
    assert live_session().caller == Caller("192.0.2.7")


async def test_the_newer_connection_carries_it_once_the_older_is_done() -> None:
    session = live_session(ttl_s=60.0)
    older, newer = tenure(is_done=False), tenure()
    assert await session.attach(older)
    taking_over = asyncio.create_task(session.attach(newer))
    await asyncio.sleep(1)
    assert session.is_held_by(older)
    with older:
        pass
    assert await taking_over
    assert session.is_held_by(newer)
    assert not session.is_held_by(older)


async def test_a_session_that_ends_while_it_changes_hands_is_not_taken_over() -> None:
    session = live_session(ttl_s=60.0)
    older = tenure(is_done=False)
    await session.attach(older)
    taking_over = asyncio.create_task(session.attach(tenure()))
    await asyncio.sleep(0)
    session.end()
    with older:
        pass
    assert not await taking_over


async def test_the_conversation_hears_that_its_client_is_lost_and_back() -> None:
    conversation = FakeConversation()
    session = live_session(conversation=conversation, ttl_s=60.0)
    await session.attach(tenure())
    conversation.is_speaking = True
    assert session.is_speaking
    session.lose()
    assert session.lost_s is not None
    assert not session.is_speaking  # to nobody
    await session.attach(tenure())
    assert session.lost_s is None
    assert conversation.taken == [ClientLost(), ClientBack()]
    await asyncio.sleep(61)
    assert not session.is_over


async def test_a_session_that_cannot_be_resumed_is_over_with_its_connection() -> None:
    session = live_session(ttl_s=0.0)
    await session.attach(tenure())
    session.lose()
    assert session.is_over


async def test_a_conversation_that_ends_while_nobody_listens_ends_the_session() -> None:
    conversation = FakeConversation()
    session = live_session(conversation=conversation, ttl_s=60.0)
    running = asyncio.create_task(session.run())
    await session.opened.wait()
    await session.attach(tenure())
    session.lose()
    conversation.end_by_itself()
    assert session.is_over  # at once, and not when nobody has come back for a minute
    await running


async def test_finishing_waits_until_nothing_of_it_runs() -> None:
    conversation = FakeConversation()
    session = live_session(conversation=conversation)
    running = asyncio.create_task(session.run())
    await session.opened.wait()
    await session.finish()
    assert not conversation.runs
    await running


# -- what is sent


async def test_text_frames_are_numbered_over_all_connections() -> None:
    session = live_session()
    frames = [
        session.frame(server_messages.WarningMessage(code="a", message="b")),
        *session.frames(TranscriptFinal(1, "Hello.", "en")),
    ]
    assert [json.loads(frame)["seq"] for frame in frames] == [0, 1]
    assert session.resend(0).frames == (frames[1],)


async def test_audio_is_kept_until_the_client_has_played_it() -> None:
    session = live_session()
    first = session.frames(ReplyAudio(1, 0, PCM, is_first=True))
    second = session.frames(ReplyAudio(1, 320, PCM))
    assert list(session.resend(-1).frames) == [*first, *second]
    session.played(PlaybackReport(1, 330, "playing"))
    assert list(session.resend(-1).frames) == second


async def test_nothing_of_an_interrupted_reply_is_sent_again() -> None:
    session = live_session()
    session.frames(ReplyAudio(1, 0, PCM, is_first=True))
    (cut,) = session.frames(ReplyInterrupted(1, 100, "voice", ""))
    assert session.resend(-1).frames == (cut,)


async def test_settings_change_how_notices_are_told() -> None:
    session = live_session()
    missing = session.update(
        client_messages.SessionUpdate(captions=False, visemes="vrm5", voice="nobody"), ServerOffer()
    )
    assert missing == ("voice 'nobody'",)
    assert (session.dialect.viseme_set, session.dialect.captions) == ("vrm5", False)
    assert (session.agreed.settings.captions, session.settings.captions) == (True, False)


async def test_faces_go_out_before_their_audio_only_to_who_asked_for_them() -> None:
    hello = client_messages.SessionHello(capabilities=client_messages.Capabilities(face_hz=60))
    assert len(live_session().frames(ReplyAudio(1, 0, PCM, is_first=True))) == 1
    seeing = live_session(hello=hello)
    # A reply that is not known to have begun has no face, and its audio all the same.
    assert len(seeing.frames(ReplyAudio(1, 0, PCM, is_first=True))) == 1


async def test_faces_of_a_reply_go_on_after_a_resumed_connection_and_none_is_sent_again() -> None:
    hello = client_messages.SessionHello(capabilities=client_messages.Capabilities(face_hz=60))
    seeing = live_session(hello=hello)
    seeing.frames(ReplyStarted(1, 0, 24_000))
    before = seeing.frames(ReplyAudio(1, 0, PCM, is_first=True))
    assert [is_face(data) for data in before if isinstance(data, bytes)].count(True) == 1
    again = [data for data in seeing.resend(-1).frames if isinstance(data, bytes)]
    assert again
    assert not any(is_face(data) for data in again)
    after = seeing.frames(ReplyAudio(1, len(PCM) // 2, PCM, is_last=True))
    assert any(is_face(data) for data in after if isinstance(data, bytes))
