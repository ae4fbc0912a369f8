using UnityEngine;

namespace VoiceAvatar.Unity
{
    /// <summary>
    /// Turns eyes and head: to the user or aside, eyes first and then the head, and the nods and shakes of
    /// the reply. Tells the server where the user is and looks.
    /// </summary>
    [AddComponentMenu("Voice Avatar/Gaze Driver")]
    public sealed class GazeDriver : MonoBehaviour
    {
        private const float MostEyes = 35f; // degrees; beyond, eyes look wrong
        private const float MostHead = 60f;
        private const float EyesS = 0.06f; // time constant of a saccade, seconds
        private const float HeadS = 0.25f;
        private const float Nod = 15f; // degrees of a nod of amount 1
        private const float Shake = 20f;
        private const float Tilt = 15f;
        private const double TellS = 0.125; // 8 a second; PROTOCOL.md asks for 5 to 10

        [SerializeField] private AvatarClient client;
        [SerializeField] private Animator animator;
        [SerializeField, Tooltip("The user's head; empty = the main camera")] private Transform user;
        [SerializeField] private bool tellsServer = true;

        private Transform _head;
        private Transform _leftEye;
        private Transform _rightEye;
        private Quaternion _headRest;
        private Quaternion _leftEyeRest;
        private Quaternion _rightEyeRest;
        private Vector2 _eyes; // yaw and pitch in degrees, of the avatar's own space
        private Vector2 _turn;
        private double _toldS;

        /// <summary>The client whose gaze is shown.</summary>
        public AvatarClient Client
        {
            get { return client; }
            set { client = value; }
        }

        /// <summary>The humanoid.</summary>
        public Animator Animator
        {
            get { return animator; }
            set { animator = value; }
        }

        /// <summary>The user's head.</summary>
        public Transform User
        {
            get { return user; }
            set { user = value; }
        }

        /// <summary>What the user looks at, where the application casts a ray; null = it does not.</summary>
        public string UserTarget { get; set; }

        private void Start()
        {
            RigTransforms bones = new RigTransforms(animator);
            _head = bones[HumanBodyBones.Head];
            _leftEye = bones[HumanBodyBones.LeftEye];
            _rightEye = bones[HumanBodyBones.RightEye];
            _headRest = RestOf(_head);
            _leftEyeRest = RestOf(_leftEye);
            _rightEyeRest = RestOf(_rightEye);
        }

        /// <summary>Without an animator controller nobody else puts the bones back before they are turned.</summary>
        private void Update()
        {
            if (animator != null && animator.runtimeAnimatorController == null)
            {
                Rest(_head, _headRest);
                Rest(_leftEye, _leftEyeRest);
                Rest(_rightEye, _rightEyeRest);
            }
        }

        private static void Rest(Transform bone, Quaternion rest)
        {
            if (bone != null)
            {
                bone.localRotation = rest;
            }
        }

        private static Quaternion RestOf(Transform bone)
        {
            return bone == null ? Quaternion.identity : bone.localRotation;
        }

        private void LateUpdate()
        {
            if (client == null || client.Session == null || _head == null)
            {
                return;
            }
            if (user == null && Camera.main != null)
            {
                user = Camera.main.transform;
            }
            Performance shown = client.Performance;
            Vector2 wanted = Wanted(shown.GazeTarget);
            float headShare = shown.GazeTarget == GazeTrack.User ? 0.6f : shown.GazeHeadShare;
            _turn = Vector2.Lerp(_turn, Limited(headShare * wanted, MostHead), Step(HeadS));
            _eyes = Vector2.Lerp(_eyes, Limited(wanted - _turn, MostEyes), Step(EyesS));
            HeadPose nod = shown.Head;
            Quaternion head = Quaternion.Euler(_turn.y + Nod * nod.Pitch, _turn.x + Shake * nod.Yaw, -Tilt * nod.Roll);
            Rotate(_head, head);
            Rotate(_leftEye, Quaternion.Euler(_eyes.y, _eyes.x, 0f));
            Rotate(_rightEye, Quaternion.Euler(_eyes.y, _eyes.x, 0f));
            Tell();
        }

        private static float Step(float constantS)
        {
            return 1f - Mathf.Exp(-Time.deltaTime / constantS);
        }

        private static Vector2 Limited(Vector2 angles, float most)
        {
            return new Vector2(Mathf.Clamp(angles.x, -most, most), Mathf.Clamp(angles.y, -most, most));
        }

        /// <summary>Yaw and pitch to a target, degrees, in the avatar's own space; down is positive.</summary>
        private Vector2 Wanted(string target)
        {
            switch (target)
            {
                case "away_up":
                    return new Vector2(12f, -20f);
                case "away_side":
                    return new Vector2(25f, 3f);
                case "down":
                    return new Vector2(0f, 22f);
                default:
                    return user == null ? new Vector2(0f, 0f) : AnglesTo(user.position);
            }
        }

        private Vector2 AnglesTo(Vector3 place)
        {
            Vector3 way = Quaternion.Inverse(animator.transform.rotation) * (place - _head.position);
            float flat = Mathf.Sqrt(way.x * way.x + way.z * way.z);
            return new Vector2(
                Mathf.Atan2(way.x, way.z) * Mathf.Rad2Deg, -Mathf.Atan2(way.y, flat) * Mathf.Rad2Deg);
        }

        /// <summary>Turns a bone by a rotation of the avatar's own space, whatever the bone's own axes.</summary>
        private void Rotate(Transform bone, Quaternion turn)
        {
            if (bone != null)
            {
                Quaternion body = animator.transform.rotation;
                bone.rotation = body * turn * Quaternion.Inverse(body) * bone.rotation;
            }
        }

        private void Tell()
        {
            double nowS = Monotonic.NowS;
            if (tellsServer && user != null && nowS - _toldS >= TellS)
            {
                _toldS = nowS;
                client.Session.Look(PoseOf(user), PoseOf(_head), UserTarget, null, null);
            }
        }

        private static WirePose PoseOf(Transform place)
        {
            Vector3 p = place.position;
            Quaternion q = place.rotation;
            return WirePose.FromLeftHanded(p.x, p.y, p.z, q.x, q.y, q.z, q.w);
        }
    }
}
