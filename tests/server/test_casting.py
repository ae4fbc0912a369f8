"""Who speaks: what persona, configuration and agreement make of a session."""

from __future__ import annotations

from pathlib import Path

import pytest
from edge import QUIET, engines, raw, running

from voice_avatar.client import connect
from voice_avatar.config import Config
from voice_avatar.errors import PersonaError
from voice_avatar.server.casting import load_persona
from voice_avatar.stt import SttOptions


def test_a_persona_is_built_in_or_a_file(tmp_path: Path) -> None:
    assert load_persona("ava").name == "Ava"
    path = tmp_path / "bo.toml"
    path.write_text('name = "Bo"\nprompt = "You are Bo."\nlanguage = "en"\n')
    assert load_persona(str(path)).name == "Bo"
    with pytest.raises(PersonaError):
        load_persona("nobody")
    with pytest.raises(PersonaError):
        load_persona(str(tmp_path / "nothing.toml"))


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_persona_of_a_file_is_offered_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "bo.toml"
    path.write_text('name = "Bo"\nprompt = "You are Bo the baker."\ngreeting = "Bread?"\n')
    async with running(engines("Yes."), persona=str(path)) as run, connect(run.url) as avatar:
        assert avatar.ready.settings.persona == "Bo"
        assert (await avatar.next_reply()).text == "Bread?"
        await avatar.ask("Bread!")
        assert "Bo the baker" in run.llm.requests[-1].messages[0].content


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_session_of_another_persona_speaks_its_language() -> None:
    async with running(engines("好。")) as run:
        async with raw(run.url) as client:
            ready = await client.hello(persona="ava-zh", language="zh")
            assert ready["settings"]["persona"] == "ava-zh"
        async with raw(run.url) as client:
            assert (await client.hello())["settings"]["language"] == "en"


@pytest.mark.realtime
@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("persona", "configured", "expected"),
    [("ava", "en", "en"), ("ava-zh", "en", "zh"), ("ava", "zh", "zh"), ("ava-zh", "auto", "zh")],
)
async def test_the_language_is_the_personas_unless_another_is_configured(
    persona: str, configured: str, expected: str
) -> None:
    config = Config(session=QUIET, stt=SttOptions(language=configured))
    async with running(config=config, persona=persona) as run, raw(run.url) as client:
        assert (await client.hello())["settings"]["language"] == expected
        conversation = run.server.sessions[0].conversation
        heard = conversation.session._listener.language
        assert heard == (None if configured == "auto" else expected)
