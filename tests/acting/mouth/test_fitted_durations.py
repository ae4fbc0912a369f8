"""Durations fitted to audio: silences are pauses, sounds share the rest as is usual."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.acting.mouth.fitted_durations import fitted_spans, silences
from voice_avatar.acting.mouth.viseme_tables import symbol_table

RATE_HZ = 16_000
MS = RATE_HZ // 1000
TABLE = symbol_table("en-us")


def sound(ms: int) -> bytes:
    t = np.arange(ms * MS) / RATE_HZ
    return (8000 * np.sin(2 * np.pi * 200 * t)).astype("<i2").tobytes()


def hush(ms: int) -> bytes:
    return bytes(2 * ms * MS)


def begins(symbols: str, pcm: bytes) -> list[int]:
    """Returns where each symbol of a text begins, ms; words are counted by gaps."""
    row = [(s, 0) for s in symbols]
    return [s.start // MS for s in fitted_spans(row, pcm, rate_hz=RATE_HZ, table=TABLE)]


def test_silences_are_found_at_the_ends_and_inside_but_closures_are_none() -> None:
    pcm = hush(100) + sound(300) + hush(60) + sound(200) + hush(250) + sound(100) + hush(50)
    lead, inner, tail = silences(pcm, RATE_HZ)
    assert lead == 100 * MS
    assert inner == [(660 * MS, 910 * MS)]
    assert tail == 1010 * MS
    assert silences(hush(100), RATE_HZ) == (0, [], 100 * MS)
    assert silences(b"", RATE_HZ) == (0, [], 0)


def test_sounds_share_the_time_as_is_usual() -> None:
    start, vowel, long, end = begins("sˈɑːt", sound(500))[:4]
    assert (start, vowel) == (0, pytest.approx(500 * 71 / (71 + 91 + 16 + 55), abs=1))
    assert long == vowel  # the mark has no time of its own
    assert end == pytest.approx(500 * (71 + 91) / 233, abs=1)


def test_a_stressed_vowel_is_longer_than_another() -> None:
    at = begins("ɑtˈɑt", sound(500))
    assert at[4] - at[3] > 1.5 * (at[1] - at[0])


def test_silence_before_and_after_belongs_to_the_sentence_marks() -> None:
    at = begins("^ɑs.$", hush(100) + sound(300) + hush(200))
    assert at[1] == 100
    assert at[3] == 400


def test_a_pause_of_the_text_is_where_the_audio_is_silent() -> None:
    at = begins("^ɑsɑ, sɑ.$", hush(50) + sound(150) + hush(200) + sound(400) + hush(50))
    assert at[4] == 200
    assert at[6] == 400


def test_silences_without_a_pause_and_pauses_without_a_silence_do_no_harm() -> None:
    at = begins("^ɑsɑsɑ.$", sound(200) + hush(200) + sound(200))
    assert at == sorted(at)
    at = begins("^ɑs, ɑs, ɑs.$", sound(200) + hush(150) + sound(400))
    assert at[9] - at[8] < 20 or at[4] - at[3] < 20


@given(
    symbols=st.lists(st.sampled_from([*"^$.,ptksmlwɑiəːˈ h2☃"]), max_size=40),
    parts=st.lists(st.tuples(st.booleans(), st.integers(0, 400)), max_size=8),
)
def test_spans_are_whole_in_order_and_as_long_as_the_audio(
    symbols: list[str], parts: list[tuple[bool, int]]
) -> None:
    pcm = b"".join(sound(ms) if is_loud else hush(ms) for is_loud, ms in parts)
    row = [(symbol, i) for i, symbol in enumerate(symbols)]
    spans = fitted_spans(row, pcm, rate_hz=RATE_HZ, table=TABLE)
    assert [(s.symbol, s.word) for s in spans] == row
    if spans:
        assert (spans[0].start, spans[-1].end) == (0, len(pcm) // 2)
        assert all(one.end == two.start and one.start <= one.end for one, two in pairwise(spans))
