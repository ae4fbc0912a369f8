using System;
using System.Threading;

namespace VoiceAvatar
{
    /// <summary>
    /// A ring of samples between exactly one writing and one reading thread, without locks and
    /// without allocation. Positions count samples since the start and never go back.
    /// </summary>
    public sealed class FloatRing
    {
        private readonly float[] _samples;
        private readonly int _mask;
        private long _written; // moved by the writer alone
        private long _read; // moved by the reader alone

        /// <summary>Makes an empty ring.</summary>
        /// <param name="leastCapacity">samples that must fit; rounded up to a power of two.</param>
        public FloatRing(int leastCapacity)
        {
            if (leastCapacity < 1 || leastCapacity > 1 << 28)
            {
                throw new ArgumentOutOfRangeException("leastCapacity", "1..2^28 samples");
            }
            int capacity = 1;
            while (capacity < leastCapacity)
            {
                capacity <<= 1;
            }
            _samples = new float[capacity];
            _mask = capacity - 1;
        }

        /// <summary>Samples that fit.</summary>
        public int Capacity
        {
            get { return _samples.Length; }
        }

        /// <summary>Samples written so far. Any thread.</summary>
        public long Written
        {
            get { return Volatile.Read(ref _written); }
        }

        /// <summary>Samples read so far. Any thread.</summary>
        public long Consumed
        {
            get { return Volatile.Read(ref _read); }
        }

        /// <summary>Samples that can be read now. Exact on the reading thread, else a lower bound.</summary>
        public int Available
        {
            get { return (int)Math.Max(0, Written - Consumed); }
        }

        /// <summary>Writes samples; the writing thread.</summary>
        /// <returns>how many fitted, from the first on.</returns>
        public int Write(float[] source, int offset, int count)
        {
            long written = _written;
            int free = _samples.Length - (int)(written - Volatile.Read(ref _read));
            int taken = Math.Min(count, free);
            int at = (int)(written & _mask);
            int first = Math.Min(taken, _samples.Length - at);
            Array.Copy(source, offset, _samples, at, first);
            Array.Copy(source, offset + first, _samples, 0, taken - first);
            Volatile.Write(ref _written, written + taken);
            return taken;
        }

        /// <summary>Reads samples; the reading thread.</summary>
        /// <returns>how many there were.</returns>
        public int Read(float[] target, int offset, int count)
        {
            long read = _read;
            int taken = Math.Min(count, (int)(Volatile.Read(ref _written) - read));
            int at = (int)(read & _mask);
            int first = Math.Min(taken, _samples.Length - at);
            Array.Copy(_samples, at, target, offset, first);
            Array.Copy(_samples, 0, target, offset + first, taken - first);
            Volatile.Write(ref _read, read + taken);
            return taken;
        }

        /// <summary>A sample that is still to be read, 0 = the next; the reading thread.</summary>
        public float Peek(int ahead)
        {
            return _samples[(int)((_read + ahead) & _mask)];
        }

        /// <summary>Passes samples over; the reading thread. `count` must be available.</summary>
        public void Skip(int count)
        {
            Volatile.Write(ref _read, _read + count);
        }
    }
}
