namespace VoiceAvatar
{
    /// <summary>What <c>session.hello</c> says; a field at its default is left out.</summary>
    public sealed class Hello
    {
        /// <summary>Program, for the server's log.</summary>
        public string ClientName = "voice-avatar-unity";

        /// <summary>Its version.</summary>
        public string ClientVersion = "0.1.0";

        /// <summary>Such as "unity-android".</summary>
        public string Platform = "";

        /// <summary>Bearer token, for transports that cannot set a header; null = none.</summary>
        public string Token;

        /// <summary>Rate of the microphone, Hz.</summary>
        public int MicrophoneHz = 16000;

        /// <summary>Rate of replies, Hz; 0 = the server's choice.</summary>
        public int ReplyHz;

        /// <summary>Viseme set wanted.</summary>
        public string VisemeSet = "ovr15";

        /// <summary>Lexemes that can be played; null = all.</summary>
        public string[] Gestures;

        /// <summary>Expressions that can be shown; null = all.</summary>
        public string[] Expressions;

        /// <summary>Whether <c>gaze</c> is wanted.</summary>
        public bool Gaze = true;

        /// <summary>Whether captions are wanted.</summary>
        public bool Captions = true;

        /// <summary>Whether the microphone is free of the avatar's own voice.</summary>
        public bool EchoCancelled;

        /// <summary>Persona; null = the server's default.</summary>
        public string Persona;

        /// <summary>Voice; null = the persona's.</summary>
        public string Voice;

        /// <summary>ISO 639 code; null = the server's default.</summary>
        public string Language;

        /// <summary>System prompt in place of the persona's; null = the persona's.</summary>
        public string Instructions;

        /// <summary>Whether only push-to-talk and <c>input.commit</c> end turns.</summary>
        public bool ManualTurns;

        /// <summary>Functions of the program that the model may call; null = none.</summary>
        public ToolOffer[] Tools;

        /// <summary>"auto", "none", "required" or the name of a tool.</summary>
        public string ToolChoice = "auto";
    }

    /// <summary>A function of the program that the model may call.</summary>
    public struct ToolOffer
    {
        /// <summary>1 to 64 letters, digits, "_" and "-".</summary>
        public string Name;

        /// <summary>When to use it, for the model; null = nothing said.</summary>
        public string Description;

        /// <summary>JSON Schema of the arguments, an object, as JSON text; null = no arguments.</summary>
        public string Parameters;
    }

    /// <summary>What the loudspeaker does, in <c>playback.report</c>.</summary>
    public enum PlaybackState
    {
        /// <summary>The first sample is being played.</summary>
        Started,

        /// <summary>It plays.</summary>
        Playing,

        /// <summary>It ran empty.</summary>
        Stalled,

        /// <summary>It stands still with what it holds.</summary>
        Paused,

        /// <summary>All was played.</summary>
        Finished,

        /// <summary>It was flushed.</summary>
        Stopped,
    }

    /// <summary>One <c>playback.report</c>.</summary>
    public struct PlaybackReport
    {
        /// <summary>Which reply.</summary>
        public long ReplyId;

        /// <summary>What it does now.</summary>
        public PlaybackState State;

        /// <summary>Samples of the reply that came out, at its rate.</summary>
        public long PlayedSamples;

        /// <summary>Audio received and not yet played, milliseconds.</summary>
        public double BufferedMs;

        /// <summary>Delay between counting a sample as played and hearing it, milliseconds.</summary>
        public double OutputLatencyMs;

        /// <summary>The client's clock, milliseconds.</summary>
        public double ClientMs;
    }

    /// <summary>
    /// A pose as in OpenXR: right-handed, y up, looks along -z; metres, and a unit quaternion. From
    /// Unity's: <see cref="FromLeftHanded"/>.
    /// </summary>
    public struct WirePose
    {
        /// <summary>Position x, metres.</summary>
        public float X;

        /// <summary>Position y, metres.</summary>
        public float Y;

        /// <summary>Position z, metres.</summary>
        public float Z;

        /// <summary>Rotation x.</summary>
        public float Qx;

        /// <summary>Rotation y.</summary>
        public float Qy;

        /// <summary>Rotation z.</summary>
        public float Qz;

