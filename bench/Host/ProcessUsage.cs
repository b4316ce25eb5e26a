using System.Globalization;

namespace QemuZeroCopy.Bench.Host;

/// <summary>What the kernel has counted for a process (proc_pid_stat(5), proc_pid_status(5)).</summary>
internal static class ProcessUsage
{
    /// <summary>USER_HZ, which the kernel fixes for user space.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>CPU time spent so far, in seconds, all threads, user and system.</summary>
    public static double CpuSeconds(int processId)
    {
        string stat = File.ReadAllText($"/proc/{processId}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        const int userTime = 11, systemTime = 12; // fields 14 and 15, counted from the state on
        return (long.Parse(fields[userTime], CultureInfo.InvariantCulture) + long.Parse(fields[systemTime], CultureInfo.InvariantCulture)) / TicksPerSecond;
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
}
