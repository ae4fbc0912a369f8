using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace VoiceAvatar.Tests
{
    /// <summary>The golden vectors of playback and of whole sessions.</summary>
    public static class SessionVectorTests
    {
        private static JsonValue[] Cases(string file)
        {
            string folder = Environment.GetEnvironmentVariable("VOICE_AVATAR_VECTORS");
            string text = File.ReadAllText(Path.Combine(folder, file + ".json"));
            return JsonReader.Read(text).Member("cases").Items.ToArray();
        }

        private static long Long(JsonValue value, string name)
        {
            return (long)value.Member(name).Number;
        }

        // -- playout.json

        private sealed class Player
        {
            private readonly ReplyRules _rules = new ReplyRules();
            private readonly PlaybackReporter _reporter = new PlaybackReporter();
            private readonly Playout _playout = new Playout(default(PlayoutOptions), 4096);
            private int _rateHz;
            private double _nowS;

            public PlayoutView View;
            public bool HasReport;
            public PlaybackReport Report;
            public float[] Heard;

            public void Do(JsonValue what)
            {
                Heard = null;
                switch (what.Member("do").Text)
                {
                    case "begin":
                        _rules.Begins(Long(what, "reply_id"));
                        _rateHz = (int)Long(what, "rate_hz");
                        _playout.Begin(Long(what, "reply_id"), _rateHz);
                        break;
                    case "audio":
                        Audio(what);
                        break;
                    case "audio_done":
                        _playout.EndsAt(Long(what, "samples"));
                        break;
                    case "pull":
                        Heard = new float[Long(what, "samples")];
                        _playout.Render(Heard, Heard.Length, 1, _rateHz, _nowS);
                        _nowS += (double)Heard.Length / _rateHz;
                        break;
                    case "pause":
                        _playout.Pause();
                        break;
                    case "resume":
                        _playout.Resume();
                        break;
                    case "interrupt":
                        _rules.Interrupts(_rules.Newest);
                        _playout.Flush();
                        break;
                    default:
                        throw new CheckException("unknown: " + what.Member("do").Text);
                }
                View = _playout.Update();
                HasReport = _reporter.IsDue(View, 0, _nowS, out Report);
            }

            private void Audio(JsonValue what)
            {
                long pts = Long(what, "pts");
                int samples = (int)Long(what, "samples");
                byte[] pcm = new byte[2 * samples];
                for (int i = 0; i < samples; i++)
                {
                    long value = (pts + i) % 30000 + 1;
                    pcm[2 * i] = (byte)value;
                    pcm[2 * i + 1] = (byte)(value >> 8);
                }
                FrameHeader header = new FrameHeader(
                    FrameKind.AudioOut, (FrameFlags)Long(what, "flags"), (ushort)_rules.Newest,
                    (uint)Long(what, "seq"), pts);
                AudioPlace place = _rules.Place(header, samples);
                _playout.AddSilence(place.GapSamples);
                _playout.Add(pcm, 2 * place.SkipSamples, place.PlaySamples);
            }
        }

        [Test]
        public static void playout()
        {
            foreach (JsonValue one in Cases("playout"))
            {
                Player player = new Player();
                for (int i = 0; i < one.Member("events").Items.Count; i++)
                {
                    JsonValue what = one.Member("events").Items[i];
                    JsonValue expected = one.Member("expect").Items[i];
                    string where = one.Member("name").Text + ", event " + i + " " + what.Member("do").Text;
                    player.Do(what);
                    Check.Same(Long(expected, "played"), player.View.PlayedSamples, where);
                    Check.Same(Long(expected, "buffered"), player.View.BufferedSamples, where);
                    JsonValue report = expected.Member("report");
                    Check.Same(report.Kind != JsonKind.Null, player.HasReport, where + " report " + player.Report.State);
                    if (player.HasReport)
                    {
                        Check.Same(report.Items[0].Text, player.Report.State.ToString().ToLowerInvariant(), where);
                        Check.Same((long)report.Items[1].Number, player.Report.PlayedSamples, where);
                    }
                    if (player.Heard != null)
                    {
                        Check.Same(Block(expected.Member("heard")), player.Heard, where);
                    }
                }
            }
        }

        private static float[] Block(JsonValue runs)
        {
            List<float> block = new List<float>();
            foreach (JsonValue run in runs.Items)
            {
                for (int i = 0; i < (int)run.Items[1].Number; i++)
                {
                    int first = (int)run.Items[0].Number;
                    block.Add(first == 0 ? 0 : ((first - 1 + i) % 30000 + 1) / 32768f);
                }
            }
            return block.ToArray();
        }

        // -- sessions.json

        /// <summary>Turns what Core decides into the actions of the vectors.</summary>
        private sealed class Actor : ServerMessageSink
        {
            private readonly ReplyRules _rules = new ReplyRules();
            private readonly ServerMessageReader _reader = new ServerMessageReader();
            private readonly ConnectionMachine _machine = new ConnectionMachine(ReconnectOptions.Default);
            private string _sessionId = "";
            private string _type;
            private string _action;

            public Actor()
            {
                _machine.Open(0);
                _machine.SocketOpened(0);
            }

            public string Text(string text)
            {
                byte[] utf8 = Encoding.UTF8.GetBytes(text);
                Reconnected();
                Peek peek = new Peek();
                MessageOutcome outcome = _reader.Read(utf8, 0, utf8.Length, peek);
                _type = _reader.Envelope.Type;
                if (outcome == MessageOutcome.UnknownType)
                {
                    return "ignore type=" + _type;
                }
                if (outcome != MessageOutcome.Told)
                {
                    return "ignore";
                }
                if (!_rules.Counts(_reader.Envelope))
                {
                    return "drop type=" + _type + " reply_id=" + _reader.Envelope.ReplyId;
                }
                _action = "note type=" + _type;
                _reader.Read(utf8, 0, utf8.Length, this);
                return _action;
            }

            public string Binary(byte[] frame)
            {
                FrameHeader header;
                FrameProblem problem = FrameCodec.Read(frame, 0, frame.Length, out header);
                if (problem != FrameProblem.None || header.Kind != FrameKind.AudioOut)
                {
                    return "ignore type=binary";
                }
                AudioPlace place = _rules.Place(header, (frame.Length - FrameCodec.HeaderBytes) / 2);
                if (!place.IsTaken)
                {
                    return "drop type=binary";
                }
                List<string> actions = new List<string>();
                if (place.GapSamples > 0)
                {
                    actions.Add("gap reply_id=" + _rules.Newest + " pts=" + (header.Pts - place.GapSamples)
                        + " samples=" + place.GapSamples);
                }
                if (place.PlaySamples > 0)
                {
                    actions.Add("play reply_id=" + _rules.Newest + " pts=" + (header.Pts + place.SkipSamples)
                        + " samples=" + place.PlaySamples);
                }
                return actions.Count == 0 ? "note type=binary" : string.Join("; ", actions);
            }

            public string Close(int code)
            {
                Reconnected();
                double nowS = 0;
                _machine.SocketClosed(code, nowS);
                if (_machine.State == ConnectionState.Ended)
                {
                    return "give_up";
                }
                string resume = _machine.State == ConnectionState.WaitingToResume
                    ? " resume=" + _sessionId + "," + _machine.Ticket.Token + "," + _rules.LastSeq
                    : "";
                string waits = "reconnect after_ms=" + _machine.DueS * 1000 + resume;
                _waits = true;
                return waits;
            }

            private bool _waits;

            /// <summary>The next step comes on a new connection, or says that there was none.</summary>
            private void Reconnected()
            {
                if (_waits)
                {
                    _waits = false;
                    _machine.Tick(Math.Min(_machine.DueS, 59));
                    if (_isNextMessage)
                    {
                        _machine.SocketOpened(0);
                    }
                }
            }

            private bool _isNextMessage;

            public string Step(JsonValue step)
            {
                _isNextMessage = step.Member("close") == null;
                if (step.Member("text") != null)
                {
                    return Text(step.Member("text").Text);
                }
                return step.Member("hex") != null
                    ? Binary(BytesOf(step.Member("hex").Text))
                    : Close((int)Long(step, "close"));
            }

            private static byte[] BytesOf(string hex)
            {
                return Enumerable.Range(0, hex.Length / 2)
                    .Select(i => Convert.ToByte(hex.Substring(2 * i, 2), 16)).ToArray();
            }

            private sealed class Peek : ServerMessageSink { }

            private void Cue(long replyId)
            {
                _action = "schedule type=" + _type + " reply_id=" + replyId;
            }

            public override void On(in SessionReady m)
            {
                _rules.Reset();
                _rules.TakesText(_reader.Envelope.Seq);
                _sessionId = m.SessionId;
                _machine.Ready(
                    new ResumeTicket { SessionId = m.SessionId, Token = m.Resume.Token, TtlS = m.Resume.TtlS }, 0);
                _action = "open";
            }

            public override void On(in SessionResumed m)
            {
                _machine.Resumed(
                    new ResumeTicket { SessionId = _sessionId, Token = m.Resume.Token, TtlS = m.Resume.TtlS }, 0);
                _action = "resume_session" + (_rules.IsLive ? "; report reply_id=" + _rules.Newest : "");
            }

            public override void On(in SessionUpdated m) { _action = "settings"; }

            public override void On(in StateChanged m)
            {
                _action = "state state=" + m.State.ToString().ToLowerInvariant();
            }

            public override void On(in SessionGoAway m)
            {
                _machine.GoAway(m.ReconnectInMs / 1000, 0);
                _action = "goaway after_ms=" + m.ReconnectInMs;
            }

            public override void On(in ServerError m)
            {
                _action = m.Fatal ? "fail code=" + m.Code : _action;
            }

            public override void On(in ReplyStarted m)
            {
                _action = "begin reply_id=" + m.ReplyId;
            }

            public override void On(in ReplyText m) { Cue(m.ReplyId); }

            public override void On(in ReplySegment m) { Cue(m.ReplyId); }

            public override void On(in VisemeKeys m) { Cue(m.ReplyId); }

            public override void On(in Face m) { Cue(m.ReplyId); }

            public override void On(in Gesture m) { Cue(m.ReplyId); }

            public override void On(in Head m) { Cue(m.ReplyId); }

            public override void On(in Gaze m) { Cue(m.ReplyId); }

            public override void On(in ReplyPaused m)
            {
                _action = "pause reply_id=" + m.ReplyId + " state=paused";
            }

            public override void On(in ReplyResumed m)
            {
                _action = "resume reply_id=" + m.ReplyId;
            }

            public override void On(in ReplyAudioDone m)
            {
                _action = "ends_at reply_id=" + m.ReplyId + " samples=" + m.SampleCount;
            }

            public override void On(in ReplyInterrupted m)
            {
                _action = "flush reply_id=" + m.ReplyId + " state=stopped";
            }

            public override void On(in ReplyDone m)
            {
                _action = "end reply_id=" + m.ReplyId;
            }
        }

        private static string Written(JsonValue actions)
        {
            return string.Join("; ", actions.Items.Select(Written1));
        }

        private static string Written1(JsonValue action)
        {
            StringBuilder text = new StringBuilder(action.Member("do").Text);
            foreach (string name in new[] { "type", "reply_id", "pts", "samples", "state", "code", "after_ms" })
            {
                JsonValue value = action.Member(name);
                if (value != null)
                {
                    text.Append(" " + name + "=" + (value.Kind == JsonKind.Text ? value.Text : "" + value.Number));
                }
            }
            JsonValue resume = action.Member("resume");
            if (resume != null)
            {
                text.Append(" resume=" + resume.Member("session_id").Text + "," + resume.Member("token").Text
                    + "," + resume.Member("last_seq").Number);
            }
            return text.ToString();
        }

        [Test]
        public static void sessions()
        {
            foreach (JsonValue one in Cases("sessions"))
            {
                Actor actor = new Actor();
                int index = 0;
                foreach (JsonValue step in one.Member("steps").Items)
                {
                    string where = one.Member("name").Text + ", step " + index++;
                    Check.Same(Written(step.Member("actions")), actor.Step(step), where);
                }
            }
        }
    }
}
