"""The protocol: what goes in comes out, and nothing that comes in can hurt."""

from __future__ import annotations

import json
import struct
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.wire_examples import CLIENT_EXAMPLES, POSE, SERVER_EXAMPLES

from voice_avatar.acting.mouth.viseme_sets import ARKIT, VISEME_SETS, to_set
from voice_avatar.conformance.documents.message_schemas import CLIENT_MESSAGES, SERVER_MESSAGES, tag
from voice_avatar.errors import (
    AudioUnsupported,
    InvalidMessage,
    MalformedFrame,
    MalformedMessage,
    MessageTooBig,
    ProtocolError,
    VersionUnsupported,
)
from voice_avatar.events import cues, inputs, notices
from voice_avatar.wire import (
    client_messages,
    cue_messages,
    negotiation,
    server_messages,
    session_messages,
    turn_messages,
)
from voice_avatar.wire.fields import MAX_TEXT_BYTES, ClientMessage, ServerMessage
from voice_avatar.wire.frame_codec import (
    HEADER_BYTES,
    MAX_BINARY_BYTES,
    AudioFrame,
    FrameArrival,
    FrameFlag,
    FrameKind,
    FrameOrder,
    MicBudget,
    pack_audio,
    unpack_audio,
)
from voice_avatar.wire.inputs import session_input
from voice_avatar.wire.negotiation import Agreed, ServerOffer, negotiate, select_subprotocol
from voice_avatar.wire.telling import Preferences, audio_frame, encode_notice, to_message
from voice_avatar.wire.text import (
    CLIENT_TYPES,
    SERVER_TYPES,
    UnknownType,
    decode_server_text,
    decode_text,
    encode_client,
    encode_text,
)

RATE_HZ = 24_000
DIALECT = Preferences(RATE_HZ)

# ---------------------------------------------------------------------------------------------
# Text frames


@pytest.mark.parametrize("message", CLIENT_EXAMPLES, ids=lambda m: tag(type(m)))
def test_a_client_message_comes_out_as_it_went_in(message: ClientMessage) -> None:
    text = encode_client(message)
    assert decode_text(text) == message
    assert decode_text(text.encode()) == message


@pytest.mark.parametrize("message", SERVER_EXAMPLES, ids=lambda m: tag(type(m)))
def test_a_server_message_comes_out_numbered_and_dated(message: ServerMessage) -> None:
    got = decode_server_text(encode_text(message, seq=7, ts_ms=12.34))
    assert got == msgspec.structs.replace(message, seq=7, ts_ms=12.3)


