namespace VoiceAvatar
{
    /// <summary>What to do after a connection is gone.</summary>
    public enum AfterClose
    {
        /// <summary>Try to take the session up again, after the back-off.</summary>
        Resume,

        /// <summary>Try with a new session, after the back-off.</summary>
        Reopen,

        /// <summary>Stay away: trying again would give the same.</summary>
        StayClosed,
    }

    /// <summary>The close codes of PROTOCOL.md, section 13, and what a client does after each.</summary>
    public static class CloseCodes
    {
        /// <summary>The session ended as asked.</summary>
        public const int Normal = 1000;

        /// <summary>No close frame: the line was cut, or never came to be.</summary>
        public const int Lost = 1006;

        /// <summary>After these the server may keep the session (a lost ping is a 1011); see PROTOCOL.md, Resuming a session.</summary>
        private static readonly int[] Resumable = { Lost, 1011, 4408 };

        private static readonly int[] Final =
        {
            Normal, // as asked
            1003, 1007, 1008, 1009, 4000, 4002, 4429, // this client broke the protocol, and would again
            4001, 4003, 4004, // section 12: not by itself
            4008, // nobody talks
            4009, // another connection of this session took over
        };

        /// <summary>Returns what to do after a close; after an unknown code, a new session.</summary>
        public static AfterClose After(int code)
        {
            if (System.Array.IndexOf(Resumable, code) >= 0)
            {
                return AfterClose.Resume;
            }
            bool isFinal = System.Array.IndexOf(Final, code) >= 0;
            return isFinal ? AfterClose.StayClosed : AfterClose.Reopen;
        }
    }
}
