using System;

namespace VoiceAvatar
{
    /// <summary>What a session is made with.</summary>
    public sealed class AvatarSessionOptions
    {
        /// <summary>Address, such as wss://host:8443/v1/avatar.</summary>
        public string Url = "ws://127.0.0.1:8765/v1/avatar";

        /// <summary>Bearer token; null = none.</summary>
        public string Token;

        /// <summary>What the server is told and asked for.</summary>
        public Hello Hello = new Hello();

        /// <summary>How replies are played.</summary>
        public PlayoutOptions Playout = PlayoutOptions.Default;

        /// <summary>How it reconnects.</summary>
        public ReconnectOptions Reconnect = ReconnectOptions.Default;

        /// <summary>Makes a socket for each connection; null = System.Net.WebSockets.</summary>
        public Func<IAvatarSocket> Socket;

        /// <summary>Gives numbers 0..1, for back-off; null = none of it is by chance.</summary>
        public Func<double> Chance;
    }

    /// <summary>
    /// A client of the protocol without an engine: connects and comes back, plays, reports, and works
    /// out what the avatar shows. One thread calls everything, but `Playout.Render` (sound thread).
    /// </summary>
    public sealed partial class AvatarSession : ServerMessageSink
    {
        private const double PingS = 1;
        private const int RingSeconds = 4;

        private readonly AvatarSessionOptions _options;
        private readonly ConnectionMachine _machine;
        private readonly ReplyRules _rules = new ReplyRules();
        private readonly PlaybackReporter _reporter = new PlaybackReporter();
        private readonly ServerMessageReader _reader = new ServerMessageReader();
        private readonly Probe _probe = new Probe();
        private readonly ClientMessageWriter _writer = new ClientMessageWriter();
        private readonly Action<byte[]> _sendFrame;
        private IAvatarSocket _socket;
        private MicrophoneStream _microphone;
        private bool? _isOpenTold;
        private double _nowS;
        private double _pingS;
        private double _arrivedS;

        /// <summary>Takes nothing: to look at a message before it counts.</summary>
        private sealed class Probe : ServerMessageSink { }

        /// <summary>Makes a session that is closed.</summary>
        public AvatarSession(AvatarSessionOptions options)
        {
            _options = options;
            _machine = new ConnectionMachine(options.Reconnect, options.Chance);
            Playout = new Playout(options.Playout, RingSeconds * 48000);
            Microphone = new MicrophoneStream(options.Hello.MicrophoneHz);
            _sendFrame = SendFrame;
        }

        /// <summary>Told every message that counts, after the session took it; null = nobody.</summary>
        public ServerMessageSink Listener { get; set; }

        /// <summary>The loudspeaker.</summary>
        public Playout Playout { get; private set; }

        /// <summary>What the avatar shows.</summary>
        public Performance Performance { get; } = new Performance();

        /// <summary>The server's clock.</summary>
        public ClockSync Clock { get; } = new ClockSync();

        /// <summary>Cuts and numbers what the microphone hears.</summary>
        public MicrophoneStream Microphone
        {
            get { return _microphone; }
            private set { _microphone = value; }
        }

        /// <summary>Where the connection stands.</summary>
        public ConnectionState State
        {
            get { return _machine.State; }
        }

        /// <summary>Whether audio and messages may be sent.</summary>
        public bool IsLive
        {
            get { return _machine.IsLive; }
        }

        /// <summary>Code of the last close; 0 before the first.</summary>
        public int CloseCode
        {
            get { return _machine.CloseCode; }
        }

        /// <summary>Why the connection closed the last time, for a person.</summary>
        public string CloseReason { get; private set; } = "";

        /// <summary>Id of the session; "" before the first.</summary>
        public string SessionId { get; private set; } = "";

        /// <summary>What the avatar does.</summary>
        public ConversationState Conversation { get; private set; }

        /// <summary>What the loudspeaker does, as of the last Update.</summary>
        public PlayoutView Playback { get; private set; }

        /// <summary>The newest reply; 0 before the first.</summary>
        public long ReplyId
        {
            get { return _rules.Newest; }
        }

