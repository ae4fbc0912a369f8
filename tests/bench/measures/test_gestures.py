"""The bench of gestures: what a spoken reply does, and how its sentences are kept."""

from __future__ import annotations

import json

from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.bench.figures.apexes import Apex
from voice_avatar.bench.measures.gestures import acted, item
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.events.cues import GestureCue
from voice_avatar.pipeline.spoken import speak

TEXT = "We really should go there now. [gesture:wave] Nobody ever asked us about the big boat."


def test_a_spoken_reply_has_the_strokes_of_its_gestures_within_its_audio() -> None:
    speech = speak(ScriptedTts(), TEXT, "en", gestures=GestureOptions(energy=1.0))
    reply = acted(speech)
    strokes = [notice.stroke for notice in speech.notices if isinstance(notice, GestureCue)]
    assert strokes
    assert list(reply.strokes_s) == sorted(stroke / speech.rate_hz for stroke in strokes)
    assert reply.length_s == len(speech.pcm) / 2 / speech.rate_hz
    assert 0 <= reply.away_s <= reply.length_s


def test_a_sentence_is_kept_with_its_apexes_and_what_was_not_heard_is_null() -> None:
    found = [
        Apex("wave", "llm", 1.00004, 0.9, 0.91049),
        Apex("beat_right", "prosody", 2.0, 2.0, None),
    ]
    kept = json.loads(json.dumps(item("Hello there.", found)))
    assert kept["text"] == "Hello there."
    assert kept["apexes"] == [
        {"lexeme": "wave", "source": "llm", "stroke_s": 1.0, "planned_s": 0.9, "heard_s": 0.91},
        {
            "lexeme": "beat_right",
            "source": "prosody",
            "stroke_s": 2.0,
            "planned_s": 2.0,
            "heard_s": None,
        },
    ]
