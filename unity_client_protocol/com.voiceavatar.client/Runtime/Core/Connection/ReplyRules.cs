namespace VoiceAvatar
{
    /// <summary>Where a frame of reply audio belongs.</summary>
    public struct AudioPlace
    {
        /// <summary>Whether it belongs to the live reply and is no repeat.</summary>
        public bool IsTaken;

        /// <summary>Samples that are missing before it, to be played as silence.</summary>
        public long GapSamples;

        /// <summary>Its leading samples that came already, to be left out.</summary>
        public int SkipSamples;

        /// <summary>Its samples to be played.</summary>
        public int PlaySamples;
    }

    /// <summary>
    /// What of a session's frames counts and what is stale (PROTOCOL.md, section 6 and Resuming a
    /// session). Pure.
    /// </summary>
    public sealed class ReplyRules
    {
        private FrameOrder _order;
        private long _expected;

        /// <summary>The newest reply; 0 before the first.</summary>
        public long Newest { get; private set; }

        /// <summary>Whether cues and audio of it are still taken.</summary>
        public bool IsLive { get; private set; }

        /// <summary>Highest `seq` of the text frames that were taken; -1 before the first.</summary>
        public long LastSeq { get; private set; } = -1;

        /// <summary>A new session began: numbers begin anew.</summary>
        public void Reset()
        {
            Newest = 0;
            IsLive = false;
            LastSeq = -1;
            _expected = 0;
            _order = default(FrameOrder);
        }

        /// <summary>
        /// Whether a text frame counts: it is new, and of the live reply if it names one. What it says of
        /// that reply, that it begins or is over, is noted.
        /// </summary>
        public bool Counts(in Envelope envelope)
        {
            switch (envelope.Type)
            {
                case "session.ready": // begins numbers of its own
                case "session.resumed": // has none
                    return true;
                case "reply.started":
                    return TakesText(envelope.Seq) && Begins(envelope.ReplyId);
                case "reply.interrupted":
                    return TakesText(envelope.Seq) && Interrupts(envelope.ReplyId);
                case "reply.done":
                    return TakesText(envelope.Seq) && Ends(envelope.ReplyId);
                case "metrics": // may come after the end
                    return TakesText(envelope.Seq);
                default:
                    return TakesText(envelope.Seq) && (!envelope.IsOfReply || Takes(envelope.ReplyId));
            }
        }

        /// <summary>Whether a text frame is new; false for one that was sent again after a resume.</summary>
        public bool TakesText(long seq)
        {
            if (seq <= LastSeq)
            {
                return false;
            }
            LastSeq = seq;
            return true;
        }

        /// <summary>Whether a reply.started begins a reply.</summary>
        public bool Begins(long replyId)
        {
            if (replyId <= Newest)
            {
                return false;
            }
            Newest = replyId;
            IsLive = true;
            _expected = 0;
            _order = default(FrameOrder);
            return true;
        }

        /// <summary>Whether a cue or caption belongs to the live reply.</summary>
        public bool Takes(long replyId)
        {
            return IsLive && replyId == Newest;
        }

        /// <summary>Whether a reply.interrupted cuts the live reply; nothing of it is taken then.</summary>
        public bool Interrupts(long replyId)
        {
            bool isLive = Takes(replyId);
            IsLive = IsLive && !isLive;
            return isLive;
        }

        /// <summary>Whether a reply.done ends the newest reply.</summary>
        public bool Ends(long replyId)
        {
            if (replyId != Newest)
            {
                return false;
            }
            IsLive = false;
            return true;
        }

        /// <summary>Finds the place of a frame of PCM16.</summary>
        public AudioPlace Place(in FrameHeader header, int samples)
        {
            AudioPlace place = default(AudioPlace);
            bool isOfLive = IsLive && header.Kind == FrameKind.AudioOut
                && header.Stream == (ushort)(Newest & 0xFFFF);
            if (!isOfLive || !_order.Accepts(header.Seq))
            {
                return place;
            }
            place.IsTaken = true;
            long end = header.Pts + samples;
            if (header.Pts > _expected)
            {
                place.GapSamples = header.Pts - _expected;
                _expected = header.Pts;
            }
            if (end > _expected)
            {
                place.SkipSamples = (int)(_expected - header.Pts);
                place.PlaySamples = (int)(end - _expected);
                _expected = end;
            }
            return place;
        }
    }
}
