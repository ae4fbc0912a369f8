// The server's messages of a session (PROTOCOL.md, sections 8 and 9): one struct each, with the fields
// of its table under their names there; `_ms` is written `Ms`, `_hz` `Hz`. Times are milliseconds, on
// the clock that the table names. `Read` takes a message's fields and throws MessageException.
#pragma warning disable 1591 // the fields are documented in PROTOCOL.md

using System.Collections.Generic;

namespace VoiceAvatar
{
    public enum ConversationState
    {
        Idle,
        Listening,
        Thinking,
        Speaking,
        Interrupted,
    }

    public enum AudioCodec
    {
        Pcm16,
        Opus,
    }

    /// <summary>What every server message carries.</summary>
    public struct Envelope
    {
        public string Type;
        public long Seq;
        public double TsMs;

        /// <summary>The reply that it belongs to, or <see cref="NoReply"/>.</summary>
        public long ReplyId;

        /// <summary>What stands for the reply of a message that names none.</summary>
        public const long NoReply = -1;

        /// <summary>Whether it belongs to a reply.</summary>
        public bool IsOfReply
        {
            get { return ReplyId != NoReply; }
        }
    }

    public struct AudioFormat
    {
        public AudioCodec Codec;
        public int RateHz;

        internal static AudioFormat Read(in FieldReader fields)
        {
            return new AudioFormat
            {
                Codec = fields.Codec(),
                RateHz = (int)fields.Integer("rate_hz", 8000, 48000),
            };
        }
    }

    public struct Settings
    {
        public string Persona;
        public string Voice;
        public string Language;
        public string Endpointing;
        public string VisemeSet;
        public string[] Visemes;
        public bool Captions;
        public bool Gaze;
        public int FaceHz;
        public string[] Tools;
        public string ToolChoice;

        internal static Settings Read(in FieldReader fields)
        {
            return new Settings
            {
                Persona = fields.Text("persona"),
                Voice = fields.Text("voice"),
                Language = fields.Text("language"),
                Endpointing = fields.Text("endpointing"),
                VisemeSet = fields.Text("viseme_set"),
                Visemes = fields.Texts("visemes"),
                Captions = fields.Boolean("captions"),
                Gaze = fields.Boolean("gaze"),
                FaceHz = (int)fields.CountOr("face_hz", 0),
                Tools = fields.Has("tools") ? fields.Texts("tools") : new string[0],
                ToolChoice = fields.TextOr("tool_choice", "auto"),
            };
        }
    }

    /// <summary>`resume` of session.ready and session.resumed; Token is null where there is none.</summary>
    public struct ResumeOffer
    {
        public string Token;
        public double TtlS;

        internal static ResumeOffer Read(in FieldReader fields)
        {
            return new ResumeOffer
            {
                Token = fields.Text("token"),
                TtlS = fields.Number("ttl_s", 0, double.MaxValue),
            };
        }
    }

    /// <summary>What the body does by itself; IsGiven is false where the server leaves it to the client.</summary>
    public struct Autonomic
    {
        public bool IsGiven;
        public double BlinksAtRestPerMin;
        public double BlinksTalkingPerMin;
        public double BlinkCloseMs;
        public double BlinkOpenMs;
        public double BreathHz;
        public double ShortestWeightShiftMs;
        public double LongestWeightShiftMs;
        public double ShortestGazeShiftMs;
        public double LongestGazeShiftMs;
        public float Energy;
        public string Expression;
        public float Valence;
        public float Arousal;

        internal static Autonomic Read(in FieldReader fields)
        {
            IReadOnlyList<JsonValue> weight = FieldReader.Tuple(
                fields.Required("weight_shift_ms"), 2, "weight_shift_ms");
            IReadOnlyList<JsonValue> gaze = FieldReader.Tuple(
                fields.Required("gaze_shift_ms"), 2, "gaze_shift_ms");
            return new Autonomic
            {
                IsGiven = true,
                BlinksAtRestPerMin = fields.Number("blinks_at_rest_per_min", 0, double.MaxValue),
                BlinksTalkingPerMin = fields.Number("blinks_talking_per_min", 0, double.MaxValue),
                BlinkCloseMs = fields.Ms("blink_close_ms"),
                BlinkOpenMs = fields.Ms("blink_open_ms"),
                BreathHz = fields.Number("breath_hz", 0, double.MaxValue),
                ShortestWeightShiftMs = FieldReader.Ms(weight[0], "weight_shift_ms"),
                LongestWeightShiftMs = FieldReader.Ms(weight[1], "weight_shift_ms"),
                ShortestGazeShiftMs = FieldReader.Ms(gaze[0], "gaze_shift_ms"),
                LongestGazeShiftMs = FieldReader.Ms(gaze[1], "gaze_shift_ms"),
                Energy = fields.Unit("energy"),
                Expression = fields.Text("expression"),
                Valence = fields.SignedUnit("valence"),
                Arousal = fields.SignedUnit("arousal"),
            };
        }
    }

    public struct Limits
    {
        public long TextBytes;
        public long BinaryBytes;
        public long InputChars;
        public double HelloMs;
        public double MicBurstMs;
        public double MicRealtimeFactor;
        public double MaxAheadMs;
        public double IdleMs;
        public double MicCatchUpMs;
        public double TextPerS;
        public long TextBurstCount;
        public double BinaryPerS;
        public long BinaryBurstCount;
        public double TurnsPerS;
        public long TurnBurstCount;
        public long TurnBytesPerMin;

