"""How a result says how it can be repeated."""

from __future__ import annotations

from voice_avatar.bench.report.alone import repeating


def test_a_command_keeps_an_address_and_loses_what_is_secret_or_local() -> None:
    command = repeating(
        "v2v",
        url="wss://me:pass@host:1/realtime?model=small&api_key=abc&access_token=def",
        hello='{"a": "/b"}',
        instructions="Be brief.",
        clips="/elsewhere/clips",
        rate=24_000,
        voice=True,
        limit=0,
        token=None,
    )
    assert command == (
        "voice-avatar bench v2v --url 'wss://host:1/realtime?model=small' --hello '{\"a\": \"/b\"}'"
        " --instructions 'Be brief.' --clips clips --rate 24000 --voice"
    )
