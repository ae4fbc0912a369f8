using System;
using UnityEngine;
using UnityEngine.Events;

namespace VoiceAvatar.Unity
{
    /// <summary>
    /// Shows what the avatar says, the word that is heard in bold, and what an interruption left unsaid
    /// struck through. Give it a TextMesh, or any other text by its event (TextMeshPro: `SetText`).
    /// </summary>
    [AddComponentMenu("Voice Avatar/Caption View")]
    public sealed class CaptionView : MonoBehaviour
    {
        /// <summary>Takes a text.</summary>
        [Serializable]
        public sealed class TextEvent : UnityEvent<string> { }

        [SerializeField] private AvatarClient client;
        [SerializeField] private TextMesh textMesh;
        [SerializeField] private TextEvent changed = new TextEvent();

        private int _shownWord = -2;
        private bool _wasNow;
        private bool _wasCut;
        private int _shownLength = -1;

        /// <summary>The client whose replies are shown.</summary>
        public AvatarClient Client
        {
            get { return client; }
            set { client = value; }
        }

        /// <summary>Raised with the text, with tags of rich text, whenever it changes.</summary>
        public TextEvent Changed
        {
            get { return changed; }
        }

        /// <summary>Where the text is shown; may be empty.</summary>
        public TextMesh Target
        {
            get { return textMesh; }
            set { textMesh = value; }
        }

        private void Update()
        {
            if (client == null || client.Session == null)
            {
                return;
            }
            CaptionTrack captions = client.Performance.Captions;
            double tMs = client.Performance.TMs;
            SpokenWord word = captions.At(tMs);
            bool isSame = word.Index == _shownWord && word.IsNow == _wasNow
                && captions.IsCut == _wasCut && captions.Length == _shownLength;
            if (isSame)
            {
                return; // a text is only made when it differs: it costs memory
            }
            _shownWord = word.Index;
            _wasNow = word.IsNow;
            _wasCut = captions.IsCut;
            _shownLength = captions.Length;
            string text = captions.Marked(tMs);
            if (textMesh != null)
            {
                textMesh.text = text;
            }
            changed.Invoke(text);
        }
    }
}
