using System;

namespace VoiceAvatar
{
    /// <summary>
    /// Everything that the avatar shows of the live reply, at the time that is heard. The main thread
    /// feeds it and asks once a frame; the arrays it gives out are used again.
    /// </summary>
    public sealed class Performance
    {
        private const int MostGestures = 8;
        private const int MostExpressions = 8;

        /// <summary>Loudness (RMS) at which a mouth without visemes is wide open.</summary>
        private const float LoudRms = 0.25f;

        private MouthTrack _mouth;
        private readonly GestureTrack _gestures = new GestureTrack();
        private readonly FaceTrack _faces = new FaceTrack();
        private readonly HeadTrack _heads = new HeadTrack();
        private readonly GazeTrack _gazes = new GazeTrack();
        private double _tMs;
        private double _runsFromS = double.NaN; // since when the clock runs by itself
        private double _runsFromMs;
        private int _openShape;

        /// <summary>Makes an avatar at rest.</summary>
        public Performance()
        {
            UseVisemes(VisemeSets.Named("ovr15"));
        }

        /// <summary>Captions of the reply.</summary>
        public CaptionTrack Captions { get; } = new CaptionTrack();

        /// <summary>Movements of no reply.</summary>
        public BodyTrack Body { get; } = new BodyTrack();

        /// <summary>Names of the shapes of <see cref="Mouth"/>.</summary>
        public string[] VisemeNames { get; private set; }

        /// <summary>Weights of the mouth, 0..1.</summary>
        public float[] Mouth { get; private set; }

        /// <summary>Whether the mouth comes from visemes, not from loudness.</summary>
        public bool HasVisemes { get; private set; }

        /// <summary>Gestures that are shown; the first GestureCount count.</summary>
        public GesturePose[] Gestures { get; } = new GesturePose[MostGestures];

        /// <summary>See <see cref="Gestures"/>.</summary>
        public int GestureCount { get; private set; }

        /// <summary>Expressions that are shown; the first ExpressionCount count.</summary>
        public ExpressionWeight[] Expressions { get; } = new ExpressionWeight[MostExpressions];

        /// <summary>See <see cref="Expressions"/>.</summary>
        public int ExpressionCount { get; private set; }

        /// <summary>Where the head is.</summary>
        public HeadPose Head { get; private set; }

        /// <summary>What the eyes look at.</summary>
        public string GazeTarget { get; private set; } = GazeTrack.User;

        /// <summary>How much of the turn to it the head takes over, 0..1.</summary>
        public float GazeHeadShare { get; private set; }

        /// <summary>Time of the reply that is heard, milliseconds.</summary>
        public double TMs
        {
            get { return _tMs; }
        }

        /// <summary>Takes the viseme set in force.</summary>
        public void UseVisemes(string[] names)
        {
            if (names == null || names.Length == 0)
            {
                return;
            }
            VisemeNames = names;
            Mouth = new float[names.Length];
            _mouth = new MouthTrack(names.Length);
            _openShape = Math.Max(0, OpenShape(names));
        }

        /// <summary>A reply begins: what is left of the one before is forgotten.</summary>
        public void Begin()
        {
            _mouth.Clear();
            _gestures.Clear();
            _faces.Clear();
            _heads.Clear();
            _gazes.Clear();
            Captions.Clear();
            _tMs = 0;
            _runsFromS = double.NaN;
        }

        /// <summary>The reply was interrupted.</summary>
        /// <param name="spokenText">what was heard of it; null = the words up to now.</param>
        /// <param name="nowS">time, seconds.</param>
        public void Cut(string spokenText, double nowS)
        {
            _mouth.Cut(_tMs);
            _gestures.Cut(_tMs);
            _faces.Cut(_tMs);
            _heads.Cut(_tMs);
            _gazes.Cut(_tMs);
            Captions.Cut(spokenText ?? Captions.Heard(_tMs));
            RunFrom(nowS);
        }

        /// <summary>Takes visemes of the set in force; those of another are passed over.</summary>
        public void Add(in VisemeKeys message)
        {
            _mouth.Add(message);
        }

        /// <summary>Takes a gesture.</summary>
        public void Add(in Gesture message)
        {
            _gestures.Add(message);
        }

        /// <summary>Takes an expression.</summary>
        public void Add(in Face message)
        {
            _faces.Add(message);
        }

        /// <summary>Takes a head movement.</summary>
        public void Add(in Head message)
        {
            _heads.Add(message);
        }

        /// <summary>Takes a gaze.</summary>
        public void Add(in Gaze message)
        {
            _gazes.Add(message);
        }

        /// <summary>Works out what is shown now. Allocates nothing.</summary>
        /// <param name="view">what the loudspeaker does.</param>
        /// <param name="heardMs">time of the reply that the loudspeaker is at, milliseconds.</param>
        /// <param name="level">its loudness, RMS.</param>
        /// <param name="nowS">time, seconds.</param>
        public void Update(in PlayoutView view, double heardMs, float level, double nowS)
        {
            MoveClock(view, heardMs, nowS);
            HasVisemes = _mouth.Sample(_tMs, Mouth);
            if (!HasVisemes && view.State == PlaybackState.Playing)
            {
                Mouth[_openShape] = Math.Min(1, level / LoudRms);
            }
            ShowHands(nowS);
            ShowFace(nowS);
            HeadPose head = _heads.Sample(_tMs);
            Body.AddHead(nowS, ref head);
            Head = head;
            float headShare;
            GazeTarget = _gazes.Sample(_tMs, out headShare);
            GazeHeadShare = headShare;
            string aside = Body.Gaze(nowS);
            if (GazeTarget == GazeTrack.User && aside != null)
            {
                GazeTarget = aside;
            }
        }

        private void ShowHands(double nowS)
        {
            GestureCount = _gestures.Sample(_tMs, Gestures);
            GesturePose held;
            if (GestureCount < MostGestures && Body.Gesture(nowS, out held))
            {
                Gestures[GestureCount++] = held;
            }
        }

        private void ShowFace(double nowS)
        {
            ExpressionCount = _faces.Sample(_tMs, Expressions);
            ExpressionWeight face;
            if (ExpressionCount == 0 && Body.Face(nowS, out face))
            {
                Expressions[ExpressionCount++] = face;
            }
        }

        /// <summary>
        /// The reply's clock: that of the loudspeaker while it plays, standing while it stands, and by
        /// itself once the device has all of it: what is left is heard without a break, and hands may
        /// still have to come to rest.
        /// </summary>
        private void MoveClock(in PlayoutView view, double heardMs, double nowS)
        {
            bool isOver = view.State == PlaybackState.Finished || view.State == PlaybackState.Stopped;
            if (isOver)
            {
                if (double.IsNaN(_runsFromS))
                {
                    _tMs = Math.Max(_tMs, heardMs);
                    RunFrom(nowS);
                }
                _tMs = _runsFromMs + (nowS - _runsFromS) * 1000;
            }
            else if (view.State.HasValue)
            {
                _tMs = Math.Max(_tMs, heardMs);
            }
        }

        private void RunFrom(double nowS)
        {
            if (double.IsNaN(_runsFromS))
            {
                _runsFromS = nowS;
                _runsFromMs = _tMs;
            }
        }

        /// <summary>The shape of an open mouth, in any of the sets.</summary>
        private static int OpenShape(string[] names)
        {
            foreach (string open in new[] { "aa", "jawOpen", "2" })
            {
                int index = Array.IndexOf(names, open);
                if (index >= 0)
                {
                    return index;
                }
            }
            return 0;
        }
    }
}
