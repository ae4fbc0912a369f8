namespace VoiceAvatar
{
    /// <summary>What each message of the server does to the session.</summary>
    public sealed partial class AvatarSession
    {
        // -- messages of the connection

        /// <inheritdoc/>
        public override void On(in SessionReady message)
        {
            if (SessionId.Length > 0)
            {
                StopReply("", _nowS);
            }
            _rules.Reset();
            _rules.TakesText(_reader.Envelope.Seq);
            SessionId = message.SessionId;
            Microphone = new MicrophoneStream(message.AudioIn.RateHz);
            Performance.UseVisemes(message.Settings.Visemes);
            Do(_machine.Ready(TicketOf(SessionId, message.Resume), _nowS), _nowS);
        }

        /// <inheritdoc/>
        public override void On(in SessionResumed message)
        {
            Do(_machine.Resumed(TicketOf(SessionId, message.Resume), _nowS), _nowS);
            _microphone.Again(_sendFrame);
        }

        /// <inheritdoc/>
        public override void On(in SessionUpdated message)
        {
            if (message.Settings.VisemeSet.Length > 0
                && message.Settings.Visemes.Length != Performance.VisemeNames.Length)
            {
                Performance.UseVisemes(message.Settings.Visemes);
            }
        }

        /// <inheritdoc/>
        public override void On(in SessionGoAway message)
        {
            Do(_machine.GoAway(message.ReconnectInMs / 1000, _nowS), _nowS);
        }

        /// <inheritdoc/>
        public override void On(in StateChanged message)
        {
            Conversation = message.State;
            Performance.Body.StateChanged(_nowS);
        }

        /// <inheritdoc/>
        public override void On(in ClockPong message)
        {
            Clock.Add(message.T0Ms, message.T1Ms, message.T2Ms, _arrivedS * 1000);
        }

        /// <inheritdoc/>
        public override void On(in Body message)
        {
            Performance.Body.Add(message, _nowS);
        }

        // -- messages of a reply

        /// <inheritdoc/>
        public override void On(in ReplyStarted message)
        {
            if (Counts(_rules.Begins(message.ReplyId)))
            {
                Playout.Begin(message.ReplyId, message.RateHz);
                Performance.Begin();
            }
        }

        /// <inheritdoc/>
        public override void On(in ReplyText message)
        {
            if (Counts(_rules.Takes(message.ReplyId)))
            {
                Performance.Captions.Add(message);
            }
        }

        /// <inheritdoc/>
        public override void On(in ReplySegment message)
        {
            if (Counts(_rules.Takes(message.ReplyId)))
            {
                Performance.Captions.Add(message);
            }
        }

        /// <inheritdoc/>
        public override void On(in VisemeKeys message)
        {
            if (Counts(_rules.Takes(message.ReplyId)))
            {
                Performance.Add(message);
            }
        }

        /// <inheritdoc/>
        public override void On(in Face message)
        {
            if (Counts(_rules.Takes(message.ReplyId)))
            {
                Performance.Add(message);
            }
        }

        /// <inheritdoc/>
        public override void On(in Gesture message)
        {
            if (Counts(_rules.Takes(message.ReplyId)))
            {
                Performance.Add(message);
            }
        }

        /// <inheritdoc/>
        public override void On(in Head message)
        {
            if (Counts(_rules.Takes(message.ReplyId)))
            {
                Performance.Add(message);
            }
        }

        /// <inheritdoc/>
        public override void On(in Gaze message)
        {
            if (Counts(_rules.Takes(message.ReplyId)))
            {
                Performance.Add(message);
            }
        }

        /// <inheritdoc/>
        public override void On(in ReplyAudioDone message)
        {
            if (Counts(_rules.Takes(message.ReplyId)))
            {
                Playout.EndsAt(message.SampleCount);
            }
        }

        /// <inheritdoc/>
        public override void On(in ReplyPaused message)
        {
            if (Counts(_rules.Takes(message.ReplyId)))
            {
                Playout.Pause();
            }
        }

        /// <inheritdoc/>
        public override void On(in ReplyResumed message)
        {
            if (Counts(_rules.Takes(message.ReplyId)))
            {
                Playout.Resume();
            }
        }

        /// <inheritdoc/>
        public override void On(in ReplyInterrupted message)
        {
            if (Counts(_rules.Interrupts(message.ReplyId)))
            {
                StopReply(message.SpokenText, _nowS);
            }
        }

        /// <inheritdoc/>
        public override void On(in ReplyDone message)
        {
            if (Counts(_rules.Ends(message.ReplyId)))
            {
                Playout.EndsHere();
            }
        }

        /// <summary>Notes whether a message counts, for the listener too.</summary>
        private bool Counts(bool isOfLiveReply)
        {
            _counts = isOfLiveReply;
            return isOfLiveReply;
        }
    }
}
