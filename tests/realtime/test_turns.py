"""The user's turns as events: starts, stops, commits, and words that come late or never."""

from __future__ import annotations

from kit.realtime_scene import RealtimeScene, types


def test_one_start_and_one_stop_are_told_of_a_turn_with_pauses() -> None:
    scene = RealtimeScene()
    scene.turns(type="server_vad", silence_duration_ms=800)
    told = types(scene.speak(0.6) + scene.hush(0.4) + scene.speak(0.6) + scene.hush(1.2))
    assert told.count("input_audio_buffer.speech_started") == 1
    assert told.count("input_audio_buffer.speech_stopped") == 1
    assert told.count("input_audio_buffer.committed") == 1


def test_speech_without_words_ends_and_leaves_no_item() -> None:
    scene = RealtimeScene()
    scene.words = ""
    told = types(scene.speak(0.6) + scene.hush(1.5))
    assert told == ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"]
    assert scene.history == []


def test_speech_that_cannot_be_recognised_is_told_as_such() -> None:
    scene = RealtimeScene()
    scene.update(audio={"input": {"transcription": {"model": "whisper-1"}}})
    scene.words = "?"
    told = types(scene.speak(0.6) + scene.hush(1.0))
    assert "conversation.item.input_audio_transcription.failed" in told
    assert "error" not in told
