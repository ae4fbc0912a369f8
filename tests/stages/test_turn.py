"""Options of endpointing and interruption: explained, frozen, and in an order that makes sense."""

from __future__ import annotations

from itertools import pairwise

import pytest
from kit.values import assert_explained, assert_plain

from voice_avatar.stages.turn import InterruptOptions, TurnCapabilities, TurnOptions


@pytest.mark.parametrize("kind", [TurnCapabilities, InterruptOptions, TurnOptions])
def test_every_field_is_explained_and_none_can_be_changed(kind: type[object]) -> None:
    assert_plain(kind)
    assert_explained(kind)


def test_the_surer_a_turn_the_shorter_its_usual_wait() -> None:
    usual = TurnOptions()
    assert usual.doubt_probability < usual.sure_probability
    assert usual.min_silence_s < usual.opener_s <= usual.unfinished_s
    assert usual.unfinished_s < usual.open_ending_s < usual.max_silence_s
    assert usual.min_silence_s < usual.question_s < usual.max_silence_s
    assert usual.min_silence_s < usual.plain_silence_s < usual.max_silence_s
    assert usual.speculate_probability < usual.doubt_probability


def test_the_model_is_asked_again_in_order_and_while_the_turn_may_still_end() -> None:
    usual = TurnOptions()
    assert all(one < other for one, other in pairwise((0.0, *usual.rescore_s)))
    assert usual.rescore_s[-1] < usual.max_silence_s


def test_whisper_can_decode_what_is_decoded_at_once() -> None:
    usual = TurnOptions()
    assert usual.max_segment_s + usual.preroll_s < 30.0


def test_a_reply_pauses_before_its_interruption_is_known_and_not_for_ever() -> None:
    usual = InterruptOptions()
    assert usual.pause_s < usual.ask_s < usual.speech_s < usual.noise_s < usual.any_s
    assert usual.any_s < usual.wait_s
    assert usual.logprob < 0
