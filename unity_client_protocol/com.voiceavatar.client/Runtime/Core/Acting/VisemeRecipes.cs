using System;
using System.Collections.Generic;
using System.Linq;

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

        /// <summary>Character Creator: V_Open, V_Explosive …</summary>
        Cc,

        /// <summary>Character Creator's pairs: AE, B_M_P, W_OO …</summary>
        Pairs,

        /// <summary>Preston Blair's mouths: AI, MBP, WQ …</summary>
        Blair,
    }

    /// <summary>How each of the 15 visemes is made of the shapes of a rig; tuned by eye on open models.</summary>
    public static class VisemeRecipes
    {
        private const int MostOfThem = 10;

        /// <summary>Returns which rig a mesh has.</summary>
        public static FaceRig RigOf(BlendShapeNames names)
        {
            int visemes = VisemeSets.Named("ovr15").Count(viseme => names.All("viseme_" + viseme).Count > 0);
            string[] rig = visemes >= MostOfThem ? null : Recipes(names);
            return visemes >= MostOfThem ? FaceRig.Ovr
                : rig == null ? FaceRig.Unknown
                : (FaceRig)Enum.Parse(typeof(FaceRig), rig[0], true);
        }

        /// <summary>Returns the recipes for a mesh: name, what it needs, and "viseme: recipe"; null for none.</summary>
        internal static string[] Recipes(BlendShapeNames names)
        {
            return RigTable.Rigs.FirstOrDefault(rig => rig[1].Split(' ').All(one => names.All(one).Count > 0));
        }

        /// <summary>Returns the recipes of a rig by viseme; none for null.</summary>
        internal static Dictionary<string, string> ByViseme(string[] rig)
        {
            return rig == null ? new Dictionary<string, string>() : RigWords.Table(rig.Skip(2));
        }

        /// <summary>Adds the shapes of a viseme of ovr15 to a map: its own, else those of a recipe.</summary>
        /// <param name="names">the mesh's.</param>
        /// <param name="recipes">those of its rig, by viseme.</param>
        /// <param name="viseme">such as "PP".</param>
        /// <param name="add">takes the index of a shape and its weight 0..1.</param>
        internal static void Each(
            BlendShapeNames names, Dictionary<string, string> recipes, string viseme, Action<int, float> add)
        {
            List<int> own = names.All("viseme_" + viseme);
            foreach (int shape in own)
            {
                add(shape, 1);
            }
            string recipe;
            if (own.Count == 0 && recipes.TryGetValue(viseme, out recipe))
            {
                names.Cook(recipe, add);
            }
        }
    }
}
