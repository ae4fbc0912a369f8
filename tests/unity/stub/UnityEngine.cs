// A stand-in for the part of Unity's API that the package uses, so that its Unity layer can be
// compiled and driven without the editor. Signatures are Unity's; behaviour is the least that the
// components can tell from the real thing. `Engine` drives frames and the sound thread.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;

namespace UnityEngine
{
    public class Object
    {
        private string _name = "";

        public virtual string name { get { return _name; } set { _name = value; } }

        public static implicit operator bool(Object one) { return one != null; }

        public static void Destroy(Object one)
        {
            if (one != null)
            {
                Destroyed.Add(one);
            }
        }

        public static readonly List<Object> Destroyed = new List<Object>();
    }

    public static class Debug
    {
        public static readonly List<Exception> Logged = new List<Exception>();

        public static void LogException(Exception error, Object context) { Logged.Add(error); }
    }

    public class Component : Object
    {
        public GameObject gameObject;

        public override string name { get { return gameObject.name; } set { gameObject.name = value; } }

        public Transform transform { get { return gameObject.transform; } }

        public T GetComponent<T>() where T : Component { return gameObject.GetComponent<T>(); }

        public T GetComponentInChildren<T>() where T : Component { return gameObject.GetComponentInChildren<T>(); }
    }

    public class Behaviour : Component
    {
        public bool enabled = true;
    }

    public class MonoBehaviour : Behaviour { }

    public class ScriptableObject : Object { }

    public sealed class GameObject : Object
    {
        private readonly List<Component> _components = new List<Component>();

        public GameObject(string name)
        {
            this.name = name;
            transform = new Transform { gameObject = this };
            _components.Add(transform);
            All.Add(this);
        }

        public Transform transform;

        public T AddComponent<T>() where T : Component, new()
        {
            foreach (RequireComponent required in typeof(T).GetCustomAttributes(typeof(RequireComponent), true))
            {
                if (!_components.Any(c => required.Type.IsInstanceOfType(c)))
                {
                    Component other = (Component)Activator.CreateInstance(required.Type);
                    other.gameObject = this;
                    _components.Add(other);
                }
            }
            T component = new T { gameObject = this };
            _components.Add(component);
            Engine.Added(component as MonoBehaviour);
            return component;
        }

        public T GetComponent<T>() where T : Component { return _components.OfType<T>().FirstOrDefault(); }

        public T GetComponentInChildren<T>() where T : Component { return GetComponentsInChildren<T>().FirstOrDefault(); }

        public T[] GetComponentsInChildren<T>() where T : Component
        {
            return All.Where(one => one.IsBelow(this)).SelectMany(one => one._components).OfType<T>().ToArray();
        }

        private static readonly List<GameObject> All = new List<GameObject>();

        private bool IsBelow(GameObject other)
        {
            for (Transform at = transform; at != null; at = at.parent)
            {
                if (ReferenceEquals(at.gameObject, other))
                {
                    return true;
                }
            }
            return false;
        }
    }

    public sealed class Transform : Component
    {
        public Transform parent;
        public Vector3 localPosition;
        public Quaternion localRotation = Quaternion.identity;

        public Vector3 position
        {
            get { return parent == null ? localPosition : parent.position + parent.rotation * localPosition; }
            set { localPosition = parent == null ? value : Quaternion.Inverse(parent.rotation) * (value - parent.position); }
        }

        public Quaternion rotation
        {
            get { return parent == null ? localRotation : parent.rotation * localRotation; }
            set { localRotation = parent == null ? value : Quaternion.Inverse(parent.rotation) * value; }
        }
    }

    public struct Vector2
    {
        public float x, y;

        public Vector2(float x, float y) { this.x = x; this.y = y; }

        public static Vector2 operator -(Vector2 a, Vector2 b) { return new Vector2(a.x - b.x, a.y - b.y); }

        public static Vector2 operator *(float s, Vector2 v) { return new Vector2(s * v.x, s * v.y); }

        public static Vector2 Lerp(Vector2 a, Vector2 b, float t)
        {
            return new Vector2(Mathf.Lerp(a.x, b.x, t), Mathf.Lerp(a.y, b.y, t));
        }
    }

    public struct Vector3
    {
        public float x, y, z;

        public Vector3(float x, float y, float z) { this.x = x; this.y = y; this.z = z; }

