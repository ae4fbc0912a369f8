"""The mouth of a chunk, piece by piece with its audio."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.acting.mouth.chunk_mouth import (
    ENERGY_MS,
    REST_MS,
    VOWELS,
    ChunkMouth,
    EnergyMouth,
    PlannedMouth,
)
from voice_avatar.acting.mouth.loudness import GAIN, GAIN_PER_S, MEMORY, VoiceLevel
from voice_avatar.acting.mouth.viseme_tables import AA, DD, FF, PP, SS
from voice_avatar.acting.mouth.visemes import POSES_PER_S, REST, viseme_poses
from voice_avatar.events.cues import VisemePose, VisemeTrack
from voice_avatar.events.payloads import PhonemeSpan
from voice_avatar.stages.tts import TtsEngine

RATE_HZ = 16_000
MS = RATE_HZ // 1000


def tone(dbfs: float, ms: int) -> bytes:
    t = np.arange(ms * MS) / RATE_HZ
    wave = 32768 * 10 ** (dbfs / 20) * np.sqrt(2) * np.sin(2 * np.pi * 200 * t)
    return wave.astype("<i2").tobytes()


def planned(
    *poses: tuple[int, tuple[tuple[int, float], ...]],
    end_ms: int,
    level: VoiceLevel | None = None,
    start_ms: int = 0,
) -> PlannedMouth:
    """A mouth with poses at milliseconds."""
    return PlannedMouth(
        1,
        [VisemePose(ms * MS, weights) for ms, weights in poses],
        start=start_ms * MS,
        end=end_ms * MS,
        rate_hz=RATE_HZ,
        level=level or VoiceLevel(),
    )


def tracks(mouth: ChunkMouth, *pieces: bytes, is_cut: bool = False) -> list[VisemeTrack]:
    told = [track for piece in pieces if (track := mouth.push(piece)) is not None]
    return [*told, mouth.finish(is_cut=is_cut)]


def poses(told: list[VisemeTrack]) -> list[VisemePose]:
    return [pose for track in told for pose in track.poses]


AAH = ((AA, 0.6),)


def test_each_piece_has_its_poses_up_to_the_first_beyond_its_end() -> None:
    mouth = planned((0, REST), (90, AAH), (150, AAH), (240, AAH), (300, REST), end_ms=400)
    told = tracks(mouth, tone(-20, 100), tone(-20, 200))
    assert [[p.sample // MS for p in t.poses] for t in told] == [[0, 90, 150], [240, 300], []]
    assert [t.until // MS for t in told] == [150, 300, 400]


def test_a_piece_that_a_pose_reaches_over_needs_no_more() -> None:
    mouth = planned((0, REST), (350, AAH), (400, REST), end_ms=400)
    assert mouth.push(tone(-20, 100)) is not None
    assert mouth.push(tone(-20, 100)) is None
    assert mouth.push(b"") is None


def test_audio_after_the_last_pose_is_covered_too() -> None:
    mouth = planned((0, REST), (50, REST), end_ms=400)
    assert [t.until // MS for t in tracks(mouth, tone(-60, 100), tone(-60, 100))] == [100, 200, 400]


def test_vowels_are_as_large_as_the_voice_is_loud_and_nothing_else_is() -> None:
    shapes = [(100, AAH), (300, ((AA, 0.3), (DD, 0.5))), (500, ((PP, 1.0),)), (700, ((SS, 1.0),))]
    level = VoiceLevel(-20.0, MEMORY)
    mouth = planned(*shapes, (800, ((FF, 1.0),)), end_ms=900, level=level)
    vowel, mixed, *others = poses(tracks(mouth, tone(-40, 900)))
    assert vowel.weights == ((AA, 0.42),)
    assert mixed.weights == ((AA, 0.21), (DD, 0.5))
    assert [p.weights for p in others] == [((PP, 1.0),), ((SS, 1.0),), ((FF, 1.0),)]


def test_a_loud_vowel_never_makes_the_weights_more_than_one() -> None:
    level = VoiceLevel(-30.0, MEMORY)
    mouth = planned((100, ((AA, 0.5), (DD, 0.5))), end_ms=300, level=level)
    (pose,) = poses(tracks(mouth, tone(-10, 300)))
    assert pose.weights == ((AA, 0.5), (DD, 0.5))


def test_a_vowel_whose_sound_is_not_made_yet_keeps_the_gain_of_the_one_before() -> None:
    level = VoiceLevel(-20.0, MEMORY)
    mouth = planned((60, AAH), (190, AAH), (250, AAH), (320, AAH), end_ms=400, level=level)
    said = poses(tracks(mouth, tone(-26, 120) + tone(-90, 80), tone(-20, 200)))
    first, near, ahead, last = (pose.weights[0][1] for pose in said)
    assert first == near == ahead == pytest.approx(0.6 * 0.82, abs=0.01)
    assert last > ahead


def test_a_voice_that_fails_leaves_the_mouth_at_rest() -> None:
    mouth = planned((0, REST), (90, AAH), (150, AAH), (400, AAH), (900, REST), end_ms=1000)
    told = tracks(mouth, tone(-20, 100), is_cut=True)
    assert told[-1].poses == (VisemePose((150 + REST_MS) * MS, REST),)
    assert told[-1].until == 1000 * MS


def test_a_chunk_without_audio_is_told_at_its_end() -> None:
    (track,) = tracks(planned((700, REST), start_ms=700, end_ms=1200))
    assert (track.poses, track.until) == ((VisemePose(700 * MS, REST),), 1200 * MS)


@given(
    sounds=st.lists(st.tuples(st.sampled_from("pmfɑiutns "), st.integers(3, 20)), min_size=1),
    cuts=st.lists(st.integers(1, 200), max_size=8),
    levels=st.lists(st.floats(-60, -5), min_size=1, max_size=8),
)
def test_a_cut_track_is_whole_ahead_of_its_audio_and_never_jumps(
    sounds: list[tuple[str, int]], cuts: list[int], levels: list[float]
) -> None:
    spans, at = [], 0
    for symbol, length in sounds:
        spans.append(PhonemeSpan(symbol, at, at + 10 * MS * length))
        at += 10 * MS * length
    plan = viseme_poses(spans, rate_hz=RATE_HZ, espeak_voice="en-us")
    mouth = PlannedMouth(1, plan, start=0, end=at, rate_hz=RATE_HZ, level=VoiceLevel())
    ends = sorted({c * 10 * MS for c in cuts if c * 10 * MS < at} | {at})
    told, made = [], 0
    for i, end in enumerate(ends):
        track = mouth.push(tone(levels[i % len(levels)], (end - made) // MS))
        told += [track] if track else []
        made = end
        assert told[-1].until >= made
    told.append(mouth.finish(is_cut=False))
    assert [p.sample for p in poses(told)] == [p.sample for p in plan]
    assert told[-1].until == at
    for one, two in pairwise(told):
        assert all(one.until <= pose.sample for pose in two.poses)
        assert one.until <= two.until
    gains = []
    for was, now in zip(plan, poses(told), strict=True):
        assert sum(w for _, w in now.weights) <= 1.0
        closures = [(v, w) for v, w in was.weights if v in (PP, FF)]
        assert [(v, w) for v, w in now.weights if v in (PP, FF)] == closures
        is_full = sum(w for _, w in now.weights) >= 0.99  # there the gain has no room
        if not closures and not is_full and (share := dict(was.weights).get(AA)):
            gains.append((now.sample, dict(now.weights)[AA] / share))
    assert all(GAIN[0] - 0.01 <= gain <= GAIN[1] for _, gain in gains)
    for (one_at, one), (two_at, two) in pairwise(gains):
        assert abs(two - one) <= GAIN_PER_S * (two_at - one_at) / RATE_HZ + 0.01


# -- without phonemes


def energy(*pieces: bytes) -> list[VisemeTrack]:
    samples = sum(len(piece) // 2 for piece in pieces)
    mouth = EnergyMouth(
        1, start=0, end=samples + 100 * MS, rate_hz=RATE_HZ, level=VoiceLevel(-20.0, MEMORY)
    )
    return tracks(mouth, *pieces)


def test_without_phonemes_the_mouth_opens_as_far_as_the_voice_is_loud() -> None:
    said = poses(energy(tone(-20, 300) + tone(-30, 300) + bytes(600 * MS)))
    opening = [dict(pose.weights).get(AA, 0.0) for pose in said]
    assert opening[2] == pytest.approx(0.6, abs=0.02)
    assert opening[8] == pytest.approx(0.3, abs=0.05)
    assert said[14].weights == said[-1].weights == REST


def test_without_phonemes_poses_are_regular_over_pieces_and_cover_the_audio() -> None:
    told = energy(tone(-20, 190), b"", tone(-20, 330), tone(-20, 480))
    assert [t.until // MS for t in told] == [190, 520, 1000, 1100]
    steps = {b.sample - a.sample for a, b in pairwise(poses(told)[:-1])}
    assert steps == {ENERGY_MS * MS}
    assert 1000 // ENERGY_MS <= POSES_PER_S


# -- a real voice


@pytest.mark.models
def test_loud_and_quiet_vowels_of_a_real_voice_differ_in_size(piper: TtsEngine) -> None:
    from voice_avatar.pipeline.spoken import speak

    text = "I never said that she stole my money, but perhaps somebody else did."
    speech = speak(piper, text, "en")
    told = [n for n in speech.notices if isinstance(n, VisemeTrack)]
    assert len(told) > 2 * len(speech.plans)
    flat = {
        at + pose.sample: dict(pose.weights)
        for at, plan in speech.plans
        for pose in viseme_poses(plan.spans, rate_hz=speech.rate_hz, espeak_voice="en-us")
    }
    gains = [
        weight / flat[pose.sample][viseme]
        for pose in poses(told)
        if pose.sample in flat
        for viseme, weight in pose.weights
        if viseme in VOWELS
    ]
    assert len(gains) > 30
    assert min(gains) < 0.95
    assert max(gains) > 1.02
    assert 0.9 < sum(gains) / len(gains) < 1.05
