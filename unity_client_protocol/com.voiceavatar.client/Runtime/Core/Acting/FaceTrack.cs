using System;
using System.Collections.Generic;

namespace VoiceAvatar
{
    /// <summary>An expression and how much of it is shown.</summary>
    public struct ExpressionWeight
    {
        /// <summary>Its name.</summary>
        public string Expression;

        /// <summary>0..1.</summary>
        public float Weight;
    }

    /// <summary>
    /// The expressions of one reply on its clock: each rises in its fade, is held, and falls, or falls
    /// when the next begins. After an interruption what has begun keeps its times. <see cref="Sample"/>
    /// allocates nothing.
    /// </summary>
    public sealed class FaceTrack
    {
        private readonly List<Face> _faces = new List<Face>(); // in the order of TMs

        /// <summary>Forgets everything.</summary>
        public void Clear()
        {
            _faces.Clear();
        }

        /// <summary>The reply was interrupted when `tMs` of it was heard: what has not begun is left out.</summary>
        public void Cut(double tMs)
        {
            while (_faces.Count > 0 && _faces[_faces.Count - 1].TMs >= tMs)
            {
                _faces.RemoveAt(_faces.Count - 1);
            }
        }

        /// <summary>Takes an expression.</summary>
        public void Add(in Face face)
        {
            int at = _faces.Count;
            while (at > 0 && _faces[at - 1].TMs > face.TMs)
            {
                at--;
            }
            _faces.Insert(at, face);
        }

        /// <summary>Writes the expressions above 0; of one name the stronger counts.</summary>
        /// <returns>how many there are in `weights`.</returns>
        public int Sample(double tMs, ExpressionWeight[] weights)
        {
            int count = 0;
            for (int i = 0; i < _faces.Count; i++)
            {
                float weight = Alone(_faces[i], tMs);
                if (i + 1 < _faces.Count && tMs >= _faces[i + 1].TMs)
                {
                    Face next = _faces[i + 1];
                    float faded = Timing.Share(tMs, next.TMs, next.TMs + next.FadeMs);
                    weight = Math.Min(weight, Alone(_faces[i], next.TMs)) * (1 - faded);
                }
                count = weight > 0 ? Put(weights, count, _faces[i].Expression, weight) : count;
            }
            return count;
        }

        private static int Put(ExpressionWeight[] weights, int count, string expression, float weight)
        {
            for (int i = 0; i < count; i++)
            {
                if (weights[i].Expression == expression)
                {
                    weights[i].Weight = Math.Max(weights[i].Weight, weight);
                    return count;
                }
            }
            if (count == weights.Length)
            {
                return count;
            }
            weights[count] = new ExpressionWeight { Expression = expression, Weight = weight };
            return count + 1;
        }

        private static float Alone(in Face face, double tMs)
        {
            if (tMs < face.TMs)
            {
                return 0;
            }
            float weight = face.Intensity * Timing.Share(tMs, face.TMs, face.TMs + face.FadeMs);
            double fallsMs = face.TMs + face.FadeMs + face.HoldMs;
            if (face.HoldMs > 0 && tMs > fallsMs)
            {
                weight *= 1 - Timing.Share(tMs, fallsMs, fallsMs + face.FadeMs);
            }
            return weight;
        }
    }
}
