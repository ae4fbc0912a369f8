using System;
using System.Linq;
using System.Threading;

namespace VoiceAvatar.Tests
{
    /// <summary>A whole client against a server within the process, in frames whose time the test says.</summary>
    public static class AvatarSessionTests
    {
        private const double FrameS = 0.0125;
        private const int OutputHz = 48000;

        private sealed class Scene
        {
            public readonly FakeServer Server = new FakeServer();
            public readonly AvatarSession Session;
            private readonly float[] _block = new float[(int)(FrameS * OutputHz)];
            private double _nowS = 100;

            public Scene()
            {
                Session = new AvatarSession(new AvatarSessionOptions { Socket = () => Server });
                Session.Open(_nowS);
                Run(2);
                Server.Ready();
                Run(2);
                Check.That(Session.IsLive, "in session");
            }

            public void Run(int frames)
            {
                for (int i = 0; i < frames; i++)
                {
                    Session.Playout.Render(_block, _block.Length, 1, OutputHz, _nowS);
                    _nowS += FrameS;
                    Session.Update(_nowS, FrameS);
                }
            }

            public JsonValue[] Reports
            {
                get { return Server.Texts.Where(t => t.Member("type").Text == "playback.report").ToArray(); }
            }

            public float Mouth
            {
                get { return Session.Performance.Mouth.Skip(1).Max(); }
            }
        }

        [Test]
        public static void a_new_session_is_told_nothing_of_the_reply_of_the_old_one()
        {
            Scene scene = new Scene();
            scene.Server.Reply(1);
            scene.Run(40);
            Check.That(scene.Reports.Length >= 2, "it is reported while it plays");
            scene.Server.Lose(1011);
            scene.Run(1 + (int)(0.6 / FrameS));
            scene.Server.Ready("s2");
            int before = scene.Reports.Length;
            scene.Run(5);
            Check.Same("s2", scene.Session.SessionId);
            Check.Same(before, scene.Reports.Length, "reply 1 of s2 is another");
            scene.Server.Reply(1);
            scene.Run(20);
            Check.Same("started", scene.Reports[before].Member("state").Text);
        }

        [Test]
        public static void a_reply_whose_session_is_lost_is_played_as_far_as_it_came_and_the_mouth_shuts()
        {
            Scene scene = new Scene();
            scene.Server.Reply(1, seconds: 1);
            scene.Run(40);
            scene.Server.Lose(4001);
            scene.Run(20);
            Check.Same(ConnectionState.Ended, scene.Session.State);
            Check.Same(PlaybackState.Playing, scene.Session.Playback.State.Value, "what is there is heard");
            Check.That(scene.Mouth > 0.5, "and seen");
            scene.Run(60);
            Check.Same(PlaybackState.Finished, scene.Session.Playback.State.Value);
            Check.Same(24000L, scene.Session.Playback.PlayedSamples);
            scene.Run(100);
            Check.Near(0, scene.Mouth, 1e-6, "the mouth");
        }

        [Test]
        public static void a_reply_that_was_paused_when_its_session_was_lost_is_over()
        {
            Scene scene = new Scene();
            scene.Server.Reply(1);
            scene.Run(30);
            scene.Server.Say("reply.paused", "'reply_id':1,'at_ms':300");
            scene.Run(4);
            Check.Same(PlaybackState.Paused, scene.Session.Playback.State.Value);
            scene.Server.Lose(1011);
            scene.Run(20);
            Check.Same(PlaybackState.Stopped, scene.Session.Playback.State.Value);
            Check.Near(0, scene.Mouth, 1e-6, "the mouth");
        }

        [Test]
        public static void of_a_reply_that_was_left_the_words_that_were_heard_are_not_struck()
        {
            Scene scene = new Scene();
            scene.Server.Reply(1);
            scene.Run(20);
            scene.Session.Close(102);
            Check.Same("Hi<s> there</s>", scene.Session.Performance.Captions.Marked(0));
        }

        [Test]
        public static void an_address_or_token_that_is_none_closes_the_connection_and_says_why()
        {
            foreach (string[] wrong in new[] { new[] { "no address", "" }, new[] { "ws://127.0.0.1:9", "to\nken" } })
            {
                SystemWebSocket socket = new SystemWebSocket();
                socket.Open(wrong[0], wrong[1]);
                SocketEvent what = default(SocketEvent);
                SpinWait.SpinUntil(() => socket.Take(out what), 10000);
                Check.Same(SocketEventKind.Closed, what.Kind, wrong[0]);
                Check.Same(CloseCodes.Lost, what.Code);
                Check.That(what.Reason.Length > 0, "why");
            }
        }
    }
}
