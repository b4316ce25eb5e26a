using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>The overlay that says where the time goes: of real frames, in a real page.</summary>
public sealed class OverlayTests(Browser browser) : EndToEndTest(browser)
{
    [Fact]
    public async Task The_overlay_opens_by_its_key_and_fills_with_figures()
    {
        (_, _, Viewer viewer) = await StartSessionAsync(new MachineOptions { Scene = "full+reflex", Append = "qzc.fps=30" });
        await viewer.StateAsync("picture");
        IPage page = viewer.Page;
        Assert.False(await page.IsVisibleAsync("#overlay"));
        await page.Keyboard.PressAsync("Control+Alt+Shift+KeyS");
        Assert.True(await page.IsVisibleAsync("#overlay"));

        await FigureAsync(page, "Server", "ms");
        await FigureAsync(page, "Pictures a second", "made");
        await FigureAsync(page, "Way", "x264");
        await FigureAsync(page, "Codec", "1280 × 800");
        await ViewersPartAsync(page);
        bool drawn = await page.EvaluateAsync<bool>("""
            () => { const c = document.getElementById('overlay-graph');
                    return new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size > 8; }
            """);
        Assert.True(drawn, "the graph is empty");

        await page.Keyboard.PressAsync("Control+Alt+Shift+KeyS");
        Assert.False(await page.IsVisibleAsync("#overlay"));
        Assert.DoesNotContain(viewer.Console, line => line.StartsWith("uncaught", StringComparison.Ordinal) || line.StartsWith("error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Over_a_WebSocket_the_overlay_tells_of_the_viewers_part_too()
    {
        QemuMachine machine = await StartMachineAsync(new MachineOptions { Scene = "full+reflex", Append = "qzc.fps=30" });
        NetworkPath path = Own(new NetworkPath(seed: 1) { BlocksTcp = true });
        path.Udp.Plan = new NetworkPlan { IsBlocked = true };
        Viewer viewer = await OpenAsync(await AttachAsync(machine), path);
        await viewer.WayAsync("WebSocket");
        IPage page = viewer.Page;
        await page.Keyboard.PressAsync("Control+Alt+Shift+KeyS");
        await FigureAsync(page, "Way", "WebSocket");
        await FigureAsync(page, "Browser", "decoder");
        await FigureAsync(page, "Codec", "1280 × 800");
        await FigureAsync(page, "Bit rate", "Mbit/s");
        await FigureAsync(page, "Path", "ms");
        await ViewersPartAsync(page);
    }

    /// <summary>What this end adds to single pictures, and from key to picture, in the overlay; and what the server hears of both.</summary>
    private static async Task ViewersPartAsync(IPage page)
    {
        await FigureAsync(page, "Damage to screen", "p95");
        // A key's picture is found among those that the browser has shown.
        await Eventually.IsTrueAsync("a time from key to picture", async () =>
        {
            await page.Locator("#stage").FocusAsync();
            await page.Keyboard.PressAsync("a");
            return (await FigureAsync(page, "Click to pixel")).Contains("p95", StringComparison.Ordinal);
        });
        await FigureAsync(page, "of which", "to the server");
        await Eventually.IsTrueAsync("inputs that the page told of", async () =>
            await page.EvaluateAsync<double>("fetch('/latency').then(r => r.json()).then(j => j.inputPath.count)") >= 1);
        await Eventually.IsTrueAsync("pictures that the page told of", async () =>
        {
            double[] seen = await page.EvaluateAsync<double[]>("fetch('/latency').then(r => r.json()).then(j => [j.viewer.glass.count, j.viewer.decode.sumUs, j.viewer.show.sumUs, j.viewer.glass.sumUs])");
            return seen[0] >= 2 && seen[1] > 0 && seen[2] > 0 && seen[3] >= seen[1] + seen[2];
        });
    }

    private static Task<string> FigureAsync(IPage page, string name) =>
        page.Locator($"#overlay-figures dt:text-is('{name}') + dd").InnerTextAsync();

    private static Task FigureAsync(IPage page, string name, string part) =>
        Eventually.IsTrueAsync($"'{part}' as {name}", async () => (await FigureAsync(page, name)).Contains(part, StringComparison.Ordinal));
}
