using System;
using System.Collections.Generic;

namespace VoiceAvatar
{
    /// <summary>Phases of a gesture, as in BML 1.0.</summary>
    public enum GesturePhase
    {
        /// <summary>Not begun, over, or given over to the next gesture.</summary>
        Rest,

        /// <summary>The hand goes to where the stroke begins.</summary>
        Preparation,

        /// <summary>What the gesture says.</summary>
        Stroke,

        /// <summary>The hand stays.</summary>
        Hold,

        /// <summary>The hand goes back.</summary>
        Retraction,
    }

    /// <summary>Where a gesture stands at a time.</summary>
    public struct GesturePose
    {
        /// <summary>The gesture.</summary>
        public Gesture Gesture;

        /// <summary>Its phase.</summary>
        public GesturePhase Phase;

        /// <summary>0 = at rest, 1 = all of the gesture; linear in time.</summary>
        public float Weight;

        /// <summary>How much of the stroke has gone by, 0..1; for clips and procedural strokes.</summary>
        public float StrokeShare;
    }

    /// <summary>
    /// The gestures of one reply on its clock (PROTOCOL.md, section 11). <see cref="Sample"/> allocates
    /// nothing.
    /// </summary>
    public sealed class GestureTrack
    {
        /// <summary>Time in which hands go back to rest after an interruption, ms.</summary>
        public const double RetractMs = 300;

        private readonly List<Gesture> _gestures = new List<Gesture>(); // in the order of StartMs
        private double _cutMs = double.PositiveInfinity;

        /// <summary>Forgets everything.</summary>
        public void Clear()
        {
            _gestures.Clear();
            _cutMs = double.PositiveInfinity;
        }

        /// <summary>Takes a gesture; one of an id that is known is passed over.</summary>
        public void Add(in Gesture gesture)
        {
            int at = _gestures.Count;
            for (int i = 0; i < _gestures.Count; i++)
            {
                if (_gestures[i].Id == gesture.Id)
                {
                    return;
                }
            }
            while (at > 0 && _gestures[at - 1].StartMs > gesture.StartMs)
            {
                at--;
            }
            _gestures.Insert(at, gesture);
        }

        /// <summary>The reply was interrupted when `tMs` of it was heard.</summary>
        public void Cut(double tMs)
        {
            _cutMs = tMs;
        }

        /// <summary>Writes the gestures that are shown at a time, in the order of their start.</summary>
        /// <param name="tMs">the time that is heard; after a cut it goes on from the cut.</param>
        /// <param name="poses">takes as many as fit.</param>
        /// <returns>how many there are in it.</returns>
        public int Sample(double tMs, GesturePose[] poses)
        {
            int count = 0;
            for (int i = 0; i < _gestures.Count && count < poses.Length; i++)
            {
                int following = Following(i);
                GesturePose pose = tMs <= _cutMs ? At(i, following, tMs) : AfterCut(i, following, tMs);
                if (pose.Phase != GesturePhase.Rest)
                {
                    poses[count++] = pose;
                }
            }
            return count;
        }

        private GesturePose AfterCut(int index, int following, double tMs)
        {
            GesturePose shown = At(index, following, _cutMs);
            double restMs = Math.Min(_gestures[index].EndMs, _cutMs + RetractMs);
            float weight = shown.Weight * (1 - Timing.Share(tMs, _cutMs, restMs));
            if (shown.Phase == GesturePhase.Rest || weight <= 0)
            {
                return default(GesturePose);
            }
            shown.Phase = GesturePhase.Retraction;
            shown.Weight = weight;
            return shown;
        }

        private GesturePose At(int index, int following, double tMs)
        {
            Gesture gesture = _gestures[index];
            GesturePose pose = default(GesturePose);
            if (tMs < gesture.StartMs || tMs >= gesture.EndMs)
            {
                return pose;
            }
            float left = 1;
            if (following >= 0 && _gestures[following].StartMs < gesture.RelaxMs)
            {
                Gesture next = _gestures[following];
                left = 1 - Timing.Share(tMs, next.StartMs, next.StrokeStartMs);
                if (tMs >= next.StartMs && left <= 0)
                {
                    return pose;
                }
            }
            pose.Gesture = gesture;
            pose.StrokeShare = Timing.Share(tMs, gesture.StrokeStartMs, gesture.StrokeEndMs);
            pose.Weight = left;
            if (tMs < gesture.StrokeStartMs)
            {
                pose.Phase = GesturePhase.Preparation;
                pose.Weight *= Timing.Share(tMs, gesture.StartMs, gesture.StrokeStartMs);
            }
            else if (tMs < gesture.StrokeEndMs)
            {
                pose.Phase = GesturePhase.Stroke;
            }
            else if (tMs < gesture.RelaxMs)
            {
                pose.Phase = GesturePhase.Hold;
            }
            else
            {
                pose.Phase = GesturePhase.Retraction;
                pose.Weight *= 1 - Timing.Share(tMs, gesture.RelaxMs, gesture.EndMs);
            }
            return pose;
        }

        /// <summary>Index of the next gesture that needs the same hand; -1 for none.</summary>
        private int Following(int index)
        {
            for (int i = index + 1; i < _gestures.Count; i++)
            {
                GestureMode one = _gestures[index].Mode;
                GestureMode other = _gestures[i].Mode;
                if (one == other || one == GestureMode.Both || other == GestureMode.Both)
                {
                    return i;
                }
            }
            return -1;
        }
    }
}
