using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using UnityEngine;
using VoiceAvatar.Unity;

namespace VoiceAvatar.Tests
{
    /// <summary>The Unity layer, driven by the stand-in for the engine.</summary>
    public static class LayerTests
    {
        private static readonly string[] Arkit = VisemeSets.Named("arkit52");

        [Test]
        public static void the_client_connects_says_hello_and_leaves()
        {
            Scene scene = new Scene();
            List<ConnectionState> states = new List<ConnectionState>();
            string ready = "";
            scene.Client.ConnectionChanged += states.Add;
            scene.Client.Ready += message => ready = message.SessionId;
            scene.Begin();
            Check.Same("session.hello", scene.Server.Types[0]);
            Check.Same("unity-linuxeditor", scene.Server.Texts[0].Member("client").Member("platform").Text);
            Check.Same("s1", ready);
            Check.Same(ConnectionState.Live, states.Last());
            scene.Client.Disconnect();
            Check.Same("session.close", scene.Server.Types.Last());
        }

        [Test]
        public static void a_reply_is_heard_and_shown_together_and_reported()
        {
            Scene scene = new Scene();
            scene.Begin();
            scene.Server.Reply(1);
            float jaw = 0, shut = 0, smile = 0, highest = 0, loudest = 0, nod = 0;
            float rest = scene.Hand(false).position.y;
            float leftRest = scene.Hand(true).position.y;
            float leftMoved = 0;
            bool jawWhileShut = false;
            scene.Run(180, i =>
            {
                jaw = Math.Max(jaw, scene.Shape("jawOpen"));
                smile = Math.Max(smile, scene.Shape("mouthSmileLeft"));
                shut = Math.Max(shut, scene.Shape("mouthRollLower"));
                double tMs = scene.Client.Performance.TMs;
                jawWhileShut |= tMs > 400 && tMs < 500 && scene.Shape("jawOpen") > 1;
                highest = Math.Max(highest, scene.Hand(false).position.y - rest);
                leftMoved = Math.Max(leftMoved, Math.Abs(scene.Hand(true).position.y - leftRest));
                loudest = Math.Max(loudest, scene.Sound.Max());
                Vector3 looks = scene.Animator.Bones[HumanBodyBones.Head].rotation * new Vector3(0, 0, 1);
                nod = Math.Min(nod, looks.y);
                Check.Same(scene.Sound[0], scene.Sound[1], "both channels");
            });
            Check.Near(2 * 512 / 48000.0, scene.Client.OutputLatencyS, 1e-9, "the latency of the device");
            Check.Near(62, jaw, 1, "an open mouth, 0..100");
            Check.Near(45, shut, 1, "closed lips");
            Check.That(!jawWhileShut, "the jaw is shut while the lips are");
            Check.That(smile > 60, "the whole smile after the reply: " + smile);
            Check.That(highest > 0.4, "the hand goes up: " + highest);
            Check.Same(0f, leftMoved, "the other hand stays");
            Check.Near(0.5, loudest, 0.02, "the tone");
            Check.That(nod < -0.15, "the head nods: " + nod);
            Check.Near(rest, scene.Hand(false).position.y, 1e-3, "and the hand is at rest");
            Check.Same(0f, scene.Shape("jawOpen"), "and the mouth is shut");
            string[] states = scene.Server.Texts.Where(t => t.Member("type").Text == "playback.report")
                .Select(t => t.Member("state").Text).ToArray();
            Check.Same("started", states.First());
            Check.Same("finished", states.Last());
            Check.Near(9, states.Count(s => s == "playing"), 2, "every 200 ms");
            Check.Same(48000.0, scene.Server.Texts.Last(t => t.Member("type").Text == "playback.report")
                .Member("played_samples").Number);
            Check.That(scene.Captions.Contains("<b>Hi</b> there") && scene.Captions.Contains("Hi <b>there</b>"), "captions");
            Check.That(scene.Captions.Count < 10, "a caption is made when it differs: " + scene.Captions.Count);
        }

        [Test]
        public static void an_interruption_silences_shuts_the_mouth_and_retracts_the_hand()
        {
            Scene scene = new Scene();
            scene.Begin();
            scene.Server.Reply(1);
            scene.Run(50);
            float rest = 1.4f - 0.55f;
            Check.That(scene.Hand(false).position.y > rest + 0.3, "the hand is up");
            scene.Server.Say("reply.interrupted", "'reply_id':1,'at_ms':500,'reason':'voice','spoken_text':'Hi'");
            scene.Run(2);
            Check.Same(0f, scene.Sound.Max(v => Math.Abs(v)), "silent after two blocks");
            scene.Run(8);
            Check.Same(0f, scene.Shape("jawOpen"), "100 ms later the mouth is shut");
            scene.Run(18);
            Check.Near(rest, scene.Hand(false).position.y, 1e-3, "300 ms later the hand is at rest");
            Check.Same("Hi<s> there</s>", scene.Captions.Last());
            Check.Same("stopped", scene.Server.Texts.Last(t => t.Member("type").Text == "playback.report")
                .Member("state").Text);
        }

