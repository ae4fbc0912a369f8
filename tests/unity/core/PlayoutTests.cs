using System;
using System.Linq;
using System.Threading;

namespace VoiceAvatar.Tests
{
    public static class PlayoutTests
    {
        private const int Hz = 24000;

        private static byte[] Tone(int samples, double hz, int rateHz, long from = 0)
        {
            float[] wave = Enumerable.Range(0, samples)
                .Select(i => (float)(0.5 * Math.Sin(2 * Math.PI * hz * (from + i) / rateHz))).ToArray();
            byte[] pcm = new byte[2 * samples];
            Pcm16.FromFloats(wave, 0, pcm, 0, samples);
            return pcm;
        }

        private static float[] Pull(Playout playout, int frames, int outputHz, double nowS = 0)
        {
            float[] block = new float[frames];
            playout.Render(block, frames, 1, outputHz, nowS);
            return block;
        }

        private static Playout Playing(double fadeMs, int samples = Hz)
        {
            PlayoutOptions options = PlayoutOptions.Default;
            options.FadeMs = fadeMs;
            Playout playout = new Playout(options, 4 * Hz);
            playout.Begin(1, Hz);
            playout.Add(Tone(samples, 440, Hz), 0, samples);
            playout.Update();
            return playout;
        }

        [Test]
        public static void a_reply_waits_for_eighty_milliseconds_or_its_end()
        {
            Playout playout = new Playout(PlayoutOptions.Default, Hz);
            playout.Begin(1, Hz);
            playout.Add(Tone(1900, 440, Hz), 0, 1900);
            Check.That(playout.Update().State == null, "79 ms are not enough");
            Check.Same(0f, Pull(playout, 512, Hz).Max(v => Math.Abs(v)));
            playout.Add(Tone(20, 440, Hz), 0, 20);
            Check.Same(PlaybackState.Playing, playout.Update().State.Value);
            Playout brief = new Playout(PlayoutOptions.Default, Hz);
            brief.Begin(1, Hz);
            brief.Add(Tone(480, 440, Hz), 0, 480);
            brief.EndsAt(480);
            Check.Same(PlaybackState.Playing, brief.Update().State.Value, "a reply of 20 ms");
        }

        [Test]
        public static void a_reply_that_runs_empty_waits_for_more_the_next_time()
        {
            Playout playout = Playing(0, 2400);
            Pull(playout, 2500, Hz);
            Check.Same(PlaybackState.Stalled, playout.Update().State.Value);
            playout.Add(Tone(2400, 440, Hz), 0, 2400);
            Check.Same(PlaybackState.Stalled, playout.Update().State.Value, "100 ms, after 80 were too few");
            playout.Add(Tone(480, 440, Hz), 0, 480);
            Check.Same(PlaybackState.Playing, playout.Update().State.Value, "120 ms");
            Check.Same(1, playout.Underruns);
        }

        [Test]
        public static void a_reply_that_is_empty_for_a_moment_only_is_not_taken_for_a_stalled_one()
        {
            Playout playout = Playing(0, 2400);
            Pull(playout, 2400, Hz);
            Check.Same(PlaybackState.Stalled, playout.Update().State.Value, "all was taken");
            playout.Add(Tone(480, 440, Hz, 2400), 0, 480);
            Check.Same(PlaybackState.Playing, playout.Update().State.Value, "more came before the next block");
            float[] expected = new float[480];
            Pcm16.ToFloats(Tone(480, 440, Hz, 2400), 0, expected, 0, 480);
            Check.Same(expected, Pull(playout, 480, Hz));
        }

        [Test]
        public static void a_reply_that_ran_empty_between_two_frames_is_stalled_until_enough_is_there()
        {
            Playout playout = Playing(0, 2400);
            Pull(playout, 2500, Hz);
            playout.Add(Tone(480, 440, Hz), 0, 480);
            Check.Same(PlaybackState.Stalled, playout.Update().State.Value, "no frame saw it empty");
            Check.Same(1, playout.Underruns);
            Check.Same(0f, Pull(playout, 480, Hz).Max(v => Math.Abs(v)));
        }

