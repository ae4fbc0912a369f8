using System;
using System.Collections.Generic;
using UnityEngine;

namespace VoiceAvatar.Unity
{
    /// <summary>
    /// Moves the arms of a figure. A gesture with a state in the animator is played there, its stroke on
    /// time; any other by turning the arms (see <see cref="GesturePoses"/>).
    /// </summary>
    [AddComponentMenu("Voice Avatar/Gesture Driver")]
    public sealed class GestureDriver : MonoBehaviour
    {
        /// <summary>An animator state for a gesture.</summary>
        [Serializable]
        public struct Clip
        {
            /// <summary>Lexeme of the protocol, such as wave.</summary>
            [Tooltip("Lexeme of the protocol, such as wave")]
            public string Lexeme;

            /// <summary>State of the animator's layer.</summary>
            [Tooltip("State of the animator's layer")]
            public string State;

            /// <summary>Where in the clip the stroke begins, 0..1.</summary>
            [Tooltip("Where in the clip the stroke begins, 0..1"), Range(0f, 1f)]
            public float StrokeStart;

            /// <summary>Where in the clip the stroke ends, 0..1.</summary>
            [Tooltip("Where in the clip the stroke ends, 0..1"), Range(0f, 1f)]
            public float StrokeEnd;
        }

        [SerializeField] private AvatarClient client;
        [SerializeField] private Animator animator;
        [SerializeField, Tooltip("Layer of the gestures; its weight is driven")] private int layer = 1;
        [SerializeField] private List<Clip> clips = new List<Clip>();

        private Arm _left;
        private Arm _right;

        private struct Arm
        {
            public Transform Upper;
            public Transform Lower;
            public Transform Hand;
            public float Side; // -1 = left, 1 = right
            public Quaternion UpperRest;
            public Quaternion LowerRest;

            public void Rest()
            {
                if (Upper != null && Lower != null)
                {
                    Upper.localRotation = UpperRest;
                    Lower.localRotation = LowerRest;
                }
            }
        }

        /// <summary>The client whose gestures are shown.</summary>
        public AvatarClient Client
        {
            get { return client; }
            set { client = value; }
        }

        /// <summary>That of the figure; without a humanoid its bones are found by their names.</summary>
        public Animator Animator
        {
            get { return animator; }
            set { animator = value; }
        }

        /// <summary>Gestures that the animator has.</summary>
        public List<Clip> Clips
        {
            get { return clips; }
        }

        private void Start()
        {
            RigTransforms bones = new RigTransforms(animator);
            _left = ArmOf(
                bones[HumanBodyBones.LeftUpperArm], bones[HumanBodyBones.LeftLowerArm], bones[HumanBodyBones.LeftHand], -1);
            _right = ArmOf(
                bones[HumanBodyBones.RightUpperArm], bones[HumanBodyBones.RightLowerArm], bones[HumanBodyBones.RightHand],
                1);
        }

        /// <summary>Without an animator controller nobody else puts the arms back before they are turned.</summary>
        private void Update()
        {
            if (animator != null && animator.runtimeAnimatorController == null)
            {
                _left.Rest();
                _right.Rest();
            }
        }

        private static Arm ArmOf(Transform upper, Transform lower, Transform hand, float side)
        {
            Arm arm = new Arm { Upper = upper, Lower = lower, Hand = hand, Side = side };
            arm.UpperRest = arm.Upper == null ? Quaternion.identity : arm.Upper.localRotation;
            arm.LowerRest = arm.Lower == null ? Quaternion.identity : arm.Lower.localRotation;
            return arm;
        }

        /// <summary>After the animator, whose pose is the rest from which the arms turn.</summary>
        private void LateUpdate()
        {
            if (client == null || client.Session == null || animator == null)
            {
                return;
            }
            Performance shown = client.Performance;
            float layerWeight = 0f;
            for (int i = 0; i < shown.GestureCount; i++)
            {
                GesturePose pose = shown.Gestures[i];
                int clip = ClipOf(pose.Gesture.Lexeme);
                if (clip >= 0)
                {
                    layerWeight = Mathf.Max(layerWeight, pose.Weight);
                    animator.Play(clips[clip].State, layer, TimeIn(clips[clip], pose));
                }
                else
                {
                    Turn(pose);
                }
            }
            if (clips.Count > 0)
            {
                animator.SetLayerWeight(layer, layerWeight);
            }
        }

        private int ClipOf(string lexeme)
        {
            for (int i = 0; i < clips.Count; i++)
            {
                if (clips[i].Lexeme == lexeme)
                {
                    return i;
                }
            }
            return -1;
        }

        private static float TimeIn(in Clip clip, in GesturePose pose)
        {
            switch (pose.Phase)
            {
                case GesturePhase.Preparation:
                    return clip.StrokeStart * pose.Weight;
                case GesturePhase.Stroke:
                    return Mathf.Lerp(clip.StrokeStart, clip.StrokeEnd, pose.StrokeShare);
                case GesturePhase.Hold:
                    return clip.StrokeEnd;
                default:
                    return Mathf.Lerp(1f, clip.StrokeEnd, pose.Weight);
            }
        }

        private void Turn(in GesturePose pose)
        {
            ArmPose arm;
            if (pose.Gesture.Lexeme == null || !GesturePoses.Find(pose.Gesture.Lexeme, out arm))
            {
                return;
            }
            float weight = pose.Weight * pose.Weight * (3f - 2f * pose.Weight);
            if (pose.Gesture.Mode != GestureMode.Right)
            {
                Turn(_left, arm, weight, pose.StrokeShare);
            }
            if (pose.Gesture.Mode != GestureMode.Left)
            {
                Turn(_right, arm, weight, pose.StrokeShare);
            }
        }

        private void Turn(in Arm arm, in ArmPose pose, float weight, float strokeShare)
        {
            if (arm.Upper == null || arm.Lower == null || arm.Hand == null)
            {
                return;
            }
            float swing = pose.Swing * Mathf.Sin(2f * Mathf.PI * pose.Swings * strokeShare);
            Point(arm.Upper, arm.Lower, new Vector3(arm.Side * pose.UpperX, pose.UpperY, pose.UpperZ), weight);
            Vector3 lower = new Vector3(arm.Side * (pose.LowerX + swing), pose.LowerY, pose.LowerZ);
            Point(arm.Lower, arm.Hand, lower, weight);
        }

        /// <summary>Turns a bone so that its child lies in a direction of the avatar's own space.</summary>
        private void Point(Transform bone, Transform child, Vector3 direction, float weight)
        {
            Vector3 now = child.position - bone.position;
            Vector3 wanted = animator.transform.rotation * direction;
            Quaternion turn = Quaternion.FromToRotation(now, wanted);
            bone.rotation = Quaternion.Slerp(Quaternion.identity, turn, weight) * bone.rotation;
        }
    }
}
