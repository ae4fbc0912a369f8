using System;
using System.Collections.Generic;

namespace VoiceAvatar
{
    /// <summary>What became of a text frame.</summary>
    public enum MessageOutcome
    {
        /// <summary>It was told to the sink.</summary>
        Told,

        /// <summary>Its type is not known; ignored, as PROTOCOL.md section 14 says.</summary>
        UnknownType,

        /// <summary>A field is missing, mistyped, out of range or has a new value; ignored.</summary>
        Unreadable,

        /// <summary>It is not JSON, not an object, or has no type.</summary>
        NotJson,
    }

    /// <summary>Reads text frames of the server and tells them to a sink.</summary>
    public sealed class ServerMessageReader
    {
        private delegate void Teller(in FieldReader fields, ServerMessageSink sink);

        private static readonly string[] Codecs = { "pcm16", "opus" };
        private static readonly string[] Sources = { "llm", "rule", "prosody", "state" };

        private static readonly Dictionary<string, Teller> Tellers = new Dictionary<string, Teller>
        {
            { "session.ready", Ready },
            { "session.resumed", SessionGoesOn },
            { "session.updated", Updated },
            { "session.goaway", GoAway },
            { "state", State },
            { "input.speech_started", Started },
            { "input.speech_stopped", Stopped },
            { "transcript.interim", Interim },
            { "transcript.final", Final },
            { "turn.ended", TurnEnd },
            { "reply.started", ReplyStart },
            { "reply.text", Text },
            { "reply.segment", Segment },
            { "visemes", Visemes },
            { "face", FaceCue },
            { "gesture", GestureCue },
            { "head", HeadCue },
            { "gaze", GazeCue },
            { "body", BodyCue },
            { "reply.audio_done", AudioDone },
            { "reply.paused", Paused },
            { "reply.resumed", Resumed },
            { "reply.interrupted", Interrupted },
            { "reply.done", Done },
            { "metrics", Measured },
            { "warning", Warned },
            { "error", Failed },
            { "clock.pong", Pong },
        };

        /// <summary>The types that are known.</summary>
        public static ICollection<string> KnownTypes
        {
            get { return Tellers.Keys; }
        }

        /// <summary>What was wrong with the last frame that could not be read; "" before.</summary>
        public string Problem { get; private set; } = "";

        /// <summary>Type, number and time of the last frame that had them.</summary>
        public Envelope Envelope { get; private set; }

        /// <summary>Reads one text frame and tells it. Throws nothing but what the sink throws.</summary>
        public MessageOutcome Read(byte[] utf8, int offset, int count, ServerMessageSink sink)
        {
            try
            {
                return Read(JsonReader.Read(utf8, offset, count), sink);
            }
            catch (JsonException error)
            {
                Problem = error.Message;
                return MessageOutcome.NotJson;
            }
        }

        /// <summary>Tells one message. Throws nothing but what the sink throws.</summary>
        public MessageOutcome Read(JsonValue message, ServerMessageSink sink)
        {
            JsonValue type = message.Member("type");
            if (type == null || type.Kind != JsonKind.Text)
            {
                Problem = "not an object with a type";
                return MessageOutcome.NotJson;
            }
            try
            {
                FieldReader fields = new FieldReader(message, "");
                Teller tell;
                bool isKnown = Tellers.TryGetValue(type.Text, out tell);
                Envelope = new Envelope
                {
                    Type = type.Text,
                    Seq = fields.Count("seq"),
                    TsMs = fields.ClockMs("ts_ms"),
                    ReplyId = isKnown ? fields.CountOr("reply_id", Envelope.NoReply) : Envelope.NoReply,
                };
                if (!isKnown)
                {
                    return MessageOutcome.UnknownType;
                }
                tell(fields, sink);
                return MessageOutcome.Told;
            }
            catch (MessageException error)
            {
                Problem = type.Text + ": " + error.Message;
                return MessageOutcome.Unreadable;
            }
        }

