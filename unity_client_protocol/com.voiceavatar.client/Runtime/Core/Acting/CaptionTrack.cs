using System;
using System.Collections.Generic;
using System.Text;

namespace VoiceAvatar
{
    /// <summary>The word that is heard.</summary>
    public struct SpokenWord
    {
        /// <summary>Index over all words of the reply; -1 before the first.</summary>
        public int Index;

        /// <summary>Whether it is being spoken, or over already.</summary>
        public bool IsNow;

        /// <summary>Code points of the reply up to its end.</summary>
        public long CharEnd;

        /// <summary>Its beginning in the reply's text, in UTF-16 units (C# indices).</summary>
        public int Utf16Start;

        /// <summary>Its end in the reply's text, in UTF-16 units.</summary>
        public int Utf16End;
    }

    /// <summary>Captions of one reply: its text as it comes, and the word that is heard.</summary>
    public sealed class CaptionTrack
    {
        private readonly StringBuilder _text = new StringBuilder();
        private readonly List<TimedWord> _words = new List<TimedWord>();
        private readonly StringBuilder _shown = new StringBuilder();
        private long _segments;

        /// <summary>All text so far.</summary>
        public string Text
        {
            get { return _text.ToString(); }
        }

        /// <summary>Length of the text so far, UTF-16 units.</summary>
        public int Length
        {
            get { return _text.Length; }
        }

        /// <summary>Whether the reply was interrupted.</summary>
        public bool IsCut { get; private set; }

        /// <summary>What the server says was heard of an interrupted reply.</summary>
        public string SpokenText { get; private set; } = "";

        /// <summary>Forgets everything.</summary>
        public void Clear()
        {
            _text.Length = 0;
            _words.Clear();
            _segments = 0;
            IsCut = false;
            SpokenText = "";
        }

        /// <summary>Takes text.</summary>
        public void Add(in ReplyText text)
        {
            _text.Append(text.Text);
        }

        /// <summary>Takes a segment; one that is known is passed over.</summary>
        public void Add(in ReplySegment segment)
        {
            if (segment.Index < _segments)
            {
                return;
            }
            _segments = segment.Index + 1;
            _words.AddRange(segment.Words);
        }

        /// <summary>The reply was interrupted; only `spokenText` was heard.</summary>
        public void Cut(string spokenText)
        {
            IsCut = true;
            SpokenText = spokenText;
        }

        /// <summary>Returns the text up to the last word that has begun.</summary>
        public string Heard(double tMs)
        {
            return _text.ToString(0, At(tMs).Utf16End);
        }

        /// <summary>Returns the last word that has begun.</summary>
        public SpokenWord At(double tMs)
        {
            SpokenWord spoken = new SpokenWord { Index = -1 };
            while (spoken.Index + 1 < _words.Count && _words[spoken.Index + 1].StartMs <= tMs)
            {
                spoken.Index++;
            }
            if (spoken.Index < 0)
            {
                return spoken;
            }
            TimedWord word = _words[spoken.Index];
            spoken.IsNow = tMs < word.EndMs;
            spoken.CharEnd = word.Char + CodePoints(word.Text);
            spoken.Utf16Start = Utf16(word.Char);
            spoken.Utf16End = Utf16(spoken.CharEnd);
            return spoken;
        }

        /// <summary>
        /// The text with tags of Unity's rich text: the word that is heard bold, what an interruption
        /// left unsaid struck through (TextMeshPro; Unity's own text shows it plainly).
        /// </summary>
        public string Marked(double tMs)
        {
            _shown.Length = 0;
            string text = Text;
            if (IsCut)
            {
                int heard = text.StartsWith(SpokenText, StringComparison.Ordinal) ? SpokenText.Length : At(tMs).Utf16End;
                Escape(text, 0, heard);
                if (heard < text.Length)
                {
                    _shown.Append("<s>");
                    Escape(text, heard, text.Length);
                    _shown.Append("</s>");
                }
                return _shown.ToString();
            }
            SpokenWord spoken = At(tMs);
            if (spoken.Index < 0 || !spoken.IsNow)
            {
                Escape(text, 0, text.Length);
                return _shown.ToString();
            }
            Escape(text, 0, spoken.Utf16Start);
            _shown.Append("<b>");
            Escape(text, spoken.Utf16Start, spoken.Utf16End);
            _shown.Append("</b>");
            Escape(text, spoken.Utf16End, text.Length);
            return _shown.ToString();
        }

        /// <summary>A "&lt;" of the text must not become a tag.</summary>
        private void Escape(string text, int from, int to)
        {
            for (int i = from; i < to; i++)
            {
                _shown.Append(text[i]);
                if (text[i] == '<')
                {
                    _shown.Append('\u200B'); // a space without width, after which no tag is read
                }
            }
        }

        private static int CodePoints(string text)
        {
            int count = 0;
            for (int i = 0; i < text.Length; i++)
            {
                count += char.IsLowSurrogate(text[i]) ? 0 : 1;
            }
            return count;
        }

        /// <summary>Index in UTF-16 units of an index in code points, within the text that has come.</summary>
        private int Utf16(long codePoints)
        {
            int at = 0;
            while (at < _text.Length && codePoints > 0)
            {
                at += char.IsHighSurrogate(_text[at]) && at + 1 < _text.Length ? 2 : 1;
                codePoints--;
            }
            return at;
        }
    }
}
