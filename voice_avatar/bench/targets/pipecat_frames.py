"""The Protobuf messages of Pipecat's WebSocket transports, described in code.

Names, numbers and types are those of the package "pipecat" in Pipecat's `frames.proto` (1.14):

| field of Frame (one of) | message | fields |
|---|---|---|
| text = 1 | TextFrame | id = 1, name = 2, text = 3 |
| audio = 2 | AudioRawFrame | id = 1, name = 2, audio = 3, sample_rate = 4, num_channels = 5 |
| transcription = 3 | TranscriptionFrame | id = 1, name = 2, text = 3, user_id = 4 |
| message = 4 | MessageFrame | data = 1 (JSON) |
| interruption = 5 | InterruptionFrame | id = 1, name = 2 |

Only what is read here is described: a reader of Protobuf passes over fields that it does not know.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

_Field = descriptor_pb2.FieldDescriptorProto

_MESSAGES: Final[dict[str, dict[str, tuple[int, _Field.Type.ValueType]]]] = {
    "AudioRawFrame": {
        "audio": (3, _Field.TYPE_BYTES),
        "sample_rate": (4, _Field.TYPE_UINT32),
        "num_channels": (5, _Field.TYPE_UINT32),
    },
    "TranscriptionFrame": {"text": (3, _Field.TYPE_STRING)},
    "MessageFrame": {"data": (1, _Field.TYPE_STRING)},
    "InterruptionFrame": {},
}
_KINDS: Final = {
    "audio": (2, "AudioRawFrame"),
    "transcription": (3, "TranscriptionFrame"),
    "message": (4, "MessageFrame"),
    "interruption": (5, "InterruptionFrame"),
}


class FrameInvalid(Exception):  # noqa: N818 - says what happened
    """Bytes that are no frame."""


def _frame_class() -> type[message.Message]:
    file = descriptor_pb2.FileDescriptorProto(
        name="voice_avatar/pipecat.proto", package="pipecat", syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        described = file.message_type.add(name=name)
        for field, (number, type_) in fields.items():
            described.field.add(name=field, number=number, type=type_)
    frame = file.message_type.add(name="Frame")
    frame.oneof_decl.add(name="frame")
    for field, (number, name) in _KINDS.items():
        frame.field.add(
            name=field,
            number=number,
            type=_Field.TYPE_MESSAGE,
            type_name=f".pipecat.{name}",
            oneof_index=0,
        )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("pipecat.Frame"))


_Frame: Final = _frame_class()


def parse(data: bytes) -> tuple[str, Any]:
    """Returns which kind of frame it is, and the message of that kind; ("", None) for others.

    Raises:
        FrameInvalid: it is none.
    """
    try:
        frame: Any = _Frame.FromString(data)
    except message.DecodeError as error:
        raise FrameInvalid(str(error)) from error
    kind = frame.WhichOneof("frame")
    return (kind, getattr(frame, kind)) if kind else ("", None)


def audio(pcm: bytes, rate_hz: int) -> bytes:
    """Returns a frame of mono audio."""
    frame: Any = _Frame()
    frame.audio.audio, frame.audio.sample_rate, frame.audio.num_channels = pcm, rate_hz, 1
    data: bytes = frame.SerializeToString()
    return data


def said(data: str) -> bytes:
    """Returns a frame with a message."""
    frame: Any = _Frame()
    frame.message.data = data
    encoded: bytes = frame.SerializeToString()
    return encoded
