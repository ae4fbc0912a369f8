"""Phonemes -> mouth poses: the rules, each by itself, and what holds for any speech."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.acting.mouth.viseme_tables import (
    VISEMES,
    Kind,
    arkit_weights,
    parse_shapes,
    symbol_table,
)
from voice_avatar.acting.mouth.visemes import POSES_PER_S, REST, SPACING_MS, viseme_poses
from voice_avatar.events.cues import VisemePose
from voice_avatar.events.payloads import PhonemeSpan
from voice_avatar.models.store import ModelStore

RATE_HZ: Final = 22_050
FRAME: Final = 256
Poses = Sequence[VisemePose]


def speech(text: str, *, frames: int = 8) -> tuple[PhonemeSpan, ...]:
    """Returns spans of "p:4 ɑ:12 m": symbols and their frames of 11.6 ms, `frames` by default.

    `_` stands for the word gap.
    """
    spans: list[PhonemeSpan] = []
    at = 0
    for item in text.split():
        symbol, _, count = item.partition("=")
        end = at + FRAME * int(count or frames)
        spans.append(PhonemeSpan(" " if symbol == "_" else symbol, at, end))
        at = end
    return tuple(spans)


def mouth(text: str, *, frames: int = 8, voice: str = "en-us", kind: str = "espeak") -> Poses:
    """Returns the poses of speech written as in `speech`."""
    spans = speech(text, frames=frames)
    return viseme_poses(spans, rate_hz=RATE_HZ, espeak_voice=voice, phoneme_type=kind)


def at(poses: Poses, sample: float) -> dict[str, float]:
    """Returns the weights at a sample, as a client interpolates them."""
    for before, after in pairwise(poses):
        if before.sample <= sample <= after.sample:
            share = (sample - before.sample) / (after.sample - before.sample)
            names = {v for v, _ in (*before.weights, *after.weights)}
            one, two = dict(before.weights), dict(after.weights)
            return {
                VISEMES[v]: one.get(v, 0.0) * (1 - share) + two.get(v, 0.0) * share for v in names
            }
    raise AssertionError(f"{sample} is outside the track")


def middle(poses: Poses, text: str, index: int, *, frames: int = 8) -> dict[str, float]:
    """Returns the weights in the middle of the first half of a symbol's time."""
    span = speech(text, frames=frames)[index]
    return at(poses, span.start + (span.end - span.start) / 4)


def shape(text: str, index: int, **options: str) -> dict[str, float]:
    """Returns the weights in the first half of a symbol, zeros left out, to two places."""
    found = middle(mouth(text, **options), text, index)
    return {name: round(w, 2) for name, w in found.items() if round(w, 2) > 0}


# -- tables


def test_every_symbol_of_pipers_default_map_is_known() -> None:
    phoneme_ids = pytest.importorskip("piper.phoneme_ids")
    table = symbol_table("en-us")
    assert set(phoneme_ids.DEFAULT_PHONEME_ID_MAP) <= set(table.kinds)
    assert len(phoneme_ids.DEFAULT_PHONEME_ID_MAP) == 166


def test_every_symbol_of_pipers_pinyin_voices_is_known() -> None:
    initials = "Ø b p m f d t n l g k h j q x zh ch sh r z c s y w"
    finals = (
        "a o e ai ei ao ou an en ang eng ong i ia ie iao iu ian in iang ing iong "
        "u ua uo uai ui uan un uang ueng v ve van vn er ue"
    )
    rest = "1 2 3 4 5 。 . ？ ? ！ ! — … 、 ， , ： : ； ; _ ^ $"
    table = symbol_table("cmn", "pinyin")
    assert {*initials.split(), *finals.split(), *rest.split(), " "} <= set(table.kinds)
    assert all(table.shapes[final] for final in finals.split())


@pytest.mark.models
def test_every_symbol_of_the_default_voice_is_known(store: ModelStore) -> None:
    files = store.resolve("en_US-joe-medium").files
    config = json.loads(files["en_US-joe-medium.onnx.json"].read_text(encoding="utf-8"))
    assert set(config["phoneme_id_map"]) <= set(symbol_table("en-us").kinds)


