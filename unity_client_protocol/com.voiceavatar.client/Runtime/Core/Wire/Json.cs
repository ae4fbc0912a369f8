using System;
using System.Collections.Generic;

namespace VoiceAvatar
{
    /// <summary>What a JSON value is.</summary>
    public enum JsonKind
    {
        /// <summary>null</summary>
        Null,

        /// <summary>true or false</summary>
        Boolean,

        /// <summary>A number.</summary>
        Number,

        /// <summary>A string.</summary>
        Text,

        /// <summary>An array.</summary>
        Array,

        /// <summary>An object.</summary>
        Object,
    }

    /// <summary>Why a text is not JSON that this client takes.</summary>
    public enum JsonError
    {
        /// <summary>The bytes are not UTF-8.</summary>
        NotUtf8,

        /// <summary>Over the limit of length.</summary>
        TooLong,

        /// <summary>Nested deeper than the limit.</summary>
        TooDeep,

        /// <summary>The text ends within a value.</summary>
        UnexpectedEnd,

        /// <summary>A character that may not stand there.</summary>
        UnexpectedCharacter,

        /// <summary>A number that is not written as RFC 8259 says, or is too large for a double.</summary>
        BadNumber,

        /// <summary>A bare control character in a string, or half of a surrogate pair.</summary>
        BadString,

        /// <summary>An escape that does not exist, or makes half of a surrogate pair.</summary>
        BadEscape,

        /// <summary>A name occurs twice in one object.</summary>
        DuplicateName,

        /// <summary>Something follows the value.</summary>
        TrailingText,
    }

    /// <summary>A text is not JSON; the only exception of <see cref="JsonReader"/>.</summary>
    public sealed class JsonException : Exception
    {
        /// <summary>Why.</summary>
        public JsonError Error { get; private set; }

        /// <summary>Index of the character at which it was found out.</summary>
        public int Position { get; private set; }

        /// <summary>Makes the exception.</summary>
        public JsonException(JsonError error, int position)
            : base("not JSON: " + error + " at character " + position)
        {
            Error = error;
            Position = position;
        }
    }

    /// <summary>A JSON value; immutable.</summary>
    public sealed class JsonValue
    {
        /// <summary>null</summary>
        public static readonly JsonValue Null = new JsonValue(JsonKind.Null, 0, null, null, null);

        /// <summary>true</summary>
        public static readonly JsonValue True = new JsonValue(JsonKind.Boolean, 1, null, null, null);

        /// <summary>false</summary>
        public static readonly JsonValue False = new JsonValue(JsonKind.Boolean, 0, null, null, null);

        private static readonly IReadOnlyList<JsonValue> NoItems = new JsonValue[0];

        private readonly double _number;
        private readonly string _text;
        private readonly IReadOnlyList<JsonValue> _items;
        private readonly Dictionary<string, JsonValue> _members;

        private JsonValue(
            JsonKind kind,
            double number,
            string text,
            IReadOnlyList<JsonValue> items,
            Dictionary<string, JsonValue> members)
        {
            Kind = kind;
            _number = number;
            _text = text;
            _items = items;
            _members = members;
        }

        /// <summary>What it is.</summary>
        public JsonKind Kind { get; private set; }

        /// <summary>Whether it is a number written without fraction and exponent.</summary>
        public bool IsInteger { get; private set; }

        /// <summary>The number; 0 of other kinds.</summary>
        public double Number
        {
            get { return Kind == JsonKind.Number ? _number : 0; }
        }

        /// <summary>Whether it is true; false of other kinds.</summary>
        public bool Boolean
        {
            get { return Kind == JsonKind.Boolean && _number > 0; }
        }

        /// <summary>The string; "" of other kinds.</summary>
        public string Text
        {
            get { return _text ?? ""; }
        }

        /// <summary>The items of an array; none of other kinds.</summary>
        public IReadOnlyList<JsonValue> Items
        {
            get { return _items ?? NoItems; }
        }

        /// <summary>The names of an object; none of other kinds.</summary>
        public IEnumerable<string> Names
        {
            get { return _members == null ? (IEnumerable<string>)new string[0] : _members.Keys; }
        }

        /// <summary>The member of an object; null (the reference) if there is none of that name.</summary>
        public JsonValue Member(string name)
        {
            JsonValue value;
            return _members != null && _members.TryGetValue(name, out value) ? value : null;
        }

        internal static JsonValue Of(double number, bool isInteger)
        {
            return new JsonValue(JsonKind.Number, number, null, null, null) { IsInteger = isInteger };
        }

        internal static JsonValue Of(string text)
        {
            return new JsonValue(JsonKind.Text, 0, text, null, null);
        }

        internal static JsonValue Of(IReadOnlyList<JsonValue> items)
        {
            return new JsonValue(JsonKind.Array, 0, null, items, null);
        }

        internal static JsonValue Of(Dictionary<string, JsonValue> members)
        {
            return new JsonValue(JsonKind.Object, 0, null, null, members);
        }
    }
}
