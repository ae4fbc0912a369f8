namespace VoiceAvatar
{
    /// <summary>What happened on a socket.</summary>
    public enum SocketEventKind
    {
        /// <summary>It is open.</summary>
        Opened,

        /// <summary>A text frame came.</summary>
        Text,

        /// <summary>A binary frame came.</summary>
        Binary,

        /// <summary>It is closed, or could not be opened; nothing comes after this.</summary>
        Closed,
    }

    /// <summary>One thing that happened on a socket.</summary>
    public struct SocketEvent
    {
        /// <summary>What.</summary>
        public SocketEventKind Kind;

        /// <summary>The frame; UTF-8 of a text frame.</summary>
        public byte[] Data;

        /// <summary>When it came, on the clock of <see cref="Monotonic"/>, seconds.</summary>
        public double AtS;

        /// <summary>The close code; 1006 where the line was lost.</summary>
        public int Code;

        /// <summary>Why it closed, for a person.</summary>
        public string Reason;
    }

    /// <summary>
    /// One WebSocket connection, used once. No call blocks. `Take` is called by one thread; the others
    /// by any.
    /// </summary>
    public interface IAvatarSocket
    {
        /// <summary>Begins to connect.</summary>
        /// <param name="url">ws:// or wss:// address of the server, with /v1/avatar.</param>
        /// <param name="token">bearer token for the Authorization header; null or "" = none.</param>
        void Open(string url, string token);

        /// <summary>Sends a text frame after all that waits.</summary>
        void SendText(string text);

        /// <summary>Sends a copy of a binary frame after all that waits; drops it when too much waits.</summary>
        void SendBinary(byte[] frame, int count);

        /// <summary>Sends what waits, then closes with 1000.</summary>
        void Close();

        /// <summary>Drops the line at once.</summary>
        void Abort();

        /// <summary>Takes the oldest thing that happened; false if there is nothing.</summary>
        bool Take(out SocketEvent what);
    }
}