        internal static Limits Read(in FieldReader fields)
        {
            return new Limits
            {
                TextBytes = fields.Count("text_bytes"),
                BinaryBytes = fields.Count("binary_bytes"),
                InputChars = fields.Count("input_chars"),
                HelloMs = fields.Ms("hello_ms"),
                MicBurstMs = fields.Ms("mic_burst_ms"),
                MicRealtimeFactor = fields.Number("mic_realtime_factor", 0, double.MaxValue),
                MaxAheadMs = fields.Ms("max_ahead_ms"),
                IdleMs = fields.Ms("idle_ms"),
                MicCatchUpMs = fields.NumberOr("mic_catch_up_ms", 0),
                TextPerS = fields.NumberOr("text_per_s", 100),
                TextBurstCount = fields.CountOr("text_burst_count", 500),
                BinaryPerS = fields.NumberOr("binary_per_s", 100),
                BinaryBurstCount = fields.CountOr("binary_burst_count", 1000),
                TurnsPerS = fields.NumberOr("turns_per_s", 1),
                TurnBurstCount = fields.CountOr("turn_burst_count", 5),
                TurnBytesPerMin = fields.CountOr("turn_bytes_per_min", 65536),
            };
        }
    }

    public struct Models
    {
        public string Stt;
        public string Llm;
        public string Tts;
        public string Vad;
        public string Turn;

        internal static Models Read(in FieldReader fields)
        {
            return new Models
            {
                Stt = fields.TextOr("stt", ""),
                Llm = fields.TextOr("llm", ""),
                Tts = fields.TextOr("tts", ""),
                Vad = fields.TextOr("vad", ""),
                Turn = fields.TextOr("turn", ""),
            };
        }
    }

    public struct SessionReady
    {
        public string SessionId;
        public int Protocol;
        public AudioFormat AudioIn;
        public AudioFormat AudioOut;
        public Settings Settings;
        public string[] Gestures;
        public string[] Expressions;
        public string[] Voices;
        public string[] Languages;
        public Limits Limits;
        public string ServerName;
        public string ServerVersion;
        public Models Models;
        public ResumeOffer Resume;
        public Autonomic Autonomic;

        internal static SessionReady Read(in FieldReader fields)
        {
            FieldReader server = fields.Object("server");
            return new SessionReady
            {
                SessionId = fields.Text("session_id"),
                Protocol = fields.Has("protocol") ? (int)fields.Integer("protocol", 1, 255) : 1,
                AudioIn = AudioFormat.Read(fields.Object("audio_in")),
                AudioOut = AudioFormat.Read(fields.Object("audio_out")),
                Settings = Settings.Read(fields.Object("settings")),
                Gestures = fields.Texts("gestures"),
                Expressions = fields.Texts("expressions"),
                Voices = fields.Texts("voices"),
                Languages = fields.Texts("languages"),
                Limits = Limits.Read(fields.Object("limits")),
                ServerName = server.TextOr("name", "voice-avatar"),
                ServerVersion = server.Text("version"),
                Models = fields.Has("models") ? Models.Read(fields.Object("models")) : default(Models),
                Resume = fields.Has("resume") ? ResumeOffer.Read(fields.Object("resume")) : default(ResumeOffer),
                Autonomic = fields.Has("autonomic")
                    ? Autonomic.Read(fields.Object("autonomic"))
                    : default(Autonomic),
            };
        }
    }

    public struct SessionResumed
    {
        public long Replayed;
        public bool Lost;
        public ResumeOffer Resume;

        internal static SessionResumed Read(in FieldReader fields)
        {
            return new SessionResumed
            {
                Replayed = fields.Count("replayed"),
                Lost = fields.Boolean("lost"),
                Resume = ResumeOffer.Read(fields.Object("resume")),
            };
        }
    }

    public struct SessionUpdated
    {
        public Settings Settings;

        internal static SessionUpdated Read(in FieldReader fields)
        {
            return new SessionUpdated { Settings = Settings.Read(fields.Object("settings")) };
        }
    }

    public struct SessionGoAway
    {
        public double ReconnectInMs;
        public string Reason;

        internal static SessionGoAway Read(in FieldReader fields)
        {
            return new SessionGoAway
            {
                ReconnectInMs = fields.Ms("reconnect_in_ms"),
                Reason = fields.Text("reason"),
            };
        }
    }

    public struct StateChanged
    {
        public ConversationState State;

        internal static StateChanged Read(in FieldReader fields)
        {
            return new StateChanged
            {
                State = (ConversationState)fields.OneOf(
                    "state", "idle", "listening", "thinking", "speaking", "interrupted"),
            };
        }
    }

    public struct Warning
    {
        public string Code;
        public string Message;

        internal static Warning Read(in FieldReader fields)
        {
            return new Warning { Code = fields.Text("code"), Message = fields.Text("message") };
        }
    }

    public struct ServerError
    {
        public string Code;
        public string Message;
        public bool Fatal;
        public string Ref;

        internal static ServerError Read(in FieldReader fields)
        {
            return new ServerError
            {
                Code = fields.Text("code"),
                Message = fields.Text("message"),
                Fatal = fields.BooleanOr("fatal", false),
                Ref = fields.TextOr("ref", ""),
            };
        }
    }

    public struct ClockPong
    {
        public double T0Ms;
        public double T1Ms;
        public double T2Ms;

        internal static ClockPong Read(in FieldReader fields)
        {
            return new ClockPong
            {
                T0Ms = fields.ClockMs("t0_ms"),
                T1Ms = fields.ClockMs("t1_ms"),
                T2Ms = fields.ClockMs("t2_ms"),
            };
        }
    }
}
