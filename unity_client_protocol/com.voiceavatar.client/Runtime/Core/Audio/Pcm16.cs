namespace VoiceAvatar
{
    /// <summary>Signed 16-bit little-endian samples, and floats of -1..1. Allocates nothing.</summary>
    public static class Pcm16
    {
        private const float FullScale = 32768f;

        /// <summary>Reads samples into floats.</summary>
        /// <param name="source">holds the bytes.</param>
        /// <param name="sourceOffset">byte at which they begin.</param>
        /// <param name="target">takes the samples.</param>
        /// <param name="targetOffset">sample at which they go.</param>
        /// <param name="count">samples.</param>
        public static void ToFloats(byte[] source, int sourceOffset, float[] target, int targetOffset, int count)
        {
            for (int i = 0; i < count; i++)
            {
                int at = sourceOffset + 2 * i;
                short sample = (short)(source[at] | (source[at + 1] << 8));
                target[targetOffset + i] = sample / FullScale;
            }
        }

        /// <summary>Writes floats as samples, cut to full scale; NaN becomes 0.</summary>
        public static void FromFloats(float[] source, int sourceOffset, byte[] target, int targetOffset, int count)
        {
            for (int i = 0; i < count; i++)
            {
                float scaled = source[sourceOffset + i] * FullScale;
                int sample = 0;
                if (scaled >= 32767f)
                {
                    sample = 32767;
                }
                else if (scaled <= -FullScale)
                {
                    sample = -32768;
                }
                else if (!float.IsNaN(scaled))
                {
                    sample = (int)System.Math.Round(scaled);
                }
                target[targetOffset + 2 * i] = (byte)sample;
                target[targetOffset + 2 * i + 1] = (byte)(sample >> 8);
            }
        }
    }
}
