using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;

namespace VoiceAvatar.Tests
{
    /// <summary>The golden vectors, by the rules of unity_client_protocol/vectors/README.md.</summary>
    public static class VectorTests
    {
        private const double Tolerance = 0.002;

        private static string Folder
        {
            get { return Environment.GetEnvironmentVariable("VOICE_AVATAR_VECTORS"); }
        }

        private static IEnumerable<JsonValue> Cases(string file)
        {
            string path = Path.Combine(Folder, file + ".json");
            string text = File.ReadAllText(path);
            JsonValue vectors = JsonReader.Read(text);
            JsonValue format = vectors.Member("format");
            Check.That(format == null || format.Number == 1, "the format of " + file);
            Check.That(vectors.Member("cases").Items.Count > 0, file + " has cases");
            return vectors.Member("cases").Items;
        }

        private static byte[] Bytes(JsonValue hex)
        {
            string digits = hex.Text;
            byte[] bytes = new byte[digits.Length / 2];
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = Convert.ToByte(digits.Substring(2 * i, 2), 16);
            }
            return bytes;
        }

        private static string NameOf(JsonValue one)
        {
            return (one.Member("name") ?? one.Member("title")).Text;
        }

        private static int IntOf(JsonValue value, string name)
        {
            return value.Member(name) == null ? 0 : (int)value.Member(name).Number;
        }

        /// <summary>Takes the message as it is.</summary>
        private sealed class Capture : ServerMessageSink
        {
            public object Got;

            public override void On(in SessionReady message) { Got = message; }

            public override void On(in SessionResumed message) { Got = message; }

            public override void On(in SessionUpdated message) { Got = message; }

            public override void On(in SessionGoAway message) { Got = message; }

            public override void On(in StateChanged message) { Got = message; }

            public override void On(in SpeechStarted message) { Got = message; }

            public override void On(in SpeechStopped message) { Got = message; }

            public override void On(in TranscriptInterim message) { Got = message; }

            public override void On(in TranscriptFinal message) { Got = message; }

            public override void On(in TurnEnded message) { Got = message; }

            public override void On(in TurnDropped message) { Got = message; }

            public override void On(in ReplyStarted message) { Got = message; }

            public override void On(in ReplyText message) { Got = message; }

            public override void On(in ReplySegment message) { Got = message; }

            public override void On(in VisemeKeys message) { Got = message; }

            public override void On(in Face message) { Got = message; }

            public override void On(in Gesture message) { Got = message; }

            public override void On(in Head message) { Got = message; }

            public override void On(in Gaze message) { Got = message; }

            public override void On(in Body message) { Got = message; }

            public override void On(in ReplyAudioDone message) { Got = message; }

            public override void On(in ReplyPaused message) { Got = message; }

            public override void On(in ReplyResumed message) { Got = message; }

            public override void On(in ReplyInterrupted message) { Got = message; }

            public override void On(in ReplyDone message) { Got = message; }

            public override void On(in ToolCall message) { Got = message; }

            public override void On(in ToolCancelled message) { Got = message; }

            public override void On(in Metrics message) { Got = message; }

            public override void On(in Warning message) { Got = message; }

            public override void On(in ServerError message) { Got = message; }

            public override void On(in ClockPong message) { Got = message; }
        }

        [Test]
        public static void no_file_is_left_out()
        {
            string[] known =
            {
                "captions", "clock", "face_frames", "frame_order", "frames", "messages", "mouth", "movement", "playout",
                "retraction", "sessions",
            };
            string[] found = Directory.GetFiles(Folder, "*.json").Select(Path.GetFileNameWithoutExtension)
                .OrderBy(name => name, StringComparer.Ordinal).ToArray();
            Check.Same(found.Where(known.Contains).ToArray(), found, "files");
        }

        private static T Tell<T>(JsonValue message)
        {
            Capture capture = new Capture();
            ServerMessageReader reader = new ServerMessageReader();
            Check.Same(MessageOutcome.Told, reader.Read(message, capture), reader.Problem);
            return (T)capture.Got;
        }

