"""A session's notice as a message of the wire, in the terms that the client prefers. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from voice_avatar.acting.mouth.viseme_sets import to_set
from voice_avatar.events import cues, notices, payloads
from voice_avatar.wire import cue_messages, server_messages, session_messages, turn_messages
from voice_avatar.wire.fields import Codec, ServerMessage


@dataclass(frozen=True, slots=True)
class Preferences:
    """How notices are told to one client.

    Attributes:
        rate_hz: rate of the reply clock.
        codec: codec of reply audio.
        viseme_set: viseme set.
        captions: whether `reply.text` and `reply.segment` are sent.
        gaze: whether `gaze` is sent.
    """

    rate_hz: int
    codec: Codec = "pcm16"
    viseme_set: str = "ovr15"
    captions: bool = True
    gaze: bool = True


def to_message(notice: notices.Notice, dialect: Preferences) -> ServerMessage | None:
    """The message that tells `notice`; None for audio, and for what the client does not want."""
    match notice:
        case notices.ReplyAudio():
            return None
        case notices.ReplyWritten() | notices.ReplyRefused():
            return None  # for dialects of other protocols
        case notices.ReplyText() | cues.ReplySegment() if not dialect.captions:
            return None
        case notices.ReplyCallStarted() | notices.ReplyCallDelta():
            return None  # a call is told when it is whole
        case cues.GazeCue() | cues.BodyCue(kind="gaze") if not dialect.gaze:
            return None
        case (
            cues.VisemeTrack()
            | cues.GestureCue()
            | cues.HeadCue()
            | cues.GazeCue()
            | cues.FaceCue()
        ):
            return _cue(notice, dialect)
        case (
            notices.ReplyStarted()
            | notices.ReplyText()
            | cues.ReplySegment()
            | notices.ReplyAudioDone()
            | notices.ReplyPaused()
            | notices.ReplyResumed()
            | notices.ReplyInterrupted()
            | notices.ReplyDone()
            | notices.ToolCalled()
            | notices.StageMarks()
        ):
            return _of_reply(notice, dialect)
        case _:
            return _of_session(notice)


_Cue = cues.VisemeTrack | cues.GestureCue | cues.HeadCue | cues.GazeCue | cues.FaceCue

_OfReply = (
    notices.ReplyStarted
    | notices.ReplyText
    | cues.ReplySegment
    | notices.ReplyAudioDone
    | notices.ReplyPaused
    | notices.ReplyResumed
    | notices.ReplyInterrupted
    | notices.ReplyDone
    | notices.ToolCalled
    | notices.StageMarks
)

_OfSession = (
    notices.StateChanged
    | notices.UserSpeechStarted
    | notices.UserSpeechStopped
    | notices.TranscriptInterim
    | notices.TranscriptFinal
    | notices.TurnEnded
    | notices.TurnForgotten
    | cues.BodyCue
    | notices.ToolCancelled
    | notices.WarningNotice
    | notices.ErrorNotice
)


def _cue(cue: _Cue, dialect: Preferences) -> ServerMessage:
    def at(sample: int) -> float:
        return _ms(sample, dialect.rate_hz)

    match cue:
        case cues.VisemeTrack():
            return cue_messages.Visemes(
                reply_id=cue.reply_id,
                set=dialect.viseme_set,
                keys=_keys(cue.poses, dialect),
                until_ms=at(cue.until),
            )
        case cues.GestureCue():
            return cue_messages.Gesture(
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
        case cues.HeadCue():
            return cue_messages.Head(
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
        case cues.GazeCue():
            return cue_messages.Gaze(
                reply_id=cue.reply_id,
                target=cue.target,
                start_ms=at(cue.start),
                end_ms=at(cue.end),
                source=cue.source,
                head=cue.head,
            )
        case _:
            return cue_messages.Face(
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


def _of_reply(notice: _OfReply, dialect: Preferences) -> ServerMessage:
    def at(sample: int) -> float:
        return _ms(sample, dialect.rate_hz)

    match notice:
        case notices.ReplyStarted(reply_id, turn_id, rate_hz):
            return turn_messages.ReplyStarted(
                reply_id=reply_id,
                stream=reply_id & 0xFFFF,
                turn_id=turn_id,
                rate_hz=rate_hz,
                codec=dialect.codec,
            )
        case notices.ReplyText(reply_id, text, char):
            return turn_messages.ReplyText(reply_id=reply_id, text=text, char=char)
        case cues.ReplySegment():
            return turn_messages.ReplySegment(
                reply_id=notice.reply_id,
                index=notice.index,
                text=notice.text,
                start_ms=at(notice.start),
                end_ms=at(notice.end),
                words=tuple((w.text, at(w.start), at(w.end), w.char) for w in notice.words),
            )
        case notices.ReplyAudioDone(reply_id, sample_count):
            return turn_messages.ReplyAudioDone(reply_id=reply_id, sample_count=sample_count)
        case notices.ReplyPaused(reply_id, sample):
            return turn_messages.ReplyPaused(reply_id=reply_id, at_ms=at(sample))
        case notices.ReplyResumed(reply_id, sample):
            return turn_messages.ReplyResumed(reply_id=reply_id, from_ms=at(sample))
        case notices.ReplyInterrupted():
            return turn_messages.ReplyInterrupted(
                reply_id=notice.reply_id,
                at_ms=at(notice.at),
                reason=notice.reason,
                spoken_text=notice.spoken_text,
            )
        case notices.ReplyDone():
            return turn_messages.ReplyDone(
                reply_id=notice.reply_id,
                status=notice.status,
                spoken_text=notice.spoken_text,
                played_samples=notice.played,
            )
        case notices.ToolCalled(reply_id, call_id, name, arguments):
            return turn_messages.ToolCall(
                reply_id=reply_id, call_id=call_id, name=name, arguments=arguments
            )
        case _:
            return server_messages.Metrics(
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


def _of_session(notice: _OfSession) -> ServerMessage:
    match notice:
        case notices.StateChanged(state):
            return session_messages.State(state=state.value)
        case notices.UserSpeechStarted(sample, probability):
            return turn_messages.InputSpeechStarted(
                t_ms=_ms(sample, payloads.MIC_HZ), probability=round(probability, 3)
            )
        case notices.UserSpeechStopped(sample):
            return turn_messages.InputSpeechStopped(t_ms=_ms(sample, payloads.MIC_HZ))
        case notices.TranscriptInterim(turn_id, text, stable_chars, language):
            return turn_messages.TranscriptInterim(
                turn_id=turn_id, text=text, stable_chars=stable_chars, language=language
            )
        case notices.TranscriptFinal(turn_id, text, language):
            return turn_messages.TranscriptFinal(turn_id=turn_id, text=text, language=language)
        case notices.TurnEnded(turn_id, reason, silence_s):
            return turn_messages.TurnEnded(
                turn_id=turn_id, reason=reason, silence_ms=round(silence_s * 1000, 1)
            )
        case notices.TurnForgotten(turn_id, reason):
            return turn_messages.TurnDropped(turn_id=turn_id, reason=reason)
        case cues.BodyCue():
            return cue_messages.Body(
                kind=notice.kind,
                lexeme=notice.lexeme,
                amplitude=notice.amplitude,
                duration_ms=float(notice.duration_ms),
                source=notice.source,
                repeats=notice.repeats,
            )
        case notices.ToolCancelled(reply_id, call_id, reason):
            return turn_messages.ToolCancelled(reply_id=reply_id, call_id=call_id, reason=reason)
        case notices.WarningNotice(code, message):
            return server_messages.WarningMessage(code=code, message=message)
        case _:
            return server_messages.ErrorMessage(
                code=notice.code, message=notice.message, fatal=notice.is_fatal
            )


def _keys(
    poses: tuple[cues.VisemePose, ...], dialect: Preferences
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
