using System;
using System.Collections.Generic;
using System.Linq;

namespace VoiceAvatar.Console
{
    /// <summary>Notes what the server tells and what the avatar shows.</summary>
    internal sealed class Watcher : ServerMessageSink
    {
        private long _doneReply;
        private double _cutAtS;
        private long _receivedBefore = -1; // samples that had come when the line was cut; -1 = audio is back

        public readonly HashSet<string> Gestures = new HashSet<string>();
        public int Readies;
        public bool CanResume;
        public int Done;
        public long Words;
        public long SampleCount = -1;
        public string Transcript = "";
        public string Text = "";
        public string SpokenText = "";
        public string Status = "";
        public double InterruptedS = -1;
        public double OverS = -1;
        public readonly List<double> ResumeMs = new List<double>();
        public readonly List<double> AudioBackMs = new List<double>();
        public double ShutMouthMs = -1;

        /// <summary>The line is cut now.</summary>
        public void Cut(AvatarSession session, double nowS)
        {
            _cutAtS = nowS;
            _receivedBefore = Received(session);
        }

        /// <summary>One frame of the display.</summary>
        public void Frame(AvatarSession session, double nowS)
        {
            if (_receivedBefore >= 0 && Received(session) > _receivedBefore)
            {
                AudioBackMs.Add((nowS - _cutAtS) * 1000);
                _receivedBefore = -1;
            }
            for (int i = 0; i < session.Performance.GestureCount; i++)
            {
                Gestures.Add(session.Performance.Gestures[i].Gesture.Lexeme);
            }
            bool isShut = session.Performance.Mouth.Skip(1).All(weight => weight < 0.01f);
            if (InterruptedS > 0 && ShutMouthMs < 0 && isShut)
            {
                ShutMouthMs = (nowS - InterruptedS) * 1000;
            }
        }

        public override void On(in SessionReady message)
        {
            Readies++;
            CanResume = !string.IsNullOrEmpty(message.Resume.Token);
        }

        public override void On(in SessionResumed message)
        {
            if (_cutAtS > 0)
            {
                ResumeMs.Add((Monotonic.NowS - _cutAtS) * 1000);
            }
        }

        public override void On(in TranscriptFinal message) { Transcript = message.Text; }

        public override void On(in ReplyStarted message) { Text = ""; Words = 0; }

        public override void On(in ReplyText message) { Text += message.Text; }

        public override void On(in ReplySegment message) { Words += message.Words.Length; }

        public override void On(in ReplyAudioDone message) { SampleCount = message.SampleCount; }

        public override void On(in ReplyInterrupted message)
        {
            InterruptedS = Monotonic.NowS;
        }

        public override void On(in ReplyDone message)
        {
            Done += message.ReplyId > _doneReply ? 1 : 0;
            _doneReply = message.ReplyId;
            Status = message.Status.ToString().ToLowerInvariant();
            SpokenText = message.SpokenText;
        }

        /// <summary>Samples of the reply that have come, played or not.</summary>
        private static long Received(AvatarSession session)
        {
            return session.Playback.PlayedSamples + session.Playback.BufferedSamples;
        }
    }
}
