using System.Collections.Generic;

namespace VoiceAvatar
{
    /// <summary>Where the avatar looks in a reply: the gaze that began last, else at the user.</summary>
    public sealed class GazeTrack
    {
        /// <summary>The user's head.</summary>
        public const string User = "user";

        private readonly List<Gaze> _gazes = new List<Gaze>();
        private double _cutMs = double.PositiveInfinity;

        /// <summary>Forgets everything.</summary>
        public void Clear()
        {
            _gazes.Clear();
            _cutMs = double.PositiveInfinity;
        }

        /// <summary>Takes a gaze.</summary>
        public void Add(in Gaze gaze)
        {
            _gazes.Add(gaze);
        }

        /// <summary>The reply was interrupted: the eyes go to the user at once.</summary>
        public void Cut(double tMs)
        {
            _cutMs = tMs;
        }

        /// <summary>Returns what is looked at; "user" with nothing else.</summary>
        /// <param name="tMs">the time that is heard.</param>
        /// <param name="headShare">how much of the turn the head takes over, 0..1.</param>
        public string Sample(double tMs, out float headShare)
        {
            string target = User;
            double startMs = double.NegativeInfinity;
            headShare = 0;
            for (int i = 0; i < _gazes.Count && tMs < _cutMs; i++)
            {
                Gaze gaze = _gazes[i];
                if (gaze.StartMs <= tMs && tMs < gaze.EndMs && gaze.StartMs > startMs)
                {
                    target = gaze.Target;
                    startMs = gaze.StartMs;
                    headShare = gaze.HeadShare;
                }
            }
            return target;
        }
    }
}