@pytest.mark.parametrize("voice", ["en-us", "cmn", "de", "vi", "fr-fr"])
def test_every_sound_has_a_shape_that_adds_up_to_at_most_one(voice: str) -> None:
    table = symbol_table(voice)
    for symbol, kind in table.kinds.items():
        assert (symbol in table.shapes) == (
            kind in {Kind.VOWEL, Kind.CONSONANT}
        ) or kind is Kind.PART
    for shapes in (*table.shapes.values(), *table.merged.values()):
        for weights in shapes:
            assert 0 < sum(w for _, w in weights) <= 1.0


def test_shapes_are_written_as_visemes_and_weights() -> None:
    assert parse_shapes("aa:.6 E:.3 > I") == (((10, 0.6), (11, 0.3)), ((12, 1.0),))


# -- what holds for any speech

SYMBOLS: Final = sorted(symbol_table("en-us").kinds)
CLOSURES: Final = {"p": "PP", "b": "PP", "m": "PP", "f": "FF", "v": "FF"}
random_speech = st.lists(
    st.tuples(st.sampled_from([*SYMBOLS, *"pbmfvszaiuɑtdn ˈ", "?!"]), st.integers(1, 30)),
    min_size=1,
    max_size=60,
)


def spans_of(sounds: list[tuple[str, int]], unit: int = FRAME) -> tuple[PhonemeSpan, ...]:
    spans: list[PhonemeSpan] = []
    start = 0
    for symbol, length in sounds:
        spans.append(PhonemeSpan(symbol, start, start + length * unit))
        start += length * unit
    return tuple(spans)


@given(sounds=random_speech, voice=st.sampled_from(["en-us", "cmn", "de"]))
def test_poses_are_in_order_apart_and_inside_the_audio(
    sounds: list[tuple[str, int]], voice: str
) -> None:
    spans = spans_of(sounds)
    poses = viseme_poses(spans, rate_hz=RATE_HZ, espeak_voice=voice)
    assert poses[0].sample == 0
    assert poses[-1].sample == spans[-1].end
    for before, after in pairwise(poses[:-1]):
        assert (after.sample - before.sample) * 1000 >= SPACING_MS * RATE_HZ
    for pose in poses:
        assert len(pose.weights) <= 3
        assert sum(w for _, w in pose.weights) <= 1.0
        assert all(0 < w <= 1 for _, w in pose.weights)
        assert len({v for v, _ in pose.weights}) == len(pose.weights)


@given(sounds=random_speech)
def test_no_second_has_too_many_poses_that_are_not_closures(sounds: list[tuple[str, int]]) -> None:
    poses = viseme_poses(spans_of(sounds), rate_hz=RATE_HZ, espeak_voice="en-us")
    for i, first in enumerate(poses):
        within = [p for p in poses[i:] if p.sample - first.sample < RATE_HZ]
        closures = [p for p in within if {v for v, w in p.weights if w >= 0.8} & {1, 2}]
        assert len(within) <= max(POSES_PER_S, len(closures)) + 2


def test_hasty_speech_loses_vowels_before_it_loses_a_closure() -> None:
    text = "^ " + "ɑ=2 s=2 i=2 m=2 " * 10 + "$"
    poses = mouth(text)
    for first in poses:
        assert sum(0 <= p.sample - first.sample < RATE_HZ for p in poses) <= POSES_PER_S
    for i, symbol in enumerate(text.split()):
        if symbol == "m=2":
            assert at(poses, speech(text)[i].start)["PP"] == 1.0


@given(sounds=random_speech)
def test_every_closure_is_reached(sounds: list[tuple[str, int]]) -> None:
    spans = spans_of([(symbol, length + 1) for symbol, length in sounds])
    poses = viseme_poses(spans, rate_hz=RATE_HZ, espeak_voice="en-us")
    for span in spans:
        if closed := CLOSURES.get(span.symbol):
            within = [p.sample for p in poses if span.start <= p.sample <= span.end]
            reached = max(at(poses, s).get(closed, 0.0) for s in (span.start, *within, span.end))
            assert reached >= 0.9


# -- rules


def test_no_spans_are_no_poses() -> None:
    assert viseme_poses((), rate_hz=RATE_HZ, espeak_voice="en-us") == ()


