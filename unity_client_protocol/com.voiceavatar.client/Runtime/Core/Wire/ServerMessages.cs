// The messages of the server (PROTOCOL.md, sections 8 and 9): one struct each, with the fields of its
// table under their names there; `_ms` is written `Ms`, `_hz` `Hz`. Times are milliseconds, on the
// clock that the table names.
#pragma warning disable 1591 // the fields are documented in PROTOCOL.md

namespace VoiceAvatar
{
    public enum ConversationState
    {
        Idle,
        Listening,
        Thinking,
        Speaking,
        Interrupted,
    }

    public enum AudioCodec
    {
        Pcm16,
        Opus,
    }

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

    public enum TurnEndReason
    {
        Semantic,
        Vad,
        Ptt,
        Text,
        Commit,
    }

    /// <summary>What every server message carries.</summary>
    public struct Envelope
    {
        public string Type;
        public long Seq;
        public double TsMs;

        /// <summary>The reply that it belongs to, or <see cref="NoReply"/>.</summary>
        public long ReplyId;

        /// <summary>What stands for the reply of a message that names none.</summary>
        public const long NoReply = -1;

        /// <summary>Whether it belongs to a reply.</summary>
        public bool IsOfReply
        {
            get { return ReplyId != NoReply; }
        }
    }

    public struct AudioFormat
    {
        public AudioCodec Codec;
        public int RateHz;
    }

    public struct Settings
    {
        public string Persona;
        public string Voice;
        public string Language;
        public string Endpointing;
        public string VisemeSet;
        public string[] Visemes;
        public bool Captions;
        public bool Gaze;
        public int FaceHz;
    }

    /// <summary>`resume` of session.ready and session.resumed; Token is null where there is none.</summary>
    public struct ResumeOffer
    {
        public string Token;
        public double TtlS;
    }

    /// <summary>What the body does by itself; IsGiven is false where the server leaves it to the client.</summary>
    public struct Autonomic
    {
        public bool IsGiven;
        public double BlinksAtRestPerMin;
        public double BlinksTalkingPerMin;
        public double BlinkCloseMs;
        public double BlinkOpenMs;
        public double BreathHz;
        public double ShortestWeightShiftMs;
        public double LongestWeightShiftMs;
        public double ShortestGazeShiftMs;
        public double LongestGazeShiftMs;
        public float Energy;
        public string Expression;
        public float Valence;
        public float Arousal;
    }

    public struct Limits
    {
        public long TextBytes;
        public long BinaryBytes;
        public long InputChars;
        public double HelloMs;
        public double MicBurstMs;
        public double MicRealtimeFactor;
        public double MaxAheadMs;
        public double IdleMs;
    }

    public struct Models
    {
        public string Stt;
        public string Llm;
        public string Tts;
        public string Vad;
        public string Turn;
    }

    public struct SessionReady
    {
        public string SessionId;
        public int Protocol;
        public AudioFormat AudioIn;
        public AudioFormat AudioOut;
        public Settings Settings;
        public string[] Gestures;
        public string[] Expressions;
        public string[] Voices;
        public string[] Languages;
        public Limits Limits;
        public string ServerName;
        public string ServerVersion;
        public Models Models;
        public ResumeOffer Resume;
        public Autonomic Autonomic;
    }

    public struct SessionResumed
    {
        public long Replayed;
        public bool Lost;
        public ResumeOffer Resume;
    }

    public struct SessionUpdated
    {
        public Settings Settings;
    }

    public struct SessionGoAway
    {
        public double ReconnectInMs;
        public string Reason;
    }

    public struct StateChanged
    {
        public ConversationState State;
    }

    public struct SpeechStarted
    {
        public double TMs;
        public double Probability;
    }

    public struct SpeechStopped
    {
        public double TMs;
    }

    public struct TranscriptInterim
    {
        public long TurnId;
        public string Text;
        public long StableChars;
        public string Language;
    }

    public struct TranscriptFinal
    {
        public long TurnId;
        public string Text;
        public string Language;
    }

    public struct TurnEnded
    {
        public long TurnId;
        public TurnEndReason Reason;
        public double SilenceMs;
    }

    public struct ReplyStarted
    {
        public long ReplyId;
        public int Stream;
        public long TurnId;
        public int RateHz;
        public AudioCodec Codec;
    }

    public struct ReplyText
    {
        public long ReplyId;
        public string Text;
        public long Char;
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
    }

    public struct Gaze
    {
        public long ReplyId;
        public string Target;
        public double StartMs;
        public double EndMs;
        public CueSource Source;
        public float HeadShare;
    }

    public struct Body
    {
        public BodyKind Kind;
        public string Lexeme;
        public float Amplitude;
        public double DurationMs;
        public CueSource Source;
        public long Repeats;
    }

    public struct ReplyAudioDone
    {
        public long ReplyId;
        public long SampleCount;
    }

    public struct ReplyPaused
    {
        public long ReplyId;
        public double AtMs;
    }

    public struct ReplyResumed
    {
        public long ReplyId;
        public double FromMs;
    }

    public struct ReplyInterrupted
    {
        public long ReplyId;
        public double AtMs;
        public InterruptReason Reason;
        public string SpokenText;
    }

    public struct ReplyDone
    {
        public long ReplyId;
        public ReplyStatus Status;
        public string SpokenText;
        public long PlayedSamples;
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
    }

    public struct Warning
    {
        public string Code;
        public string Message;
    }

    public struct ServerError
    {
        public string Code;
        public string Message;
        public bool Fatal;
        public string Ref;
    }

    public struct ClockPong
    {
        public double T0Ms;
        public double T1Ms;
        public double T2Ms;
    }

    /// <summary>Takes the messages of the server; what is not overridden is passed over.</summary>
    public abstract class ServerMessageSink
    {
        public virtual void On(in SessionReady message) { }

        public virtual void On(in SessionResumed message) { }

        public virtual void On(in SessionUpdated message) { }

        public virtual void On(in SessionGoAway message) { }

        public virtual void On(in StateChanged message) { }

        public virtual void On(in SpeechStarted message) { }

        public virtual void On(in SpeechStopped message) { }

        public virtual void On(in TranscriptInterim message) { }

        public virtual void On(in TranscriptFinal message) { }

        public virtual void On(in TurnEnded message) { }

        public virtual void On(in ReplyStarted message) { }

        public virtual void On(in ReplyText message) { }

        public virtual void On(in ReplySegment message) { }

        public virtual void On(in VisemeKeys message) { }

        public virtual void On(in Face message) { }

        public virtual void On(in Gesture message) { }

        public virtual void On(in Head message) { }

        public virtual void On(in Gaze message) { }

        public virtual void On(in Body message) { }

        public virtual void On(in ReplyAudioDone message) { }

        public virtual void On(in ReplyPaused message) { }

        public virtual void On(in ReplyResumed message) { }

        public virtual void On(in ReplyInterrupted message) { }

        public virtual void On(in ReplyDone message) { }

        public virtual void On(in Metrics message) { }

        public virtual void On(in Warning message) { }

        public virtual void On(in ServerError message) { }

        public virtual void On(in ClockPong message) { }
    }
}
