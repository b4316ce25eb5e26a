using System.Runtime.InteropServices;

namespace QemuZeroCopy.Bench.Report;

/// <summary>
/// Time that this thread spent on a processor: what work on one thread costs, whoever else uses the machine.
/// </summary>
internal static partial class ThreadClock
{
    // CLOCK_THREAD_CPUTIME_ID, linux/time.h.
    private const int ThreadCpuTime = 3;

    public static double NowMs
    {
        get
        {
            ClockGetTime(ThreadCpuTime, out Timespec now);
            return now.Seconds * 1e3 + now.Nanoseconds * 1e-6;
        }
    }

    public static double Measure(Action action)
    {
        double start = NowMs;
        action();
        return NowMs - start;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial void ClockGetTime(int clock, out Timespec now);
}
