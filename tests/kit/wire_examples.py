"""One example of every message, with every optional field set somewhere."""

from __future__ import annotations

from voice_avatar.wire import (
    client_messages,
    cue_messages,
    negotiation,
    server_messages,
    session_messages,
    turn_messages,
)
from voice_avatar.wire.fields import ClientMessage, ServerMessage

POSE = client_messages.Pose(pos=(0.0, 1.6, -0.4), rot=(0.0, 0.0, 0.0, 1.0))
AGREED = negotiation.negotiate(client_messages.SessionHello(), negotiation.ServerOffer())

LOOK = {"type": "object", "properties": {"where": {"type": "string"}}, "required": ["where"]}

CLIENT_EXAMPLES: tuple[ClientMessage, ...] = (
    client_messages.SessionHello(),
    client_messages.SessionHello(
        protocol=client_messages.VersionRange(min=1, max=3),
        client=client_messages.ClientInfo(name="demo", version="1.2", platform="unity-android"),
        auth=client_messages.Auth(token="secret"),
        audio_in=client_messages.AudioWish(codecs=("opus", "pcm16"), rate_hz=48_000),
        audio_out=client_messages.AudioWish(rate_hz=24_000),
        capabilities=client_messages.Capabilities(
            visemes="arkit52", gestures=("wave",), expressions=(), gaze=False, aec=False, pause=True
        ),
        persona="ava",
        voice="joe",
        language="zh",
        instructions="Be brief.",
        endpointing="manual",
        resume=client_messages.Resume(session_id="s1", token="one", last_seq=41),
    ),
    client_messages.SessionUpdate(),
    client_messages.SessionUpdate(
        language="en", visemes="vrm5", captions=False, instructions="Sing."
    ),
    client_messages.SessionUpdate(
        tools=(
            client_messages.ToolOffer(name="now"),
            client_messages.ToolOffer(name="look", parameters=LOOK),
        ),
        tool_choice="look",
    ),
    client_messages.ToolResult(call_id="call_1_0", output='{"sky":"blue"}'),
    client_messages.SessionClose(reason="bye"),
    client_messages.InputStart(),
    client_messages.InputStart(mode="vad"),
    client_messages.InputStop(mode="vad"),
    client_messages.InputCommit(),
    client_messages.InputClear(),
    client_messages.InputText(text="你好"),
    client_messages.Interrupt(),
    client_messages.Interrupt(reply_id=7),
    client_messages.PlaybackReport(
        reply_id=7, state="stalled", played_samples=960, buffered_ms=12.5
    ),
    client_messages.UserGaze(),
    client_messages.UserGaze(head=POSE, target="avatar", hands=client_messages.Hands(left=POSE)),
    client_messages.UserGaze(head=POSE, avatar=(0.0, 1.6, -1.5)),
    client_messages.ClockPing(t0_ms=-3.5),
)

