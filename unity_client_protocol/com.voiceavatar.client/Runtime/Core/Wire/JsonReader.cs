using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace VoiceAvatar
{
    /// <summary>
    /// Reads RFC 8259 JSON and nothing else: no comments, no trailing commas, no NaN, each name of an
    /// object once. Depth and length are limited; anything wrong is a <see cref="JsonException"/>.
    /// </summary>
    public sealed class JsonReader
    {
        /// <summary>Deepest nesting; no message of the protocol goes beyond 5.</summary>
        public const int MaxDepth = 32;

        /// <summary>Longest text, in bytes of UTF-8 and in characters: the protocol's 256 KiB.</summary>
        public const int MaxLength = 262144;

        private static readonly UTF8Encoding StrictUtf8 = new UTF8Encoding(false, true);

        private readonly string _text;
        private readonly StringBuilder _scratch = new StringBuilder();
        private int _at;
        private int _depth;

        private JsonReader(string text)
        {
            _text = text;
        }

        /// <summary>Reads one value.</summary>
        /// <exception cref="JsonException">the text is not JSON, or over a limit.</exception>
        public static JsonValue Read(string text)
        {
            if (text.Length > MaxLength)
            {
                throw new JsonException(JsonError.TooLong, MaxLength);
            }
            JsonReader reader = new JsonReader(text);
            reader.SkipSpace();
            JsonValue value = reader.Value();
            reader.SkipSpace();
            if (reader._at < text.Length)
            {
                throw reader.Wrong(JsonError.TrailingText);
            }
            return value;
        }

        /// <summary>Reads one value from UTF-8.</summary>
        /// <exception cref="JsonException">the bytes are not JSON in UTF-8, or over a limit.</exception>
        public static JsonValue Read(byte[] utf8, int offset, int count)
        {
            if (count > MaxLength)
            {
                throw new JsonException(JsonError.TooLong, MaxLength);
            }
            string text;
            try
            {
                text = StrictUtf8.GetString(utf8, offset, count);
            }
            catch (DecoderFallbackException)
            {
                throw new JsonException(JsonError.NotUtf8, 0);
            }
            return Read(text);
        }

        private JsonException Wrong(JsonError error)
        {
            return new JsonException(error, _at);
        }

        private char Next()
        {
            if (_at >= _text.Length)
            {
                throw Wrong(JsonError.UnexpectedEnd);
            }
            return _text[_at];
        }

        private void SkipSpace()
        {
            while (_at < _text.Length && " \t\r\n".IndexOf(_text[_at]) >= 0)
            {
                _at++;
            }
        }

        private JsonValue Value()
        {
            char first = Next();
            switch (first)
            {
                case '{':
                    return Object();
                case '[':
                    return Array();
                case '"':
                    return JsonValue.Of(Text());
                case 't':
                    return Word("true", JsonValue.True);
                case 'f':
                    return Word("false", JsonValue.False);
                case 'n':
                    return Word("null", JsonValue.Null);
                default:
                    if (first == '-' || IsDigit(first))
                    {
                        return Number();
                    }
                    throw Wrong(JsonError.UnexpectedCharacter);
            }
        }

        private JsonValue Word(string word, JsonValue value)
        {
            foreach (char letter in word)
            {
                if (Next() != letter)
                {
                    throw Wrong(JsonError.UnexpectedCharacter);
                }
                _at++;
            }
            return value;
        }

        private void Enter()
        {
            _at++;
            _depth++;
            if (_depth > MaxDepth)
            {
                throw Wrong(JsonError.TooDeep);
            }
            SkipSpace();
        }

        /// <summary>Takes a comma (true) or the end of an object or array (false).</summary>
        private bool GoesOn(char end)
        {
            SkipSpace();
            char mark = Next();
            if (mark != ',' && mark != end)
            {
                throw Wrong(JsonError.UnexpectedCharacter);
            }
            _at++;
            if (mark == end)
            {
                _depth--;
                return false;
            }
            SkipSpace();
            return true;
        }

        private JsonValue Array()
        {
            List<JsonValue> items = new List<JsonValue>();
            Enter();
            if (Next() == ']')
            {
                _at++;
                _depth--;
                return JsonValue.Of(items);
            }
            do
            {
                items.Add(Value());
            }
            while (GoesOn(']'));
            return JsonValue.Of(items);
        }

        private JsonValue Object()
        {
            Dictionary<string, JsonValue> members = new Dictionary<string, JsonValue>();
            Enter();
            if (Next() == '}')
            {
                _at++;
                _depth--;
                return JsonValue.Of(members);
            }
            do
            {
                if (Next() != '"')
                {
                    throw Wrong(JsonError.UnexpectedCharacter);
                }
                string name = Text();
                if (members.ContainsKey(name))
                {
                    throw Wrong(JsonError.DuplicateName);
                }
                SkipSpace();
                if (Next() != ':')
                {
                    throw Wrong(JsonError.UnexpectedCharacter);
                }
                _at++;
                SkipSpace();
                members.Add(name, Value());
            }
            while (GoesOn('}'));
            return JsonValue.Of(members);
        }

        private static bool IsDigit(char letter)
        {
            return letter >= '0' && letter <= '9';
        }

        private void Digits()
        {
            if (_at >= _text.Length || !IsDigit(_text[_at]))
            {
                throw Wrong(JsonError.BadNumber);
            }
            while (_at < _text.Length && IsDigit(_text[_at]))
            {
                _at++;
            }
        }

        private bool Takes(string letters)
        {
            if (_at < _text.Length && letters.IndexOf(_text[_at]) >= 0)
            {
                _at++;
                return true;
            }
            return false;
        }

        private JsonValue Number()
        {
            int start = _at;
            bool isInteger = true;
            Takes("-");
            if (!Takes("0"))
            {
                Digits();
            }
            if (Takes("."))
            {
                isInteger = false;
                Digits();
            }
            if (Takes("eE"))
            {
                isInteger = false;
                Takes("+-");
                Digits();
            }
            double number;
            bool isNumber = double.TryParse(
                _text.Substring(start, _at - start),
                NumberStyles.Float,
                CultureInfo.InvariantCulture,
                out number);
            if (!isNumber || double.IsInfinity(number))
            {
                throw Wrong(JsonError.BadNumber);
            }
            return JsonValue.Of(number, isInteger);
        }

        private string Text()
        {
            _at++;
            int start = _at;
            while (_at < _text.Length && _text[_at] != '"' && _text[_at] != '\\' && IsPlain(_text[_at]))
            {
                _at++;
            }
            if (Next() == '"')
            {
                return _text.Substring(start, _at++ - start);
            }
            _scratch.Length = 0;
            _scratch.Append(_text, start, _at - start);
            while (Next() != '"')
            {
                Letter();
            }
            _at++;
            return _scratch.ToString();
        }

        private static bool IsPlain(char letter)
        {
            return letter >= ' ' && !char.IsSurrogate(letter);
        }

        /// <summary>Takes one code point of a string, escaped or not.</summary>
        private void Letter()
        {
            JsonError error = Next() == '\\' ? JsonError.BadEscape : JsonError.BadString;
            char letter = Unit();
            _scratch.Append(letter);
            if (char.IsLowSurrogate(letter))
            {
                throw Wrong(error);
            }
            if (char.IsHighSurrogate(letter))
            {
                Next();
                char low = Unit();
                if (!char.IsLowSurrogate(low))
                {
                    throw Wrong(error);
                }
                _scratch.Append(low);
            }
        }

        private char Unit()
        {
            char letter = Next();
            if (letter < ' ')
            {
                throw Wrong(JsonError.BadString);
            }
            _at++;
            return letter == '\\' ? Escape() : letter;
        }

        private char Escape()
        {
            char letter = Next();
            int index = "\"\\/bfnrt".IndexOf(letter);
            if (index >= 0)
            {
                _at++;
                return "\"\\/\b\f\n\r\t"[index];
            }
            if (letter != 'u')
            {
                throw Wrong(JsonError.BadEscape);
            }
            _at++;
            int code = 0;
            for (int i = 0; i < 4; i++)
            {
                int digit = "0123456789abcdef".IndexOf(char.ToLowerInvariant(Next()));
                if (digit < 0)
                {
                    throw Wrong(JsonError.BadEscape);
                }
                code = code * 16 + digit;
                _at++;
            }
            return (char)code;
        }
    }
}
