using System;
using System.Collections.Generic;
using System.Linq;

namespace VoiceAvatar
{
    /// <summary>What a node of a model is to its skeleton.</summary>
    public enum RigNodeKind
    {
        /// <summary>A skin hangs on it.</summary>
        Joint,

        /// <summary>It shows nothing.</summary>
        Node,

        /// <summary>It shows something itself.</summary>
        Mesh,

        /// <summary>What it shows hangs on joints, so that it is none itself.</summary>
        Skin,
    }

    /// <summary>A node of a model.</summary>
    public struct RigNode
    {
        /// <summary>Its name.</summary>
        public string Name;

        /// <summary>Index of its parent; -1 = none.</summary>
        public int Parent;

        /// <summary>What it is.</summary>
        public RigNodeKind Kind;
    }

    /// <summary>
    /// Finds the bones of a model by their names and their places in the tree, for models without a
    /// humanoid of Unity. The page's rigs/bones.mjs does the same.
    /// </summary>
    public static class RigBones
    {
        private static readonly HashSet<string> Noise = new HashSet<string>(RigTable.BoneNoise);
        private static readonly string[] LongNoise = RigTable.BoneNoise.Where(word => word.Length >= 6).ToArray();

        private static readonly Dictionary<string, string[]> Parts =
            RigWords.Table(RigTable.BoneParts).ToDictionary(part => part.Key, part => part.Value.Split(' '));

        /// <summary>Returns VRM's names of the bones that were found, with the indices of their nodes.</summary>
        public static Dictionary<string, int> Find(IReadOnlyList<RigNode> nodes)
        {
            Tree tree = new Tree(nodes);
            Dictionary<string, int> found = new Dictionary<string, int>();
            string[] family = RigTable.BoneFamilies
                .FirstOrDefault(one => one[0].Split(' ').All(name => tree.ByNumber(name) >= 0));
            if (family != null)
            {
                foreach (KeyValuePair<string, string> bone in RigWords.Table(family.Skip(1)))
                {
                    Take(found, bone.Key, tree.ByNumber(bone.Value));
                }
            }
            else
            {
                SpineOf(tree, found);
            }
            int head;
            head = found.TryGetValue("head", out head) ? head : -1;
            foreach (string side in new[] { "left", "right" })
            {
                Take(found, side + "Eye", tree.Find("eye", side, null, -1, head));
                ArmOf(tree, side, found);
            }
            return found;
        }

        private static void Take(Dictionary<string, int> found, string bone, int at)
        {
            if (at >= 0)
            {
                found[bone] = at;
            }
        }

        /// <summary>From the hips to the head: what is on the way up belongs to it.</summary>
        private static void SpineOf(Tree tree, Dictionary<string, int> found)
        {
            int head = tree.Find("head", "");
            int lone = tree.Find("neck", "");
            List<int> way = head >= 0 ? tree.Above(head) : new List<int>();
            if (head < 0 && lone >= 0)
            {
                way.Add(lone);
                way.AddRange(tree.Above(lone));
            }
            int hips = Central(tree, "hips", way);
            int neck = Central(tree, "neck", way);
            Take(found, "head", head);
            Take(found, "neck", neck);
            Take(found, "hips", hips);
            bool isBounded = hips >= 0 && way.Contains(hips);
            List<int> spine = way
                .Where(at => at != hips && tree.IsSpine(at) && (!isBounded || tree.Above(at).Contains(hips)))
                .Reverse().ToList();
            int lowest = way.Count == 0 ? tree.Find("spine", "") : -1;
            if (lowest >= 0)
            {
                spine.Add(lowest);
            }
            Take(found, "spine", spine.Count > 0 ? spine[0] : -1);
            Take(found, "chest", spine.Count > 1 ? spine[spine.Count / 2] : -1);
            Take(found, "upperChest", spine.Count > 2 ? spine[spine.Count - 1] : -1);
        }

        private static int Central(Tree tree, string part, List<int> way)
        {
            int onTheWay = way.Count > 0 ? tree.Find(part, "", new HashSet<int>(way)) : -1;
            return onTheWay >= 0 ? onTheWay : tree.Find(part, "");
        }

        private static void ArmOf(Tree tree, string side, Dictionary<string, int> found)
        {
            int lower = tree.Find("lowerArm", side);
            int shoulder = tree.Find("shoulder", side);
            int upper = tree.Find("upperArm", side, null, shoulder);
            // Where there is no other upper arm, what is called a shoulder and carries the forearm is one.
            bool isArm = upper < 0 && shoulder >= 0 && lower >= 0 && tree.Nodes[lower].Parent == shoulder;
            Take(found, side + "UpperArm", isArm ? shoulder : upper);
            Take(found, side + "Shoulder", isArm ? -1 : shoulder);
            Take(found, side + "LowerArm", lower);
            Take(found, side + "Hand", tree.Find("hand", side));
        }

