using System;
using System.Linq;

namespace VoiceAvatar.Tests
{
    public static class FrameTests
    {
        private static byte[] Bytes(string hex)
        {
            string digits = hex.Replace(" ", "");
            return Enumerable.Range(0, digits.Length / 2)
                .Select(i => Convert.ToByte(digits.Substring(2 * i, 2), 16)).ToArray();
        }

        private static FrameProblem ProblemOf(string hex)
        {
            FrameHeader header;
            byte[] frame = Bytes(hex);
            return FrameCodec.Read(frame, 0, frame.Length, out header);
        }

        [Test]
        public static void the_frame_that_the_protocol_shows_is_read_and_written_to_the_byte()
        {
            byte[] shown = Bytes("02010700 00000000 e001000000000000 0100ffff");
            FrameHeader header;
            Check.Same(FrameProblem.None, FrameCodec.Read(shown, 0, shown.Length, out header));
            Check.Same(FrameKind.AudioOut, header.Kind);
            Check.Same(FrameFlags.Start, header.Flags);
            Check.Same((ushort)7, header.Stream);
            Check.Same(0u, header.Seq);
            Check.Same(480L, header.Pts);
            float[] samples = new float[2];
            Pcm16.ToFloats(shown, FrameCodec.HeaderBytes, samples, 0, 2);
            Check.Same(new[] { 1 / 32768f, -1 / 32768f }, samples);
            byte[] written = new byte[shown.Length];
            FrameCodec.Write(written, 0, header);
            Pcm16.FromFloats(samples, 0, written, FrameCodec.HeaderBytes, 2);
            Check.Same(shown, written);
        }

        [Test]
        public static void the_largest_numbers_come_back_as_they_were()
        {
            byte[] buffer = new byte[FrameCodec.HeaderBytes + 2];
            FrameFlags all = FrameFlags.Start | FrameFlags.End | FrameFlags.Discontinuity;
            FrameCodec.Write(buffer, 0, new FrameHeader(1, all, 65535, uint.MaxValue, FrameCodec.MaxPts));
            FrameHeader header;
            Check.Same(FrameProblem.None, FrameCodec.Read(buffer, 0, buffer.Length, out header));
            Check.Same(all, header.Flags);
            Check.Same((ushort)65535, header.Stream);
            Check.Same(uint.MaxValue, header.Seq);
            Check.Same(FrameCodec.MaxPts, header.Pts);
        }

        [Test]
        public static void every_rule_of_a_frame_has_its_problem()
        {
            Check.Same(FrameProblem.TooShort, ProblemOf("0201"));
            Check.Same(FrameProblem.UnknownKind, ProblemOf("09010700 00000000 e001000000000000 0100"));
            Check.Same(FrameProblem.EmptyPayload, ProblemOf("02010700 00000000 e001000000000000"));
            Check.Same(FrameProblem.None, ProblemOf("02020700 00000000 e001000000000000"), "END");
            Check.Same(FrameProblem.OddPayload, ProblemOf("02010700 00000000 e001000000000000 01"));
            Check.Same(FrameProblem.None, ProblemOf("02080700 00000000 e001000000000000 01"), "Opus");
            Check.Same(FrameProblem.PtsOutOfRange, ProblemOf("02010700 00000000 0000000000002000 0100"));
            Check.Same(FrameProblem.None, ProblemOf("02f00700 00000000 e001000000000000 0100"), "bits 4..7");
            FrameHeader header;
            byte[] large = new byte[FrameCodec.MaxFrameBytes + 1];
            Check.Same(FrameProblem.TooLong, FrameCodec.Read(large, 0, large.Length, out header));
        }

        [Test]
        public static void random_bytes_never_make_the_codec_throw()
        {
            Random random = new Random(1);
            FrameHeader header;
            int taken = 0;
            for (int i = 0; i < 20000; i++)
            {
                byte[] frame = new byte[random.Next(40)];
                random.NextBytes(frame);
                taken += FrameCodec.Read(frame, 0, frame.Length, out header) == FrameProblem.None ? 1 : 0;
            }
            Check.That(taken < 20000, "most are refused");
        }

        [Test]
        public static void losses_are_counted_and_repeats_refused_also_where_the_number_wraps()
        {
            FrameOrder order = new FrameOrder();
            Check.That(order.Accepts(0), "first");
            Check.That(order.Accepts(1), "next");
            Check.That(!order.Accepts(1), "repeat");
            Check.That(order.Accepts(4), "after a loss");
            Check.Same(2L, order.Lost);
            Check.That(!order.Accepts(2), "late");
            FrameOrder wrapping = new FrameOrder();
            Check.That(wrapping.Accepts(0x7fffffff), "far");
            Check.That(wrapping.Accepts(0xfffffffe), "farther");
            Check.That(wrapping.Accepts(0xffffffff), "last");
            Check.That(wrapping.Accepts(0), "wrapped");
        }

        [Test]
        public static void samples_beyond_full_scale_are_cut_and_none_is_lost_on_the_way()
        {
            float[] loud = { 2f, -2f, 1f, -1f, float.NaN, 0.5f };
            byte[] bytes = new byte[12];
            Pcm16.FromFloats(loud, 0, bytes, 0, 6);
            float[] back = new float[6];
            Pcm16.ToFloats(bytes, 0, back, 0, 6);
            Check.Same(new[] { 32767 / 32768f, -1f, 32767 / 32768f, -1f, 0f, 0.5f }, back);
            for (int value = short.MinValue; value <= short.MaxValue; value++)
            {
                float[] one = { value / 32768f };
                Pcm16.FromFloats(one, 0, bytes, 0, 1);
                if ((short)(bytes[0] | (bytes[1] << 8)) != value)
                {
                    throw new CheckException(value + " changed");
                }
            }
        }
    }
}
