"""Characters cut in two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.engines.chat.half_characters import HalfCharacters


@given(st.text(alphabet="a\u00e9\u4f60\U0001f600", max_size=8), st.integers(0, 40))
def test_bytes_cut_anywhere_are_joined(text: str, cut: int) -> None:
    raw = text.encode()
    halves = HalfCharacters()
    parts = (raw[:cut], raw[cut:])
    assert "".join(halves.push(part.decode("utf-8", "surrogateescape")) for part in parts) == text


@given(st.lists(st.text(alphabet=st.characters(categories=["Cs", "L"])), max_size=5))
def test_what_comes_out_is_always_text(pieces: list[str]) -> None:
    halves = HalfCharacters()
    "".join(map(halves.push, pieces)).encode()
