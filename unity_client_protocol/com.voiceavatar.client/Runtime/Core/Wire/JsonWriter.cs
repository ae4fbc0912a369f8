using System;
using System.Globalization;
using System.Text;

namespace VoiceAvatar
{
    /// <summary>Writes JSON without spaces into a buffer that is used again.</summary>
    public sealed class JsonWriter
    {
        private readonly StringBuilder _out = new StringBuilder();
        private bool _needsComma;

        /// <summary>Forgets what was written.</summary>
        public void Clear()
        {
            _out.Length = 0;
            _needsComma = false;
        }

        /// <summary>What was written.</summary>
        public override string ToString()
        {
            return _out.ToString();
        }

        /// <summary>Begins an object.</summary>
        public JsonWriter Begin()
        {
            return Open('{');
        }

        /// <summary>Ends an object.</summary>
        public JsonWriter End()
        {
            return Close('}');
        }

        /// <summary>Begins an array.</summary>
        public JsonWriter BeginArray()
        {
            return Open('[');
        }

        /// <summary>Ends an array.</summary>
        public JsonWriter EndArray()
        {
            return Close(']');
        }

        /// <summary>Writes the name of the member that follows.</summary>
        public JsonWriter Name(string name)
        {
            Text(name);
            _out.Append(':');
            _needsComma = false;
            return this;
        }

        /// <summary>Writes a string, or null. Half a surrogate pair becomes U+FFFD.</summary>
        public JsonWriter Text(string text)
        {
            if (text == null)
            {
                return Raw("null");
            }
            Separate();
            _out.Append('"');
            for (int i = 0; i < text.Length; i++)
            {
                char letter = text[i];
                if (char.IsHighSurrogate(letter) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                {
                    _out.Append(letter).Append(text[++i]);
                }
                else
                {
                    Letter(char.IsSurrogate(letter) ? '\uFFFD' : letter);
                }
            }
            _out.Append('"');
            _needsComma = true;
            return this;
        }

        /// <summary>Writes an integer.</summary>
        public JsonWriter Integer(long value)
        {
            return Raw(value.ToString(CultureInfo.InvariantCulture));
        }

        /// <summary>Writes a number so that it reads back as the same double.</summary>
        /// <exception cref="ArgumentOutOfRangeException">it is not finite.</exception>
        public JsonWriter Number(double value)
        {
            if (double.IsNaN(value) || double.IsInfinity(value))
            {
                throw new ArgumentOutOfRangeException("value", "JSON has finite numbers only");
            }
            return Raw(value.ToString("R", CultureInfo.InvariantCulture));
        }

        /// <summary>Writes true or false.</summary>
        public JsonWriter Boolean(bool value)
        {
            return Raw(value ? "true" : "false");
        }

        /// <summary>Writes an array of strings, or null.</summary>
        public JsonWriter Texts(string[] texts)
        {
            if (texts == null)
            {
                return Raw("null");
            }
            BeginArray();
            foreach (string text in texts)
            {
                Text(text);
            }
            return EndArray();
        }

        /// <summary>Writes null.</summary>
        public JsonWriter Null()
        {
            return Raw("null");
        }

        /// <summary>Writes a value that is JSON already.</summary>
        public JsonWriter Json(string json)
        {
            return Raw(json);
        }

        private void Separate()
        {
            if (_needsComma)
            {
                _out.Append(',');
            }
        }

        private JsonWriter Raw(string text)
        {
            Separate();
            _out.Append(text);
            _needsComma = true;
            return this;
        }

        private JsonWriter Open(char mark)
        {
            Separate();
            _out.Append(mark);
            _needsComma = false;
            return this;
        }

        private JsonWriter Close(char mark)
        {
            _out.Append(mark);
            _needsComma = true;
            return this;
        }

        private void Letter(char letter)
        {
            int index = "\"\\\b\f\n\r\t".IndexOf(letter);
            if (index >= 0)
            {
                _out.Append('\\').Append("\"\\bfnrt"[index]);
            }
            else if (letter < ' ')
            {
                _out.Append("\\u").Append(((int)letter).ToString("x4", CultureInfo.InvariantCulture));
            }
            else
            {
                _out.Append(letter);
            }
        }
    }
}
