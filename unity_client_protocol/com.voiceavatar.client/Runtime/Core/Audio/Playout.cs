using System;
using System.Threading;

namespace VoiceAvatar
{
    /// <summary>How replies are played.</summary>
    public struct PlayoutOptions
    {
        /// <summary>Audio that must be there before a reply starts or goes on after running empty, ms.</summary>
        public double StartMs;

        /// <summary>Most that StartMs grows to while the network stalls, ms.</summary>
        public double LongestStartMs;

        /// <summary>By how much it grows with each time that a reply runs empty, ms.</summary>
        public double GrowMs;

        /// <summary>Fade where the sound is cut (flush, pause) and where it goes on, ms.</summary>
        public double FadeMs;

        /// <summary>
        /// 80 ms before a reply starts (two network hiccups of 40 ms, which Wi-Fi headsets have), 10 ms
        /// of fade (under one block of 512 samples at 48 kHz).
        /// </summary>
        public static PlayoutOptions Default
        {
            get
            {
                return new PlayoutOptions { StartMs = 80, LongestStartMs = 240, GrowMs = 40, FadeMs = 10 };
            }
        }
    }

    /// <summary>What a loudspeaker does, as the main thread sees it.</summary>
    public struct PlayoutView
    {
        /// <summary>Reply that is played; 0 = none yet.</summary>
        public long ReplyId;

        /// <summary>Rate of its clock, Hz.</summary>
        public int RateHz;

        /// <summary>Samples of it that were handed to the sound device.</summary>
        public long PlayedSamples;

        /// <summary>Samples of it that wait.</summary>
        public long BufferedSamples;

        /// <summary>What it does; null before the first sample could be played.</summary>
        public PlaybackState? State;
    }

    /// <summary>
    /// Plays replies: the main thread puts audio in, the sound thread takes blocks out, resampled to its
    /// own rate. Nothing is locked, and <see cref="Render"/> allocates nothing. Time comes in.
    /// </summary>
    public sealed partial class Playout
    {
        private const int Shut = 0;
        private const int Open = 1;

        private readonly PlayoutOptions _options;
        private readonly FloatRing _ring;
        private readonly BlockClock _clock = new BlockClock();

        // main thread
        private readonly float[] _decoded = new float[FrameCodec.MaxFrameBytes / 2];
        private float[] _spill = new float[4096];
        private int _spilled;
        private long _replyId;
        private int _rateHz = 24000;
        private long _start; // ring position of the reply's sample 0
        private long _added; // samples of the reply that were put in
        private long _end = -1; // samples of the whole reply; -1 = not known yet
        private long _stoppedAt = -1; // samples played when it was flushed; -1 = was not
        private bool _hasStarted;
        private double _startMs;

        // from the main to the sound thread
        private int _gate = Shut;
        private int _isPaused;
        private int _sourceHz = 24000;
        private long _flushTo;

        /// <summary>Makes a silent loudspeaker.</summary>
        /// <param name="options">how to play.</param>
        /// <param name="capacitySamples">audio that the sound thread can be given ahead, samples; what
        /// is over that waits with the main thread.</param>
        public Playout(PlayoutOptions options, int capacitySamples)
        {
            _options = options;
            _ring = new FloatRing(capacitySamples);
            _startMs = options.StartMs;
        }

        /// <summary>Times that replies ran empty.</summary>
        public int Underruns { get; private set; }

        /// <summary>Reply that is played; 0 before the first. Any thread.</summary>
        public long ReplyId
        {
            get { return Volatile.Read(ref _replyId); }
        }

        /// <summary>Samples of the reply that the sound thread has taken. Any thread.</summary>
        public long ConsumedSamples
        {
            get { return _ring.Consumed - Volatile.Read(ref _start); }
        }

        // -- main thread

        /// <summary>A reply begins; what is left of the one before is flushed.</summary>
        public void Begin(long replyId, int rateHz)
        {
            if (_replyId != 0)
            {
                Flush();
                _startMs = Math.Max(_options.StartMs, _startMs - _options.GrowMs / 2);
            }
            Volatile.Write(ref _gate, Shut);
            Volatile.Write(ref _isPaused, 0);
            Volatile.Write(ref _sourceHz, rateHz);
            _rateHz = rateHz;
            Volatile.Write(ref _start, _ring.Written);
            Volatile.Write(ref _replyId, replyId);
            _added = 0;
            _end = -1;
            _stoppedAt = -1;
            _hasStarted = false;
            IsStalled = false;
        }

        /// <summary>Puts PCM16 in. Allocates nothing unless the ring is full.</summary>
        public void Add(byte[] pcm, int offset, int samples)
        {
            for (int done = 0; done < samples; done += _decoded.Length)
            {
                int count = Math.Min(samples - done, _decoded.Length);
                Pcm16.ToFloats(pcm, offset + 2 * done, _decoded, 0, count);
                Put(_decoded, count);
            }
        }

        /// <summary>Puts silence in, where samples are missing; at most a minute.</summary>
        public void AddSilence(long samples)
        {
            Array.Clear(_decoded, 0, _decoded.Length);
            for (long left = Math.Min(samples, 60L * _rateHz); left > 0; left -= _decoded.Length)
            {
                Put(_decoded, (int)Math.Min(left, _decoded.Length));
            }
        }

