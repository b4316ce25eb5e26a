using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using QemuZeroCopy.Bench.Host;
using QemuZeroCopy.Bench.Report;

namespace QemuZeroCopy.Bench.Browser;

/// <summary>
/// What the page's overlay costs the viewer: the same page with it open and closed, in turn. Chromium counts the work of the
/// page's main thread, in which the overlay's script, layout and painting run; the kernel counts all of Chromium's processes,
/// among which are those that put the overlay over the picture.
/// </summary>
internal sealed class OverlayCost : IBenchmark
{
    private const string Key = "Control+Alt+Shift+KeyS";

    public string Name => "overlay";

    public string Summary => "CPU of the browser with the page's overlay open, beside the same page with it closed";

    public BenchReport Run(int repeats, bool isSmoke) => RunAsync(isSmoke ? 1 : Math.Clamp(repeats, 1, 4), isSmoke).GetAwaiter().GetResult();

    private static async Task<BenchReport> RunAsync(int repeats, bool isSmoke)
    {
        var span = TimeSpan.FromSeconds(isSmoke ? 0.5 : 3);
        var report = new BenchReport("overlay", repeats);
        await using BrowserSession session = await BrowserSession.StartAsync();
        await using BenchMachine machine = await BenchMachine.StartAsync(session.Folder, "card", "1280x800", 60);
        await using Screen screen = await Screen.OursAsync(machine, session.Folder);
        // No probe in this page: looking at the pixels costs more than the overlay.
        await using IBrowserContext context = await session.Chromium.NewContextAsync(new() { ViewportSize = new() { Width = 1360, Height = 960 } });
        IPage page = await context.NewPageAsync();
        await page.GotoAsync(screen.Page.ToString());
        await page.WaitForSelectorAsync("body[data-state=picture]");
        ICDPSession ofPage = await context.NewCDPSessionAsync(page), ofBrowser = await session.Chromium.NewBrowserCDPSessionAsync();
        // The thread's processor time; by default it is the clock's, in which it waits for a busy machine too.
        await ofPage.SendAsync("Performance.enable", new() { ["timeDomain"] = "threadTicks" });
        foreach ((string scene, int framesPerSecond, string name) in new[] { ("typing", 12, "typing"), ("anim", 60, "motion") })
        {
            await machine.Qemu.Serial.TellAsync($"scene {scene}");
            await machine.Qemu.Serial.TellAsync($"fps {framesPerSecond}");
            Samples[] mainThread = [new(), new()], perPicture = [new(), new()];
            var rate = new Samples();
            for (int turn = 0; turn < 2 * repeats; turn++)
            {
                // closed, open, open, closed: what drifts, drifts for both.
                int open = turn % 4 is 1 or 2 ? 1 : 0;
                if (await page.IsVisibleAsync("#overlay") != (open == 1))
                    await page.Keyboard.PressAsync(Key);
                await Task.Delay(isSmoke ? 100 : 700);
                double main = await MainThreadSecondsAsync(ofPage), total = await BrowserSecondsAsync(ofBrowser), shown = await PicturesAsync(page);
                await Task.Delay(span);
                mainThread[open].Add((await MainThreadSecondsAsync(ofPage) - main) / span.TotalSeconds);
                double pictures = Math.Max(1, await PicturesAsync(page) - shown);
                perPicture[open].Add((await BrowserSecondsAsync(ofBrowser) - total) / pictures);
                rate.Add(pictures / span.TotalSeconds);
            }

            // How many pictures come varies more than what the overlay costs: both at the same rate.
            Samples[] all = [Times(perPicture[0], rate.Median), Times(perPicture[1], rate.Median)];

            Console.WriteLine($"  {name}: main thread {mainThread[0].Median:P2} closed, {mainThread[1].Median:P2} open; all of Chromium {all[0].Median:P2} and {all[1].Median:P2}");
            report.Add(Row($"overlay_main_thread_{name}", mainThread));
            report.Add(Row($"overlay_core_share_{name}", all));
        }

        return report;
    }

    /// <summary>The difference; both beside it, for it is small against them.</summary>
    private static BenchRow Row(string metric, Samples[] share) => new()
    {
        Metric = metric, Unit = "cores", Value = share[1].Median - share[0].Median, Spread = Math.Max(share[0].Spread, share[1].Spread), Target = Target.AtMost(0.01),
        Note = string.Create(CultureInfo.InvariantCulture, $"{share[1].Median:P2} open, {share[0].Median:P2} closed"),
    };

    private static Samples Times(Samples samples, double factor)
    {
        var product = new Samples();
        foreach (double value in samples.Values)
            product.Add(value * factor);
        return product;
    }

    private static Task<double> PicturesAsync(IPage page) => page.EvaluateAsync<double>("document.getElementById('screen').getVideoPlaybackQuality().totalVideoFrames");

    private static async Task<double> MainThreadSecondsAsync(ICDPSession page)
    {
        JsonElement metrics = (await page.SendAsync("Performance.getMetrics"))!.Value.GetProperty("metrics");
        return metrics.EnumerateArray().First(static metric => metric.GetProperty("name").GetString() == "TaskDuration").GetProperty("value").GetDouble();
    }

    private static async Task<double> BrowserSecondsAsync(ICDPSession browser)
    {
        JsonElement processes = (await browser.SendAsync("SystemInfo.getProcessInfo"))!.Value.GetProperty("processInfo");
        return processes.EnumerateArray().Sum(static process => ProcessUsage.CpuSeconds(process.GetProperty("id").GetInt32()));
    }
}
