using System;

namespace VoiceAvatar
{
    /// <summary>Times of reconnecting.</summary>
    public struct ReconnectOptions
    {
        /// <summary>Wait before the second try, seconds; PROTOCOL.md section 12.</summary>
        public double FirstWaitS;

        /// <summary>Longest wait, seconds; PROTOCOL.md section 12.</summary>
        public double LongestWaitS;

        /// <summary>Wait for the answer to session.hello, seconds.</summary>
        public double HelloS;

        /// <summary>By how much a wait is longer or shorter by chance, as a share of it.</summary>
        public double Spread;

        /// <summary>What the protocol asks for: 0.5 s doubling up to 30 s, and 10 s for the hello.</summary>
        public static ReconnectOptions Default
        {
            get
            {
                return new ReconnectOptions { FirstWaitS = 0.5, LongestWaitS = 30, HelloS = 10, Spread = 0.1 };
            }
        }
    }

    /// <summary>What allows a session to be taken up again.</summary>
    public struct ResumeTicket
    {
        /// <summary>Which session.</summary>
        public string SessionId;

        /// <summary>Secret of one use; null = the server cannot resume.</summary>
        public string Token;

        /// <summary>How long the server keeps the session after the connection is lost, seconds.</summary>
        public double TtlS;
    }

    /// <summary>
    /// Decides what a connection does. Pure: what happened and the time come in, what to do comes out.
    /// </summary>
    public sealed class ConnectionMachine
    {
        private readonly ReconnectOptions _options;
        private readonly Func<double> _chance;
        private ResumeTicket _ticket;
        private int _failures;
        private bool _hasTriedToResume;
        private double _dueS = double.PositiveInfinity;
        private double _expiresS = double.PositiveInfinity;
        private double _goAwayWaitS = -1;

        /// <summary>Makes a closed connection.</summary>
        /// <param name="options">times.</param>
        /// <param name="chance">gives numbers 0..1, 0.5 in the mean; null = always 0.5.</param>
        public ConnectionMachine(ReconnectOptions options, Func<double> chance = null)
        {
            _options = options;
            _chance = chance;
        }

        /// <summary>Where it stands.</summary>
        public ConnectionState State { get; private set; }

        /// <summary>Code of the last close; 0 before the first.</summary>
        public int CloseCode { get; private set; }

        /// <summary>The ticket in force.</summary>
        public ResumeTicket Ticket
        {
            get { return _ticket; }
        }

        /// <summary>Whether audio and messages may be sent.</summary>
        public bool IsLive
        {
            get { return State == ConnectionState.Live || State == ConnectionState.Draining; }
        }

        /// <summary>When <see cref="Tick"/> has something to do, seconds; infinite for never.</summary>
        public double DueS
        {
            get { return Math.Min(_dueS, _expiresS); }
        }

        /// <summary>The application wants a session.</summary>
        public ConnectionAction Open(double nowS)
        {
            return Take(ConnectionEvent.OpenAsked, nowS);
        }

        /// <summary>The application wants to leave.</summary>
        public ConnectionAction Close(double nowS)
        {
            ConnectionAction action = Take(ConnectionEvent.CloseAsked, nowS);
            _ticket = default(ResumeTicket);
            return action;
        }

        /// <summary>The socket is open.</summary>
        public ConnectionAction SocketOpened(double nowS)
        {
            return Take(ConnectionEvent.SocketOpened, nowS);
        }

        /// <summary>The socket is gone, or could not be opened.</summary>
        /// <param name="code">the close code; <see cref="CloseCodes.Lost"/> where there was none.</param>
        /// <param name="nowS">time, seconds.</param>
        public ConnectionAction SocketClosed(int code, double nowS)
        {
            CloseCode = code;
            return Take(Meaning(code), nowS);
        }

        /// <summary>session.ready came.</summary>
        /// <param name="ticket">how to take the session up again.</param>
        /// <param name="nowS">time, seconds.</param>
        public ConnectionAction Ready(ResumeTicket ticket, double nowS)
        {
            _ticket = ticket;
            return Take(ConnectionEvent.Ready, nowS);
        }

