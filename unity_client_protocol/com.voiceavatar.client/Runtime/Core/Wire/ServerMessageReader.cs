using System;
using System.Collections.Generic;

namespace VoiceAvatar
{
    /// <summary>What became of a text frame.</summary>
    public enum MessageOutcome
    {
        /// <summary>It was told to the sink.</summary>
        Told,

        /// <summary>Its type is not known; ignored, as PROTOCOL.md section 14 says.</summary>
        UnknownType,

        /// <summary>A field is missing, mistyped, out of range or has a new value; ignored.</summary>
        Unreadable,

        /// <summary>It is not JSON, not an object, or has no type.</summary>
        NotJson,
    }

    /// <summary>Reads text frames of the server and tells them to a sink.</summary>
    public sealed class ServerMessageReader
    {
        private delegate void Teller(in FieldReader fields, ServerMessageSink sink);

        private static readonly Dictionary<string, Teller> Tellers = new Dictionary<string, Teller>
        {
            { "session.ready", (in FieldReader f, ServerMessageSink s) => s.On(SessionReady.Read(f)) },
            { "session.resumed", (in FieldReader f, ServerMessageSink s) => s.On(SessionResumed.Read(f)) },
            { "session.updated", (in FieldReader f, ServerMessageSink s) => s.On(SessionUpdated.Read(f)) },
            { "session.goaway", (in FieldReader f, ServerMessageSink s) => s.On(SessionGoAway.Read(f)) },
            { "state", (in FieldReader f, ServerMessageSink s) => s.On(StateChanged.Read(f)) },
            { "input.speech_started", (in FieldReader f, ServerMessageSink s) => s.On(SpeechStarted.Read(f)) },
            { "input.speech_stopped", (in FieldReader f, ServerMessageSink s) => s.On(SpeechStopped.Read(f)) },
            { "transcript.interim", (in FieldReader f, ServerMessageSink s) => s.On(TranscriptInterim.Read(f)) },
            { "transcript.final", (in FieldReader f, ServerMessageSink s) => s.On(TranscriptFinal.Read(f)) },
            { "turn.ended", (in FieldReader f, ServerMessageSink s) => s.On(TurnEnded.Read(f)) },
            { "turn.dropped", (in FieldReader f, ServerMessageSink s) => s.On(TurnDropped.Read(f)) },
            { "reply.started", (in FieldReader f, ServerMessageSink s) => s.On(ReplyStarted.Read(f)) },
            { "reply.text", (in FieldReader f, ServerMessageSink s) => s.On(ReplyText.Read(f)) },
            { "reply.segment", (in FieldReader f, ServerMessageSink s) => s.On(ReplySegment.Read(f)) },
            { "visemes", (in FieldReader f, ServerMessageSink s) => s.On(VisemeKeys.Read(f)) },
            { "face", (in FieldReader f, ServerMessageSink s) => s.On(Face.Read(f)) },
            { "gesture", (in FieldReader f, ServerMessageSink s) => s.On(Gesture.Read(f)) },
            { "head", (in FieldReader f, ServerMessageSink s) => s.On(Head.Read(f)) },
            { "gaze", (in FieldReader f, ServerMessageSink s) => s.On(Gaze.Read(f)) },
            { "body", (in FieldReader f, ServerMessageSink s) => s.On(Body.Read(f)) },
            { "reply.audio_done", (in FieldReader f, ServerMessageSink s) => s.On(ReplyAudioDone.Read(f)) },
            { "reply.paused", (in FieldReader f, ServerMessageSink s) => s.On(ReplyPaused.Read(f)) },
            { "reply.resumed", (in FieldReader f, ServerMessageSink s) => s.On(ReplyResumed.Read(f)) },
            { "reply.interrupted", (in FieldReader f, ServerMessageSink s) => s.On(ReplyInterrupted.Read(f)) },
            { "reply.done", (in FieldReader f, ServerMessageSink s) => s.On(ReplyDone.Read(f)) },
            { "tool.call", (in FieldReader f, ServerMessageSink s) => s.On(ToolCall.Read(f)) },
            { "tool.cancelled", (in FieldReader f, ServerMessageSink s) => s.On(ToolCancelled.Read(f)) },
            { "metrics", (in FieldReader f, ServerMessageSink s) => s.On(Metrics.Read(f)) },
            { "warning", (in FieldReader f, ServerMessageSink s) => s.On(Warning.Read(f)) },
            { "error", (in FieldReader f, ServerMessageSink s) => s.On(ServerError.Read(f)) },
            { "clock.pong", (in FieldReader f, ServerMessageSink s) => s.On(ClockPong.Read(f)) },
        };

        /// <summary>The types that are known.</summary>
        public static ICollection<string> KnownTypes
        {
            get { return Tellers.Keys; }
        }

        /// <summary>What was wrong with the last frame that could not be read; "" before.</summary>
        public string Problem { get; private set; } = "";

        /// <summary>Type, number and time of the last frame that had them.</summary>
        public Envelope Envelope { get; private set; }

        /// <summary>Reads one text frame and tells it. Throws nothing but what the sink throws.</summary>
        public MessageOutcome Read(byte[] utf8, int offset, int count, ServerMessageSink sink)
        {
            try
            {
                return Read(JsonReader.Read(utf8, offset, count), sink);
            }
            catch (JsonException error)
            {
                Problem = error.Message;
                return MessageOutcome.NotJson;
            }
        }

        /// <summary>Tells one message. Throws nothing but what the sink throws.</summary>
        public MessageOutcome Read(JsonValue message, ServerMessageSink sink)
        {
            JsonValue type = message.Member("type");
            if (type == null || type.Kind != JsonKind.Text)
            {
                Problem = "not an object with a type";
                return MessageOutcome.NotJson;
            }
            try
            {
                FieldReader fields = new FieldReader(message, "");
                Teller tell;
                bool isKnown = Tellers.TryGetValue(type.Text, out tell);
                Envelope = new Envelope
                {
                    Type = type.Text,
                    Seq = fields.Count("seq"),
                    TsMs = fields.ClockMs("ts_ms"),
                    ReplyId = isKnown ? fields.CountOr("reply_id", Envelope.NoReply) : Envelope.NoReply,
                };
                if (!isKnown)
                {
                    return MessageOutcome.UnknownType;
                }
                tell(fields, sink);
                return MessageOutcome.Told;
            }
            catch (MessageException error)
            {
                Problem = type.Text + ": " + error.Message;
                return MessageOutcome.Unreadable;
            }
        }
    }
}
