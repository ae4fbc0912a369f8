namespace VoiceAvatar
{
    /// <summary>What each message of the server does to the session; only those that count come here.</summary>
    public sealed partial class AvatarSession
    {
        // -- messages of the connection

        /// <inheritdoc/>
        public override void On(in SessionReady message)
        {
            if (SessionId.Length > 0)
            {
                StopReply(null, _nowS);
                Playout.Forget();
            }
            _rules.Reset();
            _rules.TakesText(_reader.Envelope.Seq);
            SessionId = message.SessionId;
            _isOpenTold = null;
            Microphone = new MicrophoneStream(message.AudioIn.RateHz);
            Performance.UseVisemes(message.Settings.Visemes);
            Do(_machine.Ready(TicketOf(SessionId, message.Resume), _nowS), _nowS);
        }

        /// <inheritdoc/>
        public override void On(in SessionResumed message)
        {
            Do(_machine.Resumed(TicketOf(SessionId, message.Resume), _nowS), _nowS);
            if (_isOpenTold.HasValue)
            {
                OpenMicrophone(_isOpenTold.Value); // it may not have come; said twice it changes nothing
            }
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
            Playout.Begin(message.ReplyId, message.RateHz);
            Performance.Begin();
        }

        /// <inheritdoc/>
        public override void On(in ReplyText message)
        {
            Performance.Captions.Add(message);
        }

        /// <inheritdoc/>
        public override void On(in ReplySegment message)
        {
            Performance.Captions.Add(message);
        }

        /// <inheritdoc/>
        public override void On(in VisemeKeys message)
        {
            Performance.Add(message);
        }

        /// <inheritdoc/>
        public override void On(in Face message)
        {
            Performance.Add(message);
        }

        /// <inheritdoc/>
        public override void On(in Gesture message)
        {
            Performance.Add(message);
        }

        /// <inheritdoc/>
        public override void On(in Head message)
        {
            Performance.Add(message);
        }

        /// <inheritdoc/>
        public override void On(in Gaze message)
        {
            Performance.Add(message);
        }

        /// <inheritdoc/>
        public override void On(in ReplyAudioDone message)
        {
            Playout.EndsAt(message.SampleCount);
        }

        /// <inheritdoc/>
        public override void On(in ReplyPaused message)
        {
            Playout.Pause();
        }

        /// <inheritdoc/>
        public override void On(in ReplyResumed message)
        {
            Playout.Resume();
        }

        /// <inheritdoc/>
        public override void On(in ReplyInterrupted message)
        {
            StopReply(message.SpokenText, _nowS);
        }

        /// <inheritdoc/>
        public override void On(in ReplyDone message)
        {
            Playout.EndsHere();
        }
    }
}
