using QemuZeroCopy.Bench.Host;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Bench.Viewers;

namespace QemuZeroCopy.Bench.Browser;

/// <summary>How many different pictures of a guest in motion a page shows in a second, and how evenly, beside the peers.</summary>
internal sealed class Motion : IBenchmark
{
    private const int GuestFramesPerSecond = 60;
    private static readonly (int Width, int Height)[] Sizes = [(1280, 800), (1920, 1080)];

    public string Name => "motion";

    public string Summary => "distinct pictures a second shown in Chromium under full-screen motion, against noVNC and spice-html5";

    public BenchReport Run(int repeats, bool isSmoke) => RunAsync(isSmoke ? 1 : Math.Min(repeats, 3), isSmoke).GetAwaiter().GetResult();

    private static async Task<BenchReport> RunAsync(int repeats, bool isSmoke)
    {
        (int Width, int Height)[] sizes = isSmoke ? Sizes[..1] : Sizes;
        TimeSpan span = TimeSpan.FromSeconds(isSmoke ? 2 : 6);
        var rates = new Dictionary<(string, int), Samples>();
        var gaps = new Dictionary<(string, int), Samples>();
        var all = new Dictionary<(string, int), Samples>();
        var ways = new Dictionary<int, StageReading>();
        await using BrowserSession session = await BrowserSession.StartAsync();
        foreach ((int width, int height) in sizes)
        {
            await using BenchMachine machine = await BenchMachine.StartAsync(session.Folder, "full", $"{width}x{height}", GuestFramesPerSecond);
            for (int repeat = 0; repeat < repeats; repeat++)
            {
                foreach (var open in BrowserSession.Screens)
                {
                    await using Screen screen = await open(machine, session.Folder);
                    await using ProbedPage page = await ProbedPage.OpenAsync(session.Chromium, screen.Page, width, height);
                    await Task.Delay(isSmoke ? 500 : 3000); // the rate finds its level
                    StageReading? before = await ReadAsync(screen);
                    (int pictures, Samples between) = await page.CountAsync(span);
                    if (before is not null && (await ReadAsync(screen))!.Since(before) is var way)
                        ways[width] = ways.TryGetValue(width, out StageReading? sum) ? sum.Plus(way) : way;
                    var key = (screen.Name, width);
                    Of(rates, key).Add(pictures / span.TotalSeconds);
                    // A page that shows one picture or none has one gap: the whole time.
                    if (between.Count == 0)
                        between.Add(span.TotalMilliseconds);
                    Of(gaps, key).Add(between.Percentile(95));
                    foreach (double gap in between.Values)
                        Of(all, key).Add(gap);
                    Console.WriteLine($"  {width}x{height} {screen.Name,-12} {pictures / span.TotalSeconds,6:F1} pictures/s, gaps p50 {between.Median:F0} ms, p95 {between.Percentile(95):F0}");
                }
            }
        }

        return Report(repeats, sizes, rates, gaps, all, ways);
    }

    /// <summary>Ours tells of single pictures how long they took from the damage to the screen; the peers do not.</summary>
    private static async Task<StageReading?> ReadAsync(Screen screen)
    {
        if (screen.Name != "qzc")
            return null;
        using HttpClient http = LocalViewer.CreateClient(screen.Page);
        return await StageReading.ReadAsync(http, screen.Page);
    }

    private static Samples Of(Dictionary<(string, int), Samples> all, (string, int) key) =>
        all.TryGetValue(key, out Samples? samples) ? samples : all[key] = new Samples();

    private static BenchReport Report(
        int repeats, (int Width, int Height)[] sizes, Dictionary<(string, int), Samples> rates, Dictionary<(string, int), Samples> gaps, Dictionary<(string, int), Samples> all,
        Dictionary<int, StageReading> ways)
    {
        var report = new BenchReport("motion", repeats);
        (double Ratio, string Peer, double Rate) worst = (double.MaxValue, "", 0);
        (double Frames, string Peer, double PeerFrames) worstGap = default;
        foreach ((int width, int height) in sizes)
        {
            (string peer, double best) = BrowserSession.Peers.Select(name => (name, Of(rates, (name, width)).Median)).MaxBy(static entry => entry.Median);
            Samples ours = Of(rates, ("qzc", width));
            if (ours.Median / best < worst.Ratio)
                worst = (ours.Median / best, $"{peer} at {width}x{height}", best);
            (string smoother, double gap) = BrowserSession.Peers.Select(name => (name, Of(gaps, (name, width)).Median)).MinBy(static entry => entry.Median);
            double own = Of(gaps, ("qzc", width)).Median;
            if (own * GuestFramesPerSecond / 1000 > worstGap.Frames)
                worstGap = (own * GuestFramesPerSecond / 1000, $"{smoother} at {width}x{height}", gap * GuestFramesPerSecond / 1000);
            report.Add(new BenchRow { Metric = $"fps_{width}x{height}", Unit = "pictures/s", Value = ours.Median, Spread = ours.Spread, Peer = peer, PeerValue = best });
            report.Add(new BenchRow { Metric = $"gap_{width}x{height}", Unit = "ms", Value = all[("qzc", width)].Median, Percentiles = all[("qzc", width)].Percentiles(), Peer = peer, PeerValue = all[(peer, width)].Median, PeerPercentiles = all[(peer, width)].Percentiles() });
            if (ways.TryGetValue(width, out StageReading? way) && way.Seen > 0)
            {
                report.Add(new BenchRow
                {
                    Metric = $"glass_{width}x{height}", Unit = "ms", Value = way.PercentileMs("glass", 50), Percentiles = way.Percentiles("glass"), Stages = way.MeansToGlass(),
                    Note = $"from the guest's damage to the screen, of {way.Seen} pictures that the page told of",
                });
            }
        }

        report.Add(new BenchRow { Metric = "ratio_fps", Unit = "ratio", Value = worst.Ratio, Target = Target.AtLeast(5), Peer = $"{worst.Peer}: {worst.Rate:F1} pictures/s" });
        report.Add(new BenchRow { Metric = "gap_p95_frames", Unit = "frames", Value = worstGap.Frames, Target = Target.AtMost(1.5), Peer = worstGap.Peer, PeerValue = worstGap.PeerFrames });
        return report;
    }
}
