using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;

namespace VoiceAvatar.Console
{
    /// <summary>
    /// A client in a shell around Core: talks to a server as a headset would, at 72 frames a second,
    /// and prints what it saw as JSON. See tests/unity/test_client.py.
    ///
    ///     client.exe URL say TEXT            a typed turn, until its reply was played
    ///     client.exe URL speak FILE          a recording (raw PCM16, 16 kHz), until the reply was played
    ///     client.exe URL interrupt TEXT MS   a typed turn, interrupted after so much was played
    ///     client.exe URL follow              nothing, until the server closes, other than by losing the line
    ///     client.exe URL cut TEXT MS COUNT   a typed turn; the line is cut after each MS played
    /// </summary>
    internal static class Program
    {
        private const double FrameS = 1.0 / 72;
        private const double LimitS = 200;

        private static int Main(string[] arguments)
        {
            Run run = new Run(arguments);
            bool isDone = run.Go(LimitS, FrameS);
            System.Console.WriteLine(run.Summary());
            return isDone ? 0 : 2;
        }
    }

    /// <summary>One run of the client.</summary>
    internal sealed class Run
    {
        private const int MicrophoneHz = 16000;

        private readonly AvatarSession _session;
        private readonly Watcher _watcher = new Watcher();
        private readonly Speaker _speaker;
        private readonly string _what;
        private readonly string _argument;
        private readonly double _cutMs;
        private int _cutsLeft;
        private long _cutFrom;
        private byte[] _recording = new byte[0];
        private readonly float[] _microphone = new float[MicrophoneHz];
        private double _startS = -1;
        private long _spoken;
        private bool _hasBegun;
        private readonly SyncMeter _sync = new SyncMeter();
        private readonly HashSet<string> _marked = new HashSet<string>();
        private string _lastCaption = "";
        private ConnectionState _endState;

        public Run(string[] arguments)
        {
            _what = arguments[1];
            _argument = arguments.Length > 2 ? arguments[2] : "";
            _cutMs = arguments.Length > 3 ? double.Parse(arguments[3]) : 0;
            _cutsLeft = arguments.Length > 4 ? int.Parse(arguments[4]) : 1;
            if (_what == "speak")
            {
                _recording = File.ReadAllBytes(_argument);
            }
            AvatarSessionOptions options = new AvatarSessionOptions { Url = arguments[0] };
            options.Hello.ClientName = "mono";
            options.Hello.Platform = "mono";
            options.Hello.EchoCancelled = true;
            options.Hello.ReplyHz = 0;
            _session = new AvatarSession(options) { Listener = _watcher };
            _speaker = new Speaker(_session);
        }

        public bool Go(double limitS, double frameS)
        {
            _speaker.Start();
            double startS = Monotonic.NowS;
            _session.Open(startS);
            bool isDone = false;
            while (!isDone && Monotonic.NowS - startS < limitS)
            {
                double nowS = Monotonic.NowS;
                _session.Update(nowS, Speaker.LatencyS);
                _watcher.Frame(_session, nowS);
                _sync.Frame(_session, nowS);
                Act(nowS);
                string caption = _session.Performance.Captions.Marked(_session.Performance.TMs);
                _lastCaption = caption;
                Mark(caption);
                isDone = IsDone(nowS);
                Thread.Sleep(TimeSpan.FromSeconds(Math.Max(0, frameS - (Monotonic.NowS - nowS))));
            }
            _endState = _session.State;
            _session.Close(Monotonic.NowS);
            Thread.Sleep(200);
            _speaker.Stop();
            return isDone;
        }

        private void Mark(string caption)
        {
            int from = caption.IndexOf("<b>", StringComparison.Ordinal);
            int to = caption.IndexOf("</b>", StringComparison.Ordinal);
            if (from >= 0 && to > from)
            {
                _marked.Add(caption.Substring(from + 3, to - from - 3));
            }
        }

        private void Act(double nowS)
        {
            if (!_session.IsLive && _startS < 0)
            {
                return;
            }
            if (_startS < 0)
            {
                _startS = nowS;
                _hasBegun = true;
                if (_what != "speak" && _what != "follow")
                {
                    _session.Say(_argument);
                }
            }
            Speak(nowS);
            PlayoutView view = _session.Playback;
            double playedMs = view.RateHz == 0 ? 0 : view.PlayedSamples * 1000.0 / view.RateHz;
            bool isPlaying = view.State == PlaybackState.Playing;
            if (_what == "interrupt" && isPlaying && playedMs >= _cutMs && _cutsLeft > 0)
            {
                _cutsLeft--;
                _session.Interrupt();
            }
            double sinceMs = view.RateHz == 0 ? 0 : (view.PlayedSamples - _cutFrom) * 1000.0 / view.RateHz;
            if (_what == "cut" && isPlaying && _session.IsLive && sinceMs >= _cutMs && _cutsLeft > 0)
            {
                _cutsLeft--;
                _cutFrom = view.PlayedSamples;
                _watcher.Cut(_session, nowS);
                _session.CutLine();
            }
        }

