using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using QemuZeroCopy.Bench.Host;
using QemuZeroCopy.Bench.Report;

namespace QemuZeroCopy.Bench.Browser;

/// <summary>
/// What it costs the host to show each scene of the guest in Chromium: the processor time of qzc, or of websockify, and what
/// the viewer adds to QEMU outside of the guest's own processors; on the same guest, in turn, and without a viewer.
/// </summary>
internal sealed class SceneCost : IBenchmark
{
    private const int Width = 1280, Height = 800;
    /// <summary>A fast typist's.</summary>
    private const int LettersPerSecond = 12;

    private const string Nobody = "nobody", Ours = "qzc", Peer = "noVNC";

    /// <summary>Those of the desktop scene are phases that it goes through by itself.</summary>
    private static readonly string[] s_desktopPhases = ["scroll", "drag", "video"];

    private static readonly string[] s_scenes = ["still", "typing", .. s_desktopPhases, "full"];

    public string Name => "scenes";

    public string Summary => "CPU of the host for each scene of the guest, beside QEMU's VNC server and noVNC";

    public BenchReport Run(int repeats, bool isSmoke) => RunAsync(isSmoke ? 1 : Math.Clamp(repeats, 1, 3), isSmoke).GetAwaiter().GetResult();

    private static async Task<BenchReport> RunAsync(int repeats, bool isSmoke)
    {
        var costs = new Dictionary<(string Way, string Scene), List<Cost>>();
        await using BrowserSession session = await BrowserSession.StartAsync();
        await using BenchMachine machine = await BenchMachine.StartAsync(session.Folder, "card", $"{Width}x{Height}", 60);
        QemuThreads qemu = await QemuThreads.FindAsync(machine);
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            // What QEMU costs without a viewer is the same each time, and it is subtracted from both.
            foreach (string way in repeat == 0 ? (string[])[Nobody, Ours, Peer] : [Ours, Peer])
            {
                await using Screen? screen = way switch
                {
                    Ours => await Screen.OursAsync(machine, session.Folder),
                    Peer => await Screen.NoVncAsync(machine, session.Folder),
                    _ => null,
                };
                await machine.Qemu.Serial.TellAsync("scene card");
                await using ProbedPage? page = screen is null ? null : await ProbedPage.OpenAsync(session.Chromium, screen.Page, Width, Height);
                var watch = new Watch(qemu, screen, page, (scene, cost) =>
                {
                    if (!costs.TryGetValue((way, scene), out List<Cost>? list))
                        costs[(way, scene)] = list = [];
                    list.Add(cost);
                    Console.WriteLine($"  {way,-8} {scene,-8} {cost.OwnShare,8:P2} of its own, QEMU {cost.QemuShare:P2}, {cost.PicturesPerSecond:F1} pictures/s");
                });
                await GoThroughAsync(machine, watch, TimeSpan.FromSeconds(isSmoke ? 0.5 : 2.5), isSmoke);
            }
        }

