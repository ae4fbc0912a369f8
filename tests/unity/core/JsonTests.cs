using System;
using System.Linq;
using System.Text;

namespace VoiceAvatar.Tests
{
    public static class JsonTests
    {
        private static JsonError ErrorOf(string text)
        {
            return Check.Throws<JsonException>(() => JsonReader.Read(text), text).Error;
        }

        [Test]
        public static void values_of_every_kind_are_read()
        {
            JsonValue value = JsonReader.Read(
                " {\"a\" : [1, -0.5e1, true, false, null], \"b\":{}, \"c\":\"x\"}\r\n");
            Check.Same(JsonKind.Object, value.Kind);
            Check.Same(new[] { "a", "b", "c" }, value.Names.ToArray());
            JsonValue[] items = value.Member("a").Items.ToArray();
            Check.Same(1.0, items[0].Number);
            Check.That(items[0].IsInteger, "1");
            Check.Same(-5.0, items[1].Number);
            Check.That(!items[1].IsInteger, "-0.5e1");
            Check.That(items[2].Boolean && !items[3].Boolean, "true, false");
            Check.Same(JsonKind.Null, items[4].Kind);
            Check.Same("x", value.Member("c").Text);
            Check.That(value.Member("d") == null, "no such member");
        }

        [Test]
        public static void one_point_zero_is_not_an_integer()
        {
            Check.That(!JsonReader.Read("1.0").IsInteger, "1.0");
            Check.That(!JsonReader.Read("1e2").IsInteger, "1e2");
            Check.That(JsonReader.Read("-0").IsInteger, "-0");
        }

        [Test]
        public static void escapes_and_characters_beyond_the_basic_plane_are_read()
        {
            Check.Same(
                "\"\\/\b\f\n\r\t你\uD83D\uDE00\uD83D\uDE00",
                JsonReader.Read("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u4f60\\uD83D\\uDE00\uD83D\uDE00\"").Text);
        }

        [Test]
        public static void whatever_is_not_json_is_refused_for_its_reason()
        {
            Check.Same(JsonError.UnexpectedEnd, ErrorOf(""));
            Check.Same(JsonError.UnexpectedEnd, ErrorOf("[1,"));
            Check.Same(JsonError.UnexpectedEnd, ErrorOf("\"abc"));
            foreach (string text in new[] { "NaN", "Infinity", "{a:1}", "[1,]", "{,}", "'a'", "tru_", "// x" })
            {
                Check.Same(JsonError.UnexpectedCharacter, ErrorOf(text), text);
            }
            foreach (string text in new[] { "-", "1.", ".5".Insert(0, "0."), "1e", "1e999", "-Infinity" })
            {
                Check.Same(JsonError.BadNumber, ErrorOf(text), text);
            }
            Check.Same(JsonError.TrailingText, ErrorOf("01"));
            Check.Same(JsonError.TrailingText, ErrorOf("{} {}"));
            Check.Same(JsonError.BadString, ErrorOf("\"a\nb\""));
            Check.Same(JsonError.BadString, ErrorOf("\"\uD800\""));
            Check.Same(JsonError.BadEscape, ErrorOf("\"\\x\""));
            Check.Same(JsonError.BadEscape, ErrorOf("\"\\u12g4\""));
            Check.Same(JsonError.BadEscape, ErrorOf("\"\\ud800\""));
            Check.Same(JsonError.BadEscape, ErrorOf("\"\\udc00\""));
            Check.Same(JsonError.DuplicateName, ErrorOf("{\"a\":1,\"a\":2}"));
        }

        [Test]
        public static void depth_and_length_have_their_limits()
        {
            string deepest = new string('[', JsonReader.MaxDepth) + new string(']', JsonReader.MaxDepth);
            Check.Same(JsonKind.Array, JsonReader.Read(deepest).Kind);
            Check.Same(JsonError.TooDeep, ErrorOf("[" + deepest + "]"));
            Check.Same(JsonError.TooDeep, ErrorOf(new string('[', 200000)));
            Check.Same(JsonError.TooLong, ErrorOf(new string(' ', JsonReader.MaxLength + 1)));
            JsonValue wide = JsonReader.Read("[" + string.Join(",", Enumerable.Repeat("[]", 50000)) + "]");
            Check.Same(50000, wide.Items.Count);
        }