def test_there_is_an_example_of_every_message() -> None:
    assert {type(m) for m in CLIENT_EXAMPLES} == set(CLIENT_MESSAGES)
    assert {type(m) for m in SERVER_EXAMPLES} == set(SERVER_MESSAGES)
    assert set(CLIENT_TYPES) == {tag(kind) for kind in CLIENT_MESSAGES}
    assert set(SERVER_TYPES) == {tag(kind) for kind in SERVER_MESSAGES}


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe",
        b'{"type":"input.text","text":"\xff"}',
        b'{"type":"input.commit","note":"\xff"}',
        "\ud800",
        "",
        "hello",
        "[]",
        "null",
        "{}",
        '{"type":7}',
        '{"type":"input.commit"',
        '{"type":"input.commit"} x',
        '{"type":"clock.ping","t0_ms":NaN}',
        '{"type":"clock.ping","t0_ms":-Infinity}',
        '{"type":"input.commit","x_deep":' + "[" * 100_000,
        '{"type":"input.text","text":"\\ud800"}',
    ],
)
def test_what_is_not_a_message_is_malformed(data: str | bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_text(data)


@pytest.mark.parametrize(
    "data",
    [
        '{"type":"input.text"}',
        '{"type":"input.text","text":5}',
        '{"type":"input.text","text":""}',
        '{"type":"input.text","text":null}',
        '{"type":"interrupt","reply_id":"1"}',
        '{"type":"interrupt","reply_id":1.0}',
        '{"type":"interrupt","reply_id":true}',
        '{"type":"interrupt","reply_id":9007199254740992}',
        '{"type":"clock.ping","t0_ms":1e999}',
        '{"type":"clock.ping","t0_ms":1e16}',
        '{"type":"session.hello","protocol":{"min":2,"max":1}}',
        '{"type":"session.hello","audio_in":{"rate_hz":96000}}',
        '{"type":"session.hello","client":{"name":"' + "x" * 65 + '"}}',
        '{"type":"session.hello","capabilities":{"gestures":[' + '"a",' * 256 + '"a"]}}',
    ],
)
def test_a_field_that_is_missing_mistyped_or_out_of_range_is_invalid(data: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        decode_text(data)
    assert json.loads(data)["type"] in caught.value.message


def test_a_message_over_the_limit_is_too_big_in_bytes_not_in_characters() -> None:
    text = '{"type":"input.commit","x_pad":"%s"}'
    room = MAX_TEXT_BYTES - len(text) + 2
    assert decode_text(text % ("x" * room)) == client_messages.InputCommit()
    with pytest.raises(MessageTooBig):
        decode_text(text % ("x" * (room + 1)))
    with pytest.raises(MessageTooBig):
        decode_text(text % ("é" * room))


def test_an_unknown_type_is_told_apart_from_an_experiment_and_is_cut() -> None:
    assert decode_text('{"type":"tool.offer","x":1}') == UnknownType("tool.offer", False)
    assert decode_text('{"type":"x.dance"}') == UnknownType("x.dance", True)
    assert decode_text(json.dumps({"type": "y" * 99})) == UnknownType("y" * 64, False)
    assert decode_server_text('{"type":"input.commit"}') == UnknownType("input.commit", False)


def test_unknown_fields_are_ignored() -> None:
    assert decode_text('{"type":"input.commit","soon":{"a":[1]}}') == client_messages.InputCommit()
    hello = decode_text('{"type":"session.hello","later":{"token":"t"}}')
    assert hello == client_messages.SessionHello()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
field_names = st.sampled_from(
    sorted({name for kind in CLIENT_MESSAGES for name in kind.__struct_fields__})
)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_protocol_error(data: bytes) -> None:
    for decode in (decode_text, decode_server_text):
        with suppress(ProtocolError):
            decode(data)


@given(st.text(max_size=200))
def test_no_text_raises_anything_but_a_protocol_error(text: str) -> None:
    with suppress(ProtocolError):
        decode_text(text)


@given(st.sampled_from(CLIENT_TYPES), st.dictionaries(field_names, json_values, max_size=5))
def test_no_fields_raise_anything_but_a_protocol_error(
    kind: str, fields: dict[str, object]
) -> None:
    try:
        message = decode_text(json.dumps({**fields, "type": kind}))
    except ProtocolError:
        return
    assert isinstance(message, ClientMessage)
    # What was accepted can be written again, and says the same.
    assert decode_text(encode_client(message)) == message


# ---------------------------------------------------------------------------------------------
# Binary frames

frames = st.builds(
    AudioFrame,
    st.just(FrameKind.AUDIO_IN),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF_FFFF),
    st.integers(0, 2**53 - 1),
    st.binary(min_size=2, max_size=80).map(lambda b: b[: len(b) // 2 * 2]),
    st.integers(0, 15).map(FrameFlag),
)


@given(frames)
def test_a_frame_comes_out_as_it_went_in(frame: AudioFrame) -> None:
    assert unpack_audio(pack_audio(frame), FrameKind.AUDIO_IN) == frame


@given(st.binary(max_size=80))
def test_no_frame_raises_anything_but_a_protocol_error(data: bytes) -> None:
    with suppress(MalformedFrame):
        unpack_audio(data, FrameKind.AUDIO_IN)


def raw(kind: int = 1, flags: int = 0, pts: int = 0, payload: bytes = b"ab") -> bytes:
    return struct.pack("<BBHIQ", kind, flags, 0, 0, pts) + payload


@pytest.mark.parametrize(
    "data",
    [
        b"",
        raw()[: HEADER_BYTES - 1],
        raw(kind=2),
        raw(payload=b""),
        raw(payload=b"abc"),
        raw(pts=2**53),
        raw(pts=2**64 - 1),
    ],
)
def test_a_frame_that_breaks_the_rules_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedFrame):
        unpack_audio(data, FrameKind.AUDIO_IN)


def test_an_empty_last_frame_and_an_odd_opus_packet_are_fine() -> None:
    end = unpack_audio(raw(flags=2, payload=b""), FrameKind.AUDIO_IN)
    assert end is not None
    assert end.flags == FrameFlag.END
    assert unpack_audio(raw(flags=8, payload=b"abc"), FrameKind.AUDIO_IN) is not None


def test_later_kinds_and_flags_are_ignored() -> None:
    assert unpack_audio(raw(kind=3), FrameKind.AUDIO_IN) is None
    assert unpack_audio(raw(kind=0), FrameKind.AUDIO_IN) is None
    later = unpack_audio(raw(flags=0xF1), FrameKind.AUDIO_IN)
    assert later is not None
    assert later.flags == FrameFlag.START


def test_a_frame_over_the_limit_goes_neither_out_nor_in() -> None:
    payload = bytes(MAX_BINARY_BYTES - HEADER_BYTES)
    assert unpack_audio(raw(payload=payload), FrameKind.AUDIO_IN) is not None
    with pytest.raises(MessageTooBig):
        unpack_audio(raw(payload=payload + b"ab"), FrameKind.AUDIO_IN)
    with pytest.raises(MessageTooBig):
        pack_audio(AudioFrame(FrameKind.AUDIO_IN, 0, 0, 0, payload + b"ab"))


def numbered(seq: int, stream: int = 0, flags: FrameFlag = FrameFlag.NONE) -> AudioFrame:
    return AudioFrame(FrameKind.AUDIO_IN, stream, seq & 0xFFFF_FFFF, 0, b"ab", flags)


def test_losses_and_repeats_show_in_the_numbers_of_frames() -> None:
    order = FrameOrder()
    assert order.arrived(numbered(5)) == FrameArrival()
    assert order.arrived(numbered(6)) == FrameArrival()
    assert order.arrived(numbered(9)) == FrameArrival(lost_frames=2)
    assert order.arrived(numbered(8)) == FrameArrival(is_stale=True)
    assert order.arrived(numbered(9)) == FrameArrival(is_stale=True)
    assert order.arrived(numbered(10)) == FrameArrival()


def test_the_numbers_of_frames_go_round_at_32_bits() -> None:
    order = FrameOrder()
    order.arrived(numbered(2**32 - 2))
    assert order.arrived(numbered(2**32 - 1)) == FrameArrival()
    assert order.arrived(numbered(0)) == FrameArrival()
    assert order.arrived(numbered(2**32 - 1)) == FrameArrival(is_stale=True)
    assert order.arrived(numbered(3)) == FrameArrival(lost_frames=2)


def test_a_new_stream_or_a_start_begins_a_new_count() -> None:
    order = FrameOrder()
    order.arrived(numbered(100))
    assert order.arrived(numbered(0, stream=1)) == FrameArrival()
    assert order.arrived(numbered(1, stream=1)) == FrameArrival()
    again = AudioFrame(FrameKind.AUDIO_IN, 1, 0, 640, b"ab", FrameFlag.START)
    assert order.arrived(again) == FrameArrival()


def test_a_first_frame_that_came_before_is_a_repeat() -> None:
    order = FrameOrder()
    first = AudioFrame(FrameKind.AUDIO_OUT, 1, 0, 0, b"ab", FrameFlag.START)
    second = AudioFrame(FrameKind.AUDIO_OUT, 1, 1, 480, b"ab")
    for frame in (first, second):
        assert order.arrived(frame) == FrameArrival()
    for frame in (first, second):  # a resumed session
        assert order.arrived(frame) == FrameArrival(is_stale=True)
    assert order.arrived(AudioFrame(FrameKind.AUDIO_OUT, 1, 2, 960, b"ab")) == FrameArrival()


def test_microphone_audio_may_come_at_twice_real_time_after_a_burst_of_two_seconds() -> None:
    budget = MicBudget(0.0)
    assert all(budget.take(0.02, 0.0) for _ in range(99))
    assert budget.take(0.019, 0.0)
    assert not budget.take(0.02, 0.0)
    passed = sum(budget.take(0.02, n * 0.01) for n in range(1, 101))
    assert passed == pytest.approx(100, abs=2)


def test_too_much_audio_for_five_seconds_is_the_end() -> None:
    budget = MicBudget(0.0)
    assert not budget.is_exhausted(0.0)
    assert not budget.take(2.5, 0.0)
    assert not budget.take(2.5, 1.0)
    assert not budget.is_exhausted(4.9)
    assert budget.is_exhausted(5.0)


def test_a_bucket_that_is_half_full_again_is_recovered_and_a_little_audio_is_not() -> None:
    budget = MicBudget(0.0)
    assert budget.take(2.0, 0.0)
    assert not budget.take(0.02, 0.0)
    assert budget.take(0.02, 0.02)
    assert budget.is_exhausted(5.0)
    assert budget.take(0.02, 6.0)
    assert not budget.is_exhausted(60.0)


# ---------------------------------------------------------------------------------------------
# What client messages mean to the session


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (client_messages.InputStart(mode="ptt"), inputs.TalkPressed()),
        (client_messages.InputStart(mode="vad"), None),
        (client_messages.InputStop(mode="ptt"), inputs.TalkReleased()),
        (client_messages.InputStop(mode="vad"), inputs.CommitInput()),
        (client_messages.InputCommit(), inputs.CommitInput()),
        (client_messages.InputClear(), inputs.ClearInput()),
        (client_messages.InputText(text="Hi"), inputs.TextInput("Hi")),
        (client_messages.Interrupt(), inputs.InterruptRequest(None)),
        (client_messages.Interrupt(reply_id=3), inputs.InterruptRequest(3)),
        (
            client_messages.PlaybackReport(reply_id=3, state="stalled", played_samples=480),
            inputs.PlaybackReport(3, 480, "stalled"),
        ),
        (client_messages.UserGaze(), inputs.UserGaze()),
        (client_messages.UserGaze(target="vase"), inputs.UserGaze("vase")),
        (
            client_messages.UserGaze(
                head=POSE, avatar=(0.0, 1.6, -1.5), hands=client_messages.Hands(right=POSE)
            ),
            inputs.UserGaze(
                head=inputs.HeadPose(POSE.pos, POSE.rot),
                avatar=(0.0, 1.6, -1.5),
                hands=(POSE.pos,),
            ),
        ),
        (client_messages.ClockPing(t0_ms=1.0), None),
        (client_messages.SessionHello(), None),
    ],
)
def test_a_client_message_is_this_event_to_the_session(
    message: client_messages.AnyClientMessage, event: inputs.SessionInput | None
) -> None:
    assert session_input(message) == event