        /// <summary>Rotation w.</summary>
        public float Qw;

        /// <summary>Converts a pose of Unity's left-handed world, which looks along +z.</summary>
        public static WirePose FromLeftHanded(
            float x, float y, float z, float qx, float qy, float qz, float qw)
        {
            return new WirePose { X = x, Y = y, Z = -z, Qx = -qx, Qy = -qy, Qz = qz, Qw = qw };
        }
    }

    /// <summary>Writes the client's messages (PROTOCOL.md, section 7).</summary>
    public sealed class ClientMessageWriter
    {
        private static readonly string[] StateNames =
        {
            "started", "playing", "stalled", "paused", "finished", "stopped",
        };

        private readonly JsonWriter _json = new JsonWriter();

        /// <summary>session.hello</summary>
        public string Hello(Hello hello)
        {
            return Hello(hello, default(ResumeTicket), 0);
        }

        /// <summary>session.hello that goes on with a session, if the ticket has a token.</summary>
        public string Hello(Hello hello, ResumeTicket ticket, long lastSeq)
        {
            Begin("session.hello");
            _json.Name("protocol").Begin().Name("min").Integer(1).Name("max").Integer(1).End();
            _json.Name("client").Begin();
            _json.Name("name").Text(hello.ClientName).Name("version").Text(hello.ClientVersion);
            _json.Name("platform").Text(hello.Platform).End();
            if (!string.IsNullOrEmpty(hello.Token))
            {
                _json.Name("auth").Begin().Name("token").Text(hello.Token).End();
            }
            _json.Name("audio_in");
            Audio(hello.MicrophoneHz);
            _json.Name("audio_out");
            Audio(hello.ReplyHz);
            Capabilities(hello);
            Optional("persona", hello.Persona);
            Optional("voice", hello.Voice);
            Optional("language", hello.Language);
            Optional("instructions", hello.Instructions);
            _json.Name("endpointing").Text(hello.ManualTurns ? "manual" : "auto");
            if (hello.Tools != null && hello.Tools.Length > 0)
            {
                Tools(hello.Tools);
                _json.Name("tool_choice").Text(hello.ToolChoice);
            }
            if (!string.IsNullOrEmpty(ticket.Token))
            {
                _json.Name("resume").Begin().Name("session_id").Text(ticket.SessionId);
                _json.Name("token").Text(ticket.Token).Name("last_seq").Integer(lastSeq).End();
            }
            return End();
        }

        /// <summary>session.close</summary>
        public string Close(string reason)
        {
            return Begin("session.close").Name("reason").Text(reason).End().ToString();
        }

        /// <summary>input.start</summary>
        public string InputStart(bool pushToTalk)
        {
            return Begin("input.start").Name("mode").Text(pushToTalk ? "ptt" : "vad").End().ToString();
        }

        /// <summary>input.stop</summary>
        public string InputStop(bool pushToTalk)
        {
            return Begin("input.stop").Name("mode").Text(pushToTalk ? "ptt" : "vad").End().ToString();
        }

        /// <summary>input.commit</summary>
        public string InputCommit()
        {
            return Begin("input.commit").End().ToString();
        }

        /// <summary>input.clear</summary>
        public string InputClear()
        {
            return Begin("input.clear").End().ToString();
        }

        /// <summary>input.text</summary>
        public string InputText(string text)
        {
            return Begin("input.text").Name("text").Text(text).End().ToString();
        }

        /// <summary>tool.result</summary>
        /// <param name="callId">of the <see cref="ToolCall"/>.</param>
        /// <param name="output">for the model: JSON or plain text, up to 32768 characters.</param>
        public string ToolResult(string callId, string output)
        {
            Begin("tool.result");
            return _json.Name("call_id").Text(callId).Name("output").Text(output).End().ToString();
        }

        /// <summary>interrupt, of the current reply</summary>
        public string Interrupt()
        {
            return Begin("interrupt").End().ToString();
        }

        /// <summary>clock.ping</summary>
        public string Ping(double nowMs)
        {
            return Begin("clock.ping").Name("t0_ms").Number(nowMs).End().ToString();
        }