        // -- messages

        [Test]
        public static void messages()
        {
            foreach (JsonValue one in Cases("messages").Where(c => c.Member("from").Text == "server"))
            {
                byte[] frame = one.Member("hex") != null
                    ? Bytes(one.Member("hex"))
                    : Encoding.UTF8.GetBytes(TextOf(one));
                Capture capture = new Capture();
                ServerMessageReader reader = new ServerMessageReader();
                MessageOutcome outcome = reader.Read(frame, 0, frame.Length, capture);
                string name = NameOf(one) + " " + reader.Problem;
                if (one.Member("unknown") != null)
                {
                    Check.Same(MessageOutcome.UnknownType, outcome, name);
                }
                else if (one.Member("error") != null)
                {
                    bool isRefused = outcome == MessageOutcome.Unreadable || outcome == MessageOutcome.NotJson;
                    Check.That(isRefused, name + " is refused");
                }
                else
                {
                    Check.Same(MessageOutcome.Told, outcome, name);
                    Compare(one.Member("value"), capture.Got, NameOf(one));
                }
            }
        }

        /// <summary>What the client writes is, letter for letter, that message of the vectors.</summary>
        [Test]
        public static void user_gaze()
        {
            ClientMessageWriter writer = new ClientMessageWriter();
            foreach (string which in new[] { "user.gaze, whole", "user.gaze, least" })
            {
                JsonValue one = Cases("messages").Single(c => NameOf(c) == which);
                JsonValue value = one.Member("value");
                JsonValue hands = value.Member("hands");
                string target = value.Member("target").Kind == JsonKind.Null ? null : value.Member("target").Text;
                string written = writer.UserGaze(
                    Pose(value.Member("head")), Place(value.Member("avatar")), target,
                    Pose(hands.Member("left")), Pose(hands.Member("right")));
                Check.Same(one.Member("text").Text, written, which);
            }
        }

        private static WirePose? Place(JsonValue position)
        {
            if (position == null || position.Kind != JsonKind.Array)
            {
                return null;
            }
            float[] at = position.Items.Select(i => (float)i.Number).ToArray();
            return new WirePose { X = at[0], Y = at[1], Z = at[2] };
        }

        private static WirePose? Pose(JsonValue pose)
        {
            if (pose == null || pose.Kind != JsonKind.Object)
            {
                return null;
            }
            WirePose place = Place(pose.Member("pos")).Value;
            float[] turn = pose.Member("rot").Items.Select(i => (float)i.Number).ToArray();
            place.Qx = turn[0];
            place.Qy = turn[1];
            place.Qz = turn[2];
            place.Qw = turn[3];
            return place;
        }

        private static string TextOf(JsonValue one)
        {
            if (one.Member("text") != null)
            {
                return one.Member("text").Text;
            }
            JsonValue[] parts = one.Member("text_parts").Items.ToArray();
            string filler = string.Concat(Enumerable.Repeat(parts[1].Text, (int)parts[2].Number));
            return parts[0].Text + filler + parts[3].Text;
        }

        /// <summary>Fields whose place in the structs has another name.</summary>
        private static readonly Dictionary<string, string[]> Elsewhere = new Dictionary<string, string[]>
        {
            { "weight_shift_ms", new[] { "ShortestWeightShiftMs", "LongestWeightShiftMs" } },
            { "gaze_shift_ms", new[] { "ShortestGazeShiftMs", "LongestGazeShiftMs" } },
        };