        /// <summary>A name, as far as it says which bone it is.</summary>
        private sealed class Reading
        {
            internal readonly string Side;
            internal readonly string Text;
            internal readonly string Numbered;
            internal readonly bool HasNumber;

            internal Reading(List<string> given)
            {
                List<string> words = new List<string>(given);
                while (words.Count > 1 && (Noise.Contains(words[0]) || RigWords.IsNumber(words[0])))
                {
                    words.RemoveAt(0);
                }
                while (words.Count > 1 && Noise.Contains(words[words.Count - 1]))
                {
                    words.RemoveAt(words.Count - 1);
                }
                string begins = words.Count == 0 ? null : LongNoise.FirstOrDefault(
                    word => words[0].StartsWith(word, StringComparison.Ordinal) && words[0].Length > word.Length);
                if (begins != null)
                {
                    words[0] = words[0].Substring(begins.Length);
                }
                int at = words.FindIndex(word => RigWords.SideOf(word) != "");
                Side = at < 0 ? "" : RigWords.SideOf(words[at]);
                if (at >= 0)
                {
                    words.RemoveAt(at);
                }
                Numbered = string.Concat(words);
                HasNumber = words.Any(RigWords.IsNumber);
                Text = string.Concat(words.Where(word => !RigWords.IsNumber(word)));
                foreach (string side in new[] { "left", "right" })
                {
                    if (Side != "" || Text == side)
                    {
                        continue;
                    }
                    bool isFirst = Text.StartsWith(side, StringComparison.Ordinal);
                    if (isFirst || Text.EndsWith(side, StringComparison.Ordinal))
                    {
                        Side = side;
                        Text = isFirst ? Text.Substring(side.Length) : Text.Substring(0, Text.Length - side.Length);
                    }
                }
            }
        }

        private sealed class Tree
        {
            internal readonly IReadOnlyList<RigNode> Nodes;
            private readonly List<Reading> _readings;

            internal Tree(IReadOnlyList<RigNode> nodes)
            {
                Nodes = nodes;
                List<List<string>> words = nodes.Select(node => RigWords.Of(node.Name)).ToList();
                List<List<string>> joints = words.Where((_, at) => nodes[at].Kind == RigNodeKind.Joint).ToList();
                List<string> prefix = RigWords.SharedPrefix(joints.Count > 0 ? joints : words, new HashSet<string>());
                _readings = words.Select(one =>
                {
                    Reading plain = new Reading(one);
                    bool isKnown = Parts.Values.Any(names => names.Contains(plain.Text));
                    return isKnown ? plain : new Reading(RigWords.Without(one, prefix));
                }).ToList();
            }

            /// <summary>The nodes above one, the nearest first.</summary>
            internal List<int> Above(int at)
            {
                List<int> found = new List<int>();
                for (int up = Nodes[at].Parent; up >= 0 && found.Count <= Nodes.Count; up = Nodes[up].Parent)
                {
                    found.Add(up);
                }
                return found;
            }

            internal bool IsSpine(int at)
            {
                Reading reading = _readings[at];
                return Nodes[at].Kind != RigNodeKind.Skin && reading.Side == "" && Parts["spine"].Contains(reading.Text);
            }

            internal int ByNumber(string name)
            {
                List<int> hits = Enumerable.Range(0, Nodes.Count).Where(at => _readings[at].Numbered == name).ToList();
                int joint = hits.FindIndex(at => Nodes[at].Kind == RigNodeKind.Joint);
                return joint >= 0 ? hits[joint] : hits.Count > 0 ? hits[0] : -1;
            }

            /// <summary>The best node of a part; -1 = there is none.</summary>
            internal int Find(string part, string side, HashSet<int> among = null, int not = -1, int under = -1)
            {
                string[] names = Parts[part];
                int best = -1;
                int[] bestKey = null;
                for (int at = 0; at < Nodes.Count; at++)
                {
                    Reading reading = _readings[at];
                    int rank = Array.IndexOf(names, reading.Text);
                    bool isOut = rank < 0 || Nodes[at].Kind == RigNodeKind.Skin || reading.Side != side || at == not;
                    if (isOut || (among != null && !among.Contains(at)))
                    {
                        continue;
                    }
                    List<int> above = Above(at);
                    int far = under >= 0 && !above.Contains(under) ? 1 : 0;
                    int[] key = { (int)Nodes[at].Kind, far, rank, reading.HasNumber ? 1 : 0, above.Count };
                    if (best < 0 || IsBefore(key, bestKey))
                    {
                        best = at;
                        bestKey = key;
                    }
                }
                return best;
            }

            private static bool IsBefore(int[] a, int[] b)
            {
                int at = Enumerable.Range(0, a.Length).FirstOrDefault(i => a[i] != b[i]);
                return a[at] < b[at];
            }
        }
    }
}