@pytest.mark.parametrize(
    "message",
    [
        client_messages.UserGaze(target="away_up"),
        client_messages.UserGaze(
            head=client_messages.Pose(pos=(0.0, 0.0, 0.0), rot=(0.0, 0.0, 0.0, 0.0))
        ),
        client_messages.UserGaze(
            head=client_messages.Pose(pos=(0.0, 0.0, 0.0), rot=(1.0, 1.0, 0.0, 0.0))
        ),
        client_messages.UserGaze(
            hands=client_messages.Hands(
                left=client_messages.Pose(pos=(0.0,) * 3, rot=(0.5, 0.0, 0.0, 0.0))
            )
        ),
    ],
)
def test_a_gaze_that_means_nothing_is_refused(message: client_messages.UserGaze) -> None:
    with pytest.raises(InvalidMessage):
        session_input(message)


def test_a_rotation_of_few_digits_is_taken() -> None:
    rough = client_messages.Pose(pos=(0.0, 0.0, 0.0), rot=(0.0, 0.71, 0.0, 0.71))
    assert session_input(client_messages.UserGaze(head=rough)) is not None


# ---------------------------------------------------------------------------------------------
# How notices are told

TRACK = cues.VisemeTrack(
    1,
    (
        cues.VisemePose(0, ((0, 1.0),)),
        cues.VisemePose(481, ((1, 0.12345), (10, 0.5))),
        cues.VisemePose(960, ()),
    ),
    1200,
)
TOLD: list[tuple[notices.Notice, ServerMessage]] = [
    (notices.StateChanged(notices.State.THINKING), session_messages.State(state="thinking")),
    (
        notices.UserSpeechStarted(8000, 0.98765),
        turn_messages.InputSpeechStarted(t_ms=500, probability=0.988),
    ),
    (notices.UserSpeechStopped(16_001), turn_messages.InputSpeechStopped(t_ms=1000.1)),
    (
        notices.TranscriptInterim(2, "Hel", 1, "en"),
        turn_messages.TranscriptInterim(turn_id=2, text="Hel", stable_chars=1, language="en"),
    ),
    (
        notices.TranscriptFinal(2, "Hello.", "en"),
        turn_messages.TranscriptFinal(turn_id=2, text="Hello.", language="en"),
    ),
    (
        notices.TurnEnded(2, "vad", 0.32),
        turn_messages.TurnEnded(turn_id=2, reason="vad", silence_ms=320),
    ),
    (
        notices.ReplyStarted(70_000, 2, RATE_HZ),
        turn_messages.ReplyStarted(
            reply_id=70_000, stream=4464, turn_id=2, rate_hz=RATE_HZ, codec="pcm16"
        ),
    ),
    (notices.ReplyText(1, "Hi", 4), turn_messages.ReplyText(reply_id=1, text="Hi", char=4)),
    (
        cues.ReplySegment(1, 0, "Hi", 0, 2400, (cues.TimedWord("Hi", 240, 1200, 0),)),
        turn_messages.ReplySegment(
            reply_id=1, index=0, text="Hi", start_ms=0, end_ms=100, words=(("Hi", 10, 50, 0),)
        ),
    ),
    (
        TRACK,
        cue_messages.Visemes(
            reply_id=1,
            set="ovr15",
            keys=((0, 0, 1), (20, 1, 0.123), (20, 10, 0.5), (40, 0, 0)),
            until_ms=50,
        ),
    ),
    (
        cues.GestureCue(1, "g1", "wave", "emblem", "both", 0.7, 0, 24, 48, 72, 96, 120, "llm"),
        cue_messages.Gesture(
            reply_id=1,
            id="g1",
            lexeme="wave",
            kind="emblem",
            mode="both",
            amplitude=0.7,
            start_ms=0,
            stroke_start_ms=1,
            stroke_ms=2,
            stroke_end_ms=3,
            relax_ms=4,
            end_ms=5,
            source="llm",
        ),
    ),
    (
        cues.HeadCue(1, "nod", 0.5, 2, 24, 48, 72, "rule"),
        cue_messages.Head(
            reply_id=1,
            lexeme="nod",
            amount=0.5,
            repeats=2,
            start_ms=1,
            stroke_ms=2,
            end_ms=3,
            source="rule",
        ),
    ),
    (
        cues.GazeCue(1, "user", 24, 48, "state"),
        cue_messages.Gaze(reply_id=1, target="user", start_ms=1, end_ms=2, source="state"),
    ),
    (
        cues.FaceCue(1, 24, "happy", 0.8, 0.7, -0.2, 250, 0, "llm"),
        cue_messages.Face(
            reply_id=1,
            t_ms=1,
            expression="happy",
            intensity=0.8,
            valence=0.7,
            arousal=-0.2,
            fade_ms=250,
            hold_ms=0,
            source="llm",
        ),
    ),
    (
        cues.BodyCue("gesture", "think", 0.5, 0),
        cue_messages.Body(
            kind="gesture", lexeme="think", amplitude=0.5, duration_ms=0, source="state"
        ),
    ),
    (notices.ReplyAudioDone(1, 2400), turn_messages.ReplyAudioDone(reply_id=1, sample_count=2400)),
    (notices.ReplyPaused(1, 1200), turn_messages.ReplyPaused(reply_id=1, at_ms=50)),
    (notices.ReplyResumed(1, 1224), turn_messages.ReplyResumed(reply_id=1, from_ms=51)),
    (
        notices.ReplyInterrupted(1, 1200, "ptt", "Hi"),
        turn_messages.ReplyInterrupted(reply_id=1, at_ms=50, reason="ptt", spoken_text="Hi"),
    ),
    (
        notices.ReplyDone(1, "failed", "", 12),
        turn_messages.ReplyDone(reply_id=1, status="failed", spoken_text="", played_samples=12),
    ),
    (
        notices.ToolCalled(1, "call_1_0", "look", "{}"),
        turn_messages.ToolCall(reply_id=1, call_id="call_1_0", name="look", arguments="{}"),
    ),
    (
        notices.ToolCancelled(1, "call_1_0", "timeout"),
        turn_messages.ToolCancelled(reply_id=1, call_id="call_1_0", reason="timeout"),
    ),
    (
        notices.StageMarks(1, -0.01234, 0.2, None, 0.3, 0.4, 0.5, 0.6, True, 7),
        server_messages.Metrics(
            reply_id=1,
            stt_ms=-12.3,
            commit_ms=200,
            llm_start_ms=None,
            ttft_ms=300,
            first_chunk_ms=400,
            ttfa_ms=500,
            sent_ms=600,
            is_speculative=True,
            wasted_tokens=7,
        ),
    ),
    (
        notices.WarningNotice("input_gap", "Gone."),
        server_messages.WarningMessage(code="input_gap", message="Gone."),
    ),
    (
        notices.ErrorNotice("llm_failed", "Oh.", is_fatal=True),
        server_messages.ErrorMessage(code="llm_failed", message="Oh.", fatal=True),
    ),
]


