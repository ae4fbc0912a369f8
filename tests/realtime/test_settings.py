"""The settings of a session: what is in force, and what cannot be."""

from __future__ import annotations

from kit.realtime_scene import RealtimeScene, one

from voice_avatar.events.payloads import Message


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
