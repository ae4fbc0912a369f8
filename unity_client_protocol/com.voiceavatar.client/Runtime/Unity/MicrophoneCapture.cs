using System;
using UnityEngine;
#if UNITY_ANDROID
using UnityEngine.Android;
#endif

namespace VoiceAvatar.Unity
{
    /// <summary>
    /// Sends the microphone to the server, in frames of 20 ms at the agreed rate. Asks for the permission
    /// on Android and Quest.
    /// </summary>
    [AddComponentMenu("Voice Avatar/Microphone Capture")]
    [DisallowMultipleComponent]
    public sealed class MicrophoneCapture : MonoBehaviour
    {
        private const int LoopS = 2;
        private const int ChunksPerS = 100; // GetData fills a whole array: so it is read in 10 ms
        private const double TryS = 1; // between two tries to begin: asking the system takes time

        [SerializeField] private AvatarClient client;
        [SerializeField, Tooltip("Empty = the default microphone")] private string device = "";
        [SerializeField, Tooltip("Hz; what the device cannot do is resampled")] private int rateHz = 16000;
        [SerializeField] private bool isMuted;

        private float[] _chunk;
        private AudioClip _loop;
        private int _position;
        private bool _hasAsked;
        private double _nextTryS;
        private bool _wasMuted;
        private string _toldSession = "";

        /// <summary>The client that is sent to.</summary>
        public AvatarClient Client
        {
            get { return client; }
            set { client = value; }
        }

        /// <summary>Whether the user is muted; the server is told, so that it does not wait for silence.</summary>
        public bool IsMuted
        {
            get { return isMuted; }
            set { isMuted = value; }
        }

        /// <summary>Whether the microphone runs.</summary>
        public bool IsRunning
        {
            get { return _loop != null; }
        }

        private void OnDisable()
        {
            End();
        }

        /// <summary>A headset that is taken off stops the recording, and nobody else starts it again.</summary>
        private void OnApplicationPause(bool isPaused)
        {
            End();
            _nextTryS = 0;
        }

        private void End()
        {
            if (_loop != null)
            {
                Microphone.End(DeviceName);
                _loop = null;
            }
        }

        private string DeviceName
        {
            get { return string.IsNullOrEmpty(device) ? null : device; }
        }

        private void Update()
        {
            if (client == null || client.Session == null)
            {
                return;
            }
            TellMuted();
            if (_loop != null && !Microphone.IsRecording(DeviceName))
            {
                End(); // it was unplugged, or another application took it
            }
            if (_loop != null)
            {
                Read();
            }
            else if (Monotonic.NowS >= _nextTryS)
            {
                _nextTryS = Monotonic.NowS + TryS;
                Begin();
            }
        }

        /// <summary>The server is told of each change, and a new session what it cannot know.</summary>
        private void TellMuted()
        {
            AvatarSession session = client.Session;
            bool isNew = session.SessionId != _toldSession;
            if ((isNew ? isMuted : isMuted != _wasMuted) && !session.OpenMicrophone(!isMuted))
            {
                return;
            }
            _wasMuted = isMuted;
            _toldSession = session.SessionId;
        }

        private void Begin()
        {
            if (!IsPermitted() || Microphone.devices.Length == 0)
            {
                return;
            }
            int least;
            int most;
            Microphone.GetDeviceCaps(DeviceName, out least, out most);
            bool isAnyRate = least == 0 && most == 0;
            int rate = isAnyRate ? rateHz : Math.Max(least, Math.Min(most, rateHz));
            _loop = Microphone.Start(DeviceName, true, LoopS, rate);
            _chunk = new float[(_loop == null ? rate : _loop.frequency) / ChunksPerS];
            _position = 0;
        }

        /// <summary>Asks once; Update looks again each second until the user has agreed.</summary>
        private bool IsPermitted()
        {
#if UNITY_ANDROID
            if (Permission.HasUserAuthorizedPermission(Permission.Microphone))
            {
                return true;
            }
            if (!_hasAsked)
            {
                _hasAsked = true;
                Permission.RequestUserPermission(Permission.Microphone);
            }
            return false;
#else
            _hasAsked = true;
            return _hasAsked;
#endif
        }

        private void Read()
        {
            int waiting = Microphone.GetPosition(DeviceName) - _position;
            waiting = waiting < 0 ? waiting + _loop.samples : waiting;
            for (; waiting >= _chunk.Length; waiting -= _chunk.Length)
            {
                _loop.GetData(_chunk, _position); // goes on at the beginning where the loop ends
                _position = (_position + _chunk.Length) % _loop.samples;
                if (!isMuted)
                {
                    client.Session.Hear(_chunk, 0, _chunk.Length, _loop.frequency);
                }
            }
        }
    }
}
