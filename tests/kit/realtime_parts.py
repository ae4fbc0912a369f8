"""Parts of the Realtime dialect, for tests of one of them alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.items import Items
from voice_avatar.realtime.response_book import ResponseBook
from voice_avatar.realtime.responses import Response, ResponseTerms
from voice_avatar.realtime.settings import Offer, Settings
from voice_avatar.realtime.steps import Step

RATE_HZ = 24_000
SECOND = bytes(2 * RATE_HZ)
OFFER = Offer("small", "tones", "script", ("en", "zh"), "Be kind.", 160, 0.0, ("ovr15", "arkit52"))
SETTINGS = Settings("sess_1", "small", "Be kind.")


class Ids:
    """Counts up: item_1, item_2, ask_1."""

    def __init__(self) -> None:
        self._last: Counter[str] = Counter()

    def __call__(self, word: str) -> str:
        self._last[word] += 1
        return f"{word}_{self._last[word]}"


def terms(**given: Any) -> ResponseTerms:
    """What a response of the conversation is made of, but for what is given."""
    defaults: dict[str, Any] = {
        "modality": "audio",
        "form": ce.PcmFormat(),
        "voice": "tones",
        "max_tokens": None,
        "conversation_id": "conv_1",
    }
    return ResponseTerms(**defaults | given)


def response(**given: Any) -> Response:
    ids = Ids()
    return Response("resp_1", 1, terms(**given), Items(ids), ids, RATE_HZ)


def book(items: Items | None = None) -> ResponseBook:
    ids = Ids()
    return ResponseBook(
        Items(ids) if items is None else items,
        ids,
        conversation_id="conv_1",
        voice="tones",
        reply_hz=RATE_HZ,
        rate_limits=tuple,
    )


def kinds(steps: Sequence[Step]) -> list[str]:
    """The tags of events, and the names of all else."""
    return [
        str(step.__struct_config__.tag) if isinstance(step, se.ServerEvent) else type(step).__name__
        for step in steps
    ]
