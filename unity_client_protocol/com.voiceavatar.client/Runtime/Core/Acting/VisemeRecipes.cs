using System;
using System.Collections.Generic;
using System.Globalization;

namespace VoiceAvatar
{
    /// <summary>Kinds of face rigs that are known by their blend shapes.</summary>
    public enum FaceRig
    {
        /// <summary>None of the others.</summary>
        Unknown,

        /// <summary>15 shapes of Oculus Lipsync and OpenXR: viseme_PP, v_pp.</summary>
        Ovr,

        /// <summary>ARKit's 52 shapes: jawOpen, mouthFunnel …</summary>
        Arkit,

        /// <summary>VRoid Studio and VRM: Fcl_MTH_A.</summary>
        Vroid,

        /// <summary>Five vowels: A I U E O, aa ih ou ee oh, あいうえお.</summary>
        Vowels,

        /// <summary>Mixamo and Fuse: MouthOpen, MouthNarrow_Left, LowerLipIn …</summary>
        Mixamo,
    }

    /// <summary>How each of the 15 visemes is made of the shapes of a rig; tuned by eye on open models.</summary>
    public static class VisemeRecipes
    {
        /// <summary>Names that a shape may have, by the name that recipes use.</summary>
        private static readonly Dictionary<string, string[]> Aliases = new Dictionary<string, string[]>
        {
            { "A", new[] { "Fcl_MTH_A", "A", "aa", "vowel_a", "mouth_a", "あ" } },
            { "I", new[] { "Fcl_MTH_I", "I", "ih", "vowel_i", "mouth_i", "い" } },
            { "U", new[] { "Fcl_MTH_U", "U", "ou", "vowel_u", "mouth_u", "う" } },
            { "E", new[] { "Fcl_MTH_E", "E", "ee", "vowel_e", "mouth_e", "え" } },
            { "O", new[] { "Fcl_MTH_O", "O", "oh", "vowel_o", "mouth_o", "お" } },
            { "shut", new[] { "Fcl_MTH_Close", "mouth_close", "mouthClose", "ん" } },
        };

        private static readonly Dictionary<string, string> Arkit = new Dictionary<string, string>
        {
            { "sil", "" },
            { "PP", "mouthRollLower .45 mouthRollUpper .35 mouthPress* .5" },
            { "FF", "mouthRollLower .75 mouthUpperUp* .25 jawOpen .05" },
            { "TH", "jawOpen .18 tongueOut .55 mouthLowerDown* .2" },
            { "DD", "jawOpen .14 mouthLowerDown* .3 mouthUpperUp* .1" },
            { "kk", "jawOpen .2 mouthLowerDown* .2 mouthStretch* .1" },
            { "CH", "mouthFunnel .55 jawOpen .08 mouthShrugUpper .15" },
            { "SS", "jawOpen .04 mouthStretch* .3 mouthLowerDown* .35 mouthUpperUp* .15" },
            { "nn", "jawOpen .16 mouthLowerDown* .2" },
            { "RR", "mouthFunnel .3 mouthPucker .25 jawOpen .12" },
            { "aa", "jawOpen .62 mouthLowerDown* .15" },
            { "E", "jawOpen .35 mouthStretch* .3 mouthSmile* .1" },
            { "I", "jawOpen .2 mouthSmile* .25 mouthStretch* .25" },
            { "O", "jawOpen .4 mouthFunnel .55 mouthPucker .15" },
            { "U", "jawOpen .14 mouthPucker .75 mouthFunnel .2" },
        };

        private static readonly Dictionary<string, string> Vowels = new Dictionary<string, string>
        {
            { "sil", "" }, { "PP", "shut 1" }, { "FF", "I .2" }, { "TH", "A .15 I .15" }, { "DD", "I .25 A .1" },
            { "kk", "A .2 I .1" }, { "CH", "U .35 I .15" }, { "SS", "I .35" }, { "nn", "I .2 A .1" },
            { "RR", "U .3 I .15" }, { "aa", "A 1" }, { "E", "E 1" }, { "I", "I 1" }, { "O", "O 1" }, { "U", "U 1" },
        };