@pytest.mark.parametrize(("notice", "message"), TOLD, ids=lambda one: type(one).__name__)
def test_a_notice_is_told_in_milliseconds_and_fits_the_limits(
    notice: notices.Notice, message: ServerMessage
) -> None:
    text = encode_notice(notice, DIALECT, seq=3, ts_ms=1.0)
    assert isinstance(text, str)
    assert decode_server_text(text) == msgspec.structs.replace(message, seq=3, ts_ms=1.0)


UNTOLD = (
    notices.ReplyWritten(1, 30, 9),
    notices.ReplyCallStarted(1, "call_1_0", "look"),
    notices.ReplyCallDelta(1, "call_1_0", "{}"),
    notices.ReplyRefused("a1"),
    notices.TurnForgotten(1),
)
"""What other protocols tell."""


@pytest.mark.parametrize("notice", UNTOLD, ids=lambda one: type(one).__name__)
def test_what_only_other_protocols_have_is_not_told(notice: notices.Notice) -> None:
    assert encode_notice(notice, DIALECT, seq=3, ts_ms=1.0) is None


def test_every_notice_is_told() -> None:
    kinds = {type(notice) for notice, _ in TOLD} | {notices.ReplyAudio}
    kinds |= {type(notice) for notice in UNTOLD}
    assert kinds == set(notices.Notice.__args__)  # type: ignore[attr-defined]


