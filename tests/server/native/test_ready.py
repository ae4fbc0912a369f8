"""What a client is told at the start: what the server offers, and within which limits."""

from __future__ import annotations

import pytest
from kit.edge import engines

from voice_avatar import __version__
from voice_avatar.acting.gesture.mood import Baseline
from voice_avatar.acting.presence.autonomic import autonomic
from voice_avatar.audio import opus
from voice_avatar.config.load import Config
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.personas.persona import Persona
from voice_avatar.server import rates
from voice_avatar.server.native.ready import Limits, body_of, limits_of, models_of, session_ready
from voice_avatar.wire import client_messages, session_messages
from voice_avatar.wire.fields import MAX_INPUT_CHARS
from voice_avatar.wire.frame_codec import MIC_CATCH_UP_S
from voice_avatar.wire.negotiation import negotiate

BO = Persona("Bo", "You are Bo.", energy=0.9, baseline=Baseline("happy", 0.4, 0.2))
ADA = Persona("Ada", "You are Ada.", language="zh", energy=0.2)


def limits(config: Config | None = None, language: str = "en") -> Limits:
    return limits_of(config or Config(), engines(), {"Bo": BO, "Ada": ADA}, language)


def test_the_servers_own_comes_first_of_all_that_is_offered() -> None:
    offer = limits(language="zh").offer
    assert offer.personas == ("Bo", "Ada")
    assert (offer.languages[0], offer.languages.count("zh")) == ("zh", 1)
    assert offer.rates_hz[0] == engines().tts.capabilities.rate_hz
    assert len(set(offer.rates_hz)) == len(offer.rates_hz)
    assert ("opus" in offer.codecs) is opus.available()


def test_the_body_of_each_persona_is_told_by_its_name() -> None:
    bodies = limits().bodies
    assert bodies["Bo"].expression == "happy"
    assert bodies["Bo"].energy > bodies["Ada"].energy


def test_times_of_the_body_are_told_in_milliseconds() -> None:
    made = autonomic(0.5)
    told = body_of(made, Baseline())
    assert told.gaze_shift_ms == pytest.approx([1000 * s for s in made.gaze_shift_s])
    assert told.weight_shift_ms == pytest.approx([1000 * s for s in made.weight_shift_s])
    assert told.blink_close_ms == made.blink_close_ms


def test_a_typed_turn_is_never_longer_than_the_protocol_lets_it_be() -> None:
    many = Config(session=SessionOptions(max_text_chars=MAX_INPUT_CHARS + 1))
    assert limits(many).input_chars == MAX_INPUT_CHARS
    few = Config(session=SessionOptions(max_text_chars=100))
    assert limits(few).input_chars == 100


def test_an_engine_that_is_not_there_has_no_name() -> None:
    loaded = engines()
    assert models_of(loaded).llm == "script"
    assert models_of(loaded).turn != ""


def test_the_first_message_tells_what_was_agreed_and_what_holds() -> None:
    config = Config(
        session=SessionOptions(idle_timeout_s=30.0), playout=PlayoutOptions(max_ahead_s=1.5)
    )
    offered = limits(config)
    agreed = negotiate(client_messages.SessionHello(persona="Ada"), offered.offer)
    ready = session_ready(
        offered, "s1", agreed, session_messages.ResumeOffer(token="t", ttl_s=60.0)
    )
    assert (ready.session_id, ready.settings.persona) == ("s1", "Ada")
    assert (ready.limits.idle_ms, ready.limits.max_ahead_ms) == (30_000, 1500)
    told = ready.limits
    assert (told.text_per_s, told.text_burst_count) == (rates.MESSAGES_PER_S, rates.MESSAGE_BURST)
    assert (told.binary_per_s, told.binary_burst_count) == (rates.FRAMES_PER_S, rates.FRAME_BURST)
    assert (told.turns_per_s, told.turn_burst_count) == (rates.TURNS_PER_S, rates.TURN_BURST)
    assert told.turn_bytes_per_min == rates.TEXT_BYTES_PER_MIN
    assert told.mic_catch_up_ms == 1000 * MIC_CATCH_UP_S
    assert ready.autonomic == offered.bodies["Ada"]
    assert ready.server.version == __version__
    assert ready.resume is not None
    assert session_ready(offered, "s1", agreed, None).resume is None
