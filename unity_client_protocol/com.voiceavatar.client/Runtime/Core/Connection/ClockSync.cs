namespace VoiceAvatar
{
    /// <summary>
    /// Estimates the server's clock from pings, as NTP does: the exchange with the smallest round trip
    /// among the newest counts, the first of equals. For measuring only. Allocates nothing.
    /// </summary>
    public sealed class ClockSync
    {
        /// <summary>Exchanges that are kept: at one a second, a minute of drift is forgotten.</summary>
        public const int Kept = 64;

        private readonly double[] _roundTripsMs = new double[Kept];
        private readonly double[] _offsetsMs = new double[Kept];
        private int _count;

        /// <summary>Whether there was an exchange.</summary>
        public bool IsKnown
        {
            get { return _count > 0; }
        }

        /// <summary>Smallest round trip of the newest exchanges, milliseconds; 0 before the first.</summary>
        public double RoundTripMs
        {
            get { return IsKnown ? _roundTripsMs[Best()] : 0; }
        }

        /// <summary>Server's clock minus the client's, milliseconds; 0 before the first exchange.</summary>
        public double OffsetMs
        {
            get { return IsKnown ? _offsetsMs[Best()] : 0; }
        }

        /// <summary>Takes a pong.</summary>
        /// <param name="t0Ms">ping sent, client's clock.</param>
        /// <param name="t1Ms">ping arrived, server's clock.</param>
        /// <param name="t2Ms">pong sent, server's clock.</param>
        /// <param name="t3Ms">pong arrived, client's clock.</param>
        /// <returns>the round trip, milliseconds.</returns>
        public double Add(double t0Ms, double t1Ms, double t2Ms, double t3Ms)
        {
            int at = _count++ % Kept;
            _roundTripsMs[at] = (t3Ms - t0Ms) - (t2Ms - t1Ms);
            _offsetsMs[at] = ((t1Ms - t0Ms) + (t2Ms - t3Ms)) / 2;
            return _roundTripsMs[at];
        }

        private int Best()
        {
            int best = 0;
            for (int i = 1; i < System.Math.Min(_count, Kept); i++)
            {
                best = _roundTripsMs[i] < _roundTripsMs[best] ? i : best;
            }
            return best;
        }
    }
}
