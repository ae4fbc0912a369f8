// The server's messages of turns and replies (PROTOCOL.md, sections 8 and 9): one struct each, with the fields
// of its table under their names there; `_ms` is written `Ms`, `_hz` `Hz`. Times are milliseconds, on
// the clock that the table names. `Read` takes a message's fields and throws MessageException.
#pragma warning disable 1591 // the fields are documented in PROTOCOL.md

using System.Collections.Generic;

namespace VoiceAvatar
{
    public enum TurnEndReason
    {
        Semantic,
        Vad,
        Ptt,
        Text,
        Commit,
    }

    public enum TurnDropReason
    {
        Wordless,
        Invented,
        Echo,
        Aside,
        Cleared,
        Failed,
    }

    public enum InterruptReason
    {
        Voice,
        Message,
        Text,
        Ptt,
    }

    public enum ReplyStatus
    {
        Completed,
        Interrupted,
        Failed,
    }

    public struct SpeechStarted
    {
        public double TMs;
        public double Probability;

        internal static SpeechStarted Read(in FieldReader fields)
        {
            return new SpeechStarted
            {
                TMs = fields.Ms("t_ms"),
                Probability = fields.Unit("probability"),
            };
        }
    }

    public struct SpeechStopped
    {
        public double TMs;

        internal static SpeechStopped Read(in FieldReader fields)
        {
            return new SpeechStopped { TMs = fields.Ms("t_ms") };
        }
    }

    public struct TranscriptInterim
    {
        public long TurnId;
        public string Text;
        public long StableChars;
        public string Language;

        internal static TranscriptInterim Read(in FieldReader fields)
        {
            return new TranscriptInterim
            {
                TurnId = fields.Count("turn_id"),
                Text = fields.Text("text"),
                StableChars = fields.Count("stable_chars"),
                Language = fields.Text("language"),
            };
        }
    }

    public struct TranscriptFinal
    {
        public long TurnId;
        public string Text;
        public string Language;

        internal static TranscriptFinal Read(in FieldReader fields)
        {
            return new TranscriptFinal
            {
                TurnId = fields.Count("turn_id"),
                Text = fields.Text("text"),
                Language = fields.Text("language"),
            };
        }
    }

    public struct TurnEnded
    {
        public long TurnId;
        public TurnEndReason Reason;
        public double SilenceMs;

        internal static TurnEnded Read(in FieldReader fields)
        {
            return new TurnEnded
            {
                TurnId = fields.Count("turn_id"),
                Reason = (TurnEndReason)fields.OneOf(
                    "reason", "semantic", "vad", "ptt", "text", "commit"),
                SilenceMs = fields.Ms("silence_ms"),
            };
        }
    }

    public struct TurnDropped
    {
        public long TurnId;
        public TurnDropReason Reason;

        internal static TurnDropped Read(in FieldReader fields)
        {
            return new TurnDropped
            {
                TurnId = fields.Count("turn_id"),
                Reason = (TurnDropReason)fields.OneOf(
                    "reason", "wordless", "invented", "echo", "aside", "cleared", "failed"),
            };
        }
    }

    public struct ReplyStarted
    {
        public long ReplyId;
        public int Stream;
        public long TurnId;
        public int RateHz;
        public AudioCodec Codec;

        internal static ReplyStarted Read(in FieldReader fields)
        {
            return new ReplyStarted
            {
                ReplyId = fields.Reply(),
                Stream = (int)fields.Integer("stream", 0, 65535),
                TurnId = fields.Count("turn_id"),
                RateHz = (int)fields.Integer("rate_hz", 8000, 48000),
                Codec = fields.Codec(),
            };
        }
    }

    public struct ReplyText
    {
        public long ReplyId;
        public string Text;
        public long Char;

        internal static ReplyText Read(in FieldReader fields)
        {
            return new ReplyText
            {
                ReplyId = fields.Reply(),
                Text = fields.Text("text"),
                Char = fields.Count("char"),
            };
        }
    }

    public struct TimedWord
    {
        public string Text;
        public double StartMs;
        public double EndMs;
        public long Char;
    }

    public struct ReplySegment
    {
        public long ReplyId;
        public long Index;
        public string Text;
        public double StartMs;
        public double EndMs;
        public TimedWord[] Words;

