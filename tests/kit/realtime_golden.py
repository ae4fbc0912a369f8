"""Talks with the Realtime server, and the lists of events that were agreed for them.

Run as a script, it writes the lists of `realtime/test_dialect.py`; what changes is to be read in
the diff.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from kit.realtime_scene import Event, RealtimeScene

GOLDEN = Path(__file__).parents[1] / "data" / "realtime"


def typed(scene: RealtimeScene) -> list[Event]:
    told = scene.write("What is two and two?")
    told += scene.send("response.create", response={"output_modalities": ["text"]})
    return told + scene.answer("Four.")


def spoken(scene: RealtimeScene) -> list[Event]:
    told = scene.update(audio={"input": {"transcription": {"model": "whisper-1"}}})
    return told + scene.say("What is two and two?") + scene.answer("It is four.", 1.0)


def interrupted(scene: RealtimeScene) -> list[Event]:
    scene.say("Tell me a story.")
    scene.text("Once upon a time there was a king.", 4.0)
    item_id = scene.last_item
    scene.hush(1.5)
    scene.words = "Stop, please stop."
    told = scene.speak(1.0)
    told += scene.send(
        "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=1600
    )
    return told + scene.send("conversation.item.retrieve", item_id=item_id) + scene.hush(1.0)


def cancelled(scene: RealtimeScene) -> list[Event]:
    scene.write("Tell me a story.")
    told = scene.send("response.create")
    scene.text("Once upon a time there was a king.", 4.0)
    told += scene.send("response.cancel")
    return told + scene.send("response.cancel")


def cut_later(scene: RealtimeScene) -> list[Event]:
    """All was sent, the client plays it and is interrupted by a button of its own."""
    scene.write("Tell me a story.")
    scene.send("response.create")
    scene.answer("Once upon a time there was a king.", 4.0)
    scene.pass_time(1.0)
    item_id = scene.last_item
    told = scene.send(
        "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=1100
    )
    return told + scene.send("conversation.item.retrieve", item_id=item_id)


def out_of_band(scene: RealtimeScene) -> list[Event]:
    scene.write("I am furious.")
    request = {
        "conversation": "none",
        "output_modalities": ["text"],
        "instructions": "One word: the mood.",
        "metadata": {"topic": "mood"},
        "input": [{"type": "item_reference", "id": scene.last_item}],
    }
    return scene.send("response.create", response=request)


def committed(scene: RealtimeScene) -> list[Event]:
    scene.update(audio={"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}})
    scene.words = "What is two and two?"
    told = scene.speak(0.96)
    told += scene.send("input_audio_buffer.commit")
    told += scene.send("response.create")
    return told + scene.answer("Four.", 0.5)


def idle(scene: RealtimeScene) -> list[Event]:
    scene.turns(type="server_vad", idle_timeout_ms=5000)
    scene.say("Hello.")
    scene.answer("Good day.", 1.0)
    return scene.hush(7.0)


WEATHER: Event = {
    "type": "function",
    "name": "weather",
    "description": "How the weather is.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def called(scene: RealtimeScene) -> list[Event]:
    scene.update(tools=[WEATHER], tool_choice="auto")
    scene.write("How is the weather in Paris?")
    told = scene.send("response.create")
    before = len(scene.told)
    scene.text("Let me look.", 0.5)
    scene.call("weather", '{"city": ', '"Paris"}')
    scene.finish()
    told += scene.told[before:]
    output = {"type": "function_call_output", "call_id": "call_1_0", "output": '{"sky": "blue"}'}
    told += scene.send("conversation.item.create", item=output)
    told += scene.send("response.create")
    return told + scene.answer("It is sunny.", 0.5)


TALKS = {
    talk.__name__: talk
    for talk in (
        typed,
        spoken,
        interrupted,
        cancelled,
        cut_later,
        out_of_band,
        committed,
        idle,
        called,
    )
}


def golden(name: str, *, is_beta: bool) -> list[Event]:
    told = TALKS[name](RealtimeScene(is_beta=is_beta))
    return [shortened(event) for event in told]


def shortened(event: Event) -> Event:
    """Returns an event with its audio as a number of bytes."""
    if event["type"].endswith("audio.delta"):
        return event | {"delta": f"{len(base64.b64decode(event['delta']))} bytes"}
    return event


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name in TALKS:
        for is_beta in (False, True):
            if is_beta and name not in ("typed", "spoken", "interrupted"):
                continue
            path = GOLDEN / f"{name}{'-beta' if is_beta else ''}.json"
            told = golden(name, is_beta=is_beta)
            text = "[\n" + ",\n".join(json.dumps(event) for event in told) + "\n]\n"
            path.write_text(text, encoding="utf-8")
