using System.Threading;
using UnityEngine;

namespace VoiceAvatar.Unity
{
    /// <summary>
    /// Plays replies through an AudioSource, in space. The source loops a clip of ones, which Unity pans
    /// and attenuates by distance; OnAudioFilterRead multiplies the reply into it, resampled to the rate of
    /// the device.
    /// </summary>
    [AddComponentMenu("Voice Avatar/Reply Player")]
    [RequireComponent(typeof(AudioSource))]
    [DisallowMultipleComponent]
    public sealed class ReplyPlayer : MonoBehaviour
    {
        private const int MostFrames = 8192;

        [SerializeField] private AvatarClient client;

        private readonly float[] _voice = new float[MostFrames];
        private AudioClip _ones;
        private Playout _playout;
        private int _outputHz = 48000;
        private double _latencyS;

        /// <summary>The client whose replies are played.</summary>
        public AvatarClient Client
        {
            get { return client; }
            set { client = value; }
        }

        private void OnEnable()
        {
            AudioSettings.OnAudioConfigurationChanged += Configure;
            Configure(false);
            AudioSource source = GetComponent<AudioSource>();
            _ones = _ones == null ? Ones() : _ones;
            source.clip = _ones;
            source.loop = true;
            source.playOnAwake = false;
            source.spatializePostEffects = true;
            source.Play();
        }

        private void OnDisable()
        {
            AudioSettings.OnAudioConfigurationChanged -= Configure;
            GetComponent<AudioSource>().Stop();
        }

        private void OnDestroy()
        {
            Destroy(_ones);
        }

        private void Update()
        {
            if (client != null && client.Session != null)
            {
                Volatile.Write(ref _playout, client.Session.Playout);
                client.OutputLatencyS = _latencyS;
            }
        }

        /// <summary>The device changed, as when headphones are put in.</summary>
        private void Configure(bool deviceWasChanged)
        {
            int length;
            int count;
            AudioSettings.GetDSPBufferSize(out length, out count);
            Volatile.Write(ref _outputHz, AudioSettings.outputSampleRate);
            _latencyS = (double)length * count / AudioSettings.outputSampleRate;
            AudioSource source = GetComponent<AudioSource>();
            if (deviceWasChanged && source.clip != null)
            {
                source.Play();
            }
        }

        private static AudioClip Ones()
        {
            int rateHz = AudioSettings.outputSampleRate;
            float[] ones = new float[rateHz];
            for (int i = 0; i < ones.Length; i++)
            {
                ones[i] = 1f;
            }
            AudioClip clip = AudioClip.Create("voice", ones.Length, 1, rateHz, false);
            clip.SetData(ones, 0);
            return clip;
        }

        /// <summary>The sound thread: no call of Unity, no allocation, no lock.</summary>
        private void OnAudioFilterRead(float[] data, int channels)
        {
            Playout playout = Volatile.Read(ref _playout);
            int frames = data.Length / channels;
            if (playout == null || frames > MostFrames)
            {
                System.Array.Clear(data, 0, data.Length);
                return;
            }
            playout.Render(_voice, frames, 1, Volatile.Read(ref _outputHz), Monotonic.NowS);
            for (int i = 0; i < data.Length; i++)
            {
                data[i] *= _voice[i / channels];
            }
        }
    }
}
