using System.Diagnostics;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Bench.Report.Page;

namespace QemuZeroCopy.Bench;

/// <summary>How one benchmark of the suite ended.</summary>
/// <param name="Name">Of the benchmark.</param>
/// <param name="Seconds">How long it ran.</param>
/// <param name="Failure">Why there is no result; null where there is one.</param>
internal sealed record SuiteOutcome(string Name, double Seconds, string? Failure);

/// <summary>
/// All benchmarks, one after the other, each in a process of its own with a limit of time: one that fails or hangs costs
/// its own row of the report and no other.
/// </summary>
internal static class Suite
{
    /// <summary>When the last benchmark has to have ended: with the build before it, half an hour.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(26);

    /// <summary>
    /// Each with about twice the time that it takes on two cores. Those that ask QEMU and a browser come first: what the
    /// suite's time is too short for is then what can be run anywhere.
    /// </summary>
    private static readonly (string Name, int Seconds)[] s_plan =
    [
        ("binary", 120), ("idle", 240), ("host-latency", 420), ("scenes", 420), ("overlay", 150), ("modes", 120), ("sound", 240), ("motion", 420), ("click-to-pixel", 540), ("fanout", 300), ("alloc", 90), ("convert", 120),
        ("encode", 180), ("transport", 400), ("gpu", 180),
    ];

    /// <summary>Runs all of them and writes the report. Returns the exit code: 1 when one has failed.</summary>
    public static int Run(string folder, bool isSmoke)
    {
        long start = Stopwatch.GetTimestamp();
        var outcomes = new List<SuiteOutcome>();
        foreach ((string name, int seconds) in s_plan)
        {
            TimeSpan left = s_patience - Stopwatch.GetElapsedTime(start);
            File.Delete(Path.Combine(folder, name + ".json"));
            SuiteOutcome outcome = left < TimeSpan.FromSeconds(10)
                ? new SuiteOutcome(name, 0, "not run: the suite's time was used up")
                : RunOne(name, TimeSpan.FromSeconds(Math.Min(seconds, left.TotalSeconds)), folder, isSmoke);
            outcomes.Add(outcome);
            Console.WriteLine(outcome.Failure is null ? $"✓ {name} ({outcome.Seconds:F0} s)\n" : $"✗ {name} ({outcome.Seconds:F0} s): {outcome.Failure}\n");
        }

        string report = Path.Combine(folder, "report.html");
        File.WriteAllText(report, ReportPage.Write(outcomes.Select(outcome => ResultFile.Read(folder, outcome)), Stopwatch.GetElapsedTime(start)));
        Console.WriteLine($"{outcomes.Count(static o => o.Failure is null)} of {outcomes.Count} benchmarks ran in {Stopwatch.GetElapsedTime(start).TotalMinutes:F0} minutes → {report}");
        return outcomes.TrueForAll(static outcome => outcome.Failure is null) ? 0 : 1;
    }

    private static SuiteOutcome RunOne(string name, TimeSpan limit, string folder, bool isSmoke)
    {
        Console.WriteLine($"▸ {name}, for at most {limit.TotalSeconds:F0} s");
        long start = Stopwatch.GetTimestamp();
        string[] arguments = [typeof(Suite).Assembly.Location, name, "--out", folder, .. isSmoke ? ["--smoke"] : Array.Empty<string>()];
        using Process child = Process.Start(Environment.ProcessPath!, arguments);
        if (!child.WaitForExit(limit))
        {
            child.Kill(entireProcessTree: true);
            child.WaitForExit();
            return new SuiteOutcome(name, Stopwatch.GetElapsedTime(start).TotalSeconds, $"ended by force after its {limit.TotalSeconds:F0} s");
        }

        return new SuiteOutcome(name, Stopwatch.GetElapsedTime(start).TotalSeconds, child.ExitCode switch
        {
            0 => null,
            3 => "not measurable yet: what it needs is still to be built",
            _ => $"failed with exit code {child.ExitCode}; its own output says why",
        });
    }
}
