using System;
using System.Linq;
using UnityEngine;
using VoiceAvatar.Unity;

namespace VoiceAvatar.Tests
{
    /// <summary>What happens to components between their first frame and their last.</summary>
    public static class LifeTests
    {
        [Test]
        public static void after_a_refusal_one_connects_anew_with_what_was_configured_since()
        {
            Scene scene = new Scene();
            scene.Client.Configure("ws://one", "old");
            scene.Begin();
            scene.Server.Lose(4001);
            scene.Run(2);
            Check.Same(ConnectionState.Ended, scene.Client.Session.State);
            scene.Client.Configure("ws://one", "new");
            scene.Client.Connect();
            scene.Run(2);
            Check.Same("ws://one new", scene.Server.Opened.Last());
        }

        [Test]
        public static void a_handler_of_the_application_that_fails_is_logged_and_the_others_are_told()
        {
            Debug.Logged.Clear();
            Scene scene = new Scene();
            int told = 0;
            scene.Client.Ready += ready => { throw new InvalidOperationException("of the application"); };
            scene.Client.Ready += ready => told++;
            scene.Begin();
            Check.Same(1, told);
            Check.Same(1, Debug.Logged.Count);
        }

        [Test]
        public static void a_microphone_that_the_system_stops_is_started_again()
        {
            Scene scene = new Scene();
            scene.Begin();
            int starts = UnityEngine.Microphone.Starts;
            Engine.Send(scene.Microphone, "OnApplicationPause", true);
            Check.That(!scene.Microphone.IsRunning, "the headset was taken off");
            Engine.Send(scene.Microphone, "OnApplicationPause", false);
            scene.Run(2);
            Check.That(scene.Microphone.IsRunning, "and put on");
            Check.Same(starts + 1, UnityEngine.Microphone.Starts);
            UnityEngine.Microphone.IsRunning = false;
            for (int i = 0; i < 500 && UnityEngine.Microphone.Starts == starts + 1; i++)
            {
                scene.Run(1);
            }
            Check.That(scene.Microphone.IsRunning, "it was unplugged");
            Check.Same(starts + 2, UnityEngine.Microphone.Starts);
        }

        [Test]
        public static void a_new_session_is_told_that_the_user_is_muted()
        {
            Scene scene = new Scene();
            scene.Microphone.IsMuted = true;
            scene.Begin();
            Check.Same(1, scene.Server.Types.Count(type => type == "input.stop"));
            scene.Server.Lose(1011);
            for (int i = 0; i < 500 && scene.Client.Session.State != ConnectionState.Greeting; i++)
            {
                scene.Run(1);
            }
            scene.Server.Ready("s2");
            scene.Run(2);
            Check.Same("s2", scene.Client.Session.SessionId);
            Check.Same(2, scene.Server.Types.Count(type => type == "input.stop"));
            scene.Run(3);
            Check.Same(2, scene.Server.Types.Count(type => type == "input.stop"), "once each");
        }

        [Test]
        public static void a_session_that_goes_on_is_told_again_whether_the_microphone_is_open()
        {
            Scene scene = new Scene();
            scene.Begin(",'resume':{'token':'A','ttl_s':60}");
            scene.Microphone.IsMuted = true;
            scene.Run(2);
            scene.Microphone.IsMuted = false;
            scene.Run(2);
            Check.Same("input.start", scene.Server.Types.Last());
            scene.Server.Lose(1011);
            for (int i = 0; i < 500 && scene.Client.Session.State != ConnectionState.Resuming; i++)
            {
                scene.Run(1);
            }
            scene.Server.Say("session.resumed", "'replayed':0,'lost':false,'resume':{'token':'B','ttl_s':60}");
            scene.Run(2);
            Check.Same(2, scene.Server.Types.Count(type => type == "input.start"));
        }

        [Test]
        public static void a_mouth_that_is_disabled_shuts_and_one_whose_map_changes_goes_on()
        {
            Scene scene = new Scene();
            scene.Begin();
            scene.Server.Reply(1);
            scene.Run(25);
            Check.That(scene.Shape("jawOpen") > 30, "it talks");
            scene.Mouth.Visemes.Add(new BlendShapeShare { Name = "aa", Shape = 0, Weight = 1 });
            scene.Run(2);
            Check.That(scene.Shape("jawOpen") > 30, "with another map");
            Engine.Send(scene.Mouth, "OnDisable");
            Check.Same(0f, scene.Shape("jawOpen"));
        }

        [Test]
        public static void a_player_that_is_switched_off_and_on_makes_no_second_clip_and_leaves_none_behind()
        {
            Scene scene = new Scene();
            scene.Begin();
            ReplyPlayer player = scene.Avatar.GetComponent<ReplyPlayer>();
            AudioClip clip = scene.Avatar.GetComponent<AudioSource>().clip;
            Engine.Send(player, "OnDisable");
            Engine.Send(player, "OnEnable");
            Check.That(ReferenceEquals(clip, scene.Avatar.GetComponent<AudioSource>().clip), "the same clip");
            Engine.Send(player, "OnDestroy");
            Check.That(UnityEngine.Object.Destroyed.Contains(clip), "a clip is not collected as garbage");
        }
    }
}
