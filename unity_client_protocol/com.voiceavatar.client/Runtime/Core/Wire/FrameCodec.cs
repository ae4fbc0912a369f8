using System;

namespace VoiceAvatar
{
    /// <summary>Kinds of binary frames (PROTOCOL.md, section 4).</summary>
    public static class FrameKind
    {
        /// <summary>Microphone audio, client to server.</summary>
        public const byte AudioIn = 1;

        /// <summary>Reply audio, server to client.</summary>
        public const byte AudioOut = 2;

        /// <summary>Dense face frames, server to client.</summary>
        public const byte FaceOut = 3;
    }

    /// <summary>Flags of a binary frame; bits 4 to 7 are ignored.</summary>
    [Flags]
    public enum FrameFlags : byte
    {
        /// <summary>No flag.</summary>
        None = 0,

        /// <summary>First frame of the stream.</summary>
        Start = 1,

        /// <summary>Last frame of the stream; its payload may be empty.</summary>
        End = 2,

        /// <summary>The sender left out samples before this frame.</summary>
        Discontinuity = 4,

        /// <summary>The payload is one Opus packet instead of PCM16.</summary>
        Opus = 8,
    }

    /// <summary>What is wrong with a binary frame.</summary>
    public enum FrameProblem
    {
        /// <summary>Nothing.</summary>
        None,

        /// <summary>Shorter than its header.</summary>
        TooShort,

        /// <summary>Over 64 KiB.</summary>
        TooLong,

        /// <summary>Of a kind that this client does not know; to be ignored in silence.</summary>
        UnknownKind,

        /// <summary>A sample index beyond 2^53 - 1.</summary>
        PtsOutOfRange,

        /// <summary>No payload, and no END.</summary>
        EmptyPayload,

        /// <summary>PCM16 that does not hold whole samples.</summary>
        OddPayload,
    }

    /// <summary>Header of a binary frame.</summary>
    public readonly struct FrameHeader
    {
        /// <summary>See <see cref="FrameKind"/>.</summary>
        public readonly byte Kind;

        /// <summary>Bits 0 to 3.</summary>
        public readonly FrameFlags Flags;

        /// <summary>0 for the microphone, reply_id mod 65536 for a reply.</summary>
        public readonly ushort Stream;

        /// <summary>0, 1, 2 … per stream and direction, mod 2^32.</summary>
        public readonly uint Seq;

        /// <summary>Index of the first sample on the stream's clock, 0..2^53 - 1.</summary>
        public readonly long Pts;

        /// <summary>Makes a header.</summary>
        public FrameHeader(byte kind, FrameFlags flags, ushort stream, uint seq, long pts)
        {
            Kind = kind;
            Flags = flags;
            Stream = stream;
            Seq = seq;
            Pts = pts;
        }

        /// <summary>Whether a flag is set.</summary>
        public bool Has(FrameFlags flag)
        {
            return (Flags & flag) == flag;
        }
    }

    /// <summary>Reads and writes the 16-byte header, little-endian on every machine.</summary>
    public static class FrameCodec
    {
        /// <summary>Bytes of a header.</summary>
        public const int HeaderBytes = 16;

        /// <summary>Largest binary frame, header included.</summary>
        public const int MaxFrameBytes = 65536;

        /// <summary>Largest sample index: 2^53 - 1, what a JSON number holds exactly.</summary>
        public const long MaxPts = 9007199254740991L;

        private const FrameFlags KnownFlags =
            FrameFlags.Start | FrameFlags.End | FrameFlags.Discontinuity | FrameFlags.Opus;

        /// <summary>Reads a frame's header and checks its payload's length; allocates nothing.</summary>
        /// <param name="buffer">holds the frame.</param>
        /// <param name="offset">where it begins.</param>
        /// <param name="count">its bytes, header included.</param>
        /// <param name="header">the header, also of an unknown kind; default when it is too short.</param>
        public static FrameProblem Read(byte[] buffer, int offset, int count, out FrameHeader header)
        {
            header = default(FrameHeader);
            if (count < HeaderBytes)
            {
                return FrameProblem.TooShort;
            }
            if (count > MaxFrameBytes)
            {
                return FrameProblem.TooLong;
            }
            ulong pts = LittleEndian(buffer, offset + 8, 8);
            if (pts > (ulong)MaxPts)
            {
                return FrameProblem.PtsOutOfRange;
            }
            header = new FrameHeader(
                buffer[offset],
                (FrameFlags)buffer[offset + 1] & KnownFlags,
                (ushort)LittleEndian(buffer, offset + 2, 2),
                (uint)LittleEndian(buffer, offset + 4, 4),
                (long)pts);
            return Check(header, count - HeaderBytes);
        }

        /// <summary>Writes a header.</summary>
        /// <exception cref="ArgumentOutOfRangeException">the sample index is not 0..2^53 - 1.</exception>
        public static void Write(byte[] buffer, int offset, in FrameHeader header)
        {
            if (header.Pts < 0 || header.Pts > MaxPts)
            {
                throw new ArgumentOutOfRangeException("header", "pts is not 0..2^53 - 1");
            }
            buffer[offset] = header.Kind;
            buffer[offset + 1] = (byte)(header.Flags & KnownFlags);
            PutLittleEndian(buffer, offset + 2, 2, header.Stream);
            PutLittleEndian(buffer, offset + 4, 4, header.Seq);
            PutLittleEndian(buffer, offset + 8, 8, (ulong)header.Pts);
        }

        private static FrameProblem Check(in FrameHeader header, int payloadBytes)
        {
            if (header.Kind != FrameKind.AudioIn
                && header.Kind != FrameKind.AudioOut
                && header.Kind != FrameKind.FaceOut)
            {
                return FrameProblem.UnknownKind;
            }
            if (payloadBytes == 0 && !header.Has(FrameFlags.End))
            {
                return FrameProblem.EmptyPayload;
            }
            bool isPcm = header.Kind != FrameKind.FaceOut && !header.Has(FrameFlags.Opus);
            return isPcm && payloadBytes % 2 != 0 ? FrameProblem.OddPayload : FrameProblem.None;
        }

        private static ulong LittleEndian(byte[] buffer, int offset, int bytes)
        {
            ulong value = 0;
            for (int i = bytes - 1; i >= 0; i--)
            {
                value = (value << 8) | buffer[offset + i];
            }
            return value;
        }

        private static void PutLittleEndian(byte[] buffer, int offset, int bytes, ulong value)
        {
            for (int i = 0; i < bytes; i++)
            {
                buffer[offset + i] = (byte)(value >> (8 * i));
            }
        }
    }

    /// <summary>The order of one stream's frames: finds losses and repeats.</summary>
    public struct FrameOrder
    {
        private uint _next;
        private bool _hasBegun;

        /// <summary>Frames that went missing so far.</summary>
        public long Lost { get; private set; }

        /// <summary>Whether to take the frame: false for a repeat, which is to be dropped.</summary>
        public bool Accepts(uint seq)
        {
            uint step = _hasBegun ? unchecked(seq - _next) : 0; // one may come in after the start
            if (step > int.MaxValue)
            {
                return false;
            }
            Lost += step;
            _next = unchecked(seq + 1);
            _hasBegun = true;
            return true;
        }
    }
}