SERVER_EXAMPLES: tuple[ServerMessage, ...] = (
    session_messages.SessionReady(
        session_id="s1",
        audio_in=AGREED.audio_in,
        audio_out=AGREED.audio_out,
        settings=AGREED.settings,
        gestures=("wave",),
        expressions=("happy",),
        voices=("joe",),
        languages=("en", "zh"),
        limits=session_messages.Limits(
            text_bytes=262_144,
            binary_bytes=65_536,
            input_chars=8_192,
            hello_ms=10_000.0,
            mic_burst_ms=2_000.0,
            mic_realtime_factor=2.0,
            max_ahead_ms=2_000.0,
            idle_ms=0.0,
        ),
        server=session_messages.ServerInfo(version="0.1.0"),
        models=session_messages.Models(stt="whisper-base"),
        autonomic=session_messages.Autonomic(
            blinks_at_rest_per_min=17.0,
            blinks_talking_per_min=26.0,
            blink_close_ms=85.0,
            blink_open_ms=150.0,
            breath_hz=0.25,
            weight_shift_ms=(6_000.0, 15_000.0),
            gaze_shift_ms=(2_000.0, 5_000.0),
            energy=0.5,
            expression="neutral",
            valence=0.0,
            arousal=0.0,
        ),
    ),
    session_messages.SessionResumed(
        replayed=3, lost=False, resume=session_messages.ResumeOffer(token="two", ttl_s=60.0)
    ),
    session_messages.SessionUpdated(settings=AGREED.settings),
    session_messages.SessionGoaway(reconnect_in_ms=500.0, reason="restart"),
    session_messages.State(state="thinking"),
    turn_messages.InputSpeechStarted(t_ms=512.0, probability=0.93),
    turn_messages.InputSpeechStopped(t_ms=1056.0),
    turn_messages.TranscriptInterim(turn_id=1, text="Hel", stable_chars=2, language="en"),
    turn_messages.TranscriptFinal(turn_id=1, text="Hello.", language="en"),
    turn_messages.TurnEnded(turn_id=1, reason="semantic", silence_ms=224.0),
    turn_messages.TurnDropped(turn_id=2, reason="wordless"),
    turn_messages.ReplyStarted(
        reply_id=70_000, stream=4464, turn_id=1, rate_hz=24_000, codec="opus"
    ),
    turn_messages.ReplyText(reply_id=1, text="Hi", char=0),
    turn_messages.ReplySegment(
        reply_id=1,
        index=0,
        text="Hi there!",
        start_ms=0.0,
        end_ms=780.0,
        words=(("Hi", 0.0, 210.5, 0), ("there!", 210.5, 600.0, 3)),
    ),
    cue_messages.Visemes(
        reply_id=1, set="ovr15", keys=((0.0, 0, 1.0), (62.4, 10, 0.6)), until_ms=780.0
    ),
    cue_messages.Face(
        reply_id=1,
        t_ms=0.0,
        expression="happy",
        intensity=0.8,
        valence=0.8,
        arousal=-0.5,
        fade_ms=250.0,
        hold_ms=4000.0,
        source="llm",
    ),
    cue_messages.Gesture(
        reply_id=1,
        id="g1",
        lexeme="wave",
        kind="emblem",
        mode="right",
        amplitude=0.8,
        start_ms=0.0,
        stroke_start_ms=320.0,
        stroke_ms=320.0,
        stroke_end_ms=1020.0,
        relax_ms=1120.0,
        end_ms=1620.0,
        source="rule",
    ),
    cue_messages.Head(
        reply_id=1,
        lexeme="nod",
        amount=0.6,
        repeats=2,
        start_ms=0.0,
        stroke_ms=140.0,
        end_ms=400.0,
        source="prosody",
    ),
    cue_messages.Gaze(reply_id=1, target="away_up", start_ms=0.0, end_ms=800.0, source="rule"),
    cue_messages.Body(
        kind="posture",
        lexeme="lean_back",
        amplitude=0.5,
        duration_ms=0.0,
        source="state",
        repeats=2,
    ),
    cue_messages.Body(
        kind="gesture", lexeme="think", amplitude=0.5, duration_ms=0.0, source="state"
    ),
    turn_messages.ReplyAudioDone(reply_id=1, sample_count=18_720),
    turn_messages.ReplyPaused(reply_id=1, at_ms=350.4),
    turn_messages.ReplyResumed(reply_id=1, from_ms=350.4),
    turn_messages.ReplyInterrupted(reply_id=1, at_ms=400.0, reason="voice", spoken_text="Hi"),
    turn_messages.ReplyDone(
        reply_id=1, status="completed", spoken_text="Hi there!", played_samples=18_720
    ),
    server_messages.Metrics(
        reply_id=1,
        stt_ms=-20.5,
        commit_ms=224.0,
        llm_start_ms=None,
        ttft_ms=120.0,
        first_chunk_ms=260.0,
        ttfa_ms=330.0,
        sent_ms=331.0,
        is_speculative=True,
    ),
    server_messages.WarningMessage(code="input_gap", message="320 samples are missing."),
    server_messages.ErrorMessage(code="bad_field", message="text: too long.", ref="input.text"),
    turn_messages.ToolCall(reply_id=1, call_id="call_1_0", name="look", arguments='{"where":"up"}'),
    turn_messages.ToolCancelled(reply_id=1, call_id="call_1_0", reason="timeout"),
    server_messages.ClockPong(t0_ms=-3.5, t1_ms=10.0, t2_ms=10.1),
)