        [Test]
        public static void a_sample_adds_and_connects_everything()
        {
            Engine.Reset();
            GameObject avatar = new GameObject("avatar");
            GameObject body = Part(avatar, "body", "Fat");
            GameObject head = Part(avatar, "head", Arkit);
            body.AddComponent<Animator>();
            avatar.AddComponent<VoiceAvatar.Samples.BasicVrAvatar>();
            AvatarClient client = avatar.GetComponent<AvatarClient>();
            FakeServer server = new FakeServer();
            client.SocketFactory = () => server;
            Engine.Frame(1f / 72);
            Engine.Frame(1f / 72);
            Check.Same("session.hello", server.Types.Single());
            Check.That(avatar.GetComponent<AudioSource>().isPlaying, "the source plays");
            Check.Same(client, avatar.GetComponent<GazeDriver>().Client);
            Check.Same(head.GetComponent<SkinnedMeshRenderer>(), avatar.GetComponent<VisemeBlendShapeDriver>().Face);
            Check.Same(body.GetComponent<Animator>(), avatar.GetComponent<GestureDriver>().Animator);
            Check.That(VisemeBlendShapeDriver.FaceOf(body) == null, "a mesh without a mouth is no face");
        }

        private static GameObject Part(GameObject avatar, string name, params string[] shapes)
        {
            GameObject part = new GameObject(name);
            part.transform.parent = avatar.transform;
            part.AddComponent<SkinnedMeshRenderer>().sharedMesh = new Mesh { Shapes = shapes };
            return part;
        }

        [Test]
        public static void gestures_that_the_animator_has_are_played_there()
        {
            Scene scene = new Scene();
            scene.Gestures.Clips.Add(new GestureDriver.Clip { Lexeme = "wave", State = "Wave", StrokeStart = 0.2f, StrokeEnd = 0.8f });
            scene.Begin();
            scene.Server.Reply(1);
            float rest = scene.Hand(false).position.y;
            float last = 0;
            scene.Run(60, i =>
            {
                if (scene.Animator.Played.Count > 0)
                {
                    Check.That(scene.Animator.NormalizedTime >= last, "it goes forward");
                    last = scene.Animator.NormalizedTime;
                }
            });
            Check.Same("Wave", scene.Animator.Played.Last());
            Check.Near(1, scene.Animator.LayerWeight, 1e-6);
            Check.That(last > 0.3 && last < 0.8, "in the stroke: " + last);
            Check.Near(rest, scene.Hand(false).position.y, 1e-6, "the arm is the animator's");
        }

        [Test]
        public static void a_figure_without_a_humanoid_is_moved_by_the_names_of_its_bones()
        {
            Scene scene = new Scene();
            scene.Animator.isHuman = false;
            foreach (KeyValuePair<HumanBodyBones, Transform> bone in scene.Animator.Bones)
            {
                string name = bone.Key.ToString().Replace("UpperArm", "Arm").Replace("LowerArm", "ForeArm");
                bone.Value.gameObject.name = "mixamorig3:" + name;
            }
            scene.Face.bones = scene.Animator.Bones.Values.ToArray();
            scene.Face.name = "Head"; // what hangs on bones is none
            Check.Same(9, RigTransforms.Under(scene.Avatar).Count, "bones");
            scene.Begin();
            scene.Server.Reply(1);
            float rest = scene.Hand(false).position.y;
            float highest = 0, nod = 0;
            scene.Run(180, i =>
            {
                highest = Math.Max(highest, scene.Hand(false).position.y - rest);
                Vector3 looks = scene.Animator.Bones[HumanBodyBones.Head].rotation * new Vector3(0, 0, 1);
                nod = Math.Min(nod, looks.y);
            });
            Check.That(highest > 0.2, "the hand rises: " + highest);
            Check.That(nod < -0.05, "the head nods: " + nod);
        }

