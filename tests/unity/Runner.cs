// A runner of tests in a hundred lines: every public static method with [Test] is one. NUnit is not
// used because what Debian has of it is of 2013 and drags in a graphical toolkit.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Reflection;

namespace VoiceAvatar.Tests
{
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class TestAttribute : Attribute { }

    public sealed class CheckException : Exception
    {
        public CheckException(string message) : base(message) { }
    }

    public static class Check
    {
        public static int Count;

        public static void That(bool holds, string what)
        {
            Count++;
            if (!holds)
            {
                throw new CheckException(what);
            }
        }

        public static void Same<T>(T expected, T actual, string what = "")
        {
            bool isSame = expected is IEnumerable && !(expected is string)
                ? ((IEnumerable)expected).Cast<object>().SequenceEqual(((IEnumerable)actual).Cast<object>())
                : EqualityComparer<T>.Default.Equals(expected, actual);
            That(isSame, what + ": expected " + Show(expected) + ", got " + Show(actual));
        }

        public static void Near(double expected, double actual, double tolerance, string what = "")
        {
            bool isNear = Math.Abs(expected - actual) <= tolerance;
            That(isNear, what + ": expected " + expected + " +- " + tolerance + ", got " + actual);
        }

        public static T Throws<T>(Action action, string what = "") where T : Exception
        {
            Count++;
            try
            {
                action();
            }
            catch (T expected)
            {
                return expected;
            }
            throw new CheckException(what + ": no " + typeof(T).Name);
        }

        private static string Show(object value)
        {
            IEnumerable items = value is string ? null : value as IEnumerable;
            return items == null ? "" + value : "[" + string.Join(", ", items.Cast<object>().Take(40)) + "]";
        }
    }

    public static class Runner
    {
        public static int Main(string[] arguments)
        {
            List<MethodInfo> tests = Assembly.GetExecutingAssembly().GetTypes()
                .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static))
                .Where(method => method.GetCustomAttribute<TestAttribute>() != null)
                .Where(method => arguments.Length == 0 || method.Name.Contains(arguments[0]))
                .ToList();
            int failed = 0;
            Stopwatch total = Stopwatch.StartNew();
            foreach (MethodInfo test in tests)
            {
                string name = test.DeclaringType.Name + "." + test.Name;
                int before = Check.Count;
                long startMs = total.ElapsedMilliseconds;
                try
                {
                    test.Invoke(null, null);
                    if (Check.Count == before)
                    {
                        throw new CheckException("the test checked nothing");
                    }
                    Console.WriteLine("ok " + name + ", " + (total.ElapsedMilliseconds - startMs) + " ms");
                }
                catch (TargetInvocationException error)
                {
                    failed++;
                    Console.WriteLine("FAILED " + name + "\n" + error.InnerException);
                }
                catch (CheckException error)
                {
                    failed++;
                    Console.WriteLine("FAILED " + name + ": " + error.Message);
                }
            }
            Console.WriteLine(
                tests.Count - failed + " of " + tests.Count + " tests passed, " + Check.Count
                + " checks, " + total.ElapsedMilliseconds + " ms");
            return failed == 0 && tests.Count > 0 ? 0 : 1;
        }
    }
}