def test_the_mouth_is_at_rest_before_and_after_speech() -> None:
    poses = mouth("^ ɑ $")
    assert poses[0] == VisemePose(0, REST)
    assert poses[-1] == VisemePose(24 * FRAME, REST)


@pytest.mark.parametrize(("symbol", "closed"), CLOSURES.items())
def test_lips_close_in_full_from_the_onset_of_a_closure(symbol: str, closed: str) -> None:
    text = f"^ ɑ {symbol} i $"
    poses, (_, _, span, *_) = mouth(text), speech(text)
    assert at(poses, span.start)[closed] == 1.0
    assert at(poses, span.start + RATE_HZ // 60)[closed] == 1.0


def test_a_closure_of_one_frame_is_still_placed() -> None:
    poses = mouth("^ ɑ m=1 ɑ $")
    assert at(poses, 16 * FRAME)["PP"] == 1.0


def test_lips_start_to_close_in_the_second_half_of_the_sound_before() -> None:
    text = "^ ɑ=12 b i $"
    poses, spans = mouth(text), speech(text)
    assert at(poses, spans[1].start + 5 * FRAME).get("PP", 0.0) == 0.0
    assert 0.4 < at(poses, spans[1].start + 9 * FRAME)["PP"] < 0.7


def test_sibilants_keep_the_jaw_narrow() -> None:
    for symbol in "szʃʒ":
        text = f"^ ɑ {symbol} ɑ $"
        weights = mouth(text)
        assert (
            arkit_weights(next(p.weights for p in weights if p.sample == speech(text)[2].start))[
                "jawOpen"
            ]
            <= 0.1
        )


def test_length_marks_tones_diacritics_and_pads_join_the_sound_before() -> None:
    alone = mouth("^ ɑ=16 $")
    assert mouth("^ ɑ ː $") == alone
    assert mouth("^ ɑ \u0303 $") == alone
    assert mouth("^ ɑ 5 $") == alone
    assert mouth("^ ɑ _pad $".replace("_pad", "\u0329")) == alone


def test_some_parts_add_to_the_sound_before() -> None:
    assert shape("^ ɑ ʷ $", 1) == {"aa": 0.67, "U": 0.33}
    assert shape("^ ə ˞ $", 1) == {"E": 0.35, "aa": 0.25, "RR": 0.4}
    assert shape("^ p ʲ $", 1) == {"PP": 1.0}


def test_a_part_or_an_unknown_symbol_with_nothing_before_it_is_quiet() -> None:
    assert mouth("ː ɑ $")[0].weights == REST
    assert mouth("☃ ɑ $")[0].weights == REST


def test_an_unknown_symbol_takes_its_time_from_the_sound_before() -> None:
    assert mouth("^ ɑ ☃ i $") == mouth("^ ɑ=16 i $")


def test_equal_neighbours_are_one_movement() -> None:
    text = "^ b p ɑ $"
    poses = mouth(text)
    closed = [p for p in poses if dict(p.weights).get(1)]
    assert [p.sample for p in closed] == [8 * FRAME, 22 * FRAME]


def test_letters_and_marks_that_nfd_took_apart_are_one_sound() -> None:
    assert shape("^ c \u0327 ɑ $", 1) == {"I": 0.5, "SS": 0.2}
    assert shape("^ r \u031d ɑ $", 1) == {"CH": 0.5, "RR": 0.3}


def test_glottals_show_the_next_vowel_not_yet_in_full() -> None:
    assert shape("^ h u $", 1) == {"U": 0.6}


def test_glottals_without_a_vowel_to_prepare_change_nothing() -> None:
    assert shape("^ ɑ h s $", 2)["aa"] > 0.5
    assert [p.weights for p in mouth("^ h $")] == [REST] * len(mouth("^ h $"))


def test_a_glottal_stop_holds_the_shape_before() -> None:
    assert mouth("^ ɑ ʔ i $") == mouth("^ ɑ=16 i $")
    assert mouth("ʔ ɑ $")[0].weights == REST


def test_sounds_of_the_tongue_keep_the_lips_of_their_neighbours() -> None:
    assert shape("^ ɑ t i $", 2) == {"DD": 0.5, "aa": 0.25, "I": 0.25}
    assert shape("^ k ɑ $", 1) == {"kk": 0.5, "aa": 0.5}
    assert shape("^ ɑ n $", 2) == {"nn": 0.5, "aa": 0.5}


def test_lips_round_early_across_sounds_of_the_tongue() -> None:
    assert shape("^ ɑ t l u $", 2) == {"DD": 0.5, "U": 0.5}


def test_lips_do_not_round_too_early() -> None:
    text = "^ ɑ=8 t=8 l=12 u $"
    assert middle(mouth(text), text, 2)["aa"] > 0.2


def test_lips_are_not_taken_from_beyond_a_closure() -> None:
    assert shape("^ ɑ b t $", 3) == {"DD": 1.0}
    assert shape("^ t $", 1) == {"DD": 1.0}


def test_a_diphthong_stays_longer_on_its_first_half() -> None:
    text = "^ aɪ=20 $"
    poses, span = mouth(text), speech(text)[1]
    assert at(poses, span.start)["aa"] == 1.0
    assert at(poses, span.start + 12 * FRAME)["I"] == 0.8


def test_unstressed_vowels_are_smaller_where_stress_is_marked() -> None:
    assert shape("^ ɑ s i $", 1) == {"aa": 1.0}
    assert shape("^ ɑ s ˈ i $", 1) == {"aa": 0.75}
    assert shape("^ ˌ ɑ s ˈ i $", 2) == {"aa": 0.9}
    assert shape("^ ɑ s ˈ i $", 4) == {"I": 1.0}


def test_stress_lasts_for_one_syllable() -> None:
    assert shape("^ ˈ ɑ i s ɑ $", 3) == {"I": 1.0}
    assert shape("^ ˈ ɑ i s ɑ $", 5) == {"aa": 0.75}
    assert shape("^ ɑ ˈ s ɑ $", 4) == {"aa": 1.0}
    assert shape("^ ˈ ɑ , ɑ $", 4) == {"aa": 0.75}


def test_stress_marks_give_their_time_to_the_sound_that_follows() -> None:
    text = "^ s ˈ ɑ $"
    assert at(mouth(text), speech(text)[2].start)["aa"] == 1.0
    assert mouth("^ ɑ ˈ")[-1].weights == REST


def test_hurried_vowels_do_not_reach_their_shape() -> None:
    text = "^ s ɑ=4 s $"
    assert at(mouth(text), speech(text)[2].start)["aa"] == pytest.approx(0.8)


def test_a_word_gap_does_not_close_the_mouth() -> None:
    text = "^ ɑ _=6 i $"
    poses, gap = mouth(text), speech(text)[2]
    for sample in range(gap.start, gap.end, 64):
        assert sum(w for name, w in at(poses, sample).items() if name != "sil") > 0.9


def test_a_pause_brings_the_mouth_to_rest_within_its_first_120_ms() -> None:
    text = "^ ɑ ,=15 _=15 i $"
    poses, pause = mouth(text), speech(text)[2]
    assert at(poses, pause.start + RATE_HZ * 0.121)["sil"] == pytest.approx(1.0, abs=0.01)
    assert at(poses, pause.end)["sil"] == pytest.approx(1.0, abs=0.01)


def test_speech_that_fills_its_chunk_begins_and_ends_in_its_own_shape_and_at_rest() -> None:
    poses = mouth("m ɑ")
    assert dict(poses[0].weights) == {1: 1.0}
    assert poses[-1] == VisemePose(16 * FRAME, REST)


def test_a_last_shape_without_length_stays() -> None:
    spans = (PhonemeSpan("ɑ", 0, 2000), PhonemeSpan("m", 2000, 2000))
    poses = viseme_poses(spans, rate_hz=RATE_HZ, espeak_voice="en-us")
    assert poses[-1] == VisemePose(2000, ((1, 1.0),))


def test_a_chunk_without_length_is_one_pose() -> None:
    spans = (PhonemeSpan("ɑ", 0, 0),)
    assert len(viseme_poses(spans, rate_hz=RATE_HZ, espeak_voice="en-us")) == 1


# -- languages


def test_in_mandarin_digits_and_the_reversed_e_are_tones() -> None:
    assert mouth("^ a ɜ n $", voice="cmn") == mouth("^ a=16 n $", voice="cmn")
    assert mouth("^ o -  1 $", voice="cmn") == mouth("^ o=24 $", voice="cmn")


def test_in_mandarin_a_dot_makes_a_retroflex_and_no_pause() -> None:
    assert shape("^ s . ɑ $", 1, voice="cmn") == {"CH": 0.55, "SS": 0.45}
    assert shape("^ s i . $", 2, voice="cmn") == {"SS": 0.4, "E": 0.2}
    assert shape("^ s i \u032a $", 2, voice="cmn") == {"SS": 0.4, "E": 0.2}


def test_a_full_stop_after_a_tone_is_a_pause_in_mandarin_too() -> None:
    text = "^ i 5 .=20 ɑ $"
    assert at(mouth(text, voice="cmn"), speech(text)[3].start + 11 * FRAME)["sil"] >= 0.9


def test_the_reversed_e_is_a_vowel_in_english_and_another_in_german() -> None:
    assert shape("^ ɜ $", 1) == {"RR": 0.35, "E": 0.4}
    assert shape("^ ɜ $", 1, voice="de") == {"aa": 0.5}


def test_raw_mnemonics_are_read_as_the_sounds_they_mean() -> None:
    assert mouth("^ S ɑ $") == mouth("^ ʃ ɑ $")


def pinyin(text: str, index: int) -> dict[str, float]:
    return shape(text, index, voice="cmn", kind="pinyin")


def test_pinyin_finals_are_sequences() -> None:
    text = "^ m iao=20 4 $"
    poses, final = mouth(text, voice="cmn", kind="pinyin"), speech(text)[2]
    assert at(poses, speech(text)[1].start)["PP"] == 1.0
    length = 28 * FRAME
    for name, share in (("I", 0.0), ("aa", 0.3), ("O", 0.7)):
        assert at(poses, final.start + length * share)[name] == pytest.approx(1.0, abs=0.01)


def test_pinyin_i_after_a_sibilant_is_a_held_fricative() -> None:
    assert pinyin("^ zh i 4 $", 2) == {"SS": 0.4, "E": 0.2}
    assert pinyin("^ m i 4 $", 2) == {"I": 1.0}


def test_pinyin_u_after_a_palatal_is_rounded_and_spread() -> None:
    assert pinyin("^ q u 4 $", 2) == {"U": 0.7, "I": 0.3}


def test_a_syllable_without_initial_begins_with_its_final() -> None:
    text = "^ Ø a 1 $"
    poses = mouth(text, voice="cmn", kind="pinyin")
    assert at(poses, speech(text)[1].start)["aa"] == 1.0


# -- whole sentences


def track(poses: Poses) -> str:
    """Returns poses as "frame:shape …", for reading."""
    return " ".join(
        f"{p.sample / FRAME:.0f}:" + "+".join(f"{VISEMES[v]}{w:.2g}" for v, w in p.weights)
        for p in poses
    )


def test_golden_track_of_papa_soup() -> None:
    said = "^=4 p=3 ˈ=3 ɑ=2 ː=5 p=5 ə=6 ,=12 _=14 s=4 ˈ=3 u=4 ː=3 p=3 .=7 $=3"
    assert track(mouth(said)) == (
        "0:sil1 2:sil1 4:PP1 6:PP1 7:aa1 12:aa1 17:PP1 21:PP1 22:aa0.19+E0.26 25:aa0.19+E0.26 "
        "38:sil1 44:sil1 54:SS1 58:U1 63:U1 68:PP1 70:PP1 76:sil1 81:sil1"
    )


def test_golden_track_of_ni_hao() -> None:
    said = "^=4 n=4 ˈ=2 i=6 2=2 χ=5 ˈ=2 ɑ=7 u=6 2=2 .=8 $=3"
    assert track(mouth(said, voice="cmn")) == (
        "0:sil1 2:sil1 4:nn0.5+I0.5 8:I1 15:I1 18:kk0.25+aa0.25+I0.25 20:kk0.25+aa0.25+I0.25 "
        "23:aa1 29:aa1 32:U1 37:U1 46:sil1 51:sil1"
    )