def test_audio_is_told_as_a_frame_of_its_reply() -> None:
    first = notices.ReplyAudio(65_537, 0, b"ab", is_first=True)
    last = notices.ReplyAudio(65_537, 480, b"", is_last=True)
    assert to_message(first, DIALECT) is None
    data = encode_notice(first, DIALECT, seq=0, ts_ms=0.0)
    assert isinstance(data, bytes)
    assert unpack_audio(data, FrameKind.AUDIO_OUT) == AudioFrame(
        FrameKind.AUDIO_OUT, 1, 0, 0, b"ab", FrameFlag.START
    )
    assert audio_frame(last, seq=9) == AudioFrame(
        FrameKind.AUDIO_OUT, 1, 9, 480, b"", FrameFlag.END
    )


def test_captions_and_gaze_are_told_only_to_those_who_want_them() -> None:
    quiet = Preferences(RATE_HZ, captions=False, gaze=False)
    text = notices.ReplyText(1, "Hi", 0)
    segment = cues.ReplySegment(1, 0, "Hi", 0, 1, ())
    gaze = cues.GazeCue(1, "user", 0, 1, "state")
    for notice in (text, segment, gaze):
        assert encode_notice(notice, quiet, seq=0, ts_ms=0.0) is None
        assert encode_notice(notice, DIALECT, seq=0, ts_ms=0.0) is not None