        /// <summary>playback.report</summary>
        public string Report(in PlaybackReport report)
        {
            Begin("playback.report");
            _json.Name("reply_id").Integer(report.ReplyId);
            _json.Name("state").Text(StateNames[(int)report.State]);
            _json.Name("played_samples").Integer(report.PlayedSamples);
            _json.Name("buffered_ms").Number(System.Math.Round(report.BufferedMs, 1));
            _json.Name("output_latency_ms").Number(System.Math.Round(report.OutputLatencyMs, 1));
            _json.Name("client_ms").Number(System.Math.Round(report.ClientMs, 1));
            return End();
        }

        /// <summary>session.update of the settings that are not null.</summary>
        public string Update(string voice, string language, string instructions, string visemeSet, bool? captions)
        {
            Begin("session.update");
            Optional("voice", voice);
            Optional("language", language);
            Optional("instructions", instructions);
            Optional("visemes", visemeSet);
            if (captions.HasValue)
            {
                _json.Name("captions").Boolean(captions.Value);
            }
            return End();
        }

        /// <summary>user.gaze; what is not tracked or not known is null</summary>
        /// <param name="head">of the user.</param>
        /// <param name="avatar">place of the avatar's head; its rotation is not sent.</param>
        /// <param name="target">"avatar", an object's id, "" for neither; null = not known.</param>
        /// <param name="left">left hand.</param>
        /// <param name="right">right hand.</param>
        public string UserGaze(WirePose? head, WirePose? avatar, string target, WirePose? left, WirePose? right)
        {
            Begin("user.gaze");
            Hand("head", head);
            if (avatar.HasValue)
            {
                _json.Name("avatar");
                Place(avatar.Value);
            }
            Optional("target", target);
            if (left.HasValue || right.HasValue)
            {
                _json.Name("hands").Begin();
                Hand("left", left);
                Hand("right", right);
                _json.End();
            }
            return End();
        }

        private void Hand(string name, WirePose? pose)
        {
            if (pose.HasValue)
            {
                _json.Name(name);
                Pose(pose.Value);
            }
        }

        private void Pose(in WirePose pose)
        {
            _json.Begin().Name("pos");
            Place(pose);
            _json.Name("rot").BeginArray();
            _json.Number(Unit(pose.Qx)).Number(Unit(pose.Qy)).Number(Unit(pose.Qz)).Number(Unit(pose.Qw));
            _json.EndArray().End();
        }

        private void Place(in WirePose pose)
        {
            _json.BeginArray().Number(pose.X).Number(pose.Y).Number(pose.Z).EndArray();
        }

        /// <summary>Rounding may leave a part of a unit quaternion a hair over 1.</summary>
        private static double Unit(float part)
        {
            return System.Math.Max(-1, System.Math.Min(1, part));
        }

        private void Tools(ToolOffer[] tools)
        {
            _json.Name("tools").BeginArray();
            foreach (ToolOffer tool in tools)
            {
                _json.Begin();
                _json.Name("name").Text(tool.Name).Name("description").Text(tool.Description ?? "");
                if (tool.Parameters != null)
                {
                    _json.Name("parameters").Json(tool.Parameters);
                }
                _json.End();
            }
            _json.EndArray();
        }

        private JsonWriter Begin(string type)
        {
            _json.Clear();
            return _json.Begin().Name("type").Text(type);
        }

        private string End()
        {
            return _json.End().ToString();
        }

        private void Optional(string name, string text)
        {
            if (text != null)
            {
                _json.Name(name).Text(text);
            }
        }

        private void Audio(int rateHz)
        {
            _json.Begin().Name("codecs").BeginArray().Text("pcm16").EndArray();
            if (rateHz > 0)
            {
                _json.Name("rate_hz").Integer(rateHz);
            }
            _json.End();
        }

        private void Capabilities(Hello hello)
        {
            _json.Name("capabilities").Begin();
            _json.Name("visemes").Text(hello.VisemeSet);
            _json.Name("gestures").Texts(hello.Gestures);
            _json.Name("expressions").Texts(hello.Expressions);
            _json.Name("gaze").Boolean(hello.Gaze);
            _json.Name("captions").Boolean(hello.Captions);
            _json.Name("aec").Boolean(hello.EchoCancelled);
            _json.Name("pause").Boolean(true);
            _json.End();
        }
    }
}
