"""Protocol `voice-avatar.v1`: bytes to messages, and notices to messages. Pure.

The messages are declared in `wire.py`, binary frames in `frames.py`, codes in `codes.py`, what
both sides agree on in `negotiation.py`; the normative text is
`unity_client_protocol/PROTOCOL.md`. Whatever comes in, only errors of the `ProtocolError` family
come out of the decoders.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, get_args

import msgspec

from voice_avatar import events, wire
from voice_avatar.errors import InvalidMessage, MalformedMessage, MessageTooBig
from voice_avatar.frames import AudioFrame, FrameFlag, FrameKind, pack_audio
from voice_avatar.tools import flaw
from voice_avatar.viseme_sets import to_set
from voice_avatar.vocabulary import vocabulary

PATH: Final = "/v1/avatar"
"""Path of the WebSocket."""

MAX_TEXT_BYTES: Final = 256 * 1024
"""Largest text frame, UTF-8 bytes, both ways."""

HELLO_TIMEOUT_S: Final = 10.0
"""Time from the WebSocket handshake to `session.hello`, seconds."""

SLOW_CONSUMER_CLOSE_S: Final = 5.0
"""A send queue over its limit for so long closes the connection (4408), seconds."""

MAX_AHEAD_S: Final = 2.0
"""Reply audio sent ahead of what was played, seconds."""

REPORT_INTERVAL_S: Final = 0.2
"""Time between playback reports while audio plays, seconds."""


# ---------------------------------------------------------------------------------------------
# Text frames


@dataclass(frozen=True, slots=True)
class UnknownType:
    """A message of a type that this version does not know.

    Attributes:
        type: its type, cut to 64 characters.
        is_experimental: whether it starts with "x." and is to be ignored without a warning.
    """

    type: str
    is_experimental: bool


class _Head(msgspec.Struct, frozen=True):
    type: str


def _decoders(union: object) -> dict[str, msgspec.json.Decoder[msgspec.Struct]]:
    kinds: tuple[type[msgspec.Struct], ...] = get_args(union)
    return {str(kind.__struct_config__.tag): msgspec.json.Decoder(kind) for kind in kinds}


_HEAD: Final = msgspec.json.Decoder(_Head)
_CLIENT: Final = _decoders(wire.AnyClientMessage)
_SERVER: Final = _decoders(wire.AnyServerMessage)
_ENCODER: Final = msgspec.json.Encoder()

CLIENT_TYPES: Final = tuple(_CLIENT)
"""Types of the messages that a client sends."""

SERVER_TYPES: Final = tuple(_SERVER)
"""Types of the messages that a server sends."""


def decode_text(data: str | bytes) -> wire.AnyClientMessage | UnknownType:
    """Reads a text frame from a client.

    Raises:
        MalformedMessage: not UTF-8, not JSON (NaN and Infinity are not), no object, no `type`.
        InvalidMessage: a field is missing, mistyped or out of range.
        MessageTooBig: over `MAX_TEXT_BYTES`.
    """
    message = _decode(data, _CLIENT)
    if isinstance(message, wire.SessionHello | wire.SessionUpdate):
        wrong = flaw(tools_of(message.tools or ()))
        if wrong:
            raise InvalidMessage(f"tools: {wrong}")
    if isinstance(message, wire.SessionHello) and message.protocol.min > message.protocol.max:
        raise InvalidMessage("session.hello: protocol.min must not be greater than protocol.max.")
    return message  # type: ignore[return-value]


def tools_of(offers: tuple[wire.ToolOffer, ...]) -> tuple[events.Tool, ...]:
    """Returns the tools that a client offers."""
    return tuple(
        events.Tool(offer.name, offer.description)
        if offer.parameters is None
        else events.Tool(offer.name, offer.description, _ENCODER.encode(offer.parameters).decode())
        for offer in offers
    )


def type_of(data: str) -> str:
    """Returns the type of a text frame, cut to 64 characters; "" where it has none."""
    try:
        return _HEAD.decode(data).type[:64]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""


def decode_server_text(data: str | bytes) -> wire.AnyServerMessage | UnknownType:
    """Reads a text frame from a server. Raises what `decode_text` raises."""
    return _decode(data, _SERVER)  # type: ignore[return-value]


def _decode(
    data: str | bytes, decoders: dict[str, msgspec.json.Decoder[msgspec.Struct]]
) -> msgspec.Struct | UnknownType:
    try:
        # msgspec does not look into strings that it skips: check UTF-8 here, once.
        text = data if isinstance(data, str) else data.decode()
        raw = text.encode()
    except UnicodeError as error:
        raise MalformedMessage("The message is not UTF-8.") from error
    if len(raw) > MAX_TEXT_BYTES:
        raise MessageTooBig(f"A message may have {MAX_TEXT_BYTES} bytes, this has {len(raw)}.")
    try:
        kind = _HEAD.decode(raw).type
    except msgspec.ValidationError as error:
        raise MalformedMessage("The message is not an object with a `type`.") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedMessage("The message is not JSON.") from error
    decoder = decoders.get(kind)
    if decoder is None:
        return UnknownType(kind[:64], kind.startswith("x."))
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise InvalidMessage(f"{kind}: {error}.") from error


def encode_client(message: wire.ClientMessage) -> str:
    """Writes a client's message as a text frame."""
    return _ENCODER.encode(message).decode()


