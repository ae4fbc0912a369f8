using System;

namespace VoiceAvatar
{
    /// <summary>
    /// Blinks and breath, by the numbers of `session.ready.autonomic`. Blinks come at intervals like
    /// those of chance, which is given. Allocates nothing.
    /// </summary>
    public sealed class AutonomicMotion
    {
        private readonly Func<double> _chance;
        private Autonomic _body;
        private double _nextBlinkS = double.NegativeInfinity;
        private double _blinkS = double.NegativeInfinity;
        private double _breath;
        private double _lastS;

        /// <summary>Makes a body at rest.</summary>
        /// <param name="chance">gives numbers 0..1.</param>
        public AutonomicMotion(Func<double> chance)
        {
            _chance = chance;
            Take(default(Autonomic));
        }

        /// <summary>How closed the lids are, 0..1.</summary>
        public float Lids { get; private set; }

        /// <summary>How full the chest is, 0..1.</summary>
        public float Breath { get; private set; }

        /// <summary>
        /// Takes what the server says; where it says nothing: 17 blinks a minute at rest, 26 talking
        /// (Bentivoglio 1997), closing in 85 ms and opening in 150, a breath every 4 s.
        /// </summary>
        public void Take(in Autonomic body)
        {
            _body = body;
            if (!body.IsGiven)
            {
                _body.BlinksAtRestPerMin = 17;
                _body.BlinksTalkingPerMin = 26;
                _body.BlinkCloseMs = 85;
                _body.BlinkOpenMs = 150;
                _body.BreathHz = 0.25;
                _body.Energy = 0.5f;
            }
        }

        /// <summary>Moves on.</summary>
        public void Update(double nowS, bool isTalking)
        {
            double perMin = isTalking ? _body.BlinksTalkingPerMin : _body.BlinksAtRestPerMin;
            if (double.IsNegativeInfinity(_nextBlinkS))
            {
                _nextBlinkS = nowS + Interval(perMin);
                _lastS = nowS;
            }
            if (nowS >= _nextBlinkS)
            {
                _blinkS = nowS;
                _nextBlinkS = nowS + Interval(perMin);
            }
            double sinceMs = (nowS - _blinkS) * 1000;
            float closed = Timing.Share(sinceMs, 0, _body.BlinkCloseMs);
            float open = Timing.Share(
                sinceMs, _body.BlinkCloseMs, _body.BlinkCloseMs + _body.BlinkOpenMs);
            Lids = double.IsInfinity(sinceMs) ? 0 : Timing.Smooth(closed) * (1 - Timing.Smooth(open));
            _breath += (nowS - _lastS) * _body.BreathHz;
            _lastS = nowS;
            Breath = (float)(0.5 - 0.5 * Math.Cos(2 * Math.PI * _breath));
        }

        /// <summary>Exponential, as blinks of chance are; never within half a second of the last.</summary>
        private double Interval(double perMin)
        {
            double meanS = 60 / Math.Max(1, perMin);
            return Math.Max(0.5, -Math.Log(Math.Max(1e-6, 1 - _chance())) * meanS);
        }
    }
}
