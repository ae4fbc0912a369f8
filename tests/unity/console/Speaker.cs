using System;
using System.Collections.Generic;
using System.Threading;

namespace VoiceAvatar.Console
{
    /// <summary>
    /// A sound device: a thread that asks for a block of 512 samples at 48 kHz whenever one has been
    /// played, and plays it two blocks later. Where a block comes later than that, there is a hole in the
    /// sound, and everything after it is later too. It notes which sample of which reply plays when.
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

        /// <summary>Blocks that came later than the device could wait: holes in the sound.</summary>
        public int Late { get; private set; }

        /// <summary>Blocks that were asked for.</summary>
        public long Blocks { get; private set; }

        /// <summary>What Playout.Render allocated for them, bytes, as mono's runtime counts this thread's.</summary>
        public long AllocatedBytes { get; private set; }

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
            WarmUp(block);
            double startS = Monotonic.NowS;
            for (long index = 0; !Volatile.Read(ref _isOver); index++)
            {
                double dueS = startS + index * (double)BlockFrames / OutputHz;
                double waitS = dueS - Monotonic.NowS;
                if (waitS > 0)
                {
                    Thread.Sleep((int)Math.Ceiling(waitS * 1000)); // never too early, as devices are
                }
                double lateS = Monotonic.NowS - dueS - LatencyS;
                if (lateS > 0)
                {
                    Late++;
                    startS += lateS;
                    dueS += lateS;
                }
                double from;
                long reply;
                Position(out reply, out from);
                long before = GC.GetAllocatedBytesForCurrentThread();
                _session.Playout.Render(block, BlockFrames, 1, OutputHz, Monotonic.NowS);
                AllocatedBytes += GC.GetAllocatedBytesForCurrentThread() - before;
                Blocks++;
                double to;
                Position(out reply, out to);
                lock (_log)
                {
                    _log.Add(new Played { AtS = dueS + LatencyS, ReplyId = reply, FromSample = from, ToSample = to });
                    _heard.AddRange(block);
                }
            }
        }

        /// <summary>
        /// Another loudspeaker plays, pauses and is flushed: at the first call of a method the runtime
        /// compiles it, and allocates for that.
        /// </summary>
        private static void WarmUp(float[] block)
        {
            Playout other = new Playout(PlayoutOptions.Default, OutputHz);
            other.Begin(1, 22050);
            other.AddSilence(22050);
            for (int step = 0; step < 6; step++)
            {
                other.Update();
                other.Render(block, BlockFrames, 1, OutputHz, 0);
                switch (step)
                {
                    case 1:
                        other.Pause();
                        break;
                    case 3:
                        other.Resume();
                        break;
                    case 4:
                        other.Flush();
                        break;
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
