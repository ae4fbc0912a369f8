"""What the echo guard is told of the replies."""

from __future__ import annotations

from voice_avatar.events.notices import ReplyAudio, ReplyInterrupted
from voice_avatar.events.payloads import MIC_HZ, NowPlaying
from voice_avatar.hearing.echo import Playing, SentAudio
from voice_avatar.hearing.echo_reference import EchoReference

RATE_HZ = 24_000


def test_audio_that_went_out_is_handed_over_once() -> None:
    reference = EchoReference(RATE_HZ)
    reference.push(ReplyAudio(1, 0, b"\x01\x00"))
    reference.push(ReplyAudio(1, 1, b"\x02\x00"))
    assert reference.collect(0, None) == (
        (SentAudio(1, b"\x01\x00"), SentAudio(1, b"\x02\x00")),
        None,
    )
    assert reference.collect(0, None) == ((), None)


def test_the_first_sample_is_where_the_playout_says() -> None:
    reference = EchoReference(RATE_HZ)
    _, playing = reference.collect(3 * MIC_HZ, NowPlaying(1, RATE_HZ, False))
    assert playing == Playing(1, 2 * MIC_HZ)


def test_a_paused_reply_ends_where_it_stands_and_does_not_move() -> None:
    reference = EchoReference(RATE_HZ)
    reference.collect(3 * MIC_HZ, NowPlaying(1, RATE_HZ, False))
    assert reference.collect(4 * MIC_HZ, NowPlaying(1, RATE_HZ, True))[1] == Playing(
        1, 2 * MIC_HZ, 1.0
    )
    assert reference.collect(5 * MIC_HZ, NowPlaying(1, RATE_HZ, False))[1] == Playing(1, 4 * MIC_HZ)


def test_a_cut_reply_ends_where_it_was_cut() -> None:
    reference = EchoReference(RATE_HZ)
    reference.collect(3 * MIC_HZ, NowPlaying(1, RATE_HZ, False))
    reference.push(ReplyInterrupted(1, RATE_HZ // 2, "voice", ""))
    assert reference.collect(4 * MIC_HZ, None)[1] == Playing(1, 2 * MIC_HZ, 0.5)


def test_a_reply_that_is_over_was_played_to_its_end() -> None:
    reference = EchoReference(RATE_HZ)
    reference.collect(3 * MIC_HZ, NowPlaying(1, RATE_HZ, False))
    reference.push(ReplyInterrupted(2, 0, "voice", ""))
    assert reference.collect(9 * MIC_HZ, None)[1] == Playing(1, 2 * MIC_HZ)
