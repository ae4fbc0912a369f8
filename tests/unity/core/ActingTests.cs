using System;
using System.Linq;

namespace VoiceAvatar.Tests
{
    public static class ActingTests
    {
        private static CaptionTrack Captions(string text, params TimedWord[] words)
        {
            CaptionTrack track = new CaptionTrack();
            track.Add(new ReplyText { Text = text });
            track.Add(new ReplySegment { Text = text, Words = words });
            return track;
        }

        [Test]
        public static void the_word_that_is_heard_is_marked_and_what_was_cut_off_is_struck()
        {
            CaptionTrack track = Captions(
                "Hi \uD83D\uDE00 <b>you",
                new TimedWord { Text = "Hi", StartMs = 0, EndMs = 200, Char = 0 },
                new TimedWord { Text = "<b>you", StartMs = 300, EndMs = 600, Char = 5 });
            Check.Same("<b>Hi</b> \uD83D\uDE00 <\u200Bb>you", track.Marked(100));
            Check.Same("Hi \uD83D\uDE00 <\u200Bb>you", track.Marked(250));
            Check.Same("Hi \uD83D\uDE00 <b><\u200Bb>you</b>", track.Marked(300));
            track.Cut("Hi");
            Check.Same("Hi<s> \uD83D\uDE00 <\u200Bb>you</s>", track.Marked(1000));
        }

        [Test]
        public static void a_nod_goes_down_and_a_shake_both_ways_and_both_end_at_rest()
        {
            HeadTrack nod = new HeadTrack();
            nod.Add(new Head { Lexeme = "nod", Amount = 1, Repeats = 2, StartMs = 0, StrokeMs = 150, EndMs = 800 });
            double[] pitches = Enumerable.Range(0, 81).Select(i => (double)nod.Sample(i * 10).Pitch).ToArray();
            Check.That(pitches.Max() > 0.8 && pitches.Min() >= -1e-6, "down only");
            int peaks = Enumerable.Range(1, 79).Count(i => pitches[i] > pitches[i - 1] && pitches[i] >= pitches[i + 1]);
            Check.Same(2, peaks, "two nods");
            Check.Near(0, pitches[80], 1e-6);
            HeadTrack shake = new HeadTrack();
            shake.Add(new Head { Lexeme = "shake", Amount = 0.5f, Repeats = 1, StrokeMs = 100, EndMs = 400, StartsLeft = true });
            Check.That(shake.Sample(100).Yaw < -0.4 && shake.Sample(300).Yaw > 0.4, "left, then right");
            HeadTrack unknown = new HeadTrack();
            unknown.Add(new Head { Lexeme = "headbang", Amount = 1, StrokeMs = 100, EndMs = 400 });
            Check.Same(0f, unknown.Sample(100).Pitch);
        }

        [Test]
        public static void every_sample_of_a_mouth_changes_by_little()
        {
            MouthTrack track = new MouthTrack(15);
            track.Add(new VisemeKeys
            {
                Keys = new[]
                {
                    new VisemeKey { TMs = 0, Viseme = 10, Weight = 1 },
                    new VisemeKey { TMs = 100, Viseme = 1, Weight = 1 },
                    new VisemeKey { TMs = 200, Viseme = 10, Weight = 0.5f },
                    new VisemeKey { TMs = 200, Viseme = 12, Weight = 0.5f },
                },
                UntilMs = 200,
            });
            float[] last = new float[15];
            track.Sample(0, last);
            for (double tMs = 1; tMs <= 200; tMs++)
            {
                float[] now = new float[15];
                Check.That(track.Sample(tMs, now), "known");
                Check.That(now.Sum() <= 1.0001 && Enumerable.Range(0, 15).All(i => Math.Abs(now[i] - last[i]) < 0.02), "" + tMs);
                last = now;
            }
            Check.That(!track.Sample(201, last), "not known");
            float[] back = new float[15];
            track.Sample(100, back);
            Check.Near(1, back[1], 1e-6, "the lips close, also after a look ahead");
        }

        [Test]
        public static void microphone_frames_have_their_numbers_and_the_last_two_seconds_are_kept()
        {
            MicrophoneStream microphone = new MicrophoneStream(16000);
            int count = 0;
            long nextPts = 0;
            float[] samples = Enumerable.Range(0, 16000).Select(i => (i % 100) / 100f).ToArray();
            for (int i = 0; i < 5; i++)
            {
                microphone.Add(samples, 0, 16000, 16000, frame =>
                {
                    FrameHeader header;
                    Check.Same(FrameProblem.None, FrameCodec.Read(frame, 0, frame.Length, out header));
                    Check.Same(nextPts, header.Pts);
                    Check.Same((uint)count, header.Seq);
                    Check.Same(count == 0, header.Has(FrameFlags.Start));
                    nextPts += 320;
                    count++;
                });
            }
            Check.Same(250, count);
            long first = -1;
            int again = 0;
            microphone.Again(frame =>
            {
                FrameHeader header;
                FrameCodec.Read(frame, 0, frame.Length, out header);
                first = first < 0 ? header.Seq : first;
                again++;
            });
            Check.Same(150L, first);
            Check.Same(100, again);
        }

        [Test]
        public static void a_microphone_of_another_rate_keeps_the_pitch()
        {
            foreach (int sourceHz in new[] { 48000, 44100, 16000, 8000 })
            {
                MicrophoneStream microphone = new MicrophoneStream(16000);
                float[] tone = Enumerable.Range(0, sourceHz)
                    .Select(i => (float)(0.5 * Math.Sin(2 * Math.PI * 300 * i / sourceHz))).ToArray();
                int crossings = 0;
                int samples = 0;
                float last = 0;
                float[] decoded = new float[320];
                microphone.Add(tone, 0, tone.Length, sourceHz, frame =>
                {
                    Pcm16.ToFloats(frame, FrameCodec.HeaderBytes, decoded, 0, 320);
                    foreach (float sample in decoded)
                    {
                        crossings += last < 0 && sample >= 0 ? 1 : 0;
                        last = sample;
                        samples++;
                    }
                });
                Check.Near(16000, samples, 330, sourceHz + " Hz");
                Check.Near(300.0 * samples / 16000, crossings, 2, sourceHz + " Hz");
            }
        }
    }
}
