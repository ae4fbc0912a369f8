using System;
using UnityEngine;

namespace VoiceAvatar.Unity
{
    /// <summary>
    /// The connection to a voice-avatar server. Everything else of this package takes what it shows from
    /// here. Its events are raised in Update, on the main thread.
    /// </summary>
    [AddComponentMenu("Voice Avatar/Avatar Client")]
    [DefaultExecutionOrder(-100)]
    [DisallowMultipleComponent]
    public sealed class AvatarClient : MonoBehaviour
    {
        [SerializeField, Tooltip("wss://host/v1/avatar; ws:// only for a server on the local network")]
        private string url = "ws://127.0.0.1:8765/v1/avatar";

        [SerializeField, Tooltip("Bearer token; empty = none. Do not build secrets into an app.")]
        private string token = "";

        [SerializeField] private string persona = "";
        [SerializeField] private string voice = "";
        [SerializeField, Tooltip("ISO 639 code, such as en; empty = the server's")] private string language = "";
        [SerializeField, Tooltip("ovr15, arkit52 or vrm5")] private string visemeSet = "ovr15";
        [SerializeField] private bool captions = true;
        [SerializeField, Tooltip("On where the device cancels echo, or the user wears headphones")]
        private bool echoCancelled = true;
        [SerializeField] private bool connectOnEnable = true;

        private static readonly Delegate[] NoHandlers = new Delegate[0];

        private AvatarSession _session;
        private Forwarder _forwarder;
        private ConnectionState _shownState;
        private bool _hasStarted;

        /// <summary>The connection went into another state.</summary>
        public event Action<ConnectionState> ConnectionChanged;

        /// <summary>The conversation went into another state.</summary>
        public event Action<ConversationState> ConversationChanged;

        /// <summary>A new session began.</summary>
        public event Action<SessionReady> Ready;

        /// <summary>What the user said so far, or all of it (true).</summary>
        public event Action<string, bool> Transcribed;

        /// <summary>A reply begins.</summary>
        public event Action<ReplyStarted> ReplyBegan;

        /// <summary>A reply is over.</summary>
        public event Action<ReplyDone> ReplyEnded;

        /// <summary>The server warns or fails: code and message.</summary>
        public event Action<string, string> Problem;

        /// <summary>Makes the sockets of connections; null = System.Net.WebSockets. Set it before connecting.</summary>
        public Func<IAvatarSocket> SocketFactory { get; set; }

        /// <summary>The session; null before Awake.</summary>
        public AvatarSession Session
        {
            get { return _session; }
        }

        /// <summary>What the avatar shows now.</summary>
        public Performance Performance
        {
            get { return _session.Performance; }
        }

        /// <summary>Delay of the sound device, seconds: what ReplyPlayer measured, 0 without one.</summary>
        public double OutputLatencyS { get; set; }

        /// <summary>Sets the address and token, for before the connection is made.</summary>
        public void Configure(string serverUrl, string bearerToken)
        {
            url = serverUrl;
            token = bearerToken;
        }

        /// <summary>Connects with a new session.</summary>
        public void Connect()
        {
            MakeSession();
            _session.Open(Monotonic.NowS);
        }

        /// <summary>Leaves.</summary>
        public void Disconnect()
        {
            if (_session != null)
            {
                _session.Close(Monotonic.NowS);
            }
        }

        private void Awake()
        {
            MakeSession();
        }

        /// <summary>Not in the first OnEnable: code that adds the component could not configure it before.</summary>
        private void Start()
        {
            _hasStarted = true;
            OnEnable();
        }

        private void OnEnable()
        {
            if (connectOnEnable && _hasStarted)
            {
                Connect();
            }
        }

        private void OnDisable()
        {
            Disconnect();
        }

        /// <summary>On headsets the app is paused when it is taken off: the session is taken up again.</summary>
        private void OnApplicationPause(bool isPaused)
        {
            if (!isPaused && _session != null && connectOnEnable && _session.State == ConnectionState.Ended)
            {
                Connect();
            }
        }

        private void Update()
        {
            if (_session == null)
            {
                return; // scripts were compiled while playing, and it was disabled
            }
            _session.Update(Monotonic.NowS, OutputLatencyS);
            if (_session.State != _shownState)
            {
                _shownState = _session.State;
                Raise(ConnectionChanged, _shownState);
            }
        }

        private void MakeSession()
        {
            bool isOver = _session == null || _session.State == ConnectionState.Closed
                || _session.State == ConnectionState.Ended;
            if (!isOver)
            {
                return;
            }
            System.Random random = new System.Random();
            AvatarSessionOptions options = new AvatarSessionOptions
            {
                Url = url,
                Token = token,
                Socket = SocketFactory,
                Chance = random.NextDouble,
            };
            options.Hello.Platform = "unity-" + Application.platform.ToString().ToLowerInvariant();
            options.Hello.Persona = OrNull(persona);
            options.Hello.Voice = OrNull(voice);
            options.Hello.Language = OrNull(language);
            options.Hello.VisemeSet = visemeSet;
            options.Hello.Captions = captions;
            options.Hello.EchoCancelled = echoCancelled;
            _forwarder = _forwarder ?? new Forwarder(this);
            _session = new AvatarSession(options) { Listener = _forwarder };
        }

        private static string OrNull(string text)
        {
            return string.IsNullOrEmpty(text) ? null : text;
        }

        private void Raise<T>(Action<T> handlers, T value)
        {
            RaiseEach(handlers, one => ((Action<T>)one)(value));
        }

        private void Raise<T, U>(Action<T, U> handlers, T value, U other)
        {
            RaiseEach(handlers, one => ((Action<T, U>)one)(value, other));
        }

        /// <summary>A handler of the application that fails is logged; the others and the avatar go on.</summary>
        private void RaiseEach(Delegate handlers, Action<Delegate> raise)
        {
            foreach (Delegate one in handlers == null ? NoHandlers : handlers.GetInvocationList())
            {
                try
                {
                    raise(one);
                }
                catch (Exception error)
                {
                    Debug.LogException(error, this);
                }
            }
        }

        private sealed class Forwarder : ServerMessageSink
        {
            private readonly AvatarClient _client;

            public Forwarder(AvatarClient client)
            {
                _client = client;
            }

            public override void On(in SessionReady message) { _client.Raise(_client.Ready, message); }

            public override void On(in StateChanged message) { _client.Raise(_client.ConversationChanged, message.State); }

            public override void On(in TranscriptInterim message) { _client.Raise(_client.Transcribed, message.Text, false); }

            public override void On(in TranscriptFinal message) { _client.Raise(_client.Transcribed, message.Text, true); }

            public override void On(in ReplyStarted message) { _client.Raise(_client.ReplyBegan, message); }

            public override void On(in ReplyDone message) { _client.Raise(_client.ReplyEnded, message); }

            public override void On(in Warning message) { _client.Raise(_client.Problem, message.Code, message.Message); }

            public override void On(in ServerError message) { _client.Raise(_client.Problem, message.Code, message.Message); }
        }
    }
}
