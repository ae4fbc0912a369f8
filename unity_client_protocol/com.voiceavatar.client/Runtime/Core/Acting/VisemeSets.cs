using System;

namespace VoiceAvatar
{
    /// <summary>Names of the viseme sets, index 0 first (PROTOCOL.md, section 10).</summary>
    public static class VisemeSets
    {
        private static readonly string[] Ovr15 = Words("sil PP FF TH DD kk CH SS nn RR aa E I O U");

        private static readonly string[] Arkit52 = Words(
            "eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft eyeWideLeft "
            + "eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight eyeSquintRight "
            + "eyeWideRight jawForward jawLeft jawRight jawOpen mouthClose mouthFunnel mouthPucker mouthLeft "
            + "mouthRight mouthSmileLeft mouthSmileRight mouthFrownLeft mouthFrownRight mouthDimpleLeft "
            + "mouthDimpleRight mouthStretchLeft mouthStretchRight mouthRollLower mouthRollUpper "
            + "mouthShrugLower mouthShrugUpper mouthPressLeft mouthPressRight mouthLowerDownLeft "
            + "mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight browDownLeft browDownRight browInnerUp "
            + "browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft cheekSquintRight noseSneerLeft "
            + "noseSneerRight tongueOut");

        private static readonly string[] Vrm5 = Words("aa ih ou ee oh");

        private static readonly string[] Azure22 = Words("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21");

        /// <summary>Returns a copy of the names of a set; null for a set that is not known.</summary>
        public static string[] Named(string set)
        {
            switch (set)
            {
                case "ovr15":
                    return (string[])Ovr15.Clone();
                case "arkit52":
                    return (string[])Arkit52.Clone();
                case "vrm5":
                    return (string[])Vrm5.Clone();
                case "azure22":
                    return (string[])Azure22.Clone();
                default:
                    return null;
            }
        }

        private static string[] Words(string text)
        {
            return text.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries);
        }
    }
}
