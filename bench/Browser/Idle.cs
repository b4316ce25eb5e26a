using QemuZeroCopy.Bench.Report;

namespace QemuZeroCopy.Bench.Browser;

/// <summary>
/// A still screen with one viewer: what it costs once it has been refined. All of them watch the same guest at the same
/// time: each one's cost is its own process' and a still screen leaves the machine to nobody.
/// </summary>
internal sealed class Idle : IBenchmark
{
    /// <summary>In which the half minute is told, for a spread.</summary>
    private const int Parts = 3;

    public string Name => "idle";

    public string Summary => "video packets and CPU of a still screen with one viewer, beside the peers' gateways";

    public BenchReport Run(int repeats, bool isSmoke) => RunAsync(TimeSpan.FromSeconds(isSmoke ? 2 : 30.0 / Parts), isSmoke ? 1 : Parts).GetAwaiter().GetResult();

    private static async Task<BenchReport> RunAsync(TimeSpan span, int repeats)
    {
        await using BrowserSession session = await BrowserSession.StartAsync();
        await using BenchMachine machine = await BenchMachine.StartAsync(session.Folder, "card", "1280x800", 60);
        await using Watched ours = await Watched.OpenAsync(session, machine, Screen.OursAsync);
        await using Watched noVnc = await Watched.OpenAsync(session, machine, Screen.NoVncAsync);
        await using Watched spice = await Watched.OpenAsync(session, machine, Screen.SpiceAsync);
        await Task.Delay(2000); // the refinement takes 400 ms
        Samples packets = new(), oursShare = new(), noVncShare = new(), spiceShare = new();
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            long before = await ours.Page.VideoPacketsAsync();
            double oursCpu = ours.CpuSeconds, noVncCpu = noVnc.CpuSeconds, spiceCpu = spice.CpuSeconds;
            await Task.Delay(span);
            packets.Add(await ours.Page.VideoPacketsAsync() - before);
            oursShare.Add((ours.CpuSeconds - oursCpu) / span.TotalSeconds);
            noVncShare.Add((noVnc.CpuSeconds - noVncCpu) / span.TotalSeconds);
            spiceShare.Add((spice.CpuSeconds - spiceCpu) / span.TotalSeconds);
            Console.WriteLine($"  {span.TotalSeconds:F0} s: {packets.Values[repeat]:F0} video packets, {(ours.CpuSeconds - oursCpu) / span.TotalSeconds:P2} of a core");
        }

        var report = new BenchReport("idle", repeats);
        report.Add(new BenchRow { Metric = "video_packets", Unit = "count", Value = packets.Max, Target = Target.AtMost(0), Note = "the most of the parts" });
        report.Add(new BenchRow { Metric = "core_share", Unit = "cores", Value = oursShare.Median, Spread = oursShare.Spread, Target = Target.AtMost(0.005), Peer = "websockify for noVNC", PeerValue = noVncShare.Median });
        report.Add(new BenchRow { Metric = "core_share_spice", Unit = "cores", Value = oursShare.Median, Peer = "websockify for spice-html5", PeerValue = spiceShare.Median });
        return report;
    }

    /// <summary>One way to see the guest, with a page that watches by it.</summary>
    private sealed class Watched(Screen screen, ProbedPage page) : IAsyncDisposable
    {
        public ProbedPage Page => page;

        public double CpuSeconds => screen.CpuSeconds;

        public static async Task<Watched> OpenAsync(BrowserSession session, BenchMachine machine, Func<BenchMachine, string, Task<Screen>> open)
        {
            Screen screen = await open(machine, session.Folder);
            return new Watched(screen, await ProbedPage.OpenAsync(session.Chromium, screen.Page, 1280, 800));
        }

        public async ValueTask DisposeAsync()
        {
            await page.DisposeAsync();
            await screen.DisposeAsync();
        }
    }
}
