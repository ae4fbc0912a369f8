using System;
using System.Collections.Generic;

namespace VoiceAvatar
{
    /// <summary>A turn of the head from its rest, each -1..1 of the rig's largest turn.</summary>
    public struct HeadPose
    {
        /// <summary>Down is positive.</summary>
        public float Pitch;

        /// <summary>To the avatar's right is positive.</summary>
        public float Yaw;

        /// <summary>Towards the avatar's right shoulder is positive.</summary>
        public float Roll;
    }

    /// <summary>The head movements of one reply on its clock. <see cref="Sample"/> allocates nothing.</summary>
    public sealed class HeadTrack
    {
        private readonly List<Head> _heads = new List<Head>();
        private double _cutMs = double.PositiveInfinity;

        /// <summary>Forgets everything.</summary>
        public void Clear()
        {
            _heads.Clear();
            _cutMs = double.PositiveInfinity;
        }

        /// <summary>Takes a movement; of a lexeme that is not known nothing will be shown.</summary>
        public void Add(in Head head)
        {
            _heads.Add(head);
        }

        /// <summary>The reply was interrupted when `tMs` of it was heard.</summary>
        public void Cut(double tMs)
        {
            _cutMs = tMs;
        }

        /// <summary>Returns the sum of what is under way, each part cut to -1..1.</summary>
        public HeadPose Sample(double tMs)
        {
            double shownMs = Math.Min(tMs, _cutMs);
            HeadPose sum = default(HeadPose);
            for (int i = 0; i < _heads.Count; i++)
            {
                Add(ref sum, _heads[i], shownMs);
            }
            float left = tMs > _cutMs
                ? 1 - Timing.Smooth(Timing.Share(tMs, _cutMs, _cutMs + GestureTrack.RetractMs))
                : 1f;
            sum.Pitch = left * Cut(sum.Pitch);
            sum.Yaw = left * Cut(sum.Yaw);
            sum.Roll = left * Cut(sum.Roll);
            return sum;
        }

        /// <summary>Adds a movement outside any reply's clock.</summary>
        public static void Add(ref HeadPose sum, in Head head, double tMs)
        {
            if (tMs <= head.StartMs || tMs >= head.EndMs)
            {
                return;
            }
            float side = head.StartsLeft ? -1 : 1;
            switch (head.Lexeme)
            {
                case "nod":
                    sum.Pitch += head.Amount * Swing(head, tMs, false);
                    break;
                case "shake":
                    sum.Yaw += side * head.Amount * Swing(head, tMs, true);
                    break;
                case "tilt":
                    sum.Roll += side * head.Amount * Hump(head, tMs);
                    break;
                case "toss":
                    sum.Pitch -= head.Amount * Hump(head, tMs);
                    sum.Roll += side * 0.3f * head.Amount * Hump(head, tMs);
                    break;
                case "lower":
                    sum.Pitch += head.Amount * Hump(head, tMs);
                    break;
            }
        }

        private static float Cut(float value)
        {
            return Math.Max(-1, Math.Min(1, value));
        }

        /// <summary>Up to the stroke and down again, softly; 1 at the stroke.</summary>
        private static float Hump(in Head head, double tMs)
        {
            float rise = Timing.Share(tMs, head.StartMs, head.StrokeMs);
            float fall = Timing.Share(tMs, head.StrokeMs, head.EndMs);
            return Timing.Smooth(rise) * (1 - Timing.Smooth(fall));
        }

        /// <summary>As many times there and back as `repeats` says; its first peak is at the stroke.</summary>
        private static float Swing(in Head head, double tMs, bool bothWays)
        {
            double quarterMs = head.StrokeMs - head.StartMs;
            if (quarterMs <= 0 || head.Repeats <= 1)
            {
                return bothWays ? BothWays(head, tMs) : Hump(head, tMs);
            }
            double periodMs = (head.EndMs - head.StartMs) / head.Repeats;
            double phase = (tMs - head.StartMs) / periodMs;
            float fade = 1 - 0.6f * (float)(phase / head.Repeats); // each is smaller than the one before
            double angle = 2 * Math.PI * phase;
            return fade * (float)(bothWays ? Math.Sin(angle) : 0.5 * (1 - Math.Cos(angle)));
        }

        private static float BothWays(in Head head, double tMs)
        {
            return (float)Math.Sin(2 * Math.PI * (tMs - head.StartMs) / (head.EndMs - head.StartMs));
        }
    }
}