@pytest.mark.parametrize("viseme_set", VISEME_SETS)
def test_visemes_are_told_in_the_set_that_was_agreed_and_no_pose_is_lost(viseme_set: str) -> None:
    message = to_message(TRACK, Preferences(RATE_HZ, viseme_set=viseme_set))
    assert isinstance(message, cue_messages.Visemes)
    assert message.set == viseme_set
    assert sorted({t for t, _, _ in message.keys}) == [0.0, 20.0, 40.0]
    names = VISEME_SETS[viseme_set]
    assert all(0 <= viseme < len(names) and 0 <= w <= 1 for _, viseme, w in message.keys)


def test_poses_carry_over_to_other_sets() -> None:
    closed, opened = ((1, 1.0),), ((10, 1.0),)
    assert [ARKIT[i] for i, _ in to_set(opened, "arkit52")] == [
        "jawOpen",
        "mouthLowerDownLeft",
        "mouthLowerDownRight",
    ]
    assert to_set(closed, "vrm5") == ()
    assert to_set(opened, "vrm5") == ((0, 1.0),)
    assert to_set(closed, "azure22") == ((21, 1.0),)
    assert to_set((), "azure22") == ((0, 1.0),)
    assert to_set(closed, "ovr15") == closed
    assert len(set(ARKIT)) == 52
    with pytest.raises(KeyError):
        to_set(closed, "unheard")


