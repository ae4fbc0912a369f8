namespace VoiceAvatar
{
    /// <summary>Arithmetic on stretches of time.</summary>
    internal static class Timing
    {
        /// <summary>How much of a stretch has gone by, 0..1; of one without length, all.</summary>
        internal static float Share(double tMs, double fromMs, double toMs)
        {
            if (tMs < fromMs)
            {
                return 0f;
            }
            return tMs >= toMs ? 1f : (float)((tMs - fromMs) / (toMs - fromMs));
        }

        /// <summary>A share that starts and stops softly.</summary>
        internal static float Smooth(float share)
        {
            return share * share * (3 - 2 * share);
        }
    }
}
