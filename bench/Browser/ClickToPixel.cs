using QemuZeroCopy.Bench.Report;

namespace QemuZeroCopy.Bench.Browser;

/// <summary>
/// From the trusted event in the page to the animation frame in which the guest's answer is seen, beside
/// noVNC and spice-html5 on the same guest in the same run.
/// </summary>
internal sealed class ClickToPixel : IBenchmark
{
    private static readonly (int Width, int Height)[] Sizes = [(1280, 800), (1920, 1080)];

    public string Name => "click-to-pixel";

    public string Summary => "input event in Chromium to changed pixel, against noVNC and spice-html5";

    public BenchReport Run(int repeats, bool isSmoke) => RunAsync(isSmoke ? 1 : Math.Min(repeats, 3), isSmoke ? 3 : 8, isSmoke).GetAwaiter().GetResult();

    private static async Task<BenchReport> RunAsync(int repeats, int events, bool isSmoke)
    {
        var results = new Dictionary<string, Samples>();
        await using BrowserSession session = await BrowserSession.StartAsync();
        foreach ((int width, int height) in isSmoke ? Sizes[..1] : Sizes)
        {
            foreach ((string scene, string what) in new[] { ("reflex", "still"), ("full+reflex", "motion") })
            {
                await using BenchMachine machine = await BenchMachine.StartAsync(session.Folder, scene, $"{width}x{height}", 60);
                for (int repeat = 0; repeat < repeats; repeat++)
                {
                    foreach (var open in BrowserSession.Screens)
                        await MeasureAsync(session, machine, open, width, height, what, events, results);
                }
            }
        }

        return Report(repeats, isSmoke ? Sizes[..1] : Sizes, results);
    }

    private static async Task MeasureAsync(
        BrowserSession session, BenchMachine machine, Func<BenchMachine, string, Task<Screen>> open,
        int width, int height, string what, int events, Dictionary<string, Samples> results)
    {
        await using Screen screen = await open(machine, session.Folder);
        await using ProbedPage page = await ProbedPage.OpenAsync(session.Chromium, screen.Page, width, height);
        Of(results, screen.Name, "first", width).Add(await page.FirstPictureMsAsync());
        Of(results, screen.Name, "first-living", width).Add(await page.FirstLivingMsAsync());
        await page.FocusAsync();
        for (int i = 0; i < events; i++)
        {
            Add(Of(results, screen.Name, $"{what}-key", width), await page.KeyAsync());
            await Task.Delay(40 + i * 17 % 60); // not in step with the guest's frames
            Add(Of(results, screen.Name, $"{what}-pointer", width), await page.PointerAsync(i));
            await Task.Delay(40 + i * 23 % 60);
        }

        Console.WriteLine($"  {width}x{height} {what,-7} {screen.Name,-12} first {Of(results, screen.Name, "first", width).Median:F0} ms, living {Of(results, screen.Name, "first-living", width).Median:F0}  key {Text(Of(results, screen.Name, $"{what}-key", width))}  pointer {Text(Of(results, screen.Name, $"{what}-pointer", width))}");
    }

    /// <summary>An answer that never came counts as the two seconds waited for it.</summary>
    private static void Add(Samples samples, double? response) => samples.Add(response ?? 2000);

    private static string Text(Samples samples) => $"p50 {samples.Median:F0} ms, p95 {samples.Percentile(95):F0}";

    private static Samples Of(Dictionary<string, Samples> results, string screen, string what, int width)
    {
        string key = $"{screen}|{what}|{width}";
        return results.TryGetValue(key, out Samples? samples) ? samples : results[key] = new Samples();
    }

    private static BenchReport Report(int repeats, (int Width, int Height)[] sizes, Dictionary<string, Samples> results)
    {
        var report = new BenchReport("click-to-pixel", repeats);
        AddRatio(report, "ratio_still_p50", Target.AtMost(0.8), ["still-key", "still-pointer"], sizes, results, BrowserSession.Peers);
        AddRatio(report, "ratio_motion_p50", Target.AtMost(0.2), ["motion-key"], sizes, results, BrowserSession.Peers);
        AddRatio(report, "ratio_novnc_first_picture", Target.AtMost(0.5), ["first"], sizes, results, BrowserSession.Peers[..1]);
        foreach ((int width, int height) in sizes)
        {
            foreach (string what in new[] { "first", "first-living", "still-key", "still-pointer", "motion-key", "motion-pointer" })
            {
                Samples ours = Of(results, "qzc", what, width);
                (string peer, double value) = Best(results, what, width, BrowserSession.Peers);
                Samples theirs = Of(results, peer, what, width);
                report.Add(new BenchRow
                {
                    Metric = what == "first" && width == sizes[0].Width ? "first_picture_ms" : $"{what}_{width}x{height}", Unit = "ms", Value = ours.Median,
                    Spread = ours.Spread, Percentiles = ours.Percentiles(), Peer = peer, PeerValue = value, PeerPercentiles = theirs.Percentiles(),
                });
            }
        }

        return report;
    }

    /// <summary>Our median over the better peer's; the worst of the sizes and kinds of event.</summary>
    private static void AddRatio(
        BenchReport report, string metric, Target target, string[] kinds, (int Width, int Height)[] sizes, Dictionary<string, Samples> results, string[] peers)
    {
        (double Ratio, string Peer, double PeerMs) worst = (0, "", 0);
        foreach (string kind in kinds)
        {
            foreach ((int width, _) in sizes)
            {
                (string peer, double value) = Best(results, kind, width, peers);
                double ratio = Of(results, "qzc", kind, width).Median / value;
                if (ratio > worst.Ratio)
                    worst = (ratio, $"{peer} {kind} {width}", value);
            }
        }

        report.Add(new BenchRow { Metric = metric, Unit = "ratio", Value = worst.Ratio, Target = target, Peer = $"{worst.Peer}: {worst.PeerMs:F0} ms" });
    }

    private static (string Peer, double Median) Best(Dictionary<string, Samples> results, string what, int width, string[] peers) =>
        peers.Select(peer => (peer, Of(results, peer, what, width).Median)).MinBy(static entry => entry.Median);
}