# ---------------------------------------------------------------------------------------------
# Agreeing

OFFER = ServerOffer(
    codecs=("pcm16", "opus"),
    personas=("ava", "bob"),
    voices=("joe", "amy"),
    languages=("en", "zh"),
    gestures=("wave", "bow"),
    expressions=("happy", "sad"),
)


def agree(**fields: object) -> Agreed:
    return negotiate(
        msgspec.convert({"type": "session.hello", **fields}, client_messages.SessionHello), OFFER
    )


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([], None),
        (["voice-avatar.v1"], "voice-avatar.v1"),
        (["voice-avatar.v2", "voice-avatar.v1"], "voice-avatar.v1"),
    ],
)
def test_the_subprotocol_is_ours_or_none_was_offered(
    offered: list[str], chosen: str | None
) -> None:
    assert select_subprotocol(offered) == chosen


def test_only_foreign_subprotocols_are_refused() -> None:
    with pytest.raises(VersionUnsupported):
        select_subprotocol(["voice-avatar.v2", "realtime"])


def test_an_empty_hello_gets_the_defaults() -> None:
    agreed = agree()
    assert agreed.audio_in == session_messages.AudioFormat(codec="pcm16", rate_hz=16_000)
    assert agreed.audio_out == session_messages.AudioFormat(codec="pcm16", rate_hz=24_000)
    assert agreed.settings == session_messages.Settings(
        persona="ava",
        voice="joe",
        language="en",
        endpointing="auto",
        viseme_set="ovr15",
        visemes=VISEME_SETS["ovr15"],
        captions=True,
        gaze=True,
        face_hz=0,
    )
    assert agreed.gestures == ("wave", "bow")
    assert agreed.expressions == ("happy", "sad")
    assert agreed.unavailable == ()


@pytest.mark.parametrize(("wish", "got"), [(30, 30), (60, 60), (25, 0)])
def test_faces_come_at_the_rate_asked_for_or_not_at_all(wish: int, got: int) -> None:
    agreed = agree(capabilities={"face_hz": wish})
    assert agreed.settings.face_hz == got
    assert agreed.unavailable == (() if got else ("face_hz 25",))


