"""A Realtime session as a server tells it: a turn, an interruption; today's names, the beta's.

The events have the fields that the SDK of OpenAI requires of them;
`tests/bench/targets/test_realtime.py` checks that where the SDK is installed.
"""

from __future__ import annotations

import base64
from typing import Any

Event = dict[str, Any]

USAGE: Event = {
    "total_tokens": 30,
    "input_tokens": 10,
    "output_tokens": 20,
    "input_token_details": {"text_tokens": 0, "audio_tokens": 10, "cached_tokens": 0},
    "output_token_details": {"text_tokens": 5, "audio_tokens": 15},
}

SESSION: Event = {
    "type": "realtime",
    "model": "small-realtime",
    "output_modalities": ["audio"],
    "instructions": "Be kind.",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
                "create_response": True,
                "interrupt_response": True,
            },
            "transcription": {"model": "whisper-1"},
        },
        "output": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "voice": "marin",
            "speed": 1.0,
        },
    },
}

BETA_SESSION: Event = {
    "id": "sess_1",
    "object": "realtime.session",
    "model": "small-realtime",
    "modalities": ["audio", "text"],
    "instructions": "Be kind.",
    "voice": "alloy",
    "input_audio_format": "pcm16",
    "output_audio_format": "pcm16",
    "input_audio_transcription": {"model": "whisper-1"},
    "turn_detection": {"type": "server_vad", "silence_duration_ms": 500},
}


def item(item_id: str, role: str, status: str, content: list[Event]) -> Event:
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "status": status,
        "role": role,
        "content": content,
    }


def response(status: str, reason: str = "", reply: str = "resp_1") -> Event:
    details = {"type": status, "reason": reason} if reason else None
    output = [item("item_2", "assistant", "completed", [])] if status == "completed" else []
    return {
        "object": "realtime.response",
        "id": reply,
        "status": status,
        "status_details": details,
        "output": output,
        "usage": USAGE if status == "completed" else None,
    }


def numbered(events: list[Event]) -> list[Event]:
    return [{"event_id": f"event_{number}", **event} for number, event in enumerate(events)]


def opened() -> list[Event]:
    return numbered(
        [
            {"type": "session.created", "session": SESSION},
            {"type": "session.updated", "session": SESSION},
        ]
    )


def turn(pcm: bytes, *, is_beta: bool = False, reply: str = "resp_1") -> list[Event]:
    """Returns a turn whose answer is `pcm`, in two pieces."""
    user = item("item_1", "user", "completed", [{"type": "input_audio", "transcript": None}])
    half = len(pcm) // 4 * 2
    part = {"item_id": "item_2", "output_index": 0, "content_index": 0}
    of = {"response_id": reply, **part}
    audio = "response.audio" if is_beta else "response.output_audio"
    words = "response.audio_transcript" if is_beta else "response.output_audio_transcript"
    added = "conversation.item.created" if is_beta else "conversation.item.added"
    content = {"type": "audio", "transcript": ""}
    pieces = [base64.b64encode(piece).decode() for piece in (pcm[:half], pcm[half:])]
    return numbered(
        [
            {
                "type": "input_audio_buffer.speech_started",
                "audio_start_ms": 400,
                "item_id": "item_1",
            },
            {
                "type": "input_audio_buffer.speech_stopped",
                "audio_end_ms": 2000,
                "item_id": "item_1",
            },
            {
                "type": "input_audio_buffer.committed",
                "item_id": "item_1",
                "previous_item_id": None,
            },
            {"type": added, "item": user, "previous_item_id": None},
            {"type": "response.created", "response": response("in_progress", reply=reply)},
            {
                "type": "response.output_item.added",
                "response_id": reply,
                "output_index": 0,
                "item": item("item_2", "assistant", "in_progress", []),
            },
            {"type": "response.content_part.added", **of, "part": content},
            {"type": f"{words}.delta", **of, "delta": "Ten "},
            {"type": f"{audio}.delta", **of, "delta": pieces[0]},
            {
                "type": "conversation.item.input_audio_transcription.completed",
                "item_id": "item_1",
                "content_index": 0,
                "transcript": "How old is it?",
                "usage": {"type": "duration", "seconds": 2.0},
            },
            {"type": f"{words}.delta", **of, "delta": "years."},
            {"type": f"{audio}.delta", **of, "delta": pieces[1]},
            {"type": f"{audio}.done", **of},
            {"type": f"{words}.done", **of, "transcript": "Ten years."},
            {"type": "response.done", "response": response("completed", reply=reply)},
        ]
    )


def interruption(reply: str = "resp_1") -> list[Event]:
    return numbered(
        [
            {
                "type": "input_audio_buffer.speech_started",
                "audio_start_ms": 4000,
                "item_id": "item_3",
            },
            {
                "type": "response.done",
                "response": response("cancelled", "turn_detected", reply),
            },
            {
                "type": "conversation.item.truncated",
                "item_id": "item_2",
                "content_index": 0,
                "audio_end_ms": 1500,
            },
        ]
    )


ERROR: Event = {
    "type": "error",
    "event_id": "event_9",
    "error": {
        "type": "invalid_request_error",
        "code": "response_cancel_not_active",
        "message": "Cancellation failed: no active response found",
        "param": None,
        "event_id": None,
    },
}