def encode_text(message: wire.ServerMessage, *, seq: int, ts_ms: float) -> str:
    """Writes a server's message as a text frame, numbered and dated."""
    dated = msgspec.structs.replace(message, seq=seq, ts_ms=round(ts_ms, 1))
    return _ENCODER.encode(dated).decode()


# ---------------------------------------------------------------------------------------------
# From messages to what the session receives

_ROT_SLACK: Final = 0.05
"""How far the length of a rotation may be from 1: clients send few digits."""

_GAZE_WORDS: Final = frozenset(vocabulary().gaze.values())
"""Targets of the avatar's own gaze, which the ids of a client's objects must not be."""


def session_input(message: wire.AnyClientMessage) -> events.SessionInput | None:
    """What a client's message means to the session; None where it is the server's own business.

    `session.update` is not here: its settings are agreed first, see `negotiation.update`.

    Raises:
        InvalidMessage: fields that do not go together, or are out of range together.
    """
    match message:
        case wire.InputStart(mode="ptt"):
            return events.TalkPressed()
        case wire.InputStop(mode="ptt"):
            return events.TalkReleased()
        case wire.InputStop() | wire.InputCommit():
            return events.CommitInput()
        case wire.InputClear():
            return events.ClearInput()
        case wire.InputText(text=text):
            return events.TextInput(text)
        case wire.Interrupt(reply_id=reply_id):
            return events.InterruptRequest(reply_id)
        case wire.ToolResult(call_id=call_id, output=output):
            return events.ToolResult(call_id, output)
        case wire.PlaybackReport():
            return events.PlaybackReport(message.reply_id, message.played_samples, message.state)
        case wire.UserGaze():
            return _gaze(message)
        case _:
            return None


def _gaze(message: wire.UserGaze) -> events.UserGaze:
    if message.target in _GAZE_WORDS:
        raise InvalidMessage(f"user.gaze: {message.target!r} is a word for a gaze, and no id.")
    head, hands = message.head, message.hands or wire.Hands()
    tracked = [hand for hand in (hands.left, hands.right) if hand is not None]
    for pose in (head, *tracked):
        if pose is not None and abs(math.hypot(*pose.rot) - 1.0) > _ROT_SLACK:
            raise InvalidMessage("user.gaze: `rot` is no unit quaternion.")
    return events.UserGaze(
        target=message.target,
        head=None if head is None else events.HeadPose(head.pos, head.rot),
        avatar=message.avatar,
        hands=tuple(hand.pos for hand in tracked),
    )


# ---------------------------------------------------------------------------------------------
# From notices to frames


@dataclass(frozen=True, slots=True)
class Dialect:
    """How notices are told to one client.

    Attributes:
        rate_hz: rate of the reply clock.
        codec: codec of reply audio.
        viseme_set: viseme set.
        captions: whether `reply.text` and `reply.segment` are sent.
        gaze: whether `gaze` is sent.
    """

    rate_hz: int
    codec: wire.Codec = "pcm16"
    viseme_set: str = "ovr15"
    captions: bool = True
    gaze: bool = True


def encode_notice(
    notice: events.Notice, dialect: Dialect, *, seq: int, ts_ms: float
) -> str | bytes | None:
    """Writes a notice as a frame.

    Args:
        notice: what the client is told.
        dialect: how it wants it.
        seq: number of the next JSON message; for `ReplyAudio`, of the next frame of its reply.
        ts_ms: server clock, milliseconds.

    Returns:
        A text frame, a binary frame for `ReplyAudio` (PCM16: Opus packets are made by the server's
        edge, see `audio_frame`), or None, with `seq` unused, when the client does not want it.

    Raises:
        MessageTooBig: a `ReplyAudio` over the limit of binary frames.
    """
    if isinstance(notice, events.ReplyAudio):
        return pack_audio(audio_frame(notice, seq=seq))
    message = to_message(notice, dialect)
    return None if message is None else encode_text(message, seq=seq, ts_ms=ts_ms)


