using System.Diagnostics;

namespace VoiceAvatar
{
    /// <summary>The clock of everything here: it only goes forward, and any thread may read it.</summary>
    public static class Monotonic
    {
        /// <summary>Seconds since some moment.</summary>
        public static double NowS
        {
            get { return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency; }
        }
    }
}
