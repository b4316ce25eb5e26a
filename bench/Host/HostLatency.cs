using System.Text.Json.Nodes;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Bench.Viewers;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.Bench.Host;

/// <summary>
/// From the damage that a real QEMU signals to the last packet handed to the kernel, stage by stage, in the published
/// binary, with a viewer on the same machine that decodes nothing.
/// </summary>
internal sealed class HostLatency : IBenchmark
{
    private static readonly (int Width, int Height)[] s_sizes = [(1280, 720), (1920, 1080)];
    private static readonly string[] s_scenes = ["reflex", "anim", "full"];
    private static readonly int[] s_rates = [30, 60, 120];

    public string Name => "host-latency";

    public string Summary => "damage signalled by a real QEMU to the last packet handed to the kernel, per stage";

    public BenchReport Run(int repeats, bool isSmoke) => RunAsync(isSmoke ? 1 : Math.Clamp(repeats, 1, 3), isSmoke).GetAwaiter().GetResult();

    private static async Task<BenchReport> RunAsync(int repeats, bool isSmoke)
    {
        Load[] loads = [.. from size in s_sizes from scene in s_scenes from rate in s_rates select new Load(scene, rate, size.Width, size.Height)];
        if (isSmoke)
            loads = [new Load("reflex", 30, 1280, 720), new Load("full", 60, 1280, 720)];
        Load main = TargetLoad(loads);
        string folder = Directory.CreateTempSubdirectory("qzc-bench-").FullName;
        try
        {
            await using QemuMachine machine = await QemuMachine.StartAsync(folder, new MachineOptions { Scene = "full", Mode = "1280x720" });
            await using QzcProcess qzc = await QzcProcess.AttachAsync(folder, machine);
            await using LocalViewer viewer = await LocalViewer.ConnectAsync(qzc.Page);
            using HttpClient http = LocalViewer.CreateClient(qzc.Page);
            var readings = loads.ToDictionary(static load => load, static _ => new List<StageReading>());
            for (int repeat = 0; repeat < repeats; repeat++)
            {
                foreach (Load load in loads)
                {
                    StageReading reading = await MeasureAsync(machine, http, qzc.Page, load, TimeSpan.FromSeconds(isSmoke || load != main ? 1 : 4));
                    readings[load].Add(reading);
                    Console.WriteLine($"  {load,-18} {reading.Frames,4} frames  total p50 {reading.PercentileMs("total", 50),6:F2} ms  encoder {reading.PercentileMs("encode", 50),6:F2}  all else p50 {reading.PercentileMs("overhead", 50):F2}, p99 {reading.PercentileMs("overhead", 99):F2}");
                }
            }

            return Report(repeats, readings);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<StageReading> MeasureAsync(QemuMachine machine, HttpClient http, Uri page, Load load, TimeSpan span)
    {
        await machine.Serial.TellAsync($"mode {load.Width}x{load.Height}");
        await machine.Serial.TellAsync($"scene {load.Scene}");
        if (load.Scene != "reflex")
            await machine.Serial.TellAsync($"fps {load.Rate}");
        using var over = new CancellationTokenSource();
        Task keys = load.Scene == "reflex" ? PressAsync(machine, load.Rate, over.Token) : Task.CompletedTask;
        await Task.Delay(700, CancellationToken.None); // the rate finds its level; what the mode change stirred up settles
        StageReading before = await StageReading.ReadAsync(http, page);
        await Task.Delay(span, CancellationToken.None);
        StageReading after = await StageReading.ReadAsync(http, page);
        await over.CancelAsync();
        await keys;
        return after.Since(before);
    }

    /// <summary>Keys through QEMU's own monitor: the guest answers each with damage.</summary>
    private static async Task PressAsync(QemuMachine machine, int rate, CancellationToken over)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / rate));
        try
        {
            while (await pace.WaitForNextTickAsync(over))
            {
                await machine.Monitor.ExecuteAsync("input-send-event", KeyEvent(down: true));
                await machine.Monitor.ExecuteAsync("input-send-event", KeyEvent(down: false));
            }
        }
        catch (OperationCanceledException)
        {
            // Enough was measured.
        }
    }

    private static JsonObject KeyEvent(bool down)
    {
        var key = new JsonObject { ["type"] = "qcode", ["data"] = "a" };
        var pressed = new JsonObject { ["type"] = "key", ["data"] = new JsonObject { ["down"] = down, ["key"] = key } };
        return new JsonObject { ["events"] = new JsonArray(pressed) };
    }

    private static BenchReport Report(int repeats, Dictionary<Load, List<StageReading>> readings)
    {
        var report = new BenchReport("host-latency", repeats);
        Load main = TargetLoad(readings.Keys);
        StageReading whole = Sum(readings[main]);
        AddOverhead(report, "overhead_ms_p50", main, readings[main], 50, Target.AtMost(0.5));
        AddOverhead(report, "overhead_ms_p99", main, readings[main], 99, Target.AtMost(2));
        foreach (string part in StageReading.Parts)
        {
            report.Add(new BenchRow
            {
                Metric = $"stage_{part}", Unit = "ms", Value = whole.PercentileMs(part, 50), Percentiles = whole.Percentiles(part),
                Spread = Over(readings[main], reading => reading.PercentileMs(part, 50)).Spread,
            });
        }

        foreach ((Load load, List<StageReading> several) in readings)
        {
            StageReading sum = Sum(several);
            if (sum.Frames == 0)
                continue;
            report.Add(new BenchRow
            {
                Metric = $"total_{load.Key}", Unit = "ms", Value = sum.PercentileMs("total", 50), Percentiles = sum.Percentiles("total"), Stages = sum.Means(),
                Spread = Over(several, static reading => reading.PercentileMs("total", 50)).Spread,
            });
            report.Add(new BenchRow
            {
                Metric = $"overhead_{load.Key}", Unit = "ms", Value = sum.PercentileMs("overhead", 50), Percentiles = sum.Percentiles("overhead"),
                Spread = Over(several, static reading => reading.PercentileMs("overhead", 50)).Spread,
            });
        }

        report.Add(new BenchRow { Metric = "stage_sum_error", Unit = "ratio", Value = readings.Values.Max(static several => Sum(several).SumError), Target = Target.AtMost(0.02) });
        return report;
    }

    /// <summary>The target's own load; a smoke run has only a smaller one.</summary>
    private static Load TargetLoad(IEnumerable<Load> loads) => loads.Where(static load => load is { Scene: "full", Rate: 60 }).MaxBy(static load => load.Height)!;

    private static void AddOverhead(BenchReport report, string metric, Load load, List<StageReading> readings, double percent, Target target)
    {
        Samples each = Over(readings, reading => reading.PercentileMs("overhead", percent));
        StageReading whole = Sum(readings);
        string most = StageReading.OverheadParts.MaxBy(part => whole.PercentileMs(part, percent))!;
        report.Add(new BenchRow
        {
            Metric = metric, Unit = "ms", Value = each.Median, Spread = each.Spread, Target = target, 
            Note = FormattableString.Invariant($"{load}; all but the encoder, the wait for it and the pause of the rate; most of it is {most}, {whole.PercentileMs(most, percent):0.##} ms"),
        });
    }

    private static Samples Over(List<StageReading> readings, Func<StageReading, double> figure)
    {
        var samples = new Samples();
        foreach (StageReading reading in readings)
            samples.Add(figure(reading));
        return samples;
    }

    private static StageReading Sum(List<StageReading> readings) => readings.Aggregate(static (sum, next) => sum.Plus(next));

    /// <summary>What the guest does: <paramref name="Rate"/> frames, or keys where the scene is still, a second.</summary>
    private sealed record Load(string Scene, int Rate, int Width, int Height)
    {
        public string Key => $"{Scene}{Rate}_{Height}p";

        public override string ToString() => $"{Scene} {Height}p{Rate}";
    }
}
