"""The engines of a server: one for each stage, and only optional ones may be missing."""

from __future__ import annotations

import dataclasses
from typing import get_args, get_type_hints

from kit.values import assert_plain

from voice_avatar.engines.registry import ENGINES, OPTIONAL
from voice_avatar.stages.engines import UNPLANNED_THREADS, Engines


def test_there_is_one_engine_for_each_stage_of_the_registry() -> None:
    assert_plain(Engines)
    assert {field.name for field in dataclasses.fields(Engines)} == set(ENGINES)


def test_only_an_optional_stage_may_be_without_an_engine() -> None:
    hints = get_type_hints(Engines)
    assert {name for name, hint in hints.items() if type(None) in get_args(hint)} == OPTIONAL


def test_an_engine_that_is_loaded_alone_leaves_the_machine_to_others() -> None:
    assert UNPLANNED_THREADS == 1
