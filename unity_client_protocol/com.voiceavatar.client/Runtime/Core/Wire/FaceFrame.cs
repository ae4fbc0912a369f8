namespace VoiceAvatar
{
    /// <summary>
    /// A frame of whole faces (kind 3; PROTOCOL.md, section 4): ARKit's 52 shapes, some faces in a row.
    /// Only for clients that ask for `capabilities.face_hz`. Allocates nothing.
    /// </summary>
    public struct FaceFrame
    {
        /// <summary>Shapes of a face.</summary>
        public const int Shapes = 52;

        private const int HeadBytes = 4;

        private byte[] _buffer;
        private int _offset;

        /// <summary>Faces in it; 0 only with END.</summary>
        public int Count { get; private set; }

        /// <summary>Faces per second, 30 or 60.</summary>
        public int Hz { get; private set; }

        /// <summary>Reads the payload of a frame.</summary>
        /// <returns>whether its lengths fit; the frame keeps a reference to the buffer.</returns>
        public static bool Read(byte[] buffer, int offset, int count, in FrameHeader header, out FaceFrame frame)
        {
            frame = default(FaceFrame);
            int payload = offset + FrameCodec.HeaderBytes;
            int bytes = count - FrameCodec.HeaderBytes;
            if (header.Kind != FrameKind.FaceOut || bytes < HeadBytes)
            {
                return false;
            }
            int faces = buffer[payload];
            int shapes = buffer[payload + 2] | (buffer[payload + 3] << 8);
            bool fits = shapes == Shapes && bytes == HeadBytes + faces * Shapes;
            int hz = buffer[payload + 1];
            if (!fits || (hz != 30 && hz != 60) || (faces == 0 && !header.Has(FrameFlags.End)))
            {
                return false;
            }
            frame._buffer = buffer;
            frame._offset = payload + HeadBytes;
            frame.Count = faces;
            frame.Hz = hz;
            return true;
        }

        /// <summary>The weight of a shape, 0..1.</summary>
        /// <param name="face">0..Count - 1.</param>
        /// <param name="shape">0..51, in the order of the set arkit52.</param>
        public float Weight(int face, int shape)
        {
            return _buffer[_offset + face * Shapes + shape] / 255f;
        }

        /// <summary>Sample of the reply at which a face stands.</summary>
        public long SampleOf(in FrameHeader header, int face, int rateHz)
        {
            return header.Pts + (long)face * rateHz / Hz;
        }
    }
}
