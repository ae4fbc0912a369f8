namespace VoiceAvatar
{
    /// <summary>Decides when a playback.report is due: on every change, and every 200 ms. Pure.</summary>
    public sealed class PlaybackReporter
    {
        /// <summary>Time between two reports while a reply plays (PROTOCOL.md, section 6), seconds.</summary>
        public const double IntervalS = 0.2;

        private const double Slack = 1e-9;

        private long _replyId;
        private PlaybackState? _state;
        private double _lastS;
        private bool _isAsked;

        /// <summary>The next report is due at once, whatever was reported: after a resume.</summary>
        public void Ask()
        {
            _isAsked = true;
        }

        /// <summary>Returns whether a report is due, and which.</summary>
        public bool IsDue(in PlayoutView view, double latencyMs, double nowS, out PlaybackReport report)
        {
            report = default(PlaybackReport);
            if (view.ReplyId != _replyId)
            {
                _replyId = view.ReplyId;
                _state = null;
            }
            if (view.ReplyId == 0 || view.State == null)
            {
                _isAsked = _isAsked && view.ReplyId != 0;
                return false;
            }
            bool isChange = view.State != _state;
            bool isTime = view.State == PlaybackState.Playing && nowS - _lastS >= IntervalS - Slack;
            if (!isChange && !isTime && !_isAsked)
            {
                return false;
            }
            bool isFirst = _state == null && view.State == PlaybackState.Playing;
            _state = view.State;
            _lastS = nowS;
            _isAsked = false;
            report = new PlaybackReport
            {
                ReplyId = view.ReplyId,
                State = isFirst ? PlaybackState.Started : view.State.Value,
                PlayedSamples = view.PlayedSamples,
                BufferedMs = view.BufferedSamples * 1000.0 / view.RateHz,
                OutputLatencyMs = latencyMs,
                ClientMs = nowS * 1000,
            };
            return true;
        }
    }
}