        internal static ReplySegment Read(in FieldReader fields)
        {
            IReadOnlyList<JsonValue> items = fields.Items("words");
            TimedWord[] words = new TimedWord[items.Count];
            for (int i = 0; i < words.Length; i++)
            {
                IReadOnlyList<JsonValue> word = FieldReader.Tuple(items[i], 4, "words");
                words[i] = new TimedWord
                {
                    Text = FieldReader.Text(word[0], "words"),
                    StartMs = FieldReader.Ms(word[1], "words"),
                    EndMs = FieldReader.Ms(word[2], "words"),
                    Char = FieldReader.Integer(word[3], "words", 0, FrameCodec.MaxPts),
                };
            }
            return new ReplySegment
            {
                ReplyId = fields.Reply(),
                Index = fields.Count("index"),
                Text = fields.Text("text"),
                StartMs = fields.Ms("start_ms"),
                EndMs = fields.Ms("end_ms"),
                Words = words,
            };
        }
    }

    public struct ReplyAudioDone
    {
        public long ReplyId;
        public long SampleCount;

        internal static ReplyAudioDone Read(in FieldReader fields)
        {
            return new ReplyAudioDone
            {
                ReplyId = fields.Reply(),
                SampleCount = fields.Count("sample_count"),
            };
        }
    }

    public struct ReplyPaused
    {
        public long ReplyId;
        public double AtMs;

        internal static ReplyPaused Read(in FieldReader fields)
        {
            return new ReplyPaused { ReplyId = fields.Reply(), AtMs = fields.Ms("at_ms") };
        }
    }

    public struct ReplyResumed
    {
        public long ReplyId;
        public double FromMs;

        internal static ReplyResumed Read(in FieldReader fields)
        {
            return new ReplyResumed { ReplyId = fields.Reply(), FromMs = fields.Ms("from_ms") };
        }
    }

    public struct ReplyInterrupted
    {
        public long ReplyId;
        public double AtMs;
        public InterruptReason Reason;
        public string SpokenText;

        internal static ReplyInterrupted Read(in FieldReader fields)
        {
            return new ReplyInterrupted
            {
                ReplyId = fields.Reply(),
                AtMs = fields.Ms("at_ms"),
                Reason = (InterruptReason)fields.OneOf("reason", "voice", "message", "text", "ptt"),
                SpokenText = fields.Text("spoken_text"),
            };
        }
    }

    public struct ReplyDone
    {
        public long ReplyId;
        public ReplyStatus Status;
        public string SpokenText;
        public long PlayedSamples;

        internal static ReplyDone Read(in FieldReader fields)
        {
            return new ReplyDone
            {
                ReplyId = fields.Reply(),
                Status = (ReplyStatus)fields.OneOf("status", "completed", "interrupted", "failed"),
                SpokenText = fields.Text("spoken_text"),
                PlayedSamples = fields.Count("played_samples"),
            };
        }
    }

    /// <summary>Carry it out, and answer with <c>ClientMessageWriter.ToolResult</c>.</summary>
    public struct ToolCall
    {
        public long ReplyId;
        public string CallId;
        public string Name;

        /// <summary>A JSON object, as text.</summary>
        public string Arguments;

        internal static ToolCall Read(in FieldReader fields)
        {
            return new ToolCall
            {
                ReplyId = fields.Reply(),
                CallId = fields.Text("call_id"),
                Name = fields.Text("name"),
                Arguments = fields.Text("arguments"),
            };
        }
    }

    /// <summary>Nobody waits for the result of a call any more.</summary>
    public struct ToolCancelled
    {
        public long ReplyId;
        public string CallId;

        /// <summary>"interrupted", "timeout" or "failed".</summary>
        public string Reason;

        internal static ToolCancelled Read(in FieldReader fields)
        {
            return new ToolCancelled
            {
                ReplyId = fields.Reply(),
                CallId = fields.Text("call_id"),
                Reason = fields.Text("reason"),
            };
        }
    }

    public struct Metrics
    {
        public long ReplyId;
        public double? SttMs;
        public double? CommitMs;
        public double? LlmStartMs;
        public double? TtftMs;
        public double? FirstChunkMs;
        public double? TtfaMs;
        public double? SentMs;
        public bool IsSpeculative;
        public long WastedTokens;

        internal static Metrics Read(in FieldReader fields)
        {
            return new Metrics
            {
                ReplyId = fields.Reply(),
                SttMs = fields.SignedMsOrNull("stt_ms"),
                CommitMs = fields.SignedMsOrNull("commit_ms"),
                LlmStartMs = fields.SignedMsOrNull("llm_start_ms"),
                TtftMs = fields.SignedMsOrNull("ttft_ms"),
                FirstChunkMs = fields.SignedMsOrNull("first_chunk_ms"),
                TtfaMs = fields.SignedMsOrNull("ttfa_ms"),
                SentMs = fields.SignedMsOrNull("sent_ms"),
                IsSpeculative = fields.Boolean("is_speculative"),
                WastedTokens = fields.CountOr("wasted_tokens", 0),
            };
        }
    }
}
