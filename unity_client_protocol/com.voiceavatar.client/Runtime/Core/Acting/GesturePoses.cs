#pragma warning disable 1591 // the parts of a direction share a comment
using System.Collections.Generic;

namespace VoiceAvatar
{
    /// <summary>
    /// Where an arm is at the stroke of a gesture: directions in the avatar's own space, x to the side of
    /// that arm, y up, z forward. Not normalized.
    /// </summary>
    public struct ArmPose
    {
        /// <summary>From shoulder to elbow.</summary>
        public float UpperX, UpperY, UpperZ;

        /// <summary>From elbow to wrist.</summary>
        public float LowerX, LowerY, LowerZ;

        /// <summary>How far the hand swings to and fro in the stroke, 0..1 of a forearm.</summary>
        public float Swing;

        /// <summary>How often.</summary>
        public int Swings;
    }

    /// <summary>
    /// A pose for each gesture of the vocabulary, so that an avatar without clips of its own moves its
    /// arms. Meant as a start: clips look better.
    /// </summary>
    public static class GesturePoses
    {
        private static readonly Dictionary<string, ArmPose> Poses = new Dictionary<string, ArmPose>
        {
            { "beat_right", Arm(.25f, -1, .25f, .1f, -.1f, 1, .25f, 1) },
            { "beat_left", Arm(.25f, -1, .25f, .1f, -.1f, 1, .25f, 1) },
            { "beat_both", Arm(.3f, -1, .25f, 0, 0, 1, .2f, 1) },
            { "open_palm", Arm(.4f, -1, .2f, .4f, .1f, 1) },
            { "open_palms", Arm(.5f, -1, .2f, .5f, .1f, 1) },
            { "palm_push", Arm(.2f, -.6f, .8f, 0, .3f, 1) },
            { "sweep", Arm(.5f, -.7f, .5f, .9f, .1f, .8f, .5f, 1) },
            { "contrast_left", Arm(.5f, -.9f, .3f, .6f, .1f, .8f) },
            { "contrast_right", Arm(.5f, -.9f, .3f, .6f, .1f, .8f) },
            { "shrug", Arm(.45f, -1, 0, .9f, .3f, .4f) },
            { "point_self", Arm(.4f, -.8f, .3f, -.8f, .3f, .4f) },
            { "point_user", Arm(.2f, -.5f, .9f, 0, .1f, 1) },
            { "point_here", Arm(.2f, -.9f, .4f, 0, -.5f, 1) },
            { "point_away", Arm(.9f, -.2f, .5f, 1, .1f, .5f) },
            { "big", Arm(.9f, -.4f, .4f, .6f, .3f, .8f) },
            { "small", Arm(.3f, -.9f, .4f, -.1f, .4f, .9f) },
            { "high", Arm(.4f, .2f, .7f, .1f, 1, .4f) },
            { "low", Arm(.3f, -1, .3f, .1f, -.6f, .8f) },
            { "round", Arm(.6f, -.7f, .4f, -.2f, .3f, .9f, .3f, 1) },
            { "count_one", Arm(.3f, -.8f, .4f, .1f, .8f, .6f) },
            { "count_two", Arm(.3f, -.8f, .4f, .1f, .8f, .6f) },
            { "count_three", Arm(.3f, -.8f, .4f, .1f, .8f, .6f) },
            { "count_four", Arm(.3f, -.8f, .4f, .1f, .8f, .6f) },
            { "count_five", Arm(.3f, -.8f, .4f, .1f, .8f, .6f) },
            { "wave", Arm(.7f, -.2f, .4f, .3f, 1, .2f, .6f, 3) },
            { "bow", Arm(.2f, -1, .2f, -.2f, -.8f, .4f) },
            { "thumbs_up", Arm(.2f, -.8f, .6f, 0, .4f, 1) },
            { "thumbs_down", Arm(.4f, -.6f, .6f, 0, -.1f, 1) },
            { "ok", Arm(.3f, -.8f, .5f, .2f, .8f, .7f) },
            { "clap", Arm(.3f, -.8f, .5f, -.4f, .2f, 1, .4f, 3) },
            { "cheer", Arm(.6f, .8f, .2f, .1f, 1, .1f, .2f, 2) },
            { "raise_hand", Arm(.4f, .5f, .3f, 0, 1, .1f) },
            { "hand_on_heart", Arm(.3f, -.8f, .4f, -.9f, .3f, .3f) },
            { "facepalm", Arm(.3f, -.1f, .9f, -.5f, .9f, -.3f) },
            { "think", Arm(.1f, -.8f, .5f, -.3f, 1, .2f) },
        };

        /// <summary>Returns the pose of a gesture; false for one that is not known.</summary>
        public static bool Find(string lexeme, out ArmPose pose)
        {
            return Poses.TryGetValue(lexeme, out pose);
        }

        private static ArmPose Arm(
            float upperX, float upperY, float upperZ, float lowerX, float lowerY, float lowerZ,
            float swing = 0, int swings = 0)
        {
            return new ArmPose
            {
                UpperX = upperX, UpperY = upperY, UpperZ = upperZ,
                LowerX = lowerX, LowerY = lowerY, LowerZ = lowerZ,
                Swing = swing, Swings = swings,
            };
        }
    }
}
