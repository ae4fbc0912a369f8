"""Codes of protocol v1: closing, errors, warnings, with what each means. Pure.

PROTOCOL.md lists exactly these; a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from voice_avatar.errors import VoiceAvatarError


class CloseCode(IntEnum):
    """WebSocket close codes that are used; the texts are in `CLOSE_CODES`."""

    NORMAL = 1000
    GOING_AWAY = 1001
    FRAMING = 1002
    UNSUPPORTED_DATA = 1003
    INVALID_DATA = 1007
    POLICY = 1008
    TOO_BIG = 1009
    INTERNAL = 1011
    RESTART = 1012
    OVERLOADED = 1013
    PROTOCOL_ERROR = 4000
    UNAUTHORIZED = 4001
    HELLO_TIMEOUT = 4002
    ORIGIN_FORBIDDEN = 4003
    VERSION_UNSUPPORTED = 4004
    IDLE_TIMEOUT = 4008
    REPLACED = 4009
    SESSION_EXPIRED = 4010
    SLOW_CONSUMER = 4408
    RATE_LIMIT = 4429
    NOT_READY = 4503


CLOSE_CODES: Final[dict[CloseCode, str]] = {
    CloseCode.NORMAL: "The session ended as asked.",
    CloseCode.GOING_AWAY: "The server shuts down, or the page was left.",
    CloseCode.FRAMING: "A WebSocket frame broke RFC 6455; no `error` comes before.",
    CloseCode.UNSUPPORTED_DATA: "The first frame was binary.",
    CloseCode.INVALID_DATA: "A text frame was not UTF-8; no `error` comes before.",
    CloseCode.POLICY: "A rule of the server that has no code of its own was broken.",
    CloseCode.TOO_BIG: "A frame was over the limit.",
    CloseCode.INTERNAL: "The server failed, or a ping had no answer: then the session is kept.",
    CloseCode.RESTART: "The server restarts; reconnect after `reconnect_in_ms`.",
    CloseCode.OVERLOADED: "No room for another session; the reason says when to try again.",
    CloseCode.PROTOCOL_ERROR: "The handshake or the flow of messages broke this document.",
    CloseCode.UNAUTHORIZED: "No token, or a wrong one.",
    CloseCode.HELLO_TIMEOUT: "No `session.hello` in time.",
    CloseCode.ORIGIN_FORBIDDEN: "The page's origin is not on the server's list.",
    CloseCode.VERSION_UNSUPPORTED: "No protocol version in common.",
    CloseCode.IDLE_TIMEOUT: "Nothing was said or sent for too long.",
    CloseCode.REPLACED: "Another connection resumed the session.",
    CloseCode.SESSION_EXPIRED: "Reserved; a session that is gone is followed by a new one.",
    CloseCode.SLOW_CONSUMER: "The client did not read fast enough.",
    CloseCode.RATE_LIMIT: "Microphone audio or messages came too fast for too long.",
    CloseCode.NOT_READY: "The models are still loading.",
}
"""What each close code means."""


@dataclass(frozen=True, slots=True)
class CodeText:
    """What a code of an `error` message means.

    Attributes:
        text: for PROTOCOL.md.
        is_fatal: whether the connection closes after it.
        close: with which code.
    """

    text: str
    is_fatal: bool = False
    close: CloseCode = CloseCode.INTERNAL


ERROR_CODES: Final[dict[str, CodeText]] = {
    "bad_json": CodeText("A text frame is not JSON, not an object, or has no `type`."),
    "bad_field": CodeText("A field is missing, mistyped or out of range; the message is dropped."),
    "unexpected_message": CodeText(
        "A valid message at a point where it means nothing, such as a second `session.hello`."
    ),
    "bad_frame": CodeText("A binary frame has a wrong header or payload; it is dropped."),
    "protocol_error": CodeText(
        "This document was broken in another way.", True, CloseCode.PROTOCOL_ERROR
    ),
    "message_too_big": CodeText("A frame is over the limit.", True, CloseCode.TOO_BIG),
    "hello_timeout": CodeText("No `session.hello` within 10 s.", True, CloseCode.HELLO_TIMEOUT),
    "version_unsupported": CodeText(
        "No protocol version in common.", True, CloseCode.VERSION_UNSUPPORTED
    ),
    "unauthorized": CodeText("No token, or a wrong one.", True, CloseCode.UNAUTHORIZED),
    "audio_unsupported": CodeText(
        "A codec or rate in `session.hello` that the server does not take.",
        True,
        CloseCode.PROTOCOL_ERROR,
    ),
    "audio_error": CodeText("Audio could not be used."),
    "audio_invalid": CodeText("An audio payload does not decode; it is dropped."),
    "rate_limited": CodeText(
        "Microphone audio or messages came too fast for too long.", True, CloseCode.RATE_LIMIT
    ),
    "not_ready": CodeText("The models are still loading.", True, CloseCode.NOT_READY),
    "overloaded": CodeText("No room for another session.", True, CloseCode.OVERLOADED),
    "idle_timeout": CodeText(
        "Nothing was said or sent for too long.", True, CloseCode.IDLE_TIMEOUT
    ),
    "slow_consumer": CodeText(
        "The client did not read fast enough.", True, CloseCode.SLOW_CONSUMER
    ),
    "engine_error": CodeText("An engine failed; the session goes on."),
    "engine_unavailable": CodeText("An engine's library or device is absent.", True),
    "vad_failed": CodeText("Voice activity detection failed; the session goes on."),
    "turn_failed": CodeText("The end-of-turn model failed; silence decides instead."),
    "stt_failed": CodeText("Recognition failed; what was said is lost, the session goes on."),
    "llm_failed": CodeText("Generation failed; the reply ends as failed."),
    "llm_timeout": CodeText("The language model gave nothing in time; the reply ends as failed."),
    "context_exceeded": CodeText("The prompt is too long for the model; the reply ends as failed."),
    "tool_call_invalid": CodeText(
        "The model called a tool that there is not, or with arguments that are no JSON object: the "
        "model is told so. More than 8 calls at once: the reply ends as failed."
    ),
    "tool_call_unknown": CodeText("A `tool.result` for a call that there never was; dropped."),
    "tts_failed": CodeText("Synthesis failed; the reply ends as failed or goes on without."),
    "persona_invalid": CodeText("The persona asked for cannot be used.", True, CloseCode.POLICY),
    "config_invalid": CodeText("The server's configuration cannot be used.", True),
    "model_error": CodeText("A model cannot be used.", True),
    "model_missing": CodeText("A model is not there and could not be fetched.", True),
    "model_corrupt": CodeText("A model file is damaged.", True),
    "model_unknown": CodeText("A model of that name does not exist.", True),
    "internal": CodeText("The server failed in a way that it did not foresee.", True),
}
"""Every code of an `error` message: those of `errors.py`, and those of the server's edge."""

