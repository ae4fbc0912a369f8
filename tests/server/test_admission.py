"""Who is let in, and who makes room."""

from __future__ import annotations

import pytest
from edge import raw, running

from voice_avatar.server.admission import Place, place_for_one_more


def test_a_session_that_waits_keeps_its_place_while_there_is_another() -> None:
    assert place_for_one_more(3, {"a": None, "b": 5.0}) == Place()


def test_the_session_that_has_waited_for_longest_makes_room() -> None:
    assert place_for_one_more(3, {"a": None, "b": 5.0, "c": 3.0}) == Place(leaver="c")


def test_nobody_who_is_here_makes_room() -> None:
    assert place_for_one_more(2, {"a": None, "b": None}) == Place(is_none=True)


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_token_is_taken_from_header_hello_or_query() -> None:
    async with running(tokens=("old", "s3cret")) as run:
        async with raw(run.url, additional_headers={"Authorization": "Bearer s3cret"}) as client:
            await client.hello()
        async with raw(run.url) as client:
            await client.hello(auth={"token": "old"})
        async with raw(run.url, path="/v1/avatar?token=s3cret") as client:
            await client.hello()


@pytest.mark.realtime
@pytest.mark.virtual_time
@pytest.mark.parametrize("token", [None, "", "s3cre", "s3crett", "Bearer s3cret", "s3cret "])
async def test_without_a_valid_token_nobody_comes_in(token: str | None) -> None:
    async with running(tokens=("s3cret",)) as run, raw(run.url) as client:
        fields = {} if token is None else {"auth": {"token": token}}
        await client.send({"type": "session.hello", **fields})
        assert await client.closed() == (4001, "unauthorized")
        assert client.codes() == ["unauthorized"]
        assert run.llm.running == 0


@pytest.mark.realtime
@pytest.mark.virtual_time
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


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_session_that_is_not_there_is_followed_by_a_new_one_and_a_warning() -> None:
    async with running() as run, raw(run.url) as client:
        gone = {"session_id": "gone", "token": "none", "last_seq": 7}
        ready = await client.hello(resume=gone)
        assert ready["seq"] == 0
        assert ready["session_id"] != "gone"
        await client.until("warning", code="resume_failed")
        await client.until("state", state="idle")
