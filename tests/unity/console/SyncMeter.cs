using System;
using System.Collections.Generic;
using System.Linq;

namespace VoiceAvatar.Console
{
    /// <summary>
    /// How far the mouth that a frame shows is from the sound that the device plays at that moment: while it
    /// sounds, from the first sample to the last, and while it stands still. The truth is the device's own
    /// log; what is measured includes the jitter of both threads.
    /// </summary>
    internal sealed class SyncMeter
    {
        private struct Shown
        {
            public double AtS;
            public long ReplyId;
            public double TMs;
            public int RateHz;
            public bool HasVisemes;
            public bool IsStanding;
        }

        private readonly List<Shown> _frames = new List<Shown>();
        private double _largestSum;

        public void Frame(AvatarSession session, double nowS)
        {
            PlaybackState? state = session.Playback.State;
            if (state == null || state == PlaybackState.Stopped)
            {
                return;
            }
            _largestSum = Math.Max(_largestSum, session.Performance.Mouth.Sum());
            _frames.Add(new Shown
            {
                AtS = nowS,
                ReplyId = session.ReplyId,
                TMs = session.Performance.TMs,
                RateHz = session.Playback.RateHz,
                HasVisemes = session.Performance.HasVisemes,
                IsStanding = state == PlaybackState.Paused || state == PlaybackState.Stalled,
            });
        }

        /// <summary>All errors, in order; after Measure.</summary>
        public List<double> ErrorsMs { get; } = new List<double>();

        /// <summary>Writes mean, median, mean of the size, p95 and the greatest error; positive = mouth ahead.</summary>
        public void Measure(List<Speaker.Played> log, JsonWriter json)
        {
            int known = 0;
            int at = 0;
            foreach (Shown frame in _frames)
            {
                while (at + 1 < log.Count && log[at + 1].AtS <= frame.AtS)
                {
                    at++;
                }
                double sample;
                if (Truth(log[at], frame, out sample))
                {
                    ErrorsMs.Add(frame.TMs - sample * 1000 / frame.RateHz);
                    known += frame.HasVisemes ? 1 : 0;
                }
            }
            double[] sizes = ErrorsMs.Select(Math.Abs).OrderBy(e => e).ToArray();
            json.Name("standstill_ms").Number(StandstillMs(log));
            json.Name("frames").Integer(sizes.Length);
            json.Name("viseme_frames").Integer(known);
            json.Name("largest_mouth").Number(_largestSum);
            json.Name("sync_mean_ms").Number(ErrorsMs.Count == 0 ? 0 : ErrorsMs.Average());
            double[] sorted = ErrorsMs.OrderBy(e => e).ToArray();
            json.Name("sync_median_ms").Number(sorted.Length == 0 ? 0 : sorted[sorted.Length / 2]);
            json.Name("sync_mean_abs_ms").Number(ErrorsMs.Count == 0 ? 0 : sizes.Average());
            json.Name("sync_p95_ms").Number(ErrorsMs.Count == 0 ? 0 : sizes[(int)(0.95 * (sizes.Length - 1))]);
            json.Name("sync_max_ms").Number(ErrorsMs.Count == 0 ? 0 : sizes[sizes.Length - 1]);
        }

        /// <summary>How long the device played silence within a reply, from its first sample to its last.</summary>
        private static double StandstillMs(List<Speaker.Played> log)
        {
            int silent = 0;
            int within = 0;
            long reply = 0;
            foreach (Speaker.Played block in log)
            {
                if (block.ToSample <= block.FromSample)
                {
                    silent++;
                    continue;
                }
                within += block.ReplyId == reply ? silent : 0;
                reply = block.ReplyId;
                silent = 0;
            }
            return within * 1000.0 * Speaker.BlockFrames / Speaker.OutputHz;
        }

        /// <summary>The sample that a block plays as a frame is shown; false where it is not known: at the
        /// edges of a reply, where a block is part sound and part silence.</summary>
        private static bool Truth(in Speaker.Played block, in Shown frame, out double sample)
        {
            const double lengthS = (double)Speaker.BlockFrames / Speaker.OutputHz;
            double share = (frame.AtS - block.AtS) / lengthS;
            double moved = block.ToSample - block.FromSample;
            sample = block.FromSample + moved * share;
            bool isWhole = Math.Abs(moved - lengthS * frame.RateHz) <= 1 || (frame.IsStanding && moved == 0);
            return isWhole && block.ReplyId == frame.ReplyId && share >= 0 && share < 1;
        }
    }
}