        /// <summary>Times that the session was taken up again.</summary>
        public int Resumes { get; private set; }

        /// <summary>Frames that could not be read.</summary>
        public int Unreadable { get; private set; }

        /// <summary>Frames that were stale and dropped.</summary>
        public int Stale { get; private set; }

        /// <summary>Samples of replies that never came; silence was played in their place.</summary>
        public long GapSamples { get; private set; }

        // -- what the application wants

        /// <summary>Connects.</summary>
        public void Open(double nowS)
        {
            Do(_machine.Open(nowS), nowS);
        }

        /// <summary>Leaves.</summary>
        public void Close(double nowS)
        {
            Do(_machine.Close(nowS), nowS);
        }

        /// <summary>Takes microphone samples, of any rate; they count from session.ready on.</summary>
        public void Hear(float[] samples, int offset, int count, int rateHz)
        {
            bool isKept = IsLive || State == ConnectionState.WaitingToResume
                || State == ConnectionState.Reconnecting || State == ConnectionState.Resuming;
            if (isKept)
            {
                _microphone.Add(samples, offset, count, rateHz, _sendFrame);
            }
        }

        /// <summary>Sends a typed turn; false while not in session.</summary>
        public bool Say(string text)
        {
            return Send(_writer.InputText(text));
        }

        /// <summary>Stops the reply that is being spoken.</summary>
        public bool Interrupt()
        {
            return Send(_writer.Interrupt());
        }

        /// <summary>Push-to-talk goes down (true) or up.</summary>
        public bool PushToTalk(bool isDown)
        {
            return Send(isDown ? _writer.InputStart(true) : _writer.InputStop(true));
        }

        /// <summary>Opens (true) or mutes the microphone.</summary>
        public bool OpenMicrophone(bool isOpen)
        {
            _isOpenTold = isOpen;
            return Send(isOpen ? _writer.InputStart(false) : _writer.InputStop(false));
        }

        /// <summary>Tells where the user is and looks; 5 to 10 times a second.</summary>
        public bool Look(WirePose? head, WirePose? avatar, string target, WirePose? left, WirePose? right)
        {
            return Send(_writer.UserGaze(head, avatar, target, left, right));
        }

        /// <summary>Sends a message of the application's own making; false while not in session.</summary>
        public bool Send(string message)
        {
            if (!IsLive)
            {
                return false;
            }
            _socket.SendText(message);
            return true;
        }

        /// <summary>Cuts the line without a word, for tests of resuming.</summary>
        public void CutLine()
        {
            if (_socket != null)
            {
                _socket.Abort();
            }
        }

        // -- once a frame

        /// <summary>Takes what came, moves everything to now, and reports.</summary>
        /// <param name="nowS">time, on the clock that `Playout.Render` is given: that of
        /// <see cref="Monotonic"/>, seconds.</param>
        /// <param name="latencyS">delay of the sound device, seconds.</param>
        public void Update(double nowS, double latencyS)
        {
            _nowS = nowS;
            SocketEvent what;
            while (_socket != null && _socket.Take(out what))
            {
                Take(what);
            }
            Do(_machine.Tick(nowS), nowS);
            EndReplyOfLostSession();
            Playback = Playout.Update();
            double heard = Playout.HeardSamples(nowS, latencyS);
            double heardMs = Playback.RateHz > 0 ? heard * 1000 / Playback.RateHz : 0;
            Performance.Update(Playback, heardMs, Playout.Level, nowS);
            PlaybackReport report;
            if (IsLive && _reporter.IsDue(Playback, latencyS * 1000, nowS, out report))
            {
                Send(_writer.Report(report));
            }
            if (IsLive && nowS >= _pingS)
            {
                _pingS = nowS + PingS;
                Send(_writer.Ping(Monotonic.NowS * 1000));
            }
        }

