"""What is in the files: every input is read back as what it was."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from kit.taped import INPUTS, Taped

from voice_avatar.events.inputs import SessionInput
from voice_avatar.recording.rerun import rerun


def test_the_examples_have_every_kind_of_input() -> None:
    assert {type(event) for event in INPUTS} == set(get_args(SessionInput))


def test_every_kind_of_input_is_read_back_as_it_was(tmp_path: Path) -> None:
    taped = Taped(tmp_path)
    taped.take(*INPUTS)
    taped.close()
    assert rerun(taped.folder).differences == ()
    assert rerun(taped.folder).steps == 1 + len(INPUTS)