WARNING_CODES: Final[dict[str, str]] = {
    "unknown_type": "A message with a `type` that the server does not know was ignored.",
    "input_overrun": "Microphone audio came faster than allowed; the excess was dropped.",
    "input_gap": "Microphone frames are missing. Up to 0.2 s are silence; over a longer gap the "
    "clock goes on, and what is heard after it begins anew.",
    "input_repeated": "Microphone frames come with the `seq` or `pts` of earlier ones, and are "
    "dropped: more than a client sends again after a lost connection, or the number stands still.",
    "input_echo": "What was heard were the words that the avatar was saying: taken for its echo, "
    "and not answered. `turn.dropped` follows or came before.",
    "gaze_overrun": "`user.gaze` came more often than 10 times a second; the excess was dropped.",
    "text_overrun": "`input.text` came faster than one a second, or than 64 kB a minute; the "
    "excess was dropped.",
    "input_clipping": "The microphone is too loud and distorts.",
    "input_silent": "Nothing but digital silence has come from the microphone for 5 s: it is muted "
    "or dead.",
    "input_offset": "The microphone's samples are shifted by a constant (DC), which is taken away.",
    "input_stereo": "Microphone audio looks like two channels sent as one, and cannot be "
    "understood.",
    "input_noise": "Microphone audio is loud noise, as of another sample format or byte order.",
    "setting_unavailable": "A persona, voice, language, codec, viseme set or tool choice is not to "
    "be had; what is used instead is in `settings`.",
    "resume_failed": "The session to be resumed is gone, or the token is not of it: this is "
    "a new one.",
    "empty_text": "An `input.text` of nothing but spaces was ignored.",
    "text_too_long": "An `input.text` over the server's own limit was ignored.",
    "nothing_to_commit": "`input.commit`, a muted microphone or a released button, and no "
    "unfinished turn.",
    "nothing_to_interrupt": "`interrupt` for a reply that is not being spoken.",
    "tool_result_late": "A `tool.result` for a call that was answered, cancelled or timed out "
    "was dropped.",
    "reply_under_way": "A reply was asked for while there is one.",
    "empty_reply": "The language model gave nothing that can be said.",
}
"""Every code of a `warning` message."""


def close_code(error: VoiceAvatarError) -> CloseCode:
    """The code with which a connection closes when `error` ends it."""
    return ERROR_CODES[error.code].close if error.code in ERROR_CODES else CloseCode.INTERNAL
