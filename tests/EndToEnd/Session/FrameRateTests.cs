using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>A machine that draws 120 pictures a second, in front of displays of several rates.</summary>
[Collection(nameof(Alone))]
public sealed class FrameRateTests(Browser browser) : EndToEndTest(browser)
{
    // A rate above the limit, or a starved one, may pass for a moment.
    private const int WindowMs = 1000;

    // Beside those that the source draws come some that only sharpen what has come to rest, the slower digits of its barcode
    // among it.
    private const int Sharpening = 28;

    [Fact]
    public async Task As_many_pictures_are_made_as_the_display_shows()
    {
        FrameSourceProcess source = Own(await FrameSourceProcess.StartAsync(Folder, "video", "640x400", 120));
        QzcProcess qzc = Own(await QzcProcess.StartAsync(Folder, ["attach", "--qmp", source.QmpPath, "--listen", $"127.0.0.1:{QzcProcess.FreePort()}"]));
        Viewer viewer = await OpenAsync(qzc);
        await viewer.StateAsync("picture");
        // What this browser's own display shows, which the page has found out by itself.
        await RateAsync(viewer.Page, "60 a second", 40, 60 + Sharpening);
        await TellAsync(viewer.Page, 240);
        await RateAsync(viewer.Page, "120 a second", 92, 120 + Sharpening);
        await TellAsync(viewer.Page, 30);
        await RateAsync(viewer.Page, "30 a second", 15, 30 + Sharpening);
    }

    /// <summary>As the page does where it stands before another display.</summary>
    private static async Task TellAsync(IPage page, int framesPerSecond) =>
        await page.EvaluateAsync($$"""window.__session.send(JSON.stringify({ type: "pace", fps: {{framesPerSecond}} }))""");

    private static Task RateAsync(IPage page, string what, double least, double most)
    {
        double rate = 0;
        return Eventually.IsTrueAsync(what, async () =>
        {
            rate = await page.EvaluateAsync<double>($$"""
                async () => {
                  const read = async () => [performance.now(), (await (await fetch('/latency')).json()).stages.total.count];
                  const before = await read();
                  await new Promise(done => setTimeout(done, {{WindowMs}}));
                  const after = await read();
                  return (after[1] - before[1]) * 1000 / (after[0] - before[0]);
                }
                """);
            return rate >= least && rate <= most;
        }, () => $"{rate:F1} a second at last");
    }
}