@pytest.mark.parametrize("versions", [{"min": 2, "max": 3}, {"min": 9, "max": 9}])
def test_no_version_in_common_is_refused(versions: dict[str, int]) -> None:
    with pytest.raises(VersionUnsupported):
        agree(protocol=versions)
    assert agree(protocol={"min": 1, "max": 9})


def test_the_codec_is_the_first_of_the_clients_list_that_the_server_has() -> None:
    assert agree(audio_in={"codecs": ["flac", "opus", "pcm16"]}).audio_in.codec == "opus"
    assert agree(audio_in={"codecs": ["pcm16", "opus"]}).audio_in.codec == "pcm16"
    with pytest.raises(AudioUnsupported, match="audio_in"):
        agree(audio_in={"codecs": ["flac"]})


def test_opus_at_a_rate_that_it_does_not_code_gives_way_to_the_next_codec() -> None:
    agreed = agree(audio_out={"codecs": ["opus", "pcm16"], "rate_hz": 22_050})
    assert agreed.audio_out == session_messages.AudioFormat(codec="pcm16", rate_hz=22_050)
    assert agreed.unavailable == ("audio_out opus at 22050 Hz",)
    with pytest.raises(AudioUnsupported):
        agree(audio_out={"codecs": ["opus"], "rate_hz": 22_050})


def test_any_microphone_rate_is_taken_but_only_offered_reply_rates() -> None:
    assert agree(audio_in={"rate_hz": 11_025}).audio_in.rate_hz == 11_025
    with pytest.raises(AudioUnsupported, match="audio_out"):
        agree(audio_out={"rate_hz": 11_025})


def test_wishes_that_cannot_be_met_are_named_and_the_default_is_taken() -> None:
    agreed = agree(
        persona="eve",
        voice="zoe",
        language="fr",
        endpointing="manual",
        instructions="Sing.",
        capabilities={
            "visemes": "polly",
            "gestures": ["bow", "jump"],
            "expressions": [],
            "captions": False,
            "gaze": False,
        },
    )
    settings = agreed.settings
    assert (settings.persona, settings.voice, settings.language) == ("ava", "joe", "en")
    assert (settings.viseme_set, settings.endpointing) == ("ovr15", "manual")
    assert not settings.captions
    assert not settings.gaze
    assert agreed.instructions == "Sing."
    assert agreed.gestures == ("bow",)
    assert agreed.expressions == ()
    assert agreed.unavailable == (
        "viseme set 'polly'",
        "persona 'eve'",
        "voice 'zoe'",
        "language 'fr'",
    )


def test_wishes_that_can_be_met_are_met() -> None:
    settings = agree(
        persona="bob", voice="amy", language="zh", capabilities={"visemes": "vrm5"}
    ).settings
    assert (settings.persona, settings.voice, settings.language) == ("bob", "amy", "zh")
    assert settings.visemes == ("aa", "ih", "ou", "ee", "oh")


def test_an_update_changes_what_it_names_and_leaves_the_rest() -> None:
    settings = agree().settings
    assert negotiation.update(settings, client_messages.SessionUpdate(), OFFER) == (settings, ())
    change = client_messages.SessionUpdate(
        language="zh", endpointing="manual", visemes="arkit52", captions=False
    )
    changed, missing = negotiation.update(settings, change, OFFER)
    assert missing == ()
    assert changed == msgspec.structs.replace(
        settings,
        language="zh",
        endpointing="manual",
        viseme_set="arkit52",
        visemes=ARKIT,
        captions=False,
    )


def test_an_update_cannot_change_persona_and_voice_nor_to_what_is_not_there() -> None:
    settings = agree(language="zh", capabilities={"visemes": "vrm5"}).settings
    change = client_messages.SessionUpdate(
        persona="bob", voice="amy", language="fr", visemes="polly"
    )
    changed, missing = negotiation.update(settings, change, OFFER)
    assert (changed.persona, changed.voice, changed.language) == ("ava", "joe", "zh")
    assert changed.viseme_set == "vrm5"
    assert len(missing) == 4
    same = client_messages.SessionUpdate(persona="ava", voice="joe")
    assert negotiation.update(settings, same, OFFER) == (settings, ())
