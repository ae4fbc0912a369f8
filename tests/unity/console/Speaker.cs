using System;
using System.Collections.Generic;
using System.Threading;

namespace VoiceAvatar.Console
{
    /// <summary>
    /// A sound device: a thread that asks for a block of 512 samples at 48 kHz whenever one has been
    /// played, and plays it two blocks later. It notes which sample of which reply plays when.
    /// </summary>
    internal sealed class Speaker
    {
        public const int OutputHz = 48000;
        public const int BlockFrames = 512;
        public const double LatencyS = 2.0 * BlockFrames / OutputHz;

        /// <summary>A block that was played.</summary>
        public struct Played
        {
            public double AtS;
            public long ReplyId;
            public double FromSample;
            public double ToSample;
        }

        private readonly AvatarSession _session;
        private readonly Thread _thread;
        private readonly List<Played> _log = new List<Played>();
        private readonly List<float> _heard = new List<float>();
        private bool _isOver;

        public Speaker(AvatarSession session)
        {
            _session = session;
            _thread = new Thread(Run) { IsBackground = true, Priority = ThreadPriority.AboveNormal };
        }

        /// <summary>All blocks; after Stop.</summary>
        public List<Played> Log
        {
            get { return _log; }
        }

        /// <summary>All that was played, 48 kHz; after Stop.</summary>
        public List<float> Heard
        {
            get { return _heard; }
        }

        /// <summary>Blocks that were asked for later than the device could wait (one block).</summary>
        public int Late { get; private set; }

        public void Start()
        {
            _thread.Start();
        }

        public void Stop()
        {
            Volatile.Write(ref _isOver, true);
            _thread.Join();
        }

        private void Run()
        {
            float[] block = new float[BlockFrames];
            double startS = Monotonic.NowS;
            for (long index = 0; !Volatile.Read(ref _isOver); index++)
            {
                double dueS = startS + index * (double)BlockFrames / OutputHz;
                double waitS = dueS - Monotonic.NowS;
                if (waitS > 0)
                {
                    Thread.Sleep(TimeSpan.FromSeconds(waitS));
                }
                Late += Monotonic.NowS - dueS > (double)BlockFrames / OutputHz ? 1 : 0;
                double from;
                long reply;
                Position(out reply, out from);
                _session.Playout.Render(block, BlockFrames, 1, OutputHz, Monotonic.NowS);
                double to;
                Position(out reply, out to);
                lock (_log)
                {
                    _log.Add(new Played { AtS = dueS + LatencyS, ReplyId = reply, FromSample = from, ToSample = to });
                    _heard.AddRange(block);
                }
            }
        }

        private void Position(out long reply, out double sample)
        {
            reply = _session.Playout.ReplyId;
            sample = _session.Playout.ConsumedSamples;
        }
    }
}