        return Report(repeats, costs);
    }

    private static async Task GoThroughAsync(BenchMachine machine, Watch watch, TimeSpan span, bool isSmoke)
    {
        await Task.Delay(isSmoke ? 200 : 1500); // a still picture is sharp after half a second
        await watch.MeasureAsync("still", () => Task.Delay(span));
        foreach (string scene in (string[])["typing", "full"])
        {
            await machine.Qemu.Serial.TellAsync($"scene {scene}");
            if (scene == "typing")
                await machine.Qemu.Serial.TellAsync($"fps {LettersPerSecond}");
            await Task.Delay(isSmoke ? 200 : 1000);
            await watch.MeasureAsync(scene, () => Task.Delay(span));
        }

        int start = machine.Qemu.Serial.Position;
        await machine.Qemu.Serial.TellAsync("scene desktop");
        // Its first phase is typing with a frame number that counts faster than anybody types: no matter how fast it passes.
        await machine.Qemu.Serial.TellAsync("fps 240");
        await machine.Qemu.Serial.LineAsync($"phase {s_desktopPhases[0]} ", start);
        await machine.Qemu.Serial.TellAsync("fps 60");
        for (int i = 0; i < (isSmoke ? 1 : s_desktopPhases.Length); i++)
        {
            string next = i + 1 < s_desktopPhases.Length ? s_desktopPhases[i + 1] : "rest";
            await watch.MeasureAsync(s_desktopPhases[i], () => isSmoke ? Task.Delay(span) : machine.Qemu.Serial.LineAsync($"phase {next} ", start));
        }
    }

    private static BenchReport Report(int repeats, Dictionary<(string Way, string Scene), List<Cost>> costs)
    {
        var report = new BenchReport("scenes", repeats);
        foreach (string scene in s_scenes.Where(scene => costs.ContainsKey((Ours, scene))))
        {
            double alone = Of(costs[(Nobody, scene)], static cost => cost.QemuShare).Median;
            Samples ours = Of(costs[(Ours, scene)], Whole), theirs = Of(costs[(Peer, scene)], Whole);
            Samples shown = Of(costs[(Ours, scene)], static cost => cost.PicturesPerSecond), shownByPeer = Of(costs[(Peer, scene)], static cost => cost.PicturesPerSecond);
            double Whole(Cost cost) => cost.OwnShare + Math.Max(0, cost.QemuShare - alone);
            string InQemu(string way) => Math.Max(0, Of(costs[(way, scene)], static cost => cost.QemuShare).Median - alone).ToString("P1", CultureInfo.InvariantCulture);
            report.Add(new BenchRow
            {
                Metric = $"core_share_{scene}", Unit = "cores", Value = ours.Median, Spread = ours.Spread, Peer = Peer, PeerValue = theirs.Median,
                Note = $"of it inside QEMU {InQemu(Ours)}, and {InQemu(Peer)} of noVNC's",
            });
            if (scene == "still")
                continue;
            report.Add(new BenchRow { Metric = $"pictures_{scene}", Unit = "pictures/s", Value = shown.Median, Spread = shown.Spread, Peer = Peer, PeerValue = shownByPeer.Median });
            Samples each = Of(costs[(Ours, scene)], PerPicture), eachByPeer = Of(costs[(Peer, scene)], PerPicture);
            double PerPicture(Cost cost) => 1000 * Whole(cost) / Math.Max(cost.PicturesPerSecond, 1 / 60.0);
            report.Add(new BenchRow { Metric = $"cpu_per_picture_{scene}", Unit = "ms", Value = each.Median, Spread = each.Spread, Peer = Peer, PeerValue = eachByPeer.Median });
        }

        return report;
    }

    private static Samples Of(List<Cost> costs, Func<Cost, double> figure)
    {
        var samples = new Samples();
        foreach (Cost cost in costs)
            samples.Add(figure(cost));
        return samples;
    }

    /// <summary>Shares of a core.</summary>
    /// <param name="OwnShare">Of the processes that serve the page.</param>
    /// <param name="QemuShare">Of QEMU without the guest's processors: its devices and what serves viewers there.</param>
    /// <param name="PicturesPerSecond">Different ones that the page has shown.</param>
    private readonly record struct Cost(double OwnShare, double QemuShare, double PicturesPerSecond);

    /// <summary>QEMU's threads but those that run the guest, whose work depends on how often it finds time to draw.</summary>
    private sealed class QemuThreads(int processId, int[] processors)
    {
        public double CpuSeconds => ProcessUsage.CpuSeconds(processId) - processors.Sum(thread => ProcessUsage.ThreadSeconds(processId, thread));

        public static async Task<QemuThreads> FindAsync(BenchMachine machine)
        {
            JsonNode processors = (await machine.Qemu.Monitor.ExecuteAsync("query-cpus-fast"))!;
            return new QemuThreads(machine.Qemu.ProcessId, [.. processors.AsArray().Select(static processor => processor!["thread-id"]!.GetValue<int>())]);
        }
    }

    /// <summary>One way to see the guest, or none, while scenes pass.</summary>
    private sealed class Watch(QemuThreads qemu, Screen? screen, ProbedPage? page, Action<string, Cost> done)
    {
        public async Task MeasureAsync(string scene, Func<Task> pass)
        {
            if (page is not null)
                await page.StartCountingAsync();
            long start = Stopwatch.GetTimestamp();
            double own = screen?.CpuSeconds ?? 0, inQemu = qemu.CpuSeconds;
            await pass();
            own = (screen?.CpuSeconds ?? 0) - own;
            inQemu = qemu.CpuSeconds - inQemu;
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            int pictures = page is null ? 0 : (await page.StopCountingAsync()).Pictures;
            done(scene, new Cost(own / seconds, inQemu / seconds, pictures / seconds));
        }
    }
}
