using System;
using System.Collections.Generic;
using System.Linq;
using UnityEngine;
using VoiceAvatar.Unity;

namespace VoiceAvatar.Tests
{
    /// <summary>An avatar with all components, and a user one metre before it.</summary>
    internal sealed class Scene
    {
        private const int FramesPerS = 75;

        private int _frames;

        public readonly FakeServer Server = new FakeServer();
        public readonly GameObject Avatar;
        public readonly AvatarClient Client;
        public readonly SkinnedMeshRenderer Face;
        public readonly VisemeBlendShapeDriver Mouth;
        public readonly Animator Animator;
        public readonly GestureDriver Gestures;
        public readonly GazeDriver Gaze;
        public readonly MicrophoneCapture Microphone;
        public readonly List<string> Captions = new List<string>();
        public float[] Sound = new float[0];
        public int Channels = 2;

        public Scene(params string[] shapes)
        {
            Monotonic.Other = () => 1000 + _frames / (double)FramesPerS;
            Engine.Reset();
            AudioSettings.Rate = 48000;
            Avatar = new GameObject("avatar");
            Client = Avatar.AddComponent<AvatarClient>();
            Client.SocketFactory = () => Server;
            Face = Avatar.AddComponent<SkinnedMeshRenderer>();
            Face.sharedMesh = new Mesh { Shapes = shapes.Length == 0 ? VisemeSets.Named("arkit52") : shapes };
            Avatar.AddComponent<ReplyPlayer>().Client = Client;
            Mouth = Avatar.AddComponent<VisemeBlendShapeDriver>();
            Mouth.Client = Client;
            Mouth.Face = Face;
            Animator = Avatar.AddComponent<Animator>();
            Skeleton();
            Gestures = Avatar.AddComponent<GestureDriver>();
            Gestures.Client = Client;
            Gestures.Animator = Animator;
            Gaze = Avatar.AddComponent<GazeDriver>();
            Gaze.Client = Client;
            Gaze.Animator = Animator;
            Gaze.User = new GameObject("user").transform;
            Gaze.User.position = new Vector3(0, 1.6f, 1);
            Microphone = Avatar.AddComponent<MicrophoneCapture>();
            Microphone.Client = Client;
            CaptionView captions = Avatar.AddComponent<CaptionView>();
            captions.Client = Client;
            captions.Changed.AddListener(Captions.Add);
        }

        private void Skeleton()
        {
            Transform head = Bone(HumanBodyBones.Head, null, new Vector3(0, 1.6f, 0));
            Bone(HumanBodyBones.LeftEye, head, new Vector3(-0.03f, 0.05f, 0.08f));
            Bone(HumanBodyBones.RightEye, head, new Vector3(0.03f, 0.05f, 0.08f));
            foreach (int side in new[] { -1, 1 })
            {
                bool isLeft = side < 0;
                Transform upper = Bone(
                    isLeft ? HumanBodyBones.LeftUpperArm : HumanBodyBones.RightUpperArm,
                    null, new Vector3(side * 0.2f, 1.4f, 0));
                Transform lower = Bone(
                    isLeft ? HumanBodyBones.LeftLowerArm : HumanBodyBones.RightLowerArm,
                    upper, new Vector3(0, -0.3f, 0));
                Bone(isLeft ? HumanBodyBones.LeftHand : HumanBodyBones.RightHand, lower, new Vector3(0, -0.25f, 0));
            }
        }

        private Transform Bone(HumanBodyBones bone, Transform parent, Vector3 place)
        {
            Transform made = new GameObject(bone.ToString()).transform;
            made.parent = parent ?? Avatar.transform;
            made.localPosition = place;
            Animator.Bones[bone] = made;
            return made;
        }

        public Transform Hand(bool isLeft)
        {
            return Animator.Bones[isLeft ? HumanBodyBones.LeftHand : HumanBodyBones.RightHand];
        }

        public float Shape(string name)
        {
            return Face.GetBlendShapeWeight(Array.IndexOf(Face.sharedMesh.Shapes, name));
        }

        /// <summary>Frames, with a block of sound each. Time goes by frames, however long they take.</summary>
        public void Run(int frames, Action<int> look = null)
        {
            int length = AudioSettings.Rate / FramesPerS;
            for (int i = 0; i < frames; i++)
            {
                Engine.Frame(1f / FramesPerS);
                Sound = Engine.Sound(Avatar, length, Channels);
                if (look != null)
                {
                    look(i);
                }
                _frames++;
            }
        }

        public void Begin(string more = "")
        {
            Run(2);
            Server.Ready("s1", more);
            Run(2);
            Check.Same(ConnectionState.Live, Client.Session.State);
        }
    }
}
