using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace VoiceAvatar.Tests
{
    public static class MessageTests
    {
        private sealed class Recorder : ServerMessageSink
        {
            public SessionReady Ready;
            public ReplySegment Segment;
            public VisemeKeys Visemes;
            public Gesture Gesture;
            public Metrics Metrics;
            public ServerError Error;

            public override void On(in SessionReady message) { Ready = message; }

            public override void On(in ReplySegment message) { Segment = message; }

            public override void On(in VisemeKeys message) { Visemes = message; }

            public override void On(in Gesture message) { Gesture = message; }

            public override void On(in Metrics message) { Metrics = message; }

            public override void On(in ServerError message) { Error = message; }
        }

        private static MessageOutcome Tell(string text, ServerMessageSink sink)
        {
            return new ServerMessageReader().Read(JsonReader.Read(text), sink);
        }

        /// <summary>The messages of tests/kit/wire_examples.py, one a line, which tests/unity/test_core.py writes.</summary>
        private static string[] Examples(string variable)
        {
            return File.ReadAllLines(Environment.GetEnvironmentVariable(variable));
        }

        [Test]
        public static void every_message_that_the_server_knows_is_read()
        {
            HashSet<string> seen = new HashSet<string>();
            foreach (string line in Examples("VOICE_AVATAR_SERVER_EXAMPLES"))
            {
                ServerMessageReader reader = new ServerMessageReader();
                MessageOutcome outcome = reader.Read(JsonReader.Read(line), new Recorder());
                bool isKnown = ServerMessageReader.KnownTypes.Contains(reader.Envelope.Type);
                MessageOutcome expected = isKnown ? MessageOutcome.Told : MessageOutcome.UnknownType;
                Check.Same(expected, outcome, line + " " + reader.Problem);
                seen.Add(reader.Envelope.Type);
            }
            string[] unseen = ServerMessageReader.KnownTypes.Where(type => !seen.Contains(type)).ToArray();
            Check.Same(new string[0], unseen, "types without an example");
        }

        [Test]
        public static void a_message_without_one_of_its_fields_is_ignored()
        {
            HashSet<string> optional = new HashSet<string>
            {
                "session.ready protocol", "session.ready models", "session.ready resume",
                "session.ready autonomic", "metrics wasted_tokens", "gesture target", "head side",
                "gaze head", "body repeats",
                "error fatal", "error ref",
            };
            foreach (string line in Examples("VOICE_AVATAR_SERVER_EXAMPLES"))
            {
                JsonValue message = JsonReader.Read(line);
                string type = message.Member("type").Text;
                if (!ServerMessageReader.KnownTypes.Contains(type))
                {
                    continue;
                }
                foreach (string left in message.Names.Where(name => name != "type").ToArray())
                {
                    MessageOutcome outcome = Tell(Without(message, left), new Recorder());
                    bool isOptional = optional.Contains(type + " " + left) || IsPassedOver(message, left);
                    MessageOutcome expected = isOptional ? MessageOutcome.Told : MessageOutcome.Unreadable;
                    Check.Same(expected, outcome, type + " without " + left);
                }
            }
        }

        /// <summary>Whether the reader does not look at a field: then it may also hold nonsense.</summary>
        private static bool IsPassedOver(JsonValue message, string field)
        {
            JsonWriter writer = new JsonWriter().Begin();
            foreach (string name in message.Names)
            {
                Write(writer.Name(name), name == field ? JsonReader.Read("{\"x\":[]}") : message.Member(name));
            }
            return Tell(writer.End().ToString(), new Recorder()) == MessageOutcome.Told;
        }

        private static string Without(JsonValue message, string left)
        {
            JsonWriter writer = new JsonWriter().Begin();
            foreach (string name in message.Names.Where(name => name != left))
            {
                Write(writer.Name(name), message.Member(name));
            }
            return writer.End().ToString();
        }

        private static void Write(JsonWriter writer, JsonValue value)
        {
            switch (value.Kind)
            {
                case JsonKind.Object:
                    writer.Begin();
                    foreach (string name in value.Names)
                    {
                        Write(writer.Name(name), value.Member(name));
                    }
                    writer.End();
                    break;
                case JsonKind.Array:
                    writer.BeginArray();
                    foreach (JsonValue item in value.Items)
                    {
                        Write(writer, item);
                    }
                    writer.EndArray();
                    break;
                case JsonKind.Number:
                    if (value.IsInteger)
                    {
                        writer.Integer((long)value.Number);
                    }
                    else
                    {
                        writer.Number(value.Number);
                    }
                    break;
                case JsonKind.Text:
                    writer.Text(value.Text);
                    break;
                case JsonKind.Boolean:
                    writer.Boolean(value.Boolean);
                    break;
                default:
                    writer.Null();
                    break;
            }
        }

        [Test]
        public static void unknown_fields_types_and_values_are_ignored()
        {
            Recorder recorder = new Recorder();
            const string error = "{\"type\":\"error\",\"seq\":4,\"ts_ms\":1.0,\"code\":\"new\",\"message\":\"m\","
                + "\"fatal\":true,\"ref\":\"\",\"x_later\":[{}]}";
            Check.Same(MessageOutcome.Told, Tell(error, recorder));
            Check.That(recorder.Error.Fatal && recorder.Error.Code == "new", "unknown field and code");
            const string later = "{\"type\":\"x.later\",\"seq\":4,\"ts_ms\":1.0}";
            Check.Same(MessageOutcome.UnknownType, Tell(later, recorder));
            const string state = "{\"type\":\"state\",\"seq\":4,\"ts_ms\":1.0,\"state\":\"dancing\"}";
            Check.Same(MessageOutcome.Unreadable, Tell(state, recorder));
            Check.Same(MessageOutcome.NotJson, Tell("[1]", recorder));
            Check.Same(MessageOutcome.NotJson, Tell("{\"type\":1}", recorder));
        }

        [Test]
        public static void the_fields_of_the_worked_example_are_where_they_belong()
        {
            Recorder recorder = new Recorder();
            Tell(
                "{\"type\":\"reply.segment\",\"seq\":11,\"ts_ms\":0.0,\"reply_id\":1,\"index\":0,"
                + "\"text\":\"Hi there!\",\"start_ms\":0.0,\"end_ms\":780.0,"
                + "\"words\":[[\"Hi\",0.0,210.5,0],[\"there!\",210.5,600.0,3]]}",
                recorder);
            Check.Same("there!", recorder.Segment.Words[1].Text);
            Check.Same(210.5, recorder.Segment.Words[1].StartMs);
            Check.Same(3L, recorder.Segment.Words[1].Char);
            Tell(
                "{\"type\":\"visemes\",\"seq\":12,\"ts_ms\":0.0,\"reply_id\":1,\"set\":\"ovr15\","
                + "\"keys\":[[0.0,0,1.0],[58.0,10,0.6]],\"until_ms\":780.0}",
                recorder);
            Check.Same(10, recorder.Visemes.Keys[1].Viseme);
            Check.Near(0.6, recorder.Visemes.Keys[1].Weight, 1e-6);
            Tell(
                "{\"type\":\"gesture\",\"seq\":13,\"ts_ms\":0.0,\"reply_id\":1,\"id\":\"g1\","
                + "\"lexeme\":\"wave\",\"kind\":\"emblem\",\"mode\":\"right\",\"amplitude\":0.8,"
                + "\"start_ms\":0.0,\"stroke_start_ms\":320.0,\"stroke_ms\":320.0,"
                + "\"stroke_end_ms\":1020.0,\"relax_ms\":1120.0,\"end_ms\":1620.0,\"source\":\"rule\"}",
                recorder);
            Check.Same(GestureKind.Emblem, recorder.Gesture.Kind);
            Check.Same(GestureMode.Right, recorder.Gesture.Mode);
            Check.Same(1120.0, recorder.Gesture.RelaxMs);
            Check.Same(CueSource.Rule, recorder.Gesture.Source);
        }

        /// <summary>tests/unity/test_core.py reads what is written here with the server's own parser.</summary>
        [Test]
        public static void the_messages_of_the_client_are_written_for_the_server_to_read()
        {
            ClientMessageWriter writer = new ClientMessageWriter();
            Hello all = new Hello
            {
                Platform = "mono", Token = "secret", ReplyHz = 24000, VisemeSet = "arkit52",
                Gestures = new[] { "wave" }, Expressions = new string[0], Persona = "ava", Voice = "joe",
                Language = "zh", Instructions = "Say \"你好\".", ManualTurns = true, EchoCancelled = true,
                ToolChoice = "look", Tools = new[]
                {
                    new ToolOffer { Name = "now" },
                    new ToolOffer { Name = "look", Description = "Up.", Parameters = "{\"type\":\"object\"}" },
                },
            };
            WirePose pose = new WirePose { X = 0.1f, Y = 1.6f, Z = -0.4f, Qw = 1.0000001f };
            string[] lines =
            {
                writer.Hello(new Hello()), writer.Hello(all),
                writer.Hello(all, new ResumeTicket { SessionId = "s", Token = "t" }, 41), writer.Close("bye"), writer.InputStart(true),
                writer.InputStart(false), writer.InputStop(true), writer.InputStop(false),
                writer.InputCommit(), writer.InputClear(), writer.InputText("Grüß \uD83D\uDE00"),
                writer.Interrupt(), writer.Ping(12345.5), writer.UserGaze(pose, pose, "avatar", pose, null),
                writer.UserGaze(null, null, null, null, null),
                writer.Update(null, "en", null, "vrm5", false), writer.ToolResult("call_1_0", "\"blue\""),
                writer.Report(new PlaybackReport
                {
                    ReplyId = 7, State = PlaybackState.Stalled, PlayedSamples = 960, BufferedMs = 12.53,
                }),
            };
            File.WriteAllLines(Environment.GetEnvironmentVariable("VOICE_AVATAR_CLIENT_MESSAGES"), lines);
            Check.Same(lines.Length, lines.Count(line => JsonReader.Read(line).Member("type") != null));
        }
    }
}
