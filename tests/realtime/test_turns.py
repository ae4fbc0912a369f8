"""The user's turns as events: starts, stops, commits, and words that come late or never."""

from __future__ import annotations

import base64

import pytest
from kit.realtime_parts import SETTINGS, Ids, kinds
from kit.realtime_scene import RealtimeScene, types

from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.items import Items
from voice_avatar.realtime.microphone import Microphone
from voice_avatar.realtime.turns import UserTurns


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


# -- turns alone


@pytest.fixture
def turns() -> UserTurns:
    """Turns of a client that has written one second."""
    ids, microphone = Ids(), Microphone()
    microphone.append(base64.b64encode(bytes(48_000)).decode(), ce.PcmFormat())
    return UserTurns(Items(ids), microphone, ids)


def test_speech_that_may_be_nothing_is_announced_once_and_later(turns: UserTurns) -> None:
    assert turns.speech_started(8000, is_held=True) == []
    assert turns.is_active
    assert turns.announce() == [se.SpeechStarted(audio_start_ms=200, item_id="item_1")]
    assert turns.announce() == []
    assert turns.speech_started(9000, is_held=False) == []


def test_held_speech_that_turns_out_to_be_nothing_was_never_there(turns: UserTurns) -> None:
    turns.speech_started(8000, is_held=True)
    assert turns.forgotten(SETTINGS, is_failure=False) == []
    assert not turns.is_active


def test_a_commit_waits_for_its_words_and_is_an_item_at_once(turns: UserTurns) -> None:
    assert kinds(turns.commit()) == ["input_audio_buffer.committed", "conversation.item.added"]
    assert turns.is_waiting
    assert kinds(turns.ended("turn-1", "Hello.", SETTINGS)) == ["conversation.item.done"]
    assert not turns.is_waiting


def test_a_commit_without_words_is_an_item_all_the_same(turns: UserTurns) -> None:
    turns.commit()
    assert kinds(turns.forgotten(SETTINGS, is_failure=False)) == ["conversation.item.done"]


def test_silence_is_a_turn_from_where_it_began(turns: UserTurns) -> None:
    timeout, *rest = turns.idle(400)
    assert timeout == se.TimeoutTriggered(audio_start_ms=400, audio_end_ms=1000, item_id="item_1")
    assert kinds(rest)[-1] == "conversation.item.done"
