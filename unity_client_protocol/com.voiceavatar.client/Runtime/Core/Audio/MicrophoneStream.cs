using System;

namespace VoiceAvatar
{
    /// <summary>
    /// Cuts microphone samples into frames of 20 ms, resampled to the agreed rate, and keeps the last
    /// 2 s of them to be sent again after a resume. One thread. Allocates nothing once it is made.
    /// </summary>
    public sealed class MicrophoneStream
    {
        /// <summary>Length of a frame, milliseconds (PROTOCOL.md, section 4).</summary>
        public const int FrameMs = 20;

        /// <summary>Frames kept for a resume: 2 s.</summary>
        public const int KeptFrames = 2000 / FrameMs;

        private readonly byte[][] _kept = new byte[KeptFrames][];
        private readonly float[] _frame;
        private readonly int _rateHz;
        private int _filled;
        private long _made; // frames so far
        private double _phase;
        private float _last;
        private double _sum;
        private int _summed;

        /// <summary>Makes a stream.</summary>
        /// <param name="rateHz">agreed rate, 8000..48000 Hz.</param>
        public MicrophoneStream(int rateHz)
        {
            if (rateHz < 8000 || rateHz > 48000)
            {
                throw new ArgumentOutOfRangeException("rateHz", "8000..48000 Hz");
            }
            _rateHz = rateHz;
            _frame = new float[rateHz * FrameMs / 1000];
            for (int i = 0; i < KeptFrames; i++)
            {
                _kept[i] = new byte[FrameCodec.HeaderBytes + 2 * _frame.Length];
            }
        }

        /// <summary>Frames made so far.</summary>
        public long Frames
        {
            get { return _made; }
        }

        /// <summary>Takes mono samples and calls `send` with each whole frame that they complete.</summary>
        /// <param name="samples">holds them.</param>
        /// <param name="offset">first.</param>
        /// <param name="count">how many.</param>
        /// <param name="sourceHz">their rate; where it is above the agreed one, samples are averaged.</param>
        /// <param name="send">takes a frame; the array is used again 2 s later.</param>
        public void Add(float[] samples, int offset, int count, int sourceHz, Action<byte[]> send)
        {
            double step = (double)_rateHz / sourceHz;
            for (int i = 0; i < count; i++)
            {
                float sample = samples[offset + i];
                if (step >= 1)
                {
                    Interpolate(sample, step, send);
                }
                else
                {
                    Average(sample, step, send);
                }
            }
        }

        /// <summary>The frames of the last 2 s, oldest first, for after a resume.</summary>
        public void Again(Action<byte[]> send)
        {
            for (long i = Math.Max(0, _made - KeptFrames); i < _made; i++)
            {
                send(_kept[i % KeptFrames]);
            }
        }

        private void Average(float sample, double step, Action<byte[]> send)
        {
            _sum += sample;
            _summed++;
            _phase += step;
            if (_phase >= 1)
            {
                _phase -= 1;
                Put((float)(_sum / _summed), send);
                _sum = 0;
                _summed = 0;
            }
        }

        private void Interpolate(float sample, double step, Action<byte[]> send)
        {
            while (_phase < 1)
            {
                Put((float)(_last + (sample - _last) * (step == 1 ? 1 : _phase)), send);
                _phase += 1 / step;
            }
            _phase -= 1;
            _last = sample;
        }

        private void Put(float sample, Action<byte[]> send)
        {
            _frame[_filled++] = sample;
            if (_filled < _frame.Length)
            {
                return;
            }
            _filled = 0;
            byte[] frame = _kept[_made % KeptFrames];
            FrameFlags flags = _made == 0 ? FrameFlags.Start : FrameFlags.None;
            FrameCodec.Write(
                frame, 0, new FrameHeader(FrameKind.AudioIn, flags, 0, (uint)_made, _made * _frame.Length));
            Pcm16.FromFloats(_frame, 0, frame, FrameCodec.HeaderBytes, _frame.Length);
            _made++;
            send(frame);
        }
    }
}