        private static void Compare(JsonValue expected, object got, string where)
        {
            foreach (string name in expected.Names.Where(n => n != "type" && n != "seq" && n != "ts_ms"))
            {
                JsonValue value = expected.Member(name);
                if (name == "server" && value.Kind == JsonKind.Object)
                {
                    Same(value.Member("name"), Field(got, "ServerName"), where);
                    Same(value.Member("version"), Field(got, "ServerVersion"), where);
                }
                else if (name == "side")
                {
                    Check.Same(value.Text == "left", (bool)Field(got, "StartsLeft"), where);
                }
                else if (name == "head" && got is Gaze)
                {
                    Same(value, Field(got, "HeadShare"), where);
                }
                else if (Elsewhere.ContainsKey(name))
                {
                    Same(value.Items[0], Field(got, Elsewhere[name][0]), where);
                    Same(value.Items[1], Field(got, Elsewhere[name][1]), where);
                }
                else
                {
                    Same(value, Field(got, Pascal(name)), where + "." + name);
                }
            }
        }

        private static string Pascal(string name)
        {
            return string.Concat(name.Split('_').Select(w => char.ToUpperInvariant(w[0]) + w.Substring(1)));
        }

        private static object Field(object got, string name)
        {
            FieldInfo field = got.GetType().GetField(name);
            Check.That(field != null, got.GetType().Name + " has " + name);
            return field.GetValue(got);
        }

        private static void Same(JsonValue expected, object got, string where)
        {
            switch (expected.Kind)
            {
                case JsonKind.Null:
                    bool isAbsent = got == null || Equals(got, Activator.CreateInstance(got.GetType()));
                    Check.That(isAbsent, where + " is absent");
                    break;
                case JsonKind.Number:
                    Check.Near(expected.Number, Convert.ToDouble(got), 1e-4, where);
                    break;
                case JsonKind.Boolean:
                    Check.Same(expected.Boolean, (bool)got, where);
                    break;
                case JsonKind.Text:
                    string text = got is Enum ? got.ToString().ToLowerInvariant() : (string)got;
                    Check.Same(expected.Text, text, where);
                    break;
                case JsonKind.Object:
                    Compare(expected, got, where);
                    break;
                default:
                    Array items = (Array)got;
                    Check.Same(expected.Items.Count, items.Length, where);
                    for (int i = 0; i < items.Length; i++)
                    {
                        if (expected.Items[i].Kind == JsonKind.Array)
                        {
                            FieldInfo[] fields = items.GetValue(i).GetType().GetFields();
                            for (int k = 0; k < fields.Length; k++)
                            {
                                Same(expected.Items[i].Items[k], fields[k].GetValue(items.GetValue(i)), where);
                            }
                        }
                        else
                        {
                            Same(expected.Items[i], items.GetValue(i), where);
                        }
                    }
                    break;
            }
        }

        // -- frames

        [Test]
        public static void frames()
        {
            foreach (JsonValue one in Cases("frames"))
            {
                byte[] frame = Bytes(one.Member("hex"));
                Array.Resize(ref frame, frame.Length + IntOf(one, "pad_bytes"));
                FrameHeader header;
                FrameProblem problem = FrameCodec.Read(frame, 0, frame.Length, out header);
                bool isFromServer = one.Member("from").Text == "server";
                bool isForeign = problem != FrameProblem.UnknownKind && header.Kind != 0
                    && (header.Kind == FrameKind.AudioIn) == isFromServer;
                string name = NameOf(one);
                if (one.Member("ignored") != null)
                {
                    Check.Same(FrameProblem.UnknownKind, problem, name);
                }
                else if (one.Member("error") != null)
                {
                    Check.That(problem != FrameProblem.None || isForeign, name + " is refused");
                }
                else
                {
                    Check.Same(FrameProblem.None, problem, name);
                    CompareHeader(one, header, name);
                    Check.Same(IntOf(one, "payload_bytes"), frame.Length - FrameCodec.HeaderBytes, name);
                }
            }
        }

        private static void CompareHeader(JsonValue one, FrameHeader header, string name)
        {
            Check.Same(IntOf(one, "kind"), (int)header.Kind, name);
            Check.Same(IntOf(one, "flags"), (int)header.Flags, name);
            Check.Same(IntOf(one, "stream"), (int)header.Stream, name);
            Check.Same(one.Member("seq").Number, (double)header.Seq, name);
            Check.Same(one.Member("pts").Number, (double)header.Pts, name);
            byte[] written = new byte[FrameCodec.HeaderBytes];
            FrameCodec.Write(written, 0, header);
            FrameHeader again;
            FrameCodec.Read(written, 0, written.Length, out again);
            Check.Same(header, again, name);
        }

