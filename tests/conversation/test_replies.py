"""What the replies of a session leave: here, how the avatar feels."""

from __future__ import annotations

from voice_avatar.conversation.history import History, HistoryOptions
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.conversation.replies import Replies, Reply
from voice_avatar.events.cues import Feeling

GLAD, SORRY = Feeling(0.6, 0.3), Feeling(-0.5, -0.2)


def made(replies: Replies) -> Reply:
    reply = replies.new(1, "")
    reply.feelings = [(0, GLAD), (24_000, SORRY)]
    return reply


def none_yet() -> Replies:
    return Replies(PlayoutOptions(), 24_000, History(HistoryOptions()))


def test_the_feeling_of_a_reply_is_kept_and_grows_old() -> None:
    replies = none_yet()
    assert replies.feeling(0.0) is None
    replies.end(made(replies), 48_000, 10.0)
    assert replies.feeling(12.5) == Feeling(-0.5, -0.2, 2.5)


def test_words_that_were_cut_off_leave_no_feeling() -> None:
    replies = none_yet()
    replies.end(made(replies), 20_000, 10.0)
    assert replies.feeling(10.0) == Feeling(0.6, 0.3, 0.0)


def test_a_reply_that_was_not_heard_changes_nothing() -> None:
    replies = none_yet()
    replies.end(made(replies), 48_000, 10.0)
    replies.end(made(replies), 0, 11.0)
    assert replies.feeling(12.0) == Feeling(-0.5, -0.2, 2.0)
