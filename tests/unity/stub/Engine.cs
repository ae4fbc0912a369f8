using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Threading;

namespace UnityEngine
{
    /// <summary>
    /// Calls the components as Unity does: Awake and OnEnable when they are added, Start before their first
    /// frame, Update and LateUpdate by execution order, OnAudioFilterRead on a thread of its own. Calls of
    /// the API from that thread fail, as they do in Unity.
    /// </summary>
    public static class Engine
    {
        private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

        private static readonly List<MonoBehaviour> Behaviours = new List<MonoBehaviour>();
        private static readonly HashSet<MonoBehaviour> Started = new HashSet<MonoBehaviour>();
        private static int _mainThread = Thread.CurrentThread.ManagedThreadId;

        public static void Reset()
        {
            foreach (MonoBehaviour one in Behaviours)
            {
                Call(one, "OnDisable");
            }
            Behaviours.Clear();
            Started.Clear();
            _mainThread = Thread.CurrentThread.ManagedThreadId;
        }

        public static void OnMainThread(string what)
        {
            if (Thread.CurrentThread.ManagedThreadId != _mainThread)
            {
                throw new InvalidOperationException(what + " can only be called from the main thread");
            }
        }

        /// <summary>Awake and OnEnable come at once, before the caller can set anything; Start later.</summary>
        internal static void Added(MonoBehaviour one)
        {
            if (one != null)
            {
                Behaviours.Add(one);
                Call(one, "Awake");
                Call(one, "OnEnable");
            }
        }

        /// <summary>One frame.</summary>
        public static void Frame(float deltaTime)
        {
            Time.deltaTime = deltaTime;
            List<MonoBehaviour> ordered = Behaviours.OrderBy(Order).ToList();
            foreach (MonoBehaviour one in ordered.Where(one => Started.Add(one)))
            {
                Call(one, "Start");
            }
            ordered.ForEach(one => Call(one, "Update"));
            ordered.ForEach(one => Call(one, "LateUpdate"));
        }

        /// <summary>A block of the sound thread: the source's clip, through the filters of its object.</summary>
        public static float[] Sound(GameObject source, int frames, int channels)
        {
            float[] data = Enumerable.Repeat(1f, frames * channels).ToArray();
            Exception failure = null;
            Thread sound = new Thread(() =>
            {
                try
                {
                    foreach (MonoBehaviour one in Behaviours.Where(one => one.gameObject == source))
                    {
                        Call(one, "OnAudioFilterRead", data, channels);
                    }
                }
                catch (Exception error)
                {
                    failure = error;
                }
            });
            sound.Start();
            sound.Join();
            if (failure != null)
            {
                throw failure;
            }
            return data;
        }

        /// <summary>Sends a message that Unity sends now and then, such as OnApplicationPause.</summary>
        public static void Send(MonoBehaviour one, string message, params object[] arguments)
        {
            Call(one, message, arguments);
        }

        private static int Order(MonoBehaviour one)
        {
            DefaultExecutionOrder order = one.GetType().GetCustomAttribute<DefaultExecutionOrder>();
            return order == null ? 0 : order.Order;
        }

        private static void Call(MonoBehaviour one, string message, params object[] arguments)
        {
            MethodInfo method = one.GetType().GetMethod(message, Any);
            if (method != null)
            {
                method.Invoke(one, arguments);
            }
        }
    }
}
