using System.Collections.Generic;
using UnityEngine;

namespace VoiceAvatar.Unity
{
    /// <summary>
    /// Moves the mouth, the expression and the lids of a mesh. The map is found by the names of its blend
    /// shapes (OVR, ARKit, VRM and VRoid, A I U E O, Mixamo) and can be changed in the inspector.
    /// </summary>
    [AddComponentMenu("Voice Avatar/Viseme Blend Shape Driver")]
    public sealed class VisemeBlendShapeDriver : MonoBehaviour
    {
        /// <summary>How much an expression may open the mouth while the avatar talks (PROTOCOL.md, 11).</summary>
        private const float ExpressionWhileTalking = 0.4f;

        private const float Full = 100f; // Unity's blend shapes go from 0 to 100

        [SerializeField] private AvatarClient client;
        [SerializeField] private SkinnedMeshRenderer face;
        [SerializeField, Range(0f, 1.5f)] private float strength = 1f;
        [SerializeField] private bool blinks = true;
        [SerializeField] private List<BlendShapeShare> visemes = new List<BlendShapeShare>();
        [SerializeField] private List<BlendShapeShare> expressions = new List<BlendShapeShare>();
        [SerializeField] private List<BlendShapeShare> lids = new List<BlendShapeShare>();

        private float[] _weights = new float[0];
        private bool[] _isDriven = new bool[0];
        private string[] _visemeNames;
        private Mesh _linked;
        private int[] _visemeOf = new int[0];
        private AutonomicMotion _autonomic;
        private AvatarClient _known;

        /// <summary>The client whose mouth is shown.</summary>
        public AvatarClient Client
        {
            get { return client; }
            set { client = value; }
        }

        /// <summary>The mesh.</summary>
        public SkinnedMeshRenderer Face
        {
            get { return face; }
            set { face = value; }
        }

        /// <summary>The map of the visemes.</summary>
        public List<BlendShapeShare> Visemes
        {
            get { return visemes; }
        }

        /// <summary>Finds the map by the names of the mesh's blend shapes.</summary>
        /// <returns>how many visemes it can show.</returns>
        public int AutoMap(string[] set)
        {
            string[] shapes = ShapeNames(face);
            visemes = BlendShapeMap.OfVisemes(shapes, set);
            expressions = BlendShapeMap.OfExpressions(shapes);
            lids = BlendShapeMap.OfLids(shapes);
            _visemeNames = null;
            HashSet<string> shown = new HashSet<string>();
            foreach (BlendShapeShare share in visemes)
            {
                shown.Add(share.Name);
            }
            return shown.Count;
        }

        /// <summary>Returns the mesh in an object and below it that shows most visemes; null if none shows any.</summary>
        public static SkinnedMeshRenderer FaceOf(GameObject avatar)
        {
            SkinnedMeshRenderer best = null;
            int most = 0;
            foreach (SkinnedMeshRenderer candidate in avatar.GetComponentsInChildren<SkinnedMeshRenderer>())
            {
                int count = BlendShapeMap.OfVisemes(ShapeNames(candidate), VisemeSets.Named("ovr15")).Count;
                best = count > most ? candidate : best;
                most = System.Math.Max(most, count);
            }
            return best;
        }

        /// <summary>In the editor, when it is added to an avatar.</summary>
        private void Reset()
        {
            face = FaceOf(gameObject);
        }

        private static string[] ShapeNames(SkinnedMeshRenderer renderer)
        {
            Mesh mesh = renderer == null ? null : renderer.sharedMesh;
            string[] names = new string[mesh == null ? 0 : mesh.blendShapeCount];
            for (int i = 0; i < names.Length; i++)
            {
                names[i] = mesh.GetBlendShapeName(i);
            }
            return names;
        }

        private void OnEnable()
        {
            System.Random random = new System.Random();
            _autonomic = _autonomic ?? new AutonomicMotion(random.NextDouble);
            Know(client);
        }

        private void OnDisable()
        {
            Know(null);
            System.Array.Clear(_weights, 0, _weights.Length);
            Apply(); // nobody else shuts the mouth
        }

        /// <summary>Listens to a client, and no longer to the one before.</summary>
        private void Know(AvatarClient next)
        {
            if (_known != null)
            {
                _known.Ready -= TakeBody;
            }
            _known = next;
            if (_known != null)
            {
                _known.Ready += TakeBody;
            }
        }

        private void Update()
        {
            if (!ReferenceEquals(_known, client))
            {
                Know(client);
            }
        }

        private void TakeBody(SessionReady ready)
        {
            _autonomic.Take(ready.Autonomic);
        }

        /// <summary>After the animator, which may move the same shapes.</summary>
        private void LateUpdate()
        {
            if (client == null || client.Session == null || face == null || face.sharedMesh == null)
            {
                return;
            }
            Performance shown = client.Performance;
            bool isLinked = ReferenceEquals(_visemeNames, shown.VisemeNames)
                && _visemeOf.Length == visemes.Count && ReferenceEquals(_linked, face.sharedMesh);
            if (!isLinked)
            {
                Link(shown.VisemeNames);
            }
            System.Array.Clear(_weights, 0, _weights.Length);
            bool isTalking = client.Session.Playback.State == PlaybackState.Playing;
            Show(shown, isTalking);
            _autonomic.Update(Monotonic.NowS, isTalking);
            for (int i = 0; blinks && i < lids.Count; i++)
            {
                Add(lids[i], _autonomic.Lids);
            }
            Apply();
        }

        private void Apply()
        {
            for (int i = 0; i < _weights.Length && face != null; i++)
            {
                if (_isDriven[i])
                {
                    face.SetBlendShapeWeight(i, Full * Mathf.Clamp01(_weights[i]));
                }
            }
        }

        private void Show(Performance shown, bool isTalking)
        {
            for (int i = 0; i < visemes.Count; i++)
            {
                if (_visemeOf[i] >= 0)
                {
                    Add(visemes[i], strength * shown.Mouth[_visemeOf[i]]);
                }
            }
            float share = isTalking ? ExpressionWhileTalking : 1f;
            for (int i = 0; i < shown.ExpressionCount; i++)
            {
                for (int k = 0; k < expressions.Count; k++)
                {
                    if (expressions[k].Name == shown.Expressions[i].Expression)
                    {
                        Add(expressions[k], share * shown.Expressions[i].Weight);
                    }
                }
            }
        }

        private void Add(in BlendShapeShare share, float weight)
        {
            if (share.Shape >= 0 && share.Shape < _weights.Length)
            {
                _weights[share.Shape] += share.Weight * weight;
            }
        }

        /// <summary>Finds the index of each mapped viseme in the set in force; maps the mesh if nobody did.</summary>
        private void Link(string[] set)
        {
            if (visemes.Count == 0)
            {
                AutoMap(set);
            }
            _visemeNames = set;
            _linked = face.sharedMesh;
            _visemeOf = new int[visemes.Count];
            for (int i = 0; i < _visemeOf.Length; i++)
            {
                _visemeOf[i] = System.Array.IndexOf(set, visemes[i].Name);
            }
            int count = face.sharedMesh.blendShapeCount;
            _weights = new float[count];
            _isDriven = new bool[count];
            Mark(visemes);
            Mark(expressions);
            if (blinks)
            {
                Mark(lids);
            }
        }

        private void Mark(List<BlendShapeShare> map)
        {
            foreach (BlendShapeShare share in map)
            {
                if (share.Shape >= 0 && share.Shape < _isDriven.Length)
                {
                    _isDriven[share.Shape] = true;
                }
            }
        }
    }
}