        [Test]
        public static void the_eyes_go_to_the_user_and_aside_and_the_server_is_told_where_the_user_is()
        {
            Scene scene = new Scene();
            scene.Gaze.User.position = new Vector3(0.6f, 1.6f, 1);
            scene.Begin();
            scene.Run(60);
            Transform eye = scene.Animator.Bones[HumanBodyBones.LeftEye];
            Vector3 looks = eye.rotation * new Vector3(0, 0, 1);
            Vector3 way = (scene.Gaze.User.position - scene.Animator.Bones[HumanBodyBones.Head].position).normalized;
            Check.That(Vector3.Dot(looks, way) > 0.99f, "at the user: " + Vector3.Dot(looks, way));
            JsonValue[] told = scene.Server.Texts.Where(t => t.Member("type").Text == "user.gaze").ToArray();
            Check.That(told.Length >= 5 && told.Length <= 9, "8 a second: " + told.Length);
            Check.Near(-1, told.Last().Member("head").Member("pos").Items[2].Number, 1e-6, "right-handed");
            Check.Near(1.6, told.Last().Member("avatar").Items[1].Number, 1e-6);
            scene.Server.Reply(1);
            float up = -1;
            scene.Run(90, i => up = Math.Max(up, (eye.rotation * new Vector3(0, 0, 1)).y));
            Check.That(up > 0.25, "away, up: " + up);
        }

        [Test]
        public static void the_microphone_is_sent_in_frames_of_twenty_milliseconds_without_a_gap()
        {
            Scene scene = new Scene();
            UnityEngine.Microphone.LeastHz = 0;
            UnityEngine.Microphone.MostHz = 0;
            scene.Begin();
            Check.That(scene.Microphone.IsRunning, "it runs");
            AudioClip clip = UnityEngine.Microphone.Clip;
            Check.Same(16000, clip.frequency);
            int heard = 0;
            for (int i = 0; i < 300; i++)
            {
                for (int k = 0; k < 213; k++)
                {
                    clip.Data[heard % clip.samples] = heard % 1000 / 1000f;
                    heard++;
                }
                UnityEngine.Microphone.Position = heard % clip.samples;
                Engine.Frame(1f / 75);
            }
            Check.Same(heard / 320, scene.Server.Frames.Count);
            float[] decoded = new float[320];
            int at = 0;
            foreach (byte[] frame in scene.Server.Frames)
            {
                Pcm16.ToFloats(frame, FrameCodec.HeaderBytes, decoded, 0, 320);
                Check.That(decoded.All(v => Math.Abs(v - at++ % 1000 / 1000f) < 1e-4), "sample " + at);
            }
            scene.Microphone.IsMuted = true;
            UnityEngine.Microphone.Position = (heard + 640) % clip.samples;
            Engine.Frame(1f / 75);
            Check.Same(heard / 320, scene.Server.Frames.Count, "nothing more is sent");
            Check.Same("input.stop", scene.Server.Types.Last());
        }

        [Test]
        public static void a_device_of_another_rate_plays_at_the_same_pitch()
        {
            Scene scene = new Scene();
            scene.Begin();
            scene.Server.Reply(1);
            scene.Run(10);
            AudioSettings.Change(24000);
            scene.Channels = 1;
            int crossings = 0;
            float last = 0;
            scene.Run(75, i =>
            {
                foreach (float sample in scene.Sound)
                {
                    crossings += last < 0 && sample >= 0 ? 1 : 0;
                    last = sample;
                }
            });
            Check.Near(400, crossings, 4, "the tone of 400 Hz, in one second");
        }

