"""Who may come back, and what is a loss."""

from __future__ import annotations

import pytest

from voice_avatar.server.resumption import Parting, ResumeKey, is_resumable
from voice_avatar.wire.codes import CloseCode


def test_nothing_opens_a_session_without_a_token() -> None:
    key = ResumeKey()
    assert not key.accepts("")
    assert not key.accepts("a")


def test_a_token_is_good_until_the_client_shows_that_it_has_the_next_one() -> None:
    key = ResumeKey()
    key.offer("a")
    assert key.accepts("a")
    key.offer("b", held="a")
    assert key.accepts("a")
    assert key.accepts("b")
    key.confirm()
    assert not key.accepts("a")
    assert key.accepts("b")


def test_a_client_that_never_got_the_next_token_may_come_again_with_the_old_one() -> None:
    key = ResumeKey()
    key.offer("a")
    key.offer("b", held="a")
    key.offer("c", held="a")
    assert not key.accepts("b")  # it cannot have it: it showed the older one
    assert key.accepts("a")
    assert key.accepts("c")


def test_whoever_shows_the_next_token_has_used_up_the_one_before() -> None:
    key = ResumeKey()
    key.offer("a")
    key.offer("b", held="a")
    key.offer("c", held="b")
    assert not key.accepts("a")


def test_no_token_is_kept() -> None:
    key = ResumeKey()
    key.offer("sesame", held="open")
    assert not {"sesame", "open", b"sesame", b"open"} & set(vars(key).values())


@pytest.mark.parametrize(
    ("received", "sent", "is_ours", "is_loss"),
    [
        (None, None, True, True),  # cut without a word
        (None, 1011, True, True),  # a ping without an answer
        (1011, 1011, True, True),  # whose client answers late
        (None, 1009, True, False),  # a frame that is too large
        (1009, 1009, True, False),
        (None, 1001, True, False),  # the server goes
        (1000, 1000, False, False),
        (1001, 1001, False, False),  # the page is left
        (1011, 1011, False, True),  # something on the client's side has failed
        (4000, 4000, False, True),
    ],
)
def test_a_loss_is_what_nobody_meant(
    received: int | None, sent: int | None, is_ours: bool, is_loss: bool
) -> None:
    assert Parting(received, sent, is_ours).is_loss == is_loss


def test_a_session_outlives_a_slow_reader_and_another_connection_and_nothing_else() -> None:
    resumable = {code for code in CloseCode if is_resumable(code)}
    assert resumable == {CloseCode.SLOW_CONSUMER, CloseCode.REPLACED}
