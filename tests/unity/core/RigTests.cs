using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace VoiceAvatar.Tests
{
    /// <summary>Names of bones and shapes, by the golden vectors: the page runs the same.</summary>
    public static class RigTests
    {
        private static IEnumerable<JsonValue> Cases(string what)
        {
            string folder = Environment.GetEnvironmentVariable("VOICE_AVATAR_VECTORS");
            JsonValue vectors = JsonReader.Read(File.ReadAllText(Path.Combine(folder, "rigs.json")));
            Check.Same(1.0, vectors.Member("format").Number, "the format");
            return vectors.Member("cases").Items.Where(one => one.Member(what) != null);
        }

        private static Dictionary<string, JsonValue> Members(JsonValue one, string name)
        {
            JsonValue table = one.Member(name);
            return table.Names.ToDictionary(key => key, key => table.Member(key));
        }

        private static string Rows(IEnumerable<KeyValuePair<int, double>> rows)
        {
            return string.Join(" ", rows.OrderBy(row => row.Key).Select(row => row.Key + ":" + Math.Round(row.Value, 3)));
        }

        private static string Rows(JsonValue rows)
        {
            return Rows(rows.Items.Select(
                row => new KeyValuePair<int, double>((int)row.Items[0].Number, row.Items[1].Number)));
        }

        private static string Rows(List<BlendShapeShare> map, string name)
        {
            return Rows(map.Where(share => share.Name == name)
                .Select(share => new KeyValuePair<int, double>(share.Shape, share.Weight)));
        }

        [Test]
        public static void bones_are_found_by_their_names_and_their_places()
        {
            foreach (JsonValue one in Cases("nodes"))
            {
                RigNode[] nodes = one.Member("nodes").Items.Select(node => new RigNode
                {
                    Name = node.Items[0].Text,
                    Parent = (int)node.Items[1].Number,
                    Kind = (RigNodeKind)Enum.Parse(typeof(RigNodeKind), node.Items[2].Text, true),
                }).ToArray();
                Check.Same(
                    Members(one, "bones").Select(bone => bone.Key + "=" + bone.Value.Number).OrderBy(s => s),
                    RigBones.Find(nodes).Select(bone => bone.Key + "=" + bone.Value).OrderBy(s => s),
                    one.Member("name").Text);
            }
        }

        [Test]
        public static void shapes_are_found_by_their_names()
        {
            foreach (JsonValue one in Cases("shapes"))
            {
                string name = one.Member("name").Text;
                string[] shapes = one.Member("shapes").Items.Select(shape => shape.Text).ToArray();
                BlendShapeNames names = new BlendShapeNames(shapes);
                string rig = one.Member("rig").Text;
                Check.Same(rig == "" ? "unknown" : rig, VisemeRecipes.RigOf(names).ToString().ToLowerInvariant(), name);
                List<BlendShapeShare> visemes = BlendShapeMap.OfVisemes(shapes, VisemeSets.Named("ovr15"));
                Check.Same(Members(one, "visemes").Any(), visemes.Count > 0, name);
                foreach (KeyValuePair<string, JsonValue> viseme in Members(one, "visemes"))
                {
                    Check.Same(Rows(viseme.Value), Rows(visemes, viseme.Key), name + ", " + viseme.Key);
                }
                List<BlendShapeShare> expressions = BlendShapeMap.OfExpressions(shapes);
                foreach (KeyValuePair<string, JsonValue> expression in Members(one, "expressions"))
                {
                    Check.Same(Rows(expression.Value), Rows(expressions, expression.Key), name + ", " + expression.Key);
                }
                foreach (string shape in VisemeSets.Named("arkit52"))
                {
                    JsonValue own = one.Member("arkit").Member(shape);
                    Check.Same(
                        own == null ? new int[0] : own.Items.Select(index => (int)index.Number).ToArray(),
                        names.All(shape).OrderBy(index => index).ToArray(), name + ", " + shape);
                }
            }
        }
    }
}
