using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace VoiceAvatar
{
    /// <summary>
    /// Names that people give to bones and shapes, as words. The page's rigs/words.mjs does the same;
    /// vectors/rigs.json holds both to it.
    /// </summary>
    internal static class RigWords
    {
        private static readonly Regex Words =
            new Regex("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\\sA-Za-z0-9_.:|/()\\[\\]-]+");

        private static readonly HashSet<string> Left = new HashSet<string>(RigTable.Left);
        private static readonly HashSet<string> Right = new HashSet<string>(RigTable.Right);

        /// <summary>"Bip01_L_UpperArm" is bip, 01, l, upper, arm.</summary>
        internal static List<string> Of(string name)
        {
            List<string> words = new List<string>();
            foreach (Match match in Words.Matches(name))
            {
                string word = match.Value.ToLowerInvariant();
                bool hasSide = word.Length > 1 && (word[0] == '左' || word[0] == '右');
                if (hasSide)
                {
                    words.Add(word.Substring(0, 1));
                }
                words.Add(hasSide ? word.Substring(1) : word);
            }
            return words;
        }

        /// <summary>"left", "right" or "".</summary>
        internal static string SideOf(string word)
        {
            return Left.Contains(word) ? "left" : Right.Contains(word) ? "right" : "";
        }

        internal static bool IsNumber(string word)
        {
            return word.Length > 0 && word.All(c => c >= '0' && c <= '9');
        }

        /// <summary>The words that most names begin with, in turn: a maker's prefix. Empty for few names.</summary>
        /// <param name="all">words of every name.</param>
        /// <param name="meant">words that mean something themselves.</param>
        internal static List<string> SharedPrefix(IReadOnlyList<List<string>> all, HashSet<string> meant)
        {
            List<string> shared = new List<string>();
            List<List<string>> rest = all.Where(words => words.Count > 1).ToList();
            while (rest.Count >= 4)
            {
                IGrouping<string, List<string>> most = rest.GroupBy(words => words[0])
                    .Aggregate((best, one) => one.Count() > best.Count() ? one : best);
                string word = most.Key;
                if (most.Count() < 0.6 * all.Count || SideOf(word) != "" || meant.Contains(word))
                {
                    break;
                }
                shared.Add(word);
                rest = most.Where(words => words.Count > 2).Select(words => words.Skip(1).ToList()).ToList();
            }
            return shared;
        }

        /// <summary>Leaves out a prefix, as far as a name begins with it, but never all of the name.</summary>
        internal static List<string> Without(List<string> words, List<string> prefix)
        {
            int at = 0;
            while (at < prefix.Count && at < words.Count - 1 && words[at] == prefix[at])
            {
                at++;
            }
            return words.Skip(at).ToList();
        }

        /// <summary>Reads lines of "name: words".</summary>
        internal static Dictionary<string, string> Table(IEnumerable<string> lines)
        {
            return lines.Select(line => line.Split(new[] { ": " }, 2, System.StringSplitOptions.None))
                .ToDictionary(pair => pair[0], pair => pair[1]);
        }
    }
}
