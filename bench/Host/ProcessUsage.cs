using System.Globalization;
using System.Runtime.InteropServices;

namespace QemuZeroCopy.Bench.Host;

/// <summary>What the kernel has counted for a process (clock_getcpuclockid(3), proc_pid_schedstat(5), proc_pid_status(5)).</summary>
internal static partial class ProcessUsage
{
    /// <summary>CPU time spent so far, in seconds, all threads, user and system.</summary>
    /// <exception cref="InvalidOperationException">The process has ended.</exception>
    public static double CpuSeconds(int processId)
    {
        // A process' CPU clock by its number, as clock_getcpuclockid makes it: CPUCLOCK_SCHED in the lowest three bits.
        const int schedulerTime = 2;
        if (ClockGetTime((~processId << 3) | schedulerTime, out Timespec time) != 0)
            throw new InvalidOperationException($"Process {processId} has no CPU clock: it has ended.");
        return time.Seconds + time.Nanoseconds * 1e-9;
    }

    /// <summary>CPU time that one thread of a process has spent so far, in seconds.</summary>
    public static double ThreadSeconds(int processId, int threadId)
    {
        string stat = File.ReadAllText($"/proc/{processId}/task/{threadId}/schedstat");
        return long.Parse(stat.AsSpan(0, stat.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture) * 1e-9;
    }

    /// <summary>The processes that this one has forked and that live.</summary>
    public static IEnumerable<int> Children(int processId) => Directory.GetDirectories($"/proc/{processId}/task")
        .SelectMany(static task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(static child => int.Parse(child, CultureInfo.InvariantCulture));

    /// <summary>Resident memory now, in MiB.</summary>
    public static double ResidentMiB(int processId)
    {
        string line = File.ReadLines($"/proc/{processId}/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(':')[1].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) / 1024.0;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out Timespec time);
}