        private static readonly Dictionary<string, string> Mixamo = new Dictionary<string, string>
        {
            { "sil", "" },
            { "PP", "LowerLipIn .5 UpperLipIn .5" },
            { "FF", "LowerLipIn .8 UpperLipUp_* .25 MouthOpen .05" },
            { "TH", "MouthOpen .2 TongueUp .5" },
            { "DD", "MouthOpen .15 LowerLipDown_* .3" },
            { "kk", "MouthOpen .25" },
            { "CH", "MouthNarrow_* .5 LowerLipOut .3 UpperLipOut .3 MouthOpen .1" },
            { "SS", "MouthOpen .05 LowerLipDown_* .35 Smile_* .2" },
            { "nn", "MouthOpen .18 TongueUp .3" },
            { "RR", "MouthNarrow_* .4 MouthOpen .15" },
            { "aa", "MouthOpen .8" },
            { "E", "MouthOpen .4 Smile_* .2" },
            { "I", "MouthOpen .2 Smile_* .35" },
            { "O", "MouthOpen .5 MouthNarrow_* .6" },
            { "U", "MouthOpen .15 MouthNarrow_* .9" },
        };

        /// <summary>Returns which rig a mesh has.</summary>
        public static FaceRig RigOf(BlendShapeNames names)
        {
            int visemes = 0;
            foreach (string viseme in VisemeSets.Named("ovr15"))
            {
                visemes += OvrIndex(names, viseme) >= 0 ? 1 : 0;
            }
            if (visemes >= 10)
            {
                return FaceRig.Ovr;
            }
            if (names.Find("jawOpen") >= 0 && names.Find("mouthFunnel") >= 0)
            {
                return FaceRig.Arkit;
            }
            if (names.Find("Fcl_MTH_A") >= 0)
            {
                return FaceRig.Vroid;
            }
            if (names.Find(Aliases["A"]) >= 0 && names.Find(Aliases["O"]) >= 0)
            {
                return FaceRig.Vowels;
            }
            return names.Find("MouthOpen") >= 0 ? FaceRig.Mixamo : FaceRig.Unknown;
        }

        /// <summary>Adds the shapes of a viseme of ovr15 to a map.</summary>
        /// <param name="names">the mesh's.</param>
        /// <param name="rig">its rig.</param>
        /// <param name="viseme">such as "PP".</param>
        /// <param name="add">takes the index of a shape and its weight 0..1.</param>
        public static void Each(BlendShapeNames names, FaceRig rig, string viseme, Action<int, float> add)
        {
            if (rig == FaceRig.Ovr)
            {
                Found(OvrIndex(names, viseme), 1, add);
                return;
            }
            Dictionary<string, string> recipes = rig == FaceRig.Arkit ? Arkit
                : rig == FaceRig.Mixamo ? Mixamo
                : Vowels;
            string recipe;
            if (rig != FaceRig.Unknown && recipes.TryGetValue(viseme, out recipe))
            {
                Cook(names, recipe, add);
            }
        }

        /// <summary>Adds the shapes of a recipe: names and weights in turn, "*" for both sides.</summary>
        public static void Cook(BlendShapeNames names, string recipe, Action<int, float> add)
        {
            string[] words = recipe.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries);
            for (int i = 0; i + 1 < words.Length; i += 2)
            {
                float weight = float.Parse(words[i + 1], CultureInfo.InvariantCulture);
                string[] aliases;
                if (words[i].EndsWith("*"))
                {
                    string stem = words[i].Substring(0, words[i].Length - 1);
                    Found(names.Find(stem + "Left"), weight, add);
                    Found(names.Find(stem + "Right"), weight, add);
                }
                else
                {
                    aliases = Aliases.TryGetValue(words[i], out aliases) ? aliases : new[] { words[i] };
                    Found(names.Find(aliases), weight, add);
                }
            }
        }

        private static void Found(int index, float weight, Action<int, float> add)
        {
            if (index >= 0)
            {
                add(index, weight);
            }
        }

        private static int OvrIndex(BlendShapeNames names, string viseme)
        {
            switch (viseme)
            {
                case "I":
                    return names.Find("viseme_I", "viseme_ih", "v_ih");
                case "O":
                    return names.Find("viseme_O", "viseme_oh", "v_oh");
                case "U":
                    return names.Find("viseme_U", "viseme_ou", "v_ou");
                default:
                    return names.Find("viseme_" + viseme, "v_" + viseme);
            }
        }
    }
}
