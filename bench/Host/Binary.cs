using System.Diagnostics;
using QemuZeroCopy.Bench.Browser;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.Bench.Host;

/// <summary>The published binary: its size, how soon it serves, and its memory with a viewer.</summary>
internal sealed class Binary : IBenchmark
{
    public string Name => "binary";

    public string Summary => "size of the published qzc, time from exec to a served page, memory with one 1080p viewer";

    public BenchReport Run(int repeats, bool isSmoke) => RunAsync(repeats, isSmoke).GetAwaiter().GetResult();

    private static async Task<BenchReport> RunAsync(int repeats, bool isSmoke)
    {
        var report = new BenchReport("binary", repeats);
        double sizeMiB = new FileInfo(Paths.Qzc).Length / 1048576.0;
        report.Add(new BenchRow { Metric = "size_mib", Unit = "MiB", Value = sizeMiB, Target = Target.AtMost(30) });

        await using BrowserSession session = await BrowserSession.StartAsync();
        await using BenchMachine machine = await BenchMachine.StartAsync(session.Folder, "full", isSmoke ? "1280x800" : "1920x1080", 30);
        var ready = new Samples();
        for (int i = 0; i < repeats; i++)
            ready.Add(await ReadyMsAsync(machine, session.Folder));
        report.Add(new BenchRow { Metric = "ready_ms", Unit = "ms", Value = ready.Median, Spread = ready.Spread, Target = Target.AtMost(150) });

        await using Screen screen = await Screen.OursAsync(machine, session.Folder);
        await using ProbedPage page = await ProbedPage.OpenAsync(session.Chromium, screen.Page, 1920, 1080);
        await Task.Delay(TimeSpan.FromSeconds(isSmoke ? 1 : 10));
        report.Add(new BenchRow { Metric = "rss_mib", Unit = "MiB", Value = ProcessUsage.ResidentMiB(screen.ProcessId), Target = Target.AtMost(80) });
        return report;
    }

    /// <summary>From exec to the first answered request.</summary>
    private static async Task<double> ReadyMsAsync(BenchMachine machine, string folder)
    {
        int port = QzcProcess.FreePort();
        var address = new Uri($"http://127.0.0.1:{port}/");
        long start = Stopwatch.GetTimestamp();
        await using var qzc = new ChildProgram("qzc-ready", folder, Paths.Qzc, ["attach", .. machine.Qemu.AttachArguments, "--listen", $"127.0.0.1:{port}"]);
        using var http = new HttpClient();
        while (true)
        {
            try
            {
                using HttpResponseMessage answer = await http.GetAsync(address);
                return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
            catch (HttpRequestException) when (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20) && !qzc.HasExited)
            {
                await Task.Delay(1);
            }
        }
    }
}
