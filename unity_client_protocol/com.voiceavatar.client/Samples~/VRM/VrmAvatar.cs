using UnityEngine;
using VoiceAvatar.Unity;

namespace VoiceAvatar.Samples
{
    /// <summary>
    /// Makes a VRM avatar talk. VRM models of VRoid Studio have the blend shapes Fcl_MTH_* on the mesh
    /// "Face", and those are driven; UniVRM is needed to import the model, not to move it.
    /// </summary>
    public sealed class VrmAvatar : MonoBehaviour
    {
        [SerializeField] private string url = "ws://127.0.0.1:8765/v1/avatar";
        [SerializeField, Tooltip("The imported model's root")] private GameObject model;

        private void Awake()
        {
            AvatarClient client = gameObject.AddComponent<AvatarClient>();
            client.Configure(url, "");
            gameObject.AddComponent<AudioSource>().spatialBlend = 1f;
            gameObject.AddComponent<ReplyPlayer>().Client = client;
            gameObject.AddComponent<MicrophoneCapture>().Client = client;
            VisemeBlendShapeDriver mouth = gameObject.AddComponent<VisemeBlendShapeDriver>();
            mouth.Client = client;
            mouth.Face = VisemeBlendShapeDriver.FaceOf(model);
            Animator animator = model.GetComponent<Animator>();
            GestureDriver hands = gameObject.AddComponent<GestureDriver>();
            hands.Client = client;
            hands.Animator = animator;
            GazeDriver eyes = gameObject.AddComponent<GazeDriver>();
            eyes.Client = client;
            eyes.Animator = animator;
        }
    }
}
