using System;
using System.Collections.Generic;
using System.Linq;

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
        private static readonly Dictionary<string, string> Expressions = RigWords.Table(RigTable.Expressions);

        /// <summary>Returns the map of a viseme set; empty where the mesh's rig is not known.</summary>
        /// <param name="shapes">names of the mesh's blend shapes, by index.</param>
        /// <param name="visemes">names of the set in force.</param>
        public static List<BlendShapeShare> OfVisemes(IReadOnlyList<string> shapes, string[] visemes)
        {
            BlendShapeNames names = new BlendShapeNames(shapes);
            Dictionary<string, string> recipes = VisemeRecipes.ByViseme(VisemeRecipes.Recipes(names));
            List<BlendShapeShare> map = new List<BlendShapeShare>();
            foreach (string viseme in visemes)
            {
                int before = map.Count;
                string name = viseme;
                Action<int, float> add = (shape, weight) =>
                    map.Add(new BlendShapeShare { Name = name, Shape = shape, Weight = weight });
                VisemeRecipes.Each(names, recipes, OvrOf(viseme), add);
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
                names.Cook(expression.Value, (shape, weight) =>
                    map.Add(new BlendShapeShare { Name = expression.Key, Shape = shape, Weight = weight }));
            }
            return map;
        }

        /// <summary>Returns the shapes that close the lids.</summary>
        public static List<BlendShapeShare> OfLids(IReadOnlyList<string> shapes)
        {
            BlendShapeNames names = new BlendShapeNames(shapes);
            return names.All("eyeBlinkLeft").Concat(names.All("eyeBlinkRight")).Distinct()
                .Select(lid => new BlendShapeShare { Name = "blink", Shape = lid, Weight = 1 }).ToList();
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
