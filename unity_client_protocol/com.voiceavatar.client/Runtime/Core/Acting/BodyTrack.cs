namespace VoiceAvatar
{
    /// <summary>
    /// Movements that belong to no reply (`body`): they begin when they arrive and last for their
    /// duration, or until the next `state`; a posture until the next posture. Allocates nothing.
    /// </summary>
    public sealed class BodyTrack
    {
        private const double FadeS = 0.3;
        private const double NodS = 0.6;

        private Movement _gesture;
        private Movement _head;
        private Movement _gaze;
        private Movement _face;

        private struct Movement
        {
            public Body Body;
            public double StartS;
            public double EndS;
        }

        /// <summary>Name of the posture: "upright", "lean_back", "step_back".</summary>
        public string Posture { get; private set; } = "upright";

        /// <summary>Takes a movement.</summary>
        public void Add(in Body body, double nowS)
        {
            double lastsS = body.DurationMs > 0 ? body.DurationMs / 1000 : double.PositiveInfinity;
            Movement movement = new Movement { Body = body, StartS = nowS, EndS = nowS + lastsS };
            switch (body.Kind)
            {
                case BodyKind.Gesture:
                    _gesture = movement;
                    break;
                case BodyKind.Head:
                    movement.EndS = double.IsInfinity(lastsS) ? nowS + NodS : movement.EndS;
                    _head = movement;
                    break;
                case BodyKind.Gaze:
                    _gaze = movement;
                    break;
                case BodyKind.Face:
                    _face = movement;
                    break;
                case BodyKind.Posture:
                    Posture = body.Lexeme;
                    break;
            }
        }

        /// <summary>A `state` came: what lasts until then fades.</summary>
        public void StateChanged(double nowS)
        {
            End(ref _gesture, nowS);
            End(ref _gaze, nowS);
            End(ref _face, nowS);
        }

        /// <summary>The gesture that is held; false for none.</summary>
        public bool Gesture(double nowS, out GesturePose pose)
        {
            float weight = Weight(_gesture, nowS);
            pose = default(GesturePose);
            if (weight <= 0)
            {
                return false;
            }
            pose.Gesture.Lexeme = _gesture.Body.Lexeme;
            pose.Gesture.Amplitude = _gesture.Body.Amplitude;
            pose.Gesture.Mode = GestureMode.Right;
            pose.Phase = nowS < _gesture.EndS ? GesturePhase.Hold : GesturePhase.Retraction;
            pose.Weight = weight;
            pose.StrokeShare = 1;
            return true;
        }

        /// <summary>Adds the head movement that is under way.</summary>
        public void AddHead(double nowS, ref HeadPose sum)
        {
            double lengthMs = (_head.EndS - _head.StartS) * 1000;
            long repeats = System.Math.Max(1, _head.Body.Repeats);
            Head head = new Head
            {
                Lexeme = _head.Body.Lexeme,
                Amount = _head.Body.Amplitude,
                Repeats = repeats,
                StrokeMs = lengthMs / repeats / 2,
                EndMs = lengthMs,
            };
            HeadTrack.Add(ref sum, head, (nowS - _head.StartS) * 1000);
        }

        /// <summary>What is looked at; null for nothing in particular.</summary>
        public string Gaze(double nowS)
        {
            return nowS < _gaze.EndS ? _gaze.Body.Lexeme : null;
        }

        /// <summary>The expression that is shown; false for none.</summary>
        public bool Face(double nowS, out ExpressionWeight face)
        {
            face = new ExpressionWeight { Expression = _face.Body.Lexeme };
            face.Weight = Weight(_face, nowS) * _face.Body.Amplitude;
            return face.Weight > 0;
        }

        private static void End(ref Movement movement, double nowS)
        {
            if (double.IsInfinity(movement.EndS))
            {
                movement.EndS = nowS;
            }
        }

        private static float Weight(in Movement movement, double nowS)
        {
            if (movement.Body.Lexeme == null)
            {
                return 0;
            }
            float rise = Timing.Share(nowS, movement.StartS, movement.StartS + FadeS);
            float fall = double.IsInfinity(movement.EndS)
                ? 0
                : Timing.Share(nowS, movement.EndS, movement.EndS + FadeS);
            return Timing.Smooth(rise) * (1 - Timing.Smooth(fall));
        }
    }
}
