using System;
using System.Collections.Generic;
using System.Linq;

namespace VoiceAvatar.Console
{
    /// <summary>
    /// How far the mouth that a frame shows is from the sound that the device plays at that moment. The
    /// truth is the device's own log; what is measured includes the jitter of both threads.
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
        }

        private readonly List<Shown> _frames = new List<Shown>();
        private double _largestSum;

        public void Frame(AvatarSession session, double nowS)
        {
            if (session.Playback.State != PlaybackState.Playing)
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
            });
        }

        /// <summary>Writes mean, median, mean of the size, p95 and the greatest error; positive = mouth ahead.</summary>
        public void Measure(List<Speaker.Played> log, JsonWriter json)
        {
            List<double> errors = new List<double>();
            int at = 0;
            foreach (Shown frame in _frames)
            {
                while (at + 1 < log.Count && log[at + 1].AtS <= frame.AtS)
                {
                    at++;
                }
                Speaker.Played block = log[at];
                double lengthS = (double)Speaker.BlockFrames / Speaker.OutputHz;
                bool isWhole = block.ReplyId == frame.ReplyId && block.ToSample > block.FromSample
                    && frame.AtS >= block.AtS && frame.AtS < block.AtS + lengthS;
                if (isWhole)
                {
                    double share = (frame.AtS - block.AtS) / lengthS;
                    double sample = block.FromSample + (block.ToSample - block.FromSample) * share;
                    errors.Add(frame.TMs - sample * 1000 / frame.RateHz);
                }
            }
            double[] sizes = errors.Select(Math.Abs).OrderBy(e => e).ToArray();
            int known = _frames.Count(f => f.HasVisemes);
            json.Name("frames").Integer(_frames.Count);
            json.Name("viseme_frames").Integer(known);
            json.Name("largest_mouth").Number(_largestSum);
            json.Name("sync_frames").Integer(sizes.Length);
            json.Name("sync_mean_ms").Number(errors.Count == 0 ? 0 : errors.Average());
            double[] sorted = errors.OrderBy(e => e).ToArray();
            json.Name("sync_median_ms").Number(errors.Count == 0 ? 0 : sorted[sorted.Length / 2]);
            json.Name("sync_mean_abs_ms").Number(errors.Count == 0 ? 0 : sizes.Average());
            json.Name("sync_p95_ms").Number(errors.Count == 0 ? 0 : sizes[(int)(0.95 * (sizes.Length - 1))]);
            json.Name("sync_max_ms").Number(errors.Count == 0 ? 0 : sizes[sizes.Length - 1]);
        }
    }
}