        public static Vector3 operator +(Vector3 a, Vector3 b) { return new Vector3(a.x + b.x, a.y + b.y, a.z + b.z); }

        public static Vector3 operator -(Vector3 a, Vector3 b) { return new Vector3(a.x - b.x, a.y - b.y, a.z - b.z); }

        public static Vector3 operator *(Vector3 v, float s) { return new Vector3(v.x * s, v.y * s, v.z * s); }

        public static float Dot(Vector3 a, Vector3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

        public static Vector3 Cross(Vector3 a, Vector3 b)
        {
            return new Vector3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
        }

        public Vector3 normalized
        {
            get
            {
                float length = Mathf.Sqrt(Dot(this, this));
                return length < 1e-6f ? new Vector3() : this * (1 / length);
            }
        }
    }

    public struct Quaternion
    {
        public float x, y, z, w;

        public Quaternion(float x, float y, float z, float w) { this.x = x; this.y = y; this.z = z; this.w = w; }

        public static Quaternion identity { get { return new Quaternion(0, 0, 0, 1); } }

        public static Quaternion operator *(Quaternion a, Quaternion b)
        {
            return new Quaternion(
                a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
                a.w * b.y + a.y * b.w + a.z * b.x - a.x * b.z,
                a.w * b.z + a.z * b.w + a.x * b.y - a.y * b.x,
                a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z);
        }

        public static Vector3 operator *(Quaternion q, Vector3 v)
        {
            Vector3 u = new Vector3(q.x, q.y, q.z);
            Vector3 t = Vector3.Cross(u, v) * 2;
            return v + t * q.w + Vector3.Cross(u, t);
        }

        public static Quaternion Inverse(Quaternion q) { return new Quaternion(-q.x, -q.y, -q.z, q.w); }

        public static Quaternion AngleAxis(float degrees, Vector3 axis)
        {
            float half = degrees * Mathf.Deg2Rad / 2;
            Vector3 unit = axis.normalized * Mathf.Sin(half);
            return new Quaternion(unit.x, unit.y, unit.z, Mathf.Cos(half));
        }

        /// <summary>As in Unity: about z, then x, then y.</summary>
        public static Quaternion Euler(float x, float y, float z)
        {
            return AngleAxis(y, new Vector3(0, 1, 0)) * AngleAxis(x, new Vector3(1, 0, 0))
                * AngleAxis(z, new Vector3(0, 0, 1));
        }

        public static Quaternion FromToRotation(Vector3 from, Vector3 to)
        {
            Vector3 a = from.normalized;
            Vector3 b = to.normalized;
            float cosine = Mathf.Clamp(Vector3.Dot(a, b), -1, 1);
            Vector3 axis = Vector3.Cross(a, b);
            if (cosine < -0.9999f)
            {
                axis = Vector3.Cross(a, Mathf.Abs(a.x) < 0.9f ? new Vector3(1, 0, 0) : new Vector3(0, 1, 0));
            }
            return AngleAxis(Mathf.Acos(cosine) * Mathf.Rad2Deg, axis);
        }

        public static Quaternion Slerp(Quaternion a, Quaternion b, float t)
        {
            float cosine = a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
            float sign = cosine < 0 ? -1 : 1;
            float angle = Mathf.Acos(Mathf.Clamp(Mathf.Abs(cosine), 0, 1));
            float sine = Mathf.Sin(angle);
            float p = sine < 1e-4f ? 1 - t : Mathf.Sin((1 - t) * angle) / sine;
            float q = sign * (sine < 1e-4f ? t : Mathf.Sin(t * angle) / sine);
            return new Quaternion(p * a.x + q * b.x, p * a.y + q * b.y, p * a.z + q * b.z, p * a.w + q * b.w);
        }
    }

    public static class Mathf
    {
        public const float PI = (float)Math.PI;
        public const float Deg2Rad = PI / 180;
        public const float Rad2Deg = 180 / PI;

        public static float Sin(float v) { return (float)Math.Sin(v); }

        public static float Cos(float v) { return (float)Math.Cos(v); }

        public static float Acos(float v) { return (float)Math.Acos(v); }

        public static float Atan2(float y, float x) { return (float)Math.Atan2(y, x); }

        public static float Sqrt(float v) { return (float)Math.Sqrt(v); }

