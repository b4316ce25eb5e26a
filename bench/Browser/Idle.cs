using QemuZeroCopy.Bench.Host;
using QemuZeroCopy.Bench.Report;

namespace QemuZeroCopy.Bench.Browser;

/// <summary>A still screen with one viewer: what it costs once it has been refined.</summary>
internal sealed class Idle : IBenchmark
{
    public string Name => "idle";

    public string Summary => "video packets and CPU of a still screen with one viewer, beside the peers' gateways";

    public BenchReport Run(int repeats, bool isSmoke) => RunAsync(isSmoke ? TimeSpan.FromSeconds(2) : TimeSpan.FromSeconds(30), repeats).GetAwaiter().GetResult();

    private static async Task<BenchReport> RunAsync(TimeSpan span, int repeats)
    {
        await using BrowserSession session = await BrowserSession.StartAsync();
        await using BenchMachine machine = await BenchMachine.StartAsync(session.Folder, "card", "1280x800", 60);
        (long packets, double ours) = await MeasureAsync(session, machine, Screen.OursAsync, span);
        (_, double noVnc) = await MeasureAsync(session, machine, Screen.NoVncAsync, span);

        var report = new BenchReport("idle", Math.Min(repeats, 1));
        report.Add(new BenchRow { Metric = "video_packets", Unit = "count", Value = packets, Target = Target.AtMost(0) });
        report.Add(new BenchRow { Metric = "core_share", Unit = "ratio", Value = ours, Target = Target.AtMost(0.005), Peer = "websockify for noVNC", PeerValue = noVnc });
        return report;
    }

    private static async Task<(long Packets, double CoreShare)> MeasureAsync(
        BrowserSession session, BenchMachine machine, Func<BenchMachine, string, Task<Screen>> open, TimeSpan span)
    {
        await using Screen screen = await open(machine, session.Folder);
        await using ProbedPage page = await ProbedPage.OpenAsync(session.Chromium, screen.Page, 1280, 800);
        await Task.Delay(2000); // the refinement takes 400 ms
        long packets = await page.VideoPacketsAsync();
        double cpu = ProcessUsage.CpuSeconds(screen.ProcessId);
        await Task.Delay(span);
        double share = (ProcessUsage.CpuSeconds(screen.ProcessId) - cpu) / span.TotalSeconds;
        return (await page.VideoPacketsAsync() - packets, share);
    }
}