        [Test]
        public static void face_frames()
        {
            foreach (JsonValue one in Cases("face_frames"))
            {
                byte[] bytes = Bytes(one.Member("hex"));
                FrameHeader header;
                FaceFrame frame = default(FaceFrame);
                bool isRead = FrameCodec.Read(bytes, 0, bytes.Length, out header) == FrameProblem.None
                    && FaceFrame.Read(bytes, 0, bytes.Length, header, out frame);
                string name = NameOf(one);
                Check.Same(one.Member("error") == null, isRead, name);
                if (isRead)
                {
                    Check.Same(IntOf(one, "hz"), frame.Hz, name);
                    JsonValue[] faces = one.Member("weights").Items.ToArray();
                    Check.Same(faces.Length, frame.Count, name);
                    for (int i = 0; i < faces.Length; i++)
                    {
                        for (int k = 0; k < FaceFrame.Shapes; k++)
                        {
                            Check.Near(faces[i].Items[k].Number / 255, frame.Weight(i, k), 1e-6, name);
                        }
                    }
                }
            }
        }

        [Test]
        public static void frame_order()
        {
            foreach (JsonValue one in Cases("frame_order"))
            {
                FrameOrder order = default(FrameOrder);
                double stream = -1;
                long lost = 0;
                for (int i = 0; i < one.Member("frames").Items.Count; i++)
                {
                    JsonValue frame = one.Member("frames").Items[i];
                    if (frame.Items[0].Number != stream)
                    {
                        order = default(FrameOrder);
                        lost = 0;
                        stream = frame.Items[0].Number;
                    }
                    bool isTaken = order.Accepts((uint)frame.Items[1].Number);
                    Check.Same(one.Member("stale").Items[i].Boolean, !isTaken, NameOf(one) + " " + i);
                    Check.Same(one.Member("lost").Items[i].Number, order.Lost - lost, NameOf(one) + " " + i);
                    lost = order.Lost;
                }
            }
        }

        // -- what is shown

        private static double CutOf(JsonValue one)
        {
            JsonValue cut = one.Member("cut_ms");
            return cut == null || cut.Kind == JsonKind.Null ? -1 : cut.Number;
        }

        [Test]
        public static void mouth()
        {
            foreach (JsonValue one in Cases("mouth"))
            {
                int shapes = VisemeSets.Named(one.Member("set").Text).Length;
                MouthTrack track = new MouthTrack(shapes);
                foreach (JsonValue message in one.Member("messages").Items)
                {
                    VisemeKeys keys = new VisemeKeys { UntilMs = message.Member("until_ms").Number };
                    keys.Keys = message.Member("keys").Items.Select(k => new VisemeKey
                    {
                        TMs = k.Items[0].Number, Viseme = (int)k.Items[1].Number, Weight = (float)k.Items[2].Number,
                    }).ToArray();
                    track.Add(keys);
                }
                if (CutOf(one) >= 0)
                {
                    track.Cut(CutOf(one));
                }
                float[] weights = new float[shapes];
                foreach (JsonValue sample in one.Member("samples").Items)
                {
                    string name = NameOf(one) + " at " + sample.Member("t_ms").Number;
                    bool isKnown = track.Sample(sample.Member("t_ms").Number, weights);
                    JsonValue expected = sample.Member("weights");
                    Check.Same(expected.Kind != JsonKind.Null, isKnown, name);
                    for (int i = 0; i < shapes; i++)
                    {
                        JsonValue pair = expected.Items.FirstOrDefault(p => p.Items[0].Number == i);
                        Check.Near(pair == null ? 0 : pair.Items[1].Number, weights[i], Tolerance, name + " " + i);
                    }
                }
            }
        }