        public static float Exp(float v) { return (float)Math.Exp(v); }

        public static float Abs(float v) { return Math.Abs(v); }

        public static float Max(float a, float b) { return Math.Max(a, b); }

        public static float Clamp(float v, float low, float high) { return Math.Max(low, Math.Min(high, v)); }

        public static float Clamp01(float v) { return Clamp(v, 0, 1); }

        public static float Lerp(float a, float b, float t) { return a + (b - a) * Clamp01(t); }
    }

    public static class Time
    {
        public static float deltaTime;
    }

    public enum RuntimePlatform
    {
        LinuxEditor,
        Android,
    }

    public static class Application
    {
        public static RuntimePlatform platform = RuntimePlatform.LinuxEditor;
    }

    public sealed class Camera : Behaviour
    {
        public static Camera main;
    }

    // -- sound

    public sealed class AudioClip : Object
    {
        public float[] Data;

        public int samples { get { return Data.Length; } }

        public int frequency { get; set; }

        public static AudioClip Create(string name, int length, int channels, int frequency, bool stream)
        {
            return new AudioClip { name = name, Data = new float[length * channels], frequency = frequency };
        }

        public bool SetData(float[] data, int offset)
        {
            Array.Copy(data, 0, Data, offset, data.Length);
            return true;
        }

        public bool GetData(float[] data, int offset)
        {
            Engine.OnMainThread("AudioClip.GetData");
            for (int i = 0; i < Math.Min(data.Length, Data.Length); i++)
            {
                data[i] = Data[(offset + i) % Data.Length];
            }
            return true;
        }
    }

    public sealed class AudioSource : Behaviour
    {
        public AudioClip clip;
        public bool loop;
        public bool playOnAwake;
        public bool spatializePostEffects;
        public float spatialBlend;

        public bool isPlaying { get; private set; }

        public void Play() { Engine.OnMainThread("AudioSource.Play"); isPlaying = true; }

        public void Stop() { isPlaying = false; }
    }

    public static class AudioSettings
    {
        public delegate void AudioConfigurationChangeHandler(bool deviceWasChanged);

        public static event AudioConfigurationChangeHandler OnAudioConfigurationChanged;

        public static int Rate = 48000;
        public static int BufferLength = 512;

        public static int outputSampleRate
        {
            get { Engine.OnMainThread("AudioSettings.outputSampleRate"); return Rate; }
        }

        public static void GetDSPBufferSize(out int bufferLength, out int numBuffers)
        {
            Engine.OnMainThread("AudioSettings.GetDSPBufferSize");
            bufferLength = BufferLength;
            numBuffers = 2;
        }

        public static void Change(int rate)
        {
            Rate = rate;
            if (OnAudioConfigurationChanged != null)
            {
                OnAudioConfigurationChanged(true);
            }
        }
    }

    public static class Microphone
    {
        public static string[] devices = { "stub" };
        public static int Position;
        public static AudioClip Clip;
        public static int LeastHz;
        public static int MostHz;
        public static int Starts;

        /// <summary>False once the system has stopped it, until it is started again.</summary>
        public static bool IsRunning;

        public static bool IsRecording(string device) { return IsRunning; }

        public static void GetDeviceCaps(string device, out int least, out int most) { least = LeastHz; most = MostHz; }

        public static AudioClip Start(string device, bool loop, int lengthS, int frequency)
        {
            Position = 0;
            Starts++;
            IsRunning = true;
            return Clip = AudioClip.Create("mic", lengthS * frequency, 1, frequency, false);
        }

        public static int GetPosition(string device) { return Position; }

        public static void End(string device)
        {
            Clip = null;
            IsRunning = false;
        }
    }

    // -- figures

    public sealed class Mesh : Object
    {
        public string[] Shapes = new string[0];

        public int blendShapeCount { get { return Shapes.Length; } }

        public string GetBlendShapeName(int index) { return Shapes[index]; }
    }

    public class Renderer : Component { }

    public sealed class SkinnedMeshRenderer : Renderer
    {
        public Mesh sharedMesh;
        public Transform[] bones = new Transform[0];
        public readonly Dictionary<int, float> Weights = new Dictionary<int, float>();

