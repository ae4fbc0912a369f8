#pragma warning disable 1591 // one method for each message of the server

namespace VoiceAvatar
{
    /// <summary>Takes the messages of the server; what is not overridden is passed over.</summary>
    public abstract class ServerMessageSink
    {
        public virtual void On(in SessionReady message) { }

        public virtual void On(in SessionResumed message) { }

        public virtual void On(in SessionUpdated message) { }

        public virtual void On(in SessionGoAway message) { }

        public virtual void On(in StateChanged message) { }

        public virtual void On(in SpeechStarted message) { }

        public virtual void On(in SpeechStopped message) { }

        public virtual void On(in TranscriptInterim message) { }

        public virtual void On(in TranscriptFinal message) { }

        public virtual void On(in TurnEnded message) { }

        public virtual void On(in TurnDropped message) { }

        public virtual void On(in ReplyStarted message) { }

        public virtual void On(in ReplyText message) { }

        public virtual void On(in ReplySegment message) { }

        public virtual void On(in VisemeKeys message) { }

        public virtual void On(in Face message) { }

        public virtual void On(in Gesture message) { }

        public virtual void On(in Head message) { }

        public virtual void On(in Gaze message) { }

        public virtual void On(in Body message) { }

        public virtual void On(in ReplyAudioDone message) { }

        public virtual void On(in ReplyPaused message) { }

        public virtual void On(in ReplyResumed message) { }

        public virtual void On(in ReplyInterrupted message) { }

        public virtual void On(in ReplyDone message) { }

        public virtual void On(in ToolCall message) { }

        public virtual void On(in ToolCancelled message) { }

        public virtual void On(in Metrics message) { }

        public virtual void On(in Warning message) { }

        public virtual void On(in ServerError message) { }

        public virtual void On(in ClockPong message) { }
    }
}