        [Test]
        public static void every_kind_of_face_is_mapped_by_its_names()
        {
            string[] visemes = VisemeSets.Named("ovr15");
            string[][] rigs =
            {
                visemes.Select(v => "viseme_" + v).ToArray(),
                new[] { "vrc.v_sil", "vrc.v_pp", "vrc.v_ff", "vrc.v_th", "vrc.v_dd", "vrc.v_kk", "vrc.v_ch", "vrc.v_ss", "vrc.v_nn", "vrc.v_rr", "vrc.v_aa", "vrc.v_e", "vrc.v_ih", "vrc.v_oh", "vrc.v_ou" },
                Arkit,
                Arkit.Select(n => "blendShape1." + n.Replace("Left", "_L").Replace("Right", "_R")).ToArray(),
                new[] { "Face.M_F00_000_00_Fcl_ALL_Joy", "Face.M_F00_000_00_Fcl_EYE_Close", "Face.M_F00_000_00_Fcl_MTH_Close", "Face.M_F00_000_00_Fcl_MTH_A", "Face.M_F00_000_00_Fcl_MTH_I", "Face.M_F00_000_00_Fcl_MTH_U", "Face.M_F00_000_00_Fcl_MTH_E", "Face.M_F00_000_00_Fcl_MTH_O" },
                new[] { "A", "I", "U", "E", "O" },
                new[] { "aa", "ih", "ou", "ee", "oh", "blink", "happy" },
                new[] { "あ", "い", "う", "え", "お", "まばたき" },
                new[] { "Blink_Left", "Blink_Right", "LowerLipIn", "UpperLipIn", "MouthOpen", "MouthNarrow_Left", "MouthNarrow_Right", "Smile_Left", "Smile_Right", "LowerLipDown_Left", "LowerLipDown_Right", "TongueUp", "UpperLipOut", "LowerLipOut", "UpperLipUp_Left", "UpperLipUp_Right" },
            };
            FaceRig[] kinds =
            {
                FaceRig.Ovr, FaceRig.Ovr, FaceRig.Arkit, FaceRig.Arkit, FaceRig.Vroid, FaceRig.Vowels, FaceRig.Vowels,
                FaceRig.Vowels, FaceRig.Mixamo,
            };
            for (int i = 0; i < rigs.Length; i++)
            {
                string rig = i + " " + rigs[i][0];
                Check.Same(kinds[i], VisemeRecipes.RigOf(new BlendShapeNames(rigs[i])), rig);
                List<BlendShapeShare> map = BlendShapeMap.OfVisemes(rigs[i], visemes);
                foreach (string vowel in new[] { "aa", "E", "I", "O", "U" })
                {
                    Check.That(map.Any(share => share.Name == vowel), rig + " has " + vowel);
                }
                bool canShut = kinds[i] != FaceRig.Vowels;
                Check.Same(canShut, map.Any(share => share.Name == "PP"), rig + " shuts its lips");
                Check.That(map.All(share => share.Shape < rigs[i].Length && share.Weight > 0 && share.Weight <= 1), rig);
            }
            Check.Same(2, BlendShapeMap.OfLids(rigs[3]).Count, "lids of ARKit with _L and _R");
            Check.Same(1, BlendShapeMap.OfLids(rigs[4]).Count, "lids of VRoid");
            Check.That(BlendShapeMap.OfExpressions(rigs[4]).Any(share => share.Name == "happy"), "VRoid's joy");
            Check.Same(52, BlendShapeMap.OfVisemes(Arkit, Arkit).Count, "arkit52 on itself");
            Check.Same(5, BlendShapeMap.OfVisemes(rigs[4], VisemeSets.Named("vrm5")).Select(s => s.Name).Distinct().Count());
            Check.Same(0, BlendShapeMap.OfVisemes(new[] { "nose" }, visemes).Count, "an unknown face");
        }

        [Test]
        public static void the_eyes_blink_about_as_often_as_people_do()
        {
            Random random = new Random(7);
            AutonomicMotion body = new AutonomicMotion(random.NextDouble);
            int blinks = 0;
            bool isShut = false;
            double longestS = 0, shutS = 0;
            for (double nowS = 0; nowS < 600; nowS += 1 / 72.0)
            {
                body.Update(nowS, false);
                Check.That(body.Lids >= 0 && body.Lids <= 1 && body.Breath >= 0 && body.Breath <= 1, "in range");
                bool shuts = body.Lids > 0.9;
                blinks += shuts && !isShut ? 1 : 0;
                isShut = shuts;
                shutS = body.Lids > 0 ? shutS + 1 / 72.0 : 0;
                longestS = Math.Max(longestS, shutS);
            }
            Check.Near(170, blinks, 40, "in ten minutes");
            Check.That(longestS < 0.3, "none is long");
        }

        [Test]
        public static void the_inspector_finds_the_map_shows_it_and_tries_a_viseme()
        {
            Scene scene = new Scene();
            var inspector = new VoiceAvatar.Editor.VisemeBlendShapeDriverEditor { target = scene.Mouth };
            GUILayout.Pressed.Add("Find the map by the names");
            inspector.OnInspectorGUI();
            Check.That(UnityEditor.EditorGUILayout.Labels.Contains("14 visemes are mapped"), "all but silence");
            Check.That(UnityEditor.EditorGUILayout.Labels.Any(l => l.StartsWith("aa: jawOpen 0.62")), "shown");
        }
    }

    public static class AndroidTests
    {
#if UNITY_ANDROID
        [Test]
        public static void on_android_the_permission_is_asked_for_once_and_waited_for()
        {
            Engine.Reset();
            GameObject avatar = new GameObject("avatar");
            AvatarClient client = avatar.AddComponent<AvatarClient>();
            client.SocketFactory = () => new FakeServer();
            MicrophoneCapture microphone = avatar.AddComponent<MicrophoneCapture>();
            microphone.Client = client;
            for (int i = 0; i < 5; i++)
            {
                Engine.Frame(1f / 72);
            }
            Check.Same(1, UnityEngine.Android.Permission.Asked);
            Check.That(!microphone.IsRunning, "it waits");
            UnityEngine.Android.Permission.IsGranted = true;
            Engine.Send(microphone, "OnApplicationPause", true); // while the user is asked
            Engine.Send(microphone, "OnApplicationPause", false);
            Engine.Frame(1f / 72);
            Check.That(microphone.IsRunning, "it runs");
        }
#endif
    }
}
