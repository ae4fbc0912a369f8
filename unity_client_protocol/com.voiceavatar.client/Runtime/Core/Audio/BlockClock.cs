using System;
using System.Threading;

namespace VoiceAvatar
{
    /// <summary>
    /// One block of the sound device. Until `BeginsS` the position stands at `From`, then it moves evenly,
    /// and from `EndsS` on it stands at `To`: within a block a reply may begin, run empty or be paused.
    /// </summary>
    public struct SoundBlock
    {
        /// <summary>Position before its first sample.</summary>
        public double From;

        /// <summary>Position after its last sample.</summary>
        public double To;

        /// <summary>When the position begins to move, seconds from the block's start.</summary>
        public double BeginsS;

        /// <summary>When it stands again, seconds from the block's start.</summary>
        public double EndsS;

        /// <summary>How long the device plays it, silence included, seconds.</summary>
        public double LengthS;

        /// <summary>Returns the position at a time after the block's start.</summary>
        public double PositionAt(double sinceS)
        {
            if (sinceS <= BeginsS)
            {
                return From;
            }
            return sinceS >= EndsS ? To : From + (To - From) * (sinceS - BeginsS) / (EndsS - BeginsS);
        }
    }

    /// <summary>
    /// Remembers which position was handed to the sound device when, so that one can ask what it was given
    /// one latency ago: that is what is heard. The sound thread notes blocks and never waits; any other
    /// thread asks, and asks again if a block came meanwhile (a sequence lock).
    /// </summary>
    public sealed class BlockClock
    {
        /// <summary>Blocks that are remembered: 0.68 s of the shortest in use (128 samples at 48 kHz), and
        /// no headset's latency is as long.</summary>
        private const int Kept = 256;

        /// <summary>By which share of a block the line of blocks may grow later with each: far more than
        /// the clocks of two chips differ (0.0001), far less than threads jitter.</summary>
        private const double Drift = 0.001;

        private readonly SoundBlock[] _blocks = new SoundBlock[Kept];
        private readonly double[] _startsS = new double[Kept];
        private int _version;
        private int _count; // blocks so far; wraps round after months
        private double _latencyS;

        /// <summary>Delay of the sound device, seconds: from a block's start to when it is heard. Any thread.</summary>
        public double LatencyS
        {
            get { return Volatile.Read(ref _latencyS); }
            set { Volatile.Write(ref _latencyS, value); }
        }

        /// <summary>
        /// A block was handed to the device; the sound thread. Devices play evenly but ask in bursts and
        /// late, never early: the line through the earliest ones is when blocks really begin. A block that
        /// is later than the device can wait for follows a hole in the sound, and the line begins anew.
        /// </summary>
        /// <param name="block">what it holds.</param>
        /// <param name="nowS">when it was asked for, seconds.</param>
        public void Note(in SoundBlock block, double nowS)
        {
            double startS = nowS;
            if (_count != 0)
            {
                int last = (_count - 1) & (Kept - 1);
                double lengthS = _blocks[last].LengthS;
                double dueS = _startsS[last] + lengthS;
                double lateS = nowS - dueS;
                if (lateS > 0 && lateS < Math.Max(LatencyS, lengthS))
                {
                    startS = dueS + Math.Min(lateS, Drift * lengthS);
                }
            }
            Interlocked.Increment(ref _version);
            int at = _count & (Kept - 1);
            _blocks[at] = block;
            _startsS[at] = startS;
            _count++;
            Interlocked.Increment(ref _version);
        }

        /// <summary>Returns the position that is heard at a time; 0 before the first block.</summary>
        public double HeardAt(double nowS)
        {
            double givenS = nowS - LatencyS;
            while (true)
            {
                int version = Volatile.Read(ref _version);
                double position = Find(givenS);
                Interlocked.MemoryBarrier();
                if ((version & 1) == 0 && version == Volatile.Read(ref _version))
                {
                    return position;
                }
            }
        }

        /// <summary>Looks back from the newest block; of what is not remembered it gives the oldest.</summary>
        private double Find(double timeS)
        {
            double position = 0;
            int kept = _count < 0 ? Kept : Math.Min(_count, Kept);
            for (int back = 1; back <= kept; back++)
            {
                int at = (_count - back) & (Kept - 1);
                double sinceS = timeS - _startsS[at];
                position = _blocks[at].PositionAt(sinceS);
                if (sinceS >= 0)
                {
                    break;
                }
            }
            return position;
        }
    }
}
