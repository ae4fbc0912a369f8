"""Telling the replies of a bare stream of audio apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.foreign import voice

from voice_avatar.bench.figures.line_events import AudioCame, LineEvent, ReplyBegan, ReplyEnded
from voice_avatar.bench.figures.played import PlayedTrack
from voice_avatar.bench.targets.segments import GAP_S, Segmenter

HZ = 8_000


def hush(seconds: float) -> bytes:
    return bytes(2 * round(seconds * HZ))


def asked() -> Segmenter:
    segmenter = Segmenter()
    segmenter.ask(voice(0.02, HZ))
    return segmenter


def ids(events: list[LineEvent]) -> list[str]:
    return [event.reply for event in events if isinstance(event, ReplyBegan)]


def test_audio_that_goes_on_is_one_reply_with_its_pauses() -> None:
    segmenter = asked()
    found = [
        *segmenter.push(voice(0.5, HZ), HZ, 1.0),
        *segmenter.push(hush(0.6), HZ, 1.1),
        *segmenter.push(voice(0.5, HZ), HZ, 2.4),  # 0.3 s late
    ]
    assert ids(found) == ["1"]
    assert [event.at_s for event in found if isinstance(event, AudioCame)] == [1.0, 1.1, 2.4]


def test_a_second_without_sound_parts_replies() -> None:
    segmenter = asked()
    found = segmenter.push(voice(0.5, HZ), HZ, 1.0)
    found += segmenter.push(voice(0.5, HZ), HZ, 1.5 + GAP_S)
    assert [type(event) for event in found] == [
        ReplyBegan, AudioCame, ReplyEnded, ReplyBegan, AudioCame,
    ]  # fmt: skip
    assert ids(found) == ["1", "2"]
    assert not any(event.is_interrupted for event in found if isinstance(event, ReplyEnded))


def test_silence_that_streams_all_the_time_is_no_reply_and_what_is_left_of_it_is_played() -> None:
    segmenter = asked()
    for number in range(50):
        assert segmenter.push(hush(0.1), HZ, 0.1 * number) == []
    # The stream is 0.05 s ahead of what is played when speech comes.
    found = segmenter.push(voice(0.1, HZ), HZ, 4.95)
    assert ids(found) == ["1"]
    track = PlayedTrack()
    for event in found:
        if isinstance(event, AudioCame):
            track.take(event)
    assert track.replies["1"].onset_s == pytest.approx(5.0)
    for number in range(20):
        found += segmenter.push(hush(0.1), HZ, 5.1 + 0.1 * number)
    assert isinstance(found[-1], ReplyEnded)
    assert sum(isinstance(event, AudioCame) for event in found) <= 1 + GAP_S / 0.1


def test_a_reply_that_waits_for_the_one_before_it_waits_once() -> None:
    segmenter = asked()
    track = PlayedTrack()
    events = segmenter.push(voice(2.0, HZ), HZ, 1.0)
    events += segmenter.end(1.2)
    events += segmenter.push(voice(0.5, HZ), HZ, 1.3)
    for event in events:
        if isinstance(event, AudioCame):
            track.take(event)
    assert track.replies["2"].onset_s == pytest.approx(3.0)


def test_an_interruption_ends_what_plays_and_nothing_else() -> None:
    segmenter = asked()
    assert segmenter.cut(0.5) == []
    segmenter.push(voice(2.0, HZ), HZ, 1.0)
    segmenter.say("Good")
    segmenter.say("day.")
    assert segmenter.cut(1.5) == [ReplyEnded(1.5, "1", is_interrupted=True, text="Good day.")]
    assert segmenter.cut(1.6) == []
    found = segmenter.push(voice(0.5, HZ), HZ, 1.7)
    assert ids(found) == ["2"]
    assert segmenter.cut(9.0) == [ReplyEnded(9.0, "2")]  # it was over by itself


def test_a_reply_that_came_whole_can_still_be_interrupted_while_it_is_played() -> None:
    segmenter = asked()
    segmenter.push(voice(2.0, HZ), HZ, 1.0)
    assert segmenter.end(1.1) == [ReplyEnded(1.1, "1")]
    assert segmenter.cut(1.5) == [ReplyEnded(1.5, "1", is_interrupted=True)]
    assert segmenter.cut(1.6) == []


def test_what_begins_before_the_user_was_heard_is_a_greeting() -> None:
    segmenter = Segmenter()
    segmenter.ask(hush(0.02))
    (greeting, _) = segmenter.push(voice(0.5, HZ), HZ, 1.0)
    segmenter.ask(voice(0.02, HZ))
    (_, answer, _) = segmenter.push(voice(0.5, HZ), HZ, 3.0)
    assert greeting == ReplyBegan(1.0, "1", is_filler=True)
    assert answer == ReplyBegan(3.0, "2")


@given(
    st.lists(
        st.tuples(st.floats(0, 2), st.floats(0, 1.5), st.booleans(), st.sampled_from("-ec")),
        max_size=30,
    )
)
def test_every_audible_sample_is_told_once_in_a_reply_that_has_begun(
    pieces: list[tuple[float, float, bool, str]],
) -> None:
    segmenter = asked()
    at_s, audible, told, open_replies = 0.0, 0, 0, set[str]()
    for wait_s, seconds, is_audible, then in pieces:
        at_s += wait_s
        pcm = voice(seconds, HZ) if is_audible else hush(seconds)
        audible += len(pcm) // 2 if is_audible else 0
        found = segmenter.push(pcm, HZ, at_s)
        if then != "-":
            found += segmenter.end(at_s) if then == "e" else segmenter.cut(at_s)
        for event in found:
            match event:
                case ReplyBegan(reply=reply):
                    open_replies.add(reply)
                case AudioCame(reply=reply, pcm=came):
                    assert reply in open_replies
                    told += sum(sample != 0 for sample in memoryview(came).cast("h"))
                case ReplyEnded(reply=reply, is_interrupted=is_interrupted):
                    assert reply in open_replies or is_interrupted
                    open_replies.discard(reply)
        assert len(open_replies) <= 1
    assert told == audible