        [Test]
        public static void a_flush_fades_within_ten_milliseconds_and_drops_the_rest()
        {
            Playout playout = Playing(10);
            Pull(playout, 4800, Hz);
            PlayoutView before = playout.Update();
            playout.Flush();
            float[] after = Pull(playout, 512, Hz);
            Check.That(after.Take(240).Max(v => Math.Abs(v)) > 0.1f, "it fades, no click");
            Check.Same(0f, after.Skip(240).Max(v => Math.Abs(v)), "10 ms later it is silent");
            for (int i = 1; i < after.Length; i++)
            {
                Check.That(Math.Abs(after[i] - after[i - 1]) < 0.08, "no jump at " + i);
            }
            PlayoutView view = playout.Update();
            Check.Same(PlaybackState.Stopped, view.State.Value);
            Check.Same(before.PlayedSamples, view.PlayedSamples, "the fade does not count");
            Check.Same(0L, view.BufferedSamples);
            playout.Add(Tone(480, 440, Hz), 0, 480);
            Check.Same(0L, playout.Update().BufferedSamples, "late audio");
        }

        [Test]
        public static void the_fade_of_a_flush_takes_nothing_of_the_next_reply()
        {
            Playout playout = Playing(10, 2400);
            Pull(playout, 2350, Hz);
            playout.Begin(2, Hz);
            byte[] loud = new byte[2 * 4800];
            for (int i = 0; i < 4800; i++)
            {
                loud[2 * i + 1] = 0x7F;
            }
            playout.Add(loud, 0, 4800);
            Check.That(Pull(playout, 512, Hz).Max() < 0.55f, "the reply before had 50 samples left");
            playout.Update();
            Check.That(Pull(playout, 512, Hz).Max() > 0.9f, "and then comes the next");
        }

        [Test]
        public static void a_paused_reply_goes_on_with_the_very_next_sample()
        {
            Playout playout = Playing(10);
            Pull(playout, 1000, Hz);
            playout.Pause();
            Pull(playout, 3000, Hz);
            Check.Same(1000L, playout.Update().PlayedSamples);
            Check.Same(PlaybackState.Paused, playout.Update().State.Value);
            playout.Resume();
            Pull(playout, 240, Hz);
            float[] whole = Pull(playout, 100, Hz);
            float[] expected = new float[100];
            Pcm16.ToFloats(Tone(100, 440, Hz, 1240), 0, expected, 0, 100);
            Check.Same(expected, whole);
        }

        [Test]
        public static void a_tone_keeps_its_pitch_and_purity_at_the_rate_of_the_device()
        {
            foreach (int outputHz in new[] { 48000, 44100, 24000, 16000 })
            {
                Playout playout = Playing(0, 2 * Hz);
                int count = outputHz;
                float[] heard = Pull(playout, count, outputHz);
                double sine = 0, cosine = 0, power = 0;
                int from = outputHz / 10;
                for (int i = from; i < count; i++)
                {
                    double angle = 2 * Math.PI * 440 * i / outputHz;
                    sine += heard[i] * Math.Sin(angle);
                    cosine += heard[i] * Math.Cos(angle);
                    power += heard[i] * heard[i];
                }
                int samples = count - from;
                double amplitude = 2 * Math.Sqrt(sine * sine + cosine * cosine) / samples;
                double noise = power / samples - amplitude * amplitude / 2;
                Check.Near(0.5, amplitude, 0.005, outputHz + " Hz");
                double db = 10 * Math.Log10(Math.Max(noise, 1e-12) / (amplitude * amplitude / 2));
                Check.That(db < -60, outputHz + " Hz: noise at " + db + " dB");
                Check.Near(Hz, playout.Update().PlayedSamples, 2, "a second was played");
            }
        }

        [Test]
        public static void what_does_not_fit_the_ring_waits_and_nothing_is_lost()
        {
            Playout playout = new Playout(default(PlayoutOptions), 1024);
            playout.Begin(1, Hz);
            byte[] pcm = Tone(20000, 440, Hz);
            playout.Add(pcm, 0, 20000);
            playout.EndsAt(20000);
            float[] expected = new float[20000];
            Pcm16.ToFloats(pcm, 0, expected, 0, 20000);
            float[] heard = new float[20000];
            for (int at = 0; at < 20000; at += 500)
            {
                playout.Update();
                Array.Copy(Pull(playout, 500, Hz), 0, heard, at, 500);
            }
            Check.Same(expected, heard);
            Check.Same(PlaybackState.Finished, playout.Update().State.Value);
        }

        [Test]
        public static void every_channel_gets_the_same()
        {
            Playout playout = Playing(0);
            float[] block = new float[8];
            playout.Render(block, 4, 2, Hz, 0);
            Check.Same(block[2], block[3]);
            Check.That(block[2] != 0 && block[2] != block[4], "there is sound");
        }