        [Test]
        public static void movement()
        {
            foreach (JsonValue one in Cases("movement"))
            {
                GestureTrack gestures = new GestureTrack();
                FaceTrack faces = new FaceTrack();
                GazeTrack gazes = new GazeTrack();
                foreach (JsonValue message in one.Member("messages").Items)
                {
                    switch (message.Member("type").Text)
                    {
                        case "gesture": gestures.Add(Tell<Gesture>(message)); break;
                        case "face": faces.Add(Tell<Face>(message)); break;
                        default: gazes.Add(Tell<Gaze>(message)); break;
                    }
                }
                if (CutOf(one) >= 0)
                {
                    gestures.Cut(CutOf(one));
                }
                foreach (JsonValue sample in one.Member("samples").Items)
                {
                    CompareShown(sample, gestures, faces, gazes, NameOf(one));
                }
            }
        }

        private static void CompareShown(
            JsonValue sample, GestureTrack gestures, FaceTrack faces, GazeTrack gazes, string name)
        {
            double tMs = sample.Member("t_ms").Number;
            string where = name + " at " + tMs;
            if (sample.Member("gestures") != null)
            {
                GesturePose[] poses = new GesturePose[8];
                JsonValue[] expected = sample.Member("gestures").Items.ToArray();
                Check.Same(expected.Length, gestures.Sample(tMs, poses), where);
                for (int i = 0; i < expected.Length; i++)
                {
                    Check.Same(expected[i].Items[0].Text, poses[i].Gesture.Id, where);
                    Check.Same(expected[i].Items[1].Text, poses[i].Phase.ToString().ToLowerInvariant(), where);
                    Check.Near(expected[i].Items[2].Number, poses[i].Weight, Tolerance, where);
                }
            }
            if (sample.Member("faces") != null)
            {
                ExpressionWeight[] weights = new ExpressionWeight[8];
                JsonValue[] expected = sample.Member("faces").Items.ToArray();
                int count = faces.Sample(tMs, weights);
                Check.Same(expected.Length, count, where);
                ExpressionWeight[] shown = weights.Take(count)
                    .OrderBy(w => w.Expression, StringComparer.Ordinal).ToArray();
                for (int i = 0; i < count; i++)
                {
                    Check.Same(expected[i].Items[0].Text, shown[i].Expression, where);
                    Check.Near(expected[i].Items[1].Number, shown[i].Weight, Tolerance, where);
                }
            }
            if (sample.Member("gaze") != null)
            {
                float headShare;
                Check.Same(sample.Member("gaze").Text, gazes.Sample(tMs, out headShare), where);
            }
        }

        /// <summary>What is left out never moves; what is shown is at rest when its times say.</summary>
        [Test]
        public static void retraction()
        {
            foreach (JsonValue one in Cases("retraction"))
            {
                JsonValue sent = one.Member("sent");
                JsonValue shown = one.Member("shown");
                double atMs = one.Member("at_ms").Number;
                string type = sent.Member("type").Text;
                JsonValue message = WithEnvelope(sent);
                bool isLeftOut = shown.Kind == JsonKind.Null;
                double restMs = isLeftOut || shown.Member("end_ms") == null
                    ? atMs
                    : Math.Min(shown.Member("end_ms").Number, atMs + GestureTrack.RetractMs);
                for (double tMs = atMs + 10; tMs < atMs + 8000; tMs += 10)
                {
                    bool mustRest = isLeftOut || tMs >= restMs;
                    string where = NameOf(one) + " at " + tMs;
                    switch (type)
                    {
                        case "gesture":
                            GestureTrack gestures = new GestureTrack();
                            gestures.Add(Tell<Gesture>(message));
                            gestures.Cut(atMs);
                            Check.That(!mustRest || gestures.Sample(tMs, new GesturePose[1]) == 0, where);
                            break;
                        case "head":
                            HeadTrack heads = new HeadTrack();
                            heads.Add(Tell<Head>(message));
                            heads.Cut(atMs);
                            HeadPose pose = heads.Sample(tMs);
                            double sum = Math.Abs(pose.Pitch) + Math.Abs(pose.Yaw) + Math.Abs(pose.Roll);
                            Check.That(!mustRest || sum < 1e-6, where);
                            break;
                        case "gaze":
                            GazeTrack gazes = new GazeTrack();
                            gazes.Add(Tell<Gaze>(message));
                            gazes.Cut(atMs);
                            float headShare;
                            Check.Same(GazeTrack.User, gazes.Sample(tMs, out headShare), where);
                            break;
                        default:
                            FaceTrack whole = new FaceTrack();
                            FaceTrack cut = new FaceTrack();
                            whole.Add(Tell<Face>(message));
                            cut.Add(Tell<Face>(message));
                            cut.Cut(atMs);
                            ExpressionWeight[] weights = new ExpressionWeight[1];
                            ExpressionWeight[] cutWeights = new ExpressionWeight[1];
                            int count = isLeftOut ? 0 : whole.Sample(tMs, weights);
                            Check.Same(count, cut.Sample(tMs, cutWeights), where);
                            Check.Same(weights[0].Weight, cutWeights[0].Weight, where);
                            break;
                    }
                }
            }
        }

