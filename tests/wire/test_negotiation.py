"""Agreeing: what a client asks for, and what it gets."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from voice_avatar.acting.mouth.viseme_sets import ARKIT, VISEME_SETS
from voice_avatar.errors import AudioUnsupported, VersionUnsupported
from voice_avatar.wire import client_messages, negotiation, session_messages
from voice_avatar.wire.negotiation import Agreed, ServerOffer, negotiate, select_subprotocol

OFFER = ServerOffer(
    codecs=("pcm16", "opus"),
    personas=("ava", "bob"),
    voices=("joe", "amy"),
    languages=("en", "zh"),
    gestures=("wave", "bow"),
    expressions=("happy", "sad"),
)


def agree(**fields: object) -> Agreed:
    return negotiate(
        msgspec.convert({"type": "session.hello", **fields}, client_messages.SessionHello), OFFER
    )


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([], None),
        (["voice-avatar.v1"], "voice-avatar.v1"),
        (["voice-avatar.v2", "voice-avatar.v1"], "voice-avatar.v1"),
    ],
)
def test_the_subprotocol_is_ours_or_none_was_offered(
    offered: list[str], chosen: str | None
) -> None:
    assert select_subprotocol(offered) == chosen


def test_only_foreign_subprotocols_are_refused() -> None:
    with pytest.raises(VersionUnsupported):
        select_subprotocol(["voice-avatar.v2", "realtime"])


def test_an_empty_hello_gets_the_defaults() -> None:
    agreed = agree()
    assert agreed.audio_in == session_messages.AudioFormat(codec="pcm16", rate_hz=16_000)
    assert agreed.audio_out == session_messages.AudioFormat(codec="pcm16", rate_hz=24_000)
    assert agreed.settings == session_messages.Settings(
        persona="ava",
        voice="joe",
        language="en",
        endpointing="auto",
        viseme_set="ovr15",
        visemes=VISEME_SETS["ovr15"],
        captions=True,
        gaze=True,
        face_hz=0,
    )
    assert agreed.gestures == ("wave", "bow")
    assert agreed.expressions == ("happy", "sad")
    assert agreed.unavailable == ()


@pytest.mark.parametrize(("wish", "got"), [(30, 30), (60, 60), (25, 0)])
def test_faces_come_at_the_rate_asked_for_or_not_at_all(wish: int, got: int) -> None:
    agreed = agree(capabilities={"face_hz": wish})
    assert agreed.settings.face_hz == got
    assert agreed.unavailable == (() if got else ("face_hz 25",))


@pytest.mark.parametrize("versions", [{"min": 2, "max": 3}, {"min": 9, "max": 9}])
def test_no_version_in_common_is_refused(versions: dict[str, int]) -> None:
    with pytest.raises(VersionUnsupported):
        agree(protocol=versions)
    assert agree(protocol={"min": 1, "max": 9})


def test_the_codec_is_the_first_of_the_clients_list_that_the_server_has() -> None:
    assert agree(audio_in={"codecs": ["flac", "opus", "pcm16"]}).audio_in.codec == "opus"
    assert agree(audio_in={"codecs": ["pcm16", "opus"]}).audio_in.codec == "pcm16"
    with pytest.raises(AudioUnsupported, match="audio_in"):
        agree(audio_in={"codecs": ["flac"]})


def test_opus_at_a_rate_that_it_does_not_code_gives_way_to_the_next_codec() -> None:
    agreed = agree(audio_out={"codecs": ["opus", "pcm16"], "rate_hz": 22_050})
    assert agreed.audio_out == session_messages.AudioFormat(codec="pcm16", rate_hz=22_050)
    assert agreed.unavailable == ("audio_out opus at 22050 Hz",)
    with pytest.raises(AudioUnsupported):
        agree(audio_out={"codecs": ["opus"], "rate_hz": 22_050})


def test_any_microphone_rate_is_taken_but_only_offered_reply_rates() -> None:
    assert agree(audio_in={"rate_hz": 11_025}).audio_in.rate_hz == 11_025
    with pytest.raises(AudioUnsupported, match="audio_out"):
        agree(audio_out={"rate_hz": 11_025})


def test_wishes_that_cannot_be_met_are_named_and_the_default_is_taken() -> None:
    agreed = agree(
        persona="eve",
        voice="zoe",
        language="fr",
        endpointing="manual",
        instructions="Sing.",
        capabilities={
            "visemes": "polly",
            "gestures": ["bow", "jump"],
            "expressions": [],
            "captions": False,
            "gaze": False,
        },
    )
    settings = agreed.settings
    assert (settings.persona, settings.voice, settings.language) == ("ava", "joe", "en")
    assert (settings.viseme_set, settings.endpointing) == ("ovr15", "manual")
    assert not settings.captions
    assert not settings.gaze
    assert agreed.instructions == "Sing."
    assert agreed.gestures == ("bow",)
    assert agreed.expressions == ()
    assert agreed.unavailable == (
        "viseme set 'polly'",
        "persona 'eve'",
        "voice 'zoe'",
        "language 'fr'",
    )


def test_wishes_that_can_be_met_are_met() -> None:
    settings = agree(
        persona="bob", voice="amy", language="zh", capabilities={"visemes": "vrm5"}
    ).settings
    assert (settings.persona, settings.voice, settings.language) == ("bob", "amy", "zh")
    assert settings.visemes == ("aa", "ih", "ou", "ee", "oh")


def test_an_update_changes_what_it_names_and_leaves_the_rest() -> None:
    settings = agree().settings
    assert negotiation.update(settings, client_messages.SessionUpdate(), OFFER) == (settings, ())
    change = client_messages.SessionUpdate(
        language="zh", endpointing="manual", visemes="arkit52", captions=False
    )
    changed, missing = negotiation.update(settings, change, OFFER)
    assert missing == ()
    assert changed == msgspec.structs.replace(
        settings,
        language="zh",
        endpointing="manual",
        viseme_set="arkit52",
        visemes=ARKIT,
        captions=False,
    )


def test_an_update_cannot_change_persona_and_voice_nor_to_what_is_not_there() -> None:
    settings = agree(language="zh", capabilities={"visemes": "vrm5"}).settings
    change = client_messages.SessionUpdate(
        persona="bob", voice="amy", language="fr", visemes="polly"
    )
    changed, missing = negotiation.update(settings, change, OFFER)
    assert (changed.persona, changed.voice, changed.language) == ("ava", "joe", "zh")
    assert changed.viseme_set == "vrm5"
    assert len(missing) == 4
    same = client_messages.SessionUpdate(persona="ava", voice="joe")
    assert negotiation.update(settings, same, OFFER) == (settings, ())


def test_who_prefers_opus_and_leaves_the_rate_to_the_server_gets_opus() -> None:
    offer = replace(OFFER, rates_hz=(22_050, 24_000, 16_000))
    wish = client_messages.AudioWish(codecs=("opus", "pcm16"))
    agreed = negotiate(client_messages.SessionHello(audio_out=wish), offer)
    assert (agreed.audio_out.codec, agreed.audio_out.rate_hz) == ("opus", 24_000)
    plain = negotiate(client_messages.SessionHello(), offer)
    assert (plain.audio_out.codec, plain.audio_out.rate_hz) == ("pcm16", 22_050)
