"""How a server is called."""

from __future__ import annotations

import argparse

from voice_avatar.bench.targets import options
from voice_avatar.bench.targets.options import (
    DIALECTS,
    DialOptions,
    add_dial_arguments,
    chosen,
    dial_options,
)


def test_the_command_line_gives_every_option_and_a_token_is_never_told() -> None:
    parser = argparse.ArgumentParser()
    add_dial_arguments(parser)
    words = "--dialect pcm --token abc --rate 24000 --hello {} --instructions Hm".split()
    given = dial_options(parser.parse_args(words))
    assert given == DialOptions("abc", "Hm", 24_000, "{}")
    assert chosen(given) == {"instructions": "Hm", "rate": 24_000, "hello": "{}"}
    assert dial_options(parser.parse_args([])) == DialOptions()
    assert {name for takes in DIALECTS.values() for name in takes} <= set(
        options.DialOptions.__dataclass_fields__
    )
