"""The echo guard: voices are noise that comes and goes as syllables do, in bands as vowels have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from kit.echo_sounds import LEAD_S, Floats, heard, room, voice

from voice_avatar.audio.pcm import to_pcm
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.hearing.echo import JUMP_S, EchoGuard, Playing, SentAudio
from voice_avatar.hearing.echo_filter import BLOCK


def shares(
    reply: Floats,
    mic: Floats,
    *,
    guard: EchoGuard | None = None,
    anchor: int = round(LEAD_S * MIC_HZ),
    reply_id: int = 1,
    until_s: float | None = None,
) -> npt.NDArray[np.float64]:
    """Returns the share that the guard tells for each window of the microphone."""
    guard = guard or EchoGuard(MIC_HZ)
    guard.say(SentAudio(reply_id, to_pcm(reply)))
    found = []
    for start in range(0, mic.size - BLOCK + 1, BLOCK):
        is_known = start >= anchor - BLOCK
        playing = Playing(reply_id, anchor, until_s) if is_known else None
        found.append(guard.share(start, to_pcm(mic[start : start + BLOCK]), playing))
    return np.array(found)


def loud(mic: Floats) -> npt.NDArray[np.bool_]:
    """Returns the windows in which something is heard."""
    windows = mic[: mic.size // BLOCK * BLOCK].reshape(-1, BLOCK)
    return np.asarray((windows**2).mean(1) > 10 ** (-52 / 10))


@pytest.mark.parametrize("gain_db", [-10.0, -20.0])
@pytest.mark.parametrize("delay_s", [0.0, 0.04, 0.18, 0.4])
def test_the_avatars_own_voice_is_known_at_once_whatever_its_delay(
    delay_s: float, gain_db: float
) -> None:
    reply = voice(5.0, 1)
    mic = heard(room(reply, 3), delay_s=delay_s, gain_db=gain_db)
    found = shares(reply, mic)
    assert np.quantile(found[loud(mic)], 0.02) >= 0.6


def test_another_voice_over_a_reply_that_is_not_heard_is_the_users() -> None:
    """No loudspeaker reaches the microphone: within a few windows, that is known."""
    reply, user = voice(5.0, 1), voice(5.0, 2)
    mic = heard(user, delay_s=0.6, gain_db=0.0)
    found = shares(reply, mic)[loud(mic)]
    assert np.median(found[:6]) < 0.6
    assert (found < 0.6).mean() > 0.75


@pytest.mark.parametrize("gain_db", [-10.0, -20.0])
def test_the_user_is_heard_through_the_avatars_voice(gain_db: float) -> None:
    reply, user = voice(6.0, 1), voice(2.0, 2)
    mic = heard(room(reply, 3), delay_s=0.1, gain_db=gain_db)
    at = round((LEAD_S + 2.5) * MIC_HZ)
    mic[at : at + user.size] += user
    found = shares(reply, mic)
    speaks = np.zeros(found.size, bool)
    speaks[at // BLOCK + 1 : (at + user.size) // BLOCK] = True
    is_user = (
        (mic[: found.size * BLOCK].reshape(-1, BLOCK) ** 2).mean(1) > 10 ** (-25 / 10)
    ) & speaks
    assert np.median(found[is_user]) < 0.4
    assert np.quantile(found[loud(mic) & ~speaks], 0.02) >= 0.6


def test_what_was_learned_in_one_reply_serves_the_next() -> None:
    guard = EchoGuard(MIC_HZ)
    first, second, user = voice(3.0, 1), voice(5.0, 4), voice(1.0, 2)
    shares(first, heard(room(first, 3), delay_s=0.1, gain_db=-15.0), guard=guard)
    assert guard.lag_s == pytest.approx(0.1, abs=0.005)
    start = 6 * MIC_HZ // BLOCK * BLOCK
    mic = heard(room(second, 3), delay_s=0.1, gain_db=-15.0)
    at = round((LEAD_S + 0.4) * MIC_HZ)
    mic[at : at + user.size] += user
    guard.say(SentAudio(2, to_pcm(second)))
    found = []
    for offset in range(0, mic.size - BLOCK + 1, BLOCK):
        playing = Playing(2, start + round(LEAD_S * MIC_HZ))
        found.append(guard.share(start + offset, to_pcm(mic[offset : offset + BLOCK]), playing))
    is_user = np.array(found[at // BLOCK + 2 : (at + user.size) // BLOCK])
    assert (is_user < 0.6).mean() > 0.5


def test_nothing_is_the_avatars_once_a_reply_was_cut() -> None:
    reply, user = voice(5.0, 1), voice(3.0, 2)
    echo = room(reply, 3)
    echo[2 * MIC_HZ :] = 0.0
    mic = heard(echo, delay_s=0.05, gain_db=-10.0)
    at = round((LEAD_S + 2.8) * MIC_HZ)
    mic[at : at + user.size] += user[: mic.size - at]
    found = shares(reply, mic, until_s=2.0)
    assert np.median(found[at // BLOCK + 2 :][loud(mic)[at // BLOCK + 2 :]]) < 0.2


def test_a_jump_of_the_playout_is_followed() -> None:
    """A pause of the reply: the rest of it is played later, at the same delay."""
    reply = voice(6.0, 1)
    stood_s = 3 * JUMP_S
    cut = 2 * MIC_HZ
    line = np.concatenate((reply[:cut], np.zeros(round(stood_s * MIC_HZ), np.float32), reply[cut:]))
    mic = heard(room(line, 3), delay_s=0.1, gain_db=-20.0, seconds=7.0)
    guard = EchoGuard(MIC_HZ)
    guard.say(SentAudio(1, to_pcm(reply)))
    anchor, found = round(LEAD_S * MIC_HZ), []
    for start in range(0, mic.size - BLOCK + 1, BLOCK):
        at_s = (start - anchor) / MIC_HZ
        if at_s < 2.0:
            playing = Playing(1, anchor)
        elif at_s < 2.0 + stood_s:
            playing = Playing(1, anchor, 2.0)
        else:
            playing = Playing(1, anchor + round(stood_s * MIC_HZ))
        found.append(guard.share(start, to_pcm(mic[start : start + BLOCK]), playing))
    assert np.quantile(np.array(found)[loud(mic)], 0.03) >= 0.6


@pytest.mark.parametrize("gain_db", [-10.0, -20.0])
def test_a_loudspeaker_that_runs_dry_is_followed_though_nobody_tells(gain_db: float) -> None:
    reply = voice(6.0, 1)
    cut, gap = round(1.7 * MIC_HZ), np.zeros(round(0.09 * MIC_HZ), np.float32)
    mic = heard(
        room(np.concatenate((reply[:cut], gap, reply[cut:])), 3), delay_s=0.1, gain_db=gain_db
    )
    found = shares(reply, mic)
    assert np.quantile(found[loud(mic)], 0.03) >= 0.6


def test_without_a_reply_nothing_is_explained() -> None:
    guard = EchoGuard(MIC_HZ)
    mic = voice(2.0, 5)
    for start in range(0, mic.size - BLOCK + 1, BLOCK):
        assert guard.share(start, to_pcm(mic[start : start + BLOCK]), None) == 0.0
    assert guard.lag_s is None


def test_a_reply_at_another_rate_is_resampled() -> None:
    reply = voice(4.0, 1)
    mic = heard(room(reply, 3), delay_s=0.1, gain_db=-15.0, seconds=4.5)
    fine = np.interp(np.arange(reply.size * 3 // 2) / 1.5, np.arange(reply.size), reply)
    guard = EchoGuard(24_000)
    guard.say(SentAudio(1, to_pcm(fine.astype(np.float32))))
    found = [
        guard.share(s, to_pcm(mic[s : s + BLOCK]), Playing(1, round(LEAD_S * MIC_HZ)))
        for s in range(0, mic.size - BLOCK + 1, BLOCK)
    ]
    assert np.quantile(np.array(found)[loud(mic)], 0.03) >= 0.6


def test_silence_and_noise_of_every_kind_do_no_harm() -> None:
    rng = np.random.default_rng(0)
    guard = EchoGuard(MIC_HZ)
    guard.say(SentAudio(1, bytes(4 * MIC_HZ)))
    for number in range(200):
        kind = number % 4
        samples = {
            0: np.zeros(BLOCK),
            1: rng.uniform(-1, 1, BLOCK),
            2: np.full(BLOCK, 0.99),
            3: np.sign(rng.standard_normal(BLOCK)),
        }[kind]
        pcm = to_pcm(samples.astype(np.float32))
        share = guard.share(number * BLOCK, pcm, Playing(1, int(rng.integers(-9999, 99999))))
        assert 0.0 <= share <= 1.0
        if number == 100:
            guard.say(SentAudio(1, to_pcm(rng.uniform(-1, 1, 3 * MIC_HZ).astype(np.float32))))


def test_a_reply_that_is_sent_while_the_one_before_is_still_heard_is_no_trouble() -> None:
    """The delay of the first is found at a moment when nobody knows when the second is played."""
    reply = voice(1.0, 1)
    mic = heard(room(reply, 3), delay_s=0.1, gain_db=-10.0)
    anchor = round(LEAD_S * MIC_HZ)
    for sent in range(20 * BLOCK, 64 * BLOCK, 8 * BLOCK):  # around where the delay is found
        guard = EchoGuard(MIC_HZ)
        guard.say(SentAudio(1, to_pcm(reply)))
        for start in range(0, mic.size - BLOCK + 1, BLOCK):
            if start == sent:
                guard.say(SentAudio(2, to_pcm(reply)))
            playing = Playing(1, anchor) if start >= anchor - BLOCK else None
            assert 0.0 <= guard.share(start, to_pcm(mic[start : start + BLOCK]), playing) <= 1.0