        private static AudioFormat FormatOf(in FieldReader fields)
        {
            return new AudioFormat
            {
                Codec = (AudioCodec)fields.OneOf("codec", Codecs),
                RateHz = (int)fields.Integer("rate_hz", 8000, 48000),
            };
        }

        private static Settings SettingsOf(in FieldReader fields)
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
            };
        }

        private static Limits LimitsOf(in FieldReader fields)
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
            };
        }

        private static Models ModelsOf(in FieldReader fields)
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

        private static ResumeOffer OfferOf(in FieldReader fields)
        {
            return new ResumeOffer
            {
                Token = fields.Text("token"),
                TtlS = fields.Number("ttl_s", 0, double.MaxValue),
            };
        }

        private static Autonomic AutonomicOf(in FieldReader fields)
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

        private static CueSource SourceOf(in FieldReader fields)
        {
            return (CueSource)fields.OneOf("source", Sources);
        }

        private static long ReplyOf(in FieldReader fields)
        {
            return fields.Count("reply_id");
        }

        private static void Ready(in FieldReader fields, ServerMessageSink sink)
        {
            FieldReader server = fields.Object("server");
            sink.On(new SessionReady
            {
                SessionId = fields.Text("session_id"),
                Protocol = fields.Has("protocol") ? (int)fields.Integer("protocol", 1, 255) : 1,
                AudioIn = FormatOf(fields.Object("audio_in")),
                AudioOut = FormatOf(fields.Object("audio_out")),
                Settings = SettingsOf(fields.Object("settings")),
                Gestures = fields.Texts("gestures"),
                Expressions = fields.Texts("expressions"),
                Voices = fields.Texts("voices"),
                Languages = fields.Texts("languages"),
                Limits = LimitsOf(fields.Object("limits")),
                ServerName = server.TextOr("name", "voice-avatar"),
                ServerVersion = server.Text("version"),
                Models = fields.Has("models") ? ModelsOf(fields.Object("models")) : default(Models),
                Resume = fields.Has("resume") ? OfferOf(fields.Object("resume")) : default(ResumeOffer),
                Autonomic = fields.Has("autonomic")
                    ? AutonomicOf(fields.Object("autonomic"))
                    : default(Autonomic),
            });
        }

        private static void SessionGoesOn(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new SessionResumed
            {
                Replayed = fields.Count("replayed"),
                Lost = fields.Boolean("lost"),
                Resume = OfferOf(fields.Object("resume")),
            });
        }

        private static void Updated(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new SessionUpdated { Settings = SettingsOf(fields.Object("settings")) });
        }

        private static void GoAway(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new SessionGoAway
            {
                ReconnectInMs = fields.Ms("reconnect_in_ms"),
                Reason = fields.Text("reason"),
            });
        }

        private static void State(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new StateChanged
            {
                State = (ConversationState)fields.OneOf(
                    "state", "idle", "listening", "thinking", "speaking", "interrupted"),
            });
        }

        private static void Started(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new SpeechStarted
            {
                TMs = fields.Ms("t_ms"),
                Probability = fields.Unit("probability"),
            });
        }

        private static void Stopped(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new SpeechStopped { TMs = fields.Ms("t_ms") });
        }

        private static void Interim(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new TranscriptInterim
            {
                TurnId = fields.Count("turn_id"),
                Text = fields.Text("text"),
                StableChars = fields.Count("stable_chars"),
                Language = fields.Text("language"),
            });
        }

        private static void Final(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new TranscriptFinal
            {
                TurnId = fields.Count("turn_id"),
                Text = fields.Text("text"),
                Language = fields.Text("language"),
            });
        }

        private static void TurnEnd(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new TurnEnded
            {
                TurnId = fields.Count("turn_id"),
                Reason = (TurnEndReason)fields.OneOf(
                    "reason", "semantic", "vad", "ptt", "text", "commit"),
                SilenceMs = fields.Ms("silence_ms"),
            });
        }

        private static void ReplyStart(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new ReplyStarted
            {
                ReplyId = ReplyOf(fields),
                Stream = (int)fields.Integer("stream", 0, 65535),
                TurnId = fields.Count("turn_id"),
                RateHz = (int)fields.Integer("rate_hz", 8000, 48000),
                Codec = (AudioCodec)fields.OneOf("codec", Codecs),
            });
        }

        private static void Text(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new ReplyText
            {
                ReplyId = ReplyOf(fields),
                Text = fields.Text("text"),
                Char = fields.Count("char"),
            });
        }

        private static void Segment(in FieldReader fields, ServerMessageSink sink)
        {
            IReadOnlyList<JsonValue> items = fields.Items("words");
            TimedWord[] words = new TimedWord[items.Count];
            for (int i = 0; i < words.Length; i++)
            {
                IReadOnlyList<JsonValue> word = FieldReader.Tuple(items[i], 4, "words");
                words[i] = new TimedWord
                {
                    Text = FieldReader.Text(word[0], "words"),
                    StartMs = FieldReader.Ms(word[1], "words"),
                    EndMs = FieldReader.Ms(word[2], "words"),
                    Char = FieldReader.Integer(word[3], "words", 0, FrameCodec.MaxPts),
                };
            }
            sink.On(new ReplySegment
            {
                ReplyId = ReplyOf(fields),
                Index = fields.Count("index"),
                Text = fields.Text("text"),
                StartMs = fields.Ms("start_ms"),
                EndMs = fields.Ms("end_ms"),
                Words = words,
            });
        }

        private static void Visemes(in FieldReader fields, ServerMessageSink sink)
        {
            IReadOnlyList<JsonValue> items = fields.Items("keys");
            VisemeKey[] keys = new VisemeKey[items.Count];
            for (int i = 0; i < keys.Length; i++)
            {
                IReadOnlyList<JsonValue> key = FieldReader.Tuple(items[i], 3, "keys");
                keys[i] = new VisemeKey
                {
                    TMs = FieldReader.Ms(key[0], "keys"),
                    Viseme = (int)FieldReader.Integer(key[1], "keys", 0, 255),
                    Weight = (float)FieldReader.Number(key[2], "keys", 0, 1),
                };
            }
            sink.On(new VisemeKeys
            {
                ReplyId = ReplyOf(fields),
                Set = fields.Text("set"),
                Keys = keys,
                UntilMs = fields.Ms("until_ms"),
            });
        }

        private static void FaceCue(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new Face
            {
                ReplyId = ReplyOf(fields),
                TMs = fields.Ms("t_ms"),
                Expression = fields.Text("expression"),
                Intensity = fields.Unit("intensity"),
                Valence = fields.SignedUnit("valence"),
                Arousal = fields.SignedUnit("arousal"),
                FadeMs = fields.Ms("fade_ms"),
                HoldMs = fields.Ms("hold_ms"),
                Source = SourceOf(fields),
            });
        }

        private static void GestureCue(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new Gesture
            {
                ReplyId = ReplyOf(fields),
                Id = fields.Text("id"),
                Lexeme = fields.Text("lexeme"),
                Kind = (GestureKind)fields.OneOf(
                    "kind", "beat", "iconic", "deictic", "metaphoric", "emblem"),
                Mode = (GestureMode)fields.OneOf("mode", "left", "right", "both"),
                Amplitude = fields.Unit("amplitude"),
                StartMs = fields.Ms("start_ms"),
                StrokeStartMs = fields.Ms("stroke_start_ms"),
                StrokeMs = fields.Ms("stroke_ms"),
                StrokeEndMs = fields.Ms("stroke_end_ms"),
                RelaxMs = fields.Ms("relax_ms"),
                EndMs = fields.Ms("end_ms"),
                Source = SourceOf(fields),
                Target = fields.TextOr("target", ""),
            });
        }

        private static void HeadCue(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new Head
            {
                ReplyId = ReplyOf(fields),
                Lexeme = fields.Text("lexeme"),
                Amount = fields.Unit("amount"),
                Repeats = fields.Count("repeats"),
                StartMs = fields.Ms("start_ms"),
                StrokeMs = fields.Ms("stroke_ms"),
                EndMs = fields.Ms("end_ms"),
                Source = SourceOf(fields),
                StartsLeft = fields.TextOr("side", "right") == "left",
            });
        }

        private static void GazeCue(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new Gaze
            {
                ReplyId = ReplyOf(fields),
                Target = fields.Text("target"),
                StartMs = fields.Ms("start_ms"),
                EndMs = fields.Ms("end_ms"),
                Source = SourceOf(fields),
                HeadShare = fields.Has("head") ? fields.Unit("head") : 0,
            });
        }

        private static void BodyCue(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new Body
            {
                Kind = (BodyKind)fields.OneOf("kind", "gesture", "head", "gaze", "face", "posture"),
                Lexeme = fields.Text("lexeme"),
                Amplitude = fields.Unit("amplitude"),
                DurationMs = fields.Ms("duration_ms"),
                Source = SourceOf(fields),
                Repeats = fields.CountOr("repeats", 1),
            });
        }

        private static void AudioDone(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new ReplyAudioDone
            {
                ReplyId = ReplyOf(fields),
                SampleCount = fields.Count("sample_count"),
            });
        }

        private static void Paused(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new ReplyPaused { ReplyId = ReplyOf(fields), AtMs = fields.Ms("at_ms") });
        }

        private static void Resumed(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new ReplyResumed { ReplyId = ReplyOf(fields), FromMs = fields.Ms("from_ms") });
        }

        private static void Interrupted(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new ReplyInterrupted
            {
                ReplyId = ReplyOf(fields),
                AtMs = fields.Ms("at_ms"),
                Reason = (InterruptReason)fields.OneOf("reason", "voice", "message", "text", "ptt"),
                SpokenText = fields.Text("spoken_text"),
            });
        }

        private static void Done(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new ReplyDone
            {
                ReplyId = ReplyOf(fields),
                Status = (ReplyStatus)fields.OneOf("status", "completed", "interrupted", "failed"),
                SpokenText = fields.Text("spoken_text"),
                PlayedSamples = fields.Count("played_samples"),
            });
        }

        private static void Measured(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new Metrics
            {
                ReplyId = ReplyOf(fields),
                SttMs = fields.SignedMsOrNull("stt_ms"),
                CommitMs = fields.SignedMsOrNull("commit_ms"),
                LlmStartMs = fields.SignedMsOrNull("llm_start_ms"),
                TtftMs = fields.SignedMsOrNull("ttft_ms"),
                FirstChunkMs = fields.SignedMsOrNull("first_chunk_ms"),
                TtfaMs = fields.SignedMsOrNull("ttfa_ms"),
                SentMs = fields.SignedMsOrNull("sent_ms"),
                IsSpeculative = fields.Boolean("is_speculative"),
                WastedTokens = fields.CountOr("wasted_tokens", 0),
            });
        }

        private static void Warned(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new Warning { Code = fields.Text("code"), Message = fields.Text("message") });
        }

        private static void Failed(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new ServerError
            {
                Code = fields.Text("code"),
                Message = fields.Text("message"),
                Fatal = fields.BooleanOr("fatal", false),
                Ref = fields.TextOr("ref", ""),
            });
        }

        private static void Pong(in FieldReader fields, ServerMessageSink sink)
        {
            sink.On(new ClockPong
            {
                T0Ms = fields.ClockMs("t0_ms"),
                T1Ms = fields.ClockMs("t1_ms"),
                T2Ms = fields.ClockMs("t2_ms"),
            });
        }
    }
}