        /// <summary>Says where the reply ends; what is beyond it is not played.</summary>
        public void EndsAt(long samples)
        {
            _end = samples;
        }

        /// <summary>Nothing more will come: the reply ends with what there is, unless its end is known.</summary>
        public void EndsHere()
        {
            _end = _end < 0 ? _added : _end;
        }

        /// <summary>Stands still and keeps everything.</summary>
        public void Pause()
        {
            Volatile.Write(ref _isPaused, 1);
        }

        /// <summary>Goes on after <see cref="Pause"/>, with the next sample.</summary>
        public void Resume()
        {
            Volatile.Write(ref _isPaused, 0);
        }

        /// <summary>Whether it stands still because of <see cref="Pause"/>.</summary>
        public bool IsPaused
        {
            get { return Volatile.Read(ref _isPaused) != 0; }
        }

        /// <summary>Drops everything; the sound thread fades out within its next block.</summary>
        public void Flush()
        {
            if (_stoppedAt >= 0)
            {
                return;
            }
            _stoppedAt = Played;
            _spilled = 0;
            Volatile.Write(ref _flushTo, _ring.Written);
            Volatile.Write(ref _isPaused, 0);
        }

        /// <summary>Drops everything, and forgets whose it was: ids of another session mean others.</summary>
        public void Forget()
        {
            Flush();
            Volatile.Write(ref _replyId, 0);
        }

        /// <summary>Hands on what did not fit, opens the gate, and tells what the loudspeaker does.</summary>
        public PlayoutView Update()
        {
            HandOn();
            long played = Played;
            long buffered = _stoppedAt >= 0 ? 0 : _added - played;
            bool hasAll = _end >= 0 && _added >= _end;
            bool isDone = hasAll && played >= _end && _stoppedAt < 0;
            bool isShut = Volatile.Read(ref _gate) == Shut;
            if (_hasStarted && !isDone && _stoppedAt < 0)
            {
                Stall(isShut || buffered == 0);
            }
            if (isShut && buffered > 0 && (hasAll || buffered * 1000.0 >= _startMs * _rateHz))
            {
                _hasStarted = true;
                IsStalled = false;
                Volatile.Write(ref _gate, Open);
            }
            return new PlayoutView
            {
                ReplyId = _replyId,
                RateHz = _rateHz,
                PlayedSamples = played,
                BufferedSamples = buffered,
                State = _hasStarted ? Doing(isDone) : (PlaybackState?)null,
            };
        }

        /// <summary>Whether it ran empty before the reply's end.</summary>
        public bool IsStalled { get; private set; }

        /// <summary>Notes whether it is empty; each time that it has become so, the next start waits longer.</summary>
        private void Stall(bool isEmpty)
        {
            if (isEmpty && !IsStalled)
            {
                Underruns++;
                _startMs = Math.Min(_options.LongestStartMs, _startMs + _options.GrowMs);
            }
            IsStalled = isEmpty;
        }

        /// <summary>
        /// Samples of the reply that were heard up to a time: those that the device had been given one
        /// latency before. So what is heard goes on for one latency after a pause, an underrun, an
        /// interruption and the end, and begins one latency after the first sample.
        /// </summary>
        /// <param name="nowS">time, on the clock that <see cref="Render"/> was given, seconds.</param>
        /// <param name="latencyS">delay of the sound device, seconds.</param>
        public double HeardSamples(double nowS, double latencyS)
        {
            _clock.LatencyS = latencyS;
            double position = _clock.HeardAt(nowS) - _start;
            return Math.Max(0, Math.Min(position, _stoppedAt >= 0 ? _stoppedAt : _added));
        }

        private long Played
        {
            get
            {
                return _stoppedAt >= 0 ? _stoppedAt : Math.Max(0, Math.Min(_ring.Consumed - _start, _added));
            }
        }

        private PlaybackState Doing(bool isDone)
        {
            if (_stoppedAt >= 0)
            {
                return PlaybackState.Stopped;
            }
            if (isDone)
            {
                return PlaybackState.Finished;
            }
            if (IsPaused)
            {
                return PlaybackState.Paused;
            }
            return IsStalled ? PlaybackState.Stalled : PlaybackState.Playing;
        }

        private void Put(float[] samples, int count)
        {
            if (_stoppedAt >= 0)
            {
                return;
            }
            int taken = _end < 0 ? count : (int)Math.Max(0, Math.Min(count, _end - _added));
            HandOn();
            int written = _spilled > 0 ? 0 : _ring.Write(samples, 0, taken);
            int left = taken - written;
            if (_spilled + left > _spill.Length)
            {
                Array.Resize(ref _spill, Math.Max(2 * _spill.Length, _spilled + left));
            }
            Array.Copy(samples, written, _spill, _spilled, left);
            _spilled += left;
            _added += taken;
        }

        private void HandOn()
        {
            if (_spilled > 0)
            {
                int written = _ring.Write(_spill, 0, _spilled);
                _spilled -= written;
                Array.Copy(_spill, written, _spill, 0, _spilled);
            }
        }
    }
}