        [Test]
        public static void bytes_that_are_not_utf8_are_refused()
        {
            byte[] bytes = { (byte)'"', 0xC3, 0x28, (byte)'"' };
            JsonException error = Check.Throws<JsonException>(() => JsonReader.Read(bytes, 0, 4));
            Check.Same(JsonError.NotUtf8, error.Error);
            byte[] overlong = { (byte)'"', 0xC0, 0xAF, (byte)'"' };
            Check.Throws<JsonException>(() => JsonReader.Read(overlong, 0, 4));
        }

        [Test]
        public static void what_is_written_reads_back()
        {
            string odd = "\"\\\u0001\n\t/你\uD83D\uDE00";
            JsonWriter writer = new JsonWriter();
            writer.Begin().Name("t").Text(odd).Name("n").BeginArray()
                .Number(0.1).Integer(-9007199254740991L).Boolean(true).Null().EndArray()
                .Name("o").Begin().End().End();
            JsonValue back = JsonReader.Read(writer.ToString());
            Check.Same(odd, back.Member("t").Text);
            Check.Same(0.1, back.Member("n").Items[0].Number);
            Check.Same(-9007199254740991.0, back.Member("n").Items[1].Number);
            writer.Clear();
            Check.Same("[\"\uFFFD\"]", writer.BeginArray().Text("\uD800").EndArray().ToString());
            Check.Throws<ArgumentOutOfRangeException>(() => writer.Number(double.NaN));
        }

        [Test]
        public static void any_double_survives_the_way_there_and_back()
        {
            Random random = new Random(2);
            byte[] bits = new byte[8];
            for (int i = 0; i < 5000; i++)
            {
                random.NextBytes(bits);
                double number = BitConverter.ToDouble(bits, 0);
                if (!double.IsNaN(number) && !double.IsInfinity(number))
                {
                    string text = new JsonWriter().Number(number).ToString();
                    Check.Same(number, JsonReader.Read(text).Number, text);
                }
            }
        }

        [Test]
        public static void fuzzed_texts_are_read_or_refused_with_the_documented_exception_only()
        {
            const string seed =
                "{\"type\":\"visemes\",\"seq\":12,\"ts_ms\":1.5,\"keys\":[[0.0,0,1.0],[58.0,10,-6e-1]],"
                + "\"text\":\"Gr\\u00fc\\u00df \\\"dich\\\" \\ud83d\\ude00\",\"a\":{\"b\":[null,true,false]}}";
            const string alphabet = "{}[]\",:\\u019eE+-.tfn \n\u0000\uD800\uDC00x";
            Random random = new Random(3);
            int read = 0;
            for (int i = 0; i < 60000; i++)
            {
                StringBuilder text = new StringBuilder(seed);
                for (int changes = random.Next(1, 6); changes > 0; changes--)
                {
                    int at = random.Next(text.Length);
                    switch (random.Next(4))
                    {
                        case 0:
                            text.Remove(at, Math.Min(random.Next(1, 8), text.Length - at));
                            break;
                        case 1:
                            text[at] = alphabet[random.Next(alphabet.Length)];
                            break;
                        case 2:
                            text.Insert(at, alphabet[random.Next(alphabet.Length)]);
                            break;
                        default:
                            text.Insert(at, text.ToString(0, random.Next(Math.Min(20, text.Length))));
                            break;
                    }
                    text.Append(text.Length == 0 ? "0" : "");
                }
                try
                {
                    JsonReader.Read(text.ToString());
                    read++;
                }
                catch (JsonException)
                {
                    // the documented one; any other ends the test
                }
            }
            Check.That(read > 500 && read < 50000, "both happen: " + read + " of 60000 are JSON");
        }

        [Test]
        public static void fuzzed_bytes_are_told_or_ignored_and_nothing_is_thrown()
        {
            byte[] seed = Encoding.UTF8.GetBytes(
                "{\"type\":\"face\",\"seq\":1,\"ts_ms\":2.5,\"reply_id\":3,\"t_ms\":0.0,"
                + "\"expression\":\"happy\",\"intensity\":0.5,\"valence\":0.8,\"arousal\":0.5,"
                + "\"fade_ms\":200.0,\"hold_ms\":0.0,\"source\":\"llm\"}");
            Random random = new Random(4);
            ServerMessageReader reader = new ServerMessageReader();
            int[] outcomes = new int[4];
            for (int i = 0; i < 60000; i++)
            {
                byte[] bytes = (byte[])seed.Clone();
                for (int changes = random.Next(1, 4); changes > 0; changes--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }
                outcomes[(int)reader.Read(bytes, 0, bytes.Length, new Sink())]++;
            }
            Check.That(outcomes.All(count => count > 100), "all happen: " + string.Join(" ", outcomes));
        }

        private sealed class Sink : ServerMessageSink { }
    }
}
