using System;
using System.Threading;

namespace VoiceAvatar
{
    /// <summary>
    /// Where playback is between two blocks of the sound device. The sound thread says what each block
    /// took; any other thread asks. A sequence lock: the writer never waits, a reader tries again.
    /// </summary>
    public sealed class BlockClock
    {
        private int _version;
        private long _from;
        private long _to;
        private double _atS;
        private double _lengthS;

        /// <summary>A block was handed to the device; the sound thread.</summary>
        /// <param name="from">position of its first sample.</param>
        /// <param name="to">position after its last sample.</param>
        /// <param name="nowS">when, seconds.</param>
        /// <param name="lengthS">how long the device plays it, seconds.</param>
        public void Block(long from, long to, double nowS, double lengthS)
        {
            Interlocked.Increment(ref _version);
            _from = from;
            _to = to;
            _atS = nowS;
            _lengthS = lengthS;
            Interlocked.Increment(ref _version);
        }

        /// <summary>Returns the position at a time, samples; within a block it moves evenly.</summary>
        public double PositionAt(double nowS)
        {
            while (true)
            {
                int version = Volatile.Read(ref _version);
                long from = _from;
                long to = _to;
                double atS = _atS;
                double lengthS = _lengthS;
                Interlocked.MemoryBarrier();
                if ((version & 1) == 0 && version == Volatile.Read(ref _version))
                {
                    double share = lengthS > 0 ? (nowS - atS) / lengthS : 1;
                    return from + (to - from) * Math.Max(0, Math.Min(1, share));
                }
            }
        }
    }
}
