// The server's messages of what the avatar shows (PROTOCOL.md, sections 8 and 9): one struct each, with the fields
// of its table under their names there; `_ms` is written `Ms`, `_hz` `Hz`. Times are milliseconds, on
// the clock that the table names. `Read` takes a message's fields and throws MessageException.
#pragma warning disable 1591 // the fields are documented in PROTOCOL.md

using System.Collections.Generic;

namespace VoiceAvatar
{
    public enum CueSource
    {
        Llm,
        Rule,
        Prosody,
        State,
    }

    public enum GestureKind
    {
        Beat,
        Iconic,
        Deictic,
        Metaphoric,
        Emblem,
    }

    public enum GestureMode
    {
        Left,
        Right,
        Both,
    }

    public enum BodyKind
    {
        Gesture,
        Head,
        Gaze,
        Face,
        Posture,
    }

    public struct VisemeKey
    {
        public double TMs;
        public int Viseme;
        public float Weight;
    }

    public struct VisemeKeys
    {
        public long ReplyId;
        public string Set;
        public VisemeKey[] Keys;
        public double UntilMs;

        internal static VisemeKeys Read(in FieldReader fields)
        {
            IReadOnlyList<JsonValue> items = fields.Items("keys");
            VisemeKey[] keys = new VisemeKey[items.Count];
            for (int i = 0; i < keys.Length; i++)
            {
                IReadOnlyList<JsonValue> key = FieldReader.Tuple(items[i], 3, "keys");
                keys[i] = new VisemeKey
                {
                    TMs = FieldReader.Ms(key[0], "keys"),
                    Viseme = (int)FieldReader.Integer(key[1], "keys", 0, 255),
                    Weight = (float)FieldReader.Number(key[2], "keys", 0, 1),
                };
            }
            return new VisemeKeys
            {
                ReplyId = fields.Reply(),
                Set = fields.Text("set"),
                Keys = keys,
                UntilMs = fields.Ms("until_ms"),
            };
        }
    }

    public struct Face
    {
        public long ReplyId;
        public double TMs;
        public string Expression;
        public float Intensity;
        public float Valence;
        public float Arousal;
        public double FadeMs;
        public double HoldMs;
        public CueSource Source;

        internal static Face Read(in FieldReader fields)
        {
            return new Face
            {
                ReplyId = fields.Reply(),
                TMs = fields.Ms("t_ms"),
                Expression = fields.Text("expression"),
                Intensity = fields.Unit("intensity"),
                Valence = fields.SignedUnit("valence"),
                Arousal = fields.SignedUnit("arousal"),
                FadeMs = fields.Ms("fade_ms"),
                HoldMs = fields.Ms("hold_ms"),
                Source = fields.Source(),
            };
        }
    }

    public struct Gesture
    {
        public long ReplyId;
        public string Id;
        public string Lexeme;
        public GestureKind Kind;
        public GestureMode Mode;
        public float Amplitude;
        public double StartMs;
        public double StrokeStartMs;
        public double StrokeMs;
        public double StrokeEndMs;
        public double RelaxMs;
        public double EndMs;
        public CueSource Source;
        public string Target;

        internal static Gesture Read(in FieldReader fields)
        {
            return new Gesture
            {
                ReplyId = fields.Reply(),
                Id = fields.Text("id"),
                Lexeme = fields.Text("lexeme"),
                Kind = (GestureKind)fields.OneOf(
                    "kind", "beat", "iconic", "deictic", "metaphoric", "emblem"),
                Mode = (GestureMode)fields.OneOf("mode", "left", "right", "both"),
                Amplitude = fields.Unit("amplitude"),
                StartMs = fields.Ms("start_ms"),
                StrokeStartMs = fields.Ms("stroke_start_ms"),
                StrokeMs = fields.Ms("stroke_ms"),
                StrokeEndMs = fields.Ms("stroke_end_ms"),
                RelaxMs = fields.Ms("relax_ms"),
                EndMs = fields.Ms("end_ms"),
                Source = fields.Source(),
                Target = fields.TextOr("target", ""),
            };
        }
    }

    public struct Head
    {
        public long ReplyId;
        public string Lexeme;
        public float Amount;
        public long Repeats;
        public double StartMs;
        public double StrokeMs;
        public double EndMs;
        public CueSource Source;
        public bool StartsLeft;

        internal static Head Read(in FieldReader fields)
        {
            return new Head
            {
                ReplyId = fields.Reply(),
                Lexeme = fields.Text("lexeme"),
                Amount = fields.Unit("amount"),
                Repeats = fields.Count("repeats"),
                StartMs = fields.Ms("start_ms"),
                StrokeMs = fields.Ms("stroke_ms"),
                EndMs = fields.Ms("end_ms"),
                Source = fields.Source(),
                StartsLeft = fields.TextOr("side", "right") == "left",
            };
        }
    }

    public struct Gaze
    {
        public long ReplyId;
        public string Target;
        public double StartMs;
        public double EndMs;
        public CueSource Source;
        public float HeadShare;

        internal static Gaze Read(in FieldReader fields)
        {
            return new Gaze
            {
                ReplyId = fields.Reply(),
                Target = fields.Text("target"),
                StartMs = fields.Ms("start_ms"),
                EndMs = fields.Ms("end_ms"),
                Source = fields.Source(),
                HeadShare = fields.Has("head") ? fields.Unit("head") : 0,
            };
        }
    }

    public struct Body
    {
        public BodyKind Kind;
        public string Lexeme;
        public float Amplitude;
        public double DurationMs;
        public CueSource Source;
        public long Repeats;

        internal static Body Read(in FieldReader fields)
        {
            return new Body
            {
                Kind = (BodyKind)fields.OneOf("kind", "gesture", "head", "gaze", "face", "posture"),
                Lexeme = fields.Text("lexeme"),
                Amplitude = fields.Unit("amplitude"),
                DurationMs = fields.Ms("duration_ms"),
                Source = fields.Source(),
                Repeats = fields.CountOr("repeats", 1),
            };
        }
    }
}