def audio_frame(notice: events.ReplyAudio, *, seq: int) -> AudioFrame:
    """The PCM16 frame of a piece of reply audio."""
    flags = FrameFlag.NONE
    if notice.is_first:
        flags |= FrameFlag.START
    if notice.is_last:
        flags |= FrameFlag.END
    stream = notice.reply_id & 0xFFFF
    return AudioFrame(FrameKind.AUDIO_OUT, stream, seq, notice.start, notice.pcm, flags)


def to_message(notice: events.Notice, dialect: Dialect) -> wire.ServerMessage | None:
    """The message that tells `notice`; None for audio, and for what the client does not want."""
    match notice:
        case events.ReplyAudio():
            return None
        case events.ReplyWritten() | events.ReplyRefused() | events.TurnForgotten():
            return None  # for dialects of other protocols
        case events.ReplyText() | events.ReplySegment() if not dialect.captions:
            return None
        case events.ReplyCallStarted() | events.ReplyCallDelta():
            return None  # a call is told when it is whole
        case events.GazeCue() | events.BodyCue(kind="gaze") if not dialect.gaze:
            return None
        case (
            events.VisemeTrack()
            | events.GestureCue()
            | events.HeadCue()
            | events.GazeCue()
            | events.FaceCue()
        ):
            return _cue(notice, dialect)
        case (
            events.ReplyStarted()
            | events.ReplyText()
            | events.ReplySegment()
            | events.ReplyAudioDone()
            | events.ReplyPaused()
            | events.ReplyResumed()
            | events.ReplyInterrupted()
            | events.ReplyDone()
            | events.ToolCalled()
            | events.StageMarks()
        ):
            return _of_reply(notice, dialect)
        case _:
            return _of_session(notice)


_Cue = events.VisemeTrack | events.GestureCue | events.HeadCue | events.GazeCue | events.FaceCue


_OfReply = (
    events.ReplyStarted
    | events.ReplyText
    | events.ReplySegment
    | events.ReplyAudioDone
    | events.ReplyPaused
    | events.ReplyResumed
    | events.ReplyInterrupted
    | events.ReplyDone
    | events.ToolCalled
    | events.StageMarks
)
_OfSession = (
    events.StateChanged
    | events.UserSpeechStarted
    | events.UserSpeechStopped
    | events.TranscriptInterim
    | events.TranscriptFinal
    | events.TurnEnded
    | events.BodyCue
    | events.ToolCancelled
    | events.WarningNotice
    | events.ErrorNotice
)


def _cue(cue: _Cue, dialect: Dialect) -> wire.ServerMessage:
    def at(sample: int) -> float:
        return _ms(sample, dialect.rate_hz)

    match cue:
        case events.VisemeTrack():
            return wire.Visemes(
                reply_id=cue.reply_id,
                set=dialect.viseme_set,
                keys=_keys(cue.poses, dialect),
                until_ms=at(cue.until),
            )
        case events.GestureCue():
            return wire.Gesture(
                reply_id=cue.reply_id,
                id=cue.id,
                lexeme=cue.lexeme,
                kind=cue.kind,
                mode=cue.mode,
                amplitude=cue.amplitude,
                start_ms=at(cue.start),
                stroke_start_ms=at(cue.stroke_start),
                stroke_ms=at(cue.stroke),
                stroke_end_ms=at(cue.stroke_end),
                relax_ms=at(cue.relax),
                end_ms=at(cue.end),
                source=cue.source,
                target=cue.target,
            )
        case events.HeadCue():
            return wire.Head(
                reply_id=cue.reply_id,
                lexeme=cue.lexeme,
                amount=cue.amount,
                repeats=cue.repeats,
                start_ms=at(cue.start),
                stroke_ms=at(cue.stroke),
                end_ms=at(cue.end),
                source=cue.source,
                side=cue.side,
            )
        case events.GazeCue():
            return wire.Gaze(
                reply_id=cue.reply_id,
                target=cue.target,
                start_ms=at(cue.start),
                end_ms=at(cue.end),
                source=cue.source,
                head=cue.head,
            )
        case _:
            return wire.Face(
                reply_id=cue.reply_id,
                t_ms=at(cue.sample),
                expression=cue.expression,
                intensity=cue.intensity,
                valence=cue.valence,
                arousal=cue.arousal,
                fade_ms=float(cue.fade_ms),
                hold_ms=float(cue.hold_ms),
                source=cue.source,
            )


