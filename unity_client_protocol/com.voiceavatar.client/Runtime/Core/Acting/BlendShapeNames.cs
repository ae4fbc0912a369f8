using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;

namespace VoiceAvatar
{
    /// <summary>
    /// Finds the blend shapes of a mesh by the names that rigs give them. The page's rigs/shapes.mjs does
    /// the same; both know the names of RigTable.
    /// </summary>
    public sealed class BlendShapeNames
    {
        private static readonly HashSet<string> Noise = new HashSet<string>(RigTable.ShapeNoise);
        private static readonly HashSet<string> Prefixes = new HashSet<string>(RigTable.VisemePrefixes);
        private static readonly Dictionary<string, string> Known = RigWords.Table(RigTable.Shapes);
        private static readonly Regex Ends = new Regex("\\.|:|\\||/|__");

        private readonly Dictionary<string, int> _indices = new Dictionary<string, int>();

        /// <summary>Takes the names of a mesh's blend shapes, by index.</summary>
        public BlendShapeNames(IReadOnlyList<string> names)
        {
            List<List<string>> words = names.Select(name => RigWords.Of(Bare(name))).ToList();
            List<string> prefix = RigWords.SharedPrefix(words, Prefixes);
            Func<List<string>, string>[] forms =
            {
                Joined,
                one => Joined(WithoutNoise(one)),
                one => Joined(WithoutNoise(RigWords.Without(one, prefix))),
            };
            foreach (Func<List<string>, string> form in forms)
            {
                for (int i = 0; i < names.Count; i++)
                {
                    string key = form(words[i]);
                    if (!_indices.ContainsKey(key))
                    {
                        _indices.Add(key, i);
                    }
                }
            }
        }

        /// <summary>Returns the index of the first of some names that the mesh has; -1 for none.</summary>
        public int Find(params string[] names)
        {
            foreach (string name in names)
            {
                List<int> own = All(name);
                if (own.Count > 0)
                {
                    return own[0];
                }
            }
            return -1;
        }

        /// <summary>Returns the shapes that together are one of ours; none if the mesh has none.</summary>
        public List<int> All(string name)
        {
            string spelt;
            spelt = Known.TryGetValue(name, out spelt) ? spelt : Normal(name);
            foreach (string one in spelt.Split(' '))
            {
                List<int> own = one.Split('+').Where(_indices.ContainsKey).Select(part => _indices[part])
                    .Distinct().ToList();
                if (own.Count > 0)
                {
                    return own;
                }
            }
            return new List<int>();
        }

        /// <summary>Adds the shapes of a recipe: names and weights in turn, "*" for both sides.</summary>
        public void Cook(string recipe, Action<int, float> add)
        {
            string[] words = recipe.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries);
            Dictionary<int, float> weights = new Dictionary<int, float>();
            List<int> order = new List<int>();
            for (int i = 0; i + 1 < words.Length; i += 2)
            {
                float weight = float.Parse(words[i + 1], CultureInfo.InvariantCulture);
                string[] sides = words[i].EndsWith("*", StringComparison.Ordinal) ? new[] { "Left", "Right" } : new[] { "" };
                string word = words[i];
                foreach (int own in sides.SelectMany(side => All(word.Replace("*", side))).Distinct())
                {
                    float before;
                    if (!weights.TryGetValue(own, out before))
                    {
                        order.Add(own);
                    }
                    weights[own] = Math.Max(before, weight);
                }
            }
            foreach (int own in order)
            {
                add(own, weights[own]);
            }
        }

        /// <summary>One spelling for all: "blendShape1.Mouth_Smile_L" and "mouthSmileLeft" are the same.</summary>
        public static string Normal(string name)
        {
            return Joined(RigWords.Of(Bare(name)));
        }

        /// <summary>What follows the last "." that is no side or number, and from "Fcl_" on.</summary>
        private static string Bare(string name)
        {
            List<string> parts = Ends.Split(name).Where(part => part.Length > 0).ToList();
            while (parts.Count > 1 && RigWords.IsNumber(parts[parts.Count - 1]))
            {
                parts.RemoveAt(parts.Count - 1);
            }
            string last = parts.Count > 0 ? parts[parts.Count - 1] : "";
            bool isSide = parts.Count > 1 && RigWords.SideOf(last.ToLowerInvariant()) != "";
            string whole = isSide ? parts[parts.Count - 2] + "_" + last : last;
            int vroid = whole.IndexOf("fcl_", StringComparison.OrdinalIgnoreCase);
            return vroid > 0 ? whole.Substring(vroid) : whole;
        }

        /// <summary>Words with their side at the end, joined.</summary>
        private static string Joined(List<string> words)
        {
            int at = words.Count > 1 && !Prefixes.Contains(words[0])
                ? words.FindLastIndex(word => RigWords.SideOf(word) != "")
                : -1;
            if (at < 0)
            {
                return string.Concat(words);
            }
            return string.Concat(words.Where((_, i) => i != at)) + RigWords.SideOf(words[at]);
        }

        /// <summary>"A25_Jaw_Open" and "ARKit_jawOpen" are what their last words say.</summary>
        private static List<string> WithoutNoise(List<string> words)
        {
            int at = 0;
            while (true)
            {
                int left = words.Count - at;
                if (left > 2 && words[at].Length == 1 && RigWords.IsNumber(words[at + 1]))
                {
                    at += 2;
                }
                else if (left > 1 && (Noise.Contains(words[at]) || RigWords.IsNumber(words[at])))
                {
                    at++;
                }
                else
                {
                    return words.Skip(at).ToList();
                }
            }
        }
    }
}
