"""Asks the language model something simple, to tell what is wrong before a user meets it."""

from __future__ import annotations

from contextlib import aclosing
from typing import Final

from voice_avatar.errors import EngineError
from voice_avatar.events.payloads import LlmDone, LlmRequest, Message, TextDelta
from voice_avatar.stages.llm import LlmEngine
from voice_avatar.tools.first_words import says_something

_ASKED: Final = LlmRequest(
    (Message("system", "Answer in one short sentence."), Message("user", "Say hello.")),
    max_tokens=64,
    cache_key="check",
)


async def llm_trouble(llm: LlmEngine) -> str:
    """Returns in one line what is wrong with a language model; "" = it answers."""
    text, is_cut = "", False
    try:
        async with aclosing(llm.generate(_ASKED)) as deltas:
            async for delta in deltas:
                match delta:
                    case TextDelta(piece):
                        text += piece
                    case LlmDone(reason):
                        is_cut = reason == "length"
                    case _:
                        pass
    except EngineError as error:
        return f"The language model does not answer: {error.code}: {error.message}"
    if says_something(text):
        return ""
    if is_cut:
        return (
            "The language model used up its tokens and said nothing: it may only reason. Switch"
            " reasoning off in its server."
        )
    return "The language model answers with nothing: look at its chat template and its server."