def _of_reply(notice: _OfReply, dialect: Dialect) -> wire.ServerMessage:
    def at(sample: int) -> float:
        return _ms(sample, dialect.rate_hz)

    match notice:
        case events.ReplyStarted(reply_id, turn_id, rate_hz):
            return wire.ReplyStarted(
                reply_id=reply_id,
                stream=reply_id & 0xFFFF,
                turn_id=turn_id,
                rate_hz=rate_hz,
                codec=dialect.codec,
            )
        case events.ReplyText(reply_id, text, char):
            return wire.ReplyText(reply_id=reply_id, text=text, char=char)
        case events.ReplySegment():
            return wire.ReplySegment(
                reply_id=notice.reply_id,
                index=notice.index,
                text=notice.text,
                start_ms=at(notice.start),
                end_ms=at(notice.end),
                words=tuple((w.text, at(w.start), at(w.end), w.char) for w in notice.words),
            )
        case events.ReplyAudioDone(reply_id, sample_count):
            return wire.ReplyAudioDone(reply_id=reply_id, sample_count=sample_count)
        case events.ReplyPaused(reply_id, sample):
            return wire.ReplyPaused(reply_id=reply_id, at_ms=at(sample))
        case events.ReplyResumed(reply_id, sample):
            return wire.ReplyResumed(reply_id=reply_id, from_ms=at(sample))
        case events.ReplyInterrupted():
            return wire.ReplyInterrupted(
                reply_id=notice.reply_id,
                at_ms=at(notice.at),
                reason=notice.reason,
                spoken_text=notice.spoken_text,
            )
        case events.ReplyDone():
            return wire.ReplyDone(
                reply_id=notice.reply_id,
                status=notice.status,
                spoken_text=notice.spoken_text,
                played_samples=notice.played,
            )
        case events.ToolCalled(reply_id, call_id, name, arguments):
            return wire.ToolCall(reply_id=reply_id, call_id=call_id, name=name, arguments=arguments)
        case _:
            return wire.Metrics(
                reply_id=notice.reply_id,
                stt_ms=_from_s(notice.stt_s),
                commit_ms=_from_s(notice.commit_s),
                llm_start_ms=_from_s(notice.llm_start_s),
                ttft_ms=_from_s(notice.ttft_s),
                first_chunk_ms=_from_s(notice.first_chunk_s),
                ttfa_ms=_from_s(notice.ttfa_s),
                sent_ms=_from_s(notice.sent_s),
                is_speculative=notice.is_speculative,
                wasted_tokens=notice.wasted_tokens,
            )


def _of_session(notice: _OfSession) -> wire.ServerMessage:
    match notice:
        case events.StateChanged(state):
            return wire.State(state=state.value)
        case events.UserSpeechStarted(sample, probability):
            return wire.InputSpeechStarted(
                t_ms=_ms(sample, events.MIC_HZ), probability=round(probability, 3)
            )
        case events.UserSpeechStopped(sample):
            return wire.InputSpeechStopped(t_ms=_ms(sample, events.MIC_HZ))
        case events.TranscriptInterim(turn_id, text, stable_chars, language):
            return wire.TranscriptInterim(
                turn_id=turn_id, text=text, stable_chars=stable_chars, language=language
            )
        case events.TranscriptFinal(turn_id, text, language):
            return wire.TranscriptFinal(turn_id=turn_id, text=text, language=language)
        case events.TurnEnded(turn_id, reason, silence_s):
            return wire.TurnEnded(
                turn_id=turn_id, reason=reason, silence_ms=round(silence_s * 1000, 1)
            )
        case events.BodyCue():
            return wire.Body(
                kind=notice.kind,
                lexeme=notice.lexeme,
                amplitude=notice.amplitude,
                duration_ms=float(notice.duration_ms),
                source=notice.source,
                repeats=notice.repeats,
            )
        case events.ToolCancelled(reply_id, call_id, reason):
            return wire.ToolCancelled(reply_id=reply_id, call_id=call_id, reason=reason)
        case events.WarningNotice(code, message):
            return wire.WarningMessage(code=code, message=message)
        case _:
            return wire.ErrorMessage(
                code=notice.code, message=notice.message, fatal=notice.is_fatal
            )


def _keys(
    poses: tuple[events.VisemePose, ...], dialect: Dialect
) -> tuple[tuple[float, int, float], ...]:
    """Poses as flat keys; a pose at rest is one key of weight 0, so that it is not lost."""
    return tuple(
        (_ms(pose.sample, dialect.rate_hz), viseme, round(weight, 3))
        for pose in poses
        for viseme, weight in to_set(pose.weights, dialect.viseme_set) or ((0, 0.0),)
    )


def _ms(sample: int, rate_hz: int) -> float:
    return round(sample * 1000 / rate_hz, 1)


def _from_s(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
