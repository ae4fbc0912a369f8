using System;
using System.Threading;

namespace VoiceAvatar
{
    /// <summary>The half of the loudspeaker that the sound thread runs.</summary>
    public sealed partial class Playout
    {
        private double _phase;
        private float _before; // the sample before the next one, for the interpolation
        private float _gain;
        private int _fadeAt; // samples of a fade from what is not consumed
        private float _level;

        // the block at work: the positions before and after it moves, and the frames between which it does
        private double _from;
        private double _to;
        private int _begins;
        private int _ends;

        /// <summary>Loudness of the last block, RMS 0..1. Any thread.</summary>
        public float Level
        {
            get { return Volatile.Read(ref _level); }
        }

        /// <summary>Where it is in the ring, between two samples too.</summary>
        private double Position
        {
            get { return _ring.Consumed + _phase; }
        }

        /// <summary>Fills a block of the sound device, the same in all channels.</summary>
        /// <param name="block">takes frames x channels values.</param>
        /// <param name="frames">samples of each channel.</param>
        /// <param name="channels">channels, interleaved.</param>
        /// <param name="outputHz">rate of the device.</param>
        /// <param name="nowS">time at which the block was asked for, seconds.</param>
        public void Render(float[] block, int frames, int channels, int outputHz, double nowS)
        {
            int sourceHz = Volatile.Read(ref _sourceHz);
            double step = (double)sourceHz / outputHz;
            float slope = _options.FadeMs > 0 ? (float)(1000.0 / (_options.FadeMs * outputHz)) : 1f;
            double sum = 0;
            BeginStretch();
            for (int i = 0; i < frames; i++)
            {
                float sample = Next(step, slope);
                Follow(i);
                sum += sample * sample;
                for (int channel = 0; channel < channels; channel++)
                {
                    block[i * channels + channel] = sample;
                }
            }
            Volatile.Write(ref _level, (float)Math.Sqrt(sum / Math.Max(1, frames)));
            SoundBlock made = new SoundBlock
            {
                From = _from,
                To = _to,
                BeginsS = (double)_begins / outputHz,
                EndsS = (double)_ends / outputHz,
                LengthS = (double)frames / outputHz,
            };
            _clock.Note(made, nowS);
        }

        /// <summary>The position stands at where it is; so it does at a block's start.</summary>
        private void BeginStretch()
        {
            _from = Position;
            _to = _from;
            _begins = -1;
            _ends = -1;
        }

        /// <summary>Notes whether a frame of the block moved the position.</summary>
        private void Follow(int frame)
        {
            double position = Position;
            if (position != _to)
            {
                _to = position;
                _begins = _begins < 0 ? frame : _begins;
                _ends = frame + 1;
            }
        }

        private float Next(double step, float slope)
        {
            bool isFlushed = _ring.Consumed < Volatile.Read(ref _flushTo);
            bool isSilent = isFlushed
                || Volatile.Read(ref _isPaused) != 0
                || Volatile.Read(ref _gate) == Shut;
            int available = _ring.Available;
            if (isSilent)
            {
                long flushable = Volatile.Read(ref _flushTo) - _ring.Consumed;
                return FadeOut(isFlushed ? (int)flushable : available, isFlushed, step, slope);
            }
            if (available == 0)
            {
                Volatile.Write(ref _gate, Shut);
                _gain = 0;
                return 0;
            }
            _fadeAt = 0;
            _gain = Math.Min(1f, _gain + slope);
            float sample = _gain * Between(0, available);
            Advance(step, available);
            return sample;
        }

        /// <summary>Fades over what would have come, without consuming it; then passes a flush over.</summary>
        /// <param name="available">samples to fade over: those that wait, or those to be dropped.</param>
        /// <param name="isFlushed">whether they are to be dropped.</param>
        /// <param name="step">samples for each frame of the device.</param>
        /// <param name="slope">by how much the gain goes down with each.</param>
        private float FadeOut(int available, bool isFlushed, double step, float slope)
        {
            _gain -= slope;
            int ahead = (int)(_fadeAt * step);
            _fadeAt++;
            if (_gain > 0 && ahead < available)
            {
                return _gain * Between(ahead, available);
            }
            _gain = 0;
            _fadeAt = 0;
            if (isFlushed)
            {
                _ring.Skip(available);
                _phase = 0;
                _before = 0;
                BeginStretch(); // of what is passed over nothing is heard
                return Next(step, slope); // the next reply may be there already
            }
            return 0;
        }

        /// <summary>Catmull-Rom between two samples: exact at the samples, smooth between them.</summary>
        private float Between(int ahead, int available)
        {
            float here = _ring.Peek(ahead);
            if (_phase == 0)
            {
                return here;
            }
            float before = ahead == 0 ? _before : _ring.Peek(ahead - 1);
            float next = ahead + 1 < available ? _ring.Peek(ahead + 1) : 0;
            float after = ahead + 2 < available ? _ring.Peek(ahead + 2) : 0;
            float t = (float)_phase;
            float a = 0.5f * (3 * (here - next) + after - before);
            float b = before - 2.5f * here + 2 * next - 0.5f * after;
            float c = 0.5f * (next - before);
            return ((a * t + b) * t + c) * t + here;
        }

        private void Advance(double step, int available)
        {
            _phase += step;
            int whole = Math.Min((int)_phase, available);
            if (whole > 0)
            {
                _before = _ring.Peek(whole - 1);
                _ring.Skip(whole);
                _phase -= whole;
            }
            if (whole == available)
            {
                _phase = 0; // nothing follows: a fraction beyond the last sample is none
            }
        }
    }
}
