using System;
using System.Collections.Generic;

namespace VoiceAvatar
{
    /// <summary>One entry of a map: this much of a blend shape for all of a viseme.</summary>
    [Serializable]
    public struct BlendShapeShare
    {
        /// <summary>Name of the viseme or expression.</summary>
        public string Name;

        /// <summary>Index of the mesh's blend shape.</summary>
        public int Shape;

        /// <summary>Its weight when the viseme has weight 1, 0..1.</summary>
        public float Weight;
    }

    /// <summary>Maps visemes and expressions to the blend shapes of a mesh.</summary>
    public static class BlendShapeMap
    {
        private static readonly Dictionary<string, string> Expressions = new Dictionary<string, string>
        {
            { "happy", "mouthSmile* .7 cheekSquint* .5 browInnerUp .15 Fcl_ALL_Joy 1 joy 1 happy 1 Smile_* .8" },
            { "smile", "mouthSmile* .5 cheekSquint* .2 Fcl_MTH_Fun 1 Smile_* .5" },
            { "relaxed", "mouthSmile* .3 eyeSquint* .2 Fcl_ALL_Fun 1 fun 1 relaxed 1 Smile_* .3" },
            { "sad", "mouthFrown* .6 browInnerUp .7 eyeLookDown* .1 Fcl_ALL_Sorrow 1 sorrow 1 sad 1 Frown_* .7" },
            { "angry", "browDown* .8 noseSneer* .3 mouthPress* .4 Fcl_ALL_Angry 1 angry 1 BrowsDown_* .8" },
            { "surprised", "browInnerUp .7 browOuterUp* .8 eyeWide* .7 Fcl_ALL_Surprised 1 surprised 1 EyesWide_* .7" },
            { "fearful", "browInnerUp .8 eyeWide* .6 mouthStretch* .3 Fcl_ALL_Surprised .6 Fcl_ALL_Sorrow .4" },
            { "disgusted", "noseSneer* .7 browDown* .3 mouthUpperUp* .3 Fcl_ALL_Angry .6 NoseScrunch_* .7" },
            { "brow_raise", "browInnerUp .5 browOuterUp* .7 Fcl_BRW_Surprised 1 BrowsUp_* .7" },
            { "brow_frown", "browDown* .6 Fcl_BRW_Angry 1 BrowsDown_* .6" },
        };

        /// <summary>Returns the map of a viseme set; empty where the mesh's rig is not known.</summary>
        /// <param name="shapes">names of the mesh's blend shapes, by index.</param>
        /// <param name="visemes">names of the set in force.</param>
        public static List<BlendShapeShare> OfVisemes(IReadOnlyList<string> shapes, string[] visemes)
        {
            BlendShapeNames names = new BlendShapeNames(shapes);
            FaceRig rig = VisemeRecipes.RigOf(names);
            List<BlendShapeShare> map = new List<BlendShapeShare>();
            foreach (string viseme in visemes)
            {
                int before = map.Count;
                string name = viseme;
                Action<int, float> add = (shape, weight) =>
                    map.Add(new BlendShapeShare { Name = name, Shape = shape, Weight = weight });
                VisemeRecipes.Each(names, rig, OvrOf(viseme), add);
                int itself = map.Count == before ? names.Find(viseme) : -1;
                if (itself >= 0)
                {
                    add(itself, 1);
                }
            }
            return map;
        }

        /// <summary>Returns the map of the expressions that the mesh can show.</summary>
        public static List<BlendShapeShare> OfExpressions(IReadOnlyList<string> shapes)
        {
            BlendShapeNames names = new BlendShapeNames(shapes);
            List<BlendShapeShare> map = new List<BlendShapeShare>();
            foreach (KeyValuePair<string, string> expression in Expressions)
            {
                VisemeRecipes.Cook(names, expression.Value, (shape, weight) =>
                    map.Add(new BlendShapeShare { Name = expression.Key, Shape = shape, Weight = weight }));
            }
            return map;
        }

        /// <summary>Returns the shapes that close the lids.</summary>
        public static List<BlendShapeShare> OfLids(IReadOnlyList<string> shapes)
        {
            BlendShapeNames names = new BlendShapeNames(shapes);
            List<BlendShapeShare> map = new List<BlendShapeShare>();
            int both = names.Find("Fcl_EYE_Close", "blink", "eyesClosed", "まばたき");
            if (both >= 0)
            {
                map.Add(new BlendShapeShare { Name = "blink", Shape = both, Weight = 1 });
                return map;
            }
            foreach (string side in new[] { "Left", "Right" })
            {
                int lid = names.Find("eyeBlink" + side, "Blink_" + side, "Fcl_EYE_Close_" + side[0]);
                if (lid >= 0)
                {
                    map.Add(new BlendShapeShare { Name = "blink", Shape = lid, Weight = 1 });
                }
            }
            return map;
        }

        /// <summary>The viseme of ovr15 that a vowel of vrm5 is; others as they are.</summary>
        private static string OvrOf(string viseme)
        {
            switch (viseme)
            {
                case "ih":
                    return "I";
                case "ou":
                    return "U";
                case "ee":
                    return "E";
                case "oh":
                    return "O";
                default:
                    return viseme;
            }
        }
    }
}