        /// <summary>The microphone: the recording in real time, then silence.</summary>
        private void Speak(double nowS)
        {
            int due = (int)Math.Min(_microphone.Length, (nowS - _startS) * MicrophoneHz - _spoken);
            Array.Clear(_microphone, 0, _microphone.Length);
            int left = (int)Math.Max(0, Math.Min(due, _recording.Length / 2 - _spoken));
            if (left > 0)
            {
                Pcm16.ToFloats(_recording, (int)(2 * _spoken), _microphone, 0, left);
            }
            if (due > 0)
            {
                _session.Hear(_microphone, 0, due, MicrophoneHz);
                _spoken += due;
            }
        }

        private bool IsDone(double nowS)
        {
            if (_what == "follow")
            {
                return _session.CloseCode != 0 && _session.CloseCode != CloseCodes.Lost;
            }
            bool isForgotten = _what == "cut" && _watcher.Readies > 1;
            bool isOver = isForgotten || _watcher.Done > 0
                && (_session.Playback.State == PlaybackState.Finished
                    || _session.Playback.State == PlaybackState.Stopped);
            if (isOver && _watcher.OverS < 0)
            {
                _watcher.OverS = nowS;
            }
            return _hasBegun && isOver && nowS - _watcher.OverS > 0.5;
        }

        public string Summary()
        {
            JsonWriter json = new JsonWriter().Begin();
            json.Name("session_id").Text(_session.SessionId);
            json.Name("state").Text(_endState.ToString());
            json.Name("close_reason").Text(_session.CloseReason);
            json.Name("close_code").Integer(_session.CloseCode);
            json.Name("resumes").Integer(_session.Resumes);
            json.Name("readies").Integer(_watcher.Readies);
            json.Name("can_resume").Boolean(_watcher.CanResume);
            json.Name("cuts_left").Integer(_cutsLeft);
            json.Name("stale").Integer(_session.Stale);
            json.Name("unreadable").Integer(_session.Unreadable);
            json.Name("round_trip_ms").Number(_session.Clock.RoundTripMs);
            json.Name("transcript").Text(_watcher.Transcript);
            json.Name("text").Text(_watcher.Text);
            json.Name("spoken_text").Text(_watcher.SpokenText);
            json.Name("status").Text(_watcher.Status);
            json.Name("caption").Text(_lastCaption);
            json.Name("marked_words").Texts(_marked.ToArray());
            json.Name("word_count").Integer(_watcher.Words);
            json.Name("gestures").Texts(_watcher.Gestures.ToArray());
            json.Name("sample_count").Integer(_watcher.SampleCount);
            json.Name("rate_hz").Integer(_session.Playback.RateHz);
            json.Name("played_samples").Integer(_session.Playback.PlayedSamples);
            json.Name("gap_samples").Integer(_session.GapSamples);
            json.Name("underruns").Integer(_session.Playout.Underruns);
            json.Name("late_blocks").Integer(_speaker.Late);
            json.Name("blocks").Integer(_speaker.Blocks);
            json.Name("allocated_bytes").Integer(_speaker.AllocatedBytes);
            Numbers(json, "resume_ms", _watcher.ResumeMs);
            Numbers(json, "audio_back_ms", _watcher.AudioBackMs);
            json.Name("shut_mouth_ms").Number(_watcher.ShutMouthMs);
            Sound(json);
            _sync.Measure(_speaker.Log, json);
            Numbers(json, "sync_errors_ms", _sync.ErrorsMs);
            return json.End().ToString();
        }

        private static void Numbers(JsonWriter json, string name, List<double> values)
        {
            json.Name(name).BeginArray();
            values.ForEach(value => json.Number(Math.Round(value, 3)));
            json.EndArray();
        }

        /// <summary>How long it sounded, and how long after the interruption it was silent.</summary>
        private void Sound(JsonWriter json)
        {
            const float audible = 0.003f;
            List<float> heard = _speaker.Heard;
            int first = heard.FindIndex(v => Math.Abs(v) > audible);
            int last = heard.FindLastIndex(v => Math.Abs(v) > audible);
            json.Name("audible_ms").Number(first < 0 ? 0 : (last - first) * 1000.0 / Speaker.OutputHz);
            double silentMs = -1;
            if (_watcher.InterruptedS > 0 && last >= 0)
            {
                int block = last / Speaker.BlockFrames;
                double lastS = _speaker.Log[block].AtS - Speaker.LatencyS
                    + (last % Speaker.BlockFrames) / (double)Speaker.OutputHz;
                silentMs = (lastS - _watcher.InterruptedS) * 1000;
            }
            json.Name("silent_after_ms").Number(silentMs);
            string file = Environment.GetEnvironmentVariable("VOICE_AVATAR_HEARD");
            if (!string.IsNullOrEmpty(file))
            {
                byte[] pcm = new byte[2 * heard.Count];
                Pcm16.FromFloats(heard.ToArray(), 0, pcm, 0, heard.Count);
                File.WriteAllBytes(file, pcm);
            }
        }
    }
}