        /// <summary>session.resumed came, with the ticket for the next time.</summary>
        public ConnectionAction Resumed(ResumeTicket ticket, double nowS)
        {
            _ticket = ticket;
            return Take(ConnectionEvent.Resumed, nowS);
        }

        /// <summary>session.goaway came.</summary>
        public ConnectionAction GoAway(double reconnectInS, double nowS)
        {
            _goAwayWaitS = reconnectInS;
            return Take(ConnectionEvent.GoAway, nowS);
        }

        /// <summary>Looks whether a wait is over.</summary>
        public ConnectionAction Tick(double nowS)
        {
            if (nowS >= _expiresS)
            {
                _expiresS = double.PositiveInfinity;
                _ticket = default(ResumeTicket);
                Take(ConnectionEvent.TicketExpired, nowS);
            }
            if (nowS < _dueS)
            {
                return ConnectionAction.None;
            }
            bool isWaiting = State == ConnectionState.Waiting || State == ConnectionState.WaitingToResume;
            return Take(isWaiting ? ConnectionEvent.TimerDue : ConnectionEvent.HelloOverdue, nowS);
        }

        private ConnectionEvent Meaning(int code)
        {
            AfterClose after = CloseCodes.After(code);
            if (after == AfterClose.StayClosed)
            {
                return ConnectionEvent.Refused;
            }
            bool canResume = after == AfterClose.Resume && !string.IsNullOrEmpty(_ticket.Token);
            return canResume ? ConnectionEvent.LostResumable : ConnectionEvent.LostSession;
        }

        private ConnectionAction Take(ConnectionEvent what, double nowS)
        {
            Transition row;
            if (!ConnectionTable.Find(State, what, out row))
            {
                return ConnectionAction.None;
            }
            ConnectionState from = State;
            State = row.To;
            SetTimers(from, what, nowS);
            return row.Do;
        }

        private void SetTimers(ConnectionState from, ConnectionEvent what, double nowS)
        {
            bool wasInSession = from == ConnectionState.Live || from == ConnectionState.Draining;
            switch (State)
            {
                case ConnectionState.Waiting:
                    _expiresS = double.PositiveInfinity;
                    _ticket = default(ResumeTicket);
                    if (what != ConnectionEvent.TicketExpired)
                    {
                        _dueS = nowS + NextWaitS(false);
                    }
                    break;
                case ConnectionState.WaitingToResume:
                    _dueS = nowS + NextWaitS(true);
                    if (wasInSession)
                    {
                        _expiresS = nowS + _ticket.TtlS;
                    }
                    break;
                case ConnectionState.Greeting:
                case ConnectionState.Resuming:
                    _dueS = nowS + _options.HelloS;
                    break;
                case ConnectionState.Live:
                    _failures = 0;
                    _hasTriedToResume = false;
                    _goAwayWaitS = -1;
                    _dueS = _expiresS = double.PositiveInfinity;
                    break;
                case ConnectionState.Closed:
                case ConnectionState.Ended:
                    _failures = 0;
                    _dueS = _expiresS = double.PositiveInfinity;
                    break;
                default:
                    _dueS = double.PositiveInfinity;
                    break;
            }
        }

        /// <summary>What the server asked for, nothing for the first try to resume, else the back-off.</summary>
        private double NextWaitS(bool toResume)
        {
            double waitS = _options.FirstWaitS * Math.Pow(2, Math.Min(_failures, 16));
            waitS = Math.Min(waitS, _options.LongestWaitS);
            if (toResume)
            {
                waitS = _hasTriedToResume ? waitS : 0;
                _failures += _hasTriedToResume ? 1 : 0;
                _hasTriedToResume = true;
                return waitS;
            }
            if (_goAwayWaitS >= 0 && _failures == 0)
            {
                waitS = _goAwayWaitS;
            }
            _goAwayWaitS = -1;
            _failures++;
            double chance = _chance == null ? 0.5 : _chance();
            return waitS * (1 + _options.Spread * (2 * chance - 1));
        }
    }
}
