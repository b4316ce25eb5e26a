using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.WebRtc.Tests.Simulation;

namespace QemuZeroCopy.Bench.Transport;

/// <summary>
/// The real endpoint on simulated networks: loss of 1 and 5 %, round trips of 5 to 80 ms, steady bottlenecks, capacity
/// steps, bursts of loss. Each figure of the targets is the worst of its plans.
/// </summary>
internal sealed class SimulatedNetworks : IBenchmark
{
    /// <summary>Every repeat has its own; the same ones each time, so that two commits meet the same networks.</summary>
    private const int FirstSeed = 20_261_121;

    private static readonly double[] s_roundTripsMs = [5, 20, 40, 80];

    public string Name => "transport";

    public string Summary => "delay, freezes, utilisation and queues on simulated networks, from a seed";

    public BenchReport Run(int repeats, bool isSmoke)
    {
        var report = new BenchReport(Name, repeats);
        double[] roundTrips = isSmoke ? [20] : s_roundTripsMs;
        Dictionary<double, Samples> delays = roundTrips.ToDictionary(rtt => rtt, rtt => Measure(Plans.Loss1(rtt), repeats, isSmoke, o => o.DelayP95Frames));
        double worst = delays.MaxBy(entry => entry.Value.Median).Key;
        Add(report, "delay_p95_frames_loss1", "frames", Target.AtMost(1.5), delays[worst], delays[worst].Median);
        foreach ((double rtt, Samples samples) in delays)
            Add(report, $"delay_p95_frames_loss1_rtt{rtt:0}", "frames", Target.AtMost(1.5), samples, samples.Median);

        Samples freezes = Merge(roundTrips.Select(rtt => Measure(Plans.Loss5(rtt), repeats, isSmoke, o => o.FreezeMs)));
        Add(report, "freeze_ms_max_loss5", "ms", Target.AtMost(200), freezes, freezes.Max);

        TransportScenario[] steady = isSmoke ? [Plans.Steady(5, 20)] : [Plans.Steady(2, 40), Plans.Steady(5, 20), Plans.Steady(20, 5), Plans.Steady(20, 80), Plans.Steady(40, 40)];
        Samples used = Merge(steady.Select(plan => Measure(plan, repeats, isSmoke, o => o.Utilisation)));
        Add(report, "utilisation", "ratio", Target.AtLeast(0.85), used, used.Percentile(0));

        TransportScenario[] queued = isSmoke ? steady : [.. steady, Plans.Steps(20), Plans.Steps(80), Plans.IdleThenMotion(20)];
        Samples queues = Merge(queued.Select(plan => Measure(plan, repeats, isSmoke, o => o.QueueP95Ms)));
        Add(report, "queue_ms_p95", "ms", Target.AtMost(30), queues, queues.Max);
        if (isSmoke)
            return report;

        Samples steps = Merge(new[] { 20.0, 80 }.Select(rtt => Measure(Plans.Steps(rtt), repeats, isSmoke, o => o.Utilisation)));
        Add(report, "utilisation_steps", "ratio", null, steps, steps.Percentile(0));
        Samples bursts = Measure(Plans.Bursts(30), repeats, isSmoke, o => o.FreezeMs);
        Add(report, "freeze_ms_max_bursts", "ms", null, bursts, bursts.Max);
        Samples idle = Measure(Plans.IdleThenMotion(20), repeats, isSmoke, o => o.FreezeMs);
        Add(report, "freeze_ms_max_after_idle", "ms", null, idle, idle.Max);
        foreach (bool copies in new[] { true, false })
        {
            var keys = new Samples();
            foreach (double roundTripMs in new[] { 40.0, 80 })
            {
                for (int i = 0; i < repeats; i++)
                {
                    foreach (double delay in KeyDelay.Measure(roundTripMs, 0.05, 200, copies, FirstSeed + i))
                        keys.Add(delay);
                }
            }

            Add(report, copies ? "key_ms_p99_loss5" : "key_ms_p99_loss5_without_copies", "ms", null, keys, keys.Percentile(99));
        }

        return report;
    }

    private static void Add(BenchReport report, string metric, string unit, Target? target, Samples samples, double value) =>
        report.Add(new BenchRow { Metric = metric, Value = value, Unit = unit, Target = target, Spread = samples.Spread, Percentiles = samples.Percentiles() });

    private static Samples Measure(TransportScenario scenario, int repeats, bool isSmoke, Func<TransportOutcome, double> figure)
    {
        var samples = new Samples();
        for (int i = 0; i < repeats; i++)
        {
            using var run = new TransportRun(isSmoke ? scenario with { DurationMs = 6000 } : scenario, FirstSeed + i);
            TransportOutcome outcome = run.Run();
            Console.WriteLine($"  {scenario.Name}, seed {FirstSeed + i}: {outcome}");
            samples.Add(figure(outcome));
        }

        return samples;
    }

    private static Samples Merge(IEnumerable<Samples> several)
    {
        var all = new Samples();
        foreach (Samples samples in several)
        {
            foreach (double value in samples.Values)
                all.Add(value);
        }

        return all;
    }
}
