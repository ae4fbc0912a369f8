using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("LayerTests")]

namespace VoiceAvatar
{
    /// <summary>The clock of everything here: it only goes forward, and any thread may read it.</summary>
    public static class Monotonic
    {
        /// <summary>Seconds since some moment.</summary>
        public static double NowS
        {
            get
            {
                Func<double> other = Other;
                return other == null ? Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency : other();
            }
        }

        /// <summary>The time of a test, in which a second need not last one; null = the system's clock.</summary>
        internal static Func<double> Other { get; set; }
    }
}
