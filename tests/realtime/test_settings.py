"""The settings of a session: what is in force, and what cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.realtime_parts import OFFER, SETTINGS
from kit.realtime_scene import RealtimeScene, one

from voice_avatar.events.inputs import Endpointing
from voice_avatar.events.payloads import Message
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime.refusals import Refusal
from voice_avatar.realtime.settings import (
    core_settings,
    modality_of,
    rate_hz,
    settings_shown,
    tokens_of,
    updated,
)


def test_settings_come_back_as_they_are_in_force() -> None:
    scene = RealtimeScene()
    session = one(
        scene.update(
            instructions="Be brief.",
            output_modalities=["text"],
            max_output_tokens=50,
            temperature=0.6,
            audio={
                "input": {
                    "format": {"type": "audio/pcmu"},
                    "turn_detection": {"type": "server_vad", "silence_duration_ms": 700},
                    "transcription": {"model": "whisper-1", "language": "en"},
                },
                "output": {"format": {"type": "audio/pcma"}, "voice": "marin"},
            },
        ),
        "session.updated",
    )["session"]
    assert session["instructions"] == "Be brief."
    assert session["output_modalities"] == ["text"]
    assert session["max_output_tokens"] == 50
    assert session["audio"]["input"]["format"] == {"type": "audio/pcmu"}
    assert session["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 700,
        "idle_timeout_ms": None,
        "create_response": True,
        "interrupt_response": True,
    }
    assert session["audio"]["output"]["format"] == {"type": "audio/pcma"}
    assert session["audio"]["output"]["voice"] == "tones"
    scene.write("Hello.")
    scene.send("response.create")
    assert scene.live is not None
    assert scene.live.messages[0] == Message("system", "Be brief.")
    assert (scene.live.max_tokens, scene.live.temperature, scene.live.is_silent) == (50, 0.6, True)


def test_what_is_left_out_stays_and_null_turns_off() -> None:
    scene = RealtimeScene()
    scene.update(audio={"input": {"transcription": {"model": "whisper-1"}}})
    session = one(scene.update(instructions="New."), "session.updated")["session"]
    assert session["audio"]["input"]["transcription"]["model"] == "whisper-1"
    told = scene.update(audio={"input": {"transcription": None}})
    assert one(told, "session.updated")["session"]["audio"]["input"]["transcription"] is None


# -- settings alone


def changed(**changes: object) -> ce.Session:
    return ce.Session(**changes)  # type: ignore[arg-type]


def test_a_change_that_is_refused_changes_nothing() -> None:
    settings = replace(SETTINGS, model="mine")
    audio = ce.Audio(output=ce.AudioOutput(speed=1.2))
    with pytest.raises(Refusal) as refused:
        updated(settings, changed(model="other", audio=audio), OFFER, frozenset())
    assert refused.value.param == "session.audio.output.speed"
    assert settings.model == "mine"


def test_extension_events_are_known_by_name_and_set() -> None:
    known = frozenset({"visemes"})
    request = ce.AvatarRequest(events=("visemes", "visemes"), viseme_set="arkit52")
    settings = updated(SETTINGS, changed(x_avatar=request), OFFER, known)
    assert (settings.avatar, settings.viseme_set) == (("visemes",), "arkit52")
    with pytest.raises(Refusal, match="Viseme sets are: ovr15, arkit52"):
        updated(SETTINGS, changed(x_avatar=ce.AvatarRequest(viseme_set="mine")), OFFER, known)
    assert updated(settings, changed(x_avatar=None), OFFER, known).avatar == ()


@pytest.mark.parametrize(
    ("turns", "detection"),
    [
        (None, Endpointing()),
        (ce.ServerVad(), Endpointing(silence_s=0.5)),
        (
            ce.ServerVad(threshold=0.7, prefix_padding_ms=200, silence_duration_ms=800),
            Endpointing(silence_s=0.8, preroll_s=0.2, speech_probability=0.7),
        ),
        (ce.SemanticVad(eagerness="low"), Endpointing(patience=1.6)),
    ],
)
def test_turn_detection_is_endpointing_of_the_session(
    turns: ce.TurnDetection | None, detection: Endpointing
) -> None:
    core = core_settings(replace(SETTINGS, turns=turns), OFFER)
    assert core.detection == detection
    assert core.endpointing == ("manual" if turns is None else "auto")
    assert core.answered == ("none" if turns is None else "detected")


def test_what_the_client_does_not_set_is_the_servers() -> None:
    core = core_settings(SETTINGS, OFFER)
    assert (core.max_reply_tokens, core.temperature) == (160, 0.0)
    shown = settings_shown(SETTINGS, OFFER)
    assert (shown["max_output_tokens"], shown["audio"]["output"]["voice"]) == ("inf", "tones")
    assert "x_avatar" not in shown


def test_formats_limits_and_modalities_have_one_meaning_here() -> None:
    assert (rate_hz(ce.PcmFormat()), rate_hz(ce.AlawFormat())) == (24_000, 8_000)
    assert (tokens_of("inf"), tokens_of(5), tokens_of(None)) == (None, 5, None)
    assert (modality_of(("audio", "text")), modality_of(("text",))) == ("audio", "text")


def test_only_the_server_vad_has_an_idle_timeout() -> None:
    assert SETTINGS.idle_s is None
    assert replace(SETTINGS, turns=ce.ServerVad(idle_timeout_ms=1500)).idle_s == 1.5