        public void SetBlendShapeWeight(int index, float value)
        {
            Engine.OnMainThread("SetBlendShapeWeight");
            if (index < 0 || index >= sharedMesh.blendShapeCount)
            {
                throw new ArgumentOutOfRangeException("index");
            }
            Weights[index] = value;
        }

        public float GetBlendShapeWeight(int index)
        {
            float value;
            return Weights.TryGetValue(index, out value) ? value : 0;
        }
    }

    public enum HumanBodyBones
    {
        Head,
        LeftEye,
        RightEye,
        LeftUpperArm,
        RightUpperArm,
        LeftLowerArm,
        RightLowerArm,
        LeftHand,
        RightHand,
    }

    public class RuntimeAnimatorController : Object { }

    public sealed class Animator : Behaviour
    {
        public readonly Dictionary<HumanBodyBones, Transform> Bones = new Dictionary<HumanBodyBones, Transform>();
        public readonly List<string> Played = new List<string>();
        public RuntimeAnimatorController runtimeAnimatorController;
        public bool isHuman = true;
        public float LayerWeight;
        public float NormalizedTime;

        public Transform GetBoneTransform(HumanBodyBones bone)
        {
            Transform found;
            return Bones.TryGetValue(bone, out found) ? found : null;
        }

        public void Play(string state, int layer, float normalizedTime)
        {
            Played.Add(state);
            NormalizedTime = normalizedTime;
        }

        public void SetLayerWeight(int layer, float weight) { LayerWeight = weight; }
    }

    public sealed class TextMesh : Component
    {
        public string text = "";
    }

    // -- attributes

    public sealed class SerializeField : Attribute { }

    public sealed class TooltipAttribute : Attribute { public TooltipAttribute(string text) { } }

    public sealed class RangeAttribute : Attribute { public RangeAttribute(float least, float most) { } }

    public sealed class AddComponentMenu : Attribute { public AddComponentMenu(string path) { } }

    public sealed class DisallowMultipleComponent : Attribute { }

    public sealed class DefaultExecutionOrder : Attribute
    {
        public readonly int Order;

        public DefaultExecutionOrder(int order) { Order = order; }
    }

    [AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
    public sealed class RequireComponent : Attribute
    {
        public readonly Type Type;

        public RequireComponent(Type type) { Type = type; }
    }

    public class GUILayoutOption { }

    public static class GUILayout
    {
        public static HashSet<string> Pressed = new HashSet<string>();

        public static bool Button(string text, params GUILayoutOption[] options) { return Pressed.Remove(text); }

        public static GUILayoutOption Width(float width) { return new GUILayoutOption(); }
    }
}

namespace UnityEngine.Events
{
    public class UnityEvent<T>
    {
        private readonly List<Action<T>> _listeners = new List<Action<T>>();

        public void AddListener(Action<T> listener) { _listeners.Add(listener); }

        public void Invoke(T value) { _listeners.ForEach(listener => listener(value)); }
    }
}

namespace UnityEngine.Android
{
    public static class Permission
    {
        public const string Microphone = "android.permission.RECORD_AUDIO";
        public static bool IsGranted;
        public static int Asked;

        public static bool HasUserAuthorizedPermission(string permission) { return IsGranted; }

        public static void RequestUserPermission(string permission) { Asked++; }
    }
}

namespace UnityEditor
{
    using UnityEngine;

    public sealed class CustomEditor : Attribute { public CustomEditor(Type type) { } }

    public enum MessageType { Info }

    public class Editor : ScriptableObject
    {
        public UnityEngine.Object target;

        public virtual void OnInspectorGUI() { }

        public bool DrawDefaultInspector() { return false; }
    }

    public static class EditorGUILayout
    {
        public static readonly List<string> Labels = new List<string>();

        public static void HelpBox(string text, MessageType type) { Labels.Add(text); }

        public static int Popup(string label, int selected, string[] options) { return selected; }

        public static void LabelField(string text) { Labels.Add(text); }

        public static void LabelField(string label, string text) { Labels.Add(label + ": " + text); }

        public static void BeginHorizontal(params GUILayoutOption[] options) { }

        public static void EndHorizontal() { }
    }

    public static class Undo
    {
        public static void RecordObject(UnityEngine.Object one, string name) { }
    }

    public static class EditorUtility
    {
        public static void SetDirty(UnityEngine.Object one) { }
    }
}
