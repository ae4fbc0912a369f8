using System.Collections.Generic;
using UnityEngine;

namespace VoiceAvatar.Unity
{
    /// <summary>
    /// Finds the bones of a model: by Unity's humanoid, or by their names where it was imported without one
    /// (see <see cref="RigBones"/>).
    /// </summary>
    public sealed class RigTransforms
    {
        private readonly Animator _animator;
        private Dictionary<string, Transform> _byName;

        /// <summary>Takes the animator of a model; it stands at or above the model's bones.</summary>
        public RigTransforms(Animator animator)
        {
            _animator = animator;
        }

        /// <summary>Returns a bone; null if the model has none that can be found.</summary>
        public Transform this[HumanBodyBones bone]
        {
            get
            {
                if (_animator == null)
                {
                    return null;
                }
                if (_animator.isHuman)
                {
                    return _animator.GetBoneTransform(bone);
                }
                _byName = _byName ?? Under(_animator.gameObject);
                string name = bone.ToString();
                Transform found;
                return _byName.TryGetValue(char.ToLowerInvariant(name[0]) + name.Substring(1), out found) ? found : null;
            }
        }

        /// <summary>Returns the bones of a model by VRM's names.</summary>
        public static Dictionary<string, Transform> Under(GameObject model)
        {
            HashSet<Transform> joints = new HashSet<Transform>();
            foreach (SkinnedMeshRenderer skin in model.GetComponentsInChildren<SkinnedMeshRenderer>())
            {
                joints.UnionWith(skin.bones);
            }
            Transform[] all = model.GetComponentsInChildren<Transform>();
            Dictionary<Transform, int> indices = new Dictionary<Transform, int>();
            for (int i = 0; i < all.Length; i++)
            {
                indices.Add(all[i], i);
            }
            RigNode[] nodes = new RigNode[all.Length];
            for (int i = 0; i < all.Length; i++)
            {
                int parent = -1;
                bool hasParent = all[i].parent != null && indices.TryGetValue(all[i].parent, out parent);
                nodes[i] = new RigNode
                {
                    Name = all[i].name, Parent = hasParent ? parent : -1, Kind = KindOf(all[i], joints),
                };
            }
            Dictionary<string, Transform> found = new Dictionary<string, Transform>();
            foreach (KeyValuePair<string, int> bone in RigBones.Find(nodes))
            {
                found.Add(bone.Key, all[bone.Value]);
            }
            return found;
        }

        private static RigNodeKind KindOf(Transform node, HashSet<Transform> joints)
        {
            return joints.Contains(node) ? RigNodeKind.Joint
                : node.GetComponent<SkinnedMeshRenderer>() != null ? RigNodeKind.Skin
                : node.GetComponent<Renderer>() != null ? RigNodeKind.Mesh
                : RigNodeKind.Node;
        }
    }
}
