using System;
using System.Collections.Generic;
using System.Linq;

namespace VoiceAvatar.Console
{
    /// <summary>Notes what the server tells and what the avatar shows.</summary>
    internal sealed class Watcher : ServerMessageSink
    {
        private long _doneReply;

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
        public double CutAtS = -1;
        public double ResumeGapMs = -1;
        public double ShutMouthMs = -1;

        /// <summary>One frame of the display.</summary>
        public void Frame(AvatarSession session, double nowS)
        {
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
            ResumeGapMs = Math.Max(ResumeGapMs, (Monotonic.NowS - CutAtS) * 1000);
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
    }
}
