using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace VoiceAvatar.Tests
{
    /// <summary>A server within the process: takes what the client sends, says what the test wants.</summary>
    internal sealed class FakeServer : IAvatarSocket
    {
        private readonly Queue<SocketEvent> _events = new Queue<SocketEvent>();
        private int _seq;

        public readonly List<JsonValue> Texts = new List<JsonValue>();
        public readonly List<byte[]> Frames = new List<byte[]>();

        /// <summary>Address and token of each connection.</summary>
        public readonly List<string> Opened = new List<string>();

        public void Open(string url, string token)
        {
            Opened.Add(url + " " + token);
            Add(new SocketEvent { Kind = SocketEventKind.Opened });
        }

        public void SendText(string text) { Texts.Add(JsonReader.Read(text)); }

        public void SendBinary(byte[] frame, int count) { Frames.Add(frame.Take(count).ToArray()); }

        public void Close() { }

        public void Abort() { }

        public bool Take(out SocketEvent what)
        {
            what = _events.Count > 0 ? _events.Dequeue() : default(SocketEvent);
            return what.Kind != SocketEventKind.Opened || what.AtS > 0;
        }

        private void Add(SocketEvent what)
        {
            what.AtS = Monotonic.NowS;
            _events.Enqueue(what);
        }

        public string[] Types
        {
            get { return Texts.Select(text => text.Member("type").Text).ToArray(); }
        }

        /// <summary>Says a message; `fields` is the rest of it, as JSON with ' for ".</summary>
        public void Say(string type, string fields)
        {
            string text = "{\"type\":\"" + type + "\",\"seq\":" + _seq++ + ",\"ts_ms\":1.0"
                + (fields == "" ? "" : "," + fields.Replace('\'', '"')) + "}";
            Add(new SocketEvent { Kind = SocketEventKind.Text, Data = Encoding.UTF8.GetBytes(text) });
        }

        public void Lose(int code)
        {
            Add(new SocketEvent { Kind = SocketEventKind.Closed, Code = code });
        }

        public void Ready(string session = "s1", string more = "")
        {
            _seq = 0;
            string names = string.Join(",", VisemeSets.Named("ovr15").Select(name => "'" + name + "'"));
            Say(
                "session.ready",
                "'session_id':'" + session + "','protocol':1,'audio_in':{'codec':'pcm16','rate_hz':16000},"
                + "'audio_out':{'codec':'pcm16','rate_hz':24000},'settings':{'persona':'p','voice':'v',"
                + "'language':'en','endpointing':'auto','viseme_set':'ovr15','visemes':[" + names + "],"
                + "'captions':true,'gaze':true},'gestures':[],'expressions':[],'voices':[],'languages':[],"
                + "'limits':{'text_bytes':1,'binary_bytes':1,'input_chars':1,'hello_ms':1,'mic_burst_ms':1,"
                + "'mic_realtime_factor':2,'max_ahead_ms':2000,'idle_ms':0},'server':{'version':'1'}" + more);
        }

        /// <summary>A reply of two seconds: a tone, an open mouth that closes at 400 ms, a wave, a smile.</summary>
        /// <param name="id">of the reply.</param>
        /// <param name="seconds">of sound that come; the end is told only after both.</param>
        public void Reply(int id, int seconds = 2)
        {
            Say("reply.started", "'reply_id':" + id + ",'stream':" + id + ",'turn_id':1,'rate_hz':24000,'codec':'pcm16'");
            string head = "'reply_id':" + id + ",";
            Say("reply.text", head + "'text':'Hi there','char':0");
            Say(
                "reply.segment",
                head + "'index':0,'text':'Hi there','start_ms':0,'end_ms':2000,"
                + "'words':[['Hi',0,300,0],['there',300,1900,3]]");
            Say(
                "visemes",
                head + "'set':'ovr15','keys':[[0,10,1.0],[300,10,1.0],[400,1,1.0],[500,1,1.0],[600,10,1.0],"
                + "[1900,10,1.0],[2000,0,1.0]],'until_ms':2000");
            Say(
                "gesture",
                head + "'id':'g" + id + "','lexeme':'wave','kind':'emblem','mode':'right','amplitude':1,"
                + "'start_ms':0,'stroke_start_ms':100,'stroke_ms':100,'stroke_end_ms':1500,'relax_ms':1600,"
                + "'end_ms':1900,'source':'rule'");
            Say(
                "face",
                head + "'t_ms':0,'expression':'happy','intensity':1,'valence':0.8,'arousal':0.5,'fade_ms':100,"
                + "'hold_ms':0,'source':'rule'");
            Say("head", head + "'lexeme':'nod','amount':1,'repeats':1,'start_ms':0,'stroke_ms':150,'end_ms':300,'source':'rule'");
            Say("gaze", head + "'target':'away_up','start_ms':500,'end_ms':900,'source':'rule'");
            for (int i = 0; i < 50 * seconds; i++)
            {
                byte[] frame = new byte[FrameCodec.HeaderBytes + 960];
                FrameFlags flags = i == 0 ? FrameFlags.Start : FrameFlags.None;
                FrameCodec.Write(frame, 0, new FrameHeader(FrameKind.AudioOut, flags, (ushort)id, (uint)i, 480L * i));
                float[] wave = Enumerable.Range(0, 480)
                    .Select(k => (float)(0.5 * Math.Sin(2 * Math.PI * 400 * (480 * i + k) / 24000.0))).ToArray();
                Pcm16.FromFloats(wave, 0, frame, FrameCodec.HeaderBytes, 480);
                Add(new SocketEvent { Kind = SocketEventKind.Binary, Data = frame });
            }
            if (seconds == 2)
            {
                Say("reply.audio_done", head + "'sample_count':48000");
            }
        }
    }
}
