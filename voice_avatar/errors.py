"""Every error that voice-avatar raises on purpose.

The tree, with the wire code of each leaf and whether a session goes on after it:

    VoiceAvatarError
    ├── ConfigError            config_invalid       the server does not start
    ├── ModelError
    │   ├── ModelMissing       model_missing        nothing cached and no source reached
    │   ├── ModelCorrupt       model_corrupt        a file's SHA-256 is not the expected one
    │   └── ModelUnknown       model_unknown        no such name in the model table
    ├── AudioError
    │   ├── AudioUnsupported   audio_unsupported    codec, rate or layout we do not take
    │   └── AudioInvalid       audio_invalid        undecodable payload              (recoverable)
    ├── ProtocolError
    │   ├── MalformedMessage   bad_json             not UTF-8, not JSON, no `type`   (recoverable)
    │   ├── InvalidMessage     bad_field            a field is missing or mistyped   (recoverable)
    │   ├── UnexpectedMessage  unexpected_message   valid, but not at this point     (recoverable)
    │   ├── MalformedFrame     bad_frame            a binary frame without our header (recoverable)
    │   ├── MessageTooBig      message_too_big      over the announced limit
    │   ├── VersionUnsupported version_unsupported  no protocol version in common
    │   └── Unauthorized       unauthorized         no token, or a wrong one
    ├── EngineError
    │   ├── EngineUnavailable  engine_unavailable   the library or its device is absent
    │   ├── VadFailed          vad_failed           (recoverable)
    │   ├── TurnFailed         turn_failed          (recoverable)
    │   ├── SttFailed          stt_failed           (recoverable)
    │   ├── LlmFailed          llm_failed           (recoverable)
    │   │   ├── LlmTimeout     llm_timeout          no token in time                 (recoverable)
    │   │   ├── ContextExceeded context_exceeded    prompt over the model's window   (recoverable)
    │   │   └── ToolCallInvalid tool_call_invalid   a call that cannot be made       (recoverable)
    │   └── TtsFailed          tts_failed           (recoverable)
    ├── PersonaError           persona_invalid      a persona file that cannot be used
    └── ConnectionFailed       connection_failed    raised by the client only

Library exceptions are mapped to these where a library is called (`engines/*`, `models/store.py`,
`server/`) and nowhere else. `code` is stable and documented in PROTOCOL.md; `message` is for
people, and never carries a path, a stack trace or a transcript.
"""

from __future__ import annotations


class VoiceAvatarError(Exception):
    """Base of all errors raised on purpose.

    Attributes:
        code: stable, machine-readable name, sent to clients.
        message: one sentence for a person.
        is_recoverable: whether the session goes on after it.
    """

    code = "internal"
    is_recoverable = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ConfigError(VoiceAvatarError):
    """A configuration file, variable or option cannot be used."""

    code = "config_invalid"


class ModelError(VoiceAvatarError):
    """A model cannot be found or used."""

    code = "model_error"


class ModelMissing(ModelError):
    """Nothing is cached and no source could be reached."""

    code = "model_missing"


class ModelCorrupt(ModelError):
    """A model file does not have the expected SHA-256."""

    code = "model_corrupt"


class ModelUnknown(ModelError):
    """No model of that name."""

    code = "model_unknown"


class AudioError(VoiceAvatarError):
    """Audio that cannot be used."""

    code = "audio_error"


class AudioUnsupported(AudioError):
    """A codec, rate or layout that is not taken."""

    code = "audio_unsupported"


class AudioInvalid(AudioError):
    """A payload that does not decode."""

    code = "audio_invalid"
    is_recoverable = True


class ProtocolError(VoiceAvatarError):
    """A client message that breaks PROTOCOL.md."""

    code = "protocol_error"
    is_recoverable = True


class MalformedMessage(ProtocolError):
    """Not UTF-8, not JSON, not an object, or no `type`."""

    code = "bad_json"


class InvalidMessage(ProtocolError):
    """A field is missing, mistyped or out of range."""

    code = "bad_field"


class UnexpectedMessage(ProtocolError):
    """A valid message at a point where it means nothing."""

    code = "unexpected_message"


class MalformedFrame(ProtocolError):
    """A binary frame whose header or payload length is wrong."""

    code = "bad_frame"


class MessageTooBig(ProtocolError):
    """A message over the announced limit."""

    code = "message_too_big"
    is_recoverable = False


class VersionUnsupported(ProtocolError):
    """No protocol version in common."""

    code = "version_unsupported"
    is_recoverable = False


class Unauthorized(ProtocolError):
    """No token, or a wrong one."""

    code = "unauthorized"
    is_recoverable = False


class EngineError(VoiceAvatarError):
    """An engine failed."""

    code = "engine_error"
    is_recoverable = True


class EngineUnavailable(EngineError):
    """The engine's library or device is absent."""

    code = "engine_unavailable"
    is_recoverable = False


class VadFailed(EngineError):
    """Voice activity detection failed."""

    code = "vad_failed"


class TurnFailed(EngineError):
    """The end-of-turn model failed."""

    code = "turn_failed"


class SttFailed(EngineError):
    """Speech recognition failed."""

    code = "stt_failed"


class LlmFailed(EngineError):
    """Generation failed."""

    code = "llm_failed"


class LlmTimeout(LlmFailed):
    """No token came in time."""

    code = "llm_timeout"


class ContextExceeded(LlmFailed):
    """The prompt does not fit the model's window."""

    code = "context_exceeded"


class ToolCallInvalid(LlmFailed):
    """The model called a tool that there is not, or with arguments that are no JSON object."""

    code = "tool_call_invalid"


class TtsFailed(EngineError):
    """Speech synthesis failed."""

    code = "tts_failed"


class PersonaError(VoiceAvatarError):
    """A persona file that cannot be used."""

    code = "persona_invalid"


class ConnectionFailed(VoiceAvatarError):
    """The client cannot reach the server, or lost it."""

    code = "connection_failed"
