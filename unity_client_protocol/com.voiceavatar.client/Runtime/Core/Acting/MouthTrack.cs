using System;

namespace VoiceAvatar
{
    /// <summary>
    /// The mouth of one reply: poses on its clock, linear between two, closed within 80 ms after an
    /// interruption (PROTOCOL.md, section 10). <see cref="Sample"/> allocates nothing.
    /// </summary>
    public sealed class MouthTrack
    {
        /// <summary>Time in which the mouth closes after an interruption, ms (section 6, rule 6).</summary>
        public const double CloseMs = 80;

        private double[] _timesMs = new double[256];
        private float[] _weights;
        private int _poses;
        private int _cursor;
        private double _cutMs = double.PositiveInfinity;

        /// <summary>Makes an empty track.</summary>
        /// <param name="shapes">names of the viseme set, 1..256.</param>
        public MouthTrack(int shapes)
        {
            Shapes = shapes;
            _weights = new float[_timesMs.Length * shapes];
        }

        /// <summary>Weights of a pose.</summary>
        public int Shapes { get; private set; }

        /// <summary>Up to where the mouth is known, ms.</summary>
        public double UntilMs { get; private set; }

        /// <summary>Forgets everything.</summary>
        public void Clear()
        {
            _poses = 0;
            _cursor = 0;
            UntilMs = 0;
            _cutMs = double.PositiveInfinity;
        }

        /// <summary>Takes a message. Keys of one message and one time are one pose; indices beyond the
        /// set and times that go back are passed over.</summary>
        public void Add(in VisemeKeys message)
        {
            bool isNew = true;
            foreach (VisemeKey key in message.Keys)
            {
                double lastMs = _poses > 0 ? _timesMs[_poses - 1] : 0;
                if (key.TMs < lastMs)
                {
                    continue;
                }
                if (isNew || key.TMs > lastMs)
                {
                    AddPose(key.TMs);
                    isNew = false;
                }
                if (key.Viseme < Shapes)
                {
                    _weights[(_poses - 1) * Shapes + key.Viseme] = key.Weight;
                }
            }
            UntilMs = Math.Max(UntilMs, message.UntilMs);
        }

        /// <summary>The reply was interrupted when `tMs` of it was heard.</summary>
        public void Cut(double tMs)
        {
            _cutMs = tMs;
        }

        /// <summary>Writes the pose at a time.</summary>
        /// <param name="tMs">the time that is heard; after a cut it goes on from the cut.</param>
        /// <param name="weights">takes a weight for each shape.</param>
        /// <returns>false, and zeros, where the mouth is not known.</returns>
        public bool Sample(double tMs, float[] weights)
        {
            Array.Clear(weights, 0, weights.Length);
            double shownMs = Math.Min(tMs, _cutMs);
            if (_poses == 0 || shownMs > UntilMs)
            {
                return false;
            }
            float open = tMs > _cutMs ? (float)Math.Max(0, 1 - (tMs - _cutMs) / CloseMs) : 1f;
            int after = FirstAfter(shownMs);
            int old = Math.Max(0, after - 1);
            int next = Math.Min(after, _poses - 1);
            double span = _timesMs[next] - _timesMs[old];
            float share = next > old && span > 0 ? (float)((shownMs - _timesMs[old]) / span) : 0f;
            for (int i = 0; i < Math.Min(Shapes, weights.Length); i++)
            {
                float from = _weights[old * Shapes + i];
                float to = _weights[next * Shapes + i];
                weights[i] = open * (from + (to - from) * share);
            }
            return true;
        }

        private void AddPose(double tMs)
        {
            if (_poses == _timesMs.Length)
            {
                Array.Resize(ref _timesMs, 2 * _poses);
                Array.Resize(ref _weights, 2 * _poses * Shapes);
            }
            _timesMs[_poses] = tMs;
            Array.Clear(_weights, _poses * Shapes, Shapes);
            _poses++;
        }

        /// <summary>Index of the first pose after a time; looks from where it was the last time.</summary>
        private int FirstAfter(double tMs)
        {
            if (_cursor > 0 && _timesMs[_cursor - 1] > tMs)
            {
                _cursor = 0;
            }
            while (_cursor < _poses && _timesMs[_cursor] <= tMs)
            {
                _cursor++;
            }
            return _cursor;
        }
    }
}
