using UnityEngine;
using VoiceAvatar.Unity;

namespace VoiceAvatar.Samples
{
    /// <summary>
    /// Makes an avatar talk: put it on a humanoid with a face that has blend shapes, and play. It adds what
    /// is missing and connects everything, so that it can also be read as a list of what is needed.
    /// </summary>
    public sealed class BasicVrAvatar : MonoBehaviour
    {
        [SerializeField] private string url = "ws://127.0.0.1:8765/v1/avatar";
        [SerializeField, Tooltip("Empty = the one of this object or below it")] private Animator animator;
        [SerializeField, Tooltip("Empty = the mesh that shows most visemes")] private SkinnedMeshRenderer face;
        [SerializeField] private TextMesh captions;

        private void Awake()
        {
            animator = animator != null ? animator : GetComponentInChildren<Animator>();
            face = face != null ? face : VisemeBlendShapeDriver.FaceOf(gameObject);
            AvatarClient client = gameObject.AddComponent<AvatarClient>();
            client.Configure(url, "");
            AudioSource source = gameObject.AddComponent<AudioSource>();
            source.spatialBlend = 1f;
            gameObject.AddComponent<ReplyPlayer>().Client = client;
            gameObject.AddComponent<MicrophoneCapture>().Client = client;
            VisemeBlendShapeDriver mouth = gameObject.AddComponent<VisemeBlendShapeDriver>();
            mouth.Client = client;
            mouth.Face = face;
            GestureDriver hands = gameObject.AddComponent<GestureDriver>();
            hands.Client = client;
            hands.Animator = animator;
            GazeDriver eyes = gameObject.AddComponent<GazeDriver>();
            eyes.Client = client;
            eyes.Animator = animator;
            CaptionView view = gameObject.AddComponent<CaptionView>();
            view.Client = client;
            view.Target = captions;
        }
    }
}
