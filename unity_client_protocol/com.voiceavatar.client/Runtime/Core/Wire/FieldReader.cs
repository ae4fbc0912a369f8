using System;
using System.Collections.Generic;

namespace VoiceAvatar
{
    /// <summary>A message is JSON but not what PROTOCOL.md says: the message is to be ignored.</summary>
    public sealed class MessageException : Exception
    {
        /// <summary>The field, such as "words[2]".</summary>
        public string Field { get; private set; }

        /// <summary>Makes the exception.</summary>
        public MessageException(string field, string why) : base(field + ": " + why)
        {
            Field = field;
        }
    }

    /// <summary>Takes fields out of a JSON object and checks their types and ranges.</summary>
    internal readonly struct FieldReader
    {
        private static readonly string[] Codecs = { "pcm16", "opus" };
        private static readonly string[] Sources = { "llm", "rule", "prosody", "state" };

        private const double LargestMs = 86400000;
        private const double LargestClockMs = 1e15;

        private readonly JsonValue _object;

        internal FieldReader(JsonValue value, string field)
        {
            if (value.Kind != JsonKind.Object)
            {
                throw new MessageException(field, "is not an object");
            }
            _object = value;
        }

        internal JsonValue Required(string name)
        {
            JsonValue value = _object.Member(name);
            if (value == null)
            {
                throw new MessageException(name, "is missing");
            }
            return value;
        }

        internal FieldReader Object(string name)
        {
            return new FieldReader(Required(name), name);
        }

        internal bool Has(string name)
        {
            JsonValue value = _object.Member(name);
            return value != null && value.Kind != JsonKind.Null;
        }

        internal string Text(string name)
        {
            return Text(Required(name), name);
        }

        internal static string Text(JsonValue value, string field)
        {
            if (value.Kind != JsonKind.Text)
            {
                throw new MessageException(field, "is not a string");
            }
            return value.Text;
        }

        internal string TextOr(string name, string otherwise)
        {
            return _object.Member(name) == null ? otherwise : Text(name);
        }

        internal bool Boolean(string name)
        {
            JsonValue value = Required(name);
            if (value.Kind != JsonKind.Boolean)
            {
                throw new MessageException(name, "is not true or false");
            }
            return value.Boolean;
        }

        internal bool BooleanOr(string name, bool otherwise)
        {
            return _object.Member(name) == null ? otherwise : Boolean(name);
        }

        internal double Number(string name, double least, double most)
        {
            return Number(Required(name), name, least, most);
        }

        internal static double Number(JsonValue value, string field, double least, double most)
        {
            if (value.Kind != JsonKind.Number)
            {
                throw new MessageException(field, "is not a number");
            }
            if (value.Number < least || value.Number > most)
            {
                throw new MessageException(field, "is out of range");
            }
            return value.Number;
        }

        internal static long Integer(JsonValue value, string field, long least, long most)
        {
            if (value.Kind != JsonKind.Number || !value.IsInteger)
            {
                throw new MessageException(field, "is not an integer");
            }
            return (long)Number(value, field, least, most);
        }

        internal long Integer(string name, long least, long most)
        {
            return Integer(Required(name), name, least, most);
        }

        /// <summary>An integer 0..2^53 - 1.</summary>
        internal long Count(string name)
        {
            return Integer(name, 0, FrameCodec.MaxPts);
        }

        internal double NumberOr(string name, double otherwise)
        {
            return _object.Member(name) == null ? otherwise : Number(name, 0, double.MaxValue);
        }

        internal long CountOr(string name, long otherwise)
        {
            return _object.Member(name) == null ? otherwise : Count(name);
        }

        /// <summary>`reply_id`: the reply that a message belongs to.</summary>
        internal long Reply()
        {
            return Count("reply_id");
        }

        /// <summary>`codec`: how audio is coded.</summary>
        internal AudioCodec Codec()
        {
            return (AudioCodec)OneOf("codec", Codecs);
        }

        /// <summary>`source`: what a cue comes from.</summary>
        internal CueSource Source()
        {
            return (CueSource)OneOf("source", Sources);
        }

        /// <summary>A time or a length of time, 0..24 h.</summary>
        internal double Ms(string name)
        {
            return Number(name, 0, LargestMs);
        }

        internal static double Ms(JsonValue value, string field)
        {
            return Number(value, field, 0, LargestMs);
        }

        internal double? SignedMsOrNull(string name)
        {
            JsonValue value = Required(name);
            return value.Kind == JsonKind.Null
                ? (double?)null
                : Number(value, name, -LargestMs, LargestMs);
        }

        internal double ClockMs(string name)
        {
            return Number(name, -LargestClockMs, LargestClockMs);
        }

        internal float Unit(string name)
        {
            return (float)Number(name, 0, 1);
        }

        internal float SignedUnit(string name)
        {
            return (float)Number(name, -1, 1);
        }

        internal IReadOnlyList<JsonValue> Items(string name)
        {
            JsonValue value = Required(name);
            if (value.Kind != JsonKind.Array)
            {
                throw new MessageException(name, "is not an array");
            }
            return value.Items;
        }

        /// <summary>The items of a tuple of a fixed length within an array.</summary>
        internal static IReadOnlyList<JsonValue> Tuple(JsonValue value, int length, string field)
        {
            if (value.Kind != JsonKind.Array || value.Items.Count != length)
            {
                throw new MessageException(field, "is not an array of " + length);
            }
            return value.Items;
        }

        internal string[] Texts(string name)
        {
            IReadOnlyList<JsonValue> items = Items(name);
            string[] texts = new string[items.Count];
            for (int i = 0; i < texts.Length; i++)
            {
                texts[i] = Text(items[i], name);
            }
            return texts;
        }

        /// <summary>One of an enumeration's names in lower case; its index is the value.</summary>
        internal int OneOf(string name, params string[] names)
        {
            int index = System.Array.IndexOf(names, Text(name));
            if (index < 0)
            {
                throw new MessageException(name, "has a value that is not known");
            }
            return index;
        }
    }
}