        [Test]
        public static void two_threads_play_many_replies_without_a_wrong_sample()
        {
            Playout playout = new Playout(default(PlayoutOptions), 8192);
            bool isOver = false;
            int wrong = 0;
            long heard = 0;
            Thread sound = new Thread(() =>
            {
                float[] block = new float[256];
                float last = 0;
                while (!Volatile.Read(ref isOver))
                {
                    playout.Render(block, block.Length, 1, Hz, 0);
                    for (int i = 0; i < block.Length; i++)
                    {
                        int value = (int)Math.Round(block[i] * 32768);
                        if (value != 0)
                        {
                            // samples count up from 1; a reply that follows begins at 1 again
                            wrong += value == (int)last + 1 || value == 1 || last == 0 ? 0 : 1;
                            last = value;
                            heard++;
                        }
                    }
                    Thread.Yield();
                }
            });
            sound.Start();
            byte[] pcm = new byte[2 * 20000];
            for (int i = 0; i < 20000; i++)
            {
                pcm[2 * i] = (byte)(i + 1);
                pcm[2 * i + 1] = (byte)((i + 1) >> 8);
            }
            for (int reply = 1; reply <= 30; reply++)
            {
                playout.Begin(reply, Hz);
                for (int at = 0; at < 20000; at += 500)
                {
                    playout.Add(pcm, 2 * at, 500);
                    playout.Update();
                }
                if (reply % 3 == 0)
                {
                    playout.Flush();
                    continue;
                }
                playout.EndsAt(20000);
                SpinWait.SpinUntil(() => playout.Update().State == PlaybackState.Finished, 5000);
                Check.Same(PlaybackState.Finished, playout.Update().State.Value, "reply " + reply);
            }
            Volatile.Write(ref isOver, true);
            sound.Join();
            Check.Same(0, wrong, "of " + heard);
            Check.That(heard >= 20 * 20000, "20 whole replies were heard");
        }

        /// <summary>
        /// Mono's runtime counts what each thread allocates, to the byte. So here both halves, that of the
        /// sound thread and that of the main thread, run on one.
        /// </summary>
        [Test]
        public static void a_hundred_thousand_blocks_allocate_not_a_byte()
        {
            Playout playout = new Playout(PlayoutOptions.Default, 65536);
            PlaybackReporter reporter = new PlaybackReporter();
            MouthTrack mouth = new MouthTrack(15);
            mouth.Add(new VisemeKeys
            {
                Keys = new[] { new VisemeKey { Viseme = 10, Weight = 1 }, new VisemeKey { TMs = 9e7, Viseme = 1 } },
                UntilMs = 9e7,
            });
            GestureTrack gestures = new GestureTrack();
            gestures.Add(new Gesture { Id = "g", StartMs = 0, StrokeStartMs = 1e3, StrokeEndMs = 2e3, RelaxMs = 3e3, EndMs = 9e7 });
            GesturePose[] poses = new GesturePose[4];
            ExpressionWeight[] faces = new ExpressionWeight[4];
            FaceTrack face = new FaceTrack();
            face.Add(new Face { Expression = "happy", Intensity = 1, FadeMs = 9e7 });
            HeadTrack head = new HeadTrack();
            float[] weights = new float[15];
            float[] block = new float[2 * 32];
            byte[] pcm = Tone(16, 440, Hz);
            playout.Begin(1, Hz);
            playout.Add(Tone(4000, 440, Hz), 0, 4000);
            MicrophoneStream microphone = new MicrophoneStream(16000);
            Action<byte[]> send = frame => { };
            float[] spoken = new float[48];
            for (int warm = 0; warm < 2; warm++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                int blocks = warm == 0 ? 1000 : 100000;
                for (int i = 0; i < blocks; i++)
                {
                    playout.Add(pcm, 0, 16);
                    playout.Render(block, 32, 2, 48000, i * 32 / 48000.0);
                    PlayoutView view = playout.Update();
                    PlaybackReport report;
                    reporter.IsDue(view, 20, i * 32 / 48000.0, out report);
                    double tMs = playout.HeardSamples(i * 32 / 48000.0, 0.02) * 1000 / Hz;
                    mouth.Sample(tMs, weights);
                    gestures.Sample(tMs, poses);
                    face.Sample(tMs, faces);
                    head.Sample(tMs);
                    microphone.Add(spoken, 0, 48, 48000, send);
                }
                long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
                Check.Same(0L, warm == 0 ? 0 : bytes, blocks + " blocks");
            }
            Check.That(playout.Update().PlayedSamples > 1500000, "they were played");
            long counted = GC.GetAllocatedBytesForCurrentThread();
            object kept = new object[1];
            Check.That(kept != null && GC.GetAllocatedBytesForCurrentThread() > counted, "one object shows");
        }
    }
}
