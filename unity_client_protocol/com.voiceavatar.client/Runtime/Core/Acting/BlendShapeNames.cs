using System;
using System.Collections.Generic;

namespace VoiceAvatar
{
    /// <summary>Finds the blend shapes of a mesh by the names that rigs give them.</summary>
    public sealed class BlendShapeNames
    {
        private readonly Dictionary<string, int> _indices = new Dictionary<string, int>();

        /// <summary>Takes the names of a mesh's blend shapes, by index.</summary>
        public BlendShapeNames(IReadOnlyList<string> names)
        {
            for (int i = 0; i < names.Count; i++)
            {
                string key = Normal(names[i]);
                if (!_indices.ContainsKey(key))
                {
                    _indices.Add(key, i);
                }
            }
        }

        /// <summary>Returns the index of the first of some names that the mesh has; -1 for none.</summary>
        public int Find(params string[] names)
        {
            foreach (string name in names)
            {
                int index;
                if (_indices.TryGetValue(Normal(name), out index))
                {
                    return index;
                }
            }
            return -1;
        }

        /// <summary>
        /// One spelling for all: what follows the last "." ("blendShape1.jawOpen") and from "Fcl_" on
        /// ("M_F00_000_Fcl_MTH_A"), "_L" and "_R" as "Left" and "Right", no "_", "-" and spaces, lower case.
        /// </summary>
        public static string Normal(string name)
        {
            string bare = name.Substring(name.LastIndexOf('.') + 1);
            int vroid = bare.IndexOf("Fcl_", StringComparison.OrdinalIgnoreCase);
            bare = vroid > 0 ? bare.Substring(vroid) : bare;
            if (bare.EndsWith("_L", StringComparison.OrdinalIgnoreCase))
            {
                bare = bare.Substring(0, bare.Length - 2) + "Left";
            }
            else if (bare.EndsWith("_R", StringComparison.OrdinalIgnoreCase))
            {
                bare = bare.Substring(0, bare.Length - 2) + "Right";
            }
            return bare.Replace("_", "").Replace("-", "").Replace(" ", "").ToLowerInvariant();
        }
    }
}
