using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace VoiceAvatar.Tests
{
    /// <summary>Which sample is heard: the one that the device was given one latency ago.</summary>
    public static class HeardTests
    {
        private const int Hz = 24000;
        private const int Frames = 240; // blocks of 10 ms
        private const double BlockS = 0.01;
        private const double LatencyS = 0.05;

        /// <summary>A device of 24 kHz that plays what it is given 50 ms later, and its own log of that.</summary>
        private sealed class Device
        {
            private readonly List<double> _given = new List<double>(); // the reply's sample in each frame; NaN = none
            private readonly float[] _block = new float[Frames];

            public readonly Playout Playout = new Playout(default(PlayoutOptions), 4 * Hz);

            public double NowS
            {
                get { return _given.Count / (double)Hz; }
            }

            /// <summary>Reply `id` begins with so many samples; sample i has the value i + 1.</summary>
            public void Begin(long id, int samples)
            {
                Playout.Begin(id, Hz);
                Add(0, samples);
            }

            public void Add(int from, int samples)
            {
                byte[] pcm = new byte[2 * samples];
                for (int i = 0; i < samples; i++)
                {
                    pcm[2 * i] = (byte)(from + i + 1);
                    pcm[2 * i + 1] = (byte)((from + i + 1) >> 8);
                }
                Playout.Add(pcm, 0, samples);
                Playout.Update();
            }

            public void Play(int blocks)
            {
                for (int block = 0; block < blocks; block++)
                {
                    Playout.Update();
                    Playout.Render(_block, Frames, 1, Hz, NowS);
                    _given.AddRange(_block.Select(v => v == 0 ? double.NaN : Math.Round(v * 32768) - 1));
                }
            }

            /// <summary>Checks, for each millisecond of the last block, what Playout takes for heard
            /// against the log; where the log has silence, against the sound before it.</summary>
            public void CheckHeard(string what, double least = 0)
            {
                for (double tS = NowS - BlockS; tS < NowS; tS += 0.001)
                {
                    int frame = (int)Math.Round((tS - LatencyS) * Hz);
                    double expected = least;
                    for (int i = 0; i <= frame; i++)
                    {
                        expected = double.IsNaN(_given[i]) ? expected : Math.Max(least, _given[i]);
                    }
                    Check.Near(expected, Playout.HeardSamples(tS, LatencyS), 1.01, what + " at " + tS);
                }
            }

            public void PlayAndCheck(int blocks, string what)
            {
                for (int block = 0; block < blocks; block++)
                {
                    Play(1);
                    CheckHeard(what);
                }
            }
        }

        [Test]
        public static void a_reply_is_heard_one_latency_after_its_first_sample_was_given_to_the_device()
        {
            Device device = new Device();
            device.Play(10);
            device.Begin(1, 4800);
            device.PlayAndCheck(15, "from its start on");
            Check.Near(2400, device.Playout.HeardSamples(device.NowS, LatencyS), 1, "0.15 s after it began");
        }

        [Test]
        public static void a_pause_is_heard_one_latency_later_and_so_is_its_end()
        {
            Device device = new Device();
            device.Begin(1, 24000);
            device.PlayAndCheck(20, "before");
            device.Playout.Pause();
            device.PlayAndCheck(20, "during the pause");
            Check.Near(4800, device.Playout.HeardSamples(device.NowS, LatencyS), 1, "all that the device got");
            device.Playout.Resume();
            device.PlayAndCheck(4, "the pause is still heard");
            Check.Near(4800, device.Playout.HeardSamples(device.NowS, LatencyS), 1, "40 ms of it");
            device.PlayAndCheck(20, "after");
        }

        [Test]
        public static void what_the_device_has_is_heard_where_a_reply_runs_empty_and_at_its_end()
        {
            Device device = new Device();
            device.Begin(1, 1000); // 4 blocks and 40 samples
            device.PlayAndCheck(15, "it ran empty within a block");
            Check.Near(1000, device.Playout.HeardSamples(device.NowS, LatencyS), 1, "and stands at the last sample");
            device.Add(1000, 700);
            device.PlayAndCheck(4, "the hole is still heard");
            device.Playout.EndsAt(1700);
            device.PlayAndCheck(15, "to the end");
            Check.Near(1700, device.Playout.HeardSamples(device.NowS, LatencyS), 1e-6);
        }

        [Test]
        public static void after_an_interruption_no_more_is_heard_than_was_given_to_the_device()
        {
            Device device = new Device();
            device.Begin(1, 24000);
            device.PlayAndCheck(20, "before");
            device.Playout.Flush();
            device.PlayAndCheck(10, "the device plays what it has");
            Check.Near(4800, device.Playout.HeardSamples(device.NowS, LatencyS), 1e-6);
        }

        [Test]
        public static void a_reply_that_follows_at_once_is_at_its_start_while_the_one_before_is_heard()
        {
            Device device = new Device();
            device.Begin(1, 24000);
            device.Play(20);
            device.Begin(2, 24000); // the device drops reply 1 and begins reply 2 in one block
            double beganS = device.NowS;
            device.Play(4);
            Check.Same(0.0, device.Playout.HeardSamples(device.NowS, LatencyS), "the rest of reply 1 is heard");
            device.Play(16);
            double sinceS = device.NowS - beganS;
            Check.Near((sinceS - LatencyS) * Hz, device.Playout.HeardSamples(device.NowS, LatencyS), 1);
        }

        [Test]
        public static void a_device_that_asks_for_blocks_in_bursts_and_late_plays_evenly_all_the_same()
        {
            Playout playout = Endless();
            float[] block = new float[Frames];
            Random chance = new Random(7);
            double worst = 0;
            for (int index = 0; index < 3000; index++)
            {
                double burstS = (index / 4) * 4 * BlockS; // four at a time, each call up to 5 ms late
                double nowS = burstS + (index % 4) * 1e-5 + 0.005 * Math.Pow(chance.NextDouble(), 3);
                Give(playout, block, nowS);
                double heard = playout.HeardSamples(nowS, LatencyS) / Hz;
                if (index > 300 && index % 4 == 3)
                {
                    // the device is fullest after the last of a burst: then the latency is the whole one
                    worst = Math.Max(worst, Math.Abs(heard - (nowS + 3 * BlockS - LatencyS)));
                }
            }
            Check.That(worst < 0.0015, "off by " + worst + " s");
        }

        [Test]
        public static void a_device_whose_clock_is_off_is_followed_for_ten_minutes()
        {
            foreach (double off in new[] { -2e-4, 2e-4 })
            {
                BlockClock clock = new BlockClock { LatencyS = LatencyS };
                Random chance = new Random(3);
                double worst = 0;
                for (int index = 0; index < 60000; index++)
                {
                    double dueS = index * BlockS * (1 + off);
                    double from = index * BlockS; // positions in seconds
                    clock.Note(
                        new SoundBlock { From = from, To = from + BlockS, EndsS = BlockS, LengthS = BlockS },
                        dueS + 0.004 * chance.NextDouble());
                    double truth = (dueS + BlockS - LatencyS) / (1 + off);
                    worst = index < 100 ? 0 : Math.Max(worst, Math.Abs(clock.HeardAt(dueS + BlockS) - truth));
                }
                Check.That(worst < 0.002, off + ": off by " + worst + " s");
            }
        }

        [Test]
        public static void a_hole_in_the_sound_is_heard_as_one_and_the_sample_before_it_stands()
        {
            Playout playout = Endless();
            float[] block = new float[Frames];
            for (int index = 0; index < 20; index++)
            {
                Give(playout, block, index * BlockS);
            }
            Check.Near(4800, playout.HeardSamples(5, LatencyS), 1e-6, "the app was paused for 5 s");
            Give(playout, block, 5);
            Check.Near(4800, playout.HeardSamples(5.05, LatencyS), 1e-6);
            Check.Near(4800 + 120, playout.HeardSamples(5.055, LatencyS), 1e-6);
        }

        [Test]
        public static void a_device_that_ran_dry_for_a_moment_is_followed_from_then_on()
        {
            Playout playout = Endless();
            float[] block = new float[Frames];
            for (int index = 0; index < 40; index++)
            {
                // before block 20 the sound thread stood still: 70 ms, of which the device could wait 50
                double slipS = index < 20 ? 0 : 0.02;
                double lateS = index == 20 ? 0.05 : 0;
                Give(playout, block, Math.Max(index >= 20 ? 0.27 : 0, index * BlockS + slipS + lateS));
                playout.HeardSamples(index * BlockS, LatencyS);
            }
            double nowS = 40 * BlockS + 0.02;
            Check.Near((nowS - 0.02 - LatencyS) * Hz, playout.HeardSamples(nowS, LatencyS), 1);
        }

        [Test]
        public static void the_position_that_another_thread_asks_for_is_never_torn()
        {
            BlockClock clock = new BlockClock();
            bool isOver = false;
            Thread sound = new Thread(() =>
            {
                for (int i = 0; !Volatile.Read(ref isOver); i++)
                {
                    double at = i * BlockS; // a second of position for a second of time
                    clock.Note(new SoundBlock { From = at, To = at + BlockS, EndsS = BlockS, LengthS = BlockS }, at);
                }
            });
            sound.Start();
            int wrong = 0;
            double last = 0;
            SpinWait.SpinUntil(() => clock.HeardAt(1e12) > 1, 5000);
            for (int i = 0; i < 100000; i++)
            {
                double newest = clock.HeardAt(1e12);
                wrong += newest < last || Math.Abs(newest / BlockS - Math.Round(newest / BlockS)) > 1e-3 ? 1 : 0;
                last = newest;
            }
            Volatile.Write(ref isOver, true);
            sound.Join();
            Check.Same(0, wrong);
            double end = clock.HeardAt(1e12);
            Check.Near(end - 1.2345, clock.HeardAt(end - 1.2345), 1e-3, "evenly between");
        }

        private static Playout Endless()
        {
            Playout playout = new Playout(default(PlayoutOptions), 4096);
            playout.Begin(1, Hz);
            return playout;
        }

        /// <summary>Gives the device a whole block of a reply that never ends.</summary>
        private static void Give(Playout playout, float[] block, double nowS)
        {
            playout.AddSilence(Frames);
            playout.Update();
            playout.Render(block, Frames, 1, Hz, nowS);
        }
    }
}
