"""Who speaks: what persona, configuration and agreement make of a session."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kit.edge import QUIET, engines, raw, running

from voice_avatar.acting.gesture.mood import Baseline
from voice_avatar.client.connection import connect
from voice_avatar.config.load import Config
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.errors import PersonaError
from voice_avatar.hearing.echo import EchoOptions
from voice_avatar.personas.persona import Persona, system_prompt
from voice_avatar.server.casting import cast, language_of, load_persona, offered, quiet
from voice_avatar.stages.llm import LlmCapabilities, LlmOptions
from voice_avatar.stages.stt import SttOptions
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.stages.vad import VadOptions
from voice_avatar.wire import client_messages
from voice_avatar.wire.negotiation import Agreed, ServerOffer, negotiate

BO = Persona(
    "Bo Baker",
    "You are Bo.",
    greeting="Bread?",
    gestures=("wave",),
    expressions=("happy",),
    energy=0.9,
    baseline=Baseline("happy", 0.4, 0.2),
)
MODEL = LlmCapabilities("scripted", "script", 4096, False)


def agreed(offer: ServerOffer | None = None, **hello: Any) -> Agreed:
    offer = offer or ServerOffer(languages=("en", "zh"), gestures=("wave", "nod"))
    return negotiate(client_messages.SessionHello(**hello), offer)


def made(config: Config | None = None, **hello: Any) -> SessionSetup:
    return cast(BO, config or Config(), agreed(**hello), MODEL, "s1", "en")


def test_options_are_handed_on_whole_but_for_what_persona_and_client_decide() -> None:
    config = Config(
        vad=VadOptions(start_windows=4),
        turn=TurnOptions(min_silence_s=0.123),
        playout=PlayoutOptions(max_ahead_s=1.5),
        llm=LlmOptions(model="other"),
        session=SessionOptions(idle_timeout_s=7.0),
    )
    setup = made(config)
    for stage in ("vad", "capture", "echo", "chunking", "playout", "llm"):
        assert getattr(setup, stage) is getattr(config, stage), stage
    assert setup.history is config.history
    decided = replace(
        setup.turn,
        interrupt=config.turn.interrupt,
        endpointing=config.turn.endpointing,
    )
    assert decided == config.turn
    assert replace(setup.session, language="en", greeting="") == replace(
        config.session, language="en", greeting=""
    )
    assert setup.context_tokens == 4096


def test_the_persona_decides_how_it_moves_feels_greets_and_is_called() -> None:
    setup = made()
    assert (setup.gestures.energy, setup.body.energy) == (0.9, 0.9)
    assert setup.baseline == Baseline("happy", 0.4, 0.2)
    assert setup.turn.interrupt.names == ("Bo", "Baker")
    assert setup.session.greeting == "Bread?"
    assert setup.system_prompt == system_prompt(BO)
    assert setup.offered == {"wave", "happy"}


def test_a_greeting_that_is_configured_goes_before_the_personas() -> None:
    assert made(Config(session=SessionOptions(greeting="Hi."))).session.greeting == "Hi."


def test_instructions_of_a_client_take_the_place_of_the_prompt_and_of_its_tags() -> None:
    setup = made(instructions="You are a parrot.")
    assert setup.system_prompt == "You are a parrot."
    assert setup.offered is None


def test_the_client_decides_what_it_can_show_and_whether_replies_may_pause() -> None:
    can = client_messages.Capabilities(pause=True, gestures=("wave", "juggle"))
    setup = made(capabilities=can, endpointing="manual")
    assert setup.vocabulary == {"wave"}
    assert setup.turn.endpointing == "manual"
    assert setup.turn.interrupt.pause_s == TurnOptions().interrupt.pause_s > 0
    assert made().turn.interrupt.pause_s == 0.0


@pytest.mark.parametrize(
    ("configured", "wished", "expected"),
    [("en", "", "en"), ("en", "zh", "zh"), ("auto", "", ""), ("auto", "zh", "zh")],
)
def test_a_language_is_detected_unless_a_client_tells_another(
    configured: str, wished: str, expected: str
) -> None:
    config = Config(stt=SttOptions(language=configured))
    hello = {"language": wished} if wished else {}
    assert made(config, **hello).session.language == expected


@pytest.mark.parametrize(
    ("guard", "says_so", "expected"),
    [("auto", True, True), ("auto", False, False), ("always", False, True), ("never", True, False)],
)
def test_its_own_voice_is_looked_for_where_it_may_come_back(
    guard: Any, says_so: bool, expected: bool
) -> None:
    config = Config(echo=EchoOptions(guard=guard))
    one = replace(agreed(), hears_itself=says_so)
    assert cast(BO, config, one, MODEL, "s1", "en").hears_itself is expected


def test_the_same_session_moves_the_same_and_another_otherwise() -> None:
    seeds = [cast(BO, Config(), agreed(), MODEL, name, "en").body.seed for name in ("a", "a", "b")]
    assert seeds[0] == seeds[1] != seeds[2]


def test_a_quiet_session_says_nothing_by_itself_and_is_else_the_same() -> None:
    setup = made()
    hushed = quiet(setup, 15.0)
    assert (hushed.session.greeting, hushed.session.apologises) == ("", False)
    assert hushed.playout.max_ahead_s == 15.0
    assert replace(hushed, session=setup.session, playout=setup.playout) == setup


def test_the_servers_own_persona_is_offered_first_and_each_once() -> None:
    assert list(offered("ava-zh", load_persona("ava-zh"))) == ["ava-zh", "ava"]
    personas = offered("bo.toml", BO)
    assert list(personas) == ["Bo Baker", "ava", "ava-zh"]
    assert personas["Bo Baker"] is BO


def test_a_file_that_is_called_like_a_built_in_persona_does_not_hide_it() -> None:
    assert offered("mine.toml", replace(BO, name="ava"))["ava"] == load_persona("ava")


def test_a_language_is_configured_if_it_is_not_the_default() -> None:
    chinese = replace(BO, language="zh")
    assert language_of(SttOptions(), chinese) == "zh"
    assert language_of(SttOptions(language="auto"), chinese) == "zh"
    assert language_of(SttOptions(language="fr"), chinese) == "fr"


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
