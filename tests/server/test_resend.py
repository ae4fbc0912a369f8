"""What is sent again: everything that a client lacks, once, in order, and no more than is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.server.resend import ResendBuffer


def line(*items: str, **limits: float) -> ResendBuffer:
    """A line of texts ("t0", "t1" …) and audio ("1:0" = reply 1, sample 0), one a second."""
    buffer = ResendBuffer(**limits)  # type: ignore[arg-type]
    for now_s, item in enumerate(items):
        if item.startswith("t"):
            buffer.add_text(int(item[1:]), item, now_s)
        else:
            reply_id, _, pts = item.partition(":")
            buffer.add_audio(int(reply_id), int(pts), item.encode(), now_s)
    return buffer


def again(buffer: ResendBuffer, last_seq: int) -> str:
    frames = buffer.after(last_seq).frames
    return " ".join(frame if isinstance(frame, str) else frame.decode() for frame in frames)


def test_a_client_that_has_everything_gets_nothing() -> None:
    resent = line("t0", "t1").after(1)
    assert (resent.frames, resent.text_count, resent.is_lost) == ((), 0, False)


def test_what_follows_the_last_text_comes_again_in_its_order() -> None:
    buffer = line("t0", "t1", "1:0", "t2", "1:480", "t3")
    assert again(buffer, 1) == "1:0 t2 1:480 t3"
    assert buffer.after(1).text_count == 2


def test_audio_of_a_reply_that_is_not_over_comes_again_from_where_it_was_played() -> None:
    buffer = line("t0", "1:0", "1:480", "1:960", "t1")
    assert again(buffer, 1) == "1:0 1:480 1:960"
    buffer.played(1, 700)  # in the middle of a frame
    assert again(buffer, 1) == "1:480 1:960"
    buffer.played(1, 960)
    assert again(buffer, 1) == "1:960"


def test_audio_that_was_told_to_be_over_comes_again_only_if_it_may_be_missing() -> None:
    buffer = line("t0", "1:0", "t1", "1:480", "t2")
    buffer.over(1)
    assert again(buffer, 0) == "1:0 t1 1:480 t2"
    assert again(buffer, 1) == "1:480 t2"
    assert again(buffer, 2) == ""


def test_no_audio_of_an_interrupted_reply_comes_again() -> None:
    buffer = line("t0", "1:0", "t1")
    buffer.cut(1)
    buffer.add_audio(2, 0, b"2:0", 3.0)
    assert again(buffer, 0) == "t1 2:0"


def test_what_was_played_of_a_reply_shows_that_the_one_before_is_not_needed() -> None:
    buffer = line("1:0", "2:0", "2:480", "2:960")
    buffer.played(2, 500)
    assert again(buffer, -1) == "2:480 2:960"


def test_texts_over_the_limit_are_forgotten_and_missed() -> None:
    buffer = line("t0", "t1", "t2", "t3", max_texts=2)
    assert not buffer.after(1).is_lost
    resent = buffer.after(0)
    assert resent.is_lost
    assert resent.frames == ("t2", "t3")


def test_what_is_old_is_forgotten_when_something_new_is_sent_and_not_while_nothing_is() -> None:
    buffer = line("t0", "1:0", "t1", max_age_s=10.0)
    assert again(buffer, -1) == "t0 1:0 t1"
    buffer.add_text(2, "t2", 12.0)
    assert again(buffer, -1) == "t1 t2"
    assert buffer.after(-1).is_lost


items = st.lists(st.sampled_from(["text", "audio", "next", "cut", "over", "played"]), max_size=60)


@given(items, st.data())
def test_a_client_cut_off_anywhere_has_every_text_once_and_no_hole_in_what_it_hears(
    made: list[str], data: st.DataObject
) -> None:
    buffer, sent = ResendBuffer(), []
    seq, reply_id, pts = 0, 1, 0
    dead: set[int] = set()
    for item in made:
        match item:
            case "audio" if reply_id not in dead:
                buffer.add_audio(reply_id, pts, f"{reply_id}:{pts}".encode(), 0.0)
                sent.append(("audio", reply_id, pts))
                pts += 480
            case "next" | "cut" | "over":
                if item == "cut":
                    buffer.cut(reply_id)
                    dead.add(reply_id)
                buffer.over(reply_id)
                buffer.add_text(seq, f"t{seq}", 0.0)
                sent.append(("text", seq, 0))
                seq, reply_id, pts = seq + 1, reply_id + 1, 0
            case "text":
                buffer.add_text(seq, f"t{seq}", 0.0)
                sent.append(("text", seq, 0))
                seq += 1
            case _:
                pass
    got = sent[: data.draw(st.integers(0, len(sent)))]
    last_seq = max((number for kind, number, _ in got if kind == "text"), default=-1)
    heard = {(number, at) for kind, number, at in got if kind == "audio"}
    texts = [number for kind, number, _ in got if kind == "text"]
    resent = buffer.after(last_seq)
    for frame in resent.frames:
        if isinstance(frame, str):
            texts.append(int(frame[1:]))
        else:
            number, _, at = frame.decode().partition(":")
            assert int(number) not in dead
            heard.add((int(number), int(at)))
    assert texts == list(range(seq))
    assert not resent.is_lost
    wanted = {(number, at) for kind, number, at in sent if kind == "audio" and number not in dead}
    assert wanted <= heard


@pytest.mark.parametrize("last_seq", [0, 5, 10**6])
def test_a_number_that_was_never_sent_gives_nothing(last_seq: int) -> None:
    assert line("t0").after(last_seq).frames == ()
