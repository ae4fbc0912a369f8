"""How a voice spells: pads, pinyin, and what is Chinese."""

from __future__ import annotations

from voice_avatar.engines.piper_spelling import encode, has_han


def test_pinyin_voices_are_padded_after_syllables_and_marks() -> None:
    ids, owners = encode(
        ["n", "i", "3", "，"], {s: [i] for i, s in enumerate("_^$ni3，")}, "pinyin"
    )
    assert ids == [1, 3, 4, 5, 0, 6, 0, 2]
    assert owners == [-1, 0, 1, 2, 3, 3, 4, 4]


def test_pads_and_word_gaps_belong_to_the_sound_after_them() -> None:
    ids, owners = encode(["n", " ", "i"], {s: [i] for i, s in enumerate("_^$ni ")}, "espeak")
    assert ids == [1, 0, 3, 0, 5, 0, 4, 0, 2]
    assert owners == [-1, 0, 0, 2, 2, 2, 2, 3, 3]


def test_other_voices_are_padded_after_every_symbol_but_the_last() -> None:
    ids, owners = encode(["n", "x", "i"], {s: [i] for i, s in enumerate("_^$ni")}, "espeak")
    assert ids == [1, 0, 3, 0, 4, 0, 2]
    assert owners == [-1, 0, 0, 2, 2, 3, 3]


def test_chinese_script_is_told_from_others() -> None:
    assert has_han("Hi 你好")
    assert not has_han("Grüße, ça va? Привет こ")
