using System;
using System.Threading;

namespace VoiceAvatar.Tests
{
    public static class RingTests
    {
        [Test]
        public static void samples_come_out_in_order_over_the_edge()
        {
            FloatRing ring = new FloatRing(5);
            Check.Same(8, ring.Capacity);
            float[] read = new float[8];
            Check.Same(6, ring.Write(new float[] { 1, 2, 3, 4, 5, 6 }, 0, 6));
            Check.Same(4, ring.Read(read, 0, 4));
            Check.Same(6, ring.Write(new float[] { 7, 8, 9, 10, 11, 12, 13 }, 0, 7), "what fits");
            Check.Same(8, ring.Available);
            Check.Same(6f, ring.Peek(1));
            ring.Skip(1);
            Check.Same(7, ring.Read(read, 0, 8));
            Check.Same(new float[] { 6, 7, 8, 9, 10, 11, 12, 0 }, read);
            Check.Same(12L, ring.Consumed);
            Check.Same(0, ring.Read(read, 0, 1));
        }

        [Test]
        public static void sizes_out_of_range_are_refused()
        {
            Check.Throws<ArgumentOutOfRangeException>(() => new FloatRing(0));
            Check.Throws<ArgumentOutOfRangeException>(() => new FloatRing(int.MaxValue));
        }

        [Test]
        public static void two_threads_lose_and_repeat_nothing()
        {
            const int total = 3000000;
            FloatRing ring = new FloatRing(4096);
            Thread writer = new Thread(() =>
            {
                Random random = new Random(6);
                float[] block = new float[700];
                int at = 0;
                while (at < total)
                {
                    int count = Math.Min(random.Next(1, block.Length), total - at);
                    for (int i = 0; i < count; i++)
                    {
                        block[i] = (at + i) % 65521;
                    }
                    int sent = 0;
                    while (sent < count)
                    {
                        int taken = ring.Write(block, sent, count - sent);
                        sent += taken;
                        if (taken == 0)
                        {
                            Thread.Yield();
                        }
                    }
                    at += count;
                }
            });
            writer.Start();
            float[] read = new float[512];
            int wrong = 0;
            int got = 0;
            while (got < total)
            {
                int count = ring.Read(read, 0, read.Length);
                for (int i = 0; i < count; i++)
                {
                    wrong += read[i] == (got + i) % 65521 ? 0 : 1;
                }
                got += count;
                if (count == 0)
                {
                    Thread.Yield();
                }
            }
            writer.Join();
            Check.Same(0, wrong);
            Check.Same(0, ring.Available);
        }
    }
}