        private static JsonValue WithEnvelope(JsonValue sent)
        {
            JsonWriter writer = new JsonWriter().Begin().Name("seq").Integer(0).Name("ts_ms").Integer(0);
            foreach (string name in sent.Names)
            {
                JsonValue value = sent.Member(name);
                writer.Name(name);
                if (value.Kind == JsonKind.Text)
                {
                    writer.Text(value.Text);
                }
                else if (value.IsInteger)
                {
                    writer.Integer((long)value.Number);
                }
                else
                {
                    writer.Number(value.Number);
                }
            }
            return JsonReader.Read(writer.End().ToString());
        }

        [Test]
        public static void captions()
        {
            foreach (JsonValue one in Cases("captions"))
            {
                CaptionTrack track = new CaptionTrack();
                track.Add(new ReplyText { Text = one.Member("text").Text });
                track.Add(new ReplySegment
                {
                    Words = one.Member("words").Items.Select(w => new TimedWord
                    {
                        Text = w.Items[0].Text, StartMs = w.Items[1].Number, EndMs = w.Items[2].Number,
                        Char = (long)w.Items[3].Number,
                    }).ToArray(),
                });
                foreach (JsonValue sample in one.Member("samples").Items)
                {
                    string where = NameOf(one) + " at " + sample.Member("t_ms").Number;
                    SpokenWord word = track.At(sample.Member("t_ms").Number);
                    Check.Same(IntOf(sample, "word"), word.Index, where);
                    Check.Same(sample.Member("is_now").Boolean, word.IsNow, where);
                    Check.Same(IntOf(sample, "char"), (int)word.CharEnd, where);
                    Check.Same(IntOf(sample, "utf16"), word.Utf16End, where);
                    Check.Same(IntOf(sample, "spoken_utf16"), sample.Member("spoken_text").Text.Length, where);
                }
            }
        }

        [Test]
        public static void clock()
        {
            foreach (JsonValue one in Cases("clock"))
            {
                ClockSync sync = new ClockSync();
                JsonValue[] exchanges = one.Member("exchanges").Items.ToArray();
                for (int i = 0; i < exchanges.Length; i++)
                {
                    double[] times = exchanges[i].Items.Select(item => item.Number).ToArray();
                    double roundTripMs = sync.Add(times[0], times[1], times[2], times[3]);
                    Check.Near(one.Member("round_trips_ms").Items[i].Number, roundTripMs, Tolerance, NameOf(one));
                }
                JsonValue best = one.Member("round_trips_ms").Items[IntOf(one, "best")];
                Check.Near(best.Number, sync.RoundTripMs, Tolerance, NameOf(one));
                Check.Near(one.Member("offset_ms").Number, sync.OffsetMs, Tolerance, NameOf(one));
            }
        }
    }
}
