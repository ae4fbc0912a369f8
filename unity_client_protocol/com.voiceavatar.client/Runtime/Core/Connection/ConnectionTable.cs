namespace VoiceAvatar
{
    /// <summary>Where a connection stands.</summary>
    public enum ConnectionState
    {
        /// <summary>Not asked to connect, or left as asked.</summary>
        Closed,

        /// <summary>The socket is being opened, for a new session.</summary>
        Connecting,

        /// <summary>session.hello is out; session.ready is awaited.</summary>
        Greeting,

        /// <summary>In session: audio and messages may be sent.</summary>
        Live,

        /// <summary>In session, but the server will close soon (session.goaway).</summary>
        Draining,

        /// <summary>Waiting before the next try for a new session.</summary>
        Waiting,

        /// <summary>Waiting before the next try to take the session up again.</summary>
        WaitingToResume,

        /// <summary>The socket is being opened, to take the session up again.</summary>
        Reconnecting,

        /// <summary>session.hello with `resume` is out; session.resumed is awaited.</summary>
        Resuming,

        /// <summary>Closed with a code after which no new try is made.</summary>
        Ended,
    }

    /// <summary>What may happen to a connection.</summary>
    public enum ConnectionEvent
    {
        /// <summary>The application wants a session.</summary>
        OpenAsked,

        /// <summary>The application wants to leave.</summary>
        CloseAsked,

        /// <summary>The socket is open.</summary>
        SocketOpened,

        /// <summary>The socket is gone; the session may be taken up again.</summary>
        LostResumable,

        /// <summary>The socket is gone, and the session with it.</summary>
        LostSession,

        /// <summary>The socket is gone, with a code after which no new try is made.</summary>
        Refused,

        /// <summary>session.ready came.</summary>
        Ready,

        /// <summary>session.resumed came.</summary>
        Resumed,

        /// <summary>session.goaway came.</summary>
        GoAway,

        /// <summary>The wait is over.</summary>
        TimerDue,

        /// <summary>The server did not answer session.hello in time.</summary>
        HelloOverdue,

        /// <summary>The ticket for taking the session up again has run out.</summary>
        TicketExpired,
    }

    /// <summary>What is to be done.</summary>
    public enum ConnectionAction
    {
        /// <summary>Nothing.</summary>
        None,

        /// <summary>Open a socket.</summary>
        OpenSocket,

        /// <summary>Send session.hello for a new session.</summary>
        SendHello,

        /// <summary>Send session.hello with `resume`.</summary>
        SendResume,

        /// <summary>Send session.close, then close the socket.</summary>
        Leave,

        /// <summary>Drop the socket.</summary>
        DropSocket,

        /// <summary>A new session begins: forget what belongs to the old one.</summary>
        BeginSession,

        /// <summary>The same session goes on.</summary>
        GoOn,

        /// <summary>Wait for the back-off.</summary>
        Wait,
    }

    /// <summary>One row: in this state, on this event, go there and do that.</summary>
    public readonly struct Transition
    {
        /// <summary>Where it applies.</summary>
        public readonly ConnectionState From;

        /// <summary>On what.</summary>
        public readonly ConnectionEvent On;

        /// <summary>The state after it.</summary>
        public readonly ConnectionState To;

        /// <summary>What to do.</summary>
        public readonly ConnectionAction Do;

        /// <summary>Makes a row.</summary>
        public Transition(ConnectionState from, ConnectionEvent on, ConnectionState to, ConnectionAction @do)
        {
            From = from;
            On = on;
            To = to;
            Do = @do;
        }
    }

    /// <summary>Every transition of a connection; what is not listed changes nothing.</summary>
    public static class ConnectionTable
    {
        private static readonly Transition[] Rows = Make();

        /// <summary>All rows.</summary>
        public static System.Collections.Generic.IReadOnlyList<Transition> All
        {
            get { return Rows; }
        }

        /// <summary>Returns whether an event means something in a state, and the row.</summary>
        public static bool Find(ConnectionState state, ConnectionEvent what, out Transition row)
        {
            foreach (Transition candidate in Rows)
            {
                if (candidate.From == state && candidate.On == what)
                {
                    row = candidate;
                    return true;
                }
            }
            row = default(Transition);
            return false;
        }

        private static Transition Row(
            ConnectionState from, ConnectionEvent on, ConnectionState to, ConnectionAction @do)
        {
            return new Transition(from, on, to, @do);
        }

        private static Transition[] Make()
        {
            const ConnectionState closed = ConnectionState.Closed;
            const ConnectionState connecting = ConnectionState.Connecting;
            const ConnectionState greeting = ConnectionState.Greeting;
            const ConnectionState live = ConnectionState.Live;
            const ConnectionState draining = ConnectionState.Draining;
            const ConnectionState waiting = ConnectionState.Waiting;
            const ConnectionState waitingToResume = ConnectionState.WaitingToResume;
            const ConnectionState reconnecting = ConnectionState.Reconnecting;
            const ConnectionState resuming = ConnectionState.Resuming;
            const ConnectionState ended = ConnectionState.Ended;
            return new[]
            {
                Row(closed, ConnectionEvent.OpenAsked, connecting, ConnectionAction.OpenSocket),
                Row(ended, ConnectionEvent.OpenAsked, connecting, ConnectionAction.OpenSocket),

                Row(connecting, ConnectionEvent.SocketOpened, greeting, ConnectionAction.SendHello),
                Row(connecting, ConnectionEvent.LostResumable, waiting, ConnectionAction.Wait),
                Row(connecting, ConnectionEvent.LostSession, waiting, ConnectionAction.Wait),
                Row(connecting, ConnectionEvent.Refused, ended, ConnectionAction.None),
                Row(connecting, ConnectionEvent.CloseAsked, closed, ConnectionAction.DropSocket),

                Row(greeting, ConnectionEvent.Ready, live, ConnectionAction.BeginSession),
                Row(greeting, ConnectionEvent.HelloOverdue, waiting, ConnectionAction.DropSocket),
                Row(greeting, ConnectionEvent.LostResumable, waiting, ConnectionAction.Wait),
                Row(greeting, ConnectionEvent.LostSession, waiting, ConnectionAction.Wait),
                Row(greeting, ConnectionEvent.Refused, ended, ConnectionAction.None),
                Row(greeting, ConnectionEvent.CloseAsked, closed, ConnectionAction.Leave),

                Row(live, ConnectionEvent.GoAway, draining, ConnectionAction.None),
                Row(live, ConnectionEvent.LostResumable, waitingToResume, ConnectionAction.Wait),
                Row(live, ConnectionEvent.LostSession, waiting, ConnectionAction.Wait),
                Row(live, ConnectionEvent.Refused, ended, ConnectionAction.None),
                Row(live, ConnectionEvent.CloseAsked, closed, ConnectionAction.Leave),

                Row(draining, ConnectionEvent.LostResumable, waiting, ConnectionAction.Wait),
                Row(draining, ConnectionEvent.LostSession, waiting, ConnectionAction.Wait),
                Row(draining, ConnectionEvent.Refused, ended, ConnectionAction.None),
                Row(draining, ConnectionEvent.CloseAsked, closed, ConnectionAction.Leave),

                Row(waiting, ConnectionEvent.TimerDue, connecting, ConnectionAction.OpenSocket),
                Row(waiting, ConnectionEvent.CloseAsked, closed, ConnectionAction.None),

                Row(waitingToResume, ConnectionEvent.TimerDue, reconnecting, ConnectionAction.OpenSocket),
                Row(waitingToResume, ConnectionEvent.TicketExpired, waiting, ConnectionAction.None),
                Row(waitingToResume, ConnectionEvent.CloseAsked, closed, ConnectionAction.None),

                Row(reconnecting, ConnectionEvent.SocketOpened, resuming, ConnectionAction.SendResume),
                Row(reconnecting, ConnectionEvent.LostResumable, waitingToResume, ConnectionAction.Wait),
                Row(reconnecting, ConnectionEvent.LostSession, waiting, ConnectionAction.Wait),
                Row(reconnecting, ConnectionEvent.Refused, ended, ConnectionAction.None),
                Row(reconnecting, ConnectionEvent.CloseAsked, closed, ConnectionAction.DropSocket),

                Row(resuming, ConnectionEvent.Resumed, live, ConnectionAction.GoOn),
                Row(resuming, ConnectionEvent.Ready, live, ConnectionAction.BeginSession),
                Row(resuming, ConnectionEvent.HelloOverdue, waiting, ConnectionAction.DropSocket),
                Row(resuming, ConnectionEvent.LostResumable, waitingToResume, ConnectionAction.Wait),
                Row(resuming, ConnectionEvent.LostSession, waiting, ConnectionAction.Wait),
                Row(resuming, ConnectionEvent.Refused, ended, ConnectionAction.None),
                Row(resuming, ConnectionEvent.CloseAsked, closed, ConnectionAction.Leave),
            };
        }
    }
}