        private void Take(in SocketEvent what)
        {
            _arrivedS = what.AtS;
            switch (what.Kind)
            {
                case SocketEventKind.Opened:
                    Do(_machine.SocketOpened(_nowS), _nowS);
                    break;
                case SocketEventKind.Text:
                    TakeText(what.Data);
                    break;
                case SocketEventKind.Binary:
                    TakeBinary(what.Data);
                    break;
                default:
                    CloseReason = what.Reason;
                    _socket = null;
                    Do(_machine.SocketClosed(what.Code, _nowS), _nowS);
                    EndReplyOfLostSession();
                    break;
            }
        }

        private void Do(ConnectionAction action, double nowS)
        {
            switch (action)
            {
                case ConnectionAction.OpenSocket:
                    _socket = _options.Socket == null ? new SystemWebSocket() : _options.Socket();
                    _socket.Open(_options.Url, _options.Token);
                    break;
                case ConnectionAction.SendHello:
                    _socket.SendText(_writer.Hello(_options.Hello));
                    break;
                case ConnectionAction.SendResume:
                    _socket.SendText(_writer.Hello(_options.Hello, _machine.Ticket, _rules.LastSeq));
                    break;
                case ConnectionAction.Leave:
                    _socket.SendText(_writer.Close(""));
                    _socket.Close();
                    _socket = null;
                    StopReply(null, nowS);
                    break;
                case ConnectionAction.DropSocket:
                    _socket.Abort();
                    _socket = null;
                    break;
                case ConnectionAction.GoOn:
                    Resumes++;
                    _reporter.Ask();
                    break;
            }
        }

        private void TakeText(byte[] utf8)
        {
            JsonValue message;
            try
            {
                message = JsonReader.Read(utf8, 0, utf8.Length);
            }
            catch (JsonException)
            {
                Unreadable++;
                return;
            }
            MessageOutcome outcome = _reader.Read(message, _probe);
            if (outcome != MessageOutcome.Told)
            {
                Unreadable += outcome == MessageOutcome.UnknownType ? 0 : 1;
                return;
            }
            if (!_rules.Counts(_reader.Envelope))
            {
                Stale++;
                return;
            }
            _reader.Read(message, this);
            if (Listener != null)
            {
                _reader.Read(message, Listener);
            }
        }

        private void TakeBinary(byte[] frame)
        {
            FrameHeader header;
            if (FrameCodec.Read(frame, 0, frame.Length, out header) != FrameProblem.None
                || header.Kind != FrameKind.AudioOut
                || header.Has(FrameFlags.Opus))
            {
                return;
            }
            AudioPlace place = _rules.Place(header, (frame.Length - FrameCodec.HeaderBytes) / 2);
            if (!place.IsTaken)
            {
                Stale++;
                return;
            }
            GapSamples += place.GapSamples;
            Playout.AddSilence(place.GapSamples);
            Playout.Add(frame, FrameCodec.HeaderBytes + 2 * place.SkipSamples, place.PlaySamples);
        }

        private void SendFrame(byte[] frame)
        {
            if (IsLive && _socket != null)
            {
                _socket.SendBinary(frame, frame.Length);
            }
        }

        /// <param name="spokenText">what was heard; null = the server did not say.</param>
        /// <param name="nowS">time, seconds.</param>
        private void StopReply(string spokenText, double nowS)
        {
            Playout.Flush();
            Performance.Cut(spokenText, nowS);
        }

        /// <summary>
        /// Where a session cannot be taken up again, its reply ends with what has come, so that the
        /// avatar does not stand with an open mouth; one that was paused is not heard any more.
        /// </summary>
        private void EndReplyOfLostSession()
        {
            bool isLost = State == ConnectionState.Waiting || State == ConnectionState.Ended;
            if (!isLost || !_rules.IsLive)
            {
                return;
            }
            _rules.Reset();
            Playout.EndsHere();
            if (Playout.IsPaused)
            {
                StopReply(null, _nowS);
            }
        }

        private static ResumeTicket TicketOf(string sessionId, in ResumeOffer offer)
        {
            return new ResumeTicket { SessionId = sessionId, Token = offer.Token, TtlS = offer.TtlS };
        }
    }
}
